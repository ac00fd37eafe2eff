/* SPDX-License-Identifier: MIT
 *
 * Which container or virtual machine this is. It explains why limits, disks and clocks behave as they do; nothing is
 * decided by it, so "unknown" is a fine answer. Signs as systemd-detect-virt(1) knows them, except that /proc/1/environ
 * is not read: it may hold secrets.
 */
#include "platform/parts.h"

#include <string.h>

/* The content of the first file that exists names the container manager; NULL: the fixed name. */
static const struct {
  const char *path, *name;
} container_files[] = {
  { "/run/systemd/container", NULL },
  { "/run/.containerenv", "podman" },
  { "/.dockerenv", "docker" },
  { "/proc/vz", "openvz" },
};

static const struct {
  const char *part, *name;
} container_groups[] = {
  { "/docker", "docker" }, { "/kubepods", "kubernetes" }, { "/libpod", "podman" },
  { "/lxc", "lxc" },       { "/machine.slice/machine-", "systemd-nspawn" },
};

static const struct {
  const char *part, *name;
} firmware[] = {
  { "KVM", "kvm" },          { "OpenStack", "kvm" },      { "QEMU", "kvm" },        { "Amazon EC2", "kvm" },
  { "Google", "kvm" },       { "DigitalOcean", "kvm" },   { "Hetzner", "kvm" },     { "Alibaba", "kvm" },
  { "VMware", "vmware" },    { "VirtualBox", "virtualbox" }, { "innotek", "virtualbox" }, { "Xen", "xen" },
  { "Virtual Machine", "hyperv" }, { "Parallels", "parallels" }, { "BHYVE", "bhyve" },
};

/* The host's PID 2 is always kthreadd, and only the host's: a root file system made from an image may carry /.dockerenv
 * and yet boot as a machine of its own. */
static gboolean
sees_kernel_threads (KtSysroot *root)
{
  g_autofree char *name = kt_sysroot_read (root, "/proc/2/comm");
  return g_strcmp0 (name, "kthreadd") == 0;
}

static gboolean
has_lxcfs (const KtMounts *mounts)
{
  for (guint i = 0; i < kt_mounts_count (mounts); i++)
    if (g_str_equal (kt_mounts_get (mounts, i)->fs_type, "fuse.lxcfs")
        && kt_path_is_below (kt_mounts_get (mounts, i)->target, "/proc"))
      return TRUE;
  return FALSE;
}

static char *
find_container (KtSysroot *root, const KtMounts *mounts)
{
  if (sees_kernel_threads (root))
    return NULL;
  for (guint i = 0; i < G_N_ELEMENTS (container_files); i++)
    {
      g_autofree char *text = container_files[i].name == NULL ? kt_sysroot_read (root, container_files[i].path) : NULL;
      if (text != NULL && *text != '\0')
        return g_steal_pointer (&text);
      if (container_files[i].name != NULL && kt_sysroot_exists (root, container_files[i].path))
        return g_strdup (container_files[i].name);
    }
  if (has_lxcfs (mounts))
    return g_strdup ("lxc");
  g_autofree char *groups = kt_sysroot_read (root, "/proc/1/cgroup");
  for (guint i = 0; groups != NULL && i < G_N_ELEMENTS (container_groups); i++)
    if (strstr (groups, container_groups[i].part) != NULL)
      return g_strdup (container_groups[i].name);
  return NULL;
}

static char *
find_machine (KtSysroot *root, const KtCpu *cpu, const KtKernel *kernel)
{
  g_autofree char *type = kt_sysroot_read (root, "/sys/hypervisor/type");
  g_autofree char *capabilities = type != NULL ? kt_sysroot_read (root, "/proc/xen/capabilities") : NULL;
  if (capabilities != NULL && strstr (capabilities, "control_d") != NULL)
    return NULL;
  if (type != NULL && *type != '\0')
    return g_steal_pointer (&type);

  g_autofree char *vendor = kt_sysroot_read (root, "/sys/class/dmi/id/sys_vendor");
  g_autofree char *product = kt_sysroot_read (root, "/sys/class/dmi/id/product_name");
  g_autofree char *both = g_strconcat (vendor != NULL ? vendor : "", " ", product != NULL ? product : "", NULL);
  g_autofree char *tree = kt_sysroot_read (root, "/proc/device-tree/hypervisor/compatible");
  /* Bare-metal instances of the clouds carry the cloud's name, too; x86 tells them apart by the flag. */
  gboolean x86 = g_strcmp0 (cpu->architecture, "x86_64") == 0 || g_strcmp0 (cpu->architecture, "i686") == 0;
  for (guint i = 0; (cpu->hypervisor || !x86) && strstr (both, ".metal") == NULL && i < G_N_ELEMENTS (firmware); i++)
    if (strstr (both, firmware[i].part) != NULL)
      return g_strdup (firmware[i].name);
  if (tree != NULL && strstr (tree, "linux,kvm") != NULL)
    return g_strdup ("kvm");
  if (g_strcmp0 (kernel->clock_source, "kvm-clock") == 0)
    return g_strdup ("kvm");
  return cpu->hypervisor ? g_strdup ("vm") : NULL;
}

void
kt_virtualization_load (KtSysroot *root, const KtMounts *mounts, const KtCpu *cpu, KtKernel *kernel)
{
  g_autofree char *container = find_container (root, mounts);
  g_autofree char *release = kernel->release != NULL ? g_ascii_strdown (kernel->release, -1) : NULL;
  kernel->container = container != NULL && !g_str_equal (container, "wsl");
  if (container != NULL)
    kernel->virtualization = g_steal_pointer (&container);
  /* WSL 1 has no Linux kernel at all, but says "Microsoft" as well. */
  else if (release != NULL && strstr (release, "microsoft") != NULL)
    kernel->virtualization = g_strdup ("wsl");
  else
    kernel->virtualization = find_machine (root, cpu, kernel);
}
