/* SPDX-License-Identifier: MIT */
#include "host/mount.h"

#include <string.h>

/* What the kernel shows in the place of a word for remount, the words that lead back there, and those for when it shows none. */
static const struct {
  const char *word;
  struct {
    const char *option, *words;
  } shown[3];
  const char *none;
} words[] = {
  /* relatime alone does not take noatime away. */
  { "noatime", { { "noatime", "noatime" }, { "relatime", "atime,relatime" } }, "strictatime" },
  { "nodiscard", { { "discard", "discard" } }, "nodiscard" },
  { "barrier", { { "nobarrier", "nobarrier" } }, "barrier" },
};

KtMountChange *
kt_mount_change_new (const char *target, const char *const *add, const char *const *remove, const char *remount)
{
  KtMountChange *change = g_new0 (KtMountChange, 1);
  change->target = g_strdup (target);
  change->add = g_strdupv ((char **) add);
  change->remove = g_strdupv ((char **) remove);
  change->remount = g_strdup (remount);
  return change;
}

void
kt_mount_change_free (KtMountChange *change)
{
  if (change == NULL)
    return;
  g_free (change->target);
  g_strfreev (change->add);
  g_strfreev (change->remove);
  g_free (change->remount);
  g_free (change);
}

char *
kt_mount_change_command (const KtMountChange *change)
{
  gboolean plain = strspn (change->target, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "/._-") == strlen (change->target);
  g_autofree char *target = plain ? g_strdup (change->target) : g_shell_quote (change->target);
  return change->remount != NULL ? g_strdup_printf ("mount -o remount,%s %s", change->remount, target) : NULL;
}

char *
kt_mount_change_persist (const KtMountChange *change)
{
  g_autofree char *add = g_strjoinv (",", change->add);
  g_autofree char *remove = g_strjoinv (",", change->remove);
  return g_strdup_printf ("%s%s%s%s in the entry of %s in /etc/fstab", add, *add != '\0' && *remove != '\0' ? ", " : "",
                          *remove != '\0' ? "without " : "", remove, change->target);
}

static const char *
words_in_force (const char *word, const char *const *options)
{
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    {
      if (!g_str_equal (words[i].word, word))
        continue;
      for (guint n = 0; words[i].shown[n].option != NULL; n++)
        if (g_strv_contains (options, words[i].shown[n].option))
          return words[i].shown[n].words;
      return words[i].none;
    }
  return word;
}

char *
kt_mount_in_force (const char *remount, const char *const *options)
{
  g_auto (GStrv) wanted = g_strsplit (remount, ",", -1);
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; wanted[i] != NULL; i++)
    g_string_append_printf (text, "%s%s", i > 0 ? "," : "", words_in_force (wanted[i], options));
  return g_string_free (g_steal_pointer (&text), FALSE);
}
