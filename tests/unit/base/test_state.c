/* SPDX-License-Identifier: MIT */
#include "base/state.h"
#include "base/error.h"

#include <glib/gstdio.h>
#include <sys/stat.h>

static const char *const one[] = { "CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT)", NULL };
static const char *const two[] = { "CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT)", "ALTER TABLE note ADD COLUMN weight REAL", NULL };

static void
test_migrate (void)
{
  g_autofree char *dir = g_dir_make_tmp ("kastune-state-XXXXXX", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (KtState) state = kt_state_open (dir, &error);
  g_assert_no_error (error);
  g_assert_true (kt_state_migrate (state, "test", one, &error));
  g_assert_true (kt_state_run (state, &error, "INSERT INTO note (text) VALUES (?)", "s", "kept"));
  g_assert_true (kt_state_migrate (state, "test", two, &error));
  g_assert_true (kt_state_run (state, &error, "UPDATE note SET weight = ?", "d", 1.5));
  g_assert_no_error (error);

  g_autoptr (sqlite3_stmt) rows = kt_state_prepare (state, &error, "SELECT text, weight FROM note", NULL);
  gboolean row;
  g_assert_true (kt_state_step (state, rows, &row, &error));
  g_assert_true (row);
  g_assert_cmpstr ((const char *) sqlite3_column_text (rows, 0), ==, "kept");

  g_assert_false (kt_state_migrate (state, "test", one, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_STATE);
}

/* A commit that returns is on the disk, also when the power fails right after it. */
static void
test_durable (void)
{
  static const struct {
    const char *pragma, *value;
  } rows[] = { { "PRAGMA journal_mode", "wal" }, { "PRAGMA synchronous", "2" }, { "PRAGMA foreign_keys", "1" } };
  g_autofree char *dir = g_dir_make_tmp ("kastune-state-XXXXXX", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (KtState) state = kt_state_open (dir, &error);
  g_assert_no_error (error);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      gboolean row = FALSE;
      g_autoptr (sqlite3_stmt) asked = kt_state_prepare (state, &error, rows[i].pragma, NULL);
      g_assert_true (kt_state_step (state, asked, &row, &error) && row);
      g_assert_cmpstr ((const char *) sqlite3_column_text (asked, 0), ==, rows[i].value);
    }
}

static void
test_damaged (void)
{
  g_autofree char *dir = g_dir_make_tmp ("kastune-state-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (dir, "state.db", NULL);
  g_assert_true (g_file_set_contents (path, "this is not a database, it is a text file of some length", -1, NULL));
  g_autoptr (GError) error = NULL;
  g_assert_null (kt_state_open (dir, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_STATE);
}

static void
test_reserve (void)
{
  g_autofree char *dir = g_dir_make_tmp ("kastune-state-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (dir, "reserve", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (KtState) state = kt_state_open (dir, &error);
  struct stat st;
  g_assert_false (kt_state_spend_reserve (state));
  for (int i = 0; i < 2; i++)
    {
      g_assert_true (kt_state_reserve (state, &error));
      g_assert_cmpint (stat (path, &st), ==, 0);
      g_assert_cmpint (st.st_blocks * 512, >=, 1024 * 1024);
    }
  g_assert_true (kt_state_spend_reserve (state));
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
}

static void
test_private (void)
{
  g_autofree char *dir = g_dir_make_tmp ("kastune-state-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (dir, "state.db", NULL);
  g_autofree char *log = g_strconcat (path, "-wal", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (KtState) state = kt_state_open (dir, &error);
  g_assert_no_error (error);
  g_assert_true (kt_state_migrate (state, "test", one, &error));
  const char *const paths[] = { path, log };
  struct stat st;
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_assert_cmpint (stat (paths[i], &st), ==, 0);
      g_assert_cmpint (st.st_mode & 0777, ==, 0600);
    }
}

static void
test_check_table (void)
{
  g_autofree char *dir = g_dir_make_tmp ("kastune-state-XXXXXX", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (KtState) state = kt_state_open (dir, &error);
  g_assert_true (kt_state_migrate (state, "test", one, &error));
  g_assert_true (kt_state_check_table (state, "note", &error));
  g_assert_no_error (error);
  g_assert_false (kt_state_check_table (state, "nothing", &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_STATE);
}

static gpointer
open_it (gpointer dir)
{
  GError *error = NULL;
  G_GNUC_UNUSED g_autoptr (KtState) state = kt_state_open (dir, &error);
  return error;
}

/* The first writer has not yet turned the write-ahead log on when the second one comes. */
static void
test_begun_by_two (void)
{
  g_autofree char *dir = g_dir_make_tmp ("kastune-state-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (dir, "state.db", NULL);
  sqlite3 *first = NULL;
  g_assert_cmpint (sqlite3_open (path, &first), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (first, "CREATE TABLE t (x); BEGIN IMMEDIATE", NULL, NULL, NULL), ==, SQLITE_OK);
  GThread *second = g_thread_new ("second", open_it, dir);
  g_usleep (200 * 1000);
  g_assert_cmpint (sqlite3_exec (first, "COMMIT", NULL, NULL, NULL), ==, SQLITE_OK);
  g_autoptr (GError) error = g_thread_join (second);
  g_assert_no_error (error);
  sqlite3_close (first);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/state/migrate", test_migrate);
  g_test_add_func ("/base/state/begun-by-two-at-once", test_begun_by_two);
  g_test_add_func ("/base/state/commits-are-on-the-disk", test_durable);
  g_test_add_func ("/base/state/damaged-file-is-an-error", test_damaged);
  g_test_add_func ("/base/state/reserve-is-real-disk-and-spent-once", test_reserve);
  g_test_add_func ("/base/state/files-are-private", test_private);
  g_test_add_func ("/base/state/check-of-a-table", test_check_table);
  return g_test_run ();
}
