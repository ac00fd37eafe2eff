/* SPDX-License-Identifier: MIT
 *
 * PostgreSQL's own client programs (pg_basebackup, pg_dump …) started against the server that a connection reaches, as
 * the user it was reached as. A password goes through the child's environment: never its arguments, never a log.
 */
#pragma once

#include "base/run.h"
#include "postgres/connection.h"

typedef struct {
  char *bin_directory;
  int major;        /* of the programs: the server's own, or newer */
  int server_major;
  char *user;       /* of this machine, as whom they connect; NULL: as we are */
  char *role;       /* in the server */
  char *database;   /* of the connection */
  char *conninfo;   /* host, port, role and the like; no database, no secret */
  GStrv env;        /* the secret, when there is one */
} KtClient;

/* @bin_directory: the running server's programs, when known. @program must be among them (pg_dump): else the packages of this
 * and of newer versions are looked for, and PATH. Errors: KT_ERROR_UNSUPPORTED naming the package. */
KtClient *kt_client_new (KtConnection *connection, const char *bin_directory, const char *program, GError **error);
void kt_client_free (KtClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtClient, kt_client_free)

/* conninfo for @database (NULL: the connection's own) under @application_name (NULL: the program's). Caller frees. */
char *kt_client_conninfo (const KtClient *client, const char *database, const char *application_name);

/* Path of a program beside the others. Errors: KT_ERROR_UNSUPPORTED. Caller frees. */
char *kt_client_program (const char *bin_directory, const char *name, GError **error);

/* Folder in which @program of @major or newer lies: @first (may be NULL) when it has it, packages, PATH; NULL: nowhere.
 * *found_major: its version. Caller frees. */
char *kt_client_find (const char *first, int major, const char *program, int *found_major);

/* It is nowhere: KT_ERROR_UNSUPPORTED naming the program, its version, the package, and each place that was looked at. */
void kt_client_set_missing (const char *first, int major, const char *program, GError **error);
