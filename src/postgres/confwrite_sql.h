/* SPDX-License-Identifier: MIT
 *
 * postgresql.auto.conf through the server: reading what stands in it, and the statements that change it.
 */
#pragma once

#include "postgres/conffile.h"
#include "postgres/connection.h"

/* What the server reads there, as a file of its own. Errors: those of asking. */
KtConfFile *kt_conf_sql_auto_conf (KtConnection *connection, GError **error);

/* "ALTER SYSTEM SET name = 'value'" with everything quoted; a list of names becomes one literal each. Caller frees. */
char *kt_conf_sql_set (KtConnection *connection, const char *setting, const char *value);
char *kt_conf_sql_reset (KtConnection *connection, const char *setting);

/* Is the value a list of names? An empty one cannot be set by SQL. */
gboolean kt_conf_sql_is_list (const char *setting);
