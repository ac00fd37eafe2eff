/* SPDX-License-Identifier: MIT */
#include "storage/sample.h"

#include "base/error.h"

#include <string.h>

#define PAGE ((gsize) 8192)
#define GRANT "GRANT EXECUTE ON FUNCTION pg_read_binary_file(text, bigint, bigint, boolean) TO the role, or name a superuser with --dsn"

GPtrArray *
kt_stored_list (KtConnection *connection, GError **error)
{
  static const struct {
    const char *letter, *kind;
  } kinds[] = { { "r", "table" }, { "m", "table" }, { "i", "index" }, { "t", "TOAST" } };
  g_autoptr (PGresult) rows = kt_connection_query_file (connection, error, "stored", NULL);
  if (rows == NULL)
    return NULL;
  GPtrArray *list = g_ptr_array_new_with_free_func ((GDestroyNotify) kt_stored_free);
  for (int i = 0; i < PQntuples (rows); i++)
    {
      KtStored *stored = g_new0 (KtStored, 1);
      stored->name = g_strdup (kt_result_get (rows, i, "name"));
      stored->path = g_strdup (kt_result_get (rows, i, "path"));
      stored->bytes = kt_result_int (rows, i, "bytes");
      for (guint k = 0; k < G_N_ELEMENTS (kinds); k++)
        if (g_str_equal (kinds[k].letter, kt_result_get (rows, i, "kind")))
          stored->kind = kinds[k].kind;
      g_ptr_array_add (list, stored);
    }
  return list;
}

/* A page that was added to a relation but is still only in shared_buffers is all zeros on disk, and would count as a
 * hole: left out. Returns the length that remains. */
static gsize
copy_written_pages (guint8 *to, const guint8 *from, gsize length)
{
  static const guint8 unwritten[PAGE];
  gsize kept = 0;
  for (gsize at = 0; at < length; at += PAGE)
    {
      gsize part = MIN (PAGE, length - at);
      if (memcmp (from + at, unwritten, part) == 0)
        continue;
      memcpy (to + kept, from + at, part);
      kept += part;
    }
  return kept;
}

gboolean
kt_stored_read (gpointer connection, const KtStored *stored, gint64 offset, guint8 *buffer, gsize *length, GError **error)
{
  g_autofree char *at = g_strdup_printf ("%" G_GINT64_FORMAT, offset);
  g_autofree char *most = g_strdup_printf ("%" G_GSIZE_FORMAT, *length);
  g_autoptr (GError) local = NULL;
  g_autoptr (PGresult) rows = kt_connection_query_file (connection, &local, "stretch", stored->path, at, most, NULL);
  if (rows == NULL && g_error_matches (local, KT_ERROR, KT_ERROR_PRIVILEGE))
    kt_error_set (error, KT_ERROR_PRIVILEGE, kt_error_detail (local), GRANT, "this role may not read a sample of the data");
  else if (rows == NULL)
    g_propagate_error (error, g_steal_pointer (&local));
  if (rows == NULL)
    return FALSE;
  gsize got = 0;
  guint8 *bytes = PQunescapeBytea ((const guint8 *) kt_result_get (rows, 0, "bytes"), &got);
  *length = MIN (got, *length);
  *length = bytes != NULL ? copy_written_pages (buffer, bytes, *length) : 0;
  PQfreemem (bytes);
  return TRUE;
}
