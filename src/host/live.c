/* SPDX-License-Identifier: MIT */
#include "host/live.h"

#include "base/crash.h"
#include "base/error.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/run.h"
#include "host/fstab.h"
#include "host/setting.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

gboolean
kt_live_may_write (const char *prefix, GError **error)
{
  if (*prefix != '\0' || geteuid () == 0)
    return TRUE;
  kt_error_set (error, KT_ERROR_PRIVILEGE, NULL, "run it as root, or by hand what kastune host advise prints",
                "settings of the machine can be changed by root alone");
  return FALSE;
}

gboolean
kt_live_read_file (const char *path, char **text, GError **error)
{
  g_autoptr (GError) local = NULL;
  gsize length = 0;
  *text = NULL;
  if (!kt_file_read (path, text, &length, &local))
    {
      if (g_error_matches (local, KT_ERROR, KT_ERROR_NOT_FOUND))
        return TRUE;
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  if (g_utf8_validate (*text, (gssize) length, NULL))
    return TRUE;
  g_clear_pointer (text, g_free);
  kt_error_set (error, KT_ERROR_REFUSED, "it is not UTF-8 text", "mend it, or do by hand what kastune host advise prints",
                "%s is left alone", path);
  return FALSE;
}

char *
kt_live_read (const char *path, GError **error)
{
  g_autofree char *text = NULL;
  return kt_file_read (path, &text, NULL, error) ? kt_host_active (text) : NULL;
}

gboolean
kt_live_offers (const char *path, const char *value)
{
  g_autofree char *text = NULL;
  if (!kt_file_read (path, &text, NULL, NULL) || strchr (text, '[') == NULL)
    return TRUE;
  g_strdelimit (text, "[]\n", ' ');
  g_auto (GStrv) words = g_strsplit (text, " ", -1);
  return g_strv_contains ((const char *const *) words, value);
}

/* In one piece, as the kernel wants it. */
gboolean
kt_live_write (const char *path, const char *value, GError **error)
{
  int fd = open (path, O_WRONLY | O_TRUNC | O_CLOEXEC);
  gboolean written = fd >= 0 && write (fd, value, strlen (value)) == (ssize_t) strlen (value);
  int saved_errno = errno;
  if (fd >= 0)
    close (fd);
  if (!written)
    kt_error_set_errno (error, saved_errno, NULL, "%s does not take %s", path, value);
  else
    kt_crash_point ("%s is %s", path, value);
  return written;
}

GStrv
kt_live_mount (const char *prefix, const char *target)
{
  g_autofree char *path = g_strconcat (prefix, "/proc/self/mountinfo", NULL);
  g_autofree char *text = NULL;
  if (!kt_file_read (path, &text, NULL, NULL))
    return NULL;
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (guint i = g_strv_length (lines); i > 0; i--)
    {
      g_auto (GStrv) words = g_strsplit (lines[i - 1], " ", -1);
      guint n = g_strv_length (words);
      g_autofree char *mounted = n > 9 ? kt_fstab_unescape (words[4]) : NULL;
      if (g_strcmp0 (mounted, target) != 0)
        continue;
      g_autofree char *all = g_strconcat (words[5], ",", words[n - 1], NULL);
      return g_strsplit (all, ",", -1);
    }
  return NULL;
}

gboolean
kt_live_remount (const char *target, const char *options, GCancellable *cancellable, GError **error)
{
  g_autofree char *words = g_strconcat ("remount,", options, NULL);
  /* Not those of fstab: somebody may have changed others there without wanting them now. */
  const char *argv[] = { "mount", "--options-source", "mtab", "--options-source-force", "-o", words, target, NULL };
  if (!kt_run (&(KtRun){ .argv = argv, .deadline_ms = 60000 }, NULL, cancellable, error))
    return FALSE;
  kt_crash_point ("%s remounted with %s", target, options);
  return TRUE;
}

/* "1 parse error, 0 errors, 2 warnings" of the end: the first two together; -1: it could not be asked. */
static int
count_faults (const char *folder, const char *text, char **words, GCancellable *cancellable, GError **error)
{
  g_autofree char *path = g_build_filename (folder, "fstab", NULL);
  g_auto (KtRunResult) result = { 0 };
  const char *argv[] = { "findmnt", "--verify", "--tab-file", path, NULL };
  /* A crash here leaves nothing that matters, so it is no point to be tried. */
  if (!g_file_set_contents (path, text, -1, error)
      || !kt_run (&(KtRun){ .argv = argv, .any_status = TRUE }, &result, cancellable, error))
    return -1;
  *words = g_strconcat (result.output, "\n", result.diagnosis, NULL);
  const char *last = strrchr (result.diagnosis, '\n');
  int parse = 0, other = 0;
  if (sscanf (last != NULL ? last + 1 : result.diagnosis, "%d parse error%*[s,] %d error", &parse, &other) < 1)
    return 0;
  return parse + other;
}

gboolean
kt_live_check_fstab (const char *text, const char *before, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autofree char *folder = g_dir_make_tmp ("kastune-fstab-XXXXXX", error);
  if (folder == NULL)
    return FALSE;
  g_autofree char *said = NULL, *said_before = NULL;
  int faults_before = count_faults (folder, before, &said_before, cancellable, &local);
  int faults = faults_before >= 0 ? count_faults (folder, text, &said, cancellable, &local) : -1;
  kt_folder_remove (folder, NULL);
  if (faults >= 0 && faults <= faults_before)
    return TRUE;
  if (g_error_matches (local, KT_ERROR, KT_ERROR_NOT_FOUND))
    return TRUE;
  if (local != NULL)
    g_propagate_error (error, g_steal_pointer (&local));
  else
    kt_error_set (error, KT_ERROR_REFUSED, said, "mend /etc/fstab, then try again", "findmnt --verify does not like /etc/fstab as it would be");
  return FALSE;
}
