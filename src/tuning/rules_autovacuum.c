/* SPDX-License-Identifier: MIT
 *
 * Autovacuum. The indexer inserts and prunes in large batches: there is little bloat and much freezing.
 * Insert-triggered runs keep the visibility map (index-only scans) and spread the freezing. Values for the largest
 * tables are theirs alone and stand in tables.c.
 */
#include "tuning/rules.h"

#include "base/size.h"

#include <math.h>

#define DEFAULT_SLOTS 16
#define VACUUM_SHARE 0.3       /* of what the disk can do at depth 16; the indexer needs the rest */
#define PAGE_COST 22           /* a page that is read and dirtied: vacuum_cost_page_miss and _dirty */
#define DEFAULT_COST_LIMIT 200
#define DEFAULT_COST_DELAY_MS 2
#define LONGEST_COST_DELAY_MS 20 /* the default of old: a crawl, but no standstill */
#define SCARCE_READS 10000 /* 8 kB reads/s at depth 16 */
#define ANALYZE_PAGES 30000 /* 300 x default_statistics_target, each on a random page */

/* Where the indexer needs every read itself, maintenance comes as seldom as by default. Measured at 3,000 reads/s: a table that
 * grew sevenfold was analysed ten times at 0.02, and analyses and vacuums read more pages than the indexer did. */
static gboolean
reads_are_scarce (const KtInputs *in)
{
  return in->data.measured ? in->data.reads_16 < SCARCE_READS : in->data.class == KT_STORAGE_HDD;
}

gboolean
kt_rule_autovacuum_max_workers (const KtInputs *in, KtValue *out, GString *because)
{
  gint64 workers = in->memory < 4 * KT_GIB ? 2 : in->cpus <= 4 ? 3 : in->cpus <= 16 ? 4 : 5;
  gint64 slots = in->server != NULL ? kt_server_int (in->server, "autovacuum_worker_slots",
                                                     DEFAULT_SLOTS) : DEFAULT_SLOTS;
  g_autofree char *memory = kt_size_format (in->memory);
  g_autofree char *cpus = kt_inputs_cpus (in);
  if (in->major >= 18)
    workers = MIN (workers, slots);
  kt_value_set_int (out, workers);
  g_string_append_printf (because, "%s and %s; few, very large tables: more workers do not help one table, and they "
                                   "share one cost limit", memory, cpus);
  return TRUE;
}

gboolean
kt_rule_autovacuum_naptime (const KtInputs *in, KtValue *out, GString *because)
{
  gboolean sync = in->phase == KT_PHASE_INITIAL_SYNC;
  kt_value_set_int (out, sync ? 60000 : 30000);
  g_string_append (because, sync ? "during the first sync the disk is for the indexer"
                                 : "large tables reach their thresholds often: look twice a minute");
  return TRUE;
}

/* How many pages a second the workers together may dirty. Measured at 3,000 reads/s (docs/performance.md): at 9,000 a second,
 * four times the disk, indexing had three quarters of the rate that it has at 900. */
static double
vacuum_pages_per_s (const KtInputs *in)
{
  double by_class = in->data.class == KT_STORAGE_UNKNOWN ? 910 : kt_disk_choose (&in->data, 455, 45500, 91000);
  return in->data.measured && in->data.reads_16 > 0 ? MIN (VACUUM_SHARE * in->data.reads_16, by_class) : by_class;
}

static void
say_vacuum_pages (const KtInputs *in, GString *because)
{
  double pages = vacuum_pages_per_s (in);
  g_autofree char *disk = kt_disk_describe (&in->data);
  g_string_append_printf (because, "storage is %s", disk);
  if (in->data.class == KT_STORAGE_UNKNOWN)
    g_string_append (because, ", so it is treated as slow");
  else if (in->data.measured && in->data.reads_16 > 0)
    g_string_append_printf (because, " with %.0f reads/s at depth 16", in->data.reads_16);
  g_string_append_printf (because, ": vacuum may dirty %.0f pages/s (%.0f MB/s), so that the indexer keeps most of it; the default "
                                   "stops at 4500", pages, pages * 8192 / 1e6);
}

gboolean
kt_rule_autovacuum_vacuum_cost_limit (const KtInputs *in, KtValue *out, GString *because)
{
  double limit = vacuum_pages_per_s (in) * PAGE_COST * DEFAULT_COST_DELAY_MS / 1000;
  kt_value_set_int (out, MAX ((gint64) limit / 100 * 100, DEFAULT_COST_LIMIT));
  say_vacuum_pages (in, because);
  return TRUE;
}

/* Slower than the default's limit each 2 ms: longer pauses. */
gboolean
kt_rule_autovacuum_vacuum_cost_delay (const KtInputs *in, KtValue *out, GString *because)
{
  double delay_ms = DEFAULT_COST_LIMIT * 1000.0 / (vacuum_pages_per_s (in) * PAGE_COST);
  kt_value_set_real (out, CLAMP (round (delay_ms), DEFAULT_COST_DELAY_MS, LONGEST_COST_DELAY_MS));
  say_vacuum_pages (in, because);
  return TRUE;
}

gboolean
kt_rule_autovacuum_vacuum_scale_factor (const KtInputs *in, KtValue *out, GString *because)
{
  kt_value_set_real (out, 0.05);
  g_string_append (because, "pruned rows are cleaned up after 5 % of a table instead of 20 %");
  return TRUE;
}

gboolean
kt_rule_autovacuum_analyze_scale_factor (const KtInputs *in, KtValue *out, GString *because)
{
  if (reads_are_scarce (in))
    {
      g_autofree char *disk = kt_disk_describe (&in->data);
      g_string_append_printf (because, "storage is %s", disk);
      if (in->data.measured)
        g_string_append_printf (because, ": an analysis reads up to %d random pages of a table, %.0f s of all that this disk can do",
                                ANALYZE_PAGES, ANALYZE_PAGES / MAX (in->data.reads_16, 1));
      else
        g_string_append_printf (because, ": an analysis reads up to %d random pages of a table", ANALYZE_PAGES);
      return FALSE;
    }
  kt_value_set_real (out, 0.02);
  g_string_append (because, "block_time grows all the time and is outside the statistics until the next analyse");
  return TRUE;
}

gboolean
kt_rule_autovacuum_vacuum_insert_threshold (const KtInputs *in, KtValue *out, GString *because)
{
  kt_value_set_int (out, 100000);
  g_string_append (because, "keeps small tables from being vacuumed for nothing");
  return TRUE;
}

gboolean
kt_rule_autovacuum_vacuum_insert_scale_factor (const KtInputs *in, KtValue *out, GString *because)
{
  if (reads_are_scarce (in))
    {
      g_autofree char *disk = kt_disk_describe (&in->data);
      g_string_append_printf (because, "storage is %s: the new pages are read once more by each run, and the indexer needs the reads",
                              disk);
      return FALSE;
    }
  kt_value_set_real (out, 0.05);
  g_string_append_printf (because, "spreads freezing and keeps index-only scans working after 5 %% of new rows instead "
                                   "of 20 %%%s",
                          in->major >= 18 ? "; 18 counts only pages that are not frozen yet" : "");
  return TRUE;
}

gboolean
kt_rule_vacuum_buffer_usage_limit (const KtInputs *in, KtValue *out, GString *because)
{
  gint64 most = kt_wanted_int (in, "shared_buffers") / 8;
  gint64 wanted = (gint64) kt_disk_choose (&in->data, 4, 16, 64) * KT_MIB;
  g_autofree char *disk = kt_disk_describe (&in->data);
  kt_value_set_int (out, MIN (wanted, most) / KT_MIB * KT_MIB);
  g_string_append_printf (because, "storage is %s; a small ring makes vacuum flush WAL all the time, and this is at "
                                   "most an "
                                   "eighth of shared_buffers", disk);
  return TRUE;
}
