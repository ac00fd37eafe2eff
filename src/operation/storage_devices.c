/* SPDX-License-Identifier: MIT */
#include "operation/storage_devices.h"

#include "base/error.h"
#include "platform/activity.h"

typedef struct {
  const KtBlockDevice *device;
  GString *holds; /* "data, wal" */
  KtDiskCounters before;
  gboolean counted;
} Watched;

static void
watched_free (Watched *watched)
{
  g_string_free (watched->holds, TRUE);
  g_free (watched);
}

static void
watch (GPtrArray *all, const KtBlockDevice *device, const char *role)
{
  for (guint i = 0; i < all->len; i++)
    {
      Watched *known = all->pdata[i];
      if (!g_str_equal (known->device->name, device->name))
        continue;
      g_string_append_printf (known->holds, ", %s", role);
      return;
    }
  Watched *watched = g_new0 (Watched, 1);
  watched->device = device;
  watched->holds = g_string_new (role);
  g_ptr_array_add (all, watched);
}

/* Partitions do what their disk does. */
static GPtrArray *
devices_of (const KtPlatform *platform)
{
  GPtrArray *all = g_ptr_array_new_with_free_func ((GDestroyNotify) watched_free);
  for (guint i = 0; i < platform->volumes->len; i++)
    {
      const KtVolume *volume = platform->volumes->pdata[i];
      for (guint n = 0; volume->devices != NULL && n < volume->devices->len; n++)
        if (g_strcmp0 (((KtBlockDevice *) volume->devices->pdata[n])->kind, "partition") != 0)
          watch (all, volume->devices->pdata[n], volume->role);
    }
  return all;
}

static gboolean
wait_for (gint64 seconds, GCancellable *cancellable, GError **error)
{
  gint64 until = g_get_monotonic_time () + seconds * G_USEC_PER_SEC;
  while (g_get_monotonic_time () < until)
    {
      g_usleep (G_USEC_PER_SEC / 20);
      if (g_cancellable_is_cancelled (cancellable))
        {
          kt_error_set (error, KT_ERROR_INTERRUPTED, NULL, NULL, "stopped while the devices were watched");
          return FALSE;
        }
    }
  return TRUE;
}

static JsonObject *
device_json (const KtFacts *facts, const Watched *watched)
{
  KtDiskCounters now;
  KtDiskActivity activity;
  JsonObject *object = json_object_new ();
  json_object_set_string_member (object, "name", watched->device->name);
  kt_json_set_string (object, "label", watched->device->label);
  kt_json_set_string (object, "kind", watched->device->kind);
  json_object_set_string_member (object, "holds", watched->holds->str);
  if (watched->counted && kt_disk_counters_read (facts->root, watched->device->name, &now)
      && kt_disk_activity (&watched->before, &now, &activity))
    json_object_set_object_member (object, "activity", kt_disk_activity_to_json (&activity));
  return object;
}

JsonArray *
kt_storage_devices (const KtFacts *facts, gint64 seconds, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) all = devices_of (facts->platform);
  for (guint i = 0; seconds > 0 && i < all->len; i++)
    {
      Watched *watched = all->pdata[i];
      watched->counted = kt_disk_counters_read (facts->root, watched->device->name, &watched->before);
    }
  if (all->len > 0 && !wait_for (seconds, cancellable, error))
    return NULL;
  JsonArray *array = json_array_new ();
  for (guint i = 0; i < all->len; i++)
    json_array_add_object_element (array, device_json (facts, all->pdata[i]));
  return array;
}
