/* SPDX-License-Identifier: MIT
 *
 * Looks at everything kastune needs, one row a thing, and says how to get what is missing.
 */
#include "operation/facts.h"
#include "operation/handlers.h"

#include "base/error.h"
#include "change/journal.h"
#include "postgres/conffile.h"
#include "postgres/instance.h"

#include <unistd.h>

typedef enum {
  GOOD,
  OPTIONAL, /* works without; something is lost */
  MISSING,
} Health;

static const char *const health_names[] = { [GOOD] = "good", [OPTIONAL] = "optional", [MISSING] = "missing" };

typedef struct {
  JsonArray *rows;
  Health worst;
} Report;

static void
add (Report *report, Health health, const char *name, const char *remedy, const char *format, ...) G_GNUC_PRINTF (5, 6);

static void
add (Report *report, Health health, const char *name, const char *remedy, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *detail = g_strdup_vprintf (format, args);
  va_end (args);
  JsonObject *row = json_object_new ();
  json_object_set_string_member (row, "name", name);
  json_object_set_string_member (row, "health", health_names[health]);
  json_object_set_string_member (row, "detail", detail);
  if (health != GOOD)
    kt_json_set_string (row, "remedy", remedy);
  json_array_add_object_element (report->rows, row);
  report->worst = MAX (report->worst, health);
}

static void
add_error (Report *report, Health health, const char *name, const GError *error)
{
  const char *detail = kt_error_detail (error);
  add (report, health, name, kt_error_hint (error), "%s%s%s", error->message, detail != NULL ? ": " : "", detail != NULL ? detail : "");
}

static void
look_at_state (Report *report, KtFacts *facts)
{
  g_autoptr (GError) error = NULL;
  KtState *state = kt_facts_state (facts, &error);
  if (state == NULL || !kt_journal_init (state, &error))
    {
      add_error (report, MISSING, "journal", error);
      return;
    }
  guint unfinished = 1 << KT_CHANGE_RUNNING | 1 << KT_CHANGE_UNDOING | 1 << KT_CHANGE_STUCK;
  g_autoptr (KtChange) change = kt_journal_newest (state, NULL, unfinished, &error);
  if (error != NULL)
    add_error (report, MISSING, "journal", error);
  else if (change != NULL)
    add (report, MISSING, "journal", "kastune status", "change set %" G_GINT64_FORMAT " is %s", change->id, kt_change_state_name (change->state));
  else
    add (report, GOOD, "journal", NULL, "%s can be written, nothing is unfinished", kt_state_directory (state));
}

static void
look_at_files (Report *report, const KtServer *server)
{
  if (server->config_file == NULL)
    return;
  const KtFileSetting *line = kt_server_broken_line (server);
  g_autoptr (GError) error = NULL;
  g_autoptr (KtConfTree) tree = kt_conf_tree_read (server->config_file, server->data_directory, &error);
  if (tree == NULL)
    add_error (report, MISSING, "configuration files", error);
  else if (tree->problems->len > 0)
    {
      const KtConfProblem *problem = tree->problems->pdata[0];
      add (report, MISSING, "configuration files", "kastune config check", "%s:%u: %s: the server would not start again",
           problem->path, problem->line, problem->text);
    }
  else if (line != NULL)
    add (report, MISSING, "configuration files", "mend that line; kastune config check lists all",
         "%s:%u: %s: %s: the server would not start again", line->path, line->line, line->name != NULL ? line->name : "", line->error);
  else if (access (server->config_file, W_OK) != 0)
    add (report, MISSING, "configuration files", "run kastune as root, or as the user the server runs as",
         "%s may not be written", server->config_file);
  else if (tree->include_dir != NULL)
    add (report, GOOD, "configuration files", NULL, "an own file in %s takes effect", tree->include_dir);
  else
    add (report, GOOD, "configuration files", NULL, "no include_dir is active, so ALTER SYSTEM is used");
}

static void
look_at_control (Report *report, const KtFacts *facts)
{
  static const char *const programs[] = { "postgres", "initdb", "pg_ctl" };
  g_autoptr (GError) error = NULL;
  g_autoptr (KtInstance) instance = kt_instance_find (facts->server, facts->conninfo, &error);
  if (instance == NULL)
    {
      add_error (report, MISSING, "control of the server", error);
      return;
    }
  g_autofree char *restart = kt_instance_describe (instance, "restart");
  gboolean may = geteuid () == 0 || g_strcmp0 (instance->owner, g_get_user_name ()) == 0;
  add (report, may ? GOOD : MISSING, "control of the server", "run kastune as root, or as the user the server runs as", "%s", restart);
  for (gsize i = 0; instance->bin_directory != NULL && i < G_N_ELEMENTS (programs); i++)
    {
      g_autofree char *path = g_build_filename (instance->bin_directory, programs[i], NULL);
      if (!g_file_test (path, G_FILE_TEST_IS_EXECUTABLE))
        add (report, MISSING, programs[i], "install the server package of the same version", "%s is not there", path);
    }
}

static void
look_at_server (Report *report, KtFacts *facts)
{
  const KtServer *server = facts->server;
  if (server == NULL)
    {
      add_error (report, MISSING, "server", facts->server_error);
      return;
    }
  g_autofree char *name = kt_connection_describe (facts->connection);
  gboolean known = server->major >= KT_MAJOR_FIRST && server->major <= KT_MAJOR_LAST;
  add (report, known ? GOOD : MISSING, "server", "kastune knows PostgreSQL 13 to 18", "%s, PostgreSQL %s", name, server->version);
  add (report, server->superuser ? GOOD : MISSING, "rights in the server", "connect as a superuser for apply (--dsn 'user=postgres'); advise works with pg_monitor",
       server->superuser ? "superuser" : "no superuser");
  for (guint i = 0; i < server->notes->len; i++)
    add (report, OPTIONAL, "rights in the server", NULL, "%s", (const char *) server->notes->pdata[i]);
  add (report, server->indexer_schema > 0 ? GOOD : OPTIONAL, "indexer", "connect to the indexer's database (--dsn 'dbname=…') for advice on its tables",
       server->indexer_schema > 0 ? "schema %d" : "no indexer's tables in this database", server->indexer_schema);
  if (!server->local)
    {
      add (report, facts->machine.memory > 0 ? GOOD : MISSING, "this machine",
           "say what it has (--memory 16G --cpus 8 --storage nvme), or run kastune where the server runs, as root",
           "the server is not on this machine, or its files cannot be seen: settings go by SQL alone, and you restart it");
      return;
    }
  look_at_files (report, server);
  look_at_control (report, facts);
}

static void
look_at_disk (Report *report, const KtFacts *facts)
{
  for (guint i = 0; i < facts->platform->volumes->len; i++)
    {
      const KtVolume *volume = facts->platform->volumes->pdata[i];
      add (report, volume->probe != NULL ? GOOD : OPTIONAL, "disk", "kastune host", "%s: %s (%s)", volume->path,
           kt_storage_class_name (volume->class), volume->class_reason);
    }
  for (guint i = 0; i < facts->platform->notes->len; i++)
    add (report, OPTIONAL, "machine", NULL, "%s", (const char *) facts->platform->notes->pdata[i]);
}

JsonObject *
kt_handle_doctor (KtOperationContext *context, JsonObject *args, GError **error)
{
  g_autoptr (KtFacts) facts = kt_facts_load (context, args, 0, error);
  if (facts == NULL)
    return NULL;
  Report report = { json_array_new (), GOOD };
  look_at_state (&report, facts);
  look_at_server (&report, facts);
  look_at_disk (&report, facts);
  context->findings = report.worst == MISSING;
  JsonObject *answer = json_object_new ();
  json_object_set_boolean_member (answer, "ready", report.worst != MISSING);
  json_object_set_array_member (answer, "checks", report.rows);
  return answer;
}
