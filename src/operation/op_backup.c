/* SPDX-License-Identifier: MIT
 *
 * backup create, list, verify, prune.
 */
#include "operation/backup_parts.h"
#include "operation/change_parts.h"
#include "operation/handlers.h"

#include "backup/catalogue.h"
#include "backup/retention.h"
#include "base/error.h"
#include "base/size.h"
#include "change/journal.h"

static JsonObject *
room_to_json (const KtBackupRoom *room)
{
  JsonObject *object = json_object_new ();
  json_object_set_int_member (object, "source_bytes", room->source_bytes);
  json_object_set_int_member (object, "needed_bytes", room->needed_bytes);
  json_object_set_int_member (object, "free_bytes", room->free_bytes);
  json_object_set_boolean_member (object, "fits", room->free_bytes < 0 || room->free_bytes >= room->needed_bytes);
  return object;
}

/* What it would take; nothing is made. */
static JsonObject *
only_look (KtOperationContext *context, const KtBackupKind *kind, const char *catalogue, const KtBackupSource *source,
           const KtBackupOptions *options, GError **error)
{
  KtBackupRoom room;
  if ((kind->check != NULL && !kind->check (source, options, error)) || !kt_backup_room (kind, catalogue, source, &room, error))
    return NULL;
  JsonObject *answer = json_object_new ();
  json_object_set_boolean_member (answer, "dry_run", TRUE);
  json_object_set_string_member (answer, "kind", kind->name);
  json_object_set_string_member (answer, "catalogue", catalogue);
  json_object_set_object_member (answer, "room", room_to_json (&room));
  context->findings = room.free_bytes >= 0 && room.free_bytes < room.needed_bytes;
  return answer;
}

/* Names that reach a program's argument list: a method of compression, and perhaps its level. */
static gboolean
check_compression (const char *word, GError **error)
{
  if (word == NULL || g_regex_match_simple ("^(none|(gzip|lz4|zstd)(:[0-9]{1,2})?)$", word, 0, 0))
    return TRUE;
  kt_error_set (error, KT_ERROR_USAGE, NULL, "for example --compress zstd:3", "--compress takes zstd, lz4, gzip, each perhaps with :LEVEL, or none");
  return FALSE;
}

JsonObject *
kt_handle_backup_create (KtOperationContext *context, JsonObject *args, GError **error)
{
  const KtBackupKind *kind = kt_backup_kind_find (kt_json_string (args, "kind", "physical"));
  g_autofree char *catalogue = kt_backup_catalogue (context, args, "to");
  const KtBackupOptions options = {
    .compress = kt_json_string (args, "compress", NULL),
    .jobs = (guint) kt_json_int (args, "jobs", 0),
    .count = kt_json_bool (args, "count", FALSE),
    .spread = kt_json_bool (args, "spread", FALSE),
    .any_space = kt_json_bool (args, "no_space_check", FALSE),
  };
  g_auto (KtBackupTarget) target = { 0 };
  if (!check_compression (options.compress, error) || !kt_backup_target (context, args, &target, error))
    return NULL;
  if (kt_json_bool (args, "dry_run", FALSE))
    return only_look (context, kind, catalogue, &target.source, &options, error);
  const KtBackupWatch watch = kt_backup_watch (context);
  g_autoptr (KtBackup) backup = kt_backup_create (kind, catalogue, NULL, &target.source, &options, &watch, error);
  if (backup == NULL)
    return NULL;
  JsonObject *answer = json_object_new ();
  json_object_set_object_member (answer, "backup", kt_backup_to_json (backup));
  return answer;
}

static JsonArray *
list_to_json (const GPtrArray *backups)
{
  JsonArray *rows = json_array_new ();
  for (guint i = 0; i < backups->len; i++)
    json_array_add_object_element (rows, kt_backup_to_json (backups->pdata[i]));
  return rows;
}

JsonObject *
kt_handle_backup_list (KtOperationContext *context, JsonObject *args, GError **error)
{
  g_autofree char *catalogue = kt_backup_catalogue (context, args, "from");
  g_autoptr (GPtrArray) backups = kt_catalogue_list (catalogue, error);
  if (backups == NULL)
    return NULL;
  kt_catalogue_measure (backups);
  JsonObject *answer = json_object_new ();
  json_object_set_string_member (answer, "catalogue", catalogue);
  json_object_set_array_member (answer, "backups", list_to_json (backups));
  return answer;
}

JsonObject *
kt_handle_backup_verify (KtOperationContext *context, JsonObject *args, GError **error)
{
  g_autofree char *catalogue = kt_backup_catalogue (context, args, "from");
  const char *named = kt_json_string (args, "scratch", NULL);
  g_autofree char *scratch = named != NULL ? g_canonicalize_filename (named, NULL) : NULL;
  gboolean test = kt_json_bool (args, "restore_test", FALSE);
  const KtBackupWatch watch = kt_backup_watch (context);
  g_autoptr (KtBackup) backup = kt_catalogue_find (catalogue, kt_json_string (args, "id", "latest"), error);
  g_autoptr (JsonObject) answer = json_object_new ();
  if (backup == NULL || !kt_backup_verify (backup, test, scratch, &watch, answer, error))
    return NULL;
  json_object_set_boolean_member (answer, "restore_test", test);
  json_object_set_object_member (answer, "backup", kt_backup_to_json (backup));
  return g_steal_pointer (&answer);
}

/* ----------------------------------------------------------------------------------------------------------- prune */

static void
add_folders (const KtChange *change, GStrvBuilder *ids)
{
  for (guint i = 0; i < change->steps->len; i++)
    {
      const KtChangeStep *step = change->steps->pdata[i];
      const char *folder = kt_json_string (step->args, "folder", NULL);
      g_autofree char *id = folder != NULL ? g_path_get_basename (folder) : NULL;
      if (id != NULL)
        g_strv_builder_add (ids, id);
    }
}

/* Backups of change sets that are not finished, and of those in force that undo would take next. */
static GStrv
needed_by_changes (KtOperationContext *context, GError **error)
{
  g_autoptr (KtState) state = kt_state_open (context->state_directory, error);
  g_autoptr (GPtrArray) changes = state != NULL && kt_journal_init (state, error) ? kt_journal_list (state, NULL, error) : NULL;
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GStrvBuilder) ids = g_strv_builder_new ();
  for (guint i = 0; changes != NULL && i < changes->len; i++)
    {
      KtChange *change = changes->pdata[i];
      gboolean newest = change->state == KT_CHANGE_APPLIED && g_hash_table_add (seen, change->server);
      if (newest || (KT_CHANGE_UNFINISHED & 1u << change->state) != 0)
        add_folders (change, ids);
    }
  return changes != NULL ? g_strv_builder_end (ids) : NULL;
}

/* All backups of a catalogue and what becomes of each. */
typedef struct {
  GPtrArray *backups; /* KtBackup */
  GArray *verdicts;   /* KtRetentionVerdict */
} Judgement;

static void
judgement_clear (Judgement *judgement)
{
  g_clear_pointer (&judgement->backups, g_ptr_array_unref);
  g_clear_pointer (&judgement->verdicts, g_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Judgement, judgement_clear)

static gboolean
judge (KtOperationContext *context, const char *catalogue, const KtRetention *retention, Judgement *judgement, GError **error)
{
  judgement_clear (judgement);
  judgement->backups = kt_catalogue_list (catalogue, error);
  g_auto (GStrv) needed = judgement->backups != NULL ? needed_by_changes (context, error) : NULL;
  if (needed == NULL)
    return FALSE;
  kt_catalogue_measure (judgement->backups);
  judgement->verdicts = kt_retention_judge (judgement->backups, retention, (const char *const *) needed, g_get_real_time () / 1000);
  return TRUE;
}

/* Ids of those that are to go. */
static GHashTable *
going (const Judgement *judgement)
{
  GHashTable *ids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < judgement->backups->len; i++)
    if (g_array_index (judgement->verdicts, KtRetentionVerdict, i).remove)
      g_hash_table_add (ids, g_strdup (((const KtBackup *) judgement->backups->pdata[i])->id));
  return ids;
}

/* A yes is for what was shown. */
static void
keep_what_was_not_shown (Judgement *judgement, GHashTable *shown)
{
  for (guint i = 0; i < judgement->backups->len; i++)
    {
      KtRetentionVerdict *verdict = &g_array_index (judgement->verdicts, KtRetentionVerdict, i);
      if (verdict->remove && !g_hash_table_contains (shown, ((const KtBackup *) judgement->backups->pdata[i])->id))
        *verdict = (KtRetentionVerdict){ .remove = FALSE, .why = "was not among those to go when you were asked" };
    }
}

static JsonArray *
verdicts_to_json (const Judgement *judgement)
{
  JsonArray *rows = json_array_new ();
  for (guint i = 0; i < judgement->backups->len; i++)
    {
      const KtRetentionVerdict *verdict = &g_array_index (judgement->verdicts, KtRetentionVerdict, i);
      JsonObject *row = kt_backup_to_json (judgement->backups->pdata[i]);
      json_object_set_boolean_member (row, "remove", verdict->remove);
      json_object_set_string_member (row, "because", verdict->why);
      json_array_add_object_element (rows, row);
    }
  return rows;
}

/* Oldest first. One that cannot be removed (others build on it, somebody reads it) stays, and is told. */
static guint
remove_those (KtOperationContext *context, const Judgement *judgement, JsonArray *rows)
{
  const KtBackupWatch watch = kt_backup_watch (context);
  guint removed = 0;
  for (guint i = judgement->backups->len; i-- > 0;)
    {
      g_autoptr (GError) local = NULL;
      if (!g_array_index (judgement->verdicts, KtRetentionVerdict, i).remove || g_cancellable_is_cancelled (context->cancellable))
        continue;
      JsonObject *row = json_array_get_object_element (rows, i);
      gboolean gone = kt_catalogue_remove (judgement->backups->pdata[i], &watch, &local);
      json_object_set_boolean_member (row, "removed", gone);
      removed += gone;
      if (!gone)
        {
          json_object_set_string_member (row, "problem", local->message);
          context->findings = TRUE;
        }
    }
  return removed;
}

JsonObject *
kt_handle_backup_prune (KtOperationContext *context, JsonObject *args, GError **error)
{
  g_autofree char *catalogue = kt_backup_catalogue (context, args, "from");
  const KtRetention retention = {
    .keep = (guint) kt_json_int (args, "keep", 0),
    .max_age_ms = kt_json_int (args, "older_than", 0),
    .max_bytes = kt_json_int (args, "larger_than", 0),
  };
  if (!kt_json_bool (args, "dry_run", FALSE))
    kt_catalogue_sweep (catalogue);
  g_auto (Judgement) judgement = { 0 };
  if (!judge (context, catalogue, &retention, &judgement, error))
    return NULL;
  g_autoptr (GHashTable) shown = going (&judgement);
  g_autoptr (JsonObject) answer = json_object_new ();
  json_object_set_string_member (answer, "catalogue", catalogue);
  json_object_set_array_member (answer, "backups", verdicts_to_json (&judgement));
  if (g_hash_table_size (shown) > 0)
    {
      /* Whoever is asked may think for long: meanwhile the last good one of today may be gone. */
      if (!kt_change_may_go_on (context, args, answer, error))
        return json_object_has_member (answer, "dry_run") ? g_steal_pointer (&answer) : NULL;
      if (!judge (context, catalogue, &retention, &judgement, error))
        return NULL;
      keep_what_was_not_shown (&judgement, shown);
      json_object_set_array_member (answer, "backups", verdicts_to_json (&judgement));
    }
  json_object_set_int_member (answer, "n_removed", remove_those (context, &judgement, kt_json_array (answer, "backups")));
  return g_steal_pointer (&answer);
}
