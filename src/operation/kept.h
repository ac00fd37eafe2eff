/* SPDX-License-Identifier: MIT
 *
 * Servers whose configuration something else keeps (Patroni): what is written behind its back does not last, and a restart or another
 * data directory behind its back is a failure to it. Every operation that changes one asks here first.
 */
#pragma once

#include "change/journal.h"
#include "operation/facts.h"

typedef enum {
  KT_KEPT_SETTINGS, /* parameters are to be set */
  KT_KEPT_BACK,     /* a change set is to be undone or carried on with */
  KT_KEPT_FILES,    /* its files are to be replaced */
} KtKeptWhat;

/* TRUE with KT_ERROR_UNSUPPORTED: it is kept, and by what means this is done there. */
gboolean kt_kept_refuse (const KtServer *server, KtKeptWhat what, GError **error);

/* The same for KT_KEPT_BACK of the server that answers, when it is the one of @change. One that does not answer is not known to be kept. */
gboolean kt_kept_refuse_change (KtOperationContext *context, JsonObject *args, const KtChange *change, GError **error);
