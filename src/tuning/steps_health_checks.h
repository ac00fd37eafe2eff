/* SPDX-License-Identifier: MIT
 *
 * Is the server fit for work? Rows of checks; which of them are asked depends on the occasion.
 */
#pragma once

#include "change/step.h"
#include "postgres/instance.h"

typedef enum {
  KT_HEALTH_STATUS = 1 << 0,  /* any time later: cheap, reads and writes a little */
  KT_HEALTH_APPLIED = 1 << 1, /* right after a change: with real work, for a few seconds */
  KT_HEALTH_CONFIRM = 1 << 2, /* before it is kept for good: with what has happened since */
} KtHealthOccasion;

/* A read, a write to a table of this session, and one that waits for the disk; nothing of it stays. A role without the right
 * to do so proves nothing, and nothing against the settings; nor does a standby. */
gboolean kt_health_prove (KtConnection *connection, GError **error);

/* @sessions: how many work at once. @log_position: what stands in the log behind it counts; 0: nothing does.
 * Errors: KT_ERROR_VERIFY, or that of connecting; the message names the check. */
gboolean kt_health_check (KtStepContext *context, const KtInstance *instance, guint sessions, gint64 log_position,
                          KtHealthOccasion occasion, GError **error);
