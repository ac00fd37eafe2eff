/* SPDX-License-Identifier: MIT */
#include "base/size.h"
#include "support/facts.h"
#include "tuning/advise.h"

#include <string.h>

static void
assert_wanted (const KtTestMachine *machine, const KtServer *server, const KtTestWish *wish, const char *parameter,
               const char *wanted, const char *said)
{
  g_autofree char *because = NULL;
  g_autofree char *value = kt_test_wanted (machine, server, wish, parameter, &because);
  g_test_message ("%s = %s: %s", parameter, value, because);
  g_assert_cmpstr (value, ==, wanted);
  if (said != NULL && strstr (because, said) == NULL)
    g_error ("“%s” does not say “%s”", because, said);
}

static void
test_wal_takes_a_quarter_of_the_free_space (void)
{
  assert_wanted (&(KtTestMachine){ .free_gb = 100 }, NULL, NULL, "max_wal_size", "24GB", "a quarter of the 100 GB");
  assert_wanted (&(KtTestMachine){ .free_gb = 4 }, NULL, NULL, "max_wal_size", "1GB", "a quarter of the 4 GB");
  assert_wanted (&(KtTestMachine){ .free_gb = 4000 }, NULL, NULL, "max_wal_size", "64GB", "more gains nothing");
  assert_wanted (&(KtTestMachine){ .free_gb = 0.2 }, NULL, NULL, "max_wal_size", NULL, "make room first");
  assert_wanted (&(KtTestMachine){ .free_gb = -1 }, NULL, NULL, "max_wal_size", NULL, "unknown");
}

static void
test_wal_is_bounded_by_recovery_time (void)
{
  KtTestMachine disk = { .class = KT_STORAGE_HDD };
  assert_wanted (&disk, NULL, NULL, "max_wal_size", "2GB", "in 20 minutes");
  KtTestWish sync = { .phase = KT_PHASE_INITIAL_SYNC };
  assert_wanted (&disk, NULL, &sync, "max_wal_size", "8GB", "in 80 minutes");
  /* up to 14 recovery reads one page after the other, from 15 on it reads ahead */
  KtTestMachine slow = { .class = KT_STORAGE_SSD, .reads_1 = 1000, .reads_16 = 12000 };
  assert_wanted (&slow, NULL, &(KtTestWish){ .major = 14 }, "max_wal_size", "2GB", "in 20 minutes");
  assert_wanted (&slow, NULL, &(KtTestWish){ .major = 15 }, "max_wal_size", "32GB", "in 20 minutes");
}

static void
test_wal_that_already_fits_is_kept (void)
{
  g_autoptr (KtServer) server = kt_test_server (15);
  kt_test_server_set (server, "max_wal_size", "16384", NULL, NULL);
  assert_wanted (&(KtTestMachine){ .free_gb = 50 }, server, NULL, "max_wal_size", "16GB", "running value still fits");
  assert_wanted (&(KtTestMachine){ .free_gb = 20 }, server, NULL, "max_wal_size", "4GB", "a quarter");
}

static void
test_wal_rate_is_measured_or_modelled (void)
{
  g_autoptr (KtServer) server = kt_test_server (15);
  assert_wanted (&(KtTestMachine){ 0 }, server, NULL, "max_wal_size", "64GB", "730 kB/s of WAL (modelled)");
  server->wal_bytes_per_s = 5.0 * KT_MIB;
  server->wal_seconds = 60;
  assert_wanted (&(KtTestMachine){ 0 }, server, NULL, "max_wal_size", "64GB", "modelled");
  server->wal_seconds = 86400;
  assert_wanted (&(KtTestMachine){ 0 }, server, NULL, "max_wal_size", "64GB", "5 MB/s of WAL (measured)");
  KtTestWish busy = { .transactions_per_s = 2000 };
  assert_wanted (&(KtTestMachine){ 0 }, server, &busy, "max_wal_size", "64GB", "14.3 MB/s of WAL (modelled)");
}

static void
test_large_segments_count (void)
{
  g_autoptr (KtServer) server = kt_test_server (15);
  server->wal_segment_bytes = KT_GIB;
  assert_wanted (&(KtTestMachine){ .free_gb = 100 }, server, NULL, "min_wal_size", "5GB", NULL);
  assert_wanted (&(KtTestMachine){ .free_gb = 16 }, server, NULL, "max_wal_size", NULL, "make room");
}

static void
test_min_wal_size_follows (void)
{
  assert_wanted (&(KtTestMachine){ .free_gb = 400 }, NULL, NULL, "min_wal_size", "4GB", NULL);
  assert_wanted (&(KtTestMachine){ .free_gb = 8 }, NULL, NULL, "min_wal_size", "512MB", NULL);
  assert_wanted (&(KtTestMachine){ .fs_type = "zfs" }, NULL, NULL, "min_wal_size", NULL, "copy-on-write");
}

static void
test_copy_on_write_prepares_no_files (void)
{
  static const char *const names[] = { "wal_init_zero", "wal_recycle" };
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      assert_wanted (&(KtTestMachine){ .fs_type = "zfs" }, NULL, NULL, names[i], "off", "copy-on-write");
      assert_wanted (&(KtTestMachine){ .fs_type = "xfs" }, NULL, NULL, names[i], "on", "in place");
    }
}

static void
test_checkpoints_are_rarer (void)
{
  assert_wanted (&(KtTestMachine){ .memory_gb = 8 }, NULL, NULL, "checkpoint_timeout", "15min", NULL);
  assert_wanted (&(KtTestMachine){ .memory_gb = 32 }, NULL, NULL, "checkpoint_timeout", "30min", NULL);
  KtTestWish sync = { .phase = KT_PHASE_INITIAL_SYNC };
  assert_wanted (&(KtTestMachine){ .memory_gb = 8 }, NULL, &sync, "checkpoint_timeout", "30min", "first sync");
  assert_wanted (&(KtTestMachine){ 0 }, NULL, &(KtTestWish){ .major = 13 }, "checkpoint_completion_target", "0.9",
                 "13");
}

static void
test_compression_is_asked_of_the_build (void)
{
  static const char *const all[] = { "off", "on", "pglz", "lz4", "zstd", NULL };
  static const char *const only_zstd[] = { "off", "on", "pglz", "zstd", NULL };
  static const char *const poor[] = { "off", "on", "pglz", NULL };
  static const struct {
    const char *const *words;
    const char *wanted;
  } rows[] = { { all, "lz4" }, { only_zstd, "zstd" }, { poor, NULL } };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (KtServer) server = kt_test_server (16);
      kt_test_server_offer (server, "wal_compression", rows[i].words);
      assert_wanted (&(KtTestMachine){ 0 }, server, NULL, "wal_compression", rows[i].wanted, NULL);
    }
  assert_wanted (&(KtTestMachine){ 0 }, NULL, &(KtTestWish){ .major = 14 }, "wal_compression", "off", "pglz");
  assert_wanted (&(KtTestMachine){ 0 }, NULL, NULL, "wal_compression", NULL, "without a server nobody knows");
}

static void
test_wal_buffers_follow_shared_buffers (void)
{
  assert_wanted (&(KtTestMachine){ .memory_gb = 32 }, NULL, NULL, "wal_buffers", "64MB", NULL);
  assert_wanted (&(KtTestMachine){ .memory_gb = 3 }, NULL, NULL, "wal_buffers", NULL, "automatic");
  assert_wanted (&(KtTestMachine){ .memory_gb = 1 }, NULL, NULL, "wal_buffers", "16MB", "43,000");
  g_autoptr (KtServer) server = kt_test_server (15);
  server->wal_buffers_full = 1234;
  assert_wanted (&(KtTestMachine){ .memory_gb = 3 }, server, NULL, "wal_buffers", "64MB", "1234 times");
}

static void
test_slots_cannot_fill_the_disk (void)
{
  g_autoptr (KtServer) server = kt_test_server (15);
  assert_wanted (&(KtTestMachine){ .free_gb = 100 }, server, NULL, "max_slot_wal_keep_size", NULL,
                 "no replication slots");
  server->slots = 2;
  assert_wanted (&(KtTestMachine){ .free_gb = 100 }, server, NULL, "max_slot_wal_keep_size", "24GB",
                 "2 replication slots");
}

static void
test_background_writer_follows_the_measured_disk (void)
{
  KtTestMachine limited = { .class = KT_STORAGE_SSD, .reads_1 = 2900, .reads_16 = 3000, .fdatasync_us = 500 };
  KtTestMachine fast = { .reads_1 = 13600, .reads_16 = 160000, .fdatasync_us = 120 };
  assert_wanted (&(KtTestMachine){ 0 }, NULL, NULL, "bgwriter_lru_maxpages", NULL, "not measured");
  assert_wanted (&limited, NULL, NULL, "bgwriter_lru_maxpages", NULL, "dirtied again");
  assert_wanted (&limited, NULL, NULL, "bgwriter_delay", NULL, "3000 random reads/s");
  assert_wanted (&fast, NULL, NULL, "bgwriter_delay", "50ms", NULL);
  assert_wanted (&fast, NULL, NULL, "bgwriter_lru_maxpages", "1000", "156 MB/s");
  assert_wanted (&fast, NULL, NULL, "bgwriter_lru_multiplier", "4", NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tuning/rules/wal/takes-a-quarter-of-the-free-space", test_wal_takes_a_quarter_of_the_free_space);
  g_test_add_func ("/tuning/rules/wal/is-bounded-by-recovery-time", test_wal_is_bounded_by_recovery_time);
  g_test_add_func ("/tuning/rules/wal/that-already-fits-is-kept", test_wal_that_already_fits_is_kept);
  g_test_add_func ("/tuning/rules/wal/rate-is-measured-or-modelled", test_wal_rate_is_measured_or_modelled);
  g_test_add_func ("/tuning/rules/wal/large-segments-count", test_large_segments_count);
  g_test_add_func ("/tuning/rules/wal/min-wal-size-follows", test_min_wal_size_follows);
  g_test_add_func ("/tuning/rules/wal/copy-on-write-prepares-no-files", test_copy_on_write_prepares_no_files);
  g_test_add_func ("/tuning/rules/wal/checkpoints-are-rarer", test_checkpoints_are_rarer);
  g_test_add_func ("/tuning/rules/wal/compression-is-asked-of-the-build", test_compression_is_asked_of_the_build);
  g_test_add_func ("/tuning/rules/wal/buffers-follow-shared-buffers", test_wal_buffers_follow_shared_buffers);
  g_test_add_func ("/tuning/rules/wal/slots-cannot-fill-the-disk", test_slots_cannot_fill_the_disk);
  g_test_add_func ("/tuning/rules/writer/background-writer-follows-the-measured-disk",
                   test_background_writer_follows_the_measured_disk);
  return g_test_run ();
}
