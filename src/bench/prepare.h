/* SPDX-License-Identifier: MIT
 *
 * What makes runs on private servers begin alike: the log files of a server that has been running, the same pages in
 * the caches, and a checkpoint that has just begun.
 */
#pragma once

#include "bench/dataset.h"
#include "postgres/connection.h"

/* A server that has been writing for a while reuses log files, about as many as max_wal_size holds; a fresh copy would
 * fill each with zeros first and write everything twice, the longer the larger max_wal_size is. Makes them, as far as a
 * quarter of the free space goes, unless wal_recycle is off. *bytes: how much. Errors: KT_ERROR_NO_SPACE, KT_ERROR_IO,
 * KT_ERROR_INTERRUPTED, those of queries. */
gboolean kt_bench_prepare_wal (const char *conninfo, const char *data_directory, const KtBenchWatch *watch,
                               gint64 *bytes, GError **error);

/* Reads every index once through the server, in the same order, or of each the same first part when all together are
 * larger than three quarters of @memory_bytes (0: no limit). *pages: how many; -1 when this server has no pg_prewarm.
 * Errors: KT_ERROR_INTERRUPTED, those of queries. */
gboolean kt_bench_warm_caches (const char *conninfo, gint64 memory_bytes, const KtBenchWatch *watch, gint64 *pages,
                               GError **error);

/* Asks for a checkpoint as the server's own are: spread over its cycle, not at once as by CHECKPOINT. TRUE: it has begun.
 * FALSE: not within 3 s (another one is under way; it comes after that one), or this server takes no such wish. */
gboolean kt_bench_begin_checkpoint (const char *conninfo);
