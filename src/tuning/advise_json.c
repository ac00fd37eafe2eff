/* SPDX-License-Identifier: MIT
 *
 * The advice as the one document that the command line renders and --json prints.
 */
#include "tuning/advise.h"

#include "base/size.h"
#include "tuning/params_json.h"

#include <math.h>

static JsonObject *
memory_json (const KtAdvice *advice)
{
  JsonObject *object = kt_budget_to_json (advice->in->budget);
  JsonObject *worst = json_object_new ();
  json_object_set_array_member (worst, "lines", kt_budget_lines_to_json (advice->worst_case->lines));
  json_object_set_int_member (worst, "bytes", advice->worst_case->total);
  json_object_set_double_member (worst, "percent", round (advice->worst_case->share * 1000) / 10);
  kt_json_set_string (worst, "verdict", kt_memory_verdict_name (advice->worst_case->verdict));
  json_object_set_object_member (object, "worst_case", worst);
  return object;
}

static JsonObject *
profile_json (const KtAdvice *advice)
{
  const KtProfile *profile = advice->in->profile;
  JsonObject *object = json_object_new ();
  kt_json_set_string (object, "name", profile->name);
  kt_json_set_string (object, "summary", profile->summary);
  kt_json_set_string (object, "file", profile->file);
  kt_json_set_string (object, "extends", profile->file != NULL ? profile->row->name : NULL);
  kt_json_set_string (object, "because", advice->profile_because);
  json_object_set_boolean_member (object, "picked", advice->picked != NULL);
  return object;
}

static JsonObject *
wal_json (const KtAdvice *advice)
{
  const KtInputs *in = advice->in;
  JsonObject *object = json_object_new ();
  json_object_set_double_member (object, "rate_bytes_per_s", round (in->wal_rate));
  json_object_set_boolean_member (object, "rate_measured", in->wal_rate_measured);
  json_object_set_double_member (object, "transactions_per_s", round (in->transactions_per_s));
  json_object_set_boolean_member (object, "transactions_measured", in->transactions_measured);
  json_object_set_int_member (object, "free_bytes", in->wal.free);
  json_object_set_double_member (object, "recovery_s", round (advice->recovery_seconds));
  return object;
}

JsonObject *
kt_advice_row_to_json (const KtAdviceRow *row, int major)
{
  JsonObject *object = json_object_new ();
  const KtParam *param = row->param;
  kt_json_set_string (object, "name", param->name);
  kt_json_set_string (object, "group", kt_group_name (param->group));
  kt_json_set_string (object, "group_title", kt_group_title (param->group));
  kt_json_set_string (object, "summary", param->summary);
  kt_json_set_string (object, "running", row->running);
  kt_json_set_string (object, "origin", row->origin);
  kt_json_set_string (object, "wanted", row->wanted);
  kt_json_set_string (object, "verdict", kt_verdict_name (row->verdict));
  kt_json_set_string (object, "apply", row->apply == KT_APPLY_RESTART ? "restart" : "reload");
  kt_json_set_string (object, "because", row->because);
  kt_json_set_string (object, "overridden_by", row->overridden_by);
  json_object_set_boolean_member (object, "pending_restart", row->pending_restart);
  kt_json_set_string (object, "hazard", param->hazard);
  g_autofree char *manual = kt_param_manual (param, major);
  kt_json_set_string (object, "source", param->source);
  kt_json_set_string (object, "manual", manual);
  kt_param_impact_to_json (param, object);
  return object;
}

void
kt_param_impact_to_json (const KtParam *param, JsonObject *object)
{
  if (param->impact.effect == NULL)
    return;
  JsonObject *impact = json_object_new ();
  kt_json_set_string (impact, "effect", param->impact.effect);
  kt_json_set_string (impact, "basis", param->impact.basis);
  kt_json_set_string (impact, "confidence", kt_confidence_name (param->impact.confidence));
  json_object_set_object_member (object, "impact", impact);
}

static JsonArray *
parameters_json (const KtAdvice *advice)
{
  JsonArray *array = json_array_new ();
  for (guint i = 0; i < advice->rows->len; i++)
    json_array_add_object_element (array, kt_advice_row_to_json (advice->rows->pdata[i], advice->in->major));
  return array;
}

static JsonArray *
tables_json (const KtAdvice *advice)
{
  JsonArray *array = json_array_new ();
  for (guint i = 0; i < advice->tables->len; i++)
    {
      const KtTableRow *row = advice->tables->pdata[i];
      JsonObject *object = json_object_new ();
      kt_json_set_string (object, "schema", row->schema);
      kt_json_set_string (object, "table", row->table);
      kt_json_set_string (object, "running", row->running);
      kt_json_set_string (object, "wanted", row->wanted);
      kt_json_set_string (object, "verdict", kt_verdict_name (row->verdict));
      kt_json_set_string (object, "statement", row->statement);
      kt_json_set_string (object, "undo", row->undo);
      kt_json_set_string (object, "because", row->because);
      kt_json_set_string (object, "hazard", row->hazard);
      json_array_add_object_element (array, object);
    }
  return array;
}

static JsonArray *
roles_json (const KtAdvice *advice)
{
  JsonArray *array = json_array_new ();
  for (guint i = 0; i < advice->roles->len; i++)
    {
      const KtRoleRow *row = advice->roles->pdata[i];
      JsonObject *object = json_object_new ();
      kt_json_set_string (object, "role", row->role);
      json_object_set_boolean_member (object, "role_known", row->role_known);
      kt_json_set_string (object, "setting", row->setting);
      kt_json_set_string (object, "value", row->value);
      kt_json_set_string (object, "statement", row->statement);
      kt_json_set_string (object, "undo", row->undo);
      kt_json_set_string (object, "meaning", row->meaning);
      json_array_add_object_element (array, object);
    }
  return array;
}

static JsonArray *
kernel_json (const KtAdvice *advice)
{
  JsonArray *array = json_array_new ();
  for (guint i = 0; i < advice->kernel->len; i++)
    {
      const KtKernelRow *row = advice->kernel->pdata[i];
      JsonObject *object = json_object_new ();
      kt_json_set_string (object, "name", row->name);
      kt_json_set_string (object, "running", row->running);
      kt_json_set_string (object, "wanted", row->wanted);
      kt_json_set_string (object, "verdict", kt_verdict_name (row->verdict));
      kt_json_set_string (object, "command", row->command);
      kt_json_set_string (object, "persist", row->persist);
      kt_json_set_string (object, "because", row->because);
      kt_json_set_string (object, "hazard", row->hazard);
      kt_json_set_string (object, "source", row->source);
      json_array_add_object_element (array, object);
    }
  return array;
}

JsonObject *
kt_advice_to_json (const KtAdvice *advice)
{
  JsonObject *object = json_object_new ();
  json_object_set_int_member (object, "major", advice->in->major);
  json_object_set_boolean_member (object, "offline", advice->in->server == NULL);
  kt_json_set_string (object, "phase", kt_phase_name (advice->in->phase));
  json_object_set_object_member (object, "profile", profile_json (advice));
  json_object_set_object_member (object, "memory", memory_json (advice));
  json_object_set_object_member (object, "wal", wal_json (advice));
  json_object_set_array_member (object, "parameters", parameters_json (advice));
  json_object_set_array_member (object, "tables", tables_json (advice));
  json_object_set_array_member (object, "roles", roles_json (advice));
  json_object_set_array_member (object, "kernel", kernel_json (advice));
  json_object_set_array_member (object, "findings", kt_findings_to_json (advice->findings));
  return object;
}
