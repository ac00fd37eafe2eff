/* SPDX-License-Identifier: MIT
 *
 * What a database keeps on disk, and stretches of it, through SQL alone: works wherever the server runs. Reading needs a
 * superuser or EXECUTE on pg_read_binary_file.
 */
#pragma once

#include "postgres/connection.h"
#include "storage/estimate.h"

/* KtStored of the database, largest first: tables, indexes, TOAST. What is smaller than 128 kB is left out. */
GPtrArray *kt_stored_list (KtConnection *connection, GError **error);

/* A KtStretchReader; @connection is a KtConnection. Pages that were never written are left out, so what comes is shorter. Errors: KT_ERROR_PRIVILEGE with the grant to run. */
gboolean kt_stored_read (gpointer connection, const KtStored *stored, gint64 offset, guint8 *buffer, gsize *length, GError **error);
