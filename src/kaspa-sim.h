/* SPDX-License-Identifier: MIT
 *
 * The parts of the program kaspa-sim.
 */
#pragma once

#include <signal.h>

/* Stands in for the indexer: @words are its own command line, without the program. Gives the exit status. */
int kt_sim_indexer_main (char **words, const volatile sig_atomic_t *stop);
