/* SPDX-License-Identifier: MIT */
#include "cli/renderers.h"

#include "base/size.h"

static const struct {
  const char *operation;
  KtRender render;
  KtRender question; /* NULL: that of a plan */
} renderers[] = {
  { "host", kt_render_host },
  { "doctor", kt_render_doctor },
  { "profile list", kt_render_profile_list },
  { "profile show", kt_render_profile },
  { "profile pick", kt_render_profile },
  { "profile check", kt_render_profile },
  { "advise", kt_render_advise },
  { "explain", kt_render_explain },
  { "config write", kt_render_config_write },
  { "config diff", kt_render_config_diff },
  { "config check", kt_render_config_check },
  { "config try", kt_render_config_try },
  { "plan", kt_render_plan },
  { "apply", kt_render_apply },
  { "undo", kt_render_undo },
  { "resume", kt_render_resume },
  { "confirm", kt_render_confirm },
  { "wait", kt_render_confirm },
  { "status", kt_render_status },
  { "history", kt_render_history },
  { "backup create", kt_render_backup_create },
  { "backup list", kt_render_backup_list },
  { "backup verify", kt_render_backup_verify },
  { "backup prune", kt_render_backup_prune, kt_render_backup_prune },
  { "backup restore", kt_render_backup_restore, kt_render_backup_restore },
  { "bench compare", kt_render_bench },
  { "bench run", kt_render_bench },
  { "bench tune", kt_render_bench_tune },
  { "bench size", kt_render_bench_size },
  { "bench list", kt_render_bench_list },
  { "bench show", kt_render_bench },
  { "indexer show", kt_render_indexer_show },
  { "indexer configure", kt_render_indexer_configure, kt_render_indexer_configure },
  { "indexer releases", kt_render_indexer_releases },
  { "indexer features", kt_render_indexer_features },
  { "indexer check", kt_render_indexer_check },
  { "host advise", kt_render_host_advise },
  { "storage show", kt_render_storage_show },
  { "storage estimate", kt_render_storage_estimate },
  { "storage adopt", kt_render_storage_change, kt_render_storage_plan },
  { "storage prepare", kt_render_storage_change, kt_render_storage_plan },
  { "storage move", kt_render_storage_move, kt_render_storage_move },
  { "reference", kt_render_reference },
};

KtRender
kt_render_find (const char *operation)
{
  for (gsize i = 0; i < G_N_ELEMENTS (renderers); i++)
    if (g_str_equal (renderers[i].operation, operation))
      return renderers[i].render;
  g_assert_not_reached ();
}

KtRender
kt_render_find_question (const char *operation)
{
  for (gsize i = 0; i < G_N_ELEMENTS (renderers); i++)
    if (g_str_equal (renderers[i].operation, operation) && renderers[i].question != NULL)
      return renderers[i].question;
  return kt_render_plan;
}

void
kt_render_line (GString *out, guint width, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  kt_text_wrap (out, text, width, 0);
}

void
kt_render_size (GString *out, gint64 bytes)
{
  g_autofree char *text = kt_size_format (bytes);
  g_string_append (out, text);
}

char *
kt_render_size_member (JsonObject *object, const char *name)
{
  gint64 bytes = kt_json_int (object, name, -1);
  return bytes < 0 ? g_strdup ("?") : kt_size_format (bytes);
}

void
kt_render_findings (JsonObject *answer, GString *out, guint width)
{
  JsonArray *findings = kt_json_array (answer, "findings");
  for (guint i = 0; findings != NULL && i < json_array_get_length (findings); i++)
    {
      JsonObject *finding = json_array_get_object_element (findings, i);
      const char *remedy = kt_json_string (finding, "remedy", NULL);
      kt_render_line (out, width, "%s: %s", kt_json_string (finding, "severity", "note"), kt_json_string (finding, "sentence", ""));
      if (remedy != NULL)
        {
          g_autofree char *line = g_strconcat ("-> ", remedy, NULL);
          kt_text_wrap (out, line, width, 2);
        }
    }
}
