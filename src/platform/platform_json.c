/* SPDX-License-Identifier: MIT
 *
 * A row a member: name, how it is written, where it stands. What is unknown (-1, NULL) or unlimited is left out.
 */
#include "platform/platform_json.h"

#include <math.h>
#include <stddef.h>

/* ROUNDED: a double of which only the whole number means something. Kinds with OR_NONE leave out 0. */
typedef enum {
  INT64, INT64_OR_NONE, UINT, UINT_OR_NONE, INT, DOUBLE, DOUBLE_OR_NONE, ROUNDED, BOOLEAN, STRING, CLASS
} Kind;

typedef struct {
  const char *name;
  Kind kind;
  gsize offset;
} Member;

#define MEMBER(type, member, kind, name) { name, kind, offsetof (type, member) }

static const Member memory_members[] = {
  MEMBER (KtMemory, total, INT64, "total_bytes"),
  MEMBER (KtMemory, available, INT64, "available_bytes"),
  MEMBER (KtMemory, swap_total, INT64, "swap_total_bytes"),
  MEMBER (KtMemory, swap_free, INT64, "swap_free_bytes"),
  MEMBER (KtMemory, swap_in_memory, BOOLEAN, "swap_in_memory"),
  MEMBER (KtMemory, huge_page_size, INT64, "huge_page_size_bytes"),
  MEMBER (KtMemory, huge_pages_total, INT64, "huge_pages_total"),
  MEMBER (KtMemory, huge_pages_free, INT64, "huge_pages_free"),
  MEMBER (KtMemory, committed, INT64, "committed_bytes"),
  MEMBER (KtMemory, commit_limit, INT64, "commit_limit_bytes"),
};

static const Member cgroup_members[] = {
  MEMBER (KtCgroup, version, INT, "version"),
  MEMBER (KtCgroup, memory_limit, INT64, "memory_limit_bytes"),
  MEMBER (KtCgroup, memory_limit_path, STRING, "memory_limit_path"),
  MEMBER (KtCgroup, memory_usage, INT64, "memory_usage_bytes"),
  MEMBER (KtCgroup, swap_limit, INT64, "swap_limit_bytes"),
  MEMBER (KtCgroup, cpu_quota, DOUBLE_OR_NONE, "cpu_quota_cpus"),
  MEMBER (KtCgroup, cpu_quota_path, STRING, "cpu_quota_path"),
  MEMBER (KtCgroup, cpuset_cpus, UINT_OR_NONE, "cpuset_cpus"),
  MEMBER (KtCgroup, hugetlb_limit, INT64, "hugetlb_limit_bytes"),
};

static const Member cpu_members[] = {
  MEMBER (KtCpu, model, STRING, "model"),
  MEMBER (KtCpu, architecture, STRING, "architecture"),
  MEMBER (KtCpu, sockets, UINT, "sockets"),
  MEMBER (KtCpu, cores, UINT, "cores"),
  MEMBER (KtCpu, threads, UINT, "threads"),
  MEMBER (KtCpu, numa_nodes, UINT, "numa_nodes"),
  MEMBER (KtCpu, affinity, UINT_OR_NONE, "affinity_cpus"),
  MEMBER (KtCpu, usable, DOUBLE, "usable_cpus"),
  MEMBER (KtCpu, aes, BOOLEAN, "aes"),
  MEMBER (KtCpu, hypervisor, BOOLEAN, "hypervisor"),
};

static const Member kernel_members[] = {
  MEMBER (KtKernel, release, STRING, "release"),
  MEMBER (KtKernel, distribution, STRING, "distribution"),
  MEMBER (KtKernel, clock_source, STRING, "clock_source"),
  MEMBER (KtKernel, virtualization, STRING, "virtualization"),
  MEMBER (KtKernel, container, BOOLEAN, "container"),
  MEMBER (KtKernel, overcommit_memory, INT64, "overcommit_memory"),
  MEMBER (KtKernel, overcommit_ratio, INT64, "overcommit_ratio_percent"),
  MEMBER (KtKernel, swappiness, INT64, "swappiness"),
  MEMBER (KtKernel, dirty_ratio, INT64, "dirty_ratio_percent"),
  MEMBER (KtKernel, dirty_background_ratio, INT64, "dirty_background_ratio_percent"),
  MEMBER (KtKernel, dirty_bytes, INT64, "dirty_bytes"),
  MEMBER (KtKernel, dirty_background_bytes, INT64, "dirty_background_bytes"),
  MEMBER (KtKernel, zone_reclaim_mode, INT64, "zone_reclaim_mode"),
  MEMBER (KtKernel, numa_balancing, INT64, "numa_balancing"),
  MEMBER (KtKernel, sched_autogroup, INT64, "sched_autogroup"),
  MEMBER (KtKernel, io_uring_disabled, INT64, "io_uring_disabled"),
  MEMBER (KtKernel, shmmax, INT64, "shmmax_bytes"),
  MEMBER (KtKernel, shmall, INT64, "shmall_pages"),
  MEMBER (KtKernel, dev_shm_size, INT64, "dev_shm_size_bytes"),
  MEMBER (KtKernel, dev_shm_available, INT64, "dev_shm_available_bytes"),
  MEMBER (KtKernel, transparent_huge_pages, STRING, "transparent_huge_pages"),
  MEMBER (KtKernel, transparent_huge_pages_defrag, STRING, "transparent_huge_pages_defrag"),
};

static const Member zfs_members[] = {
  MEMBER (KtZfs, tools, BOOLEAN, "tools"),
  MEMBER (KtZfs, module, BOOLEAN, "module"),
  MEMBER (KtZfs, version, STRING, "version"),
  MEMBER (KtZfs, arc_size, INT64, "arc_size_bytes"),
  MEMBER (KtZfs, arc_max, INT64, "arc_max_bytes"),
};

static const Member pool_members[] = {
  MEMBER (KtPool, name, STRING, "name"),
  MEMBER (KtPool, health, STRING, "health"),
  MEMBER (KtPool, size, INT64, "size_bytes"),
  MEMBER (KtPool, allocated, INT64, "allocated_bytes"),
  MEMBER (KtPool, free, INT64, "free_bytes"),
  MEMBER (KtPool, capacity_percent, INT, "capacity_percent"),
  MEMBER (KtPool, fragmentation_percent, INT, "fragmentation_percent"),
};

static const Member volume_members[] = {
  MEMBER (KtVolume, role, STRING, "role"),
  MEMBER (KtVolume, path, STRING, "path"),
  MEMBER (KtVolume, mount_point, STRING, "mount_point"),
  MEMBER (KtVolume, fs_type, STRING, "fs_type"),
  MEMBER (KtVolume, source, STRING, "source"),
  MEMBER (KtVolume, options, STRING, "options"),
  MEMBER (KtVolume, zfs_dataset, STRING, "zfs_dataset"),
  MEMBER (KtVolume, size, INT64, "size_bytes"),
  MEMBER (KtVolume, available, INT64, "available_bytes"),
  MEMBER (KtVolume, inodes, INT64, "inodes"),
  MEMBER (KtVolume, inodes_free, INT64, "inodes_free"),
  MEMBER (KtVolume, copy_on_write, BOOLEAN, "copy_on_write"),
  MEMBER (KtVolume, network, BOOLEAN, "network"),
  MEMBER (KtVolume, flags_class, CLASS, "flags_class"),
  MEMBER (KtVolume, class, CLASS, "class"),
  MEMBER (KtVolume, class_reason, STRING, "class_reason"),
};

static const Member device_members[] = {
  MEMBER (KtBlockDevice, name, STRING, "name"),
  MEMBER (KtBlockDevice, depth, UINT, "depth"),
  MEMBER (KtBlockDevice, kind, STRING, "kind"),
  MEMBER (KtBlockDevice, label, STRING, "label"),
  MEMBER (KtBlockDevice, transport, STRING, "transport"),
  MEMBER (KtBlockDevice, model, STRING, "model"),
  MEMBER (KtBlockDevice, size, INT64, "size_bytes"),
  MEMBER (KtBlockDevice, rotational, INT, "rotational"),
  MEMBER (KtBlockDevice, scheduler, STRING, "scheduler"),
  MEMBER (KtBlockDevice, read_ahead, INT64, "read_ahead_bytes"),
  MEMBER (KtBlockDevice, write_cache, STRING, "write_cache"),
  MEMBER (KtBlockDevice, discard, BOOLEAN, "discard"),
};

static const Member probe_members[] = {
  MEMBER (KtProbe, read_iops_1, ROUNDED, "read_1_per_s"),
  MEMBER (KtProbe, read_latency_1_us, ROUNDED, "read_1_latency_us"),
  MEMBER (KtProbe, read_iops_16, ROUNDED, "read_16_per_s"),
  MEMBER (KtProbe, read_latency_16_us, ROUNDED, "read_16_latency_us"),
  MEMBER (KtProbe, write_mb_s, ROUNDED, "write_mb_per_s"),
  MEMBER (KtProbe, fdatasync_us, ROUNDED, "fdatasync_us"),
  MEMBER (KtProbe, other_iops, DOUBLE_OR_NONE, "others_per_s"),
  MEMBER (KtProbe, direct, BOOLEAN, "direct"),
  MEMBER (KtProbe, bytes, INT64, "file_bytes"),
  MEMBER (KtProbe, elapsed_ms, INT64, "elapsed_ms"),
  MEMBER (KtProbe, taken_at, INT64, "taken_at_unix_s"),
  MEMBER (KtProbe, class, CLASS, "class"),
};

static const Member neighbour_members[] = {
  MEMBER (KtNeighbour, name, STRING, "name"),
  MEMBER (KtNeighbour, pid, INT64_OR_NONE, "pid"),
  MEMBER (KtNeighbour, rss, INT64, "rss_bytes"),
  MEMBER (KtNeighbour, reserve, INT64, "reserve_bytes"),
  MEMBER (KtNeighbour, reason, STRING, "reason"),
};

/* Names of devices and paths are bytes of others; JSON is UTF-8. */
static void
set_text (JsonObject *object, const char *name, const char *text)
{
  g_autofree char *valid = text != NULL ? g_utf8_make_valid (text, -1) : NULL;
  kt_json_set_string (object, name, valid);
}

static void
set_integer (JsonObject *object, const char *name, gint64 value)
{
  if (value >= 0 && value != G_MAXINT64)
    json_object_set_int_member (object, name, value);
}

/* Three decimals: these are figures of a measurement or parts of a CPU. */
static void
set_double (JsonObject *object, const char *name, double value)
{
  json_object_set_double_member (object, name, round (value * 1000) / 1000);
}

static void
set_member (JsonObject *object, const Member *member, gconstpointer at)
{
  const char *name = member->name;
  switch (member->kind)
    {
    case INT64: set_integer (object, name, *(const gint64 *) at); break;
    case INT64_OR_NONE: set_integer (object, name, *(const gint64 *) at > 0 ? *(const gint64 *) at : -1); break;
    case UINT: set_integer (object, name, *(const guint *) at); break;
    case UINT_OR_NONE: set_integer (object, name, *(const guint *) at > 0 ? (gint64) * (const guint *) at : -1); break;
    case INT: set_integer (object, name, *(const int *) at); break;
    case DOUBLE: set_double (object, name, *(const double *) at); break;
    case DOUBLE_OR_NONE:
      if (*(const double *) at > 0)
        set_double (object, name, *(const double *) at);
      break;
    case ROUNDED: set_integer (object, name, (gint64) round (CLAMP (*(const double *) at, 0, 1e15))); break;
    case BOOLEAN: json_object_set_boolean_member (object, name, *(const gboolean *) at); break;
    case STRING: set_text (object, name, *(char *const *) at); break;
    case CLASS: set_text (object, name, kt_storage_class_name (*(const KtStorageClass *) at)); break;
    }
}

static JsonObject *
object_of (const Member *members, guint n_members, gconstpointer structure)
{
  JsonObject *object = json_object_new ();
  for (guint i = 0; i < n_members; i++)
    set_member (object, &members[i], G_STRUCT_MEMBER_P (structure, members[i].offset));
  return object;
}

#define OBJECT_OF(members, structure) object_of (members, G_N_ELEMENTS (members), structure)

static JsonArray *
array_of (const Member *members, guint n_members, const GPtrArray *structures)
{
  JsonArray *array = json_array_new ();
  for (guint i = 0; structures != NULL && i < structures->len; i++)
    json_array_add_object_element (array, object_of (members, n_members, g_ptr_array_index (structures, i)));
  return array;
}

#define ARRAY_OF(members, structures) array_of (members, G_N_ELEMENTS (members), structures)

static JsonArray *
volumes_of (const KtPlatform *platform)
{
  JsonArray *array = json_array_new ();
  for (guint i = 0; i < platform->volumes->len; i++)
    {
      const KtVolume *volume = g_ptr_array_index (platform->volumes, i);
      JsonObject *object = OBJECT_OF (volume_members, volume);
      if (volume->probe != NULL)
        json_object_set_object_member (object, "probe", OBJECT_OF (probe_members, volume->probe));
      json_object_set_array_member (object, "devices", ARRAY_OF (device_members, volume->devices));
      json_array_add_object_element (array, object);
    }
  return array;
}

JsonObject *
kt_platform_to_json (const KtPlatform *platform)
{
  JsonObject *object = json_object_new ();
  set_text (object, "hostname", platform->hostname);
  set_text (object, "server_oom_score_adj", platform->server_oom_score_adj);
  set_integer (object, "memory_limit_bytes", kt_platform_memory_limit (platform));
  json_object_set_object_member (object, "memory", OBJECT_OF (memory_members, &platform->memory));
  json_object_set_object_member (object, "cgroup", OBJECT_OF (cgroup_members, &platform->cgroup));
  json_object_set_object_member (object, "cpu", OBJECT_OF (cpu_members, &platform->cpu));
  json_object_set_object_member (object, "kernel", OBJECT_OF (kernel_members, &platform->kernel));
  JsonObject *zfs = OBJECT_OF (zfs_members, &platform->zfs);
  json_object_set_array_member (zfs, "pools", ARRAY_OF (pool_members, platform->zfs.pools));
  json_object_set_object_member (object, "zfs", zfs);
  json_object_set_array_member (object, "volumes", volumes_of (platform));
  json_object_set_array_member (object, "neighbours", ARRAY_OF (neighbour_members, platform->neighbours));
  JsonArray *notes = json_array_new ();
  for (guint i = 0; i < platform->notes->len; i++)
    {
      g_autofree char *valid = g_utf8_make_valid (g_ptr_array_index (platform->notes, i), -1);
      json_array_add_string_element (notes, valid);
    }
  json_object_set_array_member (object, "notes", notes);
  return object;
}
