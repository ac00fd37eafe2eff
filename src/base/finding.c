/* SPDX-License-Identifier: MIT */
#include "base/finding.h"

static void
finding_free (KtFinding *finding)
{
  g_free (finding->parameter);
  g_free (finding->sentence);
  g_free (finding->remedy);
  g_free (finding);
}

const char *
kt_severity_name (KtSeverity severity)
{
  static const char *const names[] = { "note", "warning", "error" };
  return names[severity];
}

GPtrArray *
kt_findings_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) finding_free);
}

/* Keeps the most severe first and equals in the order they were found. */
static guint
place_for (const GPtrArray *findings, KtSeverity severity)
{
  guint place = findings->len;
  while (place > 0 && ((KtFinding *) findings->pdata[place - 1])->severity < severity)
    place--;
  return place;
}

void
kt_findings_add (GPtrArray *findings, KtSeverity severity, const char *parameter, const char *remedy,
                 const char *format, ...)
{
  va_list arguments;
  KtFinding *finding = g_new0 (KtFinding, 1);
  finding->severity = severity;
  finding->parameter = g_strdup (parameter);
  finding->remedy = g_strdup (remedy);
  va_start (arguments, format);
  finding->sentence = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_ptr_array_insert (findings, (int) place_for (findings, severity), finding);
}

gboolean
kt_findings_refuse (const GPtrArray *findings)
{
  return findings->len > 0 && ((KtFinding *) findings->pdata[0])->severity == KT_SEVERITY_REFUSE;
}

JsonArray *
kt_findings_to_json (const GPtrArray *findings)
{
  JsonArray *array = json_array_new ();
  for (guint i = 0; i < findings->len; i++)
    {
      const KtFinding *finding = findings->pdata[i];
      JsonObject *object = json_object_new ();
      kt_json_set_string (object, "severity", kt_severity_name (finding->severity));
      kt_json_set_string (object, "parameter", finding->parameter);
      kt_json_set_string (object, "sentence", finding->sentence);
      kt_json_set_string (object, "remedy", finding->remedy);
      json_array_add_object_element (array, object);
    }
  return array;
}
