/* SPDX-License-Identifier: MIT
 *
 * Workers and the planner. API queries are look-ups by key: they gain nothing from many workers, and the CPUs belong to
 * the indexer and the node.
 */
#include "tuning/rules.h"

#define TIMESCALE_LAUNCHERS 3

gboolean
kt_rule_max_worker_processes (const KtInputs *in, KtValue *out, GString *because)
{
  gint64 wanted = MAX (8, (gint64) in->cpus);
  if (in->timescaledb)
    {
      gint64 jobs = kt_wanted_int (in, "timescaledb.max_background_workers");
      gint64 parallel = kt_wanted_int (in, "max_parallel_workers");
      wanted = MAX (wanted, TIMESCALE_LAUNCHERS + jobs + parallel);
      g_string_append_printf (because, "%d launchers, %" G_GINT64_FORMAT " TimescaleDB jobs and %" G_GINT64_FORMAT
                                       " parallel workers share this pool", TIMESCALE_LAUNCHERS, jobs, parallel);
    }
  else
    g_string_append_printf (because, "one for each of %u CPUs, at least the default of 8", in->cpus);
  kt_value_set_int (out, wanted);
  return TRUE;
}

gboolean
kt_rule_max_parallel_workers (const KtInputs *in, KtValue *out, GString *because)
{
  kt_value_set_int (out, MIN (in->cpus, 8));
  g_autofree char *cpus = kt_inputs_cpus (in);
  g_string_append_printf (because, "%s, at most 8 for parallel queries: node and indexer need CPU as well", cpus);
  return TRUE;
}

gboolean
kt_rule_max_parallel_workers_per_gather (const KtInputs *in, KtValue *out, GString *because)
{
  gboolean sync = in->phase == KT_PHASE_INITIAL_SYNC;
  kt_value_set_int (out, sync || in->cpus < 2 ? 0 : in->cpus < 8 ? 1 : 2);
  g_string_append_printf (because, "%s; each worker may use work_mem again",
                          sync ? "nobody queries during the first sync" : "look-ups by key gain little from helpers");
  return TRUE;
}

gboolean
kt_rule_max_parallel_maintenance_workers (const KtInputs *in, KtValue *out, GString *because)
{
  kt_value_set_int (out, CLAMP (in->cpus / 2, 1, 4));
  g_autofree char *cpus = kt_inputs_cpus (in);
  g_string_append_printf (because, "half of %s, at most 4, for index builds of migrations", cpus);
  return TRUE;
}

gboolean
kt_rule_random_page_cost (const KtInputs *in, KtValue *out, GString *because)
{
  g_autofree char *disk = kt_disk_describe (&in->data);
  if (in->data.class == KT_STORAGE_UNKNOWN)
    {
      g_string_append (because, "the kind of storage is unknown");
      return FALSE;
    }
  gboolean flash = kt_disk_is_flash (&in->data);
  kt_value_set_real (out, flash ? 1.1 : 4);
  g_string_append_printf (because, "storage is %s: a random read costs %s", disk,
                          flash ? "hardly more than a sequential one" : "much more than a sequential one");
  return TRUE;
}

gboolean
kt_rule_jit (const KtInputs *in, KtValue *out, GString *because)
{
  kt_value_set_bool (out, FALSE);
  g_string_append (because, "statements are short: compiling them costs more than it saves (19 made it the default)");
  return TRUE;
}

gboolean
kt_rule_default_toast_compression (const KtInputs *in, KtValue *out, GString *because)
{
  if (!kt_inputs_offers (in, "default_toast_compression", "lz4"))
    {
      g_string_append (because, in->server != NULL ? "this build has no lz4"
                                                   : "without a server nobody knows whether the build has lz4");
      return FALSE;
    }
  kt_value_set_text (out, "lz4");
  g_string_append (because, "this build offers it; faster than pglz for large payloads and input lists, for new values "
                            "only");
  return TRUE;
}
