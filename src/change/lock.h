/* SPDX-License-Identifier: MIT
 *
 * One kastune at a time per server: a file in the state folder, held by flock, so the lock dies with its holder however
 * that ends. The file goes with a holder that ends in peace, else the next one takes it over; what stands in it (pid and
 * since when) is only for the message of the refused.
 */
#pragma once

#include <glib.h>

typedef struct KtLock KtLock;

/* Errors: KT_ERROR_REFUSED when it is held, naming the holder; else by errno. */
KtLock *kt_lock_take (const char *directory, const char *server, GError **error);
/* The same for something else that only one may do: "another kastune (process 7, since …) @does". */
KtLock *kt_lock_take_for (const char *directory, const char *name, const char *does, const char *hint, GError **error);
/* For a moment it looks held to others meanwhile. */
gboolean kt_lock_is_held (const char *directory, const char *name);
void kt_lock_release (KtLock *lock);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtLock, kt_lock_release)
