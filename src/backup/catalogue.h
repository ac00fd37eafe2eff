/* SPDX-License-Identifier: MIT
 *
 * A folder of backups, one folder each. The folder is the truth: whatever happens to the state database, what lies here is
 * found again. Who makes or uses a backup holds a lock on it that dies with the holder, so that an interrupted one is told
 * from one that is being made.
 */
#pragma once

#include "backup/backup.h"

/* "backups" in the state folder. Caller frees. */
char *kt_catalogue_default (const char *state_directory);

/* KtBackup, newest first; what is no backup is passed over. An absent folder is an empty catalogue. */
GPtrArray *kt_catalogue_list (const char *catalogue, GError **error);

/* By id, or the newest complete one for "latest" or "latest:KIND", safety copies not counted. Errors: KT_ERROR_NOT_FOUND. */
KtBackup *kt_catalogue_find (const char *catalogue, const char *id, GError **error);

/* A name that is free now: "20261122-140530-physical". Caller frees. */
char *kt_catalogue_new_id (const char *catalogue, const KtBackupKind *kind);

/* A new one, running and locked, in a folder of its own that belongs to @user (NULL: us). @id NULL: a free one; otherwise what an
 * interrupted attempt left under that name makes way. Errors: KT_ERROR_PRIVILEGE (also when @user cannot get there),
 * KT_ERROR_NO_SPACE, KT_ERROR_REFUSED (there is a complete one of this name). */
KtBackup *kt_catalogue_begin (const char *catalogue, const char *id, const KtBackupKind *kind, const char *user, GError **error);

/* Complete: from now on it is offered. */
gboolean kt_catalogue_finish (KtBackup *backup, GError **error);
/* Failed: its content is removed, the manifest keeps @why. As far as that is possible. */
void kt_catalogue_fail (KtBackup *backup, const GError *why);

/* Makes failed ones of those whose kastune died. */
void kt_catalogue_sweep (const char *catalogue);

/* Writes the manifest. */
gboolean kt_catalogue_save (const KtBackup *backup, GError **error);

/* While it is read nobody removes it, and the other way round. Errors: KT_ERROR_REFUSED. */
gboolean kt_catalogue_lock (KtBackup *backup, gboolean exclusive, GError **error);

/* Sizes of those that lie elsewhere, as they are now. */
void kt_catalogue_measure (const GPtrArray *backups);

/* It is not offered from then on; what lies elsewhere goes first, then the folder. One whose removal was ended in the middle is a
 * failed one, which the next prune goes on with. Errors: KT_ERROR_REFUSED (in use), then it stays as it was. */
gboolean kt_catalogue_remove (KtBackup *backup, const KtBackupWatch *watch, GError **error);

/* What stood somewhere before a restore: kept, but no backup that somebody made. */
gboolean kt_backup_is_safety_copy (const KtBackup *backup);

/* What list shows of a backup: the manifest without its long lists, and `folder`. */
JsonObject *kt_backup_to_json (const KtBackup *backup);

/* {name, version, …} of the manifest, never NULL. */
JsonObject *kt_backup_server (const KtBackup *backup);
int kt_backup_major (const KtBackup *backup);
