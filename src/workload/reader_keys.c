/* SPDX-License-Identifier: MIT */
#include "workload/reader_keys.h"

#include "workload/fields.h"
#include "workload/random.h"

#include <string.h>

#define UNKNOWN_OF 20 /* one key in so many does not exist */
#define MAX_IDS 100
#define MAX_KEYS 50
#define SPENDING 10 /* transactions whose inputs are looked up */
#define MAX_PAGES 20
#define PAGE_ROWS 50

enum { OID_BYTEA = 17, OID_BIGINT = 20, OID_SMALLINT = 21, OID_TEXT = 25, OID_BYTEAS = 1001, OID_SMALLINTS = 1005, OID_TEXTS = 1009 };

static guint64
draw (KtReadKeys *keys)
{
  return kt_mix (keys->random += G_GUINT64_CONSTANT (0x9e3779b97f4a7c15));
}

static guint
draw_below (KtReadKeys *keys, guint limit)
{
  return kt_below ((guint32) draw (keys), limit);
}

/* Every doubling of the age is equally likely. */
static guint64
draw_block (KtReadKeys *keys)
{
  guint bits = (guint) g_bit_storage (keys->end);
  guint64 reach = G_GUINT64_CONSTANT (1) << draw_below (keys, bits);
  guint64 back = reach + (draw (keys) & (reach - 1));
  return keys->end - MIN (back, keys->end);
}

/* Of a transaction; where the bit of before time is set, one that nobody has stored. */
static guint64
draw_transaction (KtReadKeys *keys)
{
  guint64 block = draw_block (keys);
  if (draw_below (keys, UNKNOWN_OF) == 0)
    return kt_chain_block_before_time (draw (keys));
  return kt_chain_key (block, draw_below (keys, kt_chain_slots (keys->chain, block)));
}

static void
load_transaction (const KtReadKeys *keys, guint64 key, KtTransaction *transaction)
{
  KtLevel level;
  kt_chain_level_of_block (keys->chain, kt_chain_key_block (key), &level);
  kt_chain_transaction (keys->chain, &level, key, transaction);
}

static void
put_key (KtReadKeys *keys, KtRows *rows)
{
  KtTransaction transaction;
  KtRowSource source = { .chain = keys->chain, .script = draw (keys) | kt_chain_block_before_time (0) };
  guint64 key = draw_transaction (keys);
  if (!kt_chain_key_is_before_time (key))
    {
      load_transaction (keys, key, &transaction);
      if (transaction.n_outputs > 0)
        source.script = transaction.outputs[draw_below (keys, transaction.n_outputs)].script;
    }
  if (keys->mapping == KT_TABLE_SCRIPTS)
    kt_field_script (rows, &source);
  else
    kt_field_address (rows, &source);
}

static void
put_hash (const KtReadKeys *keys, KtHashKind kind, guint64 number, KtRows *rows)
{
  KtHash hash;
  kt_chain_hash (keys->chain, kind, number, &hash);
  kt_rows_put_bytes (rows, hash.bytes, sizeof hash.bytes);
}

static void
put_ids (KtReadKeys *keys, KtRows *rows)
{
  gsize count_at, opened = kt_rows_array_open (rows, OID_BYTEA, &count_at);
  guint n_ids = 1 + draw_below (keys, MAX_IDS);
  for (guint i = 0; i < n_ids; i++)
    put_hash (keys, KT_HASH_TRANSACTION, draw_transaction (keys), rows);
  kt_rows_array_close (rows, opened, count_at, n_ids);
}

static void
put_keys (KtReadKeys *keys, KtRows *rows)
{
  gsize count_at;
  gsize opened = kt_rows_array_open (rows, keys->mapping == KT_TABLE_SCRIPTS ? OID_BYTEA : OID_TEXT, &count_at);
  guint n_keys = 1 + draw_below (keys, MAX_KEYS);
  for (guint i = 0; i < n_keys; i++)
    put_key (keys, rows);
  kt_rows_array_close (rows, opened, count_at, n_keys);
}

/* What the inputs of a few transactions spend: their ids, or which output. */
static void
put_spent (KtReadKeys *keys, gboolean indexes, KtRows *rows)
{
  gsize count_at, opened = kt_rows_array_open (rows, indexes ? OID_SMALLINT : OID_BYTEA, &count_at);
  guint elements = 0;
  for (guint i = 0; i < SPENDING; i++)
    {
      KtTransaction transaction = { 0 };
      guint64 key = draw_transaction (keys);
      if (!kt_chain_key_is_before_time (key))
        load_transaction (keys, key, &transaction);
      for (guint input = 0; input < transaction.n_inputs; input++, elements++)
        if (indexes)
          kt_rows_put_int16 (rows, (gint16) transaction.inputs[input].index);
        else
          put_hash (keys, KT_HASH_TRANSACTION, transaction.inputs[input].previous, rows);
    }
  kt_rows_array_close (rows, opened, count_at, elements);
}

static void
put_score (KtReadKeys *keys, KtRows *rows)
{
  KtLevel level;
  kt_chain_level_of_block (keys->chain, draw_block (keys), &level);
  kt_rows_put_int64 (rows, kt_chain_blue_score (&level));
}

void
kt_read_keys_put (KtReadKeys *keys, guint64 request, KtReadValue value, KtRows *rows, Oid *type)
{
  const Oid types[] = {
    [KT_READ_KEY] = keys->mapping == KT_TABLE_SCRIPTS ? OID_BYTEA : OID_TEXT,
    [KT_READ_KEYS] = keys->mapping == KT_TABLE_SCRIPTS ? OID_BYTEAS : OID_TEXTS,
    [KT_READ_OFFSET] = OID_BIGINT, [KT_READ_TIME] = OID_BIGINT, [KT_READ_ID] = OID_BYTEA, [KT_READ_IDS] = OID_BYTEAS,
    [KT_READ_SCORE] = OID_BIGINT, [KT_READ_BLOCK] = OID_BYTEA, [KT_READ_SPENT_HASHES] = OID_BYTEAS,
    [KT_READ_SPENT_INDEXES] = OID_SMALLINTS, [KT_READ_FOUND] = OID_BYTEAS, [KT_READ_LAST] = OID_BIGINT,
  };
  *type = types[value];
  /* The same draws for what belongs together, whichever statement of the request asks. */
  keys->random = kt_mix (request + (value == KT_READ_SPENT_INDEXES ? KT_READ_SPENT_HASHES : value));
  switch (value)
    {
    case KT_READ_KEY: put_key (keys, rows); break;
    case KT_READ_KEYS: put_keys (keys, rows); break;
    case KT_READ_OFFSET: kt_rows_put_int64 (rows, draw_below (keys, 4) > 0 ? 0 : draw_below (keys, MAX_PAGES) * PAGE_ROWS); break;
    case KT_READ_TIME: kt_rows_put_int64 (rows, kt_chain_timestamp_ms (keys->chain, draw_block (keys))); break;
    case KT_READ_ID: put_hash (keys, KT_HASH_TRANSACTION, draw_transaction (keys), rows); break;
    case KT_READ_IDS: put_ids (keys, rows); break;
    case KT_READ_SCORE: put_score (keys, rows); break;
    case KT_READ_BLOCK: put_hash (keys, KT_HASH_BLOCK, draw_block (keys), rows); break;
    case KT_READ_SPENT_HASHES: put_spent (keys, FALSE, rows); break;
    case KT_READ_SPENT_INDEXES: put_spent (keys, TRUE, rows); break;
    default: break; /* comes from what was found */
    }
}
