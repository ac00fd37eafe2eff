/* SPDX-License-Identifier: MIT
 *
 * The server's own counters around a run.
 */
#pragma once

#include "workload/writer.h"

/* Cumulative values; what may not be read or is not there is -1. */
gboolean kt_server_counts_read (PGconn *connection, KtServerCounts *counts, GError **error);
/* @after - @before, -1 where either is unknown. */
void kt_server_counts_subtract (KtServerCounts *after, const KtServerCounts *before);
