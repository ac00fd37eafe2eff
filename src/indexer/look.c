/* SPDX-License-Identifier: MIT
 *
 * Where indexers are looked for: the Engine, Compose, /proc, systemd, and the API of what was found.
 */
#include "indexer/indexer.h"

#include "base/error.h"
#include "base/run.h"
#include "base/user.h"
#include "docker/compose.h"
#include "docker/container.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define VERSION_MS 3000
#define SYSTEMD_RUNS "/run/systemd/system"

typedef struct {
  KtSysroot *root;
  GPtrArray *programs, *notes;
  GHashTable *containers; /* ids of those that the Engine told of */
} Look;

static void
note (Look *look, const char *what, const GError *why)
{
  const char *detail = kt_error_detail (why);
  g_ptr_array_add (look->notes, g_strdup_printf ("%s: %s%s%s", what, why->message, detail != NULL ? ": " : "", detail != NULL ? detail : ""));
}

/* --- containers --------------------------------------------------------------------------------------------------- */

static void
inspect (Look *look, const KtEngine *engine, const char *id)
{
  g_autofree char *path = g_strdup_printf ("/containers/%s/json", id);
  g_autoptr (JsonNode) node = kt_engine_get (engine, path, NULL); /* gone meanwhile: none of ours */
  KtProgram *program = node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? kt_program_of_container (json_node_get_object (node)) : NULL;
  if (program != NULL)
    g_ptr_array_add (look->programs, program);
}

static void
look_at_containers (Look *look)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KtEngine) engine = kt_engine_open (NULL, &error);
  g_autoptr (JsonNode) node = engine != NULL ? kt_engine_get (engine, "/containers/json?all=1", &error) : NULL;
  if (node == NULL)
    {
      /* No Engine is no news. */
      if (!g_error_matches (error, KT_ERROR, KT_ERROR_NOT_FOUND))
        note (look, "containers were not looked at", error);
      return;
    }
  JsonArray *rows = JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  for (guint i = 0; rows != NULL && i < json_array_get_length (rows); i++)
    {
      const char *id = kt_json_string (json_array_get_object_element (rows, i), "Id", "");
      g_hash_table_add (look->containers, g_strdup (id));
      inspect (look, engine, id);
    }
}

/* --- compose ------------------------------------------------------------------------------------------------------ */

static void
add_services (Look *look, JsonNode *config, const KtComposeProject *project)
{
  JsonObject *object = JSON_NODE_HOLDS_OBJECT (config) ? json_node_get_object (config) : NULL;
  JsonObject *services = object != NULL ? kt_json_object (object, "services") : NULL;
  g_autoptr (GList) names = services != NULL ? json_object_get_members (services) : NULL;
  for (GList *name = names; name != NULL; name = name->next)
    {
      KtProgram *program = kt_program_of_service (name->data, kt_json_object (services, name->data), FALSE);
      if (program == NULL)
        continue;
      program->project = g_strdup (kt_json_string (object, "name", NULL));
      program->files = g_strdupv ((char **) (gpointer) project->files);
      program->directory = g_strdup (project->directory);
      program->env_files = g_strdupv ((char **) (gpointer) project->env_files);
      g_ptr_array_add (look->programs, program);
    }
}

static gboolean
look_at_project (Look *look, const KtCompose *compose, const KtComposeProject *project, GError **error)
{
  g_autoptr (JsonNode) config = kt_compose_config (compose, project, FALSE, error);
  if (config != NULL)
    add_services (look, config, project);
  return config != NULL;
}

static gboolean
all_exist (const char *const *files)
{
  gboolean any = files != NULL && *files != NULL;
  for (; any && *files != NULL; files++)
    if (!g_path_is_absolute (*files) || !g_file_test (*files, G_FILE_TEST_IS_REGULAR))
      return FALSE;
  return any;
}

/* The projects that the containers' labels name, each once. Their files may have been changed since. */
static void
look_at_projects_of_containers (Look *look, const KtCompose *compose)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  guint n = look->programs->len;
  for (guint i = 0; i < n; i++)
    {
      const KtProgram *program = look->programs->pdata[i];
      g_autoptr (GError) error = NULL;
      if (program->seen != KT_SEEN_CONTAINER || program->project == NULL || !all_exist ((const char *const *) program->files)
          || !g_hash_table_add (seen, g_strdup (program->project)))
        continue;
      KtComposeProject project = { .files = (const char *const *) program->files, .project = program->project, .directory = program->directory,
                                   .env_files = (const char *const *) program->env_files };
      if (!look_at_project (look, compose, &project, &error))
        note (look, "compose files were not looked at", error);
    }
}

static gboolean
look_at_compose (Look *look, const char *const *files, GError **error)
{
  gboolean named = files != NULL && *files != NULL, labelled = FALSE;
  for (guint i = 0; i < look->programs->len; i++)
    labelled = labelled || ((KtProgram *) look->programs->pdata[i])->project != NULL;
  if (!named && !labelled)
    return TRUE;
  g_autoptr (GError) missing = NULL;
  g_autoptr (KtCompose) compose = kt_compose_find (&missing);
  if (compose == NULL && named)
    {
      g_propagate_error (error, g_steal_pointer (&missing));
      return FALSE;
    }
  if (compose == NULL)
    {
      note (look, "compose files were not looked at", missing);
      return TRUE;
    }
  if (named && !look_at_project (look, compose, &(KtComposeProject){ .files = files }, error))
    return FALSE;
  look_at_projects_of_containers (look, compose);
  return TRUE;
}

/* --- processes ---------------------------------------------------------------------------------------------------- */

static char *
read_of (Look *look, const char *pid, const char *name)
{
  g_autofree char *path = g_build_filename ("/proc", pid, name, NULL);
  return kt_sysroot_peek (look->root, path);
}

/* Arguments end with a zero byte each, which a text cannot hold: read as bytes. */
static GStrv
argv_of (const char *pid)
{
  g_autofree char *path = g_build_filename ("/proc", pid, "cmdline", NULL);
  g_autofree char *bytes = NULL;
  gsize length = 0;
  if (!g_file_get_contents (path, &bytes, &length, NULL) || length == 0)
    return NULL;
  g_autoptr (GStrvBuilder) words = g_strv_builder_new ();
  for (const char *at = bytes; at < bytes + length; at += strlen (at) + 1)
    g_strv_builder_add (words, at);
  return g_strv_builder_end (words);
}

/* "…/system.slice/simply-kaspa-indexer.service" */
static char *
unit_of_cgroup (const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    {
      const char *slash = strrchr (*line, '/');
      if (slash != NULL && g_str_has_suffix (slash, ".service") && !g_str_has_prefix (slash, "/user@"))
        return g_strdup (slash + 1);
    }
  return NULL;
}

/* What it was started as, when that still is the file that runs. */
static char *
executable_of (const char *pid, const char *started_as)
{
  g_autofree char *link = g_build_filename ("/proc", pid, "exe", NULL);
  struct stat running, now;
  if (stat (link, &running) != 0)
    return NULL;
  if (g_path_is_absolute (started_as) && stat (started_as, &now) == 0 && running.st_dev == now.st_dev && running.st_ino == now.st_ino)
    return g_strdup (started_as);
  g_autofree char *target = g_file_read_link (link, NULL);
  return target != NULL && stat (target, &now) == 0 && running.st_ino == now.st_ino ? g_steal_pointer (&target) : NULL;
}

/* As whom it may be asked: as its own user, who runs it anyway; never as root what another one could have put there.
 * FALSE: better not. */
static gboolean
may_run (const char *pid, const char *executable, char **user)
{
  g_autofree char *folder = g_build_filename ("/proc", pid, NULL);
  struct stat process, file;
  if (stat (folder, &process) != 0 || stat (executable, &file) != 0)
    return FALSE;
  if (process.st_uid == geteuid ())
    return geteuid () != 0 || (file.st_uid == 0 && (file.st_mode & (S_IWGRP | S_IWOTH)) == 0);
  *user = geteuid () == 0 ? kt_user_name (process.st_uid) : NULL;
  return *user != NULL;
}

/* The last word of the last line: banners may stand before it. */
static char *
ask_binary (const char *pid, const char *executable)
{
  g_autofree char *user = NULL;
  g_auto (KtRunResult) result = { 0 };
  const char *const argv[] = { executable, "--version", NULL };
  if (!may_run (pid, executable, &user) || !kt_run (&(KtRun){ .argv = argv, .user = user, .deadline_ms = VERSION_MS }, &result, NULL, NULL))
    return NULL;
  const char *blank = strrchr (result.output, ' ');
  return blank != NULL ? g_strdup (blank + 1) : NULL;
}

static void
look_at_process (Look *look, const char *pid)
{
  g_auto (GStrv) argv = argv_of (pid);
  g_autoptr (KtProgram) program = argv != NULL ? kt_program_of_argv ((const char *const *) argv) : NULL;
  if (program == NULL)
    return;
  g_autofree char *cgroup = read_of (look, pid, "cgroup");
  g_autofree char *container = cgroup != NULL ? kt_container_id_of_cgroup (cgroup) : NULL;
  if (container != NULL && g_hash_table_contains (look->containers, container))
    return;
  program->pid = g_ascii_strtoll (pid, NULL, 10);
  if (container == NULL)
    {
      program->unit = cgroup != NULL ? unit_of_cgroup (cgroup) : NULL;
      program->executable = executable_of (pid, argv[0]);
      program->said_by_binary = program->executable != NULL ? ask_binary (pid, program->executable) : NULL;
    }
  else
    {
      /* Another Engine's: its network is not ours. */
      g_clear_pointer (&program->api, g_free);
      g_ptr_array_add (look->notes, g_strdup_printf ("process %s runs in container %.12s of an Engine that was not asked", pid, container));
    }
  g_ptr_array_add (look->programs, g_steal_pointer (&program));
}

static void
look_at_processes (Look *look)
{
  if (!kt_sysroot_is_live (look->root))
    return;
  g_auto (GStrv) names = kt_sysroot_peek_list (look->root, "/proc");
  for (char **name = names; *name != NULL; name++)
    if (g_ascii_isdigit (**name))
      look_at_process (look, *name);
}

/* --- systemd ------------------------------------------------------------------------------------------------------ */

static gboolean
is_known (const Look *look, const char *unit)
{
  for (guint i = 0; i < look->programs->len; i++)
    if (g_strcmp0 (((KtProgram *) look->programs->pdata[i])->unit, unit) == 0)
      return TRUE;
  return FALSE;
}

static void
add_unit (Look *look, GHashTable *properties)
{
  const char *id = g_hash_table_lookup (properties, "Id"), *fragment = g_hash_table_lookup (properties, "FragmentPath");
  const char *more = g_hash_table_lookup (properties, "DropInPaths");
  if (id == NULL || fragment == NULL || *fragment == '\0' || is_known (look, id))
    return;
  g_autofree char *list = g_strdup_printf ("%s %s", fragment, more != NULL ? more : "");
  g_auto (GStrv) paths = g_strsplit (list, " ", -1);
  g_autoptr (GStrvBuilder) texts = g_strv_builder_new ();
  for (char **path = paths; *path != NULL; path++)
    {
      g_autofree char *text = **path == '/' ? kt_sysroot_read (look->root, *path) : NULL;
      if (text != NULL)
        g_strv_builder_add (texts, text);
    }
  g_auto (GStrv) all = g_strv_builder_end (texts);
  g_autofree char *exec = kt_unit_exec ((const char *const *) all);
  KtProgram *program = exec != NULL ? kt_program_of_unit (id, exec) : NULL;
  if (program != NULL)
    g_ptr_array_add (look->programs, program);
}

/* Paragraphs of Name=value, one a unit. */
static void
look_at_units (Look *look)
{
  const char *const argv[] = { "systemctl", "show", "--type=service", "--property=Id,FragmentPath,DropInPaths", "*", NULL };
  g_auto (KtRunResult) result = { 0 };
  g_autoptr (GError) error = NULL;
  if (!kt_sysroot_is_live (look->root) || !g_file_test (SYSTEMD_RUNS, G_FILE_TEST_IS_DIR))
    return;
  if (!kt_run (&(KtRun){ .argv = argv, .max_output = 4 * 1024 * 1024 }, &result, NULL, &error))
    {
      note (look, "units of systemd were not looked at", error);
      return;
    }
  g_auto (GStrv) units = g_strsplit (result.output, "\n\n", -1);
  for (char **unit = units; *unit != NULL; unit++)
    {
      g_autoptr (GHashTable) properties = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
      g_auto (GStrv) lines = g_strsplit (*unit, "\n", -1);
      for (char **line = lines; *line != NULL; line++)
        {
          g_auto (GStrv) pair = g_strsplit (*line, "=", 2);
          if (pair[0] != NULL && pair[1] != NULL)
            g_hash_table_insert (properties, g_strdup (pair[0]), g_strdup (pair[1]));
        }
      add_unit (look, properties);
    }
}

/* --- all ---------------------------------------------------------------------------------------------------------- */

static void
ask_apis (KtIndexers *indexers)
{
  for (guint i = 0; i < indexers->all->len; i++)
    {
      KtIndexer *indexer = indexers->all->pdata[i];
      if (!indexer->program->runs || indexer->program->api == NULL)
        continue;
      indexer->status = kt_indexer_status_ask (indexer->program->api);
      kt_indexer_settle (indexer);
    }
}

KtIndexers *
kt_indexers_look (KtSysroot *root, const char *const *files, GError **error)
{
  g_autoptr (GPtrArray) programs = g_ptr_array_new_with_free_func ((GDestroyNotify) kt_program_free);
  g_autoptr (GPtrArray) notes = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GHashTable) containers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Look look = { root, programs, notes, containers };
  if (kt_sysroot_is_live (root))
    look_at_containers (&look);
  if (!look_at_compose (&look, files, error))
    return NULL;
  look_at_processes (&look);
  look_at_units (&look);
  KtIndexers *indexers = kt_indexers_new (g_steal_pointer (&programs));
  g_ptr_array_extend_and_steal (indexers->notes, g_steal_pointer (&notes));
  ask_apis (indexers);
  return indexers;
}
