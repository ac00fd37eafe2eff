/* SPDX-License-Identifier: MIT
 *
 * The server itself writes postgresql.auto.conf only on ALTER SYSTEM. Here it is edited directly where SQL cannot do it:
 * with the server down, to give back several values at once and exactly as they were, and for the two cases that ALTER
 * SYSTEM refuses or gets wrong (parameters of a library that is not loaded yet, empty lists of names).
 */
#include "postgres/confwrite.h"

#include "base/crash.h"
#include "base/error.h"
#include "base/file.h"
#include "postgres/conffile.h"
#include "postgres/confwrite_place.h"
#include "postgres/confwrite_sql.h"
#include "postgres/guc.h"

#include <errno.h>
#include <string.h>

static gboolean
is_include (const KtConfWrite *write)
{
  return write->mode == KT_CONF_WRITE_INCLUDE;
}

static const KtConfWriteSetting *
setting_at (const KtConfWrite *write, guint i)
{
  return g_ptr_array_index (write->settings, i);
}

/* --- the plain data ----------------------------------------------------------------------------------------------- */

static void
setting_free (gpointer data)
{
  KtConfWriteSetting *setting = data;
  g_free (setting->name);
  g_free (setting->value);
  g_free (setting->because);
  g_free (setting);
}

GPtrArray *
kt_conf_write_settings (void)
{
  return g_ptr_array_new_with_free_func (setting_free);
}

void
kt_conf_write_settings_add (GPtrArray *settings, const char *name, const char *value, const char *because)
{
  KtConfWriteSetting *setting = g_new0 (KtConfWriteSetting, 1);
  *setting = (KtConfWriteSetting){ .name = g_strdup (name), .value = g_strdup (value), .because = g_strdup (because) };
  g_ptr_array_add (settings, setting);
}

void
kt_conf_write_free (KtConfWrite *write)
{
  if (write == NULL)
    return;
  g_free (write->file);
  g_free (write->reason);
  g_free (write->config_file);
  g_free (write->data_directory);
  g_free (write->title);
  g_clear_pointer (&write->settings, g_ptr_array_unref);
  g_free (write);
}

JsonObject *
kt_conf_write_to_json (const KtConfWrite *write)
{
  JsonObject *object = json_object_new ();
  JsonArray *settings = json_array_new ();
  kt_json_set_string (object, "mode", is_include (write) ? "include" : "alter system");
  kt_json_set_string (object, "file", write->file);
  kt_json_set_string (object, "reason", write->reason);
  kt_json_set_string (object, "config_file", write->config_file);
  kt_json_set_string (object, "data_directory", write->data_directory);
  kt_json_set_string (object, "title", write->title);
  for (guint i = 0; i < write->settings->len; i++)
    {
      JsonObject *row = json_object_new ();
      kt_json_set_string (row, "name", setting_at (write, i)->name);
      kt_json_set_string (row, "value", setting_at (write, i)->value);
      kt_json_set_string (row, "because", setting_at (write, i)->because);
      json_array_add_object_element (settings, row);
    }
  json_object_set_array_member (object, "settings", settings);
  return object;
}

KtConfWrite *
kt_conf_write_from_json (JsonObject *object, GError **error)
{
  g_autoptr (KtConfWrite) write = g_new0 (KtConfWrite, 1);
  JsonArray *settings = kt_json_array (object, "settings");
  write->mode = g_str_equal (kt_json_string (object, "mode", ""), "include") ? KT_CONF_WRITE_INCLUDE
    : KT_CONF_WRITE_ALTER_SYSTEM;
  write->file = g_strdup (kt_json_string (object, "file", NULL));
  write->reason = g_strdup (kt_json_string (object, "reason", NULL));
  write->config_file = g_strdup (kt_json_string (object, "config_file", NULL));
  write->data_directory = g_strdup (kt_json_string (object, "data_directory", NULL));
  write->title = g_strdup (kt_json_string (object, "title", ""));
  write->settings = kt_conf_write_settings ();
  for (guint i = 0; settings != NULL && i < json_array_get_length (settings); i++)
    {
      JsonObject *row = json_array_get_object_element (settings, i);
      kt_conf_write_settings_add (write->settings, kt_json_string (row, "name", ""), kt_json_string (row, "value", ""),
                                  kt_json_string (row, "because", NULL));
    }
  gboolean by_server = !is_include (write) && write->config_file == NULL;
  if (write->file != NULL && (by_server || (write->config_file != NULL && write->data_directory != NULL)) && write->settings->len > 0)
    return g_steal_pointer (&write);
  kt_error_set (error, KT_ERROR_PARSE, NULL, NULL,
                "the settings of this step are incomplete: file, folders or settings are missing");
  return NULL;
}

KtConfWrite *
kt_conf_write_new (const char *config_file, const char *data_directory, const char *title, GPtrArray *settings,
                   GError **error)
{
  g_autoptr (KtConfWrite) write = g_new0 (KtConfWrite, 1);
  write->config_file = g_canonicalize_filename (config_file, NULL);
  write->data_directory = g_canonicalize_filename (data_directory, NULL);
  write->title = g_strdup (title);
  write->settings = settings;
  return kt_conf_write_choose (write, error) ? g_steal_pointer (&write) : NULL;
}

KtConfWrite *
kt_conf_write_new_by_server (const char *data_directory, const char *server_directory, const char *title, const char *reason,
                             GPtrArray *settings)
{
  KtConfWrite *write = g_new0 (KtConfWrite, 1);
  write->mode = KT_CONF_WRITE_ALTER_SYSTEM;
  write->data_directory = data_directory != NULL ? g_canonicalize_filename (data_directory, NULL) : NULL;
  write->file = server_directory != NULL ? g_build_filename (server_directory, "postgresql.auto.conf", NULL)
                                         : g_strdup ("postgresql.auto.conf");
  write->reason = g_strdup (reason);
  write->title = g_strdup (title);
  write->settings = settings;
  return write;
}

/* --- the text of the own file ------------------------------------------------------------------------------------- */

/* One line whatever is in it. */
static char *
one_line (const char *text)
{
  return g_strdelimit (g_strdup (text), "\r\n\t", ' ');
}

/* The settings of @write or, with @ours FALSE, all others, with the comments right above them. FALSE: there are none. */
static gboolean
keep_settings (const KtConfWrite *write, const char *old_text, gboolean ours, GString *out)
{
  gsize before = out->len;
  g_autoptr (KtConfFile) file = kt_conf_file_parse (write->file, old_text);
  g_autoptr (GString) comments = g_string_new (NULL);
  for (guint i = 0; i < file->lines->len; i++)
    {
      const KtConfLine *line = g_ptr_array_index (file->lines, i);
      g_autofree char *text = g_strstrip (g_strdup (line->raw));
      if (line->kind == KT_CONF_BLANK && *text == '#')
        {
          g_string_append_printf (comments, "%s\n", text);
          continue;
        }
      gboolean is_ours = line->kind == KT_CONF_SETTING && kt_conf_write_sets (write, line->name);
      if (line->kind != KT_CONF_BLANK && is_ours == ours)
        g_string_append_printf (out, "\n%s%s\n", comments->str, text);
      g_string_truncate (comments, 0);
    }
  return out->len > before;
}

static GString *
begin_text (const char *what, const char *title)
{
  g_autofree char *line = one_line (title);
  GString *out = g_string_new ("# Written by kastune, which takes its settings out again with: kastune undo\n");
  g_string_append_printf (out, "# Last change: %s%s\n", what, line);
  return out;
}

char *
kt_conf_write_text (const KtConfWrite *write, const char *old_text)
{
  GString *out = begin_text ("", write->title);
  if (old_text != NULL)
    keep_settings (write, old_text, FALSE, out);
  for (guint i = 0; i < write->settings->len; i++)
    {
      const KtConfWriteSetting *setting = setting_at (write, i);
      g_autofree char *because = setting->because != NULL ? one_line (setting->because) : NULL;
      g_autofree char *value = kt_guc_quote (setting->value);
      g_string_append_c (out, '\n');
      if (because != NULL)
        g_string_append_printf (out, "# %s\n", because);
      g_string_append_printf (out, "%s = %s\n", setting->name, value);
    }
  return g_string_free (out, FALSE);
}

/* --- reading what is there ---------------------------------------------------------------------------------------- */

/* Text for the journal, which holds UTF-8. @text NULL when the file is absent. */
static gboolean
read_if_there (const char *path, char **text, GError **error)
{
  g_autoptr (GError) local = NULL;
  gsize length = 0;
  *text = NULL;
  if (!kt_file_read (path, text, &length, &local))
    {
      if (g_error_matches (local, KT_ERROR, KT_ERROR_NOT_FOUND))
        return TRUE;
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  if (g_utf8_validate (*text, (gssize) length, NULL))
    return TRUE;
  g_clear_pointer (text, g_free);
  kt_error_set (error, KT_ERROR_PARSE, NULL, "write its comments and values in UTF-8", "%s is not UTF-8 text", path);
  return FALSE;
}

/* An absent file reads as an empty one. */
static KtConfFile *
read_auto_conf (const KtConfWrite *write, KtConnection *connection, gboolean *exists, GError **error)
{
  *exists = TRUE;
  if (write->data_directory == NULL)
    return kt_conf_sql_auto_conf (connection, error);
  g_autofree char *path = kt_conf_write_auto_conf (write);
  g_autofree char *text = NULL;
  if (!read_if_there (path, &text, error))
    return NULL;
  *exists = text != NULL;
  return kt_conf_file_parse (path, text != NULL ? text : "");
}

static const char *
value_in (const KtConfFile *file, const char *name)
{
  const KtConfLine *line = kt_conf_file_get (file, name);
  return line != NULL ? line->value : NULL;
}

JsonObject *
kt_conf_write_capture (const KtConfWrite *write, KtConnection *connection, GError **error)
{
  gboolean exists = FALSE;
  g_autofree char *text = NULL;
  g_autoptr (KtConfFile) file = read_auto_conf (write, connection, &exists, error);
  if (file == NULL || (is_include (write) && !read_if_there (write->file, &text, error)))
    return NULL;
  JsonObject *before = json_object_new ();
  JsonObject *values = json_object_new ();
  kt_json_set_string (before, "file_text", text);
  json_object_set_boolean_member (before, "auto_exists", exists);
  for (guint i = 0; i < write->settings->len; i++)
    {
      const char *name = setting_at (write, i)->name;
      const char *value = value_in (file, name);
      if (value != NULL)
        json_object_set_string_member (values, name, value);
      else
        json_object_set_null_member (values, name);
    }
  json_object_set_object_member (before, "auto", values);
  return before;
}

static const char *
value_before (JsonObject *before, const char *name)
{
  JsonObject *values = kt_json_object (before, "auto");
  return values != NULL ? kt_json_string (values, name, NULL) : NULL;
}

/* --- comparing ---------------------------------------------------------------------------------------------------- */

typedef struct {
  gboolean all_before, all_written;
  char *what; /* the first thing that is neither */
} Comparison;

static void
compare_one (Comparison *comparison, gboolean as_before, gboolean as_written, const char *name, const char *path)
{
  comparison->all_before = comparison->all_before && as_before;
  comparison->all_written = comparison->all_written && as_written;
  if (!as_before && !as_written && comparison->what == NULL)
    comparison->what = name != NULL ? g_strdup_printf ("%s in %s", name, path) : g_strdup (path);
}

/* As lists, since the server rewrites their blanks and quotes. */
static gboolean
same_value (const char *a, const char *b)
{
  return a == NULL || b == NULL ? a == b : kt_guc_equal (KT_GUC_STRING, NULL, a, b);
}

static gboolean
compare_auto_conf (const KtConfWrite *write, JsonObject *before, KtConnection *connection, Comparison *comparison,
                   GError **error)
{
  gboolean exists = FALSE;
  g_autoptr (KtConfFile) file = read_auto_conf (write, connection, &exists, error);
  if (file == NULL)
    return FALSE;
  for (guint i = 0; i < write->settings->len; i++)
    {
      const KtConfWriteSetting *setting = setting_at (write, i);
      const char *now = value_in (file, setting->name);
      compare_one (comparison, same_value (now, value_before (before, setting->name)),
                   same_value (now, is_include (write) ? NULL : setting->value), setting->name, file->path);
    }
  return TRUE;
}

static gboolean
compare_own_file (const KtConfWrite *write, JsonObject *before, Comparison *comparison, GError **error)
{
  g_autofree char *now = NULL;
  const char *old = kt_json_string (before, "file_text", NULL);
  g_autofree char *written = kt_conf_write_text (write, old);
  if (!read_if_there (write->file, &now, error))
    return FALSE;
  if (g_strcmp0 (now, old) == 0 || g_strcmp0 (now, written) == 0)
    {
      compare_one (comparison, g_strcmp0 (now, old) == 0, g_strcmp0 (now, written) == 0, NULL, write->file);
      return TRUE;
    }
  /* A later change was here too: only our settings count. */
  g_autoptr (KtConfFile) now_file = kt_conf_file_parse (write->file, now != NULL ? now : "");
  g_autoptr (KtConfFile) old_file = kt_conf_file_parse (write->file, old != NULL ? old : "");
  for (guint i = 0; i < write->settings->len; i++)
    {
      const KtConfWriteSetting *setting = setting_at (write, i);
      const char *value = value_in (now_file, setting->name);
      compare_one (comparison, same_value (value, value_in (old_file, setting->name)), same_value (value, setting->value),
                   setting->name, write->file);
    }
  return TRUE;
}

gboolean
kt_conf_write_compare (const KtConfWrite *write, JsonObject *before, KtConnection *connection, KtConfState *state, char **what,
                       GError **error)
{
  Comparison comparison = { TRUE, TRUE, NULL };
  gboolean read = compare_auto_conf (write, before, connection, &comparison, error)
                  && (!is_include (write) || compare_own_file (write, before, &comparison, error));
  g_autofree char *first = comparison.what;
  if (!read)
    return FALSE;
  if (first != NULL)
    *state = KT_CONF_CHANGED;
  else if (comparison.all_written)
    *state = KT_CONF_AS_WRITTEN;
  else
    *state = comparison.all_before ? KT_CONF_AS_BEFORE : KT_CONF_HALF_WRITTEN;
  if (what != NULL)
    *what = g_steal_pointer (&first);
  return TRUE;
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

/* A new file belongs to whom the data directory belongs to, with the mode of @model. */
static gboolean
write_like (const KtConfWrite *write, const char *path, const char *text, const char *model, mode_t mode,
            GError **error)
{
  struct stat owner, like;
  if (stat (path, &like) == 0)
    return kt_file_write (path, text, -1, NULL, error);
  if (stat (write->data_directory, &owner) != 0)
    {
      kt_error_set_errno (error, errno, NULL, "cannot read %s", write->data_directory);
      return FALSE;
    }
  if (model != NULL && stat (model, &like) == 0)
    mode = like.st_mode & 0777;
  owner.st_mode = S_IFREG | mode;
  return kt_file_write (path, text, -1, &owner, error);
}

/* PostgreSQL never makes it one. Whoever may write in its folder could lead root's pen anywhere. */
static gboolean
refuse_link (const char *path, GError **error)
{
  if (!g_file_test (path, G_FILE_TEST_IS_SYMLINK))
    return FALSE;
  kt_error_set (error, KT_ERROR_REFUSED, NULL, "look where it leads, and put a file in its place", "%s is a symbolic link", path);
  return TRUE;
}

/* An edited postgresql.auto.conf goes to the disk in one piece; an unchanged one is left alone. */
static gboolean
write_auto_conf (const KtConfWrite *write, const KtConfFile *file, gboolean existed, gboolean should_exist,
                 GError **error)
{
  g_autofree char *text = kt_conf_file_to_text (file);
  if (*text == '\0' && !should_exist)
    return kt_file_remove (file->path, error);
  g_autofree char *now = NULL;
  if (existed && !read_if_there (file->path, &now, error))
    return FALSE;
  return g_strcmp0 (text, now) == 0
         || (!refuse_link (file->path, error) && write_like (write, file->path, text, NULL, 0600, error));
}

/* Takes our names out of postgresql.auto.conf: an own file is powerless against it. */
static gboolean
move_out (const KtConfWrite *write, GError **error)
{
  gboolean exists = FALSE;
  guint removed = 0;
  g_autoptr (KtConfFile) file = read_auto_conf (write, NULL, &exists, error);
  if (file == NULL)
    return FALSE;
  for (guint i = 0; i < write->settings->len; i++)
    removed += kt_conf_file_remove (file, setting_at (write, i)->name);
  return removed == 0 || write_auto_conf (write, file, exists, TRUE, error);
}

static gboolean
set_in_auto_conf (const KtConfWrite *write, const KtConfWriteSetting *setting, GError **error)
{
  gboolean exists = FALSE;
  if (write->data_directory == NULL)
    {
      kt_error_set (error, KT_ERROR_UNSUPPORTED, "ALTER SYSTEM does not take it, and the files cannot be seen from here",
                    "set it on the machine of the server, or leave the parameter out", "%s = '%s' cannot be set by SQL",
                    setting->name, setting->value);
      return FALSE;
    }
  g_autoptr (KtConfFile) file = read_auto_conf (write, NULL, &exists, error);
  if (file == NULL)
    return FALSE;
  kt_conf_file_set (file, setting->name, setting->value, NULL);
  return write_auto_conf (write, file, exists, TRUE, error);
}

static gboolean
alter_system (const KtConfWrite *write, const KtConfWriteSetting *setting, KtConnection *connection, GError **error)
{
  g_autoptr (GError) local = NULL;
  /* An empty list would become a list of one empty name, on which no server starts. */
  if (*setting->value == '\0' && kt_conf_sql_is_list (setting->name))
    return set_in_auto_conf (write, setting, error);
  g_autofree char *sql = kt_conf_sql_set (connection, setting->name, setting->value);
  g_autoptr (PGresult) done = kt_connection_query (connection, &local, sql, NULL);
  if (done != NULL)
    return TRUE;
  /* Before 17 a parameter of a library that is about to be loaded is unknown to ALTER SYSTEM. */
  if (g_error_matches (local, KT_ERROR, KT_ERROR_QUERY) && strchr (setting->name, '.') != NULL)
    return set_in_auto_conf (write, setting, error);
  g_propagate_prefixed_error (error, g_steal_pointer (&local), "ALTER SYSTEM SET %s: ", setting->name);
  return FALSE;
}

static gboolean
write_include (const KtConfWrite *write, JsonObject *before, GError **error)
{
  g_autofree char *text = kt_conf_write_text (write, kt_json_string (before, "file_text", NULL));
  return write_like (write, write->file, text, write->config_file, 0600, error) && move_out (write, error);
}

static gboolean
write_by_alter_system (const KtConfWrite *write, KtConnection *connection, GError **error)
{
  gboolean exists = FALSE;
  g_autoptr (KtConfFile) file = read_auto_conf (write, connection, &exists, error);
  if (file == NULL)
    return FALSE;
  if (connection == NULL)
    {
      kt_error_set (error, KT_ERROR_CONNECT, NULL, NULL, "ALTER SYSTEM needs a running server");
      return FALSE;
    }
  for (guint i = 0; i < write->settings->len; i++)
    {
      const KtConfWriteSetting *setting = setting_at (write, i);
      if (!same_value (value_in (file, setting->name), setting->value)
          && !alter_system (write, setting, connection, error))
        return FALSE;
      kt_crash_point ("settings: %s written", setting->name);
    }
  return TRUE;
}

gboolean
kt_conf_write_apply (const KtConfWrite *write, JsonObject *before, KtConnection *connection, GError **error)
{
  g_autoptr (GError) undo_error = NULL;
  gboolean written = is_include (write) ? write_include (write, before, error)
    : write_by_alter_system (write, connection, error);
  if (!written && !kt_conf_write_restore (write, before, connection, &undo_error))
    g_prefix_error (error, "half written (%s): ", undo_error->message);
  return written;
}

/* --- back --------------------------------------------------------------------------------------------------------- */

/* What the own file must be: as it was, and when a later change was here too, what that set stays. NULL: absent. */
static char *
text_before (const KtConfWrite *write, const char *old, const char *now)
{
  g_autofree char *written = kt_conf_write_text (write, old);
  if (g_strcmp0 (now, written) == 0)
    return g_strdup (old);
  g_autoptr (GString) out = begin_text ("undo of ", write->title);
  gboolean others = now != NULL && keep_settings (write, now, FALSE, out);
  gboolean ours = old != NULL && keep_settings (write, old, TRUE, out);
  return others || ours ? g_string_free (g_steal_pointer (&out), FALSE) : NULL;
}

static gboolean
restore_own_file (const KtConfWrite *write, JsonObject *before, GError **error)
{
  const char *journaled = kt_json_string (before, "file_text", NULL);
  g_autofree char *now = NULL;
  if (!read_if_there (write->file, &now, error))
    return FALSE;
  /* Also when it is not there: a writer that was killed may have left a temporary one. */
  if (g_strcmp0 (now, journaled) == 0)
    return journaled != NULL || kt_file_remove (write->file, error);
  g_autofree char *old = text_before (write, journaled, now);
  return old == NULL ? kt_file_remove (write->file, error)
                     : write_like (write, write->file, old, write->config_file, 0600, error);
}

static gboolean
give_back_by_sql (const KtConfWrite *write, KtConnection *connection, const char *name, const char *old, GError **error)
{
  if (old != NULL)
    return alter_system (write, &(KtConfWriteSetting){ .name = (char *) name, .value = (char *) old }, connection, error);
  g_autofree char *sql = kt_conf_sql_reset (connection, name);
  g_autoptr (PGresult) done = kt_connection_query (connection, error, sql, NULL);
  return done != NULL;
}

static gboolean
restore_auto_conf (const KtConfWrite *write, JsonObject *before, KtConnection *connection, GError **error)
{
  gboolean exists = FALSE;
  g_autoptr (KtConfFile) file = read_auto_conf (write, connection, &exists, error);
  if (file == NULL)
    return FALSE;
  for (guint i = 0; i < write->settings->len; i++)
    {
      const char *name = setting_at (write, i)->name;
      const char *old = value_before (before, name);
      if (g_strcmp0 (value_in (file, name), old) == 0)
        continue;
      if (write->data_directory == NULL)
        {
          if (!give_back_by_sql (write, connection, name, old, error))
            return FALSE;
          kt_crash_point ("settings: %s given back", name);
        }
      else if (old != NULL)
        kt_conf_file_set (file, name, old, NULL);
      else
        kt_conf_file_remove (file, name);
    }
  return write->data_directory == NULL
         || write_auto_conf (write, file, exists, kt_json_bool (before, "auto_exists", TRUE), error);
}

/* postgresql.auto.conf first: as long as it is not back, the own file must go on giving these values. */
gboolean
kt_conf_write_restore (const KtConfWrite *write, JsonObject *before, KtConnection *connection, GError **error)
{
  return restore_auto_conf (write, before, connection, error) && (!is_include (write) || restore_own_file (write, before, error));
}
