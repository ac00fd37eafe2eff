/* SPDX-License-Identifier: MIT
 *
 * How the files of platform/ share the work: a file a subject, each filling its part of KtPlatform. Only platform/
 * includes this. Nothing here fails: what cannot be read stays unknown, and what people should know of becomes a note.
 */
#pragma once

#include "platform/platform.h"

#include <sys/types.h>

/* facts.c: what no file holds. Live it is asked for and noted for machine.ini, in a recording it is read from there. */
typedef struct {
  gint64 size, available;     /* bytes */
  gint64 inodes, inodes_free; /* -1: none to count */
} KtFsSize;

gboolean kt_fact_fs_size (KtSysroot *root, const char *path, KtFsSize *size);
char *kt_fact_real_path (KtSysroot *root, const char *path); /* symbolic links resolved as far as they exist */
char *kt_fact_architecture (KtSysroot *root);
gint64 kt_fact_page_size (KtSysroot *root);
gboolean kt_fact_has_program (KtSysroot *root, const char *name); /* also in the sbin folders, outside a user's PATH */
/* Standard output, also of a program that failed; NULL when it could not be run. */
char *kt_fact_output (KtSysroot *root, const char *const *argv);
/* Value of "--name=value" or "--name value" of a process, "" for a bare "--name", NULL when absent. Of a command line
 * recordings keep only this. */
char *kt_fact_argument (KtSysroot *root, gint64 pid, const char *name);
gint64 kt_fact_server_pid (KtSysroot *root, gint64 pid); /* @pid, or the one recorded when @pid is 0 */
/* Group "paths" of machine.ini: KtPlatformPath by role, ended by a NULL path. Owns its strings. */
GArray *kt_fact_paths (KtSysroot *root);
char *kt_fact_probe_group (const char *mount_point); /* name of the group with the figures of a probe */
void kt_fact_note_paths (KtSysroot *root, const KtPlatformPath *paths);

/* platform.c: empty lists, everything else zero. */
KtPlatform *kt_platform_new (void);

/* text.c: the small formats of /proc and /sys. */
void kt_note (GPtrArray *notes, const char *format, ...) G_GNUC_PRINTF (2, 3);
char *kt_process_path (gint64 pid, const char *name); /* "/proc/PID/name"; of ourselves when @pid is 0 */
gint64 kt_read_number (KtSysroot *root, const char *path, gint64 fallback);
gint64 kt_read_number_in (KtSysroot *root, const char *folder, const char *name, gint64 fallback);
char *kt_read_in (KtSysroot *root, const char *folder, const char *name);
guint kt_count_list (const char *list); /* "0-3,8,10-11" is 7; 0 when it cannot be understood */
char *kt_active_word (const char *words); /* "none [mq-deadline] bfq" is "mq-deadline"; a lone word is itself */
gboolean kt_path_is_below (const char *path, const char *folder); /* or the same; "/a" is not below "/ab" */

/* mounts.c: /proc/self/mountinfo. The strings of a KtMount belong to the table. */
typedef struct {
  int id, parent;
  dev_t device;
  const char *root, *target, *fs_type, *source, *options, *fs_options;
} KtMount;
typedef struct KtMounts KtMounts;

KtMounts *kt_mounts_load (KtSysroot *root, GPtrArray *notes);
void kt_mounts_free (KtMounts *mounts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtMounts, kt_mounts_free)
guint kt_mounts_count (const KtMounts *mounts);
const KtMount *kt_mounts_get (const KtMounts *mounts, guint i);
/* The mount in which the kernel would find @path (absolute, without links), or NULL. */
const KtMount *kt_mounts_find (const KtMounts *mounts, const char *path);
/* Whether a comma-separated list of options holds @word. */
gboolean kt_mount_option (const char *options, const char *word);

/* memory.c, cgroup.c, cpu.c, kernel.c, virtualization.c, zfs.c, volume.c, neighbours.c: one part each. */
gboolean kt_memory_load (KtSysroot *root, KtMemory *memory, GPtrArray *notes);
void kt_cgroup_load (KtSysroot *root, const KtMounts *mounts, gint64 pid, KtPlatform *platform);
/* The folder of the memory controller for the text of a /proc/PID/cgroup; NULL when there is none. */
char *kt_cgroup_memory_folder (const KtMounts *mounts, const char *membership);
gboolean kt_cpu_load (KtSysroot *root, gint64 pid, KtPlatform *platform);
void kt_kernel_load (KtSysroot *root, KtKernel *kernel);
void kt_virtualization_load (KtSysroot *root, const KtMounts *mounts, const KtCpu *cpu, KtKernel *kernel);
/* @devices: pool name to a GStrv of device names, for the volumes on it. */
void kt_zfs_load (KtSysroot *root, KtZfs *zfs, GHashTable *devices, GPtrArray *notes);
void kt_zfs_parse_pools (const char *text, GPtrArray *pools, GHashTable *devices); /* `zpool list -HpvLP` */
/* @loaded: volumes of this machine so far, whose devices are not looked at again. */
KtVolume *kt_volume_load (KtSysroot *root, const KtMounts *mounts, GHashTable *pool_devices,
                          const KtPlatformPath *asked, const GPtrArray *loaded, GPtrArray *notes);
void kt_volume_free (KtVolume *volume);
void kt_neighbours_load (KtSysroot *root, const KtMounts *mounts, gint64 server_pid, KtPlatform *platform);
void kt_neighbour_free (KtNeighbour *neighbour);

/* block.c: adds what lies at and below @device (or the device named @name) to @devices, depth first. A loop device goes
 * on below the file system of its file, hence @mounts. */
void kt_block_add_by_number (KtSysroot *root, const KtMounts *mounts, dev_t device, GPtrArray *devices);
void kt_block_add_by_name (KtSysroot *root, const KtMounts *mounts, const char *name, GPtrArray *devices);
/* Name of the device behind "/dev/…" of a mount's source, or NULL. */
char *kt_block_name_of (KtSysroot *root, const char *source);
void kt_block_device_free (KtBlockDevice *device);
/* What the flags of the disks in @devices claim; *because says it for people (caller frees). */
KtStorageClass kt_block_class (const GPtrArray *devices, char **because);
