/* SPDX-License-Identifier: MIT
 *
 * Ten blocks and about three chain blocks a second, four parents a block; a transaction with one input and two outputs
 * touches three addresses. Tables of all schemas of simply-kaspa-indexer from 10 to 23.
 */
#include "tuning/tables.h"

static const KtTableFact facts[] = {
  { .name = "transactions", .rows_per_transaction = 1, .rows_per_second = 10 },
  { .name = "transactions_acceptances", .rows_per_transaction = 1, .rows_per_second = 3 },
  { .name = "addresses_transactions", .rows_per_transaction = 3, .rows_per_second = 10, .link = TRUE },
  { .name = "scripts_transactions", .rows_per_transaction = 3, .rows_per_second = 10, .link = TRUE },
  { .name = "blocks", .rows_per_second = 10 },
  { .name = "block_parent", .rows_per_second = 40 },
  { .name = "blocks_transactions", .rows_per_transaction = 1.5, .rows_per_second = 10 },
  { .name = "transactions_inputs", .rows_per_transaction = 1 },
  { .name = "transactions_outputs", .rows_per_transaction = 2, .rows_per_second = 10 },
};

const KtTableFact *
kt_table_fact (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (facts); i++)
    if (g_str_equal (facts[i].name, name))
      return &facts[i];
  return NULL;
}
