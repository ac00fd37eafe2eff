/* SPDX-License-Identifier: MIT
 *
 * The live machine, whichever runs this test, and its recording.
 */
#include "base/error.h"
#include "base/file.h"
#include "made_root.h"
#include "platform/platform.h"
#include "platform/platform_json.h"

#include <gio/gio.h>

static char *
text_of (const KtPlatform *platform)
{
  g_autoptr (JsonNode) node = kt_json_node_take (kt_platform_to_json (platform));
  return kt_json_to_text (node);
}

static void
test_live (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KtSysroot) root = kt_sysroot_open (NULL, &error);
  const KtPlatformPath paths[] = { { "data", "/" }, { "path", "/does/not/exist" }, { NULL, NULL } };
  g_autoptr (KtPlatform) platform = kt_platform_load (root, paths, 0, &error);
  g_assert_no_error (error);
  g_assert_cmpint (platform->memory.total, >, 64 * 1024 * 1024);
  g_assert_cmpint (platform->memory.available, <=, platform->memory.total);
  g_assert_cmpint (kt_platform_memory_limit (platform), <=, platform->memory.total);
  g_assert_cmpuint (platform->cpu.threads, >=, g_get_num_processors ());
  g_assert_cmpuint (platform->cpu.affinity, ==, g_get_num_processors ());
  g_assert_cmpfloat (platform->cpu.usable, <=, g_get_num_processors ());
  g_assert_cmpuint (platform->volumes->len, ==, 2);
  const KtVolume *volume = kt_platform_volume (platform, "data");
  g_assert_cmpstr (volume->mount_point, ==, "/");
  g_assert_cmpint (volume->available, <=, volume->size);
  g_assert_nonnull (volume->class_reason);
  const KtVolume *absent = kt_platform_volume (platform, "path");
  g_assert_cmpstr (absent->mount_point, ==, "/");
  const KtNeighbour *last = g_ptr_array_index (platform->neighbours, platform->neighbours->len - 1);
  g_assert_cmpstr (last->name, ==, "other programs");
  g_assert_cmpint (last->reserve, >, 0);
}

static void
test_replay (void)
{
  g_autofree char *dir = made_folder ();
  g_autofree char *link = g_build_filename (dir, "pg_wal", NULL);
  g_autofree char *folder = g_build_filename (dir, "machine", NULL);
  g_assert_cmpint (symlink ("/tmp", link), ==, 0);
  const KtPlatformPath paths[] = { { "data", "/var/lib" }, { "wal", link }, { "tablespace a=b", "/dev/shm" },
    { NULL, NULL } };
  g_autoptr (GError) error = NULL;
  g_autoptr (KtPlatform) recorded = kt_platform_record (folder, paths, 0, NULL, &error);
  g_assert_no_error (error);
  g_autoptr (KtSysroot) root = kt_sysroot_open (folder, &error);
  g_assert_no_error (error);
  g_autoptr (KtPlatform) replayed = kt_platform_load (root, NULL, 0, &error);
  g_assert_no_error (error);
  g_autofree char *before = text_of (recorded);
  g_autofree char *after = text_of (replayed);
  g_assert_cmpstr (after, ==, before);
  g_assert_cmpuint (replayed->volumes->len, ==, 3);

  g_assert_null (kt_platform_record (folder, paths, 0, NULL, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_REFUSED);
  made_remove_tree (dir);
}

static gboolean
tree_holds (const char *path, const char *needle)
{
  g_autoptr (GDir) dir = g_file_test (path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open (path, 0, NULL);
  if (dir == NULL)
    {
      g_autofree char *text = NULL;
      gsize length = 0;
      return g_file_get_contents (path, &text, &length, NULL) && memmem (text, length, needle, strlen (needle)) != NULL;
    }
  const char *name;
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *entry = g_build_filename (path, name, NULL);
      if (tree_holds (entry, needle))
        return TRUE;
    }
  return FALSE;
}

/* A child that waits with a secret in its arguments and environment while the machine is recorded. */
static void
test_no_secrets (void)
{
  g_autofree char *dir = made_folder ();
  g_autofree char *folder = g_build_filename (dir, "machine", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDIN_PIPE);
  g_subprocess_launcher_setenv (launcher, "PGPASSWORD", "kastune-secret-word", TRUE);
  g_autoptr (GSubprocess) child = g_subprocess_launcher_spawn (launcher, &error, "cat", "--", "-",
                                                               "kastune-secret-word", NULL);
  g_assert_no_error (error);
  g_autoptr (KtPlatform) platform = kt_platform_record (folder, NULL, 0, NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (platform);
  g_autofree char *stat = g_build_filename (folder, "proc", g_subprocess_get_identifier (child), "stat", NULL);
  g_assert_true (g_file_test (stat, G_FILE_TEST_EXISTS));
  g_assert_false (tree_holds (folder, "kastune-secret-word"));
  g_subprocess_force_exit (child);
  g_subprocess_wait (child, NULL, NULL);
  made_remove_tree (dir);
}

static void
test_only_live (void)
{
  g_autofree char *dir = made_folder ();
  g_autofree char *ini = g_build_filename (dir, "machine.ini", NULL);
  g_autofree char *copy = g_build_filename (dir, "copy", NULL);
  g_autoptr (GError) error = NULL;
  g_assert_null (kt_sysroot_open (dir, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_true (kt_file_write (ini, "", 0, NULL, &error));
  g_autoptr (KtSysroot) root = kt_sysroot_open (dir, &error);
  g_assert_no_error (error);
  g_assert_false (kt_sysroot_start_recording (root, copy, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_USAGE);
  g_clear_error (&error);
  g_assert_null (kt_platform_load (root, NULL, 0, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_UNSUPPORTED);
  made_remove_tree (dir);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/platform/record/live-machine-is-plausible", test_live);
  g_test_add_func ("/platform/record/replay-equals-live", test_replay);
  g_test_add_func ("/platform/record/holds-no-arguments-or-environment", test_no_secrets);
  g_test_add_func ("/platform/record/empty-recording-is-an-error", test_only_live);
  return g_test_run ();
}
