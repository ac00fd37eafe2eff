/* SPDX-License-Identifier: MIT */
#include "storage/activity.h"

#include "base/error.h"
#include "base/file.h"
#include "base/size.h"
#include "storage/command.h"

#include <stddef.h>

#define ARCSTATS "/proc/spl/kstat/zfs/arcstats"
#define TOGETHER 80 /* percent of memory that cache and shared_buffers may be promised; adopt aims at 75 */

void
kt_pool_rates_free (KtPoolRates *rates)
{
  g_free (rates->pool);
  g_free (rates);
}

/* ---- pools ---- */

static gint64
number_of (const char *field)
{
  guint64 number = 0;
  return g_ascii_string_to_unsigned (field, 10, 0, G_MAXINT64, &number, NULL) ? (gint64) number : -1;
}

GPtrArray *
kt_pool_rates_parse (const char *text)
{
  enum { NAME, ALLOCATED, FREE, READS, WRITES, READ_BYTES, WRITE_BYTES, READ_WAIT, WRITE_WAIT, DISK_READ, DISK_WRITE, N_USED };
  GPtrArray *samples = g_ptr_array_new_with_free_func ((GDestroyNotify) kt_pool_rates_free);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_auto (GStrv) fields = g_strsplit (lines[i], "\t", -1);
      if (g_strv_length (fields) < N_USED || *fields[NAME] == '\0')
        continue;
      KtPoolRates *rates = g_new (KtPoolRates, 1);
      *rates = (KtPoolRates){
        .pool = g_strdup (fields[NAME]),
        .allocated = number_of (fields[ALLOCATED]), .free = number_of (fields[FREE]),
        .read_ops = number_of (fields[READS]), .write_ops = number_of (fields[WRITES]),
        .read_bytes = number_of (fields[READ_BYTES]), .write_bytes = number_of (fields[WRITE_BYTES]),
        .read_wait_ns = number_of (fields[READ_WAIT]), .write_wait_ns = number_of (fields[WRITE_WAIT]),
        .disk_read_wait_ns = number_of (fields[DISK_READ]), .disk_write_wait_ns = number_of (fields[DISK_WRITE]),
      };
      g_ptr_array_add (samples, rates);
    }
  return samples;
}

GPtrArray *
kt_pool_rates_load (const char *pool, gboolean watch, GCancellable *cancellable, GError **error)
{
  const char *const argv[] = { "zpool", "iostat", "-Hpl", pool, watch ? "1" : NULL, "2", NULL };
  g_autofree char *text = kt_zfs_ask (argv, cancellable, error);
  g_autoptr (GPtrArray) samples = text != NULL ? kt_pool_rates_parse (text) : NULL;
  if (samples != NULL && samples->len == 0)
    kt_error_set (error, KT_ERROR_PARSE, text, NULL, "zpool iostat says nothing that can be understood of %s", pool);
  return samples != NULL && samples->len > 0 ? g_steal_pointer (&samples) : NULL;
}

/* ---- the cache ---- */

static const struct {
  const char *name;
  gsize offset;
} counters[] = {
  { "size", offsetof (KtArc, size) },
  { "c_max", offsetof (KtArc, limit) },
  { "hits", offsetof (KtArc, hits) },
  { "misses", offsetof (KtArc, misses) },
  { "demand_data_hits", offsetof (KtArc, demand_hits) },
  { "demand_data_misses", offsetof (KtArc, demand_misses) },
  { "compressed_size", offsetof (KtArc, compressed) },
  { "uncompressed_size", offsetof (KtArc, uncompressed) },
};

/* "name  type  value", blanks between. */
static void
read_counter (KtArc *arc, const char *line)
{
  g_auto (GStrv) words = g_strsplit_set (line, " \t", -1);
  guint last = g_strv_length (words);
  for (guint i = 0; last > 1 && i < G_N_ELEMENTS (counters); i++)
    if (g_str_equal (words[0], counters[i].name))
      *(gint64 *) ((char *) arc + counters[i].offset) = number_of (words[last - 1]);
}

KtArc
kt_arc_parse (const char *text)
{
  KtArc arc = { -1, -1, -1, -1, -1, -1, -1, -1 };
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    read_counter (&arc, lines[i]);
  return arc;
}

gboolean
kt_arc_load (KtArc *arc)
{
  g_autofree char *text = NULL;
  gboolean there = kt_file_read (ARCSTATS, &text, NULL, NULL);
  *arc = kt_arc_parse (there ? text : "");
  return there;
}

double
kt_arc_hit_percent (gint64 hits, gint64 misses)
{
  return hits >= 0 && misses >= 0 && hits + misses > 0 ? 100.0 * (double) hits / (double) (hits + misses) : -1;
}

void
kt_find_about_arc (GPtrArray *findings, const KtArc *arc, gint64 buffers, gint64 memory)
{
  if (arc->limit <= 0 || memory <= 0 || (arc->limit + buffers) / (memory / 100 + 1) < TOGETHER)
    return;
  g_autofree char *limit = kt_size_format (arc->limit);
  g_autofree char *shared = kt_size_format (buffers);
  g_autofree char *all = kt_size_format (memory);
  kt_findings_add (findings, KT_SEVERITY_WARNING, NULL, "kastune storage adopt bounds the cache beside PostgreSQL's memory",
                   "memory is promised twice: up to %s to the ZFS cache and %s to shared_buffers, of %s", limit, shared, all);
}
