/* SPDX-License-Identifier: MIT
 *
 * The step kinds of tuning: what carries out its advice. Unlike the rest of the room they do I/O, through postgres/.
 * Their args and what `prepare` finds hold everything that an undo needs after a crash with the server down, and no
 * password: libpq's own means (~/.pgpass, PGPASSWORD) give that again.
 *
 * In a plan the steps by SQL come before the settings: an undo goes backwards, and the settings must be back before a
 * server that does not start on them can take SQL again.
 */
#pragma once

#include "change/step.h"
#include "postgres/confwrite.h"
#include "postgres/instance.h"

/* Parameters in the server's configuration, then reload or restart.
 * args {instance, write, activation, running: {name: value}} */
extern const KtStepKind kt_step_postgres_settings;
/* ALTER TABLE … SET (…). args {instance, schema, table, options: {name: value}, running: {name: value}} */
extern const KtStepKind kt_step_table_options;
/* ALTER ROLE or DATABASE … SET. args {instance, role, database, options, running}; one option */
extern const KtStepKind kt_step_role_option;

/* Changes nothing, fails when the server is not fit for work. Last in a plan. args {instance, sessions} */
extern const KtStepKind kt_step_server_health;

/* All of them, NULL-terminated: for KtRunner.kinds. */
extern const KtStepKind *const kt_tuning_steps[];

typedef enum {
  KT_ACTIVATE_RELOAD,  /* parameters that need a restart stay pending */
  KT_ACTIVATE_RESTART,
} KtActivation;

/* @settings: from kt_conf_write_settings, taken over. @title names the change in the file. The running values are taken
 * from @server: when others run at the time of apply the step is refused.
 * Errors: those of kt_conf_write_new. */
JsonObject *kt_step_settings_args (const KtServer *server, const KtInstance *instance, const char *title,
                                   GPtrArray *settings, KtActivation activation, GError **error);

/* @options and @running: "name=value" words as pg_class.reloptions holds them; options of the TOAST table are named
 * toast.NAME. */
JsonObject *kt_step_table_args (const KtInstance *instance, const char *schema, const char *table,
                                const char *const *options, const char *const *running);

/* @role or @database may be "" for all. @running NULL: not set there. */
JsonObject *kt_step_role_args (const KtInstance *instance, const char *role, const char *database, const char *name,
                               const char *value, const char *running);

/* @sessions: how many sort and write at once when the server is at work. */
JsonObject *kt_step_health_args (const KtInstance *instance, guint sessions);
