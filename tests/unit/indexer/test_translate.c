/* SPDX-License-Identifier: MIT */
#include "indexer/translate.h"

#include "indexer/override.h"

#include <string.h>

static char *
translated (const char *words, KtRelease target, guint *n_notes)
{
  g_autoptr (GPtrArray) notes = g_ptr_array_new_with_free_func (g_free);
  g_auto (GStrv) parts = g_strsplit (words, " ", -1);
  g_auto (GStrv) result = kt_translate ((const char *const *) parts, target, notes);
  *n_notes = notes->len;
  return g_strjoinv (" ", result);
}

static void
test_words_of_one_release_in_those_of_another (void)
{
  static const struct { const char *from; KtRelease target; const char *to; guint notes; } rows[] = {
    { "-u --disable=block_parent_table", KT_RELEASE_V2_3_0, "--upgrade-db --disable=block_parent_table", 0 },
    { "--disable transactions_inputs_table,vcp_wait_for_sync", KT_RELEASE_V2_0_0, "--disable=transactions_inputs", 2 },
    { "--disable=transactions_inputs", KT_RELEASE_V1_6_3, "--disable=transactions_inputs_table", 1 },
    { "--disable=blocks_transactions_table", KT_RELEASE_V2_2_1, "--disable=blocks_transactions_table", 0 },
    { "--disable=blocks_transactions_table", KT_RELEASE_V2_3_0, "--exclude-fields=block_transaction_ids,tx_block_hash", 1 },
    { "--disable=blocks_transactions_table --exclude-fields=tx_hash,tx_block_hash", KT_RELEASE_V2_3_0,
      "--exclude-fields=block_transaction_ids,tx_block_hash,tx_hash", 1 },
    { "--exclude-fields=block_transaction_ids,tx_block_hash", KT_RELEASE_V2_2_1, "--disable=blocks_transactions_table", 2 },
    { "--exclude-fields=tx_in_block_time,tx_hash", KT_RELEASE_V2_3_0, "--exclude-fields=tx_hash", 1 },
    { "--enable=dynamic_vcp_tip_distance,transactions_inputs_resolve", KT_RELEASE_V2_3_0, "--enable=transactions_inputs_resolve", 1 },
    { "--enable=force_utxo_import", KT_RELEASE_V2_3_0, "", 1 },
    { "-p node:16111 --vcp-interval=2", KT_RELEASE_V2_3_0, "--vcp-interval=2000", 2 },
    { "--retention=7d --retention-blocks-transactions=1d --prune-db", KT_RELEASE_V2_3_0, "--retention=7d --prune-db", 1 },
    { "--nonsense", KT_RELEASE_V2_3_0, "", 1 },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      guint notes = 0;
      g_autofree char *result = translated (rows[i].from, rows[i].target, &notes);
      g_test_message ("%s", rows[i].from);
      g_assert_cmpstr (result, ==, rows[i].to);
      g_assert_cmpuint (notes, ==, rows[i].notes);
    }
}

/* Every value of every release, said in the words of every other one, is taken by it. */
static void
test_whatever_comes_out_is_taken (void)
{
  for (guint from = 0; from < KT_N_RELEASES; from++)
    for (guint to = 0; to < KT_N_RELEASES; to++)
      {
        g_autoptr (GPtrArray) notes = g_ptr_array_new_with_free_func (g_free);
        g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
        static const char *const options[KT_N_VALUES] = { "--enable=", "--disable=", "--exclude-fields=" };
        for (guint kind = 0; kind < KT_N_VALUES; kind++)
          {
            g_autofree char *known = kt_features_known (from, kind);
            g_auto (GStrv) values = g_strsplit (known, ", ", -1);
            g_autofree char *all = g_strjoinv (",", values);
            g_autofree char *word = g_strconcat (options[kind], all, NULL);
            g_strv_builder_add (builder, word);
          }
        g_auto (GStrv) words = g_strv_builder_end (builder);
        g_auto (GStrv) result = kt_translate ((const char *const *) words, to, notes);
        g_auto (KtArguments) arguments = { 0 };
        g_autoptr (GError) error = NULL;
        g_assert_true (kt_arguments_parse (&arguments, to, (const char *const *) result, &error));
        g_assert_no_error (error);
      }
}

/* --- override ----------------------------------------------------------------------------------------------------- */

static KtOverride *
override_of (const char *filled_service, const char *written_service, GError **error)
{
  g_autofree char *filled_text = g_strdup_printf ("{\"services\":{\"i\":%s}}", filled_service);
  g_autofree char *written_text = g_strdup_printf ("{\"services\":{\"i\":%s}}", written_service);
  g_autoptr (JsonNode) filled = kt_json_parse (filled_text, NULL), written = kt_json_parse (written_text, NULL);
  const KtOverrideWish wish = { .service = "i", .release = kt_release_row ("v2.3.0"), .set_image = TRUE };
  return kt_override_new (&wish, filled, written, error);
}

static void
test_variables_stay_and_values_are_translated (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KtOverride) override = override_of (
    "{\"image\":\"r:5000/x/simply-kaspa-indexer:latest\",\"entrypoint\":null,"
    "\"command\":[\"-d\",\"postgres://u:ge$$heim@h/d\",\"--disable=blocks_transactions_table\",\"--prune-db=0 4 * * *\"]}",
    "{\"command\":\"-d postgres://u:${PW}@h/d --disable=${OFF} --prune-db='0 4 * * *'\"}", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (override->image, ==, "r:5000/x/simply-kaspa-indexer:v2.3.0");
  g_assert_nonnull (strstr (override->text, "image: \"r:5000/x/simply-kaspa-indexer:v2.3.0\""));
  g_assert_nonnull (strstr (override->text, "- \"--database-url=postgres://u:${PW}@h/d\""));
  g_assert_nonnull (strstr (override->text, "- \"--prune-db=0 4 * * *\""));
  g_assert_nonnull (strstr (override->text, "- \"--exclude-fields=block_transaction_ids,tx_block_hash\""));
  g_assert_null (strstr (override->text, "heim"));
  g_assert_cmpstr (override->before[1], ==, "postgres://u:ge$heim@h/d");
}

static void
test_what_cannot_be_laid_over_is_refused (void)
{
  static const char *const rows[][3] = {
    { "{\"command\":[\"-u\",\"--retention=7d\"]}", "{\"command\":\"${OPTIONS}\"}", "holds options" },
    { "{\"command\":[\"sh\",\"-c\",\"simply-kaspa-indexer -u\"]}", "{\"command\":[\"sh\",\"-c\",\"simply-kaspa-indexer -u\"]}", "shell" },
    { "{\"entrypoint\":[\"simply-kaspa-indexer\",\"-u\"],\"command\":null}", "{\"entrypoint\":[\"simply-kaspa-indexer\",\"-u\"]}", "entrypoint" },
    { "{\"entrypoint\":[\"/bin/sh\",\"-c\",\"exec simply-kaspa-indexer -u\"],\"command\":null}", "{\"command\":null}", "shell" },
    { "{\"command\":[\"busybox\",\"ash\",\"-c\",\"simply-kaspa-indexer -u\"]}", "{\"command\":[\"busybox\",\"ash\",\"-c\",\"x\"]}", "shell" },
    { "{\"command\":[1]}", "{\"command\":[1]}", "cannot be read" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (KtOverride) override = override_of (rows[i][0], rows[i][1], &error);
      g_assert_null (override);
      g_assert_nonnull (strstr (error->message, rows[i][2]));
    }
}

static void
test_program_in_the_command_stays_there (void)
{
  g_autoptr (GError) error = NULL;
  const char *service = "{\"image\":\"mine\",\"command\":[\"simply-kaspa-indexer\",\"-u\"]}";
  g_autoptr (KtOverride) override = override_of (service, service, &error);
  g_assert_no_error (error);
  g_assert_nonnull (strstr (override->text, "- \"simply-kaspa-indexer\"\n      - \"--upgrade-db\"\n"));
}

/* Nothing behind an option is a program or a shell. */
static void
test_database_called_like_the_program_is_a_value (void)
{
  g_autoptr (GError) error = NULL;
  const char *service = "{\"command\":[\"-d\",\"postgres://u@h/simply-kaspa-indexer\",\"-s\",\"ws://h/sh\",\"-u\"]}";
  g_autoptr (KtOverride) override = override_of (service, service, &error);
  g_assert_no_error (error);
  g_assert_nonnull (strstr (override->text, "    command:\n      - \"--database-url=postgres://u@h/simply-kaspa-indexer\"\n      - \"--rpc-url=ws://h/sh\"\n"));
}

static void
test_file_of_somebody_else_is_not_taken_for_ours (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KtOverride) override = override_of ("{\"command\":[\"-u\"]}", "{\"command\":[\"-u\"]}", &error);
  g_assert_no_error (error);
  g_assert_true (kt_override_is_of (override->text, "i"));
  g_assert_false (kt_override_is_of (override->text, "other"));
  g_assert_false (kt_override_is_of ("services:\n  \"i\":\n    command: mine\n", "i"));
}

static void
test_password_in_a_word_that_is_left_out_is_not_said (void)
{
  g_autoptr (GPtrArray) notes = g_ptr_array_new_with_free_func (g_free);
  const char *const words[] = { "-u", "--dsn=postgres://u:geheim@h/d", "postgres://u:geheim@h/d", NULL };
  g_auto (GStrv) result = kt_translate (words, KT_RELEASE_V2_3_0, notes);
  g_assert_cmpuint (g_strv_length (result), ==, 1);
  g_assert_cmpuint (notes->len, ==, 2);
  for (guint i = 0; i < notes->len; i++)
    g_assert_null (strstr (notes->pdata[i], "geheim"));
}

static void
test_digest_knows_no_password (void)
{
  g_autofree char *one = kt_override_digest ("      - \"--database-url=postgres://u:first@h/d?password=other\"\n      - \"--upgrade-db\"\n");
  g_autofree char *other = kt_override_digest ("      - \"--database-url=postgres://u:second@h/d?password=third\"\n      - \"--upgrade-db\"\n");
  g_autofree char *changed = kt_override_digest ("      - \"--database-url=postgres://u:first@h/e?password=other\"\n      - \"--upgrade-db\"\n");
  g_assert_cmpstr (one, ==, other);
  g_assert_cmpstr (one, !=, changed);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/translate/words", test_words_of_one_release_in_those_of_another);
  g_test_add_func ("/translate/taken", test_whatever_comes_out_is_taken);
  g_test_add_func ("/override/variables", test_variables_stay_and_values_are_translated);
  g_test_add_func ("/override/refused", test_what_cannot_be_laid_over_is_refused);
  g_test_add_func ("/override/program", test_program_in_the_command_stays_there);
  g_test_add_func ("/override/value", test_database_called_like_the_program_is_a_value);
  g_test_add_func ("/override/whose", test_file_of_somebody_else_is_not_taken_for_ours);
  g_test_add_func ("/translate/secret", test_password_in_a_word_that_is_left_out_is_not_said);
  g_test_add_func ("/override/digest", test_digest_knows_no_password);
  return g_test_run ();
}
