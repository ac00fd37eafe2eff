/* SPDX-License-Identifier: MIT
 *
 * Which backups may go. Pure. Never the newest complete one of a kind and server, nor the newest that was verified, nor one that
 * an open change set needs, nor one that is being made. Failed ones always may.
 */
#pragma once

#include "backup/backup.h"

typedef struct {
  guint keep;         /* of each kind and server; 0: any number */
  gint64 max_age_ms;  /* 0: any */
  gint64 max_bytes;   /* of all together; 0: any */
} KtRetention;

typedef struct {
  gboolean remove;
  const char *why; /* for people: "older than wanted", "the newest complete one of its kind" */
} KtRetentionVerdict;

/* One verdict (KtRetentionVerdict) for each of @backups (KtBackup, newest first). @needed: ids, or NULL. Caller frees. */
GArray *kt_retention_judge (const GPtrArray *backups, const KtRetention *retention, const char *const *needed, gint64 now_ms);
