/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include <errno.h>
#include <gio/gio.h>

static void
test_parts (void)
{
  g_autoptr (GError) error = NULL;
  kt_error_set (&error, KT_ERROR_CONNECT, "connection refused", NULL, "cannot reach %s", "the server");
  g_prefix_error (&error, "advise: ");
  g_assert_cmpstr (error->message, ==, "advise: cannot reach the server");
  g_assert_cmpstr (kt_error_detail (error), ==, "connection refused");
  g_assert_cmpstr (kt_error_hint (error), ==, "kastune doctor");
  g_assert_cmpstr (kt_error_name (error), ==, "connect");
  g_autoptr (GError) copy = g_error_copy (error);
  g_assert_cmpstr (kt_error_detail (copy), ==, "connection refused");
}

static void
test_exit_statuses (void)
{
  static const struct { KtErrorCode code; int status; } rows[] = {
    { KT_ERROR_FAILED, 1 }, { KT_ERROR_USAGE, 2 }, { KT_ERROR_CONFIG, 2 }, { KT_ERROR_REFUSED, 4 }, { KT_ERROR_CHANGED, 4 },
    { KT_ERROR_UNSUPPORTED, 5 }, { KT_ERROR_INTERRUPTED, 130 },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      kt_error_set (&error, rows[i].code, NULL, NULL, "x");
      g_assert_cmpint (kt_error_exit_status (error), ==, rows[i].status);
    }
  for (int code = 0; code < KT_N_ERRORS; code++)
    {
      g_autoptr (GError) error = NULL;
      kt_error_set (&error, code, NULL, NULL, "x");
      g_assert_nonnull (kt_error_name (error));
      g_assert_cmpint (kt_error_exit_status (error), >, 0);
    }
}

static void
test_errno (void)
{
  g_autoptr (GError) full = NULL;
  kt_error_set_errno (&full, ENOSPC, NULL, "cannot write %s", "/x");
  g_assert_error (full, KT_ERROR, KT_ERROR_NO_SPACE);
  g_autoptr (GError) denied = NULL;
  kt_error_set_errno (&denied, EROFS, NULL, "cannot write %s", "/x");
  g_assert_error (denied, KT_ERROR, KT_ERROR_PRIVILEGE);
}

static void
test_foreign (void)
{
  g_autoptr (GError) error = g_error_new (G_IO_ERROR, G_IO_ERROR_CLOSED, "closed");
  g_assert_null (kt_error_detail (error));
  g_assert_cmpint (kt_error_exit_status (error), ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/error/three-parts", test_parts);
  g_test_add_func ("/base/error/exit-statuses", test_exit_statuses);
  g_test_add_func ("/base/error/errno", test_errno);
  g_test_add_func ("/base/error/foreign-domain", test_foreign);
  return g_test_run ();
}
