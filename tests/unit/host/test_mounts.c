/* SPDX-License-Identifier: MIT
 *
 * Real file systems on loop devices, mounted, changed, remounted and taken back: in a mount namespace of this program's own, whose /etc is
 * a copy. It needs root.
 */
#include "base/error.h"
#include "base/run.h"
#include "host/live.h"
#include "made_host.h"

#include <sched.h>
#include <sys/mount.h>
#include <string.h>
#include <unistd.h>

static char *folder; /* for images, mount points and the copy of /etc */

static gboolean
run (const char *const *argv)
{
  g_autoptr (GError) error = NULL;
  g_auto (KtRunResult) result = { 0 };
  if (kt_run (&(KtRun){ .argv = argv, .deadline_ms = KT_RUN_NO_DEADLINE }, &result, NULL, &error))
    return TRUE;
  g_test_message ("%s", error->message);
  return FALSE;
}
#define RUN(...) run ((const char *const[]){ __VA_ARGS__, NULL })

static void
write_fstab (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_file_set_contents ("/etc/fstab", text, -1, &error);
  g_assert_no_error (error);
}

static char *
read_fstab (void)
{
  g_autoptr (GError) error = NULL;
  char *text = NULL;
  g_file_get_contents ("/etc/fstab", &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

/* Nothing of what is mounted here, or written below /etc, is seen outside. NULL: it works; else why not. */
static const char *
own_mounts (void)
{
  if (geteuid () != 0)
    return "only root can mount";
  if (unshare (CLONE_NEWNS) != 0 || mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
    return "no mount namespace of its own is allowed here";
  g_autofree char *etc = g_build_filename (folder, "etc", NULL);
  if (!RUN ("mkdir", etc) || !RUN ("cp", "-a", "/etc/.", etc) || mount (etc, "/etc", NULL, MS_BIND, NULL) != 0)
    return "no copy of /etc";
  return NULL;
}

static const struct {
  const char *path, *fs_type, *make[4];
  const char *options;  /* as mounted, and in fstab */
  const char *remount;  /* what a remount can do of the change */
  const char *entry;    /* options in fstab afterwards */
} rows[] = {
  { "/host/mounts/ext4", "ext4", { "mkfs.ext4", "-q", "-F" }, "nosuid,nodev,discard", "noatime,nodiscard,barrier", "nosuid,nodev,noatime" },
  { "/host/mounts/xfs", "xfs", { "mkfs.xfs", "-q" }, "nosuid,relatime,discard", "noatime", "nosuid,noatime" },
  { "/host/mounts/ext4-without-barriers", "ext4", { "mkfs.ext4", "-q", "-F" }, "nobarrier,strictatime,discard", "noatime,nodiscard,barrier", "noatime" },
};

static gboolean
make_mount (guint row, const char *image, const char *target)
{
  g_autofree char *size = g_strdup_printf ("truncate -s 320M '%s'", image);
  g_autoptr (GStrvBuilder) make = g_strv_builder_new ();
  g_strv_builder_addv (make, (const char **) rows[row].make);
  g_strv_builder_add (make, image);
  g_auto (GStrv) argv = g_strv_builder_end (make);
  return RUN ("mkdir", target) && RUN ("sh", "-c", size) && run ((const char *const *) argv)
         && RUN ("mount", "-o", "loop", "-o", rows[row].options, image, target);
}

static gboolean
has (const char *target, const char *option)
{
  g_auto (GStrv) options = kt_live_mount ("", target);
  g_assert_nonnull (options);
  return g_strv_contains ((const char *const *) options, option);
}

static void
test_options_are_changed_in_force_and_taken_back (gconstpointer data)
{
  guint row = GPOINTER_TO_UINT (data);
  g_autoptr (GError) error = NULL;
  g_autofree char *image = g_strdup_printf ("%s/image%u", folder, row);
  g_autofree char *target = g_strdup_printf ("%s/my data%u", folder, row);
  g_autofree char *escaped = g_strdup_printf ("%s/my\\040data%u", folder, row);
  g_autofree char *before = g_strdup_printf ("# the data\n%s\t%s  %s %s 0 0\n", image, escaped, rows[row].fs_type, rows[row].options);
  g_autofree char *planned = g_strdup_printf ("# the data\n%s\t%s  %s %s 0 0\n", image, escaped, rows[row].fs_type, rows[row].entry);
  if (!make_mount (row, image, target))
    {
      g_test_skip ("no loop device can be mounted here");
      return;
    }
  write_fstab (before);
  g_auto (GStrv) options_before = kt_live_mount ("", target);

  static const char *const add[] = { "noatime", NULL }, *const remove[] = { "discard", "nobarrier", "relatime", "strictatime", NULL };
  g_autoptr (KtMountChange) change = kt_mount_change_new (target, add, remove, rows[row].remount);
  g_autoptr (JsonObject) args = kt_step_mount_args ("", change);
  const KtStepKind *kind = &kt_step_mount_options;
  KtStepContext context = { 0 };
  g_assert_true (kind->check (&context, args, &error));
  g_autoptr (JsonObject) prepared = kind->prepare (&context, args, &error);
  g_assert_no_error (error);
  kind->apply (&context, args, prepared, &error);
  g_assert_no_error (error);
  kind->verify (&context, args, prepared, &error);
  g_assert_no_error (error);
  g_assert_true (has (target, "noatime"));
  g_assert_true (has (target, "discard") == (strstr (rows[row].remount, "discard") == NULL));
  g_assert_false (has (target, "nobarrier"));
  g_assert_true (has (target, "nosuid") || !g_strv_contains ((const char *const *) options_before, "nosuid"));
  g_autofree char *text = read_fstab ();
  g_assert_cmpstr (text, ==, planned);
  /* What the next boot would make of it. */
  g_assert_true (RUN ("umount", target));
  g_assert_true (RUN ("mount", target));
  g_assert_true (kind->verify (&context, args, prepared, &error));
  g_assert_false (has (target, "discard"));

  g_assert_true (kind->can_undo (&context, args, prepared, &error));
  kind->undo (&context, args, prepared, &error);
  g_assert_no_error (error);
  g_assert_true (strstr (rows[row].remount, "discard") != NULL || (RUN ("umount", target) && RUN ("mount", target)));
  g_auto (GStrv) options_after = kt_live_mount ("", target);
  g_autofree char *was = g_strjoinv (",", options_before);
  g_autofree char *is = g_strjoinv (",", options_after);
  g_assert_cmpstr (is, ==, was);
  g_autofree char *back = read_fstab ();
  g_assert_cmpstr (back, ==, before);
  g_assert_false (g_file_test ("/etc/fstab.before-kastune", G_FILE_TEST_EXISTS));
  g_assert_true (RUN ("umount", target));
}

static void
test_an_fstab_that_gets_worse_is_refused (void)
{
  g_autoptr (GError) error = NULL;
  const char *good = "LABEL=none /nowhere ext4 noauto 0 0\n";
  g_assert_true (kt_live_check_fstab (good, good, NULL, &error));
  g_assert_no_error (error);
  g_assert_false (kt_live_check_fstab ("LABEL=none /nowhere ext4 noauto 0 0\nbroken\n", good, NULL, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_REFUSED);
}

static void
skip (gconstpointer why)
{
  g_test_skip (why);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("kastune-mounts-XXXXXX", &error);
  g_assert_no_error (error);
  g_test_add_func ("/host/mounts/an-fstab-that-gets-worse-is-refused", test_an_fstab_that_gets_worse_is_refused);
  const char *why_not = own_mounts ();
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    g_test_add_data_func (rows[i].path, why_not != NULL ? (gconstpointer) why_not : GUINT_TO_POINTER (i),
                          why_not != NULL ? skip : test_options_are_changed_in_force_and_taken_back);
  int status = g_test_run ();
  umount2 ("/etc", MNT_DETACH);
  kt_folder_remove (folder, NULL);
  g_free (folder);
  return status;
}
