/* SPDX-License-Identifier: MIT */
#include "operation/host_plan.h"

#include "base/error.h"
#include "host/fstab.h"
#include "host/live.h"
#include "host/steps.h"

#include <string.h>
#include <unistd.h>

#define HUGE_PAGES "vm.nr_hugepages"
#define KERNEL_MS 100
#define REMOUNT_MS 500

const char *
kt_host_by_hand (const KtFacts *facts, const KtInstance *instance)
{
  if (facts->platform->kernel.container)
    return "inside a container the kernel belongs to the host, where this is to be done";
  if (!kt_sysroot_is_live (facts->root))
    return "this is a recording of another machine";
  if (facts->machine.memory > 0)
    return "this machine is only described";
  if (instance != NULL && (instance->control == KT_CONTROL_REMOTE || instance->control == KT_CONTROL_DOCKER))
    return instance->control == KT_CONTROL_REMOTE ? "the server runs on another machine: run kastune there"
                                                  : "the server runs in a container, and shares this machine with others";
  if (geteuid () != 0)
    return "only root may change it";
  return NULL;
}

static JsonObject *
row_json (const KtKernelRow *row)
{
  JsonObject *object = json_object_new ();
  json_object_set_string_member (object, "name", row->name);
  kt_json_set_string (object, "running", row->running);
  kt_json_set_string (object, "wanted", row->wanted);
  kt_json_set_string (object, "verdict", kt_verdict_name (row->verdict));
  kt_json_set_string (object, "because", row->because);
  kt_json_set_string (object, "hazard", row->hazard);
  kt_json_set_string (object, "source", row->source);
  kt_json_set_string (object, "command", row->command);
  kt_json_set_string (object, "persist", row->persist);
  return object;
}

static gboolean
is_chosen (const KtKernelRow *row, JsonObject *args)
{
  gboolean with_restart = g_str_equal (row->name, HUGE_PAGES);
  return row->verdict == KT_VERDICT_CHANGE && !kt_json_bool (args, with_restart ? "no_restart" : "only_restart", FALSE);
}

static void
add_words (GStrvBuilder *builder, GStrv words)
{
  g_strv_builder_addv (builder, (const char **) words);
}

/* Two rows about one mount are one entry and one remount. */
static KtMountChange *
both (const KtMountChange *one, const KtMountChange *other)
{
  g_autoptr (GStrvBuilder) add = g_strv_builder_new ();
  g_autoptr (GStrvBuilder) remove = g_strv_builder_new ();
  add_words (add, one->add);
  add_words (add, other->add);
  add_words (remove, one->remove);
  add_words (remove, other->remove);
  g_auto (GStrv) added = g_strv_builder_end (add);
  g_auto (GStrv) removed = g_strv_builder_end (remove);
  g_autofree char *remount = one->remount == NULL     ? g_strdup (other->remount)
                             : other->remount == NULL ? g_strdup (one->remount)
                                                      : g_strconcat (one->remount, ",", other->remount, NULL);
  return kt_mount_change_new (one->target, (const char *const *) added, (const char *const *) removed, remount);
}

static void
add_mount (GPtrArray *mounts, const KtMountChange *change)
{
  for (guint i = 0; i < mounts->len; i++)
    {
      g_autoptr (KtMountChange) known = mounts->pdata[i];
      mounts->pdata[i] = NULL;
      gboolean same = g_str_equal (known->target, change->target);
      mounts->pdata[i] = same ? both (known, change) : g_steal_pointer (&known);
      if (same)
        return;
    }
  g_ptr_array_add (mounts, kt_mount_change_new (change->target, (const char *const *) change->add, (const char *const *) change->remove,
                                                change->remount));
}

static void
leave_out (JsonArray *left, const char *name, const char *because)
{
  JsonObject *object = json_object_new ();
  json_object_set_string_member (object, "name", name);
  json_object_set_string_member (object, "because", because);
  json_array_add_object_element (left, object);
}

/* Where the steps of the machine come in: behind the backup and what takes SQL, before the settings. */
static guint
position_of (const KtPlan *plan)
{
  guint position = 0;
  while (position < plan->steps->len
         && !g_str_equal (((KtPlanStep *) plan->steps->pdata[position])->kind->name, "postgres-settings"))
    position++;
  return position;
}

static void
insert_step (KtPlan *plan, const KtStepKind *kind, JsonObject *args, gint64 estimate_ms)
{
  guint position = position_of (plan);
  kt_plan_add (plan, kind, args)->estimate_ms = estimate_ms;
  g_ptr_array_insert (plan->steps, (int) position, g_ptr_array_steal_index (plan->steps, plan->steps->len - 1));
}

/* A mount that is not in fstab is no reason to leave the rest undone. */
static void
add_mount_steps (KtPlan *plan, const GPtrArray *mounts, JsonArray *left)
{
  for (guint i = 0; i < mounts->len; i++)
    {
      const KtMountChange *change = mounts->pdata[i];
      KtStepContext context = { 0 };
      g_autoptr (GError) why_not = NULL;
      g_autoptr (JsonObject) args = kt_step_mount_args ("", change);
      g_autofree char *name = g_strdup_printf ("options of %s", change->target);
      if (kt_step_mount_options.check (&context, args, &why_not))
        insert_step (plan, &kt_step_mount_options, g_steal_pointer (&args), REMOUNT_MS);
      else
        leave_out (left, name, why_not->message);
    }
}

gboolean
kt_host_plan_add (KtProposed *proposed, JsonObject *args, gint64 huge_pages, GError **error)
{
  const GPtrArray *rows = proposed->facts->advice->kernel;
  const char *by_hand = kt_host_by_hand (proposed->facts, proposed->instance);
  if (by_hand != NULL)
    {
      kt_error_set (error, KT_ERROR_REFUSED, by_hand, "kastune host advise prints the commands and the files",
                    "kastune cannot change the settings of this machine itself");
      return FALSE;
    }
  g_autoptr (GPtrArray) settings = g_ptr_array_new ();
  g_autoptr (GPtrArray) mounts = g_ptr_array_new_with_free_func ((GDestroyNotify) kt_mount_change_free);
  JsonArray *shown = json_array_new (), *left = json_array_new ();
  json_object_set_array_member (proposed->shown, "host", shown);
  json_object_set_array_member (proposed->shown, "host_left", left);
  for (guint i = 0; i < rows->len; i++)
    {
      KtKernelRow *row = rows->pdata[i];
      if (!is_chosen (row, args))
        continue;
      KtHostSetting *first = row->settings->len > 0 ? row->settings->pdata[0] : NULL;
      if (first != NULL && g_str_equal (row->name, HUGE_PAGES) && huge_pages > 0)
        {
          g_free (first->value);
          first->value = g_strdup_printf ("%" G_GINT64_FORMAT, huge_pages);
          g_free (row->wanted);
          row->wanted = g_strdup (first->value);
        }
      for (guint n = 0; n < row->settings->len; n++)
        g_ptr_array_add (settings, row->settings->pdata[n]);
      if (row->mount != NULL)
        add_mount (mounts, row->mount);
      json_array_add_object_element (shown, row_json (row));
    }
  if (settings->len > 0)
    insert_step (proposed->plan, &kt_step_kernel_settings, kt_step_kernel_args ("", settings), KERNEL_MS);
  add_mount_steps (proposed->plan, mounts, left);
  return TRUE;
}

/* --- by hand ------------------------------------------------------------------------------------------------------ */

static char *
file_text (const KtFacts *facts, const char *path)
{
  char *text = NULL;
  if (kt_sysroot_is_live (facts->root))
    kt_live_read_file (path, &text, NULL);
  return text;
}

/* The member @path of @files with the line of @setting. */
static void
add_setting (const KtFacts *facts, JsonObject *files, const KtHostSetting *setting)
{
  const char *path = kt_host_setting_file (setting);
  g_autofree char *now = json_object_has_member (files, path) ? g_strdup (kt_json_string (files, path, "")) : file_text (facts, path);
  g_autofree char *line = kt_host_setting_line (setting);
  g_autofree char *text = kt_host_file_with (now, setting, line);
  json_object_set_string_member (files, path, text);
}

/* The entry of the mount as it should be, where there is one. */
static void
add_entry (const KtFacts *facts, JsonObject *files, const KtMountChange *change)
{
  g_autofree char *text = file_text (facts, "/etc/fstab");
  g_autofree char *line = text != NULL ? kt_fstab_line (text, change->target, NULL) : NULL;
  if (line == NULL)
    return;
  g_autofree char *planned
    = kt_fstab_line_with (line, (const char *const *) change->remove, (const char *const *) change->add);
  g_autofree char *known = g_strdup (kt_json_string (files, "/etc/fstab", ""));
  g_autofree char *entries = g_strdup_printf ("%s%s\n", known, g_strchomp (planned));
  json_object_set_string_member (files, "/etc/fstab", entries);
}

static JsonArray *
files_json (JsonObject *files)
{
  JsonArray *array = json_array_new ();
  g_autoptr (GList) paths = json_object_get_members (files);
  for (GList *path = paths; path != NULL; path = path->next)
    {
      JsonObject *object = json_object_new ();
      json_object_set_string_member (object, "path", path->data);
      json_object_set_string_member (object, "text", kt_json_string (files, path->data, ""));
      json_array_add_object_element (array, object);
    }
  return array;
}

JsonObject *
kt_host_advice_json (const KtFacts *facts, const KtInstance *instance)
{
  JsonObject *answer = json_object_new ();
  JsonArray *rows = json_array_new (), *commands = json_array_new ();
  g_autoptr (JsonObject) files = json_object_new ();
  g_autoptr (GPtrArray) mounts = g_ptr_array_new_with_free_func ((GDestroyNotify) kt_mount_change_free);
  for (guint i = 0; i < facts->advice->kernel->len; i++)
    {
      const KtKernelRow *row = facts->advice->kernel->pdata[i];
      json_array_add_object_element (rows, row_json (row));
      for (guint n = 0; n < row->settings->len; n++)
        add_setting (facts, files, row->settings->pdata[n]);
      if (row->mount != NULL)
        add_mount (mounts, row->mount);
      else if (row->command != NULL)
        json_array_add_string_element (commands, row->command);
    }
  for (guint i = 0; i < mounts->len; i++)
    {
      g_autofree char *command = kt_mount_change_command (mounts->pdata[i]);
      add_entry (facts, files, mounts->pdata[i]);
      if (command != NULL)
        json_array_add_string_element (commands, command);
    }
  json_object_set_array_member (answer, "rows", rows);
  kt_json_set_string (answer, "by_hand", kt_host_by_hand (facts, instance));
  json_object_set_array_member (answer, "files", files_json (files));
  json_object_set_array_member (answer, "commands", commands);
  return answer;
}
