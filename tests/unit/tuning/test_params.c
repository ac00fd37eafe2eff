/* SPDX-License-Identifier: MIT
 *
 * The table itself, and against real servers: names, units, limits and defaults are not believed but asked for.
 */
#include "base/error.h"
#include "postgres/server.h"
#include "support/cluster.h"
#include "tuning/params.h"

#include <math.h>
#include <string.h>

typedef void (*Visit) (const KtParam *param);

static void
for_every_row (Visit visit)
{
  guint n = 0;
  const KtParam *params = kt_params (&n);
  for (guint i = 0; i < n; i++)
    visit (&params[i]);
}

static void
test_rows_are_unique_and_grouped (void)
{
  guint n = 0;
  const KtParam *params = kt_params (&n);
  g_assert_cmpuint (n, >, 70);
  for (guint i = 0; i < n; i++)
    {
      g_assert_true (kt_param_find (params[i].name) == &params[i]);
      if (i > 0)
        g_assert_cmpint (params[i].group, >=, params[i - 1].group);
    }
  for (int group = 0; group < KT_N_GROUPS; group++)
    g_assert_nonnull (kt_group_title ((KtGroup) group));
}

static void
row_is_complete (const KtParam *param)
{
  g_test_message ("%s", param->name);
  g_assert_true (param->apply == KT_APPLY_RELOAD || param->apply == KT_APPLY_RESTART);
  g_assert_nonnull (param->boot);
  g_assert_nonnull (param->summary);
  g_assert_nonnull (param->why);
  g_assert_true (param->page != NULL || param->source != NULL);
  g_assert_true (param->rule != NULL || param->left != NULL);
  g_assert_true (!param->never || (param->rule == NULL && param->hazard != NULL));
  g_assert_true ((param->type == KT_GUC_ENUM) == (param->words != NULL));
  g_assert_cmpint (param->rule != NULL, ==, param->impact.effect != NULL);
  if (param->impact.effect != NULL)
    {
      g_assert_nonnull (param->impact.basis);
      g_assert_cmpint (param->impact.confidence, !=, KT_CONFIDENCE_NONE);
    }
}

static void
test_rows_are_complete (void)
{
  for_every_row (row_is_complete);
}

static void
sentence_is_tidy (const KtParam *param)
{
  const char *const texts[] = { param->summary, param->why, param->hazard, param->left, param->impact.effect,
                                param->impact.basis };
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    if (texts[i] != NULL)
      {
        gsize length = strlen (texts[i]);
        g_test_message ("%s: %s", param->name, texts[i]);
        g_assert_cmpuint (length, >, 5);
        g_assert_null (strstr (texts[i], "  "));
        g_assert_false (g_ascii_isspace (texts[i][0]) || g_ascii_isspace (texts[i][length - 1]));
      }
}

static void
test_sentences_are_tidy (void)
{
  for_every_row (sentence_is_tidy);
}

static void
default_is_legal (const KtParam *param)
{
  for (int major = KT_MAJOR_FIRST; major <= KT_MAJOR_LAST + 1; major++)
    {
      g_auto (KtValue) value = { 0 };
      g_autoptr (GError) error = NULL;
      double min = 0, max = 0;
      if (!kt_param_exists (param, major))
        continue;
      kt_param_limits (param, major, &min, &max);
      g_assert_cmpfloat (min, <=, max);
      if (!kt_param_parse (param, major, kt_param_boot (param, major), &value, &error))
        g_error ("%s in %d: %s", param->name, major, error->message);
    }
}

static void
test_defaults_are_inside_the_limits (void)
{
  for_every_row (default_is_legal);
}

static void
test_parsing_says_what_is_allowed (void)
{
  static const struct {
    const char *name;
    int major;
    const char *text, *said;
  } bad[] = {
    { "work_mem", 15, "1gb", NULL },
    { "work_mem", 15, "32kB", "64kB" },
    { "wal_compression", 14, "lz4", "off, on" },
    { "wal_compression", 15, "gzip", "zstd" },
    { "jit", 15, "perhaps", "neither on nor off" },
    { "maintenance_work_mem", 16, "64kB", "1MB" },
    { "checkpoint_completion_target", 15, "1.5", "0 … 1" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_auto (KtValue) value = { 0 };
      g_autoptr (GError) error = NULL;
      g_assert_false (kt_param_parse (kt_param_find (bad[i].name), bad[i].major, bad[i].text, &value, &error));
      g_assert_error (error, KT_ERROR, KT_ERROR_PARSE);
      if (bad[i].said != NULL && strstr (error->message, bad[i].said) == NULL)
        g_error ("%s = %s: %s", bad[i].name, bad[i].text, error->message);
    }
}

static void
test_versions_change_rows (void)
{
  g_assert_cmpint (kt_param_apply (kt_param_find ("autovacuum_max_workers"), 17), ==, KT_APPLY_RESTART);
  g_assert_cmpint (kt_param_apply (kt_param_find ("autovacuum_max_workers"), 18), ==, KT_APPLY_RELOAD);
  g_assert_cmpstr (kt_param_boot (kt_param_find ("checkpoint_completion_target"), 13), ==, "0.5");
  g_assert_false (kt_param_exists (kt_param_find ("io_workers"), 17));
  g_assert_true (kt_param_exists (kt_param_find ("io_workers"), 18));
  g_assert_false (kt_param_exists (kt_param_find ("io_workers"), 19));
  g_autofree char *manual = kt_param_manual (kt_param_find ("max_wal_size"), 15);
  g_assert_cmpstr (manual, ==, "https://www.postgresql.org/docs/15/runtime-config-wal.html#GUC-MAX-WAL-SIZE");
}

/* Real servers. */

static void
compare_number (const KtParam *param, int major, const char *what, double ours, const char *theirs)
{
  double number = kt_value_from_base (param->unit, g_ascii_strtod (theirs, NULL));
  if (fabs (ours - number) > fabs (number) * 1e-6)
    g_error ("%s of %s in %d: table %g, server %g", what, param->name, major, ours, number);
}

static void
compare_words (const KtParam *param, int major, const KtSetting *setting)
{
  const char *const *words = kt_param_words (param, major);
  for (gsize i = 0; setting->enum_values[i] != NULL; i++)
    if (!g_strv_contains (words, setting->enum_values[i]))
      g_error ("%s in %d: the table does not know the word %s", param->name, major, setting->enum_values[i]);
}

/* Values that initdb or the platform chooses at build time. */
static gboolean
default_depends_on_build (const KtParam *param)
{
  static const char *const names[] = { "effective_io_concurrency", "maintenance_io_concurrency",
                                       "checkpoint_flush_after",
                                       "bgwriter_flush_after", "wal_sync_method", "shared_buffers", NULL };
  return g_strv_contains (names, param->name);
}

static void
compare_default (const KtParam *param, int major, const KtSetting *setting)
{
  if (default_depends_on_build (param) || setting->boot_value == NULL)
    return;
  if (!kt_guc_equal (param->type, param->unit, setting->boot_value, kt_param_boot (param, major)))
    g_error ("default of %s in %d: table %s, server %s", param->name, major, kt_param_boot (param, major),
             setting->boot_value);
}

static void
compare_row (const KtParam *param, int major, const KtServer *server)
{
  const KtSetting *setting = kt_server_setting (server, param->name);
  double min = 0, max = 0;
  g_test_message ("%s", param->name);
  g_assert_cmpint (setting != NULL, ==, kt_param_exists (param, major));
  if (setting == NULL)
    return;
  gboolean words = setting->type == KT_GUC_ENUM || setting->type == KT_GUC_BOOL;
  g_assert_true (setting->type == param->type || (words && param->type == KT_GUC_ENUM));
  g_assert_cmpstr (setting->unit, ==, param->unit);
  g_assert_cmpint (g_str_equal (setting->context, "postmaster"), ==, kt_param_apply (param, major) == KT_APPLY_RESTART);
  g_assert_cmpint (g_str_equal (setting->context, "user") || g_str_equal (setting->context, "superuser"), ==,
                   param->per_session);
  kt_param_limits (param, major, &min, &max);
  if (param->type == KT_GUC_INTEGER || param->type == KT_GUC_REAL)
    {
      compare_number (param, major, "least", min, setting->min);
      compare_number (param, major, "most", max, setting->max);
    }
  if (setting->enum_values != NULL)
    compare_words (param, major, setting);
  compare_default (param, major, setting);
}

static void
test_table_agrees_with_server (gconstpointer data)
{
  int major = GPOINTER_TO_INT (data);
  guint n = 0;
  const KtParam *params = kt_params (&n);
  KtTestCluster *cluster = kt_test_cluster_shared (major);
  g_autoptr (GError) error = NULL;
  g_autoptr (KtConnection) connection = kt_connection_open (cluster->conninfo, &error);
  g_assert_no_error (error);
  g_autoptr (KtServer) server = kt_server_load (connection, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < n; i++)
    if (params[i].library == NULL)
      compare_row (&params[i], major, server);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tuning/params/rows-are-unique-and-grouped", test_rows_are_unique_and_grouped);
  g_test_add_func ("/tuning/params/rows-are-complete", test_rows_are_complete);
  g_test_add_func ("/tuning/params/sentences-are-tidy", test_sentences_are_tidy);
  g_test_add_func ("/tuning/params/defaults-are-inside-the-limits", test_defaults_are_inside_the_limits);
  g_test_add_func ("/tuning/params/parsing-says-what-is-allowed", test_parsing_says_what_is_allowed);
  g_test_add_func ("/tuning/params/versions-change-rows", test_versions_change_rows);
  kt_test_add_versions ("/tuning/params/table-agrees-with-server", test_table_agrees_with_server);
  return g_test_run ();
}
