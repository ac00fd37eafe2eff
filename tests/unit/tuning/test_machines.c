/* SPDX-License-Identifier: MIT
 *
 * The advice for every machine below tests/machines/, compared with the text that lies beside it. A deliberate change
 * of a rule shows its effect on all of them in the same commit: run with KT_UPDATE_EXPECTED=1 and read the difference.
 */
#include "base/file.h"
#include "base/size.h"
#include "tuning/advise.h"

#define EXPECTED "expected-advice-15.txt"

static void
append_rows (GString *text, const KtAdvice *advice)
{
  for (guint i = 0; i < advice->rows->len; i++)
    {
      const KtAdviceRow *row = advice->rows->pdata[i];
      if (row->verdict == KT_VERDICT_CHANGE)
        g_string_append_printf (text, "%s = %s\n    %s\n", row->param->name, row->wanted, row->because);
    }
}

static void
append_kernel (GString *text, const KtAdvice *advice)
{
  for (guint i = 0; i < advice->kernel->len; i++)
    {
      const KtKernelRow *row = advice->kernel->pdata[i];
      if (row->verdict == KT_VERDICT_CHANGE)
        g_string_append_printf (text, "%s = %s\n    %s\n", row->name, row->wanted, row->because);
    }
}

static char *
advice_text (const KtAdvice *advice)
{
  GString *text = g_string_new (NULL);
  const KtBudget *budget = advice->in->budget;
  g_autofree char *total = kt_size_format (budget->total);
  g_autofree char *left = kt_size_format (budget->postgresql);
  g_string_append_printf (text, "profile %s: %s\nmemory: %s, %s for PostgreSQL, at worst %.0f %% of that\nrecovery: "
                                "%.0f min at most\n\n",
                          advice->in->profile->name, advice->profile_because, total, left,
                          advice->worst_case->share * 100,
                          advice->recovery_seconds / 60);
  append_rows (text, advice);
  g_string_append (text, "\nkernel\n");
  append_kernel (text, advice);
  g_string_append (text, "\nfindings\n");
  for (guint i = 0; i < advice->findings->len; i++)
    {
      const KtFinding *finding = advice->findings->pdata[i];
      g_string_append_printf (text, "%s: %s\n", kt_severity_name (finding->severity), finding->sentence);
    }
  return g_string_free (text, FALSE);
}

static void
test_machine (gconstpointer data)
{
  const char *folder = data;
  static const char *const features[] = { "lz4", "zstd", NULL };
  KtOptions options = KT_OPTIONS_DEFAULT;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (folder, EXPECTED, NULL);
  options.major = 15;
  options.features = features;
  g_autoptr (KtSysroot) root = kt_sysroot_open (folder, &error);
  g_assert_no_error (error);
  g_autoptr (KtPlatform) platform = kt_platform_load (root, NULL, 0, &error);
  g_assert_no_error (error);
  g_autoptr (KtAdvice) advice = kt_advise (platform, NULL, NULL, &options, &error);
  g_assert_no_error (error);
  g_autofree char *text = advice_text (advice);
  if (g_getenv ("KT_UPDATE_EXPECTED") != NULL)
    {
      kt_file_write (path, text, -1, NULL, &error);
      g_assert_no_error (error);
      return;
    }
  g_autofree char *expected = NULL;
  kt_file_read (path, &expected, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (text, ==, expected);
}

static int
by_text (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (*(const char *const *) a, *(const char *const *) b);
}

/* Every folder with a machine.ini, in order of name. */
static GPtrArray *
find_machines (void)
{
  GPtrArray *folders = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *machines = g_build_filename (g_getenv ("KT_SOURCE_ROOT"), "tests", "machines", NULL);
  g_autoptr (GDir) dir = g_dir_open (machines, 0, NULL);
  for (const char *name = dir != NULL ? g_dir_read_name (dir) : NULL; name != NULL; name = g_dir_read_name (dir))
    {
      g_autofree char *machine = g_build_filename (machines, name, "machine.ini", NULL);
      if (g_file_test (machine, G_FILE_TEST_EXISTS))
        g_ptr_array_add (folders, g_path_get_dirname (machine));
    }
  g_ptr_array_sort (folders, by_text);
  return folders;
}

static void
test_there_are_machines (gconstpointer data)
{
  const GPtrArray *folders = data;
  g_assert_cmpuint (folders->len, >=, 14);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_autoptr (GPtrArray) folders = find_machines ();
  g_test_add_data_func ("/tuning/machines/there-are-enough", folders, test_there_are_machines);
  for (guint i = 0; i < folders->len; i++)
    {
      g_autofree char *name = g_path_get_basename (folders->pdata[i]);
      g_autofree char *path = g_strdup_printf ("/tuning/machines/%s", name);
      g_test_add_data_func (path, folders->pdata[i], test_machine);
    }
  return g_test_run ();
}
