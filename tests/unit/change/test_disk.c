/* SPDX-License-Identifier: MIT
 *
 * Full and read-only disks: real ones, small tmpfs mounts in a mount namespace of this process alone.
 */
#include "edit_step.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>

#define N_EVENTS 11 /* of an apply of three steps, watched without the last */

typedef struct {
  char *root;         /* where nothing is mounted */
  char *small;        /* a tmpfs of 16 MiB */
  char *files, *place;
  KtState *state;
  KtPlan *plan;
  KtRunner runner;
  int event, act_at;  /* the event at which `act` happens, from 1; 0: never */
  void (*act) (const char *small);
} Disk;

/* --- disks -------------------------------------------------------------------------------------------------------- */

static void
fill (const char *small)
{
  g_autofree char *path = g_build_filename (small, "ballast", NULL);
  g_autofree char *block = g_malloc0 (65536);
  int fd = open (path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  g_assert_cmpint (fd, >=, 0);
  for (size_t size = 65536; size > 0; size /= 2)
    while (write (fd, block, size) > 0)
      ;
  g_assert_cmpint (errno, ==, ENOSPC);
  close (fd);
}

static void
fill_and_take_reserve (const char *small)
{
  g_autofree char *path = g_build_filename (small, "state", "reserve", NULL);
  g_assert_cmpint (g_unlink (path), ==, 0);
  fill (small);
}

static void
make_room (const char *small)
{
  g_autofree char *path = g_build_filename (small, "ballast", NULL);
  g_assert_cmpint (g_unlink (path), ==, 0);
}

static void
remount (const char *small, unsigned long flags)
{
  g_assert_cmpint (mount ("tmpfs", small, "tmpfs", MS_REMOUNT | flags, "size=16m"), ==, 0);
}

static void
make_read_only (const char *small)
{
  remount (small, MS_RDONLY);
}

static void
act_at_event (gpointer watcher, const KtChange *change, const KtChangeStep *step, const char *event)
{
  Disk *disk = watcher;
  if (++disk->event == disk->act_at)
    disk->act (disk->small);
}

static void
disk_open (Disk *disk, gboolean state_on_small, gboolean files_on_small)
{
  g_autoptr (GError) error = NULL;
  *disk = (Disk){ .root = g_dir_make_tmp ("kastune-disk-XXXXXX", &error) };
  g_assert_no_error (error);
  disk->small = g_build_filename (disk->root, "small", NULL);
  g_assert_cmpint (g_mkdir (disk->small, 0700), ==, 0);
  g_assert_cmpint (mount ("tmpfs", disk->small, "tmpfs", 0, "size=16m"), ==, 0);
  disk->files = g_build_filename (files_on_small ? disk->small : disk->root, "files", NULL);
  disk->place = g_build_filename (state_on_small ? disk->small : disk->root, "state", NULL);
  edit_make_files (disk->files);
  disk->state = kt_state_open (disk->place, &error);
  g_assert_no_error (error);
  disk->plan = edit_plan (disk->files, "7001", "planned");
  disk->runner = (KtRunner){ .state = disk->state, .kinds = edit_kinds, .actor = "tester", .watch = act_at_event, .watcher = disk };
}

static void
disk_clear (Disk *disk)
{
  kt_plan_free (disk->plan);
  kt_state_free (disk->state);
  g_assert_cmpint (umount (disk->small), ==, 0);
  edit_remove_tree (disk->root);
  g_free (disk->root);
  g_free (disk->small);
  g_free (disk->files);
  g_free (disk->place);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Disk, disk_clear)

static void
assert_stand (Disk *disk, const char *files, KtChangeState expected)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *found = edit_look (disk->files);
  g_assert_cmpstr (found, ==, files);
  g_autoptr (KtChange) change = kt_journal_newest (disk->state, NULL, 0, &error);
  g_assert_no_error (error);
  g_assert_nonnull (change);
  g_assert_cmpstr (kt_change_state_name (change->state), ==, kt_change_state_name (expected));
}

/* --- full --------------------------------------------------------------------------------------------------------- */

/* The disk fills up at event @k of the apply: it is undone, and the journal says so. */
static void
fill_up_at (int k, gboolean files_too)
{
  g_auto (Disk) disk;
  disk_open (&disk, TRUE, files_too);
  disk.act_at = k;
  disk.act = fill;
  g_autoptr (GError) error = NULL;
  g_assert_false (kt_runner_apply (&disk.runner, disk.plan, NULL, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_NO_SPACE);
  g_assert_true (g_str_has_prefix (error->message, k == 1 ? "nothing was changed: " : "undone, the system is as before: "));
  assert_stand (&disk, EDIT_BEFORE, KT_CHANGE_UNDONE);
}

static void
test_full_journal (void)
{
  for (int k = 1; k < N_EVENTS; k++)
    fill_up_at (k, FALSE);
}

static void
test_full_everything (void)
{
  for (int k = 1; k < N_EVENTS; k++)
    fill_up_at (k, TRUE);
}

/* Not even the reserve is left: undone all the same, and the next start records it. */
static void
test_full_without_reserve (void)
{
  for (int k = 2; k < N_EVENTS; k++)
    {
      g_auto (Disk) disk;
      disk_open (&disk, TRUE, FALSE);
      disk.act_at = k;
      disk.act = fill_and_take_reserve;
      g_autoptr (GError) error = NULL;
      guint changed;
      g_assert_false (kt_runner_apply (&disk.runner, disk.plan, NULL, &error));
      g_assert_error (error, KT_ERROR, KT_ERROR_NO_SPACE);
      g_assert_nonnull (strstr (error->message, "the system is as before, but that could not be recorded"));
      assert_stand (&disk, EDIT_BEFORE, KT_CHANGE_RUNNING);
      g_clear_error (&error);
      g_assert_false (kt_runner_recover (&disk.runner, &changed, &error));
      g_assert_error (error, KT_ERROR, KT_ERROR_NO_SPACE);

      g_clear_error (&error);
      make_room (disk.small);
      g_assert_true (kt_runner_recover (&disk.runner, &changed, &error));
      g_assert_cmpuint (changed, ==, 1);
      assert_stand (&disk, EDIT_BEFORE, KT_CHANGE_UNDONE);
    }
}

static void
test_full_before (void)
{
  g_auto (Disk) disk;
  disk_open (&disk, TRUE, FALSE);
  g_autoptr (GError) error = NULL;
  g_assert_true (kt_journal_init (disk.state, &error));
  gint64 id = 0;
  fill (disk.small);
  g_assert_false (kt_runner_apply (&disk.runner, disk.plan, &id, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_NO_SPACE);
  g_assert_cmpint (id, ==, 0);
  g_autofree char *found = edit_look (disk.files);
  g_assert_cmpstr (found, ==, EDIT_BEFORE);

  g_clear_error (&error);
  make_room (disk.small);
  g_assert_true (kt_runner_apply (&disk.runner, disk.plan, &id, &error));
  assert_stand (&disk, EDIT_PLANNED, KT_CHANGE_APPLIED);
}

/* The reserve of the apply is still there when the disk has filled up since. */
static void
test_undo_on_full_disk (void)
{
  g_auto (Disk) disk;
  disk_open (&disk, TRUE, TRUE);
  g_autoptr (GError) error = NULL;
  gint64 id = 0;
  g_assert_true (kt_runner_apply (&disk.runner, disk.plan, &id, &error));
  fill (disk.small);
  g_assert_true (kt_runner_undo (&disk.runner, id, &error));
  g_assert_no_error (error);
  make_room (disk.small);
  assert_stand (&disk, EDIT_BEFORE, KT_CHANGE_UNDONE);
}

/* It fills up at every event of an undo, which therefore lacks disk for the journal, for the files or for both. */
static void
test_full_during_undo (void)
{
  for (int k = 1; k <= 7; k++)
    {
      g_auto (Disk) disk;
      disk_open (&disk, TRUE, TRUE);
      g_autoptr (GError) error = NULL;
      gint64 id = 0;
      g_assert_true (kt_runner_apply (&disk.runner, disk.plan, &id, &error));
      disk.event = 0;
      disk.act_at = k;
      disk.act = fill;
      g_assert_true (kt_runner_undo (&disk.runner, id, &error));
      g_assert_no_error (error);
      make_room (disk.small);
      assert_stand (&disk, EDIT_BEFORE, KT_CHANGE_UNDONE);
    }
}

/* --- read-only ---------------------------------------------------------------------------------------------------- */

static void
assert_cannot_open (const char *place)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KtState) state = kt_state_open (place, &error);
  g_assert_null (state);
  g_assert_error (error, KT_ERROR, KT_ERROR_PRIVILEGE);
  g_assert_nonnull (strstr (kt_error_hint (error), "--state DIR"));
}

static void
test_read_only_state (void)
{
  g_auto (Disk) disk;
  disk_open (&disk, TRUE, FALSE);
  g_autofree char *none = g_build_filename (disk.small, "none", NULL);
  g_autofree char *empty = g_build_filename (disk.small, "empty", NULL);
  g_assert_cmpint (g_mkdir (empty, 0700), ==, 0);
  g_clear_pointer (&disk.state, kt_state_free);
  make_read_only (disk.small);
  assert_cannot_open (none);
  assert_cannot_open (empty);
  assert_cannot_open (disk.place);
}

/* The folder of the settings turns read-only after the first step: stuck, then finished once it can be written again. */
static void
test_read_only_files (void)
{
  g_auto (Disk) disk;
  disk_open (&disk, FALSE, TRUE);
  disk.act_at = 4;
  disk.act = make_read_only;
  g_autoptr (GError) error = NULL;
  gint64 id = 0;
  g_assert_false (kt_runner_apply (&disk.runner, disk.plan, &id, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_PRIVILEGE);
  g_assert_nonnull (strstr (kt_error_hint (error), "remove the cause, then: kastune undo 1"));
  assert_stand (&disk, "a.twin=planned a=planned b=before", KT_CHANGE_STUCK);

  g_clear_error (&error);
  remount (disk.small, 0);
  g_assert_true (kt_runner_undo (&disk.runner, id, &error));
  g_assert_no_error (error);
  assert_stand (&disk, EDIT_BEFORE, KT_CHANGE_UNDONE);
}

/* --- a namespace of our own ---------------------------------------------------------------------------------------- */

static gboolean
write_text (const char *path, const char *text)
{
  int fd = open (path, O_WRONLY | O_CLOEXEC);
  gboolean written = fd >= 0 && write (fd, text, strlen (text)) == (ssize_t) strlen (text);
  if (fd >= 0)
    close (fd);
  return written;
}

static gboolean
enter_namespace (void)
{
  uid_t uid = geteuid ();
  g_autofree char *uid_map = g_strdup_printf ("0 %u 1", uid);
  g_autofree char *gid_map = g_strdup_printf ("0 %u 1", getegid ());
  if (unshare (CLONE_NEWNS | (uid != 0 ? CLONE_NEWUSER : 0)) != 0)
    return FALSE;
  if (uid != 0
      && (!write_text ("/proc/self/setgroups", "deny") || !write_text ("/proc/self/uid_map", uid_map)
          || !write_text ("/proc/self/gid_map", gid_map)))
    return FALSE;
  return mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

int
main (int argc, char **argv)
{
  if (!enter_namespace ())
    {
      g_printerr ("this test mounts small disks: run it as root or where unprivileged user namespaces are allowed (%s)\n", g_strerror (errno));
      return EXIT_FAILURE;
    }
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/change/disk/full-for-the-journal-at-any-event-is-undone", test_full_journal);
  g_test_add_func ("/change/disk/full-for-everything-at-any-event-is-undone", test_full_everything);
  g_test_add_func ("/change/disk/full-without-reserve-is-undone-and-recorded-later", test_full_without_reserve);
  g_test_add_func ("/change/disk/full-before-it-begins-changes-nothing", test_full_before);
  g_test_add_func ("/change/disk/undo-works-on-a-full-disk", test_undo_on_full_disk);
  g_test_add_func ("/change/disk/full-at-any-event-of-an-undo-is-finished", test_full_during_undo);
  g_test_add_func ("/change/disk/read-only-state-folder-is-refused", test_read_only_state);
  g_test_add_func ("/change/disk/read-only-settings-are-stuck-until-writable", test_read_only_files);
  return g_test_run ();
}
