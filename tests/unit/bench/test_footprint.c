/* SPDX-License-Identifier: MIT
 *
 * Sums against what whole databases were measured to have; figures of the table itself are not repeated here.
 */
#include "bench/footprint.h"

#include "base/json.h"
#include "base/size.h"
#include "bench/regime.h"

#include <math.h>

#define DAY_MS (24 * 3600 * G_GINT64_CONSTANT (1000))

static KtFeatures
features (const char *disable, const char *exclude)
{
  KtFeatures chosen = { 0 };
  g_assert_true (kt_features_add (&chosen, KT_RELEASE_V2_3_0, KT_VALUES_DISABLE, disable, NULL));
  g_assert_true (kt_features_add (&chosen, KT_RELEASE_V2_3_0, KT_VALUES_EXCLUDE_FIELDS, exclude, NULL));
  return chosen;
}

static KtFootprint
footprint (KtFeatures chosen, double tps, gint64 retention_ms)
{
  const KtFootprintSpec spec = { chosen, tps, retention_ms, 15 * 60 * 1000 };
  KtFootprint found;
  kt_footprint (&spec, &found);
  return found;
}

static void
assert_near (double value, double wanted, double percent)
{
  g_assert_cmpfloat (fabs (value / wanted - 1) * 100, <=, percent);
}

static double
wal_per_transaction (const KtFootprint *found)
{
  return found->wal_per_day / 86400 / found->of[KT_TABLE_TRANSACTIONS].rows_per_s;
}

static void
test_rows_are_as_wide_as_measured (void)
{
  KtFootprint light = footprint (kt_features_light (), 100, 0);
  assert_near (light.of[KT_TABLE_TRANSACTIONS].heap, 429, 3);
  assert_near (light.of[KT_TABLE_BLOCKS].heap, 93.3, 3);
  KtFootprint scripts = footprint (features ("none", "tx_out_script_public_key_address"), 100, 0);
  assert_near (scripts.of[KT_TABLE_TRANSACTIONS].heap, 595, 3);
  KtFootprint no_outputs = footprint (features ("transactions_outputs", "none"), 100, 0);
  assert_near (no_outputs.of[KT_TABLE_TRANSACTIONS].heap, 394, 3);
  static const struct {
    double tps, heap;
  } blocks[] = { { 20, 628 }, { 100, 1004 }, { 500, 3270 }, { 2000, 14600 } };
  for (gsize i = 0; i < G_N_ELEMENTS (blocks); i++)
    assert_near (footprint ((KtFeatures){ 0 }, blocks[i].tps, 0).of[KT_TABLE_BLOCKS].heap, blocks[i].heap, 3);
}

/* Rows a second of fills with 100 transactions a second. */
static void
test_rows_are_as_many_as_measured (void)
{
  KtFootprint all = footprint ((KtFeatures){ 0 }, 100, 0);
  assert_near (all.of[KT_TABLE_TRANSACTIONS].rows_per_s, 60069 / 546.0, 1);
  assert_near (all.of[KT_TABLE_ACCEPTANCES].rows_per_s, 55641 / 546.0, 1);
  assert_near (all.of[KT_TABLE_ADDRESSES].rows_per_s, 167154 / 546.0, 1);
  assert_near (all.of[KT_TABLE_BLOCK_PARENT].rows_per_s, 19528 / 546.0, 1);
  g_assert_cmpfloat (all.of[KT_TABLE_SCRIPTS].rows_per_s, ==, 0);
  KtFootprint accepted = footprint (features ("rejected_transactions", "none"), 100, 0);
  assert_near (accepted.of[KT_TABLE_TRANSACTIONS].rows_per_s, 55641 / 546.0, 1);
  assert_near (accepted.of[KT_TABLE_ADDRESSES].rows_per_s, 153480 / 546.0, 1.5);
  KtFootprint no_chain = footprint (features ("virtual_chain_processing", "none"), 100, 0);
  g_assert_cmpfloat (no_chain.of[KT_TABLE_ACCEPTANCES].rows_per_s, ==, 0);
  assert_near (no_chain.of[KT_TABLE_ADDRESSES].rows_per_s, 126018 / 546.0, 1);
}

/* What whole runs wrote, with few page images. */
static void
test_wal_is_as_much_as_measured (void)
{
  KtFootprint all = footprint ((KtFeatures){ 0 }, 100, 0), light = footprint (kt_features_light (), 100, 0);
  KtFootprint scripts = footprint (features ("none", "tx_out_script_public_key_address"), 100, 0);
  assert_near (wal_per_transaction (&all), 1154076516.0 / 362409, 4);
  assert_near (wal_per_transaction (&scripts), 1483009123.0 / 521510, 4);
  assert_near (wal_per_transaction (&light), 1902599418.0 / 1663994, 4);
}

static void
test_retention_bounds_disk_and_memory (void)
{
  KtFootprint week = footprint ((KtFeatures){ 0 }, 100, 7 * DAY_MS), month = footprint ((KtFeatures){ 0 }, 100, 28 * DAY_MS);
  KtFootprint all = footprint ((KtFeatures){ 0 }, 100, 0);
  assert_near (month.disk, 4 * week.disk, 1e-9);
  assert_near (month.hot, 4 * week.hot, 1e-9);
  assert_near (week.disk, 7 * week.disk_per_day, 1e-9);
  assert_near (all.hot, 365 * week.hot / 7, 1e-9);
  g_assert_true (isinf (all.disk));
  g_assert_cmpfloat (week.hot, <, week.index_per_day * 7);
  g_assert_cmpfloat (week.memory, >, week.hot);
}

/* Fewer checkpoints, fewer images; never more than one a key. */
static void
test_images_follow_the_checkpoints (void)
{
  KtFootprintSpec spec = { { 0 }, 100, 7 * DAY_MS, 5 * 60 * 1000 };
  KtFootprint often, seldom;
  kt_footprint (&spec, &often);
  spec.checkpoint_ms *= 6;
  kt_footprint (&spec, &seldom);
  g_assert_cmpfloat (seldom.images_per_day, <, often.images_per_day);
  double keys_per_day = 0;
  for (guint table = 0; table < KT_N_TABLES; table++)
    keys_per_day += often.of[table].rows_per_s * 86400;
  g_assert_cmpfloat (often.images_per_day, <=, keys_per_day * 8192);
}

static void
test_json_leaves_out_what_has_no_end (void)
{
  const KtFootprintSpec spec = { kt_features_light (), 20, 0, 900000 };
  g_autoptr (JsonObject) object = kt_footprint_to_json (&spec);
  g_assert_false (json_object_has_member (object, "disk_bytes"));
  g_assert_cmpint (kt_json_int (object, "disk_bytes_per_day", 0), >, 0);
  g_assert_cmpuint (json_array_get_length (kt_json_array (object, "tables")), ==, 3);
}

static void
test_regimes_are_shares_of_memory (void)
{
  const KtBenchRegime *fit = kt_bench_regime_find ("indexes-fit"), *exceed = kt_bench_regime_find ("indexes-exceed");
  KtFeatures all = { 0 }, light = kt_features_light ();
  g_assert_null (kt_bench_regime_find ("others"));
  guint64 few = kt_bench_regime_transactions (fit, 4 * KT_GIB, &all, 100);
  /* 372,501 transactions, written live, had 279 MB of such indexes. */
  assert_near ((double) few, fit->share * 4 * KT_GIB / (279.2e6 / 372501), 2);
  assert_near ((double) kt_bench_regime_transactions (exceed, 4 * KT_GIB, &all, 100), exceed->share / fit->share * (double) few, 0.1);
  assert_near ((double) kt_bench_regime_transactions (fit, 2 * KT_GIB, &all, 100), 0.5 * (double) few, 0.1);
  g_assert_cmpuint (kt_bench_regime_transactions (fit, 4 * KT_GIB, &light, 100), >, 3 * few); /* no mapping table */
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/bench/footprint/rows-are-as-wide-as-measured", test_rows_are_as_wide_as_measured);
  g_test_add_func ("/bench/footprint/rows-are-as-many-as-measured", test_rows_are_as_many_as_measured);
  g_test_add_func ("/bench/footprint/wal-is-as-much-as-measured", test_wal_is_as_much_as_measured);
  g_test_add_func ("/bench/footprint/retention-bounds-disk-and-memory", test_retention_bounds_disk_and_memory);
  g_test_add_func ("/bench/footprint/images-follow-the-checkpoints", test_images_follow_the_checkpoints);
  g_test_add_func ("/bench/footprint/json-leaves-out-what-has-no-end", test_json_leaves_out_what_has_no_end);
  g_test_add_func ("/bench/regime/regimes-are-shares-of-memory", test_regimes_are_shares_of_memory);
  return g_test_run ();
}
