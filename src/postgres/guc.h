/* SPDX-License-Identifier: MIT
 *
 * postgres/: the server as it is. Connection, settings with their source, configuration files, control of an instance.
 * It never decides what a setting should be.
 *
 * This file: PostgreSQL's own notation of values. "16MB" with base unit 8kB is 2048; units are case sensitive
 * ("1gb" is refused); fractions are rounded as the server rounds (13 and later).
 */
#pragma once

#include <glib.h>

typedef enum {
  KT_GUC_BOOL,
  KT_GUC_INTEGER,
  KT_GUC_REAL,
  KT_GUC_STRING,
  KT_GUC_ENUM,
} KtGucType;

/* Names of settings have no case: TimeZone is timezone in most files. For tables of them. */
guint kt_guc_name_hash (gconstpointer name);
gboolean kt_guc_name_equal (gconstpointer a, gconstpointer b);

/* pg_settings.vartype to type; FALSE for an unknown word. */
gboolean kt_guc_type_from_string (const char *vartype, KtGucType *type);

/* Bytes or microseconds in one base unit; @unit as in pg_settings.unit ("8kB", "kB", "MB", "B", "ms", "s", "min", NULL).
 * 0 when the unit is neither memory nor time. */
gint64 kt_guc_unit_bytes (const char *unit);
gint64 kt_guc_unit_us (const char *unit);

/* Parses a value as the server does, into base units. @type matters: KT_GUC_INTEGER reads "010" as octal, takes 0x10 and
 * rounds to whole base units, KT_GUC_REAL keeps fractions. The setting's own limits are not checked, only the 32 bits of
 * an integer. Errors: KT_ERROR_PARSE, saying what is allowed. */
gboolean kt_guc_parse_number (KtGucType type, const char *text, const char *unit, double *value, GError **error);
gboolean kt_guc_parse_bool (const char *text, gboolean *value); /* on, off, true, yes, 1, and unique prefixes */

/* The largest exact unit: 2048 with "8kB" is "16MB", -1 and 0 stay bare. Caller frees. */
char *kt_guc_format (gint64 value, const char *unit);

/* Do two texts mean the same value? Numbers by value, booleans by meaning, enums without case, strings exactly, except
 * that texts of bare or quoted words with commas between (shared_preload_libraries and the like) are lists: blanks
 * around the commas do not count. A number that the server would refuse equals only the same text. */
gboolean kt_guc_equal (KtGucType type, const char *unit, const char *a, const char *b);

/* 'it''s' quoting for configuration files; words and numbers that need no quotes stay bare (a list and "1.5GB" need
 * them). Caller frees. */
char *kt_guc_quote (const char *value);
