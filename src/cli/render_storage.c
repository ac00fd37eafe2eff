/* SPDX-License-Identifier: MIT */
#include "cli/renderers.h"

#include "base/size.h"

#define LITTLE 1.15 /* below, compression is hardly worth its CPU */
#define MOST_THINGS 10
#define MUCH_UNWRITTEN 3 /* percent */

static char *
size_and_ratio (JsonObject *row)
{
  g_autofree char *after = kt_render_size_member (row, "after_bytes");
  return g_strdup_printf ("%s (x%.2f)", after, kt_json_double (row, "ratio", 0));
}

static JsonObject *
find_combination (JsonArray *rows, gint64 record, const char *compression)
{
  for (guint i = 0; i < json_array_get_length (rows); i++)
    {
      JsonObject *row = json_array_get_object_element (rows, i);
      if (kt_json_int (row, "record_bytes", 0) == record
          && g_str_equal (kt_json_string (row, "compression", ""), compression))
        return row;
    }
  return NULL;
}

/* A line a record size from small to large, a column a compression from weak to strong. */
static void
render_combinations (JsonArray *rows, GString *out, guint width)
{
  static const char *const names[] = { "lz4", "zstd-3", "zstd-5", "zstd-9" };
  static const KtColumn columns[] = { { "RECORD", KT_COLUMN_LEFT }, { "LZ4", KT_COLUMN_RIGHT }, { "ZSTD-3", KT_COLUMN_RIGHT },
                                      { "ZSTD-5", KT_COLUMN_RIGHT }, { "ZSTD-9", KT_COLUMN_RIGHT } };
  g_autoptr (KtTable) table = kt_table_new (columns, G_N_ELEMENTS (columns));
  for (gint64 record = 8 * KT_KIB; record <= 128 * KT_KIB; record *= 2)
    {
      g_autofree char *label = kt_size_format (record);
      char *cells[G_N_ELEMENTS (names)];
      for (guint i = 0; i < G_N_ELEMENTS (names); i++)
        {
          JsonObject *row = find_combination (rows, record, names[i]);
          cells[i] = row != NULL ? size_and_ratio (row) : g_strdup ("");
        }
      kt_table_add (table, label, cells[0], cells[1], cells[2], cells[3]);
      for (guint i = 0; i < G_N_ELEMENTS (names); i++)
        g_free (cells[i]);
    }
  kt_table_print (table, out, width, 0);
}

static void
render_things (JsonObject *answer, GString *out, guint width)
{
  static const KtColumn columns[] = { { "LARGEST", KT_COLUMN_WRAP }, { "KIND", KT_COLUMN_LEFT }, { "NOW", KT_COLUMN_RIGHT },
                                      { "AFTER", KT_COLUMN_RIGHT } };
  JsonArray *things = kt_json_array (answer, "things");
  g_autoptr (KtTable) table = kt_table_new (columns, G_N_ELEMENTS (columns));
  for (guint i = 0; i < MIN (json_array_get_length (things), MOST_THINGS); i++)
    {
      JsonObject *thing = json_array_get_object_element (things, i);
      g_autofree char *now = kt_render_size_member (thing, "bytes");
      g_autofree char *after = size_and_ratio (thing);
      kt_table_add (table, kt_json_string (thing, "name", ""), kt_json_string (thing, "kind", ""), now, after);
    }
  g_string_append_c (out, '\n');
  kt_table_print (table, out, width, 0);
}

static void
render_costs (JsonObject *answer, GString *out, guint width)
{
  JsonArray *costs = kt_json_array (answer, "costs");
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < json_array_get_length (costs); i++)
    {
      JsonObject *cost = json_array_get_object_element (costs, i);
      g_string_append_printf (text, "%s%s %.0f MB/s", text->len > 0 ? ", " : "", kt_json_string (cost, "compression", ""),
                              kt_json_double (cost, "mb_per_cpu_s", 0));
    }
  g_string_append_c (out, '\n');
  kt_render_line (out, width, "Packing costs one CPU here: %s (on 8 kB to 128 kB records together).", text->str);
}

/* ---- show ---- */

static void
render_volumes (JsonObject *answer, GString *out, guint width)
{
  static const KtColumn columns[] = { { "HOLDS", KT_COLUMN_LEFT }, { "ON", KT_COLUMN_LEFT }, { "FREE", KT_COLUMN_RIGHT },
                                      { "OF", KT_COLUMN_RIGHT }, { "INODES FREE", KT_COLUMN_RIGHT }, { "PATH", KT_COLUMN_WRAP } };
  JsonArray *volumes = kt_json_array (answer, "volumes");
  g_autoptr (KtTable) table = kt_table_new (columns, G_N_ELEMENTS (columns));
  for (guint i = 0; i < json_array_get_length (volumes); i++)
    {
      JsonObject *volume = json_array_get_object_element (volumes, i);
      g_autofree char *free_space = kt_render_size_member (volume, "available_bytes");
      g_autofree char *size = kt_render_size_member (volume, "size_bytes");
      gint64 all = kt_json_int (volume, "inodes", 0), left = kt_json_int (volume, "inodes_free", 0);
      g_autofree char *inodes = all > 0 ? g_strdup_printf ("%.0f %%", 100.0 * (double) left / (double) all) : g_strdup ("");
      g_autofree char *place = g_strdup_printf ("%s (%s)", kt_json_string (volume, "file_system", "?"), kt_json_string (volume, "class", "?"));
      kt_table_add (table, kt_json_string (volume, "role", ""), place, free_space, size, inodes, kt_json_string (volume, "path", ""));
    }
  kt_table_print (table, out, width, 0);
}

/* What should change, with the reason; the rest in one line. */
static void
render_properties (JsonObject *object, GString *out, guint width)
{
  JsonArray *rows = kt_json_array (object, "properties");
  g_autoptr (GString) good = g_string_new (NULL);
  for (guint i = 0; i < json_array_get_length (rows); i++)
    {
      JsonObject *row = json_array_get_object_element (rows, i);
      const char *running = kt_json_string (row, "running", NULL), *name = kt_json_string (row, "property", "");
      if (!g_str_equal (kt_json_string (row, "verdict", ""), "change"))
        {
          if (running != NULL)
            g_string_append_printf (good, "%s%s=%s", good->len > 0 ? ", " : "", name, running);
          continue;
        }
      kt_render_line (out, width, "  %s: %s -> %s   (%s)", name, running, kt_json_string (row, "wanted", ""),
                      kt_json_string (row, "takes", ""));
      kt_text_wrap (out, kt_json_string (row, "because", ""), width, 6);
      if (kt_json_string (row, "hazard", NULL) != NULL)
        {
          g_autofree char *hazard = g_strdup_printf ("but: %s", kt_json_string (row, "hazard", ""));
          kt_text_wrap (out, hazard, width, 6);
        }
      if (kt_json_string (row, "command", NULL) != NULL)
        kt_text_wrap (out, kt_json_string (row, "command", ""), width, 6);
    }
  g_string_prepend (good, "good: ");
  kt_text_wrap (out, good->str, width, 2);
}

/* "2.1 ms", "-" where nothing was measured. Caller frees. */
static char *
wait_text (JsonObject *rates, const char *member)
{
  gint64 ns = kt_json_int (rates, member, -1);
  return ns < 0 ? g_strdup ("-") : g_strdup_printf ("%.1f ms", (double) ns / 1e6);
}

static void
render_rates (JsonObject *pool, GString *out, guint width)
{
  static const struct {
    const char *member, *words;
  } rows[] = { { "last_second", "now" }, { "since_import", "mean since it was imported" } };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      JsonObject *rates = kt_json_object (pool, rows[i].member);
      if (rates == NULL)
        continue;
      g_autofree char *reads = kt_render_size_member (rates, "read_bytes");
      g_autofree char *writes = kt_render_size_member (rates, "write_bytes");
      g_autofree char *read_wait = wait_text (rates, "read_wait_ns");
      g_autofree char *write_wait = wait_text (rates, "write_wait_ns");
      g_autofree char *line
        = g_strdup_printf ("%s: reads %" G_GINT64_FORMAT "/s, %s/s, wait %s; writes %" G_GINT64_FORMAT "/s, %s/s, wait %s", rows[i].words,
                           kt_json_int (rates, "read_ops", 0), reads, read_wait, kt_json_int (rates, "write_ops", 0), writes, write_wait);
      kt_text_wrap (out, line, width, 2);
    }
}

static void
render_arc (JsonObject *arc, GString *out, guint width)
{
  if (arc == NULL)
    return;
  g_autofree char *size = kt_render_size_member (arc, "size_bytes");
  g_autofree char *limit = kt_render_size_member (arc, "limit_bytes");
  g_string_append_c (out, '\n');
  kt_render_line (out, width, "Cache of ZFS: %s of at most %s; %.1f %% of all reads hit it, %.1f %% of those of data that somebody waited for "
                              "(since the module was loaded)",
                  size, limit, kt_json_double (arc, "hit_percent", 0), kt_json_double (arc, "demand_hit_percent", 0));
}

void
kt_render_storage_show (JsonObject *answer, GString *out, guint width)
{
  JsonArray *datasets = kt_json_array (answer, "datasets"), *pools = kt_json_array (answer, "pools");
  render_volumes (answer, out, width);
  kt_render_storage_devices (answer, out, width);
  for (guint i = 0; i < json_array_get_length (datasets); i++)
    {
      JsonObject *dataset = json_array_get_object_element (datasets, i);
      g_autofree char *used = kt_render_size_member (dataset, "used_bytes");
      g_autofree char *logical = kt_render_size_member (dataset, "logical_bytes");
      g_string_append_c (out, '\n');
      kt_render_line (out, width, "Dataset %s (%s): %s on disk for %s, x%.2f", kt_json_string (dataset, "name", ""),
                      kt_json_string (dataset, "holds", ""), used, logical, kt_json_double (dataset, "compressratio", 0));
      render_properties (dataset, out, width);
    }
  for (guint i = 0; i < json_array_get_length (pools); i++)
    {
      JsonObject *pool = json_array_get_object_element (pools, i);
      g_autofree char *free_space = kt_render_size_member (pool, "free_bytes");
      g_autofree char *size = kt_render_size_member (pool, "size_bytes");
      g_string_append_c (out, '\n');
      kt_render_line (out, width, "Pool %s: %s, %s of %s free; %s", kt_json_string (pool, "name", ""),
                      kt_json_string (pool, "state", "?"), free_space, size, kt_json_string (pool, "scan", "never scrubbed"));
      render_rates (pool, out, width);
      render_properties (pool, out, width);
    }
  render_arc (kt_json_object (answer, "arc"), out, width);
  if (kt_json_string (answer, "zfs", NULL) != NULL)
    {
      g_string_append_c (out, '\n');
      kt_render_line (out, width, "ZFS: %s. kastune storage estimate says what it would save.", kt_json_string (answer, "zfs", ""));
    }
  kt_render_findings (answer, out, width);
}

/* ---- estimate ---- */

void
kt_render_storage_estimate (JsonObject *answer, GString *out, guint width)
{
  JsonArray *rows = kt_json_array (answer, "combinations");
  JsonObject *asked = json_array_get_object_element (rows, 0);
  g_autofree char *bytes = kt_render_size_member (answer, "bytes");
  g_autofree char *sampled = kt_render_size_member (answer, "sampled_bytes");
  g_autofree char *sector = kt_render_size_member (answer, "sector_bytes");
  g_autofree char *record = kt_render_size_member (asked, "record_bytes");
  g_autofree char *after = kt_render_size_member (asked, "after_bytes");
  g_autofree char *took = kt_duration_format (kt_json_int (answer, "elapsed_ms", 0));
  double ratio = kt_json_double (asked, "ratio", 1);
  kt_render_line (out, width, "%s in tables and indexes; %s of them were packed as ZFS would, in %s, sectors of %s", bytes,
                  sampled, took, sector);
  g_string_append_c (out, '\n');
  render_combinations (rows, out, width);
  g_string_append_c (out, '\n');
  kt_render_line (out, width, "recordsize %s and %s: %s, x%.2f (95 %% interval x%.2f to x%.2f)%s", record,
                  kt_json_string (asked, "compression", ""), after, ratio, kt_json_double (asked, "ratio_low", 0),
                  kt_json_double (asked, "ratio_high", 0),
                  ratio < LITTLE ? ": hardly worth its CPU; hashes and signatures do not compress" : "");
  render_things (answer, out, width);
  render_costs (answer, out, width);
  if (kt_json_double (answer, "unwritten_percent", 0) > MUCH_UNWRITTEN)
    kt_render_line (out, width,
                    "note: %.0f %% of the pages looked at are new and only in shared_buffers yet; the rest may be older than "
                    "what is there now\n  -> CHECKPOINT; in the database, then once more",
                    kt_json_double (answer, "unwritten_percent", 0));
}
