/* SPDX-License-Identifier: MIT
 *
 * The state database: SQLite, WAL, synchronous=FULL. It holds the journal of change sets and what is worth
 * remembering between runs (the I/O probe). Rooms bring their own tables as numbered steps, kept per room in `schema_step`.
 */
#pragma once

#include "base/autoptr.h"

typedef struct KtState KtState;

/* @directory NULL: /var/lib/kastune for root, else $XDG_STATE_HOME/kastune. Created with mode 0711 when absent.
 * Errors: KT_ERROR_STATE (damaged, from a newer kastune), KT_ERROR_PRIVILEGE, KT_ERROR_NO_SPACE. */
KtState *kt_state_open (const char *directory, GError **error);
void kt_state_free (KtState *state);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtState, kt_state_free)

/* Where it would be: @directory or the default. Nothing is opened. Caller frees. */
char *kt_state_path (const char *directory);

const char *kt_state_directory (const KtState *state);

/* Brings the tables of @room up to the last of @steps (NULL-terminated SQL scripts, only ever appended to). */
gboolean kt_state_migrate (KtState *state, const char *room, const char *const *steps, GError **error);

/* One statement with bound parameters. @format has a letter per parameter: s text (NULL allowed), i gint64, d double.
 * Example: kt_state_prepare (state, error, "UPDATE step SET outcome = ? WHERE id = ?", "si", "done", id). */
sqlite3_stmt *kt_state_prepare (KtState *state, GError **error, const char *sql, const char *format, ...);

/* Steps a statement once. TRUE and *row TRUE: a row is there; *row FALSE: done. */
gboolean kt_state_step (KtState *state, sqlite3_stmt *statement, gboolean *row, GError **error);

/* Prepare, run to the end, finalize. */
gboolean kt_state_run (KtState *state, GError **error, const char *sql, const char *format, ...);

/* A transaction around several kt_state_run; commit is durable when it returns. */
gboolean kt_state_begin (KtState *state, GError **error);
gboolean kt_state_commit (KtState *state, GError **error);
void kt_state_rollback (KtState *state);

/* Keeps some MiB of disk in the state folder, so that how an undo went can be recorded on a disk that has filled up.
 * Already there: success. Errors: KT_ERROR_NO_SPACE, KT_ERROR_PRIVILEGE. */
gboolean kt_state_reserve (KtState *state, GError **error);
/* Gives it back to the file system; FALSE when there was none. */
gboolean kt_state_spend_reserve (KtState *state);

/* The hint of an error about damage: how to set the whole state folder aside. Caller frees. */
char *kt_state_damage_hint (const KtState *state);

/* Reads the whole of @table and its indexes. Errors: KT_ERROR_STATE when it is damaged. */
gboolean kt_state_check_table (KtState *state, const char *table, GError **error);

gint64 kt_state_last_id (KtState *state);
