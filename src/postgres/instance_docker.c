/* SPDX-License-Identifier: MIT */
#include "postgres/instance_docker.h"

#include "base/error.h"
#include "docker/container.h"
#include "postgres/control.h"
#include "postgres/server_log.h"

#include <string.h>

/* Seconds to stop for a server that does not even refuse connections: it has no checkpoint to write, and a first process that
 * is still a script takes no signal, so that longer waiting is in vain. */
#define SILENT_STOP_S 60
#define LOOPING_STOP_S 10 /* and when its policy starts it again and again */

/* Under the same name there may be another container by now. */
static gboolean
holds_our_data (const KtInstance *instance, const KtContainer *container, GError **error)
{
  g_autofree char *here = instance->server_directory != NULL ? kt_container_path (container, instance->server_directory) : NULL;
  if (here == NULL || instance->data_directory == NULL || g_str_equal (here, instance->data_directory))
    return TRUE;
  g_autofree char *hint = g_strdup_printf ("docker inspect %s shows its volumes", container->name);
  kt_error_set (error, KT_ERROR_CHANGED, NULL, hint, "container %s has its data in %s now, not in %s: it is another one and left alone",
                container->name, here, instance->data_directory);
  return FALSE;
}

static KtContainer *
inspect (const KtInstance *instance, KtEngine **engine, GError **error)
{
  g_autoptr (GError) local = NULL;
  *engine = kt_engine_open (instance->engine, error);
  if (*engine == NULL)
    return NULL;
  g_autoptr (KtContainer) container = kt_container_inspect (*engine, instance->cluster, &local);
  if (container != NULL)
    return holds_our_data (instance, container, error) ? g_steal_pointer (&container) : NULL;
  if (g_error_matches (local, KT_ERROR, KT_ERROR_NOT_FOUND))
    kt_error_set (error, KT_ERROR_NOT_FOUND, NULL, "make it again (docker compose up -d), then try again",
                  "there is no container %s any more", instance->cluster);
  else
    g_propagate_error (error, g_steal_pointer (&local));
  return NULL;
}

static gboolean
is_state (const KtContainer *container, const char *state)
{
  return g_str_equal (container->state, state);
}

gint64
kt_docker_pid (const KtInstance *instance)
{
  g_autoptr (KtEngine) engine = NULL;
  g_autoptr (KtContainer) container = inspect (instance, &engine, NULL);
  return container != NULL && is_state (container, "running") ? container->pid : 0;
}

/* On SIGTERM PostgreSQL waits for every client to leave, and meanwhile takes no new ones. */
static gboolean
stops_slowly (const KtContainer *container)
{
  static const char *const names[] = { "SIGTERM", "TERM", "15", NULL };
  return g_strv_contains (names, container->stop_signal);
}

/* One that its policy starts again and again is neither up nor down: what runs may have begun on other settings. */
static gboolean
is_started_again_and_again (const KtContainer *container, gboolean answers)
{
  return is_state (container, "restarting") || (is_state (container, "running") && container->restarts > 0 && !answers);
}

/* Stopping gets as long as any server does, whatever the container is set to: a kill in the middle of the last checkpoint
 * would cost a recovery. */
gboolean
kt_docker_run (const KtInstance *instance, const char *verb, gboolean answers, GError **error)
{
  g_autoptr (KtEngine) engine = NULL;
  g_autoptr (KtContainer) container = inspect (instance, &engine, error);
  if (container == NULL)
    return FALSE;
  if (is_state (container, "paused"))
    {
      g_autofree char *hint = g_strdup_printf ("docker unpause %s", container->name);
      kt_error_set (error, KT_ERROR_REFUSED, NULL, hint, "container %s is paused", container->name);
      return FALSE;
    }
  gboolean start = g_str_equal (verb, "start"), looping = is_started_again_and_again (container, answers);
  if (start && !looping && is_state (container, "running"))
    return TRUE;
  /* The Engine's own signal comes right after it, and changes nothing any more. */
  if (!start && answers && is_state (container, "running") && stops_slowly (container)
      && !kt_container_signal (engine, container->id, "SIGINT", error))
    return FALSE;
  return kt_container_control (engine, container->id, start && looping ? "restart" : verb,
                               looping ? LOOPING_STOP_S : answers ? KT_CONTROL_TIMEOUT_S : SILENT_STOP_S, error);
}

KtDockerMark
kt_docker_mark (const KtInstance *instance, gint64 since_ms)
{
  g_autoptr (KtEngine) engine = NULL;
  g_autoptr (KtContainer) container = inspect (instance, &engine, NULL);
  return (KtDockerMark){ since_ms, container != NULL ? container->restarts : 0 };
}

char *
kt_docker_log (const KtInstance *instance, gint64 since_ms)
{
  g_autoptr (KtEngine) engine = kt_engine_open (instance->engine, NULL);
  char *text = engine != NULL ? kt_container_log (engine, instance->cluster, since_ms, NULL) : NULL;
  return text != NULL ? text : g_strdup ("");
}

gboolean
kt_docker_stays_up (const KtInstance *instance, const char *verb, KtDockerMark mark, GError **error)
{
  g_autoptr (KtEngine) engine = NULL;
  g_autoptr (KtContainer) container = inspect (instance, &engine, error);
  if (container == NULL)
    return FALSE;
  if (is_state (container, "running") && container->restarts <= mark.restarts)
    return TRUE;
  g_autofree char *log = kt_docker_log (instance, mark.since_ms);
  g_autofree char *words = container->out_of_memory ? g_strdup ("the kernel ended it: out of memory") : kt_log_failure (log);
  g_autofree char *hint = g_strdup_printf ("docker logs %s", container->name);
  kt_error_set (error, KT_ERROR_PROGRAM, words, hint, "PostgreSQL in container %s did not %s (the container is %s, exit status %d)",
                container->name, verb, container->state, container->exit_status);
  return FALSE;
}
