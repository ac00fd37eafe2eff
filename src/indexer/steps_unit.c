/* SPDX-License-Identifier: MIT
 *
 * Step `indexer-unit`: the drop-in of kastune's own over a unit of systemd. Like the compose file it is worked out anew from the unit's files
 * when it is applied, since they may hold passwords; the journal has a digest of what was planned.
 */
#include "indexer/steps.h"

#include "base/crash.h"
#include "base/error.h"
#include "base/file.h"
#include "base/run.h"
#include "indexer/dropin.h"
#include "indexer/own_file.h"
#include "indexer/program.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define SYSTEMCTL_MS (120 * 1000) /* a stop waits for the batch that is being written */
#define STEADY_S 5                /* one that rejects its options ends within it */
#define POLL_US (250 * 1000)

JsonObject *
kt_step_unit_args (const KtUnitStep *step)
{
  JsonObject *args = json_object_new ();
  g_autofree char *name = g_strconcat (step->wish.service, ".d", NULL);
  g_autofree char *file = g_build_filename (step->folder != NULL ? step->folder : KT_UNIT_FOLDER, name, KT_DROPIN_NAME, NULL);
  kt_json_set_string (args, "unit", step->wish.service);
  kt_json_set_string (args, "release", step->wish.release->tag);
  kt_step_choice_to_args (&step->wish.choice, args);
  kt_json_set_string (args, "file", file);
  kt_json_set_string (args, "digest", step->digest);
  json_object_set_boolean_member (args, "up", step->up);
  return args;
}

static const char *
unit_of (JsonObject *args)
{
  return kt_json_string (args, "unit", "");
}

/* --- systemctl ---------------------------------------------------------------------------------------------------- */

static gboolean
systemctl (const char *verb, const char *unit, GError **error)
{
  const char *const argv[] = { "systemctl", verb, unit, NULL };
  return kt_run (&(KtRun){ .argv = argv, .deadline_ms = SYSTEMCTL_MS }, NULL, NULL, error);
}

/* Name -> value. */
static GHashTable *
properties_of (const char *unit, GError **error)
{
  const char *const argv[] = { "systemctl", "show", "--property=FragmentPath,DropInPaths,ActiveState,SubState,MainPID", unit, NULL };
  g_auto (KtRunResult) result = { 0 };
  if (!kt_run (&(KtRun){ .argv = argv, .deadline_ms = SYSTEMCTL_MS }, &result, NULL, error))
    return NULL;
  GHashTable *properties = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_auto (GStrv) lines = g_strsplit (result.output, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    {
      g_auto (GStrv) pair = g_strsplit (*line, "=", 2);
      if (pair[0] != NULL && pair[1] != NULL)
        g_hash_table_insert (properties, g_strdup (pair[0]), g_strdup (pair[1]));
    }
  return properties;
}

static const char *
property (GHashTable *properties, const char *name)
{
  const char *value = g_hash_table_lookup (properties, name);
  return value != NULL ? value : "";
}

/* --- the unit's own files ----------------------------------------------------------------------------------------- */

static gboolean
has_exec (const char *text)
{
  const char *const texts[] = { text, NULL };
  g_autofree char *exec = kt_unit_exec (texts);
  return exec != NULL || strstr (text, "\nExecStart=") != NULL;
}

char *
kt_unit_exec_without (const char *unit, const char *ours, struct stat *like, GError **error)
{
  g_autoptr (GHashTable) properties = properties_of (unit, error);
  if (properties == NULL)
    return NULL;
  g_autofree char *list = g_strdup_printf ("%s %s", property (properties, "FragmentPath"), property (properties, "DropInPaths"));
  g_auto (GStrv) paths = g_strsplit (list, " ", -1);
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  gboolean behind = FALSE;
  for (char **path = paths; *path != NULL; path++)
    {
      char *text = NULL;
      struct stat one;
      behind = behind || g_str_equal (*path, ours);
      if (**path != '/' || g_str_equal (*path, ours))
        continue;
      if (!kt_file_read (*path, &text, NULL, error))
        return NULL;
      g_ptr_array_add (texts, text);
      /* Whoever may read all of them may read what is written from them. */
      if (stat (*path, &one) == 0)
        like->st_mode = texts->len == 1 ? one.st_mode : (like->st_mode & one.st_mode);
      if (behind && has_exec (text))
        {
          kt_error_set (error, KT_ERROR_REFUSED, NULL, "give it a name before " KT_DROPIN_NAME, "%s is read after the drop-in of kastune and has its own ExecStart", *path);
          return NULL;
        }
    }
  g_ptr_array_add (texts, NULL);
  char *exec = kt_unit_exec ((const char *const *) texts->pdata);
  if (exec == NULL)
    kt_error_set (error, KT_ERROR_UNSUPPORTED, NULL, "systemctl cat UNIT shows its files", "systemd knows no unit %s with an ExecStart in files", unit);
  return exec;
}

static KtOverride *
planned (JsonObject *args, struct stat *like, GError **error)
{
  KtOverrideWish wish = { .service = unit_of (args) };
  if (!kt_step_choice_of_args (args, &wish.release, &wish.choice, error))
    return NULL;
  g_autofree char *exec = kt_unit_exec_without (wish.service, kt_json_string (args, "file", ""), like, error);
  g_autoptr (KtOverride) dropin = exec != NULL ? kt_dropin_new (&wish, exec, error) : NULL;
  if (dropin == NULL || g_strcmp0 (dropin->digest, kt_json_string (args, "digest", NULL)) == 0)
    return g_steal_pointer (&dropin);
  kt_error_set (error, KT_ERROR_CHANGED, NULL, "make a new plan", "the files of %s were changed since the plan was made", wish.service);
  return NULL;
}

/* --- step --------------------------------------------------------------------------------------------------------- */

static char *
describe (JsonObject *args)
{
  const char *use = kt_json_string (args, "use", NULL);
  return g_strdup_printf ("write the options of %s for %s%s%s into %s%s", unit_of (args), kt_json_string (args, "release", ""), use != NULL ? " and " : "",
                          use != NULL ? use : "", kt_json_string (args, "file", ""), kt_json_bool (args, "up", FALSE) ? ", and restart it" : "");
}

static char *
folder_of (JsonObject *args)
{
  return g_path_get_dirname (kt_json_string (args, "file", ""));
}

static gboolean
check (KtStepContext *context, JsonObject *args, GError **error)
{
  g_autofree char *folder = folder_of (args), *above = g_path_get_dirname (folder);
  struct stat like = { 0 };
  if (access (g_file_test (folder, G_FILE_TEST_IS_DIR) ? folder : above, W_OK) != 0)
    {
      kt_error_set (error, KT_ERROR_PRIVILEGE, g_strerror (errno), "run it as root: sudo kastune indexer configure …", "units of systemd in %s cannot be written", above);
      return FALSE;
    }
  g_autoptr (KtOverride) dropin = planned (args, &like, error);
  return dropin != NULL;
}

/* {digest, folder}: whether the folder of drop-ins was there. */
static JsonObject *
prepare (KtStepContext *context, JsonObject *args, GError **error)
{
  g_autofree char *folder = folder_of (args);
  JsonObject *before = kt_own_file_before (args, error);
  if (before != NULL)
    json_object_set_boolean_member (before, "folder", g_file_test (folder, G_FILE_TEST_IS_DIR));
  return before;
}

/* It runs, and still is the same process after a while. */
static gboolean
stays_up (KtStepContext *context, JsonObject *args, guint seconds, GError **error)
{
  g_autofree char *first = NULL;
  gint64 end = g_get_monotonic_time () + (gint64) seconds * G_USEC_PER_SEC;
  for (;;)
    {
      g_autoptr (GHashTable) properties = properties_of (unit_of (args), error);
      if (properties == NULL)
        return FALSE;
      const char *pid = property (properties, "MainPID");
      if (first == NULL)
        first = g_strdup (pid);
      if (!g_str_equal (property (properties, "ActiveState"), "active") || !g_str_equal (first, pid))
        {
          g_autofree char *hint = g_strdup_printf ("journalctl -u %s -n 50", unit_of (args));
          kt_error_set (error, KT_ERROR_VERIFY, NULL, hint, "%s does not stay up (%s, %s)", unit_of (args), property (properties, "ActiveState"),
                        property (properties, "SubState"));
          return FALSE;
        }
      if (g_get_monotonic_time () >= end)
        return TRUE;
      if (g_cancellable_set_error_if_cancelled (context->cancellable, error))
        return FALSE;
      g_usleep (POLL_US);
    }
}

/* systemd takes its files as they are now, and the unit runs by them. */
static gboolean
carry_out (KtStepContext *context, JsonObject *args, GError **error)
{
  if (!systemctl ("daemon-reload", NULL, error))
    return FALSE;
  kt_crash_point ("units reloaded");
  if (!kt_json_bool (args, "up", FALSE))
    return TRUE;
  kt_step_progress (context, "restarting the indexer", 0, 0);
  return systemctl ("restart", unit_of (args), error);
}

static gboolean
apply (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  g_autofree char *folder = folder_of (args);
  struct stat like = { 0 };
  g_autoptr (KtOverride) dropin = planned (args, &like, error);
  if (dropin == NULL)
    return FALSE;
  if (g_mkdir_with_parents (folder, 0755) != 0)
    {
      kt_error_set (error, KT_ERROR_IO, g_strerror (errno), NULL, "%s cannot be made", folder);
      return FALSE;
    }
  kt_crash_point ("folder of drop-ins made");
  like.st_uid = geteuid ();
  like.st_gid = getegid ();
  return kt_own_file_write (args, before, dropin->text, &like, error) && carry_out (context, args, error)
         && (!kt_json_bool (args, "up", FALSE) || stays_up (context, args, STEADY_S, error));
}

static gboolean
verify (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  return kt_own_file_verify (args, error) && (!kt_json_bool (args, "up", FALSE) || stays_up (context, args, 0, error));
}

static gboolean
can_undo (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  return kt_own_file_can_undo (args, before, error);
}

static gboolean
undo (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  g_autofree char *folder = folder_of (args);
  if (!kt_own_file_put_back (args, before, error))
    return FALSE;
  /* Not empty: somebody has put another one there meanwhile. */
  if (!kt_json_bool (before, "folder", TRUE))
    rmdir (folder);
  return carry_out (context, args, error) && kt_own_file_forget (args, before, error);
}

static GStrv
touches (JsonObject *args)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  g_autofree char *name = g_strdup_printf ("unit %s", unit_of (args));
  g_strv_builder_add (names, name);
  return g_strv_builder_end (names);
}

const KtStepKind kt_step_indexer_unit = {
  "indexer-unit", describe, check, prepare, apply, verify, can_undo, undo, NULL, touches,
};
