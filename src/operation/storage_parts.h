/* SPDX-License-Identifier: MIT
 *
 * What the operations that change storage share.
 */
#pragma once

#include "operation/proposal.h"

/* Can ZFS be used here? Errors: KT_ERROR_UNSUPPORTED: no tools, no module, inside a container. */
gboolean kt_storage_needs_zfs (const KtPlatform *platform, GError **error);
/* The same as a sentence for those who only look; NULL: there are pools. */
const char *kt_storage_zfs_state (const KtPlatform *platform);

/* A plan for the server that answers, or for this machine where none does: one at a time of either. */
KtPlan *kt_storage_plan_new (const KtFacts *facts, const char *title);

/* Asks each step whether it could be done now, so that a plan is refused before anybody agrees to it. */
gboolean kt_storage_check_plan (KtOperationContext *context, const KtPlan *plan, GError **error);

/* --recordsize and --compression as {name: value}. Errors: KT_ERROR_USAGE. */
JsonObject *kt_storage_wishes (JsonObject *args, GError **error);
