/* SPDX-License-Identifier: MIT
 *
 * One container: what the Engine says of it, where its folders lie on this machine, stopping and starting it.
 */
#pragma once

#include "docker/engine.h"

typedef struct {
  char *inside, *outside; /* a folder or file of the container, and where it lies on this machine */
} KtContainerMount;

typedef struct {
  char *id, *name;      /* name without the slash */
  char *image;
  char *state;          /* "created", "running", "paused", "restarting", "removing", "exited", "dead" */
  gint64 pid;           /* of its first process, seen from here; 0: not running */
  guint restarts;       /* how often its restart policy has started it */
  char *started_at;     /* as the Engine writes it: another text after every start */
  gboolean out_of_memory; /* the kernel ended it */
  int exit_status;
  gint64 memory_limit;  /* bytes, 0: none */
  gint64 shm_size;      /* bytes of its /dev/shm */
  int stop_timeout_s;   /* what docker stop and a reboot leave it */
  char *stop_signal;
  char *restart_policy; /* "no", "always", "unless-stopped", "on-failure" */
  char *project, *service, *compose_file; /* NULL unless docker compose made it */
  GPtrArray *mounts;    /* KtContainerMount */
} KtContainer;

void kt_container_free (KtContainer *container);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtContainer, kt_container_free)

/* @name: name or id. Errors: those of kt_engine_get. */
KtContainer *kt_container_inspect (const KtEngine *engine, const char *name, GError **error);

/* The running container that has @address (numeric) itself or publishes its port there: name of it, or NULL without error when
 * there is none. Caller frees. */
char *kt_container_find (const KtEngine *engine, const char *address, int port, GError **error);
/* The id in a /proc/PID/cgroup, or NULL. Caller frees. */
char *kt_container_id_of_cgroup (const char *cgroup_text);

/* Where @inside (absolute) lies on this machine: in a volume or a bound folder, else below the root of the running container; NULL
 * when it is not running. Caller frees. */
char *kt_container_path (const KtContainer *container, const char *inside);

/* "/opt/kaspa/compose.yml and /opt/kaspa/more.yml" of the labels of docker compose; NULL for NULL. Caller frees. */
char *kt_container_compose_files (const char *files, const char *folder);

/* "service db of /opt/kaspa/docker-compose.yml" or "container db": where a person changes it. Caller frees. */
char *kt_container_place (const KtContainer *container);

/* @signal "SIGINT" to its first process. */
gboolean kt_container_signal (const KtEngine *engine, const char *name, const char *signal, GError **error);

/* @verb start, stop or restart; the latter two give its first process @stop_s to end before it is killed. Cannot be cancelled: an
 * Engine that sees its client go in the middle may kill the container at once, or leave it stopped (moby 45738, 46688). */
gboolean kt_container_control (const KtEngine *engine, const char *name, const char *verb, guint stop_s, GError **error);

/* What it has written since @since_ms (Unix milliseconds). Caller frees. */
char *kt_container_log (const KtEngine *engine, const char *name, gint64 since_ms, GError **error);
