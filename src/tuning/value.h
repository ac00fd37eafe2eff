/* SPDX-License-Identifier: MIT
 *
 * tuning/: the server as it should be. THE parameter table (params.c), one small function per computed value
 * (rules_*.c), profiles, the memory budget, advice, checks, explanation. Facts come in as structs, recommendations go
 * out: no I/O (profile.c reads key files, steps.c carries advice out), so every rule is a unit test.
 *
 * Where to look: what is known of a parameter: params.c. What computes its value: the rule named there.
 *
 * This file: a value of a parameter. Sizes are bytes, durations milliseconds, everything else as it is; PostgreSQL's
 * base units appear only in its text. -1 and 0 keep their special meanings ("automatic", "off").
 */
#pragma once

#include "postgres/guc.h"

typedef struct {
  KtGucType type;
  gint64 integer; /* INTEGER: bytes, milliseconds or a count; BOOL: 0 or 1 */
  double real;    /* REAL: milliseconds or a plain number */
  char *text;     /* STRING, ENUM; owned */
} KtValue;

void kt_value_clear (KtValue *value);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (KtValue, kt_value_clear)

/* A rule sets its result with one of these. */
void kt_value_set_int (KtValue *value, gint64 integer);
void kt_value_set_real (KtValue *value, double real);
void kt_value_set_bool (KtValue *value, gboolean on);
void kt_value_set_text (KtValue *value, const char *text);

/* As a number, for limits and factors; FALSE for texts. */
gboolean kt_value_number (const KtValue *value, double *number);

/* The value in PostgreSQL's notation for a parameter with base @unit (pg_settings.unit, may be NULL): "2560MB",
 * "15min", "0.9", "on". Sizes are rounded down to whole base units. Caller frees. */
char *kt_value_text (const KtValue *value, const char *unit);

/* Reads @text as the server would. Errors: KT_ERROR_PARSE. */
gboolean kt_value_parse (KtGucType type, const char *unit, const char *text, KtValue *value, GError **error);

/* A number in base units (as pg_settings gives it) to bytes, milliseconds or itself; -1 and 0 stay. */
double kt_value_from_base (const char *unit, double base);
