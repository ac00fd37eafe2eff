/* SPDX-License-Identifier: MIT */
#include "backup/choice.h"

#include "base/error.h"
#include "base/size.h"

#include <string.h>

/* "parameter work_mem", "fillfactor of table public.blocks", "work_mem of role kaspa": undone exactly by what their steps
 * remember. */
static gboolean
is_setting (const char *touched)
{
  static const char *const targets[] = { " of table ", " of role " };
  gboolean known = g_str_has_prefix (touched, "parameter ");
  for (gsize i = 0; i < G_N_ELEMENTS (targets); i++)
    known = known || strstr (touched, targets[i]) != NULL;
  return known;
}

KtBackupNeed
kt_backup_need (const char *const *touches)
{
  KtBackupNeed need = KT_BACKUP_NEED_NONE;
  for (; touches != NULL && *touches != NULL; touches++)
    need = MAX (need, is_setting (*touches) ? KT_BACKUP_NEED_CONFIGURATION : KT_BACKUP_NEED_WHOLE);
  return need;
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

gboolean
kt_backup_choose (KtBackupNeed need, gboolean skip, const KtBackupCandidate *candidates, guint n_candidates,
                  const KtBackupKind **kind, GError **error)
{
  g_autoptr (GString) reasons = g_string_new (NULL);
  gboolean room_is_missing = FALSE;
  *kind = NULL;
  if (need == KT_BACKUP_NEED_NONE || skip)
    return TRUE;
  for (guint i = 0; i < n_candidates; i++)
    {
      const KtBackupCandidate *candidate = &candidates[i];
      if (candidate->kind->whole != (need == KT_BACKUP_NEED_WHOLE))
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
