/* SPDX-License-Identifier: MIT
 *
 * A copy of a running cluster of this machine that follows it until it takes its place: made by pg_basebackup, verified against
 * its manifest, then a hot standby on a private socket which ends with kastune, then the same in every position of the log as the
 * server that has stopped. What holds the server's log meanwhile is a temporary slot of our own session, so a kastune that is
 * killed leaves nothing behind in the server. Which of the two may start is not decided here (place.h).
 */
#pragma once

#include "backup/backup.h"
#include "postgres/client.h"
#include "postgres/scratch_server.h"

typedef struct {
  const KtInstance *instance; /* the server that is followed */
  const char *data;           /* the copy */
  const KtBackupWatch *watch;
  KtServer *server;
  KtConnection *connection;   /* holds the slot */
  KtConnection *guard;        /* holds a lock */
  KtConnection *standby;      /* of the copy, while it accepts any */
  KtClient *client;
  char *name, *slot;
  KtScratch scratch;
  KtScratchSite *site;
  KtScratchServer *process;
} KtFollower;

/* What the switch has cost. */
typedef struct {
  gint64 stopped_at;       /* monotonic microseconds: when the server was told to stop */
  gint64 caught_up_bytes;  /* of log that the copy lacked then */
  guint64 checkpoint;      /* the last position of both */
} KtFollowed;

/* Connects and takes the slot. @instance, @data and @watch live on. Errors: KT_ERROR_CHANGED (another server answers), those of
 * connecting and of the server. */
KtFollower *kt_follower_new (const KtInstance *instance, const char *data, const KtBackupWatch *watch, GError **error);
/* Ends the standby and our sessions. */
void kt_follower_end (KtFollower *follower);
void kt_follower_free (KtFollower *follower);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtFollower, kt_follower_free)

/* Takes out of the server what a kastune that was killed may have left in it, as far as that is possible. */
void kt_follower_drop_slots (const KtInstance *instance);

/* Makes and verifies the copy in its empty directory, its log in @wal (empty too) or (NULL) within. Once it is there it can only
 * follow. Errors: KT_ERROR_VERIFY, KT_ERROR_NO_SPACE, those of pg_basebackup. */
gboolean kt_follower_copy (KtFollower *follower, const char *wal, GError **error);

/* Starts the copy, and returns when it has all but a little and all of that is on disk. Errors: KT_ERROR_NOT_FOUND when the server no
 * longer has the log that it needs; KT_ERROR_TIMEOUT when it falls behind; KT_ERROR_PROGRAM with the log of the copy. */
gboolean kt_follower_catch_up (KtFollower *follower, GError **error);

/* Stops the server, waits for the last of its log, stops the copy and compares. Errors: KT_ERROR_VERIFY, then the copy must not take
 * the place. */
gboolean kt_follower_finish (KtFollower *follower, KtFollowed *followed, GError **error);
