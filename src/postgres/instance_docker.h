/* SPDX-License-Identifier: MIT
 *
 * The verbs of instance.h for a server in a container, through the Docker Engine. Only instance.c uses this.
 */
#pragma once

#include "postgres/instance.h"

gint64 kt_docker_pid (const KtInstance *instance);

/* @verb start, stop or restart; after start and restart the container runs, the server in it may still be on its way.
 * @answers: does the server answer now, be it by refusing? One that does gets ten minutes to stop, another a
 * minute, and ten seconds when its restart policy starts it again and again.
 * Errors: those of the Engine; KT_ERROR_CHANGED when the container of this name keeps its data elsewhere. */
gboolean kt_docker_run (const KtInstance *instance, const char *verb, gboolean answers, GError **error);

typedef struct {
  gint64 since_ms; /* Unix milliseconds: the log from here on tells of this start */
  guint restarts;  /* by its restart policy, until now */
} KtDockerMark;

KtDockerMark kt_docker_mark (const KtInstance *instance, gint64 since_ms);
/* FALSE: the container has ended, or its restart policy has started it again since @mark. @error has the server's own words. */
gboolean kt_docker_stays_up (const KtInstance *instance, const char *verb, KtDockerMark mark, GError **error);

/* The server's log since @since_ms (Unix milliseconds); "" when it cannot be had. Caller frees. */
char *kt_docker_log (const KtInstance *instance, gint64 since_ms);
