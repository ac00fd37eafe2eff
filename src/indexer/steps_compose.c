/* SPDX-License-Identifier: MIT
 *
 * Step `indexer-compose`. What is written is worked out anew from the user's files when it is applied, since they may hold passwords,
 * which the journal must not: it has a digest of what was planned. A file that was there is kept beside the new one for the undo.
 */
#include "indexer/steps.h"

#include "base/error.h"
#include "docker/container.h"
#include "indexer/own_file.h"
#include "indexer/program.h"

#include <string.h>

#define STEADY_S 5        /* a container that rejects its options ends within one */
#define POLL_US (250 * 1000)
#define LAST_CHARACTERS 400 /* of its log, in an error */

JsonObject *
kt_step_compose_args (const KtComposeStep *step)
{
  JsonObject *args = json_object_new ();
  kt_json_set_strings (args, "files", step->project.files);
  kt_json_set_string (args, "project", step->project.project);
  kt_json_set_string (args, "directory", step->project.directory);
  kt_json_set_strings (args, "env_files", step->project.env_files);
  kt_json_set_string (args, "service", step->wish.service);
  kt_json_set_string (args, "release", step->wish.release->tag);
  json_object_set_boolean_member (args, "set_image", step->wish.set_image);
  kt_step_choice_to_args (&step->wish.choice, args);
  kt_json_set_string (args, "file", step->file);
  kt_json_set_string (args, "digest", step->digest);
  json_object_set_boolean_member (args, "up", step->up);
  return args;
}

/* --- reading args ------------------------------------------------------------------------------------------------- */

static void
add_strings (GStrvBuilder *builder, JsonObject *args, const char *member)
{
  JsonArray *array = kt_json_array (args, member);
  for (guint i = 0; array != NULL && i < json_array_get_length (array); i++)
    g_strv_builder_add (builder, json_array_get_string_element (array, i));
}

/* The project of the args, whose texts it holds. */
typedef struct {
  GStrv files, env_files;
  KtComposeProject project;
} Project;

static void
project_clear (Project *own)
{
  g_strfreev (own->files);
  g_strfreev (own->env_files);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Project, project_clear)

/* The user's files, and then kastune's own when @with. */
static Project
project_of (JsonObject *args, gboolean with)
{
  g_autoptr (GStrvBuilder) files = g_strv_builder_new (), env_files = g_strv_builder_new ();
  add_strings (files, args, "files");
  add_strings (env_files, args, "env_files");
  if (with)
    g_strv_builder_add (files, kt_json_string (args, "file", ""));
  Project own = { .files = g_strv_builder_end (files), .env_files = g_strv_builder_end (env_files) };
  own.project = (KtComposeProject){ .files = (const char *const *) own.files, .project = kt_json_string (args, "project", NULL),
                                    .directory = kt_json_string (args, "directory", NULL), .env_files = (const char *const *) own.env_files };
  return own;
}

static const char *
service_of (JsonObject *args)
{
  return kt_json_string (args, "service", "");
}

/* What would be written now; KT_ERROR_CHANGED when that is not what was planned. */
static KtOverride *
planned (JsonObject *args, const KtCompose *compose, GError **error)
{
  KtOverrideWish wish = { .service = service_of (args), .set_image = kt_json_bool (args, "set_image", FALSE) };
  if (!kt_step_choice_of_args (args, &wish.release, &wish.choice, error))
    return NULL;
  g_auto (Project) own = project_of (args, FALSE);
  g_autoptr (JsonNode) filled = kt_compose_config (compose, &own.project, FALSE, error);
  g_autoptr (JsonNode) written = filled != NULL ? kt_compose_config (compose, &own.project, TRUE, error) : NULL;
  g_autoptr (KtOverride) override = written != NULL ? kt_override_new (&wish, filled, written, error) : NULL;
  if (override != NULL && g_strcmp0 (override->digest, kt_json_string (args, "digest", NULL)) != 0)
    {
      kt_error_set (error, KT_ERROR_CHANGED, NULL, "make a new plan", "the compose files were changed since the plan was made");
      return NULL;
    }
  return g_steal_pointer (&override);
}

/* --- step --------------------------------------------------------------------------------------------------------- */

static char *
describe (JsonObject *args)
{
  const char *use = kt_json_string (args, "use", NULL);
  return g_strdup_printf ("write the options of service %s for %s%s%s into %s%s", service_of (args), kt_json_string (args, "release", ""),
                          use != NULL ? " and " : "", use != NULL ? use : "", kt_json_string (args, "file", ""),
                          kt_json_bool (args, "up", FALSE) ? ", and make its container anew" : "");
}

static gboolean
check (KtStepContext *context, JsonObject *args, GError **error)
{
  g_autoptr (KtCompose) compose = kt_compose_find (error);
  g_auto (Project) own = project_of (args, FALSE);
  if (compose == NULL || !kt_compose_check (compose, &own.project, error))
    return FALSE;
  g_autoptr (KtOverride) override = planned (args, compose, error);
  return override != NULL;
}

static JsonObject *
prepare (KtStepContext *context, JsonObject *args, GError **error)
{
  return kt_own_file_before (args, error);
}

/* With the owner and the rights of the user's own file: both hold the same secrets. */
static gboolean
write_new (JsonObject *args, JsonObject *before, const KtOverride *override, GError **error)
{
  g_auto (Project) own = project_of (args, FALSE);
  struct stat like;
  if (stat (own.files[0], &like) != 0)
    {
      kt_error_set (error, KT_ERROR_CHANGED, NULL, NULL, "%s is not there any more", own.files[0]);
      return FALSE;
    }
  return kt_own_file_write (args, before, override->text, &like, error);
}

/* The container of the service, or NULL when there is none. */
static KtContainer *
find_container (const KtEngine *engine, JsonObject *args, GError **error)
{
  g_autoptr (JsonNode) node = kt_engine_get (engine, "/containers/json?all=1", error);
  JsonArray *rows = node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  for (guint i = 0; rows != NULL && i < json_array_get_length (rows); i++)
    {
      JsonObject *row = json_array_get_object_element (rows, i);
      JsonObject *labels = kt_json_object (row, "Labels");
      if (labels != NULL && g_strcmp0 (kt_json_string (labels, "com.docker.compose.project", NULL), kt_json_string (args, "project", "")) == 0
          && g_str_equal (kt_json_string (labels, "com.docker.compose.service", ""), service_of (args)))
        return kt_container_inspect (engine, kt_json_string (row, "Id", ""), error);
    }
  return NULL;
}

/* Its last words without passwords: indexers write the address of their database into their log. */
static char *
last_words (const KtEngine *engine, const KtContainer *container)
{
  g_autofree char *log = kt_container_log (engine, container->name, 0, NULL);
  g_auto (GStrv) words = g_strsplit_set (log != NULL ? log : "", " \t\r\n", -1);
  g_auto (GStrv) masked = kt_words_masked ((const char *const *) words);
  g_autofree char *all = g_strjoinv (" ", masked);
  gsize length = strlen (all);
  g_autofree char *tail = g_utf8_make_valid (length > LAST_CHARACTERS ? all + length - LAST_CHARACTERS : all, -1);
  return g_strdup (g_strstrip (tail));
}

static gboolean
refuse_unsteady (const KtEngine *engine, const KtContainer *container, GError **error)
{
  g_autofree char *words = last_words (engine, container);
  kt_error_set (error, KT_ERROR_VERIFY, *words != '\0' ? words : NULL, "docker logs CONTAINER", "container %s does not stay up (%s, exit status %d)",
                container->name, container->state, container->exit_status);
  return FALSE;
}

/* It runs, and still is the same start after a while. */
static gboolean
stays_up (KtStepContext *context, JsonObject *args, guint seconds, GError **error)
{
  g_autoptr (KtEngine) engine = kt_engine_open (NULL, error);
  g_autofree char *started = NULL;
  gint64 end = g_get_monotonic_time () + (gint64) seconds * G_USEC_PER_SEC;
  while (engine != NULL)
    {
      g_autoptr (GError) local = NULL;
      g_autoptr (KtContainer) container = find_container (engine, args, &local);
      if (container == NULL && local != NULL)
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
      if (container == NULL)
        {
          kt_error_set (error, KT_ERROR_VERIFY, NULL, NULL, "service %s has no container", service_of (args));
          return FALSE;
        }
      gboolean same = started == NULL || g_str_equal (started, container->started_at);
      if (!g_str_equal (container->state, "running") || !same)
        return refuse_unsteady (engine, container, error);
      if (started == NULL)
        started = g_strdup (container->started_at);
      if (g_get_monotonic_time () >= end)
        return TRUE;
      if (g_cancellable_set_error_if_cancelled (context->cancellable, error))
        return FALSE;
      g_usleep (POLL_US);
    }
  return FALSE;
}

static gboolean
apply (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  g_autoptr (KtCompose) compose = kt_compose_find (error);
  g_autoptr (KtOverride) override = compose != NULL ? planned (args, compose, error) : NULL;
  g_auto (Project) own = project_of (args, TRUE);
  if (override == NULL || !write_new (args, before, override, error) || !kt_compose_check (compose, &own.project, error))
    return FALSE;
  if (!kt_json_bool (args, "up", FALSE))
    return TRUE;
  kt_step_progress (context, "making the container anew", 0, 0);
  return kt_compose_up (compose, &own.project, service_of (args), context->cancellable, error) && stays_up (context, args, STEADY_S, error);
}

static gboolean
verify (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  if (!kt_own_file_verify (args, error))
    return FALSE;
  return !kt_json_bool (args, "up", FALSE) || stays_up (context, args, 0, error);
}

static gboolean
can_undo (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  return kt_own_file_can_undo (args, before, error);
}

static gboolean
undo (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  const char *old = kt_json_string (before, "digest", NULL);
  g_auto (Project) own = project_of (args, old != NULL);
  if (!kt_own_file_put_back (args, before, error))
    return FALSE;
  if (kt_json_bool (args, "up", FALSE))
    {
      g_autoptr (KtCompose) compose = kt_compose_find (error);
      kt_step_progress (context, "making the container as it was", 0, 0);
      if (compose == NULL || !kt_compose_up (compose, &own.project, service_of (args), NULL, error))
        return FALSE;
    }
  return kt_own_file_forget (args, before, error);
}

static GStrv
touches (JsonObject *args)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  g_autofree char *name = g_strdup_printf ("service %s in %s", service_of (args), kt_json_string (args, "file", ""));
  g_strv_builder_add (names, name);
  return g_strv_builder_end (names);
}

const KtStepKind kt_step_indexer_compose = {
  "indexer-compose", describe, check, prepare, apply, verify, can_undo, undo, NULL, touches,
};
