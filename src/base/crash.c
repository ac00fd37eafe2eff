/* SPDX-License-Identifier: MIT */
#include "base/crash.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct {
  gint64 at, stop; /* 0: nowhere */
  int list;        /* a descriptor, since we may become somebody who may not open it; -1: none */
} Wish;

static const Wish *
wish (void)
{
  static Wish read_once;
  static gsize once;
  if (g_once_init_enter (&once))
    {
      const char *at = secure_getenv ("KASTUNE_CRASH_AT"), *stop = secure_getenv ("KASTUNE_STOP_AT");
      const char *list = secure_getenv ("KASTUNE_CRASH_LIST");
      read_once.at = at != NULL ? g_ascii_strtoll (at, NULL, 10) : 0;
      read_once.stop = stop != NULL ? g_ascii_strtoll (stop, NULL, 10) : 0;
      read_once.list = list != NULL ? open (list, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;
      g_once_init_leave (&once, 1);
    }
  return &read_once;
}

void
kt_crash_point (const char *format, ...)
{
  static gint passed;
  const Wish *asked = wish ();
  if (G_LIKELY (asked->at <= 0 && asked->stop <= 0 && asked->list < 0))
    return;
  gint number = g_atomic_int_add (&passed, 1) + 1;
  if (asked->list >= 0)
    {
      va_list args;
      va_start (args, format);
      g_autofree char *name = g_strdup_vprintf (format, args);
      va_end (args);
      dprintf (asked->list, "%d %s\n", number, name);
    }
  if (number == asked->at)
    raise (SIGKILL);
  if (number == asked->stop)
    raise (SIGSTOP);
}
