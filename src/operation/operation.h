/* SPDX-License-Identifier: MIT
 *
 * operation/: what kastune can do, as one table. An operation takes typed arguments and gives one JSON document; it never
 * renders. The command line (and whatever else drives kastune) offers exactly these rows and holds no logic of its own.
 */
#pragma once

#include "base/json.h"
#include "base/state.h"
#include "base/sysroot.h"
#include "operation/settings.h"
#include <gio/gio.h>

typedef enum {
  KT_ARG_FLAG,     /* boolean, absent is false */
  KT_ARG_STRING,
  KT_ARG_SIZE,     /* "4G": bytes */
  KT_ARG_DURATION, /* "30d": milliseconds */
  KT_ARG_COUNT,    /* whole number, not negative */
  KT_ARG_STRINGS,  /* positional only: the rest of the words */
} KtArgType;

typedef struct {
  const char *name;          /* "no-probe"; in JSON "no_probe" */
  char letter;               /* short option or 0 */
  KtArgType type;
  gboolean positional;       /* positional rows come in order, after each other */
  gboolean required;
  const char *value;         /* "DIR", as help shows it */
  const char *help;
  const char *const *choices; /* NULL: anything */
} KtArg;

typedef enum {
  KT_OPERATION_READS = 0,
  KT_OPERATION_CHANGES = 1 << 0, /* shows its plan and asks, unless --yes; --dry-run only shows */
  KT_OPERATION_SERVER = 1 << 1,  /* takes --dsn and --server */
  KT_OPERATION_MACHINE = 1 << 2, /* takes --root, --pg-version, --no-probe, --reserve, --profile, --phase, --connections */
} KtOperationFlags;

typedef struct {
  KtSettings *settings;       /* kastune.conf */
  const char *state_directory; /* NULL: default */
  GCancellable *cancellable;
  const char *actor;          /* "root via command line" */
  /* Shows the plan and asks. NULL: nobody can be asked. */
  gboolean (*confirm) (gpointer user, JsonObject *plan);
  /* One line an event: what happens, done of total (0: nothing to count). NULL: nobody watches. */
  void (*progress) (gpointer user, const char *what, gint64 done, gint64 total);
  /* The same for bytes: with a rate. */
  void (*progress_bytes) (gpointer user, const char *what, gint64 done, gint64 total);
  /* While a change waits to be confirmed: >0 keep it, <0 go back now, 0 nothing said yet; never blocks. NULL: nobody sits there. */
  int (*keep) (gpointer user);
  gpointer user;
  gint64 step, steps;         /* out: which step of a change set is at work, for `progress`; 0: none */
  gboolean findings;          /* out: the answer holds findings (exit status 3) */
} KtOperationContext;

typedef struct {
  const char *name;    /* "profile list": words of the command line, "/profile/list" of an API */
  const char *group;   /* heading in help */
  const char *summary; /* one line, no full stop */
  const char *help;    /* paragraphs for --help, NULL: none */
  const KtArg *args;   /* ends with a NULL name; NULL: none of its own */
  KtOperationFlags flags;
  /* NULL with @error on failure. @args holds only validated members. A NULL function: it is a service, which only a program
   * offers, and stays. */
  JsonObject *(*run) (KtOperationContext *context, JsonObject *args, GError **error);
} KtOperation;

/* THE table, in the order of help. Ends with a NULL name. */
extern const KtOperation kt_operations[];

const KtOperation *kt_operation_find (const char *name);

/* All arguments of an operation: its own, then those its flags bring. Entries are borrowed. */
GPtrArray *kt_operation_args (const KtOperation *operation);

/* Puts one textual value into @args with its type. Errors: KT_ERROR_USAGE naming the argument and what is allowed. */
gboolean kt_operation_take_arg (JsonObject *args, const KtArg *arg, const char *text, GError **error);

/* Are the required ones there? */
gboolean kt_operation_check_args (const KtOperation *operation, JsonObject *args, GError **error);

/* "no-probe" -> "no_probe". Caller frees. */
char *kt_arg_member (const KtArg *arg);
