/* SPDX-License-Identifier: MIT
 *
 * The configuration of a server as plain files in a folder, with a list of checksums, owners and modes, so that it can be
 * put back by kastune or by hand with the server down.
 *
 *     FOLDER/files.json
 *     FOLDER/files/etc/postgresql/15/main/postgresql.conf …   (absolute paths below files/)
 *     FOLDER/settings.conf                                    the settings that won, as one file
 */
#pragma once

#include <glib.h>

#define KT_CONFIGURATION_SETTINGS "settings.conf"

typedef struct {
  const char *config_file, *data_directory; /* postgresql.conf with all it includes, and postgresql.auto.conf */
  const char *hba_file, *ident_file;        /* NULL: not known */
} KtConfigurationFiles;

/* Copies every file into @folder (mode 0700, created). The list is written last: a folder without one is no backup.
 * Errors: KT_ERROR_PRIVILEGE, KT_ERROR_NO_SPACE, KT_ERROR_IO. */
gboolean kt_configuration_backup (const KtConfigurationFiles *files, const char *folder, GError **error);

/* The same of those of @paths that exist: for what a restore is about to overwrite. */
gboolean kt_configuration_copy (const char *const *paths, const char *folder, GError **error);

/* Reads everything back and compares with the list. Errors: KT_ERROR_VERIFY naming the first file that differs. */
gboolean kt_configuration_verify (const char *folder, GError **error);

/* Puts every file of the backup back in its place, or below @target. */
gboolean kt_configuration_restore (const char *folder, const char *target, GError **error);

/* The files' places. Caller frees. */
GStrv kt_configuration_paths (const char *folder, GError **error);
