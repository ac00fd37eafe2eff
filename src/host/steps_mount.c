/* SPDX-License-Identifier: MIT
 *
 * Options of a mount: its entry in fstab, then a remount where that is enough.
 */
#include "host/steps.h"

#include "base/error.h"
#include "base/file.h"
#include "host/fstab.h"
#include "host/live.h"

#include <string.h>

#define FSTAB "/etc/fstab"
#define BACKUP "/etc/fstab.before-kastune"

JsonObject *
kt_step_mount_args (const char *prefix, const KtMountChange *change)
{
  JsonObject *args = json_object_new ();
  json_object_set_string_member (args, "prefix", prefix);
  json_object_set_string_member (args, "target", change->target);
  kt_json_set_strings (args, "add", (const char *const *) change->add);
  kt_json_set_strings (args, "remove", (const char *const *) change->remove);
  kt_json_set_string (args, "remount", change->remount);
  return args;
}

static const char *
target_of (JsonObject *args)
{
  return kt_json_string (args, "target", "");
}

static char *
path_of (JsonObject *args, const char *path)
{
  return g_strconcat (kt_json_string (args, "prefix", ""), path, NULL);
}

static GStrv
words_of (JsonObject *args, const char *name)
{
  g_autoptr (GStrvBuilder) words = g_strv_builder_new ();
  JsonArray *array = kt_json_array (args, name);
  for (guint i = 0; array != NULL && i < json_array_get_length (array); i++)
    g_strv_builder_add (words, json_array_get_string_element (array, i));
  return g_strv_builder_end (words);
}

static KtMountChange *
change_of (JsonObject *args)
{
  g_auto (GStrv) add = words_of (args, "add");
  g_auto (GStrv) remove = words_of (args, "remove");
  return kt_mount_change_new (target_of (args), (const char *const *) add, (const char *const *) remove, kt_json_string (args, "remount", NULL));
}

static char *
describe (JsonObject *args)
{
  g_autoptr (KtMountChange) change = change_of (args);
  g_autofree char *persist = kt_mount_change_persist (change);
  return g_strdup_printf ("mount with %s, %s", persist, change->remount != NULL ? "and remount" : "in force at the next mount");
}

/* *@text of fstab, and the line of the target. */
static char *
read_line (JsonObject *args, char **text, GError **error)
{
  g_autofree char *path = path_of (args, FSTAB);
  g_autoptr (GError) local = NULL;
  if (!kt_live_read_file (path, text, error))
    return NULL;
  char *line = kt_fstab_line (*text != NULL ? *text : "", target_of (args), &local);
  if (line == NULL && local == NULL)
    kt_error_set (error, KT_ERROR_UNSUPPORTED, NULL, "give the options where it is mounted from: a mount unit of systemd, the image, the kernel's command line",
                  "%s has no entry in %s", target_of (args), path);
  else if (local != NULL)
    g_propagate_error (error, g_steal_pointer (&local));
  return line;
}

static char *
planned_line (JsonObject *args, const char *line)
{
  g_autoptr (KtMountChange) change = change_of (args);
  return kt_fstab_line_with (line, (const char *const *) change->remove, (const char *const *) change->add);
}

static gboolean
check (KtStepContext *context, JsonObject *args, GError **error)
{
  g_autofree char *text = NULL;
  g_autofree char *line = kt_live_may_write (kt_json_string (args, "prefix", ""), error) ? read_line (args, &text, error) : NULL;
  if (line == NULL)
    return FALSE;
  g_auto (GStrv) options = kt_fstab_options (line);
  if (g_strv_contains ((const char *const *) options, "bind") || g_strv_contains ((const char *const *) options, "rbind"))
    {
      kt_error_set (error, KT_ERROR_UNSUPPORTED, NULL, "change the mount that it is bound to", "%s is a bind mount", target_of (args));
      return FALSE;
    }
  g_autofree char *planned = planned_line (args, line);
  g_autofree char *new_text = kt_fstab_replace (text, line, planned);
  return kt_live_check_fstab (new_text, text, context->cancellable, error);
}

/* {text, line, in_force, backup}: fstab and its entry as they are, the words for a remount that goes back (absent when nothing is
 * mounted there), whether the copy of fstab is ours to make. */
static JsonObject *
prepare (KtStepContext *context, JsonObject *args, GError **error)
{
  g_autofree char *text = NULL;
  g_autofree char *line = read_line (args, &text, error);
  if (line == NULL)
    return NULL;
  g_autofree char *backup = path_of (args, BACKUP);
  const char *remount = kt_json_string (args, "remount", NULL);
  g_auto (GStrv) options = kt_live_mount (kt_json_string (args, "prefix", ""), target_of (args));
  g_autofree char *in_force = remount != NULL && options != NULL ? kt_mount_in_force (remount, (const char *const *) options) : NULL;
  JsonObject *before = json_object_new ();
  json_object_set_string_member (before, "text", text);
  json_object_set_string_member (before, "line", line);
  kt_json_set_string (before, "in_force", in_force);
  json_object_set_boolean_member (before, "backup", !g_file_test (backup, G_FILE_TEST_EXISTS));
  return before;
}

/* What @remount is about is now as @wanted says. Below a prefix nothing is mounted. */
static gboolean
remount_to (KtStepContext *context, JsonObject *args, const char *wanted, GError **error)
{
  const char *remount = kt_json_string (args, "remount", NULL);
  const char *prefix = kt_json_string (args, "prefix", "");
  g_auto (GStrv) options = kt_live_mount (prefix, target_of (args));
  g_autofree char *now = remount != NULL && options != NULL ? kt_mount_in_force (remount, (const char *const *) options) : NULL;
  if (now == NULL || wanted == NULL || g_str_equal (now, wanted) || *prefix != '\0')
    return TRUE;
  return kt_live_remount (target_of (args), wanted, context->cancellable, error);
}

static gboolean
apply (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  g_autofree char *path = path_of (args, FSTAB);
  g_autofree char *backup = path_of (args, BACKUP);
  g_autofree char *text = NULL;
  g_autofree char *line = read_line (args, &text, error);
  if (line == NULL)
    return FALSE;
  g_autofree char *planned = planned_line (args, line);
  g_autofree char *new_text = kt_fstab_replace (text, line, planned);
  if (kt_json_bool (before, "backup", FALSE)
      && !kt_file_write (backup, kt_json_string (before, "text", ""), -1, NULL, error))
    return FALSE;
  if (!g_str_equal (text, new_text) && !kt_file_write (path, new_text, -1, NULL, error))
    return FALSE;
  return remount_to (context, args, kt_json_string (args, "remount", NULL), error);
}

static gboolean
verify (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  const char *remount = kt_json_string (args, "remount", NULL);
  const char *prefix = kt_json_string (args, "prefix", "");
  g_autofree char *text = NULL;
  g_autofree char *line = read_line (args, &text, error);
  if (line == NULL)
    return FALSE;
  g_autofree char *planned = planned_line (args, line);
  g_auto (GStrv) options = kt_live_mount (prefix, target_of (args));
  g_autofree char *now = remount != NULL && options != NULL && *prefix == '\0'
                           ? kt_mount_in_force (remount, (const char *const *) options) : NULL;
  gboolean kept = g_str_equal (line, planned);
  gboolean in_force = now == NULL || g_str_equal (now, remount);
  if (!kept)
    kt_error_set (error, KT_ERROR_VERIFY, g_strchomp (line), NULL, "the entry of %s in /etc/fstab is not as planned", target_of (args));
  else if (!in_force)
    kt_error_set (error, KT_ERROR_VERIFY, now, NULL, "%s is not mounted with %s", target_of (args), remount);
  return kept && in_force;
}

/* fstab as it is to be after the undo; NULL without error: it is so already. */
static char *
text_back (JsonObject *args, JsonObject *before, GError **error)
{
  g_autofree char *text = NULL;
  g_autofree char *line = read_line (args, &text, error);
  const char *was = kt_json_string (before, "line", "");
  g_autofree char *planned = line != NULL ? planned_line (args, was) : NULL;
  if (line == NULL || g_str_equal (line, was))
    return NULL;
  if (g_str_equal (line, planned))
    return kt_fstab_replace (text, line, was);
  kt_error_set (error, KT_ERROR_CHANGED, g_strchomp (line), "look at it, then put the old entry back: " BACKUP " has it",
                "somebody else changed the entry of %s in /etc/fstab meanwhile", target_of (args));
  return NULL;
}

static gboolean
can_undo (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  g_autoptr (GError) local = NULL;
  if (!kt_live_may_write (kt_json_string (args, "prefix", ""), error))
    return FALSE;
  g_autofree char *back G_GNUC_UNUSED = text_back (args, before, &local);
  if (local == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

/* Somebody else's copy, or one of another fstab, is left. */
static gboolean
remove_backup (JsonObject *args, JsonObject *before, GError **error)
{
  g_autofree char *backup = path_of (args, BACKUP);
  g_autofree char *text = NULL;
  if (!kt_json_bool (before, "backup", FALSE) || !kt_live_read_file (backup, &text, NULL)
      || g_strcmp0 (text, kt_json_string (before, "text", "")) != 0)
    return TRUE;
  return kt_file_remove (backup, error);
}

static gboolean
undo (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  g_autofree char *path = path_of (args, FSTAB);
  g_autoptr (GError) local = NULL;
  g_autofree char *back = text_back (args, before, &local);
  if (local != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  return (back == NULL || kt_file_write (path, back, -1, NULL, error))
         && remount_to (context, args, kt_json_string (before, "in_force", NULL), error) && remove_backup (args, before, error);
}

static GStrv
touches (JsonObject *args)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  g_autofree char *name = g_strconcat ("mount options of ", target_of (args), NULL);
  g_strv_builder_add (names, name);
  return g_strv_builder_end (names);
}

const KtStepKind kt_step_mount_options = {
  "mount-options", describe, check, prepare, apply, verify, can_undo, undo, NULL, touches,
};
