/* SPDX-License-Identifier: MIT
 *
 * One database by pg_dump in directory format (several jobs, one snapshot), and the roles by pg_dumpall.
 *
 *     FOLDER/dump/toc.dat, N.dat.gz …
 *     FOLDER/globals.sql   roles and tablespaces, for people
 *     FOLDER/roles.sql     the roles alone, which a restore may run
 */
#include "backup/catalogue.h"
#include "backup/counts.h"
#include "backup/scratch.h"

#include "backup/program.h"
#include "base/error.h"
#include "base/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_JOBS 8
#define DROPS_BY_FORCE 13 /* from this version on sessions in it are no hindrance */
#define TEST_DATABASE "restored"

static char *
dump_of (const KtBackup *backup)
{
  return g_build_filename (backup->folder, "dump", NULL);
}

static char *
jobs_word (guint jobs)
{
  return g_strdup_printf ("--jobs=%u", jobs > 0 ? jobs : MIN (g_get_num_processors (), MAX_JOBS));
}

static KtClient *
client_of (const KtBackupSource *source, const char *program, GError **error)
{
  return kt_client_new (source->connection, source->instance != NULL ? source->instance->bin_directory : NULL, program, error);
}

/* ------------------------------------------------------------------------------------------------------------- create */

static gboolean
estimate (const KtBackupSource *source, gint64 *bytes, gint64 *extra, GError **error)
{
  g_autoptr (PGresult) row = kt_connection_query_file (source->connection, error, "backup_database", NULL);
  *extra = 0;
  *bytes = row != NULL ? kt_result_int (row, 0, "table_bytes") : 0;
  return row != NULL;
}

/* Tables begun, and which of them are not at work any more: pg_dump takes the largest first. */
typedef struct {
  KtConnection *connection;
  const char *application_name;
  GHashTable *seen; /* oid text -> bytes */
  gint64 total;
} Progress;

static gboolean
measure (gpointer user, gint64 *done, gint64 *total)
{
  Progress *progress = user;
  g_autoptr (PGresult) rows = kt_connection_query_file (progress->connection, NULL, "backup_copies", progress->application_name, NULL);
  if (rows == NULL)
    return FALSE;
  gint64 sum = 0;
  for (int i = 0; i < PQntuples (rows); i++)
    {
      gint64 bytes = kt_result_int (rows, i, "bytes");
      g_hash_table_replace (progress->seen, g_strdup (kt_result_get (rows, i, "relid")), GSIZE_TO_POINTER ((gsize) bytes));
      sum -= bytes / 2; /* at work: half of it, on average */
    }
  GHashTableIter iter;
  gpointer bytes;
  g_hash_table_iter_init (&iter, progress->seen);
  while (g_hash_table_iter_next (&iter, NULL, &bytes))
    sum += (gint64) GPOINTER_TO_SIZE (bytes);
  *done = sum;
  *total = g_hash_table_size (progress->seen) > 0 ? progress->total : 0;
  return TRUE;
}

/* A session that lends its snapshot, so that what is counted is what is dumped. */
static KtConnection *
lend_snapshot (const KtBackupSource *source, char **snapshot, GError **error)
{
  g_autoptr (KtConnection) connection = kt_connection_open (source->conninfo, error);
  g_autoptr (PGresult) begun = connection == NULL ? NULL
    : kt_connection_query (connection, error, "SET idle_in_transaction_session_timeout = 0; SET statement_timeout = 0;"
                                              "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY", NULL);
  g_autoptr (PGresult) row = begun == NULL ? NULL : kt_connection_query (connection, error, "SELECT pg_export_snapshot() AS name", NULL);
  if (row == NULL)
    return NULL;
  *snapshot = g_strdup (kt_result_get (row, 0, "name"));
  return g_steal_pointer (&connection);
}

static gboolean
dump (KtBackup *backup, const KtBackupSource *source, const KtBackupOptions *options, const KtClient *client, const char *snapshot,
      const KtBackupWatch *watch, GError **error)
{
  g_autofree char *program = kt_client_program (client->bin_directory, "pg_dump", error);
  if (program == NULL)
    return FALSE;
  g_autofree char *name = g_strconcat ("kastune ", backup->id, NULL);
  g_autofree char *conninfo = kt_client_conninfo (client, NULL, name);
  g_autofree char *folder = dump_of (backup);
  g_autofree char *jobs = jobs_word (options->jobs);
  /* Before 16 only levels of gzip are known. */
  const char *wanted = options->compress != NULL ? options->compress : "gzip:1";
  gboolean words = client->major >= 16, none = g_str_equal (wanted, "none");
  const char *level = strchr (wanted, ':') != NULL ? strchr (wanted, ':') + 1 : "6";
  g_autofree char *compress = g_strconcat ("--compress=", words ? wanted : none ? "0" : level, NULL);
  g_autofree char *lent = snapshot != NULL ? g_strconcat ("--snapshot=", snapshot, NULL) : NULL;
  if (!words && !none && !g_str_has_prefix (wanted, "gzip"))
    {
      kt_error_set (error, KT_ERROR_UNSUPPORTED, NULL, "--compress gzip:1, or none", "pg_dump of PostgreSQL %d cannot compress by %s",
                    client->major, wanted);
      return FALSE;
    }
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Progress progress = { source->connection, name, seen, kt_json_int (backup->manifest, "source_bytes", 0) };
  const char *const argv[] = { program, "--dbname", conninfo, "--no-password", "--format=directory", jobs, compress, "--file", folder,
                               lent, NULL };
  json_object_set_string_member (backup->manifest, "compression", wanted);
  return kt_backup_run (&(KtBackupProgram){ .argv = argv, .user = client->user, .env = (const char *const *) client->env,
                                            .what = "dump", .folder = folder, .measure = measure, .user_data = &progress },
                        watch, NULL, error);
}

/* Passwords of roles can be read by a superuser alone. */
static gboolean
dump_roles (KtBackup *backup, const KtBackupSource *source, const KtClient *client, const char *which, const char *leaf,
            const KtBackupWatch *watch, GError **error)
{
  g_autofree char *program = kt_client_program (client->bin_directory, "pg_dumpall", error);
  g_autofree char *conninfo = kt_client_conninfo (client, NULL, NULL);
  g_autofree char *file = g_build_filename (backup->folder, leaf, NULL);
  const char *const argv[] = { program, "--dbname", conninfo, "--no-password", which, "--file", file,
                               source->server->superuser ? NULL : "--no-role-passwords", NULL };
  if (program == NULL
      || !kt_backup_run (&(KtBackupProgram){ .argv = argv, .user = client->user, .env = (const char *const *) client->env,
                                             .what = "roles" },
                         watch, NULL, error))
    return FALSE;
  /* The folder is theirs, so the name may lead anywhere by now. */
  if (geteuid () != 0 || fchmodat (AT_FDCWD, file, 0600, AT_SYMLINK_NOFOLLOW) == 0)
    return TRUE;
  kt_error_set_errno (error, errno, NULL, "cannot close %s to others", file);
  return FALSE;
}

static gboolean
describe (KtBackup *backup, const KtBackupSource *source, const KtClient *client, GError **error)
{
  g_autoptr (PGresult) row = kt_connection_query_file (source->connection, error, "backup_database", NULL);
  if (row == NULL)
    return FALSE;
  g_auto (GStrv) roles = kt_result_strv (row, 0, "roles");
  JsonObject *manifest = backup->manifest;
  json_object_set_string_member (manifest, "database", client->database);
  json_object_set_string_member (manifest, "encoding", kt_result_get (row, 0, "encoding"));
  json_object_set_string_member (manifest, "collate", kt_result_get (row, 0, "collate"));
  json_object_set_string_member (manifest, "ctype", kt_result_get (row, 0, "ctype"));
  kt_json_set_strings (manifest, "roles", (const char *const *) roles);
  return TRUE;
}

static gboolean
count (KtBackup *backup, const KtBackupSource *source, const KtBackupOptions *options, const KtClient *client, const char *snapshot,
       const KtBackupWatch *watch, GError **error)
{
  g_autoptr (JsonArray) tables = json_array_new ();
  if (!kt_backup_count (source->conninfo, client->database, options->count, snapshot, watch, tables, error))
    return FALSE;
  json_object_set_array_member (backup->manifest, "tables", g_steal_pointer (&tables));
  return TRUE;
}

static gboolean
create (KtBackup *backup, const KtBackupSource *source, const KtBackupOptions *options, const KtBackupWatch *watch, GError **error)
{
  g_autoptr (KtClient) client = client_of (source, "pg_dump", error);
  g_autofree char *snapshot = NULL;
  g_autoptr (KtConnection) lender = NULL;
  if (client == NULL || !describe (backup, source, client, error))
    return FALSE;
  if (options->count && (lender = lend_snapshot (source, &snapshot, error)) == NULL)
    return FALSE;
  if (!count (backup, source, options, client, snapshot, watch, error)
      || !dump_roles (backup, source, client, "--globals-only", "globals.sql", watch, error)
      || !dump_roles (backup, source, client, "--roles-only", "roles.sql", watch, error)
      || !dump (backup, source, options, client, snapshot, watch, error))
    return FALSE;
  g_autofree char *folder = dump_of (backup);
  JsonArray *files = kt_backup_checksums (folder, watch, error);
  if (files != NULL)
    json_object_set_array_member (backup->manifest, "files", files);
  return files != NULL;
}

/* ------------------------------------------------------------------------------------------------------------ reading */

/* pg_restore reads what its own and older versions wrote. */
static char *
restore_program (KtBackup *backup, GError **error)
{
  int found = 0, major = kt_backup_major (backup);
  const char *first = kt_json_string (kt_backup_server (backup), "bin_directory", NULL);
  g_autofree char *bin = kt_client_find (first, major, "pg_restore", &found);
  if (bin != NULL)
    return g_build_filename (bin, "pg_restore", NULL);
  kt_client_set_missing (first, major, "pg_restore", error);
  return NULL;
}

static gboolean
verify (KtBackup *backup, const char *scratch, const KtBackupWatch *watch, GError **error)
{
  g_autofree char *program = restore_program (backup, error);
  g_autofree char *folder = dump_of (backup);
  g_autofree char *list = NULL;
  g_autoptr (GError) local = NULL;
  if (program == NULL || !kt_backup_compare_checksums (folder, kt_json_array (backup->manifest, "files"), watch, error))
    return FALSE;
  const char *const argv[] = { program, "--list", folder, NULL };
  if (kt_backup_run (&(KtBackupProgram){ .argv = argv, .what = "reading the list of contents" }, watch, &list, &local))
    return TRUE;
  if (g_error_matches (local, KT_ERROR, KT_ERROR_PROGRAM))
    kt_error_set (error, KT_ERROR_VERIFY, kt_error_detail (local), "use another one: kastune backup list", "the dump in %s cannot be read", folder);
  else
    g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

/* Where to: with what words programs connect, and as whom. */
typedef struct {
  const char *conninfo; /* of the database to fill */
  const char *user;
  const char *const *env;
  guint jobs;
  gboolean no_tablespaces;
} Destination;

/* "role … exists already" is the usual case and no error. */
static gboolean
run_roles (KtBackup *backup, const Destination *to, const KtBackupWatch *watch, GError **error)
{
  g_autofree char *restore = restore_program (backup, error);
  g_autofree char *bin = restore != NULL ? g_path_get_dirname (restore) : NULL;
  g_autofree char *psql = bin != NULL ? kt_client_program (bin, "psql", error) : NULL;
  g_autofree char *file = g_build_filename (backup->folder, "roles.sql", NULL);
  const char *const argv[] = { psql, "--no-psqlrc", "--quiet", "--no-password", "--file", file, to->conninfo, NULL };
  return psql != NULL && kt_backup_run (&(KtBackupProgram){ .argv = argv, .user = to->user, .env = to->env, .what = "roles" }, watch, NULL, error);
}

static gboolean
run_restore (KtBackup *backup, const Destination *to, const KtBackupWatch *watch, GError **error)
{
  g_autofree char *program = restore_program (backup, error);
  g_autofree char *folder = dump_of (backup);
  g_autofree char *jobs = jobs_word (to->jobs);
  const char *const argv[] = { program, "--dbname", to->conninfo, "--no-password", "--exit-on-error", jobs, folder,
                               to->no_tablespaces ? "--no-tablespaces" : NULL, NULL };
  return program != NULL && kt_backup_run (&(KtBackupProgram){ .argv = argv, .user = to->user, .env = to->env, .what = "restoring the dump" },
                                           watch, NULL, error);
}

/* Encoding and locale as recorded; a locale that this machine does not know makes way for C, which keeps every byte. */
static gboolean
create_database (KtBackup *backup, KtConnection *connection, const char *database, gboolean plain, GError **error)
{
  PGconn *pq = kt_connection_pq (connection);
  char *name = PQescapeIdentifier (pq, database, strlen (database));
  const char *encoding = kt_json_string (backup->manifest, "encoding", "UTF8");
  const char *collate = plain ? "C" : kt_json_string (backup->manifest, "collate", "C");
  const char *ctype = plain ? "C" : kt_json_string (backup->manifest, "ctype", "C");
  g_autofree char *sql = g_strdup_printf ("CREATE DATABASE %s TEMPLATE template0 ENCODING '%s' LC_COLLATE '%s' LC_CTYPE '%s'", name, encoding,
                                          collate, ctype);
  PQfreemem (name);
  g_autoptr (PGresult) made = kt_connection_query (connection, error, sql, NULL);
  return made != NULL;
}

static gboolean
test (KtBackup *backup, const char *scratch, const KtBackupWatch *watch, JsonObject *report, GError **error)
{
  g_autoptr (KtBackupScratch) place = kt_backup_scratch_new (backup, scratch, watch, error);
  if (place == NULL || !kt_scratch_site_build (place->site, error) || !kt_backup_scratch_start (place, "postgres", error))
    return FALSE;
  g_autofree char *first = g_strconcat (place->conninfo, " dbname=postgres", NULL);
  g_autofree char *filled = g_strconcat (place->conninfo, " dbname=" TEST_DATABASE, NULL);
  g_autoptr (KtConnection) connection = kt_connection_open (first, error);
  /* As we are: we can read the dump, whoever it belongs to, and the scratch server trusts whoever gets to its socket. */
  Destination to = { .conninfo = first, .no_tablespaces = TRUE };
  if (connection == NULL || !create_database (backup, connection, TEST_DATABASE, TRUE, error) || !run_roles (backup, &to, watch, error))
    return FALSE;
  to.conninfo = filled;
  return run_restore (backup, &to, watch, error)
         && kt_backup_check_counts (place->conninfo, TEST_DATABASE, kt_json_array (backup->manifest, "tables"), watch, report, error);
}

/* ------------------------------------------------------------------------------------------------------------ restore */

static gboolean
database_exists (KtConnection *connection, const char *database, gboolean *exists, GError **error)
{
  g_autoptr (PGresult) row = kt_connection_query (connection, error, "SELECT count(*) AS n FROM pg_catalog.pg_database WHERE datname = $1",
                                                  database, NULL);
  *exists = row != NULL && kt_result_int (row, 0, "n") > 0;
  return row != NULL;
}

static gboolean
is_empty (const KtBackupSource *source, const char *database, GError **error)
{
  g_autoptr (KtConnection) inside = kt_backup_connect (source->conninfo, database, error);
  g_autoptr (PGresult) row = inside != NULL ? kt_connection_query_file (inside, error, "backup_relations", NULL) : NULL;
  if (row == NULL)
    return FALSE;
  gint64 n = kt_result_int (row, 0, "n");
  if (n == 0)
    return TRUE;
  kt_error_set (error, KT_ERROR_REFUSED, NULL, "name a new or empty one with --database NAME, and rename them afterwards",
                "database %s is not empty: it holds %" G_GINT64_FORMAT " tables, indexes and the like", database, n);
  return FALSE;
}

/* A dump names the owners of things; without them its restore would end in the middle. */
static gboolean
has_roles (KtBackup *backup, KtConnection *connection, GError **error)
{
  JsonArray *roles = kt_json_array (backup->manifest, "roles");
  g_autoptr (GString) missing = g_string_new (NULL);
  for (guint i = 0; roles != NULL && i < json_array_get_length (roles); i++)
    {
      const char *role = json_array_get_string_element (roles, i);
      g_autoptr (PGresult) row = kt_connection_query (connection, error, "SELECT count(*) AS n FROM pg_catalog.pg_roles WHERE rolname = $1",
                                                      role, NULL);
      if (row == NULL)
        return FALSE;
      if (kt_result_int (row, 0, "n") == 0)
        g_string_append_printf (missing, "%s%s", missing->len > 0 ? ", " : "", role);
    }
  if (missing->len == 0)
    return TRUE;
  kt_error_set (error, KT_ERROR_REFUSED, missing->str, "add --globals to make the recorded roles, or make them yourself",
                "this server lacks roles that own what is in the dump");
  return FALSE;
}

static gboolean
drop_database (KtConnection *connection, const char *database)
{
  PGconn *pq = kt_connection_pq (connection);
  char *name = PQescapeIdentifier (pq, database, strlen (database));
  g_autofree char *sql = g_strdup_printf ("DROP DATABASE IF EXISTS %s%s", name,
                                          kt_connection_major (connection) >= DROPS_BY_FORCE ? " WITH (FORCE)" : "");
  PQfreemem (name);
  g_autoptr (PGresult) dropped = kt_connection_query (connection, NULL, sql, NULL);
  return dropped != NULL;
}

static gboolean
restore (KtBackup *backup, const KtBackupRestore *how, const KtBackupWatch *watch, JsonObject *report, GError **error)
{
  const KtBackupSource *source = how->source;
  const char *database = how->database != NULL ? how->database : kt_json_string (backup->manifest, "database", "");
  g_autoptr (KtClient) client = client_of (source, "pg_restore", error);
  g_autofree char *conninfo = client != NULL ? kt_client_conninfo (client, database, "kastune restore") : NULL;
  g_autofree char *first = client != NULL ? kt_client_conninfo (client, NULL, NULL) : NULL;
  gboolean existed = FALSE;
  if (client == NULL || !database_exists (source->connection, database, &existed, error)
      || (existed && !is_empty (source, database, error)))
    return FALSE;
  Destination to = { .conninfo = first, .user = client->user, .env = (const char *const *) client->env, .jobs = how->jobs };
  if ((how->globals && !run_roles (backup, &to, watch, error)) || !has_roles (backup, source->connection, error)
      || (!existed && !create_database (backup, source->connection, database, FALSE, error)))
    return FALSE;
  to.conninfo = conninfo;
  if (!run_restore (backup, &to, watch, error))
    {
      gboolean dropped = !existed && drop_database (source->connection, database);
      g_prefix_error (error, dropped ? "database %s was dropped again: " : "database %s is half filled, drop it: ", database);
      return FALSE;
    }
  json_object_set_string_member (report, "database", database);
  json_object_set_boolean_member (report, "created", !existed);
  return kt_backup_check_counts (source->conninfo, database, kt_json_array (backup->manifest, "tables"), watch, report, error);
}

const KtBackupKind kt_backup_logical = {
  .name = "logical",
  .summary = "the connected database, by pg_dump, and the roles",
  .whole = TRUE,
  .needs_server_to_restore = TRUE,
  .by_programs = TRUE,
  .estimate = estimate,
  .create = create,
  .verify = verify,
  .restore = restore,
  .test = test,
};
