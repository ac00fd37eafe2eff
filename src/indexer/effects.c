/* SPDX-License-Identifier: MIT */
#include "indexer/effects.h"

static const char *const tables[KT_N_DISABLES] = {
  [KT_DISABLE_VIRTUAL_CHAIN_PROCESSING] = "which transactions were accepted; from v2.1.0 on also script and amount of what inputs spend",
  [KT_DISABLE_TRANSACTION_ACCEPTANCE] = "which transactions were accepted, and by which block; only chain blocks are listed",
  [KT_DISABLE_TRANSACTION_PROCESSING] = "all transactions; the indexer itself stops when its queue is full",
  [KT_DISABLE_BLOCKS_TABLE] = "blocks by hash and blue score, the virtual chain, and the time of acceptance",
  [KT_DISABLE_BLOCK_PARENT_TABLE] = "parents and children of a block",
  [KT_DISABLE_BLOCKS_TRANSACTIONS_TABLE] = "which transactions a block holds, and which block holds a transaction",
  [KT_DISABLE_TRANSACTIONS_TABLE] = "transactions: fields, inputs and outputs; only identifiers in other tables are left",
  [KT_DISABLE_TRANSACTIONS_INPUTS] = "who paid: inputs of transactions, and with them senders",
  [KT_DISABLE_TRANSACTIONS_OUTPUTS] = "who was paid and how much: outputs of transactions",
  [KT_DISABLE_ADDRESSES_TRANSACTIONS_TABLE] = "histories, counts and activity by address or script",
  [KT_DISABLE_INITIAL_UTXO_IMPORT] = "outputs from before the start, and so what the first inputs spend",
  [KT_DISABLE_VCP_WAIT_FOR_SYNC] = "nothing; acceptances may come before their blocks during the first synchronisation",
  [KT_DISABLE_REJECTED_TRANSACTIONS] = "transactions that no chain block accepted, with the coinbases of other blocks; new ones appear when they are accepted",
  [KT_DISABLE_REJECTED_NON_CB_TRANSACTIONS] = "transactions that no chain block accepted, but for coinbases",
};

static const char *const fields[KT_N_FIELDS] = {
  [KT_FIELD_BLOCK_ACCEPTED_ID_MERKLE_ROOT] = "a field of block headers: accepted id merkle root",
  [KT_FIELD_BLOCK_TRANSACTION_IDS] = "which transactions a block holds",
  [KT_FIELD_BLOCK_MERGE_SET_BLUES_HASHES] = "the blue blocks that a block merges, and so its colour in explorers",
  [KT_FIELD_BLOCK_MERGE_SET_REDS_HASHES] = "the red blocks that a block merges",
  [KT_FIELD_BLOCK_SELECTED_PARENT_HASH] = "the selected parent of a block",
  [KT_FIELD_BLOCK_BITS] = "difficulty of a block",
  [KT_FIELD_BLOCK_BLUE_SCORE] = "blocks by blue score, confirmations, the virtual chain; in most releases also pruning of blocks",
  [KT_FIELD_BLOCK_BLUE_WORK] = "a field of block headers: blue work",
  [KT_FIELD_BLOCK_DAA_SCORE] = "a field of block headers: DAA score",
  [KT_FIELD_BLOCK_HASH_MERKLE_ROOT] = "a field of block headers: hash merkle root",
  [KT_FIELD_BLOCK_NONCE] = "a field of block headers: nonce",
  [KT_FIELD_BLOCK_PRUNING_POINT] = "a field of block headers: pruning point",
  [KT_FIELD_BLOCK_TIMESTAMP] = "the time of blocks, and so that of acceptance",
  [KT_FIELD_BLOCK_UTXO_COMMITMENT] = "a field of block headers: UTXO commitment",
  [KT_FIELD_BLOCK_VERSION] = "a field of block headers: version",
  [KT_FIELD_TX_SUBNETWORK_ID] = "which transactions are coinbases or of other subnetworks",
  [KT_FIELD_TX_HASH] = "the other hash of a transaction (not its identifier): null in answers",
  [KT_FIELD_TX_MASS] = "mass of a transaction, and so its fee rate: null in answers",
  [KT_FIELD_TX_PAYLOAD] = "payloads: what K-indexer and other protocols read; null in answers",
  [KT_FIELD_TX_BLOCK_TIME] = "order of transactions by time, their pruning, and what K-indexer needs",
  [KT_FIELD_TX_BLOCK_HASH] = "which block holds a transaction",
  [KT_FIELD_TX_IN_BLOCK_TIME] = "time in rows of inputs: joins take it from transactions instead",
  [KT_FIELD_TX_IN_PREVIOUS_OUTPOINT] = "what an input spends: senders, and from v2.1.1 on their script and amount",
  [KT_FIELD_TX_IN_SIGNATURE_SCRIPT] = "signatures of inputs: null in answers",
  [KT_FIELD_TX_IN_SIG_OP_COUNT] = "signature operations of inputs: null in answers",
  [KT_FIELD_TX_IN_COMPUTE_BUDGET] = "compute budget of inputs (Toccata)",
  [KT_FIELD_TX_IN_COVENANT_ID] = "covenants of inputs (Toccata)",
  [KT_FIELD_TX_OUT_BLOCK_TIME] = "time in rows of outputs",
  [KT_FIELD_TX_OUT_AMOUNT] = "amounts of outputs, and so balances",
  [KT_FIELD_TX_OUT_SCRIPT_PUBLIC_KEY] = "scripts of outputs; with the addresses left out, too, nothing says who was paid",
  [KT_FIELD_TX_OUT_SCRIPT_PUBLIC_KEY_ADDRESS] = "addresses of outputs as text, which can be computed from the scripts; histories are by script then, if at all",
  [KT_FIELD_TX_OUT_COVENANT_AUTHORIZING_INPUT] = "which input authorises a covenant's output (Toccata)",
  [KT_FIELD_TX_OUT_COVENANT_ID] = "covenants of outputs (Toccata)",
};

const char *
kt_effect_lost (KtValues kind, guint bit)
{
  if (kind == KT_VALUES_DISABLE)
    return bit < KT_N_DISABLES ? tables[bit] : NULL;
  return kind == KT_VALUES_EXCLUDE_FIELDS && bit < KT_N_FIELDS ? fields[bit] : NULL;
}

gboolean
kt_effects_next (const KtFeatures *features, KtValues kind, guint *bit)
{
  guint64 set = kind == KT_VALUES_DISABLE ? features->disabled : kind == KT_VALUES_EXCLUDE_FIELDS ? features->excluded : 0;
  for (guint next = *bit + 1; next < 64; next++)
    if ((set >> next & 1) != 0 && kt_effect_lost (kind, next) != NULL)
      {
        *bit = next;
        return TRUE;
      }
  return FALSE;
}

/* Arrays that are not written are fields without a word of their own. */
KtFeatures
kt_effects_with (const KtFeatures *features, KtValues kind, guint bit)
{
  KtFeatures less = *features;
  if (kind == KT_VALUES_EXCLUDE_FIELDS)
    less.excluded &= ~(G_GUINT64_CONSTANT (1) << bit);
  if (kind != KT_VALUES_DISABLE)
    return less;
  less.disabled &= ~(G_GUINT64_CONSTANT (1) << bit);
  if (bit == KT_DISABLE_TRANSACTIONS_INPUTS)
    less.excluded &= ~(G_GUINT64_CONSTANT (1) << KT_FIELD_TX_INPUTS);
  if (bit == KT_DISABLE_TRANSACTIONS_OUTPUTS)
    less.excluded &= ~(G_GUINT64_CONSTANT (1) << KT_FIELD_TX_OUTPUTS);
  return less;
}
