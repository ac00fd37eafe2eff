/* SPDX-License-Identifier: MIT */
#include "change/plan.h"

KtPlan *
kt_plan_new (const char *title, const char *server, const char *server_name)
{
  g_return_val_if_fail (title != NULL && server != NULL && server_name != NULL, NULL);
  KtPlan *plan = g_new0 (KtPlan, 1);
  plan->title = g_strdup (title);
  plan->server = g_strdup (server);
  plan->server_name = g_strdup (server_name);
  plan->steps = g_ptr_array_new_with_free_func ((GDestroyNotify) kt_plan_step_free);
  return plan;
}

void
kt_plan_step_free (KtPlanStep *step)
{
  if (step == NULL)
    return;
  json_object_unref (step->args);
  g_free (step);
}

void
kt_plan_free (KtPlan *plan)
{
  if (plan == NULL)
    return;
  g_free (plan->title);
  g_free (plan->server);
  g_free (plan->server_name);
  g_free (plan->window);
  g_ptr_array_unref (plan->steps);
  g_free (plan);
}

KtPlanStep *
kt_plan_add (KtPlan *plan, const KtStepKind *kind, JsonObject *args)
{
  g_return_val_if_fail (kind != NULL && args != NULL, NULL);
  KtPlanStep *step = g_new0 (KtPlanStep, 1);
  step->kind = kind;
  step->args = args;
  g_ptr_array_add (plan->steps, step);
  return step;
}

static JsonObject *
step_to_json (const KtPlanStep *step)
{
  g_autofree char *description = step->kind->describe (step->args);
  JsonObject *object = json_object_new ();
  json_object_set_string_member (object, "kind", step->kind->name);
  json_object_set_string_member (object, "description", description);
  json_object_set_object_member (object, "args", json_object_ref (step->args));
  json_object_set_boolean_member (object, "interrupts", step->interrupts);
  json_object_set_int_member (object, "interruption_ms", step->interruption_ms);
  json_object_set_int_member (object, "estimate_ms", step->estimate_ms);
  return object;
}

JsonObject *
kt_plan_to_json (const KtPlan *plan)
{
  JsonObject *object = json_object_new ();
  json_object_set_string_member (object, "title", plan->title);
  json_object_set_string_member (object, "server", plan->server);
  json_object_set_string_member (object, "server_name", plan->server_name);
  if (plan->confirm_within_ms > 0)
    json_object_set_int_member (object, "confirm_within_ms", plan->confirm_within_ms);
  JsonArray *steps = json_array_new ();
  for (guint i = 0; i < plan->steps->len; i++)
    json_array_add_object_element (steps, step_to_json (g_ptr_array_index (plan->steps, i)));
  json_object_set_array_member (object, "steps", steps);
  return object;
}
