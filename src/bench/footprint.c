/* SPDX-License-Identifier: MIT */
#include "bench/footprint.h"

#include "base/json.h"

#include <math.h>

#define BLOCKS_PER_S 10.0
#define CHAIN_BLOCKS_PER_S 2.5
#define PARENTS_PER_BLOCK 3.608
#define ACCEPTED (255.0 / 256.0) /* of the transactions */
#define MAPPED_PER_TRANSACTION 2.735
#define MAPPED_PER_TRANSACTION_UNRESOLVED 1.977 /* outputs only: nobody supplies what inputs spend */
#define MAPPED_PER_COINBASE 3.31
#define UNRESOLVED_BYTES 41.6
#define PAGE_BYTES 8192.0
#define IMAGE_BYTES 5800.0 /* the free part of a page is not logged, and pages are about 70 % full */
#define HOT_SHARE 0.5 /* of the memory that such indexes may have: the rest is for new rows, WAL, sorts and queries */
#define DAY_S 86400.0
#define YEAR_DAYS 365.0

/* Bytes a row with all fields. */
static const struct {
  double heap, ordered, random; /* index pages as live writing leaves them */
  double wal;                   /* 0: by its size */
} measured[KT_N_TABLES] = {
  [KT_TABLE_BLOCKS] = { 1004, 13, 77.5, 0 },
  [KT_TABLE_BLOCK_PARENT] = { 101.5, 31.5, 126, 430 },
  [KT_TABLE_TRANSACTIONS] = { 742, 12, 77.5, 0 },
  [KT_TABLE_ACCEPTANCES] = { 101.3, 11, 77.5, 417 },
  [KT_TABLE_ADDRESSES] = { 134.4, 9.9, 197.4, 550 },
  [KT_TABLE_SCRIPTS] = { 109.3, 9.9, 158.6, 478 },
};

/* WAL of a row of blocks or transactions: 975, 847 and 697 bytes were measured at 742, 595 and 429 of heap. */
#define WAL_FIXED 311.0
#define WAL_OF_HEAP 0.9

/* What leaving a field out saves a row, in bytes; fields that are not here save less than 2. */
static const struct {
  KtField field;
  double bytes;
} fields[] = {
  { KT_FIELD_BLOCK_ACCEPTED_ID_MERKLE_ROOT, 36 }, { KT_FIELD_BLOCK_MERGE_SET_BLUES_HASHES, 163.5 },
  { KT_FIELD_BLOCK_SELECTED_PARENT_HASH, 39 },    { KT_FIELD_BLOCK_BITS, 12 },
  { KT_FIELD_BLOCK_BLUE_SCORE, 12 },              { KT_FIELD_BLOCK_BLUE_WORK, 18 },
  { KT_FIELD_BLOCK_DAA_SCORE, 18 },               { KT_FIELD_BLOCK_HASH_MERKLE_ROOT, 30 },
  { KT_FIELD_BLOCK_NONCE, 10.5 },                 { KT_FIELD_BLOCK_PRUNING_POINT, 36 },
  { KT_FIELD_BLOCK_TIMESTAMP, 18 },               { KT_FIELD_BLOCK_UTXO_COMMITMENT, 36 },
  { KT_FIELD_TX_HASH, 35 },                       { KT_FIELD_TX_PAYLOAD, 30 },
  { KT_FIELD_TX_BLOCK_TIME, 8 },                  { KT_FIELD_TX_BLOCK_HASH, 42.5 },
  { KT_FIELD_TX_IN_PREVIOUS_OUTPOINT, 82.5 },     { KT_FIELD_TX_IN_SIGNATURE_SCRIPT, 66 },
  { KT_FIELD_TX_OUT_AMOUNT, 36 },                 { KT_FIELD_TX_OUT_SCRIPT_PUBLIC_KEY, 92 },
  { KT_FIELD_TX_OUT_SCRIPT_PUBLIC_KEY_ADDRESS, 147 },
};

#define ALL_INPUTS 212.0
#define ALL_OUTPUTS 349.0
#define LEAST_BLOCK 93.0

/* Identifiers of its transactions in a row of blocks: from some dozen on they are stored out of line. */
static const struct {
  double tps, bytes;
} ids_of_block[] = { { 0, 70 }, { 20, 149 }, { 100, 531 }, { 500, 2790 }, { 2000, 14050 }, { 3000, 21560 } };

static double
ids_bytes (double tps)
{
  gsize i = 1;
  while (i + 1 < G_N_ELEMENTS (ids_of_block) && ids_of_block[i].tps < tps)
    i++;
  double share = (tps - ids_of_block[i - 1].tps) / (ids_of_block[i].tps - ids_of_block[i - 1].tps);
  return ids_of_block[i - 1].bytes + share * (ids_of_block[i].bytes - ids_of_block[i - 1].bytes);
}

static gboolean
is_excluded (const KtFeatures *features, KtField field)
{
  return (features->excluded >> field & 1) != 0;
}

static double
saved_between (const KtFeatures *features, KtField first, KtField last)
{
  double saved = 0;
  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
    if (fields[i].field >= first && fields[i].field <= last && is_excluded (features, fields[i].field))
      saved += fields[i].bytes;
  return saved;
}

static double
block_heap (const KtFeatures *features, double tps)
{
  double heap = measured[KT_TABLE_BLOCKS].heap - ids_bytes (100)
                - saved_between (features, KT_FIELD_BLOCK_ACCEPTED_ID_MERKLE_ROOT, KT_FIELD_BLOCK_VERSION);
  if (!is_excluded (features, KT_FIELD_BLOCK_TRANSACTION_IDS))
    heap += ids_bytes (tps);
  return MAX (heap, LEAST_BLOCK);
}

static double
transaction_heap (const KtFeatures *features)
{
  double inputs = kt_features_off (features, KT_DISABLE_TRANSACTIONS_INPUTS)
                    ? ALL_INPUTS
                    : saved_between (features, KT_FIELD_TX_IN_PREVIOUS_OUTPOINT, KT_FIELD_TX_IN_COVENANT_ID);
  double outputs = kt_features_off (features, KT_DISABLE_TRANSACTIONS_OUTPUTS)
                     ? ALL_OUTPUTS
                     : saved_between (features, KT_FIELD_TX_OUT_AMOUNT, KT_FIELD_TX_OUT_COVENANT_ID);
  gboolean resolved = !kt_features_off (features, KT_DISABLE_VIRTUAL_CHAIN_PROCESSING)
                      && !kt_features_off (features, KT_DISABLE_TRANSACTION_ACCEPTANCE)
                      && !kt_features_off (features, KT_DISABLE_TRANSACTIONS_INPUTS);
  return measured[KT_TABLE_TRANSACTIONS].heap - inputs - outputs - (resolved ? 0 : UNRESOLVED_BYTES)
         - saved_between (features, KT_FIELD_TX_SUBNETWORK_ID, KT_FIELD_TX_BLOCK_HASH);
}

/* ---- rows a second ---- */

static gboolean
accepts (const KtFeatures *features)
{
  return !kt_features_off (features, KT_DISABLE_VIRTUAL_CHAIN_PROCESSING)
         && !kt_features_off (features, KT_DISABLE_TRANSACTION_ACCEPTANCE);
}

/* Coinbases a second that are stored: rejected ones only where they are wanted. */
static double
coinbases (const KtFeatures *features)
{
  return kt_features_off (features, KT_DISABLE_REJECTED_TRANSACTIONS) ? CHAIN_BLOCKS_PER_S : BLOCKS_PER_S;
}

static double
stored (const KtFeatures *features, double tps)
{
  gboolean accepted_only = kt_features_off (features, KT_DISABLE_REJECTED_TRANSACTIONS)
                           || kt_features_off (features, KT_DISABLE_REJECTED_NON_CB_TRANSACTIONS);
  return tps * (accepted_only ? ACCEPTED : 1) + coinbases (features);
}

static double
mapped (const KtFeatures *features, double tps)
{
  return tps * (accepts (features) ? MAPPED_PER_TRANSACTION : MAPPED_PER_TRANSACTION_UNRESOLVED)
         + coinbases (features) * MAPPED_PER_COINBASE;
}

static double
rows_per_s (const KtFeatures *features, double tps, KtTableId table)
{
  gboolean transactions = !kt_features_off (features, KT_DISABLE_TRANSACTION_PROCESSING);
  KtMapping mapping = kt_features_mapping (features);
  switch (table)
    {
    case KT_TABLE_BLOCKS:
      return kt_features_off (features, KT_DISABLE_BLOCKS_TABLE) ? 0 : BLOCKS_PER_S;
    case KT_TABLE_BLOCK_PARENT:
      return kt_features_off (features, KT_DISABLE_BLOCK_PARENT_TABLE) ? 0 : BLOCKS_PER_S * PARENTS_PER_BLOCK;
    case KT_TABLE_TRANSACTIONS:
      return kt_features_off (features, KT_DISABLE_TRANSACTIONS_TABLE) || !transactions ? 0 : stored (features, tps);
    case KT_TABLE_ACCEPTANCES:
      if (kt_features_off (features, KT_DISABLE_VIRTUAL_CHAIN_PROCESSING))
        return 0;
      return CHAIN_BLOCKS_PER_S + (accepts (features) ? tps * ACCEPTED : 0);
    case KT_TABLE_ADDRESSES:
      return mapping == KT_MAPPING_ADDRESSES && transactions ? mapped (features, tps) : 0;
    case KT_TABLE_SCRIPTS:
      return mapping == KT_MAPPING_SCRIPTS && transactions ? mapped (features, tps) : 0;
    default: /* tables of older schemas */
      return 0;
    }
}

static KtFootprintRow
row_of (const KtFeatures *features, double tps, KtTableId table)
{
  KtFootprintRow row = { .rows_per_s = rows_per_s (features, tps, table) };
  if (row.rows_per_s <= 0)
    return (KtFootprintRow){ 0 };
  row.heap = table == KT_TABLE_BLOCKS         ? block_heap (features, tps)
             : table == KT_TABLE_TRANSACTIONS ? transaction_heap (features)
                                              : measured[table].heap;
  row.random = measured[table].random;
  row.index = measured[table].random + measured[table].ordered;
  row.wal = measured[table].wal > 0 ? measured[table].wal : WAL_FIXED + WAL_OF_HEAP * row.heap;
  return row;
}

/* ---- sums ---- */

/* Pages touched at least once by @keys keys that land anywhere in @pages. */
static double
touched (double pages, double keys)
{
  return pages > 0 ? pages * -expm1 (-keys / pages) : 0;
}

void
kt_footprint (const KtFootprintSpec *spec, KtFootprint *footprint)
{
  double checkpoint_s = (double) spec->checkpoint_ms / 1000;
  *footprint = (KtFootprint){ .kept_days = spec->retention_ms > 0 ? (double) spec->retention_ms / 1000 / DAY_S
                                                                  : INFINITY };
  double hot_days = isfinite (footprint->kept_days) ? footprint->kept_days : YEAR_DAYS;
  for (guint table = 0; table < KT_N_TABLES; table++)
    {
      KtFootprintRow row = footprint->of[table] = row_of (&spec->features, spec->tps, table);
      double a_day = row.rows_per_s * DAY_S, hot = a_day * hot_days * row.random;
      footprint->disk_per_day += a_day * (row.heap + row.index);
      footprint->index_per_day += a_day * row.index;
      footprint->wal_per_day += a_day * row.wal;
      footprint->hot += hot;
      footprint->images_per_day += IMAGE_BYTES * DAY_S / checkpoint_s
                                   * touched (hot / PAGE_BYTES, row.rows_per_s * checkpoint_s);
    }
  footprint->disk = footprint->disk_per_day * footprint->kept_days;
  footprint->memory = footprint->hot / HOT_SHARE;
}

double
kt_footprint_random_bytes (const KtFeatures *features, double tps)
{
  double bytes = 0;
  for (guint table = 0; table < KT_N_TABLES; table++)
    bytes += rows_per_s (features, tps, table) * measured[table].random;
  return bytes / stored (features, tps);
}

/* ---- JSON ---- */

static void
set_bytes (JsonObject *object, const char *name, double bytes)
{
  if (isfinite (bytes))
    json_object_set_int_member (object, name, (gint64) llround (bytes));
}

static JsonObject *
table_json (KtTableId table, const KtFootprintRow *row, double hot_days)
{
  JsonObject *object = json_object_new ();
  json_object_set_string_member (object, "name", kt_table_name (table));
  set_bytes (object, "rows_per_day", row->rows_per_s * DAY_S);
  set_bytes (object, "heap_bytes_per_row", row->heap);
  set_bytes (object, "index_bytes_per_row", row->index);
  set_bytes (object, "disk_bytes_per_day", row->rows_per_s * DAY_S * (row->heap + row->index));
  set_bytes (object, "wal_bytes_per_day", row->rows_per_s * DAY_S * row->wal);
  set_bytes (object, "hot_bytes", row->rows_per_s * DAY_S * hot_days * row->random);
  return object;
}

JsonObject *
kt_footprint_to_json (const KtFootprintSpec *spec)
{
  static const char *const sources[] = {
    "tables, indexes and fields: measured with kaspa-sim on PostgreSQL 15, schema 23, written live at 20, 100, 500 and"
    " 2,000 transactions a second",
    "WAL of block_parent, acceptances and mapping tables: measured a row; of transactions and blocks: by the size of"
    " the row (0.9 x + 311 bytes through three measured ones)",
    "page images: computed, each page of an index with random keys once after each checkpoint; wal_compression takes"
    " about an eighth off",
    "rows a second: Kaspa's 10 blocks, 2.5 of them chain blocks, 3.6 parents, 2.7 addresses a transaction",
    NULL,
  };
  JsonObject *object = json_object_new ();
  JsonArray *tables = json_array_new ();
  KtFootprint footprint;
  kt_footprint (spec, &footprint);
  for (guint table = 0; table < KT_N_TABLES; table++)
    if (footprint.of[table].rows_per_s > 0)
      json_array_add_object_element (tables, table_json (table, &footprint.of[table],
                                                         isfinite (footprint.kept_days) ? footprint.kept_days
                                                                                        : YEAR_DAYS));
  json_object_set_array_member (object, "tables", tables);
  json_object_set_double_member (object, "transactions_per_s", spec->tps);
  json_object_set_int_member (object, "checkpoint_ms", spec->checkpoint_ms);
  if (spec->retention_ms > 0)
    json_object_set_int_member (object, "retention_ms", spec->retention_ms);
  set_bytes (object, "disk_bytes_per_day", footprint.disk_per_day);
  set_bytes (object, "index_bytes_per_day", footprint.index_per_day);
  set_bytes (object, "wal_bytes_per_day", footprint.wal_per_day);
  set_bytes (object, "image_bytes_per_day", footprint.images_per_day);
  set_bytes (object, "disk_bytes", footprint.disk);
  set_bytes (object, "hot_bytes", footprint.hot);
  set_bytes (object, "memory_bytes", footprint.memory);
  kt_json_set_strings (object, "sources", sources);
  return object;
}
