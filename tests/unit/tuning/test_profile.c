/* SPDX-License-Identifier: MIT */
#include "tuning/profile.h"

#include "base/error.h"
#include "base/file.h"
#include "base/size.h"
#include "support/facts.h"
#include "tuning/check.h"

#include <glib/gstdio.h>
#include <string.h>

/* Which profile a machine gets, and what the reason must mention. */
static void
test_machines_get_sensible_profiles (void)
{
  static const struct {
    KtTestMachine machine;
    const char *name, *said;
  } rows[] = {
    { { .memory_gb = 1, .class = KT_STORAGE_SSD }, "low-memory", "up to 4 GB" },
    { { .memory_gb = 4 }, "low-memory", "up to 4 GB" },
    { { .memory_gb = 8 }, "standard", "between 4 and 16 GB" },
    { { .memory_gb = 15.6 }, "high-performance", "NVMe" },
    { { .memory_gb = 16, .class = KT_STORAGE_SSD }, "high-performance", "SSD" },
    { { .memory_gb = 16, .class = KT_STORAGE_HDD }, "standard", "HDD" },
    { { .memory_gb = 64, .class = KT_STORAGE_HDD }, "standard", "high-performance is for flash" },
    { { .memory_gb = 64, .class_unknown = TRUE }, "standard", "unknown kind" },
    { { .memory_gb = 128, .cpus = 2 }, "high-performance", "only 2 CPUs" },
    { { .memory_gb = 16, .neighbour_gb = 8 }, "standard", "8 GB of memory for PostgreSQL" },
    { { .memory_gb = 64, .limit_gb = 3 }, "low-memory", "3 GB" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GString) because = g_string_new (NULL);
      g_autoptr (KtPlatform) platform = kt_test_platform (&rows[i].machine);
      g_autoptr (KtProfile) profile = kt_profile_pick (platform, -1, because);
      g_test_message ("%s: %s", profile->name, because->str);
      g_assert_cmpstr (profile->name, ==, rows[i].name);
      g_assert_nonnull (strstr (because->str, rows[i].said));
    }
}

static void
test_built_in_profiles_are_complete (void)
{
  guint n = 0;
  const KtProfileRow *rows = kt_profile_rows (&n);
  g_assert_cmpuint (n, ==, 3);
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (KtProfile) profile = kt_profile_load (rows[i].name, NULL);
      g_assert_true (profile->row == &rows[i]);
      g_assert_null (profile->file);
      g_assert_cmpuint (rows[i].shared_buffers_percent, <=, rows[i].shared_buffers_ceiling);
      g_assert_nonnull (strstr (rows[i].hardware, "CPU"));
    }
}

static void
test_custom_profiles_are_read (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KtProfile) profile = kt_profile_parse ("/etc/kastune/explorer.conf",
    "# an explorer\n[profile]\nextends=high-performance\nsummary=Explorer\nphase=initial-sync\ndurability=full\n"
    "reserve=8GB\n"
    "connections=150\nbusy-connections=40\nbatch-concurrency=4\napi-connections=0\ntransactions-per-second=250.5\n"
    "[set]\nwork_mem=32MB\nJIT=on\n[factor]\nshared_buffers=1.2\n", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (profile->name, ==, "explorer");
  g_assert_cmpstr (profile->row->name, ==, "high-performance");
  g_assert_cmpint (profile->phase, ==, KT_PHASE_INITIAL_SYNC);
  g_assert_false (profile->async_commit_offered);
  g_assert_cmpint (profile->reserve, ==, 8 * KT_GIB);
  g_assert_cmpuint (profile->connections, ==, 150);
  g_assert_cmpuint (profile->busy_connections, ==, 40);
  g_assert_cmpuint (profile->batch_concurrency, ==, 4);
  g_assert_cmpint (profile->api_connections, ==, 0);
  g_assert_cmpfloat (profile->transactions_per_s, ==, 250.5);
  g_assert_cmpstr (g_hash_table_lookup (profile->set, "work_mem"), ==, "32MB");
  g_assert_cmpstr (g_hash_table_lookup (profile->set, "jit"), ==, "on");
  g_assert_cmpfloat (*(double *) g_hash_table_lookup (profile->factor, "shared_buffers"), ==, 1.2);
}

/* Every mistake is an error that names file, group and key and says why. */
static void
test_mistakes_are_named (void)
{
  static const struct {
    const char *text;
    const char *said[3];
  } rows[] = {
    { "[profil]\nphase=steady\n", { "[profil]", "no such group" } },
    { "[profile]\nphases=steady\n", { "[profile] phases", "no such key", "busy-connections" } },
    { "[profile]\nphase=asleep\n", { "[profile] phase", "“asleep”", "initial-sync" } },
    { "[profile]\ndurability=none\n", { "[profile] durability", "async-commit-offered" } },
    { "[profile]\nreserve=much\n", { "[profile] reserve", "“much”" } },
    { "[profile]\nconnections=5\n", { "[profile] connections", "from 10" } },
    { "[profile]\nconnections=many\n", { "[profile] connections", "“many”" } },
    { "[profile]\ntransactions-per-second=0\n", { "[profile] transactions-per-second", "above 0" } },
    { "[profile]\nextends=standart\n", { "[profile] extends", "there is no profile “standart”" } },
    { "[profile]\nextends=/nonexistent/x.conf\n", { "[profile] extends", "/nonexistent/x.conf" } },
    { "[set]\nwork_memory=4MB\n", { "[set] work_memory", "no such parameter" } },
    { "[set]\nwork_mem=4mb\n", { "[set] work_mem", "4mb" } },
    { "[set]\nwork_mem=1kB\n", { "[set] work_mem", "outside 64kB" } },
    { "[set]\nfsync=off\n", { "[set] fsync", "never sets it", "unrecoverable" } },
    { "[set]\nwal_compression=gzip\n", { "[set] wal_compression", "lz4" } },
    { "[factor]\nwork_mem=-1\n", { "[factor] work_mem", "above 0" } },
    { "[factor]\nwork_mem=0.5x\n", { "[factor] work_mem", "“0.5x”" } },
    { "[factor]\njit=2\n", { "[factor] jit", "give the value in [set]" } },
    { "[factor]\nport=2\n", { "[factor] port", "never sets it" } },
    { "work_mem=4MB\n", { "is no profile" } },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (KtProfile) profile = kt_profile_parse ("mine.conf", rows[i].text, &error);
      g_assert_null (profile);
      g_assert_error (error, KT_ERROR, KT_ERROR_CONFIG);
      g_assert_nonnull (strstr (error->message, "mine.conf"));
      for (gsize w = 0; w < G_N_ELEMENTS (rows[i].said) && rows[i].said[w] != NULL; w++)
        if (strstr (error->message, rows[i].said[w]) == NULL)
          g_error ("“%s” does not say “%s”", error->message, rows[i].said[w]);
    }
}

static void
write_file (const char *folder, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr (GError) error = NULL;
  kt_file_write (path, text, -1, NULL, &error);
  g_assert_no_error (error);
}

static void
test_files_extend_files (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("kt-profile-XXXXXX", NULL);
  g_autofree char *child = g_build_filename (folder, "child.conf", NULL);
  g_autofree char *loop = g_build_filename (folder, "loop.conf", NULL);
  write_file (folder, "parent.conf", "[profile]\nextends=low-memory\nreserve=1GB\n[set]\nwork_mem=8MB\njit=on\n");
  write_file (folder, "child.conf", "[profile]\nextends=parent.conf\n[set]\nwork_mem=16MB\n");
  write_file (folder, "loop.conf", "[profile]\nextends=./loop.conf\n");
  g_autoptr (KtProfile) profile = kt_profile_load (child, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (profile->name, ==, "child");
  g_assert_cmpstr (profile->row->name, ==, "low-memory");
  g_assert_cmpint (profile->reserve, ==, KT_GIB);
  g_assert_cmpstr (g_hash_table_lookup (profile->set, "work_mem"), ==, "16MB");
  g_assert_cmpstr (g_hash_table_lookup (profile->set, "jit"), ==, "on");

  g_assert_null (kt_profile_load (loop, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_CONFIG);
  g_assert_nonnull (strstr (error->message, "in a circle, or more than 5 deep"));
  static const char *const names[] = { "parent.conf", "child.conf", "loop.conf" };
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (folder, names[i], NULL);
      g_remove (path);
    }
  g_rmdir (folder);
}

static void
test_unknown_names_point_to_the_list (void)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (kt_profile_load ("fast", &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_NOT_FOUND);
  g_assert_cmpstr (kt_error_hint (error), ==, "kastune profile list");
}

static void
test_profile_beats_rules (void)
{
  KtTestWish wish = { .profile = "[profile]\n[set]\nwork_mem=17MB\n[factor]\nshared_buffers=1.5\nrandom_page_cost=2\n" };
  KtTestMachine machine = { .memory_gb = 16 };
  g_autofree char *because = NULL;
  g_autofree char *work_mem = kt_test_wanted (&machine, NULL, &wish, "work_mem", &because);
  g_assert_cmpstr (work_mem, ==, "17MB");
  g_assert_nonnull (strstr (because, "profile test says so"));
  g_autofree char *buffers = kt_test_wanted (&machine, NULL, &wish, "shared_buffers", NULL);
  g_assert_cmpstr (buffers, ==, "12GB");
  g_autofree char *cost = kt_test_wanted (&machine, NULL, &wish, "random_page_cost", NULL);
  g_assert_cmpstr (cost, ==, "2.2");
}

static void
test_reserve_shrinks_everything (void)
{
  KtTestWish wish = { .profile = "[profile]\nextends=standard\nreserve=8GB\n" };
  g_autofree char *because = NULL;
  g_autofree char *buffers = kt_test_wanted (&(KtTestMachine){ .memory_gb = 16 }, NULL, &wish, "shared_buffers",
                                             &because);
  g_assert_cmpstr (buffers, ==, "2GB");
  g_assert_nonnull (strstr (because, "8 GB that PostgreSQL may use"));
}

static GPtrArray *
check_profile (const char *text, const KtTestMachine *machine, int major)
{
  KtOptions options = KT_OPTIONS_DEFAULT;
  options.major = major;
  g_autoptr (GError) error = NULL;
  g_autoptr (KtProfile) profile = kt_profile_parse ("mine.conf", text, &error);
  g_assert_no_error (error);
  g_autoptr (KtPlatform) platform = kt_test_platform (machine);
  g_autoptr (KtInputs) in = kt_inputs_new (platform, NULL, profile, &options);
  return kt_profile_check (in);
}

static void
assert_found (GPtrArray *findings, KtSeverity severity, const char *said)
{
  for (guint i = 0; i < findings->len; i++)
    {
      const KtFinding *finding = findings->pdata[i];
      g_test_message ("%s: %s", kt_severity_name (finding->severity), finding->sentence);
      if (finding->severity == severity && strstr (finding->sentence, said) != NULL)
        return;
    }
  g_error ("nothing says “%s”", said);
}

static void
test_profiles_are_checked_against_machine_and_version (void)
{
  KtTestMachine machine = { .memory_gb = 8 };
  g_autoptr (GPtrArray) fine = check_profile ("[profile]\nextends=standard\n", &machine, 15);
  g_assert_cmpuint (fine->len, ==, 0);
  g_autoptr (GPtrArray) newer = check_profile ("[set]\nio_workers=4\n", &machine, 15);
  assert_found (newer, KT_SEVERITY_REFUSE, "mine.conf: [set] io_workers: PostgreSQL 15 does not have it");
  g_autoptr (GPtrArray) older = check_profile ("[set]\nwal_compression=lz4\n", &machine, 14);
  assert_found (older, KT_SEVERITY_REFUSE, "mine.conf: [set] wal_compression");
  g_autoptr (GPtrArray) greedy = check_profile ("[set]\nshared_buffers=7GB\n", &machine, 15);
  assert_found (greedy, KT_SEVERITY_REFUSE, "at worst these settings use");
  g_autoptr (GPtrArray) torn = check_profile ("[set]\nfull_page_writes=off\n", &machine, 15);
  assert_found (torn, KT_SEVERITY_REFUSE, "not every volume here is ZFS");
  KtTestMachine zfs = { .memory_gb = 8, .fs_type = "zfs" };
  g_autoptr (GPtrArray) redundant = check_profile ("[set]\nfull_page_writes=off\n", &zfs, 15);
  assert_found (redundant, KT_SEVERITY_WARNING, "redundant on ZFS");
  g_assert_false (kt_findings_refuse (redundant));
  g_autoptr (GPtrArray) unused = check_profile ("[factor]\nio_workers=2\n", &machine, 15);
  assert_found (unused, KT_SEVERITY_NOTE, "nothing happens");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tuning/profile/machines-get-sensible-profiles", test_machines_get_sensible_profiles);
  g_test_add_func ("/tuning/profile/built-in-profiles-are-complete", test_built_in_profiles_are_complete);
  g_test_add_func ("/tuning/profile/custom-profiles-are-read", test_custom_profiles_are_read);
  g_test_add_func ("/tuning/profile/mistakes-are-named", test_mistakes_are_named);
  g_test_add_func ("/tuning/profile/files-extend-files", test_files_extend_files);
  g_test_add_func ("/tuning/profile/unknown-names-point-to-the-list", test_unknown_names_point_to_the_list);
  g_test_add_func ("/tuning/profile/profile-beats-rules", test_profile_beats_rules);
  g_test_add_func ("/tuning/profile/reserve-shrinks-everything", test_reserve_shrinks_everything);
  g_test_add_func ("/tuning/profile/is-checked-against-machine-and-version",
                   test_profiles_are_checked_against_machine_and_version);
  return g_test_run ();
}
