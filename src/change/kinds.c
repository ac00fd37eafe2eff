/* SPDX-License-Identifier: MIT */
#include "change/kinds.h"

#include "base/error.h"

#define NAMED 3

const KtStepKind *
kt_kind_find (const KtStepKind *const *kinds, const char *name, GError **error)
{
  for (; *kinds != NULL; kinds++)
    if (g_str_equal ((*kinds)->name, name))
      return *kinds;
  kt_error_set (error, KT_ERROR_UNSUPPORTED, NULL, "install the kastune that wrote the change set",
                "this kastune knows no step of the kind %s", name);
  return NULL;
}

/* In the order of the steps, each once; values are NULL. */
static gboolean
add_touched (const KtStepKind *const *kinds, const KtChange *change, GPtrArray *names, GError **error)
{
  for (guint i = 0; i < change->steps->len; i++)
    {
      const KtChangeStep *step = g_ptr_array_index (change->steps, i);
      const KtStepKind *kind = kt_kind_find (kinds, step->kind, error);
      if (kind == NULL)
        return FALSE;
      g_auto (GStrv) touched = kind->touches != NULL ? kind->touches (step->args) : NULL;
      for (char **name = touched; name != NULL && *name != NULL; name++)
        if (!g_ptr_array_find_with_equal_func (names, *name, g_str_equal, NULL))
          g_ptr_array_add (names, g_strdup (*name));
    }
  return TRUE;
}

char *
kt_kinds_common (const KtStepKind *const *kinds, const KtChange *one, const KtChange *other, GError **error)
{
  g_autoptr (GPtrArray) ones = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) others = g_ptr_array_new_with_free_func (g_free);
  if (!add_touched (kinds, one, ones, error) || !add_touched (kinds, other, others, error))
    return NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  guint common = 0;
  for (guint i = 0; i < ones->len; i++)
    if (g_ptr_array_find_with_equal_func (others, ones->pdata[i], g_str_equal, NULL) && common++ < NAMED)
      g_string_append_printf (text, "%s%s", text->len > 0 ? ", " : "", (const char *) ones->pdata[i]);
  if (common > NAMED)
    g_string_append_printf (text, " and %u more", common - NAMED);
  return g_string_free (g_steal_pointer (&text), FALSE);
}
