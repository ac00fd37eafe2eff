/* SPDX-License-Identifier: MIT
 *
 * A memory cgroup of our own, for the time of one scratch cluster: the same limit as the real server's, so that settings
 * which the kernel would answer with a kill are found out here. Version 1 below our own group, version 2 below the
 * nearest group that hands its memory controller down.
 */
#pragma once

#include <glib.h>

typedef struct KtScratchLimit KtScratchLimit;

/* NULL when no such group can be made here (no rights, no controller): not an error, the caller says "not limited". */
KtScratchLimit *kt_scratch_limit_new (gint64 bytes);
/* Ends whatever still runs inside and removes the group. */
void kt_scratch_limit_free (KtScratchLimit *limit);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtScratchLimit, kt_scratch_limit_free)

/* For KtRun.cgroup. Borrowed. */
const char *kt_scratch_limit_procs (const KtScratchLimit *limit);
/* Did the kernel end a process inside because memory ran out? */
gboolean kt_scratch_limit_was_hit (const KtScratchLimit *limit);
