/* SPDX-License-Identifier: MIT */
#include "backup/catalogue.h"
#include "base/error.h"
#include "base/file.h"
#include "base/folder.h"

#include <glib/gstdio.h>
#include <unistd.h>

typedef struct {
  char *dir, *catalogue;
} Fixture;

static void
fixture_set_up (Fixture *f, gconstpointer data)
{
  f->dir = g_dir_make_tmp ("kastune-catalogue-XXXXXX", NULL);
  f->catalogue = g_build_filename (f->dir, "backups", NULL);
}

static void
fixture_tear_down (Fixture *f, gconstpointer data)
{
  kt_folder_remove (f->dir, NULL);
  g_free (f->dir);
  g_free (f->catalogue);
}

static KtBackup *
begin (const Fixture *f, const char *id)
{
  g_autoptr (GError) error = NULL;
  KtBackup *backup = kt_catalogue_begin (f->catalogue, id, &kt_backup_physical, NULL, &error);
  g_assert_no_error (error);
  g_autofree char *content = g_build_filename (backup->folder, "content", NULL);
  g_assert_true (kt_file_write (content, "12345", -1, NULL, NULL));
  return backup;
}

static guint
listed (const Fixture *f, KtBackupState state)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) all = kt_catalogue_list (f->catalogue, &error);
  guint n = 0;
  g_assert_no_error (error);
  for (guint i = 0; i < all->len; i++)
    n += ((KtBackup *) all->pdata[i])->state == state;
  return n;
}

static gboolean
has_content (const KtBackup *backup)
{
  g_autofree char *content = g_build_filename (backup->folder, "content", NULL);
  return g_file_test (content, G_FILE_TEST_EXISTS);
}

static void
test_absent_folder_is_an_empty_catalogue (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) all = kt_catalogue_list (f->catalogue, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (all->len, ==, 0);
  g_autoptr (KtBackup) none = kt_catalogue_find (f->catalogue, "latest", &error);
  g_assert_null (none);
  g_assert_error (error, KT_ERROR, KT_ERROR_NOT_FOUND);
}

static void
test_only_a_finished_one_is_complete (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KtBackup) backup = begin (f, NULL);
  g_assert_cmpuint (listed (f, KT_BACKUP_RUNNING), ==, 1);
  g_assert_true (kt_catalogue_finish (backup, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (listed (f, KT_BACKUP_COMPLETE), ==, 1);
  g_autoptr (KtBackup) latest = kt_catalogue_find (f->catalogue, "latest:physical", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (latest->id, ==, backup->id);
  g_assert_cmpint (kt_json_int (latest->manifest, "size_bytes", 0), >, 5);
  g_autoptr (KtBackup) other = kt_catalogue_find (f->catalogue, "latest:logical", &error);
  g_assert_error (error, KT_ERROR, KT_ERROR_NOT_FOUND);
  g_assert_null (other);
}

static void
test_one_whose_maker_is_gone_is_swept (Fixture *f, gconstpointer data)
{
  KtBackup *backup = begin (f, NULL);
  kt_catalogue_sweep (f->catalogue);
  g_assert_cmpuint (listed (f, KT_BACKUP_RUNNING), ==, 1); /* its maker is here */
  g_assert_true (has_content (backup));
  kt_backup_free (backup); /* as a kill would: the lock goes, the manifest says "running" */
  g_assert_cmpuint (listed (f, KT_BACKUP_INTERRUPTED), ==, 1);
  kt_catalogue_sweep (f->catalogue);
  g_assert_cmpuint (listed (f, KT_BACKUP_FAILED), ==, 1);
  g_autoptr (GPtrArray) all = kt_catalogue_list (f->catalogue, NULL);
  g_assert_false (has_content (all->pdata[0]));
  g_assert_nonnull (kt_json_string (((KtBackup *) all->pdata[0])->manifest, "reason", NULL));
}

static void
test_failed_one_says_why_and_holds_nothing (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) why = NULL;
  g_autoptr (KtBackup) backup = begin (f, NULL);
  kt_error_set (&why, KT_ERROR_NO_SPACE, "28", NULL, "the disk is full");
  kt_catalogue_fail (backup, why);
  g_assert_false (has_content (backup));
  g_assert_cmpuint (listed (f, KT_BACKUP_FAILED), ==, 1);
  g_assert_cmpstr (kt_json_string (backup->manifest, "reason", NULL), ==, "the disk is full: 28");
}

static void
test_interrupted_attempt_makes_way_and_a_complete_one_does_not (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  kt_backup_free (begin (f, "one"));
  g_autoptr (KtBackup) again = begin (f, "one");
  g_assert_true (kt_catalogue_finish (again, NULL));
  g_autoptr (KtBackup) third = kt_catalogue_begin (f->catalogue, "one", &kt_backup_physical, NULL, &error);
  g_assert_null (third);
  g_assert_error (error, KT_ERROR, KT_ERROR_REFUSED);
}

static void
test_one_that_is_read_is_not_removed (Fixture *f, gconstpointer data)
{
  static const KtBackupWatch nobody;
  g_autoptr (GError) error = NULL;
  KtBackup *made = begin (f, "one");
  g_assert_true (kt_catalogue_finish (made, NULL));
  kt_backup_free (made);
  KtBackup *reader = kt_catalogue_find (f->catalogue, "one", NULL);
  g_autoptr (KtBackup) remover = kt_catalogue_find (f->catalogue, "one", NULL);
  g_assert_true (kt_catalogue_lock (reader, FALSE, NULL));
  g_assert_false (kt_catalogue_remove (remover, &nobody, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_REFUSED);
  g_clear_error (&error);
  kt_backup_free (reader);
  g_assert_true (kt_catalogue_remove (remover, &nobody, &error));
  g_assert_no_error (error);
  g_assert_false (g_file_test (remover->folder, G_FILE_TEST_EXISTS));
}

static void
test_what_is_no_backup_is_passed_over (Fixture *f, gconstpointer data)
{
  static const char *const texts[] = { "", "{", "[]", "{\"format\": 999, \"state\": \"complete\"}", "{\"format\": \"1\"}" };
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autofree char *folder = g_strdup_printf ("%s/odd-%d", f->catalogue, (int) i);
      g_autofree char *manifest = g_build_filename (folder, "manifest.json", NULL);
      g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
      g_assert_true (kt_file_write (manifest, texts[i], -1, NULL, NULL));
    }
  g_autoptr (GPtrArray) all = kt_catalogue_list (f->catalogue, NULL);
  g_assert_cmpuint (all->len, ==, 0);
}

static void
test_link_to_a_backup_is_no_other_one (Fixture *f, gconstpointer data)
{
  g_autoptr (KtBackup) backup = begin (f, "20260101-000000-physical");
  g_assert_true (kt_catalogue_finish (backup, NULL));
  g_autofree char *link = g_build_filename (f->catalogue, "newest", NULL);
  g_assert_cmpint (symlink (backup->folder, link), ==, 0);
  g_assert_cmpuint (listed (f, KT_BACKUP_COMPLETE), ==, 1);
  g_autoptr (KtBackup) found = kt_catalogue_find (f->catalogue, "newest", NULL);
  g_assert_null (found);
  g_assert_true (has_content (backup));
}

static void
test_safety_copy_is_not_the_latest (Fixture *f, gconstpointer data)
{
  g_autoptr (KtBackup) made = begin (f, "20260101-000000-physical");
  g_autoptr (KtBackup) safety = begin (f, "20260101-000001-physical");
  json_object_set_string_member (safety->manifest, "note", "what stood there before");
  g_assert_true (kt_catalogue_finish (made, NULL));
  g_assert_true (kt_catalogue_finish (safety, NULL));
  g_autoptr (KtBackup) latest = kt_catalogue_find (f->catalogue, "latest", NULL);
  g_assert_nonnull (latest);
  g_assert_cmpstr (latest->id, ==, made->id);
}

/* The folder may belong to another user. */
static void
test_link_in_the_place_of_a_manifest_is_not_followed (Fixture *f, gconstpointer data)
{
  g_autoptr (KtBackup) backup = begin (f, NULL);
  g_autofree char *outside = g_build_filename (f->dir, "outside", NULL);
  g_autofree char *manifest = g_build_filename (backup->folder, "manifest.json", NULL);
  g_autofree char *text = NULL;
  g_assert_true (g_file_set_contents (outside, "precious", -1, NULL));
  g_assert_cmpint (g_unlink (manifest), ==, 0);
  g_assert_cmpint (symlink (outside, manifest), ==, 0);
  g_assert_true (kt_catalogue_finish (backup, NULL));
  g_assert_true (g_file_get_contents (outside, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "precious");
  g_assert_cmpuint (listed (f, KT_BACKUP_COMPLETE), ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add ("/backup/catalogue/" name, Fixture, NULL, fixture_set_up, func, fixture_tear_down)
  ADD ("absent-folder-is-an-empty-catalogue", test_absent_folder_is_an_empty_catalogue);
  ADD ("only-a-finished-one-is-complete", test_only_a_finished_one_is_complete);
  ADD ("one-whose-maker-is-gone-is-swept", test_one_whose_maker_is_gone_is_swept);
  ADD ("failed-one-says-why-and-holds-nothing", test_failed_one_says_why_and_holds_nothing);
  ADD ("interrupted-attempt-makes-way-and-a-complete-one-does-not", test_interrupted_attempt_makes_way_and_a_complete_one_does_not);
  ADD ("one-that-is-read-is-not-removed", test_one_that_is_read_is_not_removed);
  ADD ("what-is-no-backup-is-passed-over", test_what_is_no_backup_is_passed_over);
  ADD ("link-to-a-backup-is-no-other-one", test_link_to_a_backup_is_no_other_one);
  ADD ("safety-copy-is-not-the-latest", test_safety_copy_is_not_the_latest);
  ADD ("link-in-the-place-of-a-manifest-is-not-followed", test_link_in_the_place_of_a_manifest_is_not_followed);
  return g_test_run ();
}
