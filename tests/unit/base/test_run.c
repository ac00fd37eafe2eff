/* SPDX-License-Identifier: MIT */
#include "base/run.h"
#include "base/error.h"

static void
test_output (void)
{
  g_auto (KtRunResult) result = { 0 };
  g_autoptr (GError) error = NULL;
  const char *const argv[] = { "sh", "-c", "cat; echo \"$LC_ALL\"; echo bad >&2", NULL };
  g_assert_true (kt_run (&(KtRun){ .argv = argv, .input = "hello\n" }, &result, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (result.output, ==, "hello\nC");
  g_assert_cmpstr (result.diagnosis, ==, "bad");
}

static void
test_failure (void)
{
  g_autoptr (GError) error = NULL;
  const char *const argv[] = { "sh", "-c", "echo first >&2; echo the reason >&2; exit 7", NULL };
  g_assert_false (kt_run (&(KtRun){ .argv = argv }, NULL, NULL, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_PROGRAM);
  g_assert_cmpstr (kt_error_detail (error), ==, "first\nthe reason");
  g_auto (KtRunResult) result = { 0 };
  g_assert_true (kt_run (&(KtRun){ .argv = argv, .any_status = TRUE }, &result, NULL, NULL));
  g_assert_cmpint (result.status, ==, 7);
}

static void
test_absent (void)
{
  g_autoptr (GError) error = NULL;
  const char *const argv[] = { "kastune-no-such-program", NULL };
  g_assert_false (kt_run (&(KtRun){ .argv = argv }, NULL, NULL, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_NOT_FOUND);
}

/* The grandchild holds the pipe open: only ending the whole group lets the call return. */
static void
test_deadline_ends_group (void)
{
  g_autoptr (GError) error = NULL;
  const char *const argv[] = { "sh", "-c", "sleep 600 & sleep 600", NULL };
  g_assert_false (kt_run (&(KtRun){ .argv = argv, .deadline_ms = 100 }, NULL, NULL, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_TIMEOUT);
}

static void
test_output_limit (void)
{
  g_auto (KtRunResult) result = { 0 };
  const char *const argv[] = { "head", "-c", "300000", "/dev/zero", NULL };
  g_assert_true (kt_run (&(KtRun){ .argv = argv, .max_output = 1000 }, &result, NULL, NULL));
  g_assert_cmpint (result.status, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/run/output", test_output);
  g_test_add_func ("/base/run/failure", test_failure);
  g_test_add_func ("/base/run/absent-program", test_absent);
  g_test_add_func ("/base/run/deadline-ends-the-group", test_deadline_ends_group);
  g_test_add_func ("/base/run/output-limit", test_output_limit);
  return g_test_run ();
}
