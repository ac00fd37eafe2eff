/* SPDX-License-Identifier: MIT */
#include "base/size.h"
#include "made_root.h"
#include "platform/parts.h"

#define ROOT "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
#define DISK(name, number, link) \
  { "/sys/dev/block/" number, "-> ../../devices/" link "/block/" name }, { "/sys/class/block/" name "/dev", number }, \
    { "/sys/class/block/" name "/size", "2097152" }, { "/sys/class/block/" name "/slaves", NULL }

static KtVolume *
load (const MadeFile *files, const char *path)
{
  g_auto (MadeRoot) made = made_root_new (files);
  g_autoptr (GPtrArray) notes = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (KtMounts) mounts = kt_mounts_load (made.root, notes);
  g_autoptr (GHashTable) pools = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GPtrArray) loaded = g_ptr_array_new ();
  return kt_volume_load (made.root, mounts, pools, &(KtPlatformPath){ "data", path }, loaded, notes);
}

/* "name:kind" of all devices, indented by their depth. */
static void
assert_stack (const KtVolume *volume, const char *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < volume->devices->len; i++)
    {
      const KtBlockDevice *device = g_ptr_array_index (volume->devices, i);
      g_string_append_printf (text, "%s%u %s:%s", i > 0 ? ", " : "", device->depth, device->name, device->kind);
    }
  g_assert_cmpstr (text->str, ==, expected);
}

#define SATA "pci0/ata1/host0/target0:0:0/0:0:0:0"
#define SDA DISK ("sda", "8:0", SATA), { "/sys/class/block/sda/queue/rotational", "1" }

static void
test_loop (void)
{
  const MadeFile files[] = {
    SDA, { "/sys/dev/block/8:1", "-> ../../devices/" SATA "/block/sda/sda1" },
    { "/sys/class/block/sda1/partition", "1" },
    DISK ("loop3", "7:3", "virtual"), { "/sys/class/block/loop3/loop/backing_file", "/images/pg.img" },
    { "/sys/class/block/loop3/queue/rotational", "0" },
    { "/proc/self/mountinfo", ROOT "21 20 7:3 / /mnt/pg rw - xfs /dev/loop3 rw\n" }, { NULL, NULL },
  };
  KtVolume *volume = load (files, "/mnt/pg/15");
  assert_stack (volume, "0 loop3:loop, 1 sda1:partition, 2 sda:disk");
  g_assert_cmpint (volume->flags_class, ==, KT_STORAGE_HDD);
  kt_volume_free (volume);
}

/* An image that lies on the file system it holds. */
static void
test_loop_circle (void)
{
  const MadeFile files[] = {
    DISK ("loop3", "7:3", "virtual"), { "/sys/class/block/loop3/loop/backing_file", "/mnt/pg/pg.img" },
    { "/proc/self/mountinfo", "21 20 7:3 / /mnt/pg rw - xfs /dev/loop3 rw\n" }, { NULL, NULL },
  };
  KtVolume *volume = load (files, "/mnt/pg/15");
  g_assert_cmpuint (volume->devices->len, >, 1);
  g_assert_cmpuint (volume->devices->len, <, 100);
  kt_volume_free (volume);
}

static void
test_bcache (void)
{
  const MadeFile files[] = {
    SDA, DISK ("nvme0n1", "259:0", "pci0/nvme/nvme0"), DISK ("bcache0", "252:0", "virtual"),
    { "/sys/class/block/bcache0/bcache", NULL },
    { "/sys/class/block/bcache0/slaves/sda", NULL }, { "/sys/class/block/bcache0/slaves/nvme0n1", NULL },
    { "/proc/self/mountinfo", "20 1 252:0 / / rw - ext4 /dev/bcache0 rw\n" }, { NULL, NULL },
  };
  KtVolume *volume = load (files, "/x");
  assert_stack (volume, "0 bcache0:bcache, 1 nvme0n1:disk, 1 sda:disk");
  g_assert_cmpint (volume->flags_class, ==, KT_STORAGE_HDD);
  kt_volume_free (volume);
}

static void
test_transports (void)
{
  static const struct {
    const char *link, *transport;
    KtStorageClass rotating, still;
  } rows[] = {
    { "pci0/ata1/host0/target0:0:0/0:0:0:0", "sata", KT_STORAGE_HDD, KT_STORAGE_SSD },
    { "pci0/host0/port-0:0/end_device-0:0/target0:0:0/0:0:0:0", "sas", KT_STORAGE_HDD, KT_STORAGE_SSD },
    { "pci0/host0/target0:2:0/0:2:0:0", "scsi", KT_STORAGE_UNKNOWN, KT_STORAGE_SSD },
    { "pci0/usb2/2-1/2-1:1.0/host0/target0:0:0/0:0:0:0", "usb", KT_STORAGE_HDD, KT_STORAGE_SSD },
    { "pci0/virtio2/host0/target0:0:0/0:0:0:0", "virtio", KT_STORAGE_UNKNOWN, KT_STORAGE_SSD },
    { "platform/host3/session1/target3:0:0/3:0:0:1", "iscsi", KT_STORAGE_HDD, KT_STORAGE_SSD },
    { "vbd-51712", "xen", KT_STORAGE_UNKNOWN, KT_STORAGE_SSD },
    { "virtual", NULL, KT_STORAGE_HDD, KT_STORAGE_SSD },
    { "pci0/nvme/nvme0", "nvme", KT_STORAGE_NVME, KT_STORAGE_NVME },
    { "platform/mmc_host/mmc0/mmc0:1", "mmc", KT_STORAGE_HDD, KT_STORAGE_HDD },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    for (guint rotational = 0; rotational < 2; rotational++)
      {
        g_autofree char *link = g_strdup_printf ("-> ../../devices/%s/block/sdq", rows[i].link);
        const MadeFile files[] = {
          { "/sys/dev/block/8:1", link }, { "/sys/class/block/sdq/queue/rotational", rotational ? "1" : "0" },
          { "/proc/self/mountinfo", ROOT }, { NULL, NULL },
        };
        KtVolume *volume = load (files, "/x");
        const KtBlockDevice *disk = g_ptr_array_index (volume->devices, 0);
        g_assert_cmpstr (disk->transport, ==, rows[i].transport);
        g_assert_cmpint (volume->flags_class, ==, rotational ? rows[i].rotating : rows[i].still);
        kt_volume_free (volume);
      }
}

static void
test_attributes (void)
{
  const MadeFile files[] = {
    DISK ("nvme0n1", "259:0", "pci0/nvme/nvme0"), { "/sys/class/block/nvme0n1/queue/scheduler", "[none] mq-deadline" },
    { "/sys/class/block/nvme0n1/queue/read_ahead_kb", "128" },
    { "/sys/class/block/nvme0n1/queue/write_cache", "write through" },
    { "/sys/class/block/nvme0n1/queue/discard_max_bytes", "2199023255040" },
    { "/sys/class/block/nvme0n1/device/model", "Amazon Elastic Block Store   " },
    { "/sys/class/block/nvme0n1/device/transport", "tcp" },
    { "/proc/self/mountinfo", "20 1 259:0 / / rw - ext4 /dev/root rw\n" }, { NULL, NULL },
  };
  KtVolume *volume = load (files, "/x");
  const KtBlockDevice *disk = g_ptr_array_index (volume->devices, 0);
  g_assert_cmpstr (disk->scheduler, ==, "none");
  g_assert_cmpint (disk->read_ahead, ==, 128 * KT_KIB);
  g_assert_cmpstr (disk->write_cache, ==, "write through");
  g_assert_true (disk->discard);
  g_assert_cmpint (disk->size, ==, KT_GIB);
  g_assert_cmpint (disk->rotational, ==, -1);
  g_assert_cmpstr (disk->model, ==, "Amazon Elastic Block Store");
  g_assert_cmpstr (disk->transport, ==, "nvme-tcp");
  g_assert_cmpint (volume->flags_class, ==, KT_STORAGE_SSD);
  kt_volume_free (volume);
}

static void
test_mapper_by_name (void)
{
  const MadeFile files[] = {
    SDA, DISK ("dm-0", "253:0", "virtual"), DISK ("dm-4", "253:4", "virtual"),
    { "/sys/class/block/dm-0/dm/name", "vg-root" },
    { "/sys/class/block/dm-4/dm/name", "vg-pg" }, { "/sys/class/block/dm-4/dm/uuid", "CRYPT-PLAIN-vg-pg" },
    { "/sys/class/block/dm-4/slaves/sda", NULL },
    { "/proc/self/mountinfo", "20 1 0:33 / / rw - btrfs /dev/mapper/vg-pg rw\n" }, { NULL, NULL },
  };
  KtVolume *volume = load (files, "/x");
  assert_stack (volume, "0 dm-4:crypt, 1 sda:disk");
  g_assert_true (volume->copy_on_write);
  kt_volume_free (volume);
}

static void
test_file_systems (void)
{
  static const struct {
    const char *mount;
    gboolean network;
    KtStorageClass class;
  } rows[] = {
    { "20 1 0:50 / / rw - nfs4 server:/export rw\n", TRUE, KT_STORAGE_UNKNOWN },
    { "20 1 0:50 / / rw - fuse.sshfs me@host:/ rw\n", TRUE, KT_STORAGE_UNKNOWN },
    { "20 1 0:50 / / rw - cifs //server/share rw\n", TRUE, KT_STORAGE_UNKNOWN },
    { "20 1 0:50 / / rw - overlay overlay rw\n", FALSE, KT_STORAGE_UNKNOWN },
    { "20 1 0:50 / / rw - tmpfs none rw\n", FALSE, KT_STORAGE_MEMORY },
    { "20 1 8:77 / / rw - ext4 /dev/gone rw\n", FALSE, KT_STORAGE_UNKNOWN },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const MadeFile files[] = { { "/proc/self/mountinfo", rows[i].mount }, { NULL, NULL } };
      KtVolume *volume = load (files, "/x");
      g_assert_cmpint (volume->network, ==, rows[i].network);
      g_assert_cmpint (volume->class, ==, rows[i].class);
      g_assert_cmpuint (volume->devices->len, ==, 0);
      g_assert_cmpint (volume->size, ==, -1);
      kt_volume_free (volume);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/platform/block/loop-goes-on-below-its-file", test_loop);
  g_test_add_func ("/platform/block/loop-on-itself-ends", test_loop_circle);
  g_test_add_func ("/platform/block/bcache-is-as-slow-as-its-disk", test_bcache);
  g_test_add_func ("/platform/block/transport-and-what-flags-claim", test_transports);
  g_test_add_func ("/platform/block/attributes", test_attributes);
  g_test_add_func ("/platform/block/device-mapper-by-name", test_mapper_by_name);
  g_test_add_func ("/platform/volume/file-systems-without-disks", test_file_systems);
  return g_test_run ();
}
