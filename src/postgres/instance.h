/* SPDX-License-Identifier: MIT
 *
 * Control of a local instance through whatever started it: Debian's pg_ctlcluster, a systemd unit, or plain pg_ctl as the
 * owner of the data directory. Plain data plus verbs; it works with the server down, which is when it matters.
 */
#pragma once

#include "postgres/server.h"
#include <gio/gio.h>

typedef enum {
  KT_CONTROL_NONE,    /* remote or unknown: the operator restarts */
  KT_CONTROL_DEBIAN,  /* pg_ctlcluster VERSION NAME, which itself goes through systemd where that runs */
  KT_CONTROL_SYSTEMD, /* systemctl UNIT */
  KT_CONTROL_PG_CTL,
} KtControl;

typedef struct {
  KtControl control;
  char *bin_directory;    /* of the very binaries that run or would run */
  char *data_directory;
  char *config_file;      /* differs from the data directory on Debian */
  char *owner;            /* user that owns the data directory */
  char *cluster;          /* Debian: "15/main"; systemd: unit name; else NULL */
  char *start_options;    /* pg_ctl: what followed on the command line, from postmaster.opts, so a restart keeps it */
  char *log_file;         /* NULL unknown (stderr to the journal) */
  char *conninfo;         /* how to reach it again */
} KtInstance;

/* Errors: KT_ERROR_UNSUPPORTED when the server is not on this machine. */
KtInstance *kt_instance_find (const KtServer *server, const char *conninfo, GError **error);
void kt_instance_free (KtInstance *instance);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtInstance, kt_instance_free)

/* For the journal: enough to control the instance again while it is down. */
JsonObject *kt_instance_to_json (const KtInstance *instance);
KtInstance *kt_instance_from_json (JsonObject *object, GError **error);

/* "pg_ctlcluster 15 main restart": what would be run, for the plan. Caller frees. */
char *kt_instance_describe (const KtInstance *instance, const char *verb);

gboolean kt_instance_is_running (const KtInstance *instance);
gboolean kt_instance_start (const KtInstance *instance, GCancellable *cancellable, GError **error);
/* Fast shutdown (sessions are ended, a checkpoint is written), then start. Waits until connections are accepted.
 * A failed start has the server's own last log lines as detail. */
gboolean kt_instance_restart (const KtInstance *instance, GCancellable *cancellable, GError **error);
/* Sends SIGHUP and waits until pg_conf_load_time() has moved. */
gboolean kt_instance_reload (const KtInstance *instance, GError **error);

/* Size of the log now, and what was added since: lines with FATAL, PANIC or ERROR from the server itself. */
gint64 kt_instance_log_position (const KtInstance *instance);
GStrv kt_instance_log_problems (const KtInstance *instance, gint64 since);
