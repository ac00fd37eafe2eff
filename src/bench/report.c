/* SPDX-License-Identifier: MIT */
#include "bench/report.h"

#include "bench/metric.h"

#include <math.h>
#include <string.h>

#define BAR_HEIGHT 22
#define LEAST_LABEL_WIDTH 120
#define MOST_LABEL_WIDTH 420
#define LETTER_WIDTH 6.6 /* of 12 px, about */
#define CHART_WIDTH 480
#define VALUE_WIDTH 250
#define LINE_WIDTH 700
#define LINE_HEIGHT 180
#define WHISKER_REACH 1.25 /* of the longest bar: wider intervals are cut there */

static const char style[]
  = "body{font:15px/1.45 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1f24}"
    "body{background:#fff}h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}"
    "table{border-collapse:collapse;font-size:.9rem}"
    "th,td{padding:.2rem .6rem;border-bottom:1px solid #d0d7de;text-align:right}"
    "th:first-child,td:first-child{text-align:left}"
    ".chart{overflow-x:auto}svg{max-width:100%;min-width:40rem;height:auto}svg text{font:12px system-ui,sans-serif;fill:currentColor}"
    ".bar{fill:#4c78a8}.first{fill:#9aa5b1}.whisker{stroke:#1b1f24;stroke-width:1.5}"
    ".line{fill:none;stroke:#4c78a8;stroke-width:1.5}.axis{stroke:#9aa5b1}"
    "pre{background:#f6f8fa;color:#1b1f24;padding:.8rem;overflow-x:auto}.cp{stroke:#d1495b;stroke-dasharray:3 3}.muted{color:#57606a}"
    "@media(prefers-color-scheme:dark){body{background:#0d1117;color:#e6edf3}"
    "th,td{border-color:#30363d}.whisker{stroke:#e6edf3}.muted{color:#9aa5b1}}";

static void
add_text (GString *html, const char *text)
{
  g_autofree char *escaped = g_markup_escape_text (text != NULL ? text : "", -1);
  g_string_append (html, escaped);
}

static void
add_element (GString *html, const char *element, const char *text)
{
  g_string_append_printf (html, "<%s>", element);
  add_text (html, text);
  g_string_append_printf (html, "</%s>\n", element);
}

/* Three significant digits, no exponent. Numbers of a document must not depend on the locale. */
static void
add_number (GString *html, double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  int decimals = value == 0 || fabs (value) >= 100 ? 0 : fabs (value) >= 10 ? 1 : fabs (value) >= 1 ? 2 : 3;
  g_autofree char *format = g_strdup_printf ("%%.%df", decimals);
  g_string_append (html, g_ascii_formatd (text, sizeof text, format, value));
}

static JsonArray *
configurations_of (JsonObject *document)
{
  return kt_json_array (document, "configurations");
}

static double
largest (JsonObject *document, const char *metric)
{
  JsonArray *configurations = configurations_of (document);
  double most = 0;
  for (guint i = 0; i < json_array_get_length (configurations); i++)
    {
      JsonObject *estimate = kt_json_object (kt_json_object (json_array_get_object_element (configurations, i),
                                                             "summary"),
                                             metric);
      if (estimate != NULL)
        most = MAX (most, kt_json_double (estimate, "value", 0));
    }
  return most;
}

/* Room for the longest name. */
static int
label_width (JsonObject *document)
{
  JsonArray *configurations = configurations_of (document);
  glong most = 0;
  for (guint i = 0; i < json_array_get_length (configurations); i++)
    most = MAX (most, g_utf8_strlen (kt_json_string (json_array_get_object_element (configurations, i), "name", "?"), -1));
  return CLAMP ((int) ((double) most * LETTER_WIDTH) + 10, LEAST_LABEL_WIDTH, MOST_LABEL_WIDTH);
}

static void
add_coordinate (GString *html, const char *name, double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  g_string_append_printf (html, " %s=\"%s\"", name, g_ascii_formatd (text, sizeof text, "%.1f", value));
}

/* " (x 1.23)", with what has to be said of it. */
static void
add_ratio (GString *html, JsonObject *configuration, const char *metric)
{
  JsonObject *ratio = kt_json_object (kt_json_object (configuration, "ratios"), metric);
  const char *change = ratio != NULL ? kt_json_string (ratio, "change", "unknown") : NULL;
  if (!kt_json_bool (configuration, "counts", TRUE))
    {
      g_string_append (html, " (not counted)");
      return;
    }
  if (ratio == NULL)
    return;
  g_string_append (html, " (x ");
  add_number (html, kt_json_double (ratio, "value", 0));
  g_string_append (html, g_str_equal (change, "none")      ? ", no difference shown)"
                         : g_str_equal (change, "unknown") ? ", one round)"
                                                           : ")");
}

/* Where on the page bars begin, and pixels for one unit. */
typedef struct {
  int left;
  double scale, most;
} Axis;

static void
add_bar (GString *html, JsonObject *configuration, const KtBenchMetric *metric, guint row, const Axis *axis)
{
  JsonObject *estimate = kt_json_object (kt_json_object (configuration, "summary"), metric->name);
  double value = kt_json_double (estimate, "value", 0), y = row * BAR_HEIGHT, middle = y + BAR_HEIGHT / 2.0;
  g_string_append_printf (html, "<text x=\"0\" y=\"%d\">", (int) (y + BAR_HEIGHT - 7));
  add_text (html, kt_json_string (configuration, "name", "?"));
  g_string_append_printf (html, "</text><rect class=\"%s\"", row == 0 ? "first" : "bar");
  add_coordinate (html, "x", axis->left);
  add_coordinate (html, "y", y + 3);
  add_coordinate (html, "width", value * axis->scale);
  add_coordinate (html, "height", BAR_HEIGHT - 8);
  g_string_append (html, "/>");
  if (json_object_has_member (estimate, "low"))
    {
      double high = MIN (kt_json_double (estimate, "high", 0), WHISKER_REACH * axis->most);
      g_string_append (html, "<line class=\"whisker\"");
      add_coordinate (html, "x1", axis->left + MAX (0, kt_json_double (estimate, "low", 0)) * axis->scale);
      add_coordinate (html, "x2", axis->left + high * axis->scale);
      add_coordinate (html, "y1", middle - 1);
      add_coordinate (html, "y2", middle - 1);
      g_string_append (html, "/>");
    }
  g_string_append_printf (html, "<text x=\"%d\" y=\"%d\">", axis->left + CHART_WIDTH + 10,
                          (int) (y + BAR_HEIGHT - 7));
  add_number (html, value);
  add_ratio (html, configuration, metric->name);
  g_string_append (html, "</text>\n");
}

static void
add_bars (GString *html, JsonObject *document, const KtBenchMetric *metric)
{
  JsonArray *configurations = configurations_of (document);
  double most = largest (document, metric->name);
  guint n = json_array_get_length (configurations), rows = 0;
  if (most <= 0)
    return;
  const Axis axis = { label_width (document), CHART_WIDTH / (WHISKER_REACH * most), most };
  int width = axis.left + CHART_WIDTH + VALUE_WIDTH;
  g_autofree char *title = g_strdup_printf ("%s (%s), %s is better", metric->title, metric->unit,
                                            metric->better == KT_BETTER_LESS ? "less" : "more");
  add_element (html, "h3", title);
  g_string_append (html, "<p class=\"muted\">");
  add_text (html, metric->meaning);
  g_string_append_printf (html, "</p><div class=\"chart\"><svg role=\"img\" viewBox=\"0 0 %d %u\" width=\"%d\">\n", width,
                          n * BAR_HEIGHT, width);
  for (guint i = 0; i < n; i++)
    {
      JsonObject *configuration = json_array_get_object_element (configurations, i);
      if (kt_json_object (kt_json_object (configuration, "summary"), metric->name) != NULL)
        add_bar (html, configuration, metric, rows++, &axis);
    }
  g_string_append (html, "</svg></div>\n");
}

/* ---- one run over time ---- */

static double
point (JsonObject *series, const char *name, guint i)
{
  JsonArray *values = kt_json_array (series, name);
  return values != NULL && i < json_array_get_length (values) ? json_array_get_double_element (values, i) : 0;
}

static double
rate_at (JsonObject *series, guint i)
{
  double before = i > 0 ? point (series, "at_ms", i - 1) : 0, now = point (series, "at_ms", i);
  return now > before ? MAX (0, point (series, "transactions", i)) * 1000 / (now - before) : 0;
}

static void
add_timeline (GString *html, JsonObject *series, double most)
{
  guint n = json_array_get_length (kt_json_array (series, "at_ms"));
  double end = n > 0 ? point (series, "at_ms", n - 1) : 0;
  const int width = LINE_WIDTH;
  if (n < 2 || end <= 0 || most <= 0)
    return;
  g_string_append_printf (html,
                          "<div class=\"chart\"><svg role=\"img\" viewBox=\"0 0 %d %d\" width=\"%d\"><line class=\"axis\" x1=\"0\" "
                          "y1=\"%d\" x2=\"%d\" y2=\"%d\"/>\n",
                          width, LINE_HEIGHT + 20, width, LINE_HEIGHT, width, LINE_HEIGHT);
  for (guint i = 0; i < n; i++)
    {
      if (point (series, "checkpoints_timed", i) + point (series, "checkpoints_requested", i) <= 0)
        continue;
      g_string_append (html, "<line class=\"cp\" y1=\"0\"");
      add_coordinate (html, "x1", point (series, "at_ms", i) / end * width);
      add_coordinate (html, "x2", point (series, "at_ms", i) / end * width);
      add_coordinate (html, "y2", LINE_HEIGHT);
      g_string_append (html, "/>");
    }
  g_string_append (html, "<polyline class=\"line\" points=\"");
  for (guint i = 0; i < n; i++)
    {
      char x[G_ASCII_DTOSTR_BUF_SIZE], y[G_ASCII_DTOSTR_BUF_SIZE];
      g_string_append_printf (html, "%s,%s ",
                              g_ascii_formatd (x, sizeof x, "%.1f", point (series, "at_ms", i) / end * width),
                              g_ascii_formatd (y, sizeof y, "%.1f", LINE_HEIGHT * (1 - rate_at (series, i) / most)));
    }
  g_string_append_printf (html, "\"/><text x=\"0\" y=\"%d\">0 s</text><text x=\"%d\" y=\"%d\">", LINE_HEIGHT + 16,
                          width - 60, LINE_HEIGHT + 16);
  add_number (html, end / 1000);
  g_string_append (html, " s</text><text x=\"4\" y=\"12\">");
  add_number (html, most);
  g_string_append (html, " tx/s</text></svg></div>\n");
}

/* Timelines share one scale: the fastest second of all. */
static double
fastest (JsonObject *document)
{
  JsonArray *configurations = configurations_of (document);
  double most = 0;
  for (guint i = 0; i < json_array_get_length (configurations); i++)
    {
      JsonArray *runs = kt_json_array (json_array_get_object_element (configurations, i), "runs");
      for (guint k = 0; k < json_array_get_length (runs); k++)
        {
          JsonObject *series = kt_json_object (json_array_get_object_element (runs, k), "series");
          guint n = series != NULL ? json_array_get_length (kt_json_array (series, "at_ms")) : 0;
          for (guint j = 0; j < n; j++)
            most = MAX (most, rate_at (series, j));
        }
    }
  return most;
}

/* "; before it 20 s of warm-up at 812 tx/s", or nothing. Caller frees. */
static char *
warm_up_words (JsonObject *run)
{
  JsonObject *warm_up = kt_json_object (run, "warm_up");
  if (warm_up == NULL || !json_object_has_member (warm_up, "transactions_per_s"))
    return g_strdup ("");
  return g_strdup_printf ("; before it %.0f s of warm-up at %.0f tx/s", kt_json_double (warm_up, "elapsed_ms", 0) / 1000,
                          kt_json_double (warm_up, "transactions_per_s", 0));
}

static void
add_runs (GString *html, JsonObject *document, JsonObject *configuration, double most)
{
  JsonArray *runs = kt_json_array (configuration, "runs");
  add_element (html, "h3", kt_json_string (configuration, "name", "?"));
  if (kt_json_string (configuration, "problem", NULL) != NULL)
    add_element (html, "p", kt_json_string (configuration, "problem", NULL));
  for (guint i = 0; i < json_array_get_length (runs); i++)
    {
      JsonObject *run = json_array_get_object_element (runs, i);
      g_autofree char *warm_up = warm_up_words (run);
      g_autofree char *head = g_strdup_printf (
        "run %" G_GINT64_FORMAT ": bounded by %s; %" G_GINT64_FORMAT " checkpoints%s%s%s",
        kt_json_int (run, "round", 0), kt_json_string (kt_json_object (run, "bound"), "sentence", "?"),
        kt_json_int (run, "checkpoints", 0), warm_up, kt_json_bool (run, "counts", TRUE) ? "" : "; not counted: ",
        kt_json_bool (run, "counts", TRUE) ? "" : kt_json_string (run, "why_not", ""));
      add_element (html, "p", head);
      if (kt_json_object (run, "series") != NULL)
        add_timeline (html, kt_json_object (run, "series"), most);
    }
}

static void
add_settings (GString *html, JsonObject *configuration)
{
  JsonObject *settings = kt_json_object (configuration, "settings");
  if (settings == NULL || json_object_get_size (settings) == 0)
    return;
  g_autoptr (GList) names = g_list_sort (json_object_get_members (settings), (GCompareFunc) strcmp);
  add_element (html, "h3", kt_json_string (configuration, "name", "?"));
  g_string_append (html, "<table>\n");
  for (GList *name = names; name != NULL; name = name->next)
    {
      g_string_append (html, "<tr><td>");
      add_text (html, name->data);
      g_string_append (html, "</td><td>");
      add_text (html, kt_json_string (settings, name->data, ""));
      g_string_append (html, "</td></tr>\n");
    }
  g_string_append (html, "</table>\n");
}

static void
add_head (GString *html, JsonObject *document)
{
  const char *title = kt_json_string (document, "title", "kastune bench");
  JsonArray *notes = kt_json_array (document, "notes");
  JsonObject *set = kt_json_object (document, "data_set");
  g_string_append (html, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                         "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>");
  add_text (html, title);
  g_string_append_printf (html, "</title><style>%s</style></head><body>\n", style);
  add_element (html, "h1", title);
  g_autofree char *facts = g_strdup_printf ("PostgreSQL %s; %" G_GINT64_FORMAT " rounds in turn%s",
                                            kt_json_string (document, "postgresql", "?"),
                                            kt_json_int (document, "rounds", 0), set != NULL ? "; data set " : "");
  g_string_append (html, "<p>");
  add_text (html, facts);
  if (set != NULL)
    add_text (html, kt_json_string (set, "name", "?"));
  g_string_append (html,
                   ". Lines across the bars are 95 % intervals, cut where they are wider than the chart; ratios are to the first configuration.</p>\n<ul>\n");
  for (guint i = 0; notes != NULL && i < json_array_get_length (notes); i++)
    add_element (html, "li", json_array_get_string_element (notes, i));
  g_string_append (html, "</ul>\n");
}

/* ---- since an earlier result ---- */

static void
add_change_row (GString *html, const KtBenchMetric *metric, JsonObject *ratio)
{
  const char *change = kt_json_string (ratio, "change", "unknown");
  gboolean shown = g_str_equal (change, "less") || g_str_equal (change, "more");
  gboolean better = g_str_equal (change, metric->better == KT_BETTER_LESS ? "less" : "more");
  g_string_append (html, "<tr><td>");
  add_text (html, metric->title);
  g_string_append (html, "</td><td>x ");
  add_number (html, kt_json_double (ratio, "value", 0));
  g_string_append (html, "</td><td>");
  if (json_object_has_member (ratio, "low"))
    {
      add_number (html, kt_json_double (ratio, "low", 0));
      g_string_append (html, " to ");
      add_number (html, kt_json_double (ratio, "high", 0));
    }
  g_string_append_printf (html, "</td><td>%s</td></tr>\n",
                          !shown ? "no difference shown" : better ? "better" : "worse");
}

static void
add_baseline (GString *html, JsonObject *document)
{
  JsonObject *baseline = kt_json_object (document, "baseline");
  JsonArray *configurations = baseline != NULL ? kt_json_array (baseline, "configurations") : NULL;
  if (configurations == NULL)
    return;
  g_autofree char *title = g_strdup_printf ("Since result %" G_GINT64_FORMAT, kt_json_int (baseline, "id", 0));
  add_element (html, "h2", title);
  for (guint i = 0; i < json_array_get_length (configurations); i++)
    {
      JsonObject *configuration = json_array_get_object_element (configurations, i);
      add_element (html, "h3", kt_json_string (configuration, "name", "?"));
      g_string_append (html, "<table>\n<tr><th></th><th>now / then</th><th>95 % interval</th><th></th></tr>\n");
      for (const KtBenchMetric *metric = kt_bench_metrics; metric->name != NULL; metric++)
        {
          JsonObject *ratio = kt_json_object (kt_json_object (configuration, "ratios"), metric->name);
          if (ratio != NULL)
            add_change_row (html, metric, ratio);
        }
      g_string_append (html, "</table>\n");
    }
}

/* Of measured tuning. */
static void
add_verdict (GString *html, JsonObject *document)
{
  const char *verdict = kt_json_string (document, "verdict", NULL);
  const char *profile = kt_json_string (document, "profile_text", NULL);
  if (verdict == NULL)
    return;
  add_element (html, "h2", "Verdict");
  g_autofree char *text = g_strdup_printf (
    kt_json_bool (document, "better", FALSE) ? "Better than the advice, as the final rounds show: %s."
                                             : "Nothing was shown to be better than the advice (%s).", verdict);
  add_element (html, "p", text);
  if (profile != NULL)
    add_element (html, "pre", profile);
}

char *
kt_bench_report_html (JsonObject *document)
{
  GString *html = g_string_new (NULL);
  JsonArray *configurations = configurations_of (document);
  double most = fastest (document);
  add_head (html, document);
  add_verdict (html, document);
  add_baseline (html, document);
  add_element (html, "h2", "Figures");
  for (const KtBenchMetric *metric = kt_bench_metrics; metric->name != NULL; metric++)
    add_bars (html, document, metric);
  add_element (html, "h2", "Runs");
  add_element (html, "p", "Transactions a second over time; dashed lines are checkpoints.");
  for (guint i = 0; i < json_array_get_length (configurations); i++)
    add_runs (html, document, json_array_get_object_element (configurations, i), most);
  add_element (html, "h2", "Settings that differ from PostgreSQL's own");
  for (guint i = 0; i < json_array_get_length (configurations); i++)
    add_settings (html, json_array_get_object_element (configurations, i));
  g_string_append (html, "</body></html>\n");
  return g_string_free (html, FALSE);
}
