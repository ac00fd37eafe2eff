/* SPDX-License-Identifier: MIT
 *
 * “kaspa-sim indexer”: takes the indexer's own flags, rejects what the release rejects, makes the tables of an empty
 * database and writes 10 blocks a second until it is stopped. Options that are ours begin with --sim-.
 */
#include "kaspa-sim.h"

#include "base/error.h"
#include "base/http.h"
#include "base/size.h"
#include "workload/api.h"
#include "indexer/arguments.h"
#include "workload/database.h"
#include "workload/migrate.h"
#include "workload/writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define DEFAULT_LISTEN "localhost:8500"
#define DEFAULT_URL "postgres://postgres:postgres@localhost:5432/postgres"

typedef struct {
  KtRelease release;
  guint tps;
  guint64 seed;
  gboolean unthrottled;
  gint64 duration_ms;
  gint64 prune_interval_ms;
} Own;

/* As the release does it: message on standard error, SIGABRT; a shell or a container sees status 134. */
static void
panic (const char *format, ...) G_GNUC_PRINTF (1, 2) G_GNUC_NORETURN;

static void
panic (const char *format, ...)
{
  const struct rlimit no_core = { 0, 0 };
  va_list args;
  va_start (args, format);
  g_autofree char *message = g_strdup_vprintf (format, args);
  va_end (args);
  fprintf (stderr, "thread 'main' panicked:\n%s\n", message);
  setrlimit (RLIMIT_CORE, &no_core);
  abort ();
}

static int
fail (const GError *error, const char *prefix)
{
  fprintf (stderr, "%s: %s\n", prefix, error->message);
  if (kt_error_detail (error) != NULL)
    fprintf (stderr, "  %s\n", kt_error_detail (error));
  if (kt_error_hint (error) != NULL)
    fprintf (stderr, "\n%s\n", kt_error_hint (error));
  return kt_error_exit_status (error);
}

static gboolean
set_own (Own *own, const char *name, const char *value, GError **error)
{
  guint64 number = 0;
  if (g_str_equal (name, "--sim-unthrottled") && value == NULL)
    own->unthrottled = TRUE;
  else if (g_str_equal (name, "--sim-release") && (own->release = kt_release_from_name (value)) != KT_N_RELEASES)
    return TRUE;
  else if (g_str_equal (name, "--sim-duration") && value != NULL)
    return kt_duration_parse (value, &own->duration_ms, error);
  else if (g_str_equal (name, "--sim-prune-interval") && value != NULL)
    return kt_duration_parse (value, &own->prune_interval_ms, error);
  else if (g_str_equal (name, "--sim-tps") && value != NULL
           && g_ascii_string_to_unsigned (value, 10, 1, KT_CHAIN_MAX_TPS, &number, NULL))
    own->tps = (guint) number;
  else if (g_str_equal (name, "--sim-seed") && value != NULL
           && g_ascii_string_to_unsigned (value, 10, 0, G_MAXINT64, &number, NULL))
    own->seed = number;
  else
    {
      kt_error_set (
          error, KT_ERROR_USAGE, NULL,
          "Ours are --sim-release=v2.3.0, --sim-tps=100, --sim-seed=1, --sim-unthrottled, --sim-duration=60s, "
          "--sim-prune-interval=10s.",
          "unexpected argument '%s%s%s' found", name, value != NULL ? "=" : "", value != NULL ? value : "");
      return FALSE;
    }
  return TRUE;
}

/* Where a command line must stay exactly as the real one's, ours stand in the environment: separated by blanks. */
static gboolean
take_own_of_environment (Own *own, GError **error)
{
  const char *text = g_getenv ("KASPA_SIM_OPTIONS");
  g_auto (GStrv) words = g_strsplit (text != NULL ? text : "", " ", -1);
  for (char **word = words; *word != NULL; word++)
    {
      g_auto (GStrv) parts = g_strsplit (*word, "=", 2);
      if (parts[0] != NULL && !set_own (own, parts[0], parts[1], error))
        return FALSE;
    }
  return TRUE;
}

/* Takes our own options ("--sim-NAME=VALUE") out of the command line. Borrowed words. */
static GPtrArray *
take_own (char **words, Own *own, GError **error)
{
  g_autoptr (GPtrArray) rest = g_ptr_array_new ();
  for (; *words != NULL; words++)
    if (g_str_has_prefix (*words, "--sim-"))
      {
        g_auto (GStrv) parts = g_strsplit (*words, "=", 2);
        if (!set_own (own, parts[0], parts[1], error))
          return NULL;
      }
    else
      g_ptr_array_add (rest, *words);
  g_ptr_array_add (rest, NULL);
  return g_steal_pointer (&rest);
}

/* One step, in the release's words. Gives the schema it leads to. */
static guint
migrate_step (PGconn *connection, const KtArguments *arguments, guint version)
{
  guint next;
  g_autoptr (GError) error = NULL;
  g_autofree char *script = kt_migrate_script (arguments->release, version, &next);
  if (script == NULL)
    panic ("Found old & unsupported schema v%u", version);
  if (!arguments->upgrade_db)
    panic ("\n%s\nFound outdated schema v%u. Set flag '-u' to upgrade, or apply manually ^", script, version);
  printf ("WARN \n%s\nUpgrading schema from v%u to v%u. ^\n", script, version, next);
  fflush (stdout);
  if (!kt_migrate_run (connection, script, kt_migrate_manner (arguments->release), &error))
    panic ("Unable to create schema: %s: %s", error->message, kt_error_detail (error));
  printf ("Schema upgrade completed successfully\n");
  fflush (stdout);
  return next;
}

/* What there is, brought to the release's schema; *@version 0: nothing. Without a lock, as with the indexer: what holds
 * it may be the server, still busy with a statement of an indexer that was killed. */
static gboolean
check_schema (const char *url, const KtArguments *arguments, guint *version, GError **error)
{
  guint wanted = kt_release_schema (arguments->release);
  g_autoptr (PGconn) connection = kt_sim_connect (url, error);
  if (connection == NULL || !kt_database_schema_version (connection, version, error)
      || !kt_sim_run (connection, error, "SET client_min_messages = warning", NULL))
    return FALSE;
  if (*version > wanted)
    panic ("Found newer & unsupported schema v%u", *version);
  while (*version > 0 && *version < wanted)
    *version = migrate_step (connection, arguments, *version);
  return TRUE;
}

/* Values that a later release does not know any more went with its tables. */
static gboolean
same_features (const KtFeatures *stored, const KtArguments *arguments)
{
  KtFeatures known = kt_features_known_to (stored, arguments->release);
  return known.excluded == arguments->features.excluded && known.disabled == arguments->features.disabled;
}

/* Tables of an empty database, or those of an earlier kaspa-sim with the same features. */
static gboolean
prepare_database (PGconn *connection, const char *url, const KtArguments *arguments, const Own *own, GError **error)
{
  guint version = 0;
  g_autoptr (KtSim) fresh = kt_sim_new (kt_release_schema (arguments->release), own->seed, own->tps, &arguments->features);
  if ((!arguments->initialize_db && !check_schema (url, arguments, &version, error))
      || !kt_sim_lock (connection, error)
      || (arguments->initialize_db && !kt_database_drop (connection, error)))
    return FALSE;
  if (version == 0)
    {
      printf ("Applying schema v%u\n", fresh->schema);
      return kt_database_create (connection, fresh, error);
    }
  printf ("Schema v%u is up to date\n", version);
  fflush (stdout);
  g_autoptr (KtSim) sim = kt_sim_load (connection, error);
  if (sim == NULL)
    return FALSE;
  if (same_features (&sim->features, arguments))
    return TRUE;
  kt_error_set (error, KT_ERROR_REFUSED, NULL, "Give the same flags, or begin again with -c.",
                "database “%s” was written with other --disable or --exclude-fields", PQdb (connection));
  return FALSE;
}

/* Until the schema is there the indexer handles no signals: they end it where it stands, and not at all as process 1. */
static gboolean
prepare_without_signals (PGconn *connection, const char *url, const KtArguments *arguments, const Own *own,
                         GError **error)
{
  const struct sigaction by_default = { .sa_handler = SIG_DFL };
  struct sigaction interrupt, terminate;
  sigaction (SIGINT, &by_default, &interrupt);
  sigaction (SIGTERM, &by_default, &terminate);
  gboolean prepared = prepare_database (connection, url, arguments, own, error);
  sigaction (SIGINT, &interrupt, NULL);
  sigaction (SIGTERM, &terminate, NULL);
  return prepared;
}

static void
say_mapping (const KtFeatures *features)
{
  static const char *const lines[] = {
    [KT_MAPPING_ADDRESSES] = "Using addresses_transactions for address transaction mapping",
    [KT_MAPPING_SCRIPTS] = "Using scripts_transactions for address transaction mapping",
    [KT_MAPPING_NONE] = "Address transaction mapping disabled",
  };
  printf ("%s\n", lines[kt_features_mapping (features)]);
  fflush (stdout);
}

/* What the indexer says at start. FALSE: without pruning. */
static gboolean
plan_pruning (const KtArguments *arguments, const Own *own, KtPruneSchedule *schedule)
{
  g_autoptr (GError) error = NULL;
  gboolean any = FALSE;
  kt_arguments_prune_rules (arguments, &schedule->rules);
  schedule->interval_ms = own->prune_interval_ms;
  for (guint i = 0; i < KT_N_RETENTIONS; i++)
    any = any || schedule->rules.retention_ms[i] >= 0;
  if (arguments->prune_cron == NULL)
    {
      if (any)
        printf ("Pruning is disabled, the database grows without bounds\n");
      return FALSE;
    }
  if (!kt_cron_parse (&schedule->cron, arguments->prune_cron, &error))
    panic ("called `Result::unwrap()` on an `Err` value: %s", error->message);
  printf ("Pruning at %s (UTC)\n", arguments->prune_cron);
  return TRUE;
}

/* ---- HTTP ---- */

typedef struct {
  KtApi *api;
  char *prefix; /* "/", or "/path/" */
} Site;

static void
serve (const char *path, KtHttpReply *reply, gpointer data)
{
  Site *site = data;
  const char *rest = g_str_has_prefix (path, site->prefix) ? path + strlen (site->prefix) : "";
  gboolean down = FALSE;
  reply->content_type = "application/json";
  reply->cache = "public, max-age=5";
  reply->any_origin = TRUE;
  if (g_str_equal (rest, "api/health"))
    reply->body = kt_api_health (site->api, &down);
  else if (g_str_equal (rest, "api/metrics"))
    reply->body = kt_api_metrics (site->api);
  else
    *reply = (KtHttpReply) { .status = 404 };
  if (down)
    reply->status = 503;
}

static char *
site_prefix (const char *base_path)
{
  g_autofree char *inner = g_strdup (base_path != NULL ? base_path : "");
  char *start = inner + strspn (inner, "/");
  gsize length = strlen (start);
  while (length > 0 && start[length - 1] == '/')
    start[--length] = '\0';
  return length > 0 ? g_strdup_printf ("/%s/", start) : g_strdup ("/");
}

static KtHttp *
start_http (const KtArguments *arguments, Site *site)
{
  g_autoptr (GError) error = NULL;
  const char *listen = arguments->listen != NULL ? arguments->listen : DEFAULT_LISTEN;
  site->prefix = site_prefix (arguments->base_path);
  KtHttp *http = kt_http_start (listen, serve, site, &error);
  if (http == NULL)
    panic ("%s: %s", error->message, kt_error_detail (error));
  printf ("Web server listening on %s, port %u\n", listen, kt_http_port (http));
  fflush (stdout);
  return http;
}

static int
write_chain (const KtArguments *arguments, const Own *own, const char *url, const volatile sig_atomic_t *stop)
{
  g_autofree KtWriterResult *result = g_new0 (KtWriterResult, 1);
  g_autoptr (GError) error = NULL;
  KtPruneSchedule schedule;
  g_autoptr (KtMonitor) monitor = kt_monitor_new ();
  g_autoptr (KtApi) api = kt_api_new (arguments, monitor, url);
  Site site = { .api = api };
  KtWriter writer = {
    .conninfo = url,
    .prune = plan_pruning (arguments, own, &schedule) ? &schedule : NULL,
    .duration_ms = own->duration_ms,
    .tps = own->tps,
    .paced = !own->unthrottled,
    .batch_scale = arguments->batch_scale,
    .batch_concurrency = arguments->batch_concurrency,
    .vcp_interval_ms = arguments->vcp_interval_ms,
    .stop = stop,
    .monitor = monitor,
  };
  KtHttp *http = start_http (arguments, &site);
  gboolean written = kt_write (&writer, result, &error);
  kt_http_stop (http);
  g_free (site.prefix);
  if (!written)
    {
      gboolean query =
          g_error_matches (error, KT_ERROR, KT_ERROR_QUERY) || g_error_matches (error, KT_ERROR, KT_ERROR_CONNECT);
      if (query)
        panic ("%s: %s", error->message, kt_error_detail (error));
      return fail (error, "kaspa-sim");
    }
  if (writer.prune != NULL)
    printf ("Pruned %u times, %" G_GUINT64_FORMAT " rows\n", result->prunings, result->pruned_rows);
  printf ("Stopped after %" G_GUINT64_FORMAT " blocks and %" G_GUINT64_FORMAT " transactions\n", result->blocks,
          result->transactions);
  return KT_EXIT_DONE;
}

int
kt_sim_indexer_main (char **words, const volatile sig_atomic_t *stop)
{
  g_auto (KtArguments) arguments = { 0 };
  g_autoptr (GError) error = NULL;
  Own own = { .release = KT_RELEASE_V2_3_0, .tps = 100, .seed = 1 };
  g_autoptr (GPtrArray) rest = take_own_of_environment (&own, &error) ? take_own (words, &own, &error) : NULL;
  if (rest == NULL || !kt_arguments_parse (&arguments, own.release, (const char *const *) rest->pdata, &error))
    return fail (error, "error");
  if (arguments.help)
    {
      g_autofree char *help = kt_arguments_help (own.release);
      fputs (help, stdout);
      return KT_EXIT_DONE;
    }
  printf ("kaspa-sim %s in place of\nsimply-kaspa-indexer %s\n", KT_VERSION, kt_release_name (own.release));
  if (arguments.version)
    return KT_EXIT_DONE;
  if (kt_arguments_panic (&arguments) != NULL)
    panic ("%s", kt_arguments_panic (&arguments));
  if (kt_schema_find (kt_release_schema (own.release)) == NULL)
    {
      kt_error_set (&error, KT_ERROR_UNSUPPORTED, NULL, "Leave --sim-release out, or use it with -V and --help only.",
                    "kaspa-sim does not write the tables of %s (schema %u)", kt_release_name (own.release),
                    kt_release_schema (own.release));
      return fail (error, "kaspa-sim");
    }
  const char *url = arguments.database_url != NULL ? arguments.database_url : DEFAULT_URL;
  g_autoptr (PGconn) connection = kt_sim_connect (url, &error);
  if (connection == NULL)
    panic ("Database connection FAILED: %s", kt_error_detail (error));
  say_mapping (&arguments.features);
  if (!prepare_without_signals (connection, url, &arguments, &own, &error))
    return fail (error, "kaspa-sim");
  g_clear_pointer (&connection, PQfinish); /* the writer takes the lock itself */
  return write_chain (&arguments, &own, url, stop);
}
