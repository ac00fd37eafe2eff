/* SPDX-License-Identifier: MIT
 *
 * What the operations on backups share: which catalogue, which server, who looks on.
 */
#pragma once

#include "backup/backup.h"
#include "operation/facts.h"

/* The folder named by argument @name (may be NULL), else by kastune.conf, else in the state folder. Caller frees. */
char *kt_backup_catalogue (KtOperationContext *context, JsonObject *args, const char *name);

KtBackupWatch kt_backup_watch (KtOperationContext *context);

typedef struct {
  KtFacts *facts;
  KtInstance *instance; /* NULL: nothing is known of how the server runs */
  KtBackupSource source;
} KtBackupTarget;

/* The server that answers. Errors: those of connecting. */
gboolean kt_backup_target (KtOperationContext *context, JsonObject *args, KtBackupTarget *target, GError **error);
void kt_backup_target_clear (KtBackupTarget *target);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (KtBackupTarget, kt_backup_target_clear)
