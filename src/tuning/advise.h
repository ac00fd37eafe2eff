/* SPDX-License-Identifier: MIT
 *
 * The advice: for each parameter what runs, what should run and why; then what a configuration file cannot do: tables,
 * roles, the kernel. Pure: the same facts give the same advice.
 */
#pragma once

#include "base/finding.h"
#include "host/mount.h"
#include "host/setting.h"
#include "tuning/inputs.h"
#include "tuning/params.h"

typedef enum {
  KT_VERDICT_CHANGE,      /* the wanted value differs from the running one */
  KT_VERDICT_AS_WANTED,   /* equal, or numbers within 5 % */
  KT_VERDICT_LEFT,        /* kastune has no better value, or something needs the running one */
  KT_VERDICT_OVERRIDDEN,  /* wanted, but something that no file and no ALTER SYSTEM can beat sets it */
  KT_VERDICT_NOT_OFFERED, /* this version or build does not have it */
} KtVerdict;

typedef struct {
  const KtParam *param;
  char *running;       /* with unit; NULL when the server has no such parameter */
  char *origin;        /* where the running value comes from */
  char *wanted;        /* NULL when left or not offered */
  KtVerdict verdict;
  KtApply apply;
  char *because;
  char *overridden_by; /* what beats a file: "command line", "ALTER SYSTEM (…)", "ALTER ROLE kaspa: 64MB", or NULL.
                        * With verdict CHANGE it can be moved (ALTER SYSTEM) or concerns some sessions only (roles). */
  gboolean pending_restart; /* a changed value already waits for one */
} KtAdviceRow;

typedef struct {
  char *schema, *table;
  char *running;       /* its options now, "a=1, b=2" or "" */
  char *wanted;        /* the options to set, likewise */
  char *statement;     /* ALTER TABLE … */
  char *undo;          /* the statement that goes back */
  KtVerdict verdict;   /* CHANGE or AS_WANTED */
  char *because;
  const char *hazard;
} KtTableRow;

/* Offers, never part of a plan unless asked for. */
typedef struct {
  char *role;          /* the name, or what to put there */
  gboolean role_known;
  const char *setting, *value;
  char *statement, *undo;
  char *meaning;       /* exactly what one gains and loses */
} KtRoleRow;

typedef struct {
  char *name;          /* "vm.nr_hugepages", "scheduler of nvme0n1", "noatime on /srv/pg" */
  char *running, *wanted; /* wanted NULL: left */
  KtVerdict verdict;   /* CHANGE, AS_WANTED or LEFT */
  GPtrArray *settings; /* KtHostSetting, in the order in which they are set; empty unless CHANGE */
  KtMountChange *mount; /* of options of a mount, else NULL */
  char *command;       /* takes effect now; NULL unless CHANGE, and where only the next mount does it */
  char *persist;       /* the line and the file that keep it over a reboot; NULL unless CHANGE */
  char *because;
  const char *hazard, *source;
} KtKernelRow;

typedef struct {
  KtInputs *in;            /* owned; platform, server and options are borrowed from the caller */
  KtProfile *picked;       /* owned; NULL when the caller gave a profile */
  char *profile_because;
  GPtrArray *rows;         /* KtAdviceRow, in the order of the table */
  GPtrArray *tables;       /* KtTableRow */
  GPtrArray *roles;        /* KtRoleRow */
  GPtrArray *kernel;       /* KtKernelRow; empty for a machine that nobody looked at, and for a
                            * container unless asked for */
  KtWorstCase *worst_case; /* of the advised set */
  double recovery_seconds; /* crash recovery with the advised max_wal_size, upper estimate */
  GPtrArray *findings;     /* KtFinding */
} KtAdvice;

/* @server NULL: advice without a server for options->major. @profile NULL: picked. Everything given must outlive the
 * advice. Errors: KT_ERROR_UNSUPPORTED (a version kastune does not know). */
KtAdvice *kt_advise (const KtPlatform *platform, const KtServer *server, const KtProfile *profile,
                     const KtOptions *options, GError **error);
void kt_advice_free (KtAdvice *advice);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtAdvice, kt_advice_free)

/* Adds findings about file systems that are nearly full, each once; pools of ZFS have rules of their own. */
void kt_find_little_room (GPtrArray *findings, const KtPlatform *platform);

const KtAdviceRow *kt_advice_find (const KtAdvice *advice, const char *parameter); /* NULL: not in it */
const char *kt_verdict_name (KtVerdict verdict); /* "change", "as wanted", "left", "overridden", "not offered" */

JsonObject *kt_advice_to_json (const KtAdvice *advice);
