/* SPDX-License-Identifier: MIT
 *
 * What is changed of the options of a mount, and how. Pure.
 */
#pragma once

#include <glib.h>

typedef struct {
  char *target;
  GStrv add, remove; /* in its entry of fstab */
  char *remount;     /* "noatime,nodiscard": makes it so now; NULL: only the next mount does */
} KtMountChange;

KtMountChange *kt_mount_change_new (const char *target, const char *const *add, const char *const *remove, const char *remount);
void kt_mount_change_free (KtMountChange *change);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtMountChange, kt_mount_change_free)

/* "mount -o remount,noatime /srv/pg", or "umount and mount it again". Caller frees. */
char *kt_mount_change_command (const KtMountChange *change);
/* "noatime, without discard, in the entry of /srv/pg in /etc/fstab". Caller frees. */
char *kt_mount_change_persist (const KtMountChange *change);

/* The words for a remount that @options are in force with now, in place of those in @remount: "atime,relatime,discard". Caller frees. */
char *kt_mount_in_force (const char *remount, const char *const *options);
