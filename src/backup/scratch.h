/* SPDX-License-Identifier: MIT
 *
 * A scratch server of the version that a backup was made from, on restored files or on a new cluster: private socket, nothing
 * of the restored configuration that leads out of its folder. Gone with its folder in every case.
 */
#pragma once

#include "backup/backup.h"
#include "postgres/scratch_server.h"

typedef struct {
  KtScratch scratch;
  KtScratchSite *site;
  KtScratchServer *server;
  char *bin_directory, *libraries;
  char *recovery; /* settings that its first start needs; NULL: none, the log is all there */
  char *conninfo; /* of the running server, without a database */
} KtBackupScratch;

/* Makes the folder below @folder; nothing runs yet. Errors: KT_ERROR_UNSUPPORTED (no server programs of exactly that version). */
KtBackupScratch *kt_backup_scratch_new (KtBackup *backup, const char *folder, const KtBackupWatch *watch, GError **error);
void kt_backup_scratch_free (KtBackupScratch *scratch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtBackupScratch, kt_backup_scratch_free)

/* Starts it on its data directory (restored, or built by kt_scratch_site_build) and waits for the end of recovery.
 * Errors: KT_ERROR_VERIFY with the server's own reason. */
gboolean kt_backup_scratch_start (KtBackupScratch *scratch, const char *role, GError **error);
