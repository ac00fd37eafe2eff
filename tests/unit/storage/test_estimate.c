/* SPDX-License-Identifier: MIT */
#include "storage/estimate.h"

#include "base/error.h"
#include "base/size.h"

#include <string.h>

static const gint64 records[] = { 16 * KT_KIB, 128 * KT_KIB, 0 };
static const KtCompression compressions[] = { { KT_COMPRESSION_LZ4, 0 }, { KT_COMPRESSION_ZSTD, 5 } };
static const KtEstimateOptions options = { .sample_bytes = 4 * KT_MIB, .records = records, .compressions = compressions,
                                           .n_compressions = 2, .sector = 4096 };

/* Paths say what is inside: "zeros", "noise", "half" (every second stretch is zeros), "gone" (shorter than it was). */
static gboolean
read_made (gpointer user, const KtStored *stored, gint64 offset, guint8 *buffer, gsize *length, GError **error)
{
  guint *reads = user;
  (*reads)++;
  if (g_str_equal (stored->path, "broken"))
    {
      kt_error_set (error, KT_ERROR_CONNECT, NULL, NULL, "gone");
      return FALSE;
    }
  if (g_str_equal (stored->path, "gone"))
    *length = 0;
  gboolean zeros = g_str_equal (stored->path, "zeros")
                   || (g_str_equal (stored->path, "half") && offset / (gint64) KT_STRETCH % 2 == 0);
  g_autoptr (GRand) rand = g_rand_new_with_seed ((guint32) (offset / 4096));
  for (gsize i = 0; i + 4 <= *length; i += 4)
    {
      guint32 word = zeros ? 0 : g_rand_int (rand);
      memcpy (buffer + i, &word, sizeof word);
    }
  return TRUE;
}

static void
add (GPtrArray *stored, const char *path, gint64 bytes)
{
  KtStored *thing = g_new0 (KtStored, 1);
  thing->name = g_strdup (path);
  thing->path = g_strdup (path);
  thing->kind = g_str_equal (path, "noise") ? "index" : "table";
  thing->bytes = bytes;
  g_ptr_array_add (stored, thing);
}

static GPtrArray *
stored_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) kt_stored_free);
}

static void
test_stretches_are_shared_by_size (void)
{
  g_assert_cmpuint (kt_stretches_of (KT_GIB, 4 * KT_GIB, 32 * KT_MIB), ==, 64);
  g_assert_cmpuint (kt_stretches_of (KT_MIB, 4 * KT_GIB, 32 * KT_MIB), ==, 2);       /* never none of what is there */
  g_assert_cmpuint (kt_stretches_of (100 * KT_KIB, 4 * KT_GIB, 32 * KT_MIB), ==, 1); /* never more than is there */
  g_assert_cmpuint (kt_stretches_of (KT_MIB, KT_MIB, 32 * KT_MIB), ==, 8);
  g_assert_cmpuint (kt_stretches_of (0, 0, 32 * KT_MIB), ==, 0);
}

static void
test_things_are_weighted_by_size (void)
{
  g_autoptr (GPtrArray) stored = stored_new ();
  g_autoptr (GError) error = NULL;
  guint reads = 0;
  add (stored, "noise", 30 * KT_MIB);
  add (stored, "zeros", 10 * KT_MIB);
  JsonObject *result = kt_estimate_storage (stored, &options, read_made, &reads, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (reads, ==, 32);
  g_assert_cmpint (kt_json_int (result, "bytes", 0), ==, 40 * KT_MIB);
  g_assert_cmpint (kt_json_int (result, "sampled_bytes", 0), ==, 4 * KT_MIB);
  g_assert_cmpfloat (kt_json_double (result, "unwritten_percent", -1), ==, 0);
  JsonArray *rows = kt_json_array (result, "combinations");
  g_assert_cmpuint (json_array_get_length (rows), ==, 4);
  for (guint i = 0; i < 4; i++)
    {
      JsonObject *row = json_array_get_object_element (rows, i);
      g_assert_cmpint (kt_json_int (row, "after_bytes", 0), ==, 30 * KT_MIB);
      g_assert_cmpfloat (kt_json_double (row, "ratio", 0), ==, 1.333);
      g_assert_cmpfloat (kt_json_double (row, "ratio_low", 0), ==, 1.333); /* all stretches of a thing are alike */
    }
  JsonObject *thing = json_array_get_object_element (kt_json_array (result, "things"), 0);
  g_assert_cmpfloat (kt_json_double (thing, "ratio", 0), ==, 1);
  json_object_unref (result);
}

static void
test_the_interval_holds_the_truth_and_shrinks (void)
{
  double last_width = G_MAXDOUBLE;
  for (gint64 sample = 2 * KT_MIB; sample <= 32 * KT_MIB; sample *= 4)
    {
      g_autoptr (GPtrArray) stored = stored_new ();
      guint reads = 0;
      KtEstimateOptions more = options;
      more.sample_bytes = sample;
      add (stored, "half", 333 * KT_MIB);
      JsonObject *result = kt_estimate_storage (stored, &more, read_made, &reads, NULL, NULL);
      JsonObject *row = json_array_get_object_element (kt_json_array (result, "combinations"), 0);
      double low = kt_json_double (row, "ratio_low", 0), high = kt_json_double (row, "ratio_high", 0);
      g_assert_cmpfloat (low, <, 2);
      g_assert_cmpfloat (high, >, 2);
      g_assert_cmpfloat (high - low, <, last_width);
      last_width = high - low;
      json_object_unref (result);
    }
}

static void
test_nothing_to_look_at (void)
{
  g_autoptr (GPtrArray) stored = stored_new ();
  g_autoptr (GError) error = NULL;
  guint reads = 0;
  g_assert_null (kt_estimate_storage (stored, &options, read_made, &reads, NULL, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_NOT_FOUND);
  g_clear_error (&error);
  add (stored, "gone", KT_MIB);
  g_assert_null (kt_estimate_storage (stored, &options, read_made, &reads, NULL, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_NOT_FOUND);
}

static void
test_what_was_never_written_is_said (void)
{
  g_autoptr (GPtrArray) stored = stored_new ();
  guint reads = 0;
  add (stored, "gone", 30 * KT_MIB);
  add (stored, "noise", 10 * KT_MIB);
  JsonObject *result = kt_estimate_storage (stored, &options, read_made, &reads, NULL, NULL);
  g_assert_cmpfloat (kt_json_double (result, "unwritten_percent", 0), ==, 75);
  g_assert_cmpuint (json_array_get_length (kt_json_array (result, "things")), ==, 1);
  json_object_unref (result);
}

static void
test_failures_end_it (void)
{
  g_autoptr (GPtrArray) stored = stored_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  guint reads = 0;
  add (stored, "broken", KT_MIB);
  g_assert_null (kt_estimate_storage (stored, &options, read_made, &reads, NULL, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_CONNECT);
  g_clear_error (&error);
  g_cancellable_cancel (cancellable);
  g_assert_null (kt_estimate_storage (stored, &options, read_made, &reads, cancellable, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_INTERRUPTED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/storage/estimate/stretches-are-shared-by-size", test_stretches_are_shared_by_size);
  g_test_add_func ("/storage/estimate/things-are-weighted-by-size", test_things_are_weighted_by_size);
  g_test_add_func ("/storage/estimate/the-interval-holds-the-truth-and-shrinks", test_the_interval_holds_the_truth_and_shrinks);
  g_test_add_func ("/storage/estimate/nothing-to-look-at", test_nothing_to_look_at);
  g_test_add_func ("/storage/estimate/what-was-never-written-is-said", test_what_was_never_written_is_said);
  g_test_add_func ("/storage/estimate/failures-end-it", test_failures_end_it);
  return g_test_run ();
}
