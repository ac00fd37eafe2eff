/* SPDX-License-Identifier: MIT
 *
 * Root at work in a folder that belongs to somebody else. Whoever owns it can put a link in the place of any folder or file in it, at any
 * moment; as long as the file system takes us for that user, the link leads to nothing that they could not have reached themselves.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

/* The file system takes this thread, and no other, for user @uid with its groups, until kt_owner_leave. Nothing changes for a process that
 * is not root, or when @uid is. Errors: KT_ERROR_PRIVILEGE. */
gboolean kt_owner_become (uid_t uid, gid_t gid, GError **error);
void kt_owner_leave (void);

/* A folder, and no link in its place, belongs to @uid and @gid (as far as we are root) and has @mode. FALSE with errno. */
gboolean kt_owner_give_folder (const char *folder, uid_t uid, gid_t gid, mode_t mode);
