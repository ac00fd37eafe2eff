/* SPDX-License-Identifier: MIT */
#include "base/json.h"

#include <math.h>
#include <string.h>

#include "base/error.h"

/* Written, read back by json-glib's own parser, and written again. */
static void
assert_round_trip (JsonNode *node)
{
  g_autofree char *text = kt_json_to_text (node);
  g_autofree char *line = kt_json_to_line (node);
  const char *both[] = { text, line };
  for (guint i = 0; i < G_N_ELEMENTS (both); i++)
    {
      g_autoptr (JsonParser) parser = json_parser_new ();
      g_autoptr (GError) error = NULL;
      json_parser_load_from_data (parser, both[i], -1, &error);
      g_assert_no_error (error);
      g_assert_true (json_node_equal (node, json_parser_get_root (parser)));
    }
}

static JsonNode *
make_document (void)
{
  JsonObject *object = json_object_new ();
  const char *const words[] = { "a", "", "quote \" slash \\ / tab \t bell \a line \n return \r form \f back \b del \x7f", "grün €", NULL };
  kt_json_set_string (object, "absent", NULL);
  kt_json_set_strings (object, "words", words);
  json_object_set_int_member (object, "least", G_MININT64);
  json_object_set_double_member (object, "tenth", 0.1);
  json_object_set_double_member (object, "whole", 3.0);
  json_object_set_double_member (object, "tiny", -1e-300);
  json_object_set_boolean_member (object, "yes", TRUE);
  json_object_set_null_member (object, "nothing");
  json_object_set_array_member (object, "empty_array", json_array_new ());
  json_object_set_object_member (object, "empty_object", json_object_new ());
  return kt_json_node_take (object);
}

static void
test_what_is_written_reads_back (void)
{
  g_autoptr (JsonNode) node = make_document ();
  assert_round_trip (node);
}

static void
test_layout (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = kt_json_parse ("{\"a\":[1,{\"b\":2.0}],\"c\":[],\"d\":{},\"e\":null}", &error);
  g_assert_no_error (error);
  g_autofree char *text = kt_json_to_text (node);
  g_assert_cmpstr (text, ==,
                   "{\n  \"a\" : [\n    1,\n    {\n      \"b\" : 2.0\n    }\n  ],\n  \"c\" : [],\n  \"d\" : {},\n"
                   "  \"e\" : null\n}\n");
  g_autofree char *line = kt_json_to_line (node);
  g_assert_cmpstr (line, ==, "{\"a\":[1,{\"b\":2.0}],\"c\":[],\"d\":{},\"e\":null}");
}

/* A file name may hold any bytes, and JSON has no number for "no number". */
static void
test_what_json_cannot_say_stays_valid (void)
{
  JsonObject *object = json_object_new ();
  kt_json_set_string (object, "path", "/srv/\xff\xfe/data");
  json_object_set_double_member (object, "none", NAN);
  json_object_set_double_member (object, "endless", INFINITY);
  g_autoptr (JsonNode) node = kt_json_node_take (object);
  g_autofree char *text = kt_json_to_line (node);
  g_assert_cmpstr (text, ==, "{\"path\":\"/srv/��/data\",\"none\":null,\"endless\":null}");
}

static void
test_bad_text_names_the_position (void)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (kt_json_parse ("{\n  \"a\": \n}", &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_PARSE);
  g_assert_nonnull (strstr (kt_error_detail (error), ":3:"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/json/what-is-written-reads-back", test_what_is_written_reads_back);
  g_test_add_func ("/base/json/layout", test_layout);
  g_test_add_func ("/base/json/what-json-cannot-say-stays-valid", test_what_json_cannot_say_stays_valid);
  g_test_add_func ("/base/json/bad-text-names-the-position", test_bad_text_names_the_position);
  return g_test_run ();
}
