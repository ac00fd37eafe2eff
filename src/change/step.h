/* SPDX-License-Identifier: MIT
 *
 * change/: a plan being carried out. It knows no kind of step by name: kinds come in as a table of rows from operation/.
 * Intent is journaled before each step and the outcome after it, so a crash at any instant is resumed or undone at the
 * next start: the system is as before or as planned, never between.
 *
 * A step kind is a row of functions. All of them must be idempotent: after a crash any of them may run again.
 * `args` is what the plan says (immutable); `before` is what `prepare` found and undo needs (immutable once journaled).
 * Both stand in the journal for as long as it exists: no secrets.
 */
#pragma once

#include "base/json.h"
#include <gio/gio.h>

typedef struct KtStepContext KtStepContext;

struct KtStepContext {
  GCancellable *cancellable;
  /* Says what is happening inside a step; @done and @total 0 when there is nothing to count. May be NULL. */
  void (*progress) (gpointer watcher, const char *what, gint64 done, gint64 total);
  gpointer watcher;
};

static inline void
kt_step_progress (const KtStepContext *context, const char *what, gint64 done, gint64 total)
{
  if (context->progress != NULL)
    context->progress (context->watcher, what, done, total);
}

typedef struct {
  const char *name; /* stands in the journal: never change it */
  /* One line for the plan: "set 31 parameters in /etc/…/90-kastune.conf, restart PostgreSQL". Caller frees. */
  char *(*describe) (JsonObject *args);
  /* Could it be done now? Changes nothing. Errors say why not. NULL: always. */
  gboolean (*check) (KtStepContext *context, JsonObject *args, GError **error);
  /* Reads what undo will need. Changes nothing. The result is journaled before apply starts. NULL: empty. */
  JsonObject *(*prepare) (KtStepContext *context, JsonObject *args, GError **error);
  gboolean (*apply) (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error);
  /* Is the system as planned? Called after apply, and by `status` later. NULL: nothing to verify. */
  gboolean (*verify) (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error);
  /* May it still be undone? Also asked of one that a crash left half done, before it is gone on with. Refuses (KT_ERROR_CHANGED) when somebody else changed it since. NULL: always. */
  gboolean (*can_undo) (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error);
  /* Back to `before`, whether apply ran not at all, half or wholly, and whether undo itself already ran. It cannot be
   * cancelled: the context has no cancellable. When it fails the change set is stuck, and it is called again later. */
  gboolean (*undo) (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error);
  /* May it stay for good? Asked instead of verify before a waiting change set is confirmed. NULL: verify. */
  gboolean (*confirm) (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error);
  /* What it changes, by names that are the same wherever the same thing is meant: "parameter work_mem". A change set is
   * undone only when no later one touches the same. Caller frees. NULL: nothing that anything later could depend on. */
  GStrv (*touches) (JsonObject *args);
} KtStepKind;
