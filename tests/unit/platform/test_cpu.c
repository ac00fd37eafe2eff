/* SPDX-License-Identifier: MIT */
#include "made_root.h"
#include "platform/parts.h"

static KtPlatform *
load (const MadeFile *files)
{
  g_auto (MadeRoot) made = made_root_new (files);
  g_autoptr (GError) error = NULL;
  KtPlatform *platform = kt_platform_load (made.root, NULL, 0, &error);
  g_assert_no_error (error);
  return platform;
}

#define X86(cpu, package, core) \
  "processor\t: " cpu "\nmodel name\t: Example 3000\nphysical id\t: " package "\ncore id\t\t: " core "\nflags\t\t: fpu aes avx\n\n"

static void
test_x86 (void)
{
  const MadeFile files[] = {
    { "/proc/cpuinfo", X86 ("0", "0", "0") X86 ("1", "0", "1") X86 ("2", "1", "0") X86 ("3", "1", "1") X86 ("4", "0", "0") X86 ("5", "0", "1") },
    { "/sys/devices/system/cpu/online", "0-5" }, { "/sys/devices/system/node/has_cpu", "0-1" },
    { "/proc/self/status", "Cpus_allowed:\tff\nCpus_allowed_list:\t0-3\n" }, { NULL, NULL },
  };
  g_autoptr (KtPlatform) platform = load (files);
  g_assert_cmpuint (platform->cpu.sockets, ==, 2);
  g_assert_cmpuint (platform->cpu.cores, ==, 4);
  g_assert_cmpuint (platform->cpu.threads, ==, 6);
  g_assert_cmpuint (platform->cpu.numa_nodes, ==, 2);
  g_assert_cmpuint (platform->cpu.affinity, ==, 4);
  g_assert_cmpfloat (platform->cpu.usable, ==, 4);
  g_assert_cmpstr (platform->cpu.model, ==, "Example 3000");
  g_assert_true (platform->cpu.aes);
  g_assert_false (platform->cpu.hypervisor);
}

static void
test_arm (void)
{
  const MadeFile files[] = {
    { "/proc/cpuinfo", "processor\t: 0\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n\nprocessor\t: 1\nCPU part\t: 0xd0c\n" },
    { "/sys/devices/system/cpu/online", "0-1" }, { "/sys/devices/system/cpu/cpu0/topology/thread_siblings_list", "0" },
    { "/sys/devices/system/cpu/cpu1/topology/thread_siblings_list", "1" },
    { "/sys/devices/system/cpu/cpu1/topology/physical_package_id", "0" },
    { NULL, NULL },
  };
  g_autoptr (KtPlatform) platform = load (files);
  g_assert_cmpstr (platform->cpu.model, ==, "ARM Neoverse-N1");
  g_assert_cmpuint (platform->cpu.cores, ==, 2);
  g_assert_cmpuint (platform->cpu.sockets, ==, 1);
  g_assert_false (platform->cpu.aes);
}

/* cpu1 is offline: it has no topology and is not counted. */
static void
test_offline_without_cpuinfo_topology (void)
{
  const MadeFile files[] = {
    { "/proc/cpuinfo", "processor\t: 0\n\nprocessor\t: 2\n\nprocessor\t: 3\n" },
    { "/sys/devices/system/cpu/online", "0,2-3" },
    { "/sys/devices/system/cpu/cpu0/topology/thread_siblings_list", "0" },
    { "/sys/devices/system/cpu/cpu2/topology/thread_siblings_list", "2-3" },
    { "/sys/devices/system/cpu/cpu3/topology/thread_siblings_list", "2-3" }, { NULL, NULL },
  };
  g_autoptr (KtPlatform) platform = load (files);
  g_assert_cmpuint (platform->cpu.threads, ==, 3);
  g_assert_cmpuint (platform->cpu.cores, ==, 2);
}

static void
test_without_sysfs (void)
{
  const MadeFile files[] = { { "/proc/cpuinfo", X86 ("0", "0", "0") X86 ("1", "0", "1") }, { NULL, NULL } };
  g_autoptr (KtPlatform) platform = load (files);
  g_assert_cmpuint (platform->cpu.threads, ==, 2);
  g_assert_cmpuint (platform->cpu.numa_nodes, ==, 1);
  g_assert_cmpuint (platform->cpu.affinity, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/platform/cpu/x86-topology-and-affinity", test_x86);
  g_test_add_func ("/platform/cpu/arm-has-no-model-name", test_arm);
  g_test_add_func ("/platform/cpu/offline-cpus-do-not-count", test_offline_without_cpuinfo_topology);
  g_test_add_func ("/platform/cpu/cpuinfo-alone-is-enough", test_without_sysfs);
  return g_test_run ();
}
