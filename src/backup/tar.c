/* SPDX-License-Identifier: MIT
 *
 * As root files are written where somebody else may own the folders on the way, and the backup itself may be theirs. So the folders
 * to fill are opened once, closed to everybody else, and from then on reached by their descriptors alone: what is put in the place
 * of their names meanwhile is never written to.
 */
#include "backup/tar.h"

#include "base/error.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/size.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A folder that is being filled. */
typedef struct {
  const char *name; /* for people, and for the links that a server follows later */
  char *path;       /* through the descriptor, for programs as well: no name on the way can lead elsewhere */
  int fd;
} Place;

static void
place_clear (Place *place)
{
  if (place->path != NULL)
    close (place->fd);
  g_clear_pointer (&place->path, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Place, place_clear)

static gboolean
refuse_full (const char *name, gboolean spaces, GError **error)
{
  kt_error_set (error, KT_ERROR_REFUSED, spaces ? "the tablespaces of the backup would come to lie there" : NULL,
                "name a folder that is absent or empty", "%s is not empty", name);
  return FALSE;
}

/* Takes @fd over; -1 with errno. A link in the place of a folder is not followed. */
static gboolean
place_take (Place *place, const char *name, int fd, GError **error)
{
  if (fd >= 0 && fchown (fd, geteuid (), getegid ()) == 0 && fchmod (fd, 0700) == 0)
    {
      *place = (Place){ name, g_strdup_printf ("/proc/%d/fd/%d/.", (int) getpid (), fd), fd };
      return TRUE;
    }
  int saved = errno;
  if (fd >= 0)
    close (fd);
  kt_error_set_errno (error, saved, saved == ELOOP || saved == ENOTDIR ? "name the folder itself, not a link to it" : NULL, "cannot make folder %s",
                      name);
  return FALSE;
}

/* A folder in another one; what was unpacked there may hold anything under this name. */
static gboolean
place_below (Place *place, const Place *parent, const char *name, GError **error)
{
  gboolean made = mkdirat (parent->fd, name, 0700) == 0 || errno == EEXIST;
  return place_take (place, name, made ? openat (parent->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1, error);
}

/* Absent or empty, and ours alone from now on. */
static gboolean
place_open (Place *place, const char *name, gboolean spaces, GError **error)
{
  gboolean made = g_mkdir_with_parents (name, 0700) == 0;
  if (!place_take (place, name, made ? open (name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1, error))
    return FALSE;
  /* Asked again: until now others could write in it. */
  return kt_folder_is_empty (place->path) || refuse_full (name, spaces, error);
}

/* Somebody else's folder of that name would be taken for what was restored. */
static gboolean
place_is_there (const Place *place, GError **error)
{
  struct stat own, named;
  if (place->path == NULL
      || (fstat (place->fd, &own) == 0 && lstat (place->name, &named) == 0 && own.st_dev == named.st_dev && own.st_ino == named.st_ino))
    return TRUE;
  kt_error_set (error, KT_ERROR_CHANGED, NULL, "restore it below a folder that only root can write", "something else was put in the place of %s",
                place->name);
  return FALSE;
}

static void
place_remove (const Place *place)
{
  if (place->path == NULL)
    return;
  kt_folder_clear (place->path, NULL, NULL);
  if (place_is_there (place, NULL))
    kt_folder_remove (place->name, NULL);
}

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
unpack_one (const KtBackupUnpack *unpack, const char *name, gsize format, const Place *into, const KtBackupWatch *watch,
            GError **error)
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
  const char *const argv[] = { "tar", "--extract", "--no-same-owner", "--preserve-permissions", "--file", file, "--directory", into->path,
                               formats[format].option, NULL };
  const KtBackupProgram program = { .argv = argv, .what = "unpacking", .folder = into->path, .total = unpack->bytes };
  g_autoptr (GError) local = NULL;
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
link_tablespace (const Place *data, const char *stem, const char *folder, GError **error)
{
  g_auto (Place) links = { 0 };
  if (!place_below (&links, data, "pg_tblspc", error))
    return FALSE;
  if ((unlinkat (links.fd, stem, 0) == 0 || errno == ENOENT) && symlinkat (folder, links.fd, stem) == 0)
    return TRUE;
  kt_error_set_errno (error, errno, NULL, "cannot link tablespace %s in %s", stem, data->name);
  return FALSE;
}

static gboolean
unpack_tablespace (const KtBackupUnpack *unpack, const char *name, const char *stem, gsize format, const Place *data, const Place *spaces,
                   GString *map, const KtBackupWatch *watch, GError **error)
{
  g_auto (Place) into = { 0 };
  g_autofree char *folder = g_build_filename (spaces->name, stem, NULL);
  g_string_append_printf (map, "%s %s\n", stem, folder);
  return place_below (&into, spaces, stem, error) && unpack_one (unpack, name, format, &into, watch, error)
         && link_tablespace (data, stem, folder, error);
}

static gboolean
unpack_log (const KtBackupUnpack *unpack, const char *name, gsize format, const Place *data, const KtBackupWatch *watch, GError **error)
{
  g_auto (Place) into = { 0 };
  return place_below (&into, data, "pg_wal", error) && unpack_one (unpack, name, format, &into, watch, error);
}

static gboolean
unpack_all (const KtBackupUnpack *unpack, const Place *data, const Place *spaces, GString *map, const KtBackupWatch *watch,
            GError **error)
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
      gboolean done = is_tablespace (stem) ? unpack_tablespace (unpack, names[i], stem, format, data, spaces, map, watch, error)
                      : g_str_equal (stem, "pg_wal") ? unpack_log (unpack, names[i], format, data, watch, error)
                                                     : unpack_one (unpack, names[i], format, data, watch, error);
      if (!done)
        return FALSE;
    }
  return TRUE;
}

static gboolean
copy_manifest (const KtBackupUnpack *unpack, const Place *data, GError **error)
{
  g_autofree char *from = g_build_filename (unpack->from, "backup_manifest", NULL);
  const char *const argv[] = { "cp", "--remove-destination", "--", from, data->path, NULL };
  return kt_run (&(KtRun){ .argv = argv, .deadline_ms = KT_RUN_NO_DEADLINE }, NULL, NULL, error);
}

static gboolean
verify (const KtBackupUnpack *unpack, const Place *data, const KtBackupWatch *watch, GError **error)
{
  if (unpack->bin_directory == NULL)
    return TRUE;
  g_autofree char *program = kt_client_program (unpack->bin_directory, "pg_verifybackup", error);
  g_autoptr (GError) local = NULL;
  if (program == NULL)
    return FALSE;
  const char *const argv[] = { program, "--exit-on-error", unpack->same_major ? data->path : "--no-parse-wal",
                               unpack->same_major ? NULL : data->path, NULL };
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
write_map (const Place *data, const GString *map, GError **error)
{
  const struct stat like = { .st_mode = 0600, .st_uid = geteuid (), .st_gid = getegid () };
  g_autofree char *path = g_build_filename (data->path, "tablespace_map", NULL);
  return map->len == 0 || kt_file_replace (path, map->str, &like, error);
}

/* Before anything is made. @spaces NULL: there are no tablespaces. */
static gboolean
is_free (const KtBackupUnpack *unpack, const char *spaces, GError **error)
{
  gint64 room = kt_folder_free_bytes (unpack->target);
  if (!kt_folder_is_empty (unpack->target))
    return refuse_full (unpack->target, FALSE, error);
  if (spaces != NULL && !kt_folder_is_empty (spaces))
    return refuse_full (spaces, TRUE, error);
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
  g_auto (Place) data = { 0 };
  g_auto (Place) spaces = { 0 };
  g_autoptr (GString) map = g_string_new (NULL);
  g_autofree char *beside = kt_backup_has_tablespaces (unpack->from) ? g_strconcat (unpack->target, ".tablespaces", NULL) : NULL;
  if (!is_free (unpack, beside, error) || !place_open (&data, unpack->target, FALSE, error)
      || (beside != NULL && !place_open (&spaces, beside, TRUE, error)))
    return FALSE;
  if (unpack_all (unpack, &data, &spaces, map, watch, error) && copy_manifest (unpack, &data, error)
      && verify (unpack, &data, watch, error) && write_map (&data, map, error)
      && kt_backup_give_to (data.path, unpack->owner, error) && (beside == NULL || kt_backup_give_to (spaces.path, unpack->owner, error))
      && place_is_there (&data, error) && place_is_there (&spaces, error))
    return TRUE;
  place_remove (&data);
  place_remove (&spaces);
  return FALSE;
}
