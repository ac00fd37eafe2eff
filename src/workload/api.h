/* SPDX-License-Identifier: MIT
 *
 * /api/health and /api/metrics in the shape of the indexer's releases.
 */
#pragma once

#include "indexer/arguments.h"
#include "workload/monitor.h"

typedef struct KtApi KtApi;

/* All of it is borrowed and must live on. @conninfo NULL: the metrics know nothing of the database. */
KtApi *kt_api_new (const KtArguments *arguments, KtMonitor *monitor, const char *conninfo);
void kt_api_free (KtApi *api);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtApi, kt_api_free)

/* Documents for one caller at a time. Caller frees. @down: the answer is 503. */
char *kt_api_health (KtApi *api, gboolean *down);
char *kt_api_metrics (KtApi *api);
