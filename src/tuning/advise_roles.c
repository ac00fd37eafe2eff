/* SPDX-License-Identifier: MIT
 *
 * Offers for single roles. Nothing here is ever part of a plan by itself: each trades something.
 */
#include "tuning/advise_parts.h"

#include "base/size.h"

typedef struct {
  gboolean for_indexer; /* else for the API's role */
  const char *setting, *value;
  const char *meaning;
} Offer;

static const Offer offers[] = {
  { TRUE, "synchronous_commit", "off",
    "commits of this role stop waiting for the disk: 9 to 37 % more throughput and a quarter of the flushes, measured. "
    "After a crash "
    "or power cut of the server up to three times wal_writer_delay (0.6 s) of its last commits are gone, always the "
    "newest and never out "
    "of order, so its tables and its progress row stay consistent and it fetches the lost part again from the node, "
    "which keeps about "
    "30 hours. Not for a role that writes anything the node cannot send again" },
  { FALSE, "statement_timeout", "30s", "a query that nobody waits for any more ends after 30 s; longer reports fail" },
  { FALSE, "idle_in_transaction_session_timeout", "60s",
    "a forgotten transaction, which stops vacuum everywhere, is ended after a minute; the session is lost" },
};

static KtRoleRow *
offer_row (const Offer *offer, const KtOptions *options)
{
  KtRoleRow *row = g_new0 (KtRoleRow, 1);
  row->role_known = offer->for_indexer && options->indexer_role != NULL;
  row->role = g_strdup (row->role_known      ? options->indexer_role
                        : offer->for_indexer ? "the indexer's role"
                                             : "the API's role");
  g_autofree char *name = row->role_known ? kt_sql_identifier (row->role) : g_strdup ("NAME");
  row->setting = offer->setting;
  row->value = offer->value;
  row->statement = g_strdup_printf ("ALTER ROLE %s SET %s = '%s'", name, offer->setting, offer->value);
  row->undo = g_strdup_printf ("ALTER ROLE %s RESET %s", name, offer->setting);
  row->meaning = g_strdup (offer->meaning);
  return row;
}

static gboolean
role_has (const KtServer *server, const char *role, const char *setting)
{
  for (guint i = 0; server != NULL && server->role_settings != NULL && i < server->role_settings->len; i++)
    {
      const KtRoleSetting *row = server->role_settings->pdata[i];
      if (g_strcmp0 (row->role, role) == 0 && g_ascii_strcasecmp (row->name, setting) == 0)
        return TRUE;
    }
  return FALSE;
}

void
kt_advise_roles (KtAdvice *advice)
{
  const KtInputs *in = advice->in;
  for (gsize i = 0; i < G_N_ELEMENTS (offers); i++)
    {
      if (offers[i].for_indexer && !in->profile->async_commit_offered)
        continue;
      if (offers[i].for_indexer && role_has (in->server, in->options->indexer_role, offers[i].setting))
        continue;
      g_ptr_array_add (advice->roles, offer_row (&offers[i], in->options));
    }
}
