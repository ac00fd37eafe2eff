/* SPDX-License-Identifier: MIT
 *
 * The drop-in of kastune's own that is laid over a unit of systemd, whose files stay as they are: its ExecStart. Pure.
 */
#pragma once

#include "indexer/override.h"

/* Read last: a drop-in that `systemctl edit` makes is called override.conf, and the last ExecStart is in force. */
#define KT_DROPIN_NAME "zz-kastune.conf"

/* From the ExecStart that is in force without the drop-in, as the unit's files write it; the wish's service is the unit. Variables and
 * specifiers of systemd stay in values that are only passed on. Errors: KT_ERROR_UNSUPPORTED (started through a shell, not this
 * indexer, options in a variable, quoting that is not understood). */
KtOverride *kt_dropin_new (const KtOverrideWish *wish, const char *exec, GError **error);
