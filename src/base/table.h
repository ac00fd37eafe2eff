/* SPDX-License-Identifier: MIT
 *
 * Text tables for people: columns as wide as their content, the last or the marked one wrapped to the terminal.
 * Widths count what a terminal shows (wide and combining characters), not bytes.
 */
#pragma once

#include <glib.h>

typedef enum {
  KT_COLUMN_LEFT = 0,
  KT_COLUMN_RIGHT = 1 << 0,
  KT_COLUMN_WRAP = 1 << 1, /* takes what is left of the width, breaks at spaces */
} KtColumnFlags;

typedef struct {
  const char *heading; /* NULL in all columns: no heading line */
  KtColumnFlags flags;
} KtColumn;

typedef struct KtTable KtTable;

KtTable *kt_table_new (const KtColumn *columns, guint n_columns);
void kt_table_free (KtTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtTable, kt_table_free)

/* n_columns strings follow; NULL shows as empty. Copied. */
void kt_table_add (KtTable *table, ...);
/* A line across all columns: a heading of a group. */
void kt_table_add_group (KtTable *table, const char *title);
/* @width 0: unlimited. @indent blanks before each line. */
void kt_table_print (const KtTable *table, GString *out, guint width, guint indent);

/* Wraps prose to @width with @indent blanks before each line; newline at the end. */
void kt_text_wrap (GString *out, const char *text, guint width, guint indent);

/* Columns a terminal uses for @text. */
guint kt_text_width (const char *text);
/* Of standard output: its columns, or $COLUMNS, or 0 (unlimited) when it is no terminal. */
guint kt_terminal_width (void);
