/* SPDX-License-Identifier: MIT
 *
 * ZFS snapshots of the datasets that hold the cluster, data and log at one instant: what is on disk after a loss of power, which
 * PostgreSQL recovers from. They lie in the pool, the folder has only the record of them:
 *
 *     {snapshot: "kastune-ID", parts: [{role, path, dataset, below, guid}], referenced_bytes}
 */
#include "backup/catalogue.h"
#include "backup/counts.h"
#include "backup/scratch.h"
#include "backup/zfs_set.h"

#include "base/crash.h"
#include "base/error.h"
#include "base/folder.h"
#include "base/size.h"

#include <sys/file.h>

#define LEAST_ROOM 20 /* a snapshot holds on to what is rewritten: so large a part of the data must be free */

static JsonArray *
set_of (KtBackup *backup)
{
  return kt_json_array (backup->manifest, "parts");
}

static const char *
snapshot_of (KtBackup *backup)
{
  return kt_json_string (backup->manifest, "snapshot", "");
}

/* Of clones: which backup, and what for. Caller frees. */
static char *
prefix_of (KtBackup *backup, const char *purpose)
{
  return g_strdup_printf ("kastune-%s-%s", purpose, backup->id);
}

/* ------------------------------------------------------------------------------------------------------------- create */

static JsonArray *
find (const KtBackupSource *source, GError **error)
{
  const KtInstance *instance = source->instance;
  if (instance != NULL && instance->data_directory != NULL)
    return kt_zfs_set_find (instance->data_directory, error);
  kt_error_set (error, KT_ERROR_UNSUPPORTED, NULL, "run kastune on the machine of the server, as root",
                "the data directory of this server cannot be seen from here");
  return NULL;
}

static gboolean
check (const KtBackupSource *source, const KtBackupOptions *options, GError **error)
{
  gint64 available = 0, referenced = 0;
  g_autoptr (JsonArray) set = find (source, error);
  if (set == NULL || !kt_zfs_set_room (set, &available, &referenced, error))
    return FALSE;
  if ((options != NULL && options->any_space) || available >= referenced / LEAST_ROOM)
    return TRUE;
  g_autofree char *data = kt_size_format (referenced);
  g_autofree char *there = kt_size_format (available);
  g_autofree char *wanted = kt_size_format (referenced / LEAST_ROOM);
  kt_error_set (error, KT_ERROR_NO_SPACE, "a snapshot holds on to all that is rewritten or removed",
                "make room in the pool, or: kastune backup create physical --to DIR",
                "the datasets hold %s and %s are free: %s should be before a snapshot", data, there, wanted);
  return FALSE;
}

static gboolean
create (KtBackup *backup, const KtBackupSource *source, const KtBackupOptions *options, const KtBackupWatch *watch, GError **error)
{
  gint64 available = 0, referenced = 0;
  g_autofree char *name = g_strconcat ("kastune-", backup->id, NULL);
  g_autoptr (JsonArray) before = json_array_new ();
  g_autoptr (JsonArray) after = json_array_new ();
  JsonArray *set = find (source, error);
  if (set == NULL)
    return FALSE;
  json_object_set_string_member (backup->manifest, "snapshot", name);
  json_object_set_array_member (backup->manifest, "parts", set);
  /* Before there is a snapshot: whoever finds what a crash left must know what to destroy. */
  if (!kt_zfs_set_room (set, &available, &referenced, error) || !kt_catalogue_save (backup, error)
      || !kt_backup_count_all (source, options->count, watch, before, error))
    return FALSE;
  json_object_set_int_member (backup->manifest, "referenced_bytes", referenced);
  kt_backup_say (watch, "snapshot", 0, 0);
  kt_crash_point ("backup: before the snapshots");
  if (!kt_zfs_set_snapshot (set, name, error))
    return FALSE;
  kt_crash_point ("backup: snapshots are made");
  if (!kt_backup_count_all (source, options->count, watch, after, error))
    return FALSE;
  kt_backup_widen_counts (before, after);
  json_object_set_array_member (backup->manifest, "tables", g_steal_pointer (&before));
  return TRUE;
}

/* ------------------------------------------------------------------------------------------------------------ reading */

static gboolean
has_set (KtBackup *backup, GError **error)
{
  if (set_of (backup) != NULL && json_array_get_length (set_of (backup)) > 0)
    return TRUE;
  kt_error_set (error, KT_ERROR_VERIFY, NULL, "use another one: kastune backup list", "the record of backup %s names no snapshots", backup->id);
  return FALSE;
}

static gboolean
verify (KtBackup *backup, const char *scratch, const KtBackupWatch *watch, GError **error)
{
  return has_set (backup, error) && kt_zfs_set_verify (set_of (backup), snapshot_of (backup), error);
}

typedef struct {
  KtBackup *backup;
  KtBackupScratch *place; /* its server uses the clones */
  char *prefix;
} TestClones;

static void
test_clones_clear (TestClones *clones)
{
  if (clones->place != NULL)
    g_clear_pointer (&clones->place->server, kt_scratch_server_free);
  if (clones->prefix != NULL)
    kt_zfs_set_drop_clones (set_of (clones->backup), snapshot_of (clones->backup), clones->prefix, NULL);
  g_clear_pointer (&clones->prefix, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TestClones, test_clones_clear)

/* Alone: what a test that was killed has left must be told from what another one uses. */
static gboolean
be_alone (KtBackup *backup, GError **error)
{
  if (backup->lock < 0 || flock (backup->lock, LOCK_EX | LOCK_NB) == 0)
    return TRUE;
  kt_error_set (error, KT_ERROR_REFUSED, NULL, "wait until it is done", "another kastune works with backup %s", backup->id);
  return FALSE;
}

static gboolean
test (KtBackup *backup, const char *scratch, const KtBackupWatch *watch, JsonObject *report, GError **error)
{
  g_autofree char *prefix = prefix_of (backup, "test");
  if (!be_alone (backup, error) || !kt_zfs_set_drop_clones (set_of (backup), snapshot_of (backup), prefix, error))
    return FALSE;
  g_autoptr (KtBackupScratch) place = kt_backup_scratch_new (backup, scratch, watch, error);
  if (place == NULL)
    return FALSE;
  g_auto (KtZfsClones) clones = { 0 };
  g_auto (TestClones) made G_GNUC_UNUSED = { backup, place, g_strdup (prefix) };
  g_autofree char *target = g_build_filename (place->site->folder, "clone", NULL);
  if (!kt_zfs_set_clone (set_of (backup), snapshot_of (backup), prefix, target, &clones, error))
    return FALSE;
  g_free (place->site->data);
  place->site->data = g_strdup (clones.data);
  kt_backup_say (watch, "starting a server on clones of the snapshots", 0, 0);
  return kt_backup_scratch_start (place, kt_json_string (kt_backup_server (backup), "role", "postgres"), error)
         && kt_backup_check_counts (place->conninfo, NULL, kt_json_array (backup->manifest, "tables"), watch, report, error);
}

static gboolean
is_free (const char *target, GError **error)
{
  static const char *const endings[] = { "", ".wal", ".tablespaces" };
  for (gsize i = 0; i < G_N_ELEMENTS (endings); i++)
    {
      g_autofree char *folder = g_strconcat (target, endings[i], NULL);
      if (kt_folder_is_empty (folder))
        continue;
      kt_error_set (error, KT_ERROR_REFUSED, NULL, "name a folder that is absent or empty", "%s is not empty", folder);
      return FALSE;
    }
  return TRUE;
}

static gboolean
restore (KtBackup *backup, const KtBackupRestore *how, const KtBackupWatch *watch, JsonObject *report, GError **error)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *time = g_date_time_format (now, "%Y%m%d-%H%M%S");
  g_autofree char *purpose = g_strconcat ("restored-", time, NULL);
  g_autofree char *prefix = prefix_of (backup, purpose);
  g_auto (KtZfsClones) clones = { 0 };
  if (!is_free (how->target, error) || !verify (backup, NULL, watch, error)
      || !kt_zfs_set_clone (set_of (backup), snapshot_of (backup), prefix, how->target, &clones, error))
    return FALSE;
  json_object_set_string_member (report, "directory", clones.data);
  kt_json_set_strings (report, "datasets", (const char *const *) clones.datasets);
  return TRUE;
}

/* ----------------------------------------------------------------------------------------------------------- removal */

static gboolean
remove_snapshots (KtBackup *backup, const KtBackupWatch *watch, GError **error)
{
  JsonArray *set = set_of (backup);
  g_autofree char *prefix = prefix_of (backup, "test");
  return set == NULL || json_array_get_length (set) == 0
         || (kt_zfs_set_drop_clones (set, snapshot_of (backup), prefix, error)
             && kt_zfs_set_destroy (set, snapshot_of (backup), error));
}

static gint64
elsewhere (KtBackup *backup)
{
  return set_of (backup) != NULL ? kt_zfs_set_used (set_of (backup), snapshot_of (backup)) : -1;
}

const KtBackupKind kt_backup_zfs = {
  .name = "zfs",
  .summary = "the whole cluster, as snapshots of its ZFS datasets",
  .whole = TRUE,
  .check = check,
  .create = create,
  .verify = verify,
  .restore = restore,
  .test = test,
  .remove = remove_snapshots,
  .elsewhere = elsewhere,
};
