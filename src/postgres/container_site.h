/* SPDX-License-Identifier: MIT
 *
 * A server in a container of this machine, seen from outside: which container, where its folders lie here, its process.
 */
#pragma once

#include "docker/container.h"
#include "postgres/server.h"

/* Looks for the container that the connection leads to, or takes the one of @name, and makes sure that the server's own
 * postmaster.pid lies in it. Then @server is local: its paths are those of this machine, and ->container is set. Without a
 * @name nothing that goes wrong is an error: the server stays as it is, and what would help becomes a note.
 * Errors: those of kt_engine_get; KT_ERROR_REFUSED when @name runs another server; KT_ERROR_PRIVILEGE. */
gboolean kt_server_enter_container (KtServer *server, KtConnection *connection, const char *name, GError **error);

void kt_server_container_free (KtServerContainer *container);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtServerContainer, kt_server_container_free)
