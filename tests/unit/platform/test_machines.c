/* SPDX-License-Identifier: MIT
 *
 * Every machine below tests/machines gives the document that stands beside it. KT_UPDATE_EXPECTED=1 writes them anew.
 */
#include "base/error.h"
#include "platform/platform.h"
#include "platform/platform_json.h"

#include <string.h>

static char *
machines_folder (void)
{
  return g_build_filename (g_getenv ("KT_SOURCE_ROOT"), "tests", "machines", NULL);
}

static KtPlatform *
load (const char *name)
{
  g_autofree char *folder = machines_folder ();
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (KtSysroot) root = kt_sysroot_open (path, &error);
  g_assert_no_error (error);
  KtPlatform *platform = kt_platform_load (root, NULL, 0, &error);
  g_assert_no_error (error);
  return platform;
}

static void
test_expected (gconstpointer data)
{
  g_autoptr (KtPlatform) platform = load (data);
  g_autoptr (JsonNode) node = kt_json_node_take (kt_platform_to_json (platform));
  g_autofree char *text = kt_json_to_text (node);
  g_autofree char *folder = machines_folder ();
  g_autofree char *path = g_build_filename (folder, data, "expected-platform.json", NULL);
  if (g_getenv ("KT_UPDATE_EXPECTED") != NULL)
    g_assert_true (g_file_set_contents (path, text, -1, NULL));
  g_autofree char *expected = NULL;
  g_autoptr (GError) error = NULL;
  g_file_get_contents (path, &expected, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (text, ==, expected);
}

/* What every machine must satisfy, also those that are yet to come. */
static void
test_sane (gconstpointer data)
{
  g_autoptr (KtPlatform) platform = load (data);
  g_assert_cmpint (kt_platform_memory_limit (platform), >, 0);
  g_assert_cmpuint (platform->cpu.threads, >=, platform->cpu.cores);
  g_assert_cmpuint (platform->cpu.cores, >=, platform->cpu.sockets);
  g_assert_cmpfloat (platform->cpu.usable, >=, 0.1);
  g_assert_cmpfloat (platform->cpu.usable, <=, platform->cpu.threads);
  const KtVolume *volume = kt_platform_volume (platform, "data");
  g_assert_nonnull (volume);
  g_assert_cmpstr (volume->role, ==, "data");
  g_assert_nonnull (volume->class_reason);
  gint64 reserved = 0;
  for (guint i = 0; i < platform->neighbours->len; i++)
    {
      const KtNeighbour *neighbour = g_ptr_array_index (platform->neighbours, i);
      g_assert_cmpint (neighbour->reserve, >=, 0);
      g_assert_nonnull (neighbour->reason);
      reserved += neighbour->reserve;
    }
  g_assert_cmpint (reserved, >=, 64 * 1024 * 1024);
  g_assert_cmpint (reserved, <, kt_platform_memory_limit (platform));
}

static void
test_readme (gconstpointer data)
{
  g_autofree char *folder = machines_folder ();
  g_autofree char *path = g_build_filename (folder, data, "README.md", NULL);
  g_autofree char *text = NULL;
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_true (strstr (text, "Composed") != NULL || strstr (text, "Recorded") != NULL);
}

static void
test_enough (gconstpointer count)
{
  g_assert_cmpuint (GPOINTER_TO_UINT (count), >=, 14);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_autofree char *folder = machines_folder ();
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *ini = g_build_filename (folder, name, "machine.ini", NULL);
      if (g_file_test (ini, G_FILE_TEST_EXISTS))
        g_ptr_array_add (names, g_strdup (name));
    }
  for (guint i = 0; i < names->len; i++)
    {
      const char *machine = g_ptr_array_index (names, i);
      g_autofree char *expected = g_strdup_printf ("/platform/machines/%s/as-expected", machine);
      g_autofree char *sane = g_strdup_printf ("/platform/machines/%s/sane", machine);
      g_autofree char *readme = g_strdup_printf ("/platform/machines/%s/says-where-it-is-from", machine);
      g_test_add_data_func (expected, machine, test_expected);
      g_test_add_data_func (sane, machine, test_sane);
      g_test_add_data_func (readme, machine, test_readme);
    }
  g_test_add_data_func ("/platform/machines/at-least-fourteen", GUINT_TO_POINTER (names->len), test_enough);
  return g_test_run ();
}
