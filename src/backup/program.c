/* SPDX-License-Identifier: MIT */
#include "backup/program.h"

#include "base/error.h"
#include "base/folder.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#define FILES_AT_ONCE 64

typedef struct {
  const KtBackupProgram *program;
  const KtBackupWatch *watch;
} Looker;

static void
look (gpointer user)
{
  const Looker *looker = user;
  const KtBackupProgram *program = looker->program;
  gint64 done = 0, total = program->total;
  if (program->measure == NULL || !program->measure (program->user_data, &done, &total))
    done = program->folder != NULL ? kt_folder_bytes (program->folder) : 0;
  kt_backup_say (looker->watch, program->what, total > 0 ? MIN (done, total) : done, total);
}

gboolean
kt_backup_run (const KtBackupProgram *program, const KtBackupWatch *watch, char **output, GError **error)
{
  Looker looker = { program, watch };
  g_auto (KtRunResult) result = { 0 };
  g_autoptr (GError) local = NULL;
  const KtRun run = {
    .argv = program->argv,
    .env = program->env,
    .user = program->user,
    .deadline_ms = KT_RUN_NO_DEADLINE,
    .death_signal = SIGTERM,
    .tick = look,
    .user_of_tick = &looker,
  };
  kt_backup_say (watch, program->what, 0, program->total);
  if (kt_run (&run, &result, watch->cancellable, &local))
    {
      if (output != NULL)
        *output = g_steal_pointer (&result.output);
      return TRUE;
    }
  if (result.diagnosis != NULL && strstr (result.diagnosis, "No space left on device") != NULL)
    kt_error_set (error, KT_ERROR_NO_SPACE, kt_error_detail (local), NULL, "%s: the disk is full", program->what);
  else
    g_propagate_prefixed_error (error, g_steal_pointer (&local), "%s: ", program->what);
  return FALSE;
}

/* ------------------------------------------------------------------------------------------------------ checksums */

/* Relative paths of all files, sorted. */
static void
add_files (const char *folder, const char *below, GPtrArray *paths)
{
  g_autofree char *path = *below != '\0' ? g_build_filename (folder, below, NULL) : g_strdup (folder);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *relative = *below != '\0' ? g_build_filename (below, name, NULL) : g_strdup (name);
      g_autofree char *full = g_build_filename (folder, relative, NULL);
      if (g_file_test (full, G_FILE_TEST_IS_DIR) && !g_file_test (full, G_FILE_TEST_IS_SYMLINK))
        add_files (folder, relative, paths);
      else
        g_ptr_array_add (paths, g_steal_pointer (&relative));
    }
}

static int
compare_paths (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* cksum reads at the speed of the disk, and damage is what is looked for, not an attacker. Lines "CRC SIZE NAME". */
static gboolean
take_sums (const char *folder, const GPtrArray *paths, guint from, guint to, const KtBackupWatch *watch, JsonArray *sums,
           GError **error)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (argv, g_strdup ("cksum"));
  g_ptr_array_add (argv, g_strdup ("--"));
  for (guint i = from; i < to; i++)
    g_ptr_array_add (argv, g_build_filename (folder, paths->pdata[i], NULL));
  g_ptr_array_add (argv, NULL);
  g_autofree char *output = NULL;
  const KtBackupProgram program = { .argv = (const char *const *) argv->pdata, .what = "reading the files" };
  if (!kt_backup_run (&program, watch, &output, error))
    return FALSE;
  g_auto (GStrv) lines = g_strsplit (output, "\n", -1);
  for (guint i = from; i < to && lines[i - from] != NULL; i++)
    {
      g_auto (GStrv) words = g_strsplit (lines[i - from], " ", 3);
      JsonObject *file = json_object_new ();
      json_object_set_string_member (file, "path", paths->pdata[i]);
      json_object_set_int_member (file, "size", words[0] != NULL && words[1] != NULL ? g_ascii_strtoll (words[1], NULL, 10) : -1);
      kt_json_set_string (file, "crc", words[0]);
      json_array_add_object_element (sums, file);
    }
  return TRUE;
}

JsonArray *
kt_backup_checksums (const char *folder, const KtBackupWatch *watch, GError **error)
{
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (JsonArray) sums = json_array_new ();
  add_files (folder, "", paths);
  g_ptr_array_sort (paths, compare_paths);
  for (guint i = 0; i < paths->len; i += FILES_AT_ONCE)
    if (!take_sums (folder, paths, i, MIN (i + FILES_AT_ONCE, paths->len), watch, sums, error))
      return NULL;
  return g_steal_pointer (&sums);
}

static JsonObject *
file_named (JsonArray *files, const char *path)
{
  for (guint i = 0; i < json_array_get_length (files); i++)
    {
      JsonObject *file = json_array_get_object_element (files, i);
      if (g_strcmp0 (kt_json_string (file, "path", NULL), path) == 0)
        return file;
    }
  return NULL;
}

gboolean
kt_backup_compare_checksums (const char *folder, JsonArray *files, const KtBackupWatch *watch, GError **error)
{
  g_autoptr (JsonArray) now = kt_backup_checksums (folder, watch, error);
  if (now == NULL)
    return FALSE;
  for (guint i = 0; files != NULL && i < json_array_get_length (files); i++)
    {
      JsonObject *recorded = json_array_get_object_element (files, i);
      const char *path = kt_json_string (recorded, "path", "");
      JsonObject *found = file_named (now, path);
      gint64 size = kt_json_int (recorded, "size", -1), size_now = found != NULL ? kt_json_int (found, "size", -1) : -1;
      if (found != NULL && size == size_now && g_strcmp0 (kt_json_string (recorded, "crc", NULL), kt_json_string (found, "crc", NULL)) == 0)
        continue;
      g_autofree char *detail = found == NULL ? g_strdup ("it is not there")
                              : size != size_now ? g_strdup_printf ("it has %" G_GINT64_FORMAT " bytes instead of %" G_GINT64_FORMAT,
                                                                    size_now, size)
                                                 : g_strdup ("its checksum is not the recorded one");
      kt_error_set (error, KT_ERROR_VERIFY, detail, "use another one: kastune backup list", "%s of the backup is damaged", path);
      return FALSE;
    }
  return TRUE;
}

gboolean
kt_backup_give_to (const char *folder, const char *user, GError **error)
{
  if (geteuid () != 0 || user == NULL)
    return TRUE;
  g_autofree char *both = g_strconcat (user, ":", NULL);
  const char *const argv[] = { "chown", "-R", "-h", "--", both, folder, NULL };
  return kt_run (&(KtRun){ .argv = argv, .deadline_ms = KT_RUN_NO_DEADLINE }, NULL, NULL, error);
}
