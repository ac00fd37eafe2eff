/* SPDX-License-Identifier: MIT */
#include "backup/configuration.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "postgres/conffile.h"
#include "postgres/guc.h"

#include <errno.h>
#include <sys/stat.h>

static char *
place_of (const char *folder, const char *path)
{
  return g_build_filename (folder, "files", path, NULL);
}

static char *
list_of (const char *folder)
{
  return g_build_filename (folder, "files.json", NULL);
}

static gboolean
copy_file (const char *path, const char *folder, JsonArray *list, GError **error)
{
  struct stat st;
  g_autofree char *text = NULL;
  gsize length = 0;
  if (!kt_file_read (path, &text, &length, error))
    return FALSE;
  if (stat (path, &st) != 0)
    {
      kt_error_set_errno (error, errno, NULL, "cannot read %s", path);
      return FALSE;
    }
  g_autofree char *place = place_of (folder, path);
  g_autofree char *parent = g_path_get_dirname (place);
  if (g_mkdir_with_parents (parent, 0700) != 0)
    {
      kt_error_set_errno (error, errno, NULL, "cannot create %s", parent);
      return FALSE;
    }
  if (!kt_file_write (place, text, (gssize) length, &st, error))
    return FALSE;
  g_autofree char *sum = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *) text, length);
  JsonObject *entry = json_object_new ();
  json_object_set_string_member (entry, "path", path);
  json_object_set_string_member (entry, "sha256", sum);
  json_object_set_int_member (entry, "mode", st.st_mode & 07777);
  json_object_set_int_member (entry, "uid", st.st_uid);
  json_object_set_int_member (entry, "gid", st.st_gid);
  json_array_add_object_element (list, entry);
  return TRUE;
}

/* Every file that decides how the server runs, in reading order; the winning settings as one text. */
static GStrv
files_of (const KtConfigurationFiles *files, char **settings, GError **error)
{
  g_autoptr (KtConfTree) tree = kt_conf_tree_read (files->config_file, files->data_directory, error);
  if (tree == NULL)
    return NULL;
  g_autoptr (GHashTable) known = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GStrvBuilder) paths = g_strv_builder_new ();
  for (guint i = 0; i < tree->files->len; i++)
    {
      const KtConfFile *file = tree->files->pdata[i];
      if (g_hash_table_add (known, file->path))
        g_strv_builder_add (paths, file->path);
    }
  const char *const others[] = { files->hba_file, files->ident_file };
  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    if (others[i] != NULL && g_file_test (others[i], G_FILE_TEST_EXISTS))
      g_strv_builder_add (paths, others[i]);
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < tree->entries->len; i++)
    {
      const KtConfEntry *entry = tree->entries->pdata[i];
      g_autofree char *quoted = kt_guc_quote (entry->value);
      if (entry->wins)
        g_string_append_printf (text, "%s = %s\n", entry->name, quoted);
    }
  *settings = g_string_free (g_steal_pointer (&text), FALSE);
  return g_strv_builder_end (paths);
}

static gboolean
copy_all (const char *const *paths, const char *folder, GError **error)
{
  g_autoptr (JsonObject) list = json_object_new ();
  JsonArray *entries = json_array_new ();
  json_object_set_array_member (list, "files", entries);
  for (; *paths != NULL; paths++)
    if (!copy_file (*paths, folder, entries, error))
      return FALSE;
  g_autoptr (JsonNode) node = kt_json_node_take (json_object_ref (list));
  g_autofree char *text = kt_json_to_text (node);
  g_autofree char *path = list_of (folder);
  return kt_file_write (path, text, -1, NULL, error);
}

gboolean
kt_configuration_backup (const KtConfigurationFiles *files, const char *folder, GError **error)
{
  if (g_mkdir_with_parents (folder, 0700) != 0)
    {
      kt_error_set_errno (error, errno, NULL, "cannot create %s", folder);
      return FALSE;
    }
  g_autofree char *settings = NULL;
  g_auto (GStrv) paths = files_of (files, &settings, error);
  g_autofree char *text = g_build_filename (folder, KT_CONFIGURATION_SETTINGS, NULL);
  if (paths != NULL && kt_file_write (text, settings, -1, NULL, error) && copy_all ((const char *const *) paths, folder, error))
    return TRUE;
  g_prefix_error (error, "backing up the configuration: ");
  return FALSE;
}

gboolean
kt_configuration_copy (const char *const *paths, const char *folder, GError **error)
{
  g_autoptr (GStrvBuilder) there = g_strv_builder_new ();
  for (; *paths != NULL; paths++)
    if (g_file_test (*paths, G_FILE_TEST_EXISTS))
      g_strv_builder_add (there, *paths);
  g_auto (GStrv) found = g_strv_builder_end (there);
  return copy_all ((const char *const *) found, folder, error);
}

static JsonNode *
read_list (const char *folder, JsonArray **entries, GError **error)
{
  g_autofree char *path = list_of (folder);
  g_autofree char *text = NULL;
  if (!kt_file_read (path, &text, NULL, error))
    return NULL;
  g_autoptr (JsonNode) node = kt_json_parse (text, error);
  if (node == NULL)
    {
      g_prefix_error (error, "%s: ", path);
      return NULL;
    }
  *entries = JSON_NODE_HOLDS_OBJECT (node) ? kt_json_array (json_node_get_object (node), "files") : NULL;
  if (*entries == NULL)
    {
      kt_error_set (error, KT_ERROR_VERIFY, NULL, NULL, "%s lists no files", path);
      return NULL;
    }
  return g_steal_pointer (&node);
}

/* A list that was tampered with must not lead out of the target. */
static gboolean
is_whole_path (const char *path)
{
  g_autofree char *canonical = g_canonicalize_filename (path, "/");
  return g_str_equal (canonical, path);
}

typedef gboolean (*EntryFunc) (const char *target, JsonObject *entry, const char *text, gsize length, GError **error);

/* Calls @each for every file whose copy is as the list says; stops at the first that is not. */
static gboolean
for_each_entry (const char *folder, const char *target, EntryFunc each, GError **error)
{
  JsonArray *entries = NULL;
  g_autoptr (JsonNode) list = read_list (folder, &entries, error);
  for (guint i = 0; list != NULL && i < json_array_get_length (entries); i++)
    {
      JsonObject *entry = json_array_get_object_element (entries, i);
      const char *path = kt_json_string (entry, "path", "");
      g_autofree char *place = place_of (folder, path);
      g_autofree char *text = NULL;
      gsize length = 0;
      if (!is_whole_path (path))
        {
          kt_error_set (error, KT_ERROR_VERIFY, "it is no absolute path without detours", NULL,
                        "the backup in %s lists the file %s", folder, path);
          return FALSE;
        }
      if (!kt_file_read (place, &text, &length, error))
        return FALSE;
      g_autofree char *sum = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *) text, length);
      if (g_strcmp0 (sum, kt_json_string (entry, "sha256", NULL)) != 0)
        {
          kt_error_set (error, KT_ERROR_VERIFY, "its checksum is not the recorded one", NULL, "the backup of %s in %s is damaged", path, folder);
          return FALSE;
        }
      if (!each (target, entry, text, length, error))
        return FALSE;
    }
  return list != NULL;
}

static gboolean
accept_entry (const char *target, JsonObject *entry, const char *text, gsize length, GError **error)
{
  return TRUE;
}

/* @target "": to its place. */
static gboolean
restore_entry (const char *target, JsonObject *entry, const char *text, gsize length, GError **error)
{
  const struct stat like = {
    .st_mode = (mode_t) kt_json_int (entry, "mode", 0600) & 0777,
    .st_uid = (uid_t) kt_json_int (entry, "uid", 0),
    .st_gid = (gid_t) kt_json_int (entry, "gid", 0),
  };
  g_autofree char *path = g_strconcat (target, kt_json_string (entry, "path", ""), NULL);
  g_autofree char *parent = g_path_get_dirname (path);
  if (g_mkdir_with_parents (parent, 0700) != 0)
    {
      kt_error_set_errno (error, errno, NULL, "cannot create %s", parent);
      return FALSE;
    }
  return kt_file_write (path, text, (gssize) length, &like, error);
}

gboolean
kt_configuration_verify (const char *folder, GError **error)
{
  return for_each_entry (folder, "", accept_entry, error);
}

gboolean
kt_configuration_restore (const char *folder, const char *target, GError **error)
{
  /* All copies are checked before the first file is touched. */
  return kt_configuration_verify (folder, error) && for_each_entry (folder, target != NULL ? target : "", restore_entry, error);
}

GStrv
kt_configuration_paths (const char *folder, GError **error)
{
  JsonArray *entries = NULL;
  g_autoptr (JsonNode) list = read_list (folder, &entries, error);
  g_autoptr (GStrvBuilder) paths = g_strv_builder_new ();
  for (guint i = 0; list != NULL && i < json_array_get_length (entries); i++)
    g_strv_builder_add (paths, kt_json_string (json_array_get_object_element (entries, i), "path", ""));
  return list != NULL ? g_strv_builder_end (paths) : NULL;
}
