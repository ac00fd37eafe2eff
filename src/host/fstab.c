/* SPDX-License-Identifier: MIT */
#include "host/fstab.h"

#include "base/error.h"

#include <string.h>

enum { TARGET = 1, TYPE = 2, OPTIONS = 3 };

/* Lines with their newlines, so that together they are the text again. */
static GPtrArray *
split (const char *text)
{
  GPtrArray *lines = g_ptr_array_new_with_free_func (g_free);
  while (*text != '\0')
    {
      gsize length = strcspn (text, "\n");
      length += text[length] == '\n' ? 1 : 0;
      g_ptr_array_add (lines, g_strndup (text, length));
      text += length;
    }
  return lines;
}

/* Where field @n (from 0) begins; its length is 0 when there is none. Fields are parted by blanks; the mount programs take a '#' for a
 * comment only where a line begins. */
static const char *
field (const char *line, guint n, gsize *length)
{
  const char *at = line + strspn (line, " \t");
  if (*at == '#')
    at += strlen (at);
  for (guint i = 0; i < n; i++)
    {
      at += strcspn (at, " \t\r\n");
      at += strspn (at, " \t");
    }
  *length = strcspn (at, " \t\r\n");
  return at;
}

char *
kt_fstab_unescape (const char *word)
{
  g_autoptr (GString) text = g_string_new (NULL);
  while (*word != '\0')
    {
      gboolean octal = word[0] == '\\' && word[1] >= '0' && word[1] <= '3' && word[2] >= '0' && word[2] <= '7' && word[3] >= '0'
                       && word[3] <= '7';
      int byte = octal ? (word[1] - '0') * 64 + (word[2] - '0') * 8 + (word[3] - '0') : 0;
      if (byte != 0)
        g_string_append_c (text, (char) byte);
      else
        g_string_append_c (text, *word);
      word += byte != 0 ? 4 : 1;
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* "/srv/pg/" and "/srv//pg" are "/srv/pg". */
static char *
plain_path (const char *path)
{
  g_autofree char *canonical = *path == '/' ? g_canonicalize_filename (path, "/") : g_strdup (path);
  return g_steal_pointer (&canonical);
}

static gboolean
is_mounted_on (const char *line, const char *target)
{
  gsize length, type_length;
  const char *at = field (line, TARGET, &length);
  field (line, TYPE, &type_length);
  if (length == 0 || type_length == 0)
    return FALSE;
  g_autofree char *word = g_strndup (at, length);
  g_autofree char *unescaped = kt_fstab_unescape (word);
  g_autofree char *mounted = plain_path (unescaped);
  g_autofree char *wanted = plain_path (target);
  return g_str_equal (mounted, wanted);
}

/* An option behind an open quote would become a part of what is quoted. */
static gboolean
quotes_are_closed (const char *line)
{
  gsize length;
  const char *at = field (line, OPTIONS, &length);
  gboolean open = FALSE;
  for (gsize i = 0; i < length; i++)
    open = open != (at[i] == '"');
  return !open;
}

char *
kt_fstab_line (const char *text, const char *target, GError **error)
{
  g_autoptr (GPtrArray) lines = split (text);
  g_autofree char *found = NULL;
  for (guint i = 0; i < lines->len; i++)
    {
      if (!is_mounted_on (lines->pdata[i], target))
        continue;
      if (found != NULL)
        {
          kt_error_set (error, KT_ERROR_REFUSED, NULL, "leave one of them", "fstab has several entries for %s", target);
          return NULL;
        }
      found = g_strdup (lines->pdata[i]);
    }
  if (found == NULL || quotes_are_closed (found))
    return g_steal_pointer (&found);
  kt_error_set (error, KT_ERROR_REFUSED, g_strchomp (found), "close it", "a quote in the entry of %s in fstab is not closed", target);
  return NULL;
}

static GStrv
split_options (const char *text, gsize length)
{
  g_autoptr (GStrvBuilder) options = g_strv_builder_new ();
  gboolean quoted = FALSE;
  gsize begin = 0;
  for (gsize i = 0; i <= length; i++)
    {
      gboolean ends = i == length || (text[i] == ',' && !quoted);
      quoted = quoted != (i < length && text[i] == '"');
      if (!ends)
        continue;
      g_autofree char *option = g_strndup (text + begin, i - begin);
      if (*option != '\0')
        g_strv_builder_add (options, option);
      begin = i + 1;
    }
  return g_strv_builder_end (options);
}

GStrv
kt_fstab_options (const char *line)
{
  gsize length;
  const char *at = field (line, OPTIONS, &length);
  return length > 0 ? split_options (at, length) : g_strsplit ("defaults", ",", -1);
}

/* Are the options already so? */
static gboolean
is_so (const char *const *options, const char *const *remove, const char *const *add)
{
  for (guint i = 0; options[i] != NULL; i++)
    if (g_strv_contains (remove, options[i]))
      return FALSE;
  for (guint i = 0; add[i] != NULL; i++)
    if (!g_strv_contains (options, add[i]))
      return FALSE;
  return TRUE;
}

static char *
changed_options (const char *const *options, const char *const *remove, const char *const *add)
{
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; options[i] != NULL; i++)
    if (!g_strv_contains (remove, options[i]) && !g_strv_contains (add, options[i]))
      g_string_append_printf (text, "%s%s", text->len > 0 ? "," : "", options[i]);
  for (guint i = 0; add[i] != NULL; i++)
    g_string_append_printf (text, "%s%s", text->len > 0 ? "," : "", add[i]);
  if (text->len == 0)
    g_string_append (text, "defaults");
  return g_string_free (g_steal_pointer (&text), FALSE);
}

char *
kt_fstab_line_with (const char *line, const char *const *remove, const char *const *add)
{
  g_auto (GStrv) options = kt_fstab_options (line);
  if (is_so ((const char *const *) options, remove, add))
    return g_strdup (line);
  g_autofree char *changed = changed_options ((const char *const *) options, remove, add);
  gsize length, type_length;
  const char *at = field (line, OPTIONS, &length);
  const char *type_end = field (line, TYPE, &type_length) + type_length;
  g_autofree char *before = g_strndup (line, (gsize) ((length > 0 ? at : type_end) - line));
  return g_strconcat (before, length > 0 ? "" : " ", changed, length > 0 ? at + length : type_end, NULL);
}

char *
kt_fstab_replace (const char *text, const char *was, const char *now)
{
  g_autoptr (GPtrArray) lines = split (text);
  g_autoptr (GString) result = g_string_new (NULL);
  gboolean done = FALSE;
  for (guint i = 0; i < lines->len; i++)
    {
      gboolean it = !done && g_str_equal (lines->pdata[i], was);
      g_string_append (result, it ? now : lines->pdata[i]);
      done = done || it;
    }
  return done ? g_string_free (g_steal_pointer (&result), FALSE) : NULL;
}
