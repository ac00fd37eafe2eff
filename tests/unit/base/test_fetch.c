/* SPDX-License-Identifier: MIT */
#include "base/fetch.h"

#include "base/error.h"
#include "base/http.h"
#include <gio/gio.h>

static void
handle (const char *path, KtHttpReply *reply, gpointer data)
{
  if (g_str_equal (path, "/down"))
    *reply = (KtHttpReply){ .status = 503, .body = g_strdup ("{}") };
  else if (g_str_equal (path, "/slow"))
    g_usleep (2 * G_USEC_PER_SEC);
  else if (g_str_equal (path, "/large"))
    reply->body = g_strnfill (5 * 1024 * 1024, 'x');
}

static void
test_document_of_any_status (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KtHttp) http = kt_http_start ("127.0.0.1:0", handle, NULL, &error);
  g_assert_no_error (error);
  g_autofree char *url = g_strdup_printf ("http://127.0.0.1:%u/down", kt_http_port (http));
  guint status = 0;
  g_autofree char *body = kt_fetch (url, 30000, &status, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (body, ==, "{}");
  g_assert_cmpuint (status, ==, 503);
}

static void
test_limits (void)
{
  static const struct { const char *path; guint timeout_ms; KtErrorCode code; } rows[] = {
    { "slow", 100, KT_ERROR_TIMEOUT }, { "large", 30000, KT_ERROR_PARSE },
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (KtHttp) http = kt_http_start ("127.0.0.1:0", handle, NULL, &error);
  g_assert_no_error (error);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *url = g_strdup_printf ("http://127.0.0.1:%u/%s", kt_http_port (http), rows[i].path);
      g_autoptr (GError) limit = NULL;
      g_assert_null (kt_fetch (url, rows[i].timeout_ms, NULL, &limit));
      g_assert_error (limit, KT_ERROR, (int) rows[i].code);
    }
}

static void
test_nobody_and_nonsense (void)
{
  static const struct { const char *url; KtErrorCode code; } rows[] = {
    { "http://127.0.0.1:1/x", KT_ERROR_CONNECT }, { "file:///etc/passwd", KT_ERROR_USAGE }, { "http://[", KT_ERROR_USAGE },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_null (kt_fetch (rows[i].url, 30000, NULL, &error));
      g_assert_error (error, KT_ERROR, (int) rows[i].code);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/fetch/document", test_document_of_any_status);
  g_test_add_func ("/fetch/limits", test_limits);
  g_test_add_func ("/fetch/errors", test_nobody_and_nonsense);
  return g_test_run ();
}
