/* SPDX-License-Identifier: MIT
 *
 * Step `postgres-settings`: write parameters, reload or restart, prove that they run. Undo works with the server down,
 * also when it is down because of them.
 */
#include "base/error.h"
#include "postgres/conffile.h"
#include "tuning/steps_health_checks.h"
#include "tuning/steps.h"

#include <string.h>

typedef struct {
  KtInstance *instance;
  KtConfWrite *write;
  gboolean restart;
  JsonObject *running; /* borrowed from args */
} Step;

static void
step_clear (Step *step)
{
  g_clear_pointer (&step->instance, kt_instance_free);
  g_clear_pointer (&step->write, kt_conf_write_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Step, step_clear)

static gboolean
step_parse (JsonObject *args, Step *step, GError **error)
{
  JsonObject *instance = kt_json_object (args, "instance");
  JsonObject *write = kt_json_object (args, "write");
  step->running = kt_json_object (args, "running");
  step->restart = g_str_equal (kt_json_string (args, "activation", ""), "restart");
  if (instance == NULL || write == NULL || step->running == NULL)
    {
      kt_error_set (error, KT_ERROR_PARSE, NULL, NULL, "the step is incomplete: instance, write or running is missing");
      return FALSE;
    }
  step->instance = kt_instance_from_json (instance, error);
  step->write = step->instance != NULL ? kt_conf_write_from_json (write, error) : NULL;
  return step->write != NULL;
}

static const KtConfWriteSetting *
setting_at (const Step *step, guint i)
{
  return g_ptr_array_index (step->write->settings, i);
}

static KtConfWrite *
choose_write (const KtInstance *instance, const char *title, GPtrArray *settings, GError **error)
{
  if (instance->control == KT_CONTROL_REMOTE)
    return kt_conf_write_new_by_server (NULL, instance->server_directory, title, "the files of the server cannot be seen from here",
                                        settings);
  if (instance->control == KT_CONTROL_DOCKER)
    return kt_conf_write_new_by_server (instance->data_directory, instance->server_directory, title,
                                        "the server reads its files inside a container", settings);
  return kt_conf_write_new (instance->config_file, instance->data_directory, title, settings, error);
}

JsonObject *
kt_step_settings_args (const KtServer *server, const KtInstance *instance, const char *title, GPtrArray *settings,
                       KtActivation activation, GError **error)
{
  g_autoptr (KtConfWrite) write = choose_write (instance, title, settings, error);
  if (write == NULL)
    return NULL;
  JsonObject *args = json_object_new ();
  JsonObject *running = json_object_new ();
  for (guint i = 0; i < write->settings->len; i++)
    {
      const KtConfWriteSetting *row = g_ptr_array_index (write->settings, i);
      const KtSetting *setting = kt_server_setting (server, row->name);
      kt_json_set_string (running, row->name, setting != NULL ? setting->value : NULL);
    }
  json_object_set_object_member (args, "instance", kt_instance_to_json (instance));
  json_object_set_object_member (args, "write", kt_conf_write_to_json (write));
  kt_json_set_string (args, "activation", activation == KT_ACTIVATE_RESTART ? "restart" : "reload");
  json_object_set_object_member (args, "running", running);
  return args;
}

/* "set 31 parameters in /etc/…/90-kastune.conf and restart PostgreSQL" */
static char *
describe (JsonObject *args)
{
  g_auto (Step) step = { 0 };
  if (!step_parse (args, &step, NULL))
    return g_strdup ("set parameters (incomplete step)");
  guint n = step.write->settings->len;
  g_autofree char *what = n == 1 ? g_strdup (setting_at (&step, 0)->name) : g_strdup_printf ("%u parameters", n);
  g_autofree char *where = step.write->mode == KT_CONF_WRITE_INCLUDE ? g_strconcat ("in ", step.write->file, NULL)
                                                                     : g_strdup ("by ALTER SYSTEM");
  return g_strdup_printf ("set %s %s and %s PostgreSQL", what, where, step.restart ? "restart" : "reload");
}

/* --- the running values ------------------------------------------------------------------------------------------- */

static PGresult *
read_rows (const Step *step, KtConnection *connection, GError **error)
{
  g_autoptr (GString) names = g_string_new ("{");
  for (guint i = 0; i < step->write->settings->len; i++)
    {
      g_autofree char *name = g_ascii_strdown (setting_at (step, i)->name, -1);
      g_string_append_printf (names, "%s\"%s\"", i > 0 ? "," : "", name);
    }
  g_string_append_c (names, '}');
  return kt_connection_query_file (connection, error, "chosen_settings", names->str, NULL);
}

/* -1: the server does not know the name. */
static int
find_row (const PGresult *rows, const char *name)
{
  for (int i = 0; i < PQntuples (rows); i++)
    if (g_ascii_strcasecmp (kt_result_get (rows, i, "name"), name) == 0)
      return i;
  return -1;
}

static gboolean
row_equals (const PGresult *rows, int row, const char *value)
{
  KtGucType type = KT_GUC_STRING;
  const char *unit = kt_result_get (rows, row, "unit");
  kt_guc_type_from_string (kt_result_get (rows, row, "vartype"), &type);
  return kt_guc_equal (type, *unit != '\0' ? unit : NULL, kt_result_get (rows, row, "setting"), value);
}

static gboolean
needs_restart (const PGresult *rows, int row)
{
  return g_str_equal (kt_result_get (rows, row, "context"), "postmaster");
}

/* --- the server --------------------------------------------------------------------------------------------------- */

/* For reading and writing settings: needed where there is only SQL, else NULL. FALSE: it was needed and is not to be had. */
static gboolean
open_if_needed (const Step *step, KtConnection **connection, GError **error)
{
  *connection = NULL;
  if (step->write->data_directory != NULL)
    return TRUE;
  g_autoptr (KtConnection) opened = kt_connection_open (step->instance->conninfo, error);
  if (opened == NULL || !kt_instance_is_same (step->instance, opened, error))
    return FALSE;
  *connection = g_steal_pointer (&opened);
  return TRUE;
}

/* --- check -------------------------------------------------------------------------------------------------------- */

/* What cannot be set, by the source of the running value or its context. */
static const struct {
  const char *column, *word;
  const char *detail, *hint;
} fixed[] = {
  { "source", "command line", "it is given on the server's command line, which beats every file",
    "take it out of the command that starts the server, or leave the parameter out" },
  { "context", "internal", "it is fixed when the server is built or the cluster is made", NULL },
};

/* Sources that beat every file for this session only: other sessions do get our value. */
static const char *const session_sources[] = { "global", "database", "user", "database user", "client", "session",
                                               NULL };

static gboolean
is_hidden_by_session (const PGresult *rows, int row)
{
  return g_strv_contains (session_sources, kt_result_get (rows, row, "source"));
}

static gboolean
check_row (const Step *step, const PGresult *rows, guint i, GError **error)
{
  const char *name = setting_at (step, i)->name;
  const char *planned_from = kt_json_string (step->running, name, NULL);
  int row = find_row (rows, name);
  if (row < 0)
    {
      if (strchr (name, '.') != NULL) /* of a library that is not loaded yet */
        return TRUE;
      kt_error_set (error, KT_ERROR_UNSUPPORTED, NULL, NULL, "this server has no parameter %s", name);
      return FALSE;
    }
  for (gsize f = 0; f < G_N_ELEMENTS (fixed); f++)
    if (g_str_equal (kt_result_get (rows, row, fixed[f].column), fixed[f].word))
      {
        kt_error_set (error, KT_ERROR_REFUSED, fixed[f].detail, fixed[f].hint, "%s cannot be set", name);
        return FALSE;
      }
  if (planned_from == NULL || is_hidden_by_session (rows, row) || row_equals (rows, row, planned_from))
    return TRUE;
  kt_error_set (error, KT_ERROR_CHANGED, NULL, "make a new plan", "%s is %s now, the plan was made when it was %s",
                name,
                kt_result_get (rows, row, "setting"), planned_from);
  return FALSE;
}

static gboolean
check (KtStepContext *context, JsonObject *args, GError **error)
{
  g_auto (Step) step = { 0 };
  if (!step_parse (args, &step, error))
    return FALSE;
  if (step.restart && !kt_instance_can_restart (step.instance))
    {
      kt_error_set (error, KT_ERROR_UNSUPPORTED, NULL, "apply with reload only and restart the server yourself",
                    "kastune does not know how to restart this server");
      return FALSE;
    }
  g_autoptr (KtConnection) connection = kt_connection_open (step.instance->conninfo, error);
  if (connection == NULL || !kt_instance_is_same (step.instance, connection, error))
    return FALSE;
  g_autoptr (PGresult) rows = read_rows (&step, connection, error);
  if (rows == NULL)
    return FALSE;
  for (guint i = 0; i < step.write->settings->len; i++)
    if (!check_row (&step, rows, i, error))
      return FALSE;
  return kt_conf_write_check (step.write, connection, error);
}

/* --- prepare ------------------------------------------------------------------------------------------------------ */

/* {files, running: {name: value}, log_position} */
static JsonObject *
prepare (KtStepContext *context, JsonObject *args, GError **error)
{
  g_auto (Step) step = { 0 };
  if (!step_parse (args, &step, error))
    return NULL;
  g_autoptr (KtConnection) connection = kt_connection_open (step.instance->conninfo, error);
  g_autoptr (PGresult) rows = connection != NULL ? read_rows (&step, connection, error) : NULL;
  JsonObject *files = rows != NULL ? kt_conf_write_capture (step.write, connection, error) : NULL;
  if (files == NULL)
    return NULL;
  JsonObject *before = json_object_new ();
  JsonObject *running = json_object_new ();
  for (guint i = 0; i < step.write->settings->len; i++)
    {
      int row = find_row (rows, setting_at (&step, i)->name);
      kt_json_set_string (running, setting_at (&step, i)->name, row >= 0 ? kt_result_get (rows, row, "setting") : NULL);
    }
  json_object_set_object_member (before, "files", files);
  json_object_set_object_member (before, "running", running);
  json_object_set_int_member (before, "log_position", kt_instance_log_position (step.instance));
  return before;
}

/* --- apply -------------------------------------------------------------------------------------------------------- */

static gboolean
refuse_changed (const char *what, GError **error)
{
  kt_error_set (error, KT_ERROR_CHANGED, NULL, "look at it, then put the old value back or make a new plan",
                "somebody else changed %s meanwhile", what);
  return FALSE;
}

static gboolean
write_files (const Step *step, JsonObject *files, GError **error)
{
  KtConfState state;
  g_autofree char *what = NULL;
  g_autoptr (KtConnection) connection = NULL;
  if (!open_if_needed (step, &connection, error)
      || !kt_conf_write_compare (step->write, files, connection, &state, &what, error))
    return FALSE;
  if (state == KT_CONF_CHANGED)
    return refuse_changed (what, error);
  if (state == KT_CONF_AS_WRITTEN)
    return TRUE;
  gboolean by_sql = step->write->mode == KT_CONF_WRITE_ALTER_SYSTEM;
  if (by_sql && connection == NULL)
    connection = kt_connection_open (step->instance->conninfo, error);
  return (!by_sql || connection != NULL) && kt_conf_write_apply (step->write, files, connection, error);
}

static gboolean
activate (KtStepContext *context, const Step *step, gboolean restart, GError **error)
{
  if (!restart && kt_instance_is_running (step->instance))
    return kt_instance_reload (step->instance, error);
  g_autofree char *what = kt_instance_describe (step->instance, restart ? "restart" : "start");
  kt_step_progress (context, what, 0, 0);
  return restart ? kt_instance_restart (step->instance, context->cancellable, error)
                 : kt_instance_start (step->instance, context->cancellable, error);
}

/* A reload tells a parameter that waits for a restart as an error of the file; verify looks at each value anyway. */
static gboolean
is_pending_talk (const Step *step, const char *problem)
{
  return !step->restart && strstr (problem, "contains errors; unaffected changes were applied") != NULL;
}

/* Right after the activation, when what is new in the log comes from it. */
static gboolean
log_is_clean (const Step *step, JsonObject *before, GError **error)
{
  g_auto (GStrv) problems = kt_instance_log_problems (step->instance, kt_json_int (before, "log_position", 0));
  g_autoptr (GString) all = g_string_new (NULL);
  for (char **problem = problems; problem != NULL && *problem != NULL; problem++)
    if (!is_pending_talk (step, *problem))
      g_string_append_printf (all, all->len > 0 ? "\n%s" : "%s", *problem);
  if (all->len == 0)
    return TRUE;
  kt_error_set (error, KT_ERROR_VERIFY, all->str, NULL, "the server reports trouble since the new settings");
  return FALSE;
}

static gboolean
apply (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  g_auto (Step) step = { 0 };
  return step_parse (args, &step, error) && write_files (&step, kt_json_object (before, "files"), error)
         && activate (context, &step, step.restart, error) && log_is_clean (&step, before, error);
}

/* --- verify ------------------------------------------------------------------------------------------------------- */

/* -1 and 0 often mean "the server works it out": it then shows its own number, with the source "override". A word like
 * "on" can be another name of an enum's value. Both are as planned when they come from our line. */
static gboolean
stands_for (const Step *step, const PGresult *rows, int row, const char *value)
{
  gboolean flag;
  if (g_str_equal (kt_result_get (rows, row, "source"), "override"))
    return g_str_equal (value, "-1") || g_str_equal (value, "0");
  return g_str_equal (kt_result_get (rows, row, "vartype"), "enum") && kt_guc_parse_bool (value, &flag)
         && g_str_equal (kt_result_get (rows, row, "sourcefile"), step->write->file);
}

static gboolean
is_as_planned (const Step *step, const PGresult *rows, int row, const char *value)
{
  gboolean pending = kt_result_bool (rows, row, "pending_restart");
  if (pending && !step->restart)
    return needs_restart (rows, row);
  if (is_hidden_by_session (rows, row))
    return TRUE;
  return !pending && (row_equals (rows, row, value) || stands_for (step, rows, row, value));
}

static gboolean
verify_row (const Step *step, const PGresult *rows, guint i, GError **error)
{
  const KtConfWriteSetting *setting = setting_at (step, i);
  int row = find_row (rows, setting->name);
  /* Of a library that only a restart loads. */
  if (row < 0 && !step->restart && strchr (setting->name, '.') != NULL)
    return TRUE;
  if (row < 0)
    {
      kt_error_set (error, KT_ERROR_VERIFY, NULL, NULL, "%s is unknown to the server", setting->name);
      return FALSE;
    }
  if (is_as_planned (step, rows, row, setting->value))
    return TRUE;
  g_autofree char *detail = g_strdup_printf ("source of the running value: %s %s%s",
                                             kt_result_get (rows, row, "source"),
                                             kt_result_get (rows, row, "sourcefile"),
                                             kt_result_bool (rows, row, "pending_restart") ? "; it waits for a restart"
                                               : "");
  kt_error_set (error, KT_ERROR_VERIFY, detail, NULL, "%s is %s, not %s as planned", setting->name,
                kt_result_get (rows, row, "setting"), setting->value);
  return FALSE;
}

static gboolean
verify_files (const Step *step, JsonObject *files, GError **error)
{
  KtConfState state;
  g_autofree char *what = NULL;
  g_autoptr (KtConnection) connection = NULL;
  if (!open_if_needed (step, &connection, error)
      || !kt_conf_write_compare (step->write, files, connection, &state, &what, error))
    return FALSE;
  if (state == KT_CONF_AS_WRITTEN)
    return TRUE;
  kt_error_set (error, KT_ERROR_VERIFY, NULL, NULL, "%s is not as it was written", what != NULL ? what
                : step->write->file);
  return FALSE;
}

static gboolean
verify (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  g_auto (Step) step = { 0 };
  if (!step_parse (args, &step, error) || !verify_files (&step, kt_json_object (before, "files"), error))
    return FALSE;
  g_autoptr (KtConnection) connection = kt_connection_open (step.instance->conninfo, error);
  g_autoptr (PGresult) rows = connection != NULL ? read_rows (&step, connection, error) : NULL;
  if (rows == NULL)
    return FALSE;
  for (guint i = 0; i < step.write->settings->len; i++)
    if (!verify_row (&step, rows, i, error))
      return FALSE;
  return kt_health_prove (connection, error);
}

/* --- undo --------------------------------------------------------------------------------------------------------- */

/* Without a password nobody could see whether the old values run again. A server that takes no connections for another
 * reason may need the undo for that very reason. */
static gboolean
may_ask_afterwards (const Step *step, GError **error)
{
  if (!kt_instance_is_running (step->instance))
    return TRUE;
  g_autoptr (GError) local = NULL;
  g_autoptr (KtConnection) connection = kt_connection_open (step->instance->conninfo, &local);
  if (connection != NULL || !g_error_matches (local, KT_ERROR, KT_ERROR_AUTH))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

static gboolean
is_untouched (const Step *step, JsonObject *before, KtConnection *connection, GError **error)
{
  KtConfState state;
  g_autofree char *what = NULL;
  if (!kt_conf_write_compare (step->write, kt_json_object (before, "files"), connection, &state, &what, error))
    return FALSE;
  return state != KT_CONF_CHANGED || refuse_changed (what, error);
}

static gboolean
can_undo (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  g_auto (Step) step = { 0 };
  g_autoptr (KtConnection) connection = NULL;
  return step_parse (args, &step, error) && open_if_needed (&step, &connection, error)
         && is_untouched (&step, before, connection, error) && may_ask_afterwards (&step, error);
}

/* Does a parameter of ours that only a restart changes run with another value than before? Unknown counts as yes. */
static gboolean
restart_is_needed (const Step *step, JsonObject *running)
{
  g_autoptr (KtConnection) connection = kt_connection_open (step->instance->conninfo, NULL);
  g_autoptr (PGresult) rows = connection != NULL ? read_rows (step, connection, NULL) : NULL;
  for (guint i = 0; rows != NULL && i < step->write->settings->len; i++)
    {
      const char *name = setting_at (step, i)->name;
      const char *old = kt_json_string (running, name, NULL);
      int row = find_row (rows, name);
      if (row >= 0 && needs_restart (rows, row) && (old == NULL || !row_equals (rows, row, old)))
        return TRUE;
    }
  return rows == NULL;
}

/* What the files say now, of rows of pg_file_settings; NULL: nothing. */
static const char *
value_in_lines (const PGresult *lines, const char *name)
{
  for (int i = lines != NULL ? PQntuples (lines) : 0; i-- > 0;)
    if (g_ascii_strcasecmp (kt_result_get (lines, i, "name"), name) == 0)
      return kt_result_get (lines, i, "setting");
  return NULL;
}

/* The old value runs, or what the old files say: somebody may have edited them before us without a reload. Where the operator
 * restarts, the old values may have to wait for that. */
static gboolean
runs_as_before (const Step *step, JsonObject *running, GError **error)
{
  g_autoptr (KtConnection) connection = kt_connection_open (step->instance->conninfo, error);
  g_autoptr (PGresult) rows = connection != NULL ? read_rows (step, connection, error) : NULL;
  g_autoptr (KtConfTree) tree
    = step->write->config_file != NULL ? kt_conf_tree_read (step->write->config_file, step->write->data_directory, NULL) : NULL;
  g_autoptr (PGresult) lines
    = rows != NULL && tree == NULL ? kt_connection_query_file (connection, NULL, "file_settings", NULL) : NULL;
  if (rows == NULL)
    {
      g_prefix_error (error,
                      "the old files are back and the server was told to use them, but it could not be asked: ");
      return FALSE;
    }
  for (guint i = 0; i < step->write->settings->len; i++)
    {
      const char *name = setting_at (step, i)->name;
      const char *old = kt_json_string (running, name, NULL);
      const KtConfEntry *entry = tree != NULL ? kt_conf_tree_get (tree, name) : NULL;
      const char *line = entry != NULL ? entry->value : value_in_lines (lines, name);
      int row = find_row (rows, name);
      gboolean waits = row >= 0 && !kt_instance_can_restart (step->instance) && needs_restart (rows, row);
      if (row < 0 || old == NULL || waits || row_equals (rows, row, old) || (line != NULL && row_equals (rows, row, line)))
        continue;
      kt_error_set (error, KT_ERROR_VERIFY, NULL, NULL, "%s is %s, not %s as before", name,
                    kt_result_get (rows, row, "setting"), old);
      return FALSE;
    }
  return TRUE;
}

static gboolean
undo (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  g_auto (Step) step = { 0 };
  JsonObject *files = kt_json_object (before, "files");
  JsonObject *running = kt_json_object (before, "running");
  g_autoptr (KtConnection) connection = NULL;
  if (!step_parse (args, &step, error) || !open_if_needed (&step, &connection, error)
      || !is_untouched (&step, before, connection, error) || !kt_conf_write_restore (step.write, files, connection, error))
    return FALSE;
  gboolean restart = kt_instance_can_restart (step.instance) && kt_instance_is_running (step.instance)
                     && restart_is_needed (&step, running);
  return activate (context, &step, restart, error) && runs_as_before (&step, running, error);
}

static GStrv
touches (JsonObject *args)
{
  g_auto (Step) step = { 0 };
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  gboolean parsed = step_parse (args, &step, NULL);
  for (guint i = 0; parsed && i < step.write->settings->len; i++)
    {
      g_autofree char *canonical = g_ascii_strdown (setting_at (&step, i)->name, -1);
      g_autofree char *name = g_strconcat ("parameter ", canonical, NULL);
      g_strv_builder_add (names, name);
    }
  return g_strv_builder_end (names);
}

const KtStepKind kt_step_postgres_settings = {
  .name = "postgres-settings",
  .describe = describe,
  .check = check,
  .prepare = prepare,
  .apply = apply,
  .verify = verify,
  .can_undo = can_undo,
  .undo = undo,
  .touches = touches,
};
