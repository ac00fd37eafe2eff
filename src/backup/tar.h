/* SPDX-License-Identifier: MIT
 *
 * A base backup in tar files (data, log, a file a tablespace) made a data directory again, and verified by pg_verifybackup.
 */
#pragma once

#include "backup/program.h"

/* Unpacks @from (base.tar…, pg_wal.tar…, OID.tar…, backup_manifest) into @target, which must be absent or empty, and gives all to
 * @owner. Tablespaces come to lie in TARGET.tablespaces/OID, which must be absent or empty likewise. When @bin_directory is not NULL everything is verified, with the
 * log when @same_major. What was begun is removed when it fails.
 * Errors: KT_ERROR_REFUSED (not empty), KT_ERROR_NO_SPACE with the numbers, KT_ERROR_VERIFY, KT_ERROR_UNSUPPORTED (no program for
 * the compression). */
typedef struct {
  const char *from, *target, *owner, *bin_directory;
  gboolean same_major;
  gint64 bytes; /* what it will take */
} KtBackupUnpack;

gboolean kt_backup_unpack (const KtBackupUnpack *unpack, const KtBackupWatch *watch, GError **error);

/* Has the base backup tablespaces of its own? */
gboolean kt_backup_has_tablespaces (const char *from);
