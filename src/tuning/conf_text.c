/* SPDX-License-Identifier: MIT */
#include "tuning/conf_text.h"

#include "base/size.h"
#include "base/table.h"

#include <string.h>

#define WIDTH 100

static gboolean
is_default (const KtAdviceRow *row, int major)
{
  return kt_guc_equal (row->param->type, row->param->unit, row->wanted, kt_param_boot (row->param, major));
}

gboolean
kt_conf_text_has (const KtAdvice *advice, const KtAdviceRow *row)
{
  if (row->wanted == NULL)
    return FALSE;
  return row->verdict == KT_VERDICT_CHANGE || (row->verdict == KT_VERDICT_AS_WANTED && !is_default (row,
                                                                                                    advice->in->major));
}

/* Comment lines of @text; a reason can be longer than a line. */
static void
append_comment (GString *out, const char *text)
{
  g_autoptr (GString) wrapped = g_string_new (NULL);
  kt_text_wrap (wrapped, text, WIDTH - 2, 0);
  g_auto (GStrv) lines = g_strsplit (g_strchomp (wrapped->str), "\n", -1);
  for (gsize i = 0; lines[i] != NULL; i++)
    g_string_append_printf (out, "# %s\n", lines[i]);
}

static void
append_header (GString *out, const KtAdvice *advice)
{
  const KtInputs *in = advice->in;
  g_autofree char *memory = kt_size_format (in->memory);
  g_autofree char *worst = kt_size_format (advice->worst_case->total);
  g_autofree char *text = NULL;
  g_string_append (out, "# Written by kastune: changes made here are lost when it writes again.\n");
  text = g_strdup_printf ("PostgreSQL %d, profile %s (%s), phase %s. PostgreSQL may use %s of memory, at worst these "
                          "settings use %s.",
                          in->major, in->profile->name, advice->profile_because, kt_phase_name (in->phase), memory,
                          worst);
  append_comment (out, text);
}

/* A value within 5 % of the wanted one stays what it is, so that writing again changes nothing. */
static void
append_setting (GString *out, const KtAdviceRow *row)
{
  const char *value = row->verdict == KT_VERDICT_AS_WANTED && row->running != NULL ? row->running : row->wanted;
  g_autofree char *quoted = kt_guc_quote (value);
  g_string_append_c (out, '\n');
  append_comment (out, row->because);
  g_string_append_printf (out, "%s = %s\n", row->param->name, quoted);
}

char *
kt_conf_text (const KtAdvice *advice)
{
  GString *out = g_string_new (NULL);
  int group = -1;
  append_header (out, advice);
  for (guint i = 0; i < advice->rows->len; i++)
    {
      const KtAdviceRow *row = advice->rows->pdata[i];
      if (!kt_conf_text_has (advice, row))
        continue;
      if ((int) row->param->group != group)
        g_string_append_printf (out, "\n\n# ---- %s ----\n", kt_group_title (row->param->group));
      group = (int) row->param->group;
      append_setting (out, row);
    }
  return g_string_free (out, FALSE);
}
