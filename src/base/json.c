/* SPDX-License-Identifier: MIT */
#include "base/json.h"

#include "base/error.h"

#include <math.h>
#include <string.h>

/* json-glib's own generator takes a fifth of the time of `kastune advise --json` and gives out text that is not UTF-8
 * (a file name may be anything) as it came. This one writes the same layout. */
typedef struct {
  GString *text;
  gboolean pretty;
} Writer;

static void write_node (Writer *writer, JsonNode *node, guint depth);

/* What cannot stand in a string as it is; the end of the text, too. */
static const gboolean special[256] = { [0 ... 0x1f] = TRUE, ['"'] = TRUE, ['\\'] = TRUE, [0x7f] = TRUE };

static void
write_string (GString *text, const char *string)
{
  static const char escaped[] = "\b\f\n\r\t\"\\", letters[] = "bfnrt\"\\";
  g_autofree char *valid = g_utf8_validate (string, -1, NULL) ? NULL : g_utf8_make_valid (string, -1);
  g_string_append_c (text, '"');
  for (const char *from = valid != NULL ? valid : string;; from++)
    {
      gsize plain = 0;
      while (!special[(guchar) from[plain]])
        plain++;
      g_string_append_len (text, from, (gssize) plain);
      from += plain;
      if (*from == '\0')
        break;
      const char *known = strchr (escaped, *from);
      if (known != NULL)
        g_string_append_printf (text, "\\%c", letters[known - escaped]);
      else
        g_string_append_printf (text, "\\u%04x", (guchar) *from);
    }
  g_string_append_c (text, '"');
}

static void
write_value (GString *text, JsonNode *node)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];
  switch (json_node_get_value_type (node))
    {
    case G_TYPE_STRING:
      write_string (text, json_node_get_string (node));
      break;
    case G_TYPE_BOOLEAN:
      g_string_append (text, json_node_get_boolean (node) ? "true" : "false");
      break;
    case G_TYPE_DOUBLE:
      if (!isfinite (json_node_get_double (node)))
        {
          g_string_append (text, "null"); /* JSON has no word for it */
          break;
        }
      g_string_append (text, g_ascii_dtostr (number, sizeof number, json_node_get_double (node)));
      /* Without a point it would come back as an integer. */
      if (strspn (number, "-0123456789") == strlen (number))
        g_string_append (text, ".0");
      break;
    default:
      g_string_append_printf (text, "%" G_GINT64_FORMAT, json_node_get_int (node));
    }
}

static void
next_line (Writer *writer, guint depth)
{
  if (!writer->pretty)
    return;
  gsize end = writer->text->len;
  g_string_set_size (writer->text, end + 1 + 2 * depth);
  writer->text->str[end] = '\n';
  memset (writer->text->str + end + 1, ' ', 2 * depth);
}

/* Between two things; nothing before the first. */
static void
next_thing (Writer *writer, gboolean first, guint depth)
{
  if (!first)
    g_string_append_c (writer->text, ',');
  next_line (writer, depth);
}

static void
write_object (Writer *writer, JsonObject *object, guint depth)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;
  gboolean first = TRUE;
  g_string_append_c (writer->text, '{');
  json_object_iter_init_ordered (&iter, object);
  for (; json_object_iter_next_ordered (&iter, &name, &node); first = FALSE)
    {
      next_thing (writer, first, depth + 1);
      write_string (writer->text, name);
      g_string_append_len (writer->text, writer->pretty ? " : " : ":", writer->pretty ? 3 : 1);
      write_node (writer, node, depth + 1);
    }
  if (!first)
    next_line (writer, depth);
  g_string_append_c (writer->text, '}');
}

static void
write_array (Writer *writer, JsonArray *array, guint depth)
{
  guint length = json_array_get_length (array);
  g_string_append_c (writer->text, '[');
  for (guint i = 0; i < length; i++)
    {
      next_thing (writer, i == 0, depth + 1);
      write_node (writer, json_array_get_element (array, i), depth + 1);
    }
  if (length > 0)
    next_line (writer, depth);
  g_string_append_c (writer->text, ']');
}

static void
write_node (Writer *writer, JsonNode *node, guint depth)
{
  switch (json_node_get_node_type (node))
    {
    case JSON_NODE_OBJECT:
      write_object (writer, json_node_get_object (node), depth);
      break;
    case JSON_NODE_ARRAY:
      write_array (writer, json_node_get_array (node), depth);
      break;
    case JSON_NODE_VALUE:
      write_value (writer->text, node);
      break;
    case JSON_NODE_NULL:
      g_string_append (writer->text, "null");
    }
}

static char *
write_text (JsonNode *node, gboolean pretty)
{
  Writer writer = { g_string_sized_new (16384), pretty };
  write_node (&writer, node, 0);
  if (pretty)
    g_string_append_c (writer.text, '\n');
  return g_string_free (writer.text, FALSE);
}

char *
kt_json_to_text (JsonNode *node)
{
  return write_text (node, TRUE);
}

char *
kt_json_to_line (JsonNode *node)
{
  return write_text (node, FALSE);
}

JsonNode *
kt_json_parse (const char *text, GError **error)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) local = NULL;
  if (!json_parser_load_from_data (parser, text, -1, &local))
    {
      kt_error_set (error, KT_ERROR_PARSE, local->message, NULL, "this is not JSON");
      return NULL;
    }
  JsonNode *root = json_parser_steal_root (parser);
  return root != NULL ? root : json_node_new (JSON_NODE_NULL);
}

void
kt_json_set_string (JsonObject *object, const char *name, const char *value)
{
  if (value != NULL)
    json_object_set_string_member (object, name, value);
}

void
kt_json_set_strings (JsonObject *object, const char *name, const char *const *values)
{
  if (values == NULL)
    return;
  JsonArray *array = json_array_new ();
  for (; *values != NULL; values++)
    json_array_add_string_element (array, *values);
  json_object_set_array_member (object, name, array);
}

static JsonNode *
member (JsonObject *object, const char *name, JsonNodeType type)
{
  JsonNode *node = object != NULL ? json_object_get_member (object, name) : NULL;
  return node != NULL && json_node_get_node_type (node) == type ? node : NULL;
}

const char *
kt_json_string (JsonObject *object, const char *name, const char *fallback)
{
  JsonNode *node = member (object, name, JSON_NODE_VALUE);
  return node != NULL && json_node_get_value_type (node) == G_TYPE_STRING ? json_node_get_string (node) : fallback;
}

gint64
kt_json_int (JsonObject *object, const char *name, gint64 fallback)
{
  JsonNode *node = member (object, name, JSON_NODE_VALUE);
  return node != NULL && json_node_get_value_type (node) == G_TYPE_INT64 ? json_node_get_int (node) : fallback;
}

double
kt_json_double (JsonObject *object, const char *name, double fallback)
{
  JsonNode *node = member (object, name, JSON_NODE_VALUE);
  GType type = node != NULL ? json_node_get_value_type (node) : G_TYPE_INVALID;
  return type == G_TYPE_DOUBLE || type == G_TYPE_INT64 ? json_node_get_double (node) : fallback;
}

gboolean
kt_json_bool (JsonObject *object, const char *name, gboolean fallback)
{
  JsonNode *node = member (object, name, JSON_NODE_VALUE);
  return node != NULL && json_node_get_value_type (node) == G_TYPE_BOOLEAN ? json_node_get_boolean (node) : fallback;
}

JsonObject *
kt_json_object (JsonObject *object, const char *name)
{
  JsonNode *node = member (object, name, JSON_NODE_OBJECT);
  return node != NULL ? json_node_get_object (node) : NULL;
}

JsonArray *
kt_json_array (JsonObject *object, const char *name)
{
  JsonNode *node = member (object, name, JSON_NODE_ARRAY);
  return node != NULL ? json_node_get_array (node) : NULL;
}

JsonNode *
kt_json_node_take (JsonObject *object)
{
  JsonNode *node = json_node_alloc ();
  json_node_init_object (node, object);
  json_object_unref (object);
  return node;
}
