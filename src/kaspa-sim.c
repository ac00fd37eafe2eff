/* SPDX-License-Identifier: MIT
 *
 * kaspa-sim: writes what a Kaspa indexer writes. Words of the command line to the workload library, its results to
 * text or JSON.
 */
#include "kaspa-sim.h"

#include "base/error.h"
#include "base/json.h"
#include "base/size.h"
#include "base/table.h"
#include "workload/reader.h"
#include "workload/writer.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t stop_requested;

/* The second signal does not wait for anything. */
static void
on_signal (int number)
{
  if (stop_requested)
    _exit (KT_EXIT_FAILED);
  stop_requested = 1;
}

typedef struct {
  char *conninfo;
  gint64 transactions;
  gint64 seed;
  int tps;
  int connections;
  gint64 sort_memory;
  gint64 duration_ms;
  KtFeatures features;
  char *disable;
  char *exclude;
  int schema;
  KtLayout layout;
  gboolean replace;
  gboolean replace_foreign;
  gboolean no_vacuum;
  gboolean unthrottled;
  double batch_scale;
  int batch_concurrency;
  int vcp_interval_ms;
  double read_rate;
  int readers;
  gboolean json;
  gboolean quiet;
  gboolean version;
} Words;

static Words words;
static gboolean different; /* what check has found */

/* ---- values ---- */

/* "50M", "250k", "1000000": counts have decimal multiples. */
static gboolean
parse_count (const char *name, const char *value, gpointer data, GError **error)
{
  char *end = NULL;
  double number = g_ascii_strtod (value, &end);
  double factor = g_ascii_strcasecmp (end, "k") == 0   ? 1e3
                  : g_ascii_strcasecmp (end, "m") == 0 ? 1e6
                  : g_ascii_strcasecmp (end, "g") == 0 ? 1e9
                  : *end == '\0'                       ? 1
                                                       : 0;
  words.transactions = number > 0 && number * factor < 1e12 ? (gint64) (number * factor) : 0;
  if (words.transactions > 0)
    return TRUE;
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "“%s” is not a number; write for example 50M or 250k",
               value);
  return FALSE;
}

static gboolean
parse_duration (const char *name, const char *value, gpointer data, GError **error)
{
  return kt_duration_parse (value, &words.duration_ms, error);
}

static gboolean
parse_memory (const char *name, const char *value, gpointer data, GError **error)
{
  return kt_size_parse (value, &words.sort_memory, error);
}

/* Known only with the schema, which may come later. */
static void
append_list (char **list, const char *value)
{
  char *joined = *list != NULL ? g_strconcat (*list, ",", value, NULL) : g_strdup (value);
  g_free (*list);
  *list = joined;
}

static gboolean
parse_disable (const char *name, const char *value, gpointer data, GError **error)
{
  append_list (&words.disable, value);
  return TRUE;
}

static gboolean
parse_exclude (const char *name, const char *value, gpointer data, GError **error)
{
  append_list (&words.exclude, value);
  return TRUE;
}

static gboolean
parse_layout (const char *name, const char *value, gpointer data, GError **error)
{
  words.layout = kt_layout_from_name (value);
  if (words.layout != KT_N_LAYOUTS)
    return TRUE;
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "“%s” is not fresh, upgraded or upgraded-old", value);
  return FALSE;
}

/* Short words for the two choices that change a database most. */
static gboolean
parse_preset (const char *name, const char *value, gpointer data, GError **error)
{
  if (g_str_equal (value, "light"))
    {
      KtFeatures light = kt_features_light ();
      words.features.excluded |= light.excluded;
      words.features.disabled |= light.disabled;
      return TRUE;
    }
  if (g_str_equal (value, "scripts"))
    return parse_exclude (name, "tx_out_script_public_key_address", data, error);
  if (g_str_equal (value, "full"))
    return TRUE;
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "“%s” is not full, scripts or light", value);
  return FALSE;
}

static const GOptionEntry common_options[] = {
  { "database-url", 'd', 0, G_OPTION_ARG_STRING, &words.conninfo, "URL or key=value string (PGHOST, PGDATABASE … else)",
    "URL" },
  { "json", 0, 0, G_OPTION_ARG_NONE, &words.json, "Print the result, or the error, as JSON", NULL },
  { "quiet", 'q', 0, G_OPTION_ARG_NONE, &words.quiet, "No progress", NULL },
  { NULL },
};

static const GOptionEntry fill_options[] = {
  { "transactions", 0, 0, G_OPTION_ARG_CALLBACK, parse_count, "Transactions to hold, for example 50M", "N" },
  { "schema", 0, 0, G_OPTION_ARG_INT, &words.schema, "Schema of the indexer: 10, 20, 21, 22 or 23 (23)", "N" },
  { "layout", 0, 0, G_OPTION_ARG_CALLBACK, parse_layout,
    "Mapping indexes: fresh, upgraded (from v1.4.0 to v2.1.1) or upgraded-old (before v1.4.0)", "WORD" },
  { "seed", 0, 0, G_OPTION_ARG_INT64, &words.seed, "Another seed, another chain (1)", "N" },
  { "tps", 0, 0, G_OPTION_ARG_INT, &words.tps, "Transactions a second of the chain (100)", "N" },
  { "features", 0, 0, G_OPTION_ARG_CALLBACK, parse_preset,
    "full (default), scripts (no addresses) or light (integrator)", "SET" },
  { "disable", 0, 0, G_OPTION_ARG_CALLBACK, parse_disable, "As the indexer's --disable", "LIST" },
  { "exclude-fields", 0, 0, G_OPTION_ARG_CALLBACK, parse_exclude, "As the indexer's --exclude-fields", "LIST" },
  { "connections", 0, 0, G_OPTION_ARG_INT, &words.connections, "Connections side by side (4)", "N" },
  { "sort-memory", 0, 0, G_OPTION_ARG_CALLBACK, parse_memory, "Memory of one index build (512M)", "SIZE" },
  { "replace", 0, 0, G_OPTION_ARG_NONE, &words.replace, "Drop what an earlier kaspa-sim made", NULL },
  { "replace-foreign", 0, 0, G_OPTION_ARG_NONE, &words.replace_foreign, "Drop tables of these names, whoever made them",
    NULL },
  { "no-vacuum", 0, 0, G_OPTION_ARG_NONE, &words.no_vacuum, "Leave VACUUM and ANALYZE to autovacuum", NULL },
  { NULL },
};

static const GOptionEntry run_options[] = {
  { "duration", 0, 0, G_OPTION_ARG_CALLBACK, parse_duration, "How long, for example 30s or 10min (until stopped)",
    "TIME" },
  { "tps", 0, 0, G_OPTION_ARG_INT, &words.tps, "Transactions a second, 10 blocks a second (unthrottled, as filled)",
    "N" },
  { "unthrottled", 0, 0, G_OPTION_ARG_NONE, &words.unthrottled, "As fast as the server takes blocks of that density",
    NULL },
  { "batch-scale", 'b', 0, G_OPTION_ARG_DOUBLE, &words.batch_scale, "Size of batches, 0.1 to 10 (1.0)", "X" },
  { "batch-concurrency", 0, 0, G_OPTION_ARG_INT, &words.batch_concurrency,
    "Statements side by side a table, 1 to 10 (2)", "N" },
  { "vcp-interval", 0, 0, G_OPTION_ARG_INT, &words.vcp_interval_ms, "Milliseconds between rounds, 100 to 10000 (1000)",
    "MS" },
  { "read-rate", 0, 0, G_OPTION_ARG_DOUBLE, &words.read_rate, "API requests a second beside it (none)", "N" },
  { "readers", 0, 0, G_OPTION_ARG_INT, &words.readers, "Connections that ask them (4)", "N" },
  { NULL },
};

static const GOptionEntry read_options[] = {
  { "duration", 0, 0, G_OPTION_ARG_CALLBACK, parse_duration, "How long, for example 30s or 10min (until stopped)",
    "TIME" },
  { "rate", 0, 0, G_OPTION_ARG_DOUBLE, &words.read_rate, "Requests a second (as fast as answers come)", "N" },
  { "connections", 0, 0, G_OPTION_ARG_INT, &words.readers, "Connections side by side (4)", "N" },
  { "seed", 0, 0, G_OPTION_ARG_INT64, &words.seed, "Another seed, other requests (1)", "N" },
  { NULL },
};

static const GOptionEntry check_options[] = {
  { NULL },
};

/* ---- progress ---- */

typedef struct {
  gboolean terminal;
  const char *phase;
  guint tenth;    /* last line printed */
  gint64 last_us; /* last time the line was drawn */
} Display;

static char *
describe (const KtProgress *progress)
{
  guint64 fresh = progress->done - progress->resumed;
  double rate = progress->elapsed_ms > 0 ? (double) fresh * 1000 / (double) progress->elapsed_ms : 0;
  double percent = progress->total > 0 ? 100.0 * (double) progress->done / (double) progress->total : 100;
  gint64 left_ms = rate > 0 ? (gint64) ((double) (progress->total - progress->done) * 1000 / rate) : 0;
  g_autofree char *left = kt_duration_format (left_ms);
  if (g_str_equal (progress->phase, "rows"))
    return g_strdup_printf ("rows: %.1f of %.1f million transactions, %.0f %%, %.0f/s, %s left",
                            (double) progress->done / 1e6, (double) progress->total / 1e6, percent, rate,
                            fresh > 0 ? left : "unknown");
  if (g_str_equal (progress->phase, "run") || g_str_equal (progress->phase, "read"))
    {
      g_autofree char *elapsed = kt_duration_format (progress->elapsed_ms / 1000 * 1000);
      return g_strdup_printf (
          "%s: %s, %" G_GUINT64_FORMAT " %s, %.0f/s", progress->phase, elapsed, progress->transactions,
          g_str_equal (progress->phase, "run") ? "transactions" : "requests",
          progress->elapsed_ms > 0 ? (double)progress->transactions * 1000 / (double)progress->elapsed_ms : 0);
    }
  return g_strdup_printf ("%s: %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT ", %.0f %%", progress->phase,
                          progress->done, progress->total, percent);
}

static void
show_progress (const KtProgress *progress, gpointer data)
{
  Display *display = data;
  gint64 now_us = g_get_monotonic_time ();
  guint tenth = progress->total > 0 ? (guint) (progress->done * 10 / progress->total) : 0;
  if (words.quiet)
    return;
  gboolean other = g_strcmp0 (display->phase, progress->phase) != 0;
  if (other && progress->resumed > 0)
    fprintf (stderr, "%s: continues after %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT "\n", progress->phase,
             progress->resumed, progress->total);
  if (display->terminal ? !other && now_us - display->last_us < 500000 && tenth < 10
                        : !other && tenth <= display->tenth)
    return;
  g_autofree char *text = describe (progress);
  if (display->terminal)
    fprintf (stderr, "%s\r%s\033[K", other && display->phase != NULL ? "\n" : "", text);
  else if (tenth > 0)
    fprintf (stderr, "%s\n", text);
  display->phase = progress->phase;
  display->tenth = tenth;
  display->last_us = now_us;
}

static void
end_progress (const Display *display)
{
  if (display->terminal && display->phase != NULL && !words.quiet)
    fputs ("\n", stderr);
}

/* ---- commands ---- */

static gboolean
check_range (const char *name, double value, double low, double high, GError **error)
{
  if (value >= low && value <= high)
    return TRUE;
  kt_error_set (error, KT_ERROR_USAGE, NULL, "kaspa-sim run --help", "--%s must be from %g to %g", name, low, high);
  return FALSE;
}

static gboolean
check_features (GError **error)
{
  KtRelease release = words.schema > 0 ? kt_release_of_schema ((guint) words.schema) : KT_N_RELEASES;
  if (release == KT_N_RELEASES)
    {
      kt_error_set (error, KT_ERROR_USAGE, NULL, "kaspa-sim fill --schema 22 …",
                    "--schema must be 10, 20, 21, 22 or 23");
      return FALSE;
    }
  return (words.disable == NULL || kt_features_add (&words.features, release, KT_VALUES_DISABLE, words.disable, error))
         && (words.exclude == NULL
             || kt_features_add (&words.features, release, KT_VALUES_EXCLUDE_FIELDS, words.exclude, error));
}

static gboolean
run_fill (GError **error)
{
  Display display = { .terminal = isatty (STDERR_FILENO) };
  KtFillResult result;
  if (!check_features (error))
    return FALSE;
  KtFill fill = {
    .conninfo = words.conninfo,
    .schema = (guint) words.schema,
    .layout = words.layout,
    .transactions = (guint64) words.transactions,
    .seed = (guint64) words.seed,
    .tps = (guint32) (words.tps > 0 ? words.tps : 100),
    .features = words.features,
    .connections = (guint) words.connections,
    .sort_memory_bytes = words.sort_memory,
    .replace = words.replace,
    .replace_foreign = words.replace_foreign,
    .without_vacuum = words.no_vacuum,
    .stop = &stop_requested,
    .progress = show_progress,
    .progress_data = &display,
  };
  if (words.transactions == 0)
    {
      kt_error_set (error, KT_ERROR_USAGE, NULL, "kaspa-sim fill --transactions 5M", "--transactions is missing");
      return FALSE;
    }
  if (!check_range ("connections", words.connections, 1, 64, error)
      || !check_range ("tps", fill.tps, 1, KT_CHAIN_MAX_TPS, error))
    return FALSE;
  gboolean filled = kt_fill (&fill, &result, error);
  end_progress (&display);
  if (filled)
    kt_sim_print_fill (&result, words.json);
  return filled;
}

static gboolean
check_readers (const char *rate, const char *connections, GError **error)
{
  return check_range (rate, words.read_rate, 0, 1e6, error) && check_range (connections, words.readers, 1, 64, error);
}

static KtReader
make_reader (const volatile sig_atomic_t *stop)
{
  return (KtReader) {
    .conninfo = words.conninfo,
    .connections = (guint) words.readers,
    .rate = words.read_rate,
    .seed = (guint64) words.seed,
    .stop = stop,
  };
}

/* Beside a run, until it has ended. */
typedef struct {
  GThread *thread;
  volatile sig_atomic_t stop;
  KtReadResult *result;
  GError *error;
} Readers;

static gpointer
read_beside (gpointer data)
{
  Readers *readers = data;
  const KtReader reader = make_reader (&readers->stop);
  kt_read (&reader, readers->result, &readers->error);
  return NULL;
}

static Readers *
readers_start (void)
{
  Readers *readers = g_new0 (Readers, 1);
  readers->result = g_new0 (KtReadResult, 1);
  readers->thread = g_thread_new ("readers", read_beside, readers);
  return readers;
}

static gboolean
readers_stop (Readers *readers, GError **error)
{
  readers->stop = 1;
  g_thread_join (readers->thread);
  if (readers->error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&readers->error));
  return FALSE;
}

static void
readers_free (Readers *readers)
{
  g_free (readers->result);
  g_clear_error (&readers->error);
  g_free (readers);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Readers, readers_free)

static gboolean
run_run (GError **error)
{
  Display display = { .terminal = isatty (STDERR_FILENO) };
  g_autofree KtWriterResult *result = g_new0 (KtWriterResult, 1);
  KtWriter writer = {
    .conninfo = words.conninfo,
    .duration_ms = words.duration_ms,
    .tps = (guint32) MAX (words.tps, 0),
    .paced = words.tps > 0 && !words.unthrottled,
    .batch_scale = words.batch_scale,
    .batch_concurrency = (guint) words.batch_concurrency,
    .vcp_interval_ms = (guint) words.vcp_interval_ms,
    .stop = &stop_requested,
    .progress = show_progress,
    .progress_data = &display,
  };
  if (!check_range ("tps", words.tps, 0, KT_CHAIN_MAX_TPS, error)
      || !check_range ("batch-scale", words.batch_scale, 0.1, 10, error)
      || !check_range ("batch-concurrency", words.batch_concurrency, 1, 10, error)
      || !check_range ("vcp-interval", words.vcp_interval_ms, 100, 10000, error) || !check_readers ("read-rate", "readers", error))
    return FALSE;
  g_autoptr (Readers) readers = words.read_rate > 0 ? readers_start () : NULL;
  gboolean written = kt_write (&writer, result, error);
  end_progress (&display);
  if (readers != NULL && !readers_stop (readers, written ? error : NULL))
    return FALSE;
  if (written)
    kt_sim_print_run (result, readers != NULL ? readers->result : NULL, words.json);
  return written;
}

static gboolean
run_read (GError **error)
{
  Display display = { .terminal = isatty (STDERR_FILENO) };
  g_autofree KtReadResult *result = g_new0 (KtReadResult, 1);
  KtReader reader = make_reader (&stop_requested);
  if (!check_readers ("rate", "connections", error))
    return FALSE;
  reader.duration_ms = words.duration_ms;
  reader.progress = show_progress;
  reader.progress_data = &display;
  gboolean read = kt_read (&reader, result, error);
  end_progress (&display);
  if (read)
    kt_sim_print_read (result, words.json);
  return read;
}

static gboolean
run_check (GError **error)
{
  KtSimCheck check;
  g_autoptr (PGconn) connection = kt_sim_connect (words.conninfo, error);
  if (connection == NULL || !kt_sim_lock (connection, error) || !kt_sim_check (connection, &check, error))
    return FALSE;
  kt_sim_print_check (&check, words.json);
  different = !check.exact;
  return TRUE;
}

typedef struct {
  const char *name;
  const char *summary;
  const char *example;
  const GOptionEntry *options;
  gboolean (*run) (GError **error);
} Command;

static const Command commands[] = {
  { "fill", "Build a database fast: COPY, indexes last",
    "kaspa-sim fill -d dbname=kaspa_sim --transactions 50M", fill_options, run_fill },
  { "run", "Write as the indexer does, and measure",
    "kaspa-sim run -d dbname=kaspa_sim --duration 60s --tps 500", run_options, run_run },
  { "read", "Ask what an API server asks, and measure",
    "kaspa-sim read -d dbname=kaspa_sim --duration 30s --rate 100", read_options, run_read },
  { "check", "Compare every table with the chain: is each row there that was written, and no other?",
    "kaspa-sim check -d dbname=kaspa_sim", check_options, run_check },
};

static void
print_usage (FILE *out)
{
  fputs ("kaspa-sim writes into PostgreSQL what simply-kaspa-indexer v2.3.0 writes.\n\nUsage:\n", out);
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    fprintf (out, "  kaspa-sim %-7s [OPTION…]   %s\n", commands[i].name, commands[i].summary);
  fputs ("  kaspa-sim prune   [OPTION…]   Prune once, as the indexer does\n"
         "  kaspa-sim indexer [OPTION…]   Stand in for the indexer: its own options\n"
         "  kaspa-sim --version\n\n“kaspa-sim COMMAND --help” lists the options of a command.\n", out);
}

static gboolean
parse_words (const Command *command, int *argc, char ***argv, GError **error)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) local = NULL;
  g_autofree char *example = g_strdup_printf ("Example:\n  %s", command->example);
  g_option_context_set_summary (context, command->summary);
  g_option_context_set_description (context, example);
  g_option_context_add_main_entries (context, command->options, NULL);
  g_option_context_add_main_entries (context, common_options, NULL);
  if (g_option_context_parse (context, argc, argv, &local) && *argc == 1)
    return TRUE;
  kt_error_set (error, KT_ERROR_USAGE, NULL, "See “kaspa-sim --help”.", "%s: %s", command->name,
                local != NULL ? local->message : "no word was expected here");
  return FALSE;
}

static const Command *
find_command (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    if (g_strcmp0 (commands[i].name, name) == 0)
      return &commands[i];
  return NULL;
}

static int
dispatch (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  const char *word = argc > 1 ? argv[1] : NULL;
  g_autofree char *called = g_path_get_basename (argv[0]);
  if (g_str_equal (called, "simply-kaspa-indexer"))
    return kt_sim_indexer_main (argv + 1, &stop_requested);
  if (g_strcmp0 (word, "indexer") == 0)
    return kt_sim_indexer_main (argv + 2, &stop_requested);
  if (g_strcmp0 (word, "prune") == 0)
    return kt_sim_prune_main (argc - 1, argv + 1);
  const Command *command = find_command (word);
  if (g_strcmp0 (word, "--version") == 0 || g_strcmp0 (word, "-V") == 0)
    {
      printf ("kaspa-sim %s\n", KT_VERSION);
      return KT_EXIT_DONE;
    }
  if (command == NULL)
    {
      gboolean asked = g_strcmp0 (word, "--help") == 0 || g_strcmp0 (word, "-h") == 0;
      if (word != NULL && !asked)
        fprintf (stderr, "kaspa-sim: there is no command “%s”\n\n", word);
      print_usage (asked ? stdout : stderr);
      return asked ? KT_EXIT_DONE : KT_EXIT_USAGE;
    }
  argc--;
  argv++;
  g_autofree char *program = g_strdup_printf ("kaspa-sim %s", command->name);
  g_set_prgname (program);
  if (!parse_words (command, &argc, &argv, &error) || !command->run (&error))
    return kt_sim_fail (error, words.json);
  return different ? KT_EXIT_FINDINGS : KT_EXIT_DONE;
}

int
main (int argc, char **argv)
{
  const struct sigaction action = { .sa_handler = on_signal };
  setlocale (LC_CTYPE, "");
  sigaction (SIGINT, &action, NULL);
  sigaction (SIGTERM, &action, NULL);
  signal (SIGPIPE, SIG_IGN);
  words.seed = 1;
  words.schema = 23;
  words.connections = 4;
  words.sort_memory = 512 * KT_MIB;
  words.batch_scale = 1.0;
  words.batch_concurrency = 2;
  words.vcp_interval_ms = 1000;
  words.readers = 4;
  int status = dispatch (argc, argv);
  g_free (words.conninfo);
  g_free (words.disable);
  g_free (words.exclude);
  return status;
}
