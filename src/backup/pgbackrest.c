/* SPDX-License-Identifier: MIT
 *
 * Backups by pgBackRest where a stanza for this very cluster is set up. They lie in pgBackRest's own repository, under its own
 * retention; the folder of the catalogue says which one it is. pgBackRest's configuration is found as it finds it itself.
 */
#include "backup/catalogue.h"
#include "backup/counts.h"
#include "backup/program.h"
#include "backup/scratch.h"

#include "base/error.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/user.h"

#include <string.h>
#include <unistd.h>

#define PROGRAM "pgbackrest"

/* Everything that pgBackRest takes from the environment, and so does its archive-get in a restored server. */
static GStrv
environment (void)
{
  g_autoptr (GStrvBuilder) env = g_strv_builder_new ();
  g_auto (GStrv) names = g_listenv ();
  for (guint i = 0; names[i] != NULL; i++)
    if (g_str_has_prefix (names[i], "PGBACKREST_"))
      {
        g_autofree char *entry = g_strconcat (names[i], "=", g_getenv (names[i]), NULL);
        g_strv_builder_add (env, entry);
      }
  return g_strv_builder_end (env);
}

/* Who runs it: the owner of the cluster, to whom its repository belongs. */
static const char *
user_of (const char *owner)
{
  return geteuid () == 0 && kt_user_find (owner, NULL, NULL) ? owner : NULL;
}

static gboolean
run (const char *owner, const char *stanza, const char *what, const char *const *words, const KtBackupWatch *watch, char **output,
     GError **error)
{
  g_auto (GStrv) env = environment ();
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autofree char *word = stanza != NULL ? g_strconcat ("--stanza=", stanza, NULL) : NULL;
  /* As a word it gets into the restore_command of a restored server, which has another environment. */
  g_autofree char *conf = g_getenv ("PGBACKREST_CONFIG") != NULL ? g_strconcat ("--config=", g_getenv ("PGBACKREST_CONFIG"), NULL) : NULL;
  g_ptr_array_add (argv, (gpointer) PROGRAM);
  if (conf != NULL)
    g_ptr_array_add (argv, conf);
  if (word != NULL)
    g_ptr_array_add (argv, word);
  for (; *words != NULL; words++)
    g_ptr_array_add (argv, (gpointer) *words);
  g_ptr_array_add (argv, NULL);
  return kt_backup_run (&(KtBackupProgram){ .argv = (const char *const *) argv->pdata, .user = user_of (owner),
                                            .env = (const char *const *) env, .what = what },
                        watch, output, error);
}

/* ------------------------------------------------------------------------------------------------------------- info */

/* What it knows of all stanzas, or of one. */
static JsonNode *
read_info (const char *owner, const char *stanza, GError **error)
{
  static const KtBackupWatch nobody;
  static const char *const words[] = { "info", "--output=json", NULL };
  g_autofree char *output = NULL;
  if (!run (owner, stanza, "asking pgBackRest", words, &nobody, &output, error))
    return NULL;
  g_autoptr (JsonNode) node = kt_json_parse (output, error);
  if (node != NULL && JSON_NODE_HOLDS_ARRAY (node))
    return g_steal_pointer (&node);
  if (node != NULL)
    kt_error_set (error, KT_ERROR_PARSE, output, NULL, "pgBackRest's list of stanzas cannot be understood");
  return NULL;
}

static gboolean
is_of_cluster (JsonObject *stanza, const char *system_identifier)
{
  JsonArray *databases = kt_json_array (stanza, "db");
  for (guint i = 0; databases != NULL && i < json_array_get_length (databases); i++)
    {
      g_autofree char *id = g_strdup_printf ("%" G_GINT64_FORMAT, kt_json_int (json_array_get_object_element (databases, i), "system-id", 0));
      if (g_strcmp0 (id, system_identifier) == 0)
        return TRUE;
    }
  return FALSE;
}

/* The stanza that knows this cluster. Caller frees. */
static char *
find_stanza (const KtBackupSource *source, GError **error)
{
  const char *owner = source->instance != NULL ? source->instance->owner : NULL;
  g_autofree char *program = g_find_program_in_path (PROGRAM);
  if (program == NULL)
    {
      kt_error_set (error, KT_ERROR_UNSUPPORTED, NULL, "apt-get install pgbackrest", "pgBackRest is not installed");
      return NULL;
    }
  g_autoptr (JsonNode) info = read_info (owner, NULL, error);
  JsonArray *stanzas = info != NULL ? json_node_get_array (info) : NULL;
  for (guint i = 0; stanzas != NULL && i < json_array_get_length (stanzas); i++)
    {
      JsonObject *stanza = json_array_get_object_element (stanzas, i);
      if (is_of_cluster (stanza, source->server->system_identifier))
        return g_strdup (kt_json_string (stanza, "name", NULL));
    }
  if (info != NULL)
    kt_error_set (error, KT_ERROR_UNSUPPORTED, NULL, "pgbackrest --stanza=NAME stanza-create (see docs/backups.md)",
                  "no stanza of pgBackRest is for this cluster");
  return NULL;
}

static JsonArray *
backups_of (JsonNode *info)
{
  JsonArray *stanzas = json_node_get_array (info);
  return json_array_get_length (stanzas) > 0 ? kt_json_array (json_array_get_object_element (stanzas, 0), "backup") : NULL;
}

/* NULL: it is not there any more. */
static JsonObject *
find_label (JsonNode *info, const char *label)
{
  JsonArray *backups = backups_of (info);
  for (guint i = 0; backups != NULL && i < json_array_get_length (backups); i++)
    {
      JsonObject *backup = json_array_get_object_element (backups, i);
      if (g_strcmp0 (kt_json_string (backup, "label", NULL), label) == 0)
        return backup;
    }
  return NULL;
}

/* ----------------------------------------------------------------------------------------------------------- create */

static gboolean
check (const KtBackupSource *source, const KtBackupOptions *options, GError **error)
{
  g_autofree char *stanza = find_stanza (source, error);
  return stanza != NULL;
}

static void
take_size (KtBackup *backup, JsonObject *entry)
{
  JsonObject *info = kt_json_object (entry, "info");
  JsonObject *repository = info != NULL ? kt_json_object (info, "repository") : NULL;
  json_object_set_string_member (backup->manifest, "label", kt_json_string (entry, "label", ""));
  json_object_set_string_member (backup->manifest, "type", kt_json_string (entry, "type", ""));
  if (info != NULL)
    json_object_set_int_member (backup->manifest, "source_bytes", kt_json_int (info, "size", 0));
  if (repository != NULL)
    json_object_set_int_member (backup->manifest, "elsewhere_bytes", kt_json_int (repository, "delta", 0));
}

static gboolean
make (KtBackup *backup, const char *owner, const char *stanza, const KtBackupOptions *options, const KtBackupWatch *watch,
      GError **error)
{
  g_autofree char *jobs = g_strdup_printf ("--process-max=%u", options->jobs > 0 ? options->jobs : MIN (g_get_num_processors (), 8));
  const char *const words[] = { jobs, options->spread ? "--no-start-fast" : "--start-fast", "backup", NULL };
  if (!run (owner, stanza, "pgBackRest's backup", words, watch, NULL, error))
    return FALSE;
  g_autoptr (JsonNode) info = read_info (owner, stanza, error);
  JsonArray *backups = info != NULL ? backups_of (info) : NULL;
  guint n = backups != NULL ? json_array_get_length (backups) : 0;
  if (n == 0)
    {
      if (info != NULL)
        kt_error_set (error, KT_ERROR_VERIFY, NULL, "pgbackrest info", "pgBackRest made a backup, but lists none");
      return FALSE;
    }
  json_object_set_string_member (backup->manifest, "stanza", stanza);
  take_size (backup, json_array_get_object_element (backups, n - 1));
  return TRUE;
}

static gboolean
create (KtBackup *backup, const KtBackupSource *source, const KtBackupOptions *options, const KtBackupWatch *watch, GError **error)
{
  const char *owner = source->instance != NULL ? source->instance->owner : NULL;
  g_autofree char *stanza = find_stanza (source, error);
  g_autoptr (JsonArray) before = json_array_new ();
  g_autoptr (JsonArray) after = json_array_new ();
  if (stanza == NULL || !kt_backup_count_all (source, options->count, watch, before, error)
      || !make (backup, owner, stanza, options, watch, error)
      || !kt_backup_count_all (source, options->count, watch, after, error))
    return FALSE;
  kt_backup_widen_counts (before, after);
  json_object_set_array_member (backup->manifest, "tables", g_steal_pointer (&before));
  return TRUE;
}

/* ---------------------------------------------------------------------------------------------------------- reading */

static const char *
owner_of (KtBackup *backup)
{
  return kt_json_string (kt_backup_server (backup), "owner", NULL);
}

static gboolean
is_listed (KtBackup *backup, GError **error)
{
  const char *label = kt_json_string (backup->manifest, "label", "");
  g_autoptr (JsonNode) info = read_info (owner_of (backup), kt_json_string (backup->manifest, "stanza", NULL), error);
  JsonObject *entry = info != NULL ? find_label (info, label) : NULL;
  if (entry != NULL && !kt_json_bool (entry, "error", FALSE))
    return TRUE;
  if (entry != NULL)
    kt_error_set (error, KT_ERROR_VERIFY, NULL, "make a new one: kastune backup create pgbackrest",
                  "pgBackRest found pages with wrong checksums while it made backup %s", label);
  else if (info != NULL)
    kt_error_set (error, KT_ERROR_VERIFY, NULL, "kastune backup list", "pgBackRest has no backup %s any more: its retention removed it", label);
  return FALSE;
}

/* It reads every file of its repository; a fault is a line of its answer, not its exit status. */
static gboolean
verify (KtBackup *backup, const char *scratch, const KtBackupWatch *watch, GError **error)
{
  static const char *const words[] = { "verify", "--output=text", "--verbose", NULL };
  g_autofree char *output = NULL;
  if (!is_listed (backup, error)
      || !run (owner_of (backup), kt_json_string (backup->manifest, "stanza", NULL), "pgBackRest reads its repository", words, watch, &output,
               error))
    return FALSE;
  if (strstr (output, "status: ok") != NULL)
    return TRUE;
  kt_error_set (error, KT_ERROR_VERIFY, output, "pgbackrest verify", "pgBackRest finds its repository damaged");
  return FALSE;
}

/* As it was at the end of the backup: pgBackRest itself can go to any later point (docs/backups.md). */
static gboolean
restore_to (KtBackup *backup, const char *target, const KtBackupWatch *watch, GError **error)
{
  g_autofree char *set = g_strconcat ("--set=", kt_json_string (backup->manifest, "label", ""), NULL);
  g_autofree char *path = g_strconcat ("--pg1-path=", target, NULL);
  const char *const words[] = { set, path, "--type=immediate", "--target-action=promote", "restore", NULL };
  return run (owner_of (backup), kt_json_string (backup->manifest, "stanza", NULL), "pgBackRest's restore", words, watch, NULL, error);
}

static gboolean
make_folder (const char *path, const char *owner, GError **error)
{
  if (g_mkdir_with_parents (path, 0700) == 0)
    return kt_backup_give_to (path, owner, error);
  kt_error_set_errno (error, errno, NULL, "cannot make %s", path);
  return FALSE;
}

/* What of the restored postgresql.auto.conf is about recovery: pgBackRest wrote it for the first start. */
static char *
recovery_settings (const char *data, GError **error)
{
  g_autofree char *path = g_build_filename (data, "postgresql.auto.conf", NULL);
  g_autofree char *text = NULL;
  g_autoptr (GString) out = g_string_new (NULL);
  if (!kt_file_read (path, &text, NULL, error))
    return NULL;
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    if (g_str_has_prefix (lines[i], "restore_command") || g_str_has_prefix (lines[i], "recovery_"))
      g_string_append_printf (out, "%s\n", lines[i]);
  return g_string_free (g_steal_pointer (&out), FALSE);
}

static gboolean
test (KtBackup *backup, const char *scratch, const KtBackupWatch *watch, JsonObject *report, GError **error)
{
  g_autoptr (KtBackupScratch) place = kt_backup_scratch_new (backup, scratch, watch, error);
  if (place == NULL || !make_folder (place->site->data, place->site->user, error)
      || !restore_to (backup, place->site->data, watch, error))
    return FALSE;
  place->recovery = recovery_settings (place->site->data, error);
  return place->recovery != NULL
         && kt_backup_scratch_start (place, kt_json_string (kt_backup_server (backup), "role", "postgres"), error)
         && kt_backup_check_counts (place->conninfo, NULL, kt_json_array (backup->manifest, "tables"), watch, report, error);
}

static gboolean
restore (KtBackup *backup, const KtBackupRestore *how, const KtBackupWatch *watch, JsonObject *report, GError **error)
{
  if (!kt_folder_is_empty (how->target))
    {
      kt_error_set (error, KT_ERROR_REFUSED, NULL, "name a folder that is absent or empty", "%s is not empty", how->target);
      return FALSE;
    }
  if (!is_listed (backup, error) || !make_folder (how->target, owner_of (backup), error))
    return FALSE;
  if (!restore_to (backup, how->target, watch, error))
    {
      kt_folder_remove (how->target, NULL);
      return FALSE;
    }
  json_object_set_string_member (report, "directory", how->target);
  kt_json_set_string (report, "owner", owner_of (backup));
  return TRUE;
}

/* ---------------------------------------------------------------------------------------------------------- removal */

/* pgBackRest would remove those that build on it as well. */
static gboolean
is_built_upon (JsonNode *info, const char *label, GError **error)
{
  JsonArray *backups = backups_of (info);
  for (guint i = 0; backups != NULL && i < json_array_get_length (backups); i++)
    {
      JsonObject *other = json_array_get_object_element (backups, i);
      JsonArray *references = kt_json_array (other, "reference");
      for (guint k = 0; references != NULL && k < json_array_get_length (references); k++)
        if (g_strcmp0 (json_array_get_string_element (references, k), label) == 0)
          {
            kt_error_set (error, KT_ERROR_REFUSED, NULL, "remove that one first", "backup %s of pgBackRest builds on %s",
                          kt_json_string (other, "label", ""), label);
            return TRUE;
          }
    }
  return FALSE;
}

static gboolean
remove_from_repository (KtBackup *backup, const KtBackupWatch *watch, GError **error)
{
  const char *label = kt_json_string (backup->manifest, "label", "");
  const char *stanza = kt_json_string (backup->manifest, "stanza", NULL);
  if (*label == '\0')
    return TRUE; /* it was ended before pgBackRest was done */
  g_autoptr (JsonNode) info = read_info (owner_of (backup), stanza, error);
  if (info == NULL)
    return FALSE;
  if (find_label (info, label) == NULL)
    return TRUE;
  g_autofree char *set = g_strconcat ("--set=", label, NULL);
  const char *const words[] = { set, "expire", NULL };
  return !is_built_upon (info, label, error) && run (owner_of (backup), stanza, "pgBackRest's removal", words, watch, NULL, error);
}

const KtBackupKind kt_backup_pgbackrest = {
  .name = "pgbackrest",
  .summary = "the whole cluster into pgBackRest's repository, where a stanza is set up",
  .whole = TRUE,
  .check = check,
  .create = create,
  .verify = verify,
  .restore = restore,
  .test = test,
  .remove = remove_from_repository,
};
