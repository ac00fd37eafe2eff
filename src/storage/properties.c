/* SPDX-License-Identifier: MIT */
#include "storage/properties.h"

#include "base/error.h"

#include <string.h>

#define WORKLOAD_PAGE "OpenZFS, Workload Tuning, PostgreSQL"
#define MODULE_PAGE "zfsprops(7)"
#define POOL_PAGE "zpoolprops(7)"

static const KtZfsProperty properties[] = {
  {
    .name = "recordsize", .roles = KT_DATASET_BOTH, .wanted = "16384", .wanted_wal = "131072", .good = "8192 32768",
    .selectable = "65536 131072", .takes = KT_TAKES_NEW_FILES,
    .because = "data: a row's keys land at random, so every record larger than a page is read and written for nothing, but 8 kB "
               "hardly compress in sectors of 4 kB: 16 kB is between; WAL is only appended",
    .hazard = "existing tables keep their record size until they are copied or rewritten",
    .source = WORKLOAD_PAGE " (32K; 8K to 128K called fine); amplification of 128K: openzfs/zfs#17258",
  },
  {
    .name = "compression", .roles = KT_DATASET_BOTH, .wanted = "zstd-5", .wanted_wal = "lz4",
    .good = "zstd zstd-1 zstd-2 zstd-3 zstd-4 zstd-6 zstd-7", .feature = "feature@zstd_compress", .without_feature = "lz4",
    .selectable = "off lz4 zstd-8 zstd-9 zstd-10 zstd-11 zstd-12", .takes = KT_TAKES_NEW_WRITES,
    .because = "row headers, half-full index pages and repeated scripts shrink (kastune storage estimate says how much); WAL must "
               "not wait, and lz4 costs next to nothing",
    .hazard = "packing takes CPU when pages are written; levels above 7 cost several times that and gain a percent",
    .source = MODULE_PAGE ", compression",
  },
  {
    .name = "sync", .roles = KT_DATASET_BOTH, .wanted = "standard", .good = "always", .takes = KT_TAKES_NOTHING, .safety = TRUE,
    .because = "disabled acknowledges commits that a power cut takes away, of every role; synchronous_commit = off gives the same "
               "speed to one role that can lose them",
    .source = MODULE_PAGE ", sync",
  },
  {
    .name = "checksum", .roles = KT_DATASET_BOTH, .wanted = "on", .good = "fletcher4 sha256 sha512 skein edonr blake3",
    .takes = KT_TAKES_NEW_WRITES, .safety = TRUE,
    .because = "without it ZFS neither notices nor repairs what a disk gets wrong",
    .source = MODULE_PAGE ", checksum",
  },
  {
    .name = "atime", .roles = KT_DATASET_BOTH, .wanted = "off", .takes = KT_TAKES_NOTHING,
    .because = "each read of a file would write its access time", .source = WORKLOAD_PAGE,
  },
  {
    .name = "primarycache", .roles = KT_DATASET_BOTH, .wanted = "all", .takes = KT_TAKES_NOTHING,
    .because = "PostgreSQL relies on the cache below it; with metadata every miss reads a whole record from the disk",
    .hazard = "the cache competes with shared_buffers: bound zfs_arc_max", .source = WORKLOAD_PAGE "; openzfs/openzfs-docs#369",
  },
  {
    .name = "logbias", .roles = KT_DATASET_BOTH, .wanted = "latency", .takes = KT_TAKES_NOTHING,
    .because = "throughput writes around the log and fragments files of small records",
    .source = WORKLOAD_PAGE,
  },
  {
    .name = "redundant_metadata", .roles = KT_DATASET_BOTH, .wanted = "most", .takes = KT_TAKES_NEW_WRITES,
    .because = "one copy less of the lowest level of block pointers: fewer writes for each page that changes",
    .hazard = "a damaged block pointer of the lowest level loses up to 1000 records instead of none, where the pool has no redundancy",
    .source = MODULE_PAGE ", redundant_metadata; simply-kaspa-indexer's README",
  },
  {
    .name = "xattr", .roles = KT_DATASET_BOTH, .wanted = "sa", .good = "on", .takes = KT_TAKES_NEW_FILES,
    .because = "attributes in the inode instead of in hidden folders", .source = MODULE_PAGE ", xattr",
  },
  {
    .name = "dnodesize", .roles = KT_DATASET_BOTH, .wanted = "auto", .good = "legacy 1k 2k 4k", .feature = "feature@large_dnode",
    .without_feature = "legacy",
    .takes = KT_TAKES_NEW_FILES, .because = "room for attributes in the inode; PostgreSQL has none, so legacy is as good",
    .source = MODULE_PAGE ", dnodesize",
  },
  {
    .name = "dedup", .roles = KT_DATASET_BOTH, .wanted = "off", .takes = KT_TAKES_NEW_WRITES,
    .because = "pages of a database are never equal, and its table takes gigabytes of memory",
    .source = MODULE_PAGE ", dedup",
  },
  {
    .name = "special_small_blocks", .roles = KT_DATASET_BOTH, .wanted = "0", .takes = KT_TAKES_NEW_WRITES,
    .because = "at or above recordsize all data would go to the special devices, which are small",
    .source = MODULE_PAGE ", special_small_blocks",
  },
  {
    .name = "ashift", .roles = KT_POOL, .wanted = "12", .good = ">=12 0", .takes = KT_TAKES_NEW_POOL,
    .because = "disks have sectors of 4 kB whatever they say; smaller writes are read, changed and written by the disk",
    .hazard = "fixed when a device is added", .source = POOL_PAGE ", ashift",
  },
  {
    .name = "autotrim", .roles = KT_POOL, .wanted = "off", .good = "on", .takes = KT_TAKES_NOTHING,
    .because = "a monthly zpool trim (Debian's cron job does it) does the same without slowing writes",
    .source = POOL_PAGE ", autotrim",
  },
  {
    .name = "failmode", .roles = KT_POOL, .wanted = "wait", .takes = KT_TAKES_NOTHING, .safety = TRUE,
    .because = "writes wait for the pool to come back instead of failing, which stops PostgreSQL",
    .source = POOL_PAGE ", failmode",
  },
};

const KtZfsProperty *
kt_zfs_properties (guint *n)
{
  *n = G_N_ELEMENTS (properties);
  return properties;
}

const char *
kt_zfs_takes_text (KtZfsTakes takes)
{
  static const char *const texts[] = {
    "at once", "what is written from now on", "new files only: existing tables must be copied or rewritten",
    "a new pool",
  };
  return texts[takes];
}

const char *
kt_zfs_verdict_name (KtZfsVerdict verdict)
{
  static const char *const names[] = { "as wanted", "good enough", "change", "not here" };
  return names[verdict];
}

const char *
kt_zfs_wanted (const KtZfsProperty *property, int role)
{
  return role == KT_DATASET_WAL && property->wanted_wal != NULL ? property->wanted_wal : property->wanted;
}

/* "8192 >=12 zstd*": a word, a bound, a prefix. */
static gboolean
is_good (const char *good, const char *value)
{
  g_auto (GStrv) words = g_strsplit (good != NULL ? good : "", " ", -1);
  for (guint i = 0; words[i] != NULL; i++)
    {
      if (g_str_has_prefix (words[i], ">=") && g_ascii_isdigit (*value)
          && g_ascii_strtoll (value, NULL, 10) >= g_ascii_strtoll (words[i] + 2, NULL, 10))
        return TRUE;
      if (g_str_equal (words[i], value))
        return TRUE;
    }
  return FALSE;
}

/* A feature that is "disabled" cannot be used before the pool is upgraded; an unknown one came later than this pool. */
static gboolean
has_feature (const KtZfsObject *pool, const char *feature)
{
  const char *state = pool != NULL && feature != NULL ? kt_zfs_value (pool, feature) : "enabled";
  return state != NULL && !g_str_equal (state, "disabled");
}

KtZfsVerdict
kt_zfs_judge (const KtZfsProperty *property, const KtZfsObject *object, int role, const KtZfsObject *pool)
{
  const char *running = kt_zfs_value (object, property->name);
  const char *wanted = kt_zfs_wanted (property, role);
  if (running == NULL)
    return KT_ZFS_NOT_HERE;
  if (g_str_equal (running, wanted))
    return KT_ZFS_AS_WANTED;
  if (is_good (property->good, running) || !has_feature (pool, property->feature))
    return KT_ZFS_GOOD_ENOUGH;
  return KT_ZFS_CHANGE;
}

/* ---- what a user chose, what to set ---- */

static const KtZfsProperty *
find_row (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (properties); i++)
    if (g_str_equal (properties[i].name, name))
      return &properties[i];
  return NULL;
}

gboolean
kt_zfs_wish (JsonObject *wishes, const char *name, const char *value, GError **error)
{
  const KtZfsProperty *row = find_row (name);
  g_return_val_if_fail (row != NULL, FALSE);
  if (g_str_equal (value, row->wanted) || is_good (row->good, value) || is_good (row->selectable, value))
    {
      json_object_set_string_member (wishes, name, value);
      return TRUE;
    }
  g_autofree char *choice = g_strjoin (" ", row->wanted, row->good != NULL ? row->good : "", row->selectable, NULL);
  g_autofree char *hint = g_strdup_printf ("one of %s", choice);
  kt_error_set (error, KT_ERROR_USAGE, NULL, hint, "%s = %s cannot be chosen", name, value);
  return FALSE;
}

JsonObject *
kt_zfs_new_properties (int role, const KtZfsObject *pool, JsonObject *wishes)
{
  JsonObject *values = json_object_new ();
  for (guint i = 0; i < G_N_ELEMENTS (properties); i++)
    {
      const KtZfsProperty *row = &properties[i];
      const char *wanted = wishes != NULL ? kt_json_string (wishes, row->name, kt_zfs_wanted (row, role)) : kt_zfs_wanted (row, role);
      if (row->roles & role)
        json_object_set_string_member (values, row->name, has_feature (pool, row->feature) ? wanted : row->without_feature);
    }
  return values;
}

JsonObject *
kt_zfs_property_changes (const KtZfsObject *object, int role, const KtZfsObject *pool, JsonObject *wishes)
{
  JsonObject *values = json_object_new ();
  for (guint i = 0; i < G_N_ELEMENTS (properties); i++)
    {
      const KtZfsProperty *row = &properties[i];
      const char *wish = wishes != NULL ? kt_json_string (wishes, row->name, NULL) : NULL;
      const char *running = kt_zfs_value (object, row->name);
      if (!(row->roles & role) || row->takes == KT_TAKES_NEW_POOL || running == NULL)
        continue;
      if (wish != NULL ? !g_str_equal (running, wish) : kt_zfs_judge (row, object, role, pool) == KT_ZFS_CHANGE)
        json_object_set_string_member (values, row->name, wish != NULL ? wish : kt_zfs_wanted (row, role));
    }
  return values;
}

JsonArray *
kt_zfs_values_json (JsonObject *values, const KtZfsObject *running)
{
  JsonArray *array = json_array_new ();
  g_autoptr (GList) names = json_object_get_members (values);
  for (GList *name = names; name != NULL; name = name->next)
    {
      const KtZfsProperty *row = find_row (name->data);
      JsonObject *object = json_object_new ();
      json_object_set_string_member (object, "property", name->data);
      kt_json_set_string (object, "running", running != NULL ? kt_zfs_value (running, name->data) : NULL);
      kt_json_set_string (object, "value", kt_json_string (values, name->data, NULL));
      if (row != NULL)
        {
          kt_json_set_string (object, "because", row->because);
          kt_json_set_string (object, "hazard", row->hazard);
          kt_json_set_string (object, "takes", kt_zfs_takes_text (row->takes));
        }
      json_array_add_object_element (array, object);
    }
  return array;
}

gboolean
kt_zfs_values_leave_old (JsonObject *values)
{
  g_autoptr (GList) names = json_object_get_members (values);
  for (GList *name = names; name != NULL; name = name->next)
    {
      const KtZfsProperty *row = find_row (name->data);
      if (row != NULL && (row->takes == KT_TAKES_NEW_FILES || row->takes == KT_TAKES_NEW_WRITES))
        return TRUE;
    }
  return FALSE;
}

/* ---- advice ---- */

static char *
command_for (const KtZfsProperty *property, const KtZfsObject *object, int role)
{
  if (property->takes == KT_TAKES_NEW_POOL)
    return NULL;
  g_autofree char *name = g_shell_quote (object->name);
  const char *shown = strpbrk (object->name, " '\"\\$`") != NULL ? name : object->name;
  return g_strdup_printf ("%s set %s=%s %s", role == KT_POOL ? "zpool" : "zfs", property->name,
                          kt_zfs_wanted (property, role), shown);
}

static JsonObject *
row_json (const KtZfsProperty *property, const KtZfsObject *object, int role, const KtZfsObject *pool)
{
  KtZfsVerdict verdict = kt_zfs_judge (property, object, role, pool);
  g_autofree char *command = verdict == KT_ZFS_CHANGE ? command_for (property, object, role) : NULL;
  JsonObject *row = json_object_new ();
  kt_json_set_string (row, "property", property->name);
  kt_json_set_string (row, "running", kt_zfs_value (object, property->name));
  kt_json_set_string (row, "origin", kt_zfs_source (object, property->name));
  kt_json_set_string (row, "wanted", kt_zfs_wanted (property, role));
  kt_json_set_string (row, "verdict", kt_zfs_verdict_name (verdict));
  kt_json_set_string (row, "takes", kt_zfs_takes_text (property->takes));
  json_object_set_boolean_member (row, "safety", property->safety);
  kt_json_set_string (row, "because", property->because);
  kt_json_set_string (row, "hazard", property->hazard);
  kt_json_set_string (row, "source", property->source);
  kt_json_set_string (row, "command", command);
  return row;
}

JsonArray *
kt_zfs_advice_json (const KtZfsObject *object, int role, const KtZfsObject *pool)
{
  JsonArray *array = json_array_new ();
  for (guint i = 0; i < G_N_ELEMENTS (properties); i++)
    if (properties[i].roles & role)
      json_array_add_object_element (array, row_json (&properties[i], object, role, pool));
  return array;
}
