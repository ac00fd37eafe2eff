/* SPDX-License-Identifier: MIT */
#include "tuning/check.h"

#include "base/size.h"
#include "support/facts.h"

#include <string.h>

typedef struct {
  KtTestMachine machine;
  int major;              /* 0: 15 */
  gboolean offline;
  void (*server) (KtServer *server); /* what is special about the server */
  KtProposal set[4];
  KtSeverity severity;
  const char *said; /* NULL: nothing at all is found */
} Case;

static GPtrArray *
findings_of (const Case *c)
{
  KtOptions options = KT_OPTIONS_DEFAULT;
  guint n = 0;
  options.major = c->major > 0 ? c->major : 15;
  g_autoptr (KtPlatform) platform = kt_test_platform (&c->machine);
  g_autoptr (KtProfile) profile = kt_profile_load ("standard", NULL);
  g_autoptr (KtServer) server = c->offline ? NULL : kt_test_server (options.major);
  if (c->server != NULL)
    c->server (server);
  g_autoptr (KtInputs) in = kt_inputs_new (platform, server, profile, &options);
  while (n < G_N_ELEMENTS (c->set) && c->set[n].name != NULL)
    n++;
  return kt_check (in, c->set, n);
}

static gboolean
is_found (const GPtrArray *findings, const Case *c)
{
  for (guint i = 0; i < findings->len; i++)
    {
      const KtFinding *finding = findings->pdata[i];
      g_test_message ("%s: %s", kt_severity_name (finding->severity), finding->sentence);
      if (c->said != NULL && finding->severity == c->severity && strstr (finding->sentence, c->said) != NULL)
        return TRUE;
    }
  return FALSE;
}

static void
check_cases (const Case *cases, gsize n)
{
  for (gsize i = 0; i < n; i++)
    {
      g_autoptr (GPtrArray) findings = findings_of (&cases[i]);
      g_test_message ("%s = %s", cases[i].set[0].name, cases[i].set[0].value);
      if (cases[i].said == NULL)
        g_assert_cmpuint (findings->len, ==, 0);
      else if (!is_found (findings, &cases[i]))
        g_error ("%s = %s: nothing says “%s”", cases[i].set[0].name, cases[i].set[0].value, cases[i].said);
      for (guint f = 1; f < findings->len; f++)
        g_assert_cmpint (((KtFinding *) findings->pdata[f - 1])->severity, >=,
                         ((KtFinding *) findings->pdata[f])->severity);
    }
}

static void
no_lz4 (KtServer *server)
{
  static const char *const words[] = { "off", "on", "pglz", NULL };
  kt_test_server_offer (server, "wal_compression", words);
}

static void
load_statements (KtServer *server)
{
  kt_test_server_set (server, "shared_preload_libraries", "pg_stat_statements", NULL, NULL);
}

static const Case values[] = {
  { .set = { { "work_mem", "8MB", NULL }, { "jit", "off", NULL } } },
  { .set = { { "WORK_MEM", "8MB", NULL } } },
  { .set = { { "work_mem", "1gb", "my.conf:7" } }, .severity = KT_SEVERITY_REFUSE,
    .said = "my.conf:7: work_mem: “1gb”" },
  { .set = { { "work_mem", "1kB", NULL } }, .severity = KT_SEVERITY_REFUSE, .said = "outside 64kB" },
  { .set = { { "work_memory", "8MB", NULL } }, .severity = KT_SEVERITY_REFUSE, .said = "no such parameter" },
  { .set = { { "jit", "perhaps", NULL } }, .severity = KT_SEVERITY_REFUSE, .said = "neither on nor off" },
  { .set = { { "wal_compression", "lz4", NULL } } },
  { .set = { { "wal_compression", "lz4", NULL } }, .server = no_lz4, .severity = KT_SEVERITY_REFUSE,
    .said = "not built into this server" },
  { .set = { { "wal_compression", "gzip", NULL } }, .severity = KT_SEVERITY_REFUSE, .said = "no value of it" },
  { .set = { { "io_workers", "4", NULL } }, .severity = KT_SEVERITY_REFUSE, .said = "it came with 18" },
  { .set = { { "work_mem", "8MB", NULL }, { "work_mem", "9MB", NULL } }, .severity = KT_SEVERITY_NOTE,
    .said = "set again" },
  { .set = { { "pg_stat_statements.maxx", "5", NULL } }, .server = load_statements, .severity = KT_SEVERITY_WARNING,
    .said = "accept it silently" },
  { .set = { { "somebody.elses", "5", NULL } }, .severity = KT_SEVERITY_NOTE, .said = "any name with a dot" },
  { .set = { { "port", "5433", NULL } }, .severity = KT_SEVERITY_WARNING, .said = "kastune never changes it" },
  { .set = { { "\xef\xbb\xbfwork_mem", "8MB", "my.conf:1" } }, .severity = KT_SEVERITY_REFUSE,
    .said = "my.conf:1: “\\357\\273\\277work_mem”" },
};

static const Case offline[] = {
  { .offline = TRUE, .set = { { "work_mem", "8MB", NULL } } },
  { .offline = TRUE, .set = { { "work_mem", "1gb", NULL } }, .severity = KT_SEVERITY_REFUSE, .said = "work_mem" },
  { .offline = TRUE, .major = 14, .set = { { "wal_compression", "lz4", NULL } }, .severity = KT_SEVERITY_REFUSE,
    .said = "off, on" },
  { .offline = TRUE, .set = { { "wal_compression", "lz4", NULL } }, .severity = KT_SEVERITY_WARNING,
    .said = "not in every build" },
  { .offline = TRUE, .set = { { "geqo", "off", NULL } }, .severity = KT_SEVERITY_NOTE,
    .said = "only a server knows them: geqo" },
  { .offline = TRUE, .set = { { "shared_bufers", "1GB", NULL } }, .severity = KT_SEVERITY_WARNING,
    .said = "looks mistyped" },
  { .offline = TRUE, .set = { { "listen_addresses", "*", NULL } } },
  { .offline = TRUE, .major = 17, .set = { { "io_workers", "4", NULL } }, .severity = KT_SEVERITY_REFUSE,
    .said = "it came with 18" },
};

static void
busy (KtServer *server)
{
  server->connections = 80;
  kt_test_server_set (server, "max_connections", "200", NULL, NULL);
}

static void
standby (KtServer *server)
{
  server->in_recovery = TRUE;
  kt_test_server_set (server, "max_connections", "200", NULL, NULL);
}

static void
big_segments (KtServer *server)
{
  server->wal_segment_bytes = 64 * KT_MIB;
}

static void
without_fsync (KtServer *server)
{
  kt_test_server_set (server, "fsync", "off", NULL, NULL);
}

static const Case rules[] = {
  { .set = { { "fsync", "off", NULL } }, .severity = KT_SEVERITY_REFUSE, .said = "cannot be repaired" },
  { .server = without_fsync, .set = { { "jit", "off", NULL } }, .severity = KT_SEVERITY_WARNING,
    .said = "cannot be repaired" },
  { .set = { { "full_page_writes", "off", NULL } }, .severity = KT_SEVERITY_REFUSE, .said = "torn by a crash" },
  { .machine = { .fs_type = "zfs" }, .set = { { "full_page_writes", "off", NULL } }, .severity = KT_SEVERITY_WARNING,
    .said = "redundant on ZFS" },
  { .set = { { "synchronous_commit", "off", NULL } }, .severity = KT_SEVERITY_WARNING,
    .said = "for every database in it" },
  { .set = { { "wal_level", "minimal", NULL } }, .severity = KT_SEVERITY_REFUSE, .said = "max_wal_senders above 0" },
  { .set = { { "wal_level", "minimal", NULL }, { "max_wal_senders", "0", NULL } }, .severity = KT_SEVERITY_WARNING,
    .said = "no base backup" },
  { .set = { { "superuser_reserved_connections", "100", NULL } }, .severity = KT_SEVERITY_REFUSE,
    .said = "the server does not start" },
  { .major = 16, .set = { { "reserved_connections", "97", NULL } }, .severity = KT_SEVERITY_REFUSE,
    .said = "100 reserved connections" },
  { .server = busy, .set = { { "max_connections", "70", NULL } }, .severity = KT_SEVERITY_REFUSE,
    .said = "the 80 that are open" },
  { .set = { { "max_connections", "50", NULL } }, .severity = KT_SEVERITY_WARNING,
    .said = "indexer (20), API servers (60)" },
  { .server = busy, .set = { { "max_connections", "150", NULL } }, .severity = KT_SEVERITY_WARNING,
    .said = "from 200 down to 150" },
  { .server = standby, .set = { { "max_connections", "150", NULL } }, .severity = KT_SEVERITY_REFUSE,
    .said = "standby" },
  { .server = big_segments, .set = { { "min_wal_size", "80MB", NULL } }, .severity = KT_SEVERITY_REFUSE,
    .said = "two WAL segments (128 MB)" },
  { .set = { { "min_wal_size", "2GB", NULL } }, .severity = KT_SEVERITY_WARNING, .said = "larger than max_wal_size" },
  { .machine = { .free_gb = 10 }, .set = { { "max_wal_size", "16GB", NULL } }, .severity = KT_SEVERITY_REFUSE,
    .said = "10 GB are free" },
  { .machine = { .free_gb = 10 }, .set = { { "max_wal_size", "8GB", NULL } }, .severity = KT_SEVERITY_WARNING,
    .said = "10 GB are free" },
  { .machine = { .free_gb = 100 }, .set = { { "max_wal_size", "24GB", NULL } } },
  { .set = { { "shared_buffers", "16GB", NULL } }, .severity = KT_SEVERITY_REFUSE, .said = "take all of the 16 GB" },
  { .set = { { "shared_buffers", "12GB", NULL } }, .severity = KT_SEVERITY_REFUSE, .said = "of the 16 GB" },
  /* Too much, but less than what runs: refusing it would refuse the way out. */
  { .machine = { .memory_gb = 0.75 }, .set = { { "max_connections", "90", NULL } }, .severity = KT_SEVERITY_WARNING,
    .said = "most of it is connections" },
  { .set = { { "work_mem", "115MB", NULL } }, .severity = KT_SEVERITY_WARNING, .said = "of the 16 GB" },
  { .set = { { "huge_pages", "on", NULL } }, .severity = KT_SEVERITY_REFUSE, .said = "0 are reserved" },
  { .machine = { .huge_pages = 4096 }, .set = { { "huge_pages", "on", NULL } } },
  { .machine = { .huge_pages = 4096, .hugetlb_limit = 1 }, .set = { { "huge_pages", "try", NULL } },
    .severity = KT_SEVERITY_REFUSE, .said = "SIGBUS" },
  { .set = { { "shared_preload_libraries", "pg_stat_statements", NULL } }, .severity = KT_SEVERITY_REFUSE,
    .said = "not installed" },
  { .server = load_statements, .set = { { "shared_preload_libraries", "pg_stat_statements", NULL } } },
  { .set = { { "shared_preload_libraries", "mystery", NULL } }, .severity = KT_SEVERITY_WARNING,
    .said = "not known to be installed" },
  { .major = 18, .set = { { "autovacuum_max_workers", "20", NULL } }, .severity = KT_SEVERITY_WARNING,
    .said = "only 16 slots" },
  { .major = 18, .machine = { .container = TRUE }, .set = { { "io_method", "io_uring", NULL } },
    .severity = KT_SEVERITY_REFUSE, .said = "in a container" },
  { .machine = { .container = TRUE }, .set = { { "maintenance_work_mem", "512MB", NULL } },
    .severity = KT_SEVERITY_WARNING, .said = "/dev/shm has 64 MB" },
};

static void
test_values (void)
{
  check_cases (values, G_N_ELEMENTS (values));
}

static void
test_offline (void)
{
  check_cases (offline, G_N_ELEMENTS (offline));
}

static void
test_rules (void)
{
  check_cases (rules, G_N_ELEMENTS (rules));
}

/* Every finding that stops or warns says what to do. */
static void
test_remedies_are_there (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rules); i++)
    {
      g_autoptr (GPtrArray) findings = findings_of (&rules[i]);
      for (guint f = 0; f < findings->len; f++)
        g_assert_nonnull (((KtFinding *) findings->pdata[f])->remedy);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tuning/check/each-value-against-the-server", test_values);
  g_test_add_func ("/tuning/check/each-value-against-the-table", test_offline);
  g_test_add_func ("/tuning/check/rules-between-parameters", test_rules);
  g_test_add_func ("/tuning/check/remedies-are-there", test_remedies_are_there);
  return g_test_run ();
}
