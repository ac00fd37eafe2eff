/* SPDX-License-Identifier: MIT
 *
 * Which backup a change set begins with: by what it touches, and what is there to make one with. Pure.
 */
#pragma once

#include "backup/backup.h"

typedef enum {
  KT_BACKUP_NEED_NONE,
  KT_BACKUP_NEED_CONFIGURATION, /* it changes settings: their files */
  KT_BACKUP_NEED_WHOLE,         /* it touches data: all of it */
} KtBackupNeed;

/* What a change set touches (names of KtStepKind.touches) says what it needs. What nobody has told apart counts as data. */
KtBackupNeed kt_backup_need (const char *const *touches);

/* One kind as it could be used now. */
typedef struct {
  const KtBackupKind *kind;
  const char *why_not; /* NULL: it can be made here */
  KtBackupRoom room;
} KtBackupCandidate;

/* *kind: the first of @candidates (in order of preference) that satisfies @need, is possible and fits; NULL: none is needed, or
 * @skip says to go without, or settings are to change whose files nobody here can read (the journal holds each value).
 * Errors: KT_ERROR_NO_SPACE or KT_ERROR_REFUSED when data would be touched without a backup, saying why each candidate is out,
 * with the numbers. */
gboolean kt_backup_choose (KtBackupNeed need, gboolean skip, const KtBackupCandidate *candidates, guint n_candidates,
                           const KtBackupKind **kind, GError **error);
