/* SPDX-License-Identifier: MIT
 *
 * One document over HTTP, with limits on time and size. Nothing is followed elsewhere, and no proxy is asked.
 */
#pragma once

#include <glib.h>

/* GET @url (http:// or https://). The body of any status; *status (may be NULL) says which. Caller frees.
 * Errors: KT_ERROR_CONNECT (nobody answers), KT_ERROR_TIMEOUT, KT_ERROR_PARSE (more than 4 MiB), KT_ERROR_USAGE (no such URL). */
char *kt_fetch (const char *url, guint timeout_ms, guint *status, GError **error);
