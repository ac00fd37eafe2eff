/* SPDX-License-Identifier: MIT */
#include "operation/zfs_places.h"

#include "storage/command.h"
#include "storage/properties.h"

void
kt_zfs_places_clear (KtZfsPlaces *places)
{
  g_clear_pointer (&places->datasets, g_hash_table_unref);
  g_clear_pointer (&places->roles, g_hash_table_unref);
  g_clear_pointer (&places->pools, g_hash_table_unref);
  g_clear_pointer (&places->order, g_ptr_array_unref);
}

static gboolean
add_dataset (KtZfsPlaces *places, const char *name, GCancellable *cancellable, GError **error)
{
  KtZfsObject *dataset = kt_zfs_load_dataset (name, cancellable, error);
  if (dataset == NULL)
    return FALSE;
  g_hash_table_insert (places->datasets, g_strdup (name), dataset);
  g_ptr_array_add (places->order, dataset->name);
  g_autofree char *pool_name = kt_zfs_pool_of (name);
  if (g_hash_table_contains (places->pools, pool_name))
    return TRUE;
  KtZfsObject *pool = kt_zfs_load_pool (pool_name, cancellable, error);
  if (pool != NULL)
    g_hash_table_insert (places->pools, g_strdup (pool_name), pool);
  return pool != NULL;
}

/* A tablespace counts as data. A volume without WAL of its own holds both. */
static gboolean
add_volume (KtZfsPlaces *places, const KtVolume *volume, GCancellable *cancellable, GError **error)
{
  if (!g_hash_table_contains (places->datasets, volume->zfs_dataset) && !add_dataset (places, volume->zfs_dataset, cancellable, error))
    return FALSE;
  const KtZfsObject *dataset = kt_zfs_places_dataset (places, volume->zfs_dataset);
  gboolean wal = g_str_equal (volume->role, "wal");
  int roles = kt_zfs_places_role (places, dataset->name) | (int) (wal ? KT_DATASET_WAL : KT_DATASET_DATA);
  g_hash_table_insert (places->roles, dataset->name, GINT_TO_POINTER (roles));
  if (wal)
    places->wal = dataset;
  else if (places->data == NULL)
    places->data = dataset;
  return TRUE;
}

gboolean
kt_zfs_places_load (KtZfsPlaces *places, const KtPlatform *platform, GCancellable *cancellable, GError **error)
{
  places->datasets = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) kt_zfs_object_free);
  places->pools = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) kt_zfs_object_free);
  places->roles = g_hash_table_new (g_str_hash, g_str_equal);
  places->order = g_ptr_array_new ();
  for (guint i = 0; i < platform->volumes->len; i++)
    {
      const KtVolume *volume = platform->volumes->pdata[i];
      if (volume->zfs_dataset != NULL && !add_volume (places, volume, cancellable, error))
        return FALSE;
    }
  return TRUE;
}

int
kt_zfs_places_role (const KtZfsPlaces *places, const char *dataset)
{
  return GPOINTER_TO_INT (g_hash_table_lookup (places->roles, dataset));
}

const char *
kt_zfs_places_holds (int role)
{
  return role == KT_DATASET_BOTH ? "data and WAL" : role == KT_DATASET_WAL ? "WAL" : "data";
}

const KtZfsObject *
kt_zfs_places_dataset (const KtZfsPlaces *places, const char *dataset)
{
  return g_hash_table_lookup (places->datasets, dataset);
}

const KtZfsObject *
kt_zfs_places_pool (const KtZfsPlaces *places, const char *dataset)
{
  g_autofree char *name = kt_zfs_pool_of (dataset);
  return g_hash_table_lookup (places->pools, name);
}
