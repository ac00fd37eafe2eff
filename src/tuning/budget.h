/* SPDX-License-Identifier: MIT
 *
 * Where the memory goes. First what PostgreSQL may use: the machine or its limit minus what others need. Then what a
 * set of settings can use at worst. Both as sums that can be shown line by line.
 */
#pragma once

#include "base/json.h"
#include "platform/platform.h"

typedef struct {
  char *name;
  gint64 bytes;
  char *reason;
} KtBudgetLine;

typedef struct {
  gint64 total;      /* the machine, or its limit when that is smaller */
  char *total_reason;
  GPtrArray *lines;  /* KtBudgetLine: what is set aside for others */
  gint64 reserved;   /* their sum */
  gint64 postgresql; /* total - reserved, at least KT_BUDGET_LEAST */
  gboolean short_of_memory; /* less than the least was left */
} KtBudget;

#define KT_BUDGET_LEAST (256 * (gint64) 1024 * 1024)

/* @reserve: bytes for everything that is not PostgreSQL, -1: what the platform found. */
KtBudget *kt_budget_new (const KtPlatform *platform, gint64 reserve);
void kt_budget_free (KtBudget *budget);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtBudget, kt_budget_free)
/* {total_bytes, total_reason, reserved: [{name, bytes, reason}], reserved_bytes, postgresql_bytes, short_of_memory} */
JsonObject *kt_budget_to_json (const KtBudget *budget);
JsonArray *kt_budget_lines_to_json (const GPtrArray *lines);

/* What decides how much memory a server can take. Sizes in bytes. */
typedef struct {
  gint64 shared_buffers, wal_buffers, work_mem, maintenance_work_mem, autovacuum_work_mem;
  double hash_mem_multiplier;
  gint64 connections;  /* max_connections */
  gint64 busy;         /* of these, how many sort and hash at once */
  gint64 autovacuum_workers;
  gboolean huge_pages; /* certain: page tables are negligible */
} KtMemoryUse;

typedef enum {
  KT_MEMORY_FITS,    /* up to 85 %: the rest is page cache, on which PostgreSQL relies. Ordinarily there is more: under an
                      * indexer's load a server used 440 MB beside its shared_buffers where the worst case counts 1.3 GB */
  KT_MEMORY_TIGHT,   /* up to 95 %: a warning */
  KT_MEMORY_TOO_MUCH /* beyond: refused */
} KtMemoryVerdict;

#define KT_MEMORY_FITS_SHARE 0.85
#define KT_MEMORY_TIGHT_SHARE 0.95

typedef struct {
  GPtrArray *lines; /* KtBudgetLine */
  gint64 total;
  double share;     /* of what PostgreSQL may use */
  KtMemoryVerdict verdict;
} KtWorstCase;

KtWorstCase *kt_worst_case_new (const KtMemoryUse *use, gint64 memory);
void kt_worst_case_free (KtWorstCase *worst);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtWorstCase, kt_worst_case_free)
const char *kt_memory_verdict_name (KtMemoryVerdict verdict); /* "fits", "tight", "too much" */

/* The sum alone. */
gint64 kt_worst_case_total (const KtMemoryUse *use);
/* The largest shared_buffers, and the largest work_mem, with which the rest of @use still fits into @memory (85 % of
 * it). May be negative. */
gint64 kt_room_for_shared_buffers (const KtMemoryUse *use, gint64 memory);
gint64 kt_room_for_work_mem (const KtMemoryUse *use, gint64 memory);

/* Shared memory the server asks the kernel for, in bytes; what vm.nr_hugepages has to cover. */
gint64 kt_shared_memory (const KtMemoryUse *use);
