/* SPDX-License-Identifier: MIT
 *
 * daemon/: the service. It looks at the journal and wakes what waits there: scheduled change sets, unconfirmed ones, undos that a crash
 * interrupted. It carries nothing out itself: each is left to a kastune of its own, with the runner that the command line has, so that
 * none of them can take the service with it. It decides nothing that was not agreed on when the change set was made.
 */
#pragma once

#include "operation/operation.h"

/* Stays until context->cancellable is cancelled, which is success. Errors: KT_ERROR_REFUSED when another one serves the state folder;
 * those of the state database. */
gboolean kt_daemon_run (const KtOperationContext *context, GError **error);

/* From any thread: kastune.conf is read again. FALSE: no daemon runs in this process. */
gboolean kt_daemon_reread (void);
