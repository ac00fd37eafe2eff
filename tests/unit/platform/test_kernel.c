/* SPDX-License-Identifier: MIT */
#include "made_root.h"
#include "platform/parts.h"

#define MEMINFO { "/proc/meminfo", "MemTotal: 1048576 kB" }
#define X86 { "machine.ini", "[uname]\nmachine=x86_64\n" }
#define FLAGS(flags) { "/proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu " flags " lm\n" }
#define DMI(vendor, product) { "/sys/class/dmi/id/sys_vendor", vendor }, { "/sys/class/dmi/id/product_name", product }

static void
check (const MadeFile *files, const char *virtualization, gboolean container)
{
  g_auto (MadeRoot) made = made_root_new (files);
  g_autoptr (GError) error = NULL;
  g_autoptr (KtPlatform) platform = kt_platform_load (made.root, NULL, 0, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (platform->kernel.virtualization, ==, virtualization);
  g_assert_cmpint (platform->kernel.container, ==, container);
}

static void
test_containers (void)
{
  check ((const MadeFile[]){ MEMINFO, { "/.dockerenv", "" }, { NULL, NULL } }, "docker", TRUE);
  check ((const MadeFile[]){ MEMINFO, { "/run/.containerenv", "engine=\"podman\"" }, { NULL, NULL } }, "podman", TRUE);
  check ((const MadeFile[]){ MEMINFO, { "/run/systemd/container", "lxc\n" }, { NULL, NULL } }, "lxc", TRUE);
  check ((const MadeFile[]){ MEMINFO,
    { "/proc/self/mountinfo", "50 1 0:9 /proc/cpuinfo /proc/cpuinfo rw - fuse.lxcfs lxcfs rw\n" }, { NULL, NULL } },
    "lxc", TRUE);
  check ((const MadeFile[]){ MEMINFO, { "/proc/1/cgroup", "4:memory:/kubepods/burstable/pod1/c\n" }, { NULL, NULL } },
         "kubernetes", TRUE);
}

/* A root file system made from an image, booted as a machine. */
static void
test_mark_without_container (void)
{
  check ((const MadeFile[]){ MEMINFO, X86, FLAGS ("hypervisor"), { "/.dockerenv", "" }, { "/proc/2/comm", "kthreadd" },
    { NULL, NULL } }, "vm", FALSE);
}

static void
test_machines (void)
{
  check ((const MadeFile[]){ MEMINFO, X86, FLAGS ("hypervisor"), DMI ("QEMU", "Standard PC (Q35 + ICH9, 2009)"),
    { NULL, NULL } }, "kvm", FALSE);
  check ((const MadeFile[]){ MEMINFO, X86, FLAGS ("hypervisor"), DMI ("VMware, Inc.", "VMware7,1"), { NULL, NULL } },
         "vmware", FALSE);
  check ((const MadeFile[]){ MEMINFO, X86, FLAGS ("hypervisor"), DMI ("Microsoft Corporation", "Virtual Machine"),
    { NULL, NULL } }, "hyperv", FALSE);
  check ((const MadeFile[]){ MEMINFO, X86, FLAGS ("sse"), DMI ("Amazon EC2", "c5.metal"), { NULL, NULL } }, NULL,
         FALSE);
  check ((const MadeFile[]){ MEMINFO, X86, FLAGS ("sse"), DMI ("Microsoft Corporation", "Surface Laptop"),
    { NULL, NULL } }, NULL, FALSE);
  check ((const MadeFile[]){ MEMINFO, { "/sys/hypervisor/type", "xen" }, { NULL, NULL } }, "xen", FALSE);
  check ((const MadeFile[]){ MEMINFO, { "/sys/hypervisor/type", "xen" }, { "/proc/xen/capabilities", "control_d" },
    { NULL, NULL } }, NULL, FALSE);
  check ((const MadeFile[]){ MEMINFO, { "/proc/sys/kernel/osrelease", "5.15.90.1-microsoft-standard-WSL2" },
    { NULL, NULL } }, "wsl", FALSE);
}

static void
test_settings (void)
{
  const MadeFile files[] = {
    MEMINFO, { "/proc/sys/vm/swappiness", "10" }, { "/proc/sys/kernel/shmmax", "18446744073692774399" },
    { "/proc/sys/vm/dirty_ratio", "x" },
    { "/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never" },
    { "/etc/os-release", "ID=x\nPRETTY_NAME=\"An OS 1.0 (\\\"nice\\\")\"\n" },
    { "machine.ini", "[filesystem /dev/shm]\nsize=67108864\navailable=67000000\n" }, { NULL, NULL },
  };
  g_auto (MadeRoot) made = made_root_new (files);
  g_autoptr (KtPlatform) platform = kt_platform_load (made.root, NULL, 0, NULL);
  g_assert_cmpint (platform->kernel.swappiness, ==, 10);
  g_assert_cmpint (platform->kernel.shmmax, ==, G_MAXINT64);
  g_assert_cmpint (platform->kernel.dirty_ratio, ==, -1);
  g_assert_cmpint (platform->kernel.numa_balancing, ==, -1);
  g_assert_cmpstr (platform->kernel.transparent_huge_pages, ==, "madvise");
  g_assert_cmpstr (platform->kernel.distribution, ==, "An OS 1.0 (\"nice\")");
  g_assert_cmpint (platform->kernel.dev_shm_size, ==, 67108864);
}

static void
test_score_of_the_server (void)
{
  const MadeFile files[] = { MEMINFO, { "/proc/77/oom_score_adj", "-900\n" }, { NULL, NULL } };
  g_auto (MadeRoot) made = made_root_new (files);
  g_autoptr (KtPlatform) asked = kt_platform_load (made.root, NULL, 77, NULL);
  g_assert_cmpstr (asked->server_oom_score_adj, ==, "-900");
  g_autoptr (KtPlatform) other = kt_platform_load (made.root, NULL, 78, NULL);
  g_assert_null (other->server_oom_score_adj);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/platform/virtualization/containers", test_containers);
  g_test_add_func ("/platform/virtualization/docker-mark-on-a-machine-is-no-container", test_mark_without_container);
  g_test_add_func ("/platform/virtualization/machines", test_machines);
  g_test_add_func ("/platform/kernel/settings", test_settings);
  g_test_add_func ("/platform/kernel/score-of-the-server", test_score_of_the_server);
  return g_test_run ();
}
