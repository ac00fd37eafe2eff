/* SPDX-License-Identifier: MIT
 *
 * What the operations on change sets share: the runner with whoever watches, which change set is meant, the answer.
 */
#pragma once

#include "change/runner.h"
#include "operation/proposal.h"

/* @context and @state must outlive it. */
KtRunner kt_change_runner (KtOperationContext *context, KtState *state);

/* One line without a count to whoever watches. */
void kt_change_say (KtOperationContext *context, const char *what);

/* Makes what is to be shown and done. */
typedef KtProposed *(*KtPropose) (KtOperationContext *context, JsonObject *args, GError **error);
/* What all operations do that change something by a plan: finish what is due, show, ask, carry out, wait to be confirmed. */
JsonObject *kt_change_carry_out (KtOperationContext *context, JsonObject *args, KtPropose propose, GError **error);

/* TRUE: go on. FALSE without error: only looking, which @shown then says. A no is an error, so that no script goes on. */
gboolean kt_change_may_go_on (KtOperationContext *context, JsonObject *args, JsonObject *shown, GError **error);

/* What waited for a confirmation that did not come in time is undone, and said; with @all also what a crash left. */
gboolean kt_change_finish (const KtRunner *runner, KtOperationContext *context, gboolean all, GError **error);

/* The server that answers now, or NULL: then every server that has a change set is meant. @pending (may be NULL) gets
 * {name, running} of each parameter whose new value waits for a restart. Caller frees. */
char *kt_change_server (KtOperationContext *context, JsonObject *args, JsonArray *pending);

/* The newest change set in one of @states (bit mask): of @server, and where no server is named also of an indexer, which is of no server;
 * @server NULL: of any. NULL without error: there is none. */
KtChange *kt_change_newest (KtState *state, JsonObject *args, const char *server, guint states, GError **error);

/* Is it about how an indexer is started, and so of no server? */
gboolean kt_change_is_of_indexer (const KtChange *change);

/* Argument `id`, or the newest of kt_change_newest. Errors: KT_ERROR_NOT_FOUND: "there is no change set
 * @wanted in …". */
gboolean kt_change_choose (KtOperationContext *context, KtState *state, JsonObject *args, guint states, const char *wanted,
                           gint64 *id, GError **error);

/* Puts `pending_restart` of the server that answers now into @shown, as kt_change_server tells it. */
void kt_change_tell_pending (KtOperationContext *context, JsonObject *args, JsonObject *shown);

/* @shown with `change` as it stands in the journal now. */
JsonObject *kt_change_answer (KtState *state, gint64 id, JsonObject *shown, GError **error);
