/* SPDX-License-Identifier: MIT */
#include "operation/handlers.h"

#include "base/error.h"
#include "base/finding.h"
#include "operation/storage_devices.h"
#include "operation/storage_parts.h"
#include "platform/platform_json.h"
#include "storage/health.h"
#include "storage/properties.h"

#include <string.h>

#define WATCH_SECONDS 1

/* The datasets that matter and their pools, each once. */
typedef struct {
  GHashTable *datasets; /* name -> KtZfsObject */
  GHashTable *roles;    /* name -> KtZfsRole */
  GHashTable *pools;    /* name -> KtZfsObject */
  GPtrArray *order;     /* names of datasets, borrowed */
  const KtZfsObject *data, *wal;
} Zfs;

static void
zfs_clear (Zfs *zfs)
{
  g_clear_pointer (&zfs->datasets, g_hash_table_unref);
  g_clear_pointer (&zfs->roles, g_hash_table_unref);
  g_clear_pointer (&zfs->pools, g_hash_table_unref);
  g_clear_pointer (&zfs->order, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Zfs, zfs_clear)

static char *
pool_of (const char *dataset)
{
  return g_strndup (dataset, strcspn (dataset, "/"));
}

/* A tablespace counts as data. A volume without WAL of its own holds both. */
static gboolean
add_volume (Zfs *zfs, const KtVolume *volume, GCancellable *cancellable, GError **error)
{
  KtZfsObject *dataset = g_hash_table_lookup (zfs->datasets, volume->zfs_dataset);
  if (dataset == NULL)
    {
      dataset = kt_zfs_load_dataset (volume->zfs_dataset, cancellable, error);
      g_autofree char *name = pool_of (volume->zfs_dataset);
      KtZfsObject *pool = dataset != NULL && !g_hash_table_contains (zfs->pools, name)
                            ? kt_zfs_load_pool (name, cancellable, error) : NULL;
      if (pool != NULL)
        g_hash_table_insert (zfs->pools, g_strdup (name), pool);
      if (dataset != NULL)
        {
          g_hash_table_insert (zfs->datasets, g_strdup (volume->zfs_dataset), dataset);
          g_ptr_array_add (zfs->order, dataset->name);
        }
      if (dataset == NULL || !g_hash_table_contains (zfs->pools, name))
        return FALSE;
    }
  gboolean wal = g_str_equal (volume->role, "wal");
  int roles = GPOINTER_TO_INT (g_hash_table_lookup (zfs->roles, dataset->name)) | (wal ? KT_DATASET_WAL : KT_DATASET_DATA);
  g_hash_table_insert (zfs->roles, dataset->name, GINT_TO_POINTER (roles));
  if (wal)
    zfs->wal = dataset;
  else if (zfs->data == NULL)
    zfs->data = dataset;
  return TRUE;
}

static gboolean
load_zfs (Zfs *zfs, const KtPlatform *platform, GCancellable *cancellable, GError **error)
{
  zfs->datasets = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) kt_zfs_object_free);
  zfs->pools = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) kt_zfs_object_free);
  zfs->roles = g_hash_table_new (g_str_hash, g_str_equal);
  zfs->order = g_ptr_array_new ();
  for (guint i = 0; i < platform->volumes->len; i++)
    {
      const KtVolume *volume = platform->volumes->pdata[i];
      if (volume->zfs_dataset != NULL && !add_volume (zfs, volume, cancellable, error))
        return FALSE;
    }
  return TRUE;
}

static JsonObject *
dataset_json (const Zfs *zfs, const char *name)
{
  static const char *const sizes[][2] = { { "used", "used_bytes" }, { "available", "available_bytes" },
                                          { "logicalused", "logical_bytes" } };
  const KtZfsObject *dataset = g_hash_table_lookup (zfs->datasets, name);
  int roles = GPOINTER_TO_INT (g_hash_table_lookup (zfs->roles, name));
  g_autofree char *pool = pool_of (name);
  JsonObject *object = json_object_new ();
  json_object_set_string_member (object, "name", name);
  json_object_set_string_member (object, "holds", roles == KT_DATASET_BOTH ? "data and WAL" : roles == KT_DATASET_WAL ? "WAL" : "data");
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    json_object_set_int_member (object, sizes[i][1], kt_zfs_number (dataset, sizes[i][0]));
  json_object_set_double_member (object, "compressratio", kt_zfs_ratio (dataset, "compressratio"));
  /* Tables decide where both lie on one. */
  json_object_set_array_member (object, "properties", kt_zfs_advice_json (dataset, roles & KT_DATASET_DATA ? KT_DATASET_DATA : roles,
                                                                          g_hash_table_lookup (zfs->pools, pool)));
  return object;
}

static JsonObject *
pool_json (const KtZfsObject *pool, const KtPoolStatus *status)
{
  static const char *const numbers[][2] = { { "size", "size_bytes" }, { "free", "free_bytes" }, { "capacity", "capacity_percent" },
                                            { "fragmentation", "fragmentation_percent" } };
  JsonObject *object = json_object_new ();
  json_object_set_string_member (object, "name", pool->name);
  kt_json_set_string (object, "state", status->state);
  kt_json_set_string (object, "scan", status->scan);
  json_object_set_boolean_member (object, "has_log", status->has_log);
  json_object_set_boolean_member (object, "has_special", status->has_special);
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    json_object_set_int_member (object, numbers[i][1], kt_zfs_number (pool, numbers[i][0]));
  json_object_set_array_member (object, "properties", kt_zfs_advice_json (pool, KT_POOL, pool));
  return object;
}

static gboolean
add_pools (JsonObject *answer, const Zfs *zfs, GPtrArray *findings, GCancellable *cancellable, GError **error)
{
  JsonArray *array = json_array_new ();
  json_object_set_array_member (answer, "pools", array);
  GHashTableIter iter;
  gpointer pool;
  g_hash_table_iter_init (&iter, zfs->pools);
  while (g_hash_table_iter_next (&iter, NULL, &pool))
    {
      g_autoptr (KtPoolStatus) status = kt_zfs_load_status (((KtZfsObject *) pool)->name, cancellable, error);
      if (status == NULL)
        return FALSE;
      kt_find_about_pool (findings, pool, status, g_get_real_time () / G_USEC_PER_SEC);
      json_array_add_object_element (array, pool_json (pool, status));
    }
  return TRUE;
}

static JsonArray *
volumes_json (const KtPlatform *platform)
{
  JsonArray *array = json_array_new ();
  for (guint i = 0; i < platform->volumes->len; i++)
    {
      const KtVolume *volume = platform->volumes->pdata[i];
      JsonObject *object = json_object_new ();
      kt_json_set_string (object, "role", volume->role);
      kt_json_set_string (object, "path", volume->path);
      kt_json_set_string (object, "mount_point", volume->mount_point);
      kt_json_set_string (object, "file_system", volume->fs_type);
      kt_json_set_string (object, "dataset", volume->zfs_dataset);
      json_object_set_int_member (object, "size_bytes", volume->size);
      json_object_set_int_member (object, "available_bytes", volume->available);
      if (volume->inodes > 0)
        {
          json_object_set_int_member (object, "inodes", volume->inodes);
          json_object_set_int_member (object, "inodes_free", volume->inodes_free);
        }
      kt_json_set_string (object, "class", kt_storage_class_name (volume->class));
      kt_json_set_string (object, "class_reason", volume->class_reason);
      json_array_add_object_element (array, object);
    }
  return array;
}

JsonObject *
kt_handle_storage_show (KtOperationContext *context, JsonObject *args, GError **error)
{
  g_autoptr (KtFacts) facts = kt_facts_load (context, args, 0, error);
  if (facts == NULL)
    return NULL;
  if (!kt_sysroot_is_live (facts->root))
    {
      kt_error_set (error, KT_ERROR_UNSUPPORTED, NULL, "kastune host --root shows what is recorded of it",
                    "properties of datasets are not part of a recording");
      return NULL;
    }
  g_auto (Zfs) zfs = { 0 };
  g_autoptr (GPtrArray) findings = kt_findings_new ();
  g_autoptr (JsonObject) answer = json_object_new ();
  JsonArray *datasets = json_array_new ();
  json_object_set_array_member (answer, "volumes", volumes_json (facts->platform));
  kt_json_set_string (answer, "zfs", kt_storage_zfs_state (facts->platform));
  kt_json_set_string (answer, "zfs_version", facts->platform->zfs.version);
  json_object_set_array_member (answer, "datasets", datasets);
  JsonArray *devices = kt_storage_devices (facts, kt_json_int (args, "seconds", WATCH_SECONDS), context->cancellable, error);
  if (devices == NULL)
    return NULL;
  json_object_set_array_member (answer, "devices", devices);
  if (!load_zfs (&zfs, facts->platform, context->cancellable, error)
      || !add_pools (answer, &zfs, findings, context->cancellable, error))
    return NULL;
  for (guint i = 0; i < zfs.order->len; i++)
    json_array_add_object_element (datasets, dataset_json (&zfs, zfs.order->pdata[i]));
  kt_find_about_datasets (findings, zfs.data, zfs.wal);
  kt_find_little_room (findings, facts->platform);
  context->findings = findings->len > 0;
  json_object_set_array_member (answer, "findings", kt_findings_to_json (findings));
  return g_steal_pointer (&answer);
}
