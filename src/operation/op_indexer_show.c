/* SPDX-License-Identifier: MIT
 *
 * indexer show: what runs, which release it is, what its database is, and what does not fit together.
 */
#include "operation/handlers.h"

#include "base/error.h"
#include "base/file.h"
#include "operation/indexer_parts.h"

/* An indexer that cannot be seen from here, by what it says: at an address, or in a document that somebody kept. */
static KtIndexer *
add_foreign (KtIndexers *indexers, const char *name, const char *api)
{
  KtProgram *program = g_new0 (KtProgram, 1);
  g_autoptr (GPtrArray) one = g_ptr_array_new ();
  program->kind = KT_PROGRAM_INDEXER;
  program->seen = KT_SEEN_API;
  program->name = g_strdup (name);
  program->api = g_strdup (api);
  program->runs = TRUE;
  g_ptr_array_add (one, program);
  g_autoptr (KtIndexers) made = kt_indexers_new (g_steal_pointer (&one));
  KtIndexer *indexer = g_ptr_array_steal_index (made->all, 0);
  g_ptr_array_insert (indexers->all, 0, indexer);
  return indexer;
}

static gboolean
take_document (KtIndexers *indexers, const char *file, GError **error)
{
  g_autofree char *text = NULL;
  if (!kt_file_read (file, &text, NULL, error))
    return FALSE;
  g_autoptr (JsonNode) node = kt_json_parse (text, error);
  JsonObject *document = node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  if (document == NULL)
    {
      if (node != NULL)
        kt_error_set (error, KT_ERROR_PARSE, NULL, "curl -s http://127.0.0.1:8500/api/metrics >metrics.json", "%s does not hold what an indexer says", file);
      return FALSE;
    }
  KtIndexer *indexer = add_foreign (indexers, file, NULL);
  indexer->status = kt_indexer_status_new ();
  if (kt_json_object (document, "kaspad") != NULL)
    kt_indexer_status_take_health (indexer->status, document);
  else
    kt_indexer_status_take_metrics (indexer->status, document, 0); /* when it was kept nobody knows */
  kt_indexer_settle (indexer);
  return TRUE;
}

static void
ask_at (KtIndexers *indexers, const char *url)
{
  g_autofree char *address = g_str_has_suffix (url, "/") ? g_strdup (url) : g_strconcat (url, "/", NULL);
  KtIndexer *indexer = add_foreign (indexers, url, address);
  indexer->status = kt_indexer_status_ask (address);
  kt_indexer_settle (indexer);
}

JsonObject *
kt_handle_indexer_show (KtOperationContext *context, JsonObject *args, GError **error)
{
  g_auto (GStrv) files = kt_indexer_files (args);
  g_autoptr (KtSysroot) root = kt_sysroot_open (NULL, error);
  const char *document = kt_json_string (args, "document", NULL), *api = kt_json_string (args, "api", NULL);
  g_autoptr (KtIndexers) indexers = root != NULL ? kt_indexers_look (root, (const char *const *) files, error) : NULL;
  if (indexers == NULL || !kt_indexer_load_database (context, args, indexers, error) || (document != NULL && !take_document (indexers, document, error)))
    return NULL;
  if (api != NULL)
    ask_at (indexers, api);
  g_autoptr (GPtrArray) findings = kt_findings_new ();
  kt_indexers_judge (indexers, findings);
  context->findings = kt_findings_refuse (findings);
  JsonObject *answer = kt_indexers_to_json (indexers);
  json_object_set_array_member (answer, "findings", kt_findings_to_json (findings));
  return answer;
}
