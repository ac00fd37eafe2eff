/* SPDX-License-Identifier: MIT */
#include "operation/handlers.h"

#include "base/error.h"
#include "base/finding.h"
#include "operation/storage_devices.h"
#include "operation/storage_parts.h"
#include "operation/zfs_drift.h"
#include "operation/zfs_places.h"
#include "platform/platform_json.h"
#include "storage/activity.h"
#include "storage/health.h"
#include "storage/properties.h"

#include <string.h>

#define WATCH_SECONDS 1

static JsonObject *
dataset_json (const KtZfsPlaces *places, const char *name)
{
  static const char *const sizes[][2] = { { "used", "used_bytes" }, { "available", "available_bytes" },
                                          { "logicalused", "logical_bytes" } };
  const KtZfsObject *dataset = kt_zfs_places_dataset (places, name);
  int roles = kt_zfs_places_role (places, name);
  JsonObject *object = json_object_new ();
  json_object_set_string_member (object, "name", name);
  json_object_set_string_member (object, "holds", kt_zfs_places_holds (roles));
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    json_object_set_int_member (object, sizes[i][1], kt_zfs_number (dataset, sizes[i][0]));
  json_object_set_double_member (object, "compressratio", kt_zfs_ratio (dataset, "compressratio"));
  json_object_set_double_member (object, "refcompressratio", kt_zfs_ratio (dataset, "refcompressratio"));
  /* Tables decide where both lie on one. */
  json_object_set_array_member (object, "properties", kt_zfs_advice_json (dataset, roles & KT_DATASET_DATA ? KT_DATASET_DATA : roles,
                                                                          kt_zfs_places_pool (places, name)));
  return object;
}

static JsonObject *
rates_json (const KtPoolRates *rates)
{
  const struct {
    const char *name;
    gint64 value;
  } members[] = {
    { "read_ops", rates->read_ops }, { "write_ops", rates->write_ops }, { "read_bytes", rates->read_bytes },
    { "write_bytes", rates->write_bytes }, { "read_wait_ns", rates->read_wait_ns }, { "write_wait_ns", rates->write_wait_ns },
    { "disk_read_wait_ns", rates->disk_read_wait_ns }, { "disk_write_wait_ns", rates->disk_write_wait_ns },
  };
  JsonObject *object = json_object_new ();
  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    if (members[i].value >= 0)
      json_object_set_int_member (object, members[i].name, members[i].value);
  return object;
}

/* Figures that cannot be had are absent: the pool may just be waiting for its devices. */
static void
add_rates (JsonObject *object, const char *pool, gboolean watch, GCancellable *cancellable)
{
  g_autoptr (GPtrArray) samples = kt_pool_rates_load (pool, watch, cancellable, NULL);
  if (samples == NULL)
    return;
  json_object_set_object_member (object, "since_import", rates_json (samples->pdata[0]));
  if (samples->len > 1)
    json_object_set_object_member (object, "last_second", rates_json (samples->pdata[samples->len - 1]));
}

static JsonObject *
arc_json (const KtArc *arc)
{
  double all = kt_arc_hit_percent (arc->hits, arc->misses), demand = kt_arc_hit_percent (arc->demand_hits, arc->demand_misses);
  JsonObject *object = json_object_new ();
  json_object_set_int_member (object, "size_bytes", arc->size);
  json_object_set_int_member (object, "limit_bytes", arc->limit);
  json_object_set_int_member (object, "compressed_bytes", arc->compressed);
  json_object_set_int_member (object, "uncompressed_bytes", arc->uncompressed);
  if (all >= 0)
    json_object_set_double_member (object, "hit_percent", all);
  if (demand >= 0)
    json_object_set_double_member (object, "demand_hit_percent", demand);
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
  gint64 scrubbed = kt_scan_time (status->scan);
  if (scrubbed >= 0)
    json_object_set_int_member (object, "scrub_age_s", MAX (g_get_real_time () / G_USEC_PER_SEC - scrubbed, 0));
  json_object_set_int_member (object, "read_errors", (gint64) status->read_errors);
  json_object_set_int_member (object, "write_errors", (gint64) status->write_errors);
  json_object_set_int_member (object, "checksum_errors", (gint64) status->checksum_errors);
  json_object_set_array_member (object, "properties", kt_zfs_advice_json (pool, KT_POOL, pool));
  return object;
}

static gboolean
add_pools (JsonObject *answer, const KtZfsPlaces *places, gboolean watch, GPtrArray *findings, GCancellable *cancellable, GError **error)
{
  JsonArray *array = json_array_new ();
  json_object_set_array_member (answer, "pools", array);
  GHashTableIter iter;
  gpointer pool;
  g_hash_table_iter_init (&iter, places->pools);
  while (g_hash_table_iter_next (&iter, NULL, &pool))
    {
      g_autoptr (KtPoolStatus) status = kt_zfs_load_status (((KtZfsObject *) pool)->name, cancellable, error);
      if (status == NULL)
        return FALSE;
      kt_find_about_pool (findings, pool, status, g_get_real_time () / G_USEC_PER_SEC);
      JsonObject *object = pool_json (pool, status);
      add_rates (object, ((KtZfsObject *) pool)->name, watch, cancellable);
      json_array_add_object_element (array, object);
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

/* The cache, only where the data lie on ZFS: elsewhere it is somebody else's. */
static void
add_arc (JsonObject *answer, const KtFacts *facts, const KtZfsPlaces *places, GPtrArray *findings)
{
  KtArc arc;
  gint64 buffers = facts->server != NULL ? kt_server_int (facts->server, "shared_buffers", 0) * facts->server->block_bytes : 0;
  if (places->order->len == 0 || !kt_arc_load (&arc))
    return;
  json_object_set_object_member (answer, "arc", arc_json (&arc));
  kt_find_about_arc (findings, &arc, buffers, facts->platform->memory.total);
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
  g_auto (KtZfsPlaces) places = { 0 };
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
  if (!kt_zfs_places_load (&places, facts->platform, context->cancellable, error)
      || !add_pools (answer, &places, kt_json_int (args, "seconds", WATCH_SECONDS) > 0, findings, context->cancellable, error))
    return NULL;
  for (guint i = 0; i < places.order->len; i++)
    {
      const char *name = places.order->pdata[i];
      json_array_add_object_element (datasets, dataset_json (&places, name));
      if (facts->state != NULL)
        kt_find_zfs_drift (findings, facts->state, kt_zfs_places_dataset (&places, name));
    }
  add_arc (answer, facts, &places, findings);
  kt_find_about_datasets (findings, places.data, places.wal);
  kt_find_little_room (findings, facts->platform);
  context->findings = findings->len > 0;
  json_object_set_array_member (answer, "findings", kt_findings_to_json (findings));
  return g_steal_pointer (&answer);
}
