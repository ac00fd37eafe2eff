/* SPDX-License-Identifier: MIT */
#include "postgres/server.h"

#include "base/error.h"
#include "postgres/locate.h"
#include "support/cluster.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static KtServer *
loaded (const char *conninfo)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KtConnection) connection = kt_connection_open (conninfo, &error);
  g_assert_no_error (error);
  KtServer *server = kt_server_load (connection, &error);
  g_assert_no_error (error);
  return server;
}

static KtServer *
loaded_as (KtTestCluster *cluster, const char *role, const char *database)
{
  g_autofree char *conninfo = kt_test_cluster_conninfo (cluster, role, database, NULL);
  return loaded (conninfo);
}

static gboolean
has_note (const KtServer *server, const char *part)
{
  for (guint i = 0; i < server->notes->len; i++)
    if (strstr (g_ptr_array_index (server->notes, i), part) != NULL)
      return TRUE;
  return FALSE;
}

static void
assert_no_notes (const KtServer *server)
{
  for (guint i = 0; i < server->notes->len; i++)
    g_test_message ("note: %s", (const char *) g_ptr_array_index (server->notes, i));
  g_assert_cmpuint (server->notes->len, ==, 0);
}

static const KtRelation *
table_of (const KtServer *server, const char *name)
{
  for (guint i = 0; i < server->tables->len; i++)
    {
      const KtRelation *relation = g_ptr_array_index (server->tables, i);
      if (g_str_equal (relation->name, name))
        return relation;
    }
  return NULL;
}

static gboolean
has_name (GPtrArray *names, const char *name)
{
  return g_ptr_array_find_with_equal_func (names, name, g_str_equal, NULL);
}

/* ------------------------------------------------------------------------------------------------ every version */

static void
assert_settings (const KtServer *server)
{
  g_assert_cmpuint (g_hash_table_size (server->settings), >, 300);
  const KtSetting *buffers = kt_server_setting (server, "shared_buffers");
  g_autofree char *text = kt_setting_text (buffers);
  g_autofree char *origin = kt_setting_origin (buffers);
  g_assert_cmpstr (buffers->value, ==, "2048");
  g_assert_cmpstr (buffers->unit, ==, "8kB");
  g_assert_cmpstr (buffers->context, ==, "postmaster");
  g_assert_cmpstr (text, ==, "16MB");
  g_assert_true (g_str_has_prefix (origin, "postgresql.conf line "));
  g_assert_cmpint (buffers->type, ==, KT_GUC_INTEGER);
  const KtSetting *delay = kt_server_setting (server, "autovacuum_vacuum_cost_delay");
  g_autofree char *delay_text = kt_setting_text (delay);
  g_assert_cmpstr (delay_text, ==, "2ms");
  g_assert_cmpint (delay->type, ==, KT_GUC_REAL);
  const KtSetting *level = kt_server_setting (server, "wal_level");
  g_assert_true (g_strv_contains ((const char *const *) level->enum_values, "replica"));
  g_assert_null (buffers->enum_values);
  g_assert_null (level->unit);
  g_assert_true (kt_server_setting (server, "timezone") == kt_server_setting (server, "TimeZone"));
  g_assert_nonnull (kt_server_setting (server, "timezone"));
  g_assert_null (kt_server_setting (server, "no_such_setting"));
  g_assert_cmpint (kt_server_int (server, "no_such_setting", 7), ==, 7);
}

static void
test_facts (gconstpointer data)
{
  KtTestCluster *cluster = kt_test_cluster_shared (GPOINTER_TO_INT (data));
  g_autoptr (KtServer) server = loaded (cluster->conninfo);
  assert_no_notes (server);
  assert_settings (server);
  g_assert_cmpint (server->major, ==, cluster->major);
  g_assert_cmpint (server->version_num / 10000, ==, cluster->major);
  g_assert_cmpint (atoi (server->version), ==, cluster->major);
  g_assert_cmpuint (strlen (server->system_identifier), >, 15);
  g_assert_true (server->superuser);
  g_assert_false (server->in_recovery);
  g_assert_cmpint (server->started_at, >, 1700000000);
  g_assert_cmpint (server->wal_segment_bytes, ==, 16777216);
  g_assert_cmpint (server->block_bytes, ==, 8192);
  g_assert_cmpint (server->port, ==, 5432);
  g_assert_cmpuint (server->file_settings->len, >, 5);
  g_assert_cmpint (server->database_bytes, >, 1000000);
  g_assert_true (has_name (server->extensions, "plpgsql"));
  g_assert_true (has_name (server->available_libraries, "plpgsql"));
  g_assert_cmpuint (server->tablespaces->len, ==, 0);
  g_assert_cmpint (server->indexer_schema, ==, 0);
}

static void
test_place (gconstpointer data)
{
  KtTestCluster *cluster = kt_test_cluster_shared (GPOINTER_TO_INT (data));
  g_autoptr (KtServer) server = loaded (cluster->conninfo);
  g_autofree char *wal = g_build_filename (cluster->data_directory, "pg_wal", NULL);
  g_autofree char *hba = g_build_filename (cluster->data_directory, "pg_hba.conf", NULL);
  g_assert_true (server->local);
  g_assert_cmpint (server->postmaster_pid, ==, kt_test_cluster_pid (cluster));
  g_assert_cmpstr (server->data_directory, ==, cluster->data_directory);
  g_assert_cmpstr (server->hba_file, ==, hba);
  g_assert_cmpstr (server->wal_directory, ==, wal);
  g_assert_cmpstr (server->socket_directory, ==, cluster->folder);
}

static void
test_counters (gconstpointer data)
{
  KtTestCluster *cluster = kt_test_cluster_shared (GPOINTER_TO_INT (data));
  kt_test_cluster_do (cluster, "CREATE TABLE numbers AS SELECT generate_series(1, 20000) AS n");
  kt_test_cluster_do (cluster, "CHECKPOINT");
  kt_test_cluster_do (cluster, "DROP TABLE numbers");
  g_autoptr (KtConnection) second = kt_connection_open (cluster->conninfo, NULL);
  g_autoptr (KtServer) server = loaded (cluster->conninfo);
  /* Up to 14 counters reach the statistics half a second late. */
  for (int i = 0; i < 500 && (server->wal_bytes_per_s <= 0 || server->hit_ratio <= 0); i++)
    {
      g_usleep (20000);
      g_clear_pointer (&server, kt_server_free);
      server = loaded (cluster->conninfo);
    }
  g_assert_nonnull (second);
  g_assert_cmpuint (server->connections, >=, 1);
  g_assert_cmpuint (server->standbys + server->slots + server->prepared_transactions, ==, 0);
  g_assert_cmpfloat (server->wal_bytes_per_s, >, 0);
  g_assert_cmpfloat (server->wal_seconds, >, 0);
  g_assert_cmpint (server->wal_buffers_full, >=, cluster->major >= 14 ? 0 : -1);
  g_assert_true (cluster->major >= 14 || server->wal_buffers_full == -1);
  g_assert_cmpint (server->checkpoints_timed, >=, 0);
  g_assert_cmpint (server->checkpoints_requested, >=, 0);
  g_assert_cmpint (server->buffers_backend, >=, 0);
  g_assert_cmpfloat (server->hit_ratio, >, 0);
  g_assert_cmpfloat (server->hit_ratio, <=, 1);
}

/* The session's own limits must not look like the server's configuration. */
static void
test_own_limits_hidden (gconstpointer data)
{
  KtTestCluster *cluster = kt_test_cluster_shared (GPOINTER_TO_INT (data));
  g_autoptr (KtServer) server = loaded (cluster->conninfo);
  const KtSetting *timeout = kt_server_setting (server, "statement_timeout");
  g_assert_cmpstr (timeout->value, ==, "0");
  g_assert_cmpstr (timeout->source, ==, "default");
}

/* Runs the statements that the notes recommend. */
static void
follow_notes (KtTestCluster *cluster, const KtServer *server)
{
  for (guint i = 0; i < server->notes->len; i++)
    {
      const char *statements = strstr (g_ptr_array_index (server->notes, i), "GRANT ");
      g_assert_nonnull (statements);
      kt_test_cluster_do (cluster, statements);
    }
}

static void
test_plain_role (gconstpointer data)
{
  KtTestCluster *cluster = kt_test_cluster_shared (GPOINTER_TO_INT (data));
  kt_test_cluster_do (cluster, "CREATE ROLE \"Plain-Role\" LOGIN; REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC;"
                               "REVOKE EXECUTE ON FUNCTION pg_control_checkpoint() FROM PUBLIC");
  g_autoptr (KtServer) server = loaded_as (cluster, "Plain-Role", NULL);
  g_assert_true (has_note (server, "GRANT pg_monitor TO \"Plain-Role\""));
  g_assert_true (has_note (server, "pg_file_settings"));
  g_assert_cmpstr (server->system_identifier, ==, "");
  g_assert_cmpuint (g_hash_table_size (server->settings), >, 300);
  g_assert_cmpuint (server->file_settings->len, ==, 0);
  g_assert_null (kt_server_setting (server, "shared_buffers")->source_file);
  /* The unix socket shows the process all the same. */
  g_assert_true (server->local);
  g_assert_cmpint (server->postmaster_pid, ==, kt_test_cluster_pid (cluster));
  g_assert_cmpstr (server->data_directory, ==, cluster->data_directory);
  g_assert_cmpint (server->database_bytes, >, 1000000);

  follow_notes (cluster, server);
  g_autoptr (KtServer) better = loaded_as (cluster, "Plain-Role", NULL);
  assert_no_notes (better);
  g_assert_false (better->superuser);
  g_assert_cmpstr (better->system_identifier, !=, "");
  g_assert_cmpuint (better->file_settings->len, >, 5);
  g_autofree char *log = kt_test_cluster_log (cluster);
  g_assert_null (strstr (log, "ERROR:"));
}

static void
test_monitor_role (gconstpointer data)
{
  KtTestCluster *cluster = kt_test_cluster_shared (GPOINTER_TO_INT (data));
  kt_test_cluster_do (cluster, "CREATE ROLE watcher LOGIN; GRANT pg_monitor TO watcher");
  g_autoptr (KtServer) server = loaded_as (cluster, "watcher", NULL);
  g_assert_false (has_note (server, "GRANT pg_monitor"));
  g_assert_cmpstr (server->data_directory, ==, cluster->data_directory);
  g_assert_nonnull (kt_server_setting (server, "shared_buffers")->source_file);
  g_autofree char *log = kt_test_cluster_log (cluster);
  g_assert_null (strstr (log, "ERROR:"));
}

/* ------------------------------------------------------------------------------------------- the indexer's tables */

static const char indexer_tables[] =
  "CREATE TABLE vars (key varchar(255) PRIMARY KEY, value text NOT NULL);"
  "INSERT INTO vars VALUES ('schema_version', '23'), ('block_checkpoint', 'abc');"
  "CREATE TABLE blocks (hash bytea PRIMARY KEY, blue_score bigint);"
  "CREATE TABLE transactions (transaction_id bytea PRIMARY KEY, block_time bigint) WITH (fillfactor = 90, autovacuum_enabled = true);"
  "INSERT INTO transactions SELECT sha256(n::text::bytea), n FROM generate_series(1, 5000) n;"
  "DELETE FROM transactions WHERE block_time <= 100;"
  "CREATE TABLE k_contents (id bigserial PRIMARY KEY);"
  "CREATE TABLE somebody_elses (id int); CREATE TYPE transactions_inputs AS (index smallint)";

static void
test_tables (gconstpointer data)
{
  KtTestCluster *cluster = kt_test_cluster_shared (GPOINTER_TO_INT (data));
  kt_test_cluster_do (cluster, "CREATE DATABASE kaspa");
  g_free (kt_test_cluster_sql (cluster, "kaspa", indexer_tables));
  g_free (kt_test_cluster_sql (cluster, "kaspa", "VACUUM ANALYZE transactions"));
  g_autoptr (KtServer) server = loaded_as (cluster, "postgres", "kaspa");
  assert_no_notes (server);
  g_assert_cmpint (server->indexer_schema, ==, 23);
  g_assert_cmpuint (server->tables->len, ==, 4);
  g_assert_null (table_of (server, "somebody_elses"));
  g_assert_nonnull (table_of (server, "k_contents"));
  const KtRelation *largest = g_ptr_array_index (server->tables, 0);
  g_assert_cmpstr (largest->name, ==, "transactions");
  g_assert_cmpstr (largest->schema, ==, "public");
  g_assert_cmpfloat (largest->rows, ==, 4900);
  g_assert_cmpint (largest->heap_bytes, >, 200000);
  g_assert_cmpint (largest->index_bytes, >, 200000);
  g_assert_cmpint (largest->total_bytes, >=, largest->heap_bytes + largest->index_bytes);
  g_assert_cmpstr (largest->options[0], ==, "fillfactor=90");
  g_assert_cmpstr (largest->options[1], ==, "autovacuum_enabled=true");
  g_assert_cmpfloat (table_of (server, "vars")->rows, ==, -1);
  kt_test_cluster_do (cluster, "CREATE ROLE reader LOGIN");
  g_autoptr (KtServer) blind = loaded_as (cluster, "reader", "kaspa");
  g_assert_cmpint (blind->indexer_schema, ==, 0);
  g_assert_true (has_note (blind, "GRANT SELECT ON public.vars TO reader"));
}

/* A migration holds its tables for hours: looking must not wait for it. */
static void
test_locked_table (void)
{
  KtTestCluster *cluster = kt_test_cluster_shared (KT_TEST_DEBIAN_MAJOR);
  kt_test_cluster_do (cluster, "CREATE DATABASE migrating");
  g_free (kt_test_cluster_sql (cluster, "migrating", indexer_tables));
  g_free (kt_test_cluster_sql (cluster, "migrating", "VACUUM ANALYZE transactions"));
  g_autofree char *conninfo = kt_test_cluster_conninfo (cluster, "postgres", "migrating", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (KtConnection) holder = kt_connection_open (conninfo, &error);
  g_assert_no_error (error);
  g_autoptr (PGresult) locked = kt_connection_query (holder, &error, "BEGIN; LOCK TABLE transactions", NULL);
  g_assert_no_error (error);
  g_assert_nonnull (locked);
  g_autoptr (KtServer) server = loaded (conninfo);
  assert_no_notes (server);
  const KtRelation *relation = table_of (server, "transactions");
  g_assert_cmpint (relation->heap_bytes, >, 200000);
  g_assert_cmpint (relation->total_bytes, ==, relation->heap_bytes + relation->index_bytes);
}

/* Other programs have a table of that name too. */
static void
test_foreign_vars (void)
{
  KtTestCluster *cluster = kt_test_cluster_shared (KT_TEST_DEBIAN_MAJOR);
  kt_test_cluster_do (cluster, "CREATE DATABASE foreign_vars");
  g_free (kt_test_cluster_sql (cluster, "foreign_vars", "CREATE TABLE vars (name text, content text)"));
  g_autoptr (KtServer) server = loaded_as (cluster, "postgres", "foreign_vars");
  g_assert_cmpint (server->indexer_schema, ==, 0);
  assert_no_notes (server);
}

/* --------------------------------------------------------------------------------------- where settings come from */

static void
assert_origin (const KtServer *server, const char *name, const char *text, const char *origin)
{
  const KtSetting *setting = kt_server_setting (server, name);
  g_autofree char *got_text = kt_setting_text (setting);
  g_autofree char *got_origin = kt_setting_origin (setting);
  g_assert_cmpstr (got_text, ==, text);
  g_assert_cmpstr (got_origin, ==, origin);
}

static KtTestCluster *
cluster_of_many_sources (void)
{
  KtTestCluster *cluster = kt_test_cluster_new (&(KtTestClusterOptions){
    .without_sync = TRUE, .conf = "include_dir = 'conf.d'\nmaintenance_work_mem = 80MB", .stopped = TRUE });
  g_autofree char *folder = g_build_filename (cluster->data_directory, "conf.d", NULL);
  g_autofree char *file = g_build_filename (folder, "90-own.conf", NULL);
  g_assert_cmpint (g_mkdir (folder, 0755), ==, 0);
  g_assert_true (g_file_set_contents (file, "# a comment\nwork_mem = 9MB\n", -1, NULL));
  g_assert_cmpint (g_chmod (file, 0644), ==, 0);
  g_autofree char *wal = g_build_filename (cluster->data_directory, "pg_wal", NULL);
  g_autofree char *elsewhere = g_build_filename (cluster->folder, "wal", NULL);
  g_assert_cmpint (g_rename (wal, elsewhere), ==, 0);
  g_assert_cmpint (symlink (elsewhere, wal), ==, 0);
  kt_test_cluster_start (cluster);
  kt_test_cluster_do (cluster, "ALTER SYSTEM SET max_wal_size = '3GB'");
  kt_test_cluster_do (cluster, "ALTER SYSTEM SET max_connections = 33");
  kt_test_cluster_do (cluster, "ALTER ROLE postgres SET temp_buffers = '9MB'; ALTER DATABASE postgres SET random_page_cost = 1.1;"
                               "ALTER ROLE ALL SET application_name = 'a=b'");
  kt_test_cluster_do (cluster, "SELECT pg_reload_conf()");
  /* A reload is asynchronous: the next session starts with what the postmaster has. */
  for (int i = 0; i < 1000; i++)
    {
      g_autofree char *size = kt_test_cluster_sql (cluster, NULL, "SHOW max_wal_size");
      if (g_str_equal (size, "3GB"))
        break;
      g_usleep (10000);
    }
  return cluster;
}

static void
test_sources (void)
{
  g_autoptr (KtTestCluster) cluster = cluster_of_many_sources ();
  g_autoptr (KtServer) server = loaded (cluster->conninfo);
  g_autofree char *own = g_strdup_printf ("%s/conf.d/90-own.conf line 2", cluster->data_directory);
  g_autofree char *wal = g_build_filename (cluster->folder, "wal", NULL);
  assert_no_notes (server);
  assert_origin (server, "work_mem", "9MB", own);
  assert_origin (server, "max_wal_size", "3GB", "ALTER SYSTEM (postgresql.auto.conf line 3)");
  /* What our role or database has is not what the server has. */
  assert_origin (server, "temp_buffers", "8MB", "default");
  assert_origin (server, "random_page_cost", "4", "default");
  assert_origin (server, "wal_writer_delay", "200ms", "default");
  g_assert_true (kt_server_setting (server, "max_connections")->pending_restart);
  g_assert_false (kt_server_setting (server, "work_mem")->pending_restart);
  g_assert_cmpstr (server->wal_directory, ==, wal);
  g_assert_cmpuint (server->role_settings->len, ==, 3);
  const KtRoleSetting *everyone = g_ptr_array_index (server->role_settings, 0);
  g_assert_cmpstr (everyone->role, ==, "");
  g_assert_cmpstr (everyone->value, ==, "a=b");
  const KtRoleSetting *database = g_ptr_array_index (server->role_settings, 1);
  g_assert_cmpstr (database->database, ==, "postgres");
  g_assert_cmpstr (database->name, ==, "random_page_cost");
}

static void
test_broken_file (void)
{
  g_autoptr (KtTestCluster) cluster = kt_test_cluster_new (&(KtTestClusterOptions){ .without_sync = TRUE });
  kt_test_cluster_append_conf (cluster, "work_mem = 1gb");
  g_autoptr (KtServer) server = loaded (cluster->conninfo);
  const KtFileSetting *last = g_ptr_array_index (server->file_settings, server->file_settings->len - 1);
  g_assert_cmpstr (last->name, ==, "work_mem");
  g_assert_cmpstr (last->value, ==, "1gb");
  g_assert_nonnull (last->error);
  g_assert_false (last->applied);
  g_assert_cmpuint (last->line, >, 1);
  g_assert_true (g_str_has_suffix (last->path, "/postgresql.conf"));
}

static void
test_tablespace (void)
{
  g_autoptr (KtTestCluster) cluster = kt_test_cluster_new (&(KtTestClusterOptions){ .without_sync = TRUE });
  g_autofree char *space = g_build_filename (cluster->folder, "space", NULL);
  g_autofree char *make = g_strdup_printf ("COPY (SELECT 1) TO PROGRAM 'mkdir %s'", space);
  g_autofree char *create = g_strdup_printf ("CREATE TABLESPACE fast LOCATION '%s'", space);
  kt_test_cluster_do (cluster, make);
  kt_test_cluster_do (cluster, create);
  g_autoptr (KtServer) server = loaded (cluster->conninfo);
  g_assert_cmpuint (server->tablespaces->len, ==, 1);
  const KtTablespace *tablespace = g_ptr_array_index (server->tablespaces, 0);
  g_assert_cmpstr (tablespace->name, ==, "fast");
  g_assert_cmpstr (tablespace->location, ==, space);
}

/* ------------------------------------------------------------------------------------------------------- place */

static void
test_postmaster_file (void)
{
  KtTestCluster *cluster = kt_test_cluster_shared (KT_TEST_DEBIAN_MAJOR);
  KtPostmasterFile file;
  g_assert_true (kt_postmaster_file_read (cluster->data_directory, &file));
  g_assert_cmpint (file.pid, ==, kt_test_cluster_pid (cluster));
  g_assert_cmpint (file.port, ==, 5432);
  g_assert_true (kt_postmaster_is_alive (file.pid, cluster->data_directory));
  g_assert_false (kt_postmaster_is_alive (file.pid, "/tmp"));
  g_assert_false (kt_postmaster_is_alive (getpid (), "/"));
  g_assert_false (kt_postmaster_is_alive (0, cluster->data_directory));
  g_assert_false (kt_postmaster_file_read ("/no/such/folder", &file));
}

static int
look_as_nobody (const char *conninfo, gint64 pid)
{
  if (setresgid (65534, 65534, 65534) != 0 || setresuid (65534, 65534, 65534) != 0)
    return 2;
  g_autoptr (KtServer) server = loaded (conninfo);
  gboolean good = server->local && server->postmaster_pid == pid && server->data_directory != NULL
                  && server->wal_directory == NULL && has_note (server, "run kastune as root");
  return good ? 0 : 1;
}

static void
test_other_user (void)
{
  if (geteuid () != 0)
    {
      g_test_skip ("only root can be another user");
      return;
    }
  KtTestCluster *cluster = kt_test_cluster_shared (KT_TEST_DEBIAN_MAJOR);
  gint64 pid = kt_test_cluster_pid (cluster);
  pid_t child = fork ();
  if (child == 0)
    _exit (look_as_nobody (cluster->conninfo, pid));
  int status;
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  kt_test_add_versions ("/postgres/server/facts-are-complete", test_facts);
  kt_test_add_versions ("/postgres/server/place-is-found", test_place);
  kt_test_add_versions ("/postgres/server/counters-are-read", test_counters);
  kt_test_add_versions ("/postgres/server/own-limits-are-hidden", test_own_limits_hidden);
  kt_test_add_versions ("/postgres/server/plain-role-loses-single-facts", test_plain_role);
  kt_test_add_versions ("/postgres/server/monitor-role-sees-sources", test_monitor_role);
  kt_test_add_versions ("/postgres/server/tables-of-the-indexer", test_tables);
  g_test_add_func ("/postgres/server/locked-table-is-not-waited-for", test_locked_table);
  g_test_add_func ("/postgres/server/foreign-vars-is-no-indexer", test_foreign_vars);
  g_test_add_func ("/postgres/server/sources-of-settings", test_sources);
  g_test_add_func ("/postgres/server/broken-line-is-told", test_broken_file);
  g_test_add_func ("/postgres/server/tablespaces-are-listed", test_tablespace);
  g_test_add_func ("/postgres/server/postmaster-file-is-checked", test_postmaster_file);
  g_test_add_func ("/postgres/server/seen-by-another-user", test_other_user);
  return g_test_run ();
}
