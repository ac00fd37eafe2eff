/* SPDX-License-Identifier: MIT
 *
 * For the files of check_*.c: a set of settings laid over what runs, and where findings go.
 */
#pragma once

#include "tuning/check.h"
#include "tuning/params.h"

typedef struct {
  const KtInputs *in;
  const KtProposal *set;
  guint n;
  GPtrArray *findings;
  GPtrArray *unchecked; /* names that nobody here knows; only while kt_check_values runs */
} KtCheck;

/* The proposal that wins for @name, or NULL. */
const KtProposal *kt_check_proposed (const KtCheck *check, const char *name);
/* Proposed, else running, else the version's default; sizes in bytes, durations in ms, booleans 0 or 1.
 * @fallback when the version has no such parameter or the text cannot be read. */
double kt_check_number (const KtCheck *check, const char *name, double fallback);
/* Caller frees; NULL when there is none. */
char *kt_check_text (const KtCheck *check, const char *name);
/* Refused when the set itself says so, only a warning when the server runs like that already. */
KtSeverity kt_check_severity (const KtCheck *check, const char *name);

/* check_values.c: each proposal by itself. */
void kt_check_values (KtCheck *check);
/* check_rules.c: between parameters, server and machine. */
void kt_check_rules (KtCheck *check);
