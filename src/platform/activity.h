/* SPDX-License-Identifier: MIT
 *
 * What block devices do: the counters of /proc/diskstats, and what two looks at them say.
 */
#pragma once

#include "base/json.h"
#include "base/sysroot.h"

/* Since the machine was started. */
typedef struct {
  guint64 reads, read_sectors, read_ms;
  guint64 writes, written_sectors, write_ms;
  guint64 busy_ms, waiting_ms; /* with any request in it; the sum over all requests */
  guint64 flushes, flush_ms;   /* 0 before Linux 5.5 */
  gint64 taken_us;             /* monotonic */
} KtDiskCounters;

typedef struct {
  double reads_per_s, read_bytes_per_s, writes_per_s, written_bytes_per_s, flushes_per_s;
  double read_ms, write_ms, flush_ms; /* one request, with its wait in the queue; -1: there was none */
  double busy_percent;                /* at most 100; a device that does many at once can take more when it is at that */
  double queue;                       /* requests in it, on average */
} KtDiskActivity;

/* FALSE when the kernel does not know @device ("sda", "dm-0"). */
gboolean kt_disk_counters_read (KtSysroot *root, const char *device, KtDiskCounters *counters);

/* Between the two looks. FALSE when no time lies between them, or the counters began anew. */
gboolean kt_disk_activity (const KtDiskCounters *from, const KtDiskCounters *to, KtDiskActivity *activity);

/* {reads_per_s, read_bytes_per_s, read_ms, …}; latencies of what did not happen are absent. */
JsonObject *kt_disk_activity_to_json (const KtDiskActivity *activity);
