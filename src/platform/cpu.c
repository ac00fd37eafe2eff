/* SPDX-License-Identifier: MIT
 *
 * CPUs from /proc/cpuinfo, whose x86 form also has the topology; elsewhere (ARM has none there) from sysfs.
 */
#include "platform/parts.h"

#include <string.h>

/* ARM cores that servers and boards have; cpuinfo gives numbers only (MIDR_EL1: implementer 0x41, part). */
static const struct {
  const char *part, *name;
} arm_cores[] = {
  { "0xd03", "ARM Cortex-A53" },   { "0xd05", "ARM Cortex-A55" },   { "0xd07", "ARM Cortex-A57" },
  { "0xd08", "ARM Cortex-A72" },   { "0xd09", "ARM Cortex-A73" },   { "0xd0a", "ARM Cortex-A75" },
  { "0xd0b", "ARM Cortex-A76" },   { "0xd0c", "ARM Neoverse-N1" },  { "0xd40", "ARM Neoverse-V1" },
  { "0xd49", "ARM Neoverse-N2" },  { "0xd4f", "ARM Neoverse-V2" },
};

typedef struct {
  guint processors, with_topology;
  char *model, *board, *implementer, *part;
  gboolean has_flags, aes, hypervisor;
  gint64 package;         /* of the block being read */
  GHashTable *packages;   /* gint64 as text */
  GHashTable *cores;      /* "package/core" */
} CpuInfo;

static void
cpu_info_clear (CpuInfo *info)
{
  g_free (info->model);
  g_free (info->board);
  g_free (info->implementer);
  g_free (info->part);
  g_clear_pointer (&info->packages, g_hash_table_unref);
  g_clear_pointer (&info->cores, g_hash_table_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (CpuInfo, cpu_info_clear)

static gboolean
has_word (const char *words, const char *word)
{
  gsize length = strlen (word);
  for (const char *at = strstr (words, word); at != NULL; at = strstr (at + length, word))
    if ((at == words || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
      return TRUE;
  return FALSE;
}

static void
keep_first (char **member, const char *value)
{
  if (*member == NULL && *value != '\0')
    *member = g_strdup (value);
}

/* All CPUs have the same. */
static void
take_flags (CpuInfo *info, const char *flags)
{
  if (info->has_flags)
    return;
  info->has_flags = TRUE;
  info->aes = has_word (flags, "aes");
  info->hypervisor = has_word (flags, "hypervisor");
}

static void
take_field (CpuInfo *info, const char *name, const char *value)
{
  if (g_str_equal (name, "processor"))
    {
      info->processors++;
      info->package = -1;
    }
  else if (g_str_equal (name, "model name") || g_str_equal (name, "cpu"))
    keep_first (&info->model, value);
  else if (g_str_equal (name, "Model"))
    keep_first (&info->board, value);
  else if (g_str_equal (name, "CPU implementer"))
    keep_first (&info->implementer, value);
  else if (g_str_equal (name, "CPU part"))
    keep_first (&info->part, value);
  else if (g_str_equal (name, "flags") || g_str_equal (name, "Features"))
    take_flags (info, value);
  else if (g_str_equal (name, "physical id"))
    info->package = g_ascii_strtoll (value, NULL, 10);
  else if (g_str_equal (name, "core id"))
    {
      info->with_topology++;
      g_hash_table_add (info->packages, g_strdup_printf ("%" G_GINT64_FORMAT, info->package));
      g_hash_table_add (info->cores, g_strdup_printf ("%" G_GINT64_FORMAT "/%s", info->package, value));
    }
}

static void
parse_cpuinfo (char *text, CpuInfo *info)
{
  info->packages = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  info->cores = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (char *line = text, *next; line != NULL && *line != '\0'; line = next)
    {
      next = strchr (line, '\n');
      if (next != NULL)
        *next++ = '\0';
      char *colon = strchr (line, ':');
      if (colon == NULL)
        continue;
      *colon = '\0';
      take_field (info, g_strchomp (line), g_strstrip (colon + 1));
    }
}

static char *
model_name (CpuInfo *info)
{
  if (info->model != NULL)
    return g_steal_pointer (&info->model);
  const char *core = NULL;
  for (guint i = 0; g_strcmp0 (info->implementer, "0x41") == 0 && i < G_N_ELEMENTS (arm_cores); i++)
    if (g_strcmp0 (info->part, arm_cores[i].part) == 0)
      core = arm_cores[i].name;
  if (info->board != NULL && core != NULL)
    return g_strdup_printf ("%s (%s)", info->board, core);
  return info->board != NULL ? g_steal_pointer (&info->board) : g_strdup (core);
}

/* sysfs names only the online CPUs' topology; an offline one has no such folder. */
static void
topology_from_sysfs (KtSysroot *root, guint threads, KtCpu *cpu)
{
  g_autoptr (GHashTable) packages = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) cores = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  guint found = 0;
  for (guint i = 0; found < threads && i < threads * 4 + 64; i++)
    {
      g_autofree char *folder = g_strdup_printf ("/sys/devices/system/cpu/cpu%u/topology", i);
      char *siblings = kt_read_in (root, folder, "thread_siblings_list");
      if (siblings == NULL)
        continue;
      found++;
      g_hash_table_add (cores, siblings);
      char *package = kt_read_in (root, folder, "physical_package_id");
      g_hash_table_add (packages, package != NULL ? package : g_strdup ("0"));
    }
  cpu->cores = g_hash_table_size (cores);
  cpu->sockets = g_hash_table_size (packages);
}

static guint
count_in_file (KtSysroot *root, const char *path)
{
  g_autofree char *list = kt_sysroot_read (root, path);
  return kt_count_list (list);
}

/* Cpus_allowed_list of /proc/PID/status: as sched_getaffinity, but it can be replayed. */
static guint
load_affinity (KtSysroot *root, gint64 pid)
{
  g_autofree char *path = kt_process_path (pid, "status");
  g_autofree char *text = kt_sysroot_read (root, path);
  const char *at = text != NULL ? strstr (text, "Cpus_allowed_list:") : NULL;
  if (at == NULL)
    return 0;
  at += strlen ("Cpus_allowed_list:");
  return kt_count_list (at + strspn (at, " \t"));
}

static double
usable_cpus (const KtCpu *cpu, const KtCgroup *cgroup)
{
  double usable = cpu->threads;
  if (cpu->affinity > 0)
    usable = MIN (usable, cpu->affinity);
  if (cgroup->cpuset_cpus > 0)
    usable = MIN (usable, cgroup->cpuset_cpus);
  if (cgroup->cpu_quota > 0)
    usable = MIN (usable, cgroup->cpu_quota);
  return MAX (usable, 0.1);
}

gboolean
kt_cpu_load (KtSysroot *root, gint64 pid, KtPlatform *platform)
{
  KtCpu *cpu = &platform->cpu;
  g_auto (CpuInfo) info = { 0 };
  g_autofree char *text = kt_sysroot_read (root, "/proc/cpuinfo");
  parse_cpuinfo (text, &info);
  cpu->architecture = kt_fact_architecture (root);
  cpu->model = model_name (&info);
  cpu->aes = info.aes;
  cpu->hypervisor = info.hypervisor;
  cpu->threads = count_in_file (root, "/sys/devices/system/cpu/online");
  if (cpu->threads == 0)
    cpu->threads = info.processors;
  cpu->affinity = load_affinity (root, pid);

  gboolean known = cpu->threads > 0;
  if (!known)
    {
      cpu->threads = MAX (cpu->affinity, 1);
      kt_note (platform->notes, "the number of CPUs is unknown: counting with %u", cpu->threads);
    }
  if (info.with_topology > 0)
    {
      cpu->cores = g_hash_table_size (info.cores);
      cpu->sockets = g_hash_table_size (info.packages);
    }
  else
    topology_from_sysfs (root, cpu->threads, cpu);
  if (cpu->cores == 0 || cpu->cores > cpu->threads)
    cpu->cores = cpu->threads;
  cpu->sockets = CLAMP (cpu->sockets, 1, cpu->cores);

  /* Nodes with memory but without CPUs (CXL) are no reason to interleave: count those with CPUs. */
  guint nodes = count_in_file (root, "/sys/devices/system/node/has_cpu");
  if (nodes == 0)
    nodes = count_in_file (root, "/sys/devices/system/node/online");
  cpu->numa_nodes = MAX (nodes, 1);
  if (platform->cgroup.cpuset_cpus >= cpu->threads)
    platform->cgroup.cpuset_cpus = 0;
  cpu->usable = usable_cpus (cpu, &platform->cgroup);
  return known;
}
