/* SPDX-License-Identifier: MIT */
#include "operation/zfs_drift.h"

#include "change/journal.h"
#include "storage/steps.h"

/* Names that a newer change set has a word on already go into @seen. */
static void
compare (GPtrArray *findings, GHashTable *seen, const KtZfsObject *dataset, JsonObject *values, gint64 id)
{
  g_autoptr (GList) names = json_object_get_members (values);
  for (GList *name = names; name != NULL; name = name->next)
    {
      const char *set = kt_json_string (values, name->data, ""), *now = kt_zfs_value (dataset, name->data);
      if (!g_hash_table_add (seen, g_strdup (name->data)) || now == NULL || g_str_equal (now, set))
        continue;
      g_autofree char *remedy = g_strdup_printf ("zfs set %s=%s %s, or leave it", (const char *) name->data, set, dataset->name);
      kt_findings_add (findings, KT_SEVERITY_WARNING, name->data, remedy,
                       "%s of %s is %s; change set %" G_GINT64_FORMAT " of kastune made it %s", (const char *) name->data, dataset->name, now, id,
                       set);
    }
}

void
kt_find_zfs_drift (GPtrArray *findings, KtState *state, const KtZfsObject *dataset)
{
  g_autoptr (GPtrArray) changes = kt_journal_init (state, NULL) ? kt_journal_list (state, NULL, NULL) : NULL;
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; changes != NULL && i < changes->len; i++)
    {
      const KtChange *change = changes->pdata[i];
      for (guint k = change->steps->len; change->state == KT_CHANGE_APPLIED && k-- > 0;)
        {
          const KtChangeStep *step = change->steps->pdata[k];
          JsonObject *values = kt_step_zfs_values (step->kind, step->args, dataset);
          if (values != NULL)
            compare (findings, seen, dataset, values, change->id);
        }
    }
}
