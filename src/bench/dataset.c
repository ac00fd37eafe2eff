/* SPDX-License-Identifier: MIT */
#include "bench/dataset.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/size.h"
#include "bench/sampler.h"
#include "postgres/scratch_server.h"
#include "workload/writer.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define DEADLINE_MS (48 * 3600 * 1000) /* only a safety net */
#define FILL_CONNECTIONS 4
#define BYTES_PER_TRANSACTION 2400     /* room that a fill needs at most, with WAL and sorts */
#define WRITTEN_LIVE 100000            /* smaller ones are only for trying, and filled alone */
#define SETS 2                         /* the data set and the copy that a server runs on */

/* Nothing of this database must survive a crash, and it is stopped cleanly. */
static const char fill_conf[]
  = "shared_buffers = 512MB\nfsync = off\nfull_page_writes = off\nsynchronous_commit = off\nautovacuum = off\n"
    "max_wal_size = 512MB\nmin_wal_size = 80MB\ncheckpoint_timeout = 1h\nwal_level = minimal\nmax_wal_senders = 0\n"
    "max_parallel_maintenance_workers = 0\n";

void
kt_bench_say (const KtBenchWatch *watch, const char *what, gint64 done, gint64 total)
{
  if (watch->progress != NULL)
    watch->progress (watch->user, what, done, total);
}

int
kt_binaries_major (const char *bin_directory, GError **error)
{
  g_autofree char *program = g_build_filename (bin_directory, "postgres", NULL);
  const char *const argv[] = { program, "--version", NULL };
  g_auto (KtRunResult) result = { 0 };
  if (!kt_run (&(KtRun){ .argv = argv }, &result, NULL, error))
    return 0;
  const char *number = result.output; /* "postgres (PostgreSQL) 15.18 (Debian …)" */
  while (*number != '\0' && !g_ascii_isdigit (*number))
    number++;
  int major = (int) g_ascii_strtoll (number, NULL, 10);
  if (major == 0)
    kt_error_set (error, KT_ERROR_PARSE, result.output, NULL, "%s does not tell its version", program);
  return major;
}

char *
kt_binaries_find (void)
{
  static const char root[] = "/usr/lib/postgresql";
  g_autoptr (GDir) dir = g_dir_open (root, 0, NULL);
  const char *name;
  gint64 newest = 0;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *program = g_build_filename (root, name, "bin", "postgres", NULL);
      if (g_file_test (program, G_FILE_TEST_IS_EXECUTABLE))
        newest = MAX (newest, g_ascii_strtoll (name, NULL, 10));
    }
  return newest > 0 ? g_strdup_printf ("%s/%d/bin", root, (int) newest) : NULL;
}

void
kt_data_set_free (KtDataSet *set)
{
  if (set == NULL)
    return;
  g_free (set->folder);
  g_free (set->name);
  g_free (set);
}

JsonObject *
kt_data_set_to_json (const KtDataSet *set, const KtDataSetSpec *spec)
{
  JsonObject *object = json_object_new ();
  json_object_set_string_member (object, "name", set->name);
  json_object_set_int_member (object, "transactions", (gint64) set->transactions);
  json_object_set_int_member (object, "blocks", (gint64) set->blocks);
  json_object_set_int_member (object, "bytes", set->bytes);
  json_object_set_int_member (object, "seed", (gint64) spec->seed);
  json_object_set_int_member (object, "tps", spec->tps);
  g_autofree char *disabled = kt_features_to_string (&spec->features, KT_VALUES_DISABLE);
  g_autofree char *excluded = kt_features_to_string (&spec->features, KT_VALUES_EXCLUDE_FIELDS);
  kt_json_set_string (object, "disable", disabled);
  kt_json_set_string (object, "exclude_fields", excluded);
  return object;
}

/* ---- one that is there ---- */

static KtDataSet *
load (const char *folder, const char *name, int major)
{
  g_autofree char *notes = g_build_filename (folder, "set.json", NULL);
  g_autofree char *text = NULL;
  if (!kt_file_read (notes, &text, NULL, NULL))
    return NULL;
  g_autoptr (JsonNode) node = kt_json_parse (text, NULL);
  JsonObject *object = node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  if (object == NULL || kt_json_int (object, "folder_bytes", 0) <= 0)
    return NULL;
  KtDataSet *set = g_new0 (KtDataSet, 1);
  set->folder = g_build_filename (folder, "data", NULL);
  set->name = g_strdup (name);
  set->major = major;
  set->transactions = (guint64) kt_json_int (object, "transactions", 0);
  set->blocks = (guint64) kt_json_int (object, "blocks", 0);
  set->bytes = kt_json_int (object, "bytes", 0);
  set->folder_bytes = kt_json_int (object, "folder_bytes", 0);
  return set;
}

static gboolean
note_content (const char *folder, const KtFillResult *filled, GError **error)
{
  g_autofree char *data = g_build_filename (folder, "data", NULL);
  g_autofree char *notes = g_build_filename (folder, "set.json", NULL);
  JsonObject *object = json_object_new ();
  json_object_set_int_member (object, "transactions", (gint64) filled->transactions);
  json_object_set_int_member (object, "blocks", (gint64) filled->blocks);
  json_object_set_int_member (object, "bytes", filled->size_bytes);
  json_object_set_int_member (object, "folder_bytes", kt_folder_bytes (data));
  g_autoptr (JsonNode) node = kt_json_node_take (object);
  g_autofree char *text = kt_json_to_text (node);
  return kt_file_write (notes, text, -1, NULL, error);
}

/* ---- making one ---- */

static void
show_fill (const KtProgress *progress, gpointer data)
{
  const KtBenchWatch *watch = data;
  g_autofree char *what = g_strdup_printf ("filling the data set: %s", progress->phase);
  kt_bench_say (watch, what, (gint64) progress->done, (gint64) progress->total);
}

static void
raise_flag (GCancellable *cancellable, gpointer flag)
{
  *(volatile sig_atomic_t *) flag = 1;
}

static gboolean
fill (const KtScratchSite *site, const KtDataSetSpec *spec, const KtBenchWatch *watch, KtFillResult *filled,
      GError **error)
{
  volatile sig_atomic_t stop = 0;
  g_autofree char *conninfo = g_strdup_printf ("host='%s' port=5432 user=postgres dbname=postgres", site->sockets);
  const KtFill options = {
    .conninfo = conninfo,
    .transactions = spec->transactions >= WRITTEN_LIVE ? spec->transactions / 2 : spec->transactions,
    .seed = spec->seed,
    .tps = spec->tps,
    .features = spec->features,
    .connections = FILL_CONNECTIONS,
    .sort_memory_bytes = 256 * KT_MIB,
    .stop = &stop,
    .progress = show_fill,
    .progress_data = (gpointer) watch,
  };
  gulong handler = watch->cancellable != NULL
                     ? g_cancellable_connect (watch->cancellable, G_CALLBACK (raise_flag), (gpointer) &stop, NULL) : 0;
  gboolean done = kt_fill (&options, filled, error);
  if (handler != 0)
    g_cancellable_disconnect (watch->cancellable, handler);
  return done;
}

static void
show_live (const KtProgress *progress, gpointer data)
{
  kt_bench_say (data, "filling the data set: second half, as the indexer writes it", (gint64) progress->done / 1000, 0);
}

/* Until so many transactions more are stored. */
static gboolean
write_more (const char *conninfo, guint64 transactions, const KtBenchWatch *watch, KtWriterResult *result,
            GError **error)
{
  volatile sig_atomic_t stop = 0;
  const KtSamplerOptions until = { .conninfo = conninfo, .transactions = transactions, .stop = &stop };
  const KtWriter writer = {
    .conninfo = conninfo,
    .batch_scale = 1,
    .batch_concurrency = 2,
    .vcp_interval_ms = 1000,
    .stop = &stop,
    .progress = show_live,
    .progress_data = (gpointer) watch,
  };
  g_autoptr (KtSampler) sampler = kt_sampler_start (&until, error);
  if (sampler == NULL)
    return FALSE;
  gulong handler = watch->cancellable != NULL
                     ? g_cancellable_connect (watch->cancellable, G_CALLBACK (raise_flag), (gpointer) &stop, NULL) : 0;
  gboolean done = kt_write (&writer, result, error);
  if (handler != 0)
    g_cancellable_disconnect (watch->cancellable, handler);
  if (!done || !g_cancellable_is_cancelled (watch->cancellable))
    return done;
  kt_error_set (error, KT_ERROR_INTERRUPTED, NULL, NULL, "the filling was interrupted");
  return FALSE;
}

static gboolean
clean_and_weigh (const char *conninfo, KtFillResult *filled, GError **error)
{
  g_autoptr (KtConnection) connection = kt_connection_open (conninfo, error);
  g_autoptr (PGresult) patience = connection != NULL
                                    ? kt_connection_query (connection, error, "SET statement_timeout = 0", NULL) : NULL;
  g_autoptr (PGresult) clean = patience != NULL
                                 ? kt_connection_query (connection, error, "VACUUM (ANALYZE)", NULL) : NULL;
  /* A shutdown is not waited for very long; what it would have to write is written here. */
  g_autoptr (PGresult) written = clean != NULL ? kt_connection_query (connection, error, "CHECKPOINT", NULL) : NULL;
  g_autoptr (PGresult) size = written != NULL
                                ? kt_connection_query (connection, error,
                                                       "SELECT sum(pg_total_relation_size(oid)) AS bytes FROM pg_class"
                                                       " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace",
                                                       NULL)
                                : NULL;
  if (size != NULL)
    filled->size_bytes = kt_result_int (size, 0, "bytes");
  return size != NULL;
}

/* Freshly built indexes are 90 % full: nearly every page would split within the next tenth of rows, and the index double.
 * Where half of the rows came one by one, pages are about 70 % full as in any database of some age, and it grows as its
 * rows do. */
static gboolean
age (const KtScratchSite *site, const KtDataSetSpec *spec, const KtBenchWatch *watch, KtFillResult *filled,
     GError **error)
{
  g_autofree char *conninfo = g_strdup_printf ("host='%s' port=5432 user=postgres dbname=postgres", site->sockets);
  g_autofree KtWriterResult *result = g_new0 (KtWriterResult, 1);
  if (filled->transactions >= spec->transactions)
    return TRUE;
  if (!write_more (conninfo, spec->transactions - filled->transactions, watch, result, error))
    return FALSE;
  filled->transactions += result->transactions;
  filled->blocks += result->blocks;
  kt_bench_say (watch, "filling the data set: vacuum", 0, 0);
  return clean_and_weigh (conninfo, filled, error);
}

static gboolean
run_fill (const KtScratchSite *site, const KtDataSetSpec *spec, const KtBenchWatch *watch, KtFillResult *filled,
          GError **error)
{
  if (!kt_scratch_site_build (site, error) || !kt_scratch_site_write_conf (site, fill_conf, error))
    return FALSE;
  g_autoptr (KtScratchServer) server = kt_scratch_server_start (site, NULL, error);
  if (server == NULL)
    return FALSE;
  gboolean ready = kt_scratch_server_wait (server);
  gboolean done = ready && fill (site, spec, watch, filled, error) && age (site, spec, watch, filled, error);
  kt_scratch_server_stop (server, !done);
  if (!ready)
    kt_error_set (error, KT_ERROR_PROGRAM, server->result.diagnosis, NULL, "the server for a data set did not start");
  else if (done && server->result.status != 0)
    kt_error_set (error, KT_ERROR_PROGRAM, server->result.diagnosis, NULL,
                  "the server of a data set did not stop cleanly");
  else
    return done;
  return FALSE;
}

/* From the temporary folder to its name, complete. */
static gboolean
keep (const KtScratchSite *site, const KtBenchPlace *place, const char *folder, const KtFillResult *filled,
      GError **error)
{
  g_autofree char *making = g_build_filename (kt_bench_place_folder (place), "kastune-scratch-set", NULL);
  g_autofree char *data = g_build_filename (making, "data", NULL);
  if (g_mkdir_with_parents (making, 0755) != 0 || rename (site->data, data) != 0
      || !note_content (making, filled, error) || rename (making, folder) != 0)
    {
      if (error != NULL && *error == NULL)
        kt_error_set_errno (error, errno, NULL, "cannot keep the data set in %s", folder);
      return FALSE;
    }
  return TRUE;
}

static gboolean
make (const KtBenchPlace *place, const KtDataSetSpec *spec, const char *folder, const KtBenchWatch *watch,
      GError **error)
{
  KtFillResult filled = { 0 };
  gint64 room = kt_bench_place_free_bytes (place),
         needed = (gint64) spec->transactions * BYTES_PER_TRANSACTION * SETS + KT_GIB;
  if (room >= 0 && room < needed)
    {
      g_autofree char *want = kt_size_format (needed);
      g_autofree char *have = kt_size_format (room);
      kt_error_set (error, KT_ERROR_NO_SPACE, NULL,
                    "give a folder with more room with --folder, or a smaller data set with --fill",
                    "a data set and its copy need up to %s, there are %s in %s", want, have, kt_bench_place_folder (place));
      return FALSE;
    }
  const KtScratch scratch = { .bin_directory = spec->bin_directory,
                              .owner = spec->owner,
                              .folder = kt_bench_place_folder (place) };
  g_autoptr (KtScratchSite) site = kt_scratch_site_new (&scratch, DEADLINE_MS, watch->cancellable, error);
  return site != NULL && run_fill (site, spec, watch, &filled, error) && keep (site, place, folder, &filled, error);
}

/* All that decides its content. What the indexer leaves out has too long a name. */
static char *
name_of (const KtDataSetSpec *spec, int major)
{
  g_autofree char *features = g_strdup_printf ("%" G_GINT64_MODIFIER "x %" G_GINT64_MODIFIER "x",
                                               spec->features.disabled, spec->features.excluded);
  g_autofree char *sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, features, -1);
  gboolean whole = spec->features.disabled == 0 && spec->features.excluded == 0;
  return g_strdup_printf ("aged-pg%d-%.8s-seed%" G_GUINT64_FORMAT "-%utps-%" G_GUINT64_FORMAT, major,
                          whole ? "all" : sum, spec->seed, spec->tps, spec->transactions);
}

KtDataSet *
kt_data_set_open (const KtBenchPlace *place, const KtDataSetSpec *spec, const KtBenchWatch *watch, GError **error)
{
  int major = kt_binaries_major (spec->bin_directory, error);
  if (major == 0)
    return NULL;
  g_autofree char *name = name_of (spec, major);
  g_autofree char *folder = g_build_filename (kt_bench_place_folder (place), name, NULL);
  KtDataSet *set = load (folder, name, major);
  if (set != NULL || !make (place, spec, folder, watch, error))
    return set;
  set = load (folder, name, major);
  if (set == NULL)
    kt_error_set (error, KT_ERROR_IO, folder, "remove that folder", "the data set cannot be read");
  return set;
}
