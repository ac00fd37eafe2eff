/* SPDX-License-Identifier: MIT
 *
 * What else needs memory on this machine: the node, indexers, API servers, Docker, other PostgreSQL clusters, and the
 * rest summed up. Two small reads a process (/proc/PID/stat and statm); environments and the arguments of others are
 * never read, except for the few options of kaspad named here.
 */
#include "base/size.h"
#include "platform/parts.h"

#include <string.h>

/* Set aside for the kernel, the shell and what starts later even when all programs together use less. */
#define LEAST_FOR_OTHERS (256 * KT_MIB)
#define MOST_FOR_OTHERS (512 * KT_MIB)
/* The same inside a container with a limit, where the system's own services do not count. */
#define LEAST_IN_LIMIT (64 * KT_MIB)

#define COMM_LENGTH 15 /* the kernel keeps so much of a name */

/* @grows_to: what it may come to need although it uses less now; 0: unknown. Never more than @share percent of
 * memory. */
typedef struct {
  const char *program, *name;
  gint64 grows_to;
  int share;
  const char *because;
} Row;

static const Row rows[] = {
  /* 8 GB is the figure to plan with for a mainnet node of which nothing else is known; kaspad's own guide asks for
   * machines of 16 GB and more. */
  { "kaspad", "kaspad", 8 * KT_GIB, 50, "a node on mainnet grows to about 8 GB" },
  { "simply-kaspa-indexer", "simply-kaspa-indexer", 2 * KT_GIB, 25, "its queues grow while it catches up" },
  { "K-transaction-processor", "K-transaction-processor", 512 * KT_MIB, 10, "room for bursts of transactions" },
  { "K-webserver", "K-webserver", 256 * KT_MIB, 10, "room for requests" },
  { "kasia-indexer", "kasia-indexer", KT_GIB, 15, "its store keeps 512 MB of writes in memory" },
  { "kaspa-rest-server", "kaspa-rest-server", 512 * KT_MIB, 10, "room for large answers" },
  { "gunicorn", "API server (gunicorn)", 512 * KT_MIB, 10, "room for large answers" },
  { "dockerd", "docker", 0, 0, NULL },
  { "containerd", "docker", 0, 0, NULL },
  { "containerd-shim", "docker", 0, 0, NULL },
};

typedef struct {
  gint64 pid, parent;
  char *name;
  gint64 rss, shared;
  gboolean outside; /* of the group whose limit applies to the server */
  gint64 postmaster; /* the first process of the PostgreSQL cluster it belongs to, 0: of none */
} Process;

static void
process_free (Process *process)
{
  g_free (process->name);
  g_free (process);
}

void
kt_neighbour_free (KtNeighbour *neighbour)
{
  g_free (neighbour->name);
  g_free (neighbour->reason);
  g_free (neighbour);
}

/* The number after the @n'th blank; 0 when there are fewer, or it is none. */
static gint64
nth_number (const char *text, guint n)
{
  for (guint i = 0; i < n && text != NULL; i++)
    {
      text = strchr (text, ' ');
      text += text != NULL;
    }
  return text != NULL ? g_ascii_strtoll (text, NULL, 10) : 0;
}

/* "PID (name) S ppid …": the name may hold blanks and brackets, so the last ")" ends it. Field 24 is the rss in
 * pages. */
static Process *
parse_stat (const char *text, gint64 pid, gint64 page_size)
{
  const char *open = strchr (text, '(');
  const char *close = open != NULL ? strrchr (open, ')') : NULL;
  if (close == NULL)
    return NULL;
  gint64 pages = nth_number (close, 22);
  if (pages <= 0 || pages > G_MAXINT64 / page_size)
    return NULL; /* kernel threads and zombies use none */
  Process *process = g_new0 (Process, 1);
  process->pid = pid;
  process->parent = nth_number (close, 2);
  process->name = g_strndup (open + 1, (gsize) (close - open - 1));
  process->rss = pages * page_size;
  return process;
}

static Process *
load_process (KtSysroot *root, const char *pid, gint64 page_size)
{
  g_autofree char *statm_path = g_strconcat ("/proc/", pid, "/statm", NULL);
  g_autofree char *statm = kt_sysroot_peek (root, statm_path);
  /* A kernel thread has no memory, and its stat is dear. */
  if (statm != NULL && g_str_has_prefix (statm, "0 0 "))
    return NULL;
  g_autofree char *stat_path = g_strconcat ("/proc/", pid, "/stat", NULL);
  g_autofree char *text = kt_sysroot_peek (root, stat_path);
  Process *process = text != NULL ? parse_stat (text, g_ascii_strtoll (pid, NULL, 10), page_size) : NULL;
  if (process == NULL)
    return NULL;
  kt_sysroot_keep (root, stat_path, text);
  if (statm != NULL)
    kt_sysroot_keep (root, statm_path, statm);
  gint64 shared = statm != NULL ? nth_number (statm, 2) : 0;
  process->shared = CLAMP (shared, 0, process->rss / page_size) * page_size;
  return process;
}

/* The children of kthreadd, as one file; empty where the kernel keeps no such list or PID 2 is something else. */
static GHashTable *
find_kernel_threads (KtSysroot *root)
{
  GHashTable *threads = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autofree char *name = kt_sysroot_peek (root, "/proc/2/comm");
  if (name == NULL || !g_str_has_prefix (name, "kthreadd"))
    return threads;
  g_autofree char *children = kt_sysroot_peek (root, "/proc/2/task/2/children");
  g_auto (GStrv) pids = g_strsplit (children != NULL ? children : "", " ", -1);
  for (guint i = 0; pids[i] != NULL; i++)
    g_hash_table_add (threads, g_strdup (pids[i]));
  return threads;
}

static GPtrArray *
load_processes (KtSysroot *root)
{
  GPtrArray *processes = g_ptr_array_new_with_free_func ((GDestroyNotify) process_free);
  gint64 page_size = kt_fact_page_size (root);
  g_autoptr (GHashTable) kernel = find_kernel_threads (root); /* large machines run thousands */
  g_auto (GStrv) names = kt_sysroot_peek_list (root, "/proc");
  for (guint i = 0; names[i] != NULL; i++)
    {
      gboolean program = g_ascii_isdigit (*names[i]) && !g_hash_table_contains (kernel, names[i]);
      Process *process = program ? load_process (root, names[i], page_size) : NULL;
      if (process != NULL)
        g_ptr_array_add (processes, process);
    }
  return processes;
}

static gboolean
is_postgres (const Process *process)
{
  return g_str_equal (process->name, "postgres") || g_str_equal (process->name, "postmaster");
}

/* Climbs from each PostgreSQL process to the first of its cluster. At most as many steps as there are processes: a
 * damaged recording may hold circles. */
static void
find_postmasters (const GPtrArray *processes)
{
  g_autoptr (GHashTable) by_pid = g_hash_table_new (g_int64_hash, g_int64_equal);
  for (guint i = 0; i < processes->len; i++)
    {
      Process *process = g_ptr_array_index (processes, i);
      g_hash_table_insert (by_pid, &process->pid, process);
    }
  for (guint i = 0; i < processes->len; i++)
    {
      Process *process = g_ptr_array_index (processes, i);
      const Process *top = is_postgres (process) ? process : NULL;
      for (guint steps = 0; top != NULL && steps < processes->len; steps++)
        {
          const Process *parent = g_hash_table_lookup (by_pid, &top->parent);
          if (parent == NULL || !is_postgres (parent))
            break;
          top = parent;
        }
      process->postmaster = top != NULL ? top->pid : 0;
    }
}

/* A postmaster works in its data directory. */
static gboolean
works_in (KtSysroot *root, gint64 pid, const KtVolume *data)
{
  g_autofree char *path = kt_process_path (pid, "cwd");
  g_autofree char *folder = kt_sysroot_link (root, path);
  g_autofree char *real = kt_fact_real_path (root, data->path);
  return folder != NULL && g_str_equal (folder, real);
}

/* The cluster that is being tuned: the one asked for, the one whose data directory was asked for, or the only one. */
static gint64
find_served (KtSysroot *root, const GPtrArray *processes, gint64 server_pid, const KtPlatform *platform)
{
  const KtVolume *data = kt_platform_volume (platform, "data");
  gboolean have_data = data != NULL && g_str_equal (data->role, "data");
  gint64 only = 0;
  guint clusters = 0;
  for (guint i = 0; i < processes->len && server_pid == 0; i++)
    {
      const Process *process = g_ptr_array_index (processes, i);
      if (process->postmaster == 0 || process->postmaster != process->pid)
        continue;
      if (have_data && works_in (root, process->pid, data))
        return process->pid;
      only = process->pid;
      clusters++;
    }
  return server_pid != 0 ? server_pid : clusters == 1 ? only : 0;
}

/* Which processes a limit of the server's group does not count. */
static void
find_outsiders (KtSysroot *root, const KtMounts *mounts, const GPtrArray *processes, const KtPlatform *platform)
{
  const char *where = platform->cgroup.memory_limit_path;
  /* memory.stat passes on a limit from a level that cannot be seen, so everything that can be seen is below it. */
  if (where == NULL || g_str_has_suffix (where, "/memory.stat"))
    return;
  g_autofree char *limited = g_path_get_dirname (where);
  for (guint i = 0; i < processes->len; i++)
    {
      Process *process = g_ptr_array_index (processes, i);
      g_autofree char *path = kt_process_path (process->pid, "cgroup");
      g_autofree char *membership = kt_sysroot_read (root, path);
      g_autofree char *folder = kt_cgroup_memory_folder (mounts, membership);
      process->outside = folder != NULL && !kt_path_is_below (folder, limited);
    }
}

static const Row *
row_of (const Process *process)
{
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    if (strncmp (rows[i].program, process->name, COMM_LENGTH) == 0
        && (strlen (rows[i].program) >= COMM_LENGTH || strlen (process->name) == strlen (rows[i].program)))
      return &rows[i];
  return NULL;
}

/* Processes that are shown as one neighbour. Pages that they share are counted once. */
typedef struct {
  const Row *row;    /* NULL: a cluster, or the rest */
  gint64 postmaster; /* of a cluster */
  guint count;
  gint64 pid, own, shared;
  gboolean outside;
} Group;

static gint64
group_rss (const Group *group)
{
  return group->own + group->shared;
}

static gboolean
belongs (const Group *group, const Row *row, const Process *process)
{
  if (group->outside != process->outside || group->postmaster != process->postmaster)
    return FALSE;
  if (row == NULL || group->row == NULL)
    return row == group->row;
  return g_str_equal (group->row->name, row->name);
}

static Group *
find_group (GArray *groups, const Process *process)
{
  const Row *row = row_of (process);
  for (guint i = 0; i < groups->len; i++)
    if (belongs (&g_array_index (groups, Group, i), row, process))
      return &g_array_index (groups, Group, i);
  Group fresh = { .row = row, .postmaster = process->postmaster, .outside = process->outside, .pid = process->pid };
  g_array_append_val (groups, fresh);
  return &g_array_index (groups, Group, groups->len - 1);
}

static GArray *
group_processes (const GPtrArray *processes, gint64 served)
{
  GArray *groups = g_array_new (FALSE, TRUE, sizeof (Group));
  for (guint i = 0; i < processes->len; i++)
    {
      const Process *process = g_ptr_array_index (processes, i);
      if (served != 0 && (process->postmaster == served || process->pid == served))
        continue;
      Group *group = find_group (groups, process);
      group->count++;
      group->own += process->rss - process->shared;
      group->shared = MAX (group->shared, process->shared);
    }
  return groups;
}

/* How far a node may grow: its options can shrink its caches (--ram-scale), and test networks are small. */
static gint64
growth (KtSysroot *root, const Group *group, gint64 memory)
{
  static const char *const small_networks[] = { "--testnet", "--devnet", "--simnet" };
  gint64 grows_to = group->row->grows_to;
  if (g_str_equal (group->row->program, "kaspad"))
    {
      for (guint i = 0; i < G_N_ELEMENTS (small_networks); i++)
        {
          g_autofree char *network = kt_fact_argument (root, group->pid, small_networks[i]);
          if (network != NULL)
            return 0;
        }
      g_autofree char *scale = kt_fact_argument (root, group->pid, "--ram-scale");
      double factor = scale != NULL ? g_ascii_strtod (scale, NULL) : 0;
      if (factor >= 0.1 && factor <= 10)
        grows_to = (gint64) ((double) grows_to * factor);
    }
  return memory > 0 ? MIN (grows_to, memory / 100 * group->row->share) : grows_to;
}

static KtNeighbour *
named_neighbour (KtSysroot *root, const Group *group, gint64 memory)
{
  KtNeighbour *neighbour = g_new0 (KtNeighbour, 1);
  gint64 rss = group_rss (group);
  g_autofree char *uses = kt_size_format (rss);
  neighbour->rss = neighbour->reserve = rss;
  neighbour->pid = group->count == 1 || group->postmaster != 0 ? group->pid : 0;
  neighbour->name = g_strdup (group->row != NULL ? group->row->name : "PostgreSQL (another cluster)");
  gint64 grows_to = group->row != NULL && group->row->grows_to > 0 ? growth (root, group, memory) : 0;
  if (grows_to > rss)
    {
      neighbour->reserve = grows_to;
      neighbour->reason = g_strdup_printf ("uses %s; %s", uses, group->row->because);
    }
  else
    neighbour->reason = g_strdup_printf ("uses %s", uses);
  return neighbour;
}

/* Takes from @neighbour's reserve what the machine has beside the limit: a program outside the server's group only
 * competes with it when the rest of the machine is too small for it. */
static void
place_outside (KtNeighbour *neighbour, gint64 *beside)
{
  gint64 fits = MIN (neighbour->reserve, *beside);
  neighbour->reserve -= fits;
  *beside -= fits;
  g_autofree char *reason = g_steal_pointer (&neighbour->reason);
  neighbour->reason = g_strdup_printf ("%s; runs outside the memory limit%s", reason,
                                       neighbour->reserve == 0 ? " and fits beside it" : "");
}

static KtNeighbour *
other_programs (gint64 inside, gint64 outside, gint64 memory, gboolean limited, gint64 *beside)
{
  gint64 least = CLAMP (memory / 32, limited ? LEAST_IN_LIMIT : LEAST_FOR_OTHERS, MOST_FOR_OTHERS);
  gint64 fits = MIN (outside, *beside);
  *beside -= fits;
  KtNeighbour *neighbour = g_new0 (KtNeighbour, 1);
  neighbour->name = g_strdup ("other programs");
  neighbour->rss = inside + outside;
  neighbour->reserve = MAX (inside, least) + outside - fits;
  g_autofree char *uses = kt_size_format (neighbour->rss);
  g_autofree char *floor_text = kt_size_format (least);
  neighbour->reason = neighbour->reserve > inside
                        ? g_strdup_printf ("use %s; %s at least for the kernel and the system", uses, floor_text)
                        : g_strdup_printf ("use %s", uses);
  return neighbour;
}

static int
compare_groups (gconstpointer a, gconstpointer b)
{
  gint64 left = group_rss (a), right = group_rss (b);
  return left < right ? 1 : left > right ? -1 : 0;
}

void
kt_neighbours_load (KtSysroot *root, const KtMounts *mounts, gint64 server_pid, KtPlatform *platform)
{
  g_autoptr (GPtrArray) processes = load_processes (root);
  gint64 memory = kt_platform_memory_limit (platform);
  gboolean limited = platform->memory.total > 0 && memory < platform->memory.total;
  gint64 beside = limited ? platform->memory.total - memory : 0;
  find_postmasters (processes);
  if (limited)
    find_outsiders (root, mounts, processes, platform);
  g_autoptr (GArray) groups = group_processes (processes, find_served (root, processes, server_pid, platform));
  g_array_sort (groups, compare_groups);

  gint64 inside = 0, outside = 0;
  for (guint i = 0; i < groups->len; i++)
    {
      const Group *group = &g_array_index (groups, Group, i);
      if (group->row == NULL && group->postmaster == 0)
        {
          *(group->outside ? &outside : &inside) += group->own + group->shared;
          continue;
        }
      KtNeighbour *neighbour = named_neighbour (root, group, memory);
      if (group->outside)
        place_outside (neighbour, &beside);
      g_ptr_array_add (platform->neighbours, neighbour);
    }
  g_ptr_array_add (platform->neighbours, other_programs (inside, outside, memory, limited, &beside));
  if (processes->len == 0)
    kt_note (platform->notes, "other programs are unknown: no process can be seen in /proc");
  else if (platform->kernel.container && !limited)
    kt_note (platform->notes, "this is a container without a memory limit: programs outside it need memory, too, "
                              "but cannot be seen from here; name what they need with --reserve");
}
