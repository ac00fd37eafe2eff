/* SPDX-License-Identifier: MIT */
#include "backup/choice.h"

#include "base/error.h"
#include "base/size.h"

#include <string.h>

/* THE table of what steps touch, by how they name it: "parameter work_mem", "fillfactor of table public.blocks", "work_mem of role
 * kaspa" are undone exactly by what their steps remember. */
static const struct {
  const char *words;
  gboolean first; /* the name begins with them */
  KtBackupNeed need;
} things[] = {
  { "parameter ", TRUE, KT_BACKUP_NEED_CONFIGURATION },
  { "data directory", TRUE, KT_BACKUP_NEED_DATA },
  { "schema of database ", TRUE, KT_BACKUP_NEED_SCHEMA },
  { "dataset ", TRUE, KT_BACKUP_NEED_NONE },       /* a new one, or an empty one removed: nothing is in it */
  { "properties of ", TRUE, KT_BACKUP_NEED_NONE }, /* of a dataset or pool: how later writes are stored */
  { "host setting ", TRUE, KT_BACKUP_NEED_NONE },
  { "mount options of ", TRUE, KT_BACKUP_NEED_NONE },
  { "service ", TRUE, KT_BACKUP_NEED_NONE },       /* how an indexer is started; the file that was there is kept */
  { " of table ", FALSE, KT_BACKUP_NEED_CONFIGURATION },
  { " of role ", FALSE, KT_BACKUP_NEED_CONFIGURATION },
};

static KtBackupNeed
need_of (const char *touched)
{
  for (gsize i = 0; i < G_N_ELEMENTS (things); i++)
    if (things[i].first ? g_str_has_prefix (touched, things[i].words) : strstr (touched, things[i].words) != NULL)
      return things[i].need;
  return KT_BACKUP_NEED_DATA;
}

KtBackupNeed
kt_backup_need (const char *const *touches)
{
  KtBackupNeed need = KT_BACKUP_NEED_NONE;
  for (; touches != NULL && *touches != NULL; touches++)
    need = MAX (need, need_of (*touches));
  return need;
}

/* A snapshot takes no time, pgBackRest what changed since its last, a base backup all; a dump has one database, which is what a
 * change of its schema can harm, but not the files of a cluster. */
const KtBackupKind *const *
kt_backup_preferred (KtBackupNeed need)
{
  static const KtBackupKind *const kinds[][5] = {
    [KT_BACKUP_NEED_NONE] = { NULL },
    [KT_BACKUP_NEED_CONFIGURATION] = { &kt_backup_configuration, NULL },
    [KT_BACKUP_NEED_SCHEMA] = { &kt_backup_zfs, &kt_backup_pgbackrest, &kt_backup_physical, &kt_backup_logical, NULL },
    [KT_BACKUP_NEED_DATA] = { &kt_backup_zfs, &kt_backup_pgbackrest, &kt_backup_physical, NULL },
  };
  return kinds[need];
}

static gboolean
fits (const KtBackupRoom *room)
{
  return room->free_bytes < 0 || room->free_bytes >= room->needed_bytes;
}

/* "physical: it needs up to 210 GB, there are 80 GB". Caller frees. */
static char *
why_out (const KtBackupCandidate *candidate)
{
  if (candidate->why_not != NULL)
    return g_strdup_printf ("%s: %s", candidate->kind->name, candidate->why_not);
  g_autofree char *needed = kt_size_format (candidate->room.needed_bytes);
  g_autofree char *there = kt_size_format (candidate->room.free_bytes);
  return g_strdup_printf ("%s: it needs up to %s, there are %s", candidate->kind->name, needed, there);
}

static const KtBackupCandidate *
candidate_of (const KtBackupKind *kind, const KtBackupCandidate *candidates, guint n_candidates)
{
  for (guint i = 0; i < n_candidates; i++)
    if (candidates[i].kind == kind)
      return &candidates[i];
  return NULL;
}

gboolean
kt_backup_choose (KtBackupNeed need, gboolean skip, const KtBackupCandidate *candidates, guint n_candidates,
                  const KtBackupKind **kind, GError **error)
{
  g_autoptr (GString) reasons = g_string_new (NULL);
  gboolean room_is_missing = FALSE;
  *kind = NULL;
  if (need == KT_BACKUP_NEED_NONE || skip)
    return TRUE;
  for (const KtBackupKind *const *wanted = kt_backup_preferred (need); *wanted != NULL; wanted++)
    {
      const KtBackupCandidate *candidate = candidate_of (*wanted, candidates, n_candidates);
      if (candidate == NULL)
        continue;
      if (candidate->why_not == NULL && fits (&candidate->room))
        {
          *kind = candidate->kind;
          return TRUE;
        }
      g_autofree char *reason = why_out (candidate);
      g_string_append_printf (reasons, "%s%s", reasons->len > 0 ? "\n" : "", reason);
      room_is_missing = room_is_missing || candidate->why_not == NULL;
    }
  if (need == KT_BACKUP_NEED_CONFIGURATION && !room_is_missing)
    return TRUE;
  kt_error_set (error, room_is_missing ? KT_ERROR_NO_SPACE : KT_ERROR_REFUSED, reasons->str,
                "make room, name another folder (backups= in kastune.conf), or go without: --no-backup",
                "there is no way to make the backup that this change must begin with");
  return FALSE;
}

gboolean
kt_backup_consider (KtBackupNeed need, gboolean skip, const char *catalogue, const KtBackupSource *source, const KtBackupKind **kind,
                    GError **error)
{
  static const KtBackupOptions usual;
  g_autoptr (GPtrArray) reasons = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GArray) candidates = g_array_new (FALSE, TRUE, sizeof (KtBackupCandidate));
  const KtBackupKind *const *preferred = kt_backup_preferred (need);
  for (gsize i = 0; !skip && preferred[i] != NULL; i++)
    {
      g_autoptr (GError) why = NULL;
      KtBackupCandidate candidate = { .kind = preferred[i] };
      if ((candidate.kind->check != NULL && !candidate.kind->check (source, &usual, &why))
          || !kt_backup_room (candidate.kind, catalogue, source, &candidate.room, &why))
        {
          const char *detail = kt_error_detail (why);
          candidate.why_not = g_strconcat (why->message, detail != NULL ? ": " : NULL, detail, NULL);
          g_ptr_array_add (reasons, (gpointer) candidate.why_not);
        }
      g_array_append_val (candidates, candidate);
    }
  return kt_backup_choose (need, skip, (const KtBackupCandidate *) (gpointer) candidates->data, candidates->len, kind, error);
}
