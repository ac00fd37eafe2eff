/* SPDX-License-Identifier: MIT
 *
 * The one server of a scratch site, in the foreground of a thread: its whole log and its exit status are at hand.
 */
#pragma once

#include "base/run.h"
#include "postgres/scratch_site.h"

typedef struct {
  const KtScratchSite *site;
  const char *const *cgroups; /* borrowed; or NULL */
  GStrv argv;
  GThread *thread;
  GCancellable *stop;
  int ended; /* atomic */
  KtRunResult result; /* once it ended: status, and its log as diagnosis */
  GError *error;      /* it could not be run at all */
} KtScratchServer;

/* @cgroups: as in KtRun, or NULL; they live on. */
KtScratchServer *kt_scratch_server_start (const KtScratchSite *site, const char *const *cgroups, GError **error);
/* Stops it if need be. */
void kt_scratch_server_free (KtScratchServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtScratchServer, kt_scratch_server_free)

/* Until it accepts connections. FALSE: it ended, the site's time is over, or somebody cancelled. */
gboolean kt_scratch_server_wait (KtScratchServer *server);
/* Has it ended, or is there no reason to wait for it any longer? */
gboolean kt_scratch_server_is_over (KtScratchServer *server);
/* Fast shutdown; harder when that takes too long, or at once when @hard. Afterwards `result` is there. Idempotent. */
void kt_scratch_server_stop (KtScratchServer *server, gboolean hard);
