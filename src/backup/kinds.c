/* SPDX-License-Identifier: MIT */
#include "backup/backup.h"

const KtBackupKind *const kt_backup_kinds[] = {
  &kt_backup_physical,
  &kt_backup_logical,
  &kt_backup_pgbackrest,
  &kt_backup_zfs,
  &kt_backup_configuration,
  NULL,
};

const KtBackupKind *
kt_backup_kind_find (const char *name)
{
  for (const KtBackupKind *const *kind = kt_backup_kinds; *kind != NULL; kind++)
    if (g_str_equal ((*kind)->name, name))
      return *kind;
  return NULL;
}
