/* SPDX-License-Identifier: MIT
 *
 * A kind of step for tests: writes `text` into `path` and into its twin `path`.twin, so that it can be half done.
 * It writes down which function was called for which file, and fails where it is told to.
 */
#pragma once

#include "base/error.h"
#include "base/file.h"
#include "change/runner.h"

#include <glib/gstdio.h>

typedef struct {
  GString *calls;        /* "check a, prepare a, …"; NULL: not wanted */
  const char *fail_call; /* "apply b" fails; NULL: nothing does */
  const char *fail_too;  /* a second one */
} EditControl;

static EditControl edit_control;

static inline gboolean
edit_called (const char *function, JsonObject *args, GError **error)
{
  g_autofree char *name = g_path_get_basename (kt_json_string (args, "path", ""));
  g_autofree char *call = g_strdup_printf ("%s %s", function, name);
  if (edit_control.calls != NULL)
    g_string_append_printf (edit_control.calls, "%s%s", edit_control.calls->len > 0 ? ", " : "", call);
  if (g_strcmp0 (call, edit_control.fail_call) != 0 && g_strcmp0 (call, edit_control.fail_too) != 0)
    return TRUE;
  kt_error_set (error, KT_ERROR_TIMEOUT, "told to", "do it by hand", "%s fails", call);
  return FALSE;
}

static inline char *
edit_twin (JsonObject *args)
{
  return g_strconcat (kt_json_string (args, "path", ""), ".twin", NULL);
}

static inline char *
edit_describe (JsonObject *args)
{
  g_autofree char *name = g_path_get_basename (kt_json_string (args, "path", ""));
  return g_strdup_printf ("write %s", name);
}

static inline gboolean
edit_check (KtStepContext *context, JsonObject *args, GError **error)
{
  return edit_called ("check", args, error);
}

static inline gboolean
edit_remember (JsonObject *before, const char *name, const char *path, GError **error)
{
  g_autofree char *text = NULL;
  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return TRUE;
  if (!kt_file_read (path, &text, NULL, error))
    return FALSE;
  kt_json_set_string (before, name, text);
  return TRUE;
}

static inline JsonObject *
edit_prepare (KtStepContext *context, JsonObject *args, GError **error)
{
  g_autoptr (JsonObject) before = json_object_new ();
  g_autofree char *twin = edit_twin (args);
  if (!edit_called ("prepare", args, error) || !edit_remember (before, "text", kt_json_string (args, "path", ""), error)
      || !edit_remember (before, "twin", twin, error))
    return NULL;
  return g_steal_pointer (&before);
}

static inline gboolean
edit_apply (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  const char *text = kt_json_string (args, "text", "");
  g_autofree char *twin = edit_twin (args);
  kt_step_progress (context, "writing", 1, 2);
  return kt_file_write (kt_json_string (args, "path", ""), text, -1, NULL, error)
         && !g_cancellable_set_error_if_cancelled (context->cancellable, error) && edit_called ("apply", args, error)
         && kt_file_write (twin, text, -1, NULL, error);
}

static inline gboolean
edit_is_planned (JsonObject *args, GError **error)
{
  g_autofree char *twin = edit_twin (args);
  const char *const paths[] = { kt_json_string (args, "path", ""), twin };
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autofree char *text = NULL;
      if (!kt_file_read (paths[i], &text, NULL, error))
        return FALSE;
      if (g_strcmp0 (text, kt_json_string (args, "text", "")) == 0)
        continue;
      kt_error_set (error, KT_ERROR_CHANGED, NULL, NULL, "somebody changed %s", paths[i]);
      return FALSE;
    }
  return TRUE;
}

static inline gboolean
edit_verify (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  return edit_called ("verify", args, error) && edit_is_planned (args, error);
}

static inline gboolean
edit_can_undo (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  g_autofree char *twin = edit_twin (args);
  const char *const paths[] = { kt_json_string (args, "path", ""), twin };
  const char *const names[] = { "text", "twin" };
  if (!edit_called ("can_undo", args, error))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autofree char *text = NULL;
      gboolean there = g_file_get_contents (paths[i], &text, NULL, NULL);
      if (g_strcmp0 (text, kt_json_string (args, "text", "")) == 0
          || (before != NULL && g_strcmp0 (there ? text : NULL, kt_json_string (before, names[i], NULL)) == 0))
        continue;
      kt_error_set (error, KT_ERROR_CHANGED, NULL, NULL, "somebody changed %s", paths[i]);
      return FALSE;
    }
  return TRUE;
}

static inline gboolean
edit_restore (const char *path, const char *text, GError **error)
{
  return text != NULL ? kt_file_write (path, text, -1, NULL, error) : kt_file_remove (path, error);
}

static inline gboolean
edit_undo (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  g_autofree char *twin = edit_twin (args);
  g_assert_null (context->cancellable);
  return edit_restore (twin, kt_json_string (before, "twin", NULL), error) && edit_called ("undo", args, error)
         && edit_restore (kt_json_string (args, "path", ""), kt_json_string (before, "text", NULL), error);
}

static inline GStrv
edit_touches (JsonObject *args)
{
  g_autofree char *name = g_path_get_basename (kt_json_string (args, "path", ""));
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  g_autofree char *touched = g_strconcat ("file ", name, NULL);
  g_strv_builder_add (names, touched);
  return g_strv_builder_end (names);
}

static const KtStepKind edit_kind = {
  .name = "edit",
  .describe = edit_describe,
  .check = edit_check,
  .prepare = edit_prepare,
  .apply = edit_apply,
  .verify = edit_verify,
  .can_undo = edit_can_undo,
  .undo = edit_undo,
  .touches = edit_touches,
};

static const KtStepKind *const edit_kinds[] = { &edit_kind, NULL };

/* --- a folder of files to change: a and its twin exist, b exists without a twin, c does not exist --------------------- */

static const char *const edit_files[] = { "a", "a.twin", "b", "b.twin", "c", "c.twin" };

static inline void
edit_make_files (const char *folder)
{
  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *path = g_build_filename (folder, edit_files[i], NULL);
      g_assert_true (g_file_set_contents (path, "before", -1, NULL));
    }
}

static inline void
edit_add_step (KtPlan *plan, const char *folder, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  JsonObject *args = json_object_new ();
  json_object_set_string_member (args, "path", path);
  json_object_set_string_member (args, "text", text);
  kt_plan_add (plan, &edit_kind, args);
}

static inline KtPlan *
edit_plan (const char *folder, const char *server, const char *text)
{
  KtPlan *plan = kt_plan_new ("edit three files", server, "server in test");
  edit_add_step (plan, folder, "a", text);
  edit_add_step (plan, folder, "b", text);
  edit_add_step (plan, folder, "c", text);
  return plan;
}

static inline int
edit_compare (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (*(const char *const *) a, *(const char *const *) b);
}

/* "a.twin=before a=before b=before": every file of the folder, so that a leftover shows. */
static inline char *
edit_look (const char *folder)
{
  g_autoptr (GDir) files = g_dir_open (folder, 0, NULL);
  g_assert_nonnull (files);
  g_autoptr (GPtrArray) words = g_ptr_array_new_with_free_func (g_free);
  const char *name;
  while ((name = g_dir_read_name (files)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      g_autofree char *text = NULL;
      g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
      g_ptr_array_add (words, g_strdup_printf ("%s=%s", name, text));
    }
  g_ptr_array_sort (words, edit_compare);
  g_ptr_array_add (words, NULL);
  return g_strjoinv (" ", (char **) words->pdata);
}

#define EDIT_BEFORE "a.twin=before a=before b=before"
#define EDIT_PLANNED "a.twin=planned a=planned b.twin=planned b=planned c.twin=planned c=planned"

static inline void
edit_remove_tree (const char *folder)
{
  g_autoptr (GDir) files = g_dir_open (folder, 0, NULL);
  const char *name;
  while (files != NULL && (name = g_dir_read_name (files)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      if (g_file_test (path, G_FILE_TEST_IS_DIR) && !g_file_test (path, G_FILE_TEST_IS_SYMLINK))
        edit_remove_tree (path);
      else
        g_unlink (path);
    }
  g_rmdir (folder);
}
