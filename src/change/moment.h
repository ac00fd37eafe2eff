/* SPDX-License-Identifier: MIT
 *
 * An instant that a deadline counts from, as it stands in the journal, and how much of a time span is left since. Two
 * clocks, because neither is enough alone:
 * - within one boot CLOCK_BOOTTIME decides: nobody sets it, and it goes on while the machine sleeps;
 * - after a reboot that clock began anew, so the wall clock decides, and it may have jumped. A wall clock that stands before
 *   the instant itself says nothing about the time that has passed: then the time is over, since going back is the safe end.
 */
#pragma once

#include <glib.h>

typedef struct {
  const char *boot;     /* the kernel's random boot_id, interned; "" unknown */
  gint64 since_boot_ms; /* CLOCK_BOOTTIME */
  gint64 wall_ms;       /* Unix milliseconds */
} KtMoment;

KtMoment kt_moment_now (void);

/* Milliseconds of @span_ms that are left at @now when it began at @from; 0: over. */
gint64 kt_moment_left (const KtMoment *from, gint64 span_ms, const KtMoment *now);
