/* SPDX-License-Identifier: MIT
 *
 * Durations as the indexer's command line takes them and its metrics print them (the notation of Rust's humantime).
 */
#pragma once

#include <glib.h>

/* "7d", "36h", "1h 30m", "2weeks": FALSE when it is none. */
gboolean kt_humantime_parse (const char *text, gint64 *milliseconds);

/* "7days", "1h 30m", "1m 2s", "0s". Caller frees. */
char *kt_humantime_format (gint64 milliseconds);
