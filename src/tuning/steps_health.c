/* SPDX-License-Identifier: MIT
 *
 * Step `server-health`: changes nothing and comes last in a plan, so that a server which is as planned but not fit for work
 * takes the whole change set back.
 */
#include "base/error.h"
#include "tuning/steps_health_checks.h"
#include "tuning/steps.h"

JsonObject *
kt_step_health_args (const KtInstance *instance, guint sessions)
{
  JsonObject *args = json_object_new ();
  json_object_set_object_member (args, "instance", kt_instance_to_json (instance));
  json_object_set_int_member (args, "sessions", sessions);
  return args;
}

static char *
describe (JsonObject *args)
{
  return g_strdup_printf ("check that the server is fit for work: connect, read, write, %d sessions that sort and write at once",
                          (int) kt_json_int (args, "sessions", 0));
}

static KtInstance *
instance_of (JsonObject *args, GError **error)
{
  JsonObject *object = kt_json_object (args, "instance");
  if (object != NULL)
    return kt_instance_from_json (object, error);
  kt_error_set (error, KT_ERROR_PARSE, NULL, NULL, "the step is incomplete: instance is missing");
  return NULL;
}

static JsonObject *
prepare (KtStepContext *context, JsonObject *args, GError **error)
{
  g_autoptr (KtInstance) instance = instance_of (args, error);
  if (instance == NULL)
    return NULL;
  JsonObject *before = json_object_new ();
  json_object_set_int_member (before, "log_position", kt_instance_log_position (instance));
  return before;
}

static gboolean
check_at (KtHealthOccasion occasion, KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  g_autoptr (KtInstance) instance = instance_of (args, error);
  return instance != NULL
         && kt_health_check (context, instance, (guint) kt_json_int (args, "sessions", 0), kt_json_int (before, "log_position", 0),
                             occasion, error);
}

static gboolean
apply (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  return check_at (KT_HEALTH_APPLIED, context, args, before, error);
}

static gboolean
verify (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  return check_at (KT_HEALTH_STATUS, context, args, before, error);
}

static gboolean
confirm (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  return check_at (KT_HEALTH_CONFIRM, context, args, before, error);
}

static gboolean
undo (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  return TRUE;
}

const KtStepKind kt_step_server_health = {
  .name = "server-health",
  .describe = describe,
  .prepare = prepare,
  .apply = apply,
  .verify = verify,
  .confirm = confirm,
  .undo = undo,
};
