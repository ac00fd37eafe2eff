/* SPDX-License-Identifier: MIT
 *
 * Short words for json-glib. An operation's result is one JSON document, which the command line renders,
 * `--json` prints and the web sends: nothing is shaped twice.
 * Member names are snake_case with the unit at the end: size_bytes, elapsed_ms.
 */
#pragma once

#include <json-glib/json-glib.h>

/* Two spaces of indentation, newline at the end. Caller frees. */
char *kt_json_to_text (JsonNode *node);
/* One line, no newline. Caller frees. */
char *kt_json_to_line (JsonNode *node);
/* Errors: KT_ERROR_PARSE with the position. */
JsonNode *kt_json_parse (const char *text, GError **error);

/* Setters leave the member out when the value is NULL, so an absent fact is an absent member. */
void kt_json_set_string (JsonObject *object, const char *name, const char *value);
void kt_json_set_strings (JsonObject *object, const char *name, const char *const *values);

/* Getters give the default when the member is absent or of another type. Strings and objects are borrowed. */
const char *kt_json_string (JsonObject *object, const char *name, const char *fallback);
gint64 kt_json_int (JsonObject *object, const char *name, gint64 fallback);
double kt_json_double (JsonObject *object, const char *name, double fallback);
gboolean kt_json_bool (JsonObject *object, const char *name, gboolean fallback);
JsonObject *kt_json_object (JsonObject *object, const char *name); /* NULL when absent */
JsonArray *kt_json_array (JsonObject *object, const char *name);   /* NULL when absent */

JsonNode *kt_json_node_take (JsonObject *object);
