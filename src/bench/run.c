/* SPDX-License-Identifier: MIT */
#include "bench/run.h"

#include "base/error.h"
#include "bench/metric.h"
#include "bench/prepare.h"
#include "bench/sampler.h"
#include "workload/writer.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#define DEVICE_SECTOR 512
/* A limit counts as reached a little below: the load pauses at its own checkpoints, and the kernel's own accounting
 * rounds. */
#define REACHED 0.85
#define CPU_REACHED 0.85
#define MACHINE_FULL 0.95
#define PRUNE_EVERY_MS (30 * 1000)

/* Everything read at one end of the steady part. */
typedef struct {
  KtBenchCounts counts;
  KtDiskCounts disk;
  gint64 server_cpu_us, machine_us;
  gint64 at_us;
} Reading;

/* What the load says of itself, or what was watched. */
typedef struct {
  gint64 transactions, blocks;
  gint64 elapsed_ms;
  double own_cpu_s;
  KtHistogram *commits; /* NULL: watched only */
  gint64 retries, pruned_rows;
} Work;

/* ---- reading ---- */

/* The whole disk's counters, where no control group has its own. */
static void
read_diskstats (const char *data_directory, KtDiskCounts *counts)
{
  enum { READS = 3, SECTORS_READ = 5, WRITES = 7, SECTORS_WRITTEN = 9, FIELDS = 10 };
  g_autofree char *device = kt_disk_device (data_directory);
  g_autofree char *text = NULL;
  *counts = (KtDiskCounts){ -1, -1, -1, -1 };
  if (device == NULL || !g_file_get_contents ("/proc/diskstats", &text, NULL, NULL))
    return;
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    {
      g_autoptr (GPtrArray) fields = g_ptr_array_new ();
      g_auto (GStrv) words = g_strsplit_set (*line, " ", -1);
      for (char **word = words; *word != NULL; word++)
        if (**word != '\0')
          g_ptr_array_add (fields, *word);
      if (fields->len < FIELDS)
        continue;
      g_autofree char *number = g_strconcat (fields->pdata[0], ":", fields->pdata[1], NULL);
      if (g_str_equal (number, device))
        *counts = (KtDiskCounts){ g_ascii_strtoll (fields->pdata[READS], NULL, 10),
                                  g_ascii_strtoll (fields->pdata[WRITES], NULL, 10),
                                  g_ascii_strtoll (fields->pdata[SECTORS_READ], NULL, 10) * DEVICE_SECTOR,
                                  g_ascii_strtoll (fields->pdata[SECTORS_WRITTEN], NULL, 10) * DEVICE_SECTOR };
    }
}

static gboolean
read_all (const KtBenchRun *run, Reading *reading, GError **error)
{
  g_autoptr (KtConnection) connection = kt_connection_open (run->conninfo, error);
  if (connection == NULL || !kt_bench_counts_read (connection, &reading->counts, error))
    return FALSE;
  reading->disk = (KtDiskCounts){ -1, -1, -1, -1 };
  if (run->emulation != NULL)
    kt_emulation_disk (run->emulation, &reading->disk);
  if (reading->disk.reads < 0 && run->data_directory != NULL)
    read_diskstats (run->data_directory, &reading->disk);
  reading->server_cpu_us = kt_server_cpu_us (run->postmaster);
  reading->machine_us = kt_machine_busy_us ();
  reading->at_us = g_get_monotonic_time ();
  return TRUE;
}

/* ---- the load ---- */

typedef struct {
  const KtBenchRun *run;
  const char *part;
} Showing;

static void
show_run (const KtProgress *progress, gpointer data)
{
  const Showing *showing = data;
  g_autofree char *what = g_strdup_printf ("%s: %s", showing->run->label != NULL ? showing->run->label : "run",
                                           showing->part);
  kt_bench_say (showing->run->watch, what, (gint64) progress->done, (gint64) progress->total);
}

static void
raise_flag (GCancellable *cancellable, gpointer flag)
{
  *(volatile sig_atomic_t *) flag = 1;
}

static gboolean
load_part (const KtBenchRun *run, const char *part, gint64 duration_ms, volatile sig_atomic_t *stop,
           KtWriterResult *result, GError **error)
{
  Showing showing = { run, part };
  KtPruneSchedule prune = { .interval_ms = PRUNE_EVERY_MS };
  kt_prune_rules_init (&prune.rules, run->retention_ms);
  const KtWriter writer = {
    .conninfo = run->conninfo,
    .prune = run->retention_ms > 0 ? &prune : NULL,
    .duration_ms = duration_ms,
    .tps = run->tps,
    .paced = run->tps > 0,
    .batch_scale = run->batch_scale,
    .batch_concurrency = run->batch_concurrency,
    .vcp_interval_ms = 1000,
    .stop = stop,
    .progress = show_run,
    .progress_data = &showing,
  };
  return kt_write (&writer, result, error);
}

static gboolean
watch_part (const KtBenchRun *run, const char *part, gint64 duration_ms, volatile sig_atomic_t *stop)
{
  Showing showing = { run, part };
  gint64 began = g_get_monotonic_time ();
  for (gint64 elapsed = 0; elapsed < duration_ms && !*stop; elapsed = (g_get_monotonic_time () - began) / 1000)
    {
      show_run (&(KtProgress){ .done = (guint64) elapsed, .total = (guint64) duration_ms }, &showing);
      g_usleep (100000);
    }
  return TRUE;
}

/* The part until its end: time, transactions or checkpoints. */
static gboolean
run_part (const KtBenchRun *run, const char *part, gint64 duration_ms, const KtSamplerOptions *until,
          KtSampler **sampler, KtWriterResult *result, GError **error)
{
  volatile sig_atomic_t stop = 0;
  KtSamplerOptions options = *until;
  options.conninfo = run->conninfo;
  options.stop = &stop;
  g_autoptr (KtSampler) looking = kt_sampler_start (&options, error);
  if (looking == NULL)
    return FALSE;
  gulong handler = run->watch->cancellable != NULL
                     ? g_cancellable_connect (run->watch->cancellable, G_CALLBACK (raise_flag), (gpointer) &stop,
                                              NULL)
                     : 0;
  gboolean done = run->observe ? watch_part (run, part, duration_ms, &stop)
                               : load_part (run, part, duration_ms, &stop, result, error);
  if (handler != 0)
    g_cancellable_disconnect (run->watch->cancellable, handler);
  kt_sampler_stop (looking);
  if (done && g_cancellable_is_cancelled (run->watch->cancellable))
    {
      kt_error_set (error, KT_ERROR_INTERRUPTED, NULL, NULL, "the measurement was interrupted");
      return FALSE;
    }
  if (sampler != NULL)
    *sampler = g_steal_pointer (&looking);
  return done;
}

/* ---- figures ---- */

static void
set_metric (JsonObject *metrics, const char *name, double value)
{
  if (isfinite (value) && value >= 0)
    json_object_set_double_member (metrics, name, value);
}

/* Unknown stays unknown. */
static double
per (gint64 amount, double of)
{
  return amount < 0 || of <= 0 ? NAN : (double) amount / of;
}

static JsonObject *
metrics_of (const Reading *before, const Reading *after, const Work *work)
{
  JsonObject *metrics = json_object_new ();
  const KtBenchCounts *from = &before->counts, *to = &after->counts;
  double tx = (double) work->transactions, seconds = (double) work->elapsed_ms / 1000;
  gint64 hit = kt_bench_counts_delta (from, to, KT_COUNT_BLOCKS_HIT),
         read = kt_bench_counts_delta (from, to, KT_COUNT_BLOCKS_READ);
  gboolean cpu = before->server_cpu_us >= 0 && after->server_cpu_us >= before->server_cpu_us;
  gboolean disk = before->disk.reads >= 0 && after->disk.reads >= before->disk.reads;
  set_metric (metrics, "wal_bytes_per_tx", per (kt_bench_counts_delta (from, to, KT_COUNT_WAL_BYTES), tx));
  set_metric (metrics, "full_page_images_per_tx",
              per (kt_bench_counts_delta (from, to, KT_COUNT_WAL_FULL_PAGE_IMAGES), tx));
  set_metric (metrics, "blocks_read_per_tx", per (read, tx));
  set_metric (metrics, "blocks_written_per_tx", per (kt_bench_counts_written (from, to), tx));
  set_metric (metrics, "cache_hit_percent", hit < 0 || read < 0 ? NAN : 100 * per (hit, (double) (hit + read)));
  set_metric (metrics, "cpu_us_per_tx", cpu ? per (after->server_cpu_us - before->server_cpu_us, tx) : NAN);
  set_metric (metrics, "disk_reads_per_tx", disk ? per (after->disk.reads - before->disk.reads, tx) : NAN);
  set_metric (metrics, "disk_writes_per_tx", disk ? per (after->disk.writes - before->disk.writes, tx) : NAN);
  set_metric (metrics, "transactions_per_s", per (work->transactions, seconds));
  set_metric (metrics, "blocks_per_s", per (work->blocks, seconds));
  if (work->commits != NULL && work->commits->total > 0)
    {
      set_metric (metrics, "commit_p50_ms", (double) kt_histogram_quantile (work->commits, 0.50) / 1000);
      set_metric (metrics, "commit_p95_ms", (double) kt_histogram_quantile (work->commits, 0.95) / 1000);
      set_metric (metrics, "commit_p99_ms", (double) kt_histogram_quantile (work->commits, 0.99) / 1000);
    }
  return metrics;
}

static double
cpus_of (const KtBenchRun *run)
{
  double all = (double) MAX (1, sysconf (_SC_NPROCESSORS_ONLN));
  return run->host != NULL && run->host->cpus > 0 ? MIN (all, run->host->cpus) : all;
}

static double
share_of_limit (gint64 before, gint64 after, double seconds, gint64 limit)
{
  return limit <= 0 || before < 0 || after < before || seconds <= 0
           ? -1
           : (double) (after - before) / seconds / (double) limit;
}

static KtBenchBound
bound_figures (const KtBenchRun *run, const Reading *before, const Reading *after, const Work *work, JsonArray *waits)
{
  double seconds = (double) (after->at_us - before->at_us) / G_USEC_PER_SEC;
  double server = before->server_cpu_us < 0 || after->server_cpu_us < 0
                    ? 0
                    : (double) (after->server_cpu_us - before->server_cpu_us) / 1e6;
  double machine = before->machine_us < 0 || after->machine_us < 0
                     ? 0
                     : (double) (after->machine_us - before->machine_us) / 1e6;
  gint64 iops = run->host != NULL ? run->host->iops : 0, bytes = run->host != NULL ? run->host->bytes_per_s : 0;
  KtBenchBound bound = { .wait_share = -1 };
  bound.disk_reads = share_of_limit (before->disk.reads, after->disk.reads, seconds, iops);
  bound.disk_writes = share_of_limit (before->disk.writes, after->disk.writes, seconds, iops);
  bound.disk_bytes = MAX (share_of_limit (before->disk.read_bytes, after->disk.read_bytes, seconds, bytes),
                          share_of_limit (before->disk.write_bytes, after->disk.write_bytes, seconds, bytes));
  bound.cpu = (server + work->own_cpu_s) / seconds / cpus_of (run);
  bound.machine_cpu = machine / seconds / (double) MAX (1, sysconf (_SC_NPROCESSORS_ONLN));
  bound.other_cpus = MAX (0, machine - server - work->own_cpu_s) / seconds;
  if (json_array_get_length (waits) > 0)
    {
      JsonObject *first = json_array_get_object_element (waits, 0);
      bound.wait = kt_json_string (first, "wait", NULL);
      bound.wait_share = kt_json_double (first, "share", 0);
    }
  return bound;
}

const char *
kt_bench_bound (const KtBenchBound *bound, char **sentence)
{
  double disk = MAX (bound->disk_bytes, MAX (bound->disk_reads, bound->disk_writes));
  if (disk >= REACHED)
    {
      const char *what = disk == bound->disk_bytes   ? "bytes a second"
                         : disk == bound->disk_reads ? "reads a second"
                                                     : "writes a second";
      *sentence = g_strdup_printf ("the disk: %.0f %% of the %s it may do", 100 * disk, what);
      return "disk";
    }
  if (bound->cpu >= CPU_REACHED)
    {
      *sentence = g_strdup_printf ("the CPUs: server and load used %.0f %% of them; such figures scatter",
                                   100 * bound->cpu);
      return "cpu";
    }
  if (bound->machine_cpu >= MACHINE_FULL)
    {
      *sentence = g_strdup_printf (
        "other programs: they used %.1f CPUs, and all were busy; rates and times mean little", bound->other_cpus);
      return "machine";
    }
  if (bound->wait != NULL)
    *sentence = g_strdup_printf ("no limit was reached; sessions were at %s in %.0f %% of the looks", bound->wait,
                                 100 * bound->wait_share);
  else
    *sentence = g_strdup ("no limit was reached");
  return "waiting";
}

static JsonObject *
bound_json (const KtBenchBound *bound)
{
  static const struct {
    const char *name;
    gsize offset;
  } figures[] = {
    { "disk_reads_share", G_STRUCT_OFFSET (KtBenchBound, disk_reads) },
    { "disk_writes_share", G_STRUCT_OFFSET (KtBenchBound, disk_writes) },
    { "disk_bytes_share", G_STRUCT_OFFSET (KtBenchBound, disk_bytes) },
    { "cpu_share", G_STRUCT_OFFSET (KtBenchBound, cpu) },
    { "machine_cpu_share", G_STRUCT_OFFSET (KtBenchBound, machine_cpu) },
    { "other_cpus", G_STRUCT_OFFSET (KtBenchBound, other_cpus) },
  };
  JsonObject *object = json_object_new ();
  g_autofree char *sentence = NULL;
  json_object_set_string_member (object, "what", kt_bench_bound (bound, &sentence));
  json_object_set_string_member (object, "sentence", sentence);
  for (gsize i = 0; i < G_N_ELEMENTS (figures); i++)
    if (G_STRUCT_MEMBER (double, bound, figures[i].offset) >= 0)
      json_object_set_double_member (object, figures[i].name, G_STRUCT_MEMBER (double, bound, figures[i].offset));
  return object;
}

static void
set_counts (JsonObject *object, const Reading *before, const Reading *after)
{
  for (guint i = 0; i < KT_N_COUNTS; i++)
    {
      gint64 delta = kt_bench_counts_delta (&before->counts, &after->counts, i);
      if (delta >= 0 && i != KT_COUNT_TRANSACTIONS && i != KT_COUNT_BLOCKS)
        json_object_set_int_member (object, kt_count_name (i), delta);
    }
}

static void
set_validity (JsonObject *object, const KtBenchRun *run, const Reading *before, const Reading *after)
{
  gint64 checkpoints = kt_bench_counts_checkpoints (&before->counts, &after->counts);
  gboolean counts = checkpoints >= (gint64) run->checkpoints;
  json_object_set_int_member (object, "checkpoints", checkpoints);
  json_object_set_boolean_member (object, "counts", counts);
  if (counts)
    return;
  g_autofree char *why = g_strdup_printf ("%" G_GINT64_FORMAT
                                          " of the %u checkpoint cycles asked for ended within the time",
                                          checkpoints, run->checkpoints);
  json_object_set_string_member (object, "why_not", why);
}

static Work
work_of (const KtBenchRun *run, const Reading *before, const Reading *after, KtWriterResult *result)
{
  if (run->observe)
    return (Work){
      .transactions = kt_bench_counts_delta (&before->counts, &after->counts, KT_COUNT_TRANSACTIONS),
      .blocks = kt_bench_counts_delta (&before->counts, &after->counts, KT_COUNT_BLOCKS),
      .elapsed_ms = (after->at_us - before->at_us) / 1000,
      .retries = -1,
    };
  return (Work){
    .transactions = (gint64) result->transactions,
    .blocks = (gint64) result->blocks,
    .elapsed_ms = result->elapsed_ms,
    .own_cpu_s = result->own_cpu_s,
    .commits = &result->all.commits,
    .retries = (gint64) result->all.retries,
    .pruned_rows = (gint64) result->pruned_rows,
  };
}

static JsonObject *
document (const KtBenchRun *run, const Reading *before, const Reading *after, const Work *work,
          const KtSampler *sampler)
{
  JsonObject *object = json_object_new ();
  JsonArray *waits = kt_sampler_waits (sampler);
  KtBenchBound bound = bound_figures (run, before, after, work, waits);
  json_object_set_object_member (object, "metrics", metrics_of (before, after, work));
  json_object_set_int_member (object, "elapsed_ms", work->elapsed_ms);
  json_object_set_int_member (object, "transactions", work->transactions);
  json_object_set_int_member (object, "blocks", work->blocks);
  if (work->retries >= 0)
    json_object_set_int_member (object, "retries", work->retries);
  if (run->retention_ms > 0)
    json_object_set_int_member (object, "pruned_rows", work->pruned_rows);
  set_counts (object, before, after);
  set_validity (object, run, before, after);
  json_object_set_object_member (object, "bound", bound_json (&bound));
  json_object_set_double_member (object, "own_cpu_percent",
                                 100 * work->own_cpu_s / MAX (0.001, (double) work->elapsed_ms / 1000)
                                   / cpus_of (run));
  json_object_set_array_member (object, "waits", waits);
  json_object_set_object_member (object, "series", kt_sampler_series (sampler));
  return object;
}

/* Load that does not count, until the steady part may begin: with a checkpoint where whole cycles are asked for. */
static gboolean
warm_up (const KtBenchRun *run, KtWriterResult *result, GError **error)
{
  const KtSamplerOptions enough = { 0 }, one_begins = { .checkpoints = 1 };
  if (run->warm_up_ms > 0 && !run_part (run, "warm-up", run->warm_up_ms, &enough, NULL, result, error))
    return FALSE;
  if (run->checkpoints == 0 || (run->private_server && kt_bench_begin_checkpoint (run->conninfo)))
    return TRUE;
  return run_part (run, "waiting for a checkpoint", run->duration_ms, &one_begins, NULL, result, error);
}

static JsonObject *
warm_up_json (gint64 elapsed_ms, gint64 transactions)
{
  JsonObject *object = json_object_new ();
  json_object_set_int_member (object, "elapsed_ms", elapsed_ms);
  if (transactions >= 0)
    json_object_set_int_member (object, "transactions", transactions);
  if (transactions >= 0 && elapsed_ms > 0)
    json_object_set_double_member (object, "transactions_per_s", (double) transactions * 1000 / (double) elapsed_ms);
  return object;
}

JsonObject *
kt_bench_run (const KtBenchRun *run, GError **error)
{
  g_autofree KtWriterResult *result = g_new0 (KtWriterResult, 1);
  g_autoptr (KtSampler) sampler = NULL;
  Reading first, before, after;
  const KtSamplerOptions enough = { .transactions = run->transactions, .checkpoints = run->checkpoints };
  if (!read_all (run, &first, error) || !warm_up (run, result, error) || !read_all (run, &before, error)
      || !run_part (run, "measuring", run->duration_ms, &enough, &sampler, result, error)
      || !read_all (run, &after, error))
    return NULL;
  Work work = work_of (run, &before, &after, result);
  JsonObject *object = document (run, &before, &after, &work, sampler);
  json_object_set_object_member (
    object, "warm_up",
    warm_up_json ((before.at_us - first.at_us) / 1000,
                  kt_bench_counts_delta (&first.counts, &before.counts, KT_COUNT_TRANSACTIONS)));
  return object;
}
