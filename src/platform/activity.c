/* SPDX-License-Identifier: MIT */
#include "platform/activity.h"

#include <stddef.h>

#define SECTOR 512 /* the unit of /proc/diskstats, whatever the disk's sector is */

/* Words of a line, from 0: major, minor, name, then these (Documentation/admin-guide/iostats.rst of Linux). */
static const struct {
  guint word;
  gsize member;
} fields[] = {
  { 3, offsetof (KtDiskCounters, reads) },    { 5, offsetof (KtDiskCounters, read_sectors) },
  { 6, offsetof (KtDiskCounters, read_ms) },  { 7, offsetof (KtDiskCounters, writes) },
  { 9, offsetof (KtDiskCounters, written_sectors) }, { 10, offsetof (KtDiskCounters, write_ms) },
  { 12, offsetof (KtDiskCounters, busy_ms) }, { 13, offsetof (KtDiskCounters, waiting_ms) },
  { 18, offsetof (KtDiskCounters, flushes) }, { 19, offsetof (KtDiskCounters, flush_ms) },
};

static guint64 *
counter (KtDiskCounters *counters, guint i)
{
  return (guint64 *) G_STRUCT_MEMBER_P (counters, fields[i].member);
}

/* Names hold no blanks; empty words are blanks that align the columns. */
static gboolean
take_line (const char *line, const char *device, KtDiskCounters *counters)
{
  g_auto (GStrv) parts = g_strsplit (line, " ", -1);
  g_autoptr (GPtrArray) words = g_ptr_array_new ();
  for (guint i = 0; parts[i] != NULL; i++)
    if (*parts[i] != '\0')
      g_ptr_array_add (words, parts[i]);
  if (words->len < 14 || !g_str_equal (words->pdata[2], device))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    *counter (counters, i) = fields[i].word < words->len ? g_ascii_strtoull (words->pdata[fields[i].word], NULL, 10) : 0;
  return TRUE;
}

gboolean
kt_disk_counters_read (KtSysroot *root, const char *device, KtDiskCounters *counters)
{
  g_autofree char *text = kt_sysroot_read (root, "/proc/diskstats");
  g_auto (GStrv) lines = g_strsplit (text != NULL ? text : "", "\n", -1);
  *counters = (KtDiskCounters){ .taken_us = g_get_monotonic_time () };
  for (guint i = 0; lines[i] != NULL; i++)
    if (take_line (lines[i], device, counters))
      return TRUE;
  return FALSE;
}

static double
each (guint64 ms, guint64 requests)
{
  return requests > 0 ? (double) ms / (double) requests : -1;
}

gboolean
kt_disk_activity (const KtDiskCounters *from, const KtDiskCounters *to, KtDiskActivity *activity)
{
  KtDiskCounters begin = *from, end = *to, delta = { 0 };
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    {
      if (*counter (&end, i) < *counter (&begin, i))
        return FALSE;
      *counter (&delta, i) = *counter (&end, i) - *counter (&begin, i);
    }
  double seconds = (double) (end.taken_us - begin.taken_us) / G_USEC_PER_SEC;
  if (seconds <= 0)
    return FALSE;
  *activity = (KtDiskActivity){
    .reads_per_s = (double) delta.reads / seconds,
    .read_bytes_per_s = (double) delta.read_sectors * SECTOR / seconds,
    .writes_per_s = (double) delta.writes / seconds,
    .written_bytes_per_s = (double) delta.written_sectors * SECTOR / seconds,
    .flushes_per_s = (double) delta.flushes / seconds,
    .read_ms = each (delta.read_ms, delta.reads),
    .write_ms = each (delta.write_ms, delta.writes),
    .flush_ms = each (delta.flush_ms, delta.flushes),
    .busy_percent = MIN ((double) delta.busy_ms / seconds / 10, 100),
    .queue = (double) delta.waiting_ms / seconds / 1000,
  };
  return TRUE;
}

JsonObject *
kt_disk_activity_to_json (const KtDiskActivity *activity)
{
  const struct {
    const char *name;
    double value;
  } members[] = {
    { "reads_per_s", activity->reads_per_s },       { "read_bytes_per_s", activity->read_bytes_per_s },
    { "writes_per_s", activity->writes_per_s },     { "written_bytes_per_s", activity->written_bytes_per_s },
    { "flushes_per_s", activity->flushes_per_s },   { "read_ms", activity->read_ms },
    { "write_ms", activity->write_ms },             { "flush_ms", activity->flush_ms },
    { "busy_percent", activity->busy_percent },     { "queue_requests", activity->queue },
  };
  JsonObject *object = json_object_new ();
  for (gsize i = 0; i < G_N_ELEMENTS (members); i++)
    if (members[i].value >= 0)
      json_object_set_double_member (object, members[i].name, members[i].value);
  return object;
}
