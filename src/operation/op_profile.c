/* SPDX-License-Identifier: MIT */
#include "operation/facts.h"
#include "operation/handlers.h"
#include "tuning/check.h"

static JsonObject *
row_to_json (const KtProfileRow *row)
{
  JsonObject *object = json_object_new ();
  json_object_set_string_member (object, "name", row->name);
  json_object_set_string_member (object, "title", row->title);
  json_object_set_string_member (object, "summary", row->summary);
  json_object_set_string_member (object, "hardware", row->hardware);
  json_object_set_int_member (object, "shared_buffers_percent", row->shared_buffers_percent);
  json_object_set_int_member (object, "shared_buffers_ceiling_percent", row->shared_buffers_ceiling);
  json_object_set_int_member (object, "busy_connections", row->busy_connections);
  json_object_set_int_member (object, "work_mem_max_bytes", row->work_mem_max);
  json_object_set_int_member (object, "maintenance_work_mem_max_bytes", row->maintenance_work_mem_max);
  json_object_set_int_member (object, "checkpoint_timeout_s", row->checkpoint_timeout_s);
  json_object_set_int_member (object, "recovery_limit_s", row->recovery_limit_s);
  return object;
}

JsonObject *
kt_handle_profile_list (KtOperationContext *context, JsonObject *args, GError **error)
{
  guint n;
  const KtProfileRow *rows = kt_profile_rows (&n);
  JsonArray *profiles = json_array_new ();
  for (guint i = 0; i < n; i++)
    json_array_add_object_element (profiles, row_to_json (&rows[i]));
  JsonObject *answer = json_object_new ();
  json_object_set_array_member (answer, "profiles", profiles);
  return answer;
}

static JsonObject *
overrides_to_json (const KtProfile *profile)
{
  JsonObject *object = json_object_new ();
  GHashTableIter iter;
  gpointer name, value;
  g_hash_table_iter_init (&iter, profile->set);
  while (g_hash_table_iter_next (&iter, &name, &value))
    json_object_set_string_member (object, name, value);
  return object;
}

static JsonObject *
factors_to_json (const KtProfile *profile)
{
  JsonObject *object = json_object_new ();
  GHashTableIter iter;
  gpointer name, value;
  g_hash_table_iter_init (&iter, profile->factor);
  while (g_hash_table_iter_next (&iter, &name, &value))
    json_object_set_double_member (object, name, *(const double *) value);
  return object;
}

static JsonObject *
profile_to_json (const KtProfile *profile)
{
  JsonObject *object = row_to_json (profile->row);
  json_object_set_string_member (object, "name", profile->name);
  kt_json_set_string (object, "summary", profile->summary != NULL ? profile->summary : profile->row->summary);
  kt_json_set_string (object, "file", profile->file);
  json_object_set_string_member (object, "extends", profile->row->name);
  json_object_set_string_member (object, "phase", kt_phase_name (profile->phase));
  json_object_set_boolean_member (object, "async_commit_offered", profile->async_commit_offered);
  if (profile->reserve >= 0)
    json_object_set_int_member (object, "reserve_bytes", profile->reserve);
  if (profile->connections > 0)
    json_object_set_int_member (object, "connections", profile->connections);
  json_object_set_object_member (object, "set", overrides_to_json (profile));
  json_object_set_object_member (object, "factor", factors_to_json (profile));
  return object;
}

JsonObject *
kt_handle_profile_show (KtOperationContext *context, JsonObject *args, GError **error)
{
  g_autoptr (KtProfile) profile = kt_profile_load (kt_json_string (args, "name", NULL), error);
  return profile != NULL ? profile_to_json (profile) : NULL;
}

JsonObject *
kt_handle_profile_pick (KtOperationContext *context, JsonObject *args, GError **error)
{
  g_autoptr (KtFacts) facts = kt_facts_load (context, args, 0, error);
  if (facts == NULL)
    return NULL;
  g_autoptr (GString) because = g_string_new (NULL);
  g_autoptr (KtProfile) profile = kt_profile_pick (facts->platform, facts->options.reserve, because);
  JsonObject *answer = profile_to_json (profile);
  json_object_set_string_member (answer, "because", because->str);
  return answer;
}

JsonObject *
kt_handle_profile_check (KtOperationContext *context, JsonObject *args, GError **error)
{
  json_object_set_string_member (args, "profile", kt_json_string (args, "name", ""));
  g_autoptr (KtFacts) facts = kt_facts_load (context, args, 0, error);
  if (facts == NULL)
    return NULL;
  if (facts->server != NULL)
    facts->options.major = facts->server->major;
  g_autoptr (KtInputs) in = kt_inputs_new (facts->platform, facts->server, facts->profile, &facts->options);
  g_autoptr (GPtrArray) findings = kt_profile_check (in);
  context->findings = findings->len > 0;
  JsonObject *answer = profile_to_json (facts->profile);
  json_object_set_boolean_member (answer, "accepted", !kt_findings_refuse (findings));
  json_object_set_array_member (answer, "findings", kt_findings_to_json (findings));
  return answer;
}
