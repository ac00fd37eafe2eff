/* SPDX-License-Identifier: MIT
 *
 * The block devices below a file system: partitions, device mapper (LVM, dm-crypt), md, bcache and loop devices down
 * to the disks. /sys/dev/block/MAJOR:MINOR is a link whose target spells the buses a disk hangs on; attributes are read
 * below /sys/class/block/NAME.
 */
#include "base/size.h"
#include "platform/parts.h"

#include <string.h>
#include <sys/sysmacros.h>

#define SECTOR 512 /* the unit of the size attribute whatever the disk's sector is */
#define MAX_DEPTH 12
#define MAX_DEVICES 256

static const struct {
  const char *part, *transport;
} buses[] = {
  { "/usb", "usb" },
  { "/nvme/", "nvme" },
  { "/nvme-subsystem/", "nvme" },
  { "/virtio", "virtio" },
  { "/vbd-", "xen" },
  { "/mmc_host/", "mmc" },
  { "/VMBUS:", "hyperv" },
  { "/session", "iscsi" },
  { "/rport-", "fc" },
  { "/end_device-", "sas" },
  { "/ata", "sata" },
  { "/ufshc", "ufs" },
};

static const struct {
  const char *prefix, *transport;
} drivers[] = {
  { "nvme", "nvme" }, { "vd", "virtio" }, { "xvd", "xen" }, { "mmcblk", "mmc" },
  { "rbd", "network" }, { "nbd", "network" }, { "drbd", "network" },
};

static const struct {
  const char *uuid_prefix, *kind;
} mapper_kinds[] = {
  { "LVM-", "lvm" }, { "CRYPT-", "crypt" }, { "mpath-", "multipath" }, { "part", "partition" }, { "DMRAID-", "dmraid" },
};

void
kt_block_device_free (KtBlockDevice *device)
{
  if (device == NULL)
    return;
  g_free (device->name);
  g_free (device->label);
  g_free (device->kind);
  g_free (device->transport);
  g_free (device->model);
  g_free (device->scheduler);
  g_free (device->schedulers);
  g_free (device->identity);
  g_free (device->write_cache);
  g_free (device);
}

static char *
class_folder (const char *name)
{
  return g_build_filename ("/sys/class/block", name, NULL);
}

/* "../../devices/…/block/sda/sda1" for a device's number, NULL when the kernel has no such device. */
static char *
device_link (KtSysroot *root, dev_t device)
{
  g_autofree char *path = g_strdup_printf ("/sys/dev/block/%u:%u", major (device), minor (device));
  return kt_sysroot_link (root, path);
}

static char *
find_transport (KtSysroot *root, const char *folder, const char *name, const char *link)
{
  const char *transport = NULL;
  for (guint i = 0; link != NULL && transport == NULL && i < G_N_ELEMENTS (buses); i++)
    if (strstr (link, buses[i].part) != NULL)
      transport = buses[i].transport;
  for (guint i = 0; transport == NULL && i < G_N_ELEMENTS (drivers); i++)
    if (g_str_has_prefix (name, drivers[i].prefix))
      transport = drivers[i].transport;
  /* NVMe over a network has the latency of the network. */
  g_autofree char *fabric = g_strcmp0 (transport, "nvme") == 0 ? kt_read_in (root, folder, "device/transport") : NULL;
  if (fabric != NULL && !g_str_equal (fabric, "pcie"))
    return g_strconcat ("nvme-", fabric, NULL);
  if (transport == NULL && link != NULL && strstr (link, "/host") != NULL)
    return g_strdup ("scsi");
  return g_strdup (transport);
}

static char *
find_model (KtSysroot *root, const char *folder)
{
  g_autofree char *vendor = kt_read_in (root, folder, "device/vendor");
  g_autofree char *model = kt_read_in (root, folder, "device/model");
  if (model == NULL)
    return kt_read_in (root, folder, "device/name");
  g_strchug (model);
  /* "ATA" says nothing, and a virtio disk's vendor is a number. */
  if (vendor == NULL || *vendor == '\0' || g_str_has_prefix (vendor, "0x") || g_str_has_prefix (vendor, "ATA"))
    return g_steal_pointer (&model);
  return g_strconcat (vendor, " ", model, NULL);
}

/* NVMe, SCSI and SATA, virtio, device mapper, md. */
static char *
find_identity (KtSysroot *root, const char *folder)
{
  static const char *const attributes[] = { "wwid", "device/wwid", "serial", "dm/uuid", "md/uuid" };
  for (gsize i = 0; i < G_N_ELEMENTS (attributes); i++)
    {
      g_autofree char *path = g_build_filename (folder, attributes[i], NULL);
      g_autofree char *value = kt_sysroot_peek (root, path);
      if (value != NULL && *value != '\0')
        return g_strconcat (attributes[i], "=", value, NULL);
    }
  return NULL;
}

static void
load_queue (KtSysroot *root, const char *folder, KtBlockDevice *device)
{
  gint64 ahead = kt_read_number_in (root, folder, "queue/read_ahead_kb", -1);
  gint64 rotational = kt_read_number_in (root, folder, "queue/rotational", -1);
  g_autofree char *schedulers = kt_read_in (root, folder, "queue/scheduler");
  device->read_ahead = ahead >= 0 && ahead < G_MAXINT64 / KT_KIB ? ahead * KT_KIB : -1;
  device->rotational = rotational == 0 || rotational == 1 ? (int) rotational : -1;
  device->scheduler = kt_active_word (schedulers);
  device->schedulers = schedulers != NULL ? g_strstrip (g_strdelimit (g_strdup (schedulers), "[]", ' ')) : NULL;
  device->write_cache = kt_read_in (root, folder, "queue/write_cache");
  device->discard = kt_read_number_in (root, folder, "queue/discard_max_bytes", 0) > 0;
}

/* Kind and label of a device that others lie below, from the attribute folder that its driver adds. */
static char *
stacked_kind (KtSysroot *root, const char *folder, char **label)
{
  g_autofree char *uuid = kt_read_in (root, folder, "dm/uuid");
  if (uuid != NULL)
    {
      *label = kt_read_in (root, folder, "dm/name");
      for (guint i = 0; i < G_N_ELEMENTS (mapper_kinds); i++)
        if (g_str_has_prefix (uuid, mapper_kinds[i].uuid_prefix))
          return g_strdup (mapper_kinds[i].kind);
      return g_strdup ("mapper");
    }
  char *level = kt_read_in (root, folder, "md/level");
  if (level != NULL)
    return level;
  g_autofree char *bcache = g_build_filename (folder, "bcache", NULL);
  return kt_sysroot_exists (root, bcache) ? g_strdup ("bcache") : NULL;
}

static void add_device (KtSysroot *root, const KtMounts *mounts, const char *name, const char *link, guint depth,
                        GPtrArray *devices);

static gboolean
parse_number (const char *text, dev_t *device)
{
  char *end = NULL;
  guint64 first = text != NULL ? g_ascii_strtoull (text, &end, 10) : 0;
  if (end == NULL || end == text || *end != ':')
    return FALSE;
  *device = makedev ((guint) first, (guint) g_ascii_strtoull (end + 1, NULL, 10));
  return TRUE;
}

static void
add_named (KtSysroot *root, const KtMounts *mounts, const char *name, guint depth, GPtrArray *devices)
{
  g_autofree char *folder = class_folder (name);
  g_autofree char *number = kt_read_in (root, folder, "dev");
  dev_t device;
  g_autofree char *link = parse_number (number, &device) ? device_link (root, device) : NULL;
  if (number != NULL)
    add_device (root, mounts, name, link, depth, devices);
}

static void
add_below_loop (KtSysroot *root, const KtMounts *mounts, const char *backing_file, guint depth, GPtrArray *devices)
{
  const KtMount *mount = *backing_file == '/' ? kt_mounts_find (mounts, backing_file) : NULL;
  g_autofree char *link = mount != NULL ? device_link (root, mount->device) : NULL;
  g_autofree char *name = NULL;
  if (link != NULL)
    name = g_path_get_basename (link);
  else if (mount != NULL)
    name = kt_block_name_of (root, mount->source);
  if (name != NULL && link != NULL)
    add_device (root, mounts, name, link, depth, devices);
  else if (name != NULL)
    add_named (root, mounts, name, depth, devices);
}

static void
add_slaves (KtSysroot *root, const KtMounts *mounts, const char *folder, guint depth, GPtrArray *devices)
{
  g_autofree char *path = g_build_filename (folder, "slaves", NULL);
  g_auto (GStrv) slaves = kt_sysroot_list (root, path);
  for (guint i = 0; slaves[i] != NULL; i++)
    add_named (root, mounts, slaves[i], depth, devices);
}

/* Decides what @device is and adds what lies below it. */
static void
descend (KtSysroot *root, const KtMounts *mounts, const char *folder, const char *link, KtBlockDevice *device,
         GPtrArray *devices)
{
  guint depth = device->depth + 1;
  g_autofree char *partition = kt_read_in (root, folder, "partition");
  if (partition != NULL && link != NULL)
    {
      g_autofree char *disk_link = g_path_get_dirname (link);
      g_autofree char *disk = g_path_get_basename (disk_link);
      device->kind = g_strdup ("partition");
      if (!g_str_equal (disk, ".") && !g_str_equal (disk, "block"))
        add_device (root, mounts, disk, disk_link, depth, devices);
      return;
    }
  device->kind = stacked_kind (root, folder, &device->label);
  if (device->kind != NULL)
    {
      add_slaves (root, mounts, folder, depth, devices);
      return;
    }
  g_autofree char *backing_file = kt_read_in (root, folder, "loop/backing_file");
  if (backing_file != NULL)
    {
      device->kind = g_strdup ("loop");
      add_below_loop (root, mounts, backing_file, depth, devices);
      return;
    }
  gboolean in_memory = g_str_has_prefix (device->name, "zram") || g_str_has_prefix (device->name, "ram");
  device->kind = g_strdup (in_memory ? "ram" : "disk");
  device->transport = find_transport (root, folder, device->name, link);
  device->model = find_model (root, folder);
}

static void
add_device (KtSysroot *root, const KtMounts *mounts, const char *name, const char *link, guint depth,
            GPtrArray *devices)
{
  if (depth > MAX_DEPTH || devices->len >= MAX_DEVICES)
    return;
  g_autofree char *folder = class_folder (name);
  KtBlockDevice *device = g_new0 (KtBlockDevice, 1);
  g_ptr_array_add (devices, device);
  device->name = g_strdup (name);
  device->depth = depth;
  gint64 sectors = kt_read_number_in (root, folder, "size", -1);
  device->size = sectors >= 0 && sectors < G_MAXINT64 / SECTOR ? sectors * SECTOR : -1;
  load_queue (root, folder, device);
  device->identity = find_identity (root, folder);
  descend (root, mounts, folder, link, device, devices);
}

void
kt_block_add_by_number (KtSysroot *root, const KtMounts *mounts, dev_t device, GPtrArray *devices)
{
  g_autofree char *link = device_link (root, device);
  g_autofree char *name = link != NULL ? g_path_get_basename (link) : NULL;
  if (name != NULL)
    add_device (root, mounts, name, link, 0, devices);
}

void
kt_block_add_by_name (KtSysroot *root, const KtMounts *mounts, const char *name, GPtrArray *devices)
{
  add_named (root, mounts, name, 0, devices);
}

/* "/dev/mapper/vg-pg" is a name of device mapper; udev makes it a link, but its folder is not part of a recording. */
static char *
mapper_device (KtSysroot *root, const char *label)
{
  g_auto (GStrv) names = kt_sysroot_peek_list (root, "/sys/class/block");
  for (guint i = 0; names[i] != NULL; i++)
    {
      g_autofree char *folder = g_str_has_prefix (names[i], "dm-") ? class_folder (names[i]) : NULL;
      g_autofree char *found = folder != NULL ? kt_read_in (root, folder, "dm/name") : NULL;
      if (g_strcmp0 (found, label) == 0)
        return g_strdup (names[i]);
    }
  return NULL;
}

char *
kt_block_name_of (KtSysroot *root, const char *source)
{
  if (source == NULL || !g_str_has_prefix (source, "/dev/"))
    return NULL;
  if (g_str_has_prefix (source, "/dev/mapper/"))
    return mapper_device (root, source + strlen ("/dev/mapper/"));
  return g_path_get_basename (source);
}

static gboolean
is_virtual (const char *transport)
{
  static const char *const names[] = { "virtio", "xen", "hyperv", "network", "scsi", NULL };
  return transport != NULL && g_strv_contains (names, transport);
}

/* Network volumes of the clouds that show themselves as NVMe or as a plain disk. */
static gboolean
is_network_volume (const char *model)
{
  static const char *const models[] = { "Amazon Elastic Block Store", "nvme_card-pd", "PersistentDisk",
                                        "MSFT NVMe Accelerator" };
  for (guint i = 0; model != NULL && i < G_N_ELEMENTS (models); i++)
    if (strstr (model, models[i]) != NULL)
      return TRUE;
  return FALSE;
}

typedef struct {
  KtStorageClass class;
  const char *because;
} Claim;

/* Rotational as the kernel says it; a virtual disk and a RAID controller say 1 whatever lies behind them. */
static Claim
claim_of (const KtBlockDevice *disk)
{
  if (g_str_equal (disk->kind, "ram"))
    return (Claim){ KT_STORAGE_MEMORY, "lies in memory" };
  if (is_network_volume (disk->model))
    return (Claim){ KT_STORAGE_SSD, "is a network volume" };
  if (g_strcmp0 (disk->transport, "nvme") == 0)
    return (Claim){ KT_STORAGE_NVME, "is NVMe" };
  if (g_strcmp0 (disk->transport, "mmc") == 0)
    return (Claim){ KT_STORAGE_HDD, "is a memory card, which writes at random no faster than a hard disk" };
  if (disk->rotational == 0)
    return (Claim){ KT_STORAGE_SSD, "does not rotate" };
  if (is_virtual (disk->transport))
    return (Claim){ KT_STORAGE_UNKNOWN, "is virtual or behind a controller, where the flag for rotating says nothing" };
  if (disk->rotational == 1)
    return (Claim){ KT_STORAGE_HDD, "rotates" };
  return (Claim){ KT_STORAGE_UNKNOWN, "does not say whether it rotates" };
}

static gboolean
is_bottom (const KtBlockDevice *device)
{
  return g_str_equal (device->kind, "disk") || g_str_equal (device->kind, "ram");
}

/* The slowest decides: a mirror of a hard disk and flash writes like the hard disk. An unknown one counts as slower
 * than flash. */
KtStorageClass
kt_block_class (const GPtrArray *devices, char **because)
{
  static const guint rank[] = {
    [KT_STORAGE_HDD] = 0,  [KT_STORAGE_UNKNOWN] = 1, [KT_STORAGE_SSD] = 2,
    [KT_STORAGE_NVME] = 3, [KT_STORAGE_MEMORY] = 4,
  };
  const KtBlockDevice *slowest = NULL;
  Claim claim = { KT_STORAGE_UNKNOWN, NULL };
  for (guint i = 0; i < devices->len; i++)
    {
      const KtBlockDevice *device = g_ptr_array_index (devices, i);
      if (!is_bottom (device))
        continue;
      Claim one = claim_of (device);
      if (slowest != NULL && rank[one.class] >= rank[claim.class])
        continue;
      slowest = device;
      claim = one;
    }
  *because = slowest != NULL ? g_strdup_printf ("%s %s", slowest->name, claim.because) : NULL;
  return claim.class;
}
