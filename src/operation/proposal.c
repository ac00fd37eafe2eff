/* SPDX-License-Identifier: MIT */
#include "operation/proposal.h"

#include "backup/choice.h"
#include "backup/move.h"
#include "backup/step.h"
#include "base/error.h"
#include "host/steps.h"
#include "indexer/steps.h"
#include "operation/backup_parts.h"
#include "operation/host_plan.h"
#include "operation/kept.h"
#include "operation/schedule.h"
#include "operation/trial.h"
#include "postgres/conffile.h"
#include "storage/steps.h"
#include "tuning/check.h"
#include "tuning/params_json.h"
#include "tuning/steps.h"

#include <string.h>

/* A server of this size needs at least so long to stop and start. */
#define RESTART_MS 2000
/* The other steps; the work of the health check has this much time at most. */
#define BACKUP_MS 200
#define STATEMENT_MS 100
#define RELOAD_MS 500
#define HEALTH_MS 5000
#define ASSUMED_WRITE_MB_S 100.0

const KtStepKind *const kt_step_kinds[] = {
  &kt_step_configuration_backup, &kt_step_postgres_settings, &kt_step_table_options, &kt_step_role_option,
  &kt_step_server_health, &kt_step_replace_data, &kt_step_whole_backup, &kt_step_move_data, &kt_step_move_log, &kt_step_zfs_dataset, &kt_step_zfs_properties,
  &kt_step_kernel_settings, &kt_step_mount_options, &kt_step_indexer_compose, &kt_step_indexer_unit, NULL,
};

void
kt_proposed_free (KtProposed *proposed)
{
  if (proposed == NULL)
    return;
  g_clear_pointer (&proposed->shown, json_object_unref);
  g_clear_pointer (&proposed->notes, g_ptr_array_unref);
  g_clear_pointer (&proposed->plan, kt_plan_free);
  g_clear_pointer (&proposed->instance, kt_instance_free);
  g_clear_pointer (&proposed->facts, kt_facts_free);
  g_free (proposed);
}

static gboolean
is_chosen (const KtAdviceRow *row, JsonObject *args, const KtProposalScope *scope)
{
  const char *other_part = row->apply == KT_APPLY_RELOAD ? "only_restart" : "no_restart";
  return row->verdict == KT_VERDICT_CHANGE && !kt_json_bool (args, other_part, FALSE)
         && (scope->chosen == NULL || scope->chosen (row));
}

/* Before 17 a parameter of a library that is not loaded yet is unknown to ALTER SYSTEM; a file takes it. */
static gboolean
must_come_later (const KtProposed *proposed, const KtAdviceRow *row)
{
  const KtServer *server = proposed->facts->server;
  return proposed->instance->control == KT_CONTROL_REMOTE && server->major < 17 && strchr (row->param->name, '.') != NULL
         && kt_server_setting (server, row->param->name) == NULL;
}

/* {name, running, wanted, apply, because, origin}: for people, and for the step. */
static JsonArray *
chosen_settings (const KtProposed *proposed, JsonObject *args, const KtProposalScope *scope, gboolean *restart)
{
  const KtAdvice *advice = proposed->facts->advice;
  JsonArray *settings = json_array_new ();
  *restart = FALSE;
  for (guint i = 0; i < advice->rows->len; i++)
    {
      const KtAdviceRow *row = advice->rows->pdata[i];
      if (!is_chosen (row, args, scope) || must_come_later (proposed, row))
        continue;
      gboolean needs_restart = row->apply == KT_APPLY_RESTART;
      *restart = *restart || needs_restart;
      JsonObject *setting = json_object_new ();
      json_object_set_string_member (setting, "name", row->param->name);
      kt_json_set_string (setting, "running", row->running);
      json_object_set_string_member (setting, "wanted", row->wanted);
      json_object_set_string_member (setting, "apply", needs_restart ? "restart" : "reload");
      kt_json_set_string (setting, "because", row->because);
      kt_json_set_string (setting, "origin", row->origin);
      kt_param_impact_to_json (row->param, setting);
      json_array_add_object_element (settings, setting);
    }
  return settings;
}

/* What the server would read at its next start: all its files as they are now, then the new settings. A pending edit of
 * somebody else that would prevent the start is found that way too. */
static char *
settings_text (const KtServer *server, JsonArray *settings)
{
  GString *text = g_string_new (NULL);
  g_autoptr (KtConfTree) tree = server->config_file != NULL ? kt_conf_tree_read (server->config_file, server->data_directory, NULL) : NULL;
  for (guint i = 0; tree != NULL && i < tree->entries->len; i++)
    {
      const KtConfEntry *entry = tree->entries->pdata[i];
      g_autofree char *quoted = kt_guc_quote (entry->value);
      if (entry->wins)
        g_string_append_printf (text, "%s = %s\n", entry->name, quoted);
    }
  for (guint i = 0; i < json_array_get_length (settings); i++)
    {
      JsonObject *setting = json_array_get_object_element (settings, i);
      g_autofree char *quoted = kt_guc_quote (kt_json_string (setting, "wanted", ""));
      g_string_append_printf (text, "%s = %s\n", kt_json_string (setting, "name", ""), quoted);
    }
  return g_string_free (text, FALSE);
}

static GPtrArray *
check_settings (const KtAdvice *advice, JsonArray *settings)
{
  guint n = json_array_get_length (settings);
  g_autofree KtProposal *set = g_new0 (KtProposal, n + 1);
  for (guint i = 0; i < n; i++)
    {
      JsonObject *setting = json_array_get_object_element (settings, i);
      set[i] = (KtProposal){ kt_json_string (setting, "name", ""), kt_json_string (setting, "wanted", ""), NULL };
    }
  return kt_check (advice->in, set, n);
}

static gboolean
is_among (JsonArray *settings, const char *name)
{
  for (guint i = 0; i < json_array_get_length (settings); i++)
    if (g_ascii_strcasecmp (kt_json_string (json_array_get_object_element (settings, i), "name", ""), name) == 0)
      return TRUE;
  return FALSE;
}

/* Of the lines that name a parameter the last one counts. */
static gboolean
is_last_of_its_name (const KtServer *server, guint position)
{
  const KtFileSetting *line = server->file_settings->pdata[position];
  for (guint i = position + 1; i < server->file_settings->len; i++)
    if (g_strcmp0 (((KtFileSetting *) server->file_settings->pdata[i])->name, line->name) == 0)
      return FALSE;
  return line->name != NULL && line->value != NULL;
}

/* The server may show a text in other words than the line has ("ISO, MDY" for 'iso, mdy'): the place tells. */
static gboolean
runs_from (const KtSetting *running, const KtFileSetting *line)
{
  gboolean same_place = g_strcmp0 (running->source_file, line->path) == 0 && running->source_line == line->line;
  return (running->type == KT_GUC_STRING && same_place)
         || kt_guc_equal (running->type, running->unit, running->value, line->value);
}

/* What somebody else wrote and did not make the server read: our reload or restart does it for them. */
static void
add_waiting_edits (const KtServer *server, JsonArray *settings, gboolean restart, GPtrArray *findings)
{
  for (guint i = 0; i < server->file_settings->len; i++)
    {
      const KtFileSetting *line = server->file_settings->pdata[i];
      const KtSetting *running = is_last_of_its_name (server, i) ? kt_server_setting (server, line->name) : NULL;
      if (running == NULL || is_among (settings, line->name) || g_strcmp0 (running->source, "command line") == 0
          || g_strcmp0 (running->source, "override") == 0
          || (g_strcmp0 (running->context, "postmaster") == 0 && !restart)
          || runs_from (running, line))
        continue;
      g_autofree char *now = kt_setting_text (running);
      kt_findings_add (findings, KT_SEVERITY_WARNING, line->name, "take the line out first if that is not meant",
                       "%s goes from %s to %s as well: %s:%u says so, and the server has not read it yet", line->name, now,
                       line->value, line->path, line->line);
    }
}

static gboolean
refuse_by_findings (const GPtrArray *findings, GError **error)
{
  for (guint i = 0; i < findings->len; i++)
    {
      const KtFinding *finding = findings->pdata[i];
      if (finding->severity != KT_SEVERITY_REFUSE)
        continue;
      kt_error_set (error, KT_ERROR_REFUSED, finding->sentence, finding->remedy, "these settings would not work here");
      return TRUE;
    }
  return FALSE;
}

/* Whatever is applied can be undone only if the server would start on the files as they are now. */
static gboolean
refuse_broken_files (const KtServer *server, GError **error)
{
  const KtFileSetting *line = kt_server_broken_line (server);
  if (line == NULL)
    return FALSE;
  g_autofree char *detail = line->name != NULL
    ? g_strdup_printf ("%s:%u: %s = %s: %s", line->path, line->line, line->name, line->value != NULL ? line->value : "", line->error)
    : g_strdup_printf ("%s:%u: %s", line->path, line->line, line->error);
  kt_error_set (error, KT_ERROR_REFUSED, detail, "mend that line, then try again; kastune config check lists all",
                "the server would not start again on its configuration files as they are, so nothing is added to them");
  return TRUE;
}

/* The settings in a scratch cluster; TRUE when they start there. */
static gboolean
try_settings (KtProposed *proposed, KtOperationContext *context, JsonArray *settings, GError **error)
{
  g_autofree char *text = settings_text (proposed->facts->server, settings);
  g_autoptr (JsonObject) trial = kt_trial_run (proposed->facts, context, text, error);
  if (trial == NULL)
    return FALSE;
  json_object_set_object_member (proposed->shown, "trial", json_object_ref (trial));
  if (kt_json_bool (trial, "started", FALSE))
    return TRUE;
  kt_error_set (error, KT_ERROR_REFUSED, kt_json_string (trial, "problem", NULL), kt_json_string (trial, "hint", "kastune config try"),
                "a scratch server does not start with these settings, so the real one is left alone");
  return FALSE;
}

/* Where there is only SQL a start cannot be tried: that is said, and the operator's restart is what shows. */
static gboolean
try_if_possible (KtProposed *proposed, KtOperationContext *context, JsonArray *settings, GError **error)
{
  const char *cannot = kt_trial_cannot (proposed->facts, proposed->instance);
  if (cannot == NULL)
    return try_settings (proposed, context, settings, error);
  guint taken;
  if (!kt_trial_by_sql (proposed->facts, settings, &taken, error))
    return FALSE;
  json_object_set_string_member (proposed->shown, "untried", cannot);
  json_object_set_int_member (proposed->shown, "taken_by_session", taken);
  return TRUE;
}

/* Stopping writes the dirty part of the cache; at worst all of it. */
static gint64
interruption_ms (const KtFacts *facts)
{
  const KtVolume *volume = kt_platform_volume (facts->platform, "data");
  double write_mb_s = volume != NULL && volume->probe != NULL ? volume->probe->write_mb_s : ASSUMED_WRITE_MB_S;
  double dirty_mb = (double) kt_server_int (facts->server, "shared_buffers", 0) * (double) facts->server->block_bytes / 1048576.0;
  return RESTART_MS + (gint64) (dirty_mb / MAX (write_mb_s, 1.0) * 1000.0);
}

/* All that the plan would change. Caller frees. */
static GStrv
touched_by (const KtPlan *plan)
{
  g_autoptr (GStrvBuilder) all = g_strv_builder_new ();
  for (guint i = 0; i < plan->steps->len; i++)
    {
      const KtPlanStep *step = plan->steps->pdata[i];
      g_auto (GStrv) touched = step->kind->touches != NULL ? step->kind->touches (step->args) : NULL;
      if (touched != NULL)
        g_strv_builder_addv (all, (const char **) touched);
    }
  return g_strv_builder_end (all);
}

/* As the first step, what the others change is copied: as much of it as they need. */
static gboolean
begin_with_backup (KtProposed *proposed, const char *catalogue, gboolean skip, GError **error)
{
  g_auto (GStrv) touched = touched_by (proposed->plan);
  const KtBackupSource source = { proposed->facts->connection, proposed->facts->server, proposed->instance, proposed->facts->conninfo };
  const KtBackupKind *kind = NULL;
  if (!kt_backup_consider (kt_backup_need ((const char *const *) touched), skip, catalogue, &source, &kind, error))
    return FALSE;
  if (kind == NULL)
    return TRUE;
  if (kind->whole)
    kt_plan_add (proposed->plan, &kt_step_whole_backup, kt_step_whole_backup_args (kind, &source, catalogue));
  else
    kt_plan_add (proposed->plan, &kt_step_configuration_backup, kt_step_configuration_backup_args (&source, catalogue))
      ->estimate_ms = BACKUP_MS;
  GPtrArray *steps = proposed->plan->steps;
  g_ptr_array_insert (steps, 0, g_ptr_array_steal_index (steps, steps->len - 1));
  return TRUE;
}

/* Statements come before the settings: an undo goes backwards, and only a server that runs again can take statements. */
static JsonArray *
add_table_steps (KtProposed *proposed)
{
  JsonArray *shown = json_array_new ();
  const KtAdvice *advice = proposed->facts->advice;
  for (guint i = 0; i < advice->tables->len; i++)
    {
      const KtTableRow *row = advice->tables->pdata[i];
      if (row->verdict != KT_VERDICT_CHANGE)
        continue;
      g_auto (GStrv) options = g_strsplit (row->wanted, ", ", -1);
      g_auto (GStrv) running = g_strsplit (row->running, ", ", -1);
      kt_plan_add (proposed->plan, &kt_step_table_options,
                   kt_step_table_args (proposed->instance, row->schema, row->table, (const char *const *) options,
                                       (const char *const *) running))
        ->estimate_ms = STATEMENT_MS;
      JsonObject *object = json_object_new ();
      json_object_set_string_member (object, "statement", row->statement);
      kt_json_set_string (object, "because", row->because);
      json_array_add_object_element (shown, object);
    }
  return shown;
}

static gboolean
add_settings_step (KtProposed *proposed, JsonArray *settings, gboolean restart, GError **error)
{
  GPtrArray *list = kt_conf_write_settings ();
  for (guint i = 0; i < json_array_get_length (settings); i++)
    {
      JsonObject *setting = json_array_get_object_element (settings, i);
      kt_conf_write_settings_add (list, kt_json_string (setting, "name", ""), kt_json_string (setting, "wanted", ""),
                                  kt_json_string (setting, "because", NULL));
    }
  JsonObject *args = kt_step_settings_args (proposed->facts->server, proposed->instance, proposed->plan->title, list,
                                            restart ? KT_ACTIVATE_RESTART : KT_ACTIVATE_RELOAD, error);
  if (args == NULL)
    return FALSE;
  KtPlanStep *step = kt_plan_add (proposed->plan, &kt_step_postgres_settings, args);
  step->interrupts = restart;
  step->interruption_ms = restart ? interruption_ms (proposed->facts) : 0;
  step->estimate_ms = RELOAD_MS + step->interruption_ms;
  kt_plan_add (proposed->plan, &kt_step_server_health,
               kt_step_health_args (proposed->instance, proposed->facts->advice->in->busy))
    ->estimate_ms = HEALTH_MS;
  return TRUE;
}

/* The tables go with the whole advice only. */
static gboolean
wants_tables (JsonObject *args, const KtProposalScope *scope)
{
  return scope->title == NULL && !kt_json_bool (args, "no_tables", FALSE) && !kt_json_bool (args, "only_restart", FALSE);
}

static gboolean
make_plan (KtProposed *proposed, KtOperationContext *context, JsonObject *args, JsonArray *settings, gboolean restart,
           const KtProposalScope *scope, GError **error)
{
  restart = restart && kt_instance_can_restart (proposed->instance);
  const KtInputs *in = proposed->facts->advice->in;
  g_autofree char *title = scope->title != NULL ? g_strdup (scope->title)
                           : g_strdup_printf ("tune for profile %s, %s phase", in->profile->name, kt_phase_name (in->phase));
  g_autofree char *id = kt_connection_server_id (proposed->facts->connection);
  g_autofree char *name = kt_connection_describe (proposed->facts->connection);
  proposed->plan = kt_plan_new (title, id, name);
  JsonArray *tables = wants_tables (args, scope) ? add_table_steps (proposed) : json_array_new ();
  json_object_set_array_member (proposed->shown, "tables", tables);
  if (scope->add_steps != NULL && !scope->add_steps (proposed, context, args, error))
    return FALSE;
  return json_array_get_length (settings) == 0 || add_settings_step (proposed, settings, restart, error);
}

static void
show_plan (KtProposed *proposed, gboolean wanted)
{
  const KtAdvice *advice = proposed->facts->advice;
  JsonObject *shown = proposed->shown;
  gboolean restart = wanted && kt_instance_can_restart (proposed->instance);
  json_object_set_object_member (shown, "plan", kt_plan_to_json (proposed->plan));
  json_object_set_object_member (shown, "server", kt_facts_server_json (proposed->facts));
  json_object_set_boolean_member (shown, "restart", restart);
  json_object_set_boolean_member (shown, "restart_by_operator", wanted && !restart);
  g_autofree char *command = restart ? kt_instance_describe (proposed->instance, "restart") : NULL;
  kt_json_set_string (shown, "restart_command", command);
  json_object_set_int_member (shown, "interruption_ms", restart ? interruption_ms (proposed->facts) : 0);
  json_object_set_double_member (shown, "recovery_seconds", advice->recovery_seconds);
}

/* FALSE: a restart was asked for at a time, and kastune cannot do one. */
static gboolean
show_window (KtProposed *proposed, JsonObject *args, gboolean restart, GError **error)
{
  KtWindow window;
  g_autoptr (GError) unclear = NULL;
  if (!restart || (!kt_schedule_wanted (args, &window, &unclear) && unclear == NULL))
    return TRUE;
  if (unclear != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&unclear));
      return FALSE;
    }
  if (!kt_instance_can_restart (proposed->instance))
    {
      kt_error_set (error, KT_ERROR_UNSUPPORTED, NULL, "kastune apply without it, and restart the server yourself",
                    "kastune cannot restart this server, so neither at a time nor when it is idle");
      return FALSE;
    }
  g_autofree char *words = kt_window_describe (&window);
  json_object_set_string_member (proposed->shown, "restart_window", words);
  return TRUE;
}

KtProposed *
kt_proposed_of (KtOperationContext *context, JsonObject *args, const KtProposalScope *scope, GError **error)
{
  g_autoptr (KtProposed) proposed = g_new0 (KtProposed, 1);
  proposed->shown = json_object_new ();
  proposed->notes = kt_findings_new ();
  proposed->facts = kt_facts_load (context, args, KT_FACTS_SERVER | KT_FACTS_ADVICE | KT_FACTS_MEASURE, error);
  if (proposed->facts == NULL || kt_facts_state (proposed->facts, error) == NULL)
    return NULL;
  if (proposed->facts->server == NULL)
    {
      kt_error_set (error, KT_ERROR_USAGE, NULL, "leave out --root and --pg-version", "a plan needs a running server");
      return NULL;
    }
  if (kt_kept_refuse (proposed->facts->server, KT_KEPT_SETTINGS, error))
    return NULL;
  proposed->instance = kt_instance_find (proposed->facts->server, proposed->facts->conninfo, error);
  if (proposed->instance == NULL)
    return NULL;

  gboolean restart;
  JsonArray *settings = chosen_settings (proposed, args, scope, &restart);
  json_object_set_array_member (proposed->shown, "settings", settings);
  if (scope->add_settings != NULL && !scope->add_settings (proposed, args, settings, error))
    return NULL;
  g_autofree char *catalogue = kt_backup_catalogue (context, args, NULL);
  if (!make_plan (proposed, context, args, settings, restart, scope, error)
      || !begin_with_backup (proposed, catalogue, kt_json_bool (args, "no_backup", FALSE), error))
    return NULL;
  if (!show_window (proposed, args, restart, error))
    return NULL;
  g_autoptr (GPtrArray) findings = check_settings (proposed->facts->advice, settings);
  if (json_array_get_length (settings) > 0)
    add_waiting_edits (proposed->facts->server, settings, restart, findings);
  g_ptr_array_extend_and_steal (findings, g_steal_pointer (&proposed->notes));
  json_object_set_array_member (proposed->shown, "findings", kt_findings_to_json (findings));
  if (proposed->plan->steps->len > 0
      && (refuse_broken_files (proposed->facts->server, error) || refuse_by_findings (findings, error)))
    return NULL;
  if (json_array_get_length (settings) > 0 && !kt_json_bool (args, "no_try", FALSE) && !try_if_possible (proposed, context, settings, error))
    return NULL;
  if (kt_json_bool (args, "host_settings", FALSE)
      && !kt_host_plan_add (proposed, args, kt_json_int (kt_json_object (proposed->shown, "trial"), "huge_pages", 0), error))
    return NULL;
  show_plan (proposed, restart);
  return g_steal_pointer (&proposed);
}

KtProposed *
kt_proposed_new (KtOperationContext *context, JsonObject *args, GError **error)
{
  static const KtProposalScope whole = { 0 };
  return kt_proposed_of (context, args, &whole, error);
}
