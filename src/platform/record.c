/* SPDX-License-Identifier: MIT */
#include "platform/parts.h"
#include "platform/probe.h"

static void
note_probes (KtSysroot *root, const KtPlatform *measured)
{
  for (guint i = 0; measured != NULL && i < measured->volumes->len; i++)
    {
      const KtVolume *volume = g_ptr_array_index (measured->volumes, i);
      if (volume->probe == NULL || volume->mount_point == NULL)
        continue;
      g_autofree char *group = kt_fact_probe_group (volume->mount_point);
      kt_probe_to_key_file (volume->probe, kt_sysroot_machine (root), group);
    }
}

/* So that what is given back is what the recording will say. */
static void
share_probes (const KtPlatform *measured, KtPlatform *platform)
{
  for (guint i = 0; measured != NULL && i < platform->volumes->len; i++)
    {
      KtVolume *volume = g_ptr_array_index (platform->volumes, i);
      for (guint k = 0; k < measured->volumes->len; k++)
        {
          const KtVolume *other = g_ptr_array_index (measured->volumes, k);
          if (other->probe != NULL && g_strcmp0 (other->mount_point, volume->mount_point) == 0)
            kt_volume_take_probe (volume, g_memdup2 (other->probe, sizeof *other->probe));
        }
    }
}

KtPlatform *
kt_platform_record (const char *directory, const KtPlatformPath *paths, gint64 server_pid, const KtPlatform *measured,
                    GError **error)
{
  g_autoptr (KtSysroot) root = kt_sysroot_open (NULL, error);
  if (root == NULL || !kt_sysroot_start_recording (root, directory, error))
    return NULL;
  kt_fact_note_paths (root, paths);
  note_probes (root, measured);
  g_autoptr (KtPlatform) platform = kt_platform_load (root, paths, server_pid, error);
  if (platform == NULL || !kt_sysroot_finish_recording (root, error))
    return NULL;
  share_probes (measured, platform);
  return g_steal_pointer (&platform);
}
