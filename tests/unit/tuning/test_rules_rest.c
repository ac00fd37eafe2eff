/* SPDX-License-Identifier: MIT
 *
 * Autovacuum, I/O, workers, planner, observability, TimescaleDB: a row a case.
 */
#include "support/facts.h"
#include "tuning/advise.h"

#include <string.h>

typedef struct {
  const char *parameter;
  KtTestMachine machine;
  KtTestWish wish;
  const char *wanted; /* NULL: left */
  const char *said;   /* NULL: whatever */
} Case;

static const char *const with_lz4[] = { "lz4", NULL };

static const Case autovacuum[] = {
  { "autovacuum_max_workers", { .memory_gb = 2 }, { 0 }, "2", "2 GB and 8 CPUs" },
  { "autovacuum_max_workers", { .memory_gb = 8, .cpus = 4 }, { 0 }, "3", NULL },
  { "autovacuum_max_workers", { .memory_gb = 32, .cpus = 16 }, { 0 }, "4", NULL },
  { "autovacuum_max_workers", { .memory_gb = 128, .cpus = 64 }, { 0 }, "5", NULL },
  { "autovacuum_naptime", { 0 }, { 0 }, "30s", NULL },
  { "autovacuum_naptime", { 0 }, { .phase = KT_PHASE_INITIAL_SYNC }, "1min", "first sync" },
  { "autovacuum_vacuum_cost_limit", { .class = KT_STORAGE_HDD }, { 0 }, "200", "HDD" },
  { "autovacuum_vacuum_cost_limit", { .class = KT_STORAGE_SSD }, { 0 }, "2000", "373 MB/s" },
  { "autovacuum_vacuum_cost_limit", { 0 }, { 0 }, "4000", "NVMe" },
  { "autovacuum_vacuum_cost_limit", { .class = KT_STORAGE_SSD, .reads_1 = 2900, .reads_16 = 3000 }, { 0 }, "200",
    "3000 reads/s" },
  { "autovacuum_vacuum_cost_limit", { .class_unknown = TRUE }, { 0 }, "200", "treated as slow" },
  { "autovacuum_vacuum_cost_delay", { .class = KT_STORAGE_HDD }, { 0 }, "20ms", "455 pages/s" },
  { "autovacuum_vacuum_cost_delay", { .class = KT_STORAGE_SSD }, { 0 }, "2ms", NULL },
  { "autovacuum_vacuum_cost_delay", { .class = KT_STORAGE_SSD, .reads_1 = 9000, .reads_16 = 13600 }, { 0 }, "2ms", NULL },
  { "autovacuum_vacuum_cost_delay", { .class = KT_STORAGE_SSD, .reads_1 = 2900, .reads_16 = 3000 }, { 0 }, "10ms",
    "vacuum may dirty 900 pages/s (7 MB/s)" },
  { "autovacuum_vacuum_cost_delay", { .class = KT_STORAGE_SSD, .reads_1 = 300, .reads_16 = 500 }, { 0 }, "20ms", NULL },
  { "autovacuum_vacuum_cost_delay", { .class_unknown = TRUE }, { 0 }, "10ms", "treated as slow" },
  { "autovacuum_vacuum_insert_scale_factor", { 0 }, { .major = 18 }, "0.05", "18 counts" },
  { "autovacuum_vacuum_insert_threshold", { 0 }, { 0 }, "100000", NULL },
  { "autovacuum_vacuum_insert_scale_factor", { .class = KT_STORAGE_SSD, .reads_1 = 2900, .reads_16 = 3000 }, { 0 }, NULL,
    "the indexer needs the reads" },
  { "autovacuum_analyze_scale_factor", { 0 }, { 0 }, "0.02", NULL },
  { "autovacuum_analyze_scale_factor", { .class = KT_STORAGE_SSD, .reads_1 = 9000, .reads_16 = 60000 }, { 0 }, "0.02", NULL },
  { "autovacuum_analyze_scale_factor", { .class = KT_STORAGE_SSD, .reads_1 = 2900, .reads_16 = 3000 }, { 0 }, NULL,
    "10 s of all that this disk can do" },
  { "autovacuum_analyze_scale_factor", { .class = KT_STORAGE_HDD }, { 0 }, NULL, "HDD" },
  { "vacuum_buffer_usage_limit", { 0 }, { .major = 15 }, NULL, "came with PostgreSQL 16" },
  { "vacuum_buffer_usage_limit", { .memory_gb = 32 }, { .major = 16 }, "64MB", NULL },
  { "vacuum_buffer_usage_limit", { .memory_gb = 1, .cpus = 1 }, { .major = 17 }, "40MB", "an eighth" },
};

static const Case io[] = {
  { "effective_io_concurrency", { .class = KT_STORAGE_HDD }, { 0 }, "2", "bitmap" },
  { "effective_io_concurrency", { .class = KT_STORAGE_SSD }, { 0 }, "128", NULL },
  { "effective_io_concurrency", { 0 }, { 0 }, "256", NULL },
  { "effective_io_concurrency", { 0 }, { .major = 18 }, "64", "all read streams" },
  { "effective_io_concurrency", { .class = KT_STORAGE_SSD, .reads_1 = 2900, .reads_16 = 3000 }, { 0 }, "16",
    "only 3000 reads/s" },
  { "effective_io_concurrency", { .class_unknown = TRUE }, { 0 }, NULL, "unknown" },
  { "maintenance_io_concurrency", { 0 }, { 0 }, "64", "crash recovery" },
  { "io_method", { 0 }, { .major = 18 }, NULL, "worker" },
  { "io_workers", { .cpus = 4 }, { .major = 18 }, "3", NULL },
  { "io_workers", { .cpus = 128 }, { .major = 18 }, "16", NULL },
  { "io_workers", { .cpus = 32 }, { .major = 17 }, NULL, "came with PostgreSQL 18" },
  { "io_workers", { .cpus = 32 }, { .major = 19 }, NULL, "the last to have it was PostgreSQL 18" },
  { "io_max_workers", { .cpus = 64 }, { .major = 19 }, "16", NULL },
};

static const Case planner[] = {
  { "max_worker_processes", { .cpus = 4 }, { 0 }, "8", NULL },
  { "max_worker_processes", { .cpus = 32 }, { 0 }, "32", NULL },
  { "max_parallel_workers", { .cpus = 1 }, { 0 }, "1", "1 CPU," },
  { "max_parallel_workers", { .cpus = 64 }, { 0 }, "8", NULL },
  { "max_parallel_workers_per_gather", { .cpus = 1.5 }, { 0 }, "0", NULL },
  { "max_parallel_workers_per_gather", { .cpus = 4 }, { 0 }, "1", NULL },
  { "max_parallel_workers_per_gather", { .cpus = 8 }, { .phase = KT_PHASE_INITIAL_SYNC }, "0", "first sync" },
  { "max_parallel_maintenance_workers", { .cpus = 16 }, { 0 }, "4", NULL },
  { "random_page_cost", { .class = KT_STORAGE_HDD }, { 0 }, "4", NULL },
  { "random_page_cost", { .class = KT_STORAGE_SSD }, { 0 }, "1.1", NULL },
  { "random_page_cost", { .class_unknown = TRUE }, { 0 }, NULL, "unknown" },
  { "jit", { 0 }, { 0 }, "off", NULL },
  { "default_toast_compression", { 0 }, { .features = with_lz4 }, "lz4", NULL },
  { "default_toast_compression", { 0 }, { 0 }, NULL, "without a server" },
  { "default_toast_compression", { 0 }, { .major = 13 }, NULL, "came with PostgreSQL 14" },
  { "default_statistics_target", { 0 }, { 0 }, NULL, "uniform" },
};

static const Case observe[] = {
  { "track_io_timing", { .clock = "tsc" }, { 0 }, "on", "tsc" },
  { "track_io_timing", { .clock = "acpi_pm" }, { 0 }, NULL, "pg_test_timing" },
  { "track_wal_io_timing", { 0 }, { .major = 13 }, NULL, "came with PostgreSQL 14" },
  { "log_checkpoints", { 0 }, { .major = 14 }, "on", NULL },
  { "log_autovacuum_min_duration", { 0 }, { 0 }, "1min", NULL },
  { "log_temp_files", { 0 }, { 0 }, "64MB", NULL },
  { "log_lock_waits", { 0 }, { 0 }, "on", NULL },
  { "shared_preload_libraries", { 0 }, { 0 }, NULL, "without a server" },
};

static const Case timescale[] = {
  { "timescaledb.max_background_workers", { 0 }, { 0 }, NULL, "only where timescaledb" },
  { "timescaledb.max_background_workers", { 0 }, { .timescaledb = TRUE }, "16", NULL },
  { "max_worker_processes", { .cpus = 4 }, { .timescaledb = TRUE }, "23", "16 TimescaleDB jobs" },
  { "max_locks_per_transaction", { 0 }, { 0 }, NULL, NULL },
  { "max_locks_per_transaction", { .memory_gb = 4 }, { .timescaledb = TRUE }, "128", NULL },
  { "max_locks_per_transaction", { .memory_gb = 64 }, { .timescaledb = TRUE }, "1024", NULL },
};

static void
check_cases (const Case *cases, gsize n)
{
  for (gsize i = 0; i < n; i++)
    {
      g_autofree char *because = NULL;
      g_autofree char *value = kt_test_wanted (&cases[i].machine, NULL, &cases[i].wish, cases[i].parameter, &because);
      g_test_message ("%s = %s: %s", cases[i].parameter, value, because);
      g_assert_cmpstr (value, ==, cases[i].wanted);
      if (cases[i].said != NULL && strstr (because, cases[i].said) == NULL)
        g_error ("%s: “%s” does not say “%s”", cases[i].parameter, because, cases[i].said);
    }
}

static void
test_autovacuum (void)
{
  check_cases (autovacuum, G_N_ELEMENTS (autovacuum));
}

static void
test_io (void)
{
  check_cases (io, G_N_ELEMENTS (io));
}

static void
test_planner (void)
{
  check_cases (planner, G_N_ELEMENTS (planner));
}

static void
test_observe (void)
{
  check_cases (observe, G_N_ELEMENTS (observe));
}

static void
test_timescale (void)
{
  check_cases (timescale, G_N_ELEMENTS (timescale));
}

static void
assert_libraries (KtServer *server, gboolean timescaledb, const char *wanted)
{
  KtTestWish wish = { .timescaledb = timescaledb };
  g_autofree char *value = kt_test_wanted (&(KtTestMachine){ 0 }, server, &wish, "shared_preload_libraries", NULL);
  g_assert_cmpstr (value, ==, wanted);
}

static void
test_libraries_are_added_only_when_installed (void)
{
  g_autoptr (KtServer) server = kt_test_server (15);
  assert_libraries (server, FALSE, NULL);
  g_ptr_array_add (server->available_libraries, g_strdup ("pg_stat_statements"));
  assert_libraries (server, FALSE, "pg_stat_statements");
  kt_test_server_set (server, "shared_preload_libraries", "auto_explain", NULL, NULL);
  assert_libraries (server, FALSE, "auto_explain, pg_stat_statements");
  g_ptr_array_add (server->available_libraries, g_strdup ("timescaledb"));
  assert_libraries (server, TRUE, "timescaledb, auto_explain, pg_stat_statements");
  kt_test_server_set (server, "shared_preload_libraries", "timescaledb, pg_stat_statements", NULL, NULL);
  assert_libraries (server, TRUE, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tuning/rules/autovacuum", test_autovacuum);
  g_test_add_func ("/tuning/rules/io", test_io);
  g_test_add_func ("/tuning/rules/planner", test_planner);
  g_test_add_func ("/tuning/rules/observe", test_observe);
  g_test_add_func ("/tuning/rules/timescale", test_timescale);
  g_test_add_func ("/tuning/rules/observe/libraries-are-added-only-when-installed",
                   test_libraries_are_added_only_when_installed);
  return g_test_run ();
}
