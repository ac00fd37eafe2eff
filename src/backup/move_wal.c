/* SPDX-License-Identifier: MIT */
#include "backup/move.h"

#include "backup/control_data.h"
#include "backup/move_parts.h"
#include "backup/place.h"
#include "backup/program.h"
#include "base/crash.h"
#include "base/error.h"
#include "base/folder.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KNOWN "archive_status" /* every pg_wal has it */
#define NOTE \
  "# PostgreSQL does not start here for a moment: kastune gives its log another place. When this is still here after kastune has ended,\n" \
  "# kastune undo takes that back and kastune resume carries it to its end; either wakes it.\n"

/* Names below the data directory; while the server runs only pg_wal itself is there. */
typedef struct {
  KtInstance *instance;
  KtBackupWatch watch;
  char *path;         /* pg_wal */
  char *left;         /* what it was, until the server runs on the other */
  char *coming;       /* what it will be again */
  const char *link;   /* what pg_wal says when it is a link to another place from the beginning; NULL: it was none */
  const char *target;
} Log;

static void
log_clear (Log *log)
{
  g_clear_pointer (&log->instance, kt_instance_free);
  g_clear_pointer (&log->path, g_free);
  g_clear_pointer (&log->left, g_free);
  g_clear_pointer (&log->coming, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Log, log_clear)

static gboolean
log_of (KtStepContext *context, JsonObject *args, Log *log, GError **error)
{
  JsonObject *instance = kt_json_object (args, "instance");
  log->instance = kt_instance_from_json (instance, error);
  if (log->instance == NULL)
    return FALSE;
  log->path = g_build_filename (log->instance->data_directory, "pg_wal", NULL);
  log->left = g_strconcat (log->path, ".kastune-left", NULL);
  log->coming = g_strconcat (log->path, ".kastune-coming", NULL);
  log->link = kt_json_string (args, "link", NULL);
  log->target = kt_json_string (args, "target", "");
  log->watch = (KtBackupWatch){ context->cancellable, kt_move_pass_progress, context };
  return TRUE;
}

JsonObject *
kt_step_move_log_args (const KtInstance *instance, const char *target)
{
  JsonObject *args = json_object_new ();
  g_autofree char *path = g_build_filename (instance->data_directory, "pg_wal", NULL);
  g_autofree char *link = g_file_read_link (path, NULL);
  json_object_set_object_member (args, "instance", kt_instance_to_json (instance));
  json_object_set_string_member (args, "path", path);
  kt_json_set_string (args, "link", link);
  json_object_set_string_member (args, "target", target);
  return args;
}

static char *
describe (JsonObject *args)
{
  return g_strdup_printf ("stop PostgreSQL, copy %s to %s and let it lead there, start PostgreSQL", kt_json_string (args, "path", "?"),
                          kt_json_string (args, "target", "?"));
}

static gboolean
leads_there (const Log *log)
{
  g_autofree char *text = g_file_read_link (log->path, NULL);
  return g_strcmp0 (text, log->target) == 0;
}

gboolean
kt_step_move_log_check (const KtInstance *instance, const char *target, GError **error)
{
  g_autofree char *data = realpath (instance->data_directory, NULL);
  g_autofree char *path = g_build_filename (instance->data_directory, "pg_wal", NULL);
  g_autofree char *home = realpath (path, NULL);
  const char *why = instance->control == KT_CONTROL_DOCKER                                 ? "it is in a container"
                    : !kt_instance_can_restart (instance)                                  ? "kastune does not know how the server is stopped and started"
                    : data == NULL || home == NULL                                         ? "it cannot be looked at"
                    : kt_place_is_folder (path) && kt_place_is_mount_point (path)          ? "it is a mount point, which cannot get another name"
                                                                                           : NULL;
  if (why != NULL)
    {
      kt_error_set (error, KT_ERROR_UNSUPPORTED, why, "run kastune as root, where the server is controlled", "the log %s cannot be moved", path);
      return FALSE;
    }
  return kt_place_check_target (target, data, error) && kt_place_check_target (target, home, error);
}

static gboolean
check (KtStepContext *context, JsonObject *args, GError **error)
{
  g_auto (Log) log = { 0 };
  return log_of (context, args, &log, error) && kt_step_move_log_check (log.instance, log.target, error);
}

static JsonObject *
prepare (KtStepContext *context, JsonObject *args, GError **error)
{
  JsonObject *before = json_object_new ();
  json_object_set_object_member (before, "target", kt_place_describe (kt_json_string (args, "target", NULL)));
  return before;
}

/* -------------------------------------------------------------------------------------------------------- copying */

/* Everything with owner and mode, compared file by file, on disk. By their owner, who could lead root elsewhere by a link in @to. */
static gboolean
copy_log (const Log *log, const char *from, const char *to, GError **error)
{
  g_autofree char *all = g_build_filename (from, ".", NULL);
  const char *const argv[] = { "cp", "-a", "--", all, to, NULL };
  const KtBackupProgram program = { .argv = argv, .user = geteuid () == 0 ? log->instance->owner : NULL, .what = "copying the log",
                                    .folder = to, .total = kt_folder_bytes (from) };
  if (!kt_place_make_ready (to, from, error) || !kt_backup_run (&program, &log->watch, NULL, error) || !kt_folder_sync (to, error))
    return FALSE;
  g_autoptr (JsonArray) sums = kt_backup_checksums (from, &log->watch, error);
  return sums != NULL && kt_backup_compare_checksums (to, sums, &log->watch, error);
}

/* All of the log moves at once, so it does not matter how the server ended; but it must be what was copied until the end. Caller frees. */
static KtControlData *
stop (const Log *log, GError **error)
{
  kt_backup_say (&log->watch, "stopping PostgreSQL", 0, 0);
  return kt_instance_stop (log->instance, NULL, error)
           ? kt_control_data_read (log->instance->bin_directory, log->instance->data_directory, error) : NULL;
}

/* Nobody starts the server from here until it is woken. */
static gboolean
fall_asleep (const Log *log, const KtControlData *at_rest, GError **error)
{
  return kt_move_put_to_sleep (log->instance, log->instance->data_directory, NOTE, at_rest->state, at_rest->checkpoint, error);
}

static gboolean
wake_and_start (const Log *log, GError **error)
{
  return kt_place_wake (log->instance->data_directory, error) && kt_instance_start (log->instance, NULL, error);
}

/* A crash may have left any part of it. */
static gboolean
take_back (const Log *log, JsonObject *before, GError **error)
{
  if (!kt_place_is_there (log->path) && kt_place_is_there (log->coming) && !kt_place_rename (log->coming, log->path, error))
    return FALSE;
  if (!kt_place_is_there (log->path) && kt_place_is_there (log->left) && !kt_place_rename (log->left, log->path, error))
    return FALSE;
  return wake_and_start (log, error) && kt_folder_remove (log->left, error)
         && kt_place_clear (log->target, KNOWN, kt_json_object (before, "target"), error);
}

/* Where a link led to before; NULL: there was none. Caller frees. */
static char *
former_of (const Log *log)
{
  return log->link != NULL ? g_canonicalize_filename (log->link, log->instance->data_directory) : NULL;
}

/* What lies there is only log that the server has left behind. */
static gboolean
empty_former (const char *former, GError **error)
{
  g_autoptr (JsonObject) as_it_is = kt_place_describe (former);
  return kt_place_clear (former, KNOWN, as_it_is, error);
}

/* The former files are of no use once the server writes on elsewhere. */
static gboolean
drop_former (const Log *log, GError **error)
{
  g_autofree char *former = former_of (log);
  return (former == NULL || empty_former (former, error)) && kt_folder_remove (log->left, error);
}

static gboolean
carry (const Log *log, GError **error)
{
  g_autoptr (KtControlData) at_rest = stop (log, error);
  if (at_rest == NULL || !copy_log (log, log->path, log->target, error))
    return FALSE;
  kt_crash_point ("move: log copied");
  return fall_asleep (log, at_rest, error) && (log->link != NULL || kt_place_rename (log->path, log->left, error))
         && kt_place_point (log->path, log->target, error);
}

static gboolean
apply (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  g_auto (Log) log = { 0 };
  if (!log_of (context, args, &log, error))
    return FALSE;
  if (!leads_there (&log))
    {
      if (!kt_place_is_still_mounted (log.target, kt_json_object (before, "target"), error))
        return FALSE;
      if ((!kt_place_is_there (log.path) || !kt_folder_is_empty (log.target)) && !take_back (&log, before, error))
        return FALSE;
      if (!carry (&log, error))
        return FALSE;
    }
  kt_crash_point ("move: log switched");
  return wake_and_start (&log, error) && drop_former (&log, error);
}

static gboolean
verify (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  g_auto (Log) log = { 0 };
  g_autoptr (KtConnection) connection = log_of (context, args, &log, error) ? kt_connection_open (log.instance->conninfo, error) : NULL;
  if (connection == NULL || !kt_instance_is_same (log.instance, connection, error))
    return FALSE;
  if (leads_there (&log))
    return TRUE;
  kt_error_set (error, KT_ERROR_VERIFY, NULL, NULL, "%s does not lead to %s", log.path, log.target);
  return FALSE;
}

/* ------------------------------------------------------------------------------------------------------- and back */

static gboolean
carry_back (const Log *log, GError **error)
{
  g_autofree char *former = former_of (log);
  const char *into = former != NULL ? former : log->coming;
  g_autoptr (KtControlData) at_rest = stop (log, error);
  if (at_rest == NULL)
    return FALSE;
  if (former == NULL ? !kt_folder_remove (into, error) : !empty_former (into, error))
    return FALSE;
  if (!copy_log (log, log->target, into, error))
    return FALSE;
  kt_crash_point ("move: log copied back");
  if (!fall_asleep (log, at_rest, error))
    return FALSE;
  if (former != NULL)
    return kt_place_point (log->path, log->link, error);
  return kt_place_remove_link (log->path, error) && kt_place_rename (log->coming, log->path, error);
}

static gboolean
undo (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  g_auto (Log) log = { 0 };
  if (!log_of (context, args, &log, error))
    return FALSE;
  if (!leads_there (&log) || carry_back (&log, error))
    return take_back (&log, before, error);
  /* Where the log is, the server goes on. */
  if (leads_there (&log))
    wake_and_start (&log, NULL);
  return FALSE;
}

static gboolean
can_undo (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  g_auto (Log) log = { 0 };
  if (!log_of (context, args, &log, error))
    return FALSE;
  g_autofree char *link = g_file_read_link (log.path, NULL);
  gboolean as_before = log.link != NULL ? g_strcmp0 (link, log.link) == 0 : kt_place_is_folder (log.path);
  if (leads_there (&log) || as_before || !kt_place_is_there (log.path))
    return TRUE;
  kt_error_set (error, KT_ERROR_CHANGED, NULL, "move it yourself", "somebody else moved the log: %s no longer leads to %s", log.path, log.target);
  return FALSE;
}

const KtStepKind kt_step_move_log = {
  .name = "move-log",
  .describe = describe,
  .check = check,
  .prepare = prepare,
  .apply = apply,
  .verify = verify,
  .can_undo = can_undo,
  .undo = undo,
  .touches = kt_move_touches,
};
