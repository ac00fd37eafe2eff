/* SPDX-License-Identifier: MIT */
#include "operation/backup_parts.h"

#include "backup/catalogue.h"
#include "base/state.h"

#include <unistd.h>

char *
kt_backup_catalogue (KtOperationContext *context, JsonObject *args, const char *name)
{
  const char *named = name != NULL ? kt_json_string (args, name, NULL) : NULL;
  if (named == NULL)
    named = context->settings->backups;
  if (named != NULL)
    return g_canonicalize_filename (named, NULL);
  g_autofree char *state = kt_state_path (context->state_directory);
  return kt_catalogue_default (state);
}

static void
pass_bytes (gpointer user, const char *what, gint64 done, gint64 total)
{
  KtOperationContext *context = user;
  if (context->progress_bytes != NULL)
    context->progress_bytes (context->user, what, done, total);
}

KtBackupWatch
kt_backup_watch (KtOperationContext *context)
{
  return (KtBackupWatch){ context->cancellable, pass_bytes, context };
}

gboolean
kt_backup_target (KtOperationContext *context, JsonObject *args, KtBackupTarget *target, GError **error)
{
  target->facts = kt_facts_load (context, args, KT_FACTS_SERVER, error);
  if (target->facts == NULL)
    return FALSE;
  target->instance = kt_instance_find (target->facts->server, target->facts->conninfo, NULL);
  target->source = (KtBackupSource){ target->facts->connection, target->facts->server, target->instance, target->facts->conninfo };
  return TRUE;
}

void
kt_backup_target_clear (KtBackupTarget *target)
{
  g_clear_pointer (&target->instance, kt_instance_free);
  g_clear_pointer (&target->facts, kt_facts_free);
}
