/* SPDX-License-Identifier: MIT
 *
 * Steps `table-options` and `role-option`: named options that stand in the catalogue at a place of their own and are
 * changed by one statement. How to read them and how to say it differs; everything else is the same.
 */
#include "base/error.h"
#include "tuning/steps.h"

#include <string.h>

typedef struct {
  const char *name;
  const char *value; /* NULL: reset */
} Change;

typedef struct {
  /* For people: "table public.blocks". Caller frees. */
  char *(*target) (JsonObject *args);
  /* Options that are set now, name to value. Errors: KT_ERROR_NOT_FOUND when the place itself is gone. */
  GHashTable *(*read) (KtConnection *connection, JsonObject *args, GError **error);
  /* The statement that makes @changes. Caller frees. */
  char *(*statement) (PGconn *pq, JsonObject *args, const Change *changes, guint n_changes);
} Place;

/* --- quoting ------------------------------------------------------------------------------------------------------ */

static void
append_identifier (GString *sql, PGconn *pq, const char *name)
{
  char *quoted = PQescapeIdentifier (pq, name, strlen (name));
  g_string_append (sql, quoted);
  PQfreemem (quoted);
}

/* toast.autovacuum_enabled and pg_stat_statements.track are two identifiers. */
static void
append_option_name (GString *sql, PGconn *pq, const char *name)
{
  g_auto (GStrv) parts = g_strsplit (name, ".", -1);
  for (guint i = 0; parts[i] != NULL; i++)
    {
      g_string_append (sql, i > 0 ? "." : "");
      append_identifier (sql, pq, parts[i]);
    }
}

static void
append_literal (GString *sql, PGconn *pq, const char *value)
{
  char *quoted = PQescapeLiteral (pq, value, strlen (value));
  g_string_append (sql, quoted);
  PQfreemem (quoted);
}

/* --- storage parameters of a table -------------------------------------------------------------------------------- */

static char *
table_target (JsonObject *args)
{
  return g_strdup_printf ("table %s.%s", kt_json_string (args, "schema", ""), kt_json_string (args, "table", ""));
}

static GHashTable *
table_read (KtConnection *connection, JsonObject *args, GError **error)
{
  g_autoptr (PGresult) rows = kt_connection_query_file (connection, error, "table_options",
                                                        kt_json_string (args, "schema", ""),
                                                        kt_json_string (args, "table", ""), NULL);
  g_autofree char *target = table_target (args);
  if (rows == NULL)
    return NULL;
  if (PQntuples (rows) == 0)
    {
      kt_error_set (error, KT_ERROR_NOT_FOUND, NULL, NULL, "%s does not exist", target);
      return NULL;
    }
  if (!kt_result_bool (rows, 0, "owner"))
    {
      kt_error_set (error, KT_ERROR_PRIVILEGE, NULL, "connect as its owner or as a superuser",
                    "%s belongs to another role", target);
      return NULL;
    }
  GHashTable *options = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  for (int i = 0; i < PQntuples (rows); i++)
    if (*kt_result_get (rows, i, "name") != '\0')
      g_hash_table_insert (options, g_strdup (kt_result_get (rows, i, "name")),
                           g_strdup (kt_result_get (rows, i, "value")));
  return options;
}

/* ALTER TABLE takes several actions at once, so that all options change or none. */
static char *
table_statement (PGconn *pq, JsonObject *args, const Change *changes, guint n_changes)
{
  GString *sql = g_string_new ("ALTER TABLE ");
  append_identifier (sql, pq, kt_json_string (args, "schema", ""));
  g_string_append_c (sql, '.');
  append_identifier (sql, pq, kt_json_string (args, "table", ""));
  for (guint i = 0; i < n_changes; i++)
    {
      g_string_append (sql, i > 0 ? ", " : " ");
      g_string_append (sql, changes[i].value != NULL ? "SET (" : "RESET (");
      append_option_name (sql, pq, changes[i].name);
      if (changes[i].value != NULL)
        {
          g_string_append (sql, " = ");
          append_literal (sql, pq, changes[i].value);
        }
      g_string_append_c (sql, ')');
    }
  return g_string_free (sql, FALSE);
}

static const Place table_place = { table_target, table_read, table_statement };

/* --- settings of a role or database ------------------------------------------------------------------------------- */

static char *
role_target (JsonObject *args)
{
  const char *role = kt_json_string (args, "role", "");
  const char *database = kt_json_string (args, "database", "");
  if (*role == '\0')
    return *database == '\0' ? g_strdup ("all roles") : g_strconcat ("database ", database, NULL);
  return *database == '\0' ? g_strconcat ("role ", role, NULL)
    : g_strdup_printf ("role %s in database %s", role, database);
}

static GHashTable *
role_read (KtConnection *connection, JsonObject *args, GError **error)
{
  g_autoptr (PGresult) rows = kt_connection_query_file (connection, error, "role_settings", NULL);
  if (rows == NULL)
    return NULL;
  GHashTable *options = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  for (int i = 0; i < PQntuples (rows); i++)
    if (g_str_equal (kt_result_get (rows, i, "role"), kt_json_string (args, "role", ""))
        && g_str_equal (kt_result_get (rows, i, "database"), kt_json_string (args, "database", "")))
      g_hash_table_insert (options, g_strdup (kt_result_get (rows, i, "name")),
                           g_strdup (kt_result_get (rows, i, "value")));
  return options;
}

static char *
role_statement (PGconn *pq, JsonObject *args, const Change *changes, guint n_changes)
{
  const char *role = kt_json_string (args, "role", "");
  const char *database = kt_json_string (args, "database", "");
  gboolean only_database = *role == '\0' && *database != '\0';
  GString *sql = g_string_new (only_database ? "ALTER DATABASE " : "ALTER ROLE ");
  g_assert (n_changes == 1);
  if (*role == '\0' && !only_database)
    g_string_append (sql, "ALL");
  else
    append_identifier (sql, pq, only_database ? database : role);
  if (*role != '\0' && *database != '\0')
    {
      g_string_append (sql, " IN DATABASE ");
      append_identifier (sql, pq, database);
    }
  g_string_append (sql, changes[0].value != NULL ? " SET " : " RESET ");
  append_option_name (sql, pq, changes[0].name);
  if (changes[0].value != NULL)
    {
      g_string_append (sql, " = ");
      append_literal (sql, pq, changes[0].value);
    }
  return g_string_free (sql, FALSE);
}

static const Place role_place = { role_target, role_read, role_statement };

/* --- args --------------------------------------------------------------------------------------------------------- */

static JsonObject *
object_from_words (const char *const *words)
{
  JsonObject *object = json_object_new ();
  for (; words != NULL && *words != NULL; words++)
    {
      g_auto (GStrv) pair = g_strsplit (*words, "=", 2);
      if (pair[0] != NULL)
        kt_json_set_string (object, pair[0], pair[1] != NULL ? pair[1] : "");
    }
  return object;
}

JsonObject *
kt_step_table_args (const KtInstance *instance, const char *schema, const char *table, const char *const *options,
                    const char *const *running)
{
  JsonObject *args = json_object_new ();
  json_object_set_object_member (args, "instance", kt_instance_to_json (instance));
  kt_json_set_string (args, "schema", schema);
  kt_json_set_string (args, "table", table);
  json_object_set_object_member (args, "options", object_from_words (options));
  json_object_set_object_member (args, "running", object_from_words (running));
  return args;
}

JsonObject *
kt_step_role_args (const KtInstance *instance, const char *role, const char *database, const char *name,
                   const char *value,
                   const char *running)
{
  JsonObject *args = json_object_new ();
  JsonObject *options = json_object_new ();
  JsonObject *now = json_object_new ();
  kt_json_set_string (options, name, value);
  kt_json_set_string (now, name, running);
  json_object_set_object_member (args, "instance", kt_instance_to_json (instance));
  kt_json_set_string (args, "role", role);
  kt_json_set_string (args, "database", database);
  json_object_set_object_member (args, "options", options);
  json_object_set_object_member (args, "running", now);
  return args;
}

/* --- what both kinds do ------------------------------------------------------------------------------------------- */

/* A server that somebody stopped is started: only it can take SQL. @start FALSE: not ours to start. */
static KtConnection *
connect_to (KtStepContext *context, JsonObject *args, gboolean start, GError **error)
{
  JsonObject *object = kt_json_object (args, "instance");
  g_autoptr (KtInstance) instance = NULL;
  if (object == NULL || kt_json_object (args, "options") == NULL)
    {
      kt_error_set (error, KT_ERROR_PARSE, NULL, NULL, "the step is incomplete: instance or options are missing");
      return NULL;
    }
  instance = kt_instance_from_json (object, error);
  if (instance == NULL)
    return NULL;
  if (start && !kt_instance_is_running (instance) && !kt_instance_start (instance, context->cancellable, error))
    return NULL;
  g_autoptr (KtConnection) connection = kt_connection_open (instance->conninfo, error);
  return connection != NULL && kt_instance_is_same (instance, connection, error) ? g_steal_pointer (&connection) : NULL;
}

static char *
describe (const Place *place, JsonObject *args)
{
  g_autofree char *target = place->target (args);
  g_autoptr (GString) text = g_string_new ("set ");
  JsonObject *options = kt_json_object (args, "options");
  g_autoptr (GList) names = options != NULL ? json_object_get_members (options) : NULL;
  for (GList *name = names; name != NULL; name = name->next)
    g_string_append_printf (text, "%s%s = %s", name != names ? ", " : "", (char *) name->data,
                            kt_json_string (options, name->data, ""));
  g_string_append_printf (text, " for %s", target);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* The first option of the step that is neither as in @one nor as in @other, or NULL; an absent member means not set. */
static const char *
find_other (GHashTable *now, JsonObject *options, JsonObject *one, JsonObject *other)
{
  g_autoptr (GList) names = json_object_get_members (options);
  for (GList *name = names; name != NULL; name = name->next)
    {
      const char *value = g_hash_table_lookup (now, name->data);
      if (g_strcmp0 (value, kt_json_string (one, name->data, NULL)) != 0
          && (other == NULL || g_strcmp0 (value, kt_json_string (other, name->data, NULL)) != 0))
        return name->data;
    }
  return NULL;
}

static gboolean
refuse_changed (const Place *place, JsonObject *args, const char *name, GError **error)
{
  g_autofree char *target = place->target (args);
  kt_error_set (error, KT_ERROR_CHANGED, NULL, "look at it, then put the old value back or make a new plan",
                "somebody else changed %s of %s meanwhile", name, target);
  return FALSE;
}

static gboolean
check (const Place *place, KtStepContext *context, JsonObject *args, GError **error)
{
  g_autoptr (KtConnection) connection = connect_to (context, args, FALSE, error);
  g_autoptr (GHashTable) now = connection != NULL ? place->read (connection, args, error) : NULL;
  if (now == NULL)
    return FALSE;
  const char *other = find_other (now, kt_json_object (args, "options"), kt_json_object (args, "running"), NULL);
  return other == NULL || refuse_changed (place, args, other, error);
}

/* {options: {name: value}} of those of the step that are set. */
static JsonObject *
prepare (const Place *place, KtStepContext *context, JsonObject *args, GError **error)
{
  g_autoptr (KtConnection) connection = connect_to (context, args, FALSE, error);
  g_autoptr (GHashTable) now = connection != NULL ? place->read (connection, args, error) : NULL;
  if (now == NULL)
    return NULL;
  JsonObject *before = json_object_new ();
  JsonObject *old = json_object_new ();
  g_autoptr (GList) names = json_object_get_members (kt_json_object (args, "options"));
  for (GList *name = names; name != NULL; name = name->next)
    kt_json_set_string (old, name->data, g_hash_table_lookup (now, name->data));
  json_object_set_object_member (before, "options", old);
  return before;
}

/* Makes the options of the step what @wanted says. */
static gboolean
change_to (const Place *place, KtConnection *connection, JsonObject *args, GHashTable *now, JsonObject *wanted,
           GError **error)
{
  g_autoptr (GList) names = json_object_get_members (kt_json_object (args, "options"));
  g_autoptr (GArray) changes = g_array_new (FALSE, FALSE, sizeof (Change));
  for (GList *name = names; name != NULL; name = name->next)
    {
      Change change = { name->data, kt_json_string (wanted, name->data, NULL) };
      if (g_strcmp0 (g_hash_table_lookup (now, name->data), change.value) != 0)
        g_array_append_val (changes, change);
    }
  if (changes->len == 0)
    return TRUE;
  g_autofree char *sql = place->statement (kt_connection_pq (connection), args, (const Change *) (void *) changes->data,
                                           changes->len);
  g_autoptr (PGresult) done = kt_connection_query (connection, error, sql, NULL);
  if (done != NULL)
    return TRUE;
  g_prefix_error (error, "%s: ", sql);
  return FALSE;
}

static gboolean
apply (const Place *place, KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  JsonObject *options = kt_json_object (args, "options");
  g_autoptr (KtConnection) connection = connect_to (context, args, FALSE, error);
  g_autoptr (GHashTable) now = connection != NULL ? place->read (connection, args, error) : NULL;
  if (now == NULL)
    return FALSE;
  const char *other = find_other (now, options, kt_json_object (before, "options"), options);
  return other == NULL ? change_to (place, connection, args, now, options, error)
    : refuse_changed (place, args, other, error);
}

static gboolean
verify (const Place *place, KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  g_autoptr (KtConnection) connection = connect_to (context, args, FALSE, error);
  g_autoptr (GHashTable) now = connection != NULL ? place->read (connection, args, error) : NULL;
  g_autofree char *target = place->target (args);
  if (now == NULL)
    return FALSE;
  const char *other = find_other (now, kt_json_object (args, "options"), kt_json_object (args, "options"), NULL);
  if (other == NULL)
    return TRUE;
  kt_error_set (error, KT_ERROR_VERIFY, NULL, NULL, "%s of %s is not as planned", other, target);
  return FALSE;
}

/* Reads what is there for an undo. TRUE and *now NULL: the place itself is gone, and nothing is left to undo. */
static gboolean
read_for_undo (const Place *place, KtConnection *connection, JsonObject *args, JsonObject *before, GHashTable **now,
               GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (GHashTable) found = place->read (connection, args, &local);
  if (found == NULL)
    {
      if (g_error_matches (local, KT_ERROR, KT_ERROR_NOT_FOUND))
        return TRUE;
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  JsonObject *options = kt_json_object (args, "options");
  const char *other = find_other (found, options, kt_json_object (before, "options"), options);
  if (other != NULL)
    return refuse_changed (place, args, other, error);
  *now = g_steal_pointer (&found);
  return TRUE;
}

static gboolean
can_undo (const Place *place, KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  g_autoptr (GHashTable) now = NULL;
  g_autoptr (GError) local = NULL;
  g_autoptr (KtConnection) connection = connect_to (context, args, FALSE, &local);
  if (connection != NULL)
    return read_for_undo (place, connection, args, before, &now, error);
  /* Asked before anything happens: a server that is down is started by the undo, which then looks itself. */
  if (g_error_matches (local, KT_ERROR, KT_ERROR_CONNECT))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

static gboolean
undo (const Place *place, KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  g_autoptr (GHashTable) now = NULL;
  g_autoptr (KtConnection) connection = connect_to (context, args, TRUE, error);
  if (connection == NULL || !read_for_undo (place, connection, args, before, &now, error))
    return FALSE;
  return now == NULL || change_to (place, connection, args, now, kt_json_object (before, "options"), error);
}

/* "autovacuum_vacuum_cost_limit of table public.blocks" */
static GStrv
touches (const Place *place, JsonObject *args)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  g_autofree char *target = place->target (args);
  JsonObject *options = kt_json_object (args, "options");
  g_autoptr (GList) members = options != NULL ? json_object_get_members (options) : NULL;
  for (GList *member = members; member != NULL; member = member->next)
    {
      g_autofree char *name = g_strconcat (member->data, " of ", target, NULL);
      g_strv_builder_add (names, name);
    }
  return g_strv_builder_end (names);
}

/* A row of functions for each place: a step kind has no data of its own that would tell which. */
#define STEP_KIND(symbol, step_name, place) \
  static char *symbol##_describe (JsonObject *args) { return describe (&place, args); } \
  static gboolean symbol##_check (KtStepContext *context, JsonObject *args, GError **error) \
  { return check (&place, context, args, error); } \
  static JsonObject *symbol##_prepare (KtStepContext *context, JsonObject *args, GError **error) \
  { return prepare (&place, context, args, error); } \
  static GStrv symbol##_touches (JsonObject *args) { return touches (&place, args); } \
  STEP_FUNCTION (symbol, apply, place) \
  STEP_FUNCTION (symbol, verify, place) \
  STEP_FUNCTION (symbol, can_undo, place) \
  STEP_FUNCTION (symbol, undo, place) \
  const KtStepKind kt_step_##symbol = { \
    step_name, symbol##_describe, symbol##_check, symbol##_prepare, symbol##_apply, symbol##_verify, symbol##_can_undo, \
    symbol##_undo, NULL, symbol##_touches, \
  }
#define STEP_FUNCTION(symbol, function, place) \
  static gboolean symbol##_##function (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error) \
  { return function (&place, context, args, before, error); }

STEP_KIND (table_options, "table-options", table_place);
STEP_KIND (role_option, "role-option", role_place);
