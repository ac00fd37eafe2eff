/* SPDX-License-Identifier: MIT */
#include "operation/handlers.h"
#include "operation/host_plan.h"

JsonObject *
kt_handle_host_advise (KtOperationContext *context, JsonObject *args, GError **error)
{
  g_autoptr (KtFacts) facts = kt_facts_load (context, args, KT_FACTS_ADVICE | KT_FACTS_HOST, error);
  if (facts == NULL)
    return NULL;
  g_autoptr (KtInstance) instance = facts->server != NULL ? kt_instance_find (facts->server, facts->conninfo, NULL) : NULL;
  JsonObject *answer = kt_host_advice_json (facts, instance);
  for (guint i = 0; i < facts->advice->kernel->len; i++)
    context->findings |= ((KtKernelRow *) facts->advice->kernel->pdata[i])->verdict == KT_VERDICT_CHANGE;
  return answer;
}
