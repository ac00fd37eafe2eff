/* SPDX-License-Identifier: MIT
 *
 * A machine for tests: a folder with the files that the steps of host/ change, and a plan that changes all of them.
 */
#pragma once

#include "base/file.h"
#include "base/folder.h"
#include "change/runner.h"
#include "host/steps.h"

#include <glib/gstdio.h>

#define MADE_FSTAB "# mine\nUUID=1 / ext4 errors=remount-ro 0 1\nLABEL=pg\t/srv/my\\040pg  ext4  defaults,discard 0 2\n"

static const KtStepKind *const host_kinds[] = { &kt_step_kernel_settings, &kt_step_mount_options, NULL };

static const struct {
  const char *path, *before, *planned; /* before NULL: absent */
} made_files[] = {
  { "/etc/fstab", MADE_FSTAB, "# mine\nUUID=1 / ext4 errors=remount-ro 0 1\nLABEL=pg\t/srv/my\\040pg  ext4  defaults,noatime 0 2\n" },
  { "/etc/fstab.before-kastune", NULL, MADE_FSTAB },
  { "/etc/sysctl.d/99-zz-kastune.conf", NULL,
    "# Written by kastune apply; kastune undo takes it back.\nvm.swappiness = 10\nvm.dirty_bytes = 536870912\n" },
  { "/etc/tmpfiles.d/90-kastune.conf", "# of another change set\nw /sys/other - - - - 1\n",
    "# of another change set\nw /sys/other - - - - 1\nw /sys/kernel/mm/transparent_hugepage/enabled - - - - madvise\n" },
  { "/etc/udev/rules.d/90-kastune.rules", NULL,
    "# Written by kastune apply; kastune undo takes it back.\n"
    "ACTION==\"add|change\", SUBSYSTEM==\"block\", KERNEL==\"sda\", ATTR{queue/scheduler}=\"none\"\n" },
  { "/proc/sys/vm/swappiness", "60", "10" },
  /* The kernel would make the one 0 when the other is set; a folder does not. */
  { "/proc/sys/vm/dirty_bytes", "1000", "536870912" },
  { "/proc/sys/vm/dirty_ratio", "20", "20" },
  { "/sys/kernel/mm/transparent_hugepage/enabled", "always", "madvise" },
  { "/sys/block/sda/queue/scheduler", "bfq", "none" },
};

static inline char *
made_path (const char *root, const char *path)
{
  return g_strconcat (root, path, NULL);
}

static inline void
made_write (const char *root, const char *path, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *file = made_path (root, path);
  g_autofree char *folder = g_path_get_dirname (file);
  g_assert_cmpint (g_mkdir_with_parents (folder, 0755), ==, 0);
  if (text != NULL)
    g_file_set_contents (file, text, -1, &error);
  else
    g_remove (file);
  g_assert_no_error (error);
}

static inline char *
made_read (const char *root, const char *path)
{
  g_autofree char *file = made_path (root, path);
  char *text = NULL;
  return g_file_get_contents (file, &text, NULL, NULL) ? text : NULL;
}

/* Caller frees; made_host_remove. */
static inline char *
made_host (void)
{
  g_autoptr (GError) error = NULL;
  char *root = g_dir_make_tmp ("kastune-host-XXXXXX", &error);
  g_assert_no_error (error);
  for (gsize i = 0; i < G_N_ELEMENTS (made_files); i++)
    made_write (root, made_files[i].path, made_files[i].before);
  return root;
}

static inline void
made_host_remove (const char *root)
{
  g_autoptr (GError) error = NULL;
  kt_folder_remove (root, &error);
  g_assert_no_error (error);
}

static inline GPtrArray *
made_settings (void)
{
  GPtrArray *settings = g_ptr_array_new_with_free_func ((GDestroyNotify) kt_host_setting_free);
  g_ptr_array_add (settings, kt_host_setting_new (KT_HOST_SYSCTL, "vm.swappiness", "10", NULL));
  g_ptr_array_add (settings, kt_host_setting_new (KT_HOST_SYSCTL, "vm.dirty_bytes", "536870912", NULL));
  g_ptr_array_add (settings, kt_host_setting_new (KT_HOST_SYSFS, "/sys/kernel/mm/transparent_hugepage/enabled", "madvise", NULL));
  g_ptr_array_add (settings, kt_host_setting_new (KT_HOST_QUEUE, "sda/scheduler", "none", NULL));
  return settings;
}

static inline JsonObject *
made_mount_args (const char *root)
{
  static const char *const add[] = { "noatime", NULL }, *const remove[] = { "discard", "relatime", NULL };
  g_autoptr (KtMountChange) change = kt_mount_change_new ("/srv/my pg", add, remove, "noatime,nodiscard");
  return kt_step_mount_args (root, change);
}

static inline KtPlan *
made_plan (const char *root)
{
  g_autoptr (GPtrArray) settings = made_settings ();
  KtPlan *plan = kt_plan_new ("host", "7001", "test");
  kt_plan_add (plan, &kt_step_kernel_settings, kt_step_kernel_args (root, settings));
  kt_plan_add (plan, &kt_step_mount_options, made_mount_args (root));
  return plan;
}

/* Every file is as before, or as planned. The first that is not, or NULL. */
static inline const char *
made_other (const char *root, gboolean planned)
{
  for (gsize i = 0; i < G_N_ELEMENTS (made_files); i++)
    {
      g_autofree char *text = made_read (root, made_files[i].path);
      if (g_strcmp0 (text, planned ? made_files[i].planned : made_files[i].before) != 0)
        {
          g_test_message ("%s is: %s", made_files[i].path, text != NULL ? text : "absent");
          return made_files[i].path;
        }
    }
  return NULL;
}
