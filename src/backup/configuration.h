/* SPDX-License-Identifier: MIT
 *
 * backup/: copies that restore. This file: the configuration of a server as plain files in a folder, with a manifest of
 * checksums, owners and modes, so that it can be put back by kastune or by hand with the server down.
 *
 *     FOLDER/manifest.json
 *     FOLDER/files/etc/postgresql/15/main/postgresql.conf …   (absolute paths below files/)
 */
#pragma once

#include "change/step.h"

typedef struct {
  const char *config_file, *data_directory; /* postgresql.conf with all it includes, and postgresql.auto.conf */
  const char *hba_file, *ident_file;        /* NULL: not known */
} KtConfigurationFiles;

/* Copies every file into @folder (mode 0700, created). The manifest is written last: a folder without one is no backup.
 * Errors: KT_ERROR_PRIVILEGE, KT_ERROR_NO_SPACE, KT_ERROR_IO. */
gboolean kt_configuration_backup (const KtConfigurationFiles *files, const char *folder, GError **error);

/* Reads everything back and compares with the manifest. Errors: KT_ERROR_VERIFY naming the first file that differs. */
gboolean kt_configuration_verify (const char *folder, GError **error);

/* Puts every file of the backup back in its place. */
gboolean kt_configuration_restore (const char *folder, GError **error);

/* Step `configuration-backup`, args {config_file, data_directory, hba_file, ident_file, folder}. Undo keeps the backup. */
extern const KtStepKind kt_step_configuration_backup;
