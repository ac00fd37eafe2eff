/* SPDX-License-Identifier: MIT */
#include "base/size.h"
#include "support/facts.h"
#include "tuning/advise.h"

#include <string.h>

static void
assert_wanted (const KtTestMachine *machine, const KtServer *server, const KtTestWish *wish, const char *parameter,
               const char *wanted, const char *said)
{
  g_autofree char *because = NULL;
  g_autofree char *value = kt_test_wanted (machine, server, wish, parameter, &because);
  g_test_message ("%s = %s: %s", parameter, value, because);
  g_assert_cmpstr (value, ==, wanted);
  if (said != NULL && strstr (because, said) == NULL)
    g_error ("“%s” does not say “%s”", because, said);
}

static void
test_buffers_start_from_more_than_a_quarter (void)
{
  assert_wanted (&(KtTestMachine){ .memory_gb = 8 }, NULL, NULL, "shared_buffers", "3584MB", "the worst case of all settings");
  assert_wanted (&(KtTestMachine){ .memory_gb = 4 }, NULL, NULL, "shared_buffers", "2GB", "50 % of the 4 GB");
  assert_wanted (&(KtTestMachine){ .memory_gb = 32 }, NULL, NULL, "shared_buffers", "10752MB", "33 %");
  assert_wanted (&(KtTestMachine){ .memory_gb = 64, .class = KT_STORAGE_HDD }, NULL, NULL, "shared_buffers", "32GB",
                 "50 % of the 64 GB that PostgreSQL may use; the start of profile standard");
}

static void
test_buffers_are_careful_on_small_machines (void)
{
  KtTestWish wish = { .reserve_gb = 3.2 };
  assert_wanted (&(KtTestMachine){ .memory_gb = 4 }, NULL, &wish, "shared_buffers", "96MB", "below 1 GB");
}

static void
test_buffers_leave_room_for_zfs_and_neighbours (void)
{
  assert_wanted (&(KtTestMachine){ .memory_gb = 64, .fs_type = "zfs" }, NULL, NULL, "shared_buffers", "16GB",
                 "ZFS cache");
  assert_wanted (&(KtTestMachine){ .memory_gb = 64, .fs_type = "btrfs" }, NULL, NULL, "shared_buffers", "16GB",
                 "copy-on-write");
  assert_wanted (&(KtTestMachine){ .memory_gb = 32, .neighbour_gb = 12 }, NULL, NULL, "shared_buffers", "5GB",
                 "other programs");
}

static KtServer *
server_with_indexes (gint64 gigabytes)
{
  KtServer *server = kt_test_server (15);
  kt_test_server_add_table (server, "transactions", 1e8, gigabytes * KT_GIB, 0, 0, NULL);
  return server;
}

static void
test_buffers_grow_with_the_indexes (void)
{
  static const struct {
    gint64 index_gb;
    const char *wanted, *said;
  } rows[] = {
    { 3, "10752MB", "with room to grow" },  /* less than the start */
    { 7, "14GB", "and their growth" },   /* twice what they have */
    { 9, "18GB", "and their growth" },
    { 11, "19648MB", "as much as is safe" }, /* 60 %, whatever they have */
    { 60, "19648MB", "as much as is safe" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (KtServer) server = server_with_indexes (rows[i].index_gb);
      assert_wanted (&(KtTestMachine){ .memory_gb = 32 }, server, NULL, "shared_buffers", rows[i].wanted, rows[i].said);
    }
}

static void
test_buffers_never_break_the_budget (void)
{
  KtTestWish wish = { .profile = "[profile]\nconnections=2000\nbusy-connections=200\n" };
  assert_wanted (&(KtTestMachine){ .memory_gb = 16 }, NULL, &wish, "shared_buffers", "1792MB", "worst case");
}

static void
test_cache_size_is_what_can_be_cached (void)
{
  assert_wanted (&(KtTestMachine){ .memory_gb = 16 }, NULL, NULL, "effective_cache_size", "12GB", "75 %");
  assert_wanted (&(KtTestMachine){ .memory_gb = 64, .fs_type = "zfs" }, NULL, NULL, "effective_cache_size", "48GB",
                 "ZFS cache");
}

static void
test_work_mem_is_shared_by_busy_connections (void)
{
  assert_wanted (&(KtTestMachine){ .memory_gb = 24 }, NULL, NULL, "work_mem", "34MB", "60 busy connections");
  assert_wanted (&(KtTestMachine){ .memory_gb = 256 }, NULL, NULL, "work_mem", "64MB", "not more in profile");
  KtTestWish few = { .profile = "[profile]\nextends=high-performance\nbusy-connections=10\n" };
  assert_wanted (&(KtTestMachine){ .memory_gb = 16 }, NULL, &few, "work_mem", "64MB", "10 busy connections");
  KtTestWish many = { .profile = "[profile]\nextends=high-performance\nbusy-connections=500\nconnections=500\n" };
  assert_wanted (&(KtTestMachine){ .memory_gb = 16 }, NULL, &many, "work_mem", "4MB", "500 busy connections");
}

static void
test_maintenance_memory_stays_in_the_cpu_cache (void)
{
  assert_wanted (&(KtTestMachine){ .memory_gb = 1 }, NULL, NULL, "maintenance_work_mem", "32MB", "a 32nd");
  assert_wanted (&(KtTestMachine){ .memory_gb = 8 }, NULL, NULL, "maintenance_work_mem", "512MB",
                 "a sixteenth of 8 GB");
  assert_wanted (&(KtTestMachine){ .memory_gb = 512 }, NULL, NULL, "maintenance_work_mem", "1GB", NULL);
  KtTestWish sync = { .phase = KT_PHASE_INITIAL_SYNC };
  assert_wanted (&(KtTestMachine){ .memory_gb = 512 }, NULL, &sync, "maintenance_work_mem", "2GB", "first sync");
  assert_wanted (&(KtTestMachine){ .memory_gb = 512 }, NULL, NULL, "autovacuum_work_mem", "512MB", NULL);
}

static void
test_huge_pages_are_off_where_they_kill (void)
{
  assert_wanted (&(KtTestMachine){ .memory_gb = 16 }, NULL, NULL, "huge_pages", "try", NULL);
  assert_wanted (&(KtTestMachine){ .container = TRUE, .hugetlb_limit = 2 * KT_MIB }, NULL, NULL, "huge_pages", "off",
                 "SIGBUS");
}

static void
test_connections_come_from_the_pools (void)
{
  assert_wanted (&(KtTestMachine){ .memory_gb = 16 }, NULL, NULL, "max_connections", "100", "make 93");
  KtTestWish batches = { .profile = "[profile]\nbatch-concurrency=8\n" };
  assert_wanted (&(KtTestMachine){ .memory_gb = 16 }, NULL, &batches, "max_connections", "160",
                 "80 for the indexer's pool");
  g_autoptr (KtServer) server = kt_test_server (15);
  server->connections = 90;
  assert_wanted (&(KtTestMachine){ .memory_gb = 16 }, server, NULL, "max_connections", "140", "90 are open now");
}

/* The arithmetic that is shown: lines add up, limits win, little is never less than the least. */
static void
test_budget_adds_up (void)
{
  g_autoptr (KtPlatform) host = kt_test_platform (&(KtTestMachine){ .memory_gb = 32, .neighbour_gb = 8,
                                                                    .limit_gb = 20 });
  g_autoptr (KtBudget) found = kt_budget_new (host, -1);
  g_assert_cmpint (found->total, ==, 20 * KT_GIB);
  g_assert_cmpint (found->postgresql, ==, 12 * KT_GIB);
  g_assert_nonnull (strstr (found->total_reason, "memory.max"));
  g_autoptr (KtBudget) asked = kt_budget_new (host, 4 * KT_GIB);
  g_assert_cmpint (asked->postgresql, ==, 16 * KT_GIB);
  g_assert_cmpint (asked->lines->len, ==, 1);
  g_autoptr (KtBudget) squeezed = kt_budget_new (host, 64 * KT_GIB);
  g_assert_true (squeezed->short_of_memory);
  g_assert_cmpint (squeezed->postgresql, ==, KT_BUDGET_LEAST);
}

static void
test_worst_case_counts_everything (void)
{
  KtMemoryUse use = { .shared_buffers = 2 * KT_GIB, .work_mem = 8 * KT_MIB, .maintenance_work_mem = 640 * KT_MIB,
                      .autovacuum_work_mem = -1, .hash_mem_multiplier = 2, .connections = 100, .busy = 60,
                      .autovacuum_workers = 5 };
  g_autoptr (KtWorstCase) worst = kt_worst_case_new (&use, 8 * KT_GIB);
  gint64 sum = 0;
  for (guint i = 0; i < worst->lines->len; i++)
    sum += ((KtBudgetLine *) worst->lines->pdata[i])->bytes;
  g_assert_cmpint (worst->total, ==, sum);
  g_assert_cmpint (worst->verdict, ==, KT_MEMORY_TOO_MUCH); /* six times 640 MB of maintenance memory */
  use.autovacuum_work_mem = 256 * KT_MIB;
  gint64 room = kt_room_for_work_mem (&use, 8 * KT_GIB);
  use.work_mem = room;
  g_autoptr (KtWorstCase) full = kt_worst_case_new (&use, 8 * KT_GIB);
  g_assert_cmpfloat (full->share, >, 0.849);
  g_assert_cmpfloat (full->share, <=, 0.85);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tuning/rules/memory/buffers-start-from-more-than-a-quarter", test_buffers_start_from_more_than_a_quarter);
  g_test_add_func ("/tuning/rules/memory/buffers-are-careful-on-small-machines",
                   test_buffers_are_careful_on_small_machines);
  g_test_add_func ("/tuning/rules/memory/buffers-leave-room-for-zfs-and-neighbours",
                   test_buffers_leave_room_for_zfs_and_neighbours);
  g_test_add_func ("/tuning/rules/memory/buffers-grow-with-the-indexes", test_buffers_grow_with_the_indexes);
  g_test_add_func ("/tuning/rules/memory/buffers-never-break-the-budget", test_buffers_never_break_the_budget);
  g_test_add_func ("/tuning/rules/memory/cache-size-is-what-can-be-cached", test_cache_size_is_what_can_be_cached);
  g_test_add_func ("/tuning/rules/memory/work-mem-is-shared-by-busy-connections",
                   test_work_mem_is_shared_by_busy_connections);
  g_test_add_func ("/tuning/rules/memory/maintenance-memory-stays-in-the-cpu-cache",
                   test_maintenance_memory_stays_in_the_cpu_cache);
  g_test_add_func ("/tuning/rules/memory/huge-pages-are-off-where-they-kill", test_huge_pages_are_off_where_they_kill);
  g_test_add_func ("/tuning/rules/memory/connections-come-from-the-pools", test_connections_come_from_the_pools);
  g_test_add_func ("/tuning/rules/memory/budget-adds-up", test_budget_adds_up);
  g_test_add_func ("/tuning/rules/memory/worst-case-counts-everything", test_worst_case_counts_everything);
  return g_test_run ();
}
