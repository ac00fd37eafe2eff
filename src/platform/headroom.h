/* SPDX-License-Identifier: MIT
 *
 * How much memory a running process may still take before the machine or the limit above it (cgroup) is used up, cheap
 * enough to be asked many times a second. Files in the page cache count as free: the kernel gives them up first. Swap does not
 * count. It is a snapshot: others take from the same.
 */
#pragma once

#include <glib.h>

typedef struct KtHeadroom KtHeadroom;

/* @pid 0: of ourselves. Errors: those of kt_platform_load. */
KtHeadroom *kt_headroom_new (gint64 pid, GError **error);
void kt_headroom_free (KtHeadroom *headroom);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtHeadroom, kt_headroom_free)

gint64 kt_headroom_total (const KtHeadroom *headroom); /* bytes: the limit, or the machine's memory */
gint64 kt_headroom_left (const KtHeadroom *headroom);  /* bytes, not negative; -1 unknown */
