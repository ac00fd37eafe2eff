/* SPDX-License-Identifier: MIT */
#include "operation/trial.h"

#include "base/error.h"
#include "postgres/scratch.h"
#include "postgres/scratch_container.h"

#include <errno.h>
#include <sys/stat.h>

const char *
kt_trial_cannot (const KtFacts *facts, const KtInstance *instance)
{
  gboolean can = facts->server->container != NULL || instance->bin_directory != NULL;
  return can ? NULL : "a start with these settings could not be tried, since the programs of the server are where kastune is not";
}

/* A session may set them: what the server thinks of the value itself is found without anybody else noticing. */
static gboolean
is_of_session (const KtSetting *setting)
{
  static const char *const contexts[] = { "user", "superuser", NULL };
  return setting != NULL && setting->context != NULL && g_strv_contains (contexts, setting->context);
}

/* For the length of one statement, which is a transaction of its own. TRUE also where the role may not: then nothing is known. */
static gboolean
set_for_a_moment (KtConnection *connection, const char *name, const char *value, guint *taken, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (PGresult) row = kt_connection_query (connection, &local, "SELECT set_config($1, $2, true)", name, value, NULL);
  *taken += row != NULL;
  if (row != NULL || !g_error_matches (local, KT_ERROR, KT_ERROR_QUERY))
    return TRUE;
  kt_error_set (error, KT_ERROR_REFUSED, local->message, NULL, "the server does not take %s = %s, so nothing is written", name, value);
  return FALSE;
}

gboolean
kt_trial_by_sql (const KtFacts *facts, JsonArray *settings, guint *taken, GError **error)
{
  *taken = 0;
  for (guint i = 0; i < json_array_get_length (settings); i++)
    {
      JsonObject *setting = json_array_get_object_element (settings, i);
      const char *name = kt_json_string (setting, "name", "");
      if (is_of_session (kt_server_setting (facts->server, name))
          && !set_for_a_moment (facts->connection, name, kt_json_string (setting, "wanted", ""), taken, error))
        return FALSE;
    }
  return TRUE;
}

/* Where the programs of a server are that runs elsewhere: only a superuser may know. Caller frees. */
static char *
programs_of (KtConnection *connection)
{
  g_autoptr (PGresult) row = kt_connection_query (connection, NULL, "SELECT setting FROM pg_config WHERE name = 'BINDIR'", NULL);
  return row != NULL && PQntuples (row) == 1 ? g_strdup (PQgetvalue (row, 0, 0)) : NULL;
}

static gboolean
try_in_container (const KtFacts *facts, KtScratch scratch, KtScratchResult *result, GCancellable *cancellable, GError **error)
{
  const KtServerContainer *container = facts->server->container;
  struct stat owner;
  if (stat (facts->server->data_directory, &owner) != 0)
    {
      kt_error_set_errno (error, errno, "run kastune as root", "cannot see who the server in container %s runs as", container->name);
      return FALSE;
    }
  g_autofree char *programs = programs_of (facts->connection);
  scratch.bin_directory = programs;
  const KtScratchContainer place = { container->socket, container->name, owner.st_uid, owner.st_gid };
  return kt_scratch_try_in_container (&scratch, &place, result, cancellable, error);
}

static gboolean
try_here (const KtFacts *facts, KtScratch scratch, KtScratchResult *result, GCancellable *cancellable, GError **error)
{
  g_autoptr (KtInstance) instance = kt_instance_find (facts->server, facts->conninfo, error);
  if (instance == NULL)
    return FALSE;
  if (instance->bin_directory == NULL)
    {
      kt_error_set (error, KT_ERROR_UNSUPPORTED, NULL, "run it on the machine of the server", "the programs of this server are not here, so nothing can be tried with them");
      return FALSE;
    }
  scratch.bin_directory = instance->bin_directory;
  scratch.owner = instance->owner;
  return kt_scratch_try (&scratch, result, cancellable, error);
}

static JsonObject *
answer_of (const KtScratchResult *result, gint64 memory_limit)
{
  JsonObject *answer = json_object_new ();
  json_object_set_boolean_member (answer, "started", result->started);
  kt_json_set_string (answer, "problem", result->problem);
  kt_json_set_string (answer, "hint", result->hint);
  kt_json_set_strings (answer, "warnings", (const char *const *) result->warnings);
  json_object_set_boolean_member (answer, "limited", result->limited);
  if (memory_limit > 0)
    json_object_set_int_member (answer, "memory_limit_bytes", memory_limit);
  if (result->shared_memory_bytes >= 0)
    json_object_set_int_member (answer, "shared_memory_bytes", result->shared_memory_bytes);
  if (result->huge_pages >= 0)
    json_object_set_int_member (answer, "huge_pages", result->huge_pages);
  json_object_set_int_member (answer, "elapsed_ms", result->elapsed_ms);
  return answer;
}

JsonObject *
kt_trial_run (KtFacts *facts, KtOperationContext *context, const char *conf_text, GError **error)
{
  if (facts->server == NULL)
    {
      kt_error_set (error, KT_ERROR_USAGE, NULL, "leave out --root and --pg-version", "a running server is needed, for its binaries");
      return NULL;
    }
  gboolean contained = facts->server->container != NULL;
  gint64 limit = contained ? facts->server->container->memory_limit : facts->platform->cgroup.memory_limit;
  const KtScratch scratch = {
    .conf_text = conf_text,
    .wal_segment_bytes = facts->server->wal_segment_bytes,
    .memory_limit = limit > 0 && limit < G_MAXINT64 ? limit : 0,
  };
  if (context->progress != NULL)
    context->progress (context->user, contained ? "starting the settings in a scratch cluster, in a container of the same image"
                                                : "starting the settings in a scratch cluster", 0, 0);
  g_auto (KtScratchResult) result = { 0 };
  if (!(contained ? try_in_container : try_here) (facts, scratch, &result, context->cancellable, error))
    return NULL;
  JsonObject *answer = answer_of (&result, scratch.memory_limit);
  if (contained)
    json_object_set_string_member (answer, "container", facts->server->container->name);
  return answer;
}
