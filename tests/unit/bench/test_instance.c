/* SPDX-License-Identifier: MIT
 *
 * Real servers of Debian's PostgreSQL on a small data set. Times are short: it is shown that things happen and are
 * counted, never how fast.
 */
#include "bench/compare.h"

#include "base/error.h"
#include "bench/counters.h"
#include "bench/prepare.h"
#include "bench/store.h"
#include "postgres/connection.h"
#include "support/cluster.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TRANSACTIONS 4000

static const KtBenchHost unlimited;
static const KtBenchWatch nobody;
static char *folder; /* of all tests: the data set is made once */
static char *binaries;

static KtDataSetSpec
spec (void)
{
  return (KtDataSetSpec){
    .bin_directory = binaries, .transactions = TRANSACTIONS, .seed = 3, .tps = 100,
  };
}

static KtBenchPlace *
open_place (void)
{
  g_autoptr (GError) error = NULL;
  KtBenchPlace *place = kt_bench_place_open (folder, &error);
  g_assert_no_error (error);
  return place;
}

static KtDataSet *
open_set (const KtBenchPlace *place)
{
  const KtDataSetSpec wanted = spec ();
  g_autoptr (GError) error = NULL;
  KtDataSet *set = kt_data_set_open (place, &wanted, &nobody, &error);
  g_assert_no_error (error);
  return set;
}

/* Names that a private server or a begun data set would have. */
static guint
left_behind (void)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  guint n = 0;
  while ((name = g_dir_read_name (dir)) != NULL)
    n += g_str_has_prefix (name, "kastune-scratch-");
  return n;
}

static KtBenchInstance *
start (const KtBenchPlace *place, const KtDataSet *set, const char *conf, GError **error)
{
  const KtBenchInstanceOptions options = { place, set, binaries, NULL, &unlimited, conf };
  return kt_bench_instance_new (&options, &nobody, error);
}

static void
test_data_set_is_made_once (void)
{
  g_autoptr (KtBenchPlace) place = open_place ();
  g_autoptr (KtDataSet) set = open_set (place);
  g_autofree char *control = g_build_filename (set->folder, "global", "pg_control", NULL);
  GStatBuf before, after;
  g_assert_cmpint (g_stat (control, &before), ==, 0);
  g_assert_cmpuint (set->transactions, >=, TRANSACTIONS);
  g_assert_cmpint (set->bytes, >, 0);
  g_assert_cmpint (set->folder_bytes, >, set->bytes);
  g_autoptr (KtDataSet) again = open_set (place);
  g_assert_cmpint (g_stat (control, &after), ==, 0);
  g_assert_cmpint (before.st_ino, ==, after.st_ino);
  g_assert_cmpint (before.st_mtime, ==, after.st_mtime);
  g_assert_cmpuint (again->blocks, ==, set->blocks);
  g_assert_cmpuint (left_behind (), ==, 0);
}

/* Freshly built, the index of 32-byte keys has 59 bytes a row; after random inserts 70 and more. */
static void
test_larger_data_sets_have_aged_indexes (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KtBenchPlace) place = open_place ();
  KtDataSetSpec wanted = spec ();
  wanted.transactions = 100000;
  g_autoptr (KtDataSet) set = kt_data_set_open (place, &wanted, &nobody, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (set->transactions, >=, wanted.transactions);
  g_autoptr (KtBenchInstance) instance = start (place, set, "", &error);
  g_assert_no_error (error);
  g_autoptr (KtConnection) connection = kt_connection_open (kt_bench_instance_conninfo (instance), &error);
  g_autoptr (PGresult) row = kt_connection_query (
    connection, &error, "SELECT count(*) AS n, pg_relation_size('transactions_pkey') AS bytes FROM transactions", NULL);
  g_assert_no_error (error);
  g_assert_cmpint (kt_result_int (row, 0, "n"), ==, (gint64) set->transactions);
  g_assert_cmpfloat (kt_result_double (row, 0, "bytes") / (double) set->transactions, >, 65);
  g_clear_pointer (&connection, kt_connection_free);
  g_clear_pointer (&instance, kt_bench_instance_free);
  kt_folder_remove (set->folder, NULL);
}

static void
test_one_measurement_at_a_time (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KtBenchPlace) place = open_place ();
  g_autoptr (KtBenchPlace) other = kt_bench_place_open (folder, &error);
  g_assert_nonnull (place);
  g_assert_null (other);
  g_assert_error (error, KT_ERROR, KT_ERROR_REFUSED);
}

static void
test_folder_of_everybody_is_refused (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *public = g_dir_make_tmp ("kt-public-XXXXXX", NULL);
  g_assert_cmpint (g_chmod (public, 01777), ==, 0);
  g_assert_null (kt_bench_place_open (public, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_REFUSED);
  g_assert_cmpint (g_rmdir (public), ==, 0);
}

static void
test_server_has_its_settings_and_goes (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KtBenchPlace) place = open_place ();
  g_autoptr (KtDataSet) set = open_set (place);
  g_autoptr (KtBenchInstance)
    instance = start (place, set, "work_mem = 5MB\nport = 1\narchive_command = 'false'\n", &error);
  g_assert_no_error (error);
  g_autoptr (KtConnection) connection = kt_connection_open (kt_bench_instance_conninfo (instance), &error);
  g_assert_no_error (error);
  g_autoptr (PGresult)
    row = kt_connection_query (connection, &error,
                               "SELECT current_setting('work_mem') AS a, current_setting('archive_command') AS b",
                               NULL);
  g_assert_no_error (error);
  g_assert_cmpstr (kt_result_get (row, 0, "a"), ==, "5MB");
  g_assert_cmpstr (kt_result_get (row, 0, "b"), !=, "false");
  pid_t pid = (pid_t) kt_bench_instance_pid (instance);
  g_assert_cmpint (pid, >, 1);
  g_clear_pointer (&connection, kt_connection_free);
  g_clear_pointer (&instance, kt_bench_instance_free);
  g_assert_cmpint (kill (pid, 0), ==, -1);
  g_assert_cmpuint (left_behind (), ==, 0);
}

static void
test_what_this_version_does_not_know_is_left_out (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KtBenchPlace) place = open_place ();
  g_autoptr (KtDataSet) set = open_set (place);
  g_autoptr (KtBenchInstance) instance = start (place, set,
                                                "work_mem = 5MB\nsoothsayer = on\ntemp_buffers = 9MB\nweather = 'fine'\n",
                                                &error);
  g_assert_no_error (error);
  const GPtrArray *left_out = kt_bench_instance_left_out (instance);
  g_assert_cmpuint (left_out->len, ==, 2);
  g_assert_nonnull (strstr (left_out->pdata[0], "soothsayer"));
  g_assert_nonnull (strstr (left_out->pdata[1], "weather"));
  g_autoptr (KtConnection) connection = kt_connection_open (kt_bench_instance_conninfo (instance), &error);
  g_autoptr (PGresult) row = kt_connection_query (
    connection, &error, "SELECT current_setting('work_mem') || ' ' || current_setting('temp_buffers') AS both", NULL);
  g_assert_no_error (error);
  g_assert_cmpstr (kt_result_get (row, 0, "both"), ==, "5MB 9MB");
}

/* As a server that has been running has them: it takes one after the other, and makes none. */
static void
test_log_files_are_there_to_reuse (void)
{
  gint64 bytes = -1;
  g_autoptr (GError) error = NULL;
  g_autoptr (KtBenchPlace) place = open_place ();
  g_autoptr (KtDataSet) set = open_set (place);
  g_autoptr (KtBenchInstance) instance = start (place, set, "min_wal_size = 32MB\nmax_wal_size = 100MB\n", &error);
  g_assert_no_error (error);
  const char *data = kt_bench_instance_data (instance), *conninfo = kt_bench_instance_conninfo (instance);
  g_assert_true (kt_bench_prepare_wal (conninfo, data, &nobody, &bytes, &error));
  g_assert_no_error (error);
  g_assert_cmpint (bytes, ==, 6 * 16 * 1024 * 1024);
  g_autoptr (KtConnection) connection = kt_connection_open (conninfo, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < 6; i++)
    {
      struct stat before, after;
      g_autoptr (PGresult) next
        = kt_connection_query (connection, &error, "SELECT pg_walfile_name(pg_current_wal_lsn() + 16777216) AS file", NULL);
      g_assert_no_error (error);
      g_autofree char *path = g_build_filename (data, "pg_wal", kt_result_get (next, 0, "file"), NULL);
      g_assert_cmpint (stat (path, &before), ==, 0);
      g_assert_cmpint (before.st_size, ==, 16 * 1024 * 1024);
      G_GNUC_UNUSED g_autoptr (PGresult) moved = kt_connection_query (
        connection, &error, "SELECT pg_switch_wal(), pg_logical_emit_message(false, 'kastune', 'next')", NULL);
      g_assert_no_error (error);
      g_assert_cmpint (stat (path, &after), ==, 0);
      g_assert_cmpuint (before.st_ino, ==, after.st_ino);
    }
}

static void
test_no_log_files_without_reuse (void)
{
  gint64 bytes = -1;
  g_autoptr (GError) error = NULL;
  g_autoptr (KtBenchPlace) place = open_place ();
  g_autoptr (KtDataSet) set = open_set (place);
  g_autoptr (KtBenchInstance) instance = start (place, set, "wal_recycle = off\n", &error);
  g_assert_no_error (error);
  g_assert_true (kt_bench_prepare_wal (kt_bench_instance_conninfo (instance), kt_bench_instance_data (instance), &nobody,
                                       &bytes, &error));
  g_assert_no_error (error);
  g_assert_cmpint (bytes, ==, 0);
}

static void
test_caches_are_warmed_and_a_checkpoint_begins (void)
{
  gint64 pages = -1;
  KtBenchCounts before, after;
  g_autoptr (GError) error = NULL;
  g_autoptr (KtBenchPlace) place = open_place ();
  g_autoptr (KtDataSet) set = open_set (place);
  g_autoptr (KtBenchInstance) instance = start (place, set, "shared_buffers = 64MB\n", &error);
  g_assert_no_error (error);
  const char *conninfo = kt_bench_instance_conninfo (instance);
  g_assert_true (kt_bench_warm_caches (conninfo, 0, &nobody, &pages, &error));
  g_assert_no_error (error);
  g_autoptr (KtConnection) connection = kt_connection_open (conninfo, &error);
  g_autoptr (PGresult) sum = kt_connection_query (
    connection, &error, "SELECT sum(pg_relation_size(indexrelid)) / 8192 AS pages FROM pg_index i JOIN pg_class c"
    " ON c.oid = i.indrelid WHERE c.relnamespace = 'public'::regnamespace", NULL);
  g_assert_cmpint (pages, ==, kt_result_int (sum, 0, "pages"));
  gint64 all = pages;
  /* A quarter of the room that all of them need gives the same share of each. */
  g_assert_true (kt_bench_warm_caches (conninfo, all * 8192 / 3, &nobody, &pages, &error));
  g_assert_cmpint (pages, >, 0);
  g_assert_cmpint (pages, <=, all / 4 + 1);
  g_assert_true (kt_bench_counts_read (connection, &before, &error));
  g_assert_true (kt_bench_begin_checkpoint (conninfo));
  g_assert_true (kt_bench_counts_read (connection, &after, &error));
  g_assert_cmpint (kt_bench_counts_checkpoints (&before, &after), ==, 1);
}

/* What begins the checkpoint must not go on to decide what is logged: the first change of each page after it. */
static void
test_checkpoint_leaves_full_page_writes_as_they_are (void)
{
  static const char change[] = "UPDATE spread SET i = -i WHERE i % 100 = 0; SELECT pg_stat_force_next_flush()";
  KtBenchCounts before, after;
  g_autoptr (GError) error = NULL;
  g_autoptr (KtBenchPlace) place = open_place ();
  g_autoptr (KtDataSet) set = open_set (place);
  /* Spread over minutes, so that it is under way while the pages are changed. */
  g_autoptr (KtBenchInstance) instance = start (place, set, "full_page_writes = off\ncheckpoint_timeout = 10min\nwal_compression = off\n",
                                                &error);
  g_assert_no_error (error);
  const char *conninfo = kt_bench_instance_conninfo (instance);
  g_autoptr (KtConnection) connection = kt_connection_open (conninfo, &error);
  G_GNUC_UNUSED g_autoptr (PGresult) dirty = kt_connection_query (
    connection, &error, "CREATE TABLE spread AS SELECT i FROM generate_series (1, 200000) AS i", NULL);
  g_assert_no_error (error);
  g_assert_true (kt_bench_begin_checkpoint (conninfo));
  g_assert_true (kt_bench_counts_read (connection, &before, &error));
  G_GNUC_UNUSED g_autoptr (PGresult) changed = kt_connection_query (connection, &error, change, NULL);
  g_assert_no_error (error);
  g_assert_true (kt_bench_counts_read (connection, &after, &error));
  g_assert_cmpint (kt_bench_counts_delta (&before, &after, KT_COUNT_WAL_BYTES), >, 0);
  g_assert_cmpint (kt_bench_counts_delta (&before, &after, KT_COUNT_WAL_FULL_PAGE_IMAGES), ==, 0);
}

static void
test_bad_settings_are_told (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KtBenchPlace) place = open_place ();
  g_autoptr (KtDataSet) set = open_set (place);
  g_autoptr (KtBenchInstance) instance = start (place, set, "work_mem = 5parsec\n", &error);
  g_assert_null (instance);
  g_assert_error (error, KT_ERROR, KT_ERROR_VERIFY);
  g_assert_nonnull (strstr (kt_error_detail (error), "work_mem"));
  g_assert_cmpuint (left_behind (), ==, 0);
}

static void
test_crash_keeps_what_was_committed (void)
{
  gint64 recovery_ms = -1;
  g_autoptr (GError) error = NULL;
  g_autoptr (KtBenchPlace) place = open_place ();
  g_autoptr (KtDataSet) set = open_set (place);
  g_autoptr (KtBenchInstance) instance = start (place, set, "", &error);
  g_assert_no_error (error);
  pid_t before = (pid_t) kt_bench_instance_pid (instance);
  g_autoptr (KtConnection) connection = kt_connection_open (kt_bench_instance_conninfo (instance), &error);
  g_autoptr (PGresult) made = kt_connection_query (connection, &error, "CREATE TABLE kept AS SELECT 7 AS n", NULL);
  g_assert_nonnull (made);
  g_assert_no_error (error);
  g_clear_pointer (&connection, kt_connection_free);
  g_assert_true (kt_bench_instance_crash (instance, &recovery_ms, &error));
  g_assert_no_error (error);
  g_assert_cmpint (recovery_ms, >=, 0);
  g_assert_cmpint (kt_bench_instance_pid (instance), !=, before);
  connection = kt_connection_open (kt_bench_instance_conninfo (instance), &error);
  g_assert_no_error (error);
  g_autoptr (PGresult) row = kt_connection_query (connection, &error, "SELECT n FROM kept", NULL);
  g_assert_cmpint (kt_result_int (row, 0, "n"), ==, 7);
}

static KtBenchConfiguration *
configuration (const char *name, const char *conf)
{
  KtBenchConfiguration *one = g_new0 (KtBenchConfiguration, 1);
  one->name = g_strdup (name);
  one->conf_text = g_strdup (conf);
  return one;
}

static void
test_comparison_measures_in_turn (void)
{
  static const char *const metrics[] = { "wal_bytes_per_tx",   "full_page_images_per_tx",
                                         "blocks_read_per_tx", "blocks_written_per_tx",
                                         "cache_hit_percent",  "cpu_us_per_tx",
                                         "transactions_per_s", "commit_p99_ms" };
  g_autoptr (GError) error = NULL;
  g_autoptr (KtBenchPlace) place = open_place ();
  g_autoptr (KtDataSet) set = open_set (place);
  g_autoptr (GPtrArray) configurations = g_ptr_array_new_with_free_func ((GDestroyNotify) kt_bench_configuration_free);
  g_ptr_array_add (configurations, configuration ("images", "fsync = off\n"));
  g_ptr_array_add (configurations, configuration ("none", "full_page_writes = off\n"));
  g_ptr_array_add (configurations, configuration ("broken", "shared_buffers = 1parsec\n"));
  ((KtBenchConfiguration *) configurations->pdata[1])->statements = g_strsplit (
    "ALTER TABLE blocks SET (fillfactor = 70)", ";", -1);
  const KtBenchComparison comparison = {
    .instance = { place, set, binaries, NULL, &unlimited, NULL },
    .configurations = configurations,
    .rounds = 2,
    .run = { .duration_ms = 60000, .transactions = 2000, .batch_scale = 1, .batch_concurrency = 1, .watch = &nobody },
  };
  g_autoptr (JsonObject) document = kt_bench_comparison_document (&comparison);
  g_assert_true (kt_bench_compare (&comparison, document, &error));
  g_assert_no_error (error);
  JsonArray *answered = kt_json_array (document, "configurations");
  JsonObject *images = json_array_get_object_element (answered, 0), *none = json_array_get_object_element (answered, 1);
  JsonObject *broken = json_array_get_object_element (answered, 2);
  g_assert_cmpuint (json_array_get_length (kt_json_array (none, "runs")), ==, 2);
  for (gsize i = 0; i < G_N_ELEMENTS (metrics); i++)
    g_assert_true (json_object_has_member (kt_json_object (none, "summary"), metrics[i]));
  g_assert_cmpstr (kt_json_string (kt_json_object (none, "settings"), "full_page_writes", NULL), ==, "off");
  g_assert_cmpstr (kt_json_string (kt_json_object (images, "settings"), "full_page_writes", NULL), ==, NULL);
  /* The first change of a page after the start logs the whole page, unless that is off: on any machine. */
  JsonObject *with = kt_json_object (kt_json_object (images, "summary"), "full_page_images_per_tx");
  JsonObject *without = kt_json_object (kt_json_object (none, "summary"), "full_page_images_per_tx");
  g_assert_cmpfloat (kt_json_double (with, "value", 0), >, 0);
  g_assert_cmpfloat (kt_json_double (without, "value", 9), ==, 0);
  g_assert_nonnull (strstr (kt_json_string (broken, "problem", ""), "shared_buffers"));
  g_assert_cmpuint (json_array_get_length (kt_json_array (broken, "runs")), ==, 0);
  g_assert_cmpuint (json_array_get_length (kt_json_array (document, "notes")), >=, 2); /* neither is durable */
  g_assert_cmpuint (left_behind (), ==, 0);
}

static void
test_checkpoints_make_a_run_count (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KtBenchPlace) place = open_place ();
  g_autoptr (KtDataSet) set = open_set (place);
  g_autoptr (KtBenchInstance) instance = start (place, set, "max_wal_size = 32MB\nmin_wal_size = 32MB\n", &error);
  g_assert_no_error (error);
  KtBenchRun run = { .conninfo = kt_bench_instance_conninfo (instance),
                     .duration_ms = 60000,
                     .checkpoints = 1,
                     .batch_scale = 1,
                     .batch_concurrency = 1,
                     .watch = &nobody };
  g_autoptr (JsonObject) counting = kt_bench_run (&run, &error);
  g_assert_no_error (error);
  g_assert_true (kt_json_bool (counting, "counts", FALSE));
  g_assert_cmpint (kt_json_int (counting, "checkpoints", 0), >=, 1);
  run.duration_ms = 1000;
  run.checkpoints = 1000;
  g_autoptr (JsonObject) short_one = kt_bench_run (&run, &error);
  g_assert_no_error (error);
  g_assert_false (kt_json_bool (short_one, "counts", TRUE));
  g_assert_nonnull (strstr (kt_json_string (short_one, "why_not", ""), "of the 1000"));
  run.checkpoints = 0;
  run.observe = TRUE;
  g_autoptr (JsonObject) watched = kt_bench_run (&run, &error);
  g_assert_no_error (error);
  g_assert_cmpint (kt_json_int (watched, "transactions", -1), ==, 0); /* nobody writes now */
}

static gpointer
cancel_soon (gpointer cancellable)
{
  g_usleep (300000);
  g_cancellable_cancel (cancellable);
  return NULL;
}

static void
test_interruption_leaves_nothing (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KtBenchPlace) place = open_place ();
  g_autoptr (KtDataSet) set = open_set (place);
  g_autoptr (GPtrArray) configurations = g_ptr_array_new_with_free_func ((GDestroyNotify) kt_bench_configuration_free);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  const KtBenchWatch watch = { .cancellable = cancellable };
  g_ptr_array_add (configurations, configuration ("defaults", ""));
  const KtBenchComparison comparison = {
    .instance = { place, set, binaries, NULL, &unlimited, NULL },
    .configurations = configurations,
    .rounds = 100,
    .run = { .duration_ms = 600000, .batch_scale = 1, .batch_concurrency = 1, .watch = &watch },
  };
  GThread *thread = g_thread_new ("cancel", cancel_soon, cancellable);
  g_autoptr (JsonObject) document = kt_bench_comparison_document (&comparison);
  g_assert_false (kt_bench_compare (&comparison, document, &error));
  g_thread_join (thread);
  g_assert_error (error, KT_ERROR, KT_ERROR_INTERRUPTED);
  g_assert_cmpuint (left_behind (), ==, 0);
}

typedef struct {
  guint kept;
  guint wanted;
  GCancellable *cancellable;
} Keeping;

/* Ctrl-C after so many runs. */
static gboolean
keep_some (JsonObject *document, gpointer data, GError **error)
{
  Keeping *keeping = data;
  if (++keeping->kept == keeping->wanted)
    g_cancellable_cancel (keeping->cancellable);
  return TRUE;
}

static guint
n_runs (JsonObject *document, guint which)
{
  return json_array_get_length (kt_json_array (
    json_array_get_object_element (kt_json_array (document, "configurations"), which), "runs"));
}

static void
test_interrupted_comparison_goes_on (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KtBenchPlace) place = open_place ();
  g_autoptr (KtDataSet) set = open_set (place);
  g_autoptr (GPtrArray) configurations = g_ptr_array_new_with_free_func ((GDestroyNotify) kt_bench_configuration_free);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  const KtBenchWatch watch = { .cancellable = cancellable };
  Keeping keeping = { .wanted = 3, .cancellable = cancellable };
  g_ptr_array_add (configurations, configuration ("a", ""));
  g_ptr_array_add (configurations, configuration ("b", "work_mem = 5MB\n"));
  KtBenchComparison comparison = {
    .instance = { place, set, binaries, NULL, &unlimited, NULL },
    .configurations = configurations,
    .rounds = 2,
    .run = { .duration_ms = 60000, .transactions = 500, .batch_scale = 1, .batch_concurrency = 1, .watch = &watch },
    .keep = keep_some,
    .data = &keeping,
  };
  g_autoptr (JsonObject) document = kt_bench_comparison_document (&comparison);
  g_assert_false (kt_bench_compare (&comparison, document, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_INTERRUPTED);
  g_assert_cmpuint (n_runs (document, 0) + n_runs (document, 1), ==, 3);
  g_assert_cmpuint (left_behind (), ==, 0);
  /* Elsewhere, from what was kept: the settings stand in it. */
  g_autoptr (JsonNode) node = kt_json_node_take (json_object_ref (document));
  g_autofree char *text = kt_json_to_line (node);
  g_autoptr (JsonNode) read = kt_json_parse (text, NULL);
  JsonObject *again = json_node_get_object (read);
  g_autoptr (GPtrArray) same = kt_bench_configurations_of (again);
  g_assert_cmpstr (((KtBenchConfiguration *) same->pdata[1])->conf_text, ==, "work_mem = 5MB\n");
  g_clear_error (&error);
  g_cancellable_reset (cancellable);
  comparison.configurations = same;
  g_assert_true (kt_bench_compare (&comparison, again, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (keeping.kept, ==, 4); /* one was missing */
  g_assert_cmpuint (n_runs (again, 0), ==, 2);
  g_assert_cmpuint (n_runs (again, 1), ==, 2);
}

/* A run without its checkpoints is never ranked, nor is its configuration measured again. */
static void
test_too_short_runs_are_not_ranked (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KtBenchPlace) place = open_place ();
  g_autoptr (KtDataSet) set = open_set (place);
  g_autoptr (GPtrArray) configurations = g_ptr_array_new_with_free_func ((GDestroyNotify) kt_bench_configuration_free);
  g_ptr_array_add (configurations, configuration ("small", "max_wal_size = 32MB\nmin_wal_size = 32MB\n"));
  g_ptr_array_add (configurations, configuration ("large", "max_wal_size = 64GB\n"));
  const KtBenchComparison comparison = {
    .instance = { place, set, binaries, NULL, &unlimited, NULL },
    .configurations = configurations,
    .rounds = 2,
    .run = { .duration_ms = 8000, .checkpoints = 1, .batch_scale = 1, .batch_concurrency = 1, .watch = &nobody },
  };
  g_autoptr (JsonObject) document = kt_bench_comparison_document (&comparison);
  g_assert_true (kt_bench_compare (&comparison, document, &error));
  g_assert_no_error (error);
  JsonObject *large = json_array_get_object_element (kt_json_array (document, "configurations"), 1);
  g_assert_cmpuint (n_runs (document, 0), ==, 2);
  g_assert_cmpuint (n_runs (document, 1), ==, 1);
  g_assert_false (kt_json_bool (large, "counts", TRUE));
  g_assert_cmpuint (json_object_get_size (kt_json_object (large, "ratios")), ==, 0);
  g_assert_true (json_object_has_member (kt_json_object (large, "summary"), "transactions_per_s"));
}

/* kill -9 of the measuring process itself: the next one stops its server and removes its folder. */
static void
test_killed_measurement_is_cleaned_up (void)
{
  int pipes[2];
  char answer[64] = "";
  g_assert_cmpint (pipe (pipes), ==, 0);
  pid_t child = fork ();
  if (child == 0)
    {
      KtBenchPlace *place = kt_bench_place_open (folder, NULL);
      KtDataSet *set = open_set (place);
      KtBenchInstance *instance = start (place, set, "", NULL);
      g_autofree char *text = g_strdup_printf ("%d", (int) kt_bench_instance_pid (instance));
      if (write (pipes[1], text, strlen (text)) < 0)
        _exit (1);
      for (;;)
        pause ();
    }
  g_assert_cmpint (read (pipes[0], answer, sizeof answer - 1), >, 0);
  pid_t server = (pid_t) g_ascii_strtoll (answer, NULL, 10);
  close (pipes[0]);
  close (pipes[1]);
  kill (child, SIGKILL);
  waitpid (child, NULL, 0);
  g_assert_cmpuint (left_behind (), ==, 1);
  g_autoptr (KtBenchPlace) place = open_place ();
  g_assert_nonnull (place);
  g_assert_cmpuint (left_behind (), ==, 0);
  for (guint i = 0; i < 100 && kill (server, 0) == 0; i++)
    g_usleep (50000);
  g_assert_cmpint (kill (server, 0), ==, -1);
}

static void
test_results_are_kept (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *directory = g_build_filename (folder, "state", NULL);
  g_autoptr (KtState) state = kt_state_open (directory, &error);
  g_assert_no_error (error);
  for (gint64 i = 1; i <= 3; i++)
    {
      g_autoptr (JsonObject) document = json_object_new ();
      json_object_set_int_member (document, "rounds", i);
      g_assert_true (kt_bench_save (state, "compare", "a, b", document, &error));
      g_assert_cmpint (kt_json_int (document, "id", 0), ==, i);
    }
  g_autoptr (JsonObject) second = kt_bench_load (state, 2, &error);
  g_assert_no_error (error);
  g_assert_cmpint (kt_json_int (second, "rounds", 0), ==, 2);
  g_assert_cmpstr (kt_json_string (second, "title", NULL), ==, "a, b");
  g_autoptr (JsonArray) list = kt_bench_list (state, 2, &error);
  g_assert_cmpuint (json_array_get_length (list), ==, 2);
  g_assert_cmpint (kt_json_int (json_array_get_object_element (list, 0), "id", 0), ==, 3);
  g_autoptr (JsonObject) absent = kt_bench_load (state, 9, &error);
  g_assert_null (absent);
  g_assert_error (error, KT_ERROR, KT_ERROR_NOT_FOUND);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  folder = g_strdup ("/tmp/kastune-bench-XXXXXX");
  g_assert_nonnull (g_mkdtemp_full (folder, 0755));
  binaries = kt_test_binaries (KT_TEST_DEBIAN_MAJOR);
  g_assert_nonnull (binaries);
  g_test_add_func ("/bench/instance/data-set-is-made-once", test_data_set_is_made_once);
  g_test_add_func ("/bench/instance/larger-data-sets-have-aged-indexes", test_larger_data_sets_have_aged_indexes);
  g_test_add_func ("/bench/instance/one-measurement-at-a-time", test_one_measurement_at_a_time);
  g_test_add_func ("/bench/instance/folder-of-everybody-is-refused", test_folder_of_everybody_is_refused);
  g_test_add_func ("/bench/instance/server-has-its-settings-and-goes", test_server_has_its_settings_and_goes);
  g_test_add_func ("/bench/instance/bad-settings-are-told", test_bad_settings_are_told);
  g_test_add_func ("/bench/instance/what-this-version-does-not-know-is-left-out",
                   test_what_this_version_does_not_know_is_left_out);
  g_test_add_func ("/bench/instance/log-files-are-there-to-reuse", test_log_files_are_there_to_reuse);
  g_test_add_func ("/bench/instance/no-log-files-without-reuse", test_no_log_files_without_reuse);
  g_test_add_func ("/bench/prepare/caches-are-warmed-and-a-checkpoint-begins",
                   test_caches_are_warmed_and_a_checkpoint_begins);
  g_test_add_func ("/bench/prepare/checkpoint-leaves-full-page-writes-as-they-are",
                   test_checkpoint_leaves_full_page_writes_as_they_are);
  g_test_add_func ("/bench/compare/interrupted-comparison-goes-on", test_interrupted_comparison_goes_on);
  g_test_add_func ("/bench/compare/too-short-runs-are-not-ranked", test_too_short_runs_are_not_ranked);
  g_test_add_func ("/bench/instance/crash-keeps-what-was-committed", test_crash_keeps_what_was_committed);
  g_test_add_func ("/bench/compare/comparison-measures-in-turn", test_comparison_measures_in_turn);
  g_test_add_func ("/bench/run/checkpoints-make-a-run-count", test_checkpoints_make_a_run_count);
  g_test_add_func ("/bench/compare/interruption-leaves-nothing", test_interruption_leaves_nothing);
  g_test_add_func ("/bench/place/killed-measurement-is-cleaned-up", test_killed_measurement_is_cleaned_up);
  g_test_add_func ("/bench/store/results-are-kept", test_results_are_kept);
  int status = g_test_run ();
  kt_folder_remove (folder, NULL);
  g_free (folder);
  g_free (binaries);
  return status;
}
