/* SPDX-License-Identifier: MIT */
#include "base/http.h"

#include "base/error.h"

#include <gio/gio.h>
#include <string.h>

static void
handle (const char *path, KtHttpReply *reply, gpointer data)
{
  guint *asked = data;
  (*asked)++;
  if (g_str_equal (path, "/json"))
    {
      reply->content_type = "application/json";
      reply->cache = "public, max-age=5";
      reply->any_origin = TRUE;
      reply->body = g_strdup ("{}");
    }
  else if (!g_str_equal (path, "/empty"))
    {
      reply->status = 404;
      reply->body = g_strdup_printf ("no %s", path);
    }
}

/* The whole answer to a request, until the server closes. */
static char *
ask (guint port, const char *request)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection
    = g_socket_client_connect_to_host (client, "127.0.0.1", (guint16) port, NULL, &error);
  g_assert_no_error (error);
  GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  GInputStream *in = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  g_assert_true (g_output_stream_write_all (out, request, strlen (request), NULL, NULL, NULL));
  GString *text = g_string_new (NULL);
  char piece[4096];
  gssize length;
  while ((length = g_input_stream_read (in, piece, sizeof piece, NULL, NULL)) > 0)
    g_string_append_len (text, piece, length);
  return g_string_free (text, FALSE);
}

static void
test_requests (void)
{
  static const struct { const char *request, *first, *has, *has_not; } rows[] = {
    { "GET /json?x=1 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "HTTP/1.1 200 ",
      "Cache-Control: public, max-age=5\r\n", "Allow:" },
    { "GET /json HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "HTTP/1.1 200 ",
      "Access-Control-Allow-Origin: *\r\n", "Allow:" },
    { "HEAD /json HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "HTTP/1.1 200 ", "Content-Length: 2", "{}" },
    { "GET /empty HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "HTTP/1.1 200 ", "Content-Length: 0",
      "Access-Control" },
    { "GET /a%20b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "HTTP/1.1 404 ", "no /a b", "Cache-Control" },
    { "POST /json HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc", "HTTP/1.1 405 ",
      "Allow: GET, HEAD\r\n", "{}" },
  };
  g_autoptr (GError) error = NULL;
  guint asked = 0;
  g_autoptr (KtHttp) http = kt_http_start ("127.0.0.1:0", handle, &asked, &error);
  g_assert_no_error (error);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *answer = ask (kt_http_port (http), rows[i].request);
      g_test_message ("%s", answer);
      g_assert_true (g_str_has_prefix (answer, rows[i].first));
      g_assert_nonnull (strstr (answer, rows[i].has));
      g_assert_null (strstr (answer, rows[i].has_not));
    }
  g_assert_cmpuint (asked, ==, G_N_ELEMENTS (rows) - 1); /* POST never arrives */
}

static void
test_refused (void)
{
  static const char *const none[] = { "", "8500", "localhost", "localhost:", ":8500", "localhost:70000", "::1:80" };
  g_autoptr (GError) error = NULL;
  guint asked = 0;
  for (gsize i = 0; i < G_N_ELEMENTS (none); i++)
    {
      g_test_message ("“%s”", none[i]);
      g_assert_null (kt_http_start (none[i], handle, &asked, &error));
      g_assert_error (error, KT_ERROR, KT_ERROR_USAGE);
      g_clear_error (&error);
    }
  g_autoptr (KtHttp) first = kt_http_start ("127.0.0.1:0", handle, &asked, NULL);
  g_autofree char *same = g_strdup_printf ("127.0.0.1:%u", kt_http_port (first));
  g_assert_null (kt_http_start (same, handle, &asked, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_REFUSED);
  g_assert_nonnull (kt_error_hint (error));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/http/requests-are-answered", test_requests);
  g_test_add_func ("/base/http/addresses-that-do-not-work-are-told", test_refused);
  return g_test_run ();
}
