/* SPDX-License-Identifier: MIT */
#include "bench/host.h"

#include "base/error.h"
#include "base/run.h"
#include "base/size.h"

#include <glib/gstdio.h>
#include <string.h>

static KtBenchHost
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  KtBenchHost host;
  g_assert_true (kt_bench_host_parse (text, &host, &error));
  g_assert_no_error (error);
  return host;
}

static void
test_words_in_any_order (void)
{
  KtBenchHost host = parse ("cloud-volume, 4G,2cpu");
  g_assert_cmpint (host.memory_bytes, ==, 4 * KT_GIB);
  g_assert_cmpuint (host.cpus, ==, 2);
  g_assert_cmpstr (host.class, ==, "cloud-volume");
  g_assert_cmpint (host.iops, ==, 3000);
  g_assert_cmpint (host.bytes_per_s, ==, 125000000);
  g_autofree char *text = kt_bench_host_describe (&host);
  g_assert_cmpstr (text, ==, "4 GB, 2 CPUs, cloud-volume (3000 requests/s, 125 MB/s)");
}

static void
test_own_rates (void)
{
  KtBenchHost host = parse ("iops=500,mbps=60");
  g_assert_cmpint (host.iops, ==, 500);
  g_assert_cmpint (host.bytes_per_s, ==, 60000000);
  g_assert_cmpint (host.memory_bytes, ==, 0);
  host = parse ("nvme,512M");
  g_assert_cmpint (host.iops, ==, 0);
  g_autofree char *text = kt_bench_host_describe (&host);
  g_assert_cmpstr (text, ==, "512 MB, nvme");
}

static void
test_wrong_words_are_named (void)
{
  static const char *const words[] = { "4G,fast-disk", "0cpu", "iops=0", "2cups", "1M", "" };
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    {
      g_autoptr (GError) error = NULL;
      KtBenchHost host;
      g_assert_false (kt_bench_host_parse (words[i], &host, &error));
      g_assert_error (error, KT_ERROR, KT_ERROR_USAGE);
    }
  g_autoptr (GError) error = NULL;
  KtBenchHost host;
  kt_bench_host_parse ("4G,fast-disk", &host, &error);
  g_assert_nonnull (strstr (error->message, "fast-disk"));
}

static void
test_counts_of_both_versions (void)
{
  KtDiskCounts counts;
  kt_disk_counts_parse_v1 ("8:0 Read 1\n254:0 Read 12\n254:0 Write 34\n254:0 Sync 40\nTotal 46\n",
                           "254:0 Read 98304\n254:0 Write 4096\n", "254:0", &counts);
  g_assert_cmpint (counts.reads, ==, 12);
  g_assert_cmpint (counts.writes, ==, 34);
  g_assert_cmpint (counts.read_bytes, ==, 98304);
  kt_disk_counts_parse_v2 ("8:0 rbytes=1 wbytes=1 rios=1 wios=1\n254:0 rbytes=98304 wbytes=4096 rios=12 wios=1 "
                           "dbytes=0 dios=0\n",
                           "254:0", &counts);
  g_assert_cmpint (counts.reads, ==, 12);
  g_assert_cmpint (counts.writes, ==, 1);
  g_assert_cmpint (counts.write_bytes, ==, 4096);
}

/* NULL: no group can be made here, and the test is skipped. */
static KtEmulation *
emulate (const char *text)
{
  g_autoptr (GError) error = NULL;
  KtBenchHost host = parse (text);
  KtEmulation *emulation = kt_emulation_new (&host, g_get_tmp_dir (), &error);
  if (g_error_matches (error, KT_ERROR, KT_ERROR_UNSUPPORTED))
    g_test_skip ("no control group can be made here");
  else
    g_assert_no_error (error);
  return emulation;
}

static void
test_limits_hold_what_runs_inside (void)
{
  static const char *const argv[] = { "grep", "Cpus_allowed_list", "/proc/self/status", NULL };
  g_autoptr (GError) error = NULL;
  g_auto (KtRunResult) result = { 0 };
  g_autoptr (KtEmulation) emulation = emulate ("256M,1cpu,iops=100");
  if (emulation == NULL)
    return;
  const KtRun run = { .argv = argv, .cgroups = kt_emulation_procs (emulation) };
  g_assert_true (kt_run (&run, &result, NULL, &error));
  g_assert_no_error (error);
  if (emulation->cpus) /* one number, no range and no list */
    g_assert_null (strpbrk (strchr (result.output, ':'), "-,"));
  if (emulation->memory)
    {
      gboolean v1 = kt_control_group_version (emulation->group) == 1;
      g_autofree char *limit = kt_control_group_get (emulation->group, KT_CONTROLLER_MEMORY,
                                                     v1 ? "memory.limit_in_bytes" : "memory.max");
      g_assert_cmpint (g_ascii_strtoll (limit, NULL, 10), ==, 256 * KT_MIB);
    }
  g_assert_true (emulation->memory && emulation->cpus && emulation->disk ? emulation->notes->len == 1
                                                                         : emulation->notes->len > 0);
}

/* dd reads 64 blocks of 4 kB directly: with 100 requests/s in at least half a second, and they are counted. */
static void
test_disk_limit_is_felt_and_counted (void)
{
  g_autofree char *folder = g_dir_make_tmp ("kastune-host-XXXXXX", NULL);
  g_autofree char *file = g_build_filename (folder, "data", NULL);
  g_autofree char *of = g_strconcat ("of=", file, NULL);
  g_autofree char *from = g_strconcat ("if=", file, NULL);
  const char *const make[] = { "dd", "if=/dev/zero", of, "bs=4k", "count=64", "conv=fsync", NULL };
  const char *const read[] = { "dd", from, "of=/dev/null", "bs=4k", "iflag=direct", NULL };
  g_autoptr (GError) error = NULL;
  g_auto (KtRunResult) made = { 0 };
  g_auto (KtRunResult) result = { 0 };
  KtDiskCounts before, after;
  g_autoptr (KtEmulation) emulation = emulate ("iops=100");
  gboolean limited = emulation != NULL && emulation->disk;
  g_assert_true (kt_run (&(KtRun){ .argv = make }, &made, NULL, &error));
  if (limited)
    {
      kt_emulation_disk (emulation, &before);
      g_assert_true (kt_run (
        &(KtRun){ .argv = read, .cgroups = kt_emulation_procs (emulation), .any_status = TRUE, .deadline_ms = 60000 },
        &result, NULL, &error));
      kt_emulation_disk (emulation, &after);
    }
  g_remove (file);
  g_rmdir (folder);
  g_assert_no_error (error);
  if (!limited)
    {
      g_test_skip ("the disk cannot be limited here");
      return;
    }
  g_assert_cmpint (result.status, ==, 0);
  g_assert_cmpint (after.reads - before.reads, >=, 64);
  g_assert_cmpint (after.read_bytes - before.read_bytes, >=, 64 * 4096);
}

static void
test_nothing_is_left (void)
{
  static const char *const argv[] = { "sleep", "1000", NULL };
  g_autoptr (KtEmulation) emulation = emulate ("256M,1cpu");
  if (emulation == NULL)
    return;
  g_autofree char *procs = g_strdup (kt_emulation_procs (emulation)[0]);
  g_autofree char *folder = g_path_get_dirname (procs);
  g_autoptr (GError) error = NULL;
  /* The deadline ends it; the group is gone all the same. */
  g_assert_false (kt_run (&(KtRun){ .argv = argv, .cgroups = kt_emulation_procs (emulation), .deadline_ms = 100 },
                          NULL, NULL, &error));
  g_assert_true (g_file_test (folder, G_FILE_TEST_IS_DIR));
  g_clear_pointer (&emulation, kt_emulation_free);
  g_assert_false (g_file_test (folder, G_FILE_TEST_EXISTS));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/bench/host/words-in-any-order", test_words_in_any_order);
  g_test_add_func ("/bench/host/own-rates", test_own_rates);
  g_test_add_func ("/bench/host/wrong-words-are-named", test_wrong_words_are_named);
  g_test_add_func ("/bench/host/counts-of-both-versions", test_counts_of_both_versions);
  g_test_add_func ("/bench/host/limits-hold-what-runs-inside", test_limits_hold_what_runs_inside);
  g_test_add_func ("/bench/host/disk-limit-is-felt-and-counted", test_disk_limit_is_felt_and_counted);
  g_test_add_func ("/bench/host/nothing-is-left", test_nothing_is_left);
  return g_test_run ();
}
