/* SPDX-License-Identifier: MIT
 *
 * What readers ask for, drawn from the chain: mostly what is there and rather new, now and then what never was. Scripts
 * are taken from transactions, so the busy ones come as often as they are used.
 */
#pragma once

#include "workload/reader_queries.h"
#include "workload/schema.h"

typedef struct {
  const KtChain *chain;
  guint64 end;      /* blocks below it are there; at least 1 */
  guint64 random;   /* any number; goes on with every draw */
  KtTableId mapping;
} KtReadKeys;

/* One parameter as a field; with it goes its type. Both of KT_READ_SPENT_HASHES and KT_READ_SPENT_INDEXES, and all
 * KT_READ_KEY of a request, come from the same @request. */
void kt_read_keys_put (KtReadKeys *keys, guint64 request, KtReadValue value, KtRows *rows, Oid *type);
