/* SPDX-License-Identifier: MIT
 *
 * What pools and their cache are doing: figures for whoever looks, once or every few seconds. It decides nothing but whether the
 * cache is promised memory that PostgreSQL has as well.
 */
#pragma once

#include "base/finding.h"

#include <gio/gio.h>

/* One line of zpool iostat -Hpl. Waits are nanoseconds; -1 where nothing was measured. */
typedef struct {
  char *pool;
  gint64 allocated, free;                     /* bytes */
  gint64 read_ops, write_ops;                 /* a second */
  gint64 read_bytes, write_bytes;             /* a second */
  gint64 read_wait_ns, write_wait_ns;         /* from the queue to the end */
  gint64 disk_read_wait_ns, disk_write_wait_ns; /* of that, the disk itself */
} KtPoolRates;

void kt_pool_rates_free (KtPoolRates *rates);

/* KtPoolRates in the order of the lines: a line a pool a sample, the first sample is the mean since the import. Fields that later
 * versions add are passed over, lines that are no such line too. */
GPtrArray *kt_pool_rates_parse (const char *text);

/* The mean since the import, and with @watch what happens in the second that this takes then. Errors: those of kt_zfs_ask; KT_ERROR_PARSE. */
GPtrArray *kt_pool_rates_load (const char *pool, gboolean watch, GCancellable *cancellable, GError **error);

/* The cache, from /proc/spl/kstat/zfs/arcstats. Counters since the module was loaded; -1: not there. */
typedef struct {
  gint64 size, limit;                 /* bytes */
  gint64 hits, misses;
  gint64 demand_hits, demand_misses;  /* of data that somebody waited for */
  gint64 compressed, uncompressed;    /* bytes held, and what they stand for */
} KtArc;

KtArc kt_arc_parse (const char *text);
/* FALSE: the module is not loaded. */
gboolean kt_arc_load (KtArc *arc);
/* Hits of all, 0 to 100; -1 without any. */
double kt_arc_hit_percent (gint64 hits, gint64 misses);

/* @buffers: shared_buffers, @memory: of the machine, bytes. */
void kt_find_about_arc (GPtrArray *findings, const KtArc *arc, gint64 buffers, gint64 memory);
