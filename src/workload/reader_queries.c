/* SPDX-License-Identifier: MIT */
#include "workload/reader_queries.h"

#define NO_PARAMETERS { { KT_READ_NONE } }
#define ONE(value) { { value } }
#define TWO(first, second) { { first }, { second } }
#define FOUND(statement, column) { { KT_READ_FOUND, statement, column } }
#define KEY_AND_LAST(statement, column) { { KT_READ_KEY }, { KT_READ_LAST, statement, column } }

/* Transactions by ids that are in @parameters; the first column is the chain block that accepted. Then what else an
 * answer holds; @at is the place of the first of these five statements. */
#define TRANSACTIONS(at, parameters)                                                                                   \
  { "SELECT a.block_hash, t.* FROM transactions t LEFT JOIN transactions_acceptances a USING (transaction_id)"         \
    " WHERE t.transaction_id = ANY ($1) ORDER BY t.block_time DESC", parameters },                                     \
  { "SELECT hash, blue_score, \"timestamp\" FROM blocks WHERE hash = ANY ($1)", FOUND (at, 0) },                       \
  { "SELECT transaction_id, block_hash FROM blocks_transactions WHERE transaction_id = ANY ($1)", FOUND (at, 1),       \
    .last_schema = 22 },                                                                                               \
  { "SELECT * FROM transactions_inputs WHERE transaction_id = ANY ($1)", FOUND (at, 1), .last_schema = 10 },           \
  { "SELECT * FROM transactions_outputs WHERE transaction_id = ANY ($1)", FOUND (at, 1), .last_schema = 10 }

static const KtReadStatement address_transactions[] = {
  { "SELECT transaction_id, block_time FROM {mapping} WHERE {key} = $1 ORDER BY block_time DESC LIMIT 50 OFFSET $2",
    TWO (KT_READ_KEY, KT_READ_OFFSET) },
  TRANSACTIONS (1, FOUND (0, 0)),
};

static const KtReadStatement address_page[] = {
  { "SELECT transaction_id, block_time FROM {mapping} WHERE {key} = $1 AND block_time < $2"
    " ORDER BY block_time DESC LIMIT 50", TWO (KT_READ_KEY, KT_READ_TIME) },
  TRANSACTIONS (1, FOUND (0, 0)),
  { "SELECT transaction_id FROM {mapping} WHERE {key} = $1 AND block_time = $2", KEY_AND_LAST (0, 1) },
  { "SELECT EXISTS (SELECT FROM {mapping} WHERE {key} = $1 AND block_time < $2)", KEY_AND_LAST (0, 1) },
  { "SELECT EXISTS (SELECT FROM {mapping} WHERE {key} = $1 AND block_time >= $2)", TWO (KT_READ_KEY, KT_READ_TIME) },
};

static const KtReadStatement address_count[] = {
  { "SELECT count(*) FROM {mapping} WHERE {key} = $1", ONE (KT_READ_KEY) },
};

static const KtReadStatement addresses_active[] = {
  { "SELECT k.wanted, max (m.block_time) FROM unnest ($1) AS k (wanted) JOIN {mapping} m ON m.{key} = k.wanted"
    " GROUP BY k.wanted", ONE (KT_READ_KEYS) },
};

static const KtReadStatement search_ids[] = { TRANSACTIONS (0, ONE (KT_READ_IDS)) };

static const KtReadStatement search_scores[] = {
  { "SELECT hash, blue_score, \"timestamp\" FROM blocks b WHERE blue_score >= $1 AND blue_score < $1 + 20"
    " AND EXISTS (SELECT FROM transactions_acceptances a WHERE a.block_hash = b.hash)", ONE (KT_READ_SCORE) },
  { "SELECT a.block_hash, t.* FROM transactions t JOIN transactions_acceptances a USING (transaction_id)"
    " WHERE a.block_hash = ANY ($1) ORDER BY t.block_time DESC", FOUND (0, 0) },
  { "SELECT transaction_id, block_hash FROM blocks_transactions WHERE transaction_id = ANY ($1)", FOUND (1, 1),
    .last_schema = 22 },
};

static const KtReadStatement previous_outputs[] = {
  { "SELECT w.id, w.index, o.amount, o.script_public_key FROM unnest ($1, $2) AS w (id, index)"
    " JOIN transactions_outputs o ON o.transaction_id = w.id AND o.index = w.index",
    TWO (KT_READ_SPENT_HASHES, KT_READ_SPENT_INDEXES), .last_schema = 10 },
  { "SELECT w.id, w.index, o.amount, o.script_public_key FROM unnest ($1, $2) AS w (id, index)"
    " JOIN transactions t ON t.transaction_id = w.id CROSS JOIN LATERAL unnest (t.outputs) o WHERE o.index = w.index",
    TWO (KT_READ_SPENT_HASHES, KT_READ_SPENT_INDEXES), .first_schema = 20 },
};

static const KtReadStatement transaction[] = {
  { "SELECT * FROM transactions WHERE transaction_id = $1", ONE (KT_READ_ID) },
  { "SELECT block_hash FROM blocks_transactions WHERE transaction_id = $1", ONE (KT_READ_ID), .last_schema = 22 },
  { "SELECT * FROM transactions_inputs WHERE transaction_id = $1", ONE (KT_READ_ID), .last_schema = 10 },
  { "SELECT * FROM transactions_outputs WHERE transaction_id = $1", ONE (KT_READ_ID), .last_schema = 10 },
  { "SELECT block_hash FROM transactions_acceptances WHERE transaction_id = $1", ONE (KT_READ_ID) },
  { "SELECT hash, blue_score, \"timestamp\" FROM blocks WHERE hash = ANY ($1)", FOUND (4, 0) },
};

static const KtReadStatement acceptance[] = {
  { "SELECT block_hash, transaction_id FROM transactions_acceptances WHERE transaction_id = ANY ($1)",
    ONE (KT_READ_IDS) },
  { "SELECT hash, blue_score, \"timestamp\" FROM blocks WHERE hash = ANY ($1)", FOUND (0, 0) },
};

/* A block with its relatives and transactions; statement 0 has found it. */
#define BLOCK                                                                                                          \
  { "SELECT block_hash FROM transactions_acceptances WHERE block_hash = ANY ($1) LIMIT 1", FOUND (0, 0) },             \
  { "SELECT block_hash, array_agg (parent_hash) FROM block_parent WHERE block_hash = ANY ($1) GROUP BY block_hash",    \
    FOUND (0, 0) },                                                                                                    \
  { "SELECT block_hash FROM block_parent WHERE parent_hash = ANY ($1)", FOUND (0, 0) },                                \
  { "SELECT transaction_id FROM blocks_transactions WHERE block_hash = ANY ($1)", FOUND (0, 0), .last_schema = 22 },   \
  { "SELECT * FROM transactions WHERE transaction_id = ANY ($1) ORDER BY block_time", FOUND (4, 0),                    \
    .last_schema = 22 },                                                                                               \
  { "SELECT * FROM transactions WHERE transaction_id = ANY (ARRAY (SELECT unnest (transaction_ids) FROM blocks"        \
    " WHERE hash = ANY ($1))) ORDER BY block_time", FOUND (0, 0), .first_schema = 23 }

static const KtReadStatement block[] = {
  { "SELECT * FROM blocks WHERE hash = $1", ONE (KT_READ_BLOCK) },
  BLOCK,
};

static const KtReadStatement blocks_from_score[] = {
  { "SELECT * FROM blocks WHERE blue_score = (SELECT blue_score FROM blocks WHERE blue_score >= $1"
    " ORDER BY blue_score LIMIT 1)", ONE (KT_READ_SCORE) },
  BLOCK,
};

static const KtReadStatement virtual_chain[] = {
  { "SELECT hash, blue_score, \"timestamp\" FROM blocks b WHERE blue_score BETWEEN $1 AND $1 + 9"
    " AND EXISTS (SELECT FROM transactions_acceptances a WHERE a.block_hash = b.hash) ORDER BY blue_score",
    ONE (KT_READ_SCORE) },
  { "SELECT transaction_id, block_hash FROM transactions_acceptances WHERE block_hash = ANY ($1)", FOUND (0, 0) },
  { "SELECT * FROM transactions WHERE transaction_id = ANY ($1)", FOUND (1, 0) },
};

static const KtReadStatement health[] = {
  { "SELECT blue_score, \"timestamp\" FROM blocks ORDER BY blue_score DESC LIMIT 1", NO_PARAMETERS },
  { "SELECT t.block_time FROM transactions t JOIN transactions_acceptances a USING (transaction_id)"
    " ORDER BY t.block_time DESC LIMIT 1", NO_PARAMETERS },
};

#define STATEMENTS(array) .statements = array, .n_statements = G_N_ELEMENTS (array)

/* Weights are ours: nobody has published how often each is asked. */
const KtReadQuery kt_read_queries[KT_N_READ_QUERIES] = {
  { "address_transactions", "GET /addresses/{address}/full-transactions", 10, TRUE, STATEMENTS (address_transactions) },
  { "address_page", "GET /addresses/{address}/full-transactions-page", 20, TRUE, STATEMENTS (address_page) },
  { "address_count", "GET /addresses/{address}/transactions-count", 5, TRUE, STATEMENTS (address_count) },
  { "addresses_active", "POST /addresses/active", 2, TRUE, STATEMENTS (addresses_active) },
  { "search_ids", "POST /transactions/search by ids", 10, FALSE, STATEMENTS (search_ids) },
  { "search_scores", "POST /transactions/search by blue scores", 3, FALSE, STATEMENTS (search_scores) },
  { "previous_outputs", "inputs that are not resolved", 5, FALSE, STATEMENTS (previous_outputs) },
  { "transaction", "GET /transactions/{id}", 20, FALSE, STATEMENTS (transaction) },
  { "acceptance", "POST /transactions/acceptance", 10, FALSE, STATEMENTS (acceptance) },
  { "block", "GET /blocks/{hash}", 7, FALSE, STATEMENTS (block) },
  { "blocks_from_score", "GET /blocks-from-bluescore", 2, FALSE, STATEMENTS (blocks_from_score) },
  { "virtual_chain", "GET /virtual-chain", 4, FALSE, STATEMENTS (virtual_chain) },
  { "health", "GET /info/health", 2, FALSE, STATEMENTS (health) },
};
