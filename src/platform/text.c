/* SPDX-License-Identifier: MIT */
#include "platform/parts.h"

#include <stdarg.h>
#include <string.h>

void
kt_note (GPtrArray *notes, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  for (guint i = 0; i < notes->len; i++)
    if (g_str_equal (g_ptr_array_index (notes, i), text))
      return;
  g_ptr_array_add (notes, g_steal_pointer (&text));
}

char *
kt_process_path (gint64 pid, const char *name)
{
  if (pid <= 0)
    return g_build_filename ("/proc/self", name, NULL);
  return g_strdup_printf ("/proc/%" G_GINT64_FORMAT "/%s", pid, name);
}

gint64
kt_read_number (KtSysroot *root, const char *path, gint64 fallback)
{
  gint64 value;
  return kt_sysroot_read_int (root, path, &value) ? value : fallback;
}

gint64
kt_read_number_in (KtSysroot *root, const char *folder, const char *name, gint64 fallback)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  return kt_read_number (root, path, fallback);
}

char *
kt_read_in (KtSysroot *root, const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  return kt_sysroot_read (root, path);
}

/* Far above any machine, so that a damaged list cannot become a number of CPUs that overflows. */
#define MAX_LISTED 65536

guint
kt_count_list (const char *list)
{
  guint64 count = 0;
  for (const char *at = list; at != NULL && *at != '\0' && !g_ascii_isspace (*at);)
    {
      char *end = NULL;
      guint64 first = g_ascii_strtoull (at, &end, 10);
      guint64 last = first;
      if (end == at || !g_ascii_isdigit (*at))
        return 0;
      if (*end == '-')
        {
          at = end + 1;
          last = g_ascii_strtoull (at, &end, 10);
          if (end == at || !g_ascii_isdigit (*at))
            return 0;
        }
      if (last < first || last >= MAX_LISTED)
        return 0;
      count += last - first + 1;
      if (*end == ',')
        end++;
      else if (*end != '\0' && !g_ascii_isspace (*end))
        return 0;
      at = end;
    }
  return (guint) MIN (count, MAX_LISTED);
}

char *
kt_active_word (const char *words)
{
  if (words == NULL || *words == '\0')
    return NULL;
  const char *open = strchr (words, '[');
  const char *close = open != NULL ? strchr (open, ']') : NULL;
  if (close != NULL)
    return g_strndup (open + 1, (gsize) (close - open - 1));
  return strpbrk (words, " \t\n") == NULL ? g_strdup (words) : NULL;
}

gboolean
kt_path_is_below (const char *path, const char *folder)
{
  gsize length = strlen (folder);
  while (length > 0 && folder[length - 1] == '/')
    length--;
  return strncmp (path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}
