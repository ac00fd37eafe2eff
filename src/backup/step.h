/* SPDX-License-Identifier: MIT
 *
 * Backups and restores as steps of a change set.
 */
#pragma once

#include "backup/backup.h"
#include "change/step.h"

/* Step `configuration-backup`: args {config_file, data_directory, hba_file, ident_file, conninfo, server, folder}, where folder is
 * that of the backup in its catalogue. Undo keeps the backup. */
extern const KtStepKind kt_step_configuration_backup;
/* Caller frees. */
JsonObject *kt_step_configuration_backup_args (const KtBackupSource *source, const char *catalogue);

/* Step `whole-backup`: args {kind, folder, conninfo, server}: a backup of one of the kinds that bring data back. It must be possible and
 * fit when the step is applied as well. Undo keeps the backup; while the change set is open no prune takes it. */
extern const KtStepKind kt_step_whole_backup;
/* Caller frees. */
JsonObject *kt_step_whole_backup_args (const KtBackupKind *kind, const KtBackupSource *source, const char *catalogue);

/* By this very step, begun at @begun_at_ms, before a crash: not by another change set that was planned in the same second. */
gboolean kt_step_backup_is_made (const KtBackupKind *kind, JsonObject *args, gint64 begun_at_ms);

/* Step `replace-data-directory`: args {instance, system_identifier, restored, replaced}: the restored directory, beside the data
 * directory, takes its place while the server is stopped, and the server starts on it. What it replaces stays as `replaced`; undo
 * puts it back, and the restored one aside as NAME.undone. */
extern const KtStepKind kt_step_replace_data;
/* Could it be done by renaming? Errors: KT_ERROR_UNSUPPORTED (mount point, log or tablespaces elsewhere). */
gboolean kt_step_replace_data_check (const KtInstance *instance, GError **error);
JsonObject *kt_step_replace_data_args (const KtInstance *instance, const char *system_identifier, const char *restored,
                                       const char *replaced);
