/* SPDX-License-Identifier: MIT
 *
 * The outputs are those of OpenZFS 2.1.11 and 2.3.2 in real guests.
 */
#include "made_root.h"
#include "platform/parts.h"

static const char two_disks[] = "tank\t2013265920\t12087296\t2001178624\t-\t-\t0\t0\t1.00\tONLINE\t-\n"
                                "\t/dev/vdd1\t1063256064\t5926912\t1000706048\t-\t-\t0\t0\t-\tONLINE\n"
                                "\t/dev/vde1\t1063256064\t6160384\t1000472576\t-\t-\t0\t0\t-\tONLINE\n";
static const char mirror_and_log[] = "m\t1006632960\t8507392\t998125568\t-\t-\t-\t86\t1.00\tDEGRADED\t-\n"
                                     "\tmirror-0\t1006632960\t8507392\t998125568\t-\t-\t0\t0\t-\tONLINE\n"
                                     "\t/dev/vdd1\t1063256064\t-\t-\t-\t-\t-\t-\t-\tONLINE\n"
                                     "\t/dev/vde1\t1063256064\t-\t-\t-\t-\t-\t-\t-\tONLINE\n"
                                     "logs                     -      -      -        -         -      -      -      -  -\n"
                                     "\t/dev/vdf1\t1063256064\t0\t1006632960\t-\t-\t0\t0\t-\tONLINE\n"
                                     "with space\t100\t1\t99\t-\t-\t5\t1\t1.00\tONLINE\t-\n\t/dev/sdz\t100\t1\t99\t-\t-\t5\t1\t-\tONLINE";

static void
pool_free (gpointer data)
{
  KtPool *pool = data;
  g_free (pool->name);
  g_free (pool->health);
  g_free (pool);
}

static void
test_pools (void)
{
  g_autoptr (GPtrArray) pools = g_ptr_array_new_with_free_func (pool_free);
  g_autoptr (GHashTable) devices = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                                          (GDestroyNotify) g_ptr_array_unref);
  kt_zfs_parse_pools (two_disks, pools, devices);
  kt_zfs_parse_pools (mirror_and_log, pools, devices);
  g_assert_cmpuint (pools->len, ==, 3);
  const KtPool *tank = g_ptr_array_index (pools, 0), *mirror = g_ptr_array_index (pools, 1),
  *spaced = g_ptr_array_index (pools, 2);
  g_assert_cmpint (tank->size, ==, 2013265920);
  g_assert_cmpint (tank->free, ==, 2001178624);
  g_assert_cmpint (tank->fragmentation_percent, ==, 0);
  g_assert_cmpstr (mirror->health, ==, "DEGRADED");
  g_assert_cmpint (mirror->fragmentation_percent, ==, -1);
  g_assert_cmpint (mirror->capacity_percent, ==, 86);
  g_assert_cmpstr (spaced->name, ==, "with space");
  GPtrArray *below = g_hash_table_lookup (devices, "m");
  g_assert_cmpuint (below->len, ==, 2);
  g_assert_cmpstr (g_ptr_array_index (below, 1), ==, "vde1");
  g_assert_cmpuint (((GPtrArray *) g_hash_table_lookup (devices, "with space"))->len, ==, 1);
}

static void
test_no_pool (void)
{
  g_autoptr (GPtrArray) pools = g_ptr_array_new_with_free_func (pool_free);
  g_autoptr (GHashTable) devices = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                                          (GDestroyNotify) g_ptr_array_unref);
  kt_zfs_parse_pools ("", pools, devices);
  kt_zfs_parse_pools ("no pools available", pools, devices);
  kt_zfs_parse_pools ("\t\t\n\n\t", pools, devices);
  g_assert_cmpuint (pools->len, ==, 0);
}

static KtPlatform *
load (const MadeFile *files)
{
  g_auto (MadeRoot) made = made_root_new (files);
  g_autoptr (GError) error = NULL;
  KtPlatform *platform = kt_platform_load (made.root, NULL, 0, &error);
  g_assert_no_error (error);
  return platform;
}

static void
test_module_missing (void)
{
  const MadeFile files[] = {
    { "/proc/meminfo", "MemTotal: 1048576 kB" },
    { "machine.ini", "[programs]\nzfs=true\nzpool=true\n[output]\nzfs --version=zfs-2.1.11-1+deb12u1\n" },
    { NULL, NULL },
  };
  g_autoptr (KtPlatform) platform = load (files);
  g_assert_true (platform->zfs.tools);
  g_assert_false (platform->zfs.module);
  g_assert_cmpstr (platform->zfs.version, ==, "2.1.11-1+deb12u1");
  g_assert_cmpint (platform->zfs.arc_max, ==, -1);
}

static void
test_module_without_tools (void)
{
  const MadeFile files[] = {
    { "/proc/meminfo", "MemTotal: 1048576 kB" }, { "/sys/module/zfs/version", "2.3.2-2~bpo12+2" },
    { "/proc/spl/kstat/zfs/arcstats",
      "9 1 0x01\nname type data\nc_max                           4    777\nsize                            4    55\ncompressed_size 4 9\n" },
    { NULL, NULL },
  };
  g_autoptr (KtPlatform) platform = load (files);
  g_assert_false (platform->zfs.tools);
  g_assert_true (platform->zfs.module);
  g_assert_cmpstr (platform->zfs.version, ==, "2.3.2-2~bpo12+2");
  g_assert_cmpint (platform->zfs.arc_max, ==, 777);
  g_assert_cmpint (platform->zfs.arc_size, ==, 55);
  g_assert_cmpuint (platform->zfs.pools->len, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/platform/zfs/pools-and-their-data-devices", test_pools);
  g_test_add_func ("/platform/zfs/no-pool", test_no_pool);
  g_test_add_func ("/platform/zfs/tools-without-module", test_module_missing);
  g_test_add_func ("/platform/zfs/module-without-tools", test_module_without_tools);
  return g_test_run ();
}
