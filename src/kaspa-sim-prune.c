/* SPDX-License-Identifier: MIT
 *
 * “kaspa-sim prune”: what the indexer's pruner does, once and now.
 */
#include "kaspa-sim.h"

#include "base/error.h"
#include "base/json.h"
#include "base/table.h"
#include "indexer/humantime.h"
#include "workload/prune.h"

#include <stdio.h>

static struct {
  char *conninfo;
  KtPruneRules rules;
  gint64 all_ms; /* of all that have none of their own */
  int batch_rows;
  gboolean json;
} words;

static gboolean
parse_retention (const char *name, const char *value, gpointer data, GError **error)
{
  static const char *const classes[KT_N_RETENTIONS] = {
    [KT_RETENTION_BLOCK_PARENT] = "--retention-block-parent",
    [KT_RETENTION_BLOCKS] = "--retention-blocks",
    [KT_RETENTION_TRANSACTIONS_ACCEPTANCES] = "--retention-transactions-acceptances",
    [KT_RETENTION_TRANSACTIONS] = "--retention-transactions",
    [KT_RETENTION_ADDRESSES_TRANSACTIONS] = "--retention-addresses-transactions",
    [KT_RETENTION_BLOCKS_TRANSACTIONS] = "--retention-blocks-transactions",
  };
  gint64 retention_ms;
  if (!kt_humantime_parse (value, &retention_ms))
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "“%s” is no duration; write for example 7d or 1h 30m",
                   value);
      return FALSE;
    }
  if (g_str_equal (name, "--retention"))
    words.all_ms = retention_ms;
  for (guint i = 0; i < KT_N_RETENTIONS; i++)
    if (g_str_equal (name, classes[i]))
      words.rules.retention_ms[i] = retention_ms;
  return TRUE;
}

#define RETENTION(name, text)                                                                                          \
  { name, 0, 0, G_OPTION_ARG_CALLBACK, parse_retention, text, "TIME" }

static const GOptionEntry options[] = {
  { "database-url", 'd', 0, G_OPTION_ARG_STRING, &words.conninfo, "URL or key=value string", "URL" },
  RETENTION ("retention-block-parent", "Of block_parent"),
  RETENTION ("retention-blocks", "Of blocks"),
  RETENTION ("retention-blocks-transactions", "Of blocks_transactions (up to schema 22)"),
  RETENTION ("retention-transactions-acceptances", "Of transactions_acceptances"),
  RETENTION ("retention-transactions", "Of transactions"),
  RETENTION ("retention-addresses-transactions", "Of the mapping table"),
  RETENTION ("retention", "Of all that have none of their own"),
  { "prune-batch-size", 0, 0, G_OPTION_ARG_INT, &words.batch_rows, "Rows a statement (100000)", "N" },
  { "json", 0, 0, G_OPTION_ARG_NONE, &words.json, "Print the result as JSON", NULL },
  { NULL },
};

static void
print_json (const KtPruneResult *result)
{
  g_autoptr (JsonObject) object = json_object_new ();
  JsonArray *steps = json_array_new ();
  for (guint i = 0; i < result->n_steps; i++)
    {
      const KtPruneStep *step = &result->steps[i];
      JsonObject *row = json_object_new ();
      kt_json_set_string (row, "step", step->name);
      json_object_set_int_member (row, "rows", (gint64) step->rows);
      json_object_set_int_member (row, "statements", (gint64) step->statements);
      json_object_set_int_member (row, "duration_ms", step->duration_ms);
      json_object_set_int_member (row, "cutoff", step->cutoff);
      json_array_add_object_element (steps, row);
    }
  json_object_set_array_member (object, "steps", steps);
  g_autoptr (JsonNode) node = kt_json_node_take (g_steal_pointer (&object));
  g_autofree char *text = kt_json_to_text (node);
  fputs (text, stdout);
}

static void
print_text (const KtPruneResult *result)
{
  static const KtColumn columns[] = {
    { "table", KT_COLUMN_LEFT }, { "rows", KT_COLUMN_RIGHT }, { "statements", KT_COLUMN_RIGHT },
    { "time", KT_COLUMN_RIGHT },
  };
  g_autoptr (KtTable) table = kt_table_new (columns, G_N_ELEMENTS (columns));
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < result->n_steps; i++)
    {
      const KtPruneStep *step = &result->steps[i];
      g_autofree char *rows = g_strdup_printf ("%" G_GUINT64_FORMAT, step->rows);
      g_autofree char *statements = g_strdup_printf ("%" G_GUINT64_FORMAT, step->statements);
      g_autofree char *duration = kt_humantime_format (step->duration_ms);
      kt_table_add (table, step->name, rows, statements, duration);
    }
  if (result->n_steps == 0)
    fputs ("Nothing to prune: no retention applies, or there is no checkpoint.\n", stdout);
  else
    kt_table_print (table, text, 0, 0);
  fputs (text->str, stdout);
}

static gboolean
prune (GError **error)
{
  KtPruneResult result;
  g_autoptr (PGconn) connection = kt_sim_connect (words.conninfo, error);
  if (connection == NULL || !kt_sim_lock (connection, error))
    return FALSE;
  g_autoptr (KtSim) sim = kt_sim_load (connection, error);
  if (sim == NULL)
    return FALSE;
  g_autoptr (KtChain) chain = kt_sim_chain (sim);
  const KtPrune work = { .rules = &words.rules, .features = &sim->features, .schema = sim->schema, .tables = kt_sim_tables (sim), .chain = chain };
  gboolean pruned = kt_prune (connection, &work, &result, error);
  kt_prune_note (&result, sim);
  if (!pruned || !kt_sim_save (sim, connection, error))
    return FALSE;
  if (words.json)
    print_json (&result);
  else
    print_text (&result);
  return TRUE;
}

int
kt_sim_prune_main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  kt_prune_rules_init (&words.rules, -1);
  words.all_ms = -1;
  words.batch_rows = (int) words.rules.batch_rows;
  g_set_prgname ("kaspa-sim prune");
  g_option_context_set_summary (context, "Prune once, as the indexer does with --prune-db");
  g_option_context_set_description (context, "Example:\n  kaspa-sim prune -d dbname=kaspa_sim --retention 7d");
  g_option_context_add_main_entries (context, options, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || argc != 1 || words.batch_rows < 1)
    {
      fprintf (stderr, "kaspa-sim prune: %s\n  hint: kaspa-sim prune --help\n",
               error != NULL         ? error->message
               : words.batch_rows < 1 ? "--prune-batch-size must be 1 or more"
                                      : "no word was expected here");
      return KT_EXIT_USAGE;
    }
  words.rules.batch_rows = (guint) words.batch_rows;
  for (guint i = 0; i < KT_N_RETENTIONS; i++)
    if (words.rules.retention_ms[i] < 0)
      words.rules.retention_ms[i] = words.all_ms;
  gboolean pruned = prune (&error);
  g_free (words.conninfo);
  return pruned ? KT_EXIT_DONE : kt_sim_fail (error, words.json);
}
