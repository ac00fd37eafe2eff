/* SPDX-License-Identifier: MIT
 *
 * A database that the workload makes once, as the data directory of a stopped server: half of it filled fast, half
 * written as the indexer writes it, so that its indexes are as they are in a database of some age. Kept in the place,
 * named by all that decides its content, so that every comparison with the same words begins from the same bytes.
 */
#pragma once

#include "bench/place.h"
#include "workload/fill.h"

typedef void (*KtBenchProgress) (gpointer user, const char *what, gint64 done, gint64 total);

/* What somebody watching is told, and how he stops it. */
typedef struct {
  KtBenchProgress progress; /* NULL: nobody watches */
  gpointer user;
  GCancellable *cancellable;
} KtBenchWatch;

void kt_bench_say (const KtBenchWatch *watch, const char *what, gint64 done, gint64 total);

typedef struct {
  const char *bin_directory;
  const char *owner;    /* who runs the servers when we are root; NULL: postgres */
  guint64 transactions; /* that it shall hold, coinbases included */
  guint64 seed;
  guint32 tps;          /* density of its chain */
  KtFeatures features;  /* what the indexer is told to leave out */
} KtDataSetSpec;

typedef struct {
  char *folder;         /* data directory of a cleanly stopped server; never start one in it */
  char *name;
  int major;
  guint64 transactions, blocks;
  gint64 bytes;         /* of tables and indexes */
  gint64 folder_bytes;  /* of a copy */
} KtDataSet;

/* Fills it when it is not there yet: minutes. Errors: KT_ERROR_UNSUPPORTED (no server of that version),
 * KT_ERROR_NO_SPACE, KT_ERROR_INTERRUPTED (begun ones are removed), those of the fill. */
KtDataSet *kt_data_set_open (const KtBenchPlace *place, const KtDataSetSpec *spec, const KtBenchWatch *watch,
                             GError **error);
void kt_data_set_free (KtDataSet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtDataSet, kt_data_set_free)

JsonObject *kt_data_set_to_json (const KtDataSet *set, const KtDataSetSpec *spec);

/* Major version of the binaries in @bin_directory; 0 on failure. */
int kt_binaries_major (const char *bin_directory, GError **error);
/* Newest PostgreSQL of this machine's packages, or NULL. Caller frees. */
char *kt_binaries_find (void);
