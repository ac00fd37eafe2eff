/* SPDX-License-Identifier: MIT
 *
 * Queues of the disks below the data, options of the mounts. ZFS keeps its own queues and has no options of this kind.
 */
#include "tuning/advise_parts.h"

#include "base/size.h"

#include <string.h>

#define READ_AHEAD_HDD KT_MIB

/* Udev's words for this very device. Caller frees; NULL: it has but its name. */
static char *
match_of (const KtBlockDevice *device)
{
  const char *equals = device->identity != NULL ? strchr (device->identity, '=') : NULL;
  g_autofree char *attribute = equals != NULL ? g_strndup (device->identity, (gsize) (equals - device->identity)) : NULL;
  return equals != NULL ? kt_host_match (attribute, equals + 1) : NULL;
}

static void
set_queue (KtKernelRow *row, const KtBlockDevice *device, const char *file, const char *value)
{
  g_autofree char *name = g_strconcat (device->name, "/", file, NULL);
  g_autofree char *match = match_of (device);
  kt_host_row_set (row, KT_HOST_QUEUE, name, value, match);
}

static gboolean
offers (const KtBlockDevice *device, const char *scheduler)
{
  g_auto (GStrv) words = g_strsplit (device->schedulers != NULL ? device->schedulers : "", " ", -1);
  return device->schedulers == NULL || g_strv_contains ((const char *const *) words, scheduler);
}

/* NVMe and virtual disks order requests themselves. */
static void
advise_scheduler (KtAdvice *advice, const KtBlockDevice *device)
{
  static const char *const direct[] = { "nvme", "virtio", "xen", "hyperv", NULL };
  static const char *const ordered[] = { "sata", "sas", "scsi", "usb", NULL };
  const char *transport = device->transport != NULL ? device->transport : "";
  const char *wanted = g_strv_contains (direct, transport)    ? "none"
                       : g_strv_contains (ordered, transport) ? "mq-deadline"
                                                              : NULL;
  if (wanted == NULL || device->scheduler == NULL)
    return;
  KtKernelRow *row = kt_host_row_add (advice, "scheduler", device->name, "%s", !offers (device, wanted)
    ? "this kernel has no better one for it" : g_str_equal (wanted, "none")
    ? "the device or its host orders requests itself" : "bounds how long a flush waits behind reads");
  row->running = g_strdup (device->scheduler);
  if (!offers (device, wanted))
    return;
  row->wanted = g_strdup (wanted);
  row->verdict = g_str_equal (device->scheduler, wanted) ? KT_VERDICT_AS_WANTED : KT_VERDICT_CHANGE;
  set_queue (row, device, "scheduler", wanted);
}

/* Of the device that the file system lies on: what it reads ahead by counts, whatever those below it say. */
static void
advise_read_ahead (KtAdvice *advice, const KtBlockDevice *device)
{
  if (advice->in->data.class != KT_STORAGE_HDD || device->read_ahead < 0)
    return;
  KtKernelRow *row = kt_host_row_add (advice, "read-ahead", device->name, "slow storage: vacuum and index builds gain from reading far "
                                                                          "ahead; look-ups by key do not");
  row->running = kt_size_format (device->read_ahead);
  row->wanted = kt_size_format (READ_AHEAD_HDD);
  row->verdict = device->read_ahead >= READ_AHEAD_HDD ? KT_VERDICT_AS_WANTED : KT_VERDICT_CHANGE;
  set_queue (row, device, "read_ahead_kb", "1024");
}

static gboolean
has_queue (const KtBlockDevice *device)
{
  return g_strcmp0 (device->kind, "partition") != 0;
}

static void
advise_queues (KtAdvice *advice)
{
  const KtVolume *volume = kt_platform_volume (advice->in->platform, "data");
  if (volume == NULL || volume->devices == NULL || advice->in->data.zfs)
    return;
  for (guint i = 0; i < volume->devices->len; i++)
    if (g_strcmp0 (((KtBlockDevice *) volume->devices->pdata[i])->kind, "disk") == 0)
      advise_scheduler (advice, volume->devices->pdata[i]);
  /* The list goes down from the top: of a partition the next one is its disk. */
  guint top = 0;
  while (top < volume->devices->len && !has_queue (volume->devices->pdata[top]))
    top++;
  if (top < volume->devices->len)
    advise_read_ahead (advice, volume->devices->pdata[top]);
}

/* What is put into or taken out of the options of a mount. */
static const struct {
  const char *setting;     /* of the table in advise_host.c */
  const char *fs_types;    /* blanks between */
  const char *now;         /* is looked for among the options in force */
  gboolean wanted_now;     /* it is there: good; else it is there: bad */
  const char *add[2], *remove[5];
  const char *remount;     /* NULL: the next mount does it */
  gboolean trimmed;        /* only where fstrim.timer does it instead */
  const char *because;
} mount_rules[] = {
  { "barriers", "ext4 ext3 btrfs xfs", "nobarrier", FALSE, { NULL }, { "nobarrier", "barrier=0" }, "barrier", FALSE,
    "without them flushes do not reach the disk, and a power cut can destroy the cluster" },
  { "barriers", "ext4 ext3", "barrier=0", FALSE, { NULL }, { "nobarrier", "barrier=0" }, "barrier", FALSE,
    "without them flushes do not reach the disk, and a power cut can destroy the cluster" },
  { "journal_async_commit", "ext4", "journal_async_commit", FALSE, { NULL }, { "journal_async_commit" }, NULL, FALSE,
    "a commit of the file system's journal without waiting for its blocks can be replayed torn after a power cut" },
  { "data=journal", "ext4 ext3", "data=journal", FALSE, { NULL }, { "data=journal" }, NULL, FALSE,
    "every page is written twice, and PostgreSQL's own WAL makes that needless" },
  { "noatime", "ext4 ext3 xfs btrfs f2fs", "noatime", TRUE, { "noatime" }, { "relatime", "strictatime", "atime", "norelatime" }, "noatime",
    FALSE, "reading a file writes its access time, with relatime once a day; nobody asks for those of tables" },
  /* xfs takes the word in a remount, and does nothing. */
  { "discard", "xfs", "discard", FALSE, { NULL }, { "discard" }, NULL, TRUE,
    "each removed file is trimmed at once, which slows pruning and the recycling of WAL; ends with the next mount" },
  { "discard", "ext4 btrfs", "discard", FALSE, { NULL }, { "discard", "discard=async" }, "nodiscard", TRUE,
    "each removed file is trimmed at once, which slows pruning and the recycling of WAL" },
};

static void
advise_mount_option (KtAdvice *advice, const KtVolume *volume, guint rule)
{
  g_auto (GStrv) types = g_strsplit (mount_rules[rule].fs_types, " ", -1);
  g_auto (GStrv) options = g_strsplit (volume->options != NULL ? volume->options : "", ",", -1);
  gboolean there = g_strv_contains ((const char *const *) options, mount_rules[rule].now);
  if (!g_strv_contains ((const char *const *) types, volume->fs_type) || volume->options == NULL
      || (!there && !mount_rules[rule].wanted_now))
    return;
  gboolean untrimmed = mount_rules[rule].trimmed && !advice->in->platform->kernel.fstrim_timer;
  KtKernelRow *row = kt_host_row_add (advice, mount_rules[rule].setting, volume->mount_point, "%s%s", mount_rules[rule].because,
                                      untrimmed ? "; nothing else trims here, though: systemctl enable --now fstrim.timer first" : "");
  gboolean relatime = mount_rules[rule].wanted_now && g_strv_contains ((const char *const *) options, "relatime");
  row->running = g_strdup (there ? mount_rules[rule].now : relatime ? "relatime" : "without");
  if (untrimmed)
    return;
  row->wanted = g_strdup (mount_rules[rule].wanted_now ? mount_rules[rule].now : "without");
  row->verdict = KT_VERDICT_AS_WANTED;
  if (there != mount_rules[rule].wanted_now)
    kt_host_row_set_mount (row, kt_mount_change_new (volume->mount_point, mount_rules[rule].add, mount_rules[rule].remove,
                                                     mount_rules[rule].remount));
}

static gboolean
seen_before (const GPtrArray *volumes, guint n)
{
  for (guint i = 0; i < n; i++)
    if (g_strcmp0 (((KtVolume *) volumes->pdata[i])->mount_point, ((KtVolume *) volumes->pdata[n])->mount_point) == 0)
      return TRUE;
  return FALSE;
}

static void
advise_mounts (KtAdvice *advice)
{
  const GPtrArray *volumes = advice->in->platform->volumes;
  for (guint i = 0; volumes != NULL && i < volumes->len; i++)
    for (guint rule = 0; ((KtVolume *) volumes->pdata[i])->mount_point != NULL && !seen_before (volumes, i) && rule < G_N_ELEMENTS (mount_rules); rule++)
      advise_mount_option (advice, volumes->pdata[i], rule);
}

void
kt_advise_disks (KtAdvice *advice)
{
  advise_queues (advice);
  advise_mounts (advice);
}
