/* SPDX-License-Identifier: MIT
 *
 * ZFS as it is installed and loaded, and its pools through the documented machine output of zpool(8). The tools alone
 * are not enough: without the kernel module they print only complaints.
 */
#include "platform/parts.h"

#include <string.h>

/* Columns of `zpool list -Hp`: name size allocated free ckpoint expandsize fragmentation capacity dedup health
 * altroot. */
enum { NAME, SIZE, ALLOCATED, FREE, FRAGMENTATION = 6, CAPACITY, HEALTH = 9, N_COLUMNS = 11 };

static void
pool_free (KtPool *pool)
{
  g_free (pool->name);
  g_free (pool->health);
  g_free (pool);
}

/* "-" where a value does not apply. */
static gint64
number_or_unknown (const char *text)
{
  char *end = NULL;
  gint64 value = g_ascii_strtoll (text, &end, 10);
  return end != text && *end == '\0' ? value : -1;
}

static KtPool *
pool_new (GStrv fields)
{
  KtPool *pool = g_new0 (KtPool, 1);
  pool->name = g_strdup (fields[NAME]);
  pool->size = number_or_unknown (fields[SIZE]);
  pool->allocated = number_or_unknown (fields[ALLOCATED]);
  pool->free = number_or_unknown (fields[FREE]);
  pool->fragmentation_percent = (int) CLAMP (number_or_unknown (fields[FRAGMENTATION]), -1, 100);
  pool->capacity_percent = (int) CLAMP (number_or_unknown (fields[CAPACITY]), -1, 100);
  pool->health = g_strdup (fields[HEALTH]);
  return pool;
}

/* A line of a pool, then its devices led by a tab. "logs", "cache" and "spare" stand alone, padded with blanks: what
 * follows them holds no data of the file systems. */
void
kt_zfs_parse_pools (const char *text, GPtrArray *pools, GHashTable *devices)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  GPtrArray *names = NULL;
  gboolean data = FALSE;
  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_auto (GStrv) fields = g_strsplit (lines[i], "\t", -1);
      guint n = g_strv_length (fields);
      if (n >= N_COLUMNS - 1 && *fields[NAME] != '\0')
        {
          g_ptr_array_add (pools, pool_new (fields));
          names = g_ptr_array_new_with_free_func (g_free);
          g_hash_table_replace (devices, g_strdup (fields[NAME]), names);
          data = TRUE;
        }
      else if (n == 1)
        data = FALSE;
      else if (data && n > 1 && *fields[0] == '\0' && g_str_has_prefix (fields[1], "/dev/"))
        g_ptr_array_add (names, g_path_get_basename (fields[1]));
    }
}

static gint64
arc_value (const char *text, const char *name)
{
  g_auto (GStrv) lines = g_strsplit (text != NULL ? text : "", "\n", -1);
  gsize length = strlen (name);
  for (guint i = 0; lines[i] != NULL; i++)
    if (strncmp (lines[i], name, length) == 0 && lines[i][length] == ' ')
      {
        const char *last = strrchr (lines[i], ' ');
        return number_or_unknown (last + 1);
      }
  return -1;
}

/* "zfs-2.1.11-1+deb12u1" on the first line, also when the missing module makes the program fail. */
static char *
version_of_tools (KtSysroot *root)
{
  static const char *const argv[] = { "zfs", "--version", NULL };
  g_autofree char *text = kt_fact_output (root, argv);
  if (text == NULL || !g_str_has_prefix (text, "zfs-"))
    return NULL;
  return g_strndup (text + strlen ("zfs-"), strcspn (text + strlen ("zfs-"), "\n"));
}

void
kt_zfs_load (KtSysroot *root, KtZfs *zfs, GHashTable *devices, GPtrArray *notes)
{
  static const char *const list[] = { "zpool", "list", "-HpvLP", NULL };
  zfs->pools = g_ptr_array_new_with_free_func ((GDestroyNotify) pool_free);
  zfs->arc_size = zfs->arc_max = -1;
  zfs->tools = kt_fact_has_program (root, "zfs") && kt_fact_has_program (root, "zpool");
  zfs->version = kt_sysroot_read (root, "/sys/module/zfs/version");
  zfs->module = zfs->version != NULL;
  if (zfs->module && *zfs->version == '\0')
    g_clear_pointer (&zfs->version, g_free);
  if (zfs->module)
    {
      g_autofree char *arc = kt_sysroot_read (root, "/proc/spl/kstat/zfs/arcstats");
      zfs->arc_size = arc_value (arc, "size");
      zfs->arc_max = arc_value (arc, "c_max");
    }
  else if (zfs->tools)
    zfs->version = version_of_tools (root);
  if (!zfs->module || !zfs->tools)
    return;
  g_autofree char *text = kt_fact_output (root, list);
  if (text != NULL)
    kt_zfs_parse_pools (text, zfs->pools, devices);
  else
    kt_note (notes, "the ZFS pools are unknown: zpool list cannot be run");
}
