/* SPDX-License-Identifier: MIT
 *
 * A private server on a fresh copy of a data set, inside an emulated machine, with given settings. Gone with its
 * folder and its control group in every case.
 */
#pragma once

#include "bench/dataset.h"
#include "bench/host.h"

typedef struct KtBenchInstance KtBenchInstance;

typedef struct {
  const KtBenchPlace *place;
  const KtDataSet *set;
  const char *bin_directory;
  const char *owner;
  const KtBenchHost *host;
  const char *conf_text; /* what leads out of its folder (addresses, archive, logs …) is left out */
} KtBenchInstanceOptions;

/* Copies, evicts, starts and waits. Parameters that this version of PostgreSQL does not know are left out. Errors: KT_ERROR_VERIFY (it does not start with these settings: the server's own
 * reason as detail), KT_ERROR_UNSUPPORTED (nothing of the host can be emulated), KT_ERROR_NO_SPACE,
 * KT_ERROR_INTERRUPTED. */
KtBenchInstance *kt_bench_instance_new (const KtBenchInstanceOptions *options, const KtBenchWatch *watch,
                                        GError **error);
void kt_bench_instance_free (KtBenchInstance *instance);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtBenchInstance, kt_bench_instance_free)

const char *kt_bench_instance_conninfo (const KtBenchInstance *instance);
gint64 kt_bench_instance_pid (const KtBenchInstance *instance); /* of the postmaster; 0: it does not run */
const KtEmulation *kt_bench_instance_emulation (const KtBenchInstance *instance);
const char *kt_bench_instance_data (const KtBenchInstance *instance);
/* What of the settings is not in force, and why: char *, borrowed. */
const GPtrArray *kt_bench_instance_left_out (const KtBenchInstance *instance);

/* Why the server is gone, when it is: its last words, or the memory limit. NULL while it runs. Caller frees. */
char *kt_bench_instance_end_reason (KtBenchInstance *instance);

/* kill -9 of all its processes, cache dropped, started again: milliseconds until it accepts connections.
 * Errors: KT_ERROR_VERIFY (it does not come back), KT_ERROR_INTERRUPTED. */
gboolean kt_bench_instance_crash (KtBenchInstance *instance, gint64 *recovery_ms, GError **error);
