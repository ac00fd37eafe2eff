/* SPDX-License-Identifier: MIT
 *
 * Huge pages of a real kernel, asked for and given back. Skipped unless KASTUNE_TEST_OWN_KERNEL says that this one is the test's own, as in
 * the guest of tests/guest.
 */
#include "base/error.h"
#include "made_host.h"

#define LIVE "/proc/sys/vm/nr_hugepages"
#define FILE "/etc/sysctl.d/99-zz-kastune.conf"

static gint64
huge_pages (void)
{
  g_autofree char *text = made_read ("", LIVE);
  return g_ascii_strtoll (text, NULL, 10);
}

static JsonObject *
args_of (gint64 count)
{
  g_autofree char *value = g_strdup_printf ("%" G_GINT64_FORMAT, count);
  g_autoptr (GPtrArray) settings = g_ptr_array_new_with_free_func ((GDestroyNotify) kt_host_setting_free);
  g_ptr_array_add (settings, kt_host_setting_new (KT_HOST_SYSCTL, "vm.nr_hugepages", value, NULL));
  return kt_step_kernel_args ("", settings);
}

static gboolean
is_ours (void)
{
  if (g_getenv ("KASTUNE_TEST_OWN_KERNEL") != NULL)
    return TRUE;
  g_test_skip ("this kernel belongs to others");
  return FALSE;
}

static void
test_pages_are_given_and_given_back (void)
{
  g_autoptr (GError) error = NULL;
  KtStepContext context = { 0 };
  if (!is_ours ())
    return;
  gint64 before = huge_pages ();
  const KtStepKind *kind = &kt_step_kernel_settings;
  g_autoptr (JsonObject) args = args_of (before + 8);
  g_assert_true (kind->check (&context, args, &error));
  g_autoptr (JsonObject) prepared = kind->prepare (&context, args, &error);
  kind->apply (&context, args, prepared, &error);
  g_assert_no_error (error);
  kind->verify (&context, args, prepared, &error);
  g_assert_no_error (error);
  g_assert_cmpint (huge_pages (), ==, before + 8);
  kind->undo (&context, args, prepared, &error);
  g_assert_no_error (error);
  g_assert_cmpint (huge_pages (), ==, before);
  g_assert_false (g_file_test (FILE, G_FILE_TEST_EXISTS));
}

static void
test_more_pages_than_memory_are_refused (void)
{
  g_autoptr (GError) error = NULL;
  KtStepContext context = { 0 };
  if (!is_ours ())
    return;
  g_autoptr (JsonObject) args = args_of ((gint64) 1 << 20);
  g_assert_false (kt_step_kernel_settings.check (&context, args, &error));
  g_test_message ("%s: %s", error->message, kt_error_detail (error));
  g_assert_error (error, KT_ERROR, KT_ERROR_REFUSED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/host/kernel/pages-are-given-and-given-back", test_pages_are_given_and_given_back);
  g_test_add_func ("/host/kernel/more-pages-than-memory-are-refused", test_more_pages_than_memory_are_refused);
  return g_test_run ();
}
