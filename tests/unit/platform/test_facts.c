/* SPDX-License-Identifier: MIT */
#include "made_root.h"
#include "platform/parts.h"

#include <gio/gio.h>

static void
test_arguments (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KtSysroot) live = kt_sysroot_open (NULL, &error);
  g_autoptr (GSubprocess) child = g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE, &error, "cat", "--", "-",
                                                    "--ram-scale=0.7",
                                                    "--name", "value", "--bare", "--last", NULL);
  g_assert_no_error (error);
  gint64 pid = g_ascii_strtoll (g_subprocess_get_identifier (child), NULL, 10);
  static const struct {
    const char *name, *value;
  } rows[] = { { "--ram-scale", "0.7" }, { "--name", "value" }, { "--bare", "" }, { "--last", "" }, { "--ram", NULL },
    { "--absent", NULL } };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *value = kt_fact_argument (live, pid, rows[i].name);
      g_assert_cmpstr (value, ==, rows[i].value);
    }
  g_subprocess_force_exit (child);
  g_subprocess_wait (child, NULL, NULL);
  g_autofree char *gone = kt_fact_argument (live, G_MAXINT32, "--x");
  g_assert_null (gone);
}

static void
test_real_path (void)
{
  g_autofree char *dir = made_folder ();
  g_autofree char *link = g_build_filename (dir, "link", NULL);
  g_autofree char *through = g_build_filename (link, "not", "there", NULL);
  g_assert_cmpint (symlink ("/usr", link), ==, 0);
  g_autoptr (KtSysroot) live = kt_sysroot_open (NULL, NULL);
  g_autofree char *real = kt_fact_real_path (live, through);
  g_assert_cmpstr (real, ==, "/usr/not/there");
  g_autofree char *plain = kt_fact_real_path (live, "/usr/../usr/./");
  g_assert_cmpstr (plain, ==, "/usr");
  made_remove_tree (dir);
}

static void
test_programs (void)
{
  static const char *const argv[] = { "sh", "-c", "echo out; exit 3", NULL };
  static const char *const absent[] = { "kastune-no-such-program", NULL };
  g_autoptr (KtSysroot) live = kt_sysroot_open (NULL, NULL);
  g_assert_true (kt_fact_has_program (live, "sh"));
  g_assert_false (kt_fact_has_program (live, "kastune-no-such-program"));
  g_autofree char *output = kt_fact_output (live, argv);
  g_assert_cmpstr (output, ==, "out");
  g_autofree char *none = kt_fact_output (live, absent);
  g_assert_null (none);
}

static void
test_paths (void)
{
  const MadeFile files[] = { { "machine.ini", "[paths]\ndata=/a\ntablespace a%3Db=/c\nwal=relative\n" },
    { NULL, NULL } };
  g_auto (MadeRoot) made = made_root_new (files);
  g_autoptr (GArray) paths = kt_fact_paths (made.root);
  g_assert_cmpuint (paths->len, ==, 2);
  g_assert_cmpstr (g_array_index (paths, KtPlatformPath, 1).role, ==, "tablespace a=b");
  g_assert_cmpstr (g_array_index (paths, KtPlatformPath, 1).path, ==, "/c");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/platform/facts/arguments-of-a-process", test_arguments);
  g_test_add_func ("/platform/facts/real-path-as-far-as-it-exists", test_real_path);
  g_test_add_func ("/platform/facts/programs-and-their-output", test_programs);
  g_test_add_func ("/platform/facts/recorded-paths", test_paths);
  return g_test_run ();
}
