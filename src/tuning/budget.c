/* SPDX-License-Identifier: MIT
 *
 * The figures of the worst case:
 *  - shared memory: at most 1.023 x shared_buffers + 64 MB at 100 connections, measured on 13 to 18; 1000 connections
 *    added 73 MB; wal_buffers above the automatic 16 MB adds its own size.
 *  - an idle backend keeps about 2 MB of its own (Freund, "Measuring the Memory Overhead of a Postgres Connection"),
 *    a busy one 10 MB: the indexer's connections hold up to 100 prepared statements of thousands of parameters each.
 *  - a busy backend runs one sort and half a hash on average; hashes may use hash_mem_multiplier times work_mem.
 *  - without huge pages a backend has 8 bytes of page table for each 4 kB of shared_buffers that it has touched: a busy one
 *    comes to all of it, of an idle one an eighth is counted.
 */
#include "tuning/budget.h"

#include "base/size.h"

#define SHARED_FACTOR 1.023
#define SHARED_EXTRA (64 * KT_MIB)
#define SHARED_PER_CONNECTION (82 * KT_KIB) /* beyond the first hundred */
#define AUTOMATIC_WAL_BUFFERS (16 * KT_MIB)
#define BUSY_BACKEND (10 * KT_MIB)
#define IDLE_BACKEND (2 * KT_MIB)
#define PAGE_TABLE_SHARE 512
#define IDLE_PAGE_TABLE 8
#define UNKNOWN_MEMORY KT_GIB

static void
line_free (KtBudgetLine *line)
{
  g_free (line->name);
  g_free (line->reason);
  g_free (line);
}

static GPtrArray *
lines_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) line_free);
}

static void G_GNUC_PRINTF (4, 5)
add_line (GPtrArray *lines, const char *name, gint64 bytes, const char *format, ...)
{
  va_list arguments;
  KtBudgetLine *line = g_new0 (KtBudgetLine, 1);
  line->name = g_strdup (name);
  line->bytes = bytes;
  va_start (arguments, format);
  line->reason = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_ptr_array_add (lines, line);
}

static gint64
sum_of (const GPtrArray *lines)
{
  gint64 sum = 0;
  for (guint i = 0; i < lines->len; i++)
    sum += ((KtBudgetLine *) lines->pdata[i])->bytes;
  return sum;
}

static void
add_neighbours (GPtrArray *lines, const KtPlatform *platform)
{
  for (guint i = 0; platform->neighbours != NULL && i < platform->neighbours->len; i++)
    {
      const KtNeighbour *neighbour = platform->neighbours->pdata[i];
      add_line (lines, neighbour->name, neighbour->reserve, "%s", neighbour->reason != NULL ? neighbour->reason : "");
    }
}

/* How much there is, and why; a machine that does not say counts as the smallest that makes sense. */
static void
find_total (const KtPlatform *platform, KtBudget *budget)
{
  const char *path = platform->cgroup.memory_limit_path;
  budget->total = kt_platform_memory_limit (platform);
  if (budget->total <= 0)
    {
      budget->total = UNKNOWN_MEMORY;
      budget->total_reason = g_strdup ("assumed: the machine does not say how much memory it has");
    }
  else if (budget->total < platform->memory.total || platform->memory.total <= 0)
    budget->total_reason = g_strdup_printf ("limit in %s", path != NULL ? path : "the control group");
  else
    budget->total_reason = g_strdup (platform->described ? "memory of the machine, as you say" : "memory of this machine");
}

KtBudget *
kt_budget_new (const KtPlatform *platform, gint64 reserve)
{
  KtBudget *budget = g_new0 (KtBudget, 1);
  find_total (platform, budget);
  budget->lines = lines_new ();
  if (reserve >= 0)
    add_line (budget->lines, "reserve", reserve, "set aside as asked, whatever else runs here");
  else
    add_neighbours (budget->lines, platform);
  budget->reserved = sum_of (budget->lines);
  gint64 left = budget->total - budget->reserved;
  budget->short_of_memory = left < KT_BUDGET_LEAST;
  budget->postgresql = MAX (left, KT_BUDGET_LEAST);
  return budget;
}

void
kt_budget_free (KtBudget *budget)
{
  if (budget == NULL)
    return;
  g_free (budget->total_reason);
  g_clear_pointer (&budget->lines, g_ptr_array_unref);
  g_free (budget);
}

gint64
kt_shared_memory (const KtMemoryUse *use)
{
  return (gint64) ((double) use->shared_buffers * SHARED_FACTOR) + SHARED_EXTRA +
         MAX (use->wal_buffers - AUTOMATIC_WAL_BUFFERS, 0) + MAX (use->connections - 100, 0) * SHARED_PER_CONNECTION;
}

static gint64
busy_backends (const KtMemoryUse *use)
{
  return MIN (use->busy, use->connections);
}

/* Of each byte of shared_buffers, in all backends together. */
static double
page_tables (const KtMemoryUse *use)
{
  double idle = (double) (use->connections - busy_backends (use)) / IDLE_PAGE_TABLE;
  return use->huge_pages ? 0 : ((double) busy_backends (use) + idle) / PAGE_TABLE_SHARE;
}

static double
work_areas_per_backend (const KtMemoryUse *use)
{
  return 1.0 + use->hash_mem_multiplier / 2.0;
}

static gint64
vacuum_memory (const KtMemoryUse *use)
{
  return use->autovacuum_work_mem >= 0 ? use->autovacuum_work_mem : use->maintenance_work_mem;
}

static void
add_worst_case (GPtrArray *lines, const KtMemoryUse *use)
{
  gint64 busy = busy_backends (use);
  g_autofree char *work_mem = kt_size_format (use->work_mem);
  g_autofree char *vacuum = kt_size_format (vacuum_memory (use));
  add_line (lines, "shared memory", kt_shared_memory (use), "shared_buffers and what the server adds to them");
  add_line (lines, "sorts and hashes",
            (gint64) ((double) busy * (double) use->work_mem * work_areas_per_backend (use)),
            "%" G_GINT64_FORMAT " busy connections, %.3g times work_mem (%s) each", busy, work_areas_per_backend (use),
            work_mem);
  add_line (lines, "connections", busy * BUSY_BACKEND + (use->connections - busy) * IDLE_BACKEND,
            "10 MB for each busy one, 2 MB for each of the %" G_GINT64_FORMAT " others", use->connections - busy);
  add_line (lines, "page tables", (gint64) (page_tables (use) * (double) use->shared_buffers), "%s",
            use->huge_pages ? "huge pages" : "no certain huge pages: a 512th of shared_buffers for each busy one");
  add_line (lines, "autovacuum", use->autovacuum_workers * vacuum_memory (use),
            "%" G_GINT64_FORMAT " workers with %s each", use->autovacuum_workers, vacuum);
  add_line (lines, "maintenance", use->maintenance_work_mem, "one index build or manual vacuum");
}

KtWorstCase *
kt_worst_case_new (const KtMemoryUse *use, gint64 memory)
{
  KtWorstCase *worst = g_new0 (KtWorstCase, 1);
  worst->lines = lines_new ();
  add_worst_case (worst->lines, use);
  worst->total = sum_of (worst->lines);
  worst->share = (double) worst->total / (double) MAX (memory, 1);
  worst->verdict = worst->share <= KT_MEMORY_FITS_SHARE    ? KT_MEMORY_FITS
                   : worst->share <= KT_MEMORY_TIGHT_SHARE ? KT_MEMORY_TIGHT
                                                           : KT_MEMORY_TOO_MUCH;
  return worst;
}

void
kt_worst_case_free (KtWorstCase *worst)
{
  if (worst == NULL)
    return;
  g_clear_pointer (&worst->lines, g_ptr_array_unref);
  g_free (worst);
}

const char *
kt_memory_verdict_name (KtMemoryVerdict verdict)
{
  static const char *const names[] = { "fits", "tight", "too much" };
  return names[verdict];
}

gint64
kt_worst_case_total (const KtMemoryUse *use)
{
  g_autoptr (KtWorstCase) worst = kt_worst_case_new (use, 1);
  return worst->total;
}

gint64
kt_room_for_shared_buffers (const KtMemoryUse *use, gint64 memory)
{
  KtMemoryUse rest = *use;
  rest.shared_buffers = 0;
  double left = (double) memory * KT_MEMORY_FITS_SHARE - (double) kt_worst_case_total (&rest);
  return (gint64) (left / (SHARED_FACTOR + page_tables (use)));
}

gint64
kt_room_for_work_mem (const KtMemoryUse *use, gint64 memory)
{
  KtMemoryUse rest = *use;
  rest.work_mem = 0;
  double left = (double) memory * KT_MEMORY_FITS_SHARE - (double) kt_worst_case_total (&rest);
  return (gint64) (left / ((double) MAX (busy_backends (use), 1) * work_areas_per_backend (use)));
}

JsonArray *
kt_budget_lines_to_json (const GPtrArray *lines)
{
  JsonArray *array = json_array_new ();
  for (guint i = 0; i < lines->len; i++)
    {
      const KtBudgetLine *line = lines->pdata[i];
      JsonObject *object = json_object_new ();
      kt_json_set_string (object, "name", line->name);
      json_object_set_int_member (object, "bytes", line->bytes);
      kt_json_set_string (object, "reason", line->reason);
      json_array_add_object_element (array, object);
    }
  return array;
}

JsonObject *
kt_budget_to_json (const KtBudget *budget)
{
  JsonObject *object = json_object_new ();
  json_object_set_int_member (object, "total_bytes", budget->total);
  kt_json_set_string (object, "total_reason", budget->total_reason);
  json_object_set_array_member (object, "reserved", kt_budget_lines_to_json (budget->lines));
  json_object_set_int_member (object, "reserved_bytes", budget->reserved);
  json_object_set_int_member (object, "postgresql_bytes", budget->postgresql);
  json_object_set_boolean_member (object, "short_of_memory", budget->short_of_memory);
  return object;
}
