/* SPDX-License-Identifier: MIT
 *
 * Looks at a server once a second from a connection of its own while a load runs: counters over time, what sessions
 * wait for, and when enough has happened.
 */
#pragma once

#include "bench/counters.h"

#include <signal.h>

typedef struct KtSampler KtSampler;

typedef struct {
  const char *conninfo;
  guint64 transactions;          /* raise @stop when so many were stored since the start; 0: never */
  guint checkpoints;             /* and so many checkpoints began; 0: do not wait for them */
  gint64 least_ms;               /* but not before */
  volatile sig_atomic_t *stop;   /* raised when what was asked for (one or both) has happened */
} KtSamplerOptions;

KtSampler *kt_sampler_start (const KtSamplerOptions *options, GError **error);
/* Ends it. Idempotent; nothing is read after it. */
void kt_sampler_stop (KtSampler *sampler);
void kt_sampler_free (KtSampler *sampler);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtSampler, kt_sampler_free)

/* After it was stopped: {at_ms: […], transactions: […], …}: what was counted up to each time since the one before, at
 * most 120 of them. */
JsonObject *kt_sampler_series (const KtSampler *sampler);
/* [{wait, share}], the most frequent first, at most 6; "CPU" where a session waited for nothing. */
JsonArray *kt_sampler_waits (const KtSampler *sampler);
