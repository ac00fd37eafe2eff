/* SPDX-License-Identifier: MIT
 *
 * Points at which a test can kill this process, so that every instant between two durable writes is tried one after the
 * other instead of hoped for with timers. Always compiled in: what is tested is what is shipped. Inert unless
 *
 *   KASTUNE_CRASH_AT=N       the N-th point passed (from 1) ends the process with SIGKILL
 *   KASTUNE_STOP_AT=N        there it stops (SIGSTOP), so that somebody else can act in this very instant, and continue it
 *   KASTUNE_CRASH_LIST=FILE  every point passed is appended to FILE as "N name"
 *
 * stand in the environment when the first point is passed.
 */
#pragma once

#include <glib.h>

/* Names the point by what has just happened: "file synced", "journal committed". */
void kt_crash_point (const char *format, ...) G_GNUC_PRINTF (1, 2);
