/* SPDX-License-Identifier: MIT */
#include "indexer/check.h"

#include <string.h>

/* Names of the rules that apply, without R20 (which every v2.1 and later has) and without known defects. */
static char *
rules_of (const char *tag, const char *line, gboolean container, gboolean k_indexer, int max_connections)
{
  g_auto (GStrv) words = g_strsplit (line, " ", -1);
  g_auto (KtArguments) arguments = { 0 };
  g_autoptr (GPtrArray) findings = kt_findings_new ();
  g_autoptr (GError) error = NULL;
  const KtReleaseRow *release = kt_release_row (tag);
  if (*line == '\0')
    g_clear_pointer (&words[0], g_free);
  for (char **word = words; *word != NULL; word++)
    g_strdelimit (*word, "_", ' '); /* "0_*_*_*_*": a blank inside a word */
  for (char **word = words; *word != NULL; word++)
    if (!g_str_has_prefix (*word, "--prune-db"))
      g_strdelimit (*word, " ", '_');
  kt_arguments_parse (&arguments, release->flags, (const char *const *) words, &error);
  g_assert_no_error (error);
  KtIndexerUse use = { .release = release, .arguments = &arguments, .container = container, .feeds_k_indexer = k_indexer,
                       .max_connections = max_connections, .reserved_connections = 3 };
  kt_indexer_check (&use, findings);
  GString *names = g_string_new (NULL);
  for (guint i = 0; i < findings->len; i++)
    {
      const KtFinding *finding = findings->pdata[i];
      if (finding->parameter != NULL && !g_str_equal (finding->parameter, "R20"))
        g_string_append_printf (names, "%s%s", names->len > 0 ? " " : "", finding->parameter);
    }
  return g_string_free (names, FALSE);
}

static void
test_rules (void)
{
  static const struct {
    const char *tag, *line, *rules;
  } rows[] = {
    { "v2.3.0", "", "" },
    { "v2.3.1-beta1", "--disable=virtual_chain_processing", "R2 R5" },
    { "v2.3.1-beta1", "--disable=virtual_chain_processing,rejected_transactions", "R4 R5" },
    { "v2.3.0", "--disable=virtual_chain_processing", "R5" },
    { "v1.6.3", "--disable=transaction_processing", "R3" },
    { "v2.3.0", "--disable=transaction_processing", "R3" },
    { "v2.3.0", "--disable=rejected_transactions,transaction_acceptance", "R4 R5" },
    { "v1.6.3", "--disable=transaction_acceptance", "" },
    { "v1.6.3", "--enable=transactions_inputs_resolve --exclude-fields=tx_in_previous_outpoint", "R6" },
    { "v2.3.0", "--enable=transactions_inputs_resolve --exclude-fields=tx_in_previous_outpoint", "" },
    { "v2.3.0", "--prune-db --retention=7d --exclude-fields=block_blue_score", "R7" },
    { "v2.3.0", "--prune-db --retention=7d --exclude-fields=block_timestamp", "R16" },
    { "v2.0.0", "--prune-db --retention=7d --exclude-fields=block_timestamp", "R7 R16" },
    { "v1.6.2", "--prune-db --retention=7d --exclude-fields=block_blue_score", "" },
    { "v1.6.3", "--prune-db --retention=7d --exclude-fields=block_blue_score", "R7" },
    { "v2.3.0", "--prune-db --retention=7d --exclude-fields=tx_block_time", "R8" },
    { "v2.3.0", "--prune-db --retention=7d --disable=blocks_table", "R9" },
    { "v2.3.0", "--prune-db --retention=7d --disable=blocks_table,block_parent_table", "" },
    { "v2.3.0", "--prune-db --retention-blocks=7d", "R10" },
    { "v1.6.3", "--prune-db --retention-blocks=7d", "" },
    { "v2.3.0", "--prune-db", "R11" },
    { "v2.3.0", "--retention=7d", "R12" },
    { "v2.3.0", "--prune-db --retention=7d --retention-blocks=1d", "R13" },
    { "v2.3.0", "--exclude-fields=tx_mass", "R15" },
    { "v2.3.0", "--prune-db=0_*_*_* --retention=7d", "R18" },
    { "v2.3.0", "--prune-db=0_*_*_*_*_2026 --retention=7d", "R18" },
    { "v2.3.0", "--prune-db=0_*_*_*_* --retention=7d", "" },
    { "v2.3.0", "-c", "-c" },
    { "v2.3.0", "-b 11", "-b" },
    { "v2.3.0", "--batch-concurrency=11", "-b" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *rules = rules_of (rows[i].tag, rows[i].line, FALSE, FALSE, -1);
      g_test_message ("%s %s", rows[i].tag, rows[i].line);
      g_assert_cmpstr (rules, ==, rows[i].rules);
    }
}

static void
test_rules_of_the_surroundings (void)
{
  g_autofree char *deaf = rules_of ("v2.3.0", "", TRUE, FALSE, -1);
  g_assert_cmpstr (deaf, ==, "R19");
  g_autofree char *open = rules_of ("v2.3.0", "-l 0.0.0.0:8500", TRUE, FALSE, -1);
  g_assert_cmpstr (open, ==, "");
  g_autofree char *starved = rules_of ("v2.3.0", "--exclude-fields=tx_payload", FALSE, TRUE, -1);
  g_assert_cmpstr (starved, ==, "R14 R15");
  g_autofree char *enough = rules_of ("v2.3.0", "", FALSE, FALSE, 23);
  g_assert_cmpstr (enough, ==, "");
  g_autofree char *few = rules_of ("v2.3.0", "", FALSE, FALSE, 22); /* a pool of 20, 3 reserved */
  g_assert_cmpstr (few, ==, "R17");
}

/* What is known to be wrong with a release, and which node it needs. */
static void
test_the_release_itself (void)
{
  g_auto (KtArguments) arguments = { 0 };
  const char *const none[] = { NULL };
  g_autoptr (GPtrArray) findings = kt_findings_new ();
  kt_arguments_parse (&arguments, KT_RELEASE_V2_3_0, none, NULL);
  KtIndexerUse use = { .release = kt_release_row ("v2.3.1-beta1"), .arguments = &arguments, .max_connections = -1 };
  kt_indexer_check (&use, findings);
  for (guint i = 0; i < findings->len; i++)
    g_test_message ("%s", ((KtFinding *) findings->pdata[i])->sentence);
  g_assert_cmpuint (findings->len, ==, 2);
  g_assert_nonnull (strstr (((KtFinding *) findings->pdata[1])->sentence, "kaspad v1.1.0"));
  g_assert_nonnull (strstr (((KtFinding *) findings->pdata[0])->sentence, "stops for ever"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/indexer/check/rules", test_rules);
  g_test_add_func ("/indexer/check/rules-of-the-surroundings", test_rules_of_the_surroundings);
  g_test_add_func ("/indexer/check/the-release-itself", test_the_release_itself);
  return g_test_run ();
}
