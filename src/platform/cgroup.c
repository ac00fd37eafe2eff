/* SPDX-License-Identifier: MIT
 *
 * The limits of the control groups that really apply: the smallest of all levels from the process's own group up to the
 * mount point, in version 1, version 2 or both at once (hybrid). Interface files: cgroups(7) and the kernel's
 * admin-guide/cgroup-v1/memory and admin-guide/cgroup-v2.
 */
#include "base/size.h"
#include "platform/parts.h"

#include <string.h>

/* Version 1 says "no limit" as the largest multiple of a page below 2^63; pages may be 4 to 64 kB. */
#define V1_UNLIMITED (G_MAXINT64 - 1024 * 1024)

typedef struct {
  const char *mount; /* borrowed from the mount table */
  char *folder;      /* of the process's own group */
  int version;
} Hierarchy;

static void
hierarchy_clear (Hierarchy *hierarchy)
{
  g_clear_pointer (&hierarchy->folder, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Hierarchy, hierarchy_clear)

/* Path of the group in the hierarchy with @controller ("" for version 2) from lines "4:memory:/a/b" or "0::/a/b". */
static char *
membership_path (const char *membership, const char *controller)
{
  g_auto (GStrv) lines = g_strsplit (membership != NULL ? membership : "", "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_auto (GStrv) fields = g_strsplit (lines[i], ":", 3);
      if (g_strv_length (fields) == 3 && *fields[2] == '/'
          && (*controller == '\0' ? *fields[1] == '\0' : kt_mount_option (fields[1], controller)))
        return g_strdup (fields[2]);
    }
  return NULL;
}

/* Joins the mount point with the part of @path below the mounted root. In a group namespace, or when only a part of the
 * hierarchy is mounted elsewhere, the path leads outside ("/.."): what is visible starts at the mount point then. */
static char *
group_folder (const KtMount *mount, const char *path)
{
  const char *root = mount->root != NULL ? mount->root : "/";
  if (path == NULL || strstr (path, "/..") != NULL || strstr (root, "/..") != NULL || !kt_path_is_below (path, root))
    return g_strdup (mount->target);
  const char *below = g_str_equal (root, "/") ? path : path + strlen (root);
  while (*below == '/')
    below++;
  return *below != '\0' ? g_build_filename (mount->target, below, NULL) : g_strdup (mount->target);
}

static const KtMount *
find_mount (const KtMounts *mounts, const char *fs_type, const char *controller)
{
  for (guint i = 0; i < kt_mounts_count (mounts); i++)
    {
      const KtMount *mount = kt_mounts_get (mounts, i);
      if (g_str_equal (mount->fs_type, fs_type)
          && (controller == NULL || kt_mount_option (mount->fs_options, controller)))
        return mount;
    }
  return NULL;
}

/* A controller is in one hierarchy only: version 1 when such a mount exists, else version 2. */
static gboolean
find_hierarchy (const KtMounts *mounts, const char *membership, const char *controller, Hierarchy *hierarchy)
{
  const KtMount *mount = find_mount (mounts, "cgroup", controller);
  hierarchy->version = mount != NULL ? 1 : 2;
  if (mount == NULL)
    mount = find_mount (mounts, "cgroup2", NULL);
  if (mount == NULL)
    return FALSE;
  g_autofree char *path = membership_path (membership, hierarchy->version == 1 ? controller : "");
  hierarchy->mount = mount->target;
  hierarchy->folder = group_folder (mount, path);
  return TRUE;
}

/* A path that the mount does not show (another namespace's) is replaced by the nearest level that it shows. */
static void
settle_on_existing (KtSysroot *root, Hierarchy *hierarchy)
{
  while (!g_str_equal (hierarchy->folder, hierarchy->mount) && !kt_sysroot_exists (root, hierarchy->folder))
    {
      char *parent = g_path_get_dirname (hierarchy->folder);
      g_free (hierarchy->folder);
      hierarchy->folder = parent;
    }
}

/* Steps @folder up; FALSE above the mount point. */
static gboolean
step_up (const Hierarchy *hierarchy, char **folder)
{
  if (g_str_equal (*folder, hierarchy->mount) || !kt_path_is_below (*folder, hierarchy->mount))
    return FALSE;
  char *parent = g_path_get_dirname (*folder);
  g_free (*folder);
  *folder = parent;
  return TRUE;
}

/* The smallest value, @least or more, of the file @name over all levels; *where is set when it is below *limit. */
static void
smallest (KtSysroot *root, const Hierarchy *hierarchy, const char *name, gint64 least, gint64 *limit, char **where)
{
  g_autofree char *folder = g_strdup (hierarchy->folder);
  do
    {
      gint64 value = kt_read_number_in (root, folder, name, G_MAXINT64);
      if (value < least || value >= V1_UNLIMITED || value >= *limit)
        continue;
      *limit = value;
      if (where != NULL)
        {
          g_free (*where);
          *where = g_build_filename (folder, name, NULL);
        }
    }
  while (step_up (hierarchy, &folder));
}

/* In a version 1 container the limits of the outer levels cannot be seen, but memory.stat carries their minimum. */
static void
hierarchical_limit (KtSysroot *root, const Hierarchy *hierarchy, KtCgroup *cgroup)
{
  g_autofree char *text = kt_read_in (root, hierarchy->folder, "memory.stat");
  const char *at = text != NULL ? strstr (text, "hierarchical_memory_limit ") : NULL;
  gint64 value = at != NULL ? g_ascii_strtoll (at + strlen ("hierarchical_memory_limit "), NULL, 10) : 0;
  if (value <= 0 || value >= V1_UNLIMITED || value >= cgroup->memory_limit)
    return;
  cgroup->memory_limit = value;
  g_free (cgroup->memory_limit_path);
  cgroup->memory_limit_path = g_build_filename (hierarchy->folder, "memory.stat", NULL);
}

static void
load_memory (KtSysroot *root, const Hierarchy *hierarchy, KtCgroup *cgroup)
{
  gboolean v1 = hierarchy->version == 1;
  smallest (root, hierarchy, v1 ? "memory.limit_in_bytes" : "memory.max", 1, &cgroup->memory_limit,
            &cgroup->memory_limit_path);
  /* Above memory.high the kernel takes pages back and slows the group down: for a cache it is the limit. */
  if (v1)
    hierarchical_limit (root, hierarchy, cgroup);
  else
    smallest (root, hierarchy, "memory.high", 1, &cgroup->memory_limit, &cgroup->memory_limit_path);

  gint64 swap = G_MAXINT64;
  smallest (root, hierarchy, v1 ? "memory.memsw.limit_in_bytes" : "memory.swap.max", 0, &swap, NULL);
  /* Version 1 limits the sum of memory and swap, version 2 swap alone. */
  if (v1 && swap != G_MAXINT64 && cgroup->memory_limit != G_MAXINT64)
    swap = MAX (swap - cgroup->memory_limit, 0);
  cgroup->swap_limit = swap;

  g_autofree char *level = cgroup->memory_limit_path != NULL ? g_path_get_dirname (cgroup->memory_limit_path) : NULL;
  cgroup->memory_usage = kt_read_number_in (root, level != NULL ? level : hierarchy->folder,
                                            v1 ? "memory.usage_in_bytes" : "memory.current", -1);
}

/* CPUs that one level grants; 0: no limit. "max 100000", "50000 100000" or "50000" in version 2. */
static double
level_quota (KtSysroot *root, const char *folder, int version)
{
  gint64 quota = 0, period = 100000;
  if (version == 1)
    {
      quota = kt_read_number_in (root, folder, "cpu.cfs_quota_us", -1);
      period = quota > 0 ? kt_read_number_in (root, folder, "cpu.cfs_period_us", period) : period;
    }
  else
    {
      g_autofree char *text = kt_read_in (root, folder, "cpu.max");
      char *end = NULL;
      quota = text != NULL ? g_ascii_strtoll (text, &end, 10) : 0;
      gint64 given = end != NULL && end != text ? g_ascii_strtoll (end, NULL, 10) : 0;
      period = given > 0 ? given : period;
    }
  return quota > 0 && period > 0 ? (double) quota / (double) period : 0;
}

static void
load_quota (KtSysroot *root, const Hierarchy *hierarchy, KtCgroup *cgroup)
{
  g_autofree char *folder = g_strdup (hierarchy->folder);
  do
    {
      double quota = level_quota (root, folder, hierarchy->version);
      if (quota <= 0 || (cgroup->cpu_quota > 0 && quota >= cgroup->cpu_quota))
        continue;
      cgroup->cpu_quota = quota;
      g_free (cgroup->cpu_quota_path);
      cgroup->cpu_quota_path
        = g_build_filename (folder, hierarchy->version == 1 ? "cpu.cfs_quota_us" : "cpu.max", NULL);
    }
  while (step_up (hierarchy, &folder));
}

/* The effective set is already the intersection with all outer levels, so the innermost that says one is right. */
static guint
load_cpuset (KtSysroot *root, const Hierarchy *hierarchy)
{
  static const char *const names[2][2] = { { "cpuset.effective_cpus", "cpuset.cpus" },
                                           { "cpuset.cpus.effective", "cpuset.cpus" } };
  g_autofree char *folder = g_strdup (hierarchy->folder);
  do
    for (guint i = 0; i < 2; i++)
      {
        g_autofree char *list = kt_read_in (root, folder, names[hierarchy->version - 1][i]);
        guint count = kt_count_list (list);
        if (count > 0)
          return count;
      }
  while (step_up (hierarchy, &folder));
  return 0;
}

static void
load_hugetlb (KtSysroot *root, const Hierarchy *hierarchy, gint64 page_size, KtCgroup *cgroup)
{
  if (page_size <= 0)
    return;
  gint64 unit = page_size >= KT_GIB ? KT_GIB : page_size >= KT_MIB ? KT_MIB : KT_KIB;
  const char *unit_name = unit == KT_GIB ? "GB" : unit == KT_MIB ? "MB" : "KB";
  g_autofree char *name = g_strdup_printf ("hugetlb.%" G_GINT64_FORMAT "%s.%s", page_size / unit, unit_name,
                                           hierarchy->version == 1 ? "limit_in_bytes" : "max");
  smallest (root, hierarchy, name, 0, &cgroup->hugetlb_limit, NULL);
}

char *
kt_cgroup_memory_folder (const KtMounts *mounts, const char *membership)
{
  g_auto (Hierarchy) hierarchy = { 0 };
  return find_hierarchy (mounts, membership, "memory", &hierarchy) ? g_steal_pointer (&hierarchy.folder) : NULL;
}

void
kt_cgroup_load (KtSysroot *root, const KtMounts *mounts, gint64 pid, KtPlatform *platform)
{
  KtCgroup *cgroup = &platform->cgroup;
  cgroup->memory_limit = cgroup->swap_limit = cgroup->hugetlb_limit = G_MAXINT64;
  cgroup->memory_usage = -1;
  g_autofree char *path = kt_process_path (pid, "cgroup");
  g_autofree char *membership = kt_sysroot_read (root, path);
  if (membership == NULL)
    kt_note (platform->notes, "limits of control groups are unknown: %s cannot be read", path);

  static const char *const controllers[] = { "memory", "cpu", "cpuset", "hugetlb" };
  for (guint i = 0; membership != NULL && i < G_N_ELEMENTS (controllers); i++)
    {
      g_auto (Hierarchy) hierarchy = { 0 };
      if (!find_hierarchy (mounts, membership, controllers[i], &hierarchy))
        continue;
      settle_on_existing (root, &hierarchy);
      switch (i)
        {
        case 0:
          cgroup->version = hierarchy.version;
          load_memory (root, &hierarchy, cgroup);
          break;
        case 1: load_quota (root, &hierarchy, cgroup); break;
        case 2: cgroup->cpuset_cpus = load_cpuset (root, &hierarchy); break;
        default: load_hugetlb (root, &hierarchy, platform->memory.huge_page_size, cgroup); break;
        }
    }
  /* A limit above what the machine has limits nothing. */
  if (platform->memory.total > 0 && cgroup->memory_limit > platform->memory.total)
    {
      cgroup->memory_limit = G_MAXINT64;
      g_clear_pointer (&cgroup->memory_limit_path, g_free);
    }
}
