/* SPDX-License-Identifier: MIT
 *
 * A database of kaspa-sim for a test, on the shared cluster, and what must hold in it.
 */
#pragma once

#include "support/cluster.h"
#include "workload/database.h"
#include "workload/fill.h"
#include "workload/writer.h"

typedef struct {
  KtTestCluster *cluster;
  char *database;
  char *conninfo;
} KtTestSim;

/* For g_test_add: an empty database. */
void kt_test_sim_set_up (KtTestSim *test, gconstpointer data);
void kt_test_sim_tear_down (KtTestSim *test, gconstpointer data);

/* First column of the first row. Caller frees. */
char *kt_test_sim_value (const KtTestSim *test, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* 30,000 transactions of a fixed seed. */
KtFill kt_test_sim_small_fill (const KtTestSim *test);
void kt_test_sim_fill (const KtFill *options, KtFillResult *result); /* @result may be NULL */
/* In small batches, for so long. */
void kt_test_sim_write (const KtTestSim *test, guint32 tps, gboolean paced, gint64 duration_ms, KtWriterResult *result);

KtSim *kt_test_sim_load (const KtTestSim *test);
/* Row counts of all tables are those of the chain at the positions that were noted. */
void kt_test_sim_assert_exact (const KtTestSim *test);
/* Of all rows of all tables, whatever their order on disk. Caller frees. */
char *kt_test_sim_fingerprint (const KtTestSim *test);
