/* SPDX-License-Identifier: MIT */
#include "made_root.h"
#include "platform/parts.h"

#include <sys/sysmacros.h>

static void
check (const char *mountinfo, const char *path, const char *fs_type, const char *source)
{
  const MadeFile files[] = { { "/proc/self/mountinfo", mountinfo }, { NULL, NULL } };
  g_auto (MadeRoot) made = made_root_new (files);
  g_autoptr (GPtrArray) notes = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (KtMounts) mounts = kt_mounts_load (made.root, notes);
  const KtMount *mount = kt_mounts_find (mounts, path);
  g_assert_nonnull (mount);
  g_assert_cmpstr (mount->fs_type, ==, fs_type);
  g_assert_cmpstr (mount->source, ==, source);
}

#define ROOT "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n"

static void
test_longest (void)
{
  const char *table = ROOT "21 20 8:2 / /var rw - xfs /dev/sda2 rw\n22 21 8:3 / /var/lib/pg rw - btrfs /dev/sda3 rw\n";
  check (table, "/var/lib/pg/15/main", "btrfs", "/dev/sda3");
  check (table, "/var/lib/pg", "btrfs", "/dev/sda3");
  check (table, "/var/lib/pgother", "xfs", "/dev/sda2");
  check (table, "/variable", "ext4", "/dev/sda1");
}

static void
test_covered (void)
{
  const char *table = ROOT "21 20 8:2 / /srv/pg rw - xfs /dev/sda2 rw\n22 20 8:3 / /srv rw - btrfs /dev/sda3 rw\n";
  check (table, "/srv/pg/data", "btrfs", "/dev/sda3");
}

/* autofs stands at the same place as what it mounted. */
static void
test_stacked (void)
{
  const char *table = ROOT "21 20 0:40 / /mnt/pg rw - autofs systemd-1 rw\n22 21 8:2 / /mnt/pg rw - ext4 /dev/sdb1 rw\n";
  check (table, "/mnt/pg/15", "ext4", "/dev/sdb1");
}

static void
test_escaped (void)
{
  const char *table = ROOT "21 20 8:2 / /mnt/my\\040disk rw - xfs /dev/sda2 rw\n";
  check (table, "/mnt/my disk/pg", "xfs", "/dev/sda2");
}

static void
test_bind (void)
{
  const char *table = ROOT "21 20 8:7 /volumes/pg/_data /data rw,noatime - ext4 /dev/sdb7 rw\n";
  check (table, "/data/pg_wal", "ext4", "/dev/sdb7");
}

/* The root's parent is itself, two mounts are each other's parent, and one line is cut off. */
static void
test_circle (void)
{
  check ("20 20 8:1 / / rw - ext4 /dev/sda1 rw\n21 22 8:2 / /a rw - xfs /dev/b rw\n22 21 8:3 / /a rw - xfs /dev/c rw\n23 20 8:", "/a/b", "ext4",
         "/dev/sda1");
}

static void
test_fields (void)
{
  const MadeFile files[] = { { "/proc/self/mountinfo",
    "20 1 259:4 /sub / rw,noatime - ext4 /dev/nvme0n1p4 rw,stripe=32\n" }, { NULL, NULL } };
  g_auto (MadeRoot) made = made_root_new (files);
  g_autoptr (GPtrArray) notes = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (KtMounts) mounts = kt_mounts_load (made.root, notes);
  const KtMount *mount = kt_mounts_find (mounts, "/x");
  g_assert_cmpuint (mount->device, ==, makedev (259, 4));
  g_assert_cmpstr (mount->root, ==, "/sub");
  g_assert_true (kt_mount_option (mount->options, "noatime"));
  g_assert_true (kt_mount_option (mount->options, "stripe=32"));
  g_assert_false (kt_mount_option (mount->options, "stripe"));
}

static void
test_missing (void)
{
  const MadeFile files[] = { { NULL, NULL } };
  g_auto (MadeRoot) made = made_root_new (files);
  g_autoptr (GPtrArray) notes = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (KtMounts) mounts = kt_mounts_load (made.root, notes);
  g_assert_null (kt_mounts_find (mounts, "/"));
  g_assert_cmpuint (notes->len, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/platform/mounts/longest-mount-point-wins", test_longest);
  g_test_add_func ("/platform/mounts/covered-mount-is-not-found", test_covered);
  g_test_add_func ("/platform/mounts/last-of-a-stack-wins", test_stacked);
  g_test_add_func ("/platform/mounts/escaped-blank", test_escaped);
  g_test_add_func ("/platform/mounts/bind-mount-names-its-device", test_bind);
  g_test_add_func ("/platform/mounts/circles-end", test_circle);
  g_test_add_func ("/platform/mounts/fields-and-options", test_fields);
  g_test_add_func ("/platform/mounts/absent-table-is-a-note", test_missing);
  return g_test_run ();
}
