/* SPDX-License-Identifier: MIT
 *
 * The chosen machine: a smaller one emulated on this one by control groups, for the time of one private server. Memory
 * (with page cache), CPUs, and the requests and bytes a second of the disk below a folder, reads and writes each.
 * Version 1 of control groups does not hold what the kernel writes back on its own; reads and synced writes are held.
 */
#pragma once

#include "base/control_group.h"
#include "base/json.h"

typedef struct {
  gint64 memory_bytes; /* 0: as here */
  guint cpus;          /* 0: as here */
  const char *class;   /* a known class, "custom", or NULL: as here */
  gint64 iops;         /* requests a second; 0: unlimited */
  gint64 bytes_per_s;  /* 0: unlimited */
} KtBenchHost;

/* "4G,2cpu,cloud-volume" in any order; classes: cloud-volume (3,000 requests/s, 125 MB/s), sata-ssd, nvme, hdd; or
 * iops=N and mbps=N (10^6 bytes/s). Errors: KT_ERROR_USAGE naming the word. */
gboolean kt_bench_host_parse (const char *text, KtBenchHost *host, GError **error);
gboolean kt_bench_host_is_limited (const KtBenchHost *host);
/* "4 GB, 2 CPUs, cloud-volume (3000 requests/s, 125 MB/s)"; "this machine". Caller frees. */
char *kt_bench_host_describe (const KtBenchHost *host);
JsonObject *kt_bench_host_to_json (const KtBenchHost *host);

typedef struct {
  KtControlGroup *group;
  char *device;        /* "254:0" that is limited and counted; NULL: none */
  gboolean memory, cpus, disk; /* is the limit in force? TRUE also when none was asked for */
  GPtrArray *notes;    /* char *: what could not be limited, and what to do about it */
} KtEmulation;

/* @folder: on the disk to limit; not there yet is fine, its parent decides. Unlimited hosts get a group too where one
 * can be made, for its counters. Errors: KT_ERROR_UNSUPPORTED (limits were asked for and none of them can be set here). */
KtEmulation *kt_emulation_new (const KtBenchHost *host, const char *folder, GError **error);
/* Ends what runs inside, removes the group. */
void kt_emulation_free (KtEmulation *emulation);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtEmulation, kt_emulation_free)

/* For KtRun.cgroups; NULL without a group. */
const char *const *kt_emulation_procs (const KtEmulation *emulation);
gboolean kt_emulation_ran_out_of_memory (const KtEmulation *emulation);

/* Served by the device to the processes inside since the group was made; -1: not known. */
typedef struct {
  gint64 reads, writes, read_bytes, write_bytes;
} KtDiskCounts;

void kt_emulation_disk (const KtEmulation *emulation, KtDiskCounts *counts);
/* Pure: the lines of @device in blkio.throttle files ("254:0 Read 5") and in io.stat. */
void kt_disk_counts_parse_v1 (const char *served, const char *bytes, const char *device, KtDiskCounts *counts);
void kt_disk_counts_parse_v2 (const char *stat, const char *device, KtDiskCounts *counts);

/* Removes groups that a killed kastune left. */
void kt_emulation_sweep (void);
/* "254:0" of the whole disk below @path; NULL when it has none of its own (ZFS, network, tmpfs). Caller frees. */
char *kt_disk_device (const char *path);
