/* SPDX-License-Identifier: MIT */
#include "backup/control_data.h"

#include "backup/place.h"
#include "base/error.h"
#include "base/folder.h"
#include "base/run.h"
#include "postgres/client.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void
kt_control_data_free (KtControlData *control)
{
  if (control == NULL)
    return;
  g_free (control->state);
  g_free (control->system_identifier);
  g_free (control);
}

char *
kt_lsn_to_text (guint64 lsn)
{
  return g_strdup_printf ("%X/%X", (guint) (lsn >> 32), (guint) lsn);
}

/* The value behind "LABEL:", or NULL. Caller frees. */
static char *
value_of (char **lines, const char *label)
{
  gsize length = strlen (label);
  for (; *lines != NULL; lines++)
    if (g_str_has_prefix (*lines, label) && (*lines)[length] == ':')
      return g_strdup (g_strstrip (*lines + length + 1));
  return NULL;
}

static guint64
number_of (char **lines, const char *label)
{
  g_autofree char *value = value_of (lines, label);
  return value != NULL ? g_ascii_strtoull (value, NULL, 10) : 0;
}

/* Two numbers of 32 bits, "0/3000110" or "0:731", the higher one first. FALSE: it is none. */
static gboolean
pair_of (char **lines, const char *label, char separator, guint base, guint64 *number)
{
  g_autofree char *value = value_of (lines, label);
  char *low = value != NULL ? strchr (value, separator) : NULL;
  if (low == NULL)
    return FALSE;
  *number = g_ascii_strtoull (value, NULL, base) << 32 | g_ascii_strtoull (low + 1, NULL, base);
  return TRUE;
}

static KtControlData *
parse (const char *text, const char *data, GError **error)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_autoptr (KtControlData) control = g_new0 (KtControlData, 1);
  control->state = value_of (lines, "Database cluster state");
  control->system_identifier = value_of (lines, "Database system identifier");
  control->timeline = (guint) number_of (lines, "Latest checkpoint's TimeLineID");
  control->next_multixact = number_of (lines, "Latest checkpoint's NextMultiXactId");
  control->segment_bytes = number_of (lines, "Bytes per WAL segment");
  if (control->state != NULL && control->system_identifier != NULL && control->timeline > 0 && control->segment_bytes > 0
      && pair_of (lines, "Latest checkpoint location", '/', 16, &control->checkpoint)
      && pair_of (lines, "Latest checkpoint's NextXID", ':', 10, &control->next_xid))
    return g_steal_pointer (&control);
  kt_error_set (error, KT_ERROR_PARSE, text, NULL, "pg_controldata of %s says something that kastune does not understand", data);
  return NULL;
}

/* A folder in which the control file of a directory that is asleep has its usual name. Caller removes and frees. */
static char *
stand_in_for (const char *data, GError **error)
{
  g_autofree char *folder = g_dir_make_tmp ("kastune-control-XXXXXX", error);
  if (folder == NULL)
    return NULL;
  g_autofree char *global = g_build_filename (folder, "global", NULL);
  g_autofree char *link = g_build_filename (global, "pg_control", NULL);
  g_autofree char *real = g_build_filename (data, KT_PLACE_ASLEEP, NULL);
  if (mkdir (global, 0700) == 0 && symlink (real, link) == 0)
    return g_steal_pointer (&folder);
  kt_error_set_errno (error, errno, NULL, "cannot look into %s", data);
  kt_folder_remove (folder, NULL);
  return NULL;
}

KtControlData *
kt_control_data_read (const char *bin_directory, const char *data, GError **error)
{
  g_autofree char *program = kt_client_program (bin_directory, "pg_controldata", error);
  gboolean asleep = kt_place_is_asleep (data);
  g_autofree char *folder = program == NULL ? NULL : asleep ? stand_in_for (data, error) : g_strdup (data);
  if (folder == NULL)
    return NULL;
  const char *const argv[] = { program, "-D", folder, NULL };
  g_auto (KtRunResult) result = { 0 };
  gboolean ran = kt_run (&(KtRun){ .argv = argv }, &result, NULL, error);
  if (asleep)
    kt_folder_remove (folder, NULL);
  return ran ? parse (result.output, data, error) : NULL;
}
