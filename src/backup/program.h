/* SPDX-License-Identifier: MIT
 *
 * Running one of the programs that make or read backups, with somebody looking on, and the checksums of what they wrote.
 */
#pragma once

#include "backup/backup.h"
#include "postgres/client.h"

typedef struct {
  const char *const *argv;
  const char *user;             /* NULL: as we are */
  const char *const *env;
  const char *what;             /* "base backup": for progress and errors */
  const char *folder;           /* it grows while the program runs; NULL: nothing to look at */
  gint64 total;                 /* bytes that @folder is expected to get; 0 unknown */
  /* Asked about once a second instead of looking at @folder. FALSE: it does not know. May be NULL. */
  gboolean (*measure) (gpointer user_data, gint64 *done, gint64 *total);
  gpointer user_data;
} KtBackupProgram;

/* Without a deadline; ends when kastune does. @output may be NULL; caller frees. Errors: KT_ERROR_NO_SPACE, KT_ERROR_INTERRUPTED,
 * KT_ERROR_PROGRAM with the program's last words. */
gboolean kt_backup_run (const KtBackupProgram *program, const KtBackupWatch *watch, char **output, GError **error);

/* [{path, size, crc}] of all files below @folder, paths relative to it. */
JsonArray *kt_backup_checksums (const char *folder, const KtBackupWatch *watch, GError **error);
/* Errors: KT_ERROR_VERIFY naming the first file that is missing, larger, smaller or other. */
gboolean kt_backup_compare_checksums (const char *folder, JsonArray *files, const KtBackupWatch *watch, GError **error);

/* Every file below @folder to @user, as root. */
gboolean kt_backup_give_to (const char *folder, const char *user, GError **error);
