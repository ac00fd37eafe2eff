/* SPDX-License-Identifier: MIT */
#include "platform/parts.h"

static void
test_lists (void)
{
  static const struct {
    const char *list;
    guint count;
  } rows[] = {
    { "0", 1 }, { "0-3", 4 }, { "0-3,8,10-11", 7 }, { "0-3\n", 4 }, { "0-1\tx", 2 }, { "", 0 }, { NULL, 0 },
    { "x", 0 }, { "3-1", 0 },
    { "-3", 0 }, { "0-", 0 }, { "1,,2", 0 }, { "0-99999999", 0 }, { "0-18446744073709551615", 0 }, { "1;2", 0 },
    { "1,", 1 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpuint (kt_count_list (rows[i].list), ==, rows[i].count);
}

static void
test_active_word (void)
{
  static const struct {
    const char *words, *active;
  } rows[] = {
    { "none [mq-deadline] kyber", "mq-deadline" }, { "[none]", "none" }, { "none", "none" },
    { "always madvise never", NULL },
    { "[cut", "[cut" }, { "a ]b[", NULL }, { "", NULL }, { NULL, NULL },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *word = kt_active_word (rows[i].words);
      g_assert_cmpstr (word, ==, rows[i].active);
    }
}

static void
test_below (void)
{
  g_assert_true (kt_path_is_below ("/a/b", "/a"));
  g_assert_true (kt_path_is_below ("/a", "/a"));
  g_assert_true (kt_path_is_below ("/a", "/"));
  g_assert_true (kt_path_is_below ("/a/b", "/a/"));
  g_assert_false (kt_path_is_below ("/ab", "/a"));
  g_assert_false (kt_path_is_below ("/", "/a"));
}

static void
test_notes_once (void)
{
  g_autoptr (GPtrArray) notes = g_ptr_array_new_with_free_func (g_free);
  kt_note (notes, "%s is unknown", "it");
  kt_note (notes, "%s is unknown", "it");
  g_assert_cmpuint (notes->len, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/platform/text/lists-of-cpus", test_lists);
  g_test_add_func ("/platform/text/active-word", test_active_word);
  g_test_add_func ("/platform/text/path-below", test_below);
  g_test_add_func ("/platform/text/a-note-is-told-once", test_notes_once);
  return g_test_run ();
}
