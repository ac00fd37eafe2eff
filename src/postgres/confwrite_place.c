/* SPDX-License-Identifier: MIT */
#include "postgres/confwrite_place.h"

#include "base/error.h"
#include "postgres/conffile.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

char *
kt_conf_write_auto_conf (const KtConfWrite *write)
{
  return g_build_filename (write->data_directory, "postgresql.auto.conf", NULL);
}

gboolean
kt_conf_write_sets (const KtConfWrite *write, const char *canonical)
{
  for (guint i = 0; i < write->settings->len; i++)
    {
      const KtConfWriteSetting *setting = g_ptr_array_index (write->settings, i);
      g_autofree char *own = kt_conf_canonical_name (setting->name);
      if (g_str_equal (own, canonical))
        return TRUE;
    }
  return FALSE;
}

static gboolean
is_include (const KtConfWrite *write)
{
  return write->mode == KT_CONF_WRITE_INCLUDE;
}

/* --- where to ----------------------------------------------------------------------------------------------------- */

/* Where an include line of @file leads. */
static char *
target_of (const KtConfFile *file, const KtConfLine *line)
{
  g_autofree char *folder = g_path_get_dirname (file->path);
  return g_canonicalize_filename (line->value, folder);
}

/* The last line of the main file that includes @folder, 0: it is included from elsewhere. */
static guint
line_of_include_dir (const KtConfFile *main_file, const char *folder)
{
  guint number = 0;
  g_autofree char *wanted = g_canonicalize_filename (folder, NULL);
  for (guint i = 0; i < main_file->lines->len; i++)
    {
      const KtConfLine *line = g_ptr_array_index (main_file->lines, i);
      if (line->kind != KT_CONF_INCLUDE || !g_str_equal (line->name, "include_dir"))
        continue;
      g_autofree char *target = target_of (main_file, line);
      if (g_str_equal (target, wanted))
        number = line->line;
    }
  return number;
}

/* Is the file of @path read because of a line of the main file before @limit? */
static gboolean
included_before (const KtConfFile *main_file, const char *path, guint limit)
{
  g_autofree char *folder = g_path_get_dirname (path);
  for (guint i = 0; i < main_file->lines->len; i++)
    {
      const KtConfLine *line = g_ptr_array_index (main_file->lines, i);
      if (line->kind != KT_CONF_INCLUDE || line->line >= limit)
        continue;
      g_autofree char *target = target_of (main_file, line);
      if (g_str_equal (target, g_str_equal (line->name, "include_dir") ? folder : path))
        return TRUE;
    }
  return FALSE;
}

/* Certainly read before an own file in @folder? In doubt no: then ALTER SYSTEM, which beats every file. */
static gboolean
comes_before (const KtConfFile *main_file, const KtConfEntry *entry, const char *folder, guint folder_line)
{
  g_autofree char *its_folder = g_path_get_dirname (entry->path);
  g_autofree char *its_name = g_path_get_basename (entry->path);
  if (g_str_equal (entry->path, main_file->path))
    return entry->line < folder_line;
  if (g_str_equal (its_folder, folder))
    return strcmp (its_name, KT_CONF_WRITE_FILE) < 0;
  return included_before (main_file, entry->path, folder_line);
}

/* Why an own file in @folder would not do, NULL: it does. Caller frees. */
static char *
reason_against_file (const KtConfWrite *write, const KtConfTree *tree, const char *own, const char *auto_conf)
{
  const KtConfFile *main_file = g_ptr_array_index (tree->files, 0);
  guint folder_line = line_of_include_dir (main_file, tree->include_dir);
  if (folder_line == 0)
    return g_strdup_printf ("the folder %s is not included by %s itself", tree->include_dir, write->config_file);
  for (guint i = 0; i < tree->entries->len; i++)
    {
      const KtConfEntry *entry = g_ptr_array_index (tree->entries, i);
      if (g_str_equal (entry->path, own) || g_str_equal (entry->path, auto_conf)
          || !kt_conf_write_sets (write, entry->name)
          || comes_before (main_file, entry, tree->include_dir, folder_line))
        continue;
      return g_strdup_printf ("%s line %u sets %s after the folder %s", entry->path, entry->line, entry->name,
                              tree->include_dir);
    }
  return NULL;
}

static gboolean
tree_is_sound (const KtConfTree *tree, GError **error)
{
  if (tree->problems->len == 0)
    return TRUE;
  const KtConfProblem *problem = g_ptr_array_index (tree->problems, 0);
  g_autofree char *place = problem->line != 0 ? g_strdup_printf ("%s line %u", problem->path, problem->line)
    : g_strdup (problem->path);
  kt_error_set (error, KT_ERROR_REFUSED, problem->text, "kastune config check",
                "the server could not start on its configuration as it is: %s", place);
  return FALSE;
}

gboolean
kt_conf_write_choose (KtConfWrite *write, GError **error)
{
  g_autoptr (KtConfTree) tree = kt_conf_tree_read (write->config_file, write->data_directory, error);
  if (tree == NULL || !tree_is_sound (tree, error))
    return FALSE;
  g_autofree char *auto_conf = kt_conf_write_auto_conf (write);
  g_autofree char *own = tree->include_dir != NULL ? g_build_filename (tree->include_dir, KT_CONF_WRITE_FILE, NULL)
    : NULL;
  write->reason = own != NULL ? reason_against_file (write, tree, own, auto_conf)
                              : g_strdup_printf ("%s includes no folder (include_dir)", write->config_file);
  write->mode = write->reason == NULL ? KT_CONF_WRITE_INCLUDE : KT_CONF_WRITE_ALTER_SYSTEM;
  write->file = g_strdup (write->reason == NULL ? own : auto_conf);
  return TRUE;
}

/* --- may it be done? ---------------------------------------------------------------------------------------------- */

static gboolean
folder_is_writable (const char *folder, GError **error)
{
  if (access (folder, W_OK) == 0)
    return TRUE;
  kt_error_set_errno (error, errno, "run kastune as root or as the owner of the data directory", "cannot write in %s",
                      folder);
  return FALSE;
}

/* In words of SQL, because servers before 15 have no rights on single parameters. */
static gboolean
may_alter_system (const KtConfWrite *write, KtConnection *connection, GError **error)
{
  const char *superuser = PQparameterStatus (kt_connection_pq (connection), "is_superuser");
  if (g_strcmp0 (superuser, "on") == 0)
    return TRUE;
  for (guint i = 0; i < write->settings->len; i++)
    {
      const char *name = ((const KtConfWriteSetting *) g_ptr_array_index (write->settings, i))->name;
      g_autoptr (PGresult) rows = kt_connection_major (connection) < 15 ? NULL
        : kt_connection_query (connection, error, "SELECT has_parameter_privilege($1, 'ALTER SYSTEM') AS may", name,
                               NULL);
      if (kt_connection_major (connection) >= 15 && rows == NULL)
        return FALSE;
      if (rows != NULL && kt_result_bool (rows, 0, "may"))
        continue;
      kt_error_set (error, KT_ERROR_PRIVILEGE, NULL,
                    "connect as a superuser, or GRANT ALTER SYSTEM ON PARAMETER (15 and later)",
                    "this role may not ALTER SYSTEM SET %s", name);
      return FALSE;
    }
  return TRUE;
}

/* Off where something else keeps the configuration: whatever is written behind its back would not last. */
static gboolean
alter_system_is_allowed (KtConnection *connection, GError **error)
{
  g_autoptr (PGresult) rows = kt_connection_query (
    connection, error, "SELECT coalesce(current_setting('allow_alter_system', true), 'on') = 'on' AS allowed", NULL);
  if (rows == NULL)
    return FALSE;
  if (kt_result_bool (rows, 0, "allowed"))
    return TRUE;
  kt_error_set (error, KT_ERROR_REFUSED, "allow_alter_system is off",
                "change the settings with the tool that manages this server",
                "this server does not take ALTER SYSTEM");
  return FALSE;
}

static gboolean
has_values_to_move (const KtConfWrite *write, gboolean *has, GError **error)
{
  g_autofree char *auto_conf = kt_conf_write_auto_conf (write);
  g_autoptr (KtConfTree) tree = kt_conf_tree_read (write->config_file, write->data_directory, error);
  *has = FALSE;
  for (guint i = 0; tree != NULL && i < tree->entries->len; i++)
    {
      const KtConfEntry *entry = g_ptr_array_index (tree->entries, i);
      *has = *has || (g_str_equal (entry->path, auto_conf) && kt_conf_write_sets (write, entry->name));
    }
  return tree != NULL;
}

/* Without it nobody could say what was there before. */
static gboolean
may_read_files (KtConnection *connection, GError **error)
{
  g_autoptr (PGresult) rows = kt_connection_query_file (connection, error, "server", NULL);
  if (rows == NULL || kt_result_bool (rows, 0, "reads_files"))
    return rows != NULL;
  g_autofree char *hint
    = g_strdup_printf ("connect as a superuser, or: GRANT SELECT ON pg_catalog.pg_file_settings TO %s; GRANT EXECUTE ON FUNCTION"
                       " pg_catalog.pg_show_all_file_settings(), pg_catalog.pg_reload_conf() TO %s",
                       kt_result_get (rows, 0, "role"), kt_result_get (rows, 0, "role"));
  kt_error_set (error, KT_ERROR_PRIVILEGE, NULL, hint, "this role may not see what postgresql.auto.conf says, so nothing could be undone");
  return FALSE;
}

static gboolean
check_by_server (const KtConfWrite *write, KtConnection *connection, GError **error)
{
  return (write->data_directory != NULL ? folder_is_writable (write->data_directory, error) : may_read_files (connection, error))
         && alter_system_is_allowed (connection, error) && may_alter_system (write, connection, error);
}

gboolean
kt_conf_write_check (const KtConfWrite *write, KtConnection *connection, GError **error)
{
  if (write->config_file == NULL)
    return check_by_server (write, connection, error);
  g_autoptr (KtConfWrite) now = g_new0 (KtConfWrite, 1);
  now->config_file = g_strdup (write->config_file);
  now->data_directory = g_strdup (write->data_directory);
  now->settings = g_ptr_array_ref (write->settings);
  if (!kt_conf_write_choose (now, error))
    return FALSE;
  if (is_include (write) && (!is_include (now) || !g_str_equal (now->file, write->file)))
    {
      kt_error_set (error, KT_ERROR_CHANGED, now->reason, "make a new plan", "%s would not take effect any more",
                    write->file);
      return FALSE;
    }
  gboolean by_sql = !is_include (write);
  if (is_include (write) && !has_values_to_move (write, &by_sql, error))
    return FALSE;
  g_autofree char *folder = g_path_get_dirname (write->file);
  return folder_is_writable (folder, error)
         && (!by_sql
             || (folder_is_writable (write->data_directory, error) && alter_system_is_allowed (connection, error)))
         && (is_include (write) || may_alter_system (write, connection, error));
}
