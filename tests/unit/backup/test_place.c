/* SPDX-License-Identifier: MIT
 *
 * Two copies of a cluster as files: which may start, what goes from one to the other, where one may lie. No server takes part.
 */
#include "backup/place.h"
#include "base/error.h"
#include "base/folder.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define OWNER 65534 /* nobody, when we are root */
#define SEGMENT "000000010000000000000007"

typedef struct {
  char *top, *from, *to; /* two data directories */
} Fixture;

static char *
below (const char *folder, const char *name)
{
  return g_build_filename (folder, name, NULL);
}

static void
make_folder (const char *folder, const char *name)
{
  g_autofree char *path = below (folder, name);
  g_assert_cmpint (g_mkdir_with_parents (path, 0700), ==, 0);
}

static void
put (const char *folder, const char *name, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = below (folder, name);
  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
}

static char *
get (const char *folder, const char *name)
{
  g_autofree char *path = below (folder, name);
  char *text = NULL;
  return g_file_get_contents (path, &text, NULL, NULL) ? text : NULL;
}

static gboolean
is_there (const char *folder, const char *name)
{
  g_autofree char *path = below (folder, name);
  return kt_place_is_there (path);
}

static void
make_cluster (const char *data)
{
  static const char *const folders[] = { "global", "base/5", "pg_wal/archive_status", "pg_stat", "pg_replslot", "pg_tblspc" };
  for (gsize i = 0; i < G_N_ELEMENTS (folders); i++)
    make_folder (data, folders[i]);
  put (data, "PG_VERSION", "15\n");
  put (data, "global/pg_control", "control");
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  fixture->top = g_dir_make_tmp ("kastune-place-XXXXXX", &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_chmod (fixture->top, 0711), ==, 0);
  fixture->from = below (fixture->top, "from");
  fixture->to = below (fixture->top, "to");
  make_cluster (fixture->from);
  make_cluster (fixture->to);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_true (kt_folder_remove (fixture->top, NULL));
  g_free (fixture->top);
  g_free (fixture->from);
  g_free (fixture->to);
}

/* As it is when kastune runs as root. */
static void
give_away (const char *folder)
{
  const char *const argv[] = { "chown", "-R", G_STRINGIFY (OWNER) ":" G_STRINGIFY (OWNER), folder, NULL };
  int status = 1;
  if (geteuid () == 0)
    g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, &status, NULL) && status == 0);
}

static void
carry_over (const Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  give_away (fixture->from);
  give_away (fixture->to);
  kt_place_carry_over (fixture->from, fixture->to, &error);
  g_assert_no_error (error);
}

/* -------------------------------------------------------------------------------------------------------- which may start */

static void
test_what_sleeps_has_no_control_file_and_wakes_as_it_was (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  for (guint again = 0; again < 2; again++)
    g_assert_true (kt_place_put_to_sleep (fixture->from, "a note\n", &error));
  g_assert_true (kt_place_is_asleep (fixture->from));
  g_assert_false (is_there (fixture->from, "global/pg_control"));
  g_autofree char *note = get (fixture->from, KT_PLACE_NOTE);
  g_assert_cmpstr (note, ==, "a note\n");
  for (guint again = 0; again < 2; again++)
    g_assert_true (kt_place_wake (fixture->from, &error));
  g_assert_no_error (error);
  g_autofree char *control = get (fixture->from, "global/pg_control");
  g_assert_cmpstr (control, ==, "control");
  g_assert_false (kt_place_is_asleep (fixture->from) || is_there (fixture->from, KT_PLACE_NOTE));
}

static void
test_what_is_not_there_neither_sleeps_nor_is_put_to_sleep (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *nowhere = below (fixture->top, "nowhere");
  g_assert_false (kt_place_is_asleep (nowhere));
  g_assert_false (kt_place_put_to_sleep (nowhere, "", &error));
  g_assert_nonnull (error);
}

/* --------------------------------------------------------------------------------------------------------- where it may lie */

static void
test_places_are_refused_with_their_reason (Fixture *fixture, gconstpointer data)
{
  static const struct {
    const char *target, *why; /* below the fixture's folder; NULL: it may lie there */
  } places[] = {
    { "from", "in the data directory itself" }, { "from/base", "in the data directory itself" }, { ".", "lies in it" },
    { "file", "no folder" },                    { "link", "no folder" },                         { "file/below", "is not there" },
    { "absent/below", "is not there" },         { "to", "not empty" },                           { "absent", NULL },
    { "empty", NULL },                          { "from2", NULL },                               { "odd 'name'\n\"", NULL },
  };
  make_folder (fixture->top, "empty");
  put (fixture->top, "file", "");
  g_autofree char *link = below (fixture->top, "link"), *empty = below (fixture->top, "empty");
  g_assert_cmpint (symlink (empty, link), ==, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (places); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *target = g_str_equal (places[i].target, ".") ? g_strdup (fixture->top) : below (fixture->top, places[i].target);
      g_test_message ("%s", target);
      g_assert_cmpint (kt_place_check_target (target, fixture->from, &error), ==, places[i].why == NULL);
      if (places[i].why == NULL)
        continue;
      g_assert_error (error, KT_ERROR, KT_ERROR_REFUSED);
      g_assert_nonnull (strstr (kt_error_detail (error), places[i].why));
      g_assert_nonnull (kt_error_hint (error));
    }
}

static void
test_a_link_in_the_place_of_a_folder_is_not_followed (Fixture *fixture, gconstpointer data)
{
  struct stat before, after;
  g_autoptr (GError) error = NULL;
  g_autofree char *other = below (fixture->top, "other"), *target = below (fixture->top, "target");
  make_folder (fixture->top, "other");
  g_assert_cmpint (symlink (other, target), ==, 0);
  g_assert_cmpint (g_chmod (fixture->from, 0750), ==, 0);
  g_assert_cmpint (stat (other, &before), ==, 0);
  g_assert_false (kt_place_make_ready (target, fixture->from, &error));
  g_assert_nonnull (error);
  g_assert_cmpint (stat (other, &after), ==, 0);
  g_assert_cmpuint (after.st_mode, ==, before.st_mode);
  g_assert_cmpuint (after.st_uid, ==, before.st_uid);
}

static void
test_what_is_cleared_is_as_before_and_others_files_stay (Fixture *fixture, gconstpointer data)
{
  struct stat st;
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = below (fixture->top, "folder");
  make_folder (fixture->top, "folder");
  g_assert_cmpint (g_chmod (folder, 0711), ==, 0);
  g_autoptr (JsonObject) before = kt_place_describe (folder);
  g_assert_true (kt_place_make_ready (folder, fixture->from, &error));
  put (folder, "theirs", "");
  g_assert_false (kt_place_clear (folder, "pg_wal", before, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_CHANGED);
  g_assert_true (is_there (folder, "theirs"));
  g_clear_error (&error);
  make_folder (folder, "pg_wal");
  g_assert_true (kt_place_clear (folder, "pg_wal", before, &error));
  g_assert_true (kt_folder_is_empty (folder) && stat (folder, &st) == 0);
  g_assert_cmpuint (st.st_mode & 07777, ==, 0711);
  g_autoptr (JsonObject) absent = kt_place_describe (NULL);
  g_assert_true (kt_place_clear (folder, "pg_wal", absent, &error));
  g_assert_false (kt_place_is_there (folder));
}

/* ------------------------------------------------------------------------------------------------------------- what goes along */

static void
test_what_no_copy_holds_is_named (Fixture *fixture, gconstpointer data)
{
  static const struct {
    const char *make, *text; /* text NULL: a folder */
    const char *word;        /* NULL: still all can be copied */
  } found[] = {
    { "base/5/100", "rows", NULL },         { "base/5/200_init", "an index", NULL },        { "base/5/200", "rows", NULL },
    { "pg_replslot/kastune_1_2", NULL, NULL }, { "pg_tblspc/16400", NULL, "tablespaces" }, { "pg_replslot/mine", NULL, "mine" },
    { "base/5/100_init", "", "1 unlogged table has" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (found); i++)
    {
      if (found[i].text != NULL)
        put (fixture->from, found[i].make, found[i].text);
      else
        make_folder (fixture->from, found[i].make);
      g_autofree char *said = kt_place_uncopied (fixture->from);
      g_test_message ("%s: %s", found[i].make, said != NULL ? said : "(nothing)");
      g_assert_true (found[i].word == NULL ? said == NULL : said != NULL && strstr (said, found[i].word) != NULL);
    }
}

static void
test_configuration_goes_along_and_the_servers_own_files_do_not (Fixture *fixture, gconstpointer data)
{
  static const struct {
    const char *name, *from, *to, *after; /* NULL: not there */
  } files[] = {
    { "postgresql.auto.conf", "work_mem = '7MB'\n", NULL, "work_mem = '7MB'\n" },
    { "postgresql.conf", "new\n", "old\n", "new\n" },
    { "gone.conf", NULL, "old\n", NULL },
    { "server.key", "same", "same", "same" },
    { "pg_stat/pgstat.stat", "new", NULL, "new" },
    { "standby.signal", NULL, "", "" },
    { "postmaster.opts", "new", "old", "old" },
    { "base/5/100", "new", "old", "old" },
    { "global/pg_control", "new", "old", "old" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (files); i++)
    {
      if (files[i].from != NULL)
        put (fixture->from, files[i].name, files[i].from);
      if (files[i].to != NULL)
        put (fixture->to, files[i].name, files[i].to);
    }
  make_folder (fixture->from, "conf.d");
  put (fixture->from, "conf.d/own.conf", "own\n");
  g_autofree char *link = below (fixture->from, "certificate"), *stale = below (fixture->to, "certificate");
  g_assert_cmpint (symlink ("/etc/ssl/mine", link), ==, 0);
  g_assert_cmpint (symlink ("/etc/ssl/old", stale), ==, 0);
  carry_over (fixture);
  for (gsize i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *now = get (fixture->to, files[i].name);
      g_test_message ("%s", files[i].name);
      g_assert_cmpstr (now, ==, files[i].after);
    }
  g_autofree char *own = get (fixture->to, "conf.d/own.conf"), *leads = g_file_read_link (stale, NULL);
  g_assert_cmpstr (own, ==, "own\n");
  g_assert_cmpstr (leads, ==, "/etc/ssl/mine");
}

/* One that an interrupted copy left short would be archived as if it were whole. */
static void
test_what_waits_for_the_archive_goes_along_whole (Fixture *fixture, gconstpointer data)
{
  static const char *const left[] = { NULL, "half", "a whole segment" };
  for (gsize i = 0; i < G_N_ELEMENTS (left); i++)
    {
      put (fixture->from, "pg_wal/" SEGMENT, "a whole segment");
      put (fixture->from, "pg_wal/archive_status/" SEGMENT ".ready", "");
      put (fixture->to, "pg_wal/archive_status/" SEGMENT ".done", "");
      put (fixture->to, "pg_wal/xlogtemp.kastune", "of an earlier attempt");
      if (left[i] != NULL)
        put (fixture->to, "pg_wal/" SEGMENT, left[i]);
      carry_over (fixture);
      g_autofree char *carried = get (fixture->to, "pg_wal/" SEGMENT);
      g_assert_cmpstr (carried, ==, "a whole segment");
      g_assert_true (is_there (fixture->to, "pg_wal/archive_status/" SEGMENT ".ready"));
      g_assert_false (is_there (fixture->to, "pg_wal/archive_status/" SEGMENT ".done"));
      g_autofree char *path = below (fixture->to, "pg_wal/" SEGMENT);
      g_assert_cmpint (g_unlink (path), ==, 0);
    }
}

static void
test_root_is_led_nowhere_by_a_link_in_the_copy (Fixture *fixture, gconstpointer data)
{
  static const char *const folders[] = { "conf.d", "pg_stat", "pg_wal" };
  if (geteuid () != 0)
    {
      g_test_skip ("only root can be led to where others may not write");
      return;
    }
  make_folder (fixture->top, "roots");
  g_autofree char *roots = below (fixture->top, "roots");
  g_assert_cmpint (g_chmod (roots, 0755), ==, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (folders); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *file = g_build_filename (folders[i], "passwd", NULL), *link = below (fixture->to, folders[i]);
      g_autofree char *aside = g_strconcat (link, ".aside", NULL);
      make_folder (fixture->from, folders[i]);
      make_folder (fixture->to, folders[i]);
      put (fixture->from, file, "root::0:0");
      if (g_str_equal (folders[i], "pg_wal"))
        put (fixture->from, "pg_wal/archive_status/passwd.ready", "");
      give_away (fixture->from);
      give_away (fixture->to);
      g_assert_cmpint (g_rename (link, aside), ==, 0);
      g_assert_cmpint (symlink (roots, link), ==, 0);
      g_assert_false (kt_place_carry_over (fixture->from, fixture->to, &error));
      g_test_message ("%s", error->message);
      g_assert_cmpuint (geteuid (), ==, 0);
      g_assert_true (kt_folder_is_empty (roots));
      g_assert_cmpint (g_unlink (link), ==, 0);
      g_assert_cmpint (g_rename (aside, link), ==, 0);
      kt_folder_remove (aside, NULL);
      g_autofree char *source = below (fixture->from, file);
      g_assert_cmpint (g_unlink (source), ==, 0);
      /* Root is root again. */
      put (roots, "own", "");
      g_autofree char *own = below (roots, "own");
      g_assert_cmpint (g_unlink (own), ==, 0);
    }
}

/* ----------------------------------------------------------------------------------------------------------------- names */

static void
test_a_name_that_is_taken_stays_whose_it_is (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *free_name = below (fixture->top, "free");
  g_assert_false (kt_place_rename (fixture->from, fixture->to, &error));
  g_assert_true (is_there (fixture->to, "PG_VERSION") && is_there (fixture->from, "PG_VERSION"));
  g_clear_error (&error);
  g_assert_true (kt_place_rename (fixture->from, free_name, &error));
  g_assert_true (is_there (free_name, "PG_VERSION") && !kt_place_is_there (fixture->from));
}

static void
test_a_path_leads_elsewhere_and_is_no_link_again (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = below (fixture->top, "path");
  const char *const targets[] = { fixture->from, fixture->to };
  for (gsize i = 0; i < G_N_ELEMENTS (targets); i++)
    {
      g_assert_true (kt_place_point (path, targets[i], &error));
      g_autofree char *leads = g_file_read_link (path, NULL);
      g_assert_cmpstr (leads, ==, targets[i]);
    }
  for (guint again = 0; again < 2; again++)
    g_assert_true (kt_place_remove_link (path, &error));
  g_assert_false (kt_place_is_there (path));
  /* A folder is no link: it stays. */
  g_assert_true (kt_place_remove_link (fixture->to, &error) && is_there (fixture->to, "PG_VERSION"));
}

#define ADD(path, function) g_test_add (path, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/place/asleep", test_what_sleeps_has_no_control_file_and_wakes_as_it_was);
  ADD ("/place/asleep/nowhere", test_what_is_not_there_neither_sleeps_nor_is_put_to_sleep);
  ADD ("/place/target", test_places_are_refused_with_their_reason);
  ADD ("/place/target/link", test_a_link_in_the_place_of_a_folder_is_not_followed);
  ADD ("/place/clear", test_what_is_cleared_is_as_before_and_others_files_stay);
  ADD ("/place/uncopied", test_what_no_copy_holds_is_named);
  ADD ("/place/carry/configuration", test_configuration_goes_along_and_the_servers_own_files_do_not);
  ADD ("/place/carry/archive", test_what_waits_for_the_archive_goes_along_whole);
  ADD ("/place/carry/links", test_root_is_led_nowhere_by_a_link_in_the_copy);
  ADD ("/place/rename", test_a_name_that_is_taken_stays_whose_it_is);
  ADD ("/place/point", test_a_path_leads_elsewhere_and_is_no_link_again);
  return g_test_run ();
}
