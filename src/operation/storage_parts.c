/* SPDX-License-Identifier: MIT */
#include "operation/storage_parts.h"

#include "base/error.h"
#include "storage/properties.h"

#define MACHINE "this machine" /* stands in the journal where no server has an identifier */

const char *
kt_storage_zfs_state (const KtPlatform *platform)
{
  const KtZfs *zfs = &platform->zfs;
  if (!zfs->tools)
    return zfs->module ? "the kernel has the ZFS module, but the tools are missing: apt install zfsutils-linux"
                       : "no ZFS on this machine: apt install zfsutils-linux zfs-dkms (Debian: from contrib)";
  if (!zfs->module)
    return platform->kernel.container ? "the ZFS tools are here, the module belongs to the container's host"
                                      : "the ZFS tools are here, but the kernel has no ZFS module: modprobe zfs, or apt install zfs-dkms";
  return zfs->pools->len == 0 ? "ZFS is ready, but there is no pool" : NULL;
}

gboolean
kt_storage_needs_zfs (const KtPlatform *platform, GError **error)
{
  const KtZfs *zfs = &platform->zfs;
  if (platform->kernel.container)
    kt_error_set (error, KT_ERROR_UNSUPPORTED, NULL, "run kastune on the container's host", "pools and datasets belong to the host of this container");
  else if (!zfs->tools || !zfs->module)
    kt_error_set (error, KT_ERROR_UNSUPPORTED, kt_storage_zfs_state (platform),
                  !zfs->tools ? "apt install zfsutils-linux" : "modprobe zfs, as root; where that fails: apt install zfs-dkms",
                  "ZFS cannot be used here");
  else
    return TRUE;
  return FALSE;
}

KtPlan *
kt_storage_plan_new (const KtFacts *facts, const char *title)
{
  if (facts->connection == NULL)
    return kt_plan_new (title, MACHINE, MACHINE);
  g_autofree char *id = kt_connection_server_id (facts->connection);
  g_autofree char *name = kt_connection_describe (facts->connection);
  return kt_plan_new (title, id, name);
}

gboolean
kt_storage_check_plan (KtOperationContext *context, const KtPlan *plan, GError **error)
{
  KtStepContext step_context = { .cancellable = context->cancellable };
  for (guint i = 0; i < plan->steps->len; i++)
    {
      const KtPlanStep *step = plan->steps->pdata[i];
      if (step->kind->check != NULL && !step->kind->check (&step_context, step->args, error))
        return FALSE;
    }
  return TRUE;
}

JsonObject *
kt_storage_wishes (JsonObject *args, GError **error)
{
  g_autoptr (JsonObject) wishes = json_object_new ();
  const char *compression = kt_json_string (args, "compression", NULL);
  gint64 record = kt_json_int (args, "recordsize", 0);
  g_autofree char *bytes = g_strdup_printf ("%" G_GINT64_FORMAT, record);
  if ((record > 0 && !kt_zfs_wish (wishes, "recordsize", bytes, error))
      || (compression != NULL && !kt_zfs_wish (wishes, "compression", compression, error)))
    return NULL;
  return g_steal_pointer (&wishes);
}
