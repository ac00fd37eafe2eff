/* SPDX-License-Identifier: MIT */
#include "operation/tune_space.h"

#include "base/size.h"

#include <math.h>
#include <string.h>

#define SAME 0.15              /* sizes nearer than this to the advice are not worth a run */
#define LEAST_WAL (1 * KT_GIB)
#define MOST_WAL (64 * KT_GIB)
#define SHARE_OF_ROOM 4        /* WAL may have a quarter of the free disk */

static void
level_free (gpointer data)
{
  KtTuneLevel *level = data;
  g_free (level->label);
  g_strfreev (level->settings);
  g_free (level);
}

static void
dimension_free (gpointer data)
{
  KtTuneDimension *dimension = data;
  g_ptr_array_unref (dimension->levels);
  g_free (dimension);
}

static KtTuneLevel *
add_level (KtTuneDimension *dimension, char *label, const char *settings)
{
  KtTuneLevel *level = g_new0 (KtTuneLevel, 1);
  level->label = label;
  level->settings = settings != NULL ? g_strsplit (settings, "\n", -1) : NULL;
  g_ptr_array_add (dimension->levels, level);
  return level;
}

static KtTuneDimension *
dimension_new (const char *name)
{
  KtTuneDimension *dimension = g_new0 (KtTuneDimension, 1);
  dimension->name = name;
  dimension->levels = g_ptr_array_new_with_free_func (level_free);
  add_level (dimension, g_strdup_printf ("%s as advised", name), NULL);
  return dimension;
}

static void
add_size (KtTuneDimension *dimension, gint64 bytes, gint64 advised)
{
  gint64 mib = bytes / KT_MIB;
  g_autofree char *setting = g_strdup_printf ("%s=%" G_GINT64_FORMAT "MB", dimension->name, mib);
  if (mib > 0 && fabs ((double) bytes / (double) MAX (1, advised) - 1) > SAME)
    add_level (dimension, g_strdup_printf ("%s %" G_GINT64_FORMAT "MB", dimension->name, mib), setting);
}

/* ---- the dimensions; levels in the order of their promise ---- */

static KtTuneDimension *
shared_buffers (const KtTuneFacts *facts)
{
  static const int percent[] = { 40, 55, 25, 65, 15 };
  KtTuneDimension *dimension = dimension_new ("shared_buffers");
  for (gsize i = 0; i < G_N_ELEMENTS (percent); i++)
    add_size (dimension, facts->memory_bytes / 100 * percent[i], facts->shared_buffers);
  return dimension;
}

static KtTuneDimension *
max_wal_size (const KtTuneFacts *facts)
{
  static const double times[] = { 2, 0.5, 4 };
  KtTuneDimension *dimension = dimension_new ("max_wal_size");
  for (gsize i = 0; i < G_N_ELEMENTS (times); i++)
    {
      gint64 bytes = (gint64) ((double) facts->max_wal_size * times[i]);
      gboolean room = facts->room_bytes < 0 || bytes <= facts->room_bytes / SHARE_OF_ROOM;
      if (bytes >= LEAST_WAL && bytes <= MOST_WAL && room)
        add_size (dimension, bytes, facts->max_wal_size);
    }
  return dimension;
}

static KtTuneDimension *
wal_compression (const KtTuneFacts *facts)
{
  static const char *const booleans[] = { "on", "off", NULL };
  static const char *const wanted[] = { "lz4", "zstd", "on", "off", "pglz", NULL };
  const char *const *offered = facts->compressions != NULL ? facts->compressions : booleans;
  KtTuneDimension *dimension = dimension_new ("wal_compression");
  for (const char *const *word = wanted; *word != NULL; word++)
    {
      /* Where pglz is a word of its own, "on" means the same. */
      gboolean twice = g_str_equal (*word, "on") && g_strv_contains (offered, "pglz");
      g_autofree char *setting = g_strdup_printf ("wal_compression=%s", *word);
      if (g_strv_contains (offered, *word) && !twice && g_strcmp0 (*word, facts->wal_compression) != 0)
        add_level (dimension, g_strdup_printf ("wal_compression %s", *word), setting);
    }
  return dimension;
}

static KtTuneDimension *
background_writer (const KtTuneFacts *facts)
{
  static const struct {
    gint64 pages;
    const char *label, *settings;
  } levels[] = {
    { 0, "background writer off", "bgwriter_lru_maxpages=0" },
    { 1000, "background writer busy",
      "bgwriter_delay=50ms\nbgwriter_lru_maxpages=1000\nbgwriter_lru_multiplier=4" },
    { 100, "background writer as PostgreSQL has it",
      "bgwriter_delay=200ms\nbgwriter_lru_maxpages=100\nbgwriter_lru_multiplier=2" },
  };
  KtTuneDimension *dimension = dimension_new ("background writer");
  for (gsize i = 0; i < G_N_ELEMENTS (levels); i++)
    if (levels[i].pages != facts->bgwriter_lru_maxpages)
      add_level (dimension, g_strdup (levels[i].label), levels[i].settings);
  return dimension;
}

static KtTuneDimension *
wal_buffers (const KtTuneFacts *facts)
{
  KtTuneDimension *dimension = dimension_new ("wal_buffers");
  add_size (dimension, 64 * KT_MIB, facts->wal_buffers);
  return dimension;
}

static KtTuneDimension *
batch_scale (const KtTuneFacts *facts)
{
  static const struct {
    double scale;
    const char *label;
  } levels[] = { { 2, "batch-scale 2" }, { 4, "batch-scale 4" }, { 0.5, "batch-scale 0.5" } };
  KtTuneDimension *dimension = dimension_new ("batch-scale");
  for (gsize i = 0; i < G_N_ELEMENTS (levels); i++)
    if (fabs (levels[i].scale - facts->batch_scale) > 0.01)
      add_level (dimension, g_strdup (levels[i].label), NULL)->batch_scale = levels[i].scale;
  return dimension;
}

static KtTuneDimension *
batch_concurrency (const KtTuneFacts *facts)
{
  static const guint counts[] = { 4, 1, 2 };
  KtTuneDimension *dimension = dimension_new ("batch-concurrency");
  for (gsize i = 0; i < G_N_ELEMENTS (counts); i++)
    if (counts[i] != facts->batch_concurrency)
      add_level (dimension, g_strdup_printf ("batch-concurrency %u", counts[i]), NULL)->batch_concurrency = counts[i];
  return dimension;
}

GPtrArray *
kt_tune_dimensions (const KtTuneFacts *facts)
{
  static KtTuneDimension *(*const makers[]) (const KtTuneFacts *)
    = { shared_buffers, max_wal_size, background_writer, wal_compression, batch_scale, batch_concurrency, wal_buffers };
  G_STATIC_ASSERT (G_N_ELEMENTS (makers) <= KT_SEARCH_DIMENSIONS);
  GPtrArray *all = g_ptr_array_new_with_free_func (dimension_free);
  for (gsize i = 0; i < G_N_ELEMENTS (makers); i++)
    {
      KtTuneDimension *dimension = makers[i](facts);
      if (dimension->levels->len > 1)
        g_ptr_array_add (all, dimension);
      else
        dimension_free (dimension);
    }
  return all;
}

KtSearchSpace
kt_tune_space (const GPtrArray *dimensions)
{
  KtSearchSpace space = { .n_dimensions = dimensions->len };
  for (guint i = 0; i < dimensions->len; i++)
    space.n_levels[i] = ((const KtTuneDimension *) dimensions->pdata[i])->levels->len;
  return space;
}

/* ---- points ---- */

const KtTuneLevel *
kt_tune_level (const GPtrArray *dimensions, guint dimension, const KtSearchPoint *point)
{
  const KtTuneDimension *one = dimensions->pdata[dimension];
  return one->levels->pdata[point->level[dimension]];
}

char *
kt_tune_point_name (const GPtrArray *dimensions, const KtSearchPoint *point)
{
  g_autoptr (GString) name = g_string_new (NULL);
  for (guint i = 0; i < dimensions->len; i++)
    if (point->level[i] != 0)
      g_string_append_printf (name, "%s%s", name->len > 0 ? ", " : "", kt_tune_level (dimensions, i, point)->label);
  return g_strdup (name->len > 0 ? name->str : "advice");
}

char *
kt_tune_point_conf (const GPtrArray *dimensions, const KtSearchPoint *point)
{
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < dimensions->len; i++)
    for (char **setting = kt_tune_level (dimensions, i, point)->settings; setting != NULL && *setting != NULL; setting++)
      g_string_append_printf (text, "%s\n", *setting);
  return g_string_free (text, FALSE);
}

/* ---- the profile ---- */

char *
kt_tune_ratio_words (const KtEstimate *ratio)
{
  char value[G_ASCII_DTOSTR_BUF_SIZE], low[G_ASCII_DTOSTR_BUF_SIZE], high[G_ASCII_DTOSTR_BUF_SIZE];
  if (ratio->n == 0)
    return g_strdup ("could not be measured");
  g_ascii_formatd (value, sizeof value, "%.2f", ratio->value);
  if (!isfinite (ratio->low))
    return g_strdup_printf ("x %s (one round)", value);
  return g_strdup_printf ("x %s (%s to %s, %u rounds)", value, g_ascii_formatd (low, sizeof low, "%.2f", ratio->low),
                          g_ascii_formatd (high, sizeof high, "%.2f", ratio->high), ratio->n);
}

static KtSearchPoint
alone (guint dimension, guint level)
{
  KtSearchPoint point = { { 0 } };
  point.level[dimension] = (guint8) level;
  return point;
}

static void
append_evidence (GString *text, const GPtrArray *dimensions, const GArray *results, guint dimension, guint level)
{
  const KtTuneDimension *one = dimensions->pdata[dimension];
  KtSearchPoint single = alone (dimension, level);
  KtEstimate ratio = kt_search_ratio (results, &single, FALSE);
  g_autofree char *words = kt_tune_ratio_words (&ratio);
  g_string_append_printf (text, "# %s: alone %s\n", ((const KtTuneLevel *) one->levels->pdata[level])->label, words);
}

static gboolean
was_tried (const GArray *results, const KtSearchPoint *point)
{
  for (guint i = 0; i < results->len; i++)
    if (kt_search_point_equal (&g_array_index (results, KtSearchResult, i).point, point))
      return TRUE;
  return FALSE;
}

static void
append_rejected (GString *text, const GPtrArray *dimensions, const GArray *results, const KtSearchPoint *point)
{
  g_string_append (text, "\n# Measured too, and left:\n");
  for (guint i = 0; i < dimensions->len; i++)
    for (guint level = 1; level < ((const KtTuneDimension *) dimensions->pdata[i])->levels->len; level++)
      {
        KtSearchPoint single = alone (i, level);
        if (level != point->level[i] && was_tried (results, &single))
          append_evidence (text, dimensions, results, i, level);
      }
}

char *
kt_tune_profile (const GPtrArray *dimensions, const GArray *results, const KtSearchPoint *point,
                 const KtTuneProvenance *provenance)
{
  g_autoptr (GString) load = g_string_new (NULL);
  g_autoptr (GString) set = g_string_new (NULL);
  KtEstimate together = kt_search_ratio (results, point, TRUE);
  g_autofree char *words = kt_tune_ratio_words (&together);
  for (guint i = 0; i < dimensions->len; i++)
    {
      const KtTuneLevel *level = kt_tune_level (dimensions, i, point);
      if (point->level[i] == 0)
        continue;
      append_evidence (level->settings != NULL ? set : load, dimensions, results, i, point->level[i]);
      for (char **setting = level->settings; setting != NULL && *setting != NULL; setting++)
        g_string_append_printf (set, "%s\n", *setting);
      if (level->batch_concurrency > 0)
        g_string_append_printf (load, "batch-concurrency=%u\n", level->batch_concurrency);
      if (level->batch_scale > 0)
        g_string_append_printf (load, "# (%s is for the indexer's command line; no setting of PostgreSQL)\n", level->label);
    }
  GString *text = g_string_new (NULL);
  g_string_append_printf (text,
                          "# Measured by kastune bench tune on %s (%s).\n"
                          "# All together: rate %s against the advice.\n\n"
                          "[profile]\nextends=%s\nsummary=Measured on %s\n%s",
                          provenance->where, provenance->what, words, provenance->extends, provenance->where,
                          load->str);
  if (set->len > 0)
    g_string_append_printf (text, "\n[set]\n%s", set->str);
  append_rejected (text, dimensions, results, point);
  return g_string_free (text, FALSE);
}
