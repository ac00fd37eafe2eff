/* SPDX-License-Identifier: MIT
 *
 * Rows in PostgreSQL's binary form: for each row the number of fields (int16), then length (int32, -1 for NULL) and
 * bytes of each. That is what COPY BINARY takes, and each field is also a binary parameter: one encoding for both.
 * Buffers are kept and reused; adding a field costs a few nanoseconds.
 */
#pragma once

#include <glib.h>
#include <string.h>

typedef struct {
  gsize offset;
  guint64 prefix; /* first eight bytes of the first field: most comparisons end here */
} KtRow;

typedef struct {
  guint8 *data;
  gsize length;
  gsize allocated;
  KtRow *rows;
  gsize n_rows;
  gsize rows_allocated;
} KtRows;

void kt_rows_clear (KtRows *rows);  /* frees */
void kt_rows_reset (KtRows *rows);  /* empties, keeps the memory */
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (KtRows, kt_rows_clear)

void kt_rows_grow (KtRows *rows, gsize more);
void kt_rows_begin (KtRows *rows, guint n_fields);

/* Orders rows by the fields named by their numbers (n_fields of them), bytes as unsigned. Data stays in place. */
void kt_rows_sort (KtRows *rows, const guint8 *fields, guint n_fields);

/* Start of field @field of row @row; *length -1 for NULL. */
const guint8 *kt_rows_field (const KtRows *rows, gsize row, guint field, gint32 *length);

/* Room for @more bytes at the end of the buffer. */
static inline guint8 *
kt_rows_take (KtRows *rows, gsize more)
{
  if (G_UNLIKELY (rows->length + more > rows->allocated))
    kt_rows_grow (rows, more);
  guint8 *at = rows->data + rows->length;
  rows->length += more;
  return at;
}

static inline void
kt_rows_int16 (KtRows *rows, gint16 value)
{
  guint16 big = GUINT16_TO_BE ((guint16) value);
  memcpy (kt_rows_take (rows, sizeof big), &big, sizeof big);
}

static inline void
kt_rows_int32 (KtRows *rows, gint32 value)
{
  guint32 big = GUINT32_TO_BE ((guint32) value);
  memcpy (kt_rows_take (rows, sizeof big), &big, sizeof big);
}

static inline void
kt_rows_int64 (KtRows *rows, gint64 value)
{
  guint64 big = GUINT64_TO_BE ((guint64) value);
  memcpy (kt_rows_take (rows, sizeof big), &big, sizeof big);
}

/* Whole fields. */
static inline void
kt_rows_put_null (KtRows *rows)
{
  kt_rows_int32 (rows, -1);
}

static inline void
kt_rows_put_int16 (KtRows *rows, gint16 value)
{
  kt_rows_int32 (rows, 2);
  kt_rows_int16 (rows, value);
}

static inline void
kt_rows_put_int32 (KtRows *rows, gint32 value)
{
  kt_rows_int32 (rows, 4);
  kt_rows_int32 (rows, value);
}

static inline void
kt_rows_put_int64 (KtRows *rows, gint64 value)
{
  kt_rows_int32 (rows, 8);
  kt_rows_int64 (rows, value);
}

/* Room for a field of @length bytes, to be filled in. */
static inline guint8 *
kt_rows_put_space (KtRows *rows, gsize length)
{
  kt_rows_int32 (rows, (gint32) length);
  return kt_rows_take (rows, length);
}

static inline void
kt_rows_put_bytes (KtRows *rows, const void *bytes, gsize length)
{
  memcpy (kt_rows_put_space (rows, length), bytes, length);
}

/* A field whose length is known only when it is complete. */
static inline gsize
kt_rows_open (KtRows *rows)
{
  kt_rows_int32 (rows, 0);
  return rows->length;
}

static inline void
kt_rows_close (KtRows *rows, gsize opened)
{
  guint32 big = GUINT32_TO_BE ((guint32) (rows->length - opened));
  memcpy (rows->data + opened - sizeof big, &big, sizeof big);
}

/* An array as a field: @element is the OID of its type, elements are fields put between. */
gsize kt_rows_array_open (KtRows *rows, guint32 element, gsize *count_at);
void kt_rows_array_close (KtRows *rows, gsize opened, gsize count_at, guint elements);
