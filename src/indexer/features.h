/* SPDX-License-Identifier: MIT
 *
 * What an indexer writes and what it leaves out: releases, and the values of --enable, --disable and --exclude-fields
 * that each of them knows. One row a value; no other file names them.
 */
#pragma once

#include <glib.h>

typedef enum {
  KT_RELEASE_V1_6_3,
  KT_RELEASE_V2_0_0_BETA1,
  KT_RELEASE_V2_0_0,
  KT_RELEASE_V2_1_2,
  KT_RELEASE_V2_2_0,
  KT_RELEASE_V2_2_1,
  KT_RELEASE_V2_3_0,
  KT_N_RELEASES
} KtRelease;

/* "v2.3.0", with or without the v; KT_N_RELEASES when there is none of that name. */
KtRelease kt_release_from_name (const char *name);
const char *kt_release_name (KtRelease release);
guint kt_release_schema (KtRelease release);
/* The newest release here that writes @schema; KT_N_RELEASES for others. */
KtRelease kt_release_of_schema (guint schema);

/* Fields that can be left out: they are stored as NULL. The last two come from --disable. */
typedef enum {
  KT_FIELD_NONE,
  KT_FIELD_BLOCK_ACCEPTED_ID_MERKLE_ROOT,
  KT_FIELD_BLOCK_TRANSACTION_IDS,
  KT_FIELD_BLOCK_MERGE_SET_BLUES_HASHES,
  KT_FIELD_BLOCK_MERGE_SET_REDS_HASHES,
  KT_FIELD_BLOCK_SELECTED_PARENT_HASH,
  KT_FIELD_BLOCK_BITS,
  KT_FIELD_BLOCK_BLUE_SCORE,
  KT_FIELD_BLOCK_BLUE_WORK,
  KT_FIELD_BLOCK_DAA_SCORE,
  KT_FIELD_BLOCK_HASH_MERKLE_ROOT,
  KT_FIELD_BLOCK_NONCE,
  KT_FIELD_BLOCK_PRUNING_POINT,
  KT_FIELD_BLOCK_TIMESTAMP,
  KT_FIELD_BLOCK_UTXO_COMMITMENT,
  KT_FIELD_BLOCK_VERSION,
  KT_FIELD_TX_SUBNETWORK_ID,
  KT_FIELD_TX_HASH,
  KT_FIELD_TX_MASS,
  KT_FIELD_TX_PAYLOAD,
  KT_FIELD_TX_BLOCK_TIME,
  KT_FIELD_TX_BLOCK_HASH,
  KT_FIELD_TX_IN_BLOCK_TIME,
  KT_FIELD_TX_IN_PREVIOUS_OUTPOINT,
  KT_FIELD_TX_IN_SIGNATURE_SCRIPT,
  KT_FIELD_TX_IN_SIG_OP_COUNT,
  KT_FIELD_TX_IN_COMPUTE_BUDGET,
  KT_FIELD_TX_IN_COVENANT_ID,
  KT_FIELD_TX_OUT_BLOCK_TIME,
  KT_FIELD_TX_OUT_AMOUNT,
  KT_FIELD_TX_OUT_SCRIPT_PUBLIC_KEY,
  KT_FIELD_TX_OUT_SCRIPT_PUBLIC_KEY_ADDRESS,
  KT_FIELD_TX_OUT_COVENANT_AUTHORIZING_INPUT,
  KT_FIELD_TX_OUT_COVENANT_ID,
  KT_FIELD_TX_INPUTS,
  KT_FIELD_TX_OUTPUTS,
  KT_FIELD_TX_VERSION, /* not stored before schema 21; no word leaves it out */
  KT_N_FIELDS
} KtField;

typedef enum {
  KT_DISABLE_NONE,
  KT_DISABLE_VIRTUAL_CHAIN_PROCESSING,
  KT_DISABLE_TRANSACTION_ACCEPTANCE,
  KT_DISABLE_TRANSACTION_PROCESSING,
  KT_DISABLE_BLOCKS_TABLE,
  KT_DISABLE_BLOCK_PARENT_TABLE,
  KT_DISABLE_BLOCKS_TRANSACTIONS_TABLE,
  KT_DISABLE_TRANSACTIONS_TABLE,
  KT_DISABLE_TRANSACTIONS_INPUTS,
  KT_DISABLE_TRANSACTIONS_OUTPUTS,
  KT_DISABLE_ADDRESSES_TRANSACTIONS_TABLE,
  KT_DISABLE_INITIAL_UTXO_IMPORT,
  KT_DISABLE_VCP_WAIT_FOR_SYNC,
  KT_DISABLE_REJECTED_TRANSACTIONS,
  KT_DISABLE_REJECTED_NON_CB_TRANSACTIONS,
  KT_N_DISABLES
} KtDisable;

typedef struct {
  guint64 excluded; /* 1 << KtField */
  guint64 disabled; /* 1 << KtDisable */
} KtFeatures;

/* Which kind of value a name is of. */
typedef enum { KT_VALUES_ENABLE, KT_VALUES_DISABLE, KT_VALUES_EXCLUDE_FIELDS, KT_N_VALUES } KtValues;

/* Adds the comma-separated values of @text to @features (those of --enable are checked only). A value that @release
 * does not know is KT_ERROR_USAGE in the words of the indexer's own parser. */
gboolean kt_features_add (KtFeatures *features, KtRelease release, KtValues kind, const char *text, GError **error);
/* The same for any release, as kt_features_to_string wrote it. FALSE when a value is unknown to all. */
gboolean kt_features_read (KtFeatures *features, KtValues kind, const char *text);
/* "blocks_table,block_parent_table", or NULL when nothing is set. Caller frees. */
char *kt_features_to_string (const KtFeatures *features, KtValues kind);
/* The same by the names that @release has for them; what it does not know is left out. Caller frees. */
char *kt_features_to_words (const KtFeatures *features, KtRelease release, KtValues kind);
/* What of @features @release knows; the rest means nothing to it. */
KtFeatures kt_features_known_to (const KtFeatures *features, KtRelease release);
/* What @release calls the thing that some release calls @name; NULL when it has no such thing. Borrowed. */
const char *kt_features_name_in (KtRelease release, KtValues kind, const char *name);
/* All values of @release, comma-separated. Caller frees. */
char *kt_features_known (KtRelease release, KtValues kind);

gboolean kt_features_off (const KtFeatures *features, KtDisable what);
/* The indexer's small set for integrators, from its README, for v2.3.0. */
KtFeatures kt_features_light (void);

typedef enum {
  KT_MAPPING_ADDRESSES, /* addresses_transactions */
  KT_MAPPING_SCRIPTS,   /* scripts_transactions */
  KT_MAPPING_NONE,
} KtMapping;

/* The mapping table that these features write. */
KtMapping kt_features_mapping (const KtFeatures *features);
