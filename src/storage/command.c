/* SPDX-License-Identifier: MIT */
#include "storage/command.h"

#include "base/error.h"
#include "base/run.h"

#include <string.h>

#define ASK_MS (30 * 1000)
#define CHANGE_MS (600 * 1000)
#define LONGEST_NAME 255

/* What the programs say, and what that means. @said: a part of the first line. */
static const struct {
  const char *said;
  KtErrorCode code;
  const char *sentence, *hint;
} sayings[] = {
  { "modules are not loaded", KT_ERROR_UNSUPPORTED, "the ZFS tools are here, but the kernel has no ZFS module",
    "modprobe zfs, as root; where that fails: apt install zfs-dkms" },
  { "modules cannot be auto-loaded", KT_ERROR_UNSUPPORTED, "the ZFS tools are here, but the kernel has no ZFS module",
    "modprobe zfs, as root; where that fails: apt install zfs-dkms" },
  { "must be run as root", KT_ERROR_PRIVILEGE, "only root may do this with ZFS", "run it as root" },
  { "ermission denied", KT_ERROR_PRIVILEGE, "only root may do this with ZFS", "run it as root" },
  { "out of space", KT_ERROR_NO_SPACE, "the pool is full", "zfs list -o space says what takes it: old snapshots first" },
  { "No space left", KT_ERROR_NO_SPACE, "the pool is full", "zfs list -o space says what takes it: old snapshots first" },
  { "must be upgraded", KT_ERROR_UNSUPPORTED, "the pool is of an older version that does not have this",
    "zpool upgrade POOL; older systems cannot import it afterwards" },
  { "is busy", KT_ERROR_REFUSED, "it is in use", "fuser -vm MOUNTPOINT says by whom; end that, then try again" },
  { "read-only", KT_ERROR_REFUSED, "the pool is read-only", "zpool get readonly; zpool export and zpool import it without readonly=on" },
  { "suspended", KT_ERROR_REFUSED, "the pool has lost its devices and waits", "zpool status; bring them back, then zpool clear" },
};

/* Takes @why. */
static void
explain_start (const char *program, GError *why, GError **error)
{
  if (!g_error_matches (why, KT_ERROR, KT_ERROR_NOT_FOUND))
    {
      g_propagate_error (error, why);
      return;
    }
  g_error_free (why);
  kt_error_set (error, KT_ERROR_UNSUPPORTED, NULL, "apt install zfsutils-linux", "there are no ZFS tools on this machine (%s)", program);
}

static void
explain_failure (const char *const *argv, const KtRunResult *result, GError **error)
{
  g_autofree char *first = g_strndup (result->diagnosis, strcspn (result->diagnosis, "\n"));
  for (guint i = 0; i < G_N_ELEMENTS (sayings); i++)
    if (strstr (first, sayings[i].said) != NULL)
      {
        kt_error_set (error, sayings[i].code, first, sayings[i].hint, "%s", sayings[i].sentence);
        return;
      }
  if (strstr (first, "does not exist") != NULL || strstr (first, "no such pool") != NULL)
    kt_error_set (error, KT_ERROR_NOT_FOUND, first, "zfs list shows what is there", "ZFS does not know %s",
                  argv[g_strv_length ((char **) argv) - 1]);
  else
    kt_error_set (error, KT_ERROR_PROGRAM, first, NULL, "%s %s failed (%d)", argv[0], argv[1], result->status);
}

static char *
run (const char *const *argv, guint deadline_ms, GCancellable *cancellable, GError **error)
{
  g_auto (KtRunResult) result = { 0 };
  g_autoptr (GError) local = NULL;
  const KtRun program = { .argv = argv, .any_status = TRUE, .deadline_ms = deadline_ms, .max_output = 16 << 20 };
  if (!kt_run (&program, &result, cancellable, &local))
    {
      explain_start (argv[0], g_steal_pointer (&local), error);
      return NULL;
    }
  if (result.status == 0)
    return g_steal_pointer (&result.output);
  explain_failure (argv, &result, error);
  return NULL;
}

char *
kt_zfs_ask (const char *const *argv, GCancellable *cancellable, GError **error)
{
  return run (argv, ASK_MS, cancellable, error);
}

gboolean
kt_zfs_command (const char *const *argv, GError **error)
{
  g_autofree char *output = run (argv, CHANGE_MS, NULL, error);
  return output != NULL;
}

/* Each part: letters, digits and _-:. with neither "." nor ".."; blanks are left to others, as scripts trip over them. */
static gboolean
is_part (const char *part)
{
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-:.";
  return *part != '\0' && part[strspn (part, letters)] == '\0' && !g_str_equal (part, ".") && !g_str_equal (part, "..");
}

gboolean
kt_zfs_name_check (const char *name, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (name, "/", -1);
  gboolean fine = g_ascii_isalpha (*name) && strlen (name) <= LONGEST_NAME;
  for (guint i = 0; parts[i] != NULL; i++)
    fine = fine && is_part (parts[i]);
  if (!fine)
    kt_error_set (error, KT_ERROR_USAGE, NULL, "POOL/NAME, of letters, digits and _ - : . as in tank/kaspa",
                  "“%s” is no name of a dataset", name);
  return fine;
}

char *
kt_zfs_pool_of (const char *dataset)
{
  return g_strndup (dataset, strcspn (dataset, "/"));
}

char *
kt_zfs_parent_of (const char *dataset)
{
  const char *slash = strrchr (dataset, '/');
  return slash != NULL ? g_strndup (dataset, (gsize) (slash - dataset)) : NULL;
}
