/* SPDX-License-Identifier: MIT */
#include "storage/estimate.h"

#include "base/error.h"

#include <math.h>

#define TWO_SIDED_95 1.96

/* Of one thing under one record size and compression. */
typedef struct {
  double sum, squares; /* of the shares that its stretches kept */
  guint n;
} Share;

typedef struct {
  const KtEstimateOptions *options;
  GPtrArray *packers;  /* KtPacker, a compression each */
  guint n_records;
  Share *shares;       /* thing, record size, compression */
  guint8 *buffer;
  gint64 asked, sampled; /* bytes */
} Work;

void
kt_stored_free (KtStored *stored)
{
  g_free (stored->name);
  g_free (stored->path);
  g_free (stored);
}

guint
kt_stretches_of (gint64 bytes, gint64 total, gint64 sample)
{
  gint64 all = (bytes + (gint64) KT_STRETCH - 1) / (gint64) KT_STRETCH;
  double fair = total > 0 ? (double) sample / (double) KT_STRETCH * ((double) bytes / (double) total) : 0;
  return (guint) CLAMP ((gint64) llround (fair), MIN (2, all), all);
}

static Share *
share_of (Work *work, guint thing, guint record, guint compression)
{
  return &work->shares[(thing * work->n_records + record) * work->options->n_compressions + compression];
}

/* What is left of a stretch. The last record of a file is as short as the file. */
static void
pack_stretch (Work *work, guint thing, gsize length)
{
  for (guint r = 0; r < work->n_records; r++)
    for (guint c = 0; c < work->options->n_compressions; c++)
      {
        gint64 kept = 0;
        gsize record = (gsize) work->options->records[r];
        for (gsize at = 0; at < length; at += record)
          kept += kt_packer_allocated (work->packers->pdata[c], work->buffer + at, MIN (record, length - at),
                                       (gsize) work->options->sector);
        Share *share = share_of (work, thing, r, c);
        double part = (double) kept / (double) length;
        share->sum += part;
        share->squares += part * part;
        share->n++;
      }
}

/* Evenly spread, in the middle of equal parts: old and new rows alike. */
static gboolean
sample_thing (Work *work, const KtStored *stored, guint thing, guint n, KtStretchReader read, gpointer user,
              GCancellable *cancellable, GError **error)
{
  gint64 all = (stored->bytes + (gint64) KT_STRETCH - 1) / (gint64) KT_STRETCH;
  for (guint i = 0; i < n; i++)
    {
      gint64 at = (gint64) (((double) i + 0.5) * (double) all / (double) n) * (gint64) KT_STRETCH;
      gsize length = KT_STRETCH;
      if (g_cancellable_is_cancelled (cancellable))
        {
          kt_error_set (error, KT_ERROR_INTERRUPTED, NULL, NULL, "the estimate was interrupted");
          return FALSE;
        }
      if (!read (user, stored, at, work->buffer, &length, error))
        return FALSE;
      work->asked += MIN ((gint64) KT_STRETCH, stored->bytes - at);
      if (length == 0)
        continue;
      work->sampled += (gint64) length;
      pack_stretch (work, thing, length);
    }
  return TRUE;
}

/* Bytes that things of @kind (NULL: all) keep, and the variance of that sum. */
typedef struct {
  double before, after, variance;
} Sum;

static void
add_thing (Sum *sum, const KtStored *stored, const Share *share)
{
  if (share->n == 0)
    return;
  double mean = share->sum / share->n, bytes = (double) stored->bytes;
  double spread = share->n > 1 ? MAX (share->squares - share->n * mean * mean, 0) / (share->n - 1) : 0;
  sum->before += bytes;
  sum->after += bytes * mean;
  sum->variance += bytes * bytes * spread / share->n;
}

static Sum
sum_of (Work *work, const GPtrArray *stored, guint record, guint compression, const char *kind)
{
  Sum sum = { 0 };
  for (guint i = 0; i < stored->len; i++)
    {
      const KtStored *thing = stored->pdata[i];
      if (kind == NULL || g_str_equal (thing->kind, kind))
        add_thing (&sum, thing, share_of (work, i, record, compression));
    }
  return sum;
}

static double
ratio_of (double before, double after)
{
  return after > 0 ? round (before / after * 1000) / 1000 : 0;
}

static JsonArray *
kinds_json (Work *work, const GPtrArray *stored, guint record, guint compression)
{
  static const char *const kinds[] = { "table", "index", "TOAST" };
  JsonArray *array = json_array_new ();
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      Sum sum = sum_of (work, stored, record, compression, kinds[i]);
      if (sum.before <= 0)
        continue;
      JsonObject *object = json_object_new ();
      json_object_set_string_member (object, "kind", kinds[i]);
      json_object_set_int_member (object, "bytes", (gint64) sum.before);
      json_object_set_int_member (object, "after_bytes", (gint64) sum.after);
      json_object_set_double_member (object, "ratio", ratio_of (sum.before, sum.after));
      json_array_add_object_element (array, object);
    }
  return array;
}

static JsonArray *
combinations_json (Work *work, const GPtrArray *stored)
{
  JsonArray *array = json_array_new ();
  for (guint r = 0; r < work->n_records; r++)
    for (guint c = 0; c < work->options->n_compressions; c++)
      {
        Sum sum = sum_of (work, stored, r, c, NULL);
        double half = TWO_SIDED_95 * sqrt (sum.variance);
        g_autofree char *name = kt_compression_name (&work->options->compressions[c]);
        JsonObject *object = json_object_new ();
        json_object_set_int_member (object, "record_bytes", work->options->records[r]);
        json_object_set_string_member (object, "compression", name);
        json_object_set_int_member (object, "bytes", (gint64) sum.before);
        json_object_set_int_member (object, "after_bytes", (gint64) sum.after);
        json_object_set_double_member (object, "ratio", ratio_of (sum.before, sum.after));
        json_object_set_double_member (object, "ratio_low", ratio_of (sum.before, sum.after + half));
        json_object_set_double_member (object, "ratio_high", ratio_of (sum.before, MAX (sum.after - half, 1)));
        json_object_set_array_member (object, "kinds", kinds_json (work, stored, r, c));
        json_array_add_object_element (array, object);
      }
  return array;
}

static JsonArray *
things_json (Work *work, const GPtrArray *stored)
{
  JsonArray *array = json_array_new ();
  for (guint i = 0; i < stored->len; i++)
    {
      const KtStored *thing = stored->pdata[i];
      const Share *share = share_of (work, i, 0, 0);
      if (share->n == 0)
        continue;
      JsonObject *object = json_object_new ();
      json_object_set_string_member (object, "name", thing->name);
      json_object_set_string_member (object, "kind", thing->kind);
      json_object_set_int_member (object, "bytes", thing->bytes);
      json_object_set_int_member (object, "stretches", share->n);
      json_object_set_int_member (object, "after_bytes", (gint64) ((double) thing->bytes * share->sum / share->n));
      json_object_set_double_member (object, "ratio", ratio_of (share->n, share->sum));
      json_array_add_object_element (array, object);
    }
  return array;
}

static JsonArray *
costs_json (Work *work)
{
  JsonArray *array = json_array_new ();
  for (guint c = 0; c < work->options->n_compressions; c++)
    {
      const KtPacker *packer = work->packers->pdata[c];
      gint64 us = kt_packer_cpu_us (packer);
      if (us <= 0)
        continue;
      g_autofree char *name = kt_compression_name (&work->options->compressions[c]);
      JsonObject *object = json_object_new ();
      json_object_set_string_member (object, "compression", name);
      json_object_set_double_member (object, "mb_per_cpu_s", round ((double) kt_packer_bytes (packer) / (double) us));
      json_array_add_object_element (array, object);
    }
  return array;
}

static gint64
total_bytes (const GPtrArray *stored)
{
  gint64 total = 0;
  for (guint i = 0; i < stored->len; i++)
    total += ((const KtStored *) stored->pdata[i])->bytes;
  return total;
}

static JsonObject *
result_json (Work *work, const GPtrArray *stored, gint64 total)
{
  JsonObject *object = json_object_new ();
  json_object_set_int_member (object, "bytes", total);
  json_object_set_int_member (object, "sampled_bytes", work->sampled);
  json_object_set_double_member (object, "unwritten_percent",
                                 round ((double) (work->asked - work->sampled) * 1000 / (double) work->asked) / 10);
  json_object_set_int_member (object, "sector_bytes", work->options->sector);
  json_object_set_array_member (object, "combinations", combinations_json (work, stored));
  json_object_set_array_member (object, "things", things_json (work, stored));
  json_object_set_array_member (object, "costs", costs_json (work));
  return object;
}

JsonObject *
kt_estimate_storage (const GPtrArray *stored, const KtEstimateOptions *options, KtStretchReader read, gpointer user,
                     GCancellable *cancellable, GError **error)
{
  Work work = { .options = options };
  gint64 total = total_bytes (stored);
  while (options->records[work.n_records] > 0)
    work.n_records++;
  g_autofree Share *shares = g_new0 (Share, MAX (stored->len, 1) * work.n_records * options->n_compressions);
  g_autofree guint8 *buffer = g_malloc (KT_STRETCH);
  g_autoptr (GPtrArray) packers = g_ptr_array_new_with_free_func ((GDestroyNotify) kt_packer_free);
  for (guint c = 0; c < options->n_compressions; c++)
    {
      KtPacker *packer = kt_packer_new (options->compressions[c], KT_STRETCH, error);
      if (packer == NULL)
        return NULL;
      g_ptr_array_add (packers, packer);
    }
  work.shares = shares;
  work.buffer = buffer;
  work.packers = packers;
  for (guint i = 0; i < stored->len; i++)
    {
      const KtStored *thing = stored->pdata[i];
      guint n = kt_stretches_of (thing->bytes, total, options->sample_bytes);
      if (!sample_thing (&work, thing, i, n, read, user, cancellable, error))
        return NULL;
    }
  if (work.sampled == 0)
    {
      kt_error_set (error, KT_ERROR_NOT_FOUND, "it holds no tables with rows", "name the indexer's database with --dsn",
                    "there is nothing to estimate in this database");
      return NULL;
    }
  return result_json (&work, stored, total);
}
