/* SPDX-License-Identifier: MIT */
#include "bench/counters.h"

#include <string.h>
#include <unistd.h>

/* Columns of sql/bench_counters; a variant that lacks one does not know it. */
static const char *const names[KT_N_COUNTS] = {
  [KT_COUNT_WAL_BYTES] = "wal_bytes",
  [KT_COUNT_WAL_FULL_PAGE_IMAGES] = "wal_full_page_images",
  [KT_COUNT_WAL_BUFFERS_FULL] = "wal_buffers_full",
  [KT_COUNT_CHECKPOINTS_TIMED] = "checkpoints_timed",
  [KT_COUNT_CHECKPOINTS_REQUESTED] = "checkpoints_requested",
  [KT_COUNT_WRITTEN_CHECKPOINTER] = "written_checkpointer",
  [KT_COUNT_WRITTEN_BGWRITER] = "written_bgwriter",
  [KT_COUNT_WRITTEN_BACKENDS] = "written_backends",
  [KT_COUNT_BLOCKS_HIT] = "blocks_hit",
  [KT_COUNT_BLOCKS_READ] = "blocks_read",
  [KT_COUNT_DEADLOCKS] = "deadlocks",
  [KT_COUNT_TRANSACTIONS] = "transactions",
  [KT_COUNT_BLOCKS] = "blocks",
};

const char *
kt_count_name (KtCount count)
{
  return names[count];
}

gboolean
kt_bench_counts_read (KtConnection *connection, KtBenchCounts *counts, GError **error)
{
  g_autoptr (PGresult) row = kt_connection_query_file (connection, error, "bench_counters", NULL);
  if (row == NULL)
    return FALSE;
  for (guint i = 0; i < KT_N_COUNTS; i++)
    {
      int column = PQntuples (row) > 0 ? PQfnumber (row, names[i]) : -1;
      gboolean known = column >= 0 && !PQgetisnull (row, 0, column);
      counts->of[i] = known ? g_ascii_strtoll (PQgetvalue (row, 0, column), NULL, 10) : -1;
    }
  return TRUE;
}

gint64
kt_bench_counts_delta (const KtBenchCounts *before, const KtBenchCounts *after, KtCount count)
{
  gint64 from = before->of[count], to = after->of[count];
  return from < 0 || to < from ? -1 : to - from;
}

static gint64
sum_of_deltas (const KtBenchCounts *before, const KtBenchCounts *after, const KtCount *counts, gsize n)
{
  gint64 sum = 0;
  for (gsize i = 0; i < n; i++)
    {
      gint64 delta = kt_bench_counts_delta (before, after, counts[i]);
      if (delta < 0)
        return -1;
      sum += delta;
    }
  return sum;
}

gint64
kt_bench_counts_checkpoints (const KtBenchCounts *before, const KtBenchCounts *after)
{
  static const KtCount parts[] = { KT_COUNT_CHECKPOINTS_TIMED, KT_COUNT_CHECKPOINTS_REQUESTED };
  return sum_of_deltas (before, after, parts, G_N_ELEMENTS (parts));
}

gint64
kt_bench_counts_written (const KtBenchCounts *before, const KtBenchCounts *after)
{
  static const KtCount parts[] = { KT_COUNT_WRITTEN_CHECKPOINTER, KT_COUNT_WRITTEN_BGWRITER,
                                   KT_COUNT_WRITTEN_BACKENDS };
  return sum_of_deltas (before, after, parts, G_N_ELEMENTS (parts));
}

/* ---- the machine ---- */

static gint64
ticks_to_us (gint64 ticks)
{
  return ticks * G_USEC_PER_SEC / sysconf (_SC_CLK_TCK);
}

gboolean
kt_proc_stat_parse (const char *text, gint64 *parent, gint64 *own_ticks, gint64 *children_ticks)
{
  /* The name in parentheses may hold anything, so fields count from the last one. */
  const char *rest = strrchr (text, ')');
  if (rest == NULL)
    return FALSE;
  g_autofree char *behind = g_strstrip (g_strdup (rest + 1));
  g_auto (GStrv) fields = g_strsplit (behind, " ", -1);
  enum { PARENT = 1, UTIME = 11, STIME, CUTIME, CSTIME };
  if (g_strv_length (fields) <= CSTIME)
    return FALSE;
  *parent = g_ascii_strtoll (fields[PARENT], NULL, 10);
  *own_ticks = g_ascii_strtoll (fields[UTIME], NULL, 10) + g_ascii_strtoll (fields[STIME], NULL, 10);
  *children_ticks = g_ascii_strtoll (fields[CUTIME], NULL, 10) + g_ascii_strtoll (fields[CSTIME], NULL, 10);
  return TRUE;
}

gint64
kt_server_cpu_us (gint64 pid)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc", 0, NULL);
  const char *name;
  gint64 sum = -1;
  while (dir != NULL && pid > 0 && (name = g_dir_read_name (dir)) != NULL)
    {
      gint64 id = g_ascii_strtoll (name, NULL, 10), parent, own, children;
      g_autofree char *path = g_build_filename ("/proc", name, "stat", NULL);
      g_autofree char *text = NULL;
      if (id <= 0 || !g_file_get_contents (path, &text, NULL, NULL)
          || !kt_proc_stat_parse (text, &parent, &own, &children))
        continue;
      /* Children of the postmaster have none themselves. What ended ones used is added to the postmaster. */
      if (id == pid)
        sum = MAX (sum, 0) + own + children;
      else if (parent == pid)
        sum = MAX (sum, 0) + own;
    }
  return sum < 0 ? -1 : ticks_to_us (sum);
}

gint64
kt_busy_ticks_parse (const char *text)
{
  enum { IDLE = 3, IOWAIT = 4, STEAL = 7 };
  gint64 sum = 0;
  if (!g_str_has_prefix (text, "cpu "))
    return -1;
  const char *at = text + strlen ("cpu ");
  for (guint field = 0; field <= STEAL; field++)
    {
      char *end;
      gint64 ticks = g_ascii_strtoll (at, &end, 10);
      if (end == at)
        return field > IOWAIT ? sum : -1;
      sum += field != IDLE && field != IOWAIT ? ticks : 0;
      at = end;
    }
  return sum;
}

gint64
kt_machine_busy_us (void)
{
  g_autofree char *text = NULL;
  gint64 ticks = g_file_get_contents ("/proc/stat", &text, NULL, NULL) ? kt_busy_ticks_parse (text) : -1;
  return ticks < 0 ? -1 : ticks_to_us (ticks);
}
