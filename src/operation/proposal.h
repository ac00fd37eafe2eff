/* SPDX-License-Identifier: MIT
 *
 * The advice made into a plan: what would be set, in which steps, and whether it would work. Shown by `plan`, carried out by
 * `apply`: both build it here, so what is shown is what is done.
 */
#pragma once

#include "change/plan.h"
#include "operation/facts.h"
#include "postgres/instance.h"

typedef struct {
  KtFacts *facts;       /* owned */
  KtInstance *instance;
  KtPlan *plan;         /* without steps when nothing is to be done */
  JsonObject *shown;    /* the document that `plan` answers */
  GPtrArray *notes;     /* KtFinding about steps that are not settings */
} KtProposed;

/* Errors: KT_ERROR_REFUSED when the checks or the scratch cluster say no, with the first reason as detail. */
KtProposed *kt_proposed_new (KtOperationContext *context, JsonObject *args, GError **error);

/* Part of the advice, with steps of another room: one change set. */
typedef struct {
  const char *title;
  gboolean (*chosen) (const KtAdviceRow *row); /* of those to be changed */
  /* Further settings {name, running, wanted, apply, because}. NULL: none. */
  gboolean (*add_settings) (KtProposed *proposed, JsonObject *args, JsonArray *settings, GError **error);
  /* Steps that come before the settings, and what is shown of them; findings go to `notes`. NULL: none. */
  gboolean (*add_steps) (KtProposed *proposed, KtOperationContext *context, JsonObject *args, GError **error);
} KtProposalScope;

/* As kt_proposed_new; tables are left alone. */
KtProposed *kt_proposed_of (KtOperationContext *context, JsonObject *args, const KtProposalScope *scope, GError **error);
void kt_proposed_free (KtProposed *proposed);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtProposed, kt_proposed_free)

/* Every kind of step that kastune knows, NULL-terminated: what a runner needs to resume a journal. */
extern const KtStepKind *const kt_step_kinds[];
