/* SPDX-License-Identifier: MIT */
#include "backup/configuration.h"

#include "base/error.h"
#include "base/file.h"
#include "postgres/conffile.h"

#include <errno.h>
#include <sys/stat.h>

static char *
place_of (const char *folder, const char *path)
{
  return g_build_filename (folder, "files", path, NULL);
}

static char *
manifest_of (const char *folder)
{
  return g_build_filename (folder, "manifest.json", NULL);
}

static gboolean
copy_file (const char *path, const char *folder, JsonArray *manifest, GError **error)
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
  json_array_add_object_element (manifest, entry);
  return TRUE;
}

static gboolean
copy_all (const KtConfigurationFiles *files, const char *folder, JsonArray *manifest, GError **error)
{
  g_autoptr (KtConfTree) tree = kt_conf_tree_read (files->config_file, files->data_directory, error);
  if (tree == NULL)
    return FALSE;
  g_autoptr (GHashTable) copied = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < tree->files->len; i++)
    {
      const KtConfFile *file = tree->files->pdata[i];
      if (g_hash_table_add (copied, file->path) && !copy_file (file->path, folder, manifest, error))
        return FALSE;
    }
  const char *const others[] = { files->hba_file, files->ident_file };
  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    if (others[i] != NULL && g_file_test (others[i], G_FILE_TEST_EXISTS) && !copy_file (others[i], folder, manifest, error))
      return FALSE;
  return TRUE;
}

gboolean
kt_configuration_backup (const KtConfigurationFiles *files, const char *folder, GError **error)
{
  if (g_mkdir_with_parents (folder, 0700) != 0)
    {
      kt_error_set_errno (error, errno, NULL, "cannot create %s", folder);
      return FALSE;
    }
  g_autoptr (JsonObject) manifest = json_object_new ();
  JsonArray *entries = json_array_new ();
  json_object_set_array_member (manifest, "files", entries);
  if (!copy_all (files, folder, entries, error))
    {
      g_prefix_error (error, "backing up the configuration: ");
      return FALSE;
    }
  g_autoptr (JsonNode) node = kt_json_node_take (json_object_ref (manifest));
  g_autofree char *text = kt_json_to_text (node);
  g_autofree char *path = manifest_of (folder);
  return kt_file_write (path, text, -1, NULL, error);
}

static JsonNode *
read_manifest (const char *folder, JsonArray **entries, GError **error)
{
  g_autofree char *path = manifest_of (folder);
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

typedef gboolean (*EntryFunc) (const char *folder, JsonObject *entry, const char *text, gsize length, GError **error);

/* Calls @each for every file whose copy is as the manifest says; stops at the first that is not. */
static gboolean
for_each_entry (const char *folder, EntryFunc each, GError **error)
{
  JsonArray *entries = NULL;
  g_autoptr (JsonNode) manifest = read_manifest (folder, &entries, error);
  for (guint i = 0; manifest != NULL && i < json_array_get_length (entries); i++)
    {
      JsonObject *entry = json_array_get_object_element (entries, i);
      const char *path = kt_json_string (entry, "path", "");
      g_autofree char *place = place_of (folder, path);
      g_autofree char *text = NULL;
      gsize length = 0;
      if (!kt_file_read (place, &text, &length, error))
        return FALSE;
      g_autofree char *sum = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *) text, length);
      if (g_strcmp0 (sum, kt_json_string (entry, "sha256", NULL)) != 0)
        {
          kt_error_set (error, KT_ERROR_VERIFY, "its checksum is not the one of the manifest", NULL, "the backup of %s in %s is damaged", path, folder);
          return FALSE;
        }
      if (!each (folder, entry, text, length, error))
        return FALSE;
    }
  return manifest != NULL;
}

static gboolean
accept_entry (const char *folder, JsonObject *entry, const char *text, gsize length, GError **error)
{
  return TRUE;
}

static gboolean
restore_entry (const char *folder, JsonObject *entry, const char *text, gsize length, GError **error)
{
  const struct stat like = {
    .st_mode = (mode_t) kt_json_int (entry, "mode", 0600),
    .st_uid = (uid_t) kt_json_int (entry, "uid", 0),
    .st_gid = (gid_t) kt_json_int (entry, "gid", 0),
  };
  return kt_file_write (kt_json_string (entry, "path", ""), text, (gssize) length, &like, error);
}

gboolean
kt_configuration_verify (const char *folder, GError **error)
{
  return for_each_entry (folder, accept_entry, error);
}

gboolean
kt_configuration_restore (const char *folder, GError **error)
{
  /* All copies are checked before the first file is touched. */
  return for_each_entry (folder, accept_entry, error) && for_each_entry (folder, restore_entry, error);
}

static char *
step_describe (JsonObject *args)
{
  return g_strdup_printf ("back up the configuration files to %s", kt_json_string (args, "folder", "?"));
}

static gboolean
step_apply (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  const KtConfigurationFiles files = {
    .config_file = kt_json_string (args, "config_file", NULL),
    .data_directory = kt_json_string (args, "data_directory", NULL),
    .hba_file = kt_json_string (args, "hba_file", NULL),
    .ident_file = kt_json_string (args, "ident_file", NULL),
  };
  return kt_configuration_backup (&files, kt_json_string (args, "folder", NULL), error);
}

static gboolean
step_verify (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  return kt_configuration_verify (kt_json_string (args, "folder", NULL), error);
}

static gboolean
step_undo (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  return TRUE; /* a backup does no harm, and may be what somebody needs now */
}

const KtStepKind kt_step_configuration_backup = {
  .name = "configuration-backup",
  .describe = step_describe,
  .apply = step_apply,
  .verify = step_verify,
  .undo = step_undo,
};
