/* SPDX-License-Identifier: MIT */
#include "workload/stream.h"

typedef struct {
  KtStream *stream;
  KtSession *session;
  GThread *thread;
} Sender;

struct KtStream {
  const char *name;
  guint n_senders;
  Sender *senders;
  GMutex lock;
  GCond work;
  GCond idle;
  const KtSchemaTable *table;
  const char *conflict;
  const KtRows *rows;
  guint statement_rows;
  gsize next;    /* first row that nobody has taken */
  guint sending; /* statements on their way */
  gboolean end;
  GError *error;
};

static gboolean
has_rows (const KtStream *stream)
{
  return stream->rows != NULL && stream->next < stream->rows->n_rows && stream->error == NULL;
}

static gpointer
send_statements (gpointer data)
{
  Sender *sender = data;
  KtStream *stream = sender->stream;
  g_mutex_lock (&stream->lock);
  while (!stream->end)
    {
      if (!has_rows (stream))
        {
          g_cond_wait (&stream->work, &stream->lock);
          continue;
        }
      GError *error = NULL;
      gsize first = stream->next;
      guint n_rows = (guint) MIN (stream->statement_rows, stream->rows->n_rows - first);
      stream->next += n_rows;
      stream->sending++;
      g_mutex_unlock (&stream->lock);
      kt_session_insert (sender->session, stream->table, stream->conflict, stream->rows, first, n_rows, &error);
      g_mutex_lock (&stream->lock);
      stream->sending--;
      if (error != NULL && stream->error == NULL)
        stream->error = error;
      else
        g_clear_error (&error);
      g_cond_signal (&stream->idle);
    }
  g_mutex_unlock (&stream->lock);
  return NULL;
}

KtStream *
kt_stream_new (const char *name, const char *conninfo, const KtTypes *types, guint concurrency, GError **error)
{
  g_autoptr (KtStream) stream = g_new0 (KtStream, 1);
  stream->name = name;
  stream->senders = g_new0 (Sender, concurrency);
  g_mutex_init (&stream->lock);
  g_cond_init (&stream->work);
  g_cond_init (&stream->idle);
  for (guint i = 0; i < concurrency; i++)
    {
      Sender *sender = &stream->senders[i];
      sender->stream = stream;
      sender->session = kt_session_open (conninfo, types, error);
      if (sender->session == NULL)
        return NULL;
      sender->thread = g_thread_new (name, send_statements, sender);
      stream->n_senders++;
    }
  return g_steal_pointer (&stream);
}

void
kt_stream_free (KtStream *stream)
{
  if (stream == NULL)
    return;
  g_mutex_lock (&stream->lock);
  stream->end = TRUE;
  g_cond_broadcast (&stream->work);
  g_mutex_unlock (&stream->lock);
  for (guint i = 0; i < stream->n_senders; i++)
    {
      g_thread_join (stream->senders[i].thread);
      kt_session_close (stream->senders[i].session);
    }
  g_clear_error (&stream->error);
  g_mutex_clear (&stream->lock);
  g_cond_clear (&stream->work);
  g_cond_clear (&stream->idle);
  g_free (stream->senders);
  g_free (stream);
}

const char *
kt_stream_name (const KtStream *stream)
{
  return stream->name;
}

void
kt_stream_submit (KtStream *stream, const KtSchemaTable *table, const char *conflict, const KtRows *rows,
                  guint statement_rows)
{
  g_mutex_lock (&stream->lock);
  stream->table = table;
  stream->conflict = conflict;
  stream->rows = rows;
  stream->statement_rows = statement_rows;
  stream->next = 0;
  g_cond_broadcast (&stream->work);
  g_mutex_unlock (&stream->lock);
}

gboolean
kt_stream_wait (KtStream *stream, GError **error)
{
  g_mutex_lock (&stream->lock);
  while (has_rows (stream) || stream->sending > 0)
    g_cond_wait (&stream->idle, &stream->lock);
  stream->rows = NULL;
  GError *failed = g_steal_pointer (&stream->error);
  g_mutex_unlock (&stream->lock);
  if (failed == NULL)
    return TRUE;
  g_propagate_error (error, failed);
  return FALSE;
}

void
kt_stream_counts (KtStream *stream, KtSessionCounts *counts)
{
  for (guint i = 0; i < stream->n_senders; i++)
    kt_session_counts_add (counts, kt_session_counts (stream->senders[i].session));
}
