/* SPDX-License-Identifier: MIT
 *
 * Step `move-data-directory`: the cluster comes to lie in another directory, while its path stays: it becomes a link. What lay there is
 * kept under another name, asleep.
 *
 * At every instant at most one of the two directories can be started as a server that takes writes: a copy that follows has its
 * standby.signal, one that was left has no control file, and both change hands only while the server is down and the two ended at
 * the same position of the log. Which of them it is is read from the disk each time, so that a crash between any two instants is
 * carried on or taken back.
 */
#pragma once

#include "backup/backup.h"
#include "change/step.h"

typedef struct {
  const char *path;   /* of the data directory, as the server is given it */
  const char *home;   /* where it really lies: @path itself, or what a link there leads to */
  const char *link;   /* what that link says; NULL: @path is no link */
  const char *target; /* absent or empty */
  const char *wal;    /* likewise, for its log; NULL: in @target */
  const char *kept;   /* what @home is called afterwards */
} KtMovePlaces;

extern const KtStepKind kt_step_move_data;
/* Takes a copy of everything. */
JsonObject *kt_step_move_data_args (const KtInstance *instance, const KtMovePlaces *places);

/* What can be told without a server: names, mount points, rights, unlogged tables. Errors: KT_ERROR_REFUSED, KT_ERROR_UNSUPPORTED,
 * KT_ERROR_PRIVILEGE. */
gboolean kt_step_move_data_check (const KtInstance *instance, const KtMovePlaces *places, GError **error);

/* Step `move-log`: pg_wal comes to lie in another folder while the server is down. Undo copies it back, since it has gone on there. */
extern const KtStepKind kt_step_move_log;
/* @target: absent or empty. */
JsonObject *kt_step_move_log_args (const KtInstance *instance, const char *target);
gboolean kt_step_move_log_check (const KtInstance *instance, const char *target, GError **error);

/* {to, at, checkpoint, caught_up_bytes, interruption_ms} as the directory that was left tells; NULL: it tells nothing. */
JsonObject *kt_move_read_note (const char *left);
