/* SPDX-License-Identifier: MIT */
#include "base/user.h"

#include <errno.h>
#include <pwd.h>

#define LEAST_ROOM 1024
#define MOST_ROOM (1024 * 1024)

/* By @name, or by @uid where that is NULL. Its texts lie in @room. */
static gboolean
look_up (const char *name, uid_t uid, struct passwd *entry, char **room)
{
  struct passwd *found = NULL;
  int failure = ERANGE;
  for (gsize size = LEAST_ROOM; failure == ERANGE && size <= MOST_ROOM; size *= 2)
    {
      *room = g_realloc (*room, size);
      do
        failure = name != NULL ? getpwnam_r (name, entry, *room, size, &found) : getpwuid_r (uid, entry, *room, size, &found);
      while (failure == EINTR);
    }
  return found != NULL;
}

gboolean
kt_user_find (const char *name, uid_t *uid, gid_t *gid)
{
  g_autofree char *room = NULL;
  struct passwd entry;
  if (name == NULL || !look_up (name, 0, &entry, &room))
    return FALSE;
  if (uid != NULL)
    *uid = entry.pw_uid;
  if (gid != NULL)
    *gid = entry.pw_gid;
  return TRUE;
}

char *
kt_user_name (uid_t uid)
{
  g_autofree char *room = NULL;
  struct passwd entry;
  return look_up (NULL, uid, &entry, &room) ? g_strdup (entry.pw_name) : NULL;
}
