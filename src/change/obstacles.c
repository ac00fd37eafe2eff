/* SPDX-License-Identifier: MIT */
#include "change/obstacles.h"

#include "base/error.h"
#include "change/kinds.h"

gboolean
kt_may_begin (const KtRunner *runner, const char *server, GError **error)
{
  g_autoptr (GPtrArray) changes = kt_journal_unfinished (runner->state, server, error);
  if (changes == NULL)
    return FALSE;
  if (changes->len == 0)
    return TRUE;
  const KtChange *change = g_ptr_array_index (changes, 0);
  g_autofree char *undo = g_strdup_printf ("kastune undo %" G_GINT64_FORMAT, change->id);
  g_autofree char *hint = change->state == KT_CHANGE_SCHEDULED ? g_strdup_printf ("%s takes it off the schedule", undo)
                          : change->state == KT_CHANGE_WAITING
                            ? g_strdup_printf ("kastune confirm %" G_GINT64_FORMAT " keeps it, %s goes back", change->id, undo)
                            : g_steal_pointer (&undo);
  kt_error_set (error, KT_ERROR_REFUSED, change->reason, hint,
                "change set %" G_GINT64_FORMAT " (%s) of this server is not finished: %s", change->id, change->title,
                kt_change_state_name (change->state));
  return FALSE;
}

/* An unfinished one stands in the way in any case, an applied one only when it touches the same. */
static gboolean
stands_in_the_way (const KtRunner *runner, const KtChange *change, const KtChange *newer, GError **error)
{
  if (newer->id <= change->id || newer->state == KT_CHANGE_UNDONE || newer->state == KT_CHANGE_SCHEDULED)
    return FALSE;
  g_autoptr (GError) unknown = NULL;
  g_autofree char *common = kt_kinds_common (runner->kinds, change, newer, &unknown);
  gboolean unfinished = (KT_CHANGE_UNFINISHED & 1u << newer->state) != 0;
  if (!unfinished && common != NULL && *common == '\0')
    return FALSE;
  g_autofree char *hint = g_strdup_printf ("kastune undo %" G_GINT64_FORMAT, newer->id);
  g_autofree char *both = common != NULL && *common != '\0' ? g_strconcat ("both change ", common, NULL) : NULL;
  kt_error_set (error, KT_ERROR_REFUSED, unknown != NULL ? unknown->message : both, hint,
                "change set %" G_GINT64_FORMAT " (%s) cannot be undone before the newer change set"
                " %" G_GINT64_FORMAT " (%s, %s)",
                change->id, change->title, newer->id, newer->title, kt_change_state_name (newer->state));
  return TRUE;
}

/* Newest first: the one that is named is the one to begin with. */
gboolean
kt_may_undo (const KtRunner *runner, const KtChange *change, GError **error)
{
  if (change->state == KT_CHANGE_UNDONE)
    {
      kt_error_set (error, KT_ERROR_REFUSED, change->reason, "kastune history",
                    "change set %" G_GINT64_FORMAT " is already undone", change->id);
      return FALSE;
    }
  g_autoptr (GPtrArray) all = kt_journal_list (runner->state, change->server, error);
  for (guint i = 0; all != NULL && i < all->len; i++)
    if (stands_in_the_way (runner, change, g_ptr_array_index (all, i), error))
      return FALSE;
  return all != NULL;
}
