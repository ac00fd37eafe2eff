/* SPDX-License-Identifier: MIT */
#include "operation/facts.h"
#include "operation/handlers.h"

#include "base/error.h"
#include "platform/platform_json.h"

/* What --record writes: the same folders, the measurements along, and nothing that could be a secret. */
static gboolean
record (const KtFacts *facts, const char *directory, GError **error)
{
  const KtPlatform *platform = facts->platform;
  g_autofree KtPlatformPath *paths = g_new0 (KtPlatformPath, platform->volumes->len + 1);
  for (guint i = 0; i < platform->volumes->len; i++)
    {
      const KtVolume *volume = platform->volumes->pdata[i];
      paths[i] = (KtPlatformPath){ volume->role, volume->path };
    }
  gint64 pid = facts->server != NULL && facts->server->local ? facts->server->postmaster_pid : 0;
  g_autoptr (KtPlatform) recorded = kt_platform_record (directory, paths, pid, platform, error);
  return recorded != NULL;
}

JsonObject *
kt_handle_host (KtOperationContext *context, JsonObject *args, GError **error)
{
  KtFactsNeeds needs = kt_json_bool (args, "probe", FALSE) ? KT_FACTS_AGAIN : KT_FACTS_MEASURE;
  g_autoptr (KtFacts) facts = kt_facts_load (context, args, needs, error);
  if (facts == NULL)
    return NULL;
  if (facts->server_error != NULL && !json_object_has_member (args, "path"))
    g_ptr_array_add (facts->platform->notes,
                     g_strdup_printf ("no PostgreSQL answered (%s), so its folders are guessed; --dsn or --path name them",
                                      facts->server_error->message));
  const char *directory = kt_json_string (args, "record", NULL);
  if (directory != NULL && !record (facts, directory, error))
    return NULL;
  g_autoptr (KtBudget) budget = kt_budget_new (facts->platform, facts->options.reserve);
  JsonObject *answer = kt_platform_to_json (facts->platform);
  json_object_set_object_member (answer, "memory_for_postgresql", kt_budget_to_json (budget));
  kt_json_set_string (answer, "recorded", directory);
  return answer;
}
