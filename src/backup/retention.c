/* SPDX-License-Identifier: MIT */
#include "backup/retention.h"

#include "backup/catalogue.h"

/* "physical of 7405…": each of these keeps its last good one. A safety copy takes no backup's place. */
static char *
group_of (KtBackup *backup)
{
  JsonObject *server = kt_backup_server (backup);
  return g_strconcat (kt_json_string (backup->manifest, "kind", ""), " of ", kt_json_string (server, "id", ""), " ",
                      kt_json_string (backup->manifest, "database", ""),
                      kt_backup_is_safety_copy (backup) ? " before a restore" : "", NULL);
}

static KtRetentionVerdict *
verdict_at (GArray *verdicts, guint i)
{
  return &g_array_index (verdicts, KtRetentionVerdict, i);
}

/* What no limit can touch, and what needs none. */
static void
protect (const GPtrArray *backups, const char *const *needed, GArray *verdicts)
{
  g_autoptr (GHashTable) complete = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) verified = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < backups->len; i++)
    {
      KtBackup *backup = backups->pdata[i];
      KtRetentionVerdict *verdict = verdict_at (verdicts, i);
      gboolean is_verified = kt_json_int (backup->manifest, "verified_at_ms", 0) > 0;
      if (backup->state == KT_BACKUP_RUNNING)
        verdict->why = "it is being made";
      else if (backup->state != KT_BACKUP_COMPLETE)
        *verdict = (KtRetentionVerdict){ TRUE, "it is not complete" };
      else if (needed != NULL && g_strv_contains (needed, backup->id))
        verdict->why = "a change set needs it";
      else if (g_hash_table_add (complete, group_of (backup)))
        verdict->why = "the newest complete one of its kind";
      else if (is_verified && g_hash_table_add (verified, group_of (backup)))
        verdict->why = "the newest verified one of its kind";
      if (backup->state == KT_BACKUP_COMPLETE)
        {
          g_hash_table_add (complete, group_of (backup));
          if (is_verified)
            g_hash_table_add (verified, group_of (backup));
        }
    }
}

static void
judge_count_and_age (const GPtrArray *backups, const KtRetention *retention, gint64 now_ms, GArray *verdicts)
{
  g_autoptr (GHashTable) counted = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < backups->len; i++)
    {
      KtBackup *backup = backups->pdata[i];
      KtRetentionVerdict *verdict = verdict_at (verdicts, i);
      if (backup->state != KT_BACKUP_COMPLETE)
        continue;
      g_autofree char *group = group_of (backup);
      guint before = GPOINTER_TO_UINT (g_hash_table_lookup (counted, group));
      g_hash_table_replace (counted, g_steal_pointer (&group), GUINT_TO_POINTER (before + 1));
      if (verdict->why != NULL)
        continue;
      if (retention->keep > 0 && before >= retention->keep)
        *verdict = (KtRetentionVerdict){ TRUE, "there are enough newer ones" };
      else if (retention->max_age_ms > 0 && now_ms - kt_json_int (backup->manifest, "created_at_ms", now_ms) > retention->max_age_ms)
        *verdict = (KtRetentionVerdict){ TRUE, "it is older than wanted" };
    }
}

/* The oldest first, until the rest fits. */
static void
judge_space (const GPtrArray *backups, const KtRetention *retention, GArray *verdicts)
{
  gint64 sum = 0;
  for (guint i = 0; i < backups->len; i++)
    if (!verdict_at (verdicts, i)->remove)
      sum += kt_json_int (((KtBackup *) backups->pdata[i])->manifest, "size_bytes", 0);
  for (guint i = backups->len; i-- > 0 && retention->max_bytes > 0 && sum > retention->max_bytes;)
    {
      KtRetentionVerdict *verdict = verdict_at (verdicts, i);
      if (verdict->remove || verdict->why != NULL)
        continue;
      *verdict = (KtRetentionVerdict){ TRUE, "all together take more room than wanted" };
      sum -= kt_json_int (((KtBackup *) backups->pdata[i])->manifest, "size_bytes", 0);
    }
}

GArray *
kt_retention_judge (const GPtrArray *backups, const KtRetention *retention, const char *const *needed, gint64 now_ms)
{
  GArray *verdicts = g_array_sized_new (FALSE, TRUE, sizeof (KtRetentionVerdict), backups->len);
  g_array_set_size (verdicts, backups->len);
  protect (backups, needed, verdicts);
  judge_count_and_age (backups, retention, now_ms, verdicts);
  judge_space (backups, retention, verdicts);
  for (guint i = 0; i < backups->len; i++)
    if (verdict_at (verdicts, i)->why == NULL)
      verdict_at (verdicts, i)->why = "within the limits";
  return verdicts;
}
