/* SPDX-License-Identifier: MIT
 *
 * How many requests to keep in flight. Up to 17 effective_io_concurrency steers bitmap heap scans alone; from 18 on it
 * steers every read stream, and its developers chose 16 because more flooded slow volumes.
 */
#include "tuning/rules.h"

#define SLOW_READS 10000 /* 8 kB reads/s at depth 16 */

static gboolean
is_limited (const KtDisk *disk)
{
  return disk->measured && disk->reads_16 < SLOW_READS;
}

static void
say_disk (const KtInputs *in, GString *because)
{
  g_autofree char *disk = kt_disk_describe (&in->data);
  g_string_append_printf (because, "storage is %s", disk);
  if (is_limited (&in->data) && kt_disk_is_flash (&in->data))
    g_string_append_printf (because, " but gives only %.0f reads/s at depth 16, so fewer at once", in->data.reads_16);
}

static gboolean
is_unknown (const KtDisk *disk, GString *because)
{
  if (disk->class == KT_STORAGE_UNKNOWN)
    g_string_append (because, "the kind of storage is unknown, and too many requests flood a slow one");
  return disk->class == KT_STORAGE_UNKNOWN;
}

gboolean
kt_rule_effective_io_concurrency (const KtInputs *in, KtValue *out, GString *because)
{
  if (is_unknown (&in->data, because))
    return FALSE;
  gboolean streams = in->major >= 18;
  double wanted = streams ? kt_disk_choose (&in->data, 4, 32, 64) : kt_disk_choose (&in->data, 2, 128, 256);
  if (is_limited (&in->data))
    wanted = MIN (wanted, 16);
  kt_value_set_int (out, (gint64) wanted);
  say_disk (in, because);
  g_string_append (because,
                   streams ? "; from 18 on this steers all read streams" : "; up to 17 this steers bitmap scans only");
  return TRUE;
}

gboolean
kt_rule_maintenance_io_concurrency (const KtInputs *in, KtValue *out, GString *because)
{
  if (is_unknown (&in->data, because))
    return FALSE;
  double wanted = kt_disk_choose (&in->data, 10, 32, 64);
  if (is_limited (&in->data))
    wanted = MIN (wanted, 16);
  kt_value_set_int (out, (gint64) wanted);
  say_disk (in, because);
  g_string_append (because,
                   in->major >= 15 ? "; used by vacuum and by the prefetching of crash recovery" : "; used by vacuum");
  return TRUE;
}

gboolean
kt_rule_io_workers (const KtInputs *in, KtValue *out, GString *because)
{
  kt_value_set_int (out, CLAMP (in->cpus / 4, 3, 16));
  g_autofree char *cpus = kt_inputs_cpus (in);
  g_string_append_printf (because, "about a quarter of %s, at least the default of 3", cpus);
  return TRUE;
}

gboolean
kt_rule_io_max_workers (const KtInputs *in, KtValue *out, GString *because)
{
  kt_value_set_int (out, CLAMP (in->cpus / 4, 8, 16));
  g_autofree char *cpus = kt_inputs_cpus (in);
  g_string_append_printf (because, "the pool grows by itself up to about a quarter of %s", cpus);
  return TRUE;
}
