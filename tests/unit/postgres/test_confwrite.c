/* SPDX-License-Identifier: MIT */
#include "postgres/confwrite.h"

#include "base/error.h"
#include "base/file.h"
#include "postgres/conffile.h"
#include "support/cluster.h"

#include <glib/gstdio.h>
#include <pwd.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

/* --- which place wins --------------------------------------------------------------------------------------------- */

static const struct {
  const char *title, *main_text;
  const char *other, *other_text; /* one more file, or NULL */
  KtConfWriteMode mode;
  const char *reason; /* words of it */
} places[] = {
  { "no-folder", "work_mem = 1MB\n", NULL, NULL, KT_CONF_WRITE_ALTER_SYSTEM, "include_dir" },
  { "empty-folder", "work_mem = 1MB\ninclude_dir = 'conf.d'\n", NULL, NULL, KT_CONF_WRITE_INCLUDE, NULL },
  { "later-line", "include_dir 'conf.d'\nWORK_MEM = 1MB\n", NULL, NULL, KT_CONF_WRITE_ALTER_SYSTEM,
    "line 2 sets work_mem" },
  { "later-line-of-another-name", "include_dir 'conf.d'\nport = 1\n", NULL, NULL, KT_CONF_WRITE_INCLUDE, NULL },
  { "earlier-neighbour", "include_dir 'conf.d'\n", "conf.d/10-a.conf", "work_mem = 1MB\n", KT_CONF_WRITE_INCLUDE,
    NULL },
  { "later-neighbour", "include_dir 'conf.d'\n", "conf.d/99-z.conf", "work_mem = 1MB\n", KT_CONF_WRITE_ALTER_SYSTEM,
    "99-z.conf" },
  { "earlier-include", "include 'o.conf'\ninclude_dir 'conf.d'\n", "o.conf", "work_mem = 1MB\n", KT_CONF_WRITE_INCLUDE,
    NULL },
  { "later-include", "include_dir 'conf.d'\ninclude 'o.conf'\n", "o.conf", "work_mem = 1MB\n",
    KT_CONF_WRITE_ALTER_SYSTEM, "o.conf" },
  { "folder-of-an-included-file", "include 'o.conf'\nwork_mem = 1MB\n", "o.conf", "include_dir 'conf.d'\n",
    KT_CONF_WRITE_ALTER_SYSTEM, "is not included by" },
  { "own-file-there-already", "include_dir 'conf.d'\n", "conf.d/90-kastune.conf", "work_mem = 1MB\n",
    KT_CONF_WRITE_INCLUDE, NULL },
};

static char *
make_files (const char *main_text, const char *other, const char *other_text)
{
  char *folder = g_dir_make_tmp ("kastune-confwrite-XXXXXX", NULL);
  g_autofree char *conf_d = g_build_filename (folder, "conf.d", NULL);
  g_autofree char *main_file = g_build_filename (folder, "postgresql.conf", NULL);
  g_assert_cmpint (g_mkdir (conf_d, 0755), ==, 0);
  g_assert_true (g_file_set_contents (main_file, main_text, -1, NULL));
  if (other == NULL)
    return folder;
  g_autofree char *path = g_build_filename (folder, other, NULL);
  g_assert_true (g_file_set_contents (path, other_text, -1, NULL));
  return folder;
}

static void
remove_files (const char *folder)
{
  static const char *const names[] = { "conf.d/10-a.conf", "conf.d/90-kastune.conf", "conf.d/99-z.conf", "conf.d/junk",
                                       "conf.d",
                                       "o.conf", "postgresql.conf", "postgresql.auto.conf", "" };
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (folder, names[i], NULL);
      g_remove (path);
    }
  g_assert_false (g_file_test (folder, G_FILE_TEST_EXISTS));
}

static KtConfWrite *
new_write (const char *folder, const char *name, const char *value, GError **error)
{
  g_autofree char *main_file = g_build_filename (folder, "postgresql.conf", NULL);
  GPtrArray *settings = kt_conf_write_settings ();
  kt_conf_write_settings_add (settings, name, value, "because of a test");
  return kt_conf_write_new (main_file, folder, "a test", settings, error);
}

static void
test_place (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  g_autofree char *folder = make_files (places[i].main_text, places[i].other, places[i].other_text);
  g_autoptr (GError) error = NULL;
  g_autoptr (KtConfWrite) write = new_write (folder, "work_mem", "16MB", &error);
  g_assert_no_error (error);
  g_assert_cmpint (write->mode, ==, places[i].mode);
  if (places[i].reason != NULL)
    g_assert_nonnull (strstr (write->reason, places[i].reason));
  else
    g_assert_null (write->reason);
  remove_files (folder);
}

static void
test_broken_configuration_is_refused (void)
{
  g_autofree char *folder = make_files ("include 'absent.conf'\n", NULL, NULL);
  g_autoptr (GError) error = NULL;
  g_assert_null (new_write (folder, "work_mem", "16MB", &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_REFUSED);
  remove_files (folder);
}

/* --- the own file ------------------------------------------------------------------------------------------------- */

static void
test_earlier_settings_stay (void)
{
  g_autofree char *folder = make_files ("include_dir 'conf.d'\n", NULL, NULL);
  g_autoptr (KtConfWrite) write = new_write (folder, "work_mem", "16MB", NULL);
  g_autofree char *text = kt_conf_write_text (write,
                                              "# Written by somebody\n# Last change: first\n\n# why one\njit = off\n\n"
                                                     "# old why\nWork_Mem = 1MB\n\n# why two\nwal_buffers = 16MB\n");
  g_assert_cmpstr (text, ==,
                   "# Written by kastune, which takes its settings out again with: kastune undo\n# Last change: a test\n\n"
                   "# why one\njit = off\n\n# why two\nwal_buffers = 16MB\n\n# because of a test\nwork_mem = 16MB\n");
  remove_files (folder);
}

static void
assert_state (const KtConfWrite *write, JsonObject *before, KtConfState expected)
{
  g_autoptr (GError) error = NULL;
  KtConfState state;
  kt_conf_write_compare (write, before, NULL, &state, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (state, ==, expected);
}

/* A value in postgresql.auto.conf would beat the own file: it is moved, and comes back with everything else around it. */
static void
test_files_only (void)
{
  static const char auto_text[] = "# Do not edit this file manually!\njit = 'on'\nwork_mem = '2MB'\nport = '1'\n";
  g_autofree char *folder = make_files ("include_dir 'conf.d'\n", "postgresql.auto.conf", auto_text);
  g_autofree char *auto_conf = g_build_filename (folder, "postgresql.auto.conf", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (KtConfWrite) write = new_write (folder, "work_mem", "16MB", &error);
  g_autoptr (JsonObject) before = kt_conf_write_capture (write, NULL, &error);
  assert_state (write, before, KT_CONF_AS_BEFORE);
  g_assert_true (kt_conf_write_apply (write, before, NULL, &error));
  g_assert_true (kt_conf_write_apply (write, before, NULL, &error));
  g_assert_no_error (error);
  assert_state (write, before, KT_CONF_AS_WRITTEN);

  g_autoptr (KtConfTree) tree = kt_conf_tree_read (write->config_file, folder, &error);
  g_assert_cmpstr (kt_conf_tree_get (tree, "work_mem")->value, ==, "16MB");
  g_assert_cmpstr (kt_conf_tree_get (tree, "jit")->value, ==, "on");

  g_assert_true (kt_conf_write_restore (write, before, NULL, &error));
  g_assert_true (kt_conf_write_restore (write, before, NULL, &error));
  assert_state (write, before, KT_CONF_AS_BEFORE);
  g_assert_false (g_file_test (write->file, G_FILE_TEST_EXISTS));
  g_autoptr (KtConfFile) after = kt_conf_file_read (auto_conf, &error);
  g_assert_cmpstr (kt_conf_file_get (after, "work_mem")->value, ==, "2MB");
  g_assert_cmpstr (kt_conf_file_get (after, "jit")->value, ==, "on");
  g_assert_cmpstr (kt_conf_file_get (after, "port")->value, ==, "1");
  remove_files (folder);
}

/* Whoever owns the data directory could otherwise have root write into any file. */
static void
test_link_is_not_followed (void)
{
  static const char elsewhere_text[] = "work_mem = '2MB'\n";
  g_autofree char *folder = make_files ("include_dir 'conf.d'\n", "o.conf", elsewhere_text);
  g_autofree char *auto_conf = g_build_filename (folder, "postgresql.auto.conf", NULL);
  g_autofree char *elsewhere = g_build_filename (folder, "o.conf", NULL);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  g_assert_cmpint (symlink (elsewhere, auto_conf), ==, 0);
  g_autoptr (KtConfWrite) write = new_write (folder, "work_mem", "16MB", &error);
  g_autoptr (JsonObject) before = kt_conf_write_capture (write, NULL, &error);
  g_assert_no_error (error);
  g_assert_false (kt_conf_write_apply (write, before, NULL, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_REFUSED);
  g_assert_null (strstr (error->message, "half written"));
  g_assert_true (g_file_get_contents (elsewhere, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, elsewhere_text);
  assert_state (write, before, KT_CONF_AS_BEFORE);
  remove_files (folder);
}

static void
test_json_round_trip (void)
{
  g_autofree char *folder = make_files ("include_dir 'conf.d'\n", NULL, NULL);
  g_autoptr (KtConfWrite) write = new_write (folder, "work_mem", "16MB", NULL);
  g_autoptr (JsonObject) object = kt_conf_write_to_json (write);
  g_autoptr (GError) error = NULL;
  g_autoptr (KtConfWrite) again = kt_conf_write_from_json (object, &error);
  g_assert_no_error (error);
  g_autofree char *one = kt_conf_write_text (write, NULL);
  g_autofree char *two = kt_conf_write_text (again, NULL);
  g_assert_cmpstr (one, ==, two);
  g_assert_cmpstr (again->file, ==, write->file);
  json_object_remove_member (object, "file");
  g_assert_null (kt_conf_write_from_json (object, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_PARSE);
  remove_files (folder);
}

static void
append_to (const char *path, const char *text)
{
  FILE *file = fopen (path, "a");
  g_assert_nonnull (file);
  fputs (text, file);
  g_assert_cmpint (fclose (file), ==, 0);
}

static void
test_change_of_somebody_else_is_seen (void)
{
  g_autofree char *folder = make_files ("include_dir 'conf.d'\n", NULL, NULL);
  g_autofree char *auto_conf = g_build_filename (folder, "postgresql.auto.conf", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (KtConfWrite) write = new_write (folder, "work_mem", "16MB", &error);
  g_autoptr (JsonObject) before = kt_conf_write_capture (write, NULL, &error);
  g_assert_true (kt_conf_write_apply (write, before, NULL, &error));
  append_to (auto_conf, "jit = off\n");
  assert_state (write, before, KT_CONF_AS_WRITTEN);
  append_to (auto_conf, "work_mem = '64MB'\n");
  assert_state (write, before, KT_CONF_CHANGED);
  g_assert_cmpint (g_remove (auto_conf), ==, 0);
  append_to (write->file, "jit = on\n");
  assert_state (write, before, KT_CONF_AS_WRITTEN);
  append_to (write->file, "work_mem = '99MB'\n");
  KtConfState state;
  g_autofree char *what = NULL;
  g_assert_true (kt_conf_write_compare (write, before, NULL, &state, &what, &error));
  g_assert_cmpint (state, ==, KT_CONF_CHANGED);
  g_autofree char *expected = g_strconcat ("work_mem in ", write->file, NULL);
  g_assert_cmpstr (what, ==, expected);
  remove_files (folder);
}

static void
assert_holds (const char *path, const char *name, const char *value)
{
  g_autofree char *text = NULL;
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_autoptr (KtConfFile) file = kt_conf_file_parse (path, text);
  const KtConfLine *line = kt_conf_file_get (file, name);
  g_assert_cmpstr (line != NULL ? line->value : NULL, ==, value);
}

/* Two changes of other settings in the same file: either can be taken out first, and the file is gone in the end. */
static void
test_changes_are_taken_out_in_any_order (void)
{
  for (guint older_first = 0; older_first < 2; older_first++)
    {
      g_autofree char *folder = make_files ("include_dir 'conf.d'\n", NULL, NULL);
      g_autoptr (GError) error = NULL;
      g_autoptr (KtConfWrite) older = new_write (folder, "work_mem", "16MB", &error);
      g_autoptr (JsonObject) before_older = kt_conf_write_capture (older, NULL, &error);
      g_assert_true (kt_conf_write_apply (older, before_older, NULL, &error));
      g_autoptr (KtConfWrite) newer = new_write (folder, "jit", "off", &error);
      g_autoptr (JsonObject) before_newer = kt_conf_write_capture (newer, NULL, &error);
      g_assert_true (kt_conf_write_apply (newer, before_newer, NULL, &error));
      assert_state (older, before_older, KT_CONF_AS_WRITTEN);

      g_assert_true (kt_conf_write_restore (older_first ? older : newer, older_first ? before_older : before_newer, NULL, &error));
      assert_holds (older->file, "work_mem", older_first ? NULL : "16MB");
      assert_holds (older->file, "jit", older_first ? "off" : NULL);
      assert_state (older_first ? newer : older, older_first ? before_newer : before_older, KT_CONF_AS_WRITTEN);
      assert_state (older_first ? older : newer, older_first ? before_older : before_newer, KT_CONF_AS_BEFORE);
      g_assert_true (kt_conf_write_restore (older_first ? newer : older, older_first ? before_newer : before_older, NULL, &error));
      g_assert_no_error (error);
      assert_state (older, before_older, KT_CONF_AS_BEFORE);
      assert_state (newer, before_newer, KT_CONF_AS_BEFORE);
      remove_files (folder);
    }
}

/* As after a crash between the own file and postgresql.auto.conf. */
static void
test_half_written (void)
{
  g_autofree char *folder = make_files ("include_dir 'conf.d'\n", "postgresql.auto.conf", "work_mem = '2MB'\n");
  g_autoptr (GError) error = NULL;
  g_autoptr (KtConfWrite) write = new_write (folder, "work_mem", "16MB", &error);
  g_autoptr (JsonObject) before = kt_conf_write_capture (write, NULL, &error);
  g_autofree char *text = kt_conf_write_text (write, NULL);
  g_assert_true (g_file_set_contents (write->file, text, -1, NULL));
  assert_state (write, before, KT_CONF_HALF_WRITTEN);
  g_assert_true (kt_conf_write_restore (write, before, NULL, &error));
  assert_state (write, before, KT_CONF_AS_BEFORE);
  remove_files (folder);
}

/* --- disks that do not take it ------------------------------------------------------------------------------------ */

static gboolean
mount_on (const char *folder, const char *options)
{
  if (geteuid () == 0 && mount ("tmpfs", folder, "tmpfs", 0, options) == 0)
    return TRUE;
  g_test_skip ("only root can mount a small file system");
  return FALSE;
}

static void
assert_write_fails (const char *folder, int code)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KtConfWrite) write = new_write (folder, "work_mem", "16MB", &error);
  g_autoptr (JsonObject) before = kt_conf_write_capture (write, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (write->mode, ==, KT_CONF_WRITE_INCLUDE);
  g_assert_false (kt_conf_write_apply (write, before, NULL, &error));
  g_assert_error (error, KT_ERROR, code);
  assert_state (write, before, KT_CONF_AS_BEFORE);
}

static void
test_full_disk (void)
{
  g_autofree char *folder = make_files ("include_dir 'conf.d'\n", "postgresql.auto.conf", "work_mem = '2MB'\n");
  g_autofree char *conf_d = g_build_filename (folder, "conf.d", NULL);
  g_autofree char *junk = g_build_filename (conf_d, "junk", NULL);
  if (mount_on (conf_d, "size=64k"))
    {
      FILE *file = fopen (junk, "a");
      while (fputc ('x', file) != EOF && fflush (file) == 0)
        ;
      fclose (file);
      assert_write_fails (folder, KT_ERROR_NO_SPACE);
      g_assert_cmpint (umount (conf_d), ==, 0);
    }
  remove_files (folder);
}

static void
test_read_only_folder (void)
{
  g_autofree char *folder = make_files ("include_dir 'conf.d'\n", "postgresql.auto.conf", "work_mem = '2MB'\n");
  g_autofree char *conf_d = g_build_filename (folder, "conf.d", NULL);
  g_autoptr (GError) error = NULL;
  if (mount_on (conf_d, "size=64k"))
    {
      g_assert_cmpint (mount ("tmpfs", conf_d, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL), ==, 0);
      g_autoptr (KtConfWrite) write = new_write (folder, "jit", "off", NULL);
      g_assert_false (kt_conf_write_check (write, NULL, &error));
      g_assert_nonnull (strstr (error->message, conf_d));
      assert_write_fails (folder, KT_ERROR_PRIVILEGE);
      g_assert_cmpint (umount (conf_d), ==, 0);
    }
  remove_files (folder);
}

/* --- ALTER SYSTEM on real servers --------------------------------------------------------------------------------- */

static KtConfWrite *
write_for (const KtTestCluster *cluster, GPtrArray *settings)
{
  g_autofree char *conf = g_build_filename (cluster->data_directory, "postgresql.conf", NULL);
  g_autoptr (GError) error = NULL;
  KtConfWrite *write = kt_conf_write_new (conf, cluster->data_directory, "a test", settings, &error);
  g_assert_no_error (error);
  return write;
}

/* Lists are lists afterwards: the server starts with both libraries. */
static void
test_alter_system (gconstpointer data)
{
  g_autoptr (KtTestCluster) cluster = kt_test_cluster_new (&(KtTestClusterOptions){ .major = GPOINTER_TO_INT (data) });
  g_autoptr (GError) error = NULL;
  g_autoptr (KtConnection) connection = kt_connection_open (cluster->conninfo, &error);
  g_assert_no_error (error);
  g_free (kt_test_cluster_sql (cluster, NULL, "ALTER SYSTEM SET work_mem = '2MB'"));
  GPtrArray *settings = kt_conf_write_settings ();
  kt_conf_write_settings_add (settings, "work_mem", "16MB", NULL);
  kt_conf_write_settings_add (settings, "shared_preload_libraries", "auto_explain, pg_stat_statements", NULL);
  kt_conf_write_settings_add (settings, "pg_stat_statements.max", "2000", NULL);
  kt_conf_write_settings_add (settings, "session_preload_libraries", "", NULL);
  kt_conf_write_settings_add (settings, "cluster_name", "it's", NULL);
  g_autoptr (KtConfWrite) write = write_for (cluster, settings);
  g_assert_cmpint (write->mode, ==, KT_CONF_WRITE_ALTER_SYSTEM);
  g_assert_true (kt_conf_write_check (write, connection, &error));
  g_autoptr (JsonObject) before = kt_conf_write_capture (write, NULL, &error);
  kt_conf_write_apply (write, before, connection, &error);
  g_assert_no_error (error);
  assert_state (write, before, KT_CONF_AS_WRITTEN);

  kt_test_cluster_stop (cluster);
  kt_test_cluster_start (cluster);
  g_autofree char *libraries = kt_test_cluster_sql (cluster, NULL, "SHOW shared_preload_libraries");
  g_assert_nonnull (strstr (libraries, "pg_stat_statements"));
  g_autofree char *max = kt_test_cluster_sql (cluster, NULL, "SHOW pg_stat_statements.max");
  g_assert_cmpstr (max, ==, "2000");
  g_autofree char *name = kt_test_cluster_sql (cluster, NULL, "SHOW cluster_name");
  g_assert_cmpstr (name, ==, "it's");

  kt_test_cluster_stop (cluster);
  g_assert_true (kt_conf_write_restore (write, before, NULL, &error));
  assert_state (write, before, KT_CONF_AS_BEFORE);
  kt_test_cluster_start (cluster);
  g_autofree char *work_mem = kt_test_cluster_sql (cluster, NULL, "SHOW work_mem");
  g_assert_cmpstr (work_mem, ==, "2MB");
}

/* The second value is refused: the first must not stay. */
static void
test_refused_value_leaves_nothing (void)
{
  g_autoptr (KtTestCluster) cluster = kt_test_cluster_new (&(KtTestClusterOptions){ 0 });
  g_autoptr (GError) error = NULL;
  g_autoptr (KtConnection) connection = kt_connection_open (cluster->conninfo, &error);
  GPtrArray *settings = kt_conf_write_settings ();
  kt_conf_write_settings_add (settings, "work_mem", "16MB", NULL);
  kt_conf_write_settings_add (settings, "max_connections", "0", NULL);
  g_autoptr (KtConfWrite) write = write_for (cluster, settings);
  g_autoptr (JsonObject) before = kt_conf_write_capture (write, NULL, &error);
  g_assert_false (kt_conf_write_apply (write, before, connection, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_QUERY);
  assert_state (write, before, KT_CONF_AS_BEFORE);
}

static void
test_role_without_rights (void)
{
  g_autoptr (KtTestCluster) cluster = kt_test_cluster_new (&(KtTestClusterOptions){ 0 });
  g_autoptr (GError) error = NULL;
  g_free (kt_test_cluster_sql (cluster, NULL,
                               "CREATE ROLE small LOGIN; GRANT ALTER SYSTEM ON PARAMETER work_mem TO small"));
  g_autofree char *conninfo = kt_test_cluster_conninfo (cluster, "small", NULL, NULL);
  g_autoptr (KtConnection) connection = kt_connection_open (conninfo, &error);
  g_assert_no_error (error);
  GPtrArray *settings = kt_conf_write_settings ();
  kt_conf_write_settings_add (settings, "work_mem", "16MB", NULL);
  g_autoptr (KtConfWrite) granted = write_for (cluster, settings);
  g_assert_true (kt_conf_write_check (granted, connection, &error));
  g_assert_no_error (error);
  settings = kt_conf_write_settings ();
  kt_conf_write_settings_add (settings, "jit", "off", NULL);
  g_autoptr (KtConfWrite) refused = write_for (cluster, settings);
  g_assert_false (kt_conf_write_check (refused, connection, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_PRIVILEGE);
}

static void
test_allow_alter_system_is_respected (void)
{
  g_autoptr (KtTestCluster) cluster = kt_test_cluster_new (
    &(KtTestClusterOptions){ .major = 17, .conf = "allow_alter_system = off\n" });
  g_autoptr (GError) error = NULL;
  g_autoptr (KtConnection) connection = kt_connection_open (cluster->conninfo, &error);
  GPtrArray *settings = kt_conf_write_settings ();
  kt_conf_write_settings_add (settings, "work_mem", "16MB", NULL);
  g_autoptr (KtConfWrite) write = write_for (cluster, settings);
  g_assert_false (kt_conf_write_check (write, connection, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_REFUSED);
}

/* What the server's user cannot read prevents its next start. */
static void
test_new_files_belong_to_the_owner (void)
{
  g_autoptr (KtTestCluster) cluster = kt_test_cluster_new (&(KtTestClusterOptions){ .stopped = TRUE });
  g_autofree char *conf_d = g_build_filename (cluster->data_directory, "conf.d", NULL);
  struct stat owner, st;
  g_autoptr (GError) error = NULL;
  g_assert_cmpint (stat (cluster->data_directory, &owner), ==, 0);
  g_assert_cmpint (g_mkdir (conf_d, 0700), ==, 0);
  g_assert_cmpint (chown (conf_d, owner.st_uid, owner.st_gid), ==, 0);
  kt_test_cluster_append_conf (cluster, "include_dir = 'conf.d'");
  GPtrArray *settings = kt_conf_write_settings ();
  kt_conf_write_settings_add (settings, "work_mem", "16MB", "because");
  g_autoptr (KtConfWrite) write = write_for (cluster, settings);
  g_autoptr (JsonObject) before = kt_conf_write_capture (write, NULL, &error);
  g_assert_true (kt_conf_write_apply (write, before, NULL, &error));
  g_assert_cmpint (stat (write->file, &st), ==, 0);
  g_assert_cmpuint (st.st_uid, ==, owner.st_uid);
  g_assert_cmpuint (st.st_gid, ==, owner.st_gid);
  kt_test_cluster_start (cluster);
  g_autofree char *work_mem = kt_test_cluster_sql (cluster, NULL, "SHOW work_mem");
  g_assert_cmpstr (work_mem, ==, "16MB");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (places); i++)
    {
      g_autofree char *path = g_strconcat ("/postgres/confwrite/place/", places[i].title, NULL);
      g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_place);
    }
  g_test_add_func ("/postgres/confwrite/broken-configuration-is-refused", test_broken_configuration_is_refused);
  g_test_add_func ("/postgres/confwrite/earlier-settings-stay", test_earlier_settings_stay);
  g_test_add_func ("/postgres/confwrite/auto-conf-value-is-moved-and-given-back", test_files_only);
  g_test_add_func ("/postgres/confwrite/link-in-the-data-directory-is-not-followed", test_link_is_not_followed);
  g_test_add_func ("/postgres/confwrite/json-round-trip", test_json_round_trip);
  g_test_add_func ("/postgres/confwrite/change-of-somebody-else-is-seen", test_change_of_somebody_else_is_seen);
  g_test_add_func ("/postgres/confwrite/changes-are-taken-out-in-any-order", test_changes_are_taken_out_in_any_order);
  g_test_add_func ("/postgres/confwrite/half-written-is-told-and-restored", test_half_written);
  g_test_add_func ("/postgres/confwrite/full-disk-leaves-everything", test_full_disk);
  g_test_add_func ("/postgres/confwrite/read-only-folder-leaves-everything", test_read_only_folder);
  kt_test_add_versions ("/postgres/confwrite/alter-system", test_alter_system);
  g_test_add_func ("/postgres/confwrite/refused-value-leaves-nothing", test_refused_value_leaves_nothing);
  g_test_add_func ("/postgres/confwrite/role-without-rights", test_role_without_rights);
  g_test_add_func ("/postgres/confwrite/allow-alter-system-is-respected", test_allow_alter_system_is_respected);
  g_test_add_func ("/postgres/confwrite/new-files-belong-to-the-owner", test_new_files_belong_to_the_owner);
  return g_test_run ();
}
