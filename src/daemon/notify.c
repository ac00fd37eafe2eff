/* SPDX-License-Identifier: MIT */
#include "daemon/notify.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

gboolean
kt_notify (const char *state)
{
  const char *path = g_getenv ("NOTIFY_SOCKET");
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  gsize length = path != NULL ? strlen (path) : 0;
  if (length < 2 || length > sizeof address.sun_path || (*path != '/' && *path != '@'))
    return FALSE;
  memcpy (address.sun_path, path, length);
  if (*path == '@') /* a name without a file */
    address.sun_path[0] = '\0';
  int fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  gsize size = strlen (state);
  gboolean told = fd >= 0 && sendto (fd, state, size, MSG_NOSIGNAL, (struct sockaddr *) &address,
                                     (socklen_t) (offsetof (struct sockaddr_un, sun_path) + length)) == (ssize_t) size;
  if (fd >= 0)
    close (fd);
  return told;
}

guint
kt_notify_watchdog_ms (void)
{
  const char *within = g_getenv ("WATCHDOG_USEC"), *pid = g_getenv ("WATCHDOG_PID");
  guint64 microseconds = 0, whose = 0;
  if (within == NULL || !g_ascii_string_to_unsigned (within, 10, 1, G_MAXINT64, &microseconds, NULL))
    return 0;
  if (pid != NULL && (!g_ascii_string_to_unsigned (pid, 10, 1, G_MAXINT, &whose, NULL) || whose != (guint64) getpid ()))
    return 0;
  return (guint) CLAMP (microseconds / 2000, 1, G_MAXINT);
}
