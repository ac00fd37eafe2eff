/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "base/sysroot.h"

#include <glib/gstdio.h>
#include <unistd.h>

typedef struct {
  char *top, *source, *copy;
  KtSysroot *root;
} Fixture;

static void
run (const char *command, const char *argument)
{
  const char *argv[] = { command, "-r", argument, NULL };
  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL));
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->top = g_dir_make_tmp ("kastune-sysroot-XXXXXX", NULL);
  fixture->source = g_build_filename (fixture->top, "source", NULL);
  fixture->copy = g_build_filename (fixture->top, "copy", NULL);
  g_autofree char *empty = g_build_filename (fixture->source, "empty", NULL);
  g_autofree char *file = g_build_filename (fixture->source, "number", NULL);
  g_autofree char *link = g_build_filename (fixture->source, "link", NULL);
  g_assert_cmpint (g_mkdir_with_parents (empty, 0755), ==, 0);
  g_assert_true (g_file_set_contents (file, " 42 \n", -1, NULL));
  g_assert_cmpint (symlink ("../../gone/target", link), ==, 0);
  fixture->root = kt_sysroot_open (NULL, NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  kt_sysroot_free (fixture->root);
  run ("rm", fixture->top);
  g_free (fixture->top);
  g_free (fixture->source);
  g_free (fixture->copy);
}

static char *
in (const Fixture *fixture, const char *name)
{
  return g_build_filename (fixture->source, name, NULL);
}

/* What was asked of the live machine is answered alike by the recording; what was not asked for is not there. */
static void
test_recording (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_assert_true (kt_sysroot_start_recording (fixture->root, fixture->copy, &error));
  g_autofree char *number = in (fixture, "number");
  g_autofree char *link = in (fixture, "link");
  gint64 value = 0;
  g_auto (GStrv) names = kt_sysroot_list (fixture->root, fixture->source);
  g_assert_cmpuint (g_strv_length (names), ==, 3);
  g_assert_true (kt_sysroot_read_int (fixture->root, number, &value));
  g_assert_cmpint (value, ==, 42);
  g_autofree char *target = kt_sysroot_link (fixture->root, link);
  g_assert_cmpstr (target, ==, "../../gone/target");
  g_key_file_set_string (kt_sysroot_machine (fixture->root), "group", "key", "value");
  g_assert_true (kt_sysroot_finish_recording (fixture->root, &error));
  g_assert_no_error (error);
  g_assert_false (kt_sysroot_is_recording (fixture->root));

  g_autoptr (KtSysroot) copy = kt_sysroot_open (fixture->copy, &error);
  g_assert_no_error (error);
  g_assert_false (kt_sysroot_is_live (copy));
  g_autofree char *empty = in (fixture, "empty");
  g_auto (GStrv) copied = kt_sysroot_list (copy, fixture->source);
  g_auto (GStrv) nothing = kt_sysroot_list (copy, empty);
  g_autofree char *copied_target = kt_sysroot_link (copy, link);
  g_assert_cmpstrv (copied, ((const char *const[]){ "empty", "link", "number", NULL }));
  g_assert_cmpuint (g_strv_length (nothing), ==, 0);
  g_assert_true (kt_sysroot_exists (copy, empty));
  g_assert_true (kt_sysroot_read_int (copy, number, &value));
  g_assert_cmpstr (copied_target, ==, target);
  g_autofree char *kept = g_build_filename (fixture->copy, empty, ".keep", NULL);
  g_assert_true (g_file_test (kept, G_FILE_TEST_EXISTS));
  g_autofree char *fact = g_key_file_get_string (kt_sysroot_machine (copy), "group", "key", NULL);
  g_assert_cmpstr (fact, ==, "value");
}

static void
test_peek (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *number = in (fixture, "number");
  g_assert_true (kt_sysroot_start_recording (fixture->root, fixture->copy, &error));
  g_autofree char *text = kt_sysroot_peek (fixture->root, number);
  g_auto (GStrv) names = kt_sysroot_peek_list (fixture->root, fixture->source);
  g_assert_cmpstr (text, ==, " 42");
  g_assert_cmpuint (g_strv_length (names), ==, 3);
  g_autofree char *part = in (fixture, "part");
  kt_sysroot_keep (fixture->root, part, "only this");
  g_assert_true (kt_sysroot_finish_recording (fixture->root, &error));
  g_autoptr (KtSysroot) copy = kt_sysroot_open (fixture->copy, &error);
  g_assert_false (kt_sysroot_exists (copy, number));
  g_autofree char *kept = kt_sysroot_read (copy, part);
  g_assert_cmpstr (kept, ==, "only this");
}

static void
test_marks (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *number = in (fixture, "number");
  g_assert_true (kt_sysroot_start_recording (fixture->root, fixture->copy, &error));
  g_assert_true (kt_sysroot_exists (fixture->root, number));
  g_autofree char *marked = g_strconcat (fixture->copy, number, NULL);
  g_autofree char *mark = NULL;
  g_assert_true (g_file_get_contents (marked, &mark, NULL, NULL));
  g_assert_cmpstr (mark, ==, "");
  g_autofree char *text = kt_sysroot_read (fixture->root, number);
  g_assert_cmpstr (text, ==, " 42");
  g_autofree char *content = NULL;
  g_assert_true (g_file_get_contents (marked, &content, NULL, NULL));
  g_assert_cmpstr (content, ==, " 42 \n");
}

static void
test_refused (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_assert_false (kt_sysroot_start_recording (fixture->root, fixture->source, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_REFUSED);
  g_clear_error (&error);
  g_assert_null (kt_sysroot_open (fixture->source, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_NOT_FOUND);
}

static void
test_numbers (Fixture *fixture, gconstpointer data)
{
  static const struct {
    const char *text;
    gboolean ok;
    gint64 value;
  } rows[] = { { "7", TRUE, 7 }, { "-1\n", TRUE, -1 }, { "max\n", TRUE, G_MAXINT64 },
    { "18446744073709551615", TRUE, G_MAXINT64 },
               { "", FALSE, 0 }, { "x", FALSE, 0 }, { "7x", FALSE, 0 }, { "7 8", TRUE, 7 } };
  g_autofree char *path = in (fixture, "number");
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      gint64 value = 0;
      g_assert_true (g_file_set_contents (path, rows[i].text, -1, NULL));
      g_assert_cmpint (kt_sysroot_read_int (fixture->root, path, &value), ==, rows[i].ok);
      g_assert_cmpint (value, ==, rows[i].value);
    }
  gint64 value;
  g_assert_false (kt_sysroot_read_int (fixture->root, fixture->source, &value));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/base/sysroot/recording-answers-as-the-machine", Fixture, NULL, set_up, test_recording, tear_down);
  g_test_add ("/base/sysroot/peek-records-nothing", Fixture, NULL, set_up, test_peek, tear_down);
  g_test_add ("/base/sysroot/existence-is-recorded-without-content", Fixture, NULL, set_up, test_marks, tear_down);
  g_test_add ("/base/sysroot/only-empty-folders-and-real-recordings", Fixture, NULL, set_up, test_refused, tear_down);
  g_test_add ("/base/sysroot/numbers", Fixture, NULL, set_up, test_numbers, tear_down);
  return g_test_run ();
}
