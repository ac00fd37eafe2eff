/* SPDX-License-Identifier: MIT
 *
 * Sizes and durations as people write them. Bytes and milliseconds inside, text only at the edges.
 * PostgreSQL's own notation, with its base units, is postgres/guc.h.
 */
#pragma once

#include <glib.h>

#define KT_KIB ((gint64) 1024)
#define KT_MIB ((gint64) 1024 * 1024)
#define KT_GIB ((gint64) 1024 * 1024 * 1024)

/* "512", "64k", "1.5G", "2GiB", "300 MB": binary multiples, any case. Errors: KT_ERROR_PARSE. */
gboolean kt_size_parse (const char *text, gint64 *bytes, GError **error);

/* "0 B", "640 kB", "1.5 GB", "12 TB": binary multiples with at most three significant digits. Caller frees. */
char *kt_size_format (gint64 bytes);

/* "90s", "15min", "2h", "30d", "250ms". A bare number is seconds. Errors: KT_ERROR_PARSE. */
gboolean kt_duration_parse (const char *text, gint64 *milliseconds, GError **error);

/* "250 ms", "12 s", "4 min 10 s", "2 h 5 min", "3 d 4 h". Caller frees. */
char *kt_duration_format (gint64 milliseconds);
