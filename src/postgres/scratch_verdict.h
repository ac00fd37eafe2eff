/* SPDX-License-Identifier: MIT
 *
 * What proves that a scratch server does its work, and what its end says of the settings. Wherever it ran.
 */
#pragma once

#include "postgres/scratch.h"

/* Statements, NULL-terminated; rows that are not there divide by zero. */
extern const char *const kt_scratch_proof[];

/* Shared memory in bytes and in huge pages (-1 before 15), of PostgreSQL 13 and later. */
#define KT_SCRATCH_MEMORY \
  "SELECT coalesce((SELECT setting::bigint * 1048576 FROM pg_settings WHERE name = 'shared_memory_size')," \
  " (SELECT sum(allocated_size)::bigint FROM pg_shmem_allocations))," \
  " coalesce((SELECT setting FROM pg_settings WHERE name = 'shared_memory_size_in_huge_pages'), '-1')"

typedef struct {
  const char *log;     /* NULL: nothing was written */
  const char *conf;    /* the file that held the settings, as the log names it */
  const char *problem; /* what a client heard, or NULL */
  int status;          /* exit status of the server, 128 + n when ended by signal n */
  gboolean ran_out_of_memory;
} KtScratchEnd;

/* Why the server that has ended did not prove itself, the surest reason first: problem and hint of @result. */
void kt_scratch_explain (const KtScratch *scratch, const KtScratchEnd *end, KtScratchResult *result);

/* For one that did: memory is only allocated at a start; the kernel's kill would come later, in use. FALSE: @result says why. */
gboolean kt_scratch_fits_limit (const KtScratch *scratch, KtScratchResult *result);

/* @notes, then what the @log (may be NULL) warns of. */
void kt_scratch_keep_warnings (GPtrArray *notes, const char *log, KtScratchResult *result);
