/* SPDX-License-Identifier: MIT */
#include "base/size.h"
#include "made_root.h"
#include "platform/parts.h"

#define MEMINFO { "/proc/meminfo", "MemTotal: 33554432 kB\n" }
#define CPUS { "/sys/devices/system/cpu/online", "0-7\n" }

/* A stat line of so many pages. */
#define STAT(pid, name, parent, pages) \
  { "/proc/" #pid "/stat", #pid " (" name ") S " #parent " 1 1 0 -1 4194560 1 0 0 0 1 1 0 0 20 0 4 0 1284 99999999 " #pages " 184467 1 1 0 0 0 0 0\n" }
#define STATM(pid, pages, shared) { "/proc/" #pid "/statm", "999999 " #pages " " #shared " 9 0 9 0\n" }

static KtPlatform *
load (const MadeFile *files, const KtPlatformPath *paths, gint64 pid)
{
  g_auto (MadeRoot) made = made_root_new (files);
  g_autoptr (GError) error = NULL;
  KtPlatform *platform = kt_platform_load (made.root, paths, pid, &error);
  g_assert_no_error (error);
  return platform;
}

static const KtNeighbour *
find (const KtPlatform *platform, const char *name)
{
  for (guint i = 0; i < platform->neighbours->len; i++)
    if (g_str_equal (((KtNeighbour *) g_ptr_array_index (platform->neighbours, i))->name, name))
      return g_ptr_array_index (platform->neighbours, i);
  return NULL;
}

#define CLUSTERS \
  STAT (100, "postgres", 1, 7680), STATM (100, 7680, 6400), STAT (101, "postgres", 100, 51200), STATM (101, 51200, 48640), \
    STAT (102, "postgres", 100, 51200), STATM (102, 51200, 48640), STAT (200, "postgres", 1, 7680), STATM (200, 7680, 6400), \
    STAT (201, "postgres", 200, 25600), STATM (201, 25600, 24320)

static void
test_served_family (void)
{
  const MadeFile files[] = { MEMINFO, CPUS, CLUSTERS, { NULL, NULL } };
  g_autoptr (KtPlatform) platform = load (files, NULL, 100);
  g_assert_cmpuint (platform->neighbours->len, ==, 2);
  const KtNeighbour *other = find (platform, "PostgreSQL (another cluster)");
  g_assert_cmpint (other->pid, ==, 200);
  /* 5 + 5 MiB of their own, 95 MiB shared and counted once. */
  g_assert_cmpint (other->rss, ==, 105 * KT_MIB);
  g_assert_cmpint (other->reserve, ==, 105 * KT_MIB);
}

static void
test_served_by_folder (void)
{
  const MadeFile files[] = { MEMINFO, CPUS, CLUSTERS, { "/proc/200/cwd", "-> /srv/pg/15" },
    { "/proc/100/cwd", "-> /srv/pg/14" }, { NULL, NULL } };
  const KtPlatformPath paths[] = { { "data", "/srv/pg/15" }, { NULL, NULL } };
  g_autoptr (KtPlatform) platform = load (files, paths, 0);
  g_assert_cmpint (find (platform, "PostgreSQL (another cluster)")->pid, ==, 100);
}

static void
test_unknown_server (void)
{
  const MadeFile files[] = { MEMINFO, CPUS, CLUSTERS, { NULL, NULL } };
  g_autoptr (KtPlatform) platform = load (files, NULL, 0);
  g_assert_cmpuint (platform->neighbours->len, ==, 3);
  const MadeFile lone[] = { MEMINFO, CPUS, STAT (100, "postgres", 1, 7680), STAT (101, "postgres", 100, 7680),
    { NULL, NULL } };
  g_autoptr (KtPlatform) alone = load (lone, NULL, 0);
  g_assert_cmpuint (alone->neighbours->len, ==, 1);
}

static void
test_kaspad_grows (void)
{
  const MadeFile files[] = { MEMINFO, CPUS, STAT (50, "kaspad", 1, 524288), { NULL, NULL } };
  g_autoptr (KtPlatform) platform = load (files, NULL, 0);
  const KtNeighbour *node = find (platform, "kaspad");
  g_assert_cmpint (node->rss, ==, 2 * KT_GIB);
  g_assert_cmpint (node->reserve, ==, 8 * KT_GIB);
  g_assert_cmpint (node->pid, ==, 50);

  const MadeFile large[] = { MEMINFO, CPUS, STAT (50, "kaspad", 1, 3145728), { NULL, NULL } };
  g_autoptr (KtPlatform) grown = load (large, NULL, 0);
  g_assert_cmpint (find (grown, "kaspad")->reserve, ==, 12 * KT_GIB);

  const MadeFile scaled[] = { MEMINFO, CPUS, STAT (50, "kaspad", 1, 524288),
    { "machine.ini", "[process 50]\n--ram-scale=0.5\n" }, { NULL, NULL } };
  g_autoptr (KtPlatform) half = load (scaled, NULL, 0);
  g_assert_cmpint (find (half, "kaspad")->reserve, ==, 4 * KT_GIB);

  const MadeFile test_net[] = { MEMINFO, CPUS, STAT (50, "kaspad", 1, 262144),
    { "machine.ini", "[process 50]\n--testnet=\n" }, { NULL, NULL } };
  g_autoptr (KtPlatform) test = load (test_net, NULL, 0);
  g_assert_cmpint (find (test, "kaspad")->reserve, ==, KT_GIB);

  const MadeFile small[] = { { "/proc/meminfo", "MemTotal: 8388608 kB\n" }, CPUS, STAT (50, "kaspad", 1, 262144),
    { NULL, NULL } };
  g_autoptr (KtPlatform) little = load (small, NULL, 0);
  g_assert_cmpint (find (little, "kaspad")->reserve, <=, 4 * KT_GIB);
}

static void
test_names (void)
{
  const MadeFile files[] = {
    MEMINFO, CPUS, STAT (50, "simply-kaspa-in", 1, 25600), STAT (51, "kaspad-exporter", 1, 25600),
    STAT (52, "K-transaction-p", 1, 25600),
    STAT (53, "a) (kaspad", 1, 25600), { NULL, NULL },
  };
  g_autoptr (KtPlatform) platform = load (files, NULL, 0);
  g_assert_nonnull (find (platform, "simply-kaspa-indexer"));
  g_assert_nonnull (find (platform, "K-transaction-processor"));
  g_assert_null (find (platform, "kaspad"));
  g_assert_cmpint (find (platform, "other programs")->rss, ==, 200 * KT_MIB);
}

static void
test_others (void)
{
  const MadeFile few[] = { MEMINFO, CPUS, STAT (9, "kworker/0:1", 2, 0), STAT (10, "cron", 1, 512), { NULL, NULL } };
  g_autoptr (KtPlatform) platform = load (few, NULL, 0);
  const KtNeighbour *others = find (platform, "other programs");
  g_assert_cmpint (others->rss, ==, 2 * KT_MIB);
  g_assert_cmpint (others->reserve, ==, 512 * KT_MIB);
  const MadeFile many[] = { MEMINFO, CPUS, STAT (10, "java", 1, 786432), { NULL, NULL } };
  g_autoptr (KtPlatform) busy = load (many, NULL, 0);
  g_assert_cmpint (find (busy, "other programs")->reserve, ==, 3 * KT_GIB);
}

#define LIMITED \
  MEMINFO, CPUS, { "/proc/self/mountinfo", "30 1 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n" }, { "/proc/100/cgroup", "0::/db/pg\n" }, \
    STAT (100, "postgres", 1, 2560), STAT (50, "kaspad", 1, 2621440), { "/proc/50/cgroup", "0::/node\n" }, STAT (51, "java", 1, 262144), \
    { "/proc/51/cgroup", "0::/db/tools\n" }, STAT (52, "java", 1, 1048576), { "/proc/52/cgroup", "0::/dbother\n" }

/* The node's 10 GiB and the 4 GiB of the program in /dbother compete only with what 32 GiB leave beside the limit. */
static void
test_outside_fits (void)
{
  const MadeFile files[] = { LIMITED, { "/sys/fs/cgroup/db/memory.max", "8589934592" },
    { "/sys/fs/cgroup/db/pg/memory.max", "max" }, { NULL, NULL } };
  g_autoptr (KtPlatform) platform = load (files, NULL, 100);
  g_assert_cmpint (find (platform, "kaspad")->rss, ==, 10 * KT_GIB);
  g_assert_cmpint (find (platform, "kaspad")->reserve, ==, 0);
  g_assert_cmpint (find (platform, "other programs")->reserve, ==, KT_GIB);
}

static void
test_outside_competes (void)
{
  const MadeFile files[] = { LIMITED, { "/sys/fs/cgroup/db/memory.max", "27917287424" },
    { NULL, NULL } }; /* 26 GiB: 6 beside */
  g_autoptr (KtPlatform) platform = load (files, NULL, 100);
  g_assert_cmpint (find (platform, "kaspad")->reserve, ==, 4 * KT_GIB);
  g_assert_cmpint (find (platform, "other programs")->reserve, ==, 5 * KT_GIB);
}

static void
test_open_container (void)
{
  const MadeFile files[] = { MEMINFO, CPUS, { "/.dockerenv", "" }, STAT (1, "postgres", 0, 512), { NULL, NULL } };
  g_autoptr (KtPlatform) platform = load (files, NULL, 0);
  g_assert_true (platform->kernel.container);
  gboolean told = FALSE;
  for (guint i = 0; i < platform->notes->len; i++)
    told = told || strstr (g_ptr_array_index (platform->notes, i), "--reserve") != NULL;
  g_assert_true (told);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/platform/neighbours/served-family-is-none", test_served_family);
  g_test_add_func ("/platform/neighbours/served-cluster-is-known-by-its-folder", test_served_by_folder);
  g_test_add_func ("/platform/neighbours/only-cluster-is-taken-as-served", test_unknown_server);
  g_test_add_func ("/platform/neighbours/kaspad-gets-room-to-grow", test_kaspad_grows);
  g_test_add_func ("/platform/neighbours/names-cut-off-by-the-kernel", test_names);
  g_test_add_func ("/platform/neighbours/others-have-a-floor", test_others);
  g_test_add_func ("/platform/neighbours/outside-the-limit-and-fits", test_outside_fits);
  g_test_add_func ("/platform/neighbours/outside-the-limit-and-competes", test_outside_competes);
  g_test_add_func ("/platform/neighbours/container-without-limit-is-a-note", test_open_container);
  return g_test_run ();
}
