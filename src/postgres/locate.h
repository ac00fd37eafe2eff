/* SPDX-License-Identifier: MIT
 *
 * Is the server that we are connected to on this machine, and which process is it? A unix socket tells who listens on it
 * without any rights; otherwise postmaster.pid must name the port and the start time of this very server. A server in a
 * container is not local even when its process can be seen: its files are elsewhere.
 */
#pragma once

#include "postgres/server.h"

/* Fills local, postmaster_pid, wal_directory, socket_directory and, where the server hides it, data_directory. */
void kt_server_locate (KtServer *server, KtConnection *connection);

/* postmaster.pid of a data directory. FALSE when it is absent, unreadable or not one. */
typedef struct {
  gint64 pid;
  gint64 started_at; /* Unix seconds */
  int port;
} KtPostmasterFile;
gboolean kt_postmaster_file_read (const char *data_directory, KtPostmasterFile *file);

/* TRUE when process @pid is alive and works in @data_directory, as every postmaster does. Where that cannot be looked at
 * (no rights), a living process of that number with the name of a postmaster is believed. */
gboolean kt_postmaster_is_alive (gint64 pid, const char *data_directory);

/* A postmaster that has ended, but whose parent has not taken note yet: its number still stands in the way of a start. */
gboolean kt_postmaster_is_ghost (gint64 pid);
