/* SPDX-License-Identifier: MIT
 *
 * backup restore: into a folder, into a database, or in place as a change set.
 */
#include "operation/backup_parts.h"
#include "operation/change_parts.h"
#include "operation/confirm.h"
#include "operation/handlers.h"
#include "operation/kept.h"

#include "backup/catalogue.h"
#include "backup/step.h"
#include "base/error.h"
#include "base/folder.h"
#include "change/lock.h"
#include "change/obstacles.h"

#define ASSUMED_INTERRUPTION_MS 10000

/* Which words belong to which kind; the rest would be ignored in silence. */
static gboolean
check_words (const KtBackup *backup, JsonObject *args, GError **error)
{
  const char *kind = backup->kind != NULL ? backup->kind->name : "";
  gboolean to = json_object_has_member (args, "to"), in_place = kt_json_bool (args, "in_place", FALSE);
  gboolean logical = backup->kind == &kt_backup_logical, can_replace = backup->kind == &kt_backup_physical
                                                                       || backup->kind == &kt_backup_configuration;
  const char *wrong = to && in_place                                                     ? "--to and --in-place exclude each other"
                      : logical && (to || in_place)                                      ? "it goes into a database: --database NAME"
                      : !logical && (json_object_has_member (args, "database") || kt_json_bool (args, "globals", FALSE))
                        ? "--database and --globals are for logical ones"
                      : in_place && !can_replace                                         ? "it goes into a folder: --to DIR"
                      : backup->kind == &kt_backup_zfs && json_object_has_member (args, "owner")
                        ? "a clone's files belong to whom they belonged"
                      : !logical && !to && !in_place && can_replace                      ? "say where to: --to DIR or --in-place"
                      : !logical && !to && !in_place                                     ? "say where to: --to DIR"
                                                                                         : NULL;
  if (wrong == NULL)
    return TRUE;
  kt_error_set (error, KT_ERROR_USAGE, wrong, "kastune backup restore --help", "a %s backup is not restored like that", kind);
  return FALSE;
}

/* What is shown before it is asked. */
static JsonObject *
describe (KtBackup *backup, JsonObject *args, const KtBackupTarget *target)
{
  JsonObject *shown = json_object_new ();
  const char *to = kt_json_string (args, "to", NULL);
  const char *database = kt_json_string (args, "database", kt_json_string (backup->manifest, "database", ""));
  g_autofree char *where = to != NULL ? g_canonicalize_filename (to, NULL)
                           : backup->kind == &kt_backup_logical ? g_strdup_printf ("database %s", database)
                           : backup->kind == &kt_backup_configuration
                             ? g_strdup ("the places of the files, which are kept as a backup of their own")
                             : g_strdup_printf ("the place of %s, which is kept", target->instance->data_directory);
  json_object_set_object_member (shown, "backup", kt_backup_to_json (backup));
  json_object_set_string_member (shown, "where", where);
  return shown;
}

/* ---------------------------------------------------------------------------------------------------------- in place */

static gboolean
check_in_place (KtBackup *backup, const KtBackupTarget *target, GError **error)
{
  const char *made_of = kt_json_string (kt_backup_server (backup), "system_identifier", "");
  if (target->instance == NULL || target->instance->data_directory == NULL || !target->facts->server->local)
    kt_error_set (error, KT_ERROR_UNSUPPORTED, NULL, "restore on the machine of the server, or into a folder with --to DIR",
                  "the data directory of this server cannot be reached from here");
  else if (g_strcmp0 (made_of, target->facts->server->system_identifier) != 0)
    kt_error_set (error, KT_ERROR_REFUSED, NULL, "restore it into a folder with --to DIR",
                  "the backup is of another cluster (system identifier %s) than this server (%s)", made_of,
                  target->facts->server->system_identifier);
  else
    return kt_step_replace_data_check (target->instance, error);
  return FALSE;
}

static KtPlan *
plan_of (KtBackup *backup, const KtBackupTarget *target, const char *restored, gint64 confirm_within)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *time = g_date_time_format (now, "%Y%m%d-%H%M%S");
  g_autofree char *title = g_strdup_printf ("restore %s", backup->id);
  g_autofree char *id = kt_connection_server_id (target->facts->connection);
  g_autofree char *name = kt_connection_describe (target->facts->connection);
  g_autofree char *replaced = g_strdup_printf ("%s.replaced-%s", target->instance->data_directory, time);
  KtPlan *plan = kt_plan_new (title, id, name);
  KtPlanStep *step
    = kt_plan_add (plan, &kt_step_replace_data,
                   kt_step_replace_data_args (target->instance, target->facts->server->system_identifier, restored, replaced));
  step->interrupts = TRUE;
  step->interruption_ms = ASSUMED_INTERRUPTION_MS;
  plan->confirm_within_ms = confirm_within;
  return plan;
}

static gboolean
carry_out (KtOperationContext *context, KtState *state, const KtPlan *plan, JsonObject *answer, GError **error)
{
  gint64 id = 0;
  KtRunner runner = kt_change_runner (context, state);
  if (!kt_runner_apply (&runner, plan, &id, error)
      || (plan->confirm_within_ms > 0 && !kt_confirm_wait (context, &runner, id, FALSE, error)))
    return FALSE;
  g_autoptr (JsonObject) changed = kt_change_answer (state, id, answer, error);
  return changed != NULL;
}

/* Asked before hours of unpacking, not after. */
static gboolean
may_replace (KtOperationContext *context, KtState *state, const KtPlan *plan, GError **error)
{
  KtRunner runner = kt_change_runner (context, state);
  return kt_change_finish (&runner, context, TRUE, error) && kt_may_begin (&runner, plan->server, error);
}

/* One at a time from its first file on: a second one would clear away as a leftover what the first unpacks. */
static KtLock *
take_turn (const KtState *state, const KtPlan *plan, GError **error)
{
  g_autofree char *name = g_strconcat ("restore ", plan->server, NULL);
  return kt_lock_take (kt_state_directory (state), name, error);
}

/* Unpacked and verified while the server still runs; only then the two change places. */
static gboolean
restore_in_place (KtOperationContext *context, JsonObject *args, KtBackup *backup, const KtBackupTarget *target, JsonObject *answer,
                  GError **error)
{
  const KtBackupWatch watch = kt_backup_watch (context);
  g_autofree char *restored = g_strconcat (target->instance->data_directory, ".restored-", backup->id, NULL);
  g_autoptr (KtPlan) plan = plan_of (backup, target, restored, kt_json_int (args, "confirm_within", 0));
  const KtBackupRestore how = { .target = restored, .owner = target->instance->owner };
  g_autoptr (KtState) state = kt_state_open (context->state_directory, error);
  g_autoptr (KtLock) turn = state != NULL ? take_turn (state, plan, error) : NULL;
  if (turn == NULL || !may_replace (context, state, plan, error))
    return FALSE;
  /* An earlier attempt that was killed while it unpacked. */
  if (!kt_folder_remove (restored, error) || !kt_backup_restore (backup, &how, &watch, answer, error))
    return FALSE;
  JsonObject *step = ((KtPlanStep *) plan->steps->pdata[0])->args;
  gboolean done = carry_out (context, state, plan, answer, error);
  if (!done)
    kt_folder_remove (restored, NULL);
  json_object_set_string_member (answer, "directory", target->instance->data_directory);
  json_object_set_string_member (answer, "replaced", kt_json_string (step, "replaced", ""));
  return done;
}

/* ------------------------------------------------------------------------------------------------------------- others */

static gboolean
restore_elsewhere (KtOperationContext *context, JsonObject *args, KtBackup *backup, const KtBackupTarget *target, JsonObject *answer,
                   GError **error)
{
  const KtBackupWatch watch = kt_backup_watch (context);
  const char *to = kt_json_string (args, "to", NULL);
  g_autofree char *folder = to != NULL ? g_canonicalize_filename (to, NULL) : NULL;
  const KtBackupRestore how = {
    .target = folder,
    .database = kt_json_string (args, "database", NULL),
    .source = target->facts != NULL ? &target->source : NULL,
    .owner = kt_json_string (args, "owner", NULL),
    .jobs = (guint) kt_json_int (args, "jobs", 0),
    .globals = kt_json_bool (args, "globals", FALSE),
  };
  return kt_backup_restore (backup, &how, &watch, answer, error);
}

/* Configuration files need no server to be put back; when theirs answers it is asked all the same. */
static gboolean
is_kept (KtOperationContext *context, JsonObject *args, KtBackup *backup, const KtBackupTarget *target, GError **error)
{
  g_autoptr (KtFacts) asked = target->facts == NULL ? kt_facts_load (context, args, 0, NULL) : NULL;
  const KtFacts *facts = asked != NULL ? asked : target->facts;
  const char *made_of = kt_json_string (kt_backup_server (backup), "system_identifier", "");
  return facts != NULL && facts->server != NULL && g_strcmp0 (facts->server->system_identifier, made_of) == 0
         && kt_kept_refuse (facts->server, KT_KEPT_FILES, error);
}

JsonObject *
kt_handle_backup_restore (KtOperationContext *context, JsonObject *args, GError **error)
{
  g_autofree char *catalogue = kt_backup_catalogue (context, args, "from");
  g_autoptr (KtBackup) backup = kt_catalogue_find (catalogue, kt_json_string (args, "id", ""), error);
  g_auto (KtBackupTarget) target = { 0 };
  if (backup == NULL || !check_words (backup, args, error))
    return NULL;
  gboolean replaces = backup->kind == &kt_backup_physical && kt_json_bool (args, "in_place", FALSE);
  gboolean server = replaces || (backup->kind != NULL && backup->kind->needs_server_to_restore);
  if ((server && !kt_backup_target (context, args, &target, error)) || (replaces && !check_in_place (backup, &target, error)))
    return NULL;
  if (kt_json_bool (args, "in_place", FALSE) && is_kept (context, args, backup, &target, error))
    return NULL;
  g_autoptr (JsonObject) answer = describe (backup, args, &target);
  if (!kt_change_may_go_on (context, args, answer, error))
    return json_object_has_member (answer, "dry_run") ? g_steal_pointer (&answer) : NULL;
  gboolean done = replaces ? restore_in_place (context, args, backup, &target, answer, error)
                           : restore_elsewhere (context, args, backup, &target, answer, error);
  return done ? g_steal_pointer (&answer) : NULL;
}
