/* SPDX-License-Identifier: MIT */
#include "base/table.h"

static const KtColumn columns[] = { { "NAME", KT_COLUMN_LEFT }, { "VALUE", KT_COLUMN_RIGHT }, { "WHY", KT_COLUMN_WRAP } };

static void
test_aligned (void)
{
  g_autoptr (KtTable) table = kt_table_new (columns, 3);
  kt_table_add (table, "a", "1", "short");
  kt_table_add (table, "longer", "100", NULL);
  g_autoptr (GString) out = g_string_new (NULL);
  kt_table_print (table, out, 0, 1);
  g_assert_cmpstr (out->str, ==, " NAME    VALUE  WHY\n a           1  short\n longer    100\n");
}

static void
test_wrapped (void)
{
  g_autoptr (KtTable) table = kt_table_new (columns, 3);
  kt_table_add_group (table, "memory");
  kt_table_add (table, "a", "1", "words that do not fit into the width that is left");
  g_autoptr (GString) out = g_string_new (NULL);
  kt_table_print (table, out, 34, 0);
  g_assert_cmpstr (out->str, ==,
                   "NAME  VALUE  WHY\nmemory\na         1  words that do not fit\n             into the width that\n             is left\n");
}

static void
test_unicode_width (void)
{
  g_assert_cmpuint (kt_text_width ("µs"), ==, 2);
  g_assert_cmpuint (kt_text_width ("日本"), ==, 4);
}

static void
test_text_wrap (void)
{
  g_autoptr (GString) out = g_string_new (NULL);
  kt_text_wrap (out, "one two three four five six seven", 24, 2);
  g_assert_cmpstr (out->str, ==, "  one two three four\n  five six seven\n");
  g_string_truncate (out, 0);
  kt_text_wrap (out, "averylongwordthatcannotbebrokenanywhere", 20, 0);
  g_assert_cmpstr (out->str, ==, "averylongwordthatcan\nnotbebrokenanywhere\n");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/table/aligned", test_aligned);
  g_test_add_func ("/base/table/wrapped", test_wrapped);
  g_test_add_func ("/base/table/unicode-width", test_unicode_width);
  g_test_add_func ("/base/table/text-wrap", test_text_wrap);
  return g_test_run ();
}
