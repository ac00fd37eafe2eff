/* SPDX-License-Identifier: MIT */
#include "postgres/instance_docker.h"

#include "base/error.h"
#include "docker/container.h"
#include "postgres/control.h"
#include "postgres/server_log.h"

#include <string.h>

static KtContainer *
inspect (const KtInstance *instance, KtEngine **engine, GError **error)
{
  *engine = kt_engine_open (instance->engine, error);
  KtContainer *container = *engine != NULL ? kt_container_inspect (*engine, instance->cluster, error) : NULL;
  if (container == NULL && error != NULL && g_error_matches (*error, KT_ERROR, KT_ERROR_NOT_FOUND) && *engine != NULL)
    {
      g_clear_error (error);
      kt_error_set (error, KT_ERROR_NOT_FOUND, NULL, "make it again (docker compose up -d), then try again",
                    "there is no container %s any more", instance->cluster);
    }
  return container;
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

gboolean
kt_docker_is_running (const KtInstance *instance)
{
  return kt_docker_pid (instance) > 0;
}

/* Stopping gets as long as any server does, whatever the container is set to: a kill in the middle of the last checkpoint
 * would cost a recovery. */
gboolean
kt_docker_run (const KtInstance *instance, const char *verb, GError **error)
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
  /* One that its policy starts again and again is neither up nor down. */
  gboolean up = is_state (container, "running") || is_state (container, "restarting");
  const char *what = g_str_equal (verb, "start") && up && is_state (container, "restarting") ? "restart" : verb;
  if (g_str_equal (what, "start") && up)
    return TRUE;
  return kt_container_control (engine, container->name, what, KT_CONTROL_TIMEOUT_S, error);
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
