/* SPDX-License-Identifier: MIT */
#include "storage/zfs.h"

#include "base/error.h"
#include "storage/command.h"

#include <string.h>

static void
value_free (KtZfsValue *value)
{
  g_free (value->value);
  g_free (value->source);
  g_free (value);
}

void
kt_zfs_object_free (KtZfsObject *object)
{
  if (object == NULL)
    return;
  g_free (object->name);
  g_hash_table_unref (object->properties);
  g_free (object);
}

static KtZfsObject *
find_object (GPtrArray *objects, const char *name)
{
  for (guint i = 0; i < objects->len; i++)
    if (g_str_equal (((KtZfsObject *) objects->pdata[i])->name, name))
      return objects->pdata[i];
  KtZfsObject *object = g_new0 (KtZfsObject, 1);
  object->name = g_strdup (name);
  object->properties = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) value_free);
  g_ptr_array_add (objects, object);
  return object;
}

/* Only tabs separate: names may hold blanks. */
GPtrArray *
kt_zfs_parse_objects (const char *text)
{
  enum { NAME, PROPERTY, VALUE, SOURCE, N_FIELDS };
  GPtrArray *objects = g_ptr_array_new_with_free_func ((GDestroyNotify) kt_zfs_object_free);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_auto (GStrv) fields = g_strsplit (lines[i], "\t", -1);
      if (g_strv_length (fields) != N_FIELDS || *fields[NAME] == '\0' || *fields[PROPERTY] == '\0')
        continue;
      KtZfsValue *value = g_new0 (KtZfsValue, 1);
      value->value = g_strdup (fields[VALUE]);
      value->source = g_strdup (fields[SOURCE]);
      g_hash_table_replace (find_object (objects, fields[NAME])->properties, g_strdup (fields[PROPERTY]), value);
    }
  return objects;
}

const char *
kt_zfs_value (const KtZfsObject *object, const char *property)
{
  const KtZfsValue *value = g_hash_table_lookup (object->properties, property);
  return value != NULL && !g_str_equal (value->value, "-") ? value->value : NULL;
}

gint64
kt_zfs_number (const KtZfsObject *object, const char *property)
{
  const char *text = kt_zfs_value (object, property);
  guint64 number = 0;
  return text != NULL && g_ascii_string_to_unsigned (text, 10, 0, G_MAXINT64, &number, NULL) ? (gint64) number : -1;
}

double
kt_zfs_ratio (const KtZfsObject *object, const char *property)
{
  const char *text = kt_zfs_value (object, property);
  return text != NULL ? g_ascii_strtod (text, NULL) : 0;
}

const char *
kt_zfs_source (const KtZfsObject *object, const char *property)
{
  const KtZfsValue *value = g_hash_table_lookup (object->properties, property);
  return value != NULL ? value->source : NULL;
}

/* ---- zpool status ---- */

/* "  scan: scrub repaired …", with what follows on lines led by a tab. NULL when @name is not there. */
static char *
section (GStrv lines, const char *name)
{
  g_autofree char *head = g_strconcat (name, ":", NULL);
  g_autoptr (GStrvBuilder) parts = g_strv_builder_new ();
  gboolean inside = FALSE;
  for (guint i = 0; lines[i] != NULL && (!inside || *lines[i] == '\t'); i++)
    {
      gboolean begins = g_str_has_prefix (lines[i] + strspn (lines[i], " "), head);
      const char *rest = begins ? strchr (lines[i], ':') + 1 : lines[i];
      g_autofree char *part = g_strstrip (g_strdup (rest));
      inside |= begins;
      if (inside)
        g_strv_builder_add (parts, part);
    }
  g_auto (GStrv) words = g_strv_builder_end (parts);
  return inside ? g_strjoinv (" ", words) : NULL;
}

/* "NAME STATE READ WRITE CKSUM [words]" of a device; counts are plain numbers under -p. */
static void
add_errors (KtPoolStatus *status, const char *line)
{
  g_auto (GStrv) raw = g_strsplit_set (line, " \t", -1);
  const char *words[5] = { 0 };
  guint n = 0;
  for (guint i = 0; raw[i] != NULL && n < G_N_ELEMENTS (words); i++)
    if (*raw[i] != '\0')
      words[n++] = raw[i];
  if (n == G_N_ELEMENTS (words) && g_ascii_isdigit (*words[2]))
    {
      status->read_errors += g_ascii_strtoull (words[2], NULL, 10);
      status->write_errors += g_ascii_strtoull (words[3], NULL, 10);
      status->checksum_errors += g_ascii_strtoull (words[4], NULL, 10);
    }
}

/* Below "config:" each line starts with a tab, and two blanks a level: the first level is the pool, "special", "logs". A
 * device's errors count once: only lines without a deeper line below them are devices. */
static void
read_config (KtPoolStatus *status, GStrv lines)
{
  gboolean inside = FALSE;
  for (guint i = 0; lines[i] != NULL; i++)
    {
      const char *line = lines[i], *next = lines[i + 1] != NULL ? lines[i + 1] : "";
      if (g_str_has_prefix (line, "config:"))
        inside = TRUE;
      else if (g_str_has_prefix (line, "errors:"))
        inside = FALSE;
      if (!inside || *line != '\t')
        continue;
      gsize depth = strspn (line + 1, " "), below = *next == '\t' ? strspn (next + 1, " ") : 0;
      const char *name = line + 1 + depth;
      status->has_special |= depth == 0 && g_str_has_prefix (name, "special");
      status->has_log |= depth == 0 && g_str_has_prefix (name, "logs");
      if (depth > 0 && below <= depth)
        add_errors (status, line);
    }
}

KtPoolStatus *
kt_pool_status_parse (const char *text)
{
  KtPoolStatus *status = g_new0 (KtPoolStatus, 1);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  read_config (status, lines);
  status->state = section (lines, "state");
  status->status = section (lines, "status");
  status->action = section (lines, "action");
  status->scan = section (lines, "scan");
  status->errors = section (lines, "errors");
  return status;
}

void
kt_pool_status_free (KtPoolStatus *status)
{
  if (status == NULL)
    return;
  g_free (status->state);
  g_free (status->status);
  g_free (status->action);
  g_free (status->scan);
  g_free (status->errors);
  g_free (status);
}

/* ---- through the programs ---- */

static KtZfsObject *
load_object (const char *program, const char *name, GCancellable *cancellable, GError **error)
{
  const char *const argv[] = { program, "get", "-Hp", "all", name, NULL };
  g_autofree char *text = kt_zfs_ask (argv, cancellable, error);
  if (text == NULL)
    return NULL;
  g_autoptr (GPtrArray) objects = kt_zfs_parse_objects (text);
  if (objects->len == 1)
    return g_ptr_array_steal_index (objects, 0);
  kt_error_set (error, KT_ERROR_PROGRAM, text, NULL, "%s get says nothing that can be understood of %s", program, name);
  return NULL;
}

KtZfsObject *
kt_zfs_load_dataset (const char *name, GCancellable *cancellable, GError **error)
{
  return load_object ("zfs", name, cancellable, error);
}

/* ZFS says the same of a dataset that does not exist and of one in a pool that is not imported. */
KtZfsObject *
kt_zfs_find_dataset (const char *name, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) local = NULL;
  KtZfsObject *object = kt_zfs_load_dataset (name, cancellable, &local);
  if (object != NULL)
    return object;
  g_autofree char *pool_name = kt_zfs_pool_of (name);
  g_autoptr (KtZfsObject) pool = NULL;
  if (g_error_matches (local, KT_ERROR, KT_ERROR_NOT_FOUND))
    {
      g_clear_error (&local);
      pool = kt_zfs_load_pool (pool_name, cancellable, &local);
    }
  if (g_error_matches (local, KT_ERROR, KT_ERROR_NOT_FOUND))
    {
      g_autofree char *import = g_strdup_printf ("zpool import %s", pool_name);
      kt_error_set (error, KT_ERROR_NOT_FOUND, NULL, import, "the pool %s is not imported", pool_name);
    }
  else if (pool == NULL)
    g_propagate_error (error, g_steal_pointer (&local));
  return NULL;
}

GPtrArray *
kt_zfs_load_below (const char *name, GCancellable *cancellable, GError **error)
{
  const char *const argv[] = { "zfs", "get", "-Hp", "-d", "1", "-t", "all", "all", name, NULL };
  g_autofree char *text = kt_zfs_ask (argv, cancellable, error);
  if (text == NULL)
    return NULL;
  GPtrArray *objects = kt_zfs_parse_objects (text);
  for (guint i = 0; i < objects->len; i++)
    if (g_str_equal (((KtZfsObject *) objects->pdata[i])->name, name))
      g_ptr_array_remove_index (objects, i);
  return objects;
}

KtZfsObject *
kt_zfs_load_pool (const char *name, GCancellable *cancellable, GError **error)
{
  return load_object ("zpool", name, cancellable, error);
}

KtPoolStatus *
kt_zfs_load_status (const char *pool, GCancellable *cancellable, GError **error)
{
  const char *const argv[] = { "zpool", "status", "-p", pool, NULL };
  g_autofree char *text = kt_zfs_ask (argv, cancellable, error);
  return text != NULL ? kt_pool_status_parse (text) : NULL;
}
