/* SPDX-License-Identifier: MIT
 *
 * Control of an instance through whatever started it: Debian's pg_ctlcluster, a systemd unit, or plain pg_ctl as the owner of
 * the data directory, or the Docker Engine; that works with the server down, which is when it matters. Of a server whose files and processes cannot
 * be seen from here there is only SQL. Plain data plus verbs.
 */
#pragma once

#include "base/json.h"
#include "postgres/server.h"
#include <gio/gio.h>

typedef enum {
  KT_CONTROL_NONE,    /* here, but started by something unknown: the operator restarts */
  KT_CONTROL_DEBIAN,  /* pg_ctlcluster VERSION NAME, which itself goes through systemd where that runs */
  KT_CONTROL_SYSTEMD, /* systemctl UNIT */
  KT_CONTROL_PG_CTL,
  KT_CONTROL_REMOTE,  /* only SQL: the operator restarts */
  KT_CONTROL_DOCKER,  /* the Docker Engine */
} KtControl;

typedef struct {
  KtControl control;
  char *bin_directory;    /* of the very binaries that run or would run */
  char *data_directory;   /* NULL: its files cannot be seen from here */
  char *server_directory; /* the same as the server itself names it; NULL without rights */
  char *system_identifier; /* of its cluster, "" without rights: another server may answer by now */
  char *config_file;      /* differs from the data directory on Debian */
  char *owner;            /* user that owns the data directory */
  char *cluster;          /* Debian: "15/main"; systemd: unit name; docker: container; else NULL */
  char *engine;           /* docker: socket of the Engine */
  char *start_options;    /* pg_ctl: what followed on the command line, quoted for a shell, so a restart keeps it */
  char *start_log;        /* pg_ctl: where standard error of a start goes: the file it went to, or /dev/null */
  char *log_file;         /* NULL unknown (stderr to the journal) */
  char *conninfo;         /* how to reach it again; may hold a password, which the JSON leaves out */
} KtInstance;

/* A server that is not on this machine gives one with KT_CONTROL_REMOTE. Errors: KT_ERROR_UNSUPPORTED when its process cannot
 * be found. */
KtInstance *kt_instance_find (const KtServer *server, const char *conninfo, GError **error);
void kt_instance_free (KtInstance *instance);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtInstance, kt_instance_free)

/* For the journal: enough to control the instance again while it is down. */
JsonObject *kt_instance_to_json (const KtInstance *instance);
KtInstance *kt_instance_from_json (JsonObject *object, GError **error);

/* "pg_ctlcluster 15 main restart": what would be run, for the plan; @verb is start, restart or reload. Caller frees. */
char *kt_instance_describe (const KtInstance *instance, const char *verb);

/* Can kastune restart it? Otherwise parameters that need it wait until the operator has done so. */
gboolean kt_instance_can_restart (const KtInstance *instance);

/* Is the server that answers by @connection the one of @instance? Another may stand at its address by now. Errors: KT_ERROR_CHANGED,
 * those of queries. */
gboolean kt_instance_is_same (const KtInstance *instance, KtConnection *connection, GError **error);

gboolean kt_instance_is_running (const KtInstance *instance);
/* The main process, 0: not running, or out of sight. */
gint64 kt_instance_pid (const KtInstance *instance);
/* Waits until connections are accepted; running already is success. Ten minutes for recovery, and cancellable.
 * Errors: KT_ERROR_PROGRAM with the server's own last FATAL lines and hint as detail, KT_ERROR_PRIVILEGE (neither root nor
 * the owner), KT_ERROR_UNSUPPORTED (KT_CONTROL_NONE), KT_ERROR_TIMEOUT, KT_ERROR_INTERRUPTED. */
gboolean kt_instance_start (const KtInstance *instance, GCancellable *cancellable, GError **error);
/* Fast shutdown; stopped already is success. Errors: as of start. */
gboolean kt_instance_stop (const KtInstance *instance, GCancellable *cancellable, GError **error);
/* Fast shutdown (sessions are ended, a checkpoint is written), then start: errors as above. KT_ERROR_VERIFY when it is the
 * same process as before, and, before anything is stopped, when the server says that it would not start on its files. */
gboolean kt_instance_restart (const KtInstance *instance, GCancellable *cancellable, GError **error);
/* Sends SIGHUP and waits until pg_conf_load_time() has moved: new sessions have the new values then.
 * Errors: KT_ERROR_VERIFY (the files cannot be read as a whole, with file and line), KT_ERROR_PRIVILEGE, those of connecting. */
gboolean kt_instance_reload (const KtInstance *instance, GError **error);

/* Size of the log now (0: unknown), and what was added since: FATAL, PANIC and ERROR of the server itself, crashes and broken
 * configuration files; what clients did wrong is left out. */
gint64 kt_instance_log_position (const KtInstance *instance);
GStrv kt_instance_log_problems (const KtInstance *instance, gint64 since);
