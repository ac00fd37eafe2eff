/* SPDX-License-Identifier: MIT
 *
 * Every file of a machine is cut off, emptied, filled with noise or mixed up; whatever comes out, loading ends, keeps
 * its promises and gives a document. Under the sanitizers this finds reads beyond the end.
 */
#include "made_root.h"
#include "platform/platform_json.h"

#include <math.h>

static GPtrArray *
list_files (const char *folder, GPtrArray *files)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      if (g_str_has_prefix (name, "expected-") || g_str_equal (name, "README.md"))
        continue;
      if (g_file_test (path, G_FILE_TEST_IS_DIR) && !g_file_test (path, G_FILE_TEST_IS_SYMLINK))
        list_files (path, files);
      else
        g_ptr_array_add (files, g_steal_pointer (&path));
    }
  return files;
}

static void
damage (GString *text, GRand *random)
{
  static const char *const noise[] = { "", "-", "99999999999999999999999", "-1", "\xff\xfe", "0-", "::", "(", ")",
    "\t", "\n\n", "max", "[", "../..", "nan" };
  switch (g_rand_int_range (random, 0, 5))
    {
    case 0: g_string_truncate (text, (gsize) g_rand_int_range (random, 0, (gint32) text->len + 1)); break;
    case 1: g_string_truncate (text, 0); break;
    case 2:
      for (guint i = 0; text->len > 0 && i < 1 + text->len / 40; i++)
        text->str[g_rand_int_range (random, 0, (gint32) text->len)] = (char) g_rand_int_range (random, 1, 256);
      break;
    case 3:
      g_string_insert (text, g_rand_int_range (random, 0, (gint32) text->len + 1),
                       noise[g_rand_int_range (random, 0, G_N_ELEMENTS (noise))]);
      break;
    default: g_string_assign (text, noise[g_rand_int_range (random, 0, G_N_ELEMENTS (noise))]); break;
    }
}

static void
copy_damaged (const char *from, const GPtrArray *files, const char *to, GRand *random)
{
  for (guint i = 0; i < files->len; i++)
    {
      const char *path = g_ptr_array_index (files, i);
      g_autofree char *link = g_file_read_link (path, NULL);
      g_autofree char *place = g_build_filename (to, path + strlen (from), NULL);
      g_autofree char *folder = g_path_get_dirname (place);
      g_assert_cmpint (g_mkdir_with_parents (folder, 0755), ==, 0);
      if (link != NULL)
        {
          g_assert_cmpint (symlink (link, place), ==, 0);
          continue;
        }
      g_autofree char *content = NULL;
      gsize length = 0;
      g_assert_true (g_file_get_contents (path, &content, &length, NULL));
      g_autoptr (GString) text = g_string_new_len (content, (gssize) length);
      /* machine.ini must stay a key file: the user may edit it, and a wrong one is an error that says so. */
      if (!g_str_has_suffix (path, "/machine.ini") && g_rand_int_range (random, 0, 3) == 0)
        damage (text, random);
      g_assert_true (g_file_set_contents_full (place, text->str, (gssize) text->len, G_FILE_SET_CONTENTS_NONE, 0644,
                                               NULL));
    }
}

static void
check_promises (const KtPlatform *platform)
{
  g_assert_cmpfloat (platform->cpu.usable, >=, 0.1);
  g_assert_true (isfinite (platform->cpu.usable));
  g_assert_cmpuint (platform->cpu.sockets, >=, 1);
  g_assert_cmpuint (platform->cpu.cores, >=, platform->cpu.sockets);
  g_assert_cmpuint (platform->cpu.threads, >=, platform->cpu.cores);
  g_assert_cmpint (platform->memory.total, >=, -1);
  g_assert_cmpint (platform->cgroup.memory_limit, >, 0);
  g_assert_true (kt_platform_memory_limit (platform) > 0 || kt_platform_memory_limit (platform) == -1);
  for (guint i = 0; i < platform->neighbours->len; i++)
    g_assert_cmpint (((KtNeighbour *) g_ptr_array_index (platform->neighbours, i))->reserve, >=, 0);
  for (guint i = 0; i < platform->volumes->len; i++)
    g_assert_nonnull (((KtVolume *) g_ptr_array_index (platform->volumes, i))->class_reason);
  g_autoptr (JsonNode) node = kt_json_node_take (kt_platform_to_json (platform));
  g_autofree char *text = kt_json_to_text (node);
  g_autoptr (JsonNode) parsed = kt_json_parse (text, NULL);
  g_assert_nonnull (parsed);
}

static void
test_damaged (gconstpointer data)
{
  g_autofree char *from = g_build_filename (g_getenv ("KT_SOURCE_ROOT"), "tests", "machines", data, NULL);
  g_autoptr (GPtrArray) files = list_files (from, g_ptr_array_new_with_free_func (g_free));
  g_assert_cmpuint (files->len, >, 10);
  g_autoptr (GRand) random = g_rand_new_with_seed (g_str_hash (data));
  for (guint round = 0; round < 25; round++)
    {
      g_autofree char *to = made_folder ();
      copy_damaged (from, files, to, random);
      g_autoptr (GError) error = NULL;
      g_autoptr (KtSysroot) root = kt_sysroot_open (to, &error);
      g_assert_no_error (error);
      g_autoptr (KtPlatform) platform = kt_platform_load (root, NULL, 0, &error);
      if (platform != NULL)
        check_promises (platform);
      else
        g_assert_nonnull (error);
      made_remove_tree (to);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  static const char *const machines[] = { "zfs-mirror-64g", "container-cgroup-v1", "systemd-slices-cgroup-v2",
    "kaspad-beside-32g", "arm-board-usb-ssd-8g",
                                          "dm-crypt-laptop-16g", "btrfs-raid1-16g" };
  for (guint i = 0; i < G_N_ELEMENTS (machines); i++)
    {
      g_autofree char *path = g_strconcat ("/platform/damage/", machines[i], NULL);
      g_test_add_data_func (path, machines[i], test_damaged);
    }
  return g_test_run ();
}
