/* SPDX-License-Identifier: MIT
 *
 * Storage parameters of the indexer's largest tables. A share of a billion rows is too much to wait for, so they get
 * counts of their own: about an hour of inserts. They are lost when a schema migration rebuilds a table (10 to 20, 22
 * to 23).
 */
#include "tuning/advise_parts.h"

#include "tuning/tables.h"

#include <math.h>
#include <string.h>

#define BIG_ROWS 10e6
#define HUGE_ROWS 100e6
#define PRUNED_SHARE 0.01
#define LEAST_INSERTS 1e6
#define MOST_INSERTS 20e6
#define LINK_COST_LIMIT 2000

typedef struct {
  const char *name;
  double value;
  double slack; /* a running value between value/slack and value*slack is as wanted */
} Option;

static const char hazard[] = "lost when a migration of the indexer's schema rebuilds the table; a dump keeps it";

char *
kt_sql_identifier (const char *name)
{
  gboolean plain = g_ascii_islower (name[0]) || name[0] == '_';
  plain = plain && name[strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
  if (plain)
    return g_strdup (name);
  g_auto (GStrv) parts = g_strsplit (name, "\"", -1);
  g_autofree char *doubled = g_strjoinv ("\"\"", parts);
  return g_strdup_printf ("\"%s\"", doubled);
}

static const char *
running_option (const KtRelation *table, const char *name)
{
  gsize length = strlen (name);
  for (gsize i = 0; table->options != NULL && table->options[i] != NULL; i++)
    if (strncmp (table->options[i], name, length) == 0 && table->options[i][length] == '=')
      return table->options[i] + length + 1;
  return NULL;
}

static gboolean
option_is_as_wanted (const KtRelation *table, const Option *option)
{
  const char *text = running_option (table, option->name);
  double running = text != NULL ? g_ascii_strtod (text, NULL) : -1;
  if (option->value == 0 || running <= 0)
    return running == option->value;
  return running >= option->value / option->slack && running <= option->value * option->slack;
}

static double
inserts_per_hour (const KtInputs *in, const KtRelation *table, const KtTableFact *fact, gboolean *measured)
{
  *measured = in->rate_seconds > 0 && table->inserted > 0;
  if (*measured)
    return (double) table->inserted / in->rate_seconds * 3600;
  return (fact->rows_per_transaction * in->transactions_per_s + fact->rows_per_second) * 3600;
}

static gboolean
is_pruned (const KtRelation *table)
{
  return table->inserted > 0 && (double) table->deleted >= PRUNED_SHARE * (double) table->inserted;
}

static guint
choose_options (const KtInputs *in, const KtRelation *table, const KtTableFact *fact, Option *options, GString *because)
{
  guint n = 0;
  gboolean measured = FALSE;
  double hourly = inserts_per_hour (in, table, fact, &measured);
  double threshold = round (CLAMP (hourly, LEAST_INSERTS, MOST_INSERTS) / 100000) * 100000;
  options[n++] = (Option){ "autovacuum_vacuum_insert_scale_factor", 0, 1 };
  options[n++] = (Option){ "autovacuum_vacuum_insert_threshold", threshold, 2 };
  g_string_append_printf (because, "%.0f million rows; about %.1f million are inserted an hour (%s)", table->rows / 1e6,
                          hourly / 1e6, measured ? "measured" : "modelled");
  if (table->rows >= HUGE_ROWS || is_pruned (table))
    {
      options[n++] = (Option){ "autovacuum_vacuum_scale_factor", table->rows >= HUGE_ROWS ? 0.01 : 0.02, 1.05 };
      options[n++] = (Option){ "autovacuum_analyze_scale_factor", 0.005, 1.05 };
      g_string_append (because,
                       is_pruned (table) ? "; old rows are pruned" : "; a share of it is too long to wait for");
    }
  if (fact->link && kt_disk_is_flash (&in->data) && kt_wanted_int (in,
                                                                   "autovacuum_vacuum_cost_limit") >= LINK_COST_LIMIT)
    {
      options[n++] = (Option){ "autovacuum_vacuum_cost_limit", LINK_COST_LIMIT, 1.05 };
      g_string_append (because, "; the largest table of all does not share the workers' common cost limit");
    }
  return n;
}

/* @equals: "=" as reloptions are written, " = " as SQL is; @value NULL: the name alone. */
static void
append_option (GString *list, const char *name, const char *equals, const char *value)
{
  g_string_append_printf (list, "%s%s%s%s", list->len > 0 ? ", " : "", name, value != NULL ? equals : "",
                          value != NULL ? value : "");
}

/* "SET (a = 1)" for what was there, "RESET (b)" for what was not. */
static char *
undo_statement (const char *alter, const KtRelation *table, const Option *options, guint n)
{
  g_autoptr (GString) set = g_string_new (NULL);
  g_autoptr (GString) reset = g_string_new (NULL);
  for (guint i = 0; i < n; i++)
    {
      const char *running = running_option (table, options[i].name);
      append_option (running != NULL ? set : reset, options[i].name, " = ", running);
    }
  return g_strdup_printf ("%s %s%s%s%s%s%s%s", alter, set->len > 0 ? "SET (" : "", set->str, set->len > 0 ? ")" : "",
                          set->len > 0 && reset->len > 0 ? ", " : "", reset->len > 0 ? "RESET (" : "", reset->str,
                          reset->len > 0 ? ")" : "");
}

static KtTableRow *
advise_table (const KtInputs *in, const KtRelation *table, const KtTableFact *fact)
{
  Option options[5];
  g_autoptr (GString) because = g_string_new (NULL);
  g_autoptr (GString) wanted = g_string_new (NULL);
  g_autoptr (GString) assignments = g_string_new (NULL);
  guint n = choose_options (in, table, fact, options, because);
  KtTableRow *row = g_new0 (KtTableRow, 1);
  row->verdict = KT_VERDICT_AS_WANTED;
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *value = g_strdup_printf ("%.10g", options[i].value);
      append_option (wanted, options[i].name, "=", value);
      append_option (assignments, options[i].name, " = ", value);
      if (!option_is_as_wanted (table, &options[i]))
        row->verdict = KT_VERDICT_CHANGE;
    }
  g_autofree char *schema = kt_sql_identifier (table->schema);
  g_autofree char *name = kt_sql_identifier (table->name);
  g_autofree char *alter = g_strdup_printf ("ALTER TABLE %s.%s", schema, name);
  row->schema = g_strdup (table->schema);
  row->table = g_strdup (table->name);
  row->running = table->options != NULL ? g_strjoinv (", ", table->options) : g_strdup ("");
  row->wanted = g_strdup (wanted->str);
  row->statement = g_strdup_printf ("%s SET (%s)", alter, assignments->str);
  row->undo = undo_statement (alter, table, options, n);
  row->because = g_strdup (because->str);
  row->hazard = hazard;
  return row;
}

void
kt_advise_tables (KtAdvice *advice)
{
  const KtServer *server = advice->in->server;
  for (guint i = 0; server != NULL && server->tables != NULL && i < server->tables->len; i++)
    {
      const KtRelation *table = server->tables->pdata[i];
      const KtTableFact *fact = kt_table_fact (table->name);
      if (fact != NULL && table->rows >= BIG_ROWS)
        g_ptr_array_add (advice->tables, advise_table (advice->in, table, fact));
    }
}
