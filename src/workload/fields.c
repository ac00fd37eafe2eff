/* SPDX-License-Identifier: MIT */
#include "workload/fields.h"

#include "workload/address.h"

/* Built-in type OIDs never change (pg_type.dat). */
enum { OID_BYTEA = 17, OID_INT8 = 20, OID_INT2 = 21, OID_TEXT = 25 };

#define PRUNING_DEPTH 1080000 /* blue score, 30 h */
#define FINALITY_DEPTH 432000 /* pruning points are this far apart, 12 h */
#define BLOCK_BITS 0x190d5ccb
#define SIGNATURE_SCRIPT_LENGTH 66

static void
put_hash (KtRows *rows, const KtHash *hash)
{
  kt_rows_put_bytes (rows, hash->bytes, sizeof hash->bytes);
}

static void
put_hash_of (KtRows *rows, const KtRowSource *source, KtHashKind kind, guint64 number)
{
  kt_chain_bytes (source->chain, kind, number, kt_rows_put_space (rows, sizeof (KtHash)), sizeof (KtHash));
}

/* Header of a one-dimensional array without NULLs. */
static gsize
open_array (KtRows *rows, Oid element, guint length)
{
  gsize opened = kt_rows_open (rows);
  kt_rows_int32 (rows, 1);
  kt_rows_int32 (rows, 0);
  kt_rows_int32 (rows, (gint32) element);
  kt_rows_int32 (rows, (gint32) length);
  kt_rows_int32 (rows, 1);
  return opened;
}

void
kt_field_block_hash (KtRows *rows, const KtRowSource *source)
{
  put_hash (rows, &source->block_hash);
}

void
kt_field_accepted_id_merkle_root (KtRows *rows, const KtRowSource *source)
{
  put_hash_of (rows, source, KT_HASH_ACCEPTED_ROOT, source->block);
}

void
kt_field_transaction_ids (KtRows *rows, const KtRowSource *source)
{
  gsize opened = open_array (rows, OID_BYTEA, source->entries->len);
  for (guint i = 0; i < source->entries->len; i++)
    put_hash_of (rows, source, KT_HASH_TRANSACTION, g_array_index (source->entries, guint64, i));
  kt_rows_close (rows, opened);
}

/* The selected parent comes first. */
void
kt_field_merge_set_blues (KtRows *rows, const KtRowSource *source)
{
  const KtLevel *merged = source->merged;
  gsize opened = open_array (rows, OID_BYTEA, merged->width - (merged->red != KT_CHAIN_NONE));
  put_hash (rows, &source->merged_hashes[merged->chain_block - merged->first]);
  for (guint i = 0; i < merged->width; i++)
    if (merged->first + i != merged->chain_block && merged->first + i != merged->red)
      put_hash (rows, &source->merged_hashes[i]);
  kt_rows_close (rows, opened);
}

void
kt_field_merge_set_reds (KtRows *rows, const KtRowSource *source)
{
  const KtLevel *merged = source->merged;
  if (merged->red == KT_CHAIN_NONE)
    {
      kt_rows_put_null (rows);
      return;
    }
  gsize opened = open_array (rows, OID_BYTEA, 1);
  put_hash (rows, &source->merged_hashes[merged->red - merged->first]);
  kt_rows_close (rows, opened);
}

void
kt_field_selected_parent (KtRows *rows, const KtRowSource *source)
{
  put_hash (rows, &source->merged_hashes[source->merged->chain_block - source->merged->first]);
}

void
kt_field_bits (KtRows *rows, const KtRowSource *source)
{
  kt_rows_put_int64 (rows, BLOCK_BITS);
}

void
kt_field_blue_score (KtRows *rows, const KtRowSource *source)
{
  kt_rows_put_int64 (rows, kt_chain_blue_score (source->level));
}

/* Ten bytes by now: two that hardly change, eight that grow with every blue block. */
void
kt_field_blue_work (KtRows *rows, const KtRowSource *source)
{
  guint8 *work = kt_rows_put_space (rows, 10);
  guint64 low = GUINT64_TO_BE (source->level->blues_before * G_GUINT64_CONSTANT (0x12f0aa7f1b));
  work[0] = 0x15;
  work[1] = 0xd3;
  memcpy (work + 2, &low, sizeof low);
}

void
kt_field_daa_score (KtRows *rows, const KtRowSource *source)
{
  kt_rows_put_int64 (rows, kt_chain_daa_score (source->level));
}

void
kt_field_hash_merkle_root (KtRows *rows, const KtRowSource *source)
{
  put_hash_of (rows, source, KT_HASH_MERKLE_ROOT, source->block);
}

void
kt_field_nonce (KtRows *rows, const KtRowSource *source)
{
  kt_chain_bytes (source->chain, KT_HASH_NONCE, source->block, kt_rows_put_space (rows, 8), 8);
}

void
kt_field_pruning_point (KtRows *rows, const KtRowSource *source)
{
  guint64 score = (guint64) kt_chain_blue_score (source->level) - PRUNING_DEPTH;
  put_hash_of (rows, source, KT_HASH_BLOCK, kt_chain_block_before_time (score / FINALITY_DEPTH));
}

void
kt_field_timestamp (KtRows *rows, const KtRowSource *source)
{
  kt_rows_put_int64 (rows, kt_chain_timestamp_ms (source->chain, source->block));
}

void
kt_field_utxo_commitment (KtRows *rows, const KtRowSource *source)
{
  put_hash_of (rows, source, KT_HASH_UTXO_COMMITMENT, source->block);
}

void
kt_field_block_version (KtRows *rows, const KtRowSource *source)
{
  kt_rows_put_int16 (rows, 2);
}

void
kt_field_parent_hash (KtRows *rows, const KtRowSource *source)
{
  put_hash (rows, &source->merged_hashes[source->parent]);
}

void
kt_field_accepted_id (KtRows *rows, const KtRowSource *source)
{
  if (source->chain_only)
    kt_rows_put_null (rows);
  else
    put_hash (rows, &source->transaction_id);
}

void
kt_field_accepting_hash (KtRows *rows, const KtRowSource *source)
{
  put_hash (rows, source->accepting_hash);
}

void
kt_field_transaction_id (KtRows *rows, const KtRowSource *source)
{
  put_hash (rows, &source->transaction_id);
}

/* Trailing zero bytes are stripped: 01 for a coinbase, nothing for the native subnetwork. */
void
kt_field_subnetwork_id (KtRows *rows, const KtRowSource *source)
{
  static const guint8 coinbase[] = { 0x01 };
  if (source->transaction->coinbase)
    kt_rows_put_bytes (rows, coinbase, sizeof coinbase);
  else
    kt_rows_put_null (rows);
}

void
kt_field_transaction_hash (KtRows *rows, const KtRowSource *source)
{
  put_hash_of (rows, source, KT_HASH_TRANSACTION_HASH, source->transaction->key);
}

void
kt_field_mass (KtRows *rows, const KtRowSource *source)
{
  if (source->transaction->mass > 0)
    kt_rows_put_int32 (rows, (gint32) source->transaction->mass);
  else
    kt_rows_put_null (rows);
}

void
kt_field_payload (KtRows *rows, const KtRowSource *source)
{
  gsize length = source->transaction->payload;
  if (length > 0)
    kt_chain_bytes (source->chain, KT_HASH_PAYLOAD, source->transaction->key, kt_rows_put_space (rows, length), length);
  else
    kt_rows_put_null (rows);
}

void
kt_field_block_time (KtRows *rows, const KtRowSource *source)
{
  kt_rows_put_int64 (rows, source->block_time_ms);
}

void
kt_field_transaction_version (KtRows *rows, const KtRowSource *source)
{
  if (source->transaction->version > 0)
    kt_rows_put_int16 (rows, (gint16) source->transaction->version);
  else
    kt_rows_put_null (rows);
}

/* The script that pays to a public key: push 32 bytes, the key, OP_CHECKSIG. */
static void
put_script (KtRows *rows, const KtRowSource *source, guint64 script)
{
  guint8 *bytes = kt_rows_put_space (rows, KT_SCRIPT_LENGTH);
  bytes[0] = 0x20;
  kt_chain_bytes (source->chain, KT_HASH_SCRIPT, script, bytes + 1, sizeof (KtHash));
  bytes[KT_SCRIPT_LENGTH - 1] = 0xac;
}

static void
put_address (KtRows *rows, const KtRowSource *source, guint64 script)
{
  KtHash public_key;
  kt_chain_hash (source->chain, KT_HASH_SCRIPT, script, &public_key);
  kt_address_of_public_key (public_key.bytes, (char *) kt_rows_put_space (rows, KT_ADDRESS_LENGTH));
}

/* Push 65 bytes: 64 of Schnorr signature, SIGHASH_ALL. */
static void
put_signature_script (KtRows *rows, const KtRowSource *source, guint input)
{
  guint8 *bytes = kt_rows_put_space (rows, SIGNATURE_SCRIPT_LENGTH);
  guint64 number = source->transaction->key ^ (guint64) (input + 1) << 60;
  bytes[0] = 0x41;
  kt_chain_bytes (source->chain, KT_HASH_SIGNATURE, number, bytes + 1, SIGNATURE_SCRIPT_LENGTH - 2);
  bytes[SIGNATURE_SCRIPT_LENGTH - 1] = 0x01;
}

/* A member of a composite type: its type stands before each value. A value that is left out is NULL. */
typedef struct {
  Oid type;
  KtField field;
  void (*put) (KtRows *rows, const KtRowSource *source, guint i);
} Member;

static void
put_index (KtRows *rows, const KtRowSource *source, guint i)
{
  kt_rows_put_int16 (rows, (gint16) i);
}

static void
put_outpoint_hash (KtRows *rows, const KtRowSource *source, guint i)
{
  put_hash_of (rows, source, KT_HASH_TRANSACTION, source->transaction->inputs[i].previous);
}

static void
put_outpoint_index (KtRows *rows, const KtRowSource *source, guint i)
{
  kt_rows_put_int16 (rows, (gint16) source->transaction->inputs[i].index);
}

static void
put_sig_op_count (KtRows *rows, const KtRowSource *source, guint i)
{
  kt_rows_put_int16 (rows, 1);
}

static void
put_outpoint_script (KtRows *rows, const KtRowSource *source, guint i)
{
  if (source->resolved)
    put_script (rows, source, source->transaction->inputs[i].script);
  else
    kt_rows_put_null (rows);
}

static void
put_outpoint_amount (KtRows *rows, const KtRowSource *source, guint i)
{
  if (source->resolved)
    kt_rows_put_int64 (rows, source->transaction->inputs[i].amount);
  else
    kt_rows_put_null (rows);
}

static void
put_compute_budget (KtRows *rows, const KtRowSource *source, guint i)
{
  if (source->transaction->version > 0)
    kt_rows_put_int16 (rows, 100);
  else
    kt_rows_put_null (rows);
}

/* Nothing that is spent here was bound to a covenant. */
static void
put_no_covenant (KtRows *rows, const KtRowSource *source, guint i)
{
  kt_rows_put_null (rows);
}

static void
put_output_amount (KtRows *rows, const KtRowSource *source, guint i)
{
  kt_rows_put_int64 (rows, source->transaction->outputs[i].amount);
}

static void
put_output_script (KtRows *rows, const KtRowSource *source, guint i)
{
  put_script (rows, source, source->transaction->outputs[i].script);
}

static void
put_output_address (KtRows *rows, const KtRowSource *source, guint i)
{
  put_address (rows, source, source->transaction->outputs[i].script);
}

static void
put_authorizing_input (KtRows *rows, const KtRowSource *source, guint i)
{
  if (source->transaction->outputs[i].covenant)
    kt_rows_put_int16 (rows, 0);
  else
    kt_rows_put_null (rows);
}

static void
put_output_covenant (KtRows *rows, const KtRowSource *source, guint i)
{
  if (source->transaction->outputs[i].covenant)
    put_hash_of (rows, source, KT_HASH_COVENANT, source->transaction->key);
  else
    kt_rows_put_null (rows);
}

static const Member input_members[] = {
  { OID_INT2, KT_FIELD_NONE, put_index },
  { OID_BYTEA, KT_FIELD_TX_IN_PREVIOUS_OUTPOINT, put_outpoint_hash },
  { OID_INT2, KT_FIELD_TX_IN_PREVIOUS_OUTPOINT, put_outpoint_index },
  { OID_BYTEA, KT_FIELD_TX_IN_SIGNATURE_SCRIPT, put_signature_script },
  { OID_INT2, KT_FIELD_TX_IN_SIG_OP_COUNT, put_sig_op_count },
  { OID_BYTEA, KT_FIELD_TX_IN_PREVIOUS_OUTPOINT, put_outpoint_script },
  { OID_INT8, KT_FIELD_TX_IN_PREVIOUS_OUTPOINT, put_outpoint_amount },
  { OID_INT2, KT_FIELD_TX_IN_COMPUTE_BUDGET, put_compute_budget }, /* from schema 22, as the next */
  { OID_BYTEA, KT_FIELD_TX_IN_COVENANT_ID, put_no_covenant },
};

static const Member output_members[] = {
  { OID_INT2, KT_FIELD_NONE, put_index },
  { OID_INT8, KT_FIELD_TX_OUT_AMOUNT, put_output_amount },
  { OID_BYTEA, KT_FIELD_TX_OUT_SCRIPT_PUBLIC_KEY, put_output_script },
  { OID_TEXT, KT_FIELD_TX_OUT_SCRIPT_PUBLIC_KEY_ADDRESS, put_output_address },
  { OID_INT2, KT_FIELD_TX_OUT_COVENANT_AUTHORIZING_INPUT, put_authorizing_input }, /* from schema 22, as the next */
  { OID_BYTEA, KT_FIELD_TX_OUT_COVENANT_ID, put_output_covenant },
};

static void
put_composites (KtRows *rows, const KtRowSource *source, Oid type, guint length, const Member *members, guint n_members)
{
  if (length == 0)
    {
      kt_rows_put_null (rows);
      return;
    }
  gsize opened = open_array (rows, type, length);
  for (guint i = 0; i < length; i++)
    {
      gsize element = kt_rows_open (rows);
      kt_rows_int32 (rows, (gint32) n_members);
      for (const Member *member = members; member < members + n_members; member++)
        {
          kt_rows_int32 (rows, (gint32) member->type);
          if (kt_row_source_has (source, member->field))
            member->put (rows, source, i);
          else
            kt_rows_put_null (rows);
        }
      kt_rows_close (rows, element);
    }
  kt_rows_close (rows, opened);
}

void
kt_field_inputs (KtRows *rows, const KtRowSource *source)
{
  put_composites (rows, source, source->types->inputs, source->transaction->n_inputs, input_members,
                  G_N_ELEMENTS (input_members));
}

void
kt_field_outputs (KtRows *rows, const KtRowSource *source)
{
  put_composites (rows, source, source->types->outputs, source->transaction->n_outputs, output_members,
                  G_N_ELEMENTS (output_members));
}

void
kt_field_inputs_20 (KtRows *rows, const KtRowSource *source)
{
  put_composites (rows, source, source->types->inputs, source->transaction->n_inputs, input_members,
                  G_N_ELEMENTS (input_members) - 2);
}

void
kt_field_outputs_20 (KtRows *rows, const KtRowSource *source)
{
  put_composites (rows, source, source->types->outputs, source->transaction->n_outputs, output_members,
                  G_N_ELEMENTS (output_members) - 2);
}

/* Numbered as they were met: a coinbase comes first. */
void
kt_field_subnetwork_key (KtRows *rows, const KtRowSource *source)
{
  kt_rows_put_int32 (rows, source->transaction->coinbase ? 1 : 2);
}

#define ELEMENT(name, put)                                                                                             \
  void kt_field_##name (KtRows *rows, const KtRowSource *source)                                                       \
  {                                                                                                                    \
    put (rows, source, source->element);                                                                               \
  }

ELEMENT (element_index, put_index)
ELEMENT (input_hash, put_outpoint_hash)
ELEMENT (input_index, put_outpoint_index)
ELEMENT (input_signature, put_signature_script)
ELEMENT (input_sig_op_count, put_sig_op_count)
ELEMENT (input_script, put_outpoint_script)
ELEMENT (input_amount, put_outpoint_amount)
ELEMENT (output_amount, put_output_amount)
ELEMENT (output_script, put_output_script)
ELEMENT (output_address, put_output_address)

void
kt_field_address (KtRows *rows, const KtRowSource *source)
{
  put_address (rows, source, source->script);
}

void
kt_field_script (KtRows *rows, const KtRowSource *source)
{
  put_script (rows, source, source->script);
}
