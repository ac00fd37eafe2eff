/* SPDX-License-Identifier: MIT */
#include "indexer/releases.h"

#include "base/json.h"

#include <string.h>

static const KtReleaseRow releases[] = {
  { "v1.0.0", "2024-12-22", 6, KT_N_RELEASES, KT_SCRIPT_PIECES, NULL,
    "first tagged release; -l is the log level; no web server", NULL },
  { "v1.0.1", "2025-02-01", 6, KT_N_RELEASES, KT_SCRIPT_PIECES, NULL,
    "no freeze after kaspad goes away", NULL },
  { "v1.0.2", "2025-02-14", 6, KT_N_RELEASES, KT_SCRIPT_PIECES, NULL,
    "a restart no longer loses acceptances of the checkpoint's block", NULL },
  { "v1.0.3", "2025-02-15", 6, KT_N_RELEASES, KT_SCRIPT_PIECES, NULL,
    "build only", NULL },
  { "v1.1.0-beta1", "2025-01-26", 6, KT_N_RELEASES, KT_SCRIPT_PIECES, NULL,
    "--disable replaces the skip flags", NULL },
  { "v1.1.0-beta2", "2025-02-02", 7, KT_N_RELEASES, KT_SCRIPT_PIECES, NULL,
    "schema 7: blocks only", NULL },
  { "v1.1.0-beta3", "2025-02-06", 7, KT_N_RELEASES, KT_SCRIPT_PIECES, NULL,
    "web server with health and metrics", NULL },
  { "v1.1.0-beta4", "2025-02-10", 7, KT_N_RELEASES, KT_SCRIPT_PIECES, NULL,
    "--base-path; transaction_acceptance can be disabled", NULL },
  { "v1.1.0-beta5", "2025-02-12", 7, KT_N_RELEASES, KT_SCRIPT_PIECES, NULL,
    "name and version in health and metrics", NULL },
  { "v1.1.0-beta6", "2025-02-14", 7, KT_N_RELEASES, KT_SCRIPT_PIECES, NULL,
    "checkpoint fixes", NULL },
  { "v1.1.0-rc1", "2025-02-15", 7, KT_N_RELEASES, KT_SCRIPT_PIECES, NULL,
    "the image carries its version", NULL },
  { "v1.1.0-rc2", "2025-02-23", 8, KT_N_RELEASES, KT_SCRIPT_PIECES, NULL,
    "schema 8: mapping by script", NULL },
  { "v1.1.0", "2025-02-23", 8, KT_N_RELEASES, KT_SCRIPT_PIECES, NULL,
    "-l is the listen address",
    "stamps fresh databases 7 although they have the tables of 8" },
  { "v1.1.1", "2025-02-23", 8, KT_N_RELEASES, KT_SCRIPT_PIECES, NULL,
    "stamps fresh databases 8", NULL },
  { "v1.1.2", "2025-02-26", 8, KT_N_RELEASES, KT_SCRIPT_PIECES, NULL,
    "batches about half as large", NULL },
  { "v1.1.3", "2025-03-04", 8, KT_N_RELEASES, KT_SCRIPT_PIECES, NULL,
    "TLS to PostgreSQL", NULL },
  { "v1.1.4", "2025-03-07", 8, KT_N_RELEASES, KT_SCRIPT_PIECES, NULL,
    "10 blocks a second on other networks than mainnet", NULL },
  { "v1.2.0", "2025-03-19", 9, KT_N_RELEASES, KT_SCRIPT_PIECES, NULL,
    "schema 9: inputs resolved on request", NULL },
  { "v1.2.1", "2025-03-22", 9, KT_N_RELEASES, KT_SCRIPT_PIECES, NULL,
    "checkpoint fixes", NULL },
  { "v1.2.2-beta1", "2025-03-31", 9, KT_N_RELEASES, KT_SCRIPT_PIECES, NULL,
    "countdown to Crescendo", NULL },
  { "v1.3.0", "2025-04-01", 9, KT_N_RELEASES, KT_SCRIPT_PIECES, NULL,
    "Crescendo (10 blocks a second); MIT licence", NULL },
  { "v1.4.0-beta1", "2025-04-21", 9, KT_N_RELEASES, KT_SCRIPT_PIECES, NULL,
    "UTXO set imported over P2P; index of the mapping tables by key and time, in fresh databases only", NULL },
  { "v1.4.0-rc1", "2025-04-22", 9, KT_N_RELEASES, KT_SCRIPT_PIECES, NULL,
    "--vcp-window, --vcp-interval (seconds)", NULL },
  { "v1.4.0", "2025-04-24", 9, KT_N_RELEASES, KT_SCRIPT_PIECES, NULL,
    "release of the above", NULL },
  { "v1.4.1", "2025-04-26", 9, KT_N_RELEASES, KT_SCRIPT_PIECES, NULL,
    "no panic without transactions", NULL },
  { "v1.4.2", "2025-05-05", 9, KT_N_RELEASES, KT_SCRIPT_PIECES, NULL,
    "the UTXO import stores no address prefix", NULL },
  { "v1.5.0-beta1", "2025-05-14", 10, KT_N_RELEASES, KT_SCRIPT_PIECES, NULL,
    "schema 10: --prune-db and retention", NULL },
  { "v1.5.0-beta3", "2025-05-17", 10, KT_N_RELEASES, KT_SCRIPT_PIECES, NULL,
    "retention a table", NULL },
  { "v1.5.0-beta4", "2025-05-18", 10, KT_N_RELEASES, KT_SCRIPT_PIECES, NULL,
    "other prune queries", NULL },
  { "v1.5.0-beta5", "2025-05-19", 10, KT_N_RELEASES, KT_SCRIPT_PIECES, NULL,
    "rejected outputs are pruned", NULL },
  { "v1.5.0-rc1", "2025-05-20", 10, KT_N_RELEASES, KT_SCRIPT_PIECES, NULL,
    "one retention for all tables of transactions", NULL },
  { "v1.5.0-rc2", "2025-05-22", 10, KT_N_RELEASES, KT_SCRIPT_PIECES, NULL,
    "other prune queries", NULL },
  { "v1.5.0-rc3", "2025-05-23", 10, KT_N_RELEASES, KT_SCRIPT_PIECES, NULL,
    "acceptances from the UTXO import", NULL },
  { "v1.5.0-rc4", "2025-05-23", 10, KT_N_RELEASES, KT_SCRIPT_PIECES, NULL,
    "outputs are not pruned", NULL },
  { "v1.5.0", "2025-05-26", 10, KT_N_RELEASES, KT_SCRIPT_PIECES, NULL,
    "retention; 10 blocks a second on mainnet", NULL },
  { "v1.5.1", "2025-05-26", 10, KT_N_RELEASES, KT_SCRIPT_PIECES, NULL,
    "9 to 10 creates no index", NULL },
  { "v1.5.2", "2025-06-19", 10, KT_N_RELEASES, KT_SCRIPT_PIECES, NULL,
    "virtual chain every 2 s", NULL },
  { "v1.5.3", "2025-07-22", 10, KT_N_RELEASES, KT_SCRIPT_PIECES, NULL,
    "transactions and outputs pruned in a new way", NULL },
  { "v1.6.0-beta1", "2025-08-11", 10, KT_RELEASE_V1_6_3, KT_SCRIPT_PIECES, NULL,
    "intervals in milliseconds", NULL },
  { "v1.6.0-beta2", "2025-09-30", 10, KT_RELEASE_V1_6_3, KT_SCRIPT_PIECES, NULL,
    "pruning in batches", NULL },
  { "v1.6.0-beta5", "2025-10-07", 10, KT_RELEASE_V1_6_3, KT_SCRIPT_PIECES, NULL,
    "--batch-concurrency; sorted inserts against deadlocks", NULL },
  { "v1.6.0", "2025-10-15", 10, KT_RELEASE_V1_6_3, KT_SCRIPT_PIECES, NULL,
    "release of the above; the pool is 10 times --batch-concurrency", NULL },
  { "v1.6.1", "2025-12-07", 10, KT_RELEASE_V1_6_3, KT_SCRIPT_PIECES, NULL,
    "a first start begins at the pruning point", NULL },
  { "v2.0.0-beta1", "2025-12-21", 20, KT_RELEASE_V2_0_0_BETA1, KT_SCRIPT_PIECES, NULL,
    "schema 20: inputs and outputs inside transactions; some values renamed or gone",
    "no guard for a block without parents; prunes blocks by a column without index" },
  { "v1.6.2", "2026-02-09", 10, KT_RELEASE_V1_6_3, KT_SCRIPT_PIECES, NULL,
    "guard for the genesis block", NULL },
  { "v2.0.0-beta2", "2026-02-09", 20, KT_RELEASE_V2_0_0_BETA1, KT_SCRIPT_PIECES, NULL,
    "guard for the genesis block",
    "prunes blocks by a column without index" },
  { "v2.0.0", "2026-03-01", 20, KT_RELEASE_V2_0_0, KT_SCRIPT_PIECES, NULL,
    "the same as beta2",
    "prunes blocks by a column without index" },
  { "v1.6.3", "2026-03-08", 10, KT_RELEASE_V1_6_3, KT_SCRIPT_PIECES, NULL,
    "the last of v1; blocks pruned by blue score", NULL },
  { "v2.1.0-beta1", "2026-03-08", 21, KT_N_RELEASES, KT_SCRIPT_PIECES, "v1.1.0",
    "inputs resolved by the node; pruning every hour",
    "its schema 21 is not the final one: nothing migrates it" },
  { "v2.1.0-beta2", "2026-03-01", 20, KT_RELEASE_V2_0_0, KT_SCRIPT_PIECES, NULL,
    "the same commit as v2.0.0",
    "prunes blocks by a column without index" },
  { "v2.1.0-beta3", "2026-03-14", 21, KT_N_RELEASES, KT_SCRIPT_WHOLE, "v1.1.0",
    "subnetworks inside transactions", NULL },
  { "v2.1.0", "2026-03-18", 21, KT_N_RELEASES, KT_SCRIPT_WHOLE, "v1.1.0",
    "release of the above", NULL },
  { "v2.1.1", "2026-03-25", 21, KT_RELEASE_V2_1_2, KT_SCRIPT_WHOLE, "v1.1.0",
    "--exclude-addresses; larger batches", NULL },
  { "v2.1.2", "2026-03-26", 21, KT_RELEASE_V2_1_2, KT_SCRIPT_WHOLE, "v1.1.0",
    "index of the mapping tables by time, in fresh databases only", NULL },
  { "v2.2.0", "2026-06-23", 22, KT_RELEASE_V2_2_0, KT_SCRIPT_WHOLE, "v1.1.0",
    "schema 22: fields of Toccata; key of the mapping tables with time, in fresh databases only", NULL },
  { "v2.2.1", "2026-07-05", 22, KT_RELEASE_V2_2_1, KT_SCRIPT_SPLIT, "v1.1.0",
    "migrations run statement by statement", NULL },
  { "v2.3.0", "2026-07-06", 23, KT_RELEASE_V2_3_0, KT_SCRIPT_SPLIT, "v1.1.0",
    "schema 23: blocks_transactions is gone; --ignore-self-sends; deadlocks are tried again", NULL },
  { "v2.3.1-beta1", "2026-07-07", 23, KT_RELEASE_V2_3_0, KT_SCRIPT_SPLIT, "v1.1.0",
    "a checkpoint of its own for the virtual chain",
    "stops for ever with virtual_chain_processing disabled unless rejected_transactions is, too" },
};

const KtReleaseRow *
kt_releases (guint *n)
{
  *n = G_N_ELEMENTS (releases);
  return releases;
}

const KtReleaseRow *
kt_release_row (const char *tag)
{
  const char *bare = *tag == 'v' ? tag + 1 : tag;
  for (guint i = 0; i < G_N_ELEMENTS (releases); i++)
    if (g_str_equal (releases[i].tag + 1, bare))
      return &releases[i];
  return NULL;
}

/* Cuts "-dirty", then "-3-gabcdef0". */
const KtReleaseRow *
kt_release_of_version (const char *version)
{
  g_autofree char *bare = g_strdup (version);
  if (g_str_has_suffix (bare, "-dirty"))
    bare[strlen (bare) - strlen ("-dirty")] = '\0';
  char *hash = strrchr (bare, '-');
  if (hash != NULL && hash[1] == 'g' && hash[2] != '\0' && strspn (hash + 2, "0123456789abcdef") == strlen (hash + 2))
    {
      *hash = '\0';
      char *count = strrchr (bare, '-');
      if (count != NULL && count[1] != '\0' && strspn (count + 1, "0123456789") == strlen (count + 1))
        *count = '\0';
    }
  return *bare != '\0' ? kt_release_row (bare) : NULL;
}

gboolean
kt_release_is_stable (const KtReleaseRow *row)
{
  return strchr (row->tag, '-') == NULL;
}

gboolean
kt_release_waits_for_chain (const KtReleaseRow *row)
{
  return g_str_equal (row->tag, "v2.3.1-beta1");
}

const KtReleaseRow *
kt_release_newest_stable (void)
{
  guint i = G_N_ELEMENTS (releases) - 1;
  while (!kt_release_is_stable (&releases[i]))
    i--;
  return &releases[i];
}

/* ---- migrations ---- */

/* Steps that a script sent as one query cannot do: they VACUUM or commit on their way. All is rolled back, hours later. */
static const struct {
  guint from, to;
  const char *because;
} not_in_one[] = {
  { 10, 20, "its script ends with VACUUM, which cannot run inside a transaction" },
  { 20, 21, "its script commits on its way, which cannot be done inside a transaction" },
};

char *
kt_release_cannot_migrate (const KtReleaseRow *row, guint schema)
{
  if (schema > row->schema)
    return g_strdup_printf ("%s knows schema %u and refuses %u, which is newer", row->tag, row->schema, schema);
  for (guint i = 0; row->runner == KT_SCRIPT_WHOLE && i < G_N_ELEMENTS (not_in_one); i++)
    if (schema <= not_in_one[i].from && row->schema >= not_in_one[i].to)
      return g_strdup_printf ("%s fails from schema %u to %u (%s) and rolls back: take v2.2.1 or newer%s", row->tag,
                              not_in_one[i].from, not_in_one[i].to, not_in_one[i].because,
                              not_in_one[i].to == 20 ? ", or v2.0.0 for this step" : "");
  return NULL;
}

static JsonArray *
migrates_from (const KtReleaseRow *row)
{
  static const guint schemas[] = { 6, 7, 8, 9, 10, 20, 21, 22 };
  JsonArray *array = json_array_new ();
  for (guint i = 0; i < G_N_ELEMENTS (schemas); i++)
    {
      g_autofree char *why = kt_release_cannot_migrate (row, schemas[i]);
      if (why == NULL && schemas[i] < row->schema)
        json_array_add_int_element (array, schemas[i]);
    }
  return array;
}

JsonArray *
kt_releases_to_json (void)
{
  JsonArray *array = json_array_new ();
  for (guint i = G_N_ELEMENTS (releases); i-- > 0;)
    {
      const KtReleaseRow *row = &releases[i];
      JsonObject *object = json_object_new ();
      kt_json_set_string (object, "tag", row->tag);
      kt_json_set_string (object, "date", row->date);
      json_object_set_int_member (object, "schema", row->schema);
      json_object_set_boolean_member (object, "stable", kt_release_is_stable (row));
      kt_json_set_string (object, "what", row->what);
      kt_json_set_string (object, "defect", row->defect);
      kt_json_set_string (object, "node", row->node);
      json_object_set_array_member (object, "migrates_from", migrates_from (row));
      json_array_add_object_element (array, object);
    }
  return array;
}
