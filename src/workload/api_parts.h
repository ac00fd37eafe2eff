/* SPDX-License-Identifier: MIT
 *
 * What the documents of api.c are put together from. Nobody else includes this.
 */
#pragma once

#include "workload/monitor.h"

#include <json-glib/json-glib.h>
#include <libpq-fe.h>

typedef struct {
  gint64 cpu_us;      /* used so far */
  gint64 memory_used; /* bytes */
  gint64 memory_free; /* what the limit of the control group or the machine has left; -1: unknown */
} KtApiProcess;

void kt_api_process_read (KtApiProcess *process);

/* "26.3 MB", as the indexer writes sizes. Caller frees. */
char *kt_api_size (gint64 bytes);
/* "2026-07-06T12:00:00.000Z". Caller frees. */
char *kt_api_time (gint64 unix_ms);

void kt_api_set_text (JsonObject *object, const char *name, const char *text); /* null when NULL */
void kt_api_set_time (JsonObject *object, const char *name, gint64 unix_ms);   /* null when 0 */
/* @name and @name + "Pretty"; null when below 0. */
void kt_api_set_size (JsonObject *object, const char *name, gint64 bytes);
void kt_api_set_block (JsonObject *object, const char *name, const KtBlockInfo *block);

/* Sizes and activity; members are null when @connection is NULL or does not answer. reltuples of a table that was never
 * analysed is KT_API_NEVER_ANALYSED, which no JSON integer here can be: a text to be replaced. */
#define KT_API_NEVER_ANALYSED "18446744073709551615"
JsonObject *kt_api_database (PGconn *connection, gboolean with_deadlocks, gboolean unsigned_rows);
