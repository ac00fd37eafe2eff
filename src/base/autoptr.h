/* SPDX-License-Identifier: MIT
 *
 * Cleanup for handles of other libraries, so that every owner can be a g_autoptr.
 */
#pragma once

#include <json-glib/json-glib.h>
#include <libpq-fe.h>
#include <sqlite3.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PGconn, PQfinish)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PGresult, PQclear)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (sqlite3, sqlite3_close)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (sqlite3_stmt, sqlite3_finalize)
