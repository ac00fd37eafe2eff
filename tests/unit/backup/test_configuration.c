/* SPDX-License-Identifier: MIT */
#include "backup/configuration.h"
#include "base/error.h"
#include "base/file.h"

#include <glib/gstdio.h>
#include <sys/stat.h>

typedef struct {
  char *dir, *conf, *included, *hba, *folder;
} Fixture;

static void
put (const char *path, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_assert_true (g_file_set_contents (path, text, -1, &error));
  g_assert_no_error (error);
}

static void
fixture_set_up (Fixture *f, gconstpointer data)
{
  f->dir = g_dir_make_tmp ("kastune-backup-XXXXXX", NULL);
  f->conf = g_build_filename (f->dir, "postgresql.conf", NULL);
  f->included = g_build_filename (f->dir, "more.conf", NULL);
  f->hba = g_build_filename (f->dir, "pg_hba.conf", NULL);
  f->folder = g_build_filename (f->dir, "backup", NULL);
  put (f->conf, "port = 5433\ninclude 'more.conf'\n");
  put (f->included, "work_mem = 8MB\n");
  put (f->hba, "local all all trust\n");
  g_assert_cmpint (g_chmod (f->hba, 0640), ==, 0);
}

static void
fixture_tear_down (Fixture *f, gconstpointer data)
{
  const char *const argv[] = { "rm", "-rf", f->dir, NULL };
  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL);
  g_free (f->dir);
  g_free (f->conf);
  g_free (f->included);
  g_free (f->hba);
  g_free (f->folder);
}

static void
take (const Fixture *f)
{
  g_autoptr (GError) error = NULL;
  const KtConfigurationFiles files = { .config_file = f->conf, .data_directory = f->dir, .hba_file = f->hba };
  g_assert_true (kt_configuration_backup (&files, f->folder, &error));
  g_assert_no_error (error);
  g_assert_true (kt_configuration_verify (f->folder, &error));
}

static void
test_restores_everything (Fixture *f, gconstpointer data)
{
  take (f);
  put (f->conf, "spoilt");
  put (f->included, "");
  g_assert_cmpint (g_remove (f->hba), ==, 0);

  g_autoptr (GError) error = NULL;
  g_assert_true (kt_configuration_restore (f->folder, NULL, &error));
  g_assert_no_error (error);
  g_autofree char *conf = NULL;
  g_autofree char *included = NULL;
  g_autofree char *hba = NULL;
  g_assert_true (kt_file_read (f->conf, &conf, NULL, NULL));
  g_assert_true (kt_file_read (f->included, &included, NULL, NULL));
  g_assert_true (kt_file_read (f->hba, &hba, NULL, NULL));
  g_assert_cmpstr (conf, ==, "port = 5433\ninclude 'more.conf'\n");
  g_assert_cmpstr (included, ==, "work_mem = 8MB\n");
  g_assert_cmpstr (hba, ==, "local all all trust\n");
  struct stat st;
  g_assert_cmpint (stat (f->hba, &st), ==, 0);
  g_assert_cmpint (st.st_mode & 07777, ==, 0640);
}

static void
test_damaged_copy_restores_nothing (Fixture *f, gconstpointer data)
{
  take (f);
  g_autofree char *copy = g_build_filename (f->folder, "files", f->hba, NULL);
  put (copy, "host all all 0.0.0.0/0 trust\n");
  put (f->conf, "now\n");

  g_autoptr (GError) error = NULL;
  g_assert_false (kt_configuration_restore (f->folder, NULL, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_VERIFY);
  g_autofree char *conf = NULL;
  g_assert_true (kt_file_read (f->conf, &conf, NULL, NULL));
  g_assert_cmpstr (conf, ==, "now\n");
}

static void
test_list_that_leads_elsewhere_restores_nothing (Fixture *f, gconstpointer data)
{
  take (f);
  g_autofree char *list = g_build_filename (f->folder, "files.json", NULL);
  g_autofree char *detour = g_strconcat (f->dir, "/backup/../pg_hba.conf", NULL);
  g_autofree char *text = NULL;
  g_assert_true (g_file_get_contents (list, &text, NULL, NULL));
  g_autoptr (GString) changed = g_string_new (text);
  g_assert_cmpuint (g_string_replace (changed, f->hba, detour, 0), ==, 1);
  put (list, changed->str);
  put (f->conf, "now\n");

  g_autoptr (GError) error = NULL;
  g_assert_false (kt_configuration_restore (f->folder, NULL, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_VERIFY);
  g_autofree char *conf = NULL;
  g_assert_true (kt_file_read (f->conf, &conf, NULL, NULL));
  g_assert_cmpstr (conf, ==, "now\n");
}

static void
test_unreadable_source_is_no_backup (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *absent = g_build_filename (f->dir, "absent.conf", NULL);
  const KtConfigurationFiles files = { .config_file = absent, .data_directory = f->dir };
  g_assert_false (kt_configuration_backup (&files, f->folder, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_false (kt_configuration_verify (f->folder, &error));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add ("/backup/configuration/" name, Fixture, NULL, fixture_set_up, func, fixture_tear_down)
  ADD ("restores-everything", test_restores_everything);
  ADD ("damaged-copy-restores-nothing", test_damaged_copy_restores_nothing);
  ADD ("list-that-leads-elsewhere-restores-nothing", test_list_that_leads_elsewhere_restores_nothing);
  ADD ("unreadable-source-is-no-backup", test_unreadable_source_is_no_backup);
  return g_test_run ();
}
