/* SPDX-License-Identifier: MIT
 *
 * Step `zfs-properties`. Each property is on its own before or after at any instant, and which of both it is can be seen.
 */
#include "storage/steps.h"

#include "base/crash.h"
#include "base/error.h"
#include "storage/command.h"
#include "storage/health.h"

#include <string.h>
#include <unistd.h>

#define INHERITED "inherited from "

static const char *
name_of (JsonObject *args)
{
  return kt_json_string (args, "name", "");
}

static gboolean
is_pool (JsonObject *args)
{
  return g_str_equal (kt_json_string (args, "object", ""), "pool");
}

static KtZfsObject *
load (JsonObject *args, GCancellable *cancellable, GError **error)
{
  return is_pool (args) ? kt_zfs_load_pool (name_of (args), cancellable, error) : kt_zfs_load_dataset (name_of (args), cancellable, error);
}

/* A dataset made anew under the same name is another one. */
static gboolean
is_same (const KtZfsObject *object, JsonObject *args)
{
  return g_strcmp0 (kt_zfs_value (object, "guid"), kt_json_string (args, "guid", "")) == 0;
}

static GList *
names_of (JsonObject *values)
{
  return values != NULL ? json_object_get_members (values) : NULL;
}

static void
set_changed (const KtZfsObject *object, const char *property, const char *hint, GError **error)
{
  kt_error_set (error, KT_ERROR_CHANGED, NULL, hint, "somebody else changed %s of %s to %s meanwhile", property, object->name,
                kt_zfs_value (object, property));
}

/* --------------------------------------------------------------------------------------------------------------- verbs */

static gboolean
check_row (const KtZfsObject *object, JsonObject *args, const char *property, GError **error)
{
  const char *planned_from = kt_json_string (kt_json_object (args, "running"), property, NULL);
  if (g_strcmp0 (kt_zfs_value (object, property), planned_from) != 0)
    set_changed (object, property, "make a new plan", error);
  else if (g_strcmp0 (kt_zfs_source (object, property), "temporary") == 0)
    kt_error_set (error, KT_ERROR_REFUSED, NULL, "mount it again without that option", "%s of %s comes from a mount option, which hides the property",
                  property, object->name);
  else
    return TRUE;
  return FALSE;
}

static gboolean
check (KtStepContext *context, JsonObject *args, GError **error)
{
  g_autofree char *pool_name = kt_zfs_pool_of (name_of (args));
  if (geteuid () != 0)
    {
      kt_error_set (error, KT_ERROR_PRIVILEGE, NULL, "run it as root", "only root can set properties of %s", name_of (args));
      return FALSE;
    }
  g_autoptr (KtZfsObject) pool = kt_zfs_load_pool (pool_name, context->cancellable, error);
  g_autoptr (KtZfsObject) object = pool != NULL && kt_pool_is_fit (pool, FALSE, error) ? load (args, context->cancellable, error) : NULL;
  if (object == NULL)
    return FALSE;
  g_autoptr (GList) names = names_of (kt_json_object (args, "wanted"));
  for (GList *name = names; name != NULL; name = name->next)
    if (!check_row (object, args, name->data, error))
      return FALSE;
  return TRUE;
}

/* {values: {name: value}, sources: {name: source}} */
static JsonObject *
prepare (KtStepContext *context, JsonObject *args, GError **error)
{
  g_autoptr (KtZfsObject) object = load (args, context->cancellable, error);
  g_autoptr (GList) names = names_of (kt_json_object (args, "wanted"));
  if (object == NULL)
    return NULL;
  JsonObject *before = json_object_new (), *values = json_object_new (), *sources = json_object_new ();
  for (GList *name = names; name != NULL; name = name->next)
    {
      kt_json_set_string (values, name->data, kt_zfs_value (object, name->data));
      kt_json_set_string (sources, name->data, kt_zfs_source (object, name->data));
    }
  json_object_set_object_member (before, "values", values);
  json_object_set_object_member (before, "sources", sources);
  return before;
}

static gboolean
set_property (JsonObject *args, const char *property, const char *value, GError **error)
{
  g_autofree char *word = g_strdup_printf ("%s=%s", property, value);
  const char *const argv[] = { is_pool (args) ? "zpool" : "zfs", "set", word, name_of (args), NULL };
  gboolean set = kt_zfs_command (argv, error);
  kt_crash_point ("storage: %s set", word);
  return set;
}

static gboolean
apply (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  JsonObject *wanted = kt_json_object (args, "wanted");
  g_autoptr (GList) names = names_of (wanted);
  g_autoptr (KtZfsObject) object = load (args, NULL, error);
  if (object == NULL)
    return FALSE;
  for (GList *name = names; name != NULL; name = name->next)
    {
      const char *value = kt_json_string (wanted, name->data, "");
      if (g_cancellable_set_error_if_cancelled (context->cancellable, error)
          || (g_strcmp0 (kt_zfs_value (object, name->data), value) != 0 && !set_property (args, name->data, value, error)))
        return FALSE;
    }
  return TRUE;
}

static gboolean
verify (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  JsonObject *wanted = kt_json_object (args, "wanted");
  g_autoptr (GList) names = names_of (wanted);
  g_autoptr (KtZfsObject) object = load (args, context->cancellable, error);
  if (object == NULL)
    return FALSE;
  for (GList *name = names; name != NULL; name = name->next)
    if (g_strcmp0 (kt_zfs_value (object, name->data), kt_json_string (wanted, name->data, "")) != 0)
      {
        kt_error_set (error, KT_ERROR_VERIFY, NULL, NULL, "%s of %s is %s, not %s as planned", (const char *) name->data, object->name,
                      kt_zfs_value (object, name->data), kt_json_string (wanted, name->data, ""));
        return FALSE;
      }
  return TRUE;
}

/* ----------------------------------------------------------------------------------------------------------------- undo */

/* NULL without @error: gone with its dataset, so there is nothing to undo. */
static KtZfsObject *
find (JsonObject *args, GError **error)
{
  KtZfsObject *object = is_pool (args) ? kt_zfs_load_pool (name_of (args), NULL, error) : kt_zfs_find_dataset (name_of (args), NULL, error);
  if (object != NULL && !is_same (object, args))
    g_clear_pointer (&object, kt_zfs_object_free);
  return object;
}

static gboolean
check_untouched (const KtZfsObject *object, JsonObject *args, JsonObject *before, GError **error)
{
  JsonObject *wanted = kt_json_object (args, "wanted"), *values = kt_json_object (before, "values");
  g_autoptr (GList) names = names_of (wanted);
  for (GList *name = names; name != NULL; name = name->next)
    {
      const char *now = kt_zfs_value (object, name->data);
      if (g_strcmp0 (now, kt_json_string (wanted, name->data, NULL)) == 0
          || (values != NULL && g_strcmp0 (now, kt_json_string (values, name->data, NULL)) == 0))
        continue;
      set_changed (object, name->data, "put the value back that kastune set (kastune history says which), then undo", error);
      return FALSE;
    }
  return TRUE;
}

static gboolean
can_undo (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (KtZfsObject) object = find (args, &local);
  if (local == NULL)
    return object == NULL || check_untouched (object, args, before, error);
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

/* "default" and "inherited from" are no values of its own; "received" came with a stream. */
static gboolean
put_back (const KtZfsObject *object, JsonObject *args, const char *property, const char *value, const char *source, GError **error)
{
  gboolean inherits = g_strcmp0 (source, "default") == 0 || (source != NULL && g_str_has_prefix (source, INHERITED));
  const char *const inherit[] = { "zfs", "inherit", property, object->name, NULL };
  const char *const receive[] = { "zfs", "inherit", "-S", property, object->name, NULL };
  if (g_strcmp0 (kt_zfs_value (object, property), value) == 0 && g_strcmp0 (kt_zfs_source (object, property), source) == 0)
    return TRUE;
  gboolean done = is_pool (args) ? set_property (args, property, value, error)
                  : inherits     ? kt_zfs_command (inherit, error)
                  : g_strcmp0 (source, "received") == 0 ? kt_zfs_command (receive, error)
                                                        : set_property (args, property, value, error);
  kt_crash_point ("storage: %s put back", property);
  return done;
}

static gboolean
undo (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  JsonObject *values = kt_json_object (before, "values"), *sources = kt_json_object (before, "sources");
  if (!can_undo (context, args, before, error))
    return FALSE;
  g_autoptr (KtZfsObject) object = find (args, NULL);
  if (object == NULL)
    return TRUE;
  g_autoptr (GList) names = names_of (values);
  for (GList *name = names; name != NULL; name = name->next)
    if (!put_back (object, args, name->data, kt_json_string (values, name->data, ""), kt_json_string (sources, name->data, NULL), error))
      return FALSE;
  return TRUE;
}

/* ----------------------------------------------------------------------------------------------------------------- args */

static char *
describe (JsonObject *args)
{
  JsonObject *wanted = kt_json_object (args, "wanted");
  g_autoptr (GList) names = names_of (wanted);
  g_autoptr (GString) text = g_string_new ("set ");
  for (GList *name = names; name != NULL; name = name->next)
    g_string_append_printf (text, "%s%s=%s", name != names ? ", " : "", (const char *) name->data, kt_json_string (wanted, name->data, ""));
  g_string_append_printf (text, " on %s %s", kt_json_string (args, "object", ""), name_of (args));
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static GStrv
touches (JsonObject *args)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  g_autofree char *properties = g_strdup_printf ("properties of %s %s", kt_json_string (args, "object", ""), name_of (args));
  g_strv_builder_add (names, properties);
  return g_strv_builder_end (names);
}

JsonObject *
kt_step_zfs_properties_args (const KtZfsObject *object, int role, const KtZfsObject *pool, JsonObject *wishes)
{
  g_autoptr (JsonObject) wanted = kt_zfs_property_changes (object, role, pool, wishes);
  g_autoptr (GList) names = names_of (wanted);
  if (names == NULL)
    return NULL;
  JsonObject *args = json_object_new (), *running = json_object_new ();
  for (GList *name = names; name != NULL; name = name->next)
    kt_json_set_string (running, name->data, kt_zfs_value (object, name->data));
  json_object_set_string_member (args, "object", role == KT_POOL ? "pool" : "dataset");
  json_object_set_string_member (args, "name", object->name);
  kt_json_set_string (args, "guid", kt_zfs_value (object, "guid"));
  json_object_set_object_member (args, "wanted", json_object_ref (wanted));
  json_object_set_object_member (args, "running", running);
  return args;
}

JsonObject *
kt_step_zfs_values (const char *kind, JsonObject *args, const KtZfsObject *dataset)
{
  if (g_str_equal (kind, kt_step_zfs_dataset.name))
    return g_str_equal (kt_json_string (args, "dataset", ""), dataset->name)
               && g_strcmp0 (kt_zfs_value (dataset, KT_ZFS_MADE_BY), kt_json_string (args, "mark", "")) == 0
             ? kt_json_object (args, "properties") : NULL;
  return g_str_equal (kind, kt_step_zfs_properties.name) && !is_pool (args) && g_str_equal (name_of (args), dataset->name) && is_same (dataset, args)
           ? kt_json_object (args, "wanted") : NULL;
}

const KtStepKind kt_step_zfs_properties = {
  .name = "zfs-properties",
  .describe = describe,
  .check = check,
  .prepare = prepare,
  .apply = apply,
  .verify = verify,
  .can_undo = can_undo,
  .undo = undo,
  .touches = touches,
};
