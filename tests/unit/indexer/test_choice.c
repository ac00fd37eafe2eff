/* SPDX-License-Identifier: MIT */
#include "indexer/choice.h"

#include "base/error.h"
#include "indexer/check.h"
#include "indexer/effects.h"
#include "indexer/translate.h"

#include <string.h>

#define COMBINATIONS 200 /* for each release */

static GPtrArray *
sentences_new (void)
{
  return g_ptr_array_new_with_free_func (g_free);
}

static const char *const none[] = { NULL };

/* "…" in one line, or the message of what refused it. */
static char *
applied (const KtChoice *choice, const char *tag, const char *const *words)
{
  g_autoptr (GPtrArray) notes = sentences_new ();
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) result = kt_choice_apply (choice, kt_release_row (tag), words, notes, &error);
  return result != NULL ? g_strjoinv (" ", result) : g_strdup (error->message);
}

static void
test_choices_in_the_words_of_a_release (void)
{
  const KtUse *explorer = kt_use_find ("explorer"), *social = kt_use_find ("k-social");
  const struct { KtChoice choice; const char *tag, *words; } rows[] = {
    { { .use = explorer }, "v2.3.0", "" },
    { { .use = explorer, .disable = "blocks_table, block_parent_table" }, "v2.3.0", "--disable=blocks_table,block_parent_table" },
    { { .use = explorer, .mapping = "scripts" }, "v2.3.0", "--exclude-fields=tx_out_script_public_key_address" },
    { { .use = explorer, .mapping = "none" }, "v1.6.3", "--disable=addresses_transactions_table" },
    { { .use = kt_use_find ("explorer-scripts"), .mapping = "addresses" }, "v2.3.0", "" },
    { { .use = kt_use_find ("explorer-scripts"), .keep = "tx_out_script_public_key_address" }, "v2.3.0", "" },
    /* Names of other releases, and such as designs have. */
    { { .use = explorer, .disable = "transactions_inputs_table" }, "v2.3.0", "--disable=transactions_inputs" },
    { { .use = explorer, .disable = "transaction_inputs" }, "v1.6.3", "--disable=transactions_inputs_table" },
    { { .use = explorer, .disable = "block_transactions" }, "v2.2.1", "--disable=blocks_transactions_table" },
    { { .use = explorer, .disable = "block_transactions" }, "v2.3.0", "--exclude-fields=block_transaction_ids,tx_block_hash" },
    { { .use = explorer, .disable = "address_transactions" }, "v2.3.0", "--disable=addresses_transactions_table" },
    { { .use = explorer, .disable = "vcp_wait_for_sync" }, "v2.3.0", "" },
    { { .use = explorer, .exclude = "block_hash" }, "v2.3.0", "there is no field “block_hash” to leave out" },
    { { .use = explorer, .exclude = "transaction_hash" }, "v2.3.0", "there is no field “transaction_hash” to leave out" },
    { { .use = explorer, .disable = "tx_hash" }, "v2.3.0", "there is no table “tx_hash” to leave out" },
    { { .use = explorer, .keep = "nothing-of-that-name" }, "v2.3.0", "there is no field “nothing-of-that-name” to leave out" },
    /* What contradicts itself. */
    { { .use = explorer, .mapping = "scripts", .disable = "address_transactions" }, "v2.3.0",
      "--mapping scripts needs addresses_transactions_table, which is to be left out" },
    { { .use = explorer, .mapping = "scripts", .exclude = "tx_out_script_public_key" }, "v2.3.0",
      "--mapping scripts needs tx_out_script_public_key, which is to be left out" },
    { { .use = explorer, .mapping = "addresses", .exclude = "tx_out_script_public_key_address" }, "v2.3.0",
      "--mapping addresses needs tx_out_script_public_key_address, which is to be left out" },
    { { .use = explorer, .mapping = "both" }, "v2.3.0", "there is no mapping “both”" },
    /* How long. */
    { { .use = explorer, .retention = "30d" }, "v2.3.0", "--prune-db --retention=30d" },
    { { .use = social, .retention = "", .keep = "virtual_chain_processing,transaction_acceptance" }, "v2.3.1-beta1",
      "--disable=blocks_table,block_parent_table,transactions_inputs,transactions_outputs,addresses_transactions_table,rejected_transactions" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *words = applied (&rows[i].choice, rows[i].tag, none);
      char *fields = strstr (words, " --exclude-fields=block_accepted");
      if (fields != NULL)
        *fields = '\0';
      g_assert_cmpstr (words, ==, rows[i].words);
    }
}

static void
test_what_is_stored_is_replaced_and_nothing_else (void)
{
  const char *const words[] = { "-d", "postgres://x", "-b", "2", "--disable=transactions_table", "--prune-db=5 5 * * *", "--retention-blocks=1h", NULL };
  g_autofree char *use = applied (&(KtChoice){ .use = kt_use_find ("integrator"), .retention = "14d" }, "v2.3.0", words);
  g_assert_true (g_str_has_prefix (use, "--database-url=postgres://x --batch-scale=2 --prune-db=5 5 * * * --retention=14d "
                                        "--disable=block_parent_table,addresses_transactions_table,rejected_transactions --exclude-fields="));
  g_autofree char *everything = applied (&(KtChoice){ .use = kt_use_find ("explorer") }, "v2.3.0", words);
  g_assert_cmpstr (everything, ==, "--database-url=postgres://x --batch-scale=2");
  /* Without a use, what stands there is the beginning. */
  g_autofree char *more = applied (&(KtChoice){ .disable = "block_parent_table" }, "v2.3.0", words);
  g_assert_cmpstr (more, ==, "--database-url=postgres://x --batch-scale=2 --prune-db=5 5 * * * --retention-blocks=1h --disable=block_parent_table,transactions_table");
  g_autofree char *less = applied (&(KtChoice){ .keep = "transactions_table" }, "v2.3.0", words);
  g_assert_cmpstr (less, ==, "--database-url=postgres://x --batch-scale=2 --prune-db=5 5 * * * --retention-blocks=1h");
  g_autofree char *longer = applied (&(KtChoice){ .retention = "2d" }, "v2.3.0", words);
  g_assert_cmpstr (longer, ==, "--database-url=postgres://x --batch-scale=2 --prune-db=5 5 * * * --retention=2d --disable=transactions_table");
}

/* --- combinations ------------------------------------------------------------------------------------------------- */

/* All names of a kind that any release has. */
static GPtrArray *
all_names (KtValues kind)
{
  GPtrArray *names = sentences_new ();
  for (KtRelease release = 0; release < KT_N_RELEASES; release++)
    {
      g_autofree char *known = kt_features_known (release, kind);
      g_auto (GStrv) parts = g_strsplit (known, ", ", -1);
      for (char **name = parts; *name != NULL; name++)
        if (!g_str_equal (*name, "none") && !g_ptr_array_find_with_equal_func (names, *name, g_str_equal, NULL))
          g_ptr_array_add (names, g_strdup (*name));
    }
  return names;
}

/* About one in @share of them; NULL: none. */
static char *
some_of (GRand *random, const GPtrArray *names, int share)
{
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < names->len; i++)
    if (g_rand_int_range (random, 0, share) == 0)
      g_string_append_printf (text, "%s%s", text->len > 0 ? "," : "", (const char *) names->pdata[i]);
  return g_string_free (text, text->len == 0);
}

/* Does @features leave out what @text names, as far as @release has it? */
static void
assert_left_out (const KtReleaseRow *release, const KtFeatures *features, KtValues kind, const char *text, gboolean all)
{
  g_auto (GStrv) parts = g_strsplit (text != NULL ? text : "", ",", -1);
  for (char **name = parts; *name != NULL; name++)
    {
      KtFeatures one = { 0 };
      const char *own = **name != '\0' ? kt_features_name_in (release->flags, kind, *name) : NULL;
      if (own == NULL || !kt_features_add (&one, release->flags, kind, own, NULL))
        continue;
      g_assert_cmpuint (features->disabled & one.disabled, ==, all ? one.disabled : 0);
      g_assert_cmpuint (features->excluded & one.excluded, ==, all ? one.excluded : 0);
    }
}

static void
try_combination (GRand *random, const KtReleaseRow *release, const GPtrArray *tables, const GPtrArray *fields)
{
  static const char *const mappings[] = { NULL, "addresses", "scripts", "none" };
  static const KtMapping wanted[] = { KT_MAPPING_NONE, KT_MAPPING_ADDRESSES, KT_MAPPING_SCRIPTS, KT_MAPPING_NONE };
  g_autofree char *disable = some_of (random, tables, 6), *exclude = some_of (random, fields, 8);
  g_autofree char *keep = some_of (random, g_rand_boolean (random) ? tables : fields, 5);
  guint use = (guint) g_rand_int_range (random, 0, 6), mapping = (guint) g_rand_int_range (random, 0, 4);
  KtChoice choice = { .use = kt_uses[use].name != NULL ? &kt_uses[use] : NULL, .disable = disable, .exclude = exclude, .keep = keep,
                      .mapping = mappings[mapping], .retention = g_rand_boolean (random) ? "7d" : NULL };
  g_autofree char *said = kt_choice_words (&choice);
  g_autoptr (GPtrArray) notes = sentences_new (), findings = kt_findings_new ();
  g_autoptr (GError) error = NULL;
  g_auto (KtArguments) arguments = { 0 };
  g_test_message ("%s: %s", release->tag, said);
  g_auto (GStrv) words = kt_choice_apply (&choice, release, none, notes, &error);
  if (words == NULL)
    {
      /* Only what contradicts itself is refused. */
      g_assert_nonnull (strstr (error->message, "which is to be left out"));
      return;
    }
  g_assert_true (kt_arguments_parse (&arguments, release->flags, (const char *const *) words, &error));
  g_assert_no_error (error);
  assert_left_out (release, &arguments.features, KT_VALUES_DISABLE, mapping == 0 || mapping == 3 ? disable : NULL, TRUE);
  assert_left_out (release, &arguments.features, KT_VALUES_EXCLUDE_FIELDS, mapping == 0 || mapping == 3 ? exclude : NULL, TRUE);
  if (disable == NULL && exclude == NULL && mapping == 0)
    {
      assert_left_out (release, &arguments.features, KT_VALUES_DISABLE, keep, FALSE);
      assert_left_out (release, &arguments.features, KT_VALUES_EXCLUDE_FIELDS, keep, FALSE);
    }
  /* Where the address is left out by a field of its own, too, `addresses` would have been refused. */
  if (mapping > 0)
    g_assert_cmpint (kt_features_mapping (&arguments.features), ==, wanted[mapping]);
  KtIndexerUse judged = { .release = release, .arguments = &arguments, .max_connections = -1 };
  kt_indexer_check (&judged, findings);
  /* The same again changes nothing. */
  KtChoice again = { .disable = disable, .exclude = exclude, .mapping = choice.mapping };
  g_auto (GStrv) twice = kt_choice_apply (&again, release, (const char *const *) words, notes, &error);
  g_assert_no_error (error);
  g_assert_true (g_strv_equal ((const char *const *) words, (const char *const *) twice));
}

static void
test_whatever_is_chosen_is_taken_by_every_release (void)
{
  g_autoptr (GPtrArray) tables = all_names (KT_VALUES_DISABLE), fields = all_names (KT_VALUES_EXCLUDE_FIELDS);
  GRand *random = g_rand_new_with_seed (7);
  guint n = 0;
  const KtReleaseRow *releases = kt_releases (&n);
  for (guint i = 0; i < n; i++)
    for (guint k = 0; k < COMBINATIONS && releases[i].flags != KT_N_RELEASES; k++)
      try_combination (random, &releases[i], tables, fields);
  g_rand_free (random);
}

/* --- effects ------------------------------------------------------------------------------------------------------ */

static void
test_every_value_says_what_is_lost_without_it (void)
{
  for (guint kind = KT_VALUES_DISABLE; kind < KT_N_VALUES; kind++)
    {
      g_autoptr (GPtrArray) names = all_names (kind);
      for (guint i = 0; i < names->len; i++)
        {
          KtFeatures features = { 0 };
          guint bit = 0;
          g_assert_true (kt_features_read (&features, kind, names->pdata[i]));
          g_assert_true (kt_effects_next (&features, kind, &bit));
          g_assert_nonnull (kt_effect_lost (kind, bit));
          KtFeatures with = kt_effects_with (&features, kind, bit);
          g_assert_cmpuint (with.disabled | with.excluded, ==, 0);
          g_assert_false (kt_effects_next (&features, kind, &bit));
        }
    }
}

static void
test_features_keep_their_meaning_in_another_release (void)
{
  KtFeatures old = { 0 };
  g_assert_true (kt_features_add (&old, KT_RELEASE_V1_6_3, KT_VALUES_DISABLE, "blocks_transactions_table,transactions_inputs_table", NULL));
  KtFeatures new = kt_translate_features (&old, KT_RELEASE_V1_6_3, KT_RELEASE_V2_3_0);
  g_autofree char *tables = kt_features_to_words (&new, KT_RELEASE_V2_3_0, KT_VALUES_DISABLE);
  g_autofree char *fields = kt_features_to_words (&new, KT_RELEASE_V2_3_0, KT_VALUES_EXCLUDE_FIELDS);
  g_assert_cmpstr (tables, ==, "transactions_inputs");
  g_assert_cmpstr (fields, ==, "block_transaction_ids,tx_block_hash");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/choice/words", test_choices_in_the_words_of_a_release);
  g_test_add_func ("/choice/replaces", test_what_is_stored_is_replaced_and_nothing_else);
  g_test_add_func ("/choice/combinations", test_whatever_is_chosen_is_taken_by_every_release);
  g_test_add_func ("/effects/lost", test_every_value_says_what_is_lost_without_it);
  g_test_add_func ("/effects/translated", test_features_keep_their_meaning_in_another_release);
  return g_test_run ();
}
