/* SPDX-License-Identifier: MIT
 *
 * host/: what the operating system is told, kept over a reboot, and taken back: kernel settings, queues of disks, options of
 * mounts. What they should be tuning/ decides.
 *
 * This file: one setting of the kernel, how it is set now, and its line in the file of ours that sets it at each boot. Pure.
 */
#pragma once

#include "base/json.h"

typedef enum {
  KT_HOST_SYSCTL, /* "vm.swappiness" */
  KT_HOST_SYSFS,  /* "/sys/kernel/mm/transparent_hugepage/enabled" */
  KT_HOST_QUEUE,  /* "sda/scheduler": a file below /sys/block/sda/queue */
  KT_HOST_MODULE, /* "zfs/zfs_arc_max": a parameter of a kernel module */
  KT_N_HOST_PLACES
} KtHostPlace;

typedef struct {
  KtHostPlace place;
  char *name;
  char *value;
  char *match; /* of a queue: udev's words for this very device; NULL: its name */
} KtHostSetting;

KtHostSetting *kt_host_setting_new (KtHostPlace place, const char *name, const char *value, const char *match);
void kt_host_setting_free (KtHostSetting *setting);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtHostSetting, kt_host_setting_free)

/* `ATTR{wwid}=="eui.01"` for the attribute and value that tell a device from all others. NULL where udev would read the value as a
 * pattern, or could not read it: then only the name is left. Caller frees. */
char *kt_host_match (const char *attribute, const char *value);

/* {place, name, value, match}, as it stands in the journal. */
JsonObject *kt_host_setting_to_json (const KtHostSetting *setting);
/* NULL for anything else. */
KtHostSetting *kt_host_setting_from_json (JsonObject *object);

const char *kt_host_setting_file (const KtHostSetting *setting);   /* "/etc/sysctl.d/99-zz-kastune.conf" */
/* Caller frees these. */
char *kt_host_setting_line (const KtHostSetting *setting);    /* of that file, without newline */
char *kt_host_setting_live (const KtHostSetting *setting);    /* "/proc/sys/vm/swappiness" */
char *kt_host_setting_command (const KtHostSetting *setting); /* "sysctl -w vm.swappiness=10" */

/* Of two settings that the kernel keeps as one, the other: writing one sets the other to 0, and that is undone by writing the other
 * back. NULL: there is none. Caller frees. */
char *kt_host_setting_twin (const KtHostSetting *setting); /* path, like kt_host_setting_live */

/* The word in force: "none [mq-deadline] bfq" is "mq-deadline", a lone word is itself. Caller frees. */
char *kt_host_active (const char *text);

/* The line of a file of ours that is about the same as @setting, whatever it says; NULL: none. Caller frees. */
char *kt_host_file_line (const char *text, const KtHostSetting *setting);
/* @text (NULL: no such file) with that line being @line; NULL: without it. All other lines stay. Caller frees. */
char *kt_host_file_with (const char *text, const KtHostSetting *setting, const char *line);
/* Nothing in it is of any effect, and nobody else wrote it. */
gboolean kt_host_file_is_bare (const char *text);
