/* SPDX-License-Identifier: MIT
 *
 * A path the server uses: its file system, the room in it and the devices below.
 */
#include "platform/parts.h"
#include "platform/probe.h"

#include <string.h>
#include <sys/sysmacros.h>

typedef enum { COPY_ON_WRITE = 1 << 0, NETWORK = 1 << 1, MEMORY = 1 << 2, LAYERED = 1 << 3 } FsTraits;

static const struct {
  const char *fs_type;
  FsTraits traits;
} file_systems[] = {
  { "zfs", COPY_ON_WRITE }, { "btrfs", COPY_ON_WRITE }, { "bcachefs", COPY_ON_WRITE },
  { "nfs", NETWORK },       { "nfs4", NETWORK },        { "cifs", NETWORK },    { "smb3", NETWORK },
  { "9p", NETWORK },        { "ceph", NETWORK },        { "glusterfs", NETWORK }, { "virtiofs", NETWORK },
  { "lustre", NETWORK },    { "gpfs", NETWORK },        { "drvfs", NETWORK },   { "afs", NETWORK },
  { "tmpfs", MEMORY },      { "ramfs", MEMORY },        { "overlay", LAYERED }, { "aufs", LAYERED },
};

static FsTraits
traits_of (const char *fs_type)
{
  for (guint i = 0; i < G_N_ELEMENTS (file_systems); i++)
    if (g_str_equal (fs_type, file_systems[i].fs_type))
      return file_systems[i].traits;
  return g_str_has_prefix (fs_type, "fuse.") || g_str_equal (fs_type, "fuse") ? NETWORK : 0;
}

void
kt_volume_free (KtVolume *volume)
{
  if (volume == NULL)
    return;
  g_free (volume->role);
  g_free (volume->path);
  g_free (volume->mount_point);
  g_free (volume->fs_type);
  g_free (volume->source);
  g_free (volume->options);
  g_free (volume->zfs_dataset);
  g_free (volume->class_reason);
  g_clear_pointer (&volume->devices, g_ptr_array_unref);
  g_clear_pointer (&volume->probe, kt_probe_free);
  g_free (volume);
}

/* The names that a btrfs of several devices consists of, of which the mount names but one. */
static GStrv
btrfs_devices (KtSysroot *root, const char *name)
{
  g_auto (GStrv) systems = kt_sysroot_list (root, "/sys/fs/btrfs");
  for (guint i = 0; systems[i] != NULL; i++)
    {
      g_autofree char *folder = g_build_filename ("/sys/fs/btrfs", systems[i], "devices", NULL);
      g_auto (GStrv) names = kt_sysroot_list (root, folder);
      if (g_strv_contains ((const char *const *) names, name))
        return g_steal_pointer (&names);
    }
  const char *only[] = { name, NULL };
  return g_strdupv ((char **) only);
}

static void
add_pool_devices (KtSysroot *root, const KtMounts *mounts, GHashTable *pool_devices, KtVolume *volume)
{
  g_autofree char *pool = g_strndup (volume->source, strcspn (volume->source, "/"));
  GPtrArray *names = g_hash_table_lookup (pool_devices, pool);
  for (guint i = 0; names != NULL && i < names->len; i++)
    kt_block_add_by_name (root, mounts, g_ptr_array_index (names, i), volume->devices);
}

static void
load_devices (KtSysroot *root, const KtMounts *mounts, GHashTable *pool_devices, const KtMount *mount, KtVolume *volume)
{
  if (g_str_equal (volume->fs_type, "zfs"))
    {
      add_pool_devices (root, mounts, pool_devices, volume);
      return;
    }
  /* Major number 0 means that the file system made the number up. */
  if (major (mount->device) != 0)
    {
      kt_block_add_by_number (root, mounts, mount->device, volume->devices);
      return;
    }
  g_auto (GStrv) sources = g_strsplit (volume->source, ":", -1); /* bcachefs: "/dev/sda:/dev/sdb" */
  for (guint i = 0; sources[i] != NULL; i++)
    {
      g_autofree char *name = kt_block_name_of (root, sources[i]);
      g_auto (GStrv) names = name != NULL ? btrfs_devices (root, name) : NULL;
      for (guint k = 0; names != NULL && names[k] != NULL; k++)
        kt_block_add_by_name (root, mounts, names[k], volume->devices);
    }
}

static void
classify_by_flags (KtVolume *volume, FsTraits traits)
{
  g_autofree char *because = NULL;
  if (traits & MEMORY)
    {
      volume->flags_class = KT_STORAGE_MEMORY;
      because = g_strdup_printf ("%s lies in memory", volume->fs_type);
    }
  else if (traits & NETWORK)
    because = g_strdup_printf ("%s is a network file system", volume->fs_type);
  else if (traits & LAYERED)
    because = g_strdup_printf ("%s does not show its disks", volume->fs_type);
  else
    volume->flags_class = kt_block_class (volume->devices, &because);
  volume->class_reason
    = g_strdup_printf ("by flags, not measured: %s", because != NULL ? because : "no disk was found");
  volume->class = volume->flags_class;
}

static void
load_room (KtSysroot *root, const char *real_path, KtVolume *volume, GPtrArray *notes)
{
  KtFsSize room;
  volume->size = volume->available = volume->inodes = volume->inodes_free = -1;
  /* A data directory may forbid others to look into it; its mount point seldom does. */
  if (kt_fact_fs_size (root, real_path, &room)
      || (volume->mount_point != NULL && kt_fact_fs_size (root, volume->mount_point, &room)))
    {
      volume->size = room.size;
      volume->available = room.available;
      volume->inodes = room.inodes;
      volume->inodes_free = room.inodes_free;
    }
  else
    kt_note (notes, "the free space for %s is unknown", volume->path);
}

/* A recording may hold what the probe measured there: group "probe MOUNTPOINT" of machine.ini. */
static void
take_recorded_probe (KtSysroot *root, KtVolume *volume)
{
  g_autofree char *group = kt_fact_probe_group (volume->mount_point);
  GKeyFile *machine = kt_sysroot_machine (root);
  if (kt_sysroot_is_live (root) || !g_key_file_has_group (machine, group))
    return;
  KtProbe *probe = kt_probe_from_key_file (machine, group);
  if (probe != NULL)
    kt_volume_take_probe (volume, probe);
}

/* Data and WAL mostly lie on one file system: its devices are looked at once. */
static GPtrArray *
find_devices (const GPtrArray *loaded, const char *mount_point)
{
  for (guint i = 0; mount_point != NULL && i < loaded->len; i++)
    {
      const KtVolume *volume = g_ptr_array_index (loaded, i);
      if (g_strcmp0 (volume->mount_point, mount_point) == 0)
        return g_ptr_array_ref (volume->devices);
    }
  return NULL;
}

KtVolume *
kt_volume_load (KtSysroot *root, const KtMounts *mounts, GHashTable *pool_devices, const KtPlatformPath *asked,
                const GPtrArray *loaded, GPtrArray *notes)
{
  KtVolume *volume = g_new0 (KtVolume, 1);
  volume->role = g_strdup (asked->role != NULL ? asked->role : "path");
  volume->path = g_strdup (asked->path);
  g_autofree char *real = kt_fact_real_path (root, asked->path);
  const KtMount *mount = kt_mounts_find (mounts, real);
  GPtrArray *devices = find_devices (loaded, mount != NULL ? mount->target : NULL);
  volume->devices
    = devices != NULL ? devices : g_ptr_array_new_with_free_func ((GDestroyNotify) kt_block_device_free);
  if (mount == NULL)
    {
      load_room (root, real, volume, notes);
      volume->class_reason = g_strdup ("by flags, not measured: the mount is unknown");
      return volume;
    }
  volume->mount_point = g_strdup (mount->target);
  volume->fs_type = g_strdup (mount->fs_type);
  volume->source = g_strdup (mount->source != NULL ? mount->source : "none");
  volume->options = g_strdup (mount->options);
  if (g_str_equal (volume->fs_type, "zfs"))
    volume->zfs_dataset = g_strdup (volume->source);
  load_room (root, real, volume, notes);

  FsTraits traits = traits_of (volume->fs_type);
  volume->copy_on_write = (traits & COPY_ON_WRITE) != 0;
  volume->network = (traits & NETWORK) != 0;
  if (devices == NULL && (traits & (NETWORK | MEMORY | LAYERED)) == 0)
    load_devices (root, mounts, pool_devices, mount, volume);
  classify_by_flags (volume, traits);
  take_recorded_probe (root, volume);
  return volume;
}
