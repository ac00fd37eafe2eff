/* SPDX-License-Identifier: MIT
 *
 * Figures of the probe between runs: in the state database of this machine, and in the machine.ini of a recording.
 */
#include "platform/probe.h"

#include <math.h>
#include <stddef.h>

#define MAX_AGE_S (30 * 24 * 3600)
#define MAX_AGE_DISTURBED_S (24 * 3600)

static const char *const steps[] = {
  "CREATE TABLE probe (device TEXT NOT NULL, mount_point TEXT NOT NULL, taken_at INTEGER NOT NULL, "
  "bytes INTEGER NOT NULL, elapsed_ms INTEGER NOT NULL, direct INTEGER NOT NULL, read_iops_1 REAL, "
  "read_latency_1_us REAL, read_iops_16 REAL, read_latency_16_us REAL, write_mb_s REAL, fdatasync_us REAL, "
  "PRIMARY KEY (device, mount_point)) WITHOUT ROWID",
  "ALTER TABLE probe ADD COLUMN other_iops REAL NOT NULL DEFAULT 0",
  NULL,
};

static const struct {
  const char *key;
  gsize offset;
} figures[] = {
  { "read_iops_1", offsetof (KtProbe, read_iops_1) },
  { "read_latency_1_us", offsetof (KtProbe, read_latency_1_us) },
  { "read_iops_16", offsetof (KtProbe, read_iops_16) },
  { "read_latency_16_us", offsetof (KtProbe, read_latency_16_us) },
  { "write_mb_s", offsetof (KtProbe, write_mb_s) },
  { "fdatasync_us", offsetof (KtProbe, fdatasync_us) },
  { "other_iops", offsetof (KtProbe, other_iops) },
};

void
kt_probe_free (KtProbe *probe)
{
  g_free (probe);
}

static gboolean
has_key (const KtVolume *volume)
{
  return volume->source != NULL && volume->mount_point != NULL;
}

KtProbe *
kt_probe_load (KtState *state, const KtVolume *volume)
{
  if (!has_key (volume) || !kt_state_migrate (state, "platform", steps, NULL))
    return NULL;
  g_autoptr (sqlite3_stmt) rows = kt_state_prepare (
    state, NULL, "SELECT taken_at, bytes, elapsed_ms, direct, read_iops_1, read_latency_1_us, read_iops_16, "
                 "read_latency_16_us, write_mb_s, fdatasync_us, other_iops FROM probe WHERE device = ? AND mount_point = ?",
    "ss", volume->source, volume->mount_point);
  gboolean row = FALSE;
  if (rows == NULL || !kt_state_step (state, rows, &row, NULL) || !row)
    return NULL;
  g_autoptr (KtProbe) probe = g_new0 (KtProbe, 1);
  probe->taken_at = sqlite3_column_int64 (rows, 0);
  probe->bytes = sqlite3_column_int64 (rows, 1);
  probe->elapsed_ms = sqlite3_column_int64 (rows, 2);
  probe->direct = sqlite3_column_int (rows, 3) != 0;
  for (guint i = 0; i < G_N_ELEMENTS (figures); i++)
    *(double *) G_STRUCT_MEMBER_P (probe, figures[i].offset) = sqlite3_column_double (rows, 4 + (int) i);
  probe->class = kt_probe_classify (probe);
  gint64 age = g_get_real_time () / G_USEC_PER_SEC - probe->taken_at;
  gint64 most = kt_probe_was_disturbed (probe) ? MAX_AGE_DISTURBED_S : MAX_AGE_S;
  return age >= 0 && age <= most ? g_steal_pointer (&probe) : NULL;
}

gboolean
kt_probe_save (KtState *state, const KtVolume *volume, const KtProbe *probe, GError **error)
{
  /* Without a mount there is nothing to find it by again. */
  if (!has_key (volume))
    return TRUE;
  return kt_state_migrate (state, "platform", steps, error)
         && kt_state_run (state, error, "INSERT OR REPLACE INTO probe VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                          "ssiiiiddddddd", volume->source, volume->mount_point, probe->taken_at, probe->bytes,
                          probe->elapsed_ms, (gint64) probe->direct, probe->read_iops_1, probe->read_latency_1_us,
                          probe->read_iops_16, probe->read_latency_16_us, probe->write_mb_s, probe->fdatasync_us,
                          probe->other_iops);
}

KtProbe *
kt_probe_from_key_file (GKeyFile *file, const char *group)
{
  g_autoptr (KtProbe) probe = g_new0 (KtProbe, 1);
  for (guint i = 0; i < G_N_ELEMENTS (figures); i++)
    {
      double value = g_key_file_get_double (file, group, figures[i].key, NULL);
      if (!isfinite (value) || value < 0)
        return NULL;
      *(double *) G_STRUCT_MEMBER_P (probe, figures[i].offset) = value;
    }
  probe->direct = g_key_file_get_boolean (file, group, "direct", NULL);
  probe->bytes = g_key_file_get_int64 (file, group, "bytes", NULL);
  probe->elapsed_ms = g_key_file_get_int64 (file, group, "elapsed_ms", NULL);
  probe->taken_at = g_key_file_get_int64 (file, group, "taken_at", NULL);
  probe->class = kt_probe_classify (probe);
  return probe->read_iops_1 > 0 ? g_steal_pointer (&probe) : NULL;
}

void
kt_probe_to_key_file (const KtProbe *probe, GKeyFile *file, const char *group)
{
  for (guint i = 0; i < G_N_ELEMENTS (figures); i++)
    g_key_file_set_double (file, group, figures[i].key, *(const double *) G_STRUCT_MEMBER_P (probe, figures[i].offset));
  g_key_file_set_boolean (file, group, "direct", probe->direct);
  g_key_file_set_int64 (file, group, "bytes", probe->bytes);
  g_key_file_set_int64 (file, group, "elapsed_ms", probe->elapsed_ms);
  g_key_file_set_int64 (file, group, "taken_at", probe->taken_at);
}
