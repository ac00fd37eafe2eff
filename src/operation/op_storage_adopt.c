/* SPDX-License-Identifier: MIT
 *
 * storage adopt: the datasets that the server lies on get the properties of THE table, PostgreSQL the settings that follow from
 * lying on them, and the cache of ZFS its limit: one change set.
 */
#include "operation/change_parts.h"
#include "operation/handlers.h"
#include "operation/storage_parts.h"
#include "operation/zfs_places.h"

#include "base/error.h"
#include "host/steps.h"
#include "storage/steps.h"

#define ESTIMATE_MS 300
#define TORN_PAGES "full_page_writes"
#define CACHE_LIMIT "zfs_arc_max"

/* ------------------------------------------------------------------------------------------------------------- settings */

static gboolean
follows_storage (const KtAdviceRow *row)
{
  return row->param->follows_storage;
}

/* Every page must lie within one record, wherever tables can lie. Files made under an earlier recordsize keep it, so the running
 * value counts, not the wanted one. */
static gboolean
check_atomic (const KtFacts *facts, const KtZfsPlaces *places, GError **error)
{
  for (guint i = 0; i < facts->platform->volumes->len; i++)
    {
      const KtVolume *volume = facts->platform->volumes->pdata[i];
      const KtZfsObject *dataset = volume->zfs_dataset != NULL ? kt_zfs_places_dataset (places, volume->zfs_dataset) : NULL;
      if (dataset == NULL)
        {
          kt_error_set (error, KT_ERROR_REFUSED, "a page torn by a crash is silent corruption there", "leave out --full-page-writes-off",
                        "%s lies on %s, which does not replace pages whole", volume->path, volume->fs_type);
          return FALSE;
        }
      if (kt_zfs_number (dataset, "recordsize") < facts->server->block_bytes)
        {
          kt_error_set (error, KT_ERROR_REFUSED, "files made so far keep their record size", "copy the data onto a dataset with larger records first",
                        "records of %s are smaller than a page of PostgreSQL", dataset->name);
          return FALSE;
        }
    }
  return TRUE;
}

static gboolean
add_settings (KtProposed *proposed, JsonObject *args, JsonArray *settings, GError **error)
{
  const KtAdviceRow *row = kt_advice_find (proposed->facts->advice, TORN_PAGES);
  g_auto (KtZfsPlaces) places = { 0 };
  if (!kt_json_bool (args, "full_page_writes_off", FALSE) || row == NULL || g_strcmp0 (row->running, "off") == 0)
    return TRUE;
  if (!kt_zfs_places_load (&places, proposed->facts->platform, NULL, error) || !check_atomic (proposed->facts, &places, error))
    return FALSE;
  JsonObject *setting = json_object_new ();
  json_object_set_string_member (setting, "name", TORN_PAGES);
  kt_json_set_string (setting, "running", row->running);
  json_object_set_string_member (setting, "wanted", "off");
  json_object_set_string_member (setting, "apply", "reload");
  json_object_set_string_member (setting, "because", "you asked for it: ZFS replaces records whole, and each holds whole pages");
  kt_json_set_string (setting, "origin", row->origin);
  json_array_add_object_element (settings, setting);
  return TRUE;
}

/* ---------------------------------------------------------------------------------------------------------------- steps */

/* Changes of one dataset or pool as a step, and as what is shown of it. */
static void
add_object (KtProposed *proposed, JsonArray *shown, const KtZfsObject *object, int role, const KtZfsObject *pool, JsonObject *wishes)
{
  JsonObject *args = kt_step_zfs_properties_args (object, role, pool, wishes);
  if (args == NULL)
    return;
  JsonObject *wanted = kt_json_object (args, "wanted"), *row = json_object_new ();
  json_object_set_string_member (row, "name", object->name);
  json_object_set_string_member (row, "holds", role == KT_POOL ? "pool" : kt_zfs_places_holds (role));
  json_object_set_array_member (row, "properties", kt_zfs_values_json (wanted, object));
  json_array_add_object_element (shown, row);
  if (kt_zfs_values_leave_old (wanted))
    kt_findings_add (proposed->notes, KT_SEVERITY_NOTE, NULL, "VACUUM FULL or a copy of the data directory rewrites it; new data come with time by themselves",
                     "what %s holds already stays as it was written", object->name);
  kt_plan_add (proposed->plan, &kt_step_zfs_properties, args)->estimate_ms = ESTIMATE_MS;
}

/* Tables decide where both lie on one. */
static void
add_objects (KtProposed *proposed, const KtZfsPlaces *places, JsonArray *shown, JsonObject *wishes)
{
  GHashTableIter iter;
  gpointer pool;
  for (guint i = 0; i < places->order->len; i++)
    {
      const char *name = places->order->pdata[i];
      int role = kt_zfs_places_role (places, name);
      gboolean data = (role & KT_DATASET_DATA) != 0;
      add_object (proposed, shown, kt_zfs_places_dataset (places, name), data ? (int) KT_DATASET_DATA : role, kt_zfs_places_pool (places, name),
                  data ? wishes : NULL);
    }
  g_hash_table_iter_init (&iter, places->pools);
  while (g_hash_table_iter_next (&iter, NULL, &pool))
    add_object (proposed, shown, pool, KT_POOL, pool, NULL);
}

/* The row of the advice, which looks at PostgreSQL's memory and at all else. */
static void
add_arc_limit (KtProposed *proposed)
{
  const GPtrArray *rows = proposed->facts->advice->kernel;
  for (guint i = 0; i < rows->len; i++)
    {
      const KtKernelRow *row = rows->pdata[i];
      if (!g_str_equal (row->name, CACHE_LIMIT) || row->verdict != KT_VERDICT_CHANGE)
        continue;
      kt_findings_add (proposed->notes, KT_SEVERITY_NOTE, CACHE_LIMIT, NULL,
                       "the ZFS cache may take %s now, on top of PostgreSQL's own memory; with %s both fit. What it holds beyond is given back "
                       "only slowly", row->running, row->wanted);
      kt_plan_add (proposed->plan, &kt_step_kernel_settings, kt_step_kernel_args ("", row->settings))->estimate_ms = ESTIMATE_MS;
    }
}

static gboolean
add_steps (KtProposed *proposed, KtOperationContext *context, JsonObject *args, GError **error)
{
  g_auto (KtZfsPlaces) places = { 0 };
  g_autoptr (JsonObject) wishes = kt_storage_wishes (args, error);
  if (wishes == NULL || !kt_storage_needs_zfs (proposed->facts->platform, error)
      || !kt_zfs_places_load (&places, proposed->facts->platform, context->cancellable, error))
    return FALSE;
  if (places.order->len == 0)
    {
      kt_error_set (error, KT_ERROR_UNSUPPORTED, NULL, "kastune storage prepare makes datasets", "nothing of this server lies on ZFS");
      return FALSE;
    }
  JsonArray *shown = json_array_new ();
  json_object_set_array_member (proposed->shown, "datasets", shown);
  add_objects (proposed, &places, shown, wishes);
  if (!kt_json_bool (args, "no_arc", FALSE))
    add_arc_limit (proposed);
  return kt_storage_check_plan (context, proposed->plan, error);
}

static KtProposed *
propose (KtOperationContext *context, JsonObject *args, GError **error)
{
  static const KtProposalScope scope = {
    .title = "let ZFS and PostgreSQL fit each other", .chosen = follows_storage, .add_settings = add_settings, .add_steps = add_steps,
  };
  return kt_proposed_of (context, args, &scope, error);
}

JsonObject *
kt_handle_storage_adopt (KtOperationContext *context, JsonObject *args, GError **error)
{
  return kt_change_carry_out (context, args, propose, error);
}
