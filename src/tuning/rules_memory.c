/* SPDX-License-Identifier: MIT
 *
 * Memory and connections. The start is above the usual quarter, because indexes grow into it; more is advised where it is
 * measured to pay: every row of an indexer lands on a random page of each index, so indexes that fit are worth more
 * than anything else, and pages that PostgreSQL keeps dirty itself are written once a checkpoint instead of once an
 * eviction.
 */
#include "tuning/rules.h"

#include "base/size.h"

#include <math.h>

#define STEP (64 * KT_MIB)
#define SMALL_STEP (16 * KT_MIB)
#define SMALL_MACHINE KT_GIB
#define SMALL_MACHINE_SHARE 0.125
#define CAREFUL_SHARE 0.25   /* copy-on-write file systems and shared hosts */
#define INDEX_ROOM 2.0       /* index pages, those that they will have, and the heap pages being filled */
#define CACHE_SHARE 0.75
#define WORK_MEM_SHARE 0.25
#define WORK_MEM_LEAST (4 * KT_MIB)
#define WAL_BUFFERS_MOST (64 * KT_MIB)

static gint64
round_down (gint64 bytes, gint64 step)
{
  return bytes / step * step;
}

/* So small that buffers need what maintenance would get elsewhere. */
static gboolean
is_tight (const KtInputs *in)
{
  return in->memory <= 4 * KT_GIB;
}

/* What the server needs besides shared_buffers and work_mem; none of these depend on them. wal_buffers do: their most.
 * */
static KtMemoryUse
memory_use_of_the_rest (const KtInputs *in)
{
  return (KtMemoryUse){
    .work_mem = WORK_MEM_LEAST,
    .wal_buffers = in->memory < 4 * KT_GIB ? 0 : WAL_BUFFERS_MOST,
    .maintenance_work_mem = kt_wanted_int (in, "maintenance_work_mem"),
    .autovacuum_work_mem = kt_wanted_int (in, "autovacuum_work_mem"),
    .autovacuum_workers = kt_wanted_int (in, "autovacuum_max_workers"),
    .hash_mem_multiplier = kt_wanted_number (in, "hash_mem_multiplier"),
    .connections = kt_wanted_int (in, "max_connections"),
    .busy = in->busy,
  };
}

/* The indexes are known: as much as they need to stay in it while they grow, up to the ceiling. Measured (docs/performance.md):
 * twice the buffers, far above the usual quarter, halved both the pages read and the pages written by each transaction. */
static double
share_for_indexes (const KtInputs *in, double base, GString *why)
{
  double needed = (double) in->index_bytes * INDEX_ROOM / (double) in->memory;
  double ceiling = in->profile->row->shared_buffers_ceiling / 100.0;
  g_autofree char *indexes = kt_size_format (in->index_bytes);
  if (needed <= base)
    {
      g_string_printf (why, "the indexes of the indexer's tables (%s) fit, with room to grow", indexes);
      return base;
    }
  if (needed <= ceiling)
    {
      g_string_printf (why, "holds all indexes of the indexer's tables (%s), on whose pages every row lands at random, and "
                            "their growth",
                       indexes);
      return needed;
    }
  g_string_printf (why, "as much as is safe: every row lands at random on pages of the indexes of the indexer's tables (%s, "
                        "and growing)",
                   indexes);
  return MAX (base, ceiling);
}

static double
shared_buffers_share (const KtInputs *in, GString *why)
{
  double base = in->profile->row->shared_buffers_percent / 100.0;
  if (in->memory < SMALL_MACHINE)
    {
      g_string_assign (why, "below 1 GB the operating system needs the rest");
      return SMALL_MACHINE_SHARE;
    }
  if (in->data.copy_on_write)
    {
      g_string_assign (why, in->data.zfs ? "the rest is for the ZFS cache, which keeps pages compressed and so keeps "
                                           "more"
                                         : "a copy-on-write file system caches for itself as well");
      return CAREFUL_SHARE;
    }
  if (in->shared_host)
    {
      g_string_assign (why, "not more, because other programs on this machine are large and may grow");
      return CAREFUL_SHARE;
    }
  if (in->index_bytes > 0)
    return share_for_indexes (in, base, why);
  g_string_printf (why, "the start of profile %s; more once the indexer's indexes are there and need it",
                   in->profile->row->name);
  return base;
}

gboolean
kt_rule_shared_buffers (const KtInputs *in, KtValue *out, GString *because)
{
  g_autoptr (GString) why = g_string_new (NULL);
  KtMemoryUse rest = memory_use_of_the_rest (in);
  gint64 wanted = (gint64) (shared_buffers_share (in, why) * (double) in->memory);
  gint64 room = kt_room_for_shared_buffers (&rest, in->memory);
  if (wanted > room && in->memory >= SMALL_MACHINE) /* the small share is the least that makes sense */
    {
      wanted = room;
      g_string_assign (why, "the worst case of all settings together allows no more");
    }
  wanted = MAX (round_down (wanted, wanted >= 512 * KT_MIB ? STEP : SMALL_STEP), SMALL_STEP);
  g_autofree char *memory = kt_size_format (in->memory);
  kt_value_set_int (out, wanted);
  g_string_append_printf (because, "%.0f %% of the %s that PostgreSQL may use; %s",
                          100.0 * (double) wanted / (double) in->memory, memory, why->str);
  return TRUE;
}

gboolean
kt_rule_effective_cache_size (const KtInputs *in, KtValue *out, GString *because)
{
  gint64 buffers = kt_wanted_int (in, "shared_buffers");
  gint64 wanted = (gint64) ((double) in->memory * CACHE_SHARE);
  g_autofree char *memory = kt_size_format (in->memory);
  if (in->arc_max > 0)
    {
      g_autofree char *arc = kt_size_format (in->arc_max);
      wanted = MIN (buffers + in->arc_max, wanted);
      g_string_append_printf (because, "shared_buffers and the ZFS cache (up to %s) together, at most %.0f %% of %s",
                              arc, CACHE_SHARE * 100, memory);
    }
  else
    g_string_append_printf (because, "%.0f %% of %s: shared_buffers and page cache together", CACHE_SHARE * 100,
                            memory);
  g_string_append (because, "; a hint to the planner, nothing is allocated");
  kt_value_set_int (out, round_down (MAX (wanted, buffers), SMALL_STEP));
  return TRUE;
}

gboolean
kt_rule_work_mem (const KtInputs *in, KtValue *out, GString *because)
{
  KtMemoryUse use = memory_use_of_the_rest (in);
  use.shared_buffers = kt_wanted_int (in, "shared_buffers");
  use.wal_buffers = kt_wanted_int (in, "wal_buffers");
  gint64 most = in->profile->row->work_mem_max;
  gint64 left = in->memory - use.shared_buffers;
  gint64 fair = (gint64) (WORK_MEM_SHARE * (double) left / (2.0 * in->busy));
  gint64 room = kt_room_for_work_mem (&use, in->memory);
  g_autofree char *rest = kt_size_format (left);
  g_string_append_printf (because,
                          "%u busy connections, two sorts or hashes each, share a quarter of the %s that "
                          "shared_buffers leave",
                          in->busy, rest);
  if (fair > most && room > most)
    g_string_append_printf (because, "; not more in profile %s: the indexer needs little, the API's role can have its "
                                     "own",
                            in->profile->row->name);
  else if (room < fair)
    g_string_append (because, "; the worst case of all settings together allows no more");
  kt_value_set_int (out, round_down (CLAMP (MIN (fair, room), WORK_MEM_LEAST, most), KT_MIB));
  return TRUE;
}

gboolean
kt_rule_maintenance_work_mem (const KtInputs *in, KtValue *out, GString *because)
{
  gboolean sync = in->phase == KT_PHASE_INITIAL_SYNC;
  gint64 most = sync && in->memory >= 16 * KT_GIB ? 2 * KT_GIB : in->profile->row->maintenance_work_mem_max;
  gint64 wanted = is_tight (in) ? MAX (in->memory / 32, 32 * KT_MIB) : CLAMP (in->memory / 16, 64 * KT_MIB, most);
  g_autofree char *memory = kt_size_format (in->memory);
  g_autofree char *limit = kt_size_format (most);
  kt_value_set_int (out, round_down (wanted, SMALL_STEP));
  g_string_append_printf (because, "%s of %s, at most %s%s: larger areas leave the CPU cache and get slower",
                          is_tight (in) ? "a 32nd" : "a sixteenth", memory, limit,
                          sync ? " while the indexes of the first sync are built" : "");
  return TRUE;
}

gboolean
kt_rule_autovacuum_work_mem (const KtInputs *in, KtValue *out, GString *because)
{
  gint64 wanted = is_tight (in) ? MAX (in->memory / 64, 16 * KT_MIB) : CLAMP (in->memory / 32, 64 * KT_MIB,
                                                                              512 * KT_MIB);
  g_autofree char *memory = kt_size_format (in->memory);
  kt_value_set_int (out, round_down (wanted, SMALL_STEP));
  g_string_append_printf (because, "a %s of %s for each worker, at most 512 MB: %s", is_tight (in) ? "64th" : "32nd",
                          memory,
                          in->major >= 17 ? "from 17 on the list of dead rows is compact"
                                          : "up to 16 more than 1 GB is never used");
  return TRUE;
}

gboolean
kt_rule_huge_pages (const KtInputs *in, KtValue *out, GString *because)
{
  KtMemoryUse use = memory_use_of_the_rest (in);
  use.shared_buffers = kt_wanted_int (in, "shared_buffers");
  use.wal_buffers = kt_wanted_int (in, "wal_buffers");
  gint64 needed = kt_shared_memory (&use);
  g_autofree char *need = kt_size_format (needed);
  if (in->hugetlb_limit < needed)
    {
      g_autofree char *limit = kt_size_format (in->hugetlb_limit);
      kt_value_set_text (out, "off");
      g_string_append_printf (because,
                              "the control group allows %s of huge pages and %s are needed: with try the server would "
                              "be killed by SIGBUS %s",
                              limit, need,
                              in->platform->memory.huge_pages_total > 0 ? "on its first touch"
                                                                        : "once the machine reserves some");
      return TRUE;
    }
  kt_value_set_text (out, "try");
  g_string_append_printf (because, "uses huge pages when %s of them are free and starts without them otherwise", need);
  return TRUE;
}

gboolean
kt_rule_max_connections (const KtInputs *in, KtValue *out, GString *because)
{
  guint in_use = in->server != NULL ? in->server->connections : 0;
  guint wanted = MAX (in->connections, (guint) ceil (in_use * 1.5 / 10.0) * 10);
  guint sum = in->pool + in->api_connections + in->other_connections + in->reserved_connections;
  kt_value_set_int (out, wanted);
  g_string_append_printf (because,
                          "%u for the indexer's pool (10 for each concurrent batch), %u for API servers, %u for others "
                          "and %u "
                          "reserved make %u",
                          in->pool, in->api_connections, in->other_connections, in->reserved_connections, sum);
  if (in_use > 0)
    g_string_append_printf (because, "; %u are open now", in_use);
  return TRUE;
}
