/* SPDX-License-Identifier: MIT */
#include "postgres/scratch.h"

#include "base/error.h"
#include "base/run.h"
#include "base/size.h"
#include "postgres/scratch_limit.h"
#include "postgres/scratch_log.h"
#include "postgres/scratch_settings.h"
#include "support/cluster.h"

#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder in which nothing may be left. */
typedef struct {
  char *path;
} Ground;

static void
ground_set_up (Ground *ground, gconstpointer data)
{
  ground->path = g_dir_make_tmp ("kastune-ground-XXXXXX", NULL);
  g_assert_cmpint (chmod (ground->path, 0755), ==, 0);
}

/* The folder can only be removed when the trial left nothing in it. */
static void
ground_tear_down (Ground *ground, gconstpointer data)
{
  g_assert_cmpint (rmdir (ground->path), ==, 0);
  g_free (ground->path);
}

typedef gboolean (*Trial) (const KtScratch *, KtScratchResult *, GCancellable *, GError **);

static void
try_on (Trial trial, int major, const char *folder, const char *conf, KtScratchResult *result)
{
  g_autofree char *binaries = kt_test_binaries (major);
  g_autoptr (GError) error = NULL;
  trial (&(KtScratch){ .bin_directory = binaries, .conf_text = conf, .folder = folder }, result, NULL, &error);
  g_assert_no_error (error);
}

static void
test_good_settings_start (gconstpointer data)
{
  g_auto (KtScratchResult) result = { 0 };
  try_on (kt_scratch_try, GPOINTER_TO_INT (data), NULL,
          "shared_buffers = 32MB\nmax_wal_size = 2GB\nmin_wal_size = 64MB\nwork_mem = 16MB\nmax_connections = 30\n", &result);
  g_assert_cmpstr (result.problem, ==, NULL);
  g_assert_true (result.started);
  g_assert_cmpint (result.shared_memory_bytes, >, 32 * KT_MIB);
  if (GPOINTER_TO_INT (data) >= 15)
    g_assert_cmpint (result.huge_pages, >, 16);
  else
    g_assert_cmpint (result.huge_pages, ==, -1);
}

static void
test_good_settings_are_accepted (gconstpointer data)
{
  g_auto (KtScratchResult) result = { 0 };
  try_on (kt_scratch_check, GPOINTER_TO_INT (data), NULL, "shared_buffers = 900GB\nautovacuum_max_workers = 5\n",
          &result);
  g_assert_cmpstr (result.problem, ==, NULL);
  g_assert_true (result.started);
}

/* What stops a real server, and words of the reason given. */
static const struct {
  const char *title, *conf, *problem;
} refused[] = {
  { "shared-buffers-larger-than-memory", "shared_buffers = 900GB\n", "shared memory" },
  { "min-wal-size-below-two-segments", "min_wal_size = 20MB\n", "min_wal_size" },
  { "wal-level-minimal-with-senders", "wal_level = minimal\nmax_wal_senders = 5\n", "wal_level" },
  { "missing-preload-library", "shared_preload_libraries = 'no_such_library'\n", "no_such_library" },
  { "missing-session-library", "session_preload_libraries = 'no_such_library'\n", "no_such_library" },
  { "huge-pages-without-pages", "huge_pages = on\nshared_buffers = 64GB\n", "shared memory" },
  { "reserved-connections", "max_connections = 10\nmax_wal_senders = 0\nsuperuser_reserved_connections = 10\n",
    "superuser_reserved_connections" },
  { "unknown-name", "shared_bufers = 1GB\n", "shared_bufers" },
  { "value-not-built", "wal_compression = quantum\n", "wal_compression" },
  { "wrong-unit", "work_mem = 1gb\n", "work_mem" },
};

static void
test_refused (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  g_auto (KtScratchResult) result = { 0 };
  try_on (kt_scratch_try, 15, NULL, refused[i].conf, &result);
  g_assert_false (result.started);
  g_assert_nonnull (strstr (result.problem, refused[i].problem));
}

/* The builds for tests of other versions lack lz4, as many real ones do. */
static void
test_missing_library_of_the_build (gconstpointer data)
{
  g_auto (KtScratchResult) result = { 0 };
  try_on (kt_scratch_check, GPOINTER_TO_INT (data), NULL, "wal_compression = lz4\n", &result);
  g_assert_cmpint (result.started, ==, GPOINTER_TO_INT (data) == KT_TEST_DEBIAN_MAJOR);
}

static void
test_check_tells_every_fault (void)
{
  g_auto (KtScratchResult) result = { 0 };
  try_on (kt_scratch_check, 15, NULL,
          "shared_buffers = 1gb\nfoo = 1\nmax_connections = 0\nbar = 2\n\ninclude_dir 'conf.d'\nwork_mem = 4MB\n", &result);
  g_assert_false (result.started);
  g_auto (GStrv) lines = g_strsplit (result.problem, "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 4);
  g_assert_cmpstr (lines[0], ==, "unrecognized configuration parameter \"foo\" in line 2");
  g_assert_cmpstr (lines[1], ==, "unrecognized configuration parameter \"bar\" in line 4");
  g_assert_cmpstr (lines[2], ==, "invalid value for parameter \"shared_buffers\": \"1gb\" (line 1)");
  g_assert_true (g_str_has_suffix (lines[3], "(line 3)"));
  g_assert_cmpuint (g_strv_length (result.warnings), ==, 1);
  g_assert_nonnull (strstr (result.warnings[0], "conf.d"));
}

static void
test_syntax_errors_are_told (void)
{
  g_auto (KtScratchResult) result = { 0 };
  try_on (kt_scratch_check, 15, NULL, "work_mem = 4MB\nwork_mem 4 5\n", &result);
  g_assert_false (result.started);
  g_assert_nonnull (strstr (result.problem, "line 2"));
}

/* Settings of the real cluster's world: each of them would leave a trace or prevent the start. */
static void
test_nothing_leads_out (Ground *ground, gconstpointer data)
{
  g_autofree char *trace = g_build_filename (ground->path, "trace", NULL);
  g_autofree char *conf = g_strdup_printf (
    "data_directory = '/nonexistent'\nhba_file = '/nonexistent'\nident_file = '/nonexistent'\nexternal_pid_file = '%s'\n"
    "listen_addresses = '*'\nport = 1\nunix_socket_directories = '/nonexistent'\nlogging_collector = on\n"
    "log_directory = '/nonexistent'\nlog_destination = 'csvlog'\nssl = on\nssl_cert_file = '/nonexistent'\n"
    "archive_mode = on\narchive_command = 'touch %s'\nsynchronous_standby_names = '*'\nprimary_conninfo = 'host=x'\n"
    "restore_command = 'touch %s'\ninclude '/nonexistent'\ndefault_transaction_read_only = on\n"
    "default_tablespace = 'elsewhere'\nlog_line_prefix = 'FATAL:  '\nshared_buffers = 1MB\n", trace, trace, trace);
  g_auto (KtScratchResult) result = { 0 };
  try_on (kt_scratch_try, 15, ground->path, conf, &result);
  g_assert_cmpstr (result.problem, ==, NULL);
  g_assert_true (result.started);
  g_assert_false (g_file_test (trace, G_FILE_TEST_EXISTS));
}

static void
test_filter_keeps_line_numbers (void)
{
  g_autoptr (GPtrArray) notes = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *kept = kt_scratch_settings_filter ("port = 1\nwork_mem = 4MB # mine\nSSL_key_file = 'x'\n", TRUE,
                                                      notes);
  g_assert_cmpstr (kept, ==, "\nwork_mem = 4MB # mine\n\n");
  g_assert_cmpuint (notes->len, ==, 0);
}

static void
test_segment_size (Ground *ground, gconstpointer data)
{
  g_autofree char *binaries = kt_test_binaries (15);
  g_autoptr (GError) error = NULL;
  g_auto (KtScratchResult) result = { 0 };
  KtScratch scratch = { .bin_directory = binaries, .conf_text = "min_wal_size = 20MB\n", .folder = ground->path,
                        .wal_segment_bytes = KT_MIB };
  kt_scratch_try (&scratch, &result, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (result.started);
}

static void
test_nothing_is_left_after_a_refusal (Ground *ground, gconstpointer data)
{
  g_auto (KtScratchResult) result = { 0 };
  try_on (kt_scratch_try, 15, ground->path, "max_connections = nobody\n", &result);
  g_assert_false (result.started);
}

static void
test_long_folder (Ground *ground, gconstpointer data)
{
  g_autofree char *name = g_strnfill (120, 'x');
  g_autofree char *folder = g_build_filename (ground->path, name, NULL);
  g_auto (KtScratchResult) result = { 0 };
  g_assert_cmpint (g_mkdir_with_parents (folder, 0755), ==, 0);
  try_on (kt_scratch_try, 15, folder, "", &result);
  g_assert_true (result.started);
  g_assert_cmpint (rmdir (folder), ==, 0);
}

typedef struct {
  const char *folder;
  GCancellable *cancellable;
} Interruption;

static gboolean
server_runs_below (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name = g_dir_read_name (dir);
  g_autofree char *pid_file = g_build_filename (folder, name != NULL ? name : "", "data", "postmaster.pid", NULL);
  return g_file_test (pid_file, G_FILE_TEST_EXISTS);
}

static gpointer
cancel_when_running (gpointer data)
{
  Interruption *interruption = data;
  while (!server_runs_below (interruption->folder))
    g_usleep (1000);
  g_cancellable_cancel (interruption->cancellable);
  return NULL;
}

static void
test_interruption (Ground *ground, gconstpointer data)
{
  g_autofree char *binaries = kt_test_binaries (15);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  g_auto (KtScratchResult) result = { 0 };
  Interruption interruption = { ground->path, cancellable };
  GThread *thread = g_thread_new ("cancel", cancel_when_running, &interruption);
  KtScratch scratch = { .bin_directory = binaries, .conf_text = "", .folder = ground->path };
  g_assert_false (kt_scratch_try (&scratch, &result, cancellable, &error));
  g_thread_join (thread);
  g_assert_error (error, KT_ERROR, KT_ERROR_INTERRUPTED);
}

static void
test_no_binaries (Ground *ground, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_auto (KtScratchResult) result = { 0 };
  KtScratch scratch = { .bin_directory = "/nonexistent", .conf_text = "", .folder = ground->path };
  g_assert_false (kt_scratch_try (&scratch, &result, NULL, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_UNSUPPORTED);
  g_clear_error (&error);
  g_assert_false (kt_scratch_check (&scratch, &result, NULL, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_UNSUPPORTED);
}

static void
test_full_disk (Ground *ground, gconstpointer data)
{
  g_autofree char *binaries = kt_test_binaries (15);
  g_autoptr (GError) error = NULL;
  g_auto (KtScratchResult) result = { 0 };
  if (geteuid () != 0 || mount ("tmpfs", ground->path, "tmpfs", 0, "size=24m,mode=0755") != 0)
    {
      g_test_skip ("only root can mount a small file system");
      return;
    }
  KtScratch scratch = { .bin_directory = binaries, .conf_text = "", .folder = ground->path };
  gboolean tried = kt_scratch_try (&scratch, &result, NULL, &error);
  g_autoptr (GDir) dir = g_dir_open (ground->path, 0, NULL);
  g_assert_null (g_dir_read_name (dir));
  g_clear_pointer (&dir, g_dir_close);
  g_assert_cmpint (umount (ground->path), ==, 0);
  g_assert_false (tried);
  g_assert_error (error, KT_ERROR, KT_ERROR_NO_SPACE);
}

static gboolean
limits_work (void)
{
  g_autoptr (KtControlGroup) limit = kt_scratch_limit_new (KT_GIB);
  if (limit == NULL)
    g_test_skip ("no memory cgroup can be made here");
  return limit != NULL;
}

static void
try_within (gint64 bytes, const char *conf, KtScratchResult *result)
{
  g_autofree char *binaries = kt_test_binaries (15);
  g_autoptr (GError) error = NULL;
  kt_scratch_try (&(KtScratch){ .bin_directory = binaries, .conf_text = conf, .memory_limit = bytes }, result, NULL,
                  &error);
  g_assert_no_error (error);
}

static void
test_limit_that_is_enough (void)
{
  g_auto (KtScratchResult) result = { 0 };
  try_within (512 * KT_MIB, "shared_buffers = 64MB\n", &result);
  g_assert_true (result.started);
  if (limits_work ())
    g_assert_true (result.limited);
}

/* With or without a cgroup: memory that cannot fit is told although the server starts on it. */
static void
test_shared_memory_above_the_limit (void)
{
  g_auto (KtScratchResult) result = { 0 };
  try_within (512 * KT_MIB, "shared_buffers = 1GB\n", &result);
  g_assert_false (result.started);
  g_assert_nonnull (strstr (result.problem, "limit of 512 MB"));
  g_assert_nonnull (result.hint);
}

static void
test_kill_by_the_kernel (void)
{
  g_auto (KtScratchResult) result = { 0 };
  if (!limits_work ())
    return;
  try_within (KT_MIB, "shared_buffers = 1MB\nmax_connections = 10\n", &result);
  g_assert_true (result.limited);
  g_assert_false (result.started);
  g_assert_nonnull (strstr (result.problem, "the kernel ended the server"));
}

static void
test_limit_is_removed (void)
{
  g_autofree char *procs = NULL;
  if (!limits_work ())
    return;
  g_autoptr (KtControlGroup) limit = kt_scratch_limit_new (KT_GIB);
  procs = g_strdup (kt_control_group_procs (limit)[0]);
  g_assert_true (g_file_test (procs, G_FILE_TEST_EXISTS));
  g_assert_false (kt_scratch_limit_was_hit (limit));
  g_clear_pointer (&limit, kt_control_group_free);
  g_assert_false (g_file_test (procs, G_FILE_TEST_EXISTS));
}

static void
test_log_with_prefixes (void)
{
  g_autoptr (GPtrArray) faults = kt_scratch_log_faults (
    "2026-01-01 00:00:00 UTC [1] LOG:  skipping missing configuration file \"a\"\n"
    "2026-01-01 00:00:00 UTC [1] WARNING:  a library said: \"FATAL:  not really\"\n"
    "2026-01-01 00:00:00 UTC [1] LOG:  listening\n"
    "2026-01-01 00:00:00 UTC [1] FATAL:  could not map anonymous shared memory: Cannot allocate memory\n"
    "2026-01-01 00:00:00 UTC [1] HINT:  reduce it\n"
    "2026-01-01 00:00:00 UTC [1] LOG:  database system is shut down\n", "/x/scratch.conf");
  g_assert_cmpuint (faults->len, ==, 1);
  const KtScratchFault *fault = g_ptr_array_index (faults, 0);
  g_assert_cmpstr (fault->text, ==, "could not map anonymous shared memory: Cannot allocate memory");
  g_assert_cmpstr (fault->hint, ==, "reduce it");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  kt_test_add_versions ("/postgres/scratch/good-settings-start", test_good_settings_start);
  kt_test_add_versions ("/postgres/scratch/good-settings-are-accepted", test_good_settings_are_accepted);
  kt_test_add_versions ("/postgres/scratch/missing-library-of-the-build", test_missing_library_of_the_build);
  for (gsize i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_autofree char *path = g_strconcat ("/postgres/scratch/refused/", refused[i].title, NULL);
      g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_refused);
    }
  g_test_add_func ("/postgres/scratch/check-tells-every-fault", test_check_tells_every_fault);
  g_test_add_func ("/postgres/scratch/syntax-errors-are-told", test_syntax_errors_are_told);
  g_test_add_func ("/postgres/scratch/filter-keeps-line-numbers", test_filter_keeps_line_numbers);
  g_test_add_func ("/postgres/scratch/log-with-prefixes", test_log_with_prefixes);
#define ADD(name, function) \
  g_test_add ("/postgres/scratch/" name, Ground, NULL, ground_set_up, function, ground_tear_down)
  ADD ("nothing-leads-out", test_nothing_leads_out);
  ADD ("segment-size-of-the-real-cluster", test_segment_size);
  ADD ("nothing-is-left-after-a-refusal", test_nothing_is_left_after_a_refusal);
  ADD ("long-folder", test_long_folder);
  ADD ("interruption-ends-and-removes-it", test_interruption);
  ADD ("no-binaries", test_no_binaries);
  ADD ("full-disk", test_full_disk);
  g_test_add_func ("/postgres/scratch/limit-that-is-enough", test_limit_that_is_enough);
  g_test_add_func ("/postgres/scratch/shared-memory-above-the-limit", test_shared_memory_above_the_limit);
  g_test_add_func ("/postgres/scratch/kill-by-the-kernel", test_kill_by_the_kernel);
  g_test_add_func ("/postgres/scratch/limit-is-removed", test_limit_is_removed);
  return g_test_run ();
}
