/* SPDX-License-Identifier: MIT
 *
 * Users of this machine, by name and by number. Any thread may ask, which getpwnam() does not allow.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

/* FALSE: there is no such user, or @name is NULL. @uid and @gid (of the user's own group) may be NULL. */
gboolean kt_user_find (const char *name, uid_t *uid, gid_t *gid);

/* NULL: nobody has this number. Caller frees. */
char *kt_user_name (uid_t uid);
