/* SPDX-License-Identifier: MIT */
#include "backup/tar.h"

#include "base/error.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/size.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Endings that pg_basebackup gives, and what reads them. */
static const struct {
  const char *ending, *program, *option;
} formats[] = {
  { ".tar", NULL, NULL },
  { ".tar.gz", "gzip", "--gzip" },
  { ".tar.lz4", "lz4", "--use-compress-program=lz4" },
  { ".tar.zst", "zstd", "--zstd" },
};

/* "base" of "base.tar.zst"; *format: which of them. NULL: no tar file. Caller frees. */
static char *
stem_of (const char *name, gsize *format)
{
  for (*format = 0; *format < G_N_ELEMENTS (formats); (*format)++)
    if (g_str_has_suffix (name, formats[*format].ending))
      return g_strndup (name, strlen (name) - strlen (formats[*format].ending));
  return NULL;
}

static gboolean
is_tablespace (const char *stem)
{
  return *stem != '\0' && strspn (stem, "0123456789") == strlen (stem);
}

static char *
tablespace_folder (const char *target, const char *stem)
{
  return stem != NULL ? g_strdup_printf ("%s.tablespaces/%s", target, stem) : g_strconcat (target, ".tablespaces", NULL);
}

/* Names in @from; the base first, since all else goes into what it makes. */
static GStrv
tar_files (const char *from)
{
  g_autoptr (GStrvBuilder) first = g_strv_builder_new (), later = g_strv_builder_new ();
  g_autoptr (GDir) dir = g_dir_open (from, 0, NULL);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      gsize format;
      g_autofree char *stem = stem_of (name, &format);
      if (stem != NULL)
        g_strv_builder_add (g_str_equal (stem, "base") ? first : later, name);
    }
  g_auto (GStrv) rest = g_strv_builder_end (later);
  g_strv_builder_addv (first, (const char **) rest);
  return g_strv_builder_end (first);
}

gboolean
kt_backup_has_tablespaces (const char *from)
{
  g_auto (GStrv) names = tar_files (from);
  for (guint i = 0; names[i] != NULL; i++)
    {
      gsize format;
      g_autofree char *stem = stem_of (names[i], &format);
      if (is_tablespace (stem))
        return TRUE;
    }
  return FALSE;
}

static gboolean
make_folder (const char *path, GError **error)
{
  if (g_mkdir_with_parents (path, 0700) == 0 && chmod (path, 0700) == 0)
    return TRUE;
  kt_error_set_errno (error, errno, NULL, "cannot make %s", path);
  return FALSE;
}

static gboolean
unpack_one (const KtBackupUnpack *unpack, const char *name, const char *stem, gsize format, const char *into,
            const KtBackupWatch *watch, GError **error)
{
  if (formats[format].program != NULL)
    {
      g_autofree char *program = g_find_program_in_path (formats[format].program);
      g_autofree char *hint = g_strdup_printf ("apt-get install %s", formats[format].program);
      if (program == NULL)
        {
          kt_error_set (error, KT_ERROR_UNSUPPORTED, NULL, hint, "%s is needed to unpack %s", formats[format].program, name);
          return FALSE;
        }
    }
  g_autofree char *file = g_build_filename (unpack->from, name, NULL);
  const char *const argv[] = { "tar", "--extract", "--no-same-owner", "--preserve-permissions", "--file", file, "--directory", into,
                               formats[format].option, NULL };
  const KtBackupProgram program = { .argv = argv, .what = "unpacking", .folder = unpack->target, .total = unpack->bytes };
  g_autoptr (GError) local = NULL;
  if (!make_folder (into, error))
    return FALSE;
  if (kt_backup_run (&program, watch, NULL, &local))
    return TRUE;
  if (g_error_matches (local, KT_ERROR, KT_ERROR_PROGRAM))
    kt_error_set (error, KT_ERROR_VERIFY, kt_error_detail (local), "use another one: kastune backup list", "%s is damaged", file);
  else
    g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

/* Where the server looks for it. After a base backup it makes the links itself, by its tablespace_map. */
static gboolean
link_tablespace (const char *target, const char *stem, const char *folder, GError **error)
{
  g_autofree char *link = g_build_filename (target, "pg_tblspc", stem, NULL);
  if (unlink (link) != 0 && errno != ENOENT)
    errno = 0;
  if (symlink (folder, link) == 0)
    return TRUE;
  kt_error_set_errno (error, errno, NULL, "cannot link %s", link);
  return FALSE;
}

static gboolean
unpack_all (const KtBackupUnpack *unpack, GString *map, const KtBackupWatch *watch, GError **error)
{
  g_auto (GStrv) names = tar_files (unpack->from);
  if (names[0] == NULL || !g_str_has_prefix (names[0], "base.tar"))
    {
      kt_error_set (error, KT_ERROR_VERIFY, NULL, "use another one: kastune backup list", "there is no base.tar in %s", unpack->from);
      return FALSE;
    }
  for (guint i = 0; names[i] != NULL; i++)
    {
      gsize format;
      g_autofree char *stem = stem_of (names[i], &format);
      gboolean space = is_tablespace (stem);
      g_autofree char *into = space ? tablespace_folder (unpack->target, stem)
                            : g_str_equal (stem, "pg_wal") ? g_build_filename (unpack->target, "pg_wal", NULL)
                                                           : g_strdup (unpack->target);
      if (!unpack_one (unpack, names[i], stem, format, into, watch, error)
          || (space && !link_tablespace (unpack->target, stem, into, error)))
        return FALSE;
      if (space)
        g_string_append_printf (map, "%s %s\n", stem, into);
    }
  return TRUE;
}

static gboolean
copy_manifest (const KtBackupUnpack *unpack, GError **error)
{
  g_autofree char *from = g_build_filename (unpack->from, "backup_manifest", NULL);
  const char *const argv[] = { "cp", "--", from, unpack->target, NULL };
  return kt_run (&(KtRun){ .argv = argv, .deadline_ms = KT_RUN_NO_DEADLINE }, NULL, NULL, error);
}

static gboolean
verify (const KtBackupUnpack *unpack, const KtBackupWatch *watch, GError **error)
{
  if (unpack->bin_directory == NULL)
    return TRUE;
  g_autofree char *program = kt_client_program (unpack->bin_directory, "pg_verifybackup", error);
  g_autoptr (GError) local = NULL;
  if (program == NULL)
    return FALSE;
  const char *const argv[] = { program, "--exit-on-error", unpack->same_major ? unpack->target : "--no-parse-wal",
                               unpack->same_major ? NULL : unpack->target, NULL };
  if (kt_backup_run (&(KtBackupProgram){ .argv = argv, .what = "verifying every file and the log" }, watch, NULL, &local))
    return TRUE;
  if (g_error_matches (local, KT_ERROR, KT_ERROR_PROGRAM))
    kt_error_set (error, KT_ERROR_VERIFY, kt_error_detail (local), "use another one: kastune backup list",
                  "pg_verifybackup finds the backup in %s damaged", unpack->from);
  else
    g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

/* Only now: the manifest knows the map as it was, which names the places of the original. */
static gboolean
write_map (const KtBackupUnpack *unpack, const GString *map, GError **error)
{
  g_autofree char *path = g_build_filename (unpack->target, "tablespace_map", NULL);
  return map->len == 0 || kt_file_write (path, map->str, -1, NULL, error);
}

/* @spaces NULL: there are no tablespaces. */
static gboolean
is_free (const KtBackupUnpack *unpack, const char *spaces, GError **error)
{
  gint64 room = kt_folder_free_bytes (unpack->target);
  const char *const folders[] = { unpack->target, spaces };
  for (gsize i = 0; i < G_N_ELEMENTS (folders); i++)
    if (folders[i] != NULL && !kt_folder_is_empty (folders[i]))
      {
        kt_error_set (error, KT_ERROR_REFUSED, i > 0 ? "the tablespaces of the backup would come to lie there" : NULL,
                      "name a folder that is absent or empty", "%s is not empty", folders[i]);
        return FALSE;
      }
  if (room < 0 || room >= unpack->bytes)
    return TRUE;
  g_autofree char *wanted = kt_size_format (unpack->bytes);
  g_autofree char *there = kt_size_format (room);
  kt_error_set (error, KT_ERROR_NO_SPACE, NULL, "name a folder with more room", "unpacked the backup takes %s, there are %s for %s", wanted,
                there, unpack->target);
  return FALSE;
}

gboolean
kt_backup_unpack (const KtBackupUnpack *unpack, const KtBackupWatch *watch, GError **error)
{
  g_autoptr (GString) map = g_string_new (NULL);
  g_autofree char *spaces = kt_backup_has_tablespaces (unpack->from) ? tablespace_folder (unpack->target, NULL) : NULL;
  if (!is_free (unpack, spaces, error) || !make_folder (unpack->target, error))
    return FALSE;
  if (unpack_all (unpack, map, watch, error) && copy_manifest (unpack, error) && verify (unpack, watch, error)
      && write_map (unpack, map, error) && kt_backup_give_to (unpack->target, unpack->owner, error)
      && (spaces == NULL || kt_backup_give_to (spaces, unpack->owner, error)))
    return TRUE;
  kt_folder_remove (unpack->target, NULL);
  if (spaces != NULL)
    kt_folder_remove (spaces, NULL);
  return FALSE;
}
