/* SPDX-License-Identifier: MIT
 *
 * What measured tuning may vary: a few parameters that matter for this load, each with levels around the advice, and what they
 * mean as settings, as words and as a profile. Nothing here touches durability. Pure.
 */
#pragma once

#include "bench/search.h"

typedef struct {
  char *label;             /* "shared_buffers 2457MB" */
  GStrv settings;          /* "name=value"; NULL: none */
  double batch_scale;      /* of the indexer; 0: as it is */
  guint batch_concurrency; /* likewise */
} KtTuneLevel;

typedef struct {
  const char *name;        /* "shared_buffers", "background writer" */
  GPtrArray *levels;       /* KtTuneLevel; the first is the advice and has no settings */
} KtTuneDimension;

/* The advice around which levels lie, and the room there is. */
typedef struct {
  gint64 memory_bytes;     /* of the machine */
  gint64 room_bytes;       /* free on the disk; -1 unknown */
  gint64 shared_buffers, max_wal_size, wal_buffers; /* bytes */
  gint64 bgwriter_lru_maxpages;
  const char *wal_compression;
  const char *const *compressions; /* that this build has; NULL: on and off */
  double batch_scale;
  guint batch_concurrency;
} KtTuneFacts;

/* Elements KtTuneDimension, at most KT_SEARCH_DIMENSIONS, each with two levels or more. */
GPtrArray *kt_tune_dimensions (const KtTuneFacts *facts);
KtSearchSpace kt_tune_space (const GPtrArray *dimensions);

/* "shared_buffers 2457MB, wal_compression zstd"; "advice" for the start. Caller frees. */
char *kt_tune_point_name (const GPtrArray *dimensions, const KtSearchPoint *point);
/* Lines of a configuration file that put the point's settings above the advice. Caller frees. */
char *kt_tune_point_conf (const GPtrArray *dimensions, const KtSearchPoint *point);
/* The level of @dimension at @point. Borrowed. */
const KtTuneLevel *kt_tune_level (const GPtrArray *dimensions, guint dimension, const KtSearchPoint *point);

/* What is said in a profile besides its settings. */
typedef struct {
  const char *extends;     /* a profile's name or file */
  const char *where;       /* "4 GB, 2 CPUs, cloud-volume" */
  const char *what;        /* "result 12, 2026-11-22, PostgreSQL 15, 24 runs" */
} KtTuneProvenance;

/* A profile's key file for @point (docs/profiles.md) with the evidence for every deviation as comments. Caller frees. */
char *kt_tune_profile (const GPtrArray *dimensions, const GArray *results, const KtSearchPoint *point,
                       const KtTuneProvenance *provenance);
/* "x 1.18 (1.11 to 1.25, 5 rounds)", "x 1.18 (one round)", "could not be measured". Caller frees. */
char *kt_tune_ratio_words (const KtEstimate *ratio);
