/* SPDX-License-Identifier: MIT */
#include "indexer/features.h"

#include "base/error.h"

/* Releases that know a value. */
enum {
  V1 = 1 << KT_RELEASE_V1_6_3,
  V20 = 1 << KT_RELEASE_V2_0_0_BETA1 | 1 << KT_RELEASE_V2_0_0,
  V21 = 1 << KT_RELEASE_V2_1_2,
  V22 = 1 << KT_RELEASE_V2_2_0 | 1 << KT_RELEASE_V2_2_1,
  V23 = 1 << KT_RELEASE_V2_3_0,
  ALL = V1 | V20 | V21 | V22 | V23,
};

static const struct {
  const char *name;
  guint schema;
} releases[KT_N_RELEASES] = {
  [KT_RELEASE_V1_6_3] = { "v1.6.3", 10 },
  [KT_RELEASE_V2_0_0_BETA1] = { "v2.0.0-beta1", 20 },
  [KT_RELEASE_V2_0_0] = { "v2.0.0", 20 },
  [KT_RELEASE_V2_1_2] = { "v2.1.2", 21 },
  [KT_RELEASE_V2_2_0] = { "v2.2.0", 22 },
  [KT_RELEASE_V2_2_1] = { "v2.2.1", 22 },
  [KT_RELEASE_V2_3_0] = { "v2.3.0", 23 },
};

typedef struct {
  const char *name;
  guint releases;
  guint bit; /* KtField, KtDisable; nothing for --enable */
} Value;

static const Value enable_values[] = {
  { "none", ALL },
  { "transactions_inputs_resolve", ALL },
  { "dynamic_vcp_tip_distance", V1 },
  { "force_utxo_import", V1 },
  { NULL },
};

static const Value disable_values[] = {
  { "none", ALL, KT_DISABLE_NONE },
  { "virtual_chain_processing", ALL, KT_DISABLE_VIRTUAL_CHAIN_PROCESSING },
  { "transaction_acceptance", ALL, KT_DISABLE_TRANSACTION_ACCEPTANCE },
  { "transaction_processing", ALL, KT_DISABLE_TRANSACTION_PROCESSING },
  { "blocks_table", ALL, KT_DISABLE_BLOCKS_TABLE },
  { "block_parent_table", ALL, KT_DISABLE_BLOCK_PARENT_TABLE },
  { "blocks_transactions_table", V1 | V20 | V21 | V22, KT_DISABLE_BLOCKS_TRANSACTIONS_TABLE },
  { "transactions_table", ALL, KT_DISABLE_TRANSACTIONS_TABLE },
  { "transactions_inputs_table", V1, KT_DISABLE_TRANSACTIONS_INPUTS },
  { "transactions_outputs_table", V1, KT_DISABLE_TRANSACTIONS_OUTPUTS },
  { "transactions_inputs", V20 | V21 | V22 | V23, KT_DISABLE_TRANSACTIONS_INPUTS },
  { "transactions_outputs", V20 | V21 | V22 | V23, KT_DISABLE_TRANSACTIONS_OUTPUTS },
  { "addresses_transactions_table", ALL, KT_DISABLE_ADDRESSES_TRANSACTIONS_TABLE },
  { "initial_utxo_import", V1 | V20, KT_DISABLE_INITIAL_UTXO_IMPORT },
  { "vcp_wait_for_sync", V1, KT_DISABLE_VCP_WAIT_FOR_SYNC },
  { "rejected_transactions", V21 | V22 | V23, KT_DISABLE_REJECTED_TRANSACTIONS },
  { "rejected_non_cb_transactions", V21 | V22 | V23, KT_DISABLE_REJECTED_NON_CB_TRANSACTIONS },
  { NULL },
};

static const Value field_values[] = {
  { "none", ALL, KT_FIELD_NONE },
  { "block_accepted_id_merkle_root", ALL, KT_FIELD_BLOCK_ACCEPTED_ID_MERKLE_ROOT },
  { "block_transaction_ids", V23, KT_FIELD_BLOCK_TRANSACTION_IDS },
  { "block_merge_set_blues_hashes", ALL, KT_FIELD_BLOCK_MERGE_SET_BLUES_HASHES },
  { "block_merge_set_reds_hashes", ALL, KT_FIELD_BLOCK_MERGE_SET_REDS_HASHES },
  { "block_selected_parent_hash", ALL, KT_FIELD_BLOCK_SELECTED_PARENT_HASH },
  { "block_bits", ALL, KT_FIELD_BLOCK_BITS },
  { "block_blue_score", ALL, KT_FIELD_BLOCK_BLUE_SCORE },
  { "block_blue_work", ALL, KT_FIELD_BLOCK_BLUE_WORK },
  { "block_daa_score", ALL, KT_FIELD_BLOCK_DAA_SCORE },
  { "block_hash_merkle_root", ALL, KT_FIELD_BLOCK_HASH_MERKLE_ROOT },
  { "block_nonce", ALL, KT_FIELD_BLOCK_NONCE },
  { "block_pruning_point", ALL, KT_FIELD_BLOCK_PRUNING_POINT },
  { "block_timestamp", ALL, KT_FIELD_BLOCK_TIMESTAMP },
  { "block_utxo_commitment", ALL, KT_FIELD_BLOCK_UTXO_COMMITMENT },
  { "block_version", ALL, KT_FIELD_BLOCK_VERSION },
  { "tx_subnetwork_id", ALL, KT_FIELD_TX_SUBNETWORK_ID },
  { "tx_hash", ALL, KT_FIELD_TX_HASH },
  { "tx_mass", ALL, KT_FIELD_TX_MASS },
  { "tx_payload", ALL, KT_FIELD_TX_PAYLOAD },
  { "tx_block_time", ALL, KT_FIELD_TX_BLOCK_TIME },
  { "tx_block_hash", V23, KT_FIELD_TX_BLOCK_HASH },
  { "tx_in_block_time", V1, KT_FIELD_TX_IN_BLOCK_TIME },
  { "tx_in_previous_outpoint", ALL, KT_FIELD_TX_IN_PREVIOUS_OUTPOINT },
  { "tx_in_signature_script", ALL, KT_FIELD_TX_IN_SIGNATURE_SCRIPT },
  { "tx_in_sig_op_count", ALL, KT_FIELD_TX_IN_SIG_OP_COUNT },
  { "tx_in_compute_budget", V22 | V23, KT_FIELD_TX_IN_COMPUTE_BUDGET },
  { "tx_in_covenant_id", V22 | V23, KT_FIELD_TX_IN_COVENANT_ID },
  { "tx_out_block_time", V1, KT_FIELD_TX_OUT_BLOCK_TIME },
  { "tx_out_amount", ALL, KT_FIELD_TX_OUT_AMOUNT },
  { "tx_out_script_public_key", ALL, KT_FIELD_TX_OUT_SCRIPT_PUBLIC_KEY },
  { "tx_out_script_public_key_address", ALL, KT_FIELD_TX_OUT_SCRIPT_PUBLIC_KEY_ADDRESS },
  { "tx_out_covenant_authorizing_input", V22 | V23, KT_FIELD_TX_OUT_COVENANT_AUTHORIZING_INPUT },
  { "tx_out_covenant_id", V22 | V23, KT_FIELD_TX_OUT_COVENANT_ID },
  { NULL },
};

static const struct {
  const char *option;
  const Value *values;
} kinds[KT_N_VALUES] = {
  [KT_VALUES_ENABLE] = { "enable", enable_values },
  [KT_VALUES_DISABLE] = { "disable", disable_values },
  [KT_VALUES_EXCLUDE_FIELDS] = { "exclude-fields", field_values },
};

KtRelease
kt_release_from_name (const char *name)
{
  KtRelease release = 0;
  while (release < KT_N_RELEASES && g_strcmp0 (releases[release].name, name) != 0
         && g_strcmp0 (releases[release].name + 1, name) != 0)
    release++;
  return release;
}

const char *
kt_release_name (KtRelease release)
{
  return release < KT_N_RELEASES ? releases[release].name : NULL;
}

guint
kt_release_schema (KtRelease release)
{
  return release < KT_N_RELEASES ? releases[release].schema : 0;
}

KtRelease
kt_release_of_schema (guint schema)
{
  static const struct { guint schema; KtRelease release; } rows[] = {
    { 10, KT_RELEASE_V1_6_3 }, { 20, KT_RELEASE_V2_0_0 }, { 21, KT_RELEASE_V2_1_2 }, { 22, KT_RELEASE_V2_2_1 },
    { 23, KT_RELEASE_V2_3_0 },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (rows[i].schema == schema)
      return rows[i].release;
  return KT_N_RELEASES;
}

static const Value *
find_value (KtRelease release, KtValues kind, const char *name)
{
  for (const Value *value = kinds[kind].values; value->name != NULL; value++)
    if ((value->releases >> release & 1) != 0 && g_str_equal (value->name, name))
      return value;
  return NULL;
}

char *
kt_features_known (KtRelease release, KtValues kind)
{
  GString *names = g_string_new (NULL);
  for (const Value *value = kinds[kind].values; value->name != NULL; value++)
    if ((value->releases >> release & 1) != 0)
      g_string_append_printf (names, "%s%s", names->len > 0 ? ", " : "", value->name);
  return g_string_free (names, FALSE);
}

const char *
kt_features_name_in (KtRelease release, KtValues kind, const char *name)
{
  const Value *same = find_value (release, kind, name), *any = NULL;
  if (same != NULL)
    return same->name;
  for (guint other = 0; other < KT_N_RELEASES && any == NULL; other++)
    any = find_value (other, kind, name);
  for (const Value *value = kinds[kind].values; any != NULL && any->bit != 0 && value->name != NULL; value++)
    if (value->bit == any->bit && (value->releases >> release & 1) != 0)
      return value->name;
  return NULL;
}

static void
set_bit (KtFeatures *features, KtValues kind, guint bit)
{
  guint64 *set = kind == KT_VALUES_DISABLE ? &features->disabled : &features->excluded;
  if (kind == KT_VALUES_ENABLE || bit == 0)
    return;
  *set |= G_GUINT64_CONSTANT (1) << bit;
  if (kind == KT_VALUES_DISABLE && bit == KT_DISABLE_TRANSACTIONS_INPUTS)
    features->excluded |= G_GUINT64_CONSTANT (1) << KT_FIELD_TX_INPUTS;
  if (kind == KT_VALUES_DISABLE && bit == KT_DISABLE_TRANSACTIONS_OUTPUTS)
    features->excluded |= G_GUINT64_CONSTANT (1) << KT_FIELD_TX_OUTPUTS;
}

gboolean
kt_features_add (KtFeatures *features, KtRelease release, KtValues kind, const char *text, GError **error)
{
  g_auto (GStrv) names = g_strsplit (*text != '\0' ? text : ",", ",", -1);
  for (char **name = names; *name != NULL; name++)
    {
      const Value *value = find_value (release, kind, *name);
      if (value == NULL)
        {
          g_autofree char *known = kt_features_known (release, kind);
          g_autofree char *detail = g_strdup_printf ("[possible values: %s]", known);
          kt_error_set (error, KT_ERROR_USAGE, detail, "For more information, try '--help'.",
                        "invalid value '%s' for '--%s'", *name, kinds[kind].option);
          return FALSE;
        }
      set_bit (features, kind, value->bit);
    }
  return TRUE;
}

KtFeatures
kt_features_known_to (const KtFeatures *features, KtRelease release)
{
  const guint64 sets[KT_N_VALUES]
    = { [KT_VALUES_DISABLE] = features->disabled, [KT_VALUES_EXCLUDE_FIELDS] = features->excluded };
  KtFeatures known = { 0 };
  for (guint kind = KT_VALUES_DISABLE; kind < KT_N_VALUES; kind++)
    for (const Value *value = kinds[kind].values; value->name != NULL; value++)
      if ((value->releases >> release & 1) != 0 && (sets[kind] >> value->bit & 1) != 0)
        set_bit (&known, kind, value->bit);
  return known;
}

gboolean
kt_features_read (KtFeatures *features, KtValues kind, const char *text)
{
  g_auto (GStrv) names = g_strsplit (text, ",", -1);
  for (char **name = names; *name != NULL; name++)
    {
      const Value *value = NULL;
      for (guint release = 0; value == NULL && release < KT_N_RELEASES; release++)
        value = find_value (release, kind, *name);
      if (value == NULL)
        return FALSE;
      set_bit (features, kind, value->bit);
    }
  return TRUE;
}

/* By the names of the newest release that has one. */
char *
kt_features_to_string (const KtFeatures *features, KtValues kind)
{
  GString *names = g_string_new (NULL);
  guint64 set = kind == KT_VALUES_DISABLE          ? features->disabled
                : kind == KT_VALUES_EXCLUDE_FIELDS ? features->excluded
                                                   : 0;
  for (const Value *value = kinds[kind].values; value->name != NULL; value++)
    {
      gboolean renamed = value->releases == V1 && (value->bit == KT_DISABLE_TRANSACTIONS_INPUTS
                                                   || value->bit == KT_DISABLE_TRANSACTIONS_OUTPUTS)
                         && kind == KT_VALUES_DISABLE;
      if (value->bit > 0 && (set >> value->bit & 1) != 0 && !renamed)
        g_string_append_printf (names, "%s%s", names->len > 0 ? "," : "", value->name);
    }
  return g_string_free (names, names->len == 0);
}

char *
kt_features_to_words (const KtFeatures *features, KtRelease release, KtValues kind)
{
  GString *names = g_string_new (NULL);
  guint64 set = kind == KT_VALUES_DISABLE          ? features->disabled
                : kind == KT_VALUES_EXCLUDE_FIELDS ? features->excluded
                                                   : 0;
  for (const Value *value = kinds[kind].values; value->name != NULL; value++)
    if (value->bit > 0 && (set >> value->bit & 1) != 0 && (value->releases >> release & 1) != 0)
      g_string_append_printf (names, "%s%s", names->len > 0 ? "," : "", value->name);
  return g_string_free (names, names->len == 0);
}

gboolean
kt_features_off (const KtFeatures *features, KtDisable what)
{
  return (features->disabled >> what & 1) != 0;
}

KtFeatures
kt_features_light (void)
{
  static const guint8 kept[] = { KT_FIELD_BLOCK_BLUE_SCORE, KT_FIELD_BLOCK_TIMESTAMP };
  static const guint8 excluded[] = {
    KT_FIELD_TX_HASH, KT_FIELD_TX_MASS, KT_FIELD_TX_PAYLOAD, KT_FIELD_TX_BLOCK_HASH, KT_FIELD_TX_IN_SIGNATURE_SCRIPT,
    KT_FIELD_TX_IN_SIG_OP_COUNT, KT_FIELD_TX_IN_COMPUTE_BUDGET, KT_FIELD_TX_IN_COVENANT_ID,
    KT_FIELD_TX_OUT_SCRIPT_PUBLIC_KEY_ADDRESS, KT_FIELD_TX_OUT_COVENANT_AUTHORIZING_INPUT, KT_FIELD_TX_OUT_COVENANT_ID,
  };
  KtFeatures features = { 0 };
  for (guint field = KT_FIELD_BLOCK_ACCEPTED_ID_MERKLE_ROOT; field <= KT_FIELD_BLOCK_VERSION; field++)
    features.excluded |= G_GUINT64_CONSTANT (1) << field;
  for (gsize i = 0; i < G_N_ELEMENTS (kept); i++)
    features.excluded &= ~(G_GUINT64_CONSTANT (1) << kept[i]);
  for (gsize i = 0; i < G_N_ELEMENTS (excluded); i++)
    features.excluded |= G_GUINT64_CONSTANT (1) << excluded[i];
  features.disabled = G_GUINT64_CONSTANT (1) << KT_DISABLE_BLOCK_PARENT_TABLE
                      | G_GUINT64_CONSTANT (1) << KT_DISABLE_ADDRESSES_TRANSACTIONS_TABLE
                      | G_GUINT64_CONSTANT (1) << KT_DISABLE_REJECTED_TRANSACTIONS;
  return features;
}

KtMapping
kt_features_mapping (const KtFeatures *features)
{
  gboolean no_address = (features->excluded >> KT_FIELD_TX_OUT_SCRIPT_PUBLIC_KEY_ADDRESS & 1) != 0;
  gboolean no_script = (features->excluded >> KT_FIELD_TX_OUT_SCRIPT_PUBLIC_KEY & 1) != 0;
  if (kt_features_off (features, KT_DISABLE_ADDRESSES_TRANSACTIONS_TABLE) || (no_address && no_script))
    return KT_MAPPING_NONE;
  return no_address ? KT_MAPPING_SCRIPTS : KT_MAPPING_ADDRESSES;
}
