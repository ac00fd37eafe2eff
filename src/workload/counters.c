/* SPDX-License-Identifier: MIT */
#include "workload/counters.h"

#include <string.h>

typedef struct {
  gsize offset;
  int from; /* server versions, inclusive */
  int to;
  const char *sql;
} Counter;

#define COUNTER(member, first, last, text) { G_STRUCT_OFFSET (KtServerCounts, member), first, last, text }
#define OF_DATABASE(column) "SELECT " column " FROM pg_stat_database WHERE datname = current_database ()"

static const Counter counters[] = {
  COUNTER (wal_bytes, 0, 139999, "SELECT pg_wal_lsn_diff (pg_current_wal_insert_lsn (), '0/0')"),
  COUNTER (wal_bytes, 140000, G_MAXINT, "SELECT wal_bytes FROM pg_stat_wal"),
  COUNTER (wal_full_page_images, 140000, G_MAXINT, "SELECT wal_fpi FROM pg_stat_wal"),
  COUNTER (wal_records, 140000, G_MAXINT, "SELECT wal_records FROM pg_stat_wal"),
  COUNTER (blocks_hit, 0, G_MAXINT, OF_DATABASE ("blks_hit")),
  COUNTER (blocks_read, 0, G_MAXINT, OF_DATABASE ("blks_read")),
  COUNTER (transactions_committed, 0, G_MAXINT, OF_DATABASE ("xact_commit")),
  COUNTER (deadlocks, 0, G_MAXINT, OF_DATABASE ("deadlocks")),
  COUNTER (checkpoints, 0, 169999, "SELECT checkpoints_timed + checkpoints_req FROM pg_stat_bgwriter"),
  COUNTER (checkpoints, 170000, G_MAXINT, "SELECT num_timed + num_requested FROM pg_stat_checkpointer"),
};

gboolean
kt_server_counts_read (PGconn *connection, KtServerCounts *counts, GError **error)
{
  int version = PQserverVersion (connection);
  memset (counts, 0xff, sizeof *counts); /* all -1 */
  for (gsize i = 0; i < G_N_ELEMENTS (counters); i++)
    {
      if (version < counters[i].from || version > counters[i].to)
        continue;
      g_autoptr (GError) local = NULL;
      g_autoptr (PGresult) result = kt_sim_query (connection, &local, counters[i].sql, NULL);
      if (result == NULL && PQstatus (connection) != CONNECTION_OK)
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
      if (result != NULL && PQntuples (result) == 1 && !PQgetisnull (result, 0, 0))
        G_STRUCT_MEMBER (gint64, counts, counters[i].offset) = g_ascii_strtoll (PQgetvalue (result, 0, 0), NULL, 10);
    }
  return TRUE;
}

void
kt_server_counts_subtract (KtServerCounts *after, const KtServerCounts *before)
{
  for (gsize i = 0; i < G_N_ELEMENTS (counters); i++)
    {
      gint64 *value = &G_STRUCT_MEMBER (gint64, after, counters[i].offset);
      gint64 earlier = G_STRUCT_MEMBER (gint64, before, counters[i].offset);
      gboolean repeated = i > 0 && counters[i].offset == counters[i - 1].offset;
      if (!repeated)
        *value = *value < 0 || earlier < 0 ? -1 : *value - earlier;
    }
}
