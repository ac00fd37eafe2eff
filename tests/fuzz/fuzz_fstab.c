/* SPDX-License-Identifier: MIT
 *
 * fstab: whatever the bytes are, a change and its undo give them back, a changed entry has the options, nothing else changes.
 */
#include "host/fstab.h"

#include <string.h>

int LLVMFuzzerTestOneInput (const guint8 *data, size_t size);

static void
check_entry (const char *text, const char *target)
{
  static const char *const add[] = { "noatime", NULL }, *const remove[] = { "relatime", "discard", NULL };
  g_autoptr (GError) error = NULL;
  g_autofree char *line = kt_fstab_line (text, target, &error);
  if (line == NULL)
    return;
  g_assert_no_error (error);
  g_autofree char *changed = kt_fstab_line_with (line, remove, add);
  g_autofree char *again = kt_fstab_line_with (changed, remove, add);
  g_assert_cmpstr (again, ==, changed);
  g_auto (GStrv) options = kt_fstab_options (changed);
  g_assert_true (g_strv_contains ((const char *const *) options, "noatime"));
  g_assert_false (g_strv_contains ((const char *const *) options, "discard"));

  g_autofree char *now = kt_fstab_replace (text, line, changed);
  g_assert_nonnull (now);
  g_autofree char *found = kt_fstab_line (now, target, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (found, ==, changed);
  g_autofree char *back = kt_fstab_replace (now, changed, line);
  g_assert_cmpstr (back, ==, text);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, size_t size)
{
  g_autofree char *text = g_strndup (size > 0 ? (const char *) data : "", size);
  g_auto (GStrv) words = g_strsplit_set (text, " \t\n", 64);
  check_entry (text, "/");
  check_entry (text, "/srv/my data");
  for (guint i = 0; words[i] != NULL; i++)
    {
      g_autofree char *target = kt_fstab_unescape (words[i]);
      g_assert_cmpuint (strlen (target), <=, strlen (words[i]));
      check_entry (text, target);
    }
  return 0;
}
