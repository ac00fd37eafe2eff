/* SPDX-License-Identifier: MIT */
#include "workload/migrate.h"

#include "workload/schema.h"
#include "workload/sim.h"

#include <string.h>

static const struct {
  guint from, to;
} steps[] = { { 9, 10 }, { 10, 20 }, { 20, 21 }, { 21, 22 }, { 22, 23 } };

KtMigrateManner
kt_migrate_manner (KtRelease release)
{
  return release <= KT_RELEASE_V2_0_0   ? KT_MIGRATE_PIECES
         : release <= KT_RELEASE_V2_2_0 ? KT_MIGRATE_WHOLE
                                        : KT_MIGRATE_STATEMENTS;
}

char *
kt_migrate_script (KtRelease release, guint version, guint *to)
{
  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++)
    if (steps[i].from == version && steps[i].to <= kt_release_schema (release))
      {
        g_autofree char *name = g_strdup_printf ("migrate-%u-%u", steps[i].from, steps[i].to);
        *to = steps[i].to;
        return kt_schema_load_sql (name);
      }
  return NULL;
}

/* What follows a comment, a string or a dollar-quoted body that begins at @at; @at when none does. */
static const char *
skip_quoted (const char *at)
{
  const char *end = at;
  if (g_str_has_prefix (at, "--"))
    end = strchr (at, '\n');
  else if (*at == '\'')
    end = strchr (at + 1, '\'');
  else if (g_str_has_prefix (at, "$$") && (end = strstr (at + 2, "$$")) != NULL)
    end++;
  if (end == NULL)
    return at + strlen (at);
  return end == at ? at : end + 1;
}

static const char *
statement_end (const char *at, KtMigrateManner manner)
{
  while (*at != '\0' && *at != ';')
    {
      const char *after = manner == KT_MIGRATE_PIECES ? at : skip_quoted (at);
      at = after != at ? after : at + 1;
    }
  return at;
}

GStrv
kt_migrate_split (const char *script, KtMigrateManner manner)
{
  g_autoptr (GStrvBuilder) parts = g_strv_builder_new ();
  if (manner == KT_MIGRATE_WHOLE)
    g_strv_builder_add (parts, script);
  while (manner != KT_MIGRATE_WHOLE && *script != '\0')
    {
      const char *end = statement_end (script, manner);
      g_autofree char *part = g_strstrip (g_strndup (script, (gsize) (end - script)));
      if (*part != '\0')
        g_strv_builder_add (parts, part);
      script = *end == ';' ? end + 1 : end;
    }
  return g_strv_builder_end (parts);
}

gboolean
kt_migrate_run (PGconn *connection, const char *script, KtMigrateManner manner, GError **error)
{
  g_auto (GStrv) parts = kt_migrate_split (script, manner);
  for (char **part = parts; *part != NULL; part++)
    if (!kt_sim_run (connection, error, *part, NULL))
      return FALSE;
  return TRUE;
}
