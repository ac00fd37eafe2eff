/* SPDX-License-Identifier: MIT
 *
 * Would this set of settings work here? Names, types, units, limits and words against the live server, or against the
 * table without one; then the rules between parameters that no `postgres -C` notices, against server and machine.
 * It proves nothing by starting: that is what a scratch cluster is for.
 */
#pragma once

#include "base/finding.h"
#include "tuning/inputs.h"

typedef struct {
  const char *name, *value; /* as they would stand in a configuration file, unquoted */
  const char *place;        /* "custom.conf:12" for messages, or NULL */
} KtProposal;

/* Parameters that the set does not name count with their running value. Never NULL; most severe first.
 * Names may repeat: the last one wins, as in a file. */
GPtrArray *kt_check (const KtInputs *in, const KtProposal *set, guint n);

/* A profile against this machine and server: its own values, then everything it leads to. */
GPtrArray *kt_profile_check (const KtInputs *in);

/* What decides the worst case of memory, when the set is in force. */
KtMemoryUse kt_memory_use_of (const KtInputs *in, const KtProposal *set, guint n);
