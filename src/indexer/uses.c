/* SPDX-License-Identifier: MIT */
#include "indexer/uses.h"

#define LIGHT "light"

/* A release that waits for the virtual chain before it writes what was rejected keeps the chain, and leaves those out instead. */
#define BIT(number) (G_GUINT64_CONSTANT (1) << (number))
#define CHAIN (BIT (KT_DISABLE_VIRTUAL_CHAIN_PROCESSING) | BIT (KT_DISABLE_TRANSACTION_ACCEPTANCE))
#define REJECTED BIT (KT_DISABLE_REJECTED_TRANSACTIONS)

const KtUse kt_uses[] = {
  { "explorer", "everything a block explorer shows, for all time", "nothing", NULL, NULL, NULL },
  { "explorer-scripts", "the same, with histories by script instead of by address",
    "nothing, where API servers run with USE_SCRIPT_FOR_ADDRESS=true", NULL, NULL, "tx_out_script_public_key_address" },
  { "integrator", "an exchange or shop that watches its own transactions: upstream's small set, a week of it",
    "no histories by address, no block headers, no payloads, signatures or hashes; only accepted transactions", "7d", LIGHT, LIGHT },
  { "wallet", "histories by address and balances behind a wallet, a month of it",
    "no block headers, no parents, no signatures; only accepted transactions", "30d", "block_parent_table,rejected_transactions",
    "block_accepted_id_merkle_root,block_merge_set_blues_hashes,block_merge_set_reds_hashes,block_bits,block_blue_work,"
    "block_daa_score,block_hash_merkle_root,block_nonce,block_pruning_point,block_utxo_commitment,block_version,"
    "block_transaction_ids,tx_hash,tx_mass,tx_in_signature_script,tx_in_sig_op_count,tx_in_compute_budget" },
  { "k-social", "what K-indexer reads: identifier, payload and time of each transaction, for an hour",
    "everything else: no blocks, no acceptances, no inputs, no outputs, no histories", "1h",
    "virtual_chain_processing,transaction_acceptance,blocks_table,block_parent_table,blocks_transactions_table,transactions_inputs,"
    "transactions_outputs,addresses_transactions_table,initial_utxo_import,vcp_wait_for_sync",
    "block_accepted_id_merkle_root,block_merge_set_blues_hashes,block_merge_set_reds_hashes,block_selected_parent_hash,block_bits,"
    "block_blue_work,block_blue_score,block_daa_score,block_hash_merkle_root,block_nonce,block_pruning_point,block_timestamp,"
    "block_utxo_commitment,block_version,block_transaction_ids,tx_subnetwork_id,tx_hash,tx_mass,tx_block_hash,"
    "tx_in_previous_outpoint,tx_in_signature_script,tx_in_sig_op_count,tx_in_block_time,tx_in_compute_budget,tx_in_covenant_id,"
    "tx_out_amount,tx_out_script_public_key,tx_out_script_public_key_address,tx_out_block_time,"
    "tx_out_covenant_authorizing_input,tx_out_covenant_id" },
  { NULL },
};

const KtUse *
kt_use_find (const char *name)
{
  for (const KtUse *use = kt_uses; use->name != NULL; use++)
    if (g_str_equal (use->name, name))
      return use;
  return NULL;
}

KtFeatures
kt_use_features (const KtUse *use, const KtReleaseRow *release)
{
  KtFeatures features = { 0 };
  if (g_strcmp0 (use->disable, LIGHT) == 0)
    features = kt_features_light ();
  else
    {
      if (use->disable != NULL)
        kt_features_read (&features, KT_VALUES_DISABLE, use->disable);
      if (use->exclude != NULL)
        kt_features_read (&features, KT_VALUES_EXCLUDE_FIELDS, use->exclude);
    }
  if (kt_release_waits_for_chain (release) && (features.disabled & CHAIN) != 0)
    features.disabled = (features.disabled & ~CHAIN) | REJECTED;
  return kt_features_known_to (&features, release->flags);
}
