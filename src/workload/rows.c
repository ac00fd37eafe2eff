/* SPDX-License-Identifier: MIT */
#include "workload/rows.h"

typedef struct {
  const guint8 *data;
  const guint8 *fields;
  guint n_fields;
} Order;

void
kt_rows_clear (KtRows *rows)
{
  g_free (rows->data);
  g_free (rows->rows);
  *rows = (KtRows) { 0 };
}

void
kt_rows_reset (KtRows *rows)
{
  rows->length = 0;
  rows->n_rows = 0;
}

void
kt_rows_grow (KtRows *rows, gsize more)
{
  rows->allocated = MAX (rows->length + more, MAX (rows->allocated * 2, 65536));
  rows->data = g_realloc (rows->data, rows->allocated);
}

void
kt_rows_begin (KtRows *rows, guint n_fields)
{
  if (rows->n_rows == rows->rows_allocated)
    {
      rows->rows_allocated = MAX (rows->rows_allocated * 2, 1024);
      rows->rows = g_renew (KtRow, rows->rows, rows->rows_allocated);
    }
  rows->rows[rows->n_rows++] = (KtRow) { .offset = rows->length };
  kt_rows_int16 (rows, (gint16) n_fields);
}

static const guint8 *
field_at (const guint8 *row, guint field, gint32 *length)
{
  const guint8 *at = row + sizeof (gint16);
  for (guint i = 0;; i++)
    {
      guint32 big;
      memcpy (&big, at, sizeof big);
      *length = (gint32) GUINT32_FROM_BE (big);
      at += sizeof big;
      if (i == field)
        return at;
      at += MAX (*length, 0);
    }
}

const guint8 *
kt_rows_field (const KtRows *rows, gsize row, guint field, gint32 *length)
{
  return field_at (rows->data + rows->rows[row].offset, field, length);
}

static gint
compare (gconstpointer a, gconstpointer b, gpointer data)
{
  const KtRow *left = a, *right = b;
  const Order *order = data;
  if (left->prefix != right->prefix)
    return left->prefix < right->prefix ? -1 : 1;
  for (guint i = 0; i < order->n_fields; i++)
    {
      gint32 left_length, right_length;
      const guint8 *left_field = field_at (order->data + left->offset, order->fields[i], &left_length);
      const guint8 *right_field = field_at (order->data + right->offset, order->fields[i], &right_length);
      gint result = memcmp (left_field, right_field, (gsize) MAX (MIN (left_length, right_length), 0));
      if (result == 0)
        result = left_length - right_length;
      if (result != 0)
        return result;
    }
  return 0;
}

void
kt_rows_sort (KtRows *rows, const guint8 *fields, guint n_fields)
{
  Order order = { .data = rows->data, .fields = fields, .n_fields = n_fields };
  for (gsize i = 0; i < rows->n_rows; i++)
    {
      gint32 length;
      guint64 big = 0;
      const guint8 *field = kt_rows_field (rows, i, fields[0], &length);
      memcpy (&big, field, (gsize) CLAMP (length, 0, (gint32) sizeof big));
      rows->rows[i].prefix = GUINT64_FROM_BE (big);
    }
  g_qsort_with_data (rows->rows, (gint) rows->n_rows, sizeof *rows->rows, compare, &order);
}

gsize
kt_rows_array_open (KtRows *rows, guint32 element, gsize *count_at)
{
  gsize opened = kt_rows_open (rows);
  kt_rows_int32 (rows, 1); /* dimension */
  kt_rows_int32 (rows, 0); /* no NULL in it */
  kt_rows_int32 (rows, (gint32) element);
  *count_at = rows->length;
  kt_rows_int32 (rows, 0);
  kt_rows_int32 (rows, 1); /* the first one's number */
  return opened;
}

void
kt_rows_array_close (KtRows *rows, gsize opened, gsize count_at, guint elements)
{
  guint32 big = GUINT32_TO_BE (elements);
  memcpy (rows->data + count_at, &big, sizeof big);
  kt_rows_close (rows, opened);
}
