/* SPDX-License-Identifier: MIT
 *
 * When the indexer prunes: the five fields of cron in UTC. The indexer puts a seconds field in front and its parser
 * takes a year at the end, so a sixth field is a year. Both fields of the day must match.
 */
#pragma once

#include <glib.h>

typedef struct {
  guint64 minutes; /* bits, from 0 */
  guint64 hours;   /* from 0 */
  guint64 days;    /* from bit 1 */
  guint64 months;  /* from bit 1 */
  guint64 weekdays; /* Sunday is 0 and 7 */
  gint first_year; /* 0: any */
  gint last_year;
} KtCron;

/* Errors: KT_ERROR_PARSE. */
gboolean kt_cron_parse (KtCron *cron, const char *text, GError **error);

/* First minute after @unix_s that matches, in seconds since 1970; 0 when none does within ten years. */
gint64 kt_cron_next (const KtCron *cron, gint64 unix_s);
