/* SPDX-License-Identifier: MIT */
#include "postgres/server.h"

#include "base/error.h"
#include "postgres/container_site.h"
#include "postgres/locate.h"

#include <string.h>

#define TEXTS_BLOCK 32768

/* What the role may read; a part that needs more is not asked for. */
typedef struct {
  char *role; /* quoted for SQL */
  gboolean settings, files, control, checkpoint;
} Rights;

/* ---------------------------------------------------------------------------------------------------------- free */

static void
setting_free (gpointer data)
{
  KtSetting *setting = data;
  g_strfreev (setting->enum_values);
  g_free (setting);
}

static void
file_setting_free (gpointer data)
{
  KtFileSetting *setting = data;
  g_free (setting->path);
  g_free (setting->name);
  g_free (setting->value);
  g_free (setting->error);
  g_free (setting);
}

static void
role_setting_free (gpointer data)
{
  KtRoleSetting *setting = data;
  g_free (setting->role);
  g_free (setting->database);
  g_free (setting->name);
  g_free (setting->value);
  g_free (setting);
}

static void
relation_free (gpointer data)
{
  KtRelation *relation = data;
  g_free (relation->schema);
  g_free (relation->name);
  g_strfreev (relation->options);
  g_free (relation);
}

static void
tablespace_free (gpointer data)
{
  KtTablespace *tablespace = data;
  g_free (tablespace->name);
  g_free (tablespace->location);
  g_free (tablespace);
}

void
kt_server_free (KtServer *server)
{
  if (server == NULL)
    return;
  char **const texts[] = { &server->version, &server->system_identifier, &server->data_directory, &server->config_file,
                           &server->hba_file, &server->ident_file, &server->wal_directory, &server->socket_directory,
                           &server->reached_by };
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    g_free (*texts[i]);
  GPtrArray *const lists[] = { server->file_settings, server->role_settings, server->tablespaces, server->tables,
                               server->extensions, server->available_libraries, server->notes };
  for (gsize i = 0; i < G_N_ELEMENTS (lists); i++)
    g_ptr_array_unref (lists[i]);
  g_hash_table_unref (server->settings);
  g_clear_pointer (&server->texts, g_string_chunk_free);
  kt_server_container_free (server->container);
  g_free (server);
}

static KtServer *
server_new (void)
{
  KtServer *server = g_new0 (KtServer, 1);
  server->settings = g_hash_table_new_full (kt_guc_name_hash, kt_guc_name_equal, NULL, setting_free);
  server->texts = g_string_chunk_new (TEXTS_BLOCK);
  server->file_settings = g_ptr_array_new_with_free_func (file_setting_free);
  server->role_settings = g_ptr_array_new_with_free_func (role_setting_free);
  server->tablespaces = g_ptr_array_new_with_free_func (tablespace_free);
  server->tables = g_ptr_array_new_with_free_func (relation_free);
  server->extensions = g_ptr_array_new_with_free_func (g_free);
  server->available_libraries = g_ptr_array_new_with_free_func (g_free);
  server->notes = g_ptr_array_new_with_free_func (g_free);
  server->system_identifier = g_strdup ("");
  server->wal_bytes_per_s = server->hit_ratio = -1;
  server->wal_buffers_full = server->buffers_backend = -1;
  return server;
}

static void G_GNUC_PRINTF (2, 3)
add_note (KtServer *server, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_ptr_array_add (server->notes, g_strdup_vprintf (format, args));
  va_end (args);
}

/* --------------------------------------------------------------------------------------------- one part of the facts */

/* Columns of sql/settings.sql in their order: by name each of some 5,000 cells would be a search. */
enum { NAME, SETTING, UNIT, VARTYPE, CONTEXT, MIN_VAL, MAX_VAL, ENUMVALS, BOOT_VAL, RESET_VAL, SOURCE, SOURCEFILE, SOURCELINE, PENDING };

static char *
kept (KtServer *server, const PGresult *rows, int row, int column)
{
  return PQgetisnull (rows, row, column) ? NULL : g_string_chunk_insert (server->texts, PQgetvalue (rows, row, column));
}

static void
take_settings (KtServer *server, const PGresult *rows)
{
  for (int i = 0; i < PQntuples (rows); i++)
    {
      KtSetting *setting = g_new0 (KtSetting, 1);
      *setting = (KtSetting){
        .name = kept (server, rows, i, NAME),
        .unit = kept (server, rows, i, UNIT),
        .context = kept (server, rows, i, CONTEXT),
        .type = KT_GUC_STRING,
        .value = kept (server, rows, i, SETTING),
        .boot_value = kept (server, rows, i, BOOT_VAL),
        .reset_value = kept (server, rows, i, RESET_VAL),
        .min = kept (server, rows, i, MIN_VAL),
        .max = kept (server, rows, i, MAX_VAL),
        .source = kept (server, rows, i, SOURCE),
        .source_file = kept (server, rows, i, SOURCEFILE),
        .source_line = (guint) g_ascii_strtoull (PQgetvalue (rows, i, SOURCELINE), NULL, 10),
        .pending_restart = *PQgetvalue (rows, i, PENDING) == 't',
      };
      kt_guc_type_from_string (PQgetvalue (rows, i, VARTYPE), &setting->type);
      if (!PQgetisnull (rows, i, ENUMVALS))
        setting->enum_values = kt_result_strv (rows, i, "enumvals");
      g_hash_table_insert (server->settings, setting->name, setting);
    }
}

static char *
text (const PGresult *rows, int row, const char *column)
{
  int number = PQfnumber (rows, column);
  return PQgetisnull (rows, row, number) ? NULL : g_strdup (PQgetvalue (rows, row, number));
}

static void
take_file_settings (KtServer *server, const PGresult *rows)
{
  for (int i = 0; i < PQntuples (rows); i++)
    {
      KtFileSetting *setting = g_new0 (KtFileSetting, 1);
      setting->path = text (rows, i, "sourcefile");
      setting->name = text (rows, i, "name");
      setting->value = text (rows, i, "setting");
      setting->error = text (rows, i, "error");
      setting->line = (guint) kt_result_int (rows, i, "sourceline");
      setting->applied = kt_result_bool (rows, i, "applied");
      g_ptr_array_add (server->file_settings, setting);
    }
}

static void
take_role_settings (KtServer *server, const PGresult *rows)
{
  for (int i = 0; i < PQntuples (rows); i++)
    {
      KtRoleSetting *setting = g_new0 (KtRoleSetting, 1);
      setting->role = text (rows, i, "role");
      setting->database = text (rows, i, "database");
      setting->name = text (rows, i, "name");
      setting->value = text (rows, i, "value");
      g_ptr_array_add (server->role_settings, setting);
    }
}

static void
take_tablespaces (KtServer *server, const PGresult *rows)
{
  for (int i = 0; i < PQntuples (rows); i++)
    {
      KtTablespace *tablespace = g_new0 (KtTablespace, 1);
      tablespace->name = text (rows, i, "name");
      tablespace->location = text (rows, i, "location");
      g_ptr_array_add (server->tablespaces, tablespace);
    }
}

static void
take_tables (KtServer *server, const PGresult *rows)
{
  for (int i = 0; i < PQntuples (rows); i++)
    {
      KtRelation *relation = g_new0 (KtRelation, 1);
      relation->schema = text (rows, i, "schema");
      relation->name = text (rows, i, "name");
      /* 13 says 0 pages and 0 rows for "never analysed", later versions -1 rows. */
      relation->rows = kt_result_double (rows, i, "rows");
      relation->heap_bytes = kt_result_int (rows, i, "heap_bytes");
      relation->index_bytes = kt_result_int (rows, i, "index_bytes");
      relation->total_bytes = kt_result_int (rows, i, "total_bytes");
      relation->options = kt_result_strv (rows, i, "options");
      relation->inserted = kt_result_int (rows, i, "inserted");
      relation->updated = kt_result_int (rows, i, "updated");
      relation->deleted = kt_result_int (rows, i, "deleted");
      relation->dead = kt_result_int (rows, i, "dead");
      if (relation->rows == 0 && relation->heap_bytes > 0 && server->major < 14)
        relation->rows = -1;
      g_ptr_array_add (server->tables, relation);
    }
}

static void
take_names (GPtrArray *into, const PGresult *rows)
{
  for (int i = 0; i < PQntuples (rows); i++)
    g_ptr_array_add (into, text (rows, i, "name"));
}

static void
take_extensions (KtServer *server, const PGresult *rows)
{
  take_names (server->extensions, rows);
}

static void
take_available (KtServer *server, const PGresult *rows)
{
  take_names (server->available_libraries, rows);
}

static void
take_identity (KtServer *server, const PGresult *rows)
{
  g_free (server->system_identifier);
  server->system_identifier = text (rows, 0, "system_identifier");
}

static void
take_database_size (KtServer *server, const PGresult *rows)
{
  server->database_bytes = kt_result_int (rows, 0, "bytes");
}

static void
take_activity (KtServer *server, const PGresult *rows)
{
  if (PQntuples (rows) == 0)
    return;
  server->connections = (guint) kt_result_int (rows, 0, "connections");
  server->standbys = (guint) kt_result_int (rows, 0, "standbys");
  server->slots = (guint) kt_result_int (rows, 0, "slots");
  server->prepared_transactions = (guint) kt_result_int (rows, 0, "prepared_transactions");
  double hit = kt_result_double (rows, 0, "blks_hit");
  double all = hit + kt_result_double (rows, 0, "blks_read");
  server->hit_ratio = all > 0 ? hit / all : -1;
}

static void
take_wal (KtServer *server, const PGresult *rows)
{
  double seconds = kt_result_double (rows, 0, "seconds");
  server->wal_buffers_full = kt_result_int (rows, 0, "wal_buffers_full");
  if (seconds <= 0)
    return;
  server->wal_seconds = seconds;
  server->wal_bytes_per_s = kt_result_double (rows, 0, "bytes") / seconds;
}

static void
take_checkpoints (KtServer *server, const PGresult *rows)
{
  server->checkpoints_timed = kt_result_int (rows, 0, "timed");
  server->checkpoints_requested = kt_result_int (rows, 0, "requested");
  if (*kt_result_get (rows, 0, "buffers_backend") != '\0')
    server->buffers_backend = kt_result_int (rows, 0, "buffers_backend");
}

/* ----------------------------------------------------------------------------------------------------- the whole */

enum { PART_SETTINGS, PART_FILES, PART_IDENTITY, PART_WAL, PART_TABLES };

/* Every part is one file of sql/; all go out together and come back in one round trip. */
static const struct {
  const char *file;
  const char *what;
  void (*take) (KtServer *server, const PGresult *rows);
} parts[] = {
  [PART_SETTINGS] = { "settings", "settings", take_settings },
  [PART_FILES] = { "file_settings", "settings in files", take_file_settings },
  [PART_IDENTITY] = { "identity", "system identifier", take_identity },
  [PART_WAL] = { "wal", "WAL counters", take_wal },
  [PART_TABLES] = { "tables", "the indexer's tables", take_tables },
  { "role_settings", "settings of roles and databases", take_role_settings },
  { "tablespaces", "tablespaces", take_tablespaces },
  { "extensions", "extensions", take_extensions },
  { "available", "available extensions", take_available },
  { "database_size", "size of the database", take_database_size },
  { "activity", "sessions and cache hits", take_activity },
  { "checkpoints", "checkpoint counters", take_checkpoints },
};

static gboolean
load_basics (KtServer *server, Rights *rights, KtConnection *connection, GError **error)
{
  g_autoptr (PGresult) row = kt_connection_query_file (connection, error, "server", NULL);
  if (row == NULL)
    return FALSE;
  server->version_num = (int) kt_result_int (row, 0, "version_num");
  server->major = server->version_num / 10000;
  server->version = text (row, 0, "version");
  server->superuser = kt_result_bool (row, 0, "superuser");
  server->in_recovery = kt_result_bool (row, 0, "in_recovery");
  server->started_at = kt_result_int (row, 0, "started_at");
  *rights = (Rights){
    .role = text (row, 0, "role"),
    .settings = kt_result_bool (row, 0, "reads_settings"),
    .files = kt_result_bool (row, 0, "reads_files"),
    .control = kt_result_bool (row, 0, "reads_control"),
    .checkpoint = kt_result_bool (row, 0, "reads_checkpoint"),
  };
  return TRUE;
}

static void
note_missing_rights (KtServer *server, const Rights *rights)
{
  if (!rights->settings)
    add_note (server, "paths of the server and where each setting comes from are hidden from this role: GRANT pg_monitor TO %s", rights->role);
  if (!rights->files)
    add_note (server, "what the configuration files say is hidden from this role: GRANT SELECT ON pg_catalog.pg_file_settings TO %s; "
                      "GRANT EXECUTE ON FUNCTION pg_catalog.pg_show_all_file_settings() TO %s", rights->role, rights->role);
  if (!rights->control)
    add_note (server, "the system identifier is hidden from this role: GRANT EXECUTE ON FUNCTION pg_catalog.pg_control_system() TO %s",
              rights->role);
  if (!rights->checkpoint && server->major < 14)
    add_note (server, "the WAL rate is unknown: GRANT EXECUTE ON FUNCTION pg_catalog.pg_control_checkpoint() TO %s", rights->role);
}

/* vars.schema_version, only where the table is known to have it: asking in vain would be an ERROR in the server's log. */
static void
load_indexer_schema (KtServer *server, KtConnection *connection, const PGresult *tables, const Rights *rights)
{
  for (int i = 0; tables != NULL && i < PQntuples (tables); i++)
    {
      if (!kt_result_bool (tables, i, "holds_version"))
        continue;
      if (!kt_result_bool (tables, i, "readable"))
        {
          add_note (server, "the indexer's schema version is hidden from this role: GRANT SELECT ON %s.vars TO %s",
                    kt_result_get (tables, i, "schema"), rights->role);
          continue;
        }
      g_autoptr (GError) error = NULL;
      g_autoptr (PGresult) row = kt_connection_query_file (connection, &error, "indexer", NULL);
      if (row == NULL)
        add_note (server, "the indexer's schema version could not be read: %s", kt_error_detail (error));
      else if (PQntuples (row) > 0)
        server->indexer_schema = (int) kt_result_int (row, 0, "schema_version");
    }
}

/* Sources that hold for sessions like this one only. */
static const char *const session_sources[] = { "global", "database", "user", "database user", "client", NULL };

static const KtFileSetting *
last_in_files (const KtServer *server, const char *name)
{
  for (guint i = server->file_settings->len; i > 0; i--)
    {
      const KtFileSetting *setting = server->file_settings->pdata[i - 1];
      if (setting->applied && g_strcmp0 (setting->name, name) == 0)
        return setting;
    }
  return NULL;
}

/* As pg_settings.setting would show it. */
static char *
in_base_unit (const KtSetting *setting, const char *value)
{
  double number = 0;
  gboolean on = FALSE;
  if (setting->type == KT_GUC_BOOL && kt_guc_parse_bool (value, &on))
    return g_strdup (on ? "on" : "off");
  if ((setting->type == KT_GUC_INTEGER || setting->type == KT_GUC_REAL)
      && kt_guc_parse_number (setting->type, value, setting->unit, &number, NULL))
    {
      char buffer[G_ASCII_DTOSTR_BUF_SIZE];
      return g_strdup (g_ascii_formatd (buffer, sizeof buffer, "%.15g", number));
    }
  return g_strdup (value);
}

/* What ALTER ROLE and ALTER DATABASE say for kastune's own session hides what all others run with: the files, else the
 * default. */
static void
look_behind_session (const KtServer *server)
{
  GHashTableIter iter;
  gpointer value = NULL;
  g_hash_table_iter_init (&iter, server->settings);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      KtSetting *setting = value;
      if (setting->source == NULL || !g_strv_contains (session_sources, setting->source))
        continue;
      const KtFileSetting *line = last_in_files (server, setting->name);
      g_autofree char *behind = line != NULL ? in_base_unit (setting, line->value) : NULL;
      setting->value = behind != NULL ? g_string_chunk_insert (server->texts, behind) : setting->boot_value;
      setting->source = g_string_chunk_insert (server->texts, line != NULL ? "configuration file" : "default");
      setting->source_file = line != NULL ? g_string_chunk_insert (server->texts, line->path) : NULL;
      setting->source_line = line != NULL ? line->line : 0;
    }
}

static gboolean
load_parts (KtServer *server, KtConnection *connection, const Rights *rights, KtBatchQuery *queries, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
    queries[i].name = parts[i].file;
  queries[PART_FILES].name = rights->files ? parts[PART_FILES].file : NULL;
  queries[PART_IDENTITY].name = rights->control ? parts[PART_IDENTITY].file : NULL;
  queries[PART_WAL].name = rights->checkpoint || server->major >= 14 ? parts[PART_WAL].file : NULL;
  if (!kt_connection_query_batch (connection, queries, G_N_ELEMENTS (parts), error))
    return FALSE;
  if (queries[PART_SETTINGS].error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&queries[PART_SETTINGS].error));
      return FALSE;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      if (queries[i].result != NULL)
        parts[i].take (server, queries[i].result);
      else if (queries[i].error != NULL)
        add_note (server, "%s could not be read: %s", parts[i].what, kt_error_detail (queries[i].error));
    }
  if (queries[PART_FILES].result != NULL)
    look_behind_session (server);
  load_indexer_schema (server, connection, queries[PART_TABLES].result, rights);
  return TRUE;
}

static char *
setting_value (const KtServer *server, const char *name)
{
  const KtSetting *setting = kt_server_setting (server, name);
  return setting != NULL && setting->value != NULL && *setting->value != '\0' ? g_strdup (setting->value) : NULL;
}

/* Patroni gives all of these on the command line, so that no file can make members differ. */
static const char *const patroni_settings[] = { "cluster_name", "max_connections", "max_prepared_transactions", "wal_level", NULL };

const char *
kt_server_keeper (const KtServer *server)
{
  for (const char *const *name = patroni_settings; *name != NULL; name++)
    {
      const KtSetting *setting = kt_server_setting (server, *name);
      if (setting == NULL || g_strcmp0 (setting->source, "command line") != 0)
        return NULL;
    }
  return "Patroni";
}

static char *
words_of (PGconn *pq)
{
  const struct {
    const char *keyword, *value;
  } words[] = { { "host", PQhost (pq) }, { "port", PQport (pq) }, { "user", PQuser (pq) }, { "dbname", PQdb (pq) } };
  g_autoptr (GString) text = g_string_new (NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    if (words[i].value != NULL)
      kt_conninfo_append (text, words[i].keyword, words[i].value);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

KtServer *
kt_server_load (KtConnection *connection, GError **error)
{
  g_autoptr (KtServer) server = server_new ();
  Rights rights = { 0 };
  if (!load_basics (server, &rights, connection, error))
    return NULL;
  KtBatchQuery queries[G_N_ELEMENTS (parts)] = { 0 };
  gboolean loaded = load_parts (server, connection, &rights, queries, error);
  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
    kt_batch_query_clear (&queries[i]);
  if (loaded)
    note_missing_rights (server, &rights);
  g_free (rights.role);
  if (!loaded)
    return NULL;
  server->data_directory = setting_value (server, "data_directory");
  server->config_file = setting_value (server, "config_file");
  server->hba_file = setting_value (server, "hba_file");
  server->ident_file = setting_value (server, "ident_file");
  server->port = (int) kt_server_int (server, "port", 5432);
  server->wal_segment_bytes = kt_server_int (server, "wal_segment_size", 16777216);
  server->block_bytes = kt_server_int (server, "block_size", 8192);
  server->reached_by = words_of (kt_connection_pq (connection));
  kt_server_locate (server, connection);
  return g_steal_pointer (&server);
}
