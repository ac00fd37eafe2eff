/* SPDX-License-Identifier: MIT
 *
 * The whole cluster by pg_basebackup: tar files with the log that was written meanwhile and a manifest of checksums, which
 * pg_verifybackup reads again. Compressed by the server from 15 on, else by the program.
 *
 *     FOLDER/data/{base,pg_wal,OID}.tar[.zst|.lz4|.gz], backup_manifest
 */
#include "backup/catalogue.h"
#include "backup/counts.h"
#include "backup/scratch.h"
#include "backup/tar.h"

#include "base/error.h"
#include "base/folder.h"
#include "base/size.h"
#include "base/user.h"

#include <string.h>

#define WAL_BYTES (64 * KT_MIB)         /* the least log that comes with it */
#define COPY_BYTES_PER_S (50 * KT_MIB)  /* a careful guess: the log of so long comes with it */
#define STEADY_SECONDS 3600             /* a shorter mean says nothing about the next hour */
#define SITE_DEADLINE_MS 1000     /* only a server that runs in it looks at it */
#define NEEDED_SENDERS 2           /* one for the files, one for the log */
#define VERIFIED_BY_ITS_OWN 17     /* from here on pg_verifybackup reads pg_control, which each version lays out anew */

static char *
data_of (const KtBackup *backup)
{
  return g_build_filename (backup->folder, "data", NULL);
}

/* ------------------------------------------------------------------------------------------------------------- create */

static gboolean
check (const KtBackupSource *source, const KtBackupOptions *options, GError **error)
{
  gint64 senders = kt_server_int (source->server, "max_wal_senders", NEEDED_SENDERS);
  const KtSetting *level = kt_server_setting (source->server, "wal_level");
  gboolean minimal = level != NULL && g_strcmp0 (level->value, "minimal") == 0;
  if (senders >= NEEDED_SENDERS && !minimal)
    return TRUE;
  kt_error_set (error, KT_ERROR_UNSUPPORTED, minimal ? "wal_level is minimal" : "max_wal_senders is below 2",
                "set it (wal_level = replica, max_wal_senders = 10; needs a restart), or: kastune backup create logical",
                "this server allows no base backup");
  return FALSE;
}

static gboolean
estimate (const KtBackupSource *source, gint64 *bytes, gint64 *extra, GError **error)
{
  g_autoptr (PGresult) row = kt_connection_query_file (source->connection, error, "backup_size", NULL);
  if (row == NULL)
    {
      g_prefix_error (error, "cannot tell how large the cluster is: ");
      return FALSE;
    }
  const KtServer *server = source->server;
  double rate = server->wal_seconds >= STEADY_SECONDS ? MAX (server->wal_bytes_per_s, 0) : 0;
  *bytes = kt_result_int (row, 0, "cluster_bytes");
  *extra = WAL_BYTES + (gint64) (rate * (double) *bytes / (double) COPY_BYTES_PER_S);
  return TRUE;
}

/* "zstd" when this server was built with it: the setting offers exactly those. */
static const char *
best_of_server (const KtServer *server)
{
  static const char *const wanted[] = { "zstd", "lz4" };
  const KtSetting *setting = kt_server_setting (server, "wal_compression");
  for (gsize i = 0; i < G_N_ELEMENTS (wanted); i++)
    if (setting != NULL && setting->enum_values != NULL && g_strv_contains ((const char *const *) setting->enum_values, wanted[i]))
      return wanted[i];
  return "gzip:1";
}

/* "--compress=server-zstd", "--compress=1" of older programs, NULL: none. Caller frees. */
static char *
compression_word (const KtClient *client, const KtBackupSource *source, const KtBackupOptions *options, char **method, GError **error)
{
  const char *wanted = options->compress != NULL ? options->compress
                       : client->server_major >= 15 ? best_of_server (source->server) : "gzip:1";
  g_auto (GStrv) parts = g_strsplit (wanted, ":", 2);
  *method = g_strdup (wanted);
  if (g_str_equal (wanted, "none"))
    return g_strdup (client->major >= 15 ? "--compress=none" : "--compress=0");
  if (client->major >= 15)
    return g_strdup_printf ("--compress=%s-%s", client->server_major >= 15 ? "server" : "client", wanted);
  if (g_str_equal (parts[0], "gzip"))
    return g_strdup_printf ("--compress=%s", parts[1] != NULL ? parts[1] : "6");
  kt_error_set (error, KT_ERROR_UNSUPPORTED, NULL, "--compress gzip:1, or none", "pg_basebackup of PostgreSQL %d cannot compress by %s",
                client->major, wanted);
  return NULL;
}

typedef struct {
  KtConnection *connection;
  const char *application_name;
  gint64 estimated;
} Progress;

static gboolean
measure (gpointer user, gint64 *done, gint64 *total)
{
  const Progress *progress = user;
  g_autoptr (PGresult) row = kt_connection_query_file (progress->connection, NULL, "backup_progress", progress->application_name, NULL);
  if (row == NULL || PQntuples (row) == 0)
    return FALSE;
  *done = kt_result_int (row, 0, "done");
  *total = MAX (kt_result_int (row, 0, "total"), 0);
  if (*total == 0)
    *total = progress->estimated;
  return TRUE;
}

static gboolean
copy (KtBackup *backup, const KtBackupSource *source, const KtBackupOptions *options, const KtClient *client,
      const KtBackupWatch *watch, GError **error)
{
  g_autofree char *program = kt_client_program (client->bin_directory, "pg_basebackup", error);
  g_autofree char *method = NULL;
  g_autofree char *compress = program != NULL ? compression_word (client, source, options, &method, error) : NULL;
  if (compress == NULL)
    return FALSE;
  g_autofree char *name = g_strconcat ("kastune ", backup->id, NULL);
  g_autofree char *conninfo = kt_client_conninfo (client, NULL, name);
  g_autofree char *data = data_of (backup);
  Progress progress = { source->connection, name, kt_json_int (backup->manifest, "source_bytes", 0) };
  const char *const argv[] = { program, "--dbname", conninfo, "--no-password", "--pgdata", data, "--format=tar", "--wal-method=stream",
                               options->spread ? "--checkpoint=spread" : "--checkpoint=fast", "--label", name, compress, NULL };
  json_object_set_string_member (backup->manifest, "compression", method);
  return kt_backup_run (&(KtBackupProgram){ .argv = argv, .user = client->user, .env = (const char *const *) client->env,
                                            .what = "base backup", .folder = data, .measure = measure, .user_data = &progress },
                        watch, NULL, error);
}

static gboolean
create (KtBackup *backup, const KtBackupSource *source, const KtBackupOptions *options, const KtBackupWatch *watch, GError **error)
{
  g_autoptr (KtClient) client = kt_client_new (source->connection, source->instance != NULL ? source->instance->bin_directory : NULL,
                                               "pg_basebackup", error);
  g_autoptr (JsonArray) before = json_array_new ();
  g_autoptr (JsonArray) after = json_array_new ();
  if (client == NULL || !kt_backup_count_all (source, options->count, watch, before, error)
      || !copy (backup, source, options, client, watch, error)
      || !kt_backup_count_all (source, options->count, watch, after, error))
    return FALSE;
  kt_backup_widen_counts (before, after);
  json_object_set_array_member (backup->manifest, "tables", g_steal_pointer (&before));
  return TRUE;
}

/* ------------------------------------------------------------------------------------------------------------ reading */

/* NULL: nobody. Whom it belonged to where it was made, if there is such a user here. */
static const char *
owner_of (KtBackup *backup, const char *wanted)
{
  const char *recorded = kt_json_string (kt_backup_server (backup), "owner", NULL);
  if (wanted != NULL)
    return wanted;
  if (kt_user_find (recorded, NULL, NULL))
    return recorded;
  return kt_user_find ("postgres", NULL, NULL) ? "postgres" : NULL;
}

/* Folder of a pg_verifybackup that can read this backup. Caller frees. */
static char *
find_verifier (KtBackup *backup, int *found, GError **error)
{
  int major = kt_backup_major (backup);
  const char *first = kt_json_string (kt_backup_server (backup), "bin_directory", NULL);
  g_autofree char *bin = kt_client_find (first, major, "pg_verifybackup", found);
  if (bin == NULL)
    {
      kt_client_set_missing (first, major, "pg_verifybackup", error);
      return NULL;
    }
  if (*found == major || major < VERIFIED_BY_ITS_OWN)
    return g_steal_pointer (&bin);
  g_autofree char *detail = g_strdup_printf ("the one in %s is of PostgreSQL %d", bin, *found);
  g_autofree char *hint = g_strdup_printf ("apt-get install postgresql-client-%d", major);
  kt_error_set (error, KT_ERROR_UNSUPPORTED, detail, hint, "a physical backup of PostgreSQL %d can only be verified by its own pg_verifybackup",
                major);
  return NULL;
}

/* Unpacked and verified. */
static gboolean
unpack (KtBackup *backup, const char *target, const char *owner, const KtBackupWatch *watch, GError **error)
{
  int found = 0;
  g_autofree char *data = data_of (backup);
  g_autofree char *bin = find_verifier (backup, &found, error);
  if (bin == NULL)
    return FALSE;
  return kt_backup_unpack (&(KtBackupUnpack){ .from = data, .target = target, .owner = owner, .bin_directory = bin,
                                              .same_major = found == kt_backup_major (backup),
                                              .bytes = kt_json_int (backup->manifest, "source_bytes", 0) },
                           watch, error);
}

static gboolean
verify (KtBackup *backup, const char *scratch, const KtBackupWatch *watch, GError **error)
{
  const KtScratch place = { .folder = scratch };
  g_autoptr (KtScratchSite) site = kt_scratch_site_new (&place, SITE_DEADLINE_MS, watch->cancellable, error);
  return site != NULL && unpack (backup, site->data, NULL, watch, error);
}

static gboolean
test (KtBackup *backup, const char *scratch, const KtBackupWatch *watch, JsonObject *report, GError **error)
{
  g_autoptr (KtBackupScratch) place = kt_backup_scratch_new (backup, scratch, watch, error);
  if (place == NULL || !unpack (backup, place->site->data, place->site->user, watch, error))
    return FALSE;
  kt_backup_say (watch, "starting a server on the restored files", 0, 0);
  return kt_backup_scratch_start (place, kt_json_string (kt_backup_server (backup), "role", "postgres"), error)
         && kt_backup_check_counts (place->conninfo, NULL, kt_json_array (backup->manifest, "tables"), watch, report, error);
}

static gboolean
restore (KtBackup *backup, const KtBackupRestore *how, const KtBackupWatch *watch, JsonObject *report, GError **error)
{
  const char *owner = owner_of (backup, how->owner);
  g_autofree char *data = data_of (backup);
  g_autofree char *spaces = kt_backup_has_tablespaces (data) ? g_strconcat (how->target, ".tablespaces", NULL) : NULL;
  /* tar leaves it to the kernel when it writes; what is called restored outlives a loss of power. */
  if (!unpack (backup, how->target, owner, watch, error) || !kt_folder_sync (how->target, error)
      || (spaces != NULL && !kt_folder_sync (spaces, error)))
    return FALSE;
  json_object_set_string_member (report, "directory", how->target);
  kt_json_set_string (report, "owner", owner);
  kt_json_set_string (report, "tablespaces", spaces);
  return TRUE;
}

const KtBackupKind kt_backup_physical = {
  .name = "physical",
  .summary = "the whole cluster, by pg_basebackup",
  .whole = TRUE,
  .test_verifies = TRUE,
  .by_programs = TRUE,
  .check = check,
  .estimate = estimate,
  .create = create,
  .verify = verify,
  .restore = restore,
  .test = test,
};
