/* SPDX-License-Identifier: MIT */
#include "storage/health.h"

#include "base/error.h"

#include <string.h>

#define NOW ((gint64) 1795000000)
#define WELL "errors: No known data errors\n"

static GPtrArray *
about (const char *properties, const char *text)
{
  GPtrArray *findings = kt_findings_new ();
  g_autoptr (GPtrArray) pools = kt_zfs_parse_objects (properties);
  g_autoptr (KtPoolStatus) status = kt_pool_status_parse (text);
  kt_find_about_pool (findings, pools->pdata[0], status, NOW);
  return findings;
}

/* Says @said, and nothing else; NULL: nothing at all. */
static void
assert_finding (const GPtrArray *findings, KtSeverity severity, const char *said)
{
  g_assert_cmpuint (findings->len, ==, said != NULL);
  if (said == NULL)
    return;
  const KtFinding *finding = findings->pdata[0];
  g_test_message ("%s", finding->sentence);
  g_assert_nonnull (strstr (finding->sentence, said));
  g_assert_cmpint (finding->severity, ==, severity);
}

static char *
scanned (gint64 seconds_ago)
{
  g_autoptr (GDateTime) then = g_date_time_new_from_unix_local (NOW - seconds_ago);
  g_autofree char *day = g_date_time_format (then, "%a %b %d %H:%M:%S %Y");
  return g_strdup_printf ("  scan: scrub repaired 0B in 00:10:00 with 0 errors on %s\n", day);
}

static void
test_pools (void)
{
  g_autofree char *fresh = scanned (3 * 24 * 3600);
  g_autofree char *old = scanned (40 * 24 * 3600);
  const struct {
    const char *properties, *state, *scan, *rest;
    KtSeverity severity;
    const char *said;
  } rows[] = {
    { "t\tcapacity\t50\t-\n", "ONLINE", fresh, WELL, 0, NULL },
    { "t\tcapacity\t80\t-\n", "ONLINE", fresh, WELL, KT_SEVERITY_NOTE, "80 % full" },
    { "t\tcapacity\t93\t-\n", "ONLINE", fresh, WELL, KT_SEVERITY_WARNING, "93 % full" },
    { "t\tfragmentation\t61\t-\n", "ONLINE", fresh, WELL, KT_SEVERITY_NOTE, "fragmented" },
    { "t\tfragmentation\t-\t-\n", "ONLINE", fresh, WELL, 0, NULL },
    { "t\tsize\t1\t-\n", "DEGRADED", fresh, "status: A device is gone.\naction: Replace it.\n" WELL, KT_SEVERITY_WARNING, "DEGRADED: A device is gone." },
    { "t\tsize\t1\t-\n", "ONLINE", fresh, "errors: 3 data errors, use '-v' for a list\n", KT_SEVERITY_REFUSE, "damaged data" },
    { "t\tsize\t1\t-\n", "ONLINE", "", WELL, KT_SEVERITY_NOTE, "never scrubbed" },
    { "t\tsize\t1\t-\n", "ONLINE", old, WELL, KT_SEVERITY_NOTE, "40 days old" },
    { "t\tsize\t1\t-\n", "ONLINE", "  scan: scrub in progress since Sun Nov 22 10:18:25 2026\n", WELL, 0, NULL },
    { "t\tsize\t1\t-\n", "ONLINE", "  scan: resilvered 1M in 00:00:01 with 0 errors on Sun Nov 22 10:18:25 2020\n", WELL, 0, NULL },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *text = g_strdup_printf ("  pool: t\n state: %s\n%s%s", rows[i].state, rows[i].scan, rows[i].rest);
      g_autoptr (GPtrArray) findings = about (rows[i].properties, text);
      assert_finding (findings, rows[i].severity, rows[i].said);
    }
}

static void
test_errors_that_were_repaired (void)
{
  g_autofree char *fresh = scanned (60);
  g_autofree char *text = g_strconcat ("  pool: t\n state: ONLINE\n", fresh,
                                       "config:\n\n\tNAME  STATE  READ WRITE CKSUM\n\tt  ONLINE  0 0 0\n\t  sda  ONLINE  0 0 7\n\n" WELL, NULL);
  g_autoptr (GPtrArray) findings = about ("t\tsize\t1\t-\n", text);
  assert_finding (findings, KT_SEVERITY_WARNING, "7 checksum errors");
}

static void
test_datasets (void)
{
  g_autoptr (GPtrArray) sets = kt_zfs_parse_objects (
    "t/data\tcompression\tlz4\t-\nt/data\trefcompressratio\t1.05\t-\nt/data\tlogicalreferenced\t9000000000\t-\n"
    "t/wal\tcompression\tlz4\t-\nt/good\trefcompressratio\t1.80\t-\nt/good\tlogicalreferenced\t9000000000\t-\n");
  const KtZfsObject *data = sets->pdata[0], *wal = sets->pdata[1], *good = sets->pdata[2];
  const struct {
    const KtZfsObject *data, *wal;
    const char *said;
  } rows[] = {
    { good, wal, NULL }, { NULL, NULL, NULL }, { data, wal, "less than a tenth (x1.05)" }, { good, good, "share the dataset t/good" },
    { good, NULL, "only the data lie on ZFS" }, { NULL, wal, "only the WAL lies on ZFS" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GPtrArray) findings = kt_findings_new ();
      kt_find_about_datasets (findings, rows[i].data, rows[i].wal);
      assert_finding (findings, KT_SEVERITY_NOTE, rows[i].said);
    }
}

static void
test_pools_that_are_fit_to_be_worked_on (void)
{
  static const struct {
    const char *properties;
    gboolean grows;
    const char *said; /* NULL: fit */
  } rows[] = {
    { "t\thealth\tONLINE\t-\nt\tcapacity\t89\t-\n", TRUE, NULL },
    { "t\thealth\tONLINE\t-\nt\tcapacity\t90\t-\n", TRUE, "90 % full" },
    { "t\thealth\tONLINE\t-\nt\tcapacity\t99\t-\n", FALSE, NULL },
    { "t\thealth\tDEGRADED\t-\n", FALSE, "pool t is DEGRADED" },
    { "t\thealth\tSUSPENDED\t-\n", FALSE, "pool t is SUSPENDED" },
    { "t\tsize\t1\t-\n", FALSE, "unknown state" },
    { "t\thealth\tONLINE\t-\nt\treadonly\ton\t-\n", FALSE, "read-only" },
    { "t\thealth\tONLINE\t-\nt\treadonly\toff\t-\n", FALSE, NULL },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GPtrArray) pools = kt_zfs_parse_objects (rows[i].properties);
      g_autoptr (GError) error = NULL;
      g_assert_cmpint (kt_pool_is_fit (pools->pdata[0], rows[i].grows, &error), ==, rows[i].said == NULL);
      if (rows[i].said == NULL)
        continue;
      g_assert_error (error, KT_ERROR, KT_ERROR_REFUSED);
      g_assert_nonnull (strstr (error->message, rows[i].said));
      g_assert_nonnull (kt_error_hint (error));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/storage/health/pools", test_pools);
  g_test_add_func ("/storage/health/errors-that-were-repaired", test_errors_that_were_repaired);
  g_test_add_func ("/storage/health/datasets", test_datasets);
  g_test_add_func ("/storage/health/pools-that-are-fit-to-be-worked-on", test_pools_that_are_fit_to_be_worked_on);
  return g_test_run ();
}
