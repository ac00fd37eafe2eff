/* SPDX-License-Identifier: MIT
 *
 * What `bench` was asked for, made ready: the folder, the data set, the machine to emulate, and each named
 * configuration as settings that a private server can start with.
 */
#pragma once

#include "bench/compare.h"
#include "operation/facts.h"

typedef struct {
  KtFacts *facts;           /* owned */
  KtBenchPlace *place;
  KtDataSetSpec spec;
  KtDataSet *set;
  KtBenchHost host;
  KtBenchWatch watch;
  char *bin_directory, *owner;
  char *version;            /* "15", of the binaries */
  GPtrArray *configurations; /* KtBenchConfiguration */
  JsonObject *advised;       /* of the last `kastune` among them; NULL: none: {profile, memory_bytes, shared_buffers,
                              * max_wal_size, wal_buffers (bytes), bgwriter_lru_maxpages, wal_compression, compressions} */
} KtBenchSetup;

/* Words for a configuration: `defaults`, `current` (the running server's), `before` or `before:ID` (its settings
 * before a change set), `kastune` (its advice for the machine), with `kastune:PROFILE` for another profile, a
 * configuration file, or a folder of them, of which those named NAME-Ngb.conf are taken only for a machine of that size.
 * @begun: an unfinished comparison whose configurations are taken as they stand there, or NULL.
 * Errors: KT_ERROR_USAGE, those of each step. */
KtBenchSetup *kt_bench_setup_new (KtOperationContext *context, JsonObject *args, JsonObject *begun, GError **error);
void kt_bench_setup_free (KtBenchSetup *setup);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtBenchSetup, kt_bench_setup_free)

/* What every measuring operation takes: times, transactions, checkpoints (@cycles where none are named), the load. */
gboolean kt_bench_take_run (JsonObject *args, const KtBenchWatch *watch, guint cycles, KtBenchRun *run, GError **error);
/* What the indexer leaves out: `features` (full, scripts, light), `disable`, `exclude_fields`. Errors: KT_ERROR_USAGE. */
gboolean kt_bench_take_features (JsonObject *args, KtFeatures *features, GError **error);
void kt_bench_take_watch (KtOperationContext *context, KtBenchWatch *watch);

/* Makes @platform a machine like @host: as large, alone, with a disk as fast. */
void kt_bench_emulate_platform (KtPlatform *platform, const KtBenchHost *host);
