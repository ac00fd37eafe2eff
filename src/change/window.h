/* SPDX-License-Identifier: MIT
 *
 * When a change set that waits for its time may begin: some hours of each day by the local clock, or when nobody is at work, or
 * both. A window has an end, so that a machine that slept through the night does not restart its server at noon.
 */
#pragma once

#include <glib.h>

#define KT_WINDOW_DEFAULT_MINUTES 60

typedef struct {
  gboolean daily;     /* only in these minutes of the day; FALSE: at any time */
  int from_minute;    /* since local midnight */
  int length_minutes; /* 1 to 1440; may go past midnight */
  gboolean idle;      /* and only when nobody is at work */
} KtWindow;

/* "03:00" (for an hour), "23:30-01:00". Errors: KT_ERROR_USAGE. */
gboolean kt_window_parse (const char *text, KtWindow *window, GError **error);

/* "03:00-04:00", "idle", "03:00-04:00 idle": as the journal holds it. Caller frees. FALSE for any other text. */
char *kt_window_to_text (const KtWindow *window);
gboolean kt_window_from_text (const char *text, KtWindow *window);

/* "between 03:00 and 04:00, when nobody is at work". Caller frees. */
char *kt_window_describe (const KtWindow *window);

/* Milliseconds until it opens, 0: it is open. */
gint64 kt_window_left (const KtWindow *window, GDateTime *now);
