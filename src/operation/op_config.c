/* SPDX-License-Identifier: MIT */
#include "operation/facts.h"
#include "operation/handlers.h"

#include "base/error.h"
#include "base/file.h"
#include "operation/trial.h"
#include "postgres/conffile.h"
#include "tuning/check.h"
#include "tuning/conf_text.h"

JsonObject *
kt_handle_config_write (KtOperationContext *context, JsonObject *args, GError **error)
{
  g_autoptr (KtFacts) facts = kt_facts_load (context, args, KT_FACTS_ADVICE, error);
  if (facts == NULL)
    return NULL;
  g_autofree char *text = kt_conf_text (facts->advice);
  const char *file = kt_json_string (args, "file", NULL);
  if (file != NULL && !kt_file_write (file, text, -1, NULL, error))
    return NULL;
  JsonObject *answer = json_object_new ();
  kt_json_set_string (answer, "file", file);
  json_object_set_string_member (answer, "text", text);
  return answer;
}

/* The file that was named, or what kastune would write. */
static KtConfFile *
candidate_file (KtFacts *facts, JsonObject *args, GError **error)
{
  const char *path = kt_json_string (args, "file", NULL);
  if (path != NULL)
    return kt_conf_file_read (path, error);
  g_autofree char *text = kt_conf_text (facts->advice);
  return kt_conf_file_parse ("the advice", text);
}

static void
add_broken_lines (const KtConfFile *file, GPtrArray *findings)
{
  for (guint i = 0; i < file->lines->len; i++)
    {
      const KtConfLine *line = file->lines->pdata[i];
      if (line->kind == KT_CONF_BROKEN)
        kt_findings_add (findings, KT_SEVERITY_REFUSE, line->name, "correct the line; the server does not start with it", "%s:%u: %s",
                         file->path, line->line, line->problem);
    }
}

/* Only the winning line of each name counts in a comparison. */
static JsonArray *
difference (const KtConfFile *file, const KtServer *server)
{
  JsonArray *rows = json_array_new ();
  for (guint i = 0; i < file->lines->len; i++)
    {
      const KtConfLine *line = file->lines->pdata[i];
      if (line->kind != KT_CONF_SETTING || kt_conf_file_get (file, line->name) != line)
        continue;
      const KtSetting *running = kt_server_setting (server, line->name);
      g_autofree char *now = running != NULL ? kt_setting_text (running) : NULL;
      if (running != NULL && kt_guc_equal (running->type, running->unit, now, line->value))
        continue;
      g_autofree char *origin = running != NULL ? kt_setting_origin (running) : g_strdup ("the server does not know it");
      JsonObject *row = json_object_new ();
      json_object_set_string_member (row, "name", line->name);
      kt_json_set_string (row, "running", now);
      json_object_set_string_member (row, "file", line->value);
      json_object_set_int_member (row, "line", line->line);
      json_object_set_string_member (row, "origin", origin);
      json_array_add_object_element (rows, row);
    }
  return rows;
}

JsonObject *
kt_handle_config_diff (KtOperationContext *context, JsonObject *args, GError **error)
{
  g_autoptr (KtFacts) facts = kt_facts_load (context, args, KT_FACTS_SERVER | KT_FACTS_ADVICE, error);
  g_autoptr (KtConfFile) file = facts != NULL ? candidate_file (facts, args, error) : NULL;
  if (file == NULL)
    return NULL;
  if (facts->server == NULL)
    {
      kt_error_set (error, KT_ERROR_USAGE, NULL, "leave out --root and --pg-version", "a running server is needed to compare with");
      return NULL;
    }
  g_autoptr (GPtrArray) findings = kt_findings_new ();
  add_broken_lines (file, findings);
  JsonObject *answer = json_object_new ();
  json_object_set_string_member (answer, "file", file->path);
  json_object_set_array_member (answer, "differences", difference (file, facts->server));
  json_object_set_array_member (answer, "findings", kt_findings_to_json (findings));
  return answer;
}

/* Lines without effect because a later one sets another value; one finding a parameter, about the last of them. */
static void
add_repeated (const KtConfTree *tree, GPtrArray *findings)
{
  g_autoptr (GHashTable) said = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = tree->entries->len; i > 0; i--)
    {
      const KtConfEntry *entry = tree->entries->pdata[i - 1];
      gboolean loses = !entry->wins && !g_hash_table_contains (said, entry->name);
      const KtConfEntry *winner = loses ? kt_conf_tree_get (tree, entry->name) : NULL;
      if (winner != NULL && !g_str_equal (winner->value, entry->value) && g_hash_table_add (said, entry->name))
        kt_findings_add (findings, KT_SEVERITY_NOTE, entry->name, "remove the line that is not meant",
                         "%s:%u: %s = %s has no effect, %s:%u sets %s", entry->path, entry->line, entry->name, entry->value,
                         winner->path, winner->line, winner->value);
    }
}

/* What stops a line from taking effect, as the server sees it. */
static void
add_overridden (const KtConfTree *tree, const KtServer *server, GPtrArray *findings)
{
  for (guint i = 0; i < tree->entries->len; i++)
    {
      const KtConfEntry *entry = tree->entries->pdata[i];
      const KtSetting *running = kt_server_setting (server, entry->name);
      if (entry->wins && running != NULL && g_strcmp0 (running->source, "command line") == 0)
        {
          g_autofree char *value = kt_setting_text (running);
          kt_findings_add (findings, KT_SEVERITY_WARNING, entry->name,
                           "change it where the server is started (-c, docker command:, Patroni)",
                           "%s:%u: %s = %s has no effect, the server's command line sets %s", entry->path, entry->line,
                           entry->name, entry->value, value);
        }
    }
}

static GPtrArray *
check_entries (const KtInputs *in, const KtConfTree *tree)
{
  g_autoptr (GArray) set = g_array_new (FALSE, TRUE, sizeof (KtProposal));
  g_autoptr (GPtrArray) places = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < tree->entries->len; i++)
    {
      const KtConfEntry *entry = tree->entries->pdata[i];
      char *place = g_strdup_printf ("%s:%u", entry->path, entry->line);
      g_ptr_array_add (places, place);
      if (entry->checked)
        g_array_append_val (set, ((KtProposal){ entry->name, entry->value, place }));
    }
  return kt_check (in, (const KtProposal *) set->data, set->len);
}

JsonObject *
kt_handle_config_check (KtOperationContext *context, JsonObject *args, GError **error)
{
  g_autoptr (KtFacts) facts = kt_facts_load (context, args, KT_FACTS_ADVICE, error);
  if (facts == NULL)
    return NULL;
  const char *path = kt_json_string (args, "file", NULL);
  const KtServer *server = facts->server;
  if (path == NULL && (server == NULL || server->config_file == NULL))
    {
      kt_error_set (error, KT_ERROR_USAGE, NULL, "kastune config check FILE", "there is no server whose files could be checked");
      return NULL;
    }
  /* A named file stands for itself; postgresql.auto.conf belongs only to the server's own tree. */
  g_autofree char *nowhere = path != NULL ? g_path_get_dirname (path) : NULL;
  g_autoptr (KtConfTree) tree = path != NULL ? kt_conf_tree_read (path, nowhere, error)
                                             : kt_conf_tree_read (server->config_file, server->data_directory, error);
  if (tree == NULL)
    return NULL;
  g_autoptr (GPtrArray) findings = check_entries (facts->advice->in, tree);
  for (guint i = 0; i < tree->problems->len; i++)
    {
      const KtConfProblem *problem = tree->problems->pdata[i];
      kt_findings_add (findings, KT_SEVERITY_REFUSE, NULL, "the server does not start with it", "%s:%u: %s", problem->path,
                       problem->line, problem->text);
    }
  add_repeated (tree, findings);
  if (server != NULL)
    add_overridden (tree, server, findings);
  context->findings = findings->len > 0;
  JsonObject *answer = json_object_new ();
  json_object_set_string_member (answer, "file", path != NULL ? path : server->config_file);
  json_object_set_int_member (answer, "settings", tree->entries->len);
  json_object_set_boolean_member (answer, "accepted", !kt_findings_refuse (findings));
  json_object_set_array_member (answer, "findings", kt_findings_to_json (findings));
  return answer;
}

JsonObject *
kt_handle_config_try (KtOperationContext *context, JsonObject *args, GError **error)
{
  g_autoptr (KtFacts) facts = kt_facts_load (context, args, KT_FACTS_SERVER | KT_FACTS_ADVICE, error);
  g_autoptr (KtConfFile) file = facts != NULL ? candidate_file (facts, args, error) : NULL;
  if (file == NULL)
    return NULL;
  g_autofree char *text = kt_conf_file_to_text (file);
  g_autoptr (JsonObject) answer = kt_trial_run (facts, context, text, error);
  if (answer == NULL)
    return NULL;
  json_object_set_string_member (answer, "file", file->path);
  context->findings = !kt_json_bool (answer, "started", FALSE);
  return g_steal_pointer (&answer);
}
