/* SPDX-License-Identifier: MIT */
#include "platform/parts.h"
#include "platform/probe.h"

#include <math.h>
#include <string.h>

static KtProbe
figures (double reads_1, double reads_16, double sync_us)
{
  return (KtProbe){ .read_iops_1 = reads_1, .read_latency_1_us = 1e6 / reads_1, .read_iops_16 = reads_16,
                    .read_latency_16_us = 16e6 / reads_16, .write_mb_s = 100, .fdatasync_us = sync_us, .direct = TRUE };
}

static void
test_classes (void)
{
  static const struct {
    const char *what;
    double reads_1, reads_16, sync_us;
    KtStorageClass class;
  } rows[] = {
    { "7,200 rpm", 110, 280, 9000, KT_STORAGE_HDD },
    { "15,000 rpm", 330, 800, 4100, KT_STORAGE_HDD },
    { "hard disks behind a controller with a protected cache", 140, 310, 90, KT_STORAGE_HDD },
    { "RAID 10 of sixteen hard disks", 190, 2900, 6000, KT_STORAGE_HDD },
    { "cloud disk held to 500", 480, 500, 2500, KT_STORAGE_HDD },
    { "network volume, 3,000 operations", 1600, 3000, 900, KT_STORAGE_SSD },
    { "slow network volume that gains from depth", 700, 9000, 2000, KT_STORAGE_SSD },
    { "SATA flash", 8200, 62000, 300, KT_STORAGE_SSD },
    { "SATA flash, fast alone", 10400, 29000, 300, KT_STORAGE_SSD },
    { "NVMe held to 16,000", 11000, 16000, 200, KT_STORAGE_SSD },
    { "this project's first machine", 13600, 90000, 123, KT_STORAGE_NVME },
    { "NVMe", 15000, 220000, 20, KT_STORAGE_NVME },
    { "Optane", 60000, 400000, 15, KT_STORAGE_NVME },
    { "page cache over a disk", 400000, 900000, 300, KT_STORAGE_UNKNOWN },
    { "tmpfs", 600000, 1800000, 2, KT_STORAGE_MEMORY },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      KtProbe probe = figures (rows[i].reads_1, rows[i].reads_16, rows[i].sync_us);
      g_test_message ("%s", rows[i].what);
      g_assert_cmpstr (kt_storage_class_name (kt_probe_classify (&probe)), ==, kt_storage_class_name (rows[i].class));
    }
  g_assert_cmpint (kt_probe_classify (&(KtProbe){ 0 }), ==, KT_STORAGE_UNKNOWN);
  g_assert_cmpint (kt_probe_classify (&(KtProbe){ .read_iops_1 = (double) NAN }), ==, KT_STORAGE_UNKNOWN);
  g_assert_cmpint (kt_probe_classify (&(KtProbe){ .read_iops_1 = (double) INFINITY }), ==, KT_STORAGE_UNKNOWN);
}

static KtVolume *
volume_on (const char *fs_type, KtStorageClass flags_class, KtProbe probe, gboolean direct)
{
  KtVolume *volume = g_new0 (KtVolume, 1);
  volume->fs_type = g_strdup (fs_type);
  probe.direct = direct;
  volume->flags_class = volume->class = flags_class;
  volume->class_reason = g_strdup ("by flags, not measured: vda rotates");
  probe.class = kt_probe_classify (&probe);
  kt_volume_take_probe (volume, g_memdup2 (&probe, sizeof probe));
  return volume;
}

static KtVolume *
volume_with (KtStorageClass flags_class, KtProbe probe)
{
  return volume_on ("ext4", flags_class, probe, TRUE);
}

static void
test_measured_wins (void)
{
  KtVolume *volume = volume_with (KT_STORAGE_UNKNOWN, figures (13600, 90000, 123));
  g_assert_cmpint (volume->class, ==, KT_STORAGE_NVME);
  g_assert_cmpstr (volume->class_reason, ==, "measured: 13,600 reads/s at depth 1, 123 µs fdatasync");
  kt_volume_take_probe (volume, NULL);
  g_assert_cmpint (volume->class, ==, KT_STORAGE_NVME);
  kt_volume_free (volume);
}

static void
test_own_cache_of_zfs_does_not_win (void)
{
  static const struct {
    const char *fs_type;
    gboolean direct;
    double reads_1;
    KtStorageClass class;
  } rows[] = {
    { "zfs", FALSE, 40000, KT_STORAGE_HDD }, /* what the flags say */
    { "zfs", TRUE, 40000, KT_STORAGE_NVME },
    { "zfs", FALSE, 120, KT_STORAGE_HDD },
    { "overlay", FALSE, 40000, KT_STORAGE_NVME },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      KtVolume *volume = volume_on (rows[i].fs_type, KT_STORAGE_HDD, figures (rows[i].reads_1, 4 * rows[i].reads_1, 150), rows[i].direct);
      g_assert_cmpint (volume->class, ==, rows[i].class);
      g_assert_true (g_str_has_prefix (volume->class_reason, i == 0 ? "measured, but a cache answered" : "measured: "));
      kt_volume_free (volume);
    }
}

static void
test_cache_does_not_win (void)
{
  KtVolume *volume = volume_with (KT_STORAGE_SSD, figures (400000, 900000, 1234));
  g_assert_cmpint (volume->class, ==, KT_STORAGE_SSD);
  g_assert_cmpstr (volume->class_reason, ==,
                   "measured, but a cache answered (400,000 reads/s at depth 1, 1.2 ms fdatasync); by flags: SSD");
  kt_volume_free (volume);
}

static void
test_suspicion (void)
{
  KtVolume *volume = volume_with (KT_STORAGE_HDD, figures (9000, 60000, 80));
  g_assert_cmpint (volume->class, ==, KT_STORAGE_SSD);
  g_assert_nonnull (strstr (volume->class_reason, "says that it rotates"));
  kt_volume_free (volume);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/platform/probe-class/figures-of-known-devices", test_classes);
  g_test_add_func ("/platform/probe-class/measured-wins-over-flags", test_measured_wins);
  g_test_add_func ("/platform/probe-class/an-answering-cache-does-not", test_cache_does_not_win);
  g_test_add_func ("/platform/probe-class/own-cache-of-zfs-does-not", test_own_cache_of_zfs_does_not_win);
  g_test_add_func ("/platform/probe-class/flash-speed-of-a-rotating-disk-is-said", test_suspicion);
  return g_test_run ();
}
