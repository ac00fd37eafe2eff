/* SPDX-License-Identifier: MIT */
#include "base/owner.h"

#include "base/error.h"
#include "base/user.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_GROUPS 256

#ifdef SYS_setgroups32
#define SET_GROUPS SYS_setgroups32
#else
#define SET_GROUPS SYS_setgroups
#endif

static __thread gid_t own_groups[MAX_GROUPS];
static __thread int n_own_groups = -1; /* -1: we are ourselves */

/* The library's setgroups is for all threads; what others do meanwhile is theirs. */
static gboolean
set_groups (const gid_t *groups, int n)
{
  return syscall (SET_GROUPS, (size_t) n, groups) == 0;
}

gboolean
kt_owner_become (uid_t uid, gid_t gid, GError **error)
{
  if (geteuid () != 0 || uid == 0)
    return TRUE;
  gid_t groups[MAX_GROUPS] = { gid };
  int n = MAX_GROUPS;
  g_autofree char *name = kt_user_name (uid);
  if (name == NULL)
    n = 1;
  else if (getgrouplist (name, gid, groups, &n) < 0)
    n = MAX_GROUPS;
  n_own_groups = getgroups (MAX_GROUPS, own_groups);
  if (n_own_groups >= 0 && set_groups (groups, n))
    {
      setfsgid (gid);
      setfsuid (uid);
      if (setfsuid ((uid_t) -1) == (int) uid && setfsgid ((gid_t) -1) == (int) gid)
        return TRUE;
    }
  if (n_own_groups >= 0)
    kt_owner_leave ();
  kt_error_set (error, KT_ERROR_PRIVILEGE, NULL, "run kastune with all rights of root", "cannot work as user %u in its own folder", (guint) uid);
  return FALSE;
}

void
kt_owner_leave (void)
{
  if (n_own_groups < 0)
    return;
  setfsuid (geteuid ());
  setfsgid (getegid ());
  if (setfsuid ((uid_t) -1) != (int) geteuid () || !set_groups (own_groups, n_own_groups))
    g_error ("cannot become root again: %s", g_strerror (errno));
  n_own_groups = -1;
}

gboolean
kt_owner_give_folder (const char *folder, uid_t uid, gid_t gid, mode_t mode)
{
  int fd = open (folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  gboolean given = fd >= 0 && (geteuid () != 0 || fchown (fd, uid, gid) == 0) && fchmod (fd, mode & 07777) == 0;
  int saved = errno;
  if (fd >= 0)
    close (fd);
  errno = saved;
  return given;
}
