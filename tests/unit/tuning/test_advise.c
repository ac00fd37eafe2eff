/* SPDX-License-Identifier: MIT
 *
 * Advice as a whole, its JSON, the configuration text and the explanation; on made-up servers and on a real one.
 */
#include "tuning/advise.h"

#include "base/error.h"
#include "base/size.h"
#include "support/cluster.h"
#include "support/facts.h"
#include "tuning/conf_text.h"
#include "tuning/explain.h"

#include <string.h>

static KtPlatform *
ordinary_machine (void)
{
  return kt_test_platform (&(KtTestMachine){ .memory_gb = 16 });
}

static KtAdvice *
advise (const KtPlatform *platform, const KtServer *server)
{
  g_autoptr (GError) error = NULL;
  KtAdvice *advice = kt_advise (platform, server, NULL, NULL, &error);
  g_assert_no_error (error);
  return advice;
}

static void
assert_says (const char *text, const char *said)
{
  if (text == NULL || strstr (text, said) == NULL)
    g_error ("“%s” does not say “%s”", text, said);
}

static void
assert_verdict (const KtAdvice *advice, const char *parameter, KtVerdict verdict)
{
  const KtAdviceRow *row = kt_advice_find (advice, parameter);
  g_assert_nonnull (row);
  g_test_message ("%s: %s, %s", parameter, kt_verdict_name (row->verdict), row->because);
  g_assert_cmpstr (kt_verdict_name (row->verdict), ==, kt_verdict_name (verdict));
}

static void
test_verdicts (void)
{
  g_autoptr (KtPlatform) platform = ordinary_machine ();
  g_autoptr (KtServer) server = kt_test_server (15);
  kt_test_server_set (server, "maintenance_work_mem", "1020000", NULL, NULL); /* kB: 2.7 % below 1 GB */
  kt_test_server_set (server, "max_connections", "300", NULL, NULL);
  kt_test_server_set (server, "random_page_cost", "1.1", NULL, NULL);
  g_autoptr (KtAdvice) advice = advise (platform, server);
  assert_verdict (advice, "shared_buffers", KT_VERDICT_CHANGE);
  assert_verdict (advice, "maintenance_work_mem", KT_VERDICT_AS_WANTED);
  assert_verdict (advice, "random_page_cost", KT_VERDICT_AS_WANTED);
  assert_verdict (advice, "max_connections", KT_VERDICT_LEFT);
  assert_says (kt_advice_find (advice, "max_connections")->because, "something may need the running value");
  assert_verdict (advice, "synchronous_commit", KT_VERDICT_LEFT);
  assert_verdict (advice, "io_method", KT_VERDICT_NOT_OFFERED);
  assert_verdict (advice, "timescaledb.max_background_workers", KT_VERDICT_NOT_OFFERED);
  g_assert_null (kt_advice_find (advice, "no_such_parameter"));
}

/* What a rule would lower stays, since something may need it; what somebody asked for by name is done, and said. */
static void
test_a_profile_may_lower_by_name (void)
{
  g_autoptr (KtPlatform) platform = ordinary_machine ();
  g_autoptr (KtServer) server = kt_test_server (15);
  g_autoptr (KtProfile) profile = kt_profile_parse ("mine.conf", "[set]\nmax_connections=150\n", NULL);
  kt_test_server_set (server, "max_connections", "300", NULL, NULL);
  g_autoptr (KtAdvice) advice = kt_advise (platform, server, profile, NULL, NULL);
  assert_verdict (advice, "max_connections", KT_VERDICT_CHANGE);
  g_assert_cmpint (kt_wanted_int (advice->in, "max_connections"), ==, 150);
  assert_says (((KtFinding *) advice->findings->pdata[0])->sentence, "max_connections from 300 down to 150");
  server->in_recovery = TRUE;
  g_autoptr (KtAdvice) standby = kt_advise (platform, server, profile, NULL, NULL);
  g_assert_true (kt_findings_refuse (standby->findings));
}

static void
test_what_beats_a_file_is_said (void)
{
  g_autoptr (KtPlatform) platform = ordinary_machine ();
  g_autoptr (KtServer) server = kt_test_server (15);
  kt_test_server_set (server, "shared_buffers", "16384", "command line", NULL);
  kt_test_server_set (server, "max_wal_size", "1024", "configuration file",
                      "/var/lib/postgresql/data/postgresql.auto.conf");
  kt_test_server_add_role_setting (server, "kaspa", "work_mem", "64MB");
  g_autoptr (KtAdvice) advice = advise (platform, server);
  assert_verdict (advice, "shared_buffers", KT_VERDICT_OVERRIDDEN);
  assert_says (kt_advice_find (advice, "shared_buffers")->overridden_by, "command line");
  assert_verdict (advice, "max_wal_size", KT_VERDICT_CHANGE);
  assert_says (kt_advice_find (advice, "max_wal_size")->overridden_by, "ALTER SYSTEM");
  assert_says (kt_advice_find (advice, "work_mem")->overridden_by, "ALTER ROLE kaspa: 64MB");
  assert_says (((KtFinding *) advice->findings->pdata[0])->sentence, "no file and no ALTER SYSTEM can change");
  g_autofree char *text = kt_conf_text (advice);
  g_assert_null (strstr (text, "\nshared_buffers"));
}

static void
test_a_poor_build_is_respected (void)
{
  static const char *const words[] = { "off", "on", "pglz", NULL };
  g_autoptr (KtPlatform) platform = ordinary_machine ();
  g_autoptr (KtServer) server = kt_test_server (17);
  kt_test_server_offer (server, "wal_compression", words);
  g_autoptr (KtProfile) profile = kt_profile_parse ("mine.conf", "[set]\nwal_compression=zstd\n", NULL);
  g_autoptr (KtAdvice) left = advise (platform, server);
  assert_verdict (left, "wal_compression", KT_VERDICT_LEFT);
  g_autoptr (KtAdvice) asked = kt_advise (platform, server, profile, NULL, NULL);
  assert_verdict (asked, "wal_compression", KT_VERDICT_NOT_OFFERED);
  g_assert_true (kt_findings_refuse (asked->findings));
}

static void
test_unknown_versions_are_refused (void)
{
  g_autoptr (KtPlatform) platform = ordinary_machine ();
  for (int major = 11; major <= 21; major++)
    {
      KtOptions options = KT_OPTIONS_DEFAULT;
      g_autoptr (GError) error = NULL;
      options.major = major;
      g_autoptr (KtAdvice) advice = kt_advise (platform, NULL, NULL, &options, &error);
      g_assert_cmpint (advice != NULL, ==, major >= 13 && major <= 19);
      if (advice == NULL)
        g_assert_error (error, KT_ERROR, KT_ERROR_UNSUPPORTED);
    }
}

/* Tables. */

static const KtTableRow *
find_table (const KtAdvice *advice, const char *name)
{
  for (guint i = 0; i < advice->tables->len; i++)
    if (g_str_equal (((KtTableRow *) advice->tables->pdata[i])->table, name))
      return advice->tables->pdata[i];
  return NULL;
}

static void
test_large_tables_get_counts_of_their_own (void)
{
  g_autoptr (KtPlatform) platform = ordinary_machine ();
  g_autoptr (KtServer) server = kt_test_server (15);
  server->wal_seconds = 36000; /* ten hours */
  kt_test_server_add_table (server, "transactions", 5e8, KT_GIB, 30000000, 0, NULL);
  kt_test_server_add_table (server, "scripts_transactions", 2e7, KT_GIB, 0, 0, NULL);
  kt_test_server_add_table (server, "block_parent", 3e7, KT_GIB, 1000000, 900000,
                            "fillfactor=90,autovacuum_vacuum_scale_factor=0.1");
  kt_test_server_add_table (server, "blocks", 5e6, KT_MIB, 0, 0, NULL);
  kt_test_server_add_table (server, "customers", 5e9, KT_GIB, 0, 0, NULL);
  g_autoptr (KtAdvice) advice = advise (platform, server);
  g_assert_cmpuint (advice->tables->len, ==, 3);

  const KtTableRow *transactions = find_table (advice, "transactions");
  g_assert_cmpstr (transactions->statement, ==,
                   "ALTER TABLE public.transactions SET (autovacuum_vacuum_insert_scale_factor = 0, "
                   "autovacuum_vacuum_insert_threshold = 3000000, autovacuum_vacuum_scale_factor = 0.01, "
                   "autovacuum_analyze_scale_factor = 0.005)");
  assert_says (transactions->because, "(measured)");
  assert_says (find_table (advice, "scripts_transactions")->wanted, "autovacuum_vacuum_cost_limit=2000");
  assert_says (find_table (advice, "scripts_transactions")->because, "(modelled)");

  const KtTableRow *pruned = find_table (advice, "block_parent");
  assert_says (pruned->because, "old rows are pruned");
  g_assert_cmpstr (pruned->undo, ==,
                   "ALTER TABLE public.block_parent SET (autovacuum_vacuum_scale_factor = 0.1), "
                   "RESET (autovacuum_vacuum_insert_scale_factor, autovacuum_vacuum_insert_threshold, "
                   "autovacuum_analyze_scale_factor)");
}

static void
test_tables_that_have_their_options_are_as_wanted (void)
{
  g_autoptr (KtPlatform) platform = ordinary_machine ();
  g_autoptr (KtServer) server = kt_test_server (15);
  kt_test_server_add_table (server, "blocks", 2e7, KT_GIB, 0, 0,
                            "autovacuum_vacuum_insert_scale_factor=0,autovacuum_vacuum_insert_threshold=1500000");
  g_autoptr (KtAdvice) advice = advise (platform, server);
  g_assert_cmpint (find_table (advice, "blocks")->verdict, ==, KT_VERDICT_AS_WANTED);
}

/* Roles. */

static void
test_asynchronous_commit_is_only_offered (void)
{
  KtOptions options = KT_OPTIONS_DEFAULT;
  options.major = 15;
  options.indexer_role = "Kaspa \"x\"";
  g_autoptr (KtPlatform) platform = ordinary_machine ();
  g_autoptr (KtAdvice) advice = kt_advise (platform, NULL, NULL, &options, NULL);
  const KtRoleRow *offer = advice->roles->pdata[0];
  g_assert_cmpstr (offer->statement, ==, "ALTER ROLE \"Kaspa \"\"x\"\"\" SET synchronous_commit = 'off'");
  g_assert_cmpstr (offer->undo, ==, "ALTER ROLE \"Kaspa \"\"x\"\"\" RESET synchronous_commit");
  assert_says (offer->meaning, "three times wal_writer_delay");
  g_autofree char *text = kt_conf_text (advice);
  g_assert_null (strstr (text, "synchronous_commit"));

  g_autoptr (KtProfile) full = kt_profile_parse ("full.conf", "[profile]\ndurability=full\n", NULL);
  g_autoptr (KtAdvice) strict = kt_advise (platform, NULL, full, &options, NULL);
  for (guint i = 0; i < strict->roles->len; i++)
    g_assert_cmpstr (((KtRoleRow *) strict->roles->pdata[i])->setting, !=, "synchronous_commit");
}

/* Kernel. */

static const KtKernelRow *
find_kernel (const KtAdvice *advice, const char *name)
{
  for (guint i = 0; i < advice->kernel->len; i++)
    if (g_str_equal (((KtKernelRow *) advice->kernel->pdata[i])->name, name))
      return advice->kernel->pdata[i];
  return NULL;
}

static void
test_huge_pages_cover_the_wanted_buffers (void)
{
  g_autoptr (KtPlatform) platform = kt_test_platform (&(KtTestMachine){ .memory_gb = 32 });
  g_autoptr (KtServer) server = kt_test_server (15);
  g_autoptr (KtAdvice) advice = advise (platform, server);
  const KtKernelRow *row = find_kernel (advice, "vm.nr_hugepages");
  gint64 pages = g_ascii_strtoll (row->wanted, NULL, 10);
  gint64 buffers = kt_wanted_int (advice->in, "shared_buffers");
  g_assert_cmpint (pages * 2 * KT_MIB, >, buffers);
  g_assert_cmpint (pages * 2 * KT_MIB, <, buffers + buffers / 20);
  g_assert_cmpint (row->verdict, ==, KT_VERDICT_CHANGE);
  assert_says (row->command, "sysctl -w vm.nr_hugepages=");
  assert_says (row->persist, "/etc/sysctl.d/");
}

static void
test_kernel_is_left_alone_in_containers (void)
{
  g_autoptr (KtPlatform) platform = kt_test_platform (&(KtTestMachine){ .memory_gb = 16, .container = TRUE,
                                                                        .limit_gb = 8 });
  g_autoptr (KtServer) server = kt_test_server (15);
  g_autoptr (KtAdvice) advice = advise (platform, server);
  g_assert_cmpuint (advice->kernel->len, ==, 0);
}

static void
test_kernel_rows (void)
{
  static const struct {
    KtTestMachine machine;
    const char *name, *wanted;
    KtVerdict verdict;
  } rows[] = {
    { { .memory_gb = 2 }, "vm.nr_hugepages", NULL, KT_VERDICT_LEFT },
    { { .memory_gb = 32, .huge_pages = 8192 }, "vm.nr_hugepages", "5556", KT_VERDICT_AS_WANTED },
    { { .memory_gb = 32 }, "vm.swappiness", "10", KT_VERDICT_CHANGE },
    { { .memory_gb = 32 }, "vm.dirty_bytes", "1073741824", KT_VERDICT_CHANGE },
    { { .memory_gb = 32 }, "vm.overcommit_memory", "2", KT_VERDICT_CHANGE },
    { { .memory_gb = 32, .neighbour_gb = 8 }, "vm.overcommit_memory", NULL, KT_VERDICT_LEFT },
    { { .memory_gb = 32 }, "transparent huge pages", "madvise", KT_VERDICT_CHANGE },
    { { .memory_gb = 32 }, "scheduler of nvme0n1", "none", KT_VERDICT_AS_WANTED },
    { { .memory_gb = 32, .class = KT_STORAGE_SSD }, "scheduler of sda", "mq-deadline", KT_VERDICT_CHANGE },
    { { .memory_gb = 32, .class = KT_STORAGE_HDD }, "read-ahead of sda", "1 MB", KT_VERDICT_CHANGE },
    { { .memory_gb = 32, .fs_type = "zfs" }, "zfs_arc_max", "9.8 GB", KT_VERDICT_CHANGE },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (KtPlatform) platform = kt_test_platform (&rows[i].machine);
      g_autoptr (KtServer) server = kt_test_server (15);
      g_autoptr (KtAdvice) advice = advise (platform, server);
      const KtKernelRow *row = find_kernel (advice, rows[i].name);
      g_assert_nonnull (row);
      g_test_message ("%s: %s -> %s: %s", row->name, row->running, row->wanted, row->because);
      g_assert_cmpint (row->verdict, ==, rows[i].verdict);
      g_assert_cmpstr (row->wanted, ==, rows[i].wanted);
      g_assert_cmpint (row->command != NULL, ==, row->verdict == KT_VERDICT_CHANGE);
    }
}

static const KtFinding *
find_finding (const KtAdvice *advice, const char *said)
{
  for (guint i = 0; i < advice->findings->len; i++)
    if (strstr (((KtFinding *) advice->findings->pdata[i])->sentence, said) != NULL)
      return advice->findings->pdata[i];
  return NULL;
}

static void
test_the_oom_killer_is_kept_from_the_postmaster (void)
{
  static const struct {
    const char *score;
    gint64 overcommit;
    gboolean container, said;
  } rows[] = {
    { NULL, 0, FALSE, FALSE }, { "0", 0, FALSE, TRUE },  { "200", 0, FALSE, TRUE },
    { "-900", 0, FALSE, FALSE }, { "0", 2, FALSE, FALSE }, { "0", 0, TRUE, FALSE },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (KtPlatform) platform
        = kt_test_platform (&(KtTestMachine){ .memory_gb = 16, .container = rows[i].container });
      g_autoptr (KtServer) server = kt_test_server (15);
      platform->server_oom_score_adj = g_strdup (rows[i].score);
      platform->kernel.overcommit_memory = rows[i].overcommit;
      g_autoptr (KtAdvice) advice = advise (platform, server);
      const KtFinding *finding = find_finding (advice, "OOM killer");
      g_assert_cmpint (finding != NULL, ==, rows[i].said);
      if (finding != NULL)
        assert_says (finding->remedy, "OOMScoreAdjust=-900");
    }
}

/* Texts. */

static void
test_file_says_why_and_is_stable (void)
{
  g_autoptr (KtPlatform) platform = ordinary_machine ();
  g_autoptr (KtServer) server = kt_test_server (15);
  kt_test_server_set (server, "maintenance_work_mem", "1020000", NULL, NULL);
  g_autoptr (KtAdvice) advice = advise (platform, server);
  g_autofree char *text = kt_conf_text (advice);
  g_autofree char *again = kt_conf_text (advice);
  g_assert_cmpstr (text, ==, again);
  assert_says (text, "# Written by kastune");
  assert_says (text, "# ---- Memory ----");
  assert_says (text, "maintenance_work_mem = 1020000kB\n"); /* within 5 %: kept as it is */
  g_assert_null (strstr (text, "\nhuge_pages"));            /* the default, wanted: nothing to write */
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (gsize i = 1; lines[i] != NULL; i++)
    {
      g_assert_cmpuint (g_utf8_strlen (lines[i], -1), <=, 100);
      if (*lines[i] != '#' && *lines[i] != '\0')
        g_assert_true (g_str_has_prefix (lines[i - 1], "# "));
    }
}

static void
test_json_has_every_part (void)
{
  static const char *const members[] = { "major", "offline", "phase", "profile", "memory", "wal", "parameters",
                                         "tables", "roles",
                                         "kernel", "findings" };
  g_autoptr (KtPlatform) platform = ordinary_machine ();
  g_autoptr (KtServer) server = kt_test_server (15);
  g_autoptr (KtAdvice) advice = advise (platform, server);
  g_autoptr (JsonObject) object = kt_advice_to_json (advice);
  for (gsize i = 0; i < G_N_ELEMENTS (members); i++)
    g_assert_true (json_object_has_member (object, members[i]));
  JsonArray *parameters = kt_json_array (object, "parameters");
  g_assert_cmpuint (json_array_get_length (parameters), ==, advice->rows->len);
  JsonObject *first = json_array_get_object_element (parameters, 0);
  g_assert_cmpstr (kt_json_string (first, "name", NULL), ==, "shared_buffers");
  g_assert_cmpstr (kt_json_string (first, "running", NULL), ==, "128MB");
  g_assert_cmpstr (kt_json_string (first, "verdict", NULL), ==, "change");
  g_assert_cmpstr (kt_json_string (first, "apply", NULL), ==, "restart");
  g_assert_cmpstr (kt_json_string (kt_json_object (first, "impact"), "confidence", NULL), ==, "high");
}

static void
test_explanation (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KtPlatform) platform = ordinary_machine ();
  g_autoptr (KtServer) server = kt_test_server (18);
  g_autoptr (KtAdvice) advice = advise (platform, server);
  g_autoptr (JsonObject) object = kt_explain (advice, "Wal_Compression", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (json_array_get_length (kt_json_array (object, "words")), ==, 5);
  g_autoptr (JsonObject) never = kt_explain (advice, "fsync", &error);
  g_assert_true (kt_json_bool (never, "never_set", FALSE));
  g_assert_null (kt_explain (advice, "max_wal", &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_NOT_FOUND);
  assert_says (kt_error_hint (error), "max_wal_size");
}

/* A real server takes every wanted value, and then everything is as wanted. */
static void
test_real_server_takes_the_advice (gconstpointer data)
{
  int major = GPOINTER_TO_INT (data);
  g_autoptr (GError) error = NULL;
  g_autoptr (KtPlatform) platform = kt_test_platform (&(KtTestMachine){ .memory_gb = 2, .cpus = 2, .free_gb = 20 });
  g_autoptr (KtTestCluster) cluster = kt_test_cluster_new (&(KtTestClusterOptions){ .major = major, .stopped = TRUE });
  kt_test_cluster_start (cluster);
  g_autoptr (KtConnection) connection = kt_connection_open (cluster->conninfo, &error);
  g_assert_no_error (error);
  g_autoptr (KtServer) server = kt_server_load (connection, &error);
  g_assert_no_error (error);
  g_autoptr (KtAdvice) advice = advise (platform, server);
  g_assert_false (kt_findings_refuse (advice->findings));
  g_autofree char *text = kt_conf_text (advice);
  kt_test_cluster_append_conf (cluster, text);
  kt_test_cluster_stop (cluster);
  kt_test_cluster_start (cluster);

  g_autoptr (KtConnection) second = kt_connection_open (cluster->conninfo, &error);
  g_assert_no_error (error);
  g_autoptr (KtServer) tuned = kt_server_load (second, &error);
  g_assert_no_error (error);
  g_autoptr (KtAdvice) after = advise (platform, tuned);
  for (guint i = 0; i < after->rows->len; i++)
    {
      const KtAdviceRow *row = after->rows->pdata[i];
      if (row->verdict == KT_VERDICT_CHANGE)
        g_error ("%s is %s and should be %s", row->param->name, row->running, row->wanted);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tuning/advise/verdicts", test_verdicts);
  g_test_add_func ("/tuning/advise/a-profile-may-lower-by-namea-profile-may-lower-by-name", test_a_profile_may_lower_by_name);
  g_test_add_func ("/tuning/advise/what-beats-a-file-is-said", test_what_beats_a_file_is_said);
  g_test_add_func ("/tuning/advise/a-poor-build-is-respected", test_a_poor_build_is_respected);
  g_test_add_func ("/tuning/advise/unknown-versions-are-refused", test_unknown_versions_are_refused);
  g_test_add_func ("/tuning/advise/tables/large-ones-get-counts-of-their-own",
                   test_large_tables_get_counts_of_their_own);
  g_test_add_func ("/tuning/advise/tables/with-their-options-are-as-wanted",
                   test_tables_that_have_their_options_are_as_wanted);
  g_test_add_func ("/tuning/advise/roles/asynchronous-commit-is-only-offered",
                   test_asynchronous_commit_is_only_offered);
  g_test_add_func ("/tuning/advise/kernel/huge-pages-cover-the-wanted-buffers",
                   test_huge_pages_cover_the_wanted_buffers);
  g_test_add_func ("/tuning/advise/kernel/is-left-alone-in-containers", test_kernel_is_left_alone_in_containers);
  g_test_add_func ("/tuning/advise/kernel/rows", test_kernel_rows);
  g_test_add_func ("/tuning/advise/kernel/the-oom-killer-is-kept-from-the-postmasterthe-oom-killer-is-kept-from-the-postmaster", test_the_oom_killer_is_kept_from_the_postmaster);
  g_test_add_func ("/tuning/conf-text/says-why-and-is-stable", test_file_says_why_and_is_stable);
  g_test_add_func ("/tuning/advise/json-has-every-part", test_json_has_every_part);
  g_test_add_func ("/tuning/explain/everything-known", test_explanation);
  kt_test_add_versions ("/tuning/advise/real-server-takes-the-advice", test_real_server_takes_the_advice);
  return g_test_run ();
}
