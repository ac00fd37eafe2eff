/* SPDX-License-Identifier: MIT
 *
 * What a service manager is told, in the words of sd_notify(3): a datagram to the socket that NOTIFY_SOCKET names. The few lines are
 * ours because nothing else of libsystemd is needed.
 */
#pragma once

#include <glib.h>

/* "READY=1", lines of it with '\n'. FALSE: nobody listens. */
gboolean kt_notify (const char *state);

/* How often WATCHDOG=1 is to be said, half of what was asked for; 0: not at all. */
guint kt_notify_watchdog_ms (void);
