/* SPDX-License-Identifier: MIT
 *
 * Making and dropping the tables of a schema, and what an indexer finds when it starts.
 */
#pragma once

#include "workload/sim.h"

/* Drops the tables and types of all schemas by name, with `vars`, whoever made them. */
gboolean kt_database_drop (PGconn *connection, GError **error);
/* Tables without keys and indexes, and @sim noted in `vars`. In the caller's transaction. */
gboolean kt_database_create_tables (PGconn *connection, const KtSim *sim, GError **error);
/* The same with keys, indexes and schema_version: what an indexer makes of an empty database. */
gboolean kt_database_create (PGconn *connection, const KtSim *sim, GError **error);
/* First table of the schemas' names that exists, "" when none does, NULL on error. Caller frees. */
char *kt_database_find_table (PGconn *connection, GError **error);
/* Like the indexer: absent or unreadable is 0. */
gboolean kt_database_schema_version (PGconn *connection, guint *version, GError **error);
