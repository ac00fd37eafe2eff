/* SPDX-License-Identifier: MIT */
#include "platform/platform.h"

#include "base/error.h"
#include "platform/parts.h"

static const char *const class_names[] = {
  [KT_STORAGE_UNKNOWN] = "unknown", [KT_STORAGE_HDD] = "HDD",       [KT_STORAGE_SSD] = "SSD",
  [KT_STORAGE_NVME] = "NVMe",       [KT_STORAGE_MEMORY] = "memory",
};

const char *
kt_storage_class_name (KtStorageClass class)
{
  g_return_val_if_fail ((guint) class < G_N_ELEMENTS (class_names), "unknown");
  return class_names[class];
}

KtPlatform *
kt_platform_new (void)
{
  KtPlatform *platform = g_new0 (KtPlatform, 1);
  platform->volumes = g_ptr_array_new_with_free_func ((GDestroyNotify) kt_volume_free);
  platform->neighbours = g_ptr_array_new_with_free_func ((GDestroyNotify) kt_neighbour_free);
  platform->notes = g_ptr_array_new_with_free_func (g_free);
  return platform;
}

KtPlatform *
kt_platform_load (KtSysroot *root, const KtPlatformPath *paths, gint64 server_pid, GError **error)
{
  g_autoptr (KtPlatform) platform = kt_platform_new ();
  gboolean live = kt_sysroot_is_live (root);
  server_pid = kt_fact_server_pid (root, server_pid);
  gboolean has_memory = kt_memory_load (root, &platform->memory, platform->notes);
  g_autoptr (KtMounts) mounts = kt_mounts_load (root, platform->notes);
  kt_cgroup_load (root, mounts, server_pid, platform);
  gboolean has_cpu = kt_cpu_load (root, server_pid, platform);
  if (!has_memory && !has_cpu && kt_mounts_count (mounts) == 0)
    {
      kt_error_set (error, KT_ERROR_UNSUPPORTED, "no memory, CPU or mount can be read from /proc and /sys",
                    live ? "mount -t proc proc /proc" : "kastune host --record DIR", "nothing can be read about %s",
                    live ? "this machine" : kt_sysroot_path (root));
      return NULL;
    }
  platform->hostname = kt_sysroot_read (root, "/proc/sys/kernel/hostname");
  kt_kernel_load (root, &platform->kernel);
  kt_virtualization_load (root, mounts, &platform->cpu, &platform->kernel);
  g_autoptr (GHashTable) pool_devices
    = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
  kt_zfs_load (root, &platform->zfs, pool_devices, platform->notes);
  g_autoptr (GArray) recorded = kt_fact_paths (root);
  if (paths == NULL)
    paths = (const KtPlatformPath *) (gpointer) recorded->data;
  for (const KtPlatformPath *path = paths; path->path != NULL; path++)
    g_ptr_array_add (platform->volumes,
                     kt_volume_load (root, mounts, pool_devices, path, platform->volumes, platform->notes));
  kt_neighbours_load (root, mounts, server_pid, platform);
  if (server_pid > 0)
    {
      g_autofree char *score = kt_process_path (server_pid, "oom_score_adj");
      platform->server_oom_score_adj = kt_sysroot_read (root, score);
    }
  return g_steal_pointer (&platform);
}

static void
clear_kernel (KtKernel *kernel)
{
  g_free (kernel->release);
  g_free (kernel->clock_source);
  g_free (kernel->distribution);
  g_free (kernel->virtualization);
  g_free (kernel->transparent_huge_pages);
  g_free (kernel->transparent_huge_pages_defrag);
}

void
kt_platform_free (KtPlatform *platform)
{
  if (platform == NULL)
    return;
  g_free (platform->hostname);
  g_free (platform->server_oom_score_adj);
  g_free (platform->cgroup.memory_limit_path);
  g_free (platform->cgroup.cpu_quota_path);
  g_free (platform->cpu.model);
  g_free (platform->cpu.architecture);
  clear_kernel (&platform->kernel);
  g_free (platform->zfs.version);
  g_clear_pointer (&platform->zfs.pools, g_ptr_array_unref);
  g_clear_pointer (&platform->volumes, g_ptr_array_unref);
  g_clear_pointer (&platform->neighbours, g_ptr_array_unref);
  g_clear_pointer (&platform->notes, g_ptr_array_unref);
  g_free (platform);
}

KtVolume *
kt_platform_volume (const KtPlatform *platform, const char *role)
{
  for (guint i = 0; role != NULL && i < platform->volumes->len; i++)
    {
      KtVolume *volume = g_ptr_array_index (platform->volumes, i);
      if (g_str_equal (volume->role, role))
        return volume;
    }
  return platform->volumes->len > 0 ? g_ptr_array_index (platform->volumes, 0) : NULL;
}

gint64
kt_platform_memory_limit (const KtPlatform *platform)
{
  gint64 total = platform->memory.total > 0 ? platform->memory.total : G_MAXINT64;
  gint64 limit = MIN (total, platform->cgroup.memory_limit);
  return limit != G_MAXINT64 ? limit : -1;
}
