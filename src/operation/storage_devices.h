/* SPDX-License-Identifier: MIT
 *
 * What the devices below the data do, for storage show.
 */
#pragma once

#include "operation/facts.h"

/* [{name, label, kind, holds, activity}] of each device once, those nearest to the file system first, watched for @seconds; 0: no activity.
 * Errors: KT_ERROR_INTERRUPTED. */
JsonArray *kt_storage_devices (const KtFacts *facts, gint64 seconds, GCancellable *cancellable, GError **error);
