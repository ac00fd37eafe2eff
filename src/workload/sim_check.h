/* SPDX-License-Identifier: MIT
 *
 * Does a database hold exactly what kaspa-sim wrote? The number of rows of every table is compared with what the positions on the
 * chain mean, and every key of blocks and transactions is taken back to its number on the chain.
 */
#pragma once

#include "workload/sim.h"

typedef struct {
  KtTableId table;
  guint64 rows, wanted;
  guint64 foreign; /* keys that are none of this chain, or of a place that was not reached */
} KtSimCheckRow;

typedef struct {
  KtSimCheckRow rows[KT_N_TABLES];
  guint n_rows;
  gboolean exact;
} KtSimCheck;

/* Errors: KT_ERROR_REFUSED when a fill or a run has not ended cleanly, since then positions are only those of the checkpoint. */
gboolean kt_sim_check (PGconn *connection, KtSimCheck *check, GError **error);
