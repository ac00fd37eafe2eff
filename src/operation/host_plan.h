/* SPDX-License-Identifier: MIT
 *
 * What the advice wants of the machine: as steps of a plan, or as commands and files for somebody else to carry out.
 */
#pragma once

#include "operation/proposal.h"

/* Why kastune cannot change this machine itself; NULL: it can. @instance NULL: whose server it is does not matter. */
const char *kt_host_by_hand (const KtFacts *facts, const KtInstance *instance);

/* Adds the steps behind those that take SQL and before the settings, and to @proposed->shown `host`, the rows, and `host_left`, [{name,
 * because}] of those that are left out. @huge_pages: what a trial of the settings found, 0: none was made.
 * Errors: KT_ERROR_REFUSED when the machine is not ours to change. */
gboolean kt_host_plan_add (KtProposed *proposed, JsonObject *args, gint64 huge_pages, GError **error);

/* {rows, by_hand, files: [{path, text}], commands: […]}: text is the whole of such a file as it should be, or of fstab the entry. */
JsonObject *kt_host_advice_json (const KtFacts *facts, const KtInstance *instance);
