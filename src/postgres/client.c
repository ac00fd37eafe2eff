/* SPDX-License-Identifier: MIT */
#include "postgres/client.h"

#include "base/error.h"

#include <string.h>

#define NEWER_MAJORS 4 /* how far beyond the server's version a program is looked for */

void
kt_client_free (KtClient *client)
{
  if (client == NULL)
    return;
  g_free (client->bin_directory);
  g_free (client->user);
  g_free (client->role);
  g_free (client->database);
  g_free (client->conninfo);
  g_strfreev (client->env);
  g_free (client);
}

/* ------------------------------------------------------------------------------------------------------- programs */

/* 0: not there, or it does not tell. */
static int
program_major (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  const char *const argv[] = { path, "--version", NULL };
  g_auto (KtRunResult) result = { 0 };
  if (!g_file_test (path, G_FILE_TEST_IS_EXECUTABLE) || !kt_run (&(KtRun){ .argv = argv }, &result, NULL, NULL))
    return 0;
  return (int) g_ascii_strtoll (result.output + strcspn (result.output, "0123456789"), NULL, 10);
}

/* Where packages put the programs of a version: Debian's, and the PostgreSQL project's for other systems. */
static const char *const folders[] = { "/usr/lib/postgresql/%d/bin", "/usr/pgsql-%d/bin" };

static char *
folder_of (gsize which, int version)
{
  g_auto (GStrv) parts = g_strsplit (folders[which], "%d", 2);
  return g_strdup_printf ("%s%d%s", parts[0], version, parts[1]);
}

char *
kt_client_find (const char *first, int major, const char *program, int *found_major)
{
  if (first != NULL && (*found_major = program_major (first, program)) >= major)
    return g_strdup (first);
  for (int version = major; version <= major + NEWER_MAJORS; version++)
    for (gsize i = 0; i < G_N_ELEMENTS (folders); i++)
      {
        g_autofree char *folder = folder_of (i, version);
        if ((*found_major = program_major (folder, program)) == version)
          return g_steal_pointer (&folder);
      }
  g_autofree char *path = g_find_program_in_path (program);
  g_autofree char *folder = path != NULL ? g_path_get_dirname (path) : NULL;
  if (folder != NULL && (*found_major = program_major (folder, program)) >= major)
    return g_steal_pointer (&folder);
  return NULL;
}

/* "/usr/pgsql-17/bin to /usr/pgsql-21/bin, /usr/bin (version 15)": what each place has of it is worth to know. Caller frees. */
static char *
places (const char *first, int major, const char *program)
{
  g_autoptr (GString) out = g_string_new (first);
  for (gsize i = 0; i < G_N_ELEMENTS (folders); i++)
    {
      g_autofree char *oldest = folder_of (i, major);
      g_autofree char *newest = folder_of (i, major + NEWER_MAJORS);
      g_string_append_printf (out, "%s%s to %s", out->len > 0 ? ", " : "", oldest, newest);
    }
  g_autofree char *path = g_find_program_in_path (program);
  g_autofree char *folder = path != NULL ? g_path_get_dirname (path) : NULL;
  if (folder != NULL)
    g_string_append_printf (out, ", %s (there it is of version %d)", folder, program_major (folder, program));
  else
    g_string_append (out, ", PATH");
  return g_string_free (g_steal_pointer (&out), FALSE);
}

void
kt_client_set_missing (const char *first, int major, const char *program, GError **error)
{
  g_autofree char *looked = places (first, major, program);
  g_autofree char *detail = g_strdup_printf ("looked in %s", looked);
  g_autofree char *hint = g_strdup_printf ("apt-get install postgresql-client-%d, or put the folder of newer ones into PATH", major);
  kt_error_set (error, KT_ERROR_UNSUPPORTED, detail, hint, "there is no %s of PostgreSQL %d or newer on this machine", program, major);
}

char *
kt_client_program (const char *bin_directory, const char *name, GError **error)
{
  g_autofree char *path = g_build_filename (bin_directory, name, NULL);
  if (g_file_test (path, G_FILE_TEST_IS_EXECUTABLE))
    return g_steal_pointer (&path);
  kt_error_set (error, KT_ERROR_UNSUPPORTED, NULL, "install the server and client packages of this PostgreSQL version",
                "there is no %s", path);
  return NULL;
}

/* ----------------------------------------------------------------------------------------------------- connection */

/* What is said anew below, what libpq resolved already, and what is a secret. */
static gboolean
is_passed_on (const char *keyword)
{
  static const char *const left_out[] = { "host", "hostaddr", "port", "user", "dbname", "password", "passfile", "sslpassword",
                                          "service", "servicefile", "client_encoding", "application_name",
                                          "fallback_application_name", "replication", "target_session_attrs",
                                          "load_balance_hosts", "oauth_client_secret", "scram_client_key",
                                          "scram_server_key", NULL };
  return !g_strv_contains (left_out, keyword);
}

static void
add_word (GString *out, const char *keyword, const char *value)
{
  if (value == NULL || *value == '\0')
    return;
  g_string_append_printf (out, "%s%s='", out->len > 0 ? " " : "", keyword);
  for (; *value != '\0'; value++)
    {
      if (*value == '\'' || *value == '\\')
        g_string_append_c (out, '\\');
      g_string_append_c (out, *value);
    }
  g_string_append_c (out, '\'');
}

static char *
conninfo_of (PGconn *pq)
{
  g_autoptr (GString) out = g_string_new (NULL);
  const char *address = PQhost (pq) != NULL && *PQhost (pq) != '/' ? PQhostaddr (pq) : NULL;
  add_word (out, "host", PQhost (pq));
  add_word (out, "hostaddr", address);
  add_word (out, "port", PQport (pq));
  add_word (out, "user", PQuser (pq));
  PQconninfoOption *options = PQconninfo (pq);
  for (const PQconninfoOption *option = options; option != NULL && option->keyword != NULL; option++)
    if (is_passed_on (option->keyword) && g_strcmp0 (option->val, option->compiled) != 0)
      add_word (out, option->keyword, option->val);
  PQconninfoFree (options);
  return g_string_free (g_steal_pointer (&out), FALSE);
}

KtClient *
kt_client_new (KtConnection *connection, const char *bin_directory, const char *program, GError **error)
{
  PGconn *pq = kt_connection_pq (connection);
  g_autoptr (KtClient) client = g_new0 (KtClient, 1);
  client->server_major = kt_connection_major (connection);
  client->bin_directory = kt_client_find (bin_directory, client->server_major, program, &client->major);
  if (client->bin_directory == NULL)
    {
      kt_client_set_missing (bin_directory, client->server_major, program, error);
      return NULL;
    }
  client->user = g_strdup (kt_connection_os_user (connection));
  client->role = g_strdup (PQuser (pq));
  client->database = g_strdup (PQdb (pq));
  client->conninfo = conninfo_of (pq);
  const char *password = PQpass (pq);
  if (password != NULL && *password != '\0')
    {
      client->env = g_new0 (char *, 2);
      client->env[0] = g_strconcat ("PGPASSWORD=", password, NULL);
    }
  return g_steal_pointer (&client);
}

char *
kt_client_conninfo (const KtClient *client, const char *database, const char *application_name)
{
  g_autoptr (GString) out = g_string_new (client->conninfo);
  add_word (out, "dbname", database != NULL ? database : client->database);
  add_word (out, "application_name", application_name);
  return g_string_free (g_steal_pointer (&out), FALSE);
}
