/* SPDX-License-Identifier: MIT */
#include "storage/health.h"

#include "base/error.h"
#include "base/size.h"

#include <string.h>
#include <time.h>

#define FULL 80 /* percent: the allocator slows down, and copies need room */
#define VERY_FULL 90
#define FRAGMENTED 50
#define SCRUB_DAYS 35 /* Debian's cron job scrubs on the second Sunday of each month */
#define DAY ((gint64) 24 * 3600)
#define LOW_RATIO 1.1
#define ENOUGH_DATA KT_GIB
#define NO_ERRORS "No known data errors"

gint64
kt_scan_time (const char *scan)
{
  struct tm broken = { .tm_isdst = -1 };
  const char *on = scan != NULL ? g_strrstr (scan, " on ") : NULL;
  if (on == NULL || !g_str_has_prefix (scan, "scrub repaired")
      || strptime (on + strlen (" on "), "%a %b %d %H:%M:%S %Y", &broken) == NULL)
    return -1;
  return (gint64) mktime (&broken);
}

static void
find_state (GPtrArray *findings, const KtZfsObject *pool, const KtPoolStatus *status)
{
  g_autofree char *look = g_strdup_printf ("zpool status -v %s", pool->name);
  if (g_strcmp0 (status->state, "ONLINE") != 0)
    kt_findings_add (findings, KT_SEVERITY_WARNING, NULL, status->action != NULL ? status->action : look, "pool %s is %s: %s",
                     pool->name, status->state != NULL ? status->state : "in an unknown state",
                     status->status != NULL ? status->status : "a device is missing or failing");
  else if (status->read_errors + status->write_errors + status->checksum_errors > 0)
    kt_findings_add (findings, KT_SEVERITY_WARNING, NULL, look,
                     "devices of pool %s had %" G_GUINT64_FORMAT " read, %" G_GUINT64_FORMAT " write and %" G_GUINT64_FORMAT
                     " checksum errors; so far they could be repaired",
                     pool->name, status->read_errors, status->write_errors, status->checksum_errors);
  if (status->errors != NULL && !g_str_equal (status->errors, NO_ERRORS))
    kt_findings_add (findings, KT_SEVERITY_REFUSE, NULL, look, "pool %s has damaged data: %s", pool->name, status->errors);
}

static void
find_fullness (GPtrArray *findings, const KtZfsObject *pool)
{
  gint64 capacity = kt_zfs_number (pool, "capacity"), fragmentation = kt_zfs_number (pool, "fragmentation");
  if (capacity >= FULL)
    kt_findings_add (findings, capacity >= VERY_FULL ? KT_SEVERITY_WARNING : KT_SEVERITY_NOTE, NULL,
                     "remove old snapshots (zfs list -t snapshot), prune, or add devices",
                     "pool %s is %d %% full: above %d %% it gets slow, and a full pool stops PostgreSQL", pool->name, (int) capacity,
                     FULL);
  if (fragmentation >= FRAGMENTED)
    kt_findings_add (findings, KT_SEVERITY_NOTE, NULL, "keep more of it free; only a copy to a fresh pool undoes it",
                     "the free space of pool %s is fragmented (%d %%): large writes are cut into small ones", pool->name,
                     (int) fragmentation);
}

static void
find_scrub (GPtrArray *findings, const KtZfsObject *pool, const KtPoolStatus *status, gint64 now)
{
  g_autofree char *scrub = g_strdup_printf ("zpool scrub %s; then monthly (Debian: /etc/cron.d/zfsutils-linux)", pool->name);
  gint64 scrubbed = kt_scan_time (status->scan);
  if (status->scan == NULL)
    kt_findings_add (findings, KT_SEVERITY_NOTE, NULL, scrub,
                     "pool %s was never scrubbed: what rots unread is only found when it is needed", pool->name);
  else if (scrubbed >= 0 && now - scrubbed > SCRUB_DAYS * DAY)
    kt_findings_add (findings, KT_SEVERITY_NOTE, NULL, scrub, "the last scrub of pool %s is %d days old", pool->name,
                     (int) ((now - scrubbed) / DAY));
}

void
kt_find_about_pool (GPtrArray *findings, const KtZfsObject *pool, const KtPoolStatus *status, gint64 now)
{
  find_fullness (findings, pool);
  if (status == NULL)
    return;
  find_state (findings, pool, status);
  find_scrub (findings, pool, status, now);
}

gboolean
kt_pool_is_fit (const KtZfsObject *pool, gboolean grows, GError **error)
{
  const char *health = kt_zfs_value (pool, "health");
  gint64 capacity = kt_zfs_number (pool, "capacity");
  g_autofree char *look = g_strdup_printf ("zpool status -v %s says which device; bring it back or replace it first", pool->name);
  if (g_strcmp0 (health, "ONLINE") != 0)
    kt_error_set (error, KT_ERROR_REFUSED, "a device is missing or failing", look, "pool %s is %s", pool->name,
                  health != NULL ? health : "in an unknown state");
  else if (g_strcmp0 (kt_zfs_value (pool, "readonly"), "on") == 0)
    kt_error_set (error, KT_ERROR_REFUSED, NULL, "zpool export, then zpool import without readonly=on", "pool %s is read-only", pool->name);
  else if (grows && capacity >= VERY_FULL)
    kt_error_set (error, KT_ERROR_REFUSED, "from there on it gets slow, and a full pool stops PostgreSQL",
                  "remove old snapshots (zfs list -t snapshot), prune, or add devices", "pool %s is %d %% full", pool->name, (int) capacity);
  else
    return TRUE;
  return FALSE;
}

void
kt_find_about_datasets (GPtrArray *findings, const KtZfsObject *data, const KtZfsObject *wal)
{
  if (data != NULL && kt_zfs_ratio (data, "refcompressratio") < LOW_RATIO && kt_zfs_number (data, "logicalreferenced") > ENOUGH_DATA
      && g_strcmp0 (kt_zfs_value (data, "compression"), "off") != 0)
    kt_findings_add (findings, KT_SEVERITY_NOTE, NULL, "kastune storage estimate says what other record sizes and compressions give",
                     "%s shrinks its data by less than a tenth (x%s): hardly worth the CPU", data->name,
                     kt_zfs_value (data, "refcompressratio"));
  if (data != NULL && wal != NULL && g_str_equal (data->name, wal->name))
    kt_findings_add (findings, KT_SEVERITY_NOTE, NULL,
                     "a dataset of its own for pg_wal, in the same pool, so that one recursive snapshot holds both",
                     "data and WAL share the dataset %s: WAL gains from large records and lz4, tables do not", data->name);
  if ((data != NULL) != (wal != NULL))
    kt_findings_add (findings, KT_SEVERITY_NOTE, NULL, NULL,
                     "only %s on ZFS: a snapshot of one without the other is no backup", data != NULL ? "the data lie" : "the WAL lies");
}
