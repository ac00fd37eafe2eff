/* SPDX-License-Identifier: MIT
 *
 * What a person should know of the container that a server runs in.
 */
#include "tuning/advise_parts.h"

#include "base/size.h"

#define ASSUMED_WRITE_MB_S 100.0 /* until the disk is measured */
#define STOP_SECONDS 2           /* of a server without anything to write */

/* A shutdown checkpoint writes what is dirty in the cache; at worst all of it. */
static double
seconds_to_stop (const KtAdvice *advice)
{
  const KtVolume *volume = kt_platform_volume (advice->in->platform, "data");
  double mb_s = volume != NULL && volume->probe != NULL ? volume->probe->write_mb_s : ASSUMED_WRITE_MB_S;
  return STOP_SECONDS + (double) kt_wanted_int (advice->in, "shared_buffers") / (double) KT_MIB / MAX (mb_s, 1.0);
}

static void
find_short_stop (KtAdvice *advice, const KtServerContainer *container)
{
  double needed = seconds_to_stop (advice);
  if (needed <= container->stop_timeout_s)
    return;
  g_autofree char *time = kt_duration_format ((gint64) (needed * 1000));
  g_autofree char *remedy = g_strdup_printf ("stop_grace_period: %dm for %s (docker run --stop-timeout)", (int) (needed / 60) + 1,
                                             container->place);
  kt_findings_add (advice->findings, KT_SEVERITY_WARNING, NULL, remedy,
                   "container %s is killed %d s after it is told to stop, but the shutdown checkpoint can take %s: a kill costs a crash "
                   "recovery at the next start. kastune's own restarts wait for it", container->name, container->stop_timeout_s, time);
}

void
kt_find_about_container (KtAdvice *advice)
{
  const KtServerContainer *container = advice->in->server != NULL ? advice->in->server->container : NULL;
  if (container == NULL)
    return;
  find_short_stop (advice, container);
  if (g_strcmp0 (container->stop_signal, "SIGTERM") == 0)
    {
      g_autofree char *remedy = g_strdup_printf ("stop_signal: SIGINT for %s", container->place);
      kt_findings_add (advice->findings, KT_SEVERITY_WARNING, NULL, remedy,
                       "container %s is stopped by SIGTERM, on which PostgreSQL waits until every client has gone: with an indexer connected "
                       "it is killed when the time is over", container->name);
    }
  if (!container->restarts_itself)
    {
      g_autofree char *remedy = g_strdup_printf ("restart: unless-stopped for %s", container->place);
      kt_findings_add (advice->findings, KT_SEVERITY_NOTE, NULL, remedy, "nothing starts container %s again after a reboot or when it fails",
                       container->name);
    }
}
