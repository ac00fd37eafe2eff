/* SPDX-License-Identifier: MIT */
#include "indexer/uses.h"

#include "indexer/check.h"
#include "indexer/choice.h"

#include <string.h>

static GStrv
words_of (const KtUse *use, const KtReleaseRow *release, const char *retention)
{
  static const char *const none[] = { NULL };
  g_autoptr (GPtrArray) notes = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  GStrv words = kt_choice_apply (&(KtChoice){ .use = use, .retention = retention }, release, none, notes, &error);
  g_assert_no_error (error);
  return words;
}

/* The words of every use are accepted by every release, mean what the use says, and break no rule that would stop it. */
static void
test_every_release_takes_every_use (void)
{
  guint n = 0;
  const KtReleaseRow *releases = kt_releases (&n);
  for (guint i = 0; i < n; i++)
    for (const KtUse *use = kt_uses; use->name != NULL && releases[i].flags != KT_N_RELEASES; use++)
      {
        const KtReleaseRow *release = &releases[i];
        g_auto (GStrv) words = words_of (use, release, NULL);
        g_autofree char *line = g_strjoinv (" ", words);
        g_auto (KtArguments) arguments = { 0 };
        g_autoptr (GPtrArray) findings = kt_findings_new ();
        g_autoptr (GError) error = NULL;
        g_test_message ("%s: %s: %s", release->tag, use->name, line);
        kt_arguments_parse (&arguments, release->flags, (const char *const *) words, &error);
        g_assert_no_error (error);
        KtFeatures wanted = kt_use_features (use, release);
        g_assert_cmpuint (arguments.features.disabled, ==, wanted.disabled);
        g_assert_cmpuint (arguments.features.excluded, ==, wanted.excluded);
        KtIndexerUse check = { .release = release, .arguments = &arguments, .max_connections = -1,
                               .feeds_k_indexer = g_str_equal (use->name, "k-social") };
        kt_indexer_check (&check, findings);
        g_assert_false (kt_findings_refuse (findings));
      }
}

static void
test_mappings (void)
{
  static const struct {
    const char *use;
    KtMapping mapping;
  } rows[] = { { "explorer", KT_MAPPING_ADDRESSES }, { "explorer-scripts", KT_MAPPING_SCRIPTS }, { "wallet", KT_MAPPING_ADDRESSES },
               { "integrator", KT_MAPPING_NONE }, { "k-social", KT_MAPPING_NONE } };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      KtFeatures features = kt_use_features (kt_use_find (rows[i].use), kt_release_row ("v2.3.0"));
      g_assert_cmpint (kt_features_mapping (&features), ==, rows[i].mapping);
    }
  g_assert_null (kt_use_find ("mining"));
}

static void
test_retention (void)
{
  const KtUse *explorer = kt_use_find ("explorer"), *integrator = kt_use_find ("integrator");
  g_auto (GStrv) everything = words_of (explorer, kt_release_row ("v2.3.0"), NULL);
  g_assert_cmpuint (g_strv_length (everything), ==, 0);
  g_auto (GStrv) week = words_of (integrator, kt_release_row ("v2.3.0"), NULL);
  g_assert_true (g_strv_contains ((const char *const *) week, "--retention=7d"));
  g_auto (GStrv) own = words_of (integrator, kt_release_row ("v2.3.0"), "36h");
  g_assert_true (g_strv_contains ((const char *const *) own, "--retention=36h"));
  g_auto (GStrv) ever = words_of (integrator, kt_release_row ("v2.3.0"), "");
  g_assert_false (g_strv_contains ((const char *const *) ever, "--prune-db"));
}

/* What K-indexer's own compose file asks for, in the words of the release that it needs. */
static void
test_k_social_in_old_and_new_words (void)
{
  const KtUse *use = kt_use_find ("k-social");
  g_auto (GStrv) old = words_of (use, kt_release_row ("v1.6.3"), NULL);
  g_auto (GStrv) new = words_of (use, kt_release_row ("v2.3.0"), NULL);
  g_autofree char *old_line = g_strjoinv (" ", old);
  g_autofree char *new_line = g_strjoinv (" ", new);
  g_assert_nonnull (strstr (old_line, "transactions_inputs_table"));
  g_assert_nonnull (strstr (old_line, "vcp_wait_for_sync"));
  g_assert_null (strstr (new_line, "transactions_inputs_table"));
  g_assert_null (strstr (new_line, "blocks_transactions_table"));
  g_assert_nonnull (strstr (new_line, "tx_block_hash"));
  g_assert_null (strstr (new_line, "tx_payload"));
  g_assert_null (strstr (new_line, "tx_block_time"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/indexer/uses/every-release-takes-every-use", test_every_release_takes_every_use);
  g_test_add_func ("/indexer/uses/mappings", test_mappings);
  g_test_add_func ("/indexer/uses/retention", test_retention);
  g_test_add_func ("/indexer/uses/k-social-in-old-and-new-words", test_k_social_in_old_and_new_words);
  return g_test_run ();
}
