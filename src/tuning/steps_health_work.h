/* SPDX-License-Identifier: MIT
 *
 * Real work on a server: several sessions at once that connect, sort, group and write. Bounded in memory, time and disk.
 */
#pragma once

#include "change/step.h"
#include "postgres/instance.h"

/* Two things can fail it. By arithmetic, before anything runs: @sessions sorts of work_mem each are more than the memory that is
 * left. In fact: a session is refused, ended or fails; or the memory left falls below a sixteenth (at most 256 MB) meanwhile,
 * which ends the work before the kernel does. Slow is no failure: after 5 s it is good as far as it came.
 * Errors: KT_ERROR_VERIFY, KT_ERROR_INTERRUPTED, those of connecting. */
gboolean kt_health_work (KtStepContext *context, const KtInstance *instance, guint sessions, GError **error);
