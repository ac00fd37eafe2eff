/* SPDX-License-Identifier: MIT
 *
 * Configuration files and values of settings: whatever the bytes are, an unchanged file comes back, a set value is read
 * back, nothing else changes.
 */
#include "postgres/conffile.h"
#include "postgres/guc.h"

#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, size_t size);

static void
check_lines (const KtConfFile *file)
{
  for (guint i = 0; i < file->lines->len; i++)
    {
      const KtConfLine *line = file->lines->pdata[i];
      gboolean sets = line->kind == KT_CONF_SETTING || line->kind == KT_CONF_INCLUDE;
      g_assert_cmpuint (line->line, ==, i + 1);
      g_assert_true ((line->name != NULL) == sets);
      g_assert_true ((line->value != NULL) == sets);
      g_assert_true ((line->problem != NULL) == (line->kind == KT_CONF_BROKEN));
      g_assert_true (line->problem == NULL || g_utf8_validate (line->problem, -1, NULL));
      g_assert_true (strchr (line->raw, '\n') == NULL || strchr (line->raw, '\n')[1] == '\0');
    }
}

static void
check_text (const KtConfFile *file, const char *text)
{
  g_autofree char *back = kt_conf_file_to_text (file);
  g_assert_cmpstr (back, ==, text);
}

/* All lines but the one that was set, which may be new, are as before; of a last line the newline may be. */
static void
check_set (const char *text, const char *name, const char *value, const char *comment)
{
  g_autoptr (KtConfFile) before = kt_conf_file_parse ("x", text);
  g_autoptr (KtConfFile) file = kt_conf_file_parse ("x", text);
  kt_conf_file_set (file, name, value, comment);
  const KtConfLine *set = kt_conf_file_get (file, name);
  g_assert_cmpstr (set->value, ==, value);
  g_autofree char *after = kt_conf_file_to_text (file);
  g_autoptr (KtConfFile) again = kt_conf_file_parse ("x", after);
  g_assert_cmpuint (again->lines->len, ==, file->lines->len);
  g_assert_cmpstr (kt_conf_file_get (again, name)->value, ==, value);
  g_assert_cmpuint (kt_conf_file_get (again, name)->line, ==, set->line);
  for (guint i = 0; i < before->lines->len; i++)
    {
      const KtConfLine *old = before->lines->pdata[i];
      const KtConfLine *new = again->lines->pdata[i];
      if (i + 1 != set->line)
        g_assert_true (g_str_has_prefix (new->raw, old->raw) && new->kind == old->kind);
    }

  guint n_lines = file->lines->len;
  guint n_removed = kt_conf_file_remove (file, name);
  g_assert_cmpuint (n_removed, >, 0);
  g_assert_cmpuint (file->lines->len, ==, n_lines - n_removed);
  g_assert_null (kt_conf_file_get (file, name));
  check_lines (file);
}

static void
check_number (KtGucType type, const char *text, const char *unit)
{
  double value = 0;
  double again = 0;
  g_autoptr (GError) error = NULL;
  if (!kt_guc_parse_number (type, text, unit, &value, &error))
    {
      g_assert_nonnull (error);
      return;
    }
  g_assert_true (kt_guc_equal (type, unit, text, text));
  if (type != KT_GUC_INTEGER)
    return;
  g_autofree char *formatted = kt_guc_format ((gint64) value, unit);
  g_assert_true (kt_guc_parse_number (type, formatted, unit, &again, NULL));
  g_assert_cmpfloat (value, ==, again);
  g_assert_true (kt_guc_equal (type, unit, text, formatted));
}

static void
check_value (const char *value)
{
  static const char *const units[] = { NULL, "B", "kB", "8kB", "MB", "ms", "s", "min" };
  for (gsize i = 0; i < G_N_ELEMENTS (units); i++)
    {
      check_number (KT_GUC_INTEGER, value, units[i]);
      check_number (KT_GUC_REAL, value, units[i]);
    }
  gboolean flag = FALSE;
  if (kt_guc_parse_bool (value, &flag))
    g_assert_true (kt_guc_equal (KT_GUC_BOOL, NULL, value, flag ? "on" : "off"));
  g_autofree char *padded = g_strdup_printf ("a, %s", value);
  g_assert_true (kt_guc_equal (KT_GUC_STRING, NULL, padded, padded));
  kt_guc_equal (KT_GUC_STRING, NULL, padded, value);
  kt_guc_unit_bytes (value);

  g_autofree char *quoted = kt_guc_quote (value);
  g_autofree char *text = g_strconcat ("a = ", quoted, NULL);
  g_autoptr (KtConfFile) file = kt_conf_file_parse ("x", text);
  g_assert_cmpuint (file->lines->len, ==, 1);
  g_assert_cmpstr (kt_conf_file_get (file, "a")->value, ==, value);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, size_t size)
{
  g_autofree char *text = g_strndup (size > 0 ? (const char *) data : "", size);
  g_autofree char *piece = g_strndup (text, MIN (strlen (text), 24));
  g_autoptr (KtConfFile) file = kt_conf_file_parse ("x", text);
  check_text (file, text);
  check_lines (file);
  check_value (piece);
  check_set (text, "kaspa.absent_name_", piece, NULL);
  for (guint i = 0; i < MIN (file->lines->len, 8); i++)
    {
      const KtConfLine *line = file->lines->pdata[i];
      if (line->value != NULL)
        check_value (line->value);
      if (line->kind == KT_CONF_SETTING)
        {
          check_set (text, line->name, piece, i % 2 == 0 ? line->raw : NULL);
          check_set (text, line->name, "on", NULL); /* a word without quotes must not grow onto the name */
        }
    }
  return 0;
}
