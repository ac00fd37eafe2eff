/* SPDX-License-Identifier: MIT */
#include "workload/sim.h"

#include "base/error.h"
#include "base/json.h"
#include "workload/random.h"

#include <stdarg.h>
#include <string.h>

#define STATE_KEY "kaspa_sim"
#define LOCK_KEY "6869731502" /* any number that nobody else uses */
#define LOCK_TRIES 20
#define LOCK_WAIT_MS 50
#define REORG_PER_MILLE 15

KtSim *
kt_sim_new (guint schema, guint64 seed, guint32 tps, const KtFeatures *features)
{
  KtSim *sim = g_new0 (KtSim, 1);
  KtChainSegment first = { .first_block = 0, .tps = tps };
  sim->seed = seed;
  sim->schema = sim->origin = schema;
  sim->origin_blocks = sim->origin_levels = KT_CHAIN_NONE;
  sim->features = *features;
  sim->segments = g_array_new (FALSE, FALSE, sizeof (KtChainSegment));
  g_array_append_val (sim->segments, first);
  for (guint i = 0; i < KT_N_TABLES; i++)
    sim->pruned[i] = g_array_new (FALSE, FALSE, sizeof (KtPruned));
  return sim;
}

void
kt_sim_free (KtSim *sim)
{
  if (sim == NULL)
    return;
  g_array_unref (sim->segments);
  for (guint i = 0; i < KT_N_TABLES; i++)
    g_array_unref (sim->pruned[i]);
  g_free (sim);
}

KtChain *
kt_sim_chain (const KtSim *sim)
{
  return kt_chain_new (sim->seed, (const KtChainSegment *) (gpointer) sim->segments->data, sim->segments->len);
}

/* ---- connection ---- */

static KtErrorCode
code_of_state (const char *state)
{
  static const struct { const char *prefix; KtErrorCode code; } rows[] = {
    { "28", KT_ERROR_AUTH }, { "42501", KT_ERROR_PRIVILEGE }, { "53100", KT_ERROR_NO_SPACE },
    { "57014", KT_ERROR_TIMEOUT }, { "57P", KT_ERROR_CONNECT }, { "08", KT_ERROR_CONNECT },
  };
  for (gsize i = 0; state != NULL && i < G_N_ELEMENTS (rows); i++)
    if (g_str_has_prefix (state, rows[i].prefix))
      return rows[i].code;
  return KT_ERROR_QUERY;
}

void
kt_sim_set_error (PGconn *connection, const PGresult *result, GError **error, const char *what)
{
  const char *state = result != NULL ? PQresultErrorField (result, PG_DIAG_SQLSTATE) : NULL;
  gboolean lost = PQstatus (connection) != CONNECTION_OK;
  g_autofree char *detail = g_strdup (result != NULL ? PQresultErrorMessage (result) : PQerrorMessage (connection));
  if (lost)
    kt_error_set (error, KT_ERROR_CONNECT, g_strstrip (detail),
                  "See the server's log for why it closed the connection.", "%s: the connection to the server was lost",
                  what);
  else
    kt_error_set (error, code_of_state (state), g_strstrip (detail), NULL, "%s: the server refused", what);
}

PGconn *
kt_sim_connect (const char *conninfo, GError **error)
{
  const char *const keywords[] = { "dbname", "fallback_application_name", "connect_timeout", NULL };
  const char *const values[] = { conninfo, "kaspa-sim", "10", NULL };
  g_autoptr (PGconn) connection = PQconnectdbParams (keywords, values, 1);
  if (PQstatus (connection) == CONNECTION_OK)
    return g_steal_pointer (&connection);
  g_autofree char *detail = g_strdup (PQerrorMessage (connection));
  gboolean login = strstr (detail, "authentication failed") != NULL || PQconnectionNeedsPassword (connection)
                   || strstr (detail, "no password supplied") != NULL;
  kt_error_set (error, login ? KT_ERROR_AUTH : KT_ERROR_CONNECT, g_strstrip (detail),
                "Name the server with -d, for example -d postgres://user@host:5432/database; a socket directory is "
                "a host too: -d 'host=/var/run/postgresql dbname=kaspa'.",
                "cannot connect to PostgreSQL");
  return NULL;
}

static PGresult *
query_valist (PGconn *connection, GError **error, const char *sql, va_list args)
{
  g_autoptr (GPtrArray) values = g_ptr_array_new ();
  const char *value;
  while ((value = va_arg (args, const char *)) != NULL)
    g_ptr_array_add (values, (gpointer) value);
  /* Without parameters the simple protocol, which takes several statements. */
  g_autoptr (PGresult) result
    = values->len == 0 ? PQexec (connection, sql)
                       : PQexecParams (connection, sql, (int) values->len, NULL,
                                       (const char *const *) values->pdata, NULL, NULL, 0);
  ExecStatusType status = PQresultStatus (result);
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
    return g_steal_pointer (&result);
  g_autofree char *what = g_strdup_printf ("“%.60s”", sql);
  kt_sim_set_error (connection, result, error, what);
  return NULL;
}

PGresult *
kt_sim_query (PGconn *connection, GError **error, const char *sql, ...)
{
  va_list args;
  va_start (args, sql);
  PGresult *result = query_valist (connection, error, sql, args);
  va_end (args);
  return result;
}

gboolean
kt_sim_run (PGconn *connection, GError **error, const char *sql, ...)
{
  va_list args;
  va_start (args, sql);
  g_autoptr (PGresult) result = query_valist (connection, error, sql, args);
  va_end (args);
  return result != NULL;
}

static gboolean
try_lock (PGconn *connection, gboolean *locked, GError **error)
{
  g_autoptr (PGresult) result
    = kt_sim_query (connection, error, "SELECT pg_try_advisory_lock ($1::bigint)", LOCK_KEY, NULL);
  *locked = result != NULL && g_str_equal (PQgetvalue (result, 0, 0), "t");
  return result != NULL;
}

/* A backend whose client has gone holds its lock for a moment more. */
gboolean
kt_sim_lock (PGconn *connection, GError **error)
{
  gboolean locked = FALSE;
  for (guint i = 0; i < LOCK_TRIES && !locked; i++)
    {
      if (i > 0)
        g_usleep (LOCK_WAIT_MS * 1000);
      if (!try_lock (connection, &locked, error))
        return FALSE;
    }
  if (!locked)
    kt_error_set (error, KT_ERROR_REFUSED, NULL, "Wait for it, or stop it with Ctrl-C or SIGTERM.",
                  "another kaspa-sim works on database “%s”", PQdb (connection));
  return locked;
}

gboolean
kt_sim_types (PGconn *connection, KtTypes *types, GError **error)
{
  g_autoptr (PGresult) result
    = kt_sim_query (connection, error,
                    "SELECT to_regtype ('transactions_inputs')::oid, to_regtype ('transactions_inputs[]')::oid,"
                    " to_regtype ('transactions_outputs')::oid, to_regtype ('transactions_outputs[]')::oid", NULL);
  if (result == NULL)
    return FALSE;
  Oid *const oids[] = { &types->inputs, &types->inputs_array, &types->outputs, &types->outputs_array };
  for (gsize i = 0; i < G_N_ELEMENTS (oids); i++)
    *oids[i] = (Oid) g_ascii_strtoull (PQgetvalue (result, 0, (int) i), NULL, 10);
  return TRUE;
}

/* ---- state ---- */

/* By the names of the tables: [from, to, from, to ...]. */
static JsonObject *
pruned_to_json (const KtSim *sim)
{
  JsonObject *object = json_object_new ();
  for (guint table = 0; table < KT_N_TABLES; table++)
    {
      JsonArray *ends = json_array_new ();
      for (guint i = 0; i < sim->pruned[table]->len; i++)
        {
          const KtPruned *range = &g_array_index (sim->pruned[table], KtPruned, i);
          json_array_add_int_element (ends, range->from);
          json_array_add_int_element (ends, range->to);
        }
      json_object_set_array_member (object, kt_table_name (table), ends);
    }
  return object;
}

static void
parse_pruned (KtSim *sim, JsonObject *object)
{
  for (guint table = 0; object != NULL && table < KT_N_TABLES; table++)
    {
      JsonArray *ends = kt_json_array (object, kt_table_name (table));
      for (guint i = 0; ends != NULL && i + 1 < json_array_get_length (ends); i += 2)
        kt_sim_note_pruned (sim, table, json_array_get_int_element (ends, i), json_array_get_int_element (ends, i + 1));
    }
}

gboolean
kt_sim_save (const KtSim *sim, PGconn *connection, GError **error)
{
  g_autoptr (JsonObject) object = json_object_new ();
  JsonArray *segments = json_array_new ();
  g_autofree char *disable = kt_features_to_string (&sim->features, KT_VALUES_DISABLE);
  g_autofree char *exclude = kt_features_to_string (&sim->features, KT_VALUES_EXCLUDE_FIELDS);
  for (guint i = 0; i < sim->segments->len; i++)
    {
      const KtChainSegment *segment = &g_array_index (sim->segments, KtChainSegment, i);
      JsonObject *row = json_object_new ();
      json_object_set_int_member (row, "first_block", (gint64) segment->first_block);
      json_object_set_int_member (row, "tps", segment->tps);
      json_array_add_object_element (segments, row);
    }
  json_object_set_int_member (object, "seed", (gint64) sim->seed);
  json_object_set_int_member (object, "schema", sim->schema);
  json_object_set_int_member (object, "origin", sim->origin);
  json_object_set_int_member (object, "origin_blocks", (gint64) sim->origin_blocks);
  json_object_set_int_member (object, "origin_levels", (gint64) sim->origin_levels);
  kt_json_set_string (object, "disable", disable);
  kt_json_set_string (object, "exclude_fields", exclude);
  json_object_set_array_member (object, "segments", segments);
  json_object_set_int_member (object, "blocks", (gint64) sim->blocks);
  json_object_set_int_member (object, "levels", (gint64) sim->levels);
  json_object_set_int_member (object, "block_path", (gint64) sim->block_path);
  json_object_set_boolean_member (object, "filling", sim->filling);
  json_object_set_boolean_member (object, "running", sim->running);
  json_object_set_int_member (object, "reach", (gint64) sim->reach);
  json_object_set_object_member (object, "pruned", pruned_to_json (sim));
  g_autoptr (JsonNode) node = kt_json_node_take (g_steal_pointer (&object));
  g_autofree char *text = kt_json_to_line (node);
  return kt_sim_run (connection, error,
                     "INSERT INTO vars (key, value) VALUES ('" STATE_KEY "', $1)"
                     " ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value", text, NULL);
}

static gboolean
parse_features (JsonObject *object, KtFeatures *features)
{
  return kt_features_read (features, KT_VALUES_DISABLE, kt_json_string (object, "disable", "none"))
         && kt_features_read (features, KT_VALUES_EXCLUDE_FIELDS, kt_json_string (object, "exclude_fields", "none"));
}

static KtSim *
parse (const char *text, GError **error)
{
  g_autoptr (JsonNode) node = kt_json_parse (text, error);
  if (node == NULL)
    return NULL;
  JsonObject *object = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  JsonArray *segments = object != NULL ? kt_json_array (object, "segments") : NULL;
  KtFeatures features = { 0 };
  if (segments == NULL || json_array_get_length (segments) == 0 || !parse_features (object, &features)
      || kt_schema_find ((guint) kt_json_int (object, "schema", 0)) == NULL)
    {
      kt_error_set (error, KT_ERROR_PARSE, text, "Make the database again with “kaspa-sim fill --replace”.",
                    "what kaspa-sim noted in this database cannot be understood");
      return NULL;
    }
  g_autoptr (KtSim) sim = kt_sim_new ((guint) kt_json_int (object, "schema", 0),
                                       (guint64) kt_json_int (object, "seed", 0), 0, &features);
  g_array_set_size (sim->segments, 0);
  for (guint i = 0; i < json_array_get_length (segments); i++)
    {
      JsonObject *row = json_array_get_object_element (segments, i);
      KtChainSegment segment = { (guint64) kt_json_int (row, "first_block", 0), (guint32) kt_json_int (row, "tps", 0) };
      g_array_append_val (sim->segments, segment);
    }
  sim->origin = (guint) kt_json_int (object, "origin", sim->schema);
  sim->origin_blocks = (guint64) kt_json_int (object, "origin_blocks", -1);
  sim->origin_levels = (guint64) kt_json_int (object, "origin_levels", -1);
  sim->blocks = (guint64) kt_json_int (object, "blocks", 0);
  sim->levels = (guint64) kt_json_int (object, "levels", 0);
  sim->block_path = (guint64) kt_json_int (object, "block_path", 0);
  sim->filling = kt_json_bool (object, "filling", FALSE);
  sim->running = kt_json_bool (object, "running", FALSE);
  sim->reach = (guint64) kt_json_int (object, "reach", 0);
  parse_pruned (sim, kt_json_object (object, "pruned"));
  return g_steal_pointer (&sim);
}

static gboolean
parse_hash (const char *text, KtHash *hash)
{
  if (strlen (text) != 2 * sizeof hash->bytes || strspn (text, "0123456789abcdef") != strlen (text))
    return FALSE;
  for (gsize i = 0; i < sizeof hash->bytes; i++)
    hash->bytes[i] = (guint8) (g_ascii_xdigit_value (text[2 * i]) << 4 | g_ascii_xdigit_value (text[2 * i + 1]));
  return TRUE;
}

gboolean
kt_sim_read_checkpoint (PGconn *connection, const KtChain *chain, guint64 *block, GError **error)
{
  KtHash hash;
  g_autoptr (PGresult) result
    = kt_sim_query (connection, error, "SELECT value FROM vars WHERE key = 'block_checkpoint'", NULL);
  if (result == NULL)
    return FALSE;
  *block = KT_CHAIN_NONE;
  if (PQntuples (result) == 0 || (parse_hash (PQgetvalue (result, 0, 0), &hash)
                                  && kt_chain_number_of (chain, KT_HASH_BLOCK, &hash, block)))
    return TRUE;
  kt_error_set (error, KT_ERROR_PARSE, NULL, "Make the database again with “kaspa-sim fill --replace”.",
                "the checkpoint in this database is not a block of its chain");
  return FALSE;
}

guint
kt_sim_reorg (const KtSim *sim, guint64 level)
{
  guint64 draw = kt_mix (sim->seed ^ kt_mix (level));
  if (kt_features_off (&sim->features, KT_DISABLE_VIRTUAL_CHAIN_PROCESSING)
      || kt_below ((guint32) draw, 1000) >= REORG_PER_MILLE)
    return 0;
  return (guint) MIN (1 + kt_below ((guint32) (draw >> 32), 3), level);
}

void
kt_sim_accepted_anew (KtSim *sim, guint64 level)
{
  if (sim->origin_levels != KT_CHAIN_NONE)
    sim->origin_levels = MIN (sim->origin_levels, level);
}

/* As the indexer does: everything from the checkpoint's level on is written again. */
static gboolean
rewind_to_checkpoint (KtSim *sim, PGconn *connection, GError **error)
{
  KtLevel level;
  guint64 block;
  g_autoptr (KtChain) chain = kt_sim_chain (sim);
  if (!kt_sim_read_checkpoint (connection, chain, &block, error))
    return FALSE;
  sim->blocks = sim->block_path = sim->levels = 0;
  if (block == KT_CHAIN_NONE)
    return TRUE; /* killed before the first one */
  kt_chain_level_of_block (chain, block, &level);
  sim->blocks = sim->block_path = level.first;
  sim->levels = level.number;
  kt_sim_accepted_anew (sim, sim->levels);
  return TRUE;
}

/* Migrations change schema_version and know nothing of our note. */
static void
follow_migrations (KtSim *sim, guint version)
{
  if (version <= sim->schema || kt_schema_find (version) == NULL)
    return;
  if (sim->schema < KT_SCHEMA_FIRST_RESOLVED && version >= KT_SCHEMA_FIRST_RESOLVED && sim->origin_blocks == KT_CHAIN_NONE)
    {
      sim->origin_blocks = sim->block_path;
      sim->origin_levels = sim->levels;
    }
  sim->schema = version;
}

KtSim *
kt_sim_load (PGconn *connection, GError **error)
{
  g_autoptr (PGresult) table = kt_sim_query (connection, error, "SELECT to_regclass ('vars') IS NOT NULL", NULL);
  if (table == NULL)
    return NULL;
  gboolean exists = g_str_equal (PQgetvalue (table, 0, 0), "t");
  g_autoptr (PGresult) result
    = exists ? kt_sim_query (connection, error,
                             "SELECT value, (SELECT value FROM vars WHERE key = 'schema_version') FROM vars"
                             " WHERE key = '" STATE_KEY "'", NULL)
             : NULL;
  if (exists && result == NULL)
    return NULL;
  if (!exists || PQntuples (result) == 0)
    {
      kt_error_set (error, KT_ERROR_NOT_FOUND, NULL, "Make one with “kaspa-sim fill --transactions 1000000”.",
                    "database “%s” was not made by kaspa-sim", PQdb (connection));
      return NULL;
    }
  g_autoptr (KtSim) sim = parse (PQgetvalue (result, 0, 0), error);
  if (sim == NULL || (sim->running && !rewind_to_checkpoint (sim, connection, error)))
    return NULL;
  follow_migrations (sim, (guint) g_ascii_strtoull (PQgetvalue (result, 0, 1), NULL, 10));
  return g_steal_pointer (&sim);
}

/* ---- positions ---- */

guint64
kt_sim_frontier (const KtSim *sim, const KtChain *chain)
{
  KtLevel level;
  kt_chain_level (chain, sim->levels, &level);
  return MAX (MAX (sim->blocks, sim->block_path), level.first) + (sim->running ? sim->reach : 0);
}

guint64
kt_sim_complete_to (const KtSim *sim, const KtChain *chain)
{
  KtLevel level;
  kt_chain_level (chain, sim->levels, &level);
  return MIN (MIN (sim->blocks, sim->block_path), level.first);
}

guint64
kt_sim_checkpoint_block (const KtSim *sim, const KtChain *chain)
{
  KtLevel level;
  kt_chain_level_of_block (chain, kt_sim_complete_to (sim, chain), &level);
  if (level.number > 0)
    kt_chain_level (chain, level.number - 1, &level);
  return level.chain_block;
}

char *
kt_sim_checkpoint (const KtSim *sim, const KtChain *chain)
{
  KtHash hash;
  GString *text = g_string_sized_new (2 * sizeof hash.bytes);
  kt_chain_hash (chain, KT_HASH_BLOCK, kt_sim_checkpoint_block (sim, chain), &hash);
  for (gsize i = 0; i < sizeof hash.bytes; i++)
    g_string_append_printf (text, "%02x", hash.bytes[i]);
  return g_string_free (text, FALSE);
}
