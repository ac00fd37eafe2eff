/* SPDX-License-Identifier: MIT
 *
 * The temporary folder of one scratch cluster and who owns it.
 */
#pragma once

#include "postgres/scratch.h"

typedef struct {
  const KtScratch *scratch;
  const char *user; /* NULL: as we are */
  char *folder;     /* everything below is in here */
  char *data;       /* data directory */
  char *sockets;    /* the folder itself, or one with a shorter path */
  char *conf;       /* configuration file */
  int lock;         /* held on a file in the folder while somebody uses it */
  gint64 began, deadline; /* monotonic microseconds */
  GCancellable *cancellable;
} KtScratchSite;

/* Also removes what earlier sites in the same place left when their kastune was killed. */
KtScratchSite *kt_scratch_site_new (const KtScratch *scratch, guint deadline_ms, GCancellable *cancellable,
                                    GError **error);
/* Removes the folder. */
void kt_scratch_site_free (KtScratchSite *site);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtScratchSite, kt_scratch_site_free)

/* Writes the configuration file. */
gboolean kt_scratch_site_write_conf (const KtScratchSite *site, const char *text, GError **error);
/* initdb with the real cluster's segment size. */
gboolean kt_scratch_site_build (const KtScratchSite *site, GError **error);
/* "BIN/postgres". KT_ERROR_UNSUPPORTED when absent. Caller frees. */
char *kt_scratch_site_program (const KtScratchSite *site, const char *name, GError **error);
/* Milliseconds left, at least 1. */
guint kt_scratch_site_left_ms (const KtScratchSite *site);
