/* SPDX-License-Identifier: MIT
 *
 * Figures modelled here, where nothing is measured:
 *  - the indexer's pool is 10 x batch concurrency (2 by default), an API server runs 4 workers of 15 connections;
 *  - 100 transactions/s at the tip of the chain, 2000 while catching up (its own ceiling for cache sizes is 3000);
 *  - 7.3 kB of WAL a transaction with long checkpoint cycles (measured; the defaults write 28 kB);
 *  - about 3 random page reads a transaction, so crash recovery replays 2.4 kB of WAL for each random read the disk can
 *    do, one after the other up to PostgreSQL 14, prefetched from 15 on; one replaying process manages 150 MB/s at
 *    most.
 */
#include "tuning/inputs.h"

#include "base/size.h"
#include "tuning/params.h"

#include <math.h>
#include <string.h>

#define POOL_PER_BATCH 10
#define DEFAULT_BATCHES 2
#define API_CONNECTIONS 60
#define OTHER_CONNECTIONS 10
#define LEAST_CONNECTIONS 100
#define LEAST_BUSY 12 /* 3 x + 2 x batch concurrency, the block writer and the pruner */
#define MEMORY_PER_BUSY (96 * KT_MIB)
#define STEADY_TPS 100
#define SYNC_TPS 2000
#define WAL_PER_TRANSACTION 7475.0
#define WAL_PER_READ 2458.0
#define MOST_REPLAY (150.0 * 1048576)
#define LEAST_REPLAY (2.0 * 1048576)
#define SENSIBLE_SECONDS 3600 /* shorter means are chance */
#define DEFAULT_WAL_SEGMENT (16 * KT_MIB)
#define DEFAULT_RESERVED_CONNECTIONS 3

static KtDisk
disk_from_volume (const KtVolume *volume)
{
  KtDisk disk = { .class = KT_STORAGE_UNKNOWN, .size = -1, .free = -1 };
  if (volume == NULL)
    return disk;
  disk.class = volume->class;
  disk.size = volume->size;
  disk.free = volume->available;
  disk.copy_on_write = volume->copy_on_write;
  disk.zfs = g_strcmp0 (volume->fs_type, "zfs") == 0;
  disk.network = volume->network;
  if (volume->probe != NULL)
    disk.fdatasync_us = volume->probe->fdatasync_us;
  /* Reads that a cache answered say nothing of the disk. */
  if (volume->probe != NULL && volume->probe->class != KT_STORAGE_UNKNOWN)
    {
      disk.measured = TRUE;
      disk.reads_1 = volume->probe->read_iops_1;
      disk.reads_16 = volume->probe->read_iops_16;
    }
  return disk;
}

double
kt_disk_choose (const KtDisk *disk, double hdd, double ssd, double nvme)
{
  switch (disk->class)
    {
    case KT_STORAGE_HDD:
      return hdd;
    case KT_STORAGE_NVME:
    case KT_STORAGE_MEMORY:
      return nvme;
    case KT_STORAGE_SSD:
    case KT_STORAGE_UNKNOWN:
    default:
      return ssd;
    }
}

gboolean
kt_disk_is_flash (const KtDisk *disk)
{
  return disk->class == KT_STORAGE_SSD || disk->class == KT_STORAGE_NVME || disk->class == KT_STORAGE_MEMORY;
}

char *
kt_disk_describe (const KtDisk *disk)
{
  if (disk->class == KT_STORAGE_UNKNOWN)
    return g_strdup ("of an unknown kind");
  return g_strdup_printf ("%s%s", kt_storage_class_name (disk->class), disk->measured ? ", measured" : " by its flags");
}

/* pg_wal lies on the data volume unless it is known to lie elsewhere. */
static void
read_disks (KtInputs *in)
{
  const KtVolume *data = kt_platform_volume (in->platform, "data");
  const KtVolume *wal = kt_platform_volume (in->platform, "wal");
  in->data = disk_from_volume (data);
  in->wal = wal != NULL ? disk_from_volume (wal) : in->data;
  if (in->data.zfs)
    in->arc_max = in->platform->zfs.arc_max > 0 ? in->platform->zfs.arc_max : in->platform->memory.total / 2;
}

/* Clock sources that are read without a system call. */
static gboolean
clock_is_cheap (const char *source)
{
  static const char *const cheap[] = { "tsc", "kvm-clock", "hyperv_clocksource_tsc_page", "arch_sys_counter",
                                       "timebase", "riscv_clocksource", "tod", NULL };
  return source != NULL && g_strv_contains (cheap, source);
}

static void
read_machine (KtInputs *in)
{
  gint64 reserve = in->options->reserve >= 0 ? in->options->reserve : in->profile->reserve;
  in->budget = kt_budget_new (in->platform, reserve);
  in->memory = in->budget->postgresql;
  in->cpus = (guint) MAX (1.0, floor (in->platform->cpu.usable + 0.001));
  in->shared_host = in->budget->reserved * 4 >= in->platform->memory.total;
  in->container = in->platform->kernel.container;
  const KtServerContainer *container = in->server != NULL ? in->server->container : NULL;
  in->server_container = in->container || container != NULL;
  in->shm_size = container != NULL ? container->shm_size : in->platform->kernel.dev_shm_size;
  in->hugetlb_limit = in->platform->cgroup.hugetlb_limit;
  in->clock_cheap = clock_is_cheap (in->platform->kernel.clock_source);
}

static void
read_connections (KtInputs *in)
{
  const KtProfile *profile = in->profile;
  guint batches = profile->batch_concurrency > 0 ? profile->batch_concurrency : DEFAULT_BATCHES;
  in->pool = POOL_PER_BATCH * batches;
  in->api_connections = profile->api_connections >= 0 ? (guint) profile->api_connections : API_CONNECTIONS;
  in->other_connections = OTHER_CONNECTIONS;
  in->reserved_connections = DEFAULT_RESERVED_CONNECTIONS;
  if (in->server != NULL)
    in->reserved_connections = (guint) (kt_server_int (in->server, "superuser_reserved_connections",
                                                       DEFAULT_RESERVED_CONNECTIONS) +
                                        kt_server_int (in->server, "reserved_connections", 0));
  guint sum = in->pool + in->api_connections + in->other_connections + in->reserved_connections;
  in->connections = MAX (LEAST_CONNECTIONS, (sum + 9) / 10 * 10);
  if (in->options->connections > 0 || profile->connections > 0)
    in->connections = in->options->connections > 0 ? in->options->connections : profile->connections;
  guint by_memory = (guint) CLAMP (in->memory / MEMORY_PER_BUSY, LEAST_BUSY, profile->row->busy_connections);
  in->busy = profile->busy_connections > 0 ? profile->busy_connections : by_memory;
}

static void
read_tables (KtInputs *in)
{
  for (guint i = 0; in->server->tables != NULL && i < in->server->tables->len; i++)
    {
      const KtRelation *table = in->server->tables->pdata[i];
      in->index_bytes += MAX (table->index_bytes, 0);
      in->table_bytes += MAX (table->total_bytes, 0);
      if (g_str_equal (table->name, "transactions") && in->rate_seconds > 0 && table->inserted > 0)
        {
          in->transactions_per_s = (double) table->inserted / in->rate_seconds;
          in->transactions_measured = TRUE;
        }
    }
}

static void
read_server (KtInputs *in)
{
  in->wal_segment = DEFAULT_WAL_SEGMENT;
  if (in->server == NULL)
    return;
  if (in->server->wal_segment_bytes > 0)
    in->wal_segment = in->server->wal_segment_bytes;
  if (in->server->wal_seconds >= SENSIBLE_SECONDS)
    in->rate_seconds = in->server->wal_seconds;
  read_tables (in);
}

static void
read_rates (KtInputs *in)
{
  double asked = in->options->transactions_per_s;
  if (asked <= 0)
    asked = in->profile->transactions_per_s;
  if (asked > 0)
    {
      in->transactions_per_s = asked;
      in->transactions_measured = FALSE;
    }
  else if (!in->transactions_measured)
    in->transactions_per_s = in->phase == KT_PHASE_STEADY ? STEADY_TPS : SYNC_TPS;
  in->wal_rate_measured = asked <= 0 && in->rate_seconds > 0 && in->server->wal_bytes_per_s > 0;
  in->wal_rate = in->wal_rate_measured ? in->server->wal_bytes_per_s : in->transactions_per_s * WAL_PER_TRANSACTION;
}

static double
random_reads (const KtDisk *disk, gboolean prefetch)
{
  if (disk->measured)
    return prefetch ? disk->reads_16 : disk->reads_1;
  return kt_disk_choose (disk, 150, 5000, 40000);
}

static void
model_replay (KtInputs *in)
{
  gboolean prefetch = in->major >= 15;
  in->replay_rate = CLAMP (random_reads (&in->data, prefetch) * WAL_PER_READ, LEAST_REPLAY, MOST_REPLAY);
}

static void
value_free (gpointer data)
{
  kt_value_clear (data);
  g_free (data);
}

KtInputs *
kt_inputs_new (const KtPlatform *platform, const KtServer *server, const KtProfile *profile, const KtOptions *options)
{
  KtInputs *in = g_new0 (KtInputs, 1);
  in->effective = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, value_free);
  in->platform = platform;
  in->server = server;
  in->profile = profile;
  in->options = options;
  in->major = server != NULL ? server->major : options->major;
  in->phase = options->phase >= 0 ? (KtPhase) options->phase : profile->phase;
  read_machine (in);
  read_disks (in);
  read_server (in);
  read_connections (in);
  read_rates (in);
  model_replay (in);
  in->timescaledb = options->timescaledb || kt_inputs_preloads (in, "timescaledb");
  return in;
}

void
kt_inputs_free (KtInputs *in)
{
  if (in == NULL)
    return;
  kt_budget_free (in->budget);
  g_hash_table_unref (in->effective);
  g_free (in);
}

char *
kt_inputs_cpus (const KtInputs *in)
{
  return g_strdup_printf ("%u CPU%s", in->cpus, in->cpus == 1 ? "" : "s");
}

gboolean
kt_inputs_offers (const KtInputs *in, const char *parameter, const char *word)
{
  if (in->server == NULL)
    return in->options->features != NULL && g_strv_contains (in->options->features, word);
  const KtSetting *setting = kt_server_setting (in->server, parameter);
  return setting != NULL && setting->enum_values != NULL &&
         g_strv_contains ((const char *const *) setting->enum_values, word);
}

gboolean
kt_inputs_preloads (const KtInputs *in, const char *library)
{
  const KtSetting *setting =
    in->server != NULL ? kt_server_setting (in->server, "shared_preload_libraries") : NULL;
  if (setting == NULL || setting->value == NULL)
    return FALSE;
  g_auto (GStrv) names = g_strsplit (setting->value, ",", -1);
  for (gsize i = 0; names[i] != NULL; i++)
    if (g_str_equal (g_strstrip (names[i]), library))
      return TRUE;
  return FALSE;
}

gboolean
kt_inputs_has_library (const KtInputs *in, const char *library)
{
  if (in->server == NULL || in->server->available_libraries == NULL)
    return FALSE;
  return g_ptr_array_find_with_equal_func (in->server->available_libraries, library, g_str_equal, NULL);
}

double
kt_recovery_seconds (const KtInputs *in, gint64 max_wal_size)
{
  return (double) max_wal_size / in->replay_rate;
}
