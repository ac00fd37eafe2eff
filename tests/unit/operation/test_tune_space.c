/* SPDX-License-Identifier: MIT */
#include "operation/tune_space.h"

#include "base/size.h"
#include "tuning/params.h"
#include "tuning/profile.h"

#include <string.h>

static const char *const words[] = { "pglz", "lz4", "zstd", "on", "off", NULL };

static KtTuneFacts
facts (void)
{
  return (KtTuneFacts){
    .memory_bytes = 4 * KT_GIB,
    .room_bytes = 100 * KT_GIB,
    .shared_buffers = KT_GIB,
    .max_wal_size = 8 * KT_GIB,
    .wal_buffers = 16 * KT_MIB,
    .bgwriter_lru_maxpages = 400,
    .wal_compression = "lz4",
    .compressions = words,
    .batch_scale = 1,
    .batch_concurrency = 2,
  };
}

static guint
dimension_named (const GPtrArray *dimensions, const char *name)
{
  for (guint i = 0; i < dimensions->len; i++)
    if (g_str_equal (((const KtTuneDimension *) dimensions->pdata[i])->name, name))
      return i;
  g_assert_not_reached ();
}

static gboolean
has_level (const GPtrArray *dimensions, const char *name, const char *label)
{
  const KtTuneDimension *dimension = dimensions->pdata[dimension_named (dimensions, name)];
  for (guint i = 0; i < dimension->levels->len; i++)
    if (g_str_equal (((const KtTuneLevel *) dimension->levels->pdata[i])->label, label))
      return TRUE;
  return FALSE;
}

static KtSearchPoint
at (guint dimension, guint level)
{
  KtSearchPoint point = { { 0 } };
  point.level[dimension] = (guint8) level;
  return point;
}

static void
test_levels_lie_around_the_advice (void)
{
  const KtTuneFacts around = facts ();
  g_autoptr (GPtrArray) dimensions = kt_tune_dimensions (&around);
  KtSearchSpace space = kt_tune_space (dimensions);
  g_assert_cmpuint (space.n_dimensions, ==, 7);
  g_assert_true (has_level (dimensions, "shared_buffers", "shared_buffers 2252MB"));
  g_assert_false (has_level (dimensions, "shared_buffers", "shared_buffers 1024MB")); /* the advice itself */
  g_assert_true (has_level (dimensions, "max_wal_size", "max_wal_size 16384MB"));
  g_assert_true (has_level (dimensions, "wal_compression", "wal_compression zstd"));
  g_assert_false (has_level (dimensions, "wal_compression", "wal_compression lz4"));
  g_assert_false (has_level (dimensions, "wal_compression", "wal_compression on"));
  g_assert_true (has_level (dimensions, "background writer", "background writer off"));
  g_assert_true (has_level (dimensions, "batch-concurrency", "batch-concurrency 4"));
  g_assert_false (has_level (dimensions, "batch-concurrency", "batch-concurrency 2"));
}

static void
test_room_and_version_bound_the_levels (void)
{
  KtTuneFacts tight = facts ();
  tight.room_bytes = 40 * KT_GIB;
  tight.compressions = NULL; /* PostgreSQL 14: on and off */
  tight.wal_compression = "off";
  g_autoptr (GPtrArray) dimensions = kt_tune_dimensions (&tight);
  g_assert_false (has_level (dimensions, "max_wal_size", "max_wal_size 16384MB"));
  g_assert_true (has_level (dimensions, "max_wal_size", "max_wal_size 4096MB"));
  g_assert_true (has_level (dimensions, "wal_compression", "wal_compression on"));
  g_assert_false (has_level (dimensions, "wal_compression", "wal_compression zstd"));
}

/* Every setting of every level is one of the table, takes its value there, and does not guard the data. */
static void
test_durability_is_never_traded (void)
{
  const KtTuneFacts around = facts ();
  g_autoptr (GPtrArray) dimensions = kt_tune_dimensions (&around);
  guint n = 0;
  for (guint i = 0; i < dimensions->len; i++)
    for (guint level = 1; level < ((const KtTuneDimension *) dimensions->pdata[i])->levels->len; level++)
      {
        KtSearchPoint point = at (i, level);
        char **setting = kt_tune_level (dimensions, i, &point)->settings;
        for (; setting != NULL && *setting != NULL; setting++, n++)
          {
            g_auto (GStrv) parts = g_strsplit (*setting, "=", 2);
            const KtParam *param = kt_param_find (parts[0]);
            g_auto (KtValue) value = { 0 };
            g_autoptr (GError) error = NULL;
            g_assert_nonnull (param);
            g_assert_false (param->never);
            g_assert_cmpint (param->group, !=, KT_GROUP_SAFETY);
            g_assert_cmpstr (param->name, !=, "synchronous_commit");
            g_assert_true (kt_param_parse (param, 15, parts[1], &value, &error));
            g_assert_no_error (error);
          }
      }
  g_assert_cmpuint (n, >, 10);
}

static void
test_points_have_names_and_settings (void)
{
  const KtTuneFacts around = facts ();
  g_autoptr (GPtrArray) dimensions = kt_tune_dimensions (&around);
  KtSearchPoint start = { { 0 } }, point = at (dimension_named (dimensions, "shared_buffers"), 1);
  point.level[dimension_named (dimensions, "batch-scale")] = 1;
  g_autofree char *start_name = kt_tune_point_name (dimensions, &start);
  g_autofree char *name = kt_tune_point_name (dimensions, &point);
  g_autofree char *start_conf = kt_tune_point_conf (dimensions, &start);
  g_autofree char *conf = kt_tune_point_conf (dimensions, &point);
  g_assert_cmpstr (start_name, ==, "advice");
  g_assert_cmpstr (start_conf, ==, "");
  g_assert_cmpstr (name, ==, "shared_buffers 1638MB, batch-scale 2");
  g_assert_cmpstr (conf, ==, "shared_buffers=1638MB\n");
}

static void
add_round (GArray *results, guint round, gboolean final, const KtSearchPoint *point, double ratio)
{
  KtSearchResult start = { { { 0 } }, round, final, 1000 }, other = { *point, round, final, 1000 * ratio };
  g_array_append_val (results, start);
  g_array_append_val (results, other);
}

static void
test_profile_holds_the_evidence_and_can_be_read (void)
{
  const KtTuneFacts around = facts ();
  const KtTuneProvenance provenance = { "low-memory", "4 GB, 2 CPUs", "result 7, 2026-01-02, PostgreSQL 15, 9 runs" };
  g_autoptr (GPtrArray) dimensions = kt_tune_dimensions (&around);
  g_autoptr (GArray) results = g_array_new (FALSE, FALSE, sizeof (KtSearchResult));
  g_autoptr (GError) error = NULL;
  guint buffers = dimension_named (dimensions, "shared_buffers"), wal = dimension_named (dimensions, "max_wal_size");
  guint concurrency = dimension_named (dimensions, "batch-concurrency");
  KtSearchPoint first = at (buffers, 1), second = at (concurrency, 1), rejected = at (wal, 1), both = first;
  both.level[concurrency] = 1;
  add_round (results, 1, FALSE, &first, 1.2);
  add_round (results, 1, FALSE, &second, 1.1);
  add_round (results, 1, FALSE, &rejected, 0.9);
  for (guint round = 2; round <= 4; round++)
    add_round (results, round, TRUE, &both, 1.3 + 0.01 * round);
  g_autofree char *text = kt_tune_profile (dimensions, results, &both, &provenance);
  g_test_message ("%s", text);
  g_autoptr (KtProfile) profile = kt_profile_parse ("measured", text, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (profile->row->name, ==, "low-memory");
  g_assert_cmpstr (g_hash_table_lookup (profile->set, "shared_buffers"), ==, "1638MB");
  g_assert_null (g_hash_table_lookup (profile->set, "max_wal_size"));
  g_assert_cmpuint (profile->batch_concurrency, ==, 4);
  g_assert_nonnull (strstr (text, "# shared_buffers 1638MB: alone x 1.20 (one round)"));
  g_assert_nonnull (strstr (text, "# max_wal_size 16384MB: alone x 0.90 (one round)"));
  g_assert_nonnull (strstr (text, "All together: rate x 1.33 (1.31 to 1.36, 3 rounds)"));
  g_assert_nonnull (strstr (text, "result 7"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/operation/tune-space/levels-lie-around-the-advice", test_levels_lie_around_the_advice);
  g_test_add_func ("/operation/tune-space/room-and-version-bound-the-levels", test_room_and_version_bound_the_levels);
  g_test_add_func ("/operation/tune-space/durability-is-never-traded", test_durability_is_never_traded);
  g_test_add_func ("/operation/tune-space/points-have-names-and-settings", test_points_have_names_and_settings);
  g_test_add_func ("/operation/tune-space/profile-holds-the-evidence-and-can-be-read",
                   test_profile_holds_the_evidence_and_can_be_read);
  return g_test_run ();
}
