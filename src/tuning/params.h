/* SPDX-License-Identifier: MIT
 *
 * THE parameter table: one row per PostgreSQL parameter that kastune knows, with everything it knows of it. Advice, the
 * configuration file, checks, profiles and `explain` read the rows; no other file names a parameter to decide what it
 * is. Limits and defaults are those of PostgreSQL 13 to 18, read from running servers; the live server's own win where
 * it is there.
 */
#pragma once

#include "tuning/inputs.h"
#include "tuning/value.h"

typedef enum {
  KT_GROUP_MEMORY,
  KT_GROUP_CONNECTIONS,
  KT_GROUP_WAL,
  KT_GROUP_COMMIT,
  KT_GROUP_WRITER,
  KT_GROUP_AUTOVACUUM,
  KT_GROUP_IO,
  KT_GROUP_WORKERS,
  KT_GROUP_PLANNER,
  KT_GROUP_OBSERVE,
  KT_GROUP_TIMESCALE,
  KT_GROUP_SAFETY, /* never touched, known so that `explain` and checks can say why */
  KT_N_GROUPS
} KtGroup;

typedef enum {
  KT_APPLY_RELOAD = 1,
  KT_APPLY_RESTART,
} KtApply;

typedef enum {
  KT_CONFIDENCE_NONE = 0, /* no effect is claimed */
  KT_CONFIDENCE_LOW,      /* reasoned, not measured */
  KT_CONFIDENCE_MEDIUM,   /* measured elsewhere or once */
  KT_CONFIDENCE_HIGH,     /* measured repeatedly, or documented behaviour */
} KtConfidence;

typedef struct {
  const char *effect; /* what changing it is expected to do */
  const char *basis;  /* the measured or modelled figure behind that */
  KtConfidence confidence;
} KtImpact;

/* What a newer version changed; members left out stay as they were. */
typedef struct {
  int from;
  const char *boot;
  double min, max;
  const char *const *words;
  KtApply apply;
} KtParamChange;

/* TRUE: @out is what this machine should have. FALSE: leave the parameter as it is.
 * @because gets the sentence for the user, with this machine's numbers; when empty the row's `left` stands in. */
typedef gboolean (*KtRule) (const KtInputs *in, KtValue *out, GString *because);

typedef struct {
  const char *name;
  KtGroup group;
  int since, until;              /* major versions that have it; 0: every supported one */
  KtGucType type;
  const char *unit;              /* as pg_settings.unit; NULL for plain numbers and words */
  double min, max;               /* bytes, milliseconds or plain; both 0 for words */
  const char *const *words;      /* of an enum, whether built in or not */
  KtApply apply;
  const char *boot;              /* default in the oldest supported version, as text */
  const KtParamChange *changes;  /* by version, ends with .from 0; NULL: none */
  KtRule rule;                   /* NULL: always left as it is */
  const char *left;              /* why it is left when no rule decides */
  const char *library;           /* only where this library is preloaded or wanted */
  gboolean per_session;          /* ALTER ROLE and ALTER DATABASE can override it */
  gboolean floor;                /* something may already need the running value: no rule lowers it, a profile's [set] may */
  gboolean follows_storage;      /* what it should be hangs on the file system below it */
  gboolean never;                /* kastune never sets it, whatever a profile says */
  const char *page;              /* of the PostgreSQL manual; NULL: described elsewhere */
  const char *summary, *why;
  const char *source;            /* evidence besides the manual, or NULL */
  const char *hazard;            /* NULL: none known */
  KtImpact impact;
} KtParam;

const KtParam *kt_params (guint *n);
const KtParam *kt_param_find (const char *name); /* case does not matter; NULL: unknown */
/* The parameter that a mistyped name means; NULL: none comes near. */
const char *kt_param_nearest (const char *name);
const char *kt_group_name (KtGroup group);       /* "memory": for machines */
const char *kt_group_title (KtGroup group);      /* "Memory": for people */
const char *kt_confidence_name (KtConfidence confidence);

/* The row as one version of PostgreSQL sees it. */
/* TRUE where @wanted is below @running and only a rule says so. */
gboolean kt_param_stays (const KtParam *param, const KtInputs *in, const KtValue *running, const KtValue *wanted);
gboolean kt_param_exists (const KtParam *param, int major);
KtApply kt_param_apply (const KtParam *param, int major);
const char *kt_param_boot (const KtParam *param, int major);
void kt_param_limits (const KtParam *param, int major, double *min, double *max);
const char *const *kt_param_words (const KtParam *param, int major); /* NULL unless an enum */
/* Where the manual of that version, or of the nearest that has the parameter, describes it; NULL for parameters of
 * extensions without a page. Caller frees. */
char *kt_param_manual (const KtParam *param, int major);

/* Reads a value written by a person: type, unit, words and limits of that version.
 * Errors: KT_ERROR_PARSE, saying what is allowed. */
gboolean kt_param_parse (const KtParam *param, int major, const char *text, KtValue *value, GError **error);

/* Is the word built into this server? TRUE for what is no enum. Offline only words assumed by the caller are. */
gboolean kt_param_offered (const KtParam *param, const KtInputs *in, const char *word);

/* What this machine should have: the profile's own value, or the rule's result times the profile's factor, inside the
 * row's limits. FALSE: left as it is. @because is always filled. */
gboolean kt_param_wanted (const KtParam *param, const KtInputs *in, KtValue *out, GString *because);

/* The same for rules that depend on another parameter: its wanted value, else the running one. */
double kt_wanted_number (const KtInputs *in, const char *name);
gint64 kt_wanted_int (const KtInputs *in, const char *name);
/* Caller frees. */
char *kt_wanted_text (const KtInputs *in, const char *name);
