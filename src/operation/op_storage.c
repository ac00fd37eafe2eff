/* SPDX-License-Identifier: MIT */
#include "operation/handlers.h"

#include "base/error.h"
#include "base/size.h"
#include "operation/facts.h"
#include "storage/sample.h"

#define SAMPLE (32 * KT_MIB)
#define LEAST_SAMPLE KT_MIB
#define RECORD (16 * KT_KIB)
#define SECTOR (4 * KT_KIB)
#define NAMED_COMPRESSION "zstd-5"

/* The first of each is what was asked for; the rest stand beside it. */
typedef struct {
  GArray *records;      /* gint64, ended by 0 */
  GArray *compressions; /* KtCompression */
  KtEstimateOptions options;
} Choice;

static void
choice_clear (Choice *choice)
{
  g_clear_pointer (&choice->records, g_array_unref);
  g_clear_pointer (&choice->compressions, g_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Choice, choice_clear)

static gboolean
is_power_of_two (gint64 n)
{
  return n > 0 && (n & (n - 1)) == 0;
}

static gboolean
take_power (JsonObject *args, const char *name, gint64 fallback, gint64 least, gint64 most, gint64 *value, GError **error)
{
  *value = kt_json_int (args, name, fallback);
  if (is_power_of_two (*value) && *value >= least && *value <= most)
    return TRUE;
  g_autofree char *low = kt_size_format (least);
  g_autofree char *high = kt_size_format (most);
  g_autofree char *hint = g_strdup_printf ("a power of two from %s to %s", low, high);
  g_autofree char *given = kt_size_format (*value);
  kt_error_set (error, KT_ERROR_USAGE, NULL, hint, "--%s %s cannot be estimated", name, given);
  return FALSE;
}

static gboolean
take_compressions (Choice *choice, const char *named, GError **error)
{
  static const char *const beside[] = { "lz4", "zstd-3", "zstd-5", "zstd-9" };
  KtCompression compression;
  if (!kt_compression_parse (named, &compression, error))
    return FALSE;
  if (compression.kind == KT_COMPRESSION_OFF)
    {
      kt_error_set (error, KT_ERROR_USAGE, NULL, "name lz4 or zstd-5", "without compression there is nothing to estimate");
      return FALSE;
    }
  choice->compressions = g_array_new (FALSE, FALSE, sizeof compression);
  g_array_append_val (choice->compressions, compression);
  for (guint i = 0; i < G_N_ELEMENTS (beside); i++)
    {
      KtCompression other;
      kt_compression_parse (beside[i], &other, NULL);
      if (other.kind != compression.kind || other.level != compression.level)
        g_array_append_val (choice->compressions, other);
    }
  return TRUE;
}

static gboolean
take_choice (Choice *choice, JsonObject *args, GError **error)
{
  static const gint64 beside[] = { 8 * KT_KIB, 16 * KT_KIB, 32 * KT_KIB, 64 * KT_KIB, 128 * KT_KIB };
  gint64 record, sector;
  if (!take_power (args, "record", RECORD, beside[0], (gint64) KT_STRETCH, &record, error)
      || !take_power (args, "sector", SECTOR, 512, beside[0], &sector, error)
      || !take_compressions (choice, kt_json_string (args, "compression", NAMED_COMPRESSION), error))
    return FALSE;
  choice->records = g_array_new (TRUE, TRUE, sizeof record);
  g_array_append_val (choice->records, record);
  for (guint i = 0; i < G_N_ELEMENTS (beside); i++)
    if (beside[i] != record)
      g_array_append_val (choice->records, beside[i]);
  choice->options = (KtEstimateOptions){
    .sample_bytes = MAX (kt_json_int (args, "sample", SAMPLE), LEAST_SAMPLE),
    .records = (const gint64 *) (gpointer) choice->records->data,
    .compressions = (const KtCompression *) (gpointer) choice->compressions->data,
    .n_compressions = choice->compressions->len,
    .sector = sector,
  };
  return TRUE;
}

JsonObject *
kt_handle_storage_estimate (KtOperationContext *context, JsonObject *args, GError **error)
{
  g_auto (Choice) choice = { 0 };
  if (!take_choice (&choice, args, error))
    return NULL;
  g_autoptr (KtFacts) facts = kt_facts_load (context, args, KT_FACTS_SERVER, error);
  g_autoptr (GPtrArray) stored = facts != NULL ? kt_stored_list (facts->connection, error) : NULL;
  if (stored == NULL)
    return NULL;
  gint64 began = g_get_monotonic_time ();
  JsonObject *answer
    = kt_estimate_storage (stored, &choice.options, kt_stored_read, facts->connection, context->cancellable, error);
  if (answer == NULL)
    return NULL;
  json_object_set_object_member (answer, "server", kt_facts_server_json (facts));
  json_object_set_int_member (answer, "elapsed_ms", (g_get_monotonic_time () - began) / 1000);
  return answer;
}
