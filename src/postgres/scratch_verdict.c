/* SPDX-License-Identifier: MIT */
#include "postgres/scratch_verdict.h"

#include "base/size.h"
#include "postgres/scratch_log.h"

#define STATUS_KILLED (128 + 9)

const char *const kt_scratch_proof[] = {
  "CREATE TABLE kastune_proof (hash bytea PRIMARY KEY, daa bigint)",
  "INSERT INTO kastune_proof SELECT sha256(i::text::bytea), i FROM generate_series(1, 1000) i",
  "CHECKPOINT",
  "SELECT 1 / (count(*) = 1000)::int FROM kastune_proof",
  NULL,
};

static void
refuse (KtScratchResult *result, const char *hint, const char *format, ...) G_GNUC_PRINTF (3, 4);

static void
refuse (KtScratchResult *result, const char *hint, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  result->problem = g_strdup_vprintf (format, args);
  va_end (args);
  result->hint = g_strdup (hint);
}

/* "shared_buffers …: the reason", told with the line of the settings it stands in when the server names one. */
static void
refuse_by_log (const char *log, const char *conf, KtScratchResult *result)
{
  g_autoptr (GPtrArray) faults = kt_scratch_log_faults (log, conf);
  if (faults->len == 0)
    return;
  const KtScratchFault *first = g_ptr_array_index (faults, 0);
  refuse (result, first->hint, "%s", first->text);
}

static void
refuse_killed (const KtScratch *scratch, KtScratchResult *result)
{
  g_autofree char *limit = kt_size_format (scratch->memory_limit);
  if (result->limited)
    refuse (result, "lower shared_buffers and the number of connections and workers, or raise the limit",
            "the kernel ended the server: it does not fit into the memory limit of %s", limit);
  else
    refuse (result, "look for \"Out of memory\" in the kernel's log: dmesg",
            "the server was killed (signal 9), most likely because memory ran out");
}

void
kt_scratch_explain (const KtScratch *scratch, const KtScratchEnd *end, KtScratchResult *result)
{
  if (end->ran_out_of_memory || end->status == STATUS_KILLED)
    refuse_killed (scratch, result);
  else
    refuse_by_log (end->log != NULL ? end->log : "", end->conf, result);
  if (result->problem == NULL && end->problem != NULL)
    refuse (result, NULL, "%s", end->problem);
  if (result->problem == NULL)
    refuse (result, NULL, "the server ended with status %d and without a word", end->status);
}

gboolean
kt_scratch_fits_limit (const KtScratch *scratch, KtScratchResult *result)
{
  if (scratch->memory_limit == 0 || result->shared_memory_bytes <= scratch->memory_limit)
    return TRUE;
  g_autofree char *shared = kt_size_format (result->shared_memory_bytes);
  g_autofree char *limit = kt_size_format (scratch->memory_limit);
  refuse (result, "lower shared_buffers or raise the limit",
          "it starts, but its shared memory of %s is larger than the memory limit of %s: it would be killed in use",
          shared, limit);
  return FALSE;
}

void
kt_scratch_keep_warnings (GPtrArray *notes, const char *log, KtScratchResult *result)
{
  g_autoptr (GStrvBuilder) all = g_strv_builder_new ();
  g_auto (GStrv) warnings = kt_scratch_log_warnings (log != NULL ? log : "");
  for (guint i = 0; i < notes->len; i++)
    g_strv_builder_add (all, g_ptr_array_index (notes, i));
  g_strv_builder_addv (all, (const char **) warnings);
  result->warnings = g_strv_builder_end (all);
}
