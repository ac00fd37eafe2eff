/* SPDX-License-Identifier: MIT
 *
 * What makes a before/after comparison possible and costs next to nothing.
 */
#include "tuning/rules.h"

#include "base/size.h"

#include <string.h>

gboolean
kt_rule_io_timing (const KtInputs *in, KtValue *out, GString *because)
{
  const char *clock = in->platform->kernel.clock_source;
  if (!in->clock_cheap)
    {
      g_string_append_printf (because, "the clock source is %s: reading it may cost more than the I/O (see "
                                       "pg_test_timing)",
                              clock != NULL ? clock : "unknown");
      return FALSE;
    }
  kt_value_set_bool (out, TRUE);
  g_string_append_printf (because, "the clock source %s costs some ten nanoseconds a reading", clock);
  return TRUE;
}

gboolean
kt_rule_log_checkpoints (const KtInputs *in, KtValue *out, GString *because)
{
  kt_value_set_bool (out, TRUE);
  g_string_append (because, "one line a checkpoint says why it started and how long it took");
  return TRUE;
}

gboolean
kt_rule_log_autovacuum_min_duration (const KtInputs *in, KtValue *out, GString *because)
{
  kt_value_set_int (out, 60000);
  g_string_append (because, "runs of a minute and more are what the next round of tuning wants to see");
  return TRUE;
}

gboolean
kt_rule_log_temp_files (const KtInputs *in, KtValue *out, GString *because)
{
  kt_value_set_int (out, 64 * KT_MIB);
  g_string_append (because, "shows which query wants more work_mem");
  return TRUE;
}

gboolean
kt_rule_log_lock_waits (const KtInputs *in, KtValue *out, GString *because)
{
  kt_value_set_bool (out, TRUE);
  g_string_append (because, "shows who waits longer than deadlock_timeout, and for whom");
  return TRUE;
}

/* The libraries to preload: TimescaleDB wants to be first. */
static void
append_library (GString *list, const char *name)
{
  g_string_append_printf (list, "%s%s", list->len > 0 ? ", " : "", name);
}

static gboolean
can_be_added (const KtInputs *in, const char *library)
{
  return !kt_inputs_preloads (in, library) && kt_inputs_has_library (in, library);
}

static void
say_why_nothing_is_added (const KtInputs *in, GString *because)
{
  gboolean loaded = kt_inputs_preloads (in, "pg_stat_statements");
  g_string_append_printf (because, "pg_stat_statements is %s", loaded ? "preloaded already" : "not installed");
}

gboolean
kt_rule_shared_preload_libraries (const KtInputs *in, KtValue *out, GString *because)
{
  const KtSetting *running = in->server != NULL ? kt_server_setting (in->server, "shared_preload_libraries") : NULL;
  if (running == NULL)
    {
      g_string_append (because, "without a server nobody knows which libraries are installed, and a missing one "
                                "prevents the start");
      return FALSE;
    }
  gboolean timescale = in->timescaledb && can_be_added (in, "timescaledb");
  gboolean statements = can_be_added (in, "pg_stat_statements");
  if (!timescale && !statements)
    {
      say_why_nothing_is_added (in, because);
      return FALSE;
    }
  g_autoptr (GString) list = g_string_new (NULL);
  if (timescale)
    append_library (list, "timescaledb");
  if (running->value != NULL && *running->value != '\0')
    append_library (list, running->value);
  if (statements)
    append_library (list, "pg_stat_statements");
  kt_value_set_text (out, list->str);
  g_string_append_printf (because, "%s%s%s added to what is preloaded", timescale ? "timescaledb" : "",
                          timescale && statements ? " and " : "", statements ? "pg_stat_statements" : "");
  return TRUE;
}

gboolean
kt_rule_pg_stat_statements_max (const KtInputs *in, KtValue *out, GString *because)
{
  kt_value_set_int (out, 10000);
  g_string_append (because, "the indexer's row counts stand in the statement text, so each length is a statement of "
                            "its own");
  return TRUE;
}
