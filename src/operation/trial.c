/* SPDX-License-Identifier: MIT */
#include "operation/trial.h"

#include "base/error.h"
#include "postgres/instance.h"
#include "postgres/scratch.h"

JsonObject *
kt_trial_run (KtFacts *facts, KtOperationContext *context, const char *conf_text, GError **error)
{
  if (facts->server == NULL)
    {
      kt_error_set (error, KT_ERROR_USAGE, NULL, "leave out --root and --pg-version", "a running server is needed, for its binaries");
      return NULL;
    }
  g_autoptr (KtInstance) instance = kt_instance_find (facts->server, facts->conninfo, error);
  if (instance == NULL)
    return NULL;
  if (instance->bin_directory == NULL)
    {
      kt_error_set (error, KT_ERROR_UNSUPPORTED, NULL, "run it on the machine of the server", "the programs of this server are not here, so nothing can be tried with them");
      return NULL;
    }
  gint64 limit = facts->platform->cgroup.memory_limit;
  const KtScratch scratch = {
    .bin_directory = instance->bin_directory,
    .owner = instance->owner,
    .conf_text = conf_text,
    .wal_segment_bytes = facts->server->wal_segment_bytes,
    .memory_limit = limit > 0 && limit < G_MAXINT64 ? limit : 0,
  };
  if (context->progress != NULL)
    context->progress (context->user, "starting the settings in a scratch cluster", 0, 0);
  g_auto (KtScratchResult) result = { 0 };
  if (!kt_scratch_try (&scratch, &result, context->cancellable, error))
    return NULL;
  JsonObject *answer = json_object_new ();
  json_object_set_boolean_member (answer, "started", result.started);
  kt_json_set_string (answer, "problem", result.problem);
  kt_json_set_string (answer, "hint", result.hint);
  kt_json_set_strings (answer, "warnings", (const char *const *) result.warnings);
  json_object_set_boolean_member (answer, "limited", result.limited);
  if (scratch.memory_limit > 0)
    json_object_set_int_member (answer, "memory_limit_bytes", scratch.memory_limit);
  if (result.shared_memory_bytes >= 0)
    json_object_set_int_member (answer, "shared_memory_bytes", result.shared_memory_bytes);
  if (result.huge_pages >= 0)
    json_object_set_int_member (answer, "huge_pages", result.huge_pages);
  json_object_set_int_member (answer, "elapsed_ms", result.elapsed_ms);
  return answer;
}
