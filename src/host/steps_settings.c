/* SPDX-License-Identifier: MIT
 *
 * Settings of the kernel: in the files of ours, then in force. An undo goes backwards.
 */
#include "host/steps.h"

#include "base/error.h"
#include "base/file.h"
#include "host/live.h"

#include <string.h>

#define HUGE_PAGES "vm.nr_hugepages"
#define COMPACT "/proc/sys/vm/compact_memory"
#define HUGE_PAGE_TRIES 3
#define ARC_LIMIT "zfs/zfs_arc_max"
#define ARCSTATS "/proc/spl/kstat/zfs/arcstats"

JsonObject *
kt_step_kernel_args (const char *prefix, const GPtrArray *settings)
{
  JsonObject *args = json_object_new ();
  JsonArray *list = json_array_new ();
  for (guint i = 0; i < settings->len; i++)
    json_array_add_object_element (list, kt_host_setting_to_json (settings->pdata[i]));
  json_object_set_string_member (args, "prefix", prefix);
  json_object_set_array_member (args, "settings", list);
  return args;
}

static const char *
prefix_of (JsonObject *args)
{
  return kt_json_string (args, "prefix", "");
}

/* Of KtHostSetting, in the order of the plan. */
static GPtrArray *
settings_of (JsonObject *args)
{
  GPtrArray *settings = g_ptr_array_new_with_free_func ((GDestroyNotify) kt_host_setting_free);
  JsonArray *list = kt_json_array (args, "settings");
  for (guint i = 0; list != NULL && i < json_array_get_length (list); i++)
    {
      KtHostSetting *setting = kt_host_setting_from_json (json_array_get_object_element (list, i));
      if (setting != NULL)
        g_ptr_array_add (settings, setting);
    }
  return settings;
}

static char *
live_path (JsonObject *args, const KtHostSetting *setting)
{
  g_autofree char *path = kt_host_setting_live (setting);
  return g_strconcat (prefix_of (args), path, NULL);
}

static char *
file_path (JsonObject *args, const KtHostSetting *setting)
{
  return g_strconcat (prefix_of (args), kt_host_setting_file (setting), NULL);
}

static gboolean
is_huge_pages (const KtHostSetting *setting)
{
  return setting->place == KT_HOST_SYSCTL && g_str_equal (setting->name, HUGE_PAGES);
}

static char *
describe (JsonObject *args)
{
  g_autoptr (GPtrArray) settings = settings_of (args);
  g_autoptr (GString) text = g_string_new ("set ");
  for (guint i = 0; i < settings->len; i++)
    {
      const KtHostSetting *setting = settings->pdata[i];
      g_string_append_printf (text, "%s%s = %s", i > 0 ? ", " : "", setting->name, setting->value);
    }
  g_string_append (text, " now and at each boot");
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* More huge pages are taken from what is available now, and shared_buffers lie beside them until the server is started again. */
static gboolean
check_huge_pages (JsonObject *args, const KtHostSetting *setting, GError **error)
{
  g_autofree char *path = g_strconcat (prefix_of (args), "/proc/meminfo", NULL);
  g_autofree char *live = live_path (args, setting);
  g_autofree char *now = kt_live_read (live, error);
  g_autofree char *text = NULL;
  if (now == NULL || !kt_file_read (path, &text, NULL, error))
    return FALSE;
  const char *available = strstr (text, "MemAvailable:");
  const char *size = strstr (text, "Hugepagesize:");
  gint64 available_kb = available != NULL ? g_ascii_strtoll (strchr (available, ':') + 1, NULL, 10) : G_MAXINT64;
  gint64 size_kb = size != NULL ? g_ascii_strtoll (strchr (size, ':') + 1, NULL, 10) : 0;
  gint64 more = g_ascii_strtoll (setting->value, NULL, 10) - g_ascii_strtoll (now, NULL, 10);
  if (size_kb > 0 && (more <= 0 || more <= available_kb / 10 * 9 / size_kb))
    return TRUE;
  g_autofree char *detail = g_strdup_printf ("%" G_GINT64_FORMAT " MB are needed at once, %" G_GINT64_FORMAT " MB are available",
                                             more * size_kb / 1024, available_kb / 1024);
  kt_error_set (error, KT_ERROR_REFUSED, detail,
                "stop PostgreSQL first, whose buffers still lie in normal pages; or leave the huge pages to the next boot: kastune host "
                "advise prints the line",
                size_kb > 0 ? "there is not enough free memory for the huge pages" : "this kernel has no huge pages");
  return FALSE;
}

static gboolean
check_setting (JsonObject *args, const KtHostSetting *setting, GError **error)
{
  g_autofree char *live = live_path (args, setting);
  g_autofree char *file = file_path (args, setting);
  g_autofree char *folder = g_path_get_dirname (file);
  g_autofree char *now = kt_live_read (live, error);
  if (now == NULL)
    return FALSE;
  if (!g_file_test (folder, G_FILE_TEST_IS_DIR))
    {
      kt_error_set (error, KT_ERROR_UNSUPPORTED, NULL, "kastune host advise prints what to do by hand",
                    "%s could not be kept over a reboot: there is no %s here", setting->name, folder);
      return FALSE;
    }
  if (!kt_live_offers (live, setting->value))
    {
      kt_error_set (error, KT_ERROR_UNSUPPORTED, NULL, "kastune apply without --host-settings", "%s does not offer %s", live, setting->value);
      return FALSE;
    }
  return !is_huge_pages (setting) || check_huge_pages (args, setting, error);
}

static gboolean
check (KtStepContext *context, JsonObject *args, GError **error)
{
  g_autoptr (GPtrArray) settings = settings_of (args);
  gboolean good = kt_live_may_write (prefix_of (args), error);
  for (guint i = 0; good && i < settings->len; i++)
    good = check_setting (args, settings->pdata[i], error);
  return good;
}

/* The cache of ZFS has a limit also while nobody set one (0), and writing 0 does not bring that back. NULL: it is something else, or
 * nobody knows. Caller frees. */
static char *
limit_in_force (JsonObject *args, const KtHostSetting *setting)
{
  g_autofree char *path = g_strconcat (prefix_of (args), ARCSTATS, NULL);
  g_autofree char *text = NULL;
  if (setting->place != KT_HOST_MODULE || !g_str_equal (setting->name, ARC_LIMIT) || !kt_file_read (path, &text, NULL, NULL))
    return NULL;
  const char *line = strstr (text, "\nc_max ");
  const char *end = line != NULL ? strchr (line + 1, '\n') : NULL;
  g_autofree char *whole = line != NULL ? g_strndup (line + 1, end != NULL ? (gsize) (end - line - 1) : strlen (line + 1)) : NULL;
  return whole != NULL ? g_strdup (strrchr (whole, ' ') + 1) : NULL;
}

/* {live: [{value, twin, limit}], files: {path: text}}; a file that is absent is no member, twins are only of those that have one. */
static JsonObject *
prepare (KtStepContext *context, JsonObject *args, GError **error)
{
  g_autoptr (GPtrArray) settings = settings_of (args);
  g_autoptr (JsonObject) before = json_object_new ();
  JsonArray *values = json_array_new ();
  JsonObject *files = json_object_new ();
  json_object_set_array_member (before, "live", values);
  json_object_set_object_member (before, "files", files);
  for (guint i = 0; i < settings->len; i++)
    {
      const KtHostSetting *setting = settings->pdata[i];
      g_autofree char *live = live_path (args, setting);
      g_autofree char *file = file_path (args, setting);
      g_autofree char *twin = kt_host_setting_twin (setting);
      g_autofree char *twin_path = twin != NULL ? g_strconcat (prefix_of (args), twin, NULL) : NULL;
      g_autofree char *value = kt_live_read (live, error);
      g_autofree char *twin_value = twin != NULL && value != NULL ? kt_live_read (twin_path, error) : NULL;
      g_autofree char *text = NULL;
      if (value == NULL || (twin != NULL && twin_value == NULL) || !kt_live_read_file (file, &text, error))
        return NULL;
      JsonObject *row = json_object_new ();
      json_object_set_string_member (row, "value", value);
      kt_json_set_string (row, "twin", twin_value);
      g_autofree char *limit = limit_in_force (args, setting);
      kt_json_set_string (row, "limit", limit);
      json_array_add_object_element (values, row);
      kt_json_set_string (files, file, text);
    }
  return g_steal_pointer (&before);
}

static JsonObject *
live_before (JsonObject *before, guint i)
{
  JsonArray *values = kt_json_array (before, "live");
  return values != NULL && i < json_array_get_length (values) ? json_array_get_object_element (values, i) : NULL;
}

static const char *
text_before (JsonObject *before, const char *file)
{
  return kt_json_string (kt_json_object (before, "files"), file, NULL);
}

/* @text of @file with the lines of the plan. Caller frees. */
static char *
planned_text (JsonObject *args, const GPtrArray *settings, const char *file, const char *text)
{
  char *planned = g_strdup (text);
  for (guint i = 0; i < settings->len; i++)
    {
      g_autofree char *own = file_path (args, settings->pdata[i]);
      g_autofree char *line = g_str_equal (own, file) ? kt_host_setting_line (settings->pdata[i]) : NULL;
      g_autofree char *was = planned;
      planned = line != NULL ? kt_host_file_with (was, settings->pdata[i], line) : g_steal_pointer (&was);
    }
  return planned;
}

/* The files of @settings, each once, borrowed from @owner. */
static GPtrArray *
files_of (JsonObject *args, const GPtrArray *settings, GPtrArray *owner)
{
  GPtrArray *files = g_ptr_array_new ();
  for (guint i = 0; i < settings->len; i++)
    {
      char *file = file_path (args, settings->pdata[i]);
      g_ptr_array_add (owner, file);
      if (!g_ptr_array_find_with_equal_func (files, file, g_str_equal, NULL))
        g_ptr_array_add (files, file);
    }
  return files;
}

static gboolean
write_file (JsonObject *args, const GPtrArray *settings, const char *file, GError **error)
{
  g_autofree char *text = NULL;
  if (!kt_live_read_file (file, &text, error))
    return FALSE;
  g_autofree char *planned = planned_text (args, settings, file, text);
  return g_strcmp0 (planned, text) == 0 || kt_file_write (file, planned, -1, NULL, error);
}

/* Fewer pages may be granted than asked for: memory is put together first, then it is asked again. */
static gboolean
write_huge_pages (const char *prefix, const char *live, const char *value, GError **error)
{
  gint64 wanted = g_ascii_strtoll (value, NULL, 10), given = 0;
  for (guint i = 0; i < HUGE_PAGE_TRIES; i++)
    {
      g_autofree char *compact = g_strconcat (prefix, COMPACT, NULL);
      if (i > 0)
        kt_live_write (compact, "1", NULL);
      g_autofree char *now = kt_live_write (live, value, error) ? kt_live_read (live, error) : NULL;
      if (now == NULL)
        return FALSE;
      given = g_ascii_strtoll (now, NULL, 10);
      if (given >= wanted)
        return TRUE;
    }
  g_autofree char *detail = g_strdup_printf ("%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT, given, wanted);
  kt_error_set (error, KT_ERROR_VERIFY, detail,
                "memory is fragmented: write the line that kastune host advise prints and reboot, or stop other programs first",
                "the kernel gave fewer huge pages than asked for");
  return FALSE;
}

static gboolean
write_live (JsonObject *args, const KtHostSetting *setting, GError **error)
{
  g_autofree char *live = live_path (args, setting);
  g_autofree char *now = kt_live_read (live, error);
  if (now == NULL)
    return FALSE;
  if (g_str_equal (now, setting->value))
    return TRUE;
  return is_huge_pages (setting) ? write_huge_pages (prefix_of (args), live, setting->value, error)
    : kt_live_write (live, setting->value, error);
}

static gboolean
apply (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  g_autoptr (GPtrArray) settings = settings_of (args);
  g_autoptr (GPtrArray) owner = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) files = files_of (args, settings, owner);
  gboolean good = TRUE;
  for (guint i = 0; good && i < files->len; i++)
    good = write_file (args, settings, files->pdata[i], error);
  for (guint i = 0; good && i < settings->len; i++)
    good = write_live (args, settings->pdata[i], error);
  return good;
}

static gboolean
verify_setting (JsonObject *args, const KtHostSetting *setting, GError **error)
{
  g_autofree char *live = live_path (args, setting);
  g_autofree char *file = file_path (args, setting);
  g_autofree char *now = kt_live_read (live, error);
  g_autofree char *text = NULL;
  if (now == NULL || !kt_live_read_file (file, &text, error))
    return FALSE;
  g_autofree char *line = kt_host_file_line (text, setting);
  g_autofree char *planned = kt_host_setting_line (setting);
  gboolean in_force = g_str_equal (now, setting->value)
                      || (is_huge_pages (setting) && g_ascii_strtoll (now, NULL, 10) > g_ascii_strtoll (setting->value, NULL, 10));
  if (!in_force)
    kt_error_set (error, KT_ERROR_VERIFY, NULL, "kastune history says when it was set", "%s is %s, not %s", setting->name, now, setting->value);
  else if (g_strcmp0 (line, planned) != 0)
    kt_error_set (error, KT_ERROR_VERIFY, line, NULL, "%s does not keep %s = %s over a reboot", file, setting->name, setting->value);
  return in_force && g_strcmp0 (line, planned) == 0;
}

static gboolean
verify (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  g_autoptr (GPtrArray) settings = settings_of (args);
  gboolean good = TRUE;
  for (guint i = 0; good && i < settings->len; i++)
    good = verify_setting (args, settings->pdata[i], error);
  return good;
}

static gboolean
refuse_changed (const char *name, const char *found, GError **error)
{
  kt_error_set (error, KT_ERROR_CHANGED, found, "look at it, then put the old value back or leave the change set as it is",
                "somebody else changed %s meanwhile", name);
  return FALSE;
}

/* Ours or as before, in force and in the file. A device that is gone has nothing to take back. */
static gboolean
may_undo_setting (JsonObject *args, const KtHostSetting *setting, JsonObject *before, guint i, GError **error)
{
  g_autofree char *live = live_path (args, setting);
  g_autofree char *file = file_path (args, setting);
  g_autofree char *now = kt_live_read (live, NULL);
  g_autofree char *text = NULL;
  if (!kt_live_read_file (file, &text, error))
    return FALSE;
  g_autofree char *line = kt_host_file_line (text, setting);
  g_autofree char *planned = kt_host_setting_line (setting);
  g_autofree char *was = kt_host_file_line (text_before (before, file), setting);
  const char *value_before = kt_json_string (live_before (before, i), "value", "");
  const char *limit = kt_json_string (live_before (before, i), "limit", value_before); /* between the two writes of an undo */
  if (now != NULL && !is_huge_pages (setting) && !g_str_equal (now, setting->value) && !g_str_equal (now, value_before)
      && !g_str_equal (now, limit))
    return refuse_changed (setting->name, now, error);
  if (g_strcmp0 (line, planned) != 0 && g_strcmp0 (line, was) != 0)
    return refuse_changed (setting->name, line, error);
  return TRUE;
}

static gboolean
can_undo (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  g_autoptr (GPtrArray) settings = settings_of (args);
  gboolean good = kt_live_may_write (prefix_of (args), error);
  for (guint i = 0; good && i < settings->len; i++)
    good = may_undo_setting (args, settings->pdata[i], before, i, error);
  return good;
}

static gboolean
put_back_live (JsonObject *args, const KtHostSetting *setting, JsonObject *was, GError **error)
{
  g_autofree char *live = live_path (args, setting);
  g_autofree char *now = kt_live_read (live, NULL);
  g_autofree char *twin = kt_host_setting_twin (setting);
  const char *value = kt_json_string (was, "value", NULL);
  const char *twin_value = kt_json_string (was, "twin", NULL);
  const char *limit = kt_json_string (was, "limit", NULL);
  if (now == NULL || value == NULL || g_str_equal (now, value))
    return TRUE;
  if (limit != NULL && g_str_equal (value, "0") && !kt_live_write (live, limit, error))
    return FALSE;
  if (twin == NULL || twin_value == NULL || !g_str_equal (value, "0"))
    return kt_live_write (live, value, error);
  g_autofree char *twin_path = g_strconcat (prefix_of (args), twin, NULL);
  return kt_live_write (twin_path, twin_value, error);
}

/* As before to the byte where it is as we left it; else without ours, or with the line that was in its place. */
static gboolean
put_back_file (JsonObject *args, const GPtrArray *settings, JsonObject *before, const char *file, GError **error)
{
  g_autofree char *text = NULL;
  if (!kt_live_read_file (file, &text, error))
    return FALSE;
  const char *was = text_before (before, file);
  g_autofree char *planned = planned_text (args, settings, file, was);
  if (g_strcmp0 (text, was) == 0)
    return TRUE;
  g_autofree char *back = g_strdup (g_strcmp0 (text, planned) == 0 ? was : text);
  for (guint i = 0; text != NULL && g_strcmp0 (text, planned) != 0 && i < settings->len; i++)
    {
      g_autofree char *own = file_path (args, settings->pdata[i]);
      g_autofree char *line = kt_host_file_line (was, settings->pdata[i]);
      g_autofree char *old = back;
      back = g_str_equal (own, file) ? kt_host_file_with (old, settings->pdata[i], line) : g_steal_pointer (&old);
    }
  if (back == NULL || (was == NULL && kt_host_file_is_bare (back)))
    return kt_file_remove (file, error);
  return kt_file_write (file, back, -1, NULL, error);
}

static gboolean
undo (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  g_autoptr (GPtrArray) settings = settings_of (args);
  g_autoptr (GPtrArray) owner = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) files = files_of (args, settings, owner);
  gboolean good = TRUE;
  for (guint i = 0; good && i < settings->len; i++)
    good = may_undo_setting (args, settings->pdata[i], before, i, error);
  for (guint i = settings->len; good && i > 0; i--)
    good = put_back_live (args, settings->pdata[i - 1], live_before (before, i - 1), error);
  for (guint i = files->len; good && i > 0; i--)
    good = put_back_file (args, settings, before, files->pdata[i - 1], error);
  return good;
}

static GStrv
touches (JsonObject *args)
{
  g_autoptr (GPtrArray) settings = settings_of (args);
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  for (guint i = 0; i < settings->len; i++)
    {
      g_autofree char *name = g_strconcat ("host setting ", ((KtHostSetting *) settings->pdata[i])->name, NULL);
      g_strv_builder_add (names, name);
    }
  return g_strv_builder_end (names);
}

const KtStepKind kt_step_kernel_settings = {
  "kernel-settings", describe, check, prepare, apply, verify, can_undo, undo, NULL, touches,
};
