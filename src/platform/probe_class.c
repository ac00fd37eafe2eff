/* SPDX-License-Identifier: MIT
 *
 * What the figures of a probe say about the device. Reads decide: a controller's battery-backed cache or a drive
 * without power protection changes how fast a flush is, not how long a random read takes.
 *
 *   hard disk       5-10 ms a read (half a turn is 4.2 ms at 7,200 rpm, 2 ms at 15,000), 80-300 a second alone;
 *                   sixteen at once are sorted on their way and gain two- or threefold
 *   SATA flash      80-500 µs; the bus ends at 550 MB/s, some 67,000 reads of 8 kB
 *   network volume  0.3-1 ms; often held to a round figure (3,000 a second) however many are asked for at once
 *   NVMe            50-100 µs, and sixteen at once gain nearly sixteenfold
 */
#include "platform/probe.h"

#include <math.h>

#define HDD_MAX_READS_1 400.0       /* slower alone than this: something has to move */
#define SLOW_MAX_READS_1 1000.0     /* between the two: flash gains from sixteen at once, a hard disk does not */
#define HDD_MAX_READS_16 1000.0
#define NVME_MIN_READS_1 10000.0
#define NVME_MIN_READS_16 30000.0   /* below, the volume is held back and behaves like a network volume */
#define CACHE_MAX_LATENCY_US 15.0   /* no flash answers that fast: memory does */
#define MEMORY_MAX_FDATASYNC_US 15.0

KtStorageClass
kt_probe_classify (const KtProbe *probe)
{
  if (!(probe->read_iops_1 > 0) || !isfinite (probe->read_iops_1) || !isfinite (probe->read_iops_16))
    return KT_STORAGE_UNKNOWN;
  if (probe->read_latency_1_us < CACHE_MAX_LATENCY_US)
    return probe->fdatasync_us < MEMORY_MAX_FDATASYNC_US ? KT_STORAGE_MEMORY : KT_STORAGE_UNKNOWN;
  if (probe->read_iops_1 < HDD_MAX_READS_1)
    return KT_STORAGE_HDD;
  if (probe->read_iops_1 < SLOW_MAX_READS_1 && probe->read_iops_16 < HDD_MAX_READS_16)
    return KT_STORAGE_HDD;
  if (probe->read_iops_1 >= NVME_MIN_READS_1 && probe->read_iops_16 >= NVME_MIN_READS_16)
    return KT_STORAGE_NVME;
  return KT_STORAGE_SSD;
}

gboolean
kt_probe_was_disturbed (const KtProbe *probe)
{
  return probe->other_iops * 10 > probe->read_iops_1;
}

/* "13,600" whatever the locale is. */
static char *
grouped (double value)
{
  g_autofree char *digits = g_strdup_printf ("%.0f", CLAMP (value, 0, 1e12));
  GString *text = g_string_new (digits);
  for (gssize at = (gssize) text->len - 3; at > 0; at -= 3)
    g_string_insert_c (text, at, ',');
  return g_string_free (text, FALSE);
}

static char *
duration_text (double us)
{
  return us < 1000 ? g_strdup_printf ("%.0f µs", us) : g_strdup_printf ("%.1f ms", us / 1000);
}

/* A hard disk's flag beside flash-like reads: a controller's cache may have answered. Bridges to USB invent the
 * flag. */
static gboolean
is_suspicious (const KtVolume *volume)
{
  for (guint i = 0; volume->devices != NULL && i < volume->devices->len; i++)
    {
      const KtBlockDevice *device = g_ptr_array_index (volume->devices, i);
      if (device->rotational == 1 && g_strcmp0 (device->transport, "usb") == 0)
        return FALSE;
    }
  return volume->flags_class == KT_STORAGE_HDD && volume->probe->class != KT_STORAGE_HDD;
}

static char *
reason (const KtVolume *volume)
{
  const KtProbe *probe = volume->probe;
  g_autofree char *reads = grouped (probe->read_iops_1);
  g_autofree char *sync = duration_text (probe->fdatasync_us);
  g_autofree char *figures = g_strdup_printf ("%s reads/s at depth 1, %s fdatasync", reads, sync);
  if (probe->class == KT_STORAGE_UNKNOWN)
    return g_strdup_printf ("measured, but a cache answered (%s); by flags: %s", figures,
                            kt_storage_class_name (volume->flags_class));
  const char *doubt = is_suspicious (volume) ? "; the disk says that it rotates, so a cache may have answered" : "";
  g_autofree char *others = grouped (probe->other_iops);
  g_autofree char *busy = kt_probe_was_disturbed (probe)
    ? g_strdup_printf ("; others asked %s a second of it meanwhile, so alone it is faster", others) : g_strdup ("");
  return g_strdup_printf ("measured: %s%s%s", figures, busy, doubt);
}

/* ZFS keeps what was just written in a cache of its own and takes no hint to forget it: unless the probe went past that,
 * only reads as slow as a hard disk's have reached the device. */
static gboolean
own_cache_answered (const KtVolume *volume, const KtProbe *probe)
{
  return g_strcmp0 (volume->fs_type, "zfs") == 0 && !probe->direct && probe->class != KT_STORAGE_HDD;
}

void
kt_volume_take_probe (KtVolume *volume, KtProbe *probe)
{
  if (probe == NULL)
    return;
  g_clear_pointer (&volume->probe, kt_probe_free);
  volume->probe = probe;
  if (own_cache_answered (volume, probe))
    probe->class = KT_STORAGE_UNKNOWN;
  volume->class = probe->class != KT_STORAGE_UNKNOWN ? probe->class : volume->flags_class;
  g_free (volume->class_reason);
  volume->class_reason = reason (volume);
}
