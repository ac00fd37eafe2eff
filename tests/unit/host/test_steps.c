/* SPDX-License-Identifier: MIT
 *
 * Settings of a machine applied, found changed, and taken back.
 */
#include "base/error.h"
#include "made_host.h"

#include <unistd.h>


typedef struct {
  char *root, *place;
  KtState *state;
  KtRunner runner;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  fixture->root = made_host ();
  fixture->place = g_build_filename (fixture->root, "state", NULL);
  fixture->state = kt_state_open (fixture->place, &error);
  g_assert_no_error (error);
  fixture->runner = (KtRunner){ .state = fixture->state, .kinds = host_kinds, .actor = "test" };
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  kt_state_free (fixture->state);
  made_host_remove (fixture->root);
  g_free (fixture->root);
  g_free (fixture->place);
}

static void
apply_plan (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KtPlan) plan = made_plan (fixture->root);
  kt_runner_apply (&fixture->runner, plan, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (made_other (fixture->root, TRUE), ==, NULL);
}

static void
test_apply_and_undo_leave_no_trace (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  apply_plan (fixture);
  kt_runner_undo (&fixture->runner, 1, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (made_other (fixture->root, FALSE), ==, NULL);
}

/* Somebody else's lines in the same files stay; ours go. */
static void
test_undo_takes_only_ours_out_of_a_file_that_others_changed (Fixture *fixture, gconstpointer data)
{
  static const char *const files[] = { "/etc/sysctl.d/99-zz-kastune.conf", "/etc/tmpfiles.d/90-kastune.conf",
                                       "/etc/udev/rules.d/90-kastune.rules", "/etc/fstab" };
  static const char *const after[] = {
    "# Written by kastune apply; kastune undo takes it back.\n# theirs\n",
    "# of another change set\nw /sys/other - - - - 1\n# theirs\n",
    "# Written by kastune apply; kastune undo takes it back.\n# theirs\n",
    MADE_FSTAB "# theirs\n",
  };
  g_autoptr (GError) error = NULL;
  apply_plan (fixture);
  for (gsize i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *text = made_read (fixture->root, files[i]);
      g_autofree char *more = g_strconcat (text, "# theirs\n", NULL);
      made_write (fixture->root, files[i], more);
    }
  kt_runner_undo (&fixture->runner, 1, &error);
  g_assert_no_error (error);
  for (gsize i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *text = made_read (fixture->root, files[i]);
      g_assert_cmpstr (text, ==, after[i]);
    }
}

static void
test_what_somebody_else_set_is_never_overwritten (Fixture *fixture, gconstpointer data)
{
  static const struct {
    const char *path, *text;
  } others[] = {
    { "/proc/sys/vm/swappiness", "5" },
    { "/sys/block/sda/queue/scheduler", "mq-deadline" },
    { "/etc/sysctl.d/99-zz-kastune.conf", "vm.swappiness = 1\nvm.dirty_bytes = 536870912\n" },
    { "/etc/fstab", "LABEL=pg /srv/my\\040pg ext4 noatime,data=journal 0 2\n" },
  };
  apply_plan (fixture);
  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *ours = made_read (fixture->root, others[i].path);
      made_write (fixture->root, others[i].path, others[i].text);
      g_assert_false (kt_runner_undo (&fixture->runner, 1, &error));
      g_test_message ("%s: %s", error->message, kt_error_detail (error));
      g_assert_error (error, KT_ERROR, KT_ERROR_CHANGED);
      g_autofree char *text = made_read (fixture->root, others[i].path);
      g_assert_cmpstr (text, ==, others[i].text);
      made_write (fixture->root, others[i].path, ours);
      g_assert_cmpstr (made_other (fixture->root, TRUE), ==, NULL);
    }
}

static void
test_bytes_of_dirty_memory_go_back_by_their_ratio (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  made_write (fixture->root, "/proc/sys/vm/dirty_bytes", "0");
  g_autoptr (KtPlan) plan = made_plan (fixture->root);
  kt_runner_apply (&fixture->runner, plan, NULL, &error);
  g_assert_no_error (error);
  made_write (fixture->root, "/proc/sys/vm/dirty_ratio", "0"); /* as the kernel does */
  kt_runner_undo (&fixture->runner, 1, &error);
  g_assert_no_error (error);
  g_autofree char *ratio = made_read (fixture->root, "/proc/sys/vm/dirty_ratio");
  g_assert_cmpstr (ratio, ==, "20");
}

static void
test_drift_is_found (Fixture *fixture, gconstpointer data)
{
  static const struct {
    const char *path, *text;
    guint step;
  } others[] = {
    { "/proc/sys/vm/swappiness", "60", 0 },
    { "/etc/sysctl.d/99-zz-kastune.conf", NULL, 0 },
    { "/etc/fstab", MADE_FSTAB, 1 },
  };
  apply_plan (fixture);
  g_autoptr (KtChange) change = kt_journal_load (fixture->state, 1, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autoptr (GError) error = NULL;
      KtStepContext context = { 0 };
      const KtChangeStep *step = change->steps->pdata[others[i].step];
      const KtStepKind *kind = host_kinds[others[i].step];
      g_autofree char *ours = made_read (fixture->root, others[i].path);
      g_assert_true (kind->verify (&context, step->args, step->before, NULL));
      made_write (fixture->root, others[i].path, others[i].text);
      g_assert_false (kind->verify (&context, step->args, step->before, &error));
      g_assert_error (error, KT_ERROR, KT_ERROR_VERIFY);
      made_write (fixture->root, others[i].path, ours);
    }
}

static gboolean
apply_huge_pages (Fixture *fixture, const char *count, GError **error)
{
  g_autoptr (GPtrArray) settings = g_ptr_array_new_with_free_func ((GDestroyNotify) kt_host_setting_free);
  g_ptr_array_add (settings, kt_host_setting_new (KT_HOST_SYSCTL, "vm.nr_hugepages", count, NULL));
  g_autoptr (KtPlan) plan = kt_plan_new ("host", "7001", "test");
  kt_plan_add (plan, &kt_step_kernel_settings, kt_step_kernel_args (fixture->root, settings));
  return kt_runner_apply (&fixture->runner, plan, NULL, error);
}

static void
test_huge_pages_are_refused_where_memory_is_too_small (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  made_write (fixture->root, "/proc/sys/vm/nr_hugepages", "100\n");
  made_write (fixture->root, "/proc/meminfo", "MemTotal: 8000000 kB\nMemAvailable:   4000000 kB\nHugepagesize:       2048 kB\n");
  g_assert_false (apply_huge_pages (fixture, "2000", &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_REFUSED);
  g_clear_error (&error);
  apply_huge_pages (fixture, "1800", &error);
  g_assert_no_error (error);
  g_autofree char *now = made_read (fixture->root, "/proc/sys/vm/nr_hugepages");
  g_assert_cmpstr (now, ==, "1800");
}

/* What is written to /dev/null is not there afterwards: like a kernel whose memory is in small pieces. */
static void
test_fewer_huge_pages_than_asked_for_are_an_error (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  made_write (fixture->root, "/proc/meminfo", "MemAvailable:   4000000 kB\nHugepagesize:       2048 kB\n");
  made_write (fixture->root, "/proc/sys/vm/compact_memory", "");
  g_autofree char *count = made_path (fixture->root, "/proc/sys/vm/nr_hugepages");
  g_assert_cmpint (symlink ("/dev/null", count), ==, 0);
  g_assert_false (apply_huge_pages (fixture, "16", &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_VERIFY);
  g_assert_cmpstr (kt_error_detail (error), ==, "0 of 16");
  g_assert_cmpstr (made_other (fixture->root, FALSE), ==, NULL);
  g_autofree char *compact = made_read (fixture->root, "/proc/sys/vm/compact_memory");
  g_assert_cmpstr (compact, ==, "1");
}

/* Words that the kernel does not offer are refused before anything is done. */
static void
test_a_word_that_is_not_offered_is_refused (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KtPlan) plan = made_plan (fixture->root);
  made_write (fixture->root, "/sys/block/sda/queue/scheduler", "[bfq] mq-deadline");
  g_assert_false (kt_runner_apply (&fixture->runner, plan, NULL, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_UNSUPPORTED);
  made_write (fixture->root, "/sys/block/sda/queue/scheduler", "bfq");
  g_assert_cmpstr (made_other (fixture->root, FALSE), ==, NULL);
}

static void
test_a_mount_without_an_entry_is_refused (Fixture *fixture, gconstpointer data)
{
  static const struct {
    const char *fstab;
    int code;
  } tabs[] = {
    { NULL, KT_ERROR_UNSUPPORTED },
    { "# nothing\n", KT_ERROR_UNSUPPORTED },
    { "LABEL=a /srv/my\\040pg ext4 defaults\nLABEL=b /srv/my\\040pg ext4 defaults\n", KT_ERROR_REFUSED },
    { "/data /srv/my\\040pg none bind 0 0\n", KT_ERROR_UNSUPPORTED },
    { "# \xe4\nLABEL=a /srv/my\\040pg ext4 defaults\n", KT_ERROR_REFUSED },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (tabs); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (KtPlan) plan = made_plan (fixture->root);
      made_write (fixture->root, "/etc/fstab", tabs[i].fstab);
      g_assert_false (kt_runner_apply (&fixture->runner, plan, NULL, &error));
      g_assert_error (error, KT_ERROR, tabs[i].code);
      g_autofree char *text = made_read (fixture->root, "/etc/fstab");
      g_assert_cmpstr (text, ==, tabs[i].fstab);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define TEST(name, function) g_test_add ("/host/steps/" name, Fixture, NULL, set_up, function, tear_down)
  TEST ("apply-and-undo-leave-no-trace", test_apply_and_undo_leave_no_trace);
  TEST ("undo-takes-only-ours-out-of-a-file-that-others-changed", test_undo_takes_only_ours_out_of_a_file_that_others_changed);
  TEST ("what-somebody-else-set-is-never-overwritten", test_what_somebody_else_set_is_never_overwritten);
  TEST ("bytes-of-dirty-memory-go-back-by-their-ratio", test_bytes_of_dirty_memory_go_back_by_their_ratio);
  TEST ("drift-is-found", test_drift_is_found);
  TEST ("huge-pages-are-refused-where-memory-is-too-small", test_huge_pages_are_refused_where_memory_is_too_small);
  TEST ("fewer-huge-pages-than-asked-for-are-an-error", test_fewer_huge_pages_than_asked_for_are_an_error);
  TEST ("a-word-that-is-not-offered-is-refused", test_a_word_that_is_not_offered_is_refused);
  TEST ("a-mount-without-an-entry-is-refused", test_a_mount_without_an_entry_is_refused);
  return g_test_run ();
}
