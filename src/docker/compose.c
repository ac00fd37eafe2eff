/* SPDX-License-Identifier: MIT */
#include "docker/compose.h"

#include "base/error.h"
#include "base/run.h"

#include <string.h>

#define LOOK_MS (60 * 1000)
#define UP_MS (15 * 60 * 1000) /* pulling an image is in it */
#define MOST_OUTPUT (16 * 1024 * 1024)

void
kt_compose_free (KtCompose *compose)
{
  if (compose == NULL)
    return;
  g_strfreev (compose->program);
  g_free (compose->version);
  g_free (compose);
}

static KtCompose *
try_program (const char *const *words, GError **error)
{
  g_auto (KtRunResult) result = { 0 };
  g_autoptr (GStrvBuilder) argv = g_strv_builder_new ();
  g_strv_builder_addv (argv, (const char **) (gpointer) words);
  g_strv_builder_add_many (argv, "version", "--short", NULL);
  g_auto (GStrv) all = g_strv_builder_end (argv);
  if (!kt_run (&(KtRun){ .argv = (const char *const *) all, .deadline_ms = LOOK_MS }, &result, NULL, error))
    return NULL;
  const char *number = result.output + (*result.output == 'v');
  if (!g_ascii_isdigit (*number))
    {
      kt_error_set (error, KT_ERROR_PARSE, result.output, NULL, "%s does not say its version", words[0]);
      return NULL;
    }
  KtCompose *compose = g_new0 (KtCompose, 1);
  compose->program = g_strdupv ((char **) (gpointer) words);
  compose->version = g_strndup (number, strcspn (number, "\n"));
  compose->major = (guint) g_ascii_strtoull (number, NULL, 10);
  return compose;
}

KtCompose *
kt_compose_find (GError **error)
{
  static const char *const plugin[] = { "docker", "compose", NULL }, *const alone[] = { "docker-compose", NULL };
  g_autoptr (GError) why = NULL;
  KtCompose *compose = try_program (plugin, &why);
  if (compose == NULL)
    compose = try_program (alone, NULL);
  if (compose == NULL)
    kt_error_set (error, KT_ERROR_UNSUPPORTED, why->message, "install Compose 2: apt install docker-compose-plugin, or docker-compose of Debian 13",
                  "there is no Docker Compose on this machine");
  return compose;
}

/* The program with the files of @project; the caller adds what it is to do. */
static GStrvBuilder *
begin (const KtCompose *compose, const KtComposeProject *project)
{
  GStrvBuilder *argv = g_strv_builder_new ();
  g_strv_builder_addv (argv, (const char **) (gpointer) compose->program);
  for (const char *const *file = project->files; *file != NULL; file++)
    g_strv_builder_add_many (argv, "-f", *file, NULL);
  if (project->project != NULL)
    g_strv_builder_add_many (argv, "-p", project->project, NULL);
  if (project->directory != NULL)
    g_strv_builder_add_many (argv, "--project-directory", project->directory, NULL);
  for (const char *const *file = project->env_files; file != NULL && *file != NULL; file++)
    g_strv_builder_add_many (argv, "--env-file", *file, NULL);
  return argv;
}

static gboolean
run (GStrvBuilder *words, const KtComposeProject *project, guint deadline_ms, KtRunResult *result, GCancellable *cancellable, GError **error)
{
  g_auto (GStrv) argv = g_strv_builder_end (words);
  g_autofree char *folder = g_path_get_dirname (project->files[0]);
  /* Variables of the user's own shell are not ours: what the project needs stands in its .env. */
  const KtRun program = { .argv = (const char *const *) argv, .cwd = folder, .deadline_ms = deadline_ms, .max_output = MOST_OUTPUT };
  return kt_run (&program, result, cancellable, error);
}

JsonNode *
kt_compose_config (const KtCompose *compose, const KtComposeProject *project, gboolean as_written, GError **error)
{
  g_auto (KtRunResult) result = { 0 };
  if (compose->major < 2)
    {
      kt_error_set (error, KT_ERROR_UNSUPPORTED, compose->version, "install Compose 2, or start the project: running containers are found without it",
                    "this Docker Compose cannot say as JSON what its files mean");
      return NULL;
    }
  g_autoptr (GStrvBuilder) argv = begin (compose, project);
  g_strv_builder_add_many (argv, "--profile", "*", "config", "--format", "json", as_written ? "--no-interpolate" : NULL, NULL);
  return run (argv, project, LOOK_MS, &result, NULL, error) ? kt_json_parse (result.output, error) : NULL;
}

gboolean
kt_compose_check (const KtCompose *compose, const KtComposeProject *project, GError **error)
{
  g_auto (KtRunResult) result = { 0 };
  g_autoptr (GStrvBuilder) argv = begin (compose, project);
  g_strv_builder_add_many (argv, "config", "-q", NULL);
  if (!run (argv, project, LOOK_MS, &result, NULL, error))
    return FALSE;
  if (strstr (result.diagnosis, "variable is not set") == NULL)
    return TRUE;
  kt_error_set (error, KT_ERROR_REFUSED, result.diagnosis, "put it into .env beside the compose file", "a variable of the compose files has no value here");
  return FALSE;
}

gboolean
kt_compose_up (const KtCompose *compose, const KtComposeProject *project, const char *service, GCancellable *cancellable, GError **error)
{
  g_auto (KtRunResult) result = { 0 };
  g_autoptr (GStrvBuilder) argv = begin (compose, project);
  g_strv_builder_add_many (argv, "up", "-d", "--no-deps", service, NULL);
  return run (argv, project, UP_MS, &result, cancellable, error);
}

static void
append_path (GString *text, const char *option, const char *path)
{
  g_autofree char *quoted = strpbrk (path, " \t\"'$\\*?&;|<>()") != NULL ? g_shell_quote (path) : g_strdup (path);
  g_string_append_printf (text, " %s %s", option, quoted);
}

char *
kt_compose_words (const KtComposeProject *project, const char *service)
{
  g_autoptr (GString) text = g_string_new ("docker compose");
  for (const char *const *file = project->files; *file != NULL; file++)
    append_path (text, "-f", *file);
  if (project->project != NULL)
    g_string_append_printf (text, " -p %s", project->project);
  if (project->directory != NULL)
    append_path (text, "--project-directory", project->directory);
  for (const char *const *file = project->env_files; file != NULL && *file != NULL; file++)
    append_path (text, "--env-file", *file);
  g_string_append_printf (text, " up -d --no-deps %s", service);
  return g_string_free (g_steal_pointer (&text), FALSE);
}
