/* SPDX-License-Identifier: MIT
 *
 * A scratch cluster for a server that runs in a container: in a container of its own with the same image, memory limit, /dev/shm and
 * processors, without a network and without its folders. Removed afterwards; by the next trial when kastune was killed meanwhile.
 */
#pragma once

#include "postgres/scratch.h"

typedef struct {
  const char *engine;    /* its socket */
  const char *container; /* name of the one that the server runs in */
  guint uid, gid;        /* who the server runs as, in numbers of the container */
} KtScratchContainer;

/* Like kt_scratch_try; of @scratch it uses bin_directory (inside the container; NULL: its PATH), conf_text and wal_segment_bytes.
 * Errors: those of kt_throwaway_run; KT_ERROR_UNSUPPORTED when the image has no shell or not all of PostgreSQL's programs. */
gboolean kt_scratch_try_in_container (const KtScratch *scratch, const KtScratchContainer *place, KtScratchResult *result,
                                      GCancellable *cancellable, GError **error);
