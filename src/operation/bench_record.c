/* SPDX-License-Identifier: MIT */
#include "operation/bench_record.h"

#include "base/error.h"
#include "bench/store.h"

static gboolean
refuse_others (JsonObject *args, const char *const *allowed, GError **error)
{
  g_autoptr (GList) given = json_object_get_members (args);
  for (GList *name = given; name != NULL; name = name->next)
    if (!g_strv_contains (allowed, name->data))
      {
        g_autofree char *known = g_strjoinv (", --", (char **) allowed);
        kt_error_set (error, KT_ERROR_USAGE, NULL, NULL,
                      "a measurement goes on with what it was begun with: it takes --%s, not “%s”", known,
                      (const char *) name->data);
        return FALSE;
      }
  return TRUE;
}

JsonObject *
kt_bench_resume (KtOperationContext *context, JsonObject *args, const char *kind, const char *const *allowed,
                 GError **error)
{
  gint64 id = kt_json_int (args, "resume", 0);
  g_autoptr (KtState) state = id != 0 ? kt_state_open (context->state_directory, error) : NULL;
  g_autoptr (JsonObject) document = state != NULL ? kt_bench_load (state, id, error) : NULL;
  if (document == NULL)
    return NULL;
  JsonObject *before = kt_json_object (document, "args");
  if (g_strcmp0 (kt_json_string (document, "kind", NULL), kind) != 0 || before == NULL)
    {
      kt_error_set (error, KT_ERROR_USAGE, NULL, "kastune bench list",
                    "result %" G_GINT64_FORMAT " is nothing that bench %s can go on with", id, kind);
      return NULL;
    }
  if (!refuse_others (args, allowed, error))
    return NULL;
  g_autoptr (GList) known = json_object_get_members (before);
  for (GList *name = known; name != NULL; name = name->next)
    if (!json_object_has_member (args, name->data))
      json_object_set_member (args, name->data, json_object_dup_member (before, name->data));
  return g_steal_pointer (&document);
}

static JsonObject *
args_to_keep (JsonObject *args)
{
  static const char *const not_kept[] = { "dsn", "server", NULL }; /* may hold secrets, and is not needed again */
  g_autoptr (GList) names = json_object_get_members (args);
  JsonObject *kept = json_object_new ();
  for (GList *name = names; name != NULL; name = name->next)
    if (!g_strv_contains (not_kept, name->data))
      json_object_set_member (kept, name->data, json_object_dup_member (args, name->data));
  return kept;
}

gboolean
kt_bench_begin (const KtBenchSetup *setup, const KtBenchRun *run, JsonObject *args, const char *kind,
                const char *title, JsonObject *document, GError **error)
{
  json_object_set_object_member (document, "args", args_to_keep (args));
  json_object_set_object_member (document, "host", kt_bench_host_to_json (&setup->host));
  json_object_set_object_member (document, "data_set", kt_data_set_to_json (setup->set, &setup->spec));
  kt_json_set_string (document, "regime", kt_json_string (args, "regime", NULL));
  json_object_set_string_member (document, "postgresql", setup->version);
  json_object_set_string_member (document, "bin_directory", setup->bin_directory);
  kt_json_set_string (document, "owner", setup->owner);
  json_object_set_int_member (document, "duration_ms", run->duration_ms);
  json_object_set_int_member (document, "checkpoints_wanted", run->checkpoints);
  json_object_set_int_member (document, "transactions_wanted", (gint64) run->transactions);
  json_object_set_string_member (document, "state", "unfinished");
  return kt_bench_save (setup->facts->state, kind, title, document, error);
}

gboolean
kt_bench_keep (JsonObject *document, gpointer state, GError **error)
{
  return kt_bench_update (state, document, error);
}

void
kt_bench_tell_kept (JsonObject *document, const char *command, GError **error)
{
  if (error == NULL || *error == NULL || (*error)->domain != KT_ERROR)
    return;
  g_autofree char *hint = g_strdup_printf ("finished runs are kept: kastune %s --resume %" G_GINT64_FORMAT, command,
                                           kt_json_int (document, "id", 0));
  g_autoptr (GError) cause = g_steal_pointer (error);
  kt_error_set (error, (KtErrorCode) cause->code, kt_error_detail (cause), hint, "%s", cause->message);
}
