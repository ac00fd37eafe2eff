/* SPDX-License-Identifier: MIT
 *
 * The background writer. A busy background writer writes pages that will be dirtied again: on a disk with
 * few writes to spend it took a quarter of the throughput (3,158 against 4,362 transactions/s at 3,000 I/Os per
 * second), on a fast one it spares the backends. So it follows the measured disk, and stays gentle where nothing is
 * measured.
 */
#include "tuning/rules.h"

#include <math.h>

#define FAST_READS 20000      /* 8 kB reads/s at depth 16 */
#define WRITER_SHARE 8        /* an eighth of what the disk can do */
#define FAST_DELAY_MS 50
#define PAGES_LEAST 100
#define PAGES_MOST 1000

static gboolean
disk_is_fast (const KtInputs *in, GString *because)
{
  if (!in->data.measured)
    {
      g_string_append (because, "the disk is not measured: a busy background writer hurts where writes are few");
      return FALSE;
    }
  g_string_append_printf (because, "measured: %.0f random reads/s at depth 16; ", in->data.reads_16);
  if (in->data.reads_16 >= FAST_READS)
    return TRUE;
  g_string_append (because, "on such a disk a busier background writer only writes pages that will be dirtied again");
  return FALSE;
}

gboolean
kt_rule_bgwriter_delay (const KtInputs *in, KtValue *out, GString *because)
{
  if (!disk_is_fast (in, because))
    return FALSE;
  kt_value_set_int (out, FAST_DELAY_MS);
  g_string_append (because, "small rounds often instead of large ones seldom");
  return TRUE;
}

gboolean
kt_rule_bgwriter_lru_maxpages (const KtInputs *in, KtValue *out, GString *because)
{
  if (!disk_is_fast (in, because))
    return FALSE;
  double pages = in->data.reads_16 / WRITER_SHARE * FAST_DELAY_MS / 1000.0;
  gint64 wanted = CLAMP ((gint64) pages / 50 * 50, PAGES_LEAST, PAGES_MOST);
  kt_value_set_int (out, wanted);
  g_string_append_printf (because, "%" G_GINT64_FORMAT
                                   " pages each 50 ms are %.0f MB/s, at most an eighth of what it can do",
                          wanted, (double) wanted * 8 / 1024 * 1000 / FAST_DELAY_MS);
  return TRUE;
}

gboolean
kt_rule_bgwriter_lru_multiplier (const KtInputs *in, KtValue *out, GString *because)
{
  if (!disk_is_fast (in, because))
    return FALSE;
  kt_value_set_real (out, kt_disk_choose (&in->data, 2, 3, 4));
  g_string_append (because, "clean ahead of demand, so that backends find clean pages");
  return TRUE;
}
