/* SPDX-License-Identifier: MIT
 *
 * A plan: an ordered list of steps, as data. Made by operation/ from the capabilities' advice.
 */
#pragma once

#include "change/step.h"
#include "change/window.h"

typedef struct {
  const KtStepKind *kind;
  JsonObject *args;
  gboolean interrupts;    /* the service is interrupted by it */
  gint64 interruption_ms; /* estimate, 0 unknown */
  gint64 estimate_ms;     /* how long it takes in all, 0 unknown */
} KtPlanStep;

typedef struct {
  char *title;  /* "tune for standard, steady" */
  char *server; /* system identifier: one change set at a time per server */
  char *server_name; /* for people, without secrets */
  GPtrArray *steps; /* KtPlanStep */
  gint64 confirm_within_ms; /* undone unless somebody confirms it in this time; 0: nobody needs to */
  KtWindow *window;     /* begins only then; NULL: at once */
} KtPlan;

void kt_plan_step_free (KtPlanStep *step);

KtPlan *kt_plan_new (const char *title, const char *server, const char *server_name);
void kt_plan_free (KtPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtPlan, kt_plan_free)
/* Takes @args. */
KtPlanStep *kt_plan_add (KtPlan *plan, const KtStepKind *kind, JsonObject *args);
/* {title, server, server_name, confirm_within_ms, steps: [{kind, description, args, interrupts, interruption_ms,
 * estimate_ms}]} */
JsonObject *kt_plan_to_json (const KtPlan *plan);
