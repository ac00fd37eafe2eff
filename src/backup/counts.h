/* SPDX-License-Identifier: MIT
 *
 * How many rows the tables of a server hold: recorded with a backup, counted again where it was restored.
 */
#pragma once

#include "backup/backup.h"

/* To another database of the server that @conninfo reaches (NULL: libpq's defaults), without a limit of time for statements. */
KtConnection *kt_backup_connect (const char *conninfo, const char *database, GError **error);

/* Adds {database, schema, name, low, high, exact} for each table of @database to @tables. Not @exact: the server's estimates
 * (low = high; -1 where it has none). @snapshot: one that another session exported, or NULL.
 * Errors: those of the connection, KT_ERROR_INTERRUPTED. */
gboolean kt_backup_count (const char *conninfo, const char *database, gboolean exact, const char *snapshot,
                          const KtBackupWatch *watch, JsonArray *tables, GError **error);

/* The same of all databases that can be connected to. */
gboolean kt_backup_count_all (const KtBackupSource *source, gboolean exact, const KtBackupWatch *watch, JsonArray *tables,
                              GError **error);

/* Counts taken at the end of a backup: what lies between both is right. */
void kt_backup_widen_counts (JsonArray *tables, JsonArray *later);

/* Counts every recorded table in the server of @conninfo (@database NULL: in its own database) and adds {tables, rows} to @report.
 * A table without a recorded number must only be readable. Errors: KT_ERROR_VERIFY naming the first that does not fit. */
gboolean kt_backup_check_counts (const char *conninfo, const char *database, JsonArray *tables, const KtBackupWatch *watch,
                                 JsonObject *report, GError **error);
