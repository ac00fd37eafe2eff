/* SPDX-License-Identifier: MIT
 *
 * The journal of change sets in the state database: what it says, and reading it. transition.h writes it.
 * Order is by id; times are for people and may jump with the clock.
 */
#pragma once

#include "base/state.h"
#include "change/moment.h"
#include "change/plan.h"

typedef enum {
  KT_CHANGE_RUNNING, /* steps are being applied */
  KT_CHANGE_WAITING, /* all steps applied and verified; undone unless it is confirmed in time */
  KT_CHANGE_APPLIED, /* all steps applied and verified */
  KT_CHANGE_UNDOING, /* steps are being undone */
  KT_CHANGE_UNDONE,  /* the system is as before */
  KT_CHANGE_SCHEDULED, /* nothing has begun: it waits for its window */
  KT_CHANGE_STUCK,   /* undo failed: the reason says what is left and what to do */
  KT_N_CHANGE_STATES
} KtChangeState;

/* Neither as before nor as planned for good: no other change set of the server may begin. */
#define KT_CHANGE_UNFINISHED \
  (1u << KT_CHANGE_RUNNING | 1u << KT_CHANGE_WAITING | 1u << KT_CHANGE_UNDOING | 1u << KT_CHANGE_STUCK)

typedef enum {
  KT_STEP_PLANNED,
  KT_STEP_APPLYING, /* `before` is journaled, apply may have begun */
  KT_STEP_APPLIED,
  KT_STEP_UNDOING,
  KT_STEP_UNDONE,
  KT_N_STEP_STATES
} KtStepState;

/* Either of these: it is in the way of a new one. */
#define KT_CHANGE_OPEN (KT_CHANGE_UNFINISHED | 1u << KT_CHANGE_SCHEDULED)

const char *kt_change_state_name (KtChangeState state); /* "running", "applied", … stands in the journal */
const char *kt_step_state_name (KtStepState state);

typedef struct {
  gint64 id; /* position, from 1 */
  char *kind;
  char *description;
  JsonObject *args, *before; /* before NULL until prepared */
  gboolean interrupts;
  gint64 interruption_ms; /* as the plan estimated it */
  KtStepState state;
  gint64 started_at, ended_at; /* Unix milliseconds, 0: not yet */
  char *error; /* why it was undone */
} KtChangeStep;

typedef struct {
  gint64 id;
  char *title, *server, *server_name, *actor; /* actor: "root via command line" */
  KtChangeState state;
  gint64 created_at, ended_at; /* Unix milliseconds */
  gint64 confirm_within;       /* milliseconds; 0: nobody needs to confirm it */
  KtWindow *window;            /* begins only then; NULL: began at once */
  KtMoment waiting_since;      /* wall_ms 0: not yet */
  char *reason;                /* why it was undone or is stuck, NULL */
  GPtrArray *steps;            /* KtChangeStep */
} KtChange;

void kt_change_step_free (KtChangeStep *step);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtChangeStep, kt_change_step_free)
void kt_change_free (KtChange *change);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtChange, kt_change_free)
/* Milliseconds in which a waiting change set can still be confirmed; 0: it is to be undone. */
gint64 kt_change_left (const KtChange *change);
/* It waits, and its time is over. */
gboolean kt_change_is_overdue (const KtChange *change);

/* {id, title, server, server_name, actor, state, created_at_ms, ended_at_ms, confirm_within_ms, confirm_left_ms, window, window_left_ms, reason,
 *  steps: [{position, kind, description, state, args, before, interrupts, interruption_ms, started_at_ms, ended_at_ms,
 *           error}]}; what is not yet known is absent. */
JsonObject *kt_change_to_json (const KtChange *change);

/* Creates or upgrades the journal's tables. Errors: KT_ERROR_STATE when a newer kastune wrote them. */
gboolean kt_journal_init (KtState *state, GError **error);

/* Reads every page of the journal. Errors: KT_ERROR_STATE when it is damaged. */
gboolean kt_journal_check (KtState *state, GError **error);

/* Newest first, of KtChange; @server NULL: all servers. */
GPtrArray *kt_journal_list (KtState *state, const char *server, GError **error);
/* The same, only those in one of KT_CHANGE_OPEN. */
GPtrArray *kt_journal_unfinished (KtState *state, const char *server, GError **error);
/* Errors: KT_ERROR_NOT_FOUND. */
KtChange *kt_journal_load (KtState *state, gint64 id, GError **error);
/* The newest change set of @server (NULL: of any) in one of the states of the bit mask (1 << KT_CHANGE_…; 0: in any), or
 * NULL without error. */
KtChange *kt_journal_newest (KtState *state, const char *server, guint states, GError **error);

/* What happened, oldest first: [{at_ms, step, description, event, actor, text}]; without `step` it is about the whole. */
JsonArray *kt_journal_events (KtState *state, gint64 id, GError **error);
/* The same of all change sets, what came after the event of number *after, which moves on to the last one: each also has `change`. A
 * negative *after only moves. */
JsonArray *kt_journal_events_after (KtState *state, gint64 *after, GError **error);
