/* SPDX-License-Identifier: MIT */
#include "change/moment.h"

#include <time.h>

#define BOOT_ID "/proc/sys/kernel/random/boot_id"

KtMoment
kt_moment_now (void)
{
  g_autofree char *boot = NULL;
  struct timespec since = { 0 };
  gboolean known = g_file_get_contents (BOOT_ID, &boot, NULL, NULL) && clock_gettime (CLOCK_BOOTTIME, &since) == 0;
  return (KtMoment){
    .boot = g_intern_string (known ? g_strstrip (boot) : ""),
    .since_boot_ms = (gint64) since.tv_sec * 1000 + since.tv_nsec / 1000000,
    .wall_ms = g_get_real_time () / 1000,
  };
}

gint64
kt_moment_left (const KtMoment *from, gint64 span_ms, const KtMoment *now)
{
  /* A process that was moved between time namespaces sees another CLOCK_BOOTTIME in the same boot. */
  gboolean same_boot = *from->boot != '\0' && g_str_equal (from->boot, now->boot) && now->since_boot_ms >= from->since_boot_ms;
  gint64 passed = same_boot ? now->since_boot_ms - from->since_boot_ms : now->wall_ms - from->wall_ms;
  return passed < 0 ? 0 : MAX (span_ms - passed, 0);
}
