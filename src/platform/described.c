/* SPDX-License-Identifier: MIT
 *
 * Assumed when nobody says: as many CPUs as the memory is usually sold with (one for 4 GiB, at least 2), and an SSD.
 */
#include "platform/described.h"

#include "base/size.h"
#include "platform/parts.h"

#define MEMORY_PER_CPU (4 * KT_GIB)
#define LEAST_CPUS 2

static const KtStorageClass storage_classes[] = { KT_STORAGE_HDD, KT_STORAGE_SSD, KT_STORAGE_NVME };
const char *const kt_storage_words[] = { "hdd", "ssd", "nvme", NULL };

KtStorageClass
kt_storage_from_word (const char *word)
{
  for (gsize i = 0; i < G_N_ELEMENTS (storage_classes); i++)
    if (g_strcmp0 (kt_storage_words[i], word) == 0)
      return storage_classes[i];
  return KT_STORAGE_UNKNOWN;
}

static KtVolume *
describe_volume (const KtDescription *description, GPtrArray *notes)
{
  gboolean said = description->storage != KT_STORAGE_UNKNOWN;
  KtVolume *volume = g_new0 (KtVolume, 1);
  volume->role = g_strdup ("data");
  volume->path = g_strdup ("the data directory");
  volume->size = volume->available = volume->inodes = volume->inodes_free = -1;
  volume->devices = g_ptr_array_new_with_free_func ((GDestroyNotify) kt_block_device_free);
  volume->class = volume->flags_class = said ? description->storage : KT_STORAGE_SSD;
  volume->class_reason = g_strdup (said ? "as you say" : "assumed");
  if (!said)
    kt_note (notes, "the storage is assumed to be an SSD; --storage says what it is");
  return volume;
}

static void
describe_cpu (const KtDescription *description, KtCpu *cpu, GPtrArray *notes)
{
  guint assumed = (guint) MAX (description->memory / MEMORY_PER_CPU, LEAST_CPUS);
  cpu->threads = cpu->cores = description->cpus > 0 ? description->cpus : assumed;
  cpu->sockets = cpu->numa_nodes = 1;
  cpu->usable = cpu->threads;
  if (description->cpus == 0)
    kt_note (notes, "%u CPUs are assumed; --cpus says how many there are", assumed);
}

KtPlatform *
kt_platform_described (const KtDescription *description)
{
  KtPlatform *platform = kt_platform_new ();
  platform->described = TRUE;
  platform->memory = (KtMemory){ .total = description->memory, .available = -1, .swap_total = -1, .swap_free = -1,
                                 .huge_page_size = -1, .huge_pages_total = -1, .huge_pages_free = -1, .committed = -1,
                                 .commit_limit = -1 };
  platform->cgroup = (KtCgroup){ .memory_limit = G_MAXINT64, .memory_usage = -1, .swap_limit = G_MAXINT64,
                                 .hugetlb_limit = G_MAXINT64 };
  platform->kernel = (KtKernel){ .overcommit_memory = -1, .overcommit_ratio = -1, .swappiness = -1, .dirty_ratio = -1,
                                 .dirty_background_ratio = -1, .dirty_bytes = -1, .dirty_background_bytes = -1,
                                 .zone_reclaim_mode = -1, .numa_balancing = -1, .io_uring_disabled = -1, .shmmax = -1,
                                 .shmall = -1, .dev_shm_size = -1, .dev_shm_available = -1 };
  platform->zfs = (KtZfs){ .arc_size = -1, .arc_max = -1, .pools = g_ptr_array_new () };
  describe_cpu (description, &platform->cpu, platform->notes);
  g_ptr_array_add (platform->volumes, describe_volume (description, platform->notes));
  return platform;
}
