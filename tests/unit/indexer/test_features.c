/* SPDX-License-Identifier: MIT */
#include "indexer/features.h"

#include "base/error.h"

/* Which releases know a value: y or n for v1.6.3, v2.0.0-beta1, v2.0.0, v2.1.2, v2.2.0,
 * v2.2.1, v2.3.0. */
static const struct {
  KtValues kind;
  const char *name;
  const char *known;
} values[] = {
  { KT_VALUES_ENABLE, "transactions_inputs_resolve", "yyyyyyy" },
  { KT_VALUES_ENABLE, "dynamic_vcp_tip_distance", "ynnnnnn" },
  { KT_VALUES_ENABLE, "force_utxo_import", "ynnnnnn" },
  { KT_VALUES_DISABLE, "virtual_chain_processing", "yyyyyyy" },
  { KT_VALUES_DISABLE, "blocks_transactions_table", "yyyyyyn" },
  { KT_VALUES_DISABLE, "transactions_inputs_table", "ynnnnnn" },
  { KT_VALUES_DISABLE, "transactions_inputs", "nyyyyyy" },
  { KT_VALUES_DISABLE, "initial_utxo_import", "yyynnnn" },
  { KT_VALUES_DISABLE, "vcp_wait_for_sync", "ynnnnnn" },
  { KT_VALUES_DISABLE, "rejected_transactions", "nnnyyyy" },
  { KT_VALUES_EXCLUDE_FIELDS, "tx_payload", "yyyyyyy" },
  { KT_VALUES_EXCLUDE_FIELDS, "tx_in_block_time", "ynnnnnn" },
  { KT_VALUES_EXCLUDE_FIELDS, "tx_in_covenant_id", "nnnnyyy" },
  { KT_VALUES_EXCLUDE_FIELDS, "block_transaction_ids", "nnnnnny" },
  { KT_VALUES_EXCLUDE_FIELDS, "tx_colour", "nnnnnnn" },
  { KT_VALUES_DISABLE, "", "nnnnnnn" },
};

static void
test_values (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (values); i++)
    for (KtRelease release = 0; release < KT_N_RELEASES; release++)
      {
        KtFeatures features = { 0 };
        g_autoptr (GError) error = NULL;
        gboolean known = kt_features_add (&features, release, values[i].kind, values[i].name, &error);
        g_test_message ("%s, %s", kt_release_name (release), values[i].name);
        g_assert_cmpint (known, ==, values[i].known[release] == 'y');
        if (known)
          g_assert_no_error (error);
        else
          g_assert_error (error, KT_ERROR, KT_ERROR_USAGE);
      }
}

static void
test_releases (void)
{
  g_assert_cmpint (kt_release_from_name ("v2.3.0"), ==, KT_RELEASE_V2_3_0);
  g_assert_cmpint (kt_release_from_name ("1.6.3"), ==, KT_RELEASE_V1_6_3);
  g_assert_cmpint (kt_release_from_name ("2.0.0-beta1"), ==, KT_RELEASE_V2_0_0_BETA1);
  g_assert_cmpint (kt_release_from_name ("v9"), ==, KT_N_RELEASES);
  g_assert_cmpuint (kt_release_schema (KT_RELEASE_V1_6_3), ==, 10);
  g_assert_cmpuint (kt_release_schema (KT_RELEASE_V2_3_0), ==, 23);
  g_assert_cmpint (kt_release_of_schema (21), ==, KT_RELEASE_V2_1_2);
}

static void
test_round_trip (void)
{
  KtFeatures light = kt_features_light (), again = { 0 };
  g_autofree char *disable = kt_features_to_string (&light, KT_VALUES_DISABLE);
  g_autofree char *exclude = kt_features_to_string (&light, KT_VALUES_EXCLUDE_FIELDS);
  g_assert_true (kt_features_add (&again, KT_RELEASE_V2_3_0, KT_VALUES_DISABLE, disable, NULL));
  g_assert_true (kt_features_add (&again, KT_RELEASE_V2_3_0, KT_VALUES_EXCLUDE_FIELDS, exclude, NULL));
  g_assert_cmpmem (&light, sizeof light, &again, sizeof again);
  g_assert_null (kt_features_to_string (&(KtFeatures) { 0 }, KT_VALUES_DISABLE));
}

/* Section “which mapping table is written” of the indexer's documentation. */
static void
test_mapping (void)
{
  static const struct { const char *disable; const char *exclude; KtMapping mapping; } rows[] = {
    { "none", "none", KT_MAPPING_ADDRESSES },
    { "none", "tx_out_script_public_key", KT_MAPPING_ADDRESSES },
    { "none", "tx_out_script_public_key_address", KT_MAPPING_SCRIPTS },
    { "none", "tx_out_script_public_key_address,tx_out_script_public_key", KT_MAPPING_NONE },
    { "addresses_transactions_table", "none", KT_MAPPING_NONE },
    { "addresses_transactions_table", "tx_out_script_public_key_address", KT_MAPPING_NONE },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      KtFeatures features = { 0 };
      g_assert_true (kt_features_add (&features, KT_RELEASE_V2_3_0, KT_VALUES_DISABLE, rows[i].disable, NULL));
      g_assert_true (kt_features_add (&features, KT_RELEASE_V2_3_0, KT_VALUES_EXCLUDE_FIELDS, rows[i].exclude, NULL));
      g_assert_cmpint (kt_features_mapping (&features), ==, rows[i].mapping);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/indexer/features/values-are-those-of-the-release", test_values);
  g_test_add_func ("/indexer/features/releases-have-schemas", test_releases);
  g_test_add_func ("/indexer/features/text-and-back", test_round_trip);
  g_test_add_func ("/indexer/features/mapping-table-follows", test_mapping);
  return g_test_run ();
}
