/* SPDX-License-Identifier: MIT */
#include "host/setting.h"

#include <string.h>

#define HEADER "# Written by kastune apply; kastune undo takes it back.\n"

/* Of the name 99-zz-: what is read last wins, and Debian reads /etc/sysctl.conf as 99-sysctl.conf. */
static const struct {
  const char *word, *file;
  const char *line;    /* $NAME, $MATCH, $FOLDER/$LEAF (what stands before and behind the last slash of the name), $VALUE */
  const char *command; /* the same, and $LIVE */
} places[KT_N_HOST_PLACES] = {
  [KT_HOST_SYSCTL] = { "sysctl", "/etc/sysctl.d/99-zz-kastune.conf", "$NAME = $VALUE", "sysctl -w $NAME=$VALUE" },
  [KT_HOST_SYSFS] = { "sysfs", "/etc/tmpfiles.d/90-kastune.conf", "w $NAME - - - - $VALUE", "echo $VALUE > $LIVE" },
  [KT_HOST_QUEUE] = { "queue", "/etc/udev/rules.d/90-kastune.rules",
                      "ACTION==\"add|change\", SUBSYSTEM==\"block\", $MATCH, ATTR{queue/$LEAF}=\"$VALUE\"", "echo $VALUE > $LIVE" },
  [KT_HOST_MODULE] = { "module", "/etc/modprobe.d/90-kastune.conf", "options $FOLDER $LEAF=$VALUE", "echo $VALUE > $LIVE" },
};

static const char *const twins[][2] = {
  { "vm.dirty_bytes", "/proc/sys/vm/dirty_ratio" },
  { "vm.dirty_background_bytes", "/proc/sys/vm/dirty_background_ratio" },
};

KtHostSetting *
kt_host_setting_new (KtHostPlace place, const char *name, const char *value, const char *match)
{
  KtHostSetting *setting = g_new0 (KtHostSetting, 1);
  setting->place = place;
  setting->name = g_strdup (name);
  setting->value = g_strdup (value);
  setting->match = g_strdup (match);
  return setting;
}

void
kt_host_setting_free (KtHostSetting *setting)
{
  if (setting == NULL)
    return;
  g_free (setting->name);
  g_free (setting->value);
  g_free (setting->match);
  g_free (setting);
}

char *
kt_host_match (const char *attribute, const char *value)
{
  if (value == NULL || *value == '\0' || strpbrk (value, "*?[]|\\\"\n") != NULL || !g_str_is_ascii (value))
    return NULL;
  return g_strdup_printf ("ATTR{%s}==\"%s\"", attribute, value);
}

JsonObject *
kt_host_setting_to_json (const KtHostSetting *setting)
{
  JsonObject *object = json_object_new ();
  json_object_set_string_member (object, "place", places[setting->place].word);
  json_object_set_string_member (object, "name", setting->name);
  json_object_set_string_member (object, "value", setting->value);
  kt_json_set_string (object, "match", setting->match);
  return object;
}

KtHostSetting *
kt_host_setting_from_json (JsonObject *object)
{
  const char *word = kt_json_string (object, "place", "");
  const char *name = kt_json_string (object, "name", NULL);
  const char *value = kt_json_string (object, "value", NULL);
  for (guint place = 0; name != NULL && value != NULL && place < KT_N_HOST_PLACES; place++)
    if (g_str_equal (places[place].word, word))
      return kt_host_setting_new ((KtHostPlace) place, name, value, kt_json_string (object, "match", NULL));
  return NULL;
}

const char *
kt_host_setting_file (const KtHostSetting *setting)
{
  return places[setting->place].file;
}

char *
kt_host_setting_live (const KtHostSetting *setting)
{
  g_autofree char *folder = g_path_get_dirname (setting->name);
  g_autofree char *leaf = g_path_get_basename (setting->name);
  g_autofree char *path = g_strdup (setting->name);
  switch (setting->place)
    {
    case KT_HOST_SYSCTL:
      return g_strconcat ("/proc/sys/", g_strdelimit (path, ".", '/'), NULL);
    case KT_HOST_QUEUE:
      return g_strconcat ("/sys/block/", folder, "/queue/", leaf, NULL);
    case KT_HOST_MODULE:
      return g_strconcat ("/sys/module/", folder, "/parameters/", leaf, NULL);
    case KT_HOST_SYSFS:
    case KT_N_HOST_PLACES:
      break;
    }
  return g_steal_pointer (&path);
}

/* @pattern with its words in place; up to the value when @only_key. */
static char *
fill (const KtHostSetting *setting, const char *pattern, gboolean only_key)
{
  g_autofree char *folder = g_path_get_dirname (setting->name);
  g_autofree char *leaf = g_path_get_basename (setting->name);
  g_autofree char *live = kt_host_setting_live (setting);
  g_autofree char *by_name = g_strdup_printf ("KERNEL==\"%s\"", folder);
  const struct {
    const char *word, *text;
  } words[] = {
    { "$NAME", setting->name }, { "$MATCH", setting->match != NULL ? setting->match : by_name },
    { "$FOLDER", folder },      { "$LEAF", leaf },
    { "$LIVE", live },          { "$VALUE", setting->value },
  };
  g_autoptr (GString) text = g_string_new (NULL);
  while (*pattern != '\0')
    {
      gsize n = 0;
      while (n < G_N_ELEMENTS (words) && !g_str_has_prefix (pattern, words[n].word))
        n++;
      if (n == G_N_ELEMENTS (words))
        {
          g_string_append_c (text, *pattern++);
          continue;
        }
      if (only_key && g_str_equal (words[n].word, "$VALUE"))
        break;
      g_string_append (text, words[n].text);
      pattern += strlen (words[n].word);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

char *
kt_host_setting_line (const KtHostSetting *setting)
{
  return fill (setting, places[setting->place].line, FALSE);
}

char *
kt_host_setting_command (const KtHostSetting *setting)
{
  return fill (setting, places[setting->place].command, FALSE);
}

char *
kt_host_setting_twin (const KtHostSetting *setting)
{
  for (gsize i = 0; setting->place == KT_HOST_SYSCTL && i < G_N_ELEMENTS (twins); i++)
    if (g_str_equal (setting->name, twins[i][0]))
      return g_strdup (twins[i][1]);
  return NULL;
}

char *
kt_host_active (const char *text)
{
  const char *open = strchr (text, '[');
  const char *close = open != NULL ? strchr (open, ']') : NULL;
  return close != NULL ? g_strndup (open + 1, (gsize) (close - open - 1)) : g_strstrip (g_strdup (text));
}

/* Blanks say nothing in any of these files where we look. */
static char *
without_blanks (const char *text)
{
  g_autoptr (GString) rest = g_string_new (NULL);
  for (; *text != '\0'; text++)
    if (!g_ascii_isspace (*text))
      g_string_append_c (rest, *text);
  return g_string_free (g_steal_pointer (&rest), FALSE);
}

static gboolean
is_about (const char *line, const KtHostSetting *setting)
{
  g_autofree char *key = fill (setting, places[setting->place].line, TRUE);
  g_autofree char *bare_key = without_blanks (key);
  g_autofree char *bare_line = without_blanks (line);
  return g_str_has_prefix (bare_line, bare_key);
}

char *
kt_host_file_line (const char *text, const KtHostSetting *setting)
{
  g_auto (GStrv) lines = g_strsplit (text != NULL ? text : "", "\n", -1);
  char *found = NULL; /* the last one counts */
  for (guint i = 0; lines[i] != NULL; i++)
    if (is_about (lines[i], setting))
      {
        g_free (found);
        found = g_strdup (lines[i]);
      }
  return found;
}

char *
kt_host_file_with (const char *text, const KtHostSetting *setting, const char *line)
{
  g_auto (GStrv) lines = g_strsplit (text != NULL ? text : HEADER, "\n", -1);
  g_autoptr (GString) result = g_string_new (NULL);
  gboolean there = FALSE;
  for (guint i = 0; lines[i] != NULL; i++)
    {
      gboolean ours = is_about (lines[i], setting);
      if (!ours)
        g_string_append_printf (result, "%s%s", lines[i], lines[i + 1] != NULL ? "\n" : "");
      else if (line != NULL && !there)
        g_string_append_printf (result, "%s\n", line);
      there = there || ours;
    }
  if (line != NULL && !there)
    g_string_append_printf (result, "%s%s\n", result->len > 0 && result->str[result->len - 1] != '\n' ? "\n" : "", line);
  return g_string_free (g_steal_pointer (&result), FALSE);
}

gboolean
kt_host_file_is_bare (const char *text)
{
  return text != NULL && (g_str_equal (text, HEADER) || *text == '\0');
}
