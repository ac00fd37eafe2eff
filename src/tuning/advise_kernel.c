/* SPDX-License-Identifier: MIT
 *
 * Kernel settings for a database host. They concern every program of the machine, so they are a part of a plan only where that is
 * asked for. Inside a container nothing of this can be changed, so nothing is said.
 */
#include "tuning/advise_parts.h"

#include "base/size.h"
#include "tuning/check.h"

#include <math.h>
#include <string.h>

#define HUGE_PAGES_FROM (2 * KT_GIB)
#define SWAPPINESS 10
#define STRICT_RATIO 90

/* @settled: the running value is good enough. */
static void
set_sysctl (KtKernelRow *row, gint64 running, gint64 wanted, gboolean settled)
{
  row->running = running >= 0 ? g_strdup_printf ("%" G_GINT64_FORMAT, running) : NULL;
  row->wanted = g_strdup_printf ("%" G_GINT64_FORMAT, wanted);
  row->verdict = settled ? KT_VERDICT_AS_WANTED : KT_VERDICT_CHANGE;
  kt_host_row_set (row, KT_HOST_SYSCTL, row->name, row->wanted, NULL);
}

static KtMemoryUse
advised_memory (const KtAdvice *advice)
{
  const KtInputs *in = advice->in;
  KtMemoryUse use = kt_memory_use_of (in, NULL, 0);
  use.shared_buffers = kt_wanted_int (in, "shared_buffers");
  use.wal_buffers = kt_wanted_int (in, "wal_buffers");
  use.connections = kt_wanted_int (in, "max_connections");
  return use;
}

/* The server computes the number itself when it already runs with these buffers (15 and later). */
static gint64
huge_pages_needed (const KtAdvice *advice, gint64 page_size)
{
  const KtInputs *in = advice->in;
  KtMemoryUse use = advised_memory (advice);
  gint64 running = in->server != NULL ? kt_server_int (in->server, "shared_buffers", 0) * 8192 : 0;
  gint64 exact = in->server != NULL ? kt_server_int (in->server, "shared_memory_size_in_huge_pages", -1) : -1;
  if (exact > 0 && running == use.shared_buffers)
    return exact;
  return (kt_shared_memory (&use) + page_size - 1) / page_size;
}

static void
advise_huge_pages (KtAdvice *advice)
{
  const KtMemory *memory = &advice->in->platform->memory;
  gint64 buffers = kt_wanted_int (advice->in, "shared_buffers");
  g_autofree char *mode = kt_wanted_text (advice->in, "huge_pages");
  g_autofree char *size = kt_size_format (buffers);
  if (memory->huge_page_size <= 0 || g_strcmp0 (mode, "off") == 0)
    return;
  if (buffers < HUGE_PAGES_FROM)
    {
      kt_host_row_add (advice, "vm.nr_hugepages", NULL, "%s of shared_buffers: page tables are small below 2 GB", size);
      return;
    }
  gint64 needed = huge_pages_needed (advice, memory->huge_page_size);
  KtKernelRow *row =
    kt_host_row_add (advice, "vm.nr_hugepages", NULL,
             "%s of shared_buffers: without huge pages each session's page table takes up to %" G_GINT64_FORMAT " MB",
             size,
             buffers / 512 / KT_MIB);
  set_sysctl (row, memory->huge_pages_total, needed, memory->huge_pages_total >= needed);
}

/* Does what is promised now, and what PostgreSQL needs at worst, leave a tenth of the limit that strict accounting
 * would set? Memory in huge pages is part of neither. */
static gboolean
strict_limit_is_enough (const KtAdvice *advice)
{
  const KtMemory *memory = &advice->in->platform->memory;
  gint64 buffers = kt_wanted_int (advice->in, "shared_buffers");
  gint64 huge = buffers >= HUGE_PAGES_FROM && memory->huge_page_size > 0
                  ? huge_pages_needed (advice, memory->huge_page_size) * memory->huge_page_size
                  : 0;
  gint64 limit = (memory->total - huge) / 100 * STRICT_RATIO + MAX (memory->swap_total, 0);
  return limit / 11 * 10 >= MAX (memory->committed, advice->worst_case->total - huge);
}

/* Strict accounting makes allocations of other programs fail: only for machines that PostgreSQL has to itself, and only
 * where there is room above what is promised now. NULL: nothing speaks against it. */
static const char *
against_strict_accounting (const KtAdvice *advice)
{
  const KtInputs *in = advice->in;
  const KtPlatform *platform = in->platform;
  if (in->budget->reserved > KT_GIB || in->budget->lines->len > 1)
    return "strict accounting (2) makes large allocations of the other programs here fail";
  if (in->budget->total < platform->memory.total)
    return "strict accounting (2) is for machines that PostgreSQL has to itself; a limit says that this one is shared";
  if (platform->kernel.virtualization != NULL)
    return "strict accounting (2) is for machines whose memory is fixed; this one is virtual";
  if (!strict_limit_is_enough (advice))
    return "strict accounting (2) would leave too little room above what is promised now";
  return NULL;
}

static void
advise_overcommit (KtAdvice *advice)
{
  const KtMemory *memory = &advice->in->platform->memory;
  gint64 running = advice->in->platform->kernel.overcommit_memory;
  if (running < 0 || memory->commit_limit <= 0 || memory->committed < 0)
    return;
  if (running == 2)
    {
      KtKernelRow *strict = kt_host_row_add (advice, "vm.overcommit_memory", NULL,
                                     "memory is promised only once: no surprise from the OOM killer");
      set_sysctl (strict, 2, 2, TRUE);
      return;
    }
  const char *against = against_strict_accounting (advice);
  if (against != NULL)
    {
      KtKernelRow *left = kt_host_row_add (advice, "vm.overcommit_memory", NULL, "%s", against);
      left->running = g_strdup_printf ("%" G_GINT64_FORMAT, running);
      return;
    }
  g_autofree char *committed = kt_size_format (memory->committed);
  KtKernelRow *row = kt_host_row_add (advice, "vm.overcommit_memory", NULL,
                              "PostgreSQL has this machine to itself: with 2 an allocation fails instead of the OOM "
                              "killer ending one session and with it all others; %s are promised now",
                              committed);
  /* The share of memory that may be promised comes first: half of it would be little. */
  g_autofree char *ratio = g_strdup_printf ("%d", STRICT_RATIO);
  row->verdict = KT_VERDICT_CHANGE;
  kt_host_row_set (row, KT_HOST_SYSCTL, "vm.overcommit_ratio", ratio, NULL);
  set_sysctl (row, running, 2, FALSE);
}

static void
advise_swappiness (KtAdvice *advice)
{
  const KtPlatform *platform = advice->in->platform;
  gint64 running = platform->kernel.swappiness;
  if (running < 0)
    return;
  if (platform->memory.swap_total <= 0)
    {
      KtKernelRow *row = kt_host_row_add (advice, "vm.swappiness", NULL, "there is no swap");
      row->running = g_strdup_printf ("%" G_GINT64_FORMAT, running);
      return;
    }
  if (platform->memory.swap_in_memory)
    {
      KtKernelRow *row = kt_host_row_add (advice, "vm.swappiness", NULL,
                                  "swap is compressed memory (zram), for which high values are meant");
      row->running = g_strdup_printf ("%" G_GINT64_FORMAT, running);
      return;
    }
  KtKernelRow *row = kt_host_row_add (advice, "vm.swappiness", NULL,
                              "shared_buffers that are swapped out cost two reads instead of one");
  set_sysctl (row, running, SWAPPINESS, running <= SWAPPINESS && running > 0);
}

static void
advise_dirty_bytes (KtAdvice *advice)
{
  const KtInputs *in = advice->in;
  const KtKernel *kernel = &in->platform->kernel;
  gint64 background = (gint64) kt_disk_choose (&in->data, 64, 128, 256) * KT_MIB;
  gint64 limit = (gint64) kt_disk_choose (&in->data, 256, 512, 1024) * KT_MIB;
  if (in->data.zfs || in->data.class == KT_STORAGE_MEMORY)
    return;
  if (kernel->dirty_background_bytes < 0 || kernel->dirty_bytes < 0)
    return;
  g_autofree char *disk = kt_disk_describe (&in->data);
  g_autofree char *memory = kt_size_format (in->platform->memory.total);
  const struct {
    const char *name;
    gint64 running, wanted, ratio;
  } rows[] = {
    { "vm.dirty_background_bytes", kernel->dirty_background_bytes, background, kernel->dirty_background_ratio },
    { "vm.dirty_bytes", kernel->dirty_bytes, limit, kernel->dirty_ratio },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      gint64 by_ratio = in->platform->memory.total / 100 * MAX (rows[i].ratio, 0);
      gint64 now = rows[i].running > 0 ? rows[i].running : by_ratio;
      KtKernelRow *row = kt_host_row_add (advice, rows[i].name, NULL,
                                  "storage is %s; %" G_GINT64_FORMAT " %% of %s would pile up before the kernel writes",
                                  disk,
                                  MAX (rows[i].ratio, 0), memory);
      set_sysctl (row, rows[i].running, rows[i].wanted, now > 0 && now <= rows[i].wanted);
    }
}

static void
advise_transparent_huge_pages (KtAdvice *advice)
{
  const char *running = advice->in->platform->kernel.transparent_huge_pages;
  if (running == NULL)
    return;
  KtKernelRow *row = kt_host_row_add (advice, "transparent huge pages", NULL,
                              "with always the kernel compacts memory at the wrong moments; shared_buffers do not use "
                              "them");
  row->running = g_strdup (running);
  row->wanted = g_strdup ("madvise");
  row->verdict = g_str_equal (running, "always") ? KT_VERDICT_CHANGE : KT_VERDICT_AS_WANTED;
  kt_host_row_set (row, KT_HOST_SYSFS, "/sys/kernel/mm/transparent_hugepage/enabled", row->wanted, NULL);
}

static void
advise_numa (KtAdvice *advice)
{
  const KtPlatform *platform = advice->in->platform;
  const struct {
    const char *name;
    gint64 running;
    const char *why;
  } rows[] = {
    { "vm.zone_reclaim_mode", platform->kernel.zone_reclaim_mode,
      "shared_buffers and page cache belong to all nodes: take memory from another node before dropping cache" },
    { "kernel.numa_balancing", platform->kernel.numa_balancing,
      "moving pages of shared memory between nodes costs more than it saves" },
    { "kernel.sched_autogroup_enabled", platform->kernel.sched_autogroup,
      "grouping by terminal session is meant for desktops; a server's processes should compete one by one" },
  };
  for (gsize i = 0; platform->cpu.numa_nodes > 1 && i < G_N_ELEMENTS (rows); i++)
    {
      if (rows[i].running < 0)
        continue;
      KtKernelRow *row = kt_host_row_add (advice, rows[i].name, NULL, "%u NUMA nodes: %s", platform->cpu.numa_nodes,
                                  rows[i].why);
      set_sysctl (row, rows[i].running, 0, rows[i].running == 0);
    }
}

/* Together with shared_buffers the ZFS cache may take three quarters; it gives way too slowly to be left unbounded. */
static void
advise_arc (KtAdvice *advice)
{
  const KtInputs *in = advice->in;
  gint64 running = in->platform->zfs.arc_max;
  if (!in->data.zfs || running <= 0)
    return;
  gint64 total = in->platform->memory.total;
  gint64 buffers = kt_wanted_int (in, "shared_buffers");
  gint64 others = in->budget->reserved + total / 10;
  gint64 wanted = MIN (total * 3 / 4 - buffers, total - others - advice->worst_case->total);
  wanted = MAX (wanted, total / 16) / KT_MIB * KT_MIB;
  g_autofree char *memory = kt_size_format (total);
  KtKernelRow *row = kt_host_row_add (advice, "zfs_arc_max", NULL,
                              "of %s, PostgreSQL at worst, the other programs and a tenth must stay free: the cache "
                              "gives way too slowly, and a restart with large shared_buffers can fail", memory);
  row->running = kt_size_format (running);
  row->wanted = kt_size_format (wanted);
  row->verdict = running <= wanted + wanted / 20 ? KT_VERDICT_AS_WANTED : KT_VERDICT_CHANGE;
  g_autofree char *bytes = g_strdup_printf ("%" G_GINT64_FORMAT, wanted);
  kt_host_row_set (row, KT_HOST_MODULE, "zfs/zfs_arc_max", bytes, NULL);
}

void
kt_advise_kernel (KtAdvice *advice)
{
  static void (*const parts[]) (KtAdvice *) = {
    advise_huge_pages, advise_overcommit, advise_swappiness, advise_dirty_bytes, advise_transparent_huge_pages,
    advise_numa,       kt_advise_disks,   advise_arc,
  };
  gboolean container = advice->in->container;
  gboolean ours = (!container || advice->in->options->host_of_container) && !advice->in->platform->described;
  /* Mounts and devices have other names outside of it. */
  for (gsize i = 0; ours && i < G_N_ELEMENTS (parts); i++)
    if (!container || parts[i] != kt_advise_disks)
      parts[i](advice);
}
