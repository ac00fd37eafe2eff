/* SPDX-License-Identifier: MIT */
#include "base/size.h"
#include "made_root.h"
#include "platform/parts.h"

#define MEMINFO { "/proc/meminfo", "MemTotal: 33554432 kB\nHugepagesize: 2048 kB\n" }
#define CPUS { "/sys/devices/system/cpu/online", "0-7\n" }
#define V2 "30 1 0:26 / /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw,nsdelegate\n"
#define V1_MEMORY "40 1 0:40 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
#define V1_CPU "41 1 0:41 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
#define V1_CPUSET "42 1 0:42 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
#define GROUP "/sys/fs/cgroup"

static KtPlatform *
load (const MadeFile *files, gint64 pid)
{
  g_auto (MadeRoot) made = made_root_new (files);
  g_autoptr (GError) error = NULL;
  KtPlatform *platform = kt_platform_load (made.root, NULL, pid, &error);
  g_assert_no_error (error);
  return platform;
}

static void
test_v2_every_level (void)
{
  const MadeFile files[] = {
    MEMINFO, CPUS, { "/proc/self/mountinfo", V2 }, { "/proc/self/cgroup", "0::/a/b/c\n" },
    { GROUP "/a/memory.max", "4294967296" }, { GROUP "/a/b/memory.max", "max" },
    { GROUP "/a/b/c/memory.max", "8589934592" },
    { GROUP "/a/memory.current", "1000" }, { GROUP "/a/b/c/memory.current", "10" },
    { GROUP "/a/cpu.max", "max 100000" }, { GROUP "/a/b/cpu.max", "50000 20000" },
    { GROUP "/a/b/c/cpu.max", "400000 100000" },
    { GROUP "/a/b/c/memory.swap.max", "max" }, { GROUP "/a/b/memory.swap.max", "0" }, { NULL, NULL },
  };
  g_autoptr (KtPlatform) platform = load (files, 0);
  g_assert_cmpint (platform->cgroup.version, ==, 2);
  g_assert_cmpint (platform->cgroup.memory_limit, ==, 4 * KT_GIB);
  g_assert_cmpstr (platform->cgroup.memory_limit_path, ==, GROUP "/a/memory.max");
  g_assert_cmpint (platform->cgroup.memory_usage, ==, 1000);
  g_assert_cmpint (platform->cgroup.swap_limit, ==, 0);
  g_assert_cmpfloat_with_epsilon (platform->cgroup.cpu_quota, 2.5, 0.001);
  g_assert_cmpstr (platform->cgroup.cpu_quota_path, ==, GROUP "/a/b/cpu.max");
  g_assert_cmpfloat_with_epsilon (platform->cpu.usable, 2.5, 0.001);
  g_assert_cmpint (kt_platform_memory_limit (platform), ==, 4 * KT_GIB);
}

static void
test_v2_high_is_a_limit (void)
{
  const MadeFile files[] = {
    MEMINFO, CPUS, { "/proc/self/mountinfo", V2 }, { "/proc/self/cgroup", "0::/a\n" },
    { GROUP "/a/memory.max", "4294967296" }, { GROUP "/a/memory.high", "3221225472" }, { NULL, NULL },
  };
  g_autoptr (KtPlatform) platform = load (files, 0);
  g_assert_cmpint (platform->cgroup.memory_limit, ==, 3 * KT_GIB);
  g_assert_cmpstr (platform->cgroup.memory_limit_path, ==, GROUP "/a/memory.high");
}

static void
test_v2_namespaced_root (void)
{
  const MadeFile files[] = {
    MEMINFO, CPUS, { "/proc/self/mountinfo", "30 1 0:26 /../.. /sys/fs/cgroup ro - cgroup2 cgroup rw\n" },
    { "/proc/self/cgroup", "0::/../../elsewhere\n" }, { GROUP "/memory.max", "1073741824" },
    { GROUP "/cpu.max", "150000" }, { NULL, NULL },
  };
  g_autoptr (KtPlatform) platform = load (files, 0);
  g_assert_cmpint (platform->cgroup.memory_limit, ==, KT_GIB);
  g_assert_cmpfloat_with_epsilon (platform->cgroup.cpu_quota, 1.5, 0.001);
}

/* The group of the text does not exist below the mount: the nearest level that does counts. */
static void
test_v2_hidden_group (void)
{
  const MadeFile files[] = {
    MEMINFO, CPUS, { "/proc/self/mountinfo", V2 }, { "/proc/self/cgroup", "0::/a/gone/deeper\n" },
    { GROUP "/a/memory.max", "1073741824" }, { NULL, NULL },
  };
  g_autoptr (KtPlatform) platform = load (files, 0);
  g_assert_cmpint (platform->cgroup.memory_limit, ==, KT_GIB);
}

static void
test_v2_mounted_elsewhere (void)
{
  const MadeFile files[] = {
    MEMINFO, CPUS, { "/proc/self/mountinfo", "30 1 0:26 /slice /cgroups rw - cgroup2 none rw\n" },
    { "/proc/self/cgroup", "0::/slice/db\n" },
    { "/cgroups/db/memory.max", "1073741824" }, { NULL, NULL },
  };
  g_autoptr (KtPlatform) platform = load (files, 0);
  g_assert_cmpint (platform->cgroup.memory_limit, ==, KT_GIB);
  g_assert_cmpstr (platform->cgroup.memory_limit_path, ==, "/cgroups/db/memory.max");
}

static void
test_v1_unlimited (void)
{
  const char *const unlimited[] = { "9223372036854771712", "9223372036854710272", "9223372036854775807",
    "18446744073709551615", "-1" };
  for (guint i = 0; i < G_N_ELEMENTS (unlimited); i++)
    {
      const MadeFile files[] = {
        MEMINFO, CPUS, { "/proc/self/mountinfo", V1_MEMORY V1_CPU },
        { "/proc/self/cgroup", "4:memory:/a\n3:cpu,cpuacct:/a\n" },
        { GROUP "/memory/a/memory.limit_in_bytes", unlimited[i] }, { GROUP "/cpu,cpuacct/a/cpu.cfs_quota_us", "-1" },
        { GROUP "/cpu,cpuacct/a/cpu.cfs_period_us", "100000" }, { NULL, NULL },
      };
      g_autoptr (KtPlatform) platform = load (files, 0);
      g_assert_cmpint (platform->cgroup.version, ==, 1);
      g_assert_cmpint (platform->cgroup.memory_limit, ==, G_MAXINT64);
      g_assert_null (platform->cgroup.memory_limit_path);
      g_assert_cmpfloat (platform->cgroup.cpu_quota, ==, 0);
      g_assert_cmpint (kt_platform_memory_limit (platform), ==, 32 * KT_GIB);
    }
}

static void
test_v1_parent_and_period (void)
{
  const MadeFile files[] = {
    MEMINFO, CPUS, { "/proc/self/mountinfo", V1_MEMORY V1_CPU V1_CPUSET },
    { "/proc/self/cgroup", "4:memory:/a/b\n3:cpu,cpuacct:/a/b\n2:cpuset:/a\n" },
    { GROUP "/memory/a/memory.limit_in_bytes", "2147483648" },
    { GROUP "/memory/a/b/memory.limit_in_bytes", "9223372036854771712" },
    { GROUP "/memory/a/memory.memsw.limit_in_bytes", "3221225472" }, { GROUP "/memory/a/memory.usage_in_bytes", "77" },
    { GROUP "/cpu,cpuacct/a/cpu.cfs_quota_us", "30000" }, { GROUP "/cpu,cpuacct/a/cpu.cfs_period_us", "10000" },
    { GROUP "/cpu,cpuacct/a/b/cpu.cfs_quota_us", "-1" }, { GROUP "/cpuset/a/cpuset.cpus", "0-1,4" }, { NULL, NULL },
  };
  g_autoptr (KtPlatform) platform = load (files, 0);
  g_assert_cmpint (platform->cgroup.memory_limit, ==, 2 * KT_GIB);
  g_assert_cmpint (platform->cgroup.swap_limit, ==, KT_GIB);
  g_assert_cmpint (platform->cgroup.memory_usage, ==, 77);
  g_assert_cmpfloat_with_epsilon (platform->cgroup.cpu_quota, 3, 0.001);
  g_assert_cmpuint (platform->cgroup.cpuset_cpus, ==, 3);
  g_assert_cmpfloat_with_epsilon (platform->cpu.usable, 3, 0.001);
}

/* The memory controller in version 1, an empty version 2 hierarchy beside it. */
static void
test_hybrid (void)
{
  const MadeFile files[] = {
    MEMINFO, CPUS, { "/proc/self/mountinfo", V1_MEMORY "43 1 0:43 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n" },
    { "/proc/self/cgroup", "4:memory:/a\n0::/\n" }, { GROUP "/memory/a/memory.limit_in_bytes", "1073741824" },
    { GROUP "/unified/cpu.max", "100000 100000" }, { NULL, NULL },
  };
  g_autoptr (KtPlatform) platform = load (files, 0);
  g_assert_cmpint (platform->cgroup.version, ==, 1);
  g_assert_cmpint (platform->cgroup.memory_limit, ==, KT_GIB);
  g_assert_cmpfloat_with_epsilon (platform->cgroup.cpu_quota, 1, 0.001);
}

static void
test_server_group (void)
{
  const MadeFile files[] = {
    MEMINFO, CPUS, { "/proc/self/mountinfo", V2 }, { "/proc/self/cgroup", "0::/\n" }, { "/proc/77/cgroup", "0::/db\n" },
    { "/proc/77/status", "Cpus_allowed_list:\t1-2\n" }, { GROUP "/db/memory.max", "1073741824" }, { NULL, NULL },
  };
  g_autoptr (KtPlatform) platform = load (files, 77);
  g_assert_cmpint (platform->cgroup.memory_limit, ==, KT_GIB);
  g_assert_cmpuint (platform->cpu.affinity, ==, 2);
}

static void
test_above_total (void)
{
  const MadeFile files[] = {
    MEMINFO, CPUS, { "/proc/self/mountinfo", V2 }, { "/proc/self/cgroup", "0::/a\n" },
    { GROUP "/a/memory.max", "68719476736" },
    { GROUP "/a/cpuset.cpus.effective", "0-7" }, { GROUP "/a/cpu.max", "5000 100000" },
    { GROUP "/a/hugetlb.2MB.max", "4194304" }, { NULL, NULL },
  };
  g_autoptr (KtPlatform) platform = load (files, 0);
  g_assert_cmpint (platform->cgroup.memory_limit, ==, G_MAXINT64);
  g_assert_cmpuint (platform->cgroup.cpuset_cpus, ==, 0);
  g_assert_cmpfloat_with_epsilon (platform->cpu.usable, 0.1, 0.001);
  g_assert_cmpint (platform->cgroup.hugetlb_limit, ==, 4 * KT_MIB);
}

static void
test_none (void)
{
  const MadeFile files[] = { MEMINFO, CPUS, { "/proc/self/mountinfo", "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n" },
    { NULL, NULL } };
  g_autoptr (KtPlatform) platform = load (files, 0);
  g_assert_cmpint (platform->cgroup.version, ==, 0);
  g_assert_cmpint (platform->cgroup.memory_limit, ==, G_MAXINT64);
  g_assert_cmpint (platform->cgroup.memory_usage, ==, -1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/platform/cgroup/v2-smallest-of-every-level", test_v2_every_level);
  g_test_add_func ("/platform/cgroup/v2-memory-high-is-a-limit", test_v2_high_is_a_limit);
  g_test_add_func ("/platform/cgroup/v2-namespaced-root-is-the-mount-point", test_v2_namespaced_root);
  g_test_add_func ("/platform/cgroup/v2-hidden-group-counts-the-nearest-level", test_v2_hidden_group);
  g_test_add_func ("/platform/cgroup/v2-mounted-elsewhere-with-a-root", test_v2_mounted_elsewhere);
  g_test_add_func ("/platform/cgroup/v1-unlimited-values-are-no-limit", test_v1_unlimited);
  g_test_add_func ("/platform/cgroup/v1-parent-limit-and-any-period", test_v1_parent_and_period);
  g_test_add_func ("/platform/cgroup/hybrid-takes-each-controller-where-it-is", test_hybrid);
  g_test_add_func ("/platform/cgroup/the-servers-group-not-ours", test_server_group);
  g_test_add_func ("/platform/cgroup/limit-above-the-machine-is-none", test_above_total);
  g_test_add_func ("/platform/cgroup/no-cgroup-no-limit", test_none);
  return g_test_run ();
}
