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
} KtProposed;

/* Errors: KT_ERROR_REFUSED when the checks or the scratch cluster say no, with the first reason as detail. */
KtProposed *kt_proposed_new (KtOperationContext *context, JsonObject *args, GError **error);
void kt_proposed_free (KtProposed *proposed);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtProposed, kt_proposed_free)

/* Every kind of step that kastune knows, NULL-terminated: what a runner needs to resume a journal. */
extern const KtStepKind *const kt_step_kinds[];
