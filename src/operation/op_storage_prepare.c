/* SPDX-License-Identifier: MIT
 *
 * storage prepare: datasets for a cluster, in a pool that is there.
 */
#include "operation/change_parts.h"
#include "operation/handlers.h"
#include "operation/storage_parts.h"

#include "base/error.h"
#include "storage/command.h"
#include "storage/steps.h"

#define ESTIMATE_MS 500
#define DEFAULT_OWNER "postgres"

static const struct {
  const char *name, *holds;
  KtZfsRole role;
} parts[] = { { "data", "data", KT_DATASET_DATA }, { "wal", "WAL", KT_DATASET_WAL } };

/* Of the server that runs, so that a copy of its data fits; else Debian's. */
static char *
owner_of (const KtFacts *facts, JsonObject *args)
{
  g_autoptr (KtInstance) instance = NULL;
  if (kt_json_string (args, "owner", NULL) != NULL)
    return g_strdup (kt_json_string (args, "owner", NULL));
  if (facts->server != NULL && facts->server->local)
    instance = kt_instance_find (facts->server, facts->conninfo, NULL);
  return g_strdup (instance != NULL && instance->owner != NULL ? instance->owner : DEFAULT_OWNER);
}

/* Where ZFS itself would put it: below the mount point of its parent. */
static char *
mount_point_of (const char *dataset, JsonObject *args, GCancellable *cancellable, GError **error)
{
  const char *named = kt_json_string (args, "mount_point", NULL);
  g_autofree char *parent = kt_zfs_parent_of (dataset);
  if (named != NULL)
    return g_strdup (named);
  g_autoptr (KtZfsObject) object = parent != NULL ? kt_zfs_load_dataset (parent, cancellable, error) : NULL;
  const char *above = object != NULL ? kt_zfs_value (object, "mountpoint") : NULL;
  if (above != NULL && *above == '/')
    {
      g_autofree char *name = g_path_get_basename (dataset);
      return g_build_filename (above, name, NULL);
    }
  if (parent == NULL)
    kt_error_set (error, KT_ERROR_USAGE, NULL, "POOL/NAME, as in tank/kaspa", "%s is a pool's own dataset", dataset);
  else if (object != NULL)
    kt_error_set (error, KT_ERROR_USAGE, NULL, "say where to: --mount-point /srv/kaspa", "%s is not mounted, so nothing below it has a place",
                  parent);
  return NULL;
}

typedef struct {
  KtProposed *proposed;
  JsonArray *shown;
  const char *dataset, *mount_point, *owner;
  char *mark;
  KtZfsObject *pool;
  JsonObject *wishes;
} Making;

static void
add_part (Making *making, guint i)
{
  g_autofree char *name = g_strdup_printf ("%s/%s", making->dataset, parts[i].name);
  g_autofree char *mount_point = g_build_filename (making->mount_point, parts[i].name, NULL);
  JsonObject *properties = kt_zfs_new_properties (parts[i].role, making->pool, parts[i].role == KT_DATASET_DATA ? making->wishes : NULL);
  const KtNewDataset new = { .name = name, .mount_point = mount_point, .owner = making->owner, .mark = making->mark, .parent_planned = TRUE };
  JsonObject *object = json_object_new ();
  json_object_set_string_member (object, "name", name);
  json_object_set_string_member (object, "holds", parts[i].holds);
  json_object_set_string_member (object, "mount_point", mount_point);
  json_object_set_array_member (object, "properties", kt_zfs_values_json (properties, NULL));
  json_array_add_object_element (making->shown, object);
  kt_plan_add (making->proposed->plan, &kt_step_zfs_dataset, kt_step_zfs_dataset_args (&new, properties))->estimate_ms = ESTIMATE_MS;
}

static void
make_plan (Making *making)
{
  const KtNewDataset parent = { .name = making->dataset, .mark = making->mark };
  g_autofree char *title = g_strdup_printf ("prepare %s for PostgreSQL", making->dataset);
  making->proposed->plan = kt_storage_plan_new (making->proposed->facts, title);
  kt_plan_add (making->proposed->plan, &kt_step_zfs_dataset, kt_step_zfs_dataset_args (&parent, json_object_new ()))->estimate_ms = ESTIMATE_MS;
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    add_part (making, i);
}

static KtProposed *
propose (KtOperationContext *context, JsonObject *args, GError **error)
{
  g_autoptr (KtProposed) proposed = g_new0 (KtProposed, 1);
  const char *dataset = kt_json_string (args, "dataset", "");
  g_autoptr (JsonObject) wishes = kt_storage_wishes (args, error);
  if (wishes == NULL || !kt_zfs_name_check (dataset, error))
    return NULL;
  proposed->shown = json_object_new ();
  proposed->facts = kt_facts_load (context, args, 0, error);
  if (proposed->facts == NULL || !kt_storage_needs_zfs (proposed->facts->platform, error))
    return NULL;
  g_autofree char *pool_name = kt_zfs_pool_of (dataset);
  g_autoptr (KtZfsObject) pool = kt_zfs_load_pool (pool_name, context->cancellable, error);
  g_autofree char *mount_point = pool != NULL ? mount_point_of (dataset, args, context->cancellable, error) : NULL;
  if (mount_point == NULL)
    return NULL;
  g_autofree char *owner = owner_of (proposed->facts, args);
  g_autofree char *mark = kt_zfs_mark_new ();
  Making making = {
    .proposed = proposed, .shown = json_array_new (), .dataset = dataset, .mount_point = mount_point, .owner = owner, .mark = mark,
    .pool = pool, .wishes = wishes,
  };
  json_object_set_array_member (proposed->shown, "datasets", making.shown);
  make_plan (&making);
  json_object_set_object_member (proposed->shown, "plan", kt_plan_to_json (proposed->plan));
  return kt_storage_check_plan (context, proposed->plan, error) ? g_steal_pointer (&proposed) : NULL;
}

JsonObject *
kt_handle_storage_prepare (KtOperationContext *context, JsonObject *args, GError **error)
{
  return kt_change_carry_out (context, args, propose, error);
}
