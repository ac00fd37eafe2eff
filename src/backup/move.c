/* SPDX-License-Identifier: MIT */
#include "backup/move.h"

#include "backup/control_data.h"
#include "backup/follower.h"
#include "backup/move_parts.h"
#include "backup/place.h"
#include "backup/program.h"
#include "base/crash.h"
#include "base/error.h"
#include "base/folder.h"
#include "base/size.h"
#include "postgres/locate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LEFTOVER_US (60 * G_USEC_PER_SEC)
#define CLEAN "shut down" /* the state of a server that ended as it should */

typedef struct {
  KtInstance *instance;
  KtMovePlaces at;
  KtBackupWatch watch;
} Move;

static void
move_clear (Move *move)
{
  g_clear_pointer (&move->instance, kt_instance_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Move, move_clear)

static gboolean
move_of (KtStepContext *context, JsonObject *args, Move *move, GError **error)
{
  JsonObject *instance = kt_json_object (args, "instance");
  move->instance = kt_instance_from_json (instance, error);
  if (move->instance == NULL)
    return FALSE;
  move->at = (KtMovePlaces){
    .path = kt_json_string (args, "path", ""),
    .home = kt_json_string (args, "home", ""),
    .link = kt_json_string (args, "link", NULL),
    .target = kt_json_string (args, "target", ""),
    .wal = kt_json_string (args, "wal", NULL),
    .kept = kt_json_string (args, "kept", ""),
  };
  move->watch = (KtBackupWatch){ context->cancellable, kt_move_pass_progress, context };
  return TRUE;
}

JsonObject *
kt_step_move_data_args (const KtInstance *instance, const KtMovePlaces *places)
{
  JsonObject *args = json_object_new ();
  json_object_set_object_member (args, "instance", kt_instance_to_json (instance));
  json_object_set_string_member (args, "path", places->path);
  json_object_set_string_member (args, "home", places->home);
  kt_json_set_string (args, "link", places->link);
  json_object_set_string_member (args, "target", places->target);
  kt_json_set_string (args, "wal", places->wal);
  json_object_set_string_member (args, "kept", places->kept);
  return args;
}

static char *
describe (JsonObject *args)
{
  const char *wal = kt_json_string (args, "wal", NULL);
  return g_strdup_printf ("copy %s to %s%s%s while PostgreSQL runs, let the copy follow, then stop PostgreSQL for the last of its log and "
                          "start it there (%s stays and leads there, what it held is kept as %s)",
                          kt_json_string (args, "home", "?"), kt_json_string (args, "target", "?"), wal != NULL ? ", its log to " : "",
                          wal != NULL ? wal : "", kt_json_string (args, "path", "?"), kt_json_string (args, "kept", "?"));
}

/* -------------------------------------------------------------------------------------------------------- the disk */

/* The path leads to the target: whatever starts the server starts it there. */
static gboolean
leads_there (const Move *move)
{
  g_autofree char *text = g_file_read_link (move->at.path, NULL);
  return g_strcmp0 (text, move->at.target) == 0;
}

/* From this instant on rows may have been written there that are nowhere else. */
static gboolean
is_switched (const Move *move)
{
  return leads_there (move) && !kt_place_only_follows (move->at.target) && !kt_place_is_asleep (move->at.target);
}

/* -------------------------------------------------------------------------------------------------------- checking */

static gboolean
may_write_beside (const char *path, GError **error)
{
  g_autofree char *parent = g_path_get_dirname (path);
  if (access (parent, W_OK | X_OK) == 0)
    return TRUE;
  kt_error_set_errno (error, errno, "run kastune as root", "%s must be given another name for it, which takes writing in %s", path, parent);
  return FALSE;
}

gboolean
kt_step_move_data_check (const KtInstance *instance, const KtMovePlaces *places, GError **error)
{
  g_autofree char *uncopied = kt_place_uncopied (places->home);
  const char *why = instance->control == KT_CONTROL_DOCKER    ? "it is in a container: give it another volume"
                    : !kt_instance_can_restart (instance)     ? "kastune does not know how it is stopped and started"
                    : kt_place_is_mount_point (places->home)           ? "it is a mount point, which cannot get another name"
                    : kt_place_is_there (places->kept)                 ? "the name under which it would be kept is taken"
                                                              : uncopied;
  if (why != NULL)
    {
      kt_error_set (error, KT_ERROR_UNSUPPORTED, why, why == uncopied ? "remove that cause, then again" : "docs/storage.md says what can be moved",
                    "the data directory %s cannot be moved", places->home);
      return FALSE;
    }
  return kt_place_check_target (places->target, places->home, error)
         && (places->wal == NULL || kt_place_check_target (places->wal, places->home, error)) && may_write_beside (places->home, error)
         && may_write_beside (places->path, error);
}

static gboolean
check (KtStepContext *context, JsonObject *args, GError **error)
{
  g_auto (Move) move = { 0 };
  if (!move_of (context, args, &move, error) || !kt_step_move_data_check (move.instance, &move.at, error))
    return FALSE;
  g_autofree char *real = realpath (move.at.path, NULL);
  if (g_strcmp0 (real, move.at.home) == 0)
    return TRUE;
  kt_error_set (error, KT_ERROR_CHANGED, NULL, "make a new plan", "the data directory no longer lies in %s", move.at.home);
  return FALSE;
}

/* ------------------------------------------------------------------------------------------------ an empty directory */

static JsonObject *
prepare (KtStepContext *context, JsonObject *args, GError **error)
{
  JsonObject *before = json_object_new ();
  json_object_set_object_member (before, "target", kt_place_describe (kt_json_string (args, "target", NULL)));
  json_object_set_object_member (before, "wal", kt_place_describe (kt_json_string (args, "wal", NULL)));
  return before;
}

/* A standby whose kastune was killed ends by itself; nothing is touched below it. */
static gboolean
wait_for_leftover (const char *data, GError **error)
{
  KtPostmasterFile file;
  gint64 deadline = g_get_monotonic_time () + LEFTOVER_US;
  while (kt_postmaster_file_read (data, &file) && kt_postmaster_is_alive (file.pid, data))
    {
      if (g_get_monotonic_time () > deadline)
        {
          kt_error_set (error, KT_ERROR_REFUSED, NULL, "stop it", "a server runs in %s (process %" G_GINT64_FORMAT ")", data, file.pid);
          return FALSE;
        }
      g_usleep (50000);
    }
  return TRUE;
}

/* A complete copy that does not only follow has been a server of its own: rows may be in it that are nowhere else. */
static gboolean
may_have_lived (const char *data)
{
  g_autofree char *control = g_build_filename (data, "global", "pg_control", NULL);
  g_autofree char *label = g_build_filename (data, "backup_label", NULL);
  return kt_place_is_there (control) && !kt_place_is_there (label) && !kt_place_only_follows (data);
}

static gboolean
clear_copy (const Move *move, JsonObject *before, GError **error)
{
  if (may_have_lived (move->at.target) || kt_place_is_asleep (move->at.target))
    return TRUE;
  return wait_for_leftover (move->at.target, error)
         && kt_place_clear (move->at.target, "pg_wal", kt_json_object (before, "target"), error)
         && (move->at.wal == NULL || kt_place_clear (move->at.wal, "archive_status", kt_json_object (before, "wal"), error));
}

/* ------------------------------------------------------------------------------------------------------- the switch */

/* The server runs in the other one now. That the note could not be completed costs nobody a row. */
static void
complete_note (const Move *move, const char *left, const char *to, const KtFollowed *followed)
{
  g_autoptr (GError) error = NULL;
  gint64 interruption_ms = (g_get_monotonic_time () - followed->stopped_at) / 1000;
  g_autofree char *note = kt_move_note (to, followed, interruption_ms);
  g_autofree char *away = kt_duration_format (interruption_ms);
  g_autofree char *bytes = kt_size_format (followed->caught_up_bytes);
  g_autofree char *what = g_strdup_printf ("PostgreSQL runs in %s; it was away for %s, %s of log were caught up meanwhile", to, away, bytes);
  if (!kt_place_put_to_sleep (left, note, &error))
    g_debug ("%s", error->message);
  kt_backup_say (&move->watch, what, 0, 0);
}

/* Does the copy that the path leads to end where the other one was left, which sleeps since? */
static gboolean
has_only_followed (const Move *move)
{
  const char *left = kt_place_is_folder (move->at.home) ? move->at.home : move->at.kept;
  g_autoptr (KtControlData) one = kt_place_is_asleep (left) ? kt_control_data_read (move->instance->bin_directory, left, NULL) : NULL;
  g_autoptr (KtControlData) other = one != NULL ? kt_control_data_read (move->instance->bin_directory, move->at.target, NULL) : NULL;
  return other != NULL && one->checkpoint == other->checkpoint && one->timeline == other->timeline;
}

/* A server that the path no longer leads to, or a standby of another one: no crash of ours leads there, and rows may be in it that are
 * nowhere else. To start what was left would be to go back by all of them. */
static gboolean
is_still_ours (const Move *move, GError **error)
{
  gboolean led = leads_there (move);
  const char *why = !led && may_have_lived (move->at.target)                                    ? "the path of the data directory no longer leads there"
                    : led && kt_place_only_follows (move->at.target) && !has_only_followed (move) ? "it is the standby of another server now"
                                                                                                 : NULL;
  if (why == NULL)
    return TRUE;
  kt_error_set (error, KT_ERROR_CHANGED, why, "nothing was changed; what was left can be removed when nobody wants it any more",
                "the cluster in %s has got a life of its own since it was moved there", move->at.target);
  return FALSE;
}

/* Made since the move began, perhaps. */
static gboolean
has_all (const char *data, GError **error)
{
  g_autofree char *uncopied = kt_place_uncopied (data);
  if (uncopied == NULL)
    return TRUE;
  kt_error_set (error, KT_ERROR_CHANGED, uncopied, NULL, "something would be lost by moving the cluster");
  return FALSE;
}

/* The server is down, and both end at the same position. The last of these makes the copy a server that takes writes. */
static gboolean
switch_over (const Move *move, const KtFollowed *followed, GError **error)
{
  if (!has_all (move->at.home, error))
    return FALSE;
  g_autofree char *note = kt_move_note (move->at.target, followed, -1);
  kt_backup_say (&move->watch, "the copy takes its place", 0, 0);
  return kt_place_carry_over (move->at.home, move->at.target, error)
         && kt_move_put_to_sleep (move->instance, move->at.home, note, CLEAN, followed->checkpoint, error)
         && kt_place_rename (move->at.home, move->at.kept, error) && kt_place_point (move->at.path, move->at.target, error)
         && kt_place_set_follows (move->at.target, FALSE, error);
}

static gboolean
start_at_home (const Move *move, GError **error)
{
  if (!kt_instance_start (move->instance, NULL, error))
    return FALSE;
  kt_follower_drop_slots (move->instance);
  return TRUE;
}

/* Nothing was written there yet: as it was. */
static gboolean
take_back (const Move *move, JsonObject *before, GError **error)
{
  if (leads_there (move))
    {
      /* Somebody may have started it meanwhile: it only followed. */
      if (!kt_instance_stop (move->instance, NULL, error) || (move->at.link == NULL && !kt_place_remove_link (move->at.path, error)))
        return FALSE;
    }
  if (!kt_place_is_there (move->at.home) && kt_place_is_there (move->at.kept) && !kt_place_rename (move->at.kept, move->at.home, error))
    return FALSE;
  return (move->at.link == NULL || !leads_there (move) || kt_place_point (move->at.path, move->at.link, error))
         && kt_place_wake (move->at.home, error) && start_at_home (move, error) && clear_copy (move, before, error);
}

/* In the last instant the server may forget log that the copy still lacks: then it is up again and followed once more. */
static gboolean
follow (const Move *move, KtFollower *follower, KtFollowed *followed, GError **error)
{
  const char *data = follower->data;
  g_autoptr (GError) local = NULL;
  if (kt_follower_catch_up (follower, &local) && kt_follower_finish (follower, followed, &local))
    return TRUE;
  if (!g_error_matches (local, KT_ERROR, KT_ERROR_VERIFY))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  kt_backup_say (&move->watch, "the copy did not get all of the log: once more", 0, 0);
  kt_follower_end (follower);
  if (!kt_instance_start (move->instance, NULL, error))
    return FALSE;
  g_autoptr (KtFollower) again = kt_follower_new (move->instance, data, &move->watch, error);
  return again != NULL && kt_follower_catch_up (again, error) && kt_follower_finish (again, followed, error);
}

static gboolean
is_begun (const Move *move)
{
  return leads_there (move) || !kt_place_is_there (move->at.home) || kt_place_is_asleep (move->at.home) || !kt_folder_is_empty (move->at.target);
}

static gboolean
apply (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  g_auto (Move) move = { 0 };
  KtFollowed followed = { 0 };
  if (!move_of (context, args, &move, error))
    return FALSE;
  if (is_switched (&move))
    return kt_instance_start (move.instance, context->cancellable, error);
  if (!kt_place_is_still_mounted (move.at.target, kt_json_object (before, "target"), error)
      || !kt_place_is_still_mounted (move.at.wal, kt_json_object (before, "wal"), error)
      || (is_begun (&move) && !take_back (&move, before, error)) || !kt_place_make_ready (move.at.target, move.at.home, error)
      || (move.at.wal != NULL && !kt_place_make_ready (move.at.wal, move.at.home, error)))
    return FALSE;
  kt_crash_point ("move: ready to copy");
  g_autoptr (KtFollower) follower = kt_follower_new (move.instance, move.at.target, &move.watch, error);
  if (follower == NULL || !kt_follower_copy (follower, move.at.wal, error) || !follow (&move, follower, &followed, error)
      || !switch_over (&move, &followed, error))
    return FALSE;
  kt_crash_point ("move: switched");
  if (!kt_instance_start (move.instance, NULL, error))
    return FALSE;
  complete_note (&move, move.at.kept, move.at.target, &followed);
  return TRUE;
}

static gboolean
verify (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  g_auto (Move) move = { 0 };
  g_autoptr (KtConnection) connection
    = move_of (context, args, &move, error) ? kt_connection_open (move.instance->conninfo, error) : NULL;
  if (connection == NULL || !kt_instance_is_same (move.instance, connection, error))
    return FALSE;
  g_autofree char *real = realpath (move.at.path, NULL);
  if (is_switched (&move) && g_strcmp0 (real, move.at.target) == 0)
    return TRUE;
  kt_error_set (error, KT_ERROR_VERIFY, NULL, NULL, "the data directory lies in %s, not in %s", real != NULL ? real : "nothing",
                move.at.target);
  return FALSE;
}

/* --------------------------------------------------------------------------------------------------------- and back */

/* Both are down and equal, and the target is asleep. */
static gboolean
come_home (const Move *move, GError **error)
{
  if (move->at.link == NULL && !kt_place_remove_link (move->at.path, error))
    return FALSE;
  if (!kt_place_is_there (move->at.home) && !kt_place_rename (move->at.kept, move->at.home, error))
    return FALSE;
  return (move->at.link == NULL || !leads_there (move) || kt_place_point (move->at.path, move->at.link, error))
         && kt_place_wake (move->at.home, error) && kt_place_set_follows (move->at.home, FALSE, error) && start_at_home (move, error);
}

/* A server that never got as far as taking writes: it did not start in its new place. Before it would, it writes a checkpoint of its
 * own. */
static gboolean
never_opened (const Move *move, gboolean *never, KtFollowed *followed, GError **error)
{
  *never = FALSE;
  if (!kt_place_is_asleep (move->at.kept) || kt_instance_is_running (move->instance))
    return TRUE;
  g_autoptr (KtControlData) kept = kt_control_data_read (move->instance->bin_directory, move->at.kept, error);
  g_autoptr (KtControlData) now = kept != NULL ? kt_control_data_read (move->instance->bin_directory, move->at.target, error) : NULL;
  if (now == NULL)
    return FALSE;
  followed->checkpoint = now->checkpoint;
  followed->stopped_at = g_get_monotonic_time ();
  *never = now->checkpoint == kept->checkpoint
           && (g_str_equal (now->state, "shut down in recovery") || g_str_equal (now->state, "in crash recovery"));
  return TRUE;
}

/* No transaction has changed anything since: seen while the server runs, then again when it has stopped. *same: it is stopped then. */
static gboolean
try_as_left (const Move *move, KtFollowed *followed, gboolean *same, GError **error)
{
  *same = FALSE;
  if (!kt_place_is_asleep (move->at.kept))
    return TRUE;
  const char *bin = move->instance->bin_directory;
  g_autoptr (KtControlData) kept = kt_control_data_read (bin, move->at.kept, error);
  g_autoptr (KtConnection) connection = kept != NULL ? kt_connection_open (move->instance->conninfo, error) : NULL;
  g_autoptr (PGresult) row = connection != NULL ? kt_connection_query_file (connection, error, "move_written", NULL) : NULL;
  if (row == NULL)
    return FALSE;
  if ((guint64) kt_result_int (row, 0, "next_xid") != kept->next_xid)
    return TRUE;
  g_clear_pointer (&connection, kt_connection_free);
  followed->stopped_at = g_get_monotonic_time ();
  if (!kt_instance_stop (move->instance, NULL, error))
    return FALSE;
  g_autoptr (KtControlData) now = kt_control_data_read (bin, move->at.target, error);
  if (now == NULL)
    return FALSE;
  followed->checkpoint = now->checkpoint;
  *same = g_str_equal (now->state, CLEAN) && now->next_xid == kept->next_xid && now->next_multixact == kept->next_multixact;
  return *same || kt_instance_start (move->instance, NULL, error);
}

/* What an earlier attempt left unfinished, or nothing: then a whole copy is made. */
static gboolean
copy_anew (const Move *move, KtFollower *follower, GError **error)
{
  kt_backup_say (&move->watch, "what was left here is gone or too old to catch up: it is copied anew", 0, 0);
  return kt_folder_remove (move->at.kept, error) && kt_place_make_ready (move->at.kept, move->at.target, error)
         && kt_follower_copy (follower, NULL, error);
}

static gboolean
can_catch_up (const Move *move)
{
  return kt_place_is_asleep (move->at.kept) || kt_place_only_follows (move->at.kept);
}

static gboolean
set_aside (const Move *move, GError **error)
{
  g_autofree char *aside = g_strdup_printf ("%s.stale-%" G_GINT64_FORMAT, move->at.kept, g_get_real_time () / G_USEC_PER_SEC);
  return kt_place_rename (move->at.kept, aside, error);
}

/* What was left follows the server, from where it was left, as long as the server has the log since. */
static gboolean
follow_home (const Move *move, KtFollowed *followed, GError **error)
{
  g_autoptr (GError) local = NULL;
  {
    g_autoptr (KtFollower) follower = kt_follower_new (move->instance, move->at.kept, &move->watch, error);
    if (follower == NULL)
      return FALSE;
    gboolean ready = can_catch_up (move) ? kt_place_set_follows (move->at.kept, TRUE, error) && kt_place_wake (move->at.kept, error)
                                         : copy_anew (move, follower, error);
    if (!ready)
      return FALSE;
    if (follow (move, follower, followed, &local))
      return TRUE;
  }
  if (!g_error_matches (local, KT_ERROR, KT_ERROR_NOT_FOUND))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  g_autoptr (KtFollower) again = set_aside (move, error) ? kt_follower_new (move->instance, move->at.kept, &move->watch, error) : NULL;
  return again != NULL && copy_anew (move, again, error) && follow (move, again, followed, error);
}

/* Until both are equal and the target is asleep. */
static gboolean
leave_again (const Move *move, KtFollowed *followed, GError **error)
{
  gboolean same = FALSE, opened = FALSE;
  if (!wait_for_leftover (move->at.kept, error) || !never_opened (move, &same, followed, error))
    return FALSE;
  if (!same)
    {
      opened = TRUE;
      if (!kt_instance_start (move->instance, NULL, error) || !has_all (move->at.target, error)
          || !try_as_left (move, followed, &same, error) || (!same && !follow_home (move, followed, error)))
        return FALSE;
    }
  g_autofree char *note = kt_move_note (move->at.home, followed, -1);
  /* Where no server ever got up there is nothing new, and perhaps its owner gets in there no more. */
  return (!opened || kt_place_carry_over (move->at.target, move->at.kept, error))
         && kt_move_put_to_sleep (move->instance, move->at.target, note, opened ? CLEAN : NULL, followed->checkpoint, error);
}

/* Rows may have been written since: they come back as they went. */
static gboolean
carry_back (const Move *move, GError **error)
{
  KtFollowed followed = { 0 };
  if (!leave_again (move, &followed, error))
    {
      /* Where it is it goes on. */
      if (kt_instance_start (move->instance, NULL, NULL))
        kt_follower_drop_slots (move->instance);
      return FALSE;
    }
  if (!come_home (move, error))
    return FALSE;
  complete_note (move, move->at.target, move->at.home, &followed);
  return TRUE;
}

static gboolean
undo (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  g_auto (Move) move = { 0 };
  if (!move_of (context, args, &move, error) || !is_still_ours (&move, error))
    return FALSE;
  if (is_switched (&move))
    return carry_back (&move, error);
  return kt_place_is_asleep (move.at.target) ? come_home (&move, error) : take_back (&move, before, error);
}

/* Without what was left it takes room for the whole cluster again. */
static gboolean
fits_again (const Move *move, GError **error)
{
  if (can_catch_up (move))
    return TRUE;
  gint64 needed = kt_folder_bytes (move->at.target), room = kt_folder_free_bytes (move->at.kept);
  if (room < 0 || room >= needed)
    return TRUE;
  g_autofree char *wanted = kt_size_format (needed);
  g_autofree char *there = kt_size_format (room);
  kt_error_set (error, KT_ERROR_NO_SPACE, NULL, "make room there, then again",
                "what was kept as %s is gone, and to copy the cluster back takes %s where %s are free", move->at.kept, wanted, there);
  return FALSE;
}

static gboolean
can_undo (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  g_auto (Move) move = { 0 };
  if (!move_of (context, args, &move, error) || !is_still_ours (&move, error))
    return FALSE;
  if (leads_there (&move) || kt_place_is_folder (move.at.home) || kt_place_is_folder (move.at.kept))
    return !is_switched (&move) || (has_all (move.at.target, error) && fits_again (&move, error));
  kt_error_set (error, KT_ERROR_CHANGED, NULL, "kastune history shows what was moved where", "%s no longer leads to %s", move.at.path,
                move.at.target);
  return FALSE;
}

const KtStepKind kt_step_move_data = {
  .name = "move-data-directory",
  .describe = describe,
  .check = check,
  .prepare = prepare,
  .apply = apply,
  .verify = verify,
  .can_undo = can_undo,
  .undo = undo,
  .touches = kt_move_touches,
};
