/* SPDX-License-Identifier: MIT */
#include "postgres/conffile.h"

#include "base/error.h"

#include <glib/gstdio.h>
#include <unistd.h>

static void
write_file (const char *folder, const char *name, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *parent = g_path_get_dirname (path);
  g_assert_cmpint (g_mkdir_with_parents (parent, 0755), ==, 0);
  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
}

/* A folder with the given files; removed with its content. */
typedef struct {
  char *path;
} Folder;

static void
remove_below (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);
      if (g_file_test (child, G_FILE_TEST_IS_DIR) && !g_file_test (child, G_FILE_TEST_IS_SYMLINK))
        remove_below (child);
      else
        g_unlink (child);
    }
  g_rmdir (path);
}

static void
folder_clear (Folder *folder)
{
  remove_below (folder->path);
  g_free (folder->path);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Folder, folder_clear)

static void
folder_make (Folder *folder, const char *const *names_and_texts)
{
  folder->path = g_dir_make_tmp ("kt-conf-XXXXXX", NULL);
  g_assert_cmpint (g_chmod (folder->path, 0755), ==, 0);
  for (gsize i = 0; names_and_texts[i] != NULL; i += 2)
    write_file (folder->path, names_and_texts[i], names_and_texts[i + 1]);
}

static KtConfTree *
folder_read (const Folder *folder, const char *name, const char *data_directory)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (folder->path, name, NULL);
  KtConfTree *tree = kt_conf_tree_read (path, data_directory, &error);
  g_assert_no_error (error);
  return tree;
}

static const char *
tree_value (const KtConfTree *tree, const char *name)
{
  const KtConfEntry *entry = kt_conf_tree_get (tree, name);
  return entry != NULL ? entry->value : NULL;
}

static void
test_order (void)
{
  g_auto (Folder) folder = { 0 };
  folder_make (&folder, (const char *const[]){
                          "postgresql.conf", "a.x = 1\na.y = 1\na.z = 1\na.w = 1\ninclude_dir 'conf.d'\ninclude 'conf.d/sub/last'\nA.X = 9\n",
                          "conf.d/B.conf", "a.y = B\n", "conf.d/a.conf", "a.y = a\ninclude 'sub/near.conf'\n", "conf.d/.hidden.conf", "a.y = hidden\n",
                          "conf.d/z.conf~", "a.y = backup\n", "conf.d/sub/near.conf", "a.z = near\ninclude_if_exists 'nothing.conf'",
                          "conf.d/sub/last", "a.w = last", "postgresql.auto.conf", "a.w = auto", NULL });
  g_autoptr (KtConfTree) tree = folder_read (&folder, "postgresql.conf", NULL);
  g_assert_cmpuint (tree->problems->len, ==, 0);
  g_assert_cmpstr (tree_value (tree, "a.x"), ==, "9");
  g_assert_cmpstr (tree_value (tree, "a.y"), ==, "a");
  g_assert_cmpstr (tree_value (tree, "a.z"), ==, "near");
  g_assert_cmpstr (tree_value (tree, "A.W"), ==, "auto");
  g_assert_null (tree_value (tree, "a.v"));
  g_assert_cmpuint (tree->files->len, ==, 6);
  g_assert_true (g_str_has_suffix (((KtConfFile *) tree->files->pdata[5])->path, "/postgresql.auto.conf"));
  g_autofree char *include_dir = g_build_filename (folder.path, "conf.d", NULL);
  g_assert_cmpstr (tree->include_dir, ==, include_dir);
  const KtConfEntry *first = tree->entries->pdata[0];
  g_assert_false (first->wins);
  g_assert_true (first->checked); /* spelled otherwise than the winner */
  g_assert_cmpuint (kt_conf_tree_get (tree, "a.x")->line, ==, 7);
}

static void
test_data_directory (void)
{
  g_auto (Folder) folder = { 0 };
  folder_make (&folder, (const char *const[]){ "etc/postgresql.conf", "a.x = 1\n", "etc/postgresql.auto.conf", "a.x = near",
                                               "data/postgresql.auto.conf", "a.x = data", "other/PG_VERSION", "15", NULL });
  g_autofree char *data = g_build_filename (folder.path, "data", NULL);
  g_autofree char *other = g_build_filename (folder.path, "other", NULL);
  g_autoptr (KtConfTree) near = folder_read (&folder, "etc/postgresql.conf", NULL);
  g_assert_cmpstr (tree_value (near, "a.x"), ==, "near");
  g_autoptr (KtConfTree) given = folder_read (&folder, "etc/postgresql.conf", data);
  g_assert_cmpstr (tree_value (given, "a.x"), ==, "data");
  g_autoptr (KtConfTree) without = folder_read (&folder, "etc/postgresql.conf", other);
  g_assert_cmpstr (tree_value (without, "a.x"), ==, "1");
  g_assert_null (without->include_dir);
  g_autofree char *text = g_strdup_printf ("data_directory = '%s'\na.x = 1\n", data);
  write_file (folder.path, "etc/postgresql.conf", text);
  g_autoptr (KtConfTree) set = folder_read (&folder, "etc/postgresql.conf", NULL);
  g_assert_cmpstr (tree_value (set, "a.x"), ==, "data");
}

/* Two files that include each other fifty times each would be 50^10 readings. */
static void
test_cycles (void)
{
  g_autoptr (GString) to_b = g_string_new (NULL);
  for (int i = 0; i < 50; i++)
    g_string_append (to_b, "include 'b.conf'\ninclude 'postgresql.conf'\n");
  g_auto (Folder) folder = { 0 };
  folder_make (&folder, (const char *const[]){ "postgresql.conf", to_b->str, "b.conf", to_b->str, NULL });
  g_autoptr (KtConfTree) tree = folder_read (&folder, "postgresql.conf", NULL);
  g_assert_cmpuint (tree->files->len, ==, 51);
  g_assert_cmpuint (tree->problems->len, ==, 150); /* a hundred lines in b.conf and the fifty direct ones */
  g_assert_true (g_str_has_suffix (((KtConfProblem *) tree->problems->pdata[0])->text, "/b.conf includes itself"));
}

/* No cycle, only doubling at each level: the reader gives up with a problem. */
static void
test_too_many_files (void)
{
  g_auto (Folder) folder = { 0 };
  folder_make (&folder, (const char *const[]){ "level-10.conf", "", NULL });
  for (int i = 0; i < 10; i++)
    {
      g_autofree char *name = i == 0 ? g_strdup ("postgresql.conf") : g_strdup_printf ("level-%d.conf", i);
      g_autofree char *line = g_strdup_printf ("include 'level-%d.conf'\n", i + 1);
      g_autofree char *text = g_strconcat (line, line, line, NULL);
      write_file (folder.path, name, text);
    }
  g_autoptr (KtConfTree) tree = folder_read (&folder, "postgresql.conf", NULL);
  g_assert_cmpuint (tree->files->len, ==, 10000);
  g_assert_cmpuint (tree->problems->len, >, 0);
}

static void
test_problems (void)
{
  g_auto (Folder) folder = { 0 };
  g_autoptr (GString) noise = g_string_new (NULL);
  for (int i = 0; i < 300; i++)
    g_string_append (noise, "= nonsense\n");
  folder_make (&folder, (const char *const[]){ "postgresql.conf", "include 'missing.conf'\ninclude ''\ninclude_dir 'gone'\na.x = 1\ninclude 'noise.conf'\n"
                                                                  "include 'noise.conf'\ninclude 'nul.conf'\na.y = 2\n",
                                               "noise.conf", noise->str, NULL });
  g_autofree char *nul = g_build_filename (folder.path, "nul.conf", NULL);
  g_assert_true (g_file_set_contents (nul, "a.z = \0\n", 8, NULL));
  g_autoptr (KtConfTree) tree = folder_read (&folder, "postgresql.conf", NULL);
  g_assert_cmpuint (tree->problems->len, ==, 3 + 100 + 1);
  g_autofree char *missing = g_strdup_printf ("cannot read %s/missing.conf: No such file or directory", folder.path);
  const KtConfProblem *first = tree->problems->pdata[0];
  g_assert_cmpstr (first->text, ==, missing);
  g_assert_cmpuint (first->line, ==, 1);
  g_assert_cmpstr (((KtConfProblem *) tree->problems->pdata[1])->text, ==, "include names nothing");
  const KtConfProblem *last = tree->problems->pdata[103];
  g_assert_true (g_str_has_suffix (last->text, "line 1 holds a NUL byte: the file is damaged or not plain text"));
  g_assert_cmpuint (last->line, ==, 7);
  g_assert_cmpstr (tree_value (tree, "a.y"), ==, "2");

  g_autoptr (GError) error = NULL;
  g_assert_null (kt_conf_tree_read (nul, NULL, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_PARSE);
  g_clear_error (&error);
  g_assert_null (kt_conf_tree_read ("/nowhere/postgresql.conf", NULL, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_NOT_FOUND);
}

/* Root may read everything, so a test that runs as root lays its rights down for a moment. */
static void
test_forbidden (void)
{
  g_auto (Folder) folder = { 0 };
  folder_make (&folder, (const char *const[]){ "postgresql.conf", "include_if_exists 'secret.conf'\na.x = 1\n", "strict.conf",
                                               "include 'secret.conf'\n", "secret.conf", "a.x = 2\n", NULL });
  g_autofree char *secret = g_build_filename (folder.path, "secret.conf", NULL);
  g_assert_cmpint (g_chmod (secret, 0), ==, 0);
  gboolean root = geteuid () == 0;
  g_assert_true (!root || seteuid (65534) == 0);
  g_autoptr (KtConfTree) lenient = folder_read (&folder, "postgresql.conf", NULL);
  g_autoptr (KtConfTree) strict = folder_read (&folder, "strict.conf", NULL);
  g_assert_true (!root || seteuid (0) == 0);
  g_assert_cmpuint (lenient->problems->len, ==, 0);
  g_assert_cmpstr (tree_value (lenient, "a.x"), ==, "1");
  g_assert_cmpuint (strict->problems->len, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/postgres/conftree/last-line-wins-at-the-place-of-the-include", test_order);
  g_test_add_func ("/postgres/conftree/auto-conf-is-in-the-data-directory", test_data_directory);
  g_test_add_func ("/postgres/conftree/cycles-end", test_cycles);
  g_test_add_func ("/postgres/conftree/too-many-files-end", test_too_many_files);
  g_test_add_func ("/postgres/conftree/problems-name-the-line", test_problems);
  g_test_add_func ("/postgres/conftree/forbidden-files-as-the-server-takes-them", test_forbidden);
  return g_test_run ();
}
