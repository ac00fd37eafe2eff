/* SPDX-License-Identifier: MIT
 *
 * What a person should know of the machine before looking at settings: the kind of storage, how it is mounted, and how
 * full it is.
 */
#include "tuning/advise_parts.h"

#include "base/size.h"

#define LITTLE_SPACE 20      /* percent */
#define VERY_LITTLE_SPACE 10
#define MUCH_SPACE (512 * KT_GIB) /* enough, whatever share of the volume it is */
#define FEW_INODES 1         /* percent */

static const struct {
  const char *option;
  KtSeverity severity;
  const char *sentence, *remedy;
} mount_options[] = {
  { "nobarrier", KT_SEVERITY_WARNING, "flushes do not reach the disk, so a power cut can destroy the cluster",
    "mount it without nobarrier" },
  { "barrier=0", KT_SEVERITY_WARNING, "flushes do not reach the disk, so a power cut can destroy the cluster",
    "mount it without barrier=0" },
  { "soft", KT_SEVERITY_WARNING, "a file server that answers late looks like a failed write, which stops PostgreSQL",
    "mount it with hard" },
  { "data=journal", KT_SEVERITY_NOTE, "every page is written twice, and PostgreSQL's own WAL makes that needless",
    "mount it with data=ordered" },
  { "discard", KT_SEVERITY_NOTE, "each removed file is trimmed at once, which slows pruning and the recycling of WAL",
    "mount it without discard, and enable fstrim.timer" },
  { "strictatime", KT_SEVERITY_NOTE, "each read of a file writes its access time", "mount it with noatime" },
};

static void
find_mount_options (KtAdvice *advice, const KtVolume *volume)
{
  g_auto (GStrv) options = g_strsplit (volume->options != NULL ? volume->options : "", ",", -1);
  for (gsize i = 0; i < G_N_ELEMENTS (mount_options); i++)
    if (g_strv_contains ((const char *const *) options, mount_options[i].option))
      kt_findings_add (advice->findings, mount_options[i].severity, NULL, mount_options[i].remedy,
                       "%s is mounted with %s: %s", volume->mount_point, mount_options[i].option, mount_options[i].sentence);
}

static void
find_little_room (GPtrArray *findings, const KtVolume *volume)
{
  gint64 few = MIN (volume->size / 100 * LITTLE_SPACE, MUCH_SPACE);
  if (volume->inodes > 0 && volume->inodes_free >= 0 && volume->inodes_free < volume->inodes / 100 * FEW_INODES)
    kt_findings_add (findings, KT_SEVERITY_WARNING, NULL, "remove files nobody needs",
                     "%s has hardly any inodes left: no new file can be made, however much space is free",
                     volume->mount_point);
  if (volume->size <= 0 || volume->available < 0 || volume->available >= few)
    return;
  g_autofree char *available = kt_size_format (volume->available);
  g_autofree char *size = kt_size_format (volume->size);
  gboolean very = volume->available < volume->size / 100 * VERY_LITTLE_SPACE;
  kt_findings_add (findings, very ? KT_SEVERITY_WARNING : KT_SEVERITY_NOTE, NULL,
                   "make room, prune, or move to a larger volume",
                   "%s of %s are free on %s; PostgreSQL stops when it is full, and an indexer's tables grow every day",
                   available, size, volume->mount_point);
}

static void
find_copy_on_write (KtAdvice *advice, const KtVolume *volume)
{
  g_auto (GStrv) options = g_strsplit (volume->options != NULL ? volume->options : "", ",", -1);
  gboolean in_place = g_strv_contains ((const char *const *) options, "nodatacow");
  kt_findings_add (advice->findings, KT_SEVERITY_NOTE, NULL,
                   in_place ? "let PostgreSQL check its pages instead: pg_checksums --enable"
                            : "ext4 or xfs; or chattr +C on the empty folder before initdb, which gives up its checksums",
                   in_place ? "%s is btrfs with nodatacow: pages are written in place, without its checksums and compression"
                            : "%s is btrfs, which writes every changed page elsewhere: tables with random keys fragment",
                   volume->mount_point);
}

/* One of the devices below is of that kind; NULL: none. */
static const KtBlockDevice *
find_kind (const KtVolume *volume, const char *kind)
{
  for (guint i = 0; volume->devices != NULL && i < volume->devices->len; i++)
    if (g_strcmp0 (((KtBlockDevice *) volume->devices->pdata[i])->kind, kind) == 0)
      return volume->devices->pdata[i];
  return NULL;
}

/* What lies between the file system and the disks. */
static void
find_costly_devices (KtAdvice *advice, const KtVolume *volume)
{
  static const struct {
    const char *kind, *cost;
  } parities[] = {
    { "raid4", "2 reads and 2 writes" }, { "raid5", "2 reads and 2 writes" }, { "raid6", "3 reads and 3 writes" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (parities); i++)
    {
      const KtBlockDevice *array = find_kind (volume, parities[i].kind);
      if (array != NULL)
        kt_findings_add (advice->findings, KT_SEVERITY_WARNING, NULL, "RAID 1 or 10 for a database; keep parity for backups",
                         "%s lies on %s (%s): each page written at random costs %s, and a power cut between them can damage other "
                         "pages of the stripe", volume->mount_point, parities[i].kind, array->name, parities[i].cost);
    }
  const KtBlockDevice *crypt = find_kind (volume, "crypt");
  if (crypt != NULL && !advice->in->platform->cpu.aes)
    kt_findings_add (advice->findings, KT_SEVERITY_WARNING, NULL,
                     "cryptsetup benchmark says how much; Adiantum (xchacha20) is meant for such CPUs, and needs the volume made anew",
                     "%s is encrypted (%s) and this CPU has no AES instructions: every page read or written costs CPU time",
                     volume->mount_point, crypt->label != NULL ? crypt->label : crypt->name);
}

static void
find_unfit_file_system (KtAdvice *advice, const KtVolume *volume)
{
  gboolean wal = g_strcmp0 (volume->role, "wal") == 0;
  gboolean data = g_strcmp0 (volume->role, "data") == 0;
  if (g_strcmp0 (volume->fs_type, "overlay") == 0)
    kt_findings_add (advice->findings, KT_SEVERITY_WARNING, NULL,
                     advice->in->container ? "give the data directory a volume" : "move the data directory to a file system of its own",
                     advice->in->container ? "%s lies in the container's own layer (overlay): it is gone when the container is removed"
                                           : "%s lies on overlay: the first write to a file copies all of it, and layers may be gone after "
                                             "a restart", volume->path);
  if (g_strcmp0 (volume->fs_type, "btrfs") == 0)
    find_copy_on_write (advice, volume);
  /* Of the data themselves find_about_storage tells. */
  if (!data && volume->network)
    kt_findings_add (advice->findings, KT_SEVERITY_WARNING, NULL, "prefer a local disk",
                     "%s lies on a network file system: %s", volume->path,
                     wal ? "each commit waits for a server elsewhere" : "flushes depend on a server elsewhere");
  if (!data && volume->class == KT_STORAGE_MEMORY)
    kt_findings_add (advice->findings, KT_SEVERITY_WARNING, NULL, "move it to a disk",
                     "%s lies in memory: after a restart of the machine it is gone, and %s", volume->path,
                     wal ? "the cluster cannot start without it" : "so is what is in it");
}

/* Once for each file system, whichever roles lie on it. */
static gboolean
seen_before (const GPtrArray *volumes, guint n)
{
  const KtVolume *volume = volumes->pdata[n];
  for (guint i = 0; i < n; i++)
    if (g_strcmp0 (((KtVolume *) volumes->pdata[i])->mount_point, volume->mount_point) == 0)
      return TRUE;
  return FALSE;
}

void
kt_find_little_room (GPtrArray *findings, const KtPlatform *platform)
{
  for (guint i = 0; i < platform->volumes->len; i++)
    {
      const KtVolume *volume = platform->volumes->pdata[i];
      if (volume->mount_point != NULL && volume->zfs_dataset == NULL && !seen_before (platform->volumes, i))
        find_little_room (findings, volume);
    }
}

static void
find_about_volumes (KtAdvice *advice)
{
  const GPtrArray *volumes = advice->in->platform->volumes;
  for (guint i = 0; volumes != NULL && i < volumes->len; i++)
    {
      const KtVolume *volume = volumes->pdata[i];
      if (volume->mount_point == NULL || seen_before (volumes, i))
        continue;
      find_unfit_file_system (advice, volume);
      find_costly_devices (advice, volume);
      find_mount_options (advice, volume);
      find_little_room (advice->findings, volume);
    }
}

static void
find_about_storage (KtAdvice *advice)
{
  const KtInputs *in = advice->in;
  if (in->data.class == KT_STORAGE_MEMORY)
    kt_findings_add (advice->findings, KT_SEVERITY_WARNING, NULL, "move the data directory to a disk",
                     "the data lie in memory: they are gone after a restart of the machine");
  else if (in->data.network)
    kt_findings_add (advice->findings, KT_SEVERITY_WARNING, NULL, "prefer a local disk",
                     "the data lie on a network file system: flushes depend on a server elsewhere");
  else if (!in->data.measured && in->data.fdatasync_us > 0)
    kt_findings_add (advice->findings, KT_SEVERITY_NOTE, NULL, NULL,
                     "a cache answered when the storage was measured, so its kind is taken from its flags");
  else if (!in->data.measured && !in->platform->described)
    kt_findings_add (advice->findings, KT_SEVERITY_NOTE, NULL, "kastune host measures it, in 5 s at most",
                     "the storage is judged by its flags, not measured; virtual disks lie");
}

/* The OOM killer looks for the largest process, and shared_buffers count for each that has touched them. Strict
 * accounting (2) keeps it from being needed; a container's limit ends its processes whatever their score. */
static void
find_oom_victim (KtAdvice *advice)
{
  const KtPlatform *platform = advice->in->platform;
  const char *score = platform->server_oom_score_adj;
  if (score == NULL || g_ascii_strtoll (score, NULL, 10) < 0 || platform->kernel.overcommit_memory == 2)
    return;
  kt_findings_add (advice->findings, KT_SEVERITY_NOTE, NULL,
                   "in its systemd unit, as Debian's has it: OOMScoreAdjust=-900 and "
                   "Environment=PG_OOM_ADJUST_FILE=/proc/self/oom_score_adj (so that sessions are not spared); "
                   "without systemd: choom -n -900 -- pg_ctl start, with that variable set",
                   "nothing keeps the OOM killer from ending PostgreSQL's first process (oom_score_adj %s), and with it "
                   "every session", score);
}

void
kt_find_about_machine (KtAdvice *advice)
{
  const KtInputs *in = advice->in;
  find_about_storage (advice);
  find_about_volumes (advice);
  for (guint i = 0; in->platform->described && i < in->platform->notes->len; i++)
    kt_findings_add (advice->findings, KT_SEVERITY_NOTE, NULL, NULL, "%s", (const char *) in->platform->notes->pdata[i]);
  if (!in->container)
    find_oom_victim (advice);
  if (in->container)
    kt_findings_add (advice->findings, KT_SEVERITY_NOTE, NULL, "run kastune host on the host as well",
                     "inside a container the kernel cannot be tuned, and memory figures of the host do not apply");
  if (in->major > KT_MAJOR_LAST)
    kt_findings_add (advice->findings, KT_SEVERITY_NOTE, NULL, "try the settings on a copy first (kastune config try)",
                     "what kastune knows of PostgreSQL %d comes from its release notes; it was tried with %d to %d",
                     in->major, KT_MAJOR_FIRST, KT_MAJOR_LAST);
}
