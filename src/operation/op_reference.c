/* SPDX-License-Identifier: MIT
 *
 * The tables themselves as a document: what docs/reference is written from.
 */
#include "operation/handlers.h"

#include "tuning/params.h"

static JsonObject *
parameter_to_json (const KtParam *param)
{
  int first = MAX (param->since, KT_MAJOR_FIRST);
  g_autofree char *manual = kt_param_manual (param, param->until != 0 ? param->until : KT_MAJOR_LAST);
  JsonObject *object = json_object_new ();
  json_object_set_string_member (object, "name", param->name);
  json_object_set_string_member (object, "group", kt_group_title (param->group));
  json_object_set_int_member (object, "since", first);
  if (param->until != 0)
    json_object_set_int_member (object, "until", param->until);
  kt_json_set_string (object, "unit", param->unit);
  kt_json_set_string (object, "default", kt_param_boot (param, first));
  json_object_set_string_member (object, "apply", kt_param_apply (param, KT_MAJOR_LAST) == KT_APPLY_RESTART ? "restart" : "reload");
  json_object_set_boolean_member (object, "decided", param->rule != NULL);
  json_object_set_boolean_member (object, "never", param->never);
  kt_json_set_string (object, "left", param->left);
  kt_json_set_string (object, "summary", param->summary);
  kt_json_set_string (object, "why", param->why);
  kt_json_set_string (object, "source", param->source);
  kt_json_set_string (object, "hazard", param->hazard);
  kt_json_set_string (object, "effect", param->impact.effect);
  kt_json_set_string (object, "basis", param->impact.basis);
  kt_json_set_string (object, "manual", manual);
  return object;
}

static JsonObject *
parameters (void)
{
  guint n;
  const KtParam *rows = kt_params (&n);
  JsonArray *array = json_array_new ();
  for (guint i = 0; i < n; i++)
    json_array_add_object_element (array, parameter_to_json (&rows[i]));
  JsonObject *answer = json_object_new ();
  json_object_set_array_member (answer, "parameters", array);
  return answer;
}

static JsonObject *
operation_to_json (const KtOperation *operation)
{
  JsonArray *options = json_array_new ();
  g_autoptr (GPtrArray) args = kt_operation_args (operation);
  for (guint i = 0; i < args->len; i++)
    {
      const KtArg *arg = args->pdata[i];
      JsonObject *option = json_object_new ();
      json_object_set_string_member (option, "name", arg->name);
      json_object_set_boolean_member (option, "positional", arg->positional);
      json_object_set_boolean_member (option, "required", arg->required);
      kt_json_set_string (option, "value", arg->value);
      kt_json_set_strings (option, "choices", arg->choices);
      json_object_set_string_member (option, "help", arg->help);
      json_array_add_object_element (options, option);
    }
  JsonObject *object = json_object_new ();
  json_object_set_string_member (object, "name", operation->name);
  json_object_set_string_member (object, "group", operation->group);
  json_object_set_string_member (object, "summary", operation->summary);
  kt_json_set_string (object, "help", operation->help);
  json_object_set_boolean_member (object, "changes", (operation->flags & KT_OPERATION_CHANGES) != 0);
  json_object_set_array_member (object, "arguments", options);
  return object;
}

static JsonObject *
commands (void)
{
  JsonArray *array = json_array_new ();
  for (const KtOperation *row = kt_operations; row->name != NULL; row++)
    json_array_add_object_element (array, operation_to_json (row));
  JsonObject *answer = json_object_new ();
  json_object_set_array_member (answer, "commands", array);
  return answer;
}

JsonObject *
kt_handle_reference (KtOperationContext *context, JsonObject *args, GError **error)
{
  return g_str_equal (kt_json_string (args, "table", ""), "commands") ? commands () : parameters ();
}
