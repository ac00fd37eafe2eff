/* SPDX-License-Identifier: MIT
 *
 * A result as one HTML page with charts: nothing is fetched from anywhere, nothing runs in it.
 */
#pragma once

#include "base/json.h"

/* Caller frees. */
char *kt_bench_report_html (JsonObject *document);
