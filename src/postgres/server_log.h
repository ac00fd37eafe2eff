/* SPDX-License-Identifier: MIT
 *
 * A server's log, as far as it tells of trouble. log_line_prefix may be anything, so severities are found by their shape
 * ("FATAL:  " with two blanks); csvlog and jsonlog are read too. Pure, apart from kt_log_read and kt_log_of_running_collector.
 */
#pragma once

#include <glib.h>

/* What stands in @path from byte @since on, at most the last 4 MiB; from the beginning when the file is shorter now (it was
 * rotated). "" when it cannot be read. Caller frees. */
char *kt_log_read (const char *path, gint64 since);

/* Reports of the server itself: PANIC, FATAL and ERROR, crashes, broken configuration files. Clients' mistakes are left out.
 * Each with its hint, without the prefix: "FATAL: could not map anonymous shared memory; HINT: …". */
GStrv kt_log_problems (const char *text);

/* Why a start failed: the last FATAL or PANIC with what led to it, or the last lines when there is none; NULL for "".
 * Caller frees. */
char *kt_log_failure (const char *text);

/* Is there any FATAL or PANIC in text of the plain format? */
gboolean kt_log_has_failure (const char *text);

/* The file that current_logfiles (its text) names for stderr, else csvlog, else jsonlog; NULL when it names none.
 * Caller frees. */
char *kt_log_of_collector (const char *text, const char *data_directory);
/* The file that a running collector writes now; NULL when there is none or no right to look. Caller frees. */
char *kt_log_of_running_collector (const char *data_directory);
