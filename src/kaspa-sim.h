/* SPDX-License-Identifier: MIT
 *
 * The parts of the program kaspa-sim.
 */
#pragma once

#include "workload/reader.h"
#include "workload/sim_check.h"
#include "workload/writer.h"

#include <signal.h>

/* Stands in for the indexer: @words are its own command line, without the program. Gives the exit status. */
int kt_sim_indexer_main (char **words, const volatile sig_atomic_t *stop);
/* Prunes once: @argv is the program's, from the word “prune” on. Gives the exit status. */
int kt_sim_prune_main (int argc, char **argv);

void kt_sim_print_check (const KtSimCheck *check, gboolean json);
void kt_sim_print_fill (const KtFillResult *result, gboolean json);
/* @reads: of readers beside it, or NULL. */
void kt_sim_print_run (const KtWriterResult *result, const KtReadResult *reads, gboolean json);
void kt_sim_print_read (const KtReadResult *result, gboolean json);

/* Prints an error as text on standard error, or as JSON on standard output. Gives the exit status. */
int kt_sim_fail (const GError *error, gboolean json);
