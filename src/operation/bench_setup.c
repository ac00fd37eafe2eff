/* SPDX-License-Identifier: MIT */
#include "operation/bench_setup.h"

#include "base/error.h"
#include "base/file.h"
#include "base/size.h"
#include "bench/regime.h"
#include "change/journal.h"
#include "postgres/instance.h"
#include "tuning/conf_text.h"
#include "tuning/steps.h"

#include <string.h>

#define DEFAULT_FILL 1000000
#define DEFAULT_TPS 100
#define DEFAULT_DURATION_MS (5 * 60 * 1000)
#define DEFAULT_WARM_UP_MS (20 * 1000)
#define KASTUNE "kastune"

void
kt_bench_setup_free (KtBenchSetup *setup)
{
  if (setup == NULL)
    return;
  g_clear_pointer (&setup->configurations, g_ptr_array_unref);
  g_clear_pointer (&setup->advised, json_object_unref);
  g_clear_pointer (&setup->set, kt_data_set_free);
  g_clear_pointer (&setup->place, kt_bench_place_free);
  g_clear_pointer (&setup->facts, kt_facts_free);
  g_free (setup->bin_directory);
  g_free (setup->owner);
  g_free (setup->version);
  g_free (setup);
}

void
kt_bench_take_watch (KtOperationContext *context, KtBenchWatch *watch)
{
  *watch = (KtBenchWatch){ context->progress, context->user, context->cancellable };
}

gboolean
kt_bench_take_run (JsonObject *args, const KtBenchWatch *watch, guint cycles, KtBenchRun *run, GError **error)
{
  const char *scale = kt_json_string (args, "batch_scale", "1");
  char *end;
  *run = (KtBenchRun){
    .warm_up_ms = kt_json_int (args, "warm_up", DEFAULT_WARM_UP_MS),
    .duration_ms = kt_json_int (args, "duration", DEFAULT_DURATION_MS),
    .transactions = (guint64) kt_json_int (args, "transactions", 0),
    .checkpoints = (guint) kt_json_int (args, "checkpoints", cycles),
    .batch_scale = g_ascii_strtod (scale, &end),
    .batch_concurrency = (guint) kt_json_int (args, "batch_concurrency", 2),
    .tps = (guint32) kt_json_int (args, "rate", 0),
    .watch = watch,
  };
  if (*end == '\0' && run->batch_scale >= 0.1 && run->batch_scale <= 10 && run->batch_concurrency >= 1
      && run->batch_concurrency <= 10 && run->duration_ms >= 1000)
    return TRUE;
  kt_error_set (error, KT_ERROR_USAGE, NULL, NULL,
                "--batch-scale goes from 0.1 to 10, --batch-concurrency from 1 to 10, --duration from 1s");
  return FALSE;
}

gboolean
kt_bench_take_features (JsonObject *args, KtFeatures *features, GError **error)
{
  static const struct {
    const char *member;
    KtValues kind;
  } lists[] = { { "disable", KT_VALUES_DISABLE }, { "exclude_fields", KT_VALUES_EXCLUDE_FIELDS } };
  *features = (KtFeatures){ 0 };
  if (g_strcmp0 (kt_json_string (args, "features", NULL), "light") == 0)
    *features = kt_features_light ();
  for (gsize i = 0; i < G_N_ELEMENTS (lists); i++)
    {
      const char *values = kt_json_string (args, lists[i].member, NULL);
      if (values != NULL && !kt_features_add (features, KT_RELEASE_V2_3_0, lists[i].kind, values, error))
        return FALSE;
    }
  if (g_strcmp0 (kt_json_string (args, "features", NULL), "scripts") == 0)
    return kt_features_add (features, KT_RELEASE_V2_3_0, KT_VALUES_EXCLUDE_FIELDS, "tx_out_script_public_key_address",
                            error);
  return TRUE;
}

/* ---- the emulated machine, as facts ---- */

static void
emulate_disk (KtVolume *volume, const KtBenchHost *host)
{
  if (volume->probe == NULL || (host->iops == 0 && host->bytes_per_s == 0))
    return;
  KtProbe *probe = g_memdup2 (volume->probe, sizeof *probe);
  double iops = host->iops > 0 ? (double) host->iops : probe->read_iops_16;
  probe->read_iops_1 = MIN (probe->read_iops_1, iops);
  probe->read_iops_16 = MIN (probe->read_iops_16, iops);
  probe->read_latency_1_us = MAX (probe->read_latency_1_us, 1e6 / iops);
  probe->read_latency_16_us = MAX (probe->read_latency_16_us, 16e6 / iops);
  probe->fdatasync_us = MAX (probe->fdatasync_us, 1e6 / iops);
  if (host->bytes_per_s > 0)
    probe->write_mb_s = MIN (probe->write_mb_s, (double) host->bytes_per_s / 1048576);
  probe->class = kt_probe_classify (probe);
  kt_volume_take_probe (volume, probe);
}

void
kt_bench_emulate_platform (KtPlatform *platform, const KtBenchHost *host)
{
  platform->cgroup.memory_limit = platform->cgroup.swap_limit = platform->cgroup.hugetlb_limit = G_MAXINT64;
  if (host->memory_bytes > 0)
    {
      platform->memory.total = platform->memory.available = host->memory_bytes;
      platform->memory.swap_total = platform->memory.swap_free = 0;
      platform->memory.huge_pages_total = platform->memory.huge_pages_free = 0;
      g_ptr_array_set_size (platform->neighbours, 0);
    }
  if (host->cpus > 0)
    {
      platform->cgroup.cpu_quota = 0;
      platform->cgroup.cpuset_cpus = 0;
      platform->cpu.sockets = platform->cpu.numa_nodes = 1;
      platform->cpu.threads = platform->cpu.cores = platform->cpu.affinity = MIN (host->cpus, platform->cpu.threads);
      platform->cpu.usable = platform->cpu.threads;
    }
  for (guint i = 0; i < platform->volumes->len; i++)
    emulate_disk (platform->volumes->pdata[i], host);
}

/* Measured once and remembered, as for the advice on the real machine. */
static void
measure_place (KtBenchSetup *setup, KtPlatform *platform)
{
  KtVolume *volume = platform->volumes->len > 0 ? platform->volumes->pdata[0] : NULL;
  KtState *state = setup->facts->state;
  if (volume == NULL || volume->network)
    return;
  KtProbe *probe = state != NULL ? kt_probe_load (state, volume) : NULL;
  if (probe == NULL)
    {
      kt_bench_say (&setup->watch, "measuring the disk, at most 5 s", 0, 0);
      probe = kt_probe_run (kt_bench_place_folder (setup->place), setup->watch.cancellable, NULL);
      if (probe != NULL && state != NULL)
        kt_probe_save (state, volume, probe, NULL);
    }
  if (probe != NULL)
    kt_volume_take_probe (volume, probe);
}

/* ---- configurations ---- */

static KtBenchInstanceOptions
instance_options (const KtBenchSetup *setup, const KtBenchHost *host, const char *conf_text)
{
  return (KtBenchInstanceOptions){ setup->place, setup->set, setup->bin_directory, setup->owner, host, conf_text };
}

/* "dir/mine.conf": "mine". Caller frees. */
static char *
short_name (const char *name)
{
  g_autofree char *base = g_path_get_basename (name);
  return g_str_has_suffix (base, ".conf") ? g_strndup (base, strlen (base) - strlen (".conf")) : g_strdup (base);
}

static gboolean
is_taken (const KtBenchSetup *setup, const char *name)
{
  for (guint i = 0; i < setup->configurations->len; i++)
    if (g_str_equal (((KtBenchConfiguration *) setup->configurations->pdata[i])->name, name))
      return TRUE;
  return FALSE;
}

static void
add_configuration (KtBenchSetup *setup, const char *name, char *conf_text, GStrv statements)
{
  KtBenchConfiguration *configuration = g_new0 (KtBenchConfiguration, 1);
  g_autofree char *shorter = short_name (name);
  configuration->name = g_strdup (is_taken (setup, shorter) ? name : shorter);
  configuration->conf_text = conf_text;
  configuration->statements = statements;
  g_ptr_array_add (setup->configurations, configuration);
}

/* Running settings that somebody chose; what leads out of a private server's folder is left out when it starts. */
static char *
current_settings (const KtServer *server)
{
  static const char *const chosen[] = { "configuration file", "command line", "environment variable", "global", NULL };
  g_autoptr (GString) text = g_string_new (NULL);
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init (&iter, server->settings);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      const KtSetting *setting = value;
      if (setting->source == NULL || !g_strv_contains (chosen, setting->source))
        continue;
      g_autofree char *shown = kt_setting_text (setting);
      g_autofree char *quoted = kt_guc_quote (shown);
      g_string_append_printf (text, "%s = %s\n", setting->name, quoted);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* Is @word @name, or @name with something after a colon? *rest: that, or NULL. */
static gboolean
is_word (const char *word, const char *name, const char **rest)
{
  gsize length = strlen (name);
  *rest = NULL;
  if (!g_str_has_prefix (word, name) || (word[length] != '\0' && word[length] != ':'))
    return FALSE;
  *rest = word[length] == ':' ? word + length + 1 : NULL;
  return TRUE;
}

/* What ran before a change set, as its journal says: values are in base units, as a file takes them too. */
static void
append_values_before (const KtChange *change, GString *text)
{
  for (guint i = 0; i < change->steps->len; i++)
    {
      const KtChangeStep *step = change->steps->pdata[i];
      JsonObject *running = g_str_equal (step->kind, kt_step_postgres_settings.name)
                              ? kt_json_object (step->args, "running")
                              : NULL;
      g_autoptr (GList) names = running != NULL ? json_object_get_members (running) : NULL;
      for (GList *name = names; name != NULL; name = name->next)
        {
          g_autofree char *quoted = kt_guc_quote (kt_json_string (running, name->data, ""));
          g_string_append_printf (text, "%s = %s\n", (const char *) name->data, quoted);
        }
    }
}

/* The running settings with those of an applied change set (the newest one, or @id) as they were before it. */
static gboolean
add_before (KtBenchSetup *setup, const char *word, const char *id, GError **error)
{
  KtState *state = setup->facts->state;
  g_autofree char *server = kt_connection_server_id (setup->facts->connection);
  g_autoptr (GError) local = NULL;
  g_autoptr (KtChange) change = NULL;
  if (kt_journal_init (state, &local))
    change = id != NULL ? kt_journal_load (state, g_ascii_strtoll (id, NULL, 10), &local)
                        : kt_journal_newest (state, server, 1u << KT_CHANGE_APPLIED | 1u << KT_CHANGE_WAITING, &local);
  if (local != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  if (change == NULL || !g_str_equal (change->server, server))
    {
      kt_error_set (error, KT_ERROR_NOT_FOUND, NULL, "kastune history", "no change set of this server is in force");
      return FALSE;
    }
  g_autofree char *now = current_settings (setup->facts->server);
  GString *text = g_string_new (now);
  append_values_before (change, text);
  add_configuration (setup, word, g_string_free (text, FALSE), NULL);
  return TRUE;
}

static GStrv
table_statements (const KtAdvice *advice)
{
  g_autoptr (GStrvBuilder) statements = g_strv_builder_new ();
  for (guint i = 0; i < advice->tables->len; i++)
    {
      const KtTableRow *row = advice->tables->pdata[i];
      if (row->verdict == KT_VERDICT_CHANGE)
        g_strv_builder_add (statements, row->statement);
    }
  return g_strv_builder_end (statements);
}

/* What measured tuning varies, as advised. */
static JsonObject *
advised_values (const KtAdvice *advice, const KtPlatform *platform, const KtServer *server)
{
  static const char *const numbers[] = { "shared_buffers", "max_wal_size", "wal_buffers", "bgwriter_lru_maxpages" };
  JsonObject *object = json_object_new ();
  const KtProfile *profile = advice->in->profile;
  const KtSetting *compression = kt_server_setting (server, "wal_compression");
  g_autofree char *word = kt_wanted_text (advice->in, "wal_compression");
  g_autofree char *file = profile->file != NULL ? g_canonicalize_filename (profile->file, NULL) : NULL;
  json_object_set_string_member (object, "profile", file != NULL ? file : profile->name);
  json_object_set_int_member (object, "memory_bytes", platform->memory.total);
  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    json_object_set_int_member (object, numbers[i], kt_wanted_int (advice->in, numbers[i]));
  kt_json_set_string (object, "wal_compression", word);
  if (compression != NULL)
    kt_json_set_strings (object, "compressions", (const char *const *) compression->enum_values);
  return object;
}

/* The advice for the emulated machine, with the data set's own server as the server to be tuned. */
static gboolean
add_advised (KtBenchSetup *setup, const char *word, JsonObject *args, GError **error)
{
  static const KtBenchHost unlimited;
  const char *named;
  if (!is_word (word, KASTUNE, &named) || named == NULL)
    named = kt_json_string (args, "profile", NULL);
  KtPhase phase;
  KtOptions options = KT_OPTIONS_DEFAULT;
  if (kt_phase_from_string (kt_json_string (args, "phase", ""), &phase)
      || (named != NULL && kt_phase_from_string (named, &phase)))
    options.phase = (int) phase;
  if (named != NULL && kt_phase_from_string (named, &phase))
    named = kt_json_string (args, "profile", NULL);
  g_autoptr (KtProfile) profile = named != NULL ? kt_profile_load (named, error) : NULL;
  if (named != NULL && profile == NULL)
    return FALSE;

  kt_bench_say (&setup->watch, "asking for advice on the data set", 0, 0);
  KtBenchInstanceOptions how = instance_options (setup, &unlimited, "");
  g_autoptr (KtBenchInstance) instance = kt_bench_instance_new (&how, &setup->watch, error);
  g_autoptr (KtConnection)
    connection = instance != NULL ? kt_connection_open (kt_bench_instance_conninfo (instance), error) : NULL;
  g_autoptr (KtServer) server = connection != NULL ? kt_server_load (connection, error) : NULL;
  if (server == NULL)
    return FALSE;
  const KtPlatformPath paths[] = { { "data", kt_bench_instance_data (instance) }, { NULL, NULL } };
  g_autoptr (KtPlatform) platform = kt_platform_load (setup->facts->root, paths, server->postmaster_pid, error);
  if (platform == NULL)
    return FALSE;
  measure_place (setup, platform);
  kt_bench_emulate_platform (platform, &setup->host);
  g_autoptr (KtAdvice) advice = kt_advise (platform, server, profile, &options, error);
  if (advice == NULL)
    return FALSE;
  add_configuration (setup, word, kt_conf_text (advice), table_statements (advice));
  g_clear_pointer (&setup->advised, json_object_unref);
  setup->advised = advised_values (advice, platform, server);
  return TRUE;
}

/* "pgtune-oltp-4gb.conf": 4; 0: it names no size. */
static guint64
gigabytes_named (const char *name)
{
  static const char ending[] = "gb.conf";
  const char *dash = strrchr (name, '-');
  char *end = NULL;
  guint64 size = dash != NULL ? g_ascii_strtoull (dash + 1, &end, 10) : 0;
  return size > 0 && g_str_equal (end, ending) ? size : 0;
}

static int
compare_names (gconstpointer left, gconstpointer right)
{
  return strcmp (*(char *const *) left, *(char *const *) right);
}

/* Its configuration files for a machine of @memory_bytes (0: any), by name. Caller frees. */
static GPtrArray *
files_in (const char *folder, gint64 memory_bytes)
{
  GPtrArray *paths = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      guint64 size = gigabytes_named (name);
      if (g_str_has_suffix (name, ".conf") && (size == 0 || memory_bytes == 0 || (gint64) size * KT_GIB == memory_bytes))
        g_ptr_array_add (paths, g_build_filename (folder, name, NULL));
    }
  g_ptr_array_sort (paths, compare_names);
  return paths;
}

static gboolean
add_folder (KtBenchSetup *setup, const char *folder, GError **error)
{
  g_autoptr (GPtrArray) paths = files_in (folder, setup->host.memory_bytes);
  for (guint i = 0; i < paths->len; i++)
    {
      char *text = NULL;
      g_autofree char *name = short_name (paths->pdata[i]);
      if (is_taken (setup, name)) /* "defaults" and a folder with a defaults.conf */
        continue;
      if (!kt_file_read (paths->pdata[i], &text, NULL, error))
        return FALSE;
      add_configuration (setup, paths->pdata[i], text, NULL);
    }
  if (paths->len > 0)
    return TRUE;
  kt_error_set (error, KT_ERROR_NOT_FOUND, NULL, "files are called NAME.conf, or NAME-4gb.conf for a machine of 4 GB",
                "the folder %s holds no configuration for this machine", folder);
  return FALSE;
}

static gboolean
add_file (KtBenchSetup *setup, const char *path, GError **error)
{
  char *text = NULL;
  if (g_file_test (path, G_FILE_TEST_IS_DIR))
    return add_folder (setup, path, error);
  if (!kt_file_read (path, &text, NULL, error))
    {
      g_prefix_error (error, "no such configuration (known are defaults, current, before, kastune, a file or a folder): ");
      return FALSE;
    }
  add_configuration (setup, path, text, NULL);
  return TRUE;
}

static gboolean
add_named (KtBenchSetup *setup, const char *word, JsonObject *args, GError **error)
{
  const char *rest;
  if (g_str_equal (word, "defaults"))
    add_configuration (setup, word, g_strdup (""), NULL);
  else if (g_str_equal (word, "current"))
    add_configuration (setup, word, current_settings (setup->facts->server), NULL);
  else if (is_word (word, "before", &rest))
    return add_before (setup, word, rest, error);
  else if (is_word (word, KASTUNE, &rest))
    return add_advised (setup, word, args, error);
  else
    return add_file (setup, word, error);
  return TRUE;
}

static gboolean
add_all (KtBenchSetup *setup, JsonObject *args, GError **error)
{
  JsonArray *words = kt_json_array (args, "configurations");
  guint n = words != NULL ? json_array_get_length (words) : 0;
  if (n == 0)
    return add_named (setup, "defaults", args, error) && add_named (setup, KASTUNE, args, error);
  for (guint i = 0; i < n; i++)
    if (!add_named (setup, json_array_get_string_element (words, i), args, error))
      return FALSE;
  return TRUE;
}

/* ---- the rest ---- */

static gboolean
wants_server (JsonObject *args)
{
  JsonArray *words = kt_json_array (args, "configurations");
  for (guint i = 0; words != NULL && i < json_array_get_length (words); i++)
    {
      const char *word = json_array_get_string_element (words, i), *rest;
      if (g_str_equal (word, "current") || is_word (word, "before", &rest))
        return TRUE;
    }
  return FALSE;
}

/* Those that the measurement was begun with, or named, or those of the server that runs here, or the newest that is installed. */
static gboolean
find_binaries (KtBenchSetup *setup, JsonObject *args, JsonObject *begun, GError **error)
{
  const char *same = kt_json_string (begun, "bin_directory", NULL);
  const char *named = kt_json_string (args, "pg_bin", NULL);
  const KtServer *server = setup->facts->server;
  g_autoptr (KtInstance) instance = same == NULL && named == NULL && server != NULL && server->local
                                      ? kt_instance_find (server, setup->facts->conninfo, NULL)
                                      : NULL;
  if (same != NULL)
    {
      setup->bin_directory = g_strdup (same);
      setup->owner = g_strdup (kt_json_string (begun, "owner", NULL));
    }
  else if (named != NULL)
    setup->bin_directory = g_strdup (named);
  else if (instance != NULL && instance->bin_directory != NULL)
    {
      setup->bin_directory = g_strdup (instance->bin_directory);
      setup->owner = g_strdup (instance->owner);
    }
  else
    setup->bin_directory = kt_binaries_find ();
  if (setup->bin_directory == NULL)
    {
      kt_error_set (error, KT_ERROR_UNSUPPORTED, NULL,
                    "install a PostgreSQL server, or name its programs with --pg-bin DIR",
                    "there is no PostgreSQL to measure with");
      return FALSE;
    }
  int major = kt_binaries_major (setup->bin_directory, error);
  setup->version = g_strdup_printf ("%d", major);
  return major != 0;
}

/* So many transactions that the indexes with random keys have the regime's share of the machine's memory. */
static gboolean
take_regime (KtBenchSetup *setup, JsonObject *args, GError **error)
{
  const KtBenchRegime *regime = kt_bench_regime_find (kt_json_string (args, "regime", ""));
  if (regime == NULL)
    return TRUE;
  if (setup->host.memory_bytes == 0 || json_object_has_member (args, "fill"))
    {
      kt_error_set (error, KT_ERROR_USAGE, NULL, "for example --host 4G,2cpu,cloud-volume --regime indexes-fit",
                    "--regime chooses the size of the data set by the memory of --host, in place of --fill");
      return FALSE;
    }
  setup->spec.transactions = kt_bench_regime_transactions (regime, setup->host.memory_bytes, &setup->spec.features,
                                                           setup->spec.tps);
  return TRUE;
}

static gboolean
take_spec (KtBenchSetup *setup, JsonObject *args, GError **error)
{
  setup->spec = (KtDataSetSpec){
    .bin_directory = setup->bin_directory,
    .owner = setup->owner,
    .transactions = (guint64) kt_json_int (args, "fill", DEFAULT_FILL),
    .seed = (guint64) kt_json_int (args, "seed", 1),
    .tps = (guint32) kt_json_int (args, "density", DEFAULT_TPS),
  };
  if (!kt_bench_take_features (args, &setup->spec.features, error))
    return FALSE;
  if (!take_regime (setup, args, error))
    return FALSE;
  if (setup->spec.transactions >= 1000 && setup->spec.tps >= 1 && setup->spec.tps <= KT_CHAIN_MAX_TPS)
    return TRUE;
  kt_error_set (error, KT_ERROR_USAGE, NULL, NULL, "--fill is at least 1000 transactions, --density from 1 to %d",
                KT_CHAIN_MAX_TPS);
  return FALSE;
}

KtBenchSetup *
kt_bench_setup_new (KtOperationContext *context, JsonObject *args, JsonObject *begun, GError **error)
{
  g_autoptr (KtBenchSetup) setup = g_new0 (KtBenchSetup, 1);
  const char *host = kt_json_string (args, "host", NULL);
  setup->configurations = begun != NULL
                            ? kt_bench_configurations_of (begun)
                            : g_ptr_array_new_with_free_func ((GDestroyNotify) kt_bench_configuration_free);
  kt_bench_take_watch (context, &setup->watch);
  if (host != NULL && !kt_bench_host_parse (host, &setup->host, error))
    return NULL;
  setup->facts = kt_facts_load (context, args, begun == NULL && wants_server (args) ? KT_FACTS_SERVER : 0, error);
  if (setup->facts == NULL || kt_facts_state (setup->facts, error) == NULL || !find_binaries (setup, args, begun, error)
      || !take_spec (setup, args, error))
    return NULL;
  setup->place = kt_bench_place_open (kt_json_string (args, "folder", NULL), error);
  if (setup->place == NULL)
    return NULL;
  setup->set = kt_data_set_open (setup->place, &setup->spec, &setup->watch, error);
  if (setup->set == NULL || (begun == NULL && !add_all (setup, args, error)))
    return NULL;
  return g_steal_pointer (&setup);
}
