/* SPDX-License-Identifier: MIT
 *
 * What a service has to say: a line an event on standard error, with systemd's <N> in front where the journal reads it, with time and
 * level elsewhere.
 */
#pragma once

#include <glib.h>

typedef enum { /* as syslog numbers them */
  KT_LOG_ERROR = 3,
  KT_LOG_WARNING = 4,
  KT_LOG_NOTICE = 5,
  KT_LOG_INFO = 6,
} KtLogLevel;

void kt_log (KtLogLevel level, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* Message, detail and hint in one line. */
void kt_log_error (KtLogLevel level, const GError *error);

/* The line as it is written, with its end. @now NULL: for systemd's journal. Caller frees. */
char *kt_log_line (KtLogLevel level, const char *text, GDateTime *now);

/* Does what is written to @fd go to systemd's journal? @stream: JOURNAL_STREAM, "device:inode", or NULL. */
gboolean kt_log_is_journal (int fd, const char *stream);
