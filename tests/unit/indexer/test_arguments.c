/* SPDX-License-Identifier: MIT */
#include "indexer/arguments.h"

#include "base/error.h"

/* y: accepted, n: exit status 2, by v1.6.3, v2.0.0-beta1, v2.0.0, v2.1.2, v2.2.0,
 * v2.2.1, v2.3.0. */
static const struct {
  const char *line;
  const char *accepted;
} lines[] = {
  { "", "yyyyyyy" },
  { "-u -s ws://kaspad:17110 -d postgres://u@h:5432/db -l 0.0.0.0:8500", "yyyyyyy" },
  { "-b 2 --batch-concurrency=4", "yyyyyyy" },
  { "-b2 -uc", "yyyyyyy" },
  { "-b=0.5", "yyyyyyy" },
  { "--prune-db --retention=7d", "yyyyyyy" },
  { "--retention=sevendays", "nnnnnnn" },
  { "--retention 7", "nnnnnnn" },
  { "--vcp-interval 2", "nnnnnnn" },
  { "--vcp-interval 500", "yyyyyyy" },
  { "--batch-concurrency many", "nnnnnnn" },
  { "--batch-scale", "nnnnnnn" },
  { "--upgrade-db=yes", "nnnnnnn" },
  { "--include-fields=tx_hash", "nnnnnnn" },
  { "word", "nnnnnnn" },
  { "-x", "nnnnnnn" },
  { "-p 1.2.3.4:16111", "yyynnnn" },
  { "--exclude-addresses=a,b", "nnnyyyn" },
  { "--ignore-self-sends=kaspa:a", "nnnnnny" },
  { "--retention-blocks-transactions=7d", "yyyyyyn" },
  { "--retention-transactions-acceptances=7d", "nnnyyyy" },
  { "--disable=blocks_transactions_table", "yyyyyyn" },
  { "--disable=blocks_table,rejected_transactions", "nnnyyyy" },
  { "--disable blocks_table --disable block_parent_table", "yyyyyyy" },
  { "--exclude-fields=tx_in_block_time", "ynnnnnn" },
  { "--enable=dynamic_vcp_tip_distance", "ynnnnnn" },
};

static void
test_lines (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++)
    for (KtRelease release = 0; release < KT_N_RELEASES; release++)
      {
        g_auto (GStrv) words = *lines[i].line != '\0' ? g_strsplit (lines[i].line, " ", -1) : g_new0 (char *, 1);
        g_auto (KtArguments) arguments = { 0 };
        g_autoptr (GError) error = NULL;
        g_test_message ("%s %s", kt_release_name (release), lines[i].line);
        gboolean accepted = kt_arguments_parse (&arguments, release, (const char *const *) words, &error);
        g_assert_cmpint (accepted, ==, lines[i].accepted[release] == 'y');
        if (!accepted)
          g_assert_cmpint (kt_error_exit_status (error), ==, 2);
      }
}

static void
test_values (void)
{
  static const char *const words[] = {
    "-d", "postgres://u@h/db", "-b", "2.5", "--batch-concurrency", "7", "--disable=blocks_table", "--disable",
    "block_parent_table", "-u", "--prune-db=0 4 * * *", "--retention", "1h 30m",
    "--retention-blocks=2days", "--prune-batch-size", "500", NULL,
  };
  g_auto (KtArguments) arguments = { 0 };
  g_assert_true (kt_arguments_parse (&arguments, KT_RELEASE_V2_3_0, words, NULL));
  g_assert_cmpstr (arguments.database_url, ==, "postgres://u@h/db");
  g_assert_cmpfloat (arguments.batch_scale, ==, 2.5);
  g_assert_cmpuint (arguments.batch_concurrency, ==, 7);
  g_assert_true (arguments.upgrade_db);
  g_assert_cmpstr (arguments.prune_cron, ==, "0 4 * * *");
  g_assert_false (arguments.initialize_db);
  KtPruneRules rules;
  kt_arguments_prune_rules (&arguments, &rules);
  g_assert_cmpuint (rules.batch_rows, ==, 500);
  g_assert_cmpint (rules.retention_ms[KT_RETENTION_BLOCKS], ==, 2 * 86400000);
  g_assert_cmpint (rules.retention_ms[KT_RETENTION_TRANSACTIONS], ==, 90 * 60000);
  g_assert_true (kt_features_off (&arguments.features, KT_DISABLE_BLOCKS_TABLE));
  g_assert_true (kt_features_off (&arguments.features, KT_DISABLE_BLOCK_PARENT_TABLE));
  g_assert_null (kt_arguments_panic (&arguments));
}

/* Its default changed with v2.1.0. */
static void
test_prune_default (void)
{
  static const char *const words[] = { "--prune-db", NULL };
  for (KtRelease release = 0; release < KT_N_RELEASES; release++)
    {
      g_auto (KtArguments) arguments = { 0 };
      g_assert_true (kt_arguments_parse (&arguments, release, words, NULL));
      g_assert_cmpstr (arguments.prune_cron, ==, release < KT_RELEASE_V2_1_2 ? "0 4 * * *" : "0 * * * *");
    }
}

/* Out of range is no usage error: the indexer panics. */
static void
test_panics (void)
{
  static const struct { const char *words[3]; const char *panic; } rows[] = {
    { { "--batch-scale", "11" }, "Invalid batch-scale" },
    { { "--batch-scale", "0.05" }, "Invalid batch-scale" },
    { { "--batch-concurrency", "0" }, "Invalid batch-concurrency" },
    { { "--batch-concurrency", "11" }, "Invalid batch-concurrency" },
    { { "--batch-scale", "10" }, NULL },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_auto (KtArguments) arguments = { 0 };
      g_assert_true (kt_arguments_parse (&arguments, KT_RELEASE_V2_3_0, rows[i].words, NULL));
      g_assert_cmpstr (kt_arguments_panic (&arguments), ==, rows[i].panic);
    }
}

static void
test_help (void)
{
  g_autofree char *first = kt_arguments_help (KT_RELEASE_V1_6_3);
  g_autofree char *newest = kt_arguments_help (KT_RELEASE_V2_3_0);
  g_assert_nonnull (g_strstr_len (first, -1, "--p2p-url"));
  g_assert_null (g_strstr_len (newest, -1, "--p2p-url"));
  g_assert_nonnull (g_strstr_len (newest, -1, "--ignore-self-sends"));
  g_assert_null (g_strstr_len (newest, -1, "blocks_transactions_table"));
}

static void
test_options_of_any_release (void)
{
  const char *const words[] = { "-us", "ws://x", "--disable=a,b", "--prune-db", "--retention", "7d", "--nonsense", "what", "-p", "x:1", "-b2", NULL };
  static const char *const expected[][2] = {
    { "upgrade-db", NULL }, { "rpc-url", "ws://x" }, { "disable", "a,b" }, { "prune-db", NULL }, { "retention", "7d" },
    { NULL, "--nonsense" }, { NULL, "what" },        { "p2p-url", "x:1" }, { "batch-scale", "2" },
  };
  g_autoptr (GPtrArray) given = kt_arguments_split (words);
  g_assert_cmpuint (given->len, ==, G_N_ELEMENTS (expected));
  for (guint i = 0; i < given->len; i++)
    {
      const KtGivenOption *option = given->pdata[i];
      g_assert_cmpstr (option->name, ==, expected[i][0]);
      g_assert_cmpstr (option->value, ==, expected[i][1]);
    }
  g_autofree char *retention = kt_arguments_find (words, "retention");
  g_assert_cmpstr (retention, ==, "7d");
  g_assert_true (kt_arguments_knows (KT_RELEASE_V1_6_3, "p2p-url"));
  g_assert_false (kt_arguments_knows (KT_RELEASE_V2_3_0, "p2p-url"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/indexer/arguments/each-release-takes-its-own", test_lines);
  g_test_add_func ("/indexer/arguments/values-arrive", test_values);
  g_test_add_func ("/indexer/arguments/pruning-alone-is-at-the-hour-of-the-release", test_prune_default);
  g_test_add_func ("/indexer/arguments/out-of-range-panics", test_panics);
  g_test_add_func ("/indexer/arguments/help-is-of-the-release", test_help);
  g_test_add_func ("/indexer/arguments/any-release", test_options_of_any_release);
  return g_test_run ();
}
