/* SPDX-License-Identifier: MIT
 *
 * The memory limit of a control group: for one scratch cluster the same limit as the real server's, so that settings which
 * the kernel would answer with a kill are found out here.
 */
#pragma once

#include "base/control_group.h"

/* A group of our own with that limit. NULL when none can be made here (no rights, no controller): not an error, the caller
 * says "not limited". */
KtControlGroup *kt_scratch_limit_new (gint64 bytes);

/* Limits memory and swap together to @bytes. */
gboolean kt_memory_limit_set (const KtControlGroup *group, gint64 bytes);
/* Did the kernel end a process inside because memory ran out? */
gboolean kt_scratch_limit_was_hit (const KtControlGroup *group);
