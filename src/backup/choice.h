/* SPDX-License-Identifier: MIT
 *
 * Which backup a change set begins with: by what it touches, and what is there to make one with. Pure but for kt_backup_consider.
 */
#pragma once

#include "backup/backup.h"

/* What for, from the least to the most. */
typedef enum {
  KT_BACKUP_NEED_NONE,
  KT_BACKUP_NEED_CONFIGURATION, /* it changes settings: their files */
  KT_BACKUP_NEED_SCHEMA,        /* it rewrites the tables of a database: all that is in it */
  KT_BACKUP_NEED_DATA,          /* it touches the files of the cluster: all of them */
} KtBackupNeed;

/* What a change set touches (names of KtStepKind.touches) says what it needs. What nobody has told apart counts as data. */
KtBackupNeed kt_backup_need (const char *const *touches);

/* Kinds that serve @need, the one to prefer first. NULL-terminated. */
const KtBackupKind *const *kt_backup_preferred (KtBackupNeed need);

/* One kind as it could be used now. */
typedef struct {
  const KtBackupKind *kind;
  const char *why_not; /* NULL: it can be made here */
  KtBackupRoom room;
} KtBackupCandidate;

/* Looks at what is there for the kinds that serve @need (with @skip at none), then chooses. Errors: of kt_backup_choose. */
gboolean kt_backup_consider (KtBackupNeed need, gboolean skip, const char *catalogue, const KtBackupSource *source,
                             const KtBackupKind **kind, GError **error);

/* *kind: the first of kt_backup_preferred that is among @candidates, possible, and fits; NULL: none is needed, or @skip says to go
 * without, or settings are to change whose files nobody here can read (the journal holds each value).
 * Errors: KT_ERROR_NO_SPACE or KT_ERROR_REFUSED when data would be touched without a backup, saying why each candidate is out,
 * with the numbers. */
gboolean kt_backup_choose (KtBackupNeed need, gboolean skip, const KtBackupCandidate *candidates, guint n_candidates,
                           const KtBackupKind **kind, GError **error);
