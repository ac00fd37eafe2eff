/* SPDX-License-Identifier: MIT */
#include "base/json.h"

#include "base/error.h"

static char *
generate (JsonNode *node, gboolean pretty)
{
  g_autoptr (JsonGenerator) generator = json_generator_new ();
  json_generator_set_pretty (generator, pretty);
  json_generator_set_root (generator, node);
  return json_generator_to_data (generator, NULL);
}

char *
kt_json_to_text (JsonNode *node)
{
  g_autofree char *text = generate (node, TRUE);
  return g_strconcat (text, "\n", NULL);
}

char *
kt_json_to_line (JsonNode *node)
{
  return generate (node, FALSE);
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
