/* SPDX-License-Identifier: MIT
 *
 * A real server that steps are tried on, as a g_test fixture, and the verbs of a step as a test says them: an error ends
 * the test with its words. What `prepare` finds goes through JSON text and back, as through the journal.
 */
#pragma once

#include "support/cluster.h"
#include "tuning/steps.h"

typedef struct {
  KtTestCluster *cluster;
  KtServer *server; /* as it was when found */
  KtInstance *instance;
} KtTestTarget;

/* @data TRUE: it includes a folder; FALSE: it is written by ALTER SYSTEM. work_mem is 3MB, shared_buffers 16MB. */
void kt_test_target_set_up (KtTestTarget *target, gconstpointer data);
void kt_test_target_tear_down (KtTestTarget *target, gconstpointer data);
/* Looks at the server anew; @more: further words of the conninfo, or NULL. */
void kt_test_target_find (KtTestTarget *target, const char *more);

void kt_test_target_sql_gives (const KtTestTarget *target, const char *sql, const char *expected);
/* Runs and is configured as it was set up. */
void kt_test_target_as_before (const KtTestTarget *target);

/* Args of a settings step: pairs of name and value, then NULL. */
JsonObject *kt_test_settings_args (const KtTestTarget *target, KtActivation activation, ...) G_GNUC_NULL_TERMINATED;
/* As the journal holds it. Takes @object. */
JsonObject *kt_test_through_journal (JsonObject *object);

/* check, prepare */
JsonObject *kt_test_prepared (const KtStepKind *kind, JsonObject *args);
/* check, prepare, apply, verify */
JsonObject *kt_test_applied (const KtStepKind *kind, JsonObject *args);
/* can_undo, undo */
void kt_test_undo (const KtStepKind *kind, JsonObject *args, JsonObject *before);
/* Both say KT_ERROR_CHANGED. */
void kt_test_undo_refused (const KtStepKind *kind, JsonObject *args, JsonObject *before);
