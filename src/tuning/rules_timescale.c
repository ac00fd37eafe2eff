/* SPDX-License-Identifier: MIT
 *
 * TimescaleDB, where it is preloaded or wanted. The indexer's own tables cannot be hypertables (their primary key has
 * no time column); others in the same server can.
 */
#include "tuning/rules.h"

#include "base/size.h"

gboolean
kt_rule_timescaledb_max_background_workers (const KtInputs *in, KtValue *out, GString *because)
{
  kt_value_set_int (out, 16);
  g_string_append (because, "one scheduler for each database with the extension and the jobs that run at once");
  return TRUE;
}

gboolean
kt_rule_max_locks_per_transaction (const KtInputs *in, KtValue *out, GString *because)
{
  static const struct {
    gint64 below_gb;
    gint64 locks;
  } rows[] = { { 8, 128 }, { 16, 256 }, { 32, 512 }, { G_MAXINT64 / KT_GIB, 1024 } };
  if (!in->timescaledb)
    {
      g_string_append (because, "no statement of the indexer locks many tables; TimescaleDB would");
      return FALSE;
    }
  gsize i = 0;
  while (in->memory >= rows[i].below_gb * KT_GIB)
    i++;
  g_autofree char *memory = kt_size_format (in->memory);
  kt_value_set_int (out, rows[i].locks);
  g_string_append_printf (because, "a statement on a hypertable locks every chunk it touches; %s of memory", memory);
  return TRUE;
}
