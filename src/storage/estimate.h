/* SPDX-License-Identifier: MIT
 *
 * How much a database would take on ZFS, from a sample of its own bytes: stretches of the real tables and indexes, cut
 * into records and packed as ZFS would. No ZFS is needed. Arithmetic only: the bytes come from the caller.
 */
#pragma once

#include "base/json.h"
#include "storage/record.h"

#include <gio/gio.h>

#define KT_STRETCH ((gsize) 128 * 1024) /* the largest record that is looked at; a stretch holds all sizes below */

typedef struct {
  char *name;       /* "public.transactions", for people */
  const char *kind; /* "table", "index", "TOAST" */
  char *path;       /* how the caller finds it again */
  gint64 bytes;
} KtStored;

void kt_stored_free (KtStored *stored);

typedef struct {
  gint64 sample_bytes; /* how much to look at */
  const gint64 *records;       /* record sizes in bytes, up to KT_STRETCH, ended by 0 */
  const KtCompression *compressions;
  guint n_compressions;
  gint64 sector; /* bytes: 2 to the pool's ashift */
} KtEstimateOptions;

/* Reads up to KT_STRETCH bytes of @stored at @offset; fewer at its end, and where some were never written. FALSE:
 * @error. */
typedef gboolean (*KtStretchReader) (gpointer user, const KtStored *stored, gint64 offset, guint8 *buffer, gsize *length,
                                     GError **error);

/* Stretches of @stored to look at, when @total bytes share @sample bytes: at least two where it holds two, at most all. */
guint kt_stretches_of (gint64 bytes, gint64 total, gint64 sample);

/* The estimate as JSON: for each combination the bytes before and after with a 95 % interval, by kind; for each thing its
 * ratio under the first record size and the first compression; what a compression costs of a CPU here.
 * Errors: those of @read, KT_ERROR_INTERRUPTED, KT_ERROR_NOT_FOUND (nothing to look at). */
JsonObject *kt_estimate_storage (const GPtrArray *stored, const KtEstimateOptions *options, KtStretchReader read, gpointer user,
                                 GCancellable *cancellable, GError **error);
