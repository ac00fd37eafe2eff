/* SPDX-License-Identifier: MIT
 *
 * What is known of the indexer's tables: how many rows the chain gives each of them.
 */
#pragma once

#include <glib.h>

typedef struct {
  const char *name;
  double rows_per_transaction;
  double rows_per_second; /* from blocks alone, ten a second */
  gboolean link;          /* one of the two tables from address or script to transaction, the largest of all */
} KtTableFact;

const KtTableFact *kt_table_fact (const char *name); /* NULL: none of the indexer's large tables */
