/* SPDX-License-Identifier: MIT */
#include "support/facts.h"

#include "base/size.h"
#include "tuning/advise.h"

#include <math.h>
#include <string.h>

static gint64
gigabytes (double n)
{
  return (gint64) (n * (double) KT_GIB);
}

static void
device_free (KtBlockDevice *device)
{
  g_free (device->name);
  g_free (device->kind);
  g_free (device->transport);
  g_free (device->scheduler);
  g_free (device);
}

static void
volume_free (KtVolume *volume)
{
  g_free (volume->role);
  g_free (volume->path);
  g_free (volume->fs_type);
  g_free (volume->probe);
  g_ptr_array_unref (volume->devices);
  g_free (volume);
}

static void
neighbour_free (KtNeighbour *neighbour)
{
  g_free (neighbour->name);
  g_free (neighbour->reason);
  g_free (neighbour);
}

static KtBlockDevice *
device_new (KtStorageClass class)
{
  KtBlockDevice *device = g_new0 (KtBlockDevice, 1);
  device->name = g_strdup (class == KT_STORAGE_NVME ? "nvme0n1" : "sda");
  device->kind = g_strdup ("disk");
  device->transport = g_strdup (class == KT_STORAGE_NVME ? "nvme" : "sata");
  device->scheduler = g_strdup (class == KT_STORAGE_NVME ? "none" : "bfq");
  device->read_ahead = 128 * KT_KIB;
  return device;
}

static KtVolume *
volume_new (const KtTestMachine *machine)
{
  KtVolume *volume = g_new0 (KtVolume, 1);
  const char *fs_type = machine->fs_type != NULL ? machine->fs_type : "ext4";
  double free_gb = machine->free_gb != 0 ? machine->free_gb : 400;
  volume->role = g_strdup ("data");
  volume->path = g_strdup ("/var/lib/postgresql");
  volume->fs_type = g_strdup (fs_type);
  volume->available = free_gb < 0 ? -1 : gigabytes (free_gb);
  volume->size = free_gb < 0 ? -1 : gigabytes (free_gb * 2);
  volume->copy_on_write = g_str_equal (fs_type, "zfs") || g_str_equal (fs_type, "btrfs");
  volume->class = machine->class == KT_STORAGE_UNKNOWN && !machine->class_unknown ? KT_STORAGE_NVME : machine->class;
  volume->flags_class = volume->class;
  volume->devices = g_ptr_array_new_with_free_func ((GDestroyNotify) device_free);
  g_ptr_array_add (volume->devices, device_new (volume->class));
  if (machine->reads_1 > 0)
    {
      volume->probe = g_new0 (KtProbe, 1);
      volume->probe->read_iops_1 = machine->reads_1;
      volume->probe->read_iops_16 = machine->reads_16;
      volume->probe->fdatasync_us = machine->fdatasync_us;
      volume->probe->class = volume->class;
    }
  return volume;
}

static void
fill_kernel (KtKernel *kernel, const KtTestMachine *machine)
{
  kernel->clock_source = g_strdup (machine->clock != NULL ? machine->clock : "tsc");
  kernel->container = machine->container;
  kernel->swappiness = 60;
  kernel->overcommit_ratio = 50;
  kernel->dirty_ratio = 20;
  kernel->dirty_background_ratio = 10;
  kernel->dev_shm_size = machine->container ? 64 * KT_MIB : 8 * KT_GIB;
  kernel->transparent_huge_pages = g_strdup ("always");
}

KtPlatform *
kt_test_platform (const KtTestMachine *machine)
{
  KtPlatform *platform = g_new0 (KtPlatform, 1);
  double cpus = machine->cpus > 0 ? machine->cpus : 8;
  platform->memory.total = gigabytes (machine->memory_gb > 0 ? machine->memory_gb : 16);
  platform->memory.swap_total = 4 * KT_GIB;
  platform->memory.huge_page_size = 2 * KT_MIB;
  platform->memory.huge_pages_total = platform->memory.huge_pages_free = machine->huge_pages;
  platform->memory.committed = platform->memory.total / 4;
  platform->memory.commit_limit = platform->memory.total / 2;
  platform->cgroup.memory_limit = machine->limit_gb > 0 ? gigabytes (machine->limit_gb) : G_MAXINT64;
  platform->cgroup.memory_limit_path = machine->limit_gb > 0 ? g_strdup ("/sys/fs/cgroup/memory.max") : NULL;
  platform->cgroup.hugetlb_limit = machine->hugetlb_limit > 0 ? machine->hugetlb_limit : G_MAXINT64;
  platform->cpu.usable = cpus;
  platform->cpu.threads = (guint) ceil (cpus);
  platform->cpu.numa_nodes = 1;
  platform->zfs.arc_max = machine->fs_type != NULL && g_str_equal (machine->fs_type,
                                                                   "zfs") ? platform->memory.total / 2 : -1;
  fill_kernel (&platform->kernel, machine);
  platform->volumes = g_ptr_array_new_with_free_func ((GDestroyNotify) volume_free);
  platform->neighbours = g_ptr_array_new_with_free_func ((GDestroyNotify) neighbour_free);
  g_ptr_array_add (platform->volumes, volume_new (machine));
  if (machine->neighbour_gb > 0)
    {
      KtNeighbour *neighbour = g_new0 (KtNeighbour, 1);
      neighbour->name = g_strdup ("kaspad");
      neighbour->reserve = gigabytes (machine->neighbour_gb);
      neighbour->reason = g_strdup ("a node");
      g_ptr_array_add (platform->neighbours, neighbour);
    }
  return platform;
}

/* Servers. */

static void
setting_free (KtSetting *setting)
{
  char *const texts[] = { setting->name, setting->unit, setting->context, setting->value, setting->boot_value,
                          setting->min, setting->max, setting->source, setting->source_file };
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    g_free (texts[i]);
  g_strfreev (setting->enum_values);
  g_free (setting);
}

static void
relation_free (KtRelation *relation)
{
  g_free (relation->schema);
  g_free (relation->name);
  g_strfreev (relation->options);
  g_free (relation);
}

static void
role_setting_free (KtRoleSetting *setting)
{
  g_free (setting->role);
  g_free (setting->database);
  g_free (setting->name);
  g_free (setting->value);
  g_free (setting);
}

/* Base units, as pg_settings gives them. */
static char *
base_text (const KtParam *param, double number)
{
  double bytes = (double) kt_guc_unit_bytes (param->unit);
  double ms = (double) kt_guc_unit_us (param->unit) / 1000;
  double factor = number <= 0 ? 1 : bytes > 0 ? bytes : ms > 0 ? ms : 1;
  return g_strdup_printf ("%.10g", number / factor);
}

static KtSetting *
setting_new (const KtParam *param, int major)
{
  KtSetting *setting = g_new0 (KtSetting, 1);
  g_auto (KtValue) boot = { 0 };
  double number = 0, min = 0, max = 0;
  setting->name = g_strdup (param->name);
  setting->unit = g_strdup (param->unit);
  setting->context = g_strdup (kt_param_apply (param, major) == KT_APPLY_RESTART ? "postmaster" : "sighup");
  setting->type = param->type;
  setting->source = g_strdup ("default");
  setting->enum_values = g_strdupv ((char **) kt_param_words (param, major));
  g_assert_true (kt_value_parse (param->type, param->unit, kt_param_boot (param, major), &boot, NULL));
  setting->value = kt_value_number (&boot, &number) ? base_text (param, number) : g_strdup (kt_param_boot (param,
                                                                                                           major));
  kt_param_limits (param, major, &min, &max);
  if (param->type == KT_GUC_INTEGER || param->type == KT_GUC_REAL)
    {
      setting->min = base_text (param, min);
      setting->max = base_text (param, max);
    }
  return setting;
}

KtServer *
kt_test_server (int major)
{
  guint n = 0;
  const KtParam *params = kt_params (&n);
  KtServer *server = g_new0 (KtServer, 1);
  server->major = major;
  server->version_num = major * 10000;
  server->wal_segment_bytes = 16 * KT_MIB;
  server->block_bytes = 8192;
  server->local = TRUE;
  server->wal_bytes_per_s = server->hit_ratio = -1;
  server->wal_buffers_full = server->buffers_backend = -1;
  server->settings = g_hash_table_new_full (kt_guc_name_hash, kt_guc_name_equal, NULL, (GDestroyNotify) setting_free);
  server->file_settings = g_ptr_array_new ();
  server->tablespaces = g_ptr_array_new ();
  server->extensions = g_ptr_array_new_with_free_func (g_free);
  server->notes = g_ptr_array_new_with_free_func (g_free);
  server->role_settings = g_ptr_array_new_with_free_func ((GDestroyNotify) role_setting_free);
  server->tables = g_ptr_array_new_with_free_func ((GDestroyNotify) relation_free);
  server->available_libraries = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < n; i++)
    if (kt_param_exists (&params[i], major) && params[i].library == NULL)
      {
        KtSetting *setting = setting_new (&params[i], major);
        g_hash_table_insert (server->settings, setting->name, setting);
      }
  return server;
}

void
kt_test_server_set (KtServer *server, const char *name, const char *value, const char *source, const char *source_file)
{
  KtSetting *setting = g_hash_table_lookup (server->settings, name);
  g_assert_nonnull (setting);
  g_free (setting->value);
  g_free (setting->source);
  g_free (setting->source_file);
  setting->value = g_strdup (value);
  setting->source = g_strdup (source != NULL ? source : "configuration file");
  setting->source_file = g_strdup (source_file);
  setting->source_line = source_file != NULL ? 3 : 0;
}

void
kt_test_server_offer (KtServer *server, const char *name, const char *const *words)
{
  KtSetting *setting = g_hash_table_lookup (server->settings, name);
  g_assert_nonnull (setting);
  g_strfreev (setting->enum_values);
  setting->enum_values = g_strdupv ((char **) words);
}

void
kt_test_server_add_table (KtServer *server, const char *name, double rows, gint64 index_bytes, gint64 inserted,
                          gint64 deleted,
                          const char *options)
{
  KtRelation *relation = g_new0 (KtRelation, 1);
  relation->schema = g_strdup ("public");
  relation->name = g_strdup (name);
  relation->rows = rows;
  relation->index_bytes = index_bytes;
  relation->total_bytes = index_bytes * 4;
  relation->inserted = inserted;
  relation->deleted = deleted;
  relation->options = options != NULL ? g_strsplit (options, ",", -1) : NULL;
  g_ptr_array_add (server->tables, relation);
}

void
kt_test_server_add_role_setting (KtServer *server, const char *role, const char *name, const char *value)
{
  KtRoleSetting *setting = g_new0 (KtRoleSetting, 1);
  setting->role = g_strdup (role);
  setting->database = g_strdup ("");
  setting->name = g_strdup (name);
  setting->value = g_strdup (value);
  g_ptr_array_add (server->role_settings, setting);
}

static KtProfile *
profile_of (const KtTestWish *wish)
{
  g_autoptr (GError) error = NULL;
  if (wish->profile == NULL)
    return NULL;
  gboolean is_text = strchr (wish->profile, '[') != NULL;
  KtProfile *profile = is_text ? kt_profile_parse ("test.conf", wish->profile, &error) : kt_profile_load (wish->profile,
                                                                                                          &error);
  g_assert_no_error (error);
  return profile;
}

char *
kt_test_wanted (const KtTestMachine *machine, const KtServer *server, const KtTestWish *wish, const char *parameter,
                char **because)
{
  static const KtTestWish ordinary = { 0 };
  const KtTestWish *w = wish != NULL ? wish : &ordinary;
  KtOptions options = KT_OPTIONS_DEFAULT;
  options.major = w->major > 0 ? w->major : 15;
  options.phase = w->phase;
  options.reserve = w->reserve_gb > 0 ? gigabytes (w->reserve_gb) : -1;
  options.timescaledb = w->timescaledb;
  options.transactions_per_s = w->transactions_per_s;
  options.features = w->features;
  g_autoptr (GError) error = NULL;
  g_autoptr (KtPlatform) platform = kt_test_platform (machine);
  g_autoptr (KtProfile) profile = profile_of (w);
  g_autoptr (KtAdvice) advice = kt_advise (platform, server, profile, &options, &error);
  g_assert_no_error (error);
  const KtAdviceRow *row = kt_advice_find (advice, parameter);
  g_assert_nonnull (row);
  if (because != NULL)
    *because = g_strdup (row->because);
  return g_strdup (row->wanted);
}
