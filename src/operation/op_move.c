/* SPDX-License-Identifier: MIT
 *
 * storage move: the cluster, or its log alone, comes to lie elsewhere, as a change set.
 */
#include "operation/backup_parts.h"
#include "operation/change_parts.h"
#include "operation/confirm.h"
#include "operation/handlers.h"

#include "backup/move.h"
#include "base/error.h"
#include "base/folder.h"
#include "base/size.h"

#include <stdlib.h>

#define ASSUMED_INTERRUPTION_MS 10000
#define SPARE (256 * KT_MIB) /* log that is written meanwhile, at least */
#define NEEDED_SENDERS 2     /* one for the files, one for the log */

/* ---------------------------------------------------------------------------------------------------- may it be moved */

static gboolean
set_unsupported (GError **error, const char *why, const char *hint)
{
  kt_error_set (error, KT_ERROR_UNSUPPORTED, why, hint, "this cluster cannot be moved");
  return FALSE;
}

static gboolean
check_replication (const KtServer *server, GError **error)
{
  const KtSetting *level = kt_server_setting (server, "wal_level");
  const char *why = level != NULL && g_strcmp0 (level->value, "minimal") == 0       ? "wal_level is minimal"
                    : kt_server_int (server, "max_wal_senders", 0) < NEEDED_SENDERS ? "max_wal_senders is below 2"
                    : kt_server_int (server, "max_replication_slots", 0) < 1        ? "max_replication_slots is 0"
                                                                                     : NULL;
  return why == NULL
         || set_unsupported (error, why, "wal_level = replica, max_wal_senders = 10, max_replication_slots = 10 and a restart; nothing was changed");
}

static gboolean
check_reach (const KtBackupTarget *target, GError **error)
{
  const KtServer *server = target->facts->server;
  const char *keeper = kt_server_keeper (server);
  g_autofree char *kept_by = keeper != NULL ? g_strdup_printf ("%s stops and starts it", keeper) : NULL;
  if (target->instance == NULL || target->instance->data_directory == NULL || !server->local)
    return set_unsupported (error, "its data directory cannot be reached from here", "run kastune on the machine of the server, as root");
  return keeper == NULL || set_unsupported (error, kept_by, "move the members one after the other with its own means");
}

static gboolean
check_server (const KtBackupTarget *target, GError **error)
{
  const KtServer *server = target->facts->server;
  if (!check_reach (target, error))
    return FALSE;
  if (server->in_recovery)
    return set_unsupported (error, "it is a standby", "make another standby in the new place instead");
  if (!server->superuser)
    {
      kt_error_set (error, KT_ERROR_PRIVILEGE, NULL, "connect as a superuser: --dsn user=postgres", "moving a cluster takes a superuser");
      return FALSE;
    }
  return check_replication (server, error);
}

/* ------------------------------------------------------------------------------------------------------------ places */

typedef struct {
  char *home, *link, *target, *wal, *kept;
  KtMovePlaces at;
  gint64 bytes, free_bytes;
} Places;

static void
places_clear (Places *places)
{
  char *const texts[] = { places->home, places->link, places->target, places->wal, places->kept };
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    g_free (texts[i]);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Places, places_clear)

/* Without links on the way, as far as it is there. NULL: not named. Caller frees. */
static char *
real_place (const char *named)
{
  if (named == NULL)
    return NULL;
  g_autofree char *whole = g_canonicalize_filename (named, NULL);
  char *real = realpath (whole, NULL);
  if (real != NULL)
    return real;
  g_autofree char *parent = g_path_get_dirname (whole);
  g_autofree char *name = g_path_get_basename (whole);
  g_autofree char *real_parent = realpath (parent, NULL);
  return g_build_filename (real_parent != NULL ? real_parent : parent, name, NULL);
}

static gboolean
find_places (const KtInstance *instance, JsonObject *args, Places *places, GError **error)
{
  const char *path = instance->data_directory;
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *time = g_date_time_format (now, "%Y%m%d-%H%M%S");
  places->home = realpath (path, NULL);
  if (places->home == NULL)
    {
      kt_error_set (error, KT_ERROR_PRIVILEGE, NULL, "run kastune as root", "the data directory %s cannot be looked at", path);
      return FALSE;
    }
  places->link = g_file_read_link (path, NULL);
  places->target = real_place (kt_json_string (args, "to", NULL));
  places->wal = real_place (kt_json_string (args, "wal_to", NULL));
  places->kept = g_strdup_printf ("%s.moved-%s", places->home, time);
  places->at = (KtMovePlaces){ .path = path, .home = places->home, .link = places->link, .target = places->target,
                               .wal = places->wal, .kept = places->kept };
  return TRUE;
}

static gboolean
fits (const KtBackupTarget *target, Places *places, gboolean any_space, GError **error)
{
  g_autoptr (PGresult) row = kt_connection_query_file (target->facts->connection, error, "backup_size", NULL);
  if (row == NULL)
    return FALSE;
  places->bytes = kt_result_int (row, 0, "cluster_bytes") + SPARE;
  places->free_bytes = kt_folder_free_bytes (places->target);
  if (any_space || places->free_bytes < 0 || places->free_bytes >= places->bytes)
    return TRUE;
  g_autofree char *needed = kt_size_format (places->bytes);
  g_autofree char *there = kt_size_format (places->free_bytes);
  kt_error_set (error, KT_ERROR_NO_SPACE, NULL, "name another place; --no-space-check where compression makes it fit",
                "the cluster takes %s, and %s are free for %s", needed, there, places->target);
  return FALSE;
}

static JsonObject *
describe (const KtBackupTarget *target, const Places *places)
{
  JsonObject *shown = json_object_new ();
  json_object_set_object_member (shown, "server", kt_facts_server_json (target->facts));
  json_object_set_string_member (shown, "path", places->at.path);
  json_object_set_string_member (shown, "from", places->home);
  json_object_set_string_member (shown, "to", places->target);
  kt_json_set_string (shown, "wal_to", places->wal);
  json_object_set_string_member (shown, "kept", places->kept);
  json_object_set_int_member (shown, "bytes", places->bytes);
  json_object_set_int_member (shown, "free_bytes", places->free_bytes);
  return shown;
}

/* --------------------------------------------------------------------------------------------------------- the change */

static KtPlan *
plan_of (const KtBackupTarget *target, const char *what, const char *to, const KtStepKind *kind, JsonObject *args, gint64 confirm_within)
{
  g_autofree char *title = g_strdup_printf ("move the %s to %s", what, to);
  g_autofree char *id = kt_connection_server_id (target->facts->connection);
  g_autofree char *name = kt_connection_describe (target->facts->connection);
  KtPlan *plan = kt_plan_new (title, id, name);
  KtPlanStep *step = kt_plan_add (plan, kind, args);
  step->interrupts = TRUE;
  step->interruption_ms = ASSUMED_INTERRUPTION_MS;
  plan->confirm_within_ms = confirm_within;
  return plan;
}

/* All of this step happens while the server is down. */
static JsonObject *
time_of_step (KtState *state, gint64 id)
{
  g_autoptr (KtChange) change = kt_journal_load (state, id, NULL);
  if (change == NULL)
    return NULL;
  const KtChangeStep *step = change->steps->pdata[0];
  JsonObject *moved = json_object_new ();
  json_object_set_int_member (moved, "interruption_ms", MAX (step->ended_at - step->started_at, 0));
  return moved;
}

/* @kept NULL: the log alone. */
static gboolean
carry_out (KtOperationContext *context, const KtPlan *plan, const char *kept, JsonObject *answer, GError **error)
{
  gint64 id = 0;
  g_autoptr (KtState) state = kt_state_open (context->state_directory, error);
  if (state == NULL)
    return FALSE;
  KtRunner runner = kt_change_runner (context, state);
  if (!kt_change_finish (&runner, context, TRUE, error) || !kt_runner_apply (&runner, plan, &id, error))
    return FALSE;
  JsonObject *moved = kept != NULL ? kt_move_read_note (kept) : time_of_step (state, id);
  if (moved != NULL)
    json_object_set_object_member (answer, "moved", moved);
  if (plan->confirm_within_ms > 0 && !kt_confirm_wait (context, &runner, id, FALSE, error))
    return FALSE;
  g_autoptr (JsonObject) changed = kt_change_answer (state, id, answer, error);
  return changed != NULL;
}

static JsonObject *
ask_and_carry_out (KtOperationContext *context, JsonObject *args, const KtPlan *plan, const char *kept, JsonObject *answer, GError **error)
{
  if (!kt_change_may_go_on (context, args, answer, error))
    return json_object_has_member (answer, "dry_run") ? json_object_ref (answer) : NULL;
  return carry_out (context, plan, kept, answer, error) ? json_object_ref (answer) : NULL;
}

static JsonObject *
move_cluster (KtOperationContext *context, JsonObject *args, const KtBackupTarget *target, GError **error)
{
  g_auto (Places) places = { 0 };
  if (!check_server (target, error) || !find_places (target->instance, args, &places, error)
      || !kt_step_move_data_check (target->instance, &places.at, error)
      || !fits (target, &places, kt_json_bool (args, "no_space_check", FALSE), error))
    return NULL;
  g_autoptr (JsonObject) answer = describe (target, &places);
  g_autoptr (KtPlan) plan = plan_of (target, "cluster", places.target, &kt_step_move_data,
                                     kt_step_move_data_args (target->instance, &places.at), kt_json_int (args, "confirm_within", 0));
  return ask_and_carry_out (context, args, plan, places.kept, answer, error);
}

/* -------------------------------------------------------------------------------------------------------- the log alone */

static JsonObject *
describe_log (const KtBackupTarget *target, const char *to)
{
  JsonObject *shown = json_object_new ();
  json_object_set_object_member (shown, "server", kt_facts_server_json (target->facts));
  kt_json_set_string (shown, "from", target->facts->server->wal_directory);
  json_object_set_string_member (shown, "wal_to", to);
  json_object_set_int_member (shown, "bytes", kt_folder_bytes (target->facts->server->wal_directory));
  json_object_set_int_member (shown, "free_bytes", kt_folder_free_bytes (to));
  return shown;
}

static gboolean
log_fits (JsonObject *shown, gboolean any_space, GError **error)
{
  gint64 bytes = kt_json_int (shown, "bytes", 0), room = kt_json_int (shown, "free_bytes", -1);
  if (any_space || room < 0 || room >= bytes + SPARE)
    return TRUE;
  g_autofree char *needed = kt_size_format (bytes + SPARE);
  g_autofree char *there = kt_size_format (room);
  kt_error_set (error, KT_ERROR_NO_SPACE, NULL, "name another place; a smaller max_wal_size makes it less",
                "the log takes %s with what comes to it, and %s are free for %s", needed, there, kt_json_string (shown, "wal_to", ""));
  return FALSE;
}

static JsonObject *
move_log (KtOperationContext *context, JsonObject *args, const KtBackupTarget *target, GError **error)
{
  g_autofree char *to = real_place (kt_json_string (args, "wal_to", NULL));
  if (!check_reach (target, error) || !kt_step_move_log_check (target->instance, to, error))
    return NULL;
  g_autoptr (JsonObject) answer = describe_log (target, to);
  g_autoptr (KtPlan) plan = plan_of (target, "log", to, &kt_step_move_log, kt_step_move_log_args (target->instance, to),
                                     kt_json_int (args, "confirm_within", 0));
  return log_fits (answer, kt_json_bool (args, "no_space_check", FALSE), error)
           ? ask_and_carry_out (context, args, plan, NULL, answer, error) : NULL;
}

JsonObject *
kt_handle_storage_move (KtOperationContext *context, JsonObject *args, GError **error)
{
  g_auto (KtBackupTarget) target = { 0 };
  gboolean whole = json_object_has_member (args, "to");
  if (!whole && !json_object_has_member (args, "wal_to"))
    {
      kt_error_set (error, KT_ERROR_USAGE, NULL, "kastune storage move --to /tank/pg/data", "say where to: --to DIR, --wal-to DIR or both");
      return NULL;
    }
  if (!kt_confirm_check_args (args, error) || !kt_backup_target (context, args, &target, error))
    return NULL;
  return whole ? move_cluster (context, args, &target, error) : move_log (context, args, &target, error);
}
