/* SPDX-License-Identifier: MIT */
#include "base/table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define GAP 2
#define MIN_WRAP 20

typedef struct {
  char **cells; /* one string only when @group */
  gboolean group;
} Row;

struct KtTable {
  const KtColumn *columns;
  guint n_columns;
  GPtrArray *rows;
};

static void
row_free (gpointer data)
{
  Row *row = data;
  g_strfreev (row->cells);
  g_free (row);
}

KtTable *
kt_table_new (const KtColumn *columns, guint n_columns)
{
  KtTable *table = g_new0 (KtTable, 1);
  table->columns = columns;
  table->n_columns = n_columns;
  table->rows = g_ptr_array_new_with_free_func (row_free);
  return table;
}

void
kt_table_free (KtTable *table)
{
  if (table == NULL)
    return;
  g_ptr_array_unref (table->rows);
  g_free (table);
}

void
kt_table_add (KtTable *table, ...)
{
  Row *row = g_new0 (Row, 1);
  row->cells = g_new0 (char *, table->n_columns + 1);
  va_list args;
  va_start (args, table);
  for (guint i = 0; i < table->n_columns; i++)
    {
      const char *cell = va_arg (args, const char *);
      row->cells[i] = g_strdup (cell != NULL ? cell : "");
    }
  va_end (args);
  g_ptr_array_add (table->rows, row);
}

void
kt_table_add_group (KtTable *table, const char *title)
{
  Row *row = g_new0 (Row, 1);
  row->group = TRUE;
  row->cells = g_new0 (char *, 2);
  row->cells[0] = g_strdup (title);
  g_ptr_array_add (table->rows, row);
}

guint
kt_text_width (const char *text)
{
  guint width = 0;
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char_validated (p, -1);
      if (c == (gunichar) -1 || c == (gunichar) -2)
        return (guint) strlen (text);
      if (!g_unichar_iszerowidth (c))
        width += g_unichar_iswide (c) ? 2 : 1;
    }
  return width;
}

guint
kt_terminal_width (void)
{
  struct winsize size;
  if (isatty (STDOUT_FILENO) && ioctl (STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  const char *columns = g_getenv ("COLUMNS");
  guint64 value = 0;
  if (columns != NULL && g_ascii_string_to_unsigned (columns, 10, MIN_WRAP, 10000, &value, NULL))
    return (guint) value;
  return 0;
}

/* Cuts the next line of at most @width columns off *text, at a space where there is one. */
static char *
next_line (const char **text, guint width)
{
  const char *start = *text;
  const char *space = NULL;
  guint used = 0;
  const char *p = start;
  for (; *p != '\0' && *p != '\n'; p = g_utf8_next_char (p))
    {
      if (width > 0 && used >= width)
        break;
      if (*p == ' ')
        space = p;
      used++;
    }
  const char *end = p;
  if (*p != '\0' && *p != '\n' && *p != ' ' && space != NULL)
    end = space;
  *text = *end == ' ' || *end == '\n' ? end + 1 : end;
  return g_strndup (start, (gsize) (end - start));
}

static void
append_blanks (GString *out, guint n)
{
  for (guint i = 0; i < n; i++)
    g_string_append_c (out, ' ');
}

void
kt_text_wrap (GString *out, const char *text, guint width, guint indent)
{
  guint room = width == 0 ? 0 : MAX (width - MIN (indent, width), MIN_WRAP);
  do
    {
      g_autofree char *line = next_line (&text, room);
      if (*line != '\0')
        append_blanks (out, indent);
      g_string_append (out, line);
      g_string_append_c (out, '\n');
    }
  while (*text != '\0');
}

static void
measure (const KtTable *table, guint *widths, guint total, guint indent)
{
  for (guint c = 0; c < table->n_columns; c++)
    {
      widths[c] = table->columns[c].heading != NULL ? kt_text_width (table->columns[c].heading) : 0;
      for (guint r = 0; r < table->rows->len; r++)
        {
          const Row *row = table->rows->pdata[r];
          if (!row->group)
            widths[c] = MAX (widths[c], kt_text_width (row->cells[c]));
        }
    }
  if (total == 0)
    return;
  /* The wrapped columns share what the others leave. */
  guint fixed = indent + GAP * (table->n_columns - 1);
  guint wrapped = 0;
  for (guint c = 0; c < table->n_columns; c++)
    if (table->columns[c].flags & KT_COLUMN_WRAP)
      wrapped++;
    else
      fixed += widths[c];
  guint share = wrapped > 0 ? MAX ((total - MIN (fixed, total)) / wrapped, MIN_WRAP) : 0;
  for (guint c = 0; c < table->n_columns; c++)
    if (table->columns[c].flags & KT_COLUMN_WRAP)
      widths[c] = MIN (widths[c], share);
}

static void
print_cells (const KtTable *table, const char *const *cells, const guint *widths, GString *out, guint indent)
{
  g_autofree const char **rest = g_new0 (const char *, table->n_columns);
  for (guint c = 0; c < table->n_columns; c++)
    rest[c] = cells[c];
  gboolean more = TRUE;
  while (more)
    {
      more = FALSE;
      g_autoptr (GString) line = g_string_new (NULL);
      append_blanks (line, indent);
      for (guint c = 0; c < table->n_columns; c++)
        {
          gboolean wrap = (table->columns[c].flags & KT_COLUMN_WRAP) != 0;
          g_autofree char *part = next_line (&rest[c], wrap ? widths[c] : 0);
          guint used = kt_text_width (part);
          guint pad = widths[c] > used ? widths[c] - used : 0;
          if (table->columns[c].flags & KT_COLUMN_RIGHT)
            append_blanks (line, pad);
          g_string_append (line, part);
          if (!(table->columns[c].flags & KT_COLUMN_RIGHT))
            append_blanks (line, pad);
          if (c + 1 < table->n_columns)
            append_blanks (line, GAP);
          more = more || *rest[c] != '\0';
        }
      g_strchomp (line->str);
      g_string_append (out, line->str);
      g_string_append_c (out, '\n');
    }
}

void
kt_table_print (const KtTable *table, GString *out, guint width, guint indent)
{
  g_autofree guint *widths = g_new0 (guint, table->n_columns);
  measure (table, widths, width, indent);
  if (table->columns[0].heading != NULL)
    {
      g_autofree const char **headings = g_new0 (const char *, table->n_columns);
      for (guint c = 0; c < table->n_columns; c++)
        headings[c] = table->columns[c].heading != NULL ? table->columns[c].heading : "";
      print_cells (table, headings, widths, out, indent);
    }
  for (guint r = 0; r < table->rows->len; r++)
    {
      const Row *row = table->rows->pdata[r];
      if (row->group)
        {
          append_blanks (out, indent);
          g_string_append (out, row->cells[0]);
          g_string_append_c (out, '\n');
        }
      else
        print_cells (table, (const char *const *) row->cells, widths, out, indent);
    }
}
