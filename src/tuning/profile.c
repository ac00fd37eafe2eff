/* SPDX-License-Identifier: MIT
 *
 * The built-in rows, their choice, and the reader of custom key files. Reading those files is the only I/O of this room
 * outside steps.c.
 */
#include "tuning/profile.h"

#include "base/error.h"
#include "base/file.h"
#include "base/size.h"
#include "tuning/params.h"

#include <string.h>

#define MOST_LEVELS 5 /* of `extends`: a chain this long is a loop */

static const KtProfileRow rows[] = {
  {
    .name = "low-memory",
    .title = "Low memory",
    .summary = "up to 4 GB: few busy connections, small work areas, two autovacuum workers",
    .hardware = "at least 4 GB of memory, 2 CPU cores, SSD; gigabit network",
    .shared_buffers_percent = 55,
    .shared_buffers_ceiling = 60,
    .busy_connections = 30,
    .work_mem_max = 16 * KT_MIB,
    .maintenance_work_mem_max = 256 * KT_MIB,
    .checkpoint_timeout_s = 15 * 60,
    .recovery_limit_s = 20 * 60,
  },
  {
    .name = "standard",
    .title = "Standard",
    .summary = "4 to 16 GB, or more on disks that turn: an indexer with its API servers",
    .hardware = "16 GB of memory, 8 CPU cores, NVMe; gigabit network",
    .shared_buffers_percent = 50,
    .shared_buffers_ceiling = 60,
    .busy_connections = 60,
    .work_mem_max = 32 * KT_MIB,
    .maintenance_work_mem_max = 1024 * KT_MIB,
    .checkpoint_timeout_s = 15 * 60,
    .recovery_limit_s = 20 * 60,
  },
  {
    .name = "high-performance",
    .title = "High performance",
    .summary = "16 GB and more on flash: larger buffers, longer checkpoint cycles, more work at once",
    .hardware = "32 GB of memory or more, 16 CPU cores or more, NVMe with ZFS and ZSTD compression; gigabit network",
    .shared_buffers_percent = 33,
    .shared_buffers_ceiling = 60,
    .busy_connections = 60,
    .work_mem_max = 64 * KT_MIB,
    .maintenance_work_mem_max = 1024 * KT_MIB,
    .checkpoint_timeout_s = 30 * 60,
    .recovery_limit_s = 20 * 60,
  },
};

const KtProfileRow *
kt_profile_rows (guint *n)
{
  *n = G_N_ELEMENTS (rows);
  return rows;
}

static const KtProfileRow *
find_row (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (g_str_equal (rows[i].name, name))
      return &rows[i];
  return NULL;
}

static const char *const phase_names[] = { "steady", "initial-sync" };

const char *
kt_phase_name (KtPhase phase)
{
  return phase_names[phase];
}

gboolean
kt_phase_from_string (const char *text, KtPhase *phase)
{
  for (gsize i = 0; i < G_N_ELEMENTS (phase_names); i++)
    if (g_str_equal (phase_names[i], text))
      {
        *phase = (KtPhase) i;
        return TRUE;
      }
  return FALSE;
}

static KtProfile *
profile_new (const KtProfileRow *row)
{
  KtProfile *profile = g_new0 (KtProfile, 1);
  profile->name = g_strdup (row->name);
  profile->summary = g_strdup (row->summary);
  profile->row = row;
  profile->async_commit_offered = TRUE;
  profile->reserve = -1;
  profile->api_connections = -1;
  profile->set = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  profile->factor = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return profile;
}

void
kt_profile_free (KtProfile *profile)
{
  if (profile == NULL)
    return;
  g_free (profile->name);
  g_free (profile->summary);
  g_free (profile->file);
  g_clear_pointer (&profile->set, g_hash_table_unref);
  g_clear_pointer (&profile->factor, g_hash_table_unref);
  g_free (profile);
}

/* The choice. A machine sold with 4 or 16 GB shows less, and a little always goes to other programs: the borders leave
 * room for that. */

#define LOW_MEMORY_UP_TO (4 * KT_GIB + 512 * KT_MIB)
#define HIGH_PERFORMANCE_FROM (14 * KT_GIB)
#define FEW_CPUS 4

static gboolean
is_flash (KtStorageClass class)
{
  return class == KT_STORAGE_SSD || class == KT_STORAGE_NVME || class == KT_STORAGE_MEMORY;
}

KtProfile *
kt_profile_pick (const KtPlatform *platform, gint64 reserve, GString *because)
{
  g_autoptr (KtBudget) budget = kt_budget_new (platform, reserve);
  g_autofree char *memory = kt_size_format (budget->postgresql);
  g_autoptr (GString) reason = g_string_new (NULL);
  const KtVolume *volume = kt_platform_volume (platform, "data");
  KtStorageClass class = volume != NULL ? volume->class : KT_STORAGE_UNKNOWN;
  const char *storage = kt_storage_class_name (class);
  const char *name = "standard";

  if (budget->postgresql <= LOW_MEMORY_UP_TO)
    {
      name = "low-memory";
      g_string_printf (reason, "%s of memory for PostgreSQL: up to 4 GB is low-memory", memory);
    }
  else if (budget->postgresql < HIGH_PERFORMANCE_FROM)
    g_string_printf (reason, "%s of memory for PostgreSQL: between 4 and 16 GB is standard", memory);
  else if (is_flash (class))
    {
      name = "high-performance";
      g_string_printf (reason, "%s of memory for PostgreSQL and %s storage", memory, storage);
    }
  else
    g_string_printf (reason,
                     "%s of memory for PostgreSQL would do for high-performance, but the storage is %s and "
                     "high-performance is for flash: random reads decide here",
                     memory, class == KT_STORAGE_UNKNOWN ? "of an unknown kind" : storage);
  if (g_str_equal (name, "high-performance") && platform->cpu.usable < FEW_CPUS)
    g_string_append_printf (reason, "; only %.3g CPUs: what runs in parallel follows them, the memory settings do not",
                            platform->cpu.usable);
  if (because != NULL)
    g_string_append (because, reason->str);
  return profile_new (find_row (name));
}

/* Custom key files. */

typedef struct {
  const char *file;
  guint level;
} Source;

static KtProfile *profile_load (const char *name, const Source *from, GError **error);

/* Everything wrong in a file is said in one form: file, group, key, reason. */
static gboolean
refuse (GError **error, const char *file, const char *group, const char *key, const GError *reason)
{
  const char *hint = kt_error_hint (reason);
  kt_error_set (error, KT_ERROR_CONFIG, kt_error_detail (reason),
                hint != NULL ? hint : "correct that line of the profile",
                "%s: [%s] %s: %s", file, group, key, reason->message);
  return FALSE;
}

static gboolean
read_count (const char *text, guint64 least, guint64 most, guint64 *count, GError **error)
{
  g_autoptr (GError) local = NULL;
  if (g_ascii_string_to_unsigned (text, 10, least, most, count, &local))
    return TRUE;
  kt_error_set (error, KT_ERROR_PARSE, NULL, NULL,
                "“%s” is not a whole number from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT, text, least, most);
  return FALSE;
}

static gboolean
read_positive (const char *text, double most, double *number, GError **error)
{
  char *end = NULL;
  *number = g_ascii_strtod (text, &end);
  if (end != text && *end == '\0' && *number > 0 && *number <= most)
    return TRUE;
  kt_error_set (error, KT_ERROR_PARSE, NULL, NULL, "“%s” is not a number above 0 and up to %g", text, most);
  return FALSE;
}

static gboolean
key_summary (KtProfile *profile, const char *text, GError **error)
{
  g_free (profile->summary);
  profile->summary = g_strdup (text);
  return TRUE;
}

static gboolean
key_phase (KtProfile *profile, const char *text, GError **error)
{
  if (kt_phase_from_string (text, &profile->phase))
    return TRUE;
  kt_error_set (error, KT_ERROR_PARSE, NULL, NULL, "“%s” is neither steady nor initial-sync", text);
  return FALSE;
}

static gboolean
key_durability (KtProfile *profile, const char *text, GError **error)
{
  profile->async_commit_offered = g_str_equal (text, "async-commit-offered");
  if (profile->async_commit_offered || g_str_equal (text, "full"))
    return TRUE;
  kt_error_set (error, KT_ERROR_PARSE, NULL, NULL, "“%s” is neither full nor async-commit-offered", text);
  return FALSE;
}

static gboolean
key_reserve (KtProfile *profile, const char *text, GError **error)
{
  return kt_size_parse (text, &profile->reserve, error);
}

static gboolean
key_connections (KtProfile *profile, const char *text, GError **error)
{
  guint64 count = 0;
  if (!read_count (text, 10, 10000, &count, error))
    return FALSE;
  profile->connections = (guint) count;
  return TRUE;
}

static gboolean
key_busy_connections (KtProfile *profile, const char *text, GError **error)
{
  guint64 count = 0;
  if (!read_count (text, 1, 10000, &count, error))
    return FALSE;
  profile->busy_connections = (guint) count;
  return TRUE;
}

static gboolean
key_batch_concurrency (KtProfile *profile, const char *text, GError **error)
{
  guint64 count = 0;
  if (!read_count (text, 1, 100, &count, error))
    return FALSE;
  profile->batch_concurrency = (guint) count;
  return TRUE;
}

static gboolean
key_api_connections (KtProfile *profile, const char *text, GError **error)
{
  guint64 count = 0;
  if (!read_count (text, 0, 10000, &count, error))
    return FALSE;
  profile->api_connections = (int) count;
  return TRUE;
}

static gboolean
key_transactions_per_second (KtProfile *profile, const char *text, GError **error)
{
  return read_positive (text, 100000, &profile->transactions_per_s, error);
}

typedef struct {
  const char *name;
  gboolean (*read) (KtProfile *profile, const char *text, GError **error); /* NULL: read before the others */
} ProfileKey;

static const ProfileKey profile_keys[] = {
  { "extends", NULL },
  { "summary", key_summary },
  { "phase", key_phase },
  { "durability", key_durability },
  { "reserve", key_reserve },
  { "connections", key_connections },
  { "busy-connections", key_busy_connections },
  { "batch-concurrency", key_batch_concurrency },
  { "api-connections", key_api_connections },
  { "transactions-per-second", key_transactions_per_second },
};

static gboolean
read_profile_key (KtProfile *profile, const char *key, const char *text, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (profile_keys); i++)
    if (g_str_equal (profile_keys[i].name, key))
      return profile_keys[i].read == NULL || profile_keys[i].read (profile, text, error);
  g_autoptr (GString) known = g_string_new (NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (profile_keys); i++)
    g_string_append_printf (known, "%s%s", i > 0 ? ", " : "", profile_keys[i].name);
  kt_error_set (error, KT_ERROR_PARSE, NULL, NULL, "no such key; known are %s", known->str);
  return FALSE;
}

static const KtParam *
find_settable (const char *name, GError **error)
{
  const KtParam *param = kt_param_find (name);
  if (param == NULL)
    {
      const char *near = kt_param_nearest (name);
      g_autofree char *hint = near != NULL ? g_strdup_printf ("did you mean %s?", near)
                                           : g_strdup ("kastune reference parameters lists all");
      kt_error_set (error, KT_ERROR_PARSE, NULL, hint, "kastune knows no such parameter");
    }
  else if (param->never)
    {
      kt_error_set (error, KT_ERROR_PARSE, NULL, NULL, "kastune never sets it: %s", param->left);
      return NULL;
    }
  return param;
}

/* A value that no supported version accepts is wrong on every server; the rest is for kt_profile_check. */
static gboolean
read_set (KtProfile *profile, const char *key, const char *text, GError **error)
{
  const KtParam *param = find_settable (key, error);
  g_autoptr (GError) newest = NULL;
  for (int major = KT_MAJOR_LAST; param != NULL && major >= KT_MAJOR_FIRST; major--)
    {
      g_auto (KtValue) value = { 0 };
      if (kt_param_exists (param, major) && kt_param_parse (param, major, text, &value,
                                                            newest == NULL ? &newest : NULL))
        {
          g_hash_table_insert (profile->set, g_strdup (param->name), g_strdup (text));
          return TRUE;
        }
    }
  if (newest != NULL)
    g_propagate_error (error, g_steal_pointer (&newest));
  else if (param != NULL)
    kt_error_set (error, KT_ERROR_PARSE, NULL, NULL, "PostgreSQL %d to %d do not have it", KT_MAJOR_FIRST,
                  KT_MAJOR_LAST);
  return FALSE;
}

static gboolean
read_factor (KtProfile *profile, const char *key, const char *text, GError **error)
{
  double factor = 0;
  const KtParam *param = find_settable (key, error);
  if (param == NULL || !read_positive (text, 100, &factor, error))
    return FALSE;
  if (param->rule == NULL || (param->type != KT_GUC_INTEGER && param->type != KT_GUC_REAL))
    {
      kt_error_set (error, KT_ERROR_PARSE, NULL, NULL, "no rule computes a number for it; give the value in [set]");
      return FALSE;
    }
  g_hash_table_insert (profile->factor, g_strdup (param->name), g_memdup2 (&factor, sizeof factor));
  return TRUE;
}

static const char *const profile_groups[] = { "profile", "set", "factor", NULL };

static gboolean
read_key (KtProfile *profile, const char *group, const char *key, const char *text, GError **error)
{
  if (g_str_equal (group, "set"))
    return read_set (profile, key, text, error);
  if (g_str_equal (group, "factor"))
    return read_factor (profile, key, text, error);
  return read_profile_key (profile, key, text, error);
}

static gboolean
read_group (KtProfile *profile, GKeyFile *keys, const char *file, const char *group, GError **error)
{
  g_auto (GStrv) names = g_key_file_get_keys (keys, group, NULL, NULL);
  for (gsize i = 0; names != NULL && names[i] != NULL; i++)
    {
      g_autoptr (GError) local = NULL;
      g_autofree char *text = g_key_file_get_string (keys, group, names[i], &local);
      if (text == NULL || !read_key (profile, group, names[i], g_strstrip (text), &local))
        return refuse (error, file, group, names[i], local);
    }
  return TRUE;
}

static gboolean
check_groups (GKeyFile *keys, const char *file, GError **error)
{
  g_auto (GStrv) groups = g_key_file_get_groups (keys, NULL);
  for (gsize i = 0; groups[i] != NULL; i++)
    if (!g_strv_contains (profile_groups, groups[i]))
      {
        kt_error_set (error, KT_ERROR_CONFIG, NULL, NULL,
                      "%s: [%s]: no such group; known are [profile], [set] and [factor]", file, groups[i]);
        return FALSE;
      }
  return TRUE;
}

static char *
base_name_of (const char *file)
{
  char *name = g_path_get_basename (file);
  if (g_str_has_suffix (name, ".conf"))
    name[strlen (name) - strlen (".conf")] = '\0';
  return name;
}

static KtProfile *
load_extended (GKeyFile *keys, const Source *source, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autofree char *extends = g_key_file_get_string (keys, "profile", "extends", NULL);
  if (extends == NULL)
    return profile_new (find_row ("standard"));
  KtProfile *profile = profile_load (g_strstrip (extends), source, &local);
  if (profile == NULL && g_error_matches (local, KT_ERROR, KT_ERROR_CONFIG))
    g_propagate_error (error, g_steal_pointer (&local)); /* names the file that it is about */
  else if (profile == NULL)
    refuse (error, source->file, "profile", "extends", local);
  return profile;
}

static KtProfile *
profile_parse (const Source *source, const char *text, GError **error)
{
  g_autoptr (GKeyFile) keys = g_key_file_new ();
  g_autoptr (GError) local = NULL;
  if (g_str_has_prefix (text, "\xef\xbb\xbf")) /* editors of other systems mark UTF-8 so */
    text += 3;
  if (!g_key_file_load_from_data (keys, text, (gsize) -1, G_KEY_FILE_NONE, &local))
    {
      kt_error_set (error, KT_ERROR_CONFIG, local->message,
                    "a profile has groups [profile], [set] and [factor] with lines key = value", "%s is no profile",
                    source->file);
      return NULL;
    }
  if (!check_groups (keys, source->file, error))
    return NULL;
  g_autoptr (KtProfile) profile = load_extended (keys, source, error);
  if (profile == NULL)
    return NULL;
  g_free (profile->file);
  profile->file = g_strdup (source->file);
  g_free (profile->name);
  profile->name = base_name_of (source->file);
  for (gsize i = 0; profile_groups[i] != NULL; i++)
    if (!read_group (profile, keys, source->file, profile_groups[i], error))
      return NULL;
  return g_steal_pointer (&profile);
}

static gboolean
looks_like_path (const char *name)
{
  return strchr (name, '/') != NULL || g_str_has_suffix (name, ".conf");
}

static char *
resolve (const char *path, const Source *from)
{
  if (from == NULL || g_path_is_absolute (path))
    return g_strdup (path);
  g_autofree char *folder = g_path_get_dirname (from->file);
  return g_build_filename (folder, path, NULL);
}

static KtProfile *
profile_load (const char *name, const Source *from, GError **error)
{
  const KtProfileRow *row = find_row (name);
  Source source = { .level = from != NULL ? from->level + 1 : 0 };
  if (row != NULL)
    return profile_new (row);
  if (!looks_like_path (name))
    {
      kt_error_set (error, KT_ERROR_NOT_FOUND, NULL, "kastune profile list",
                    "there is no profile “%s”; a profile of your own is given by the path of its file", name);
      return NULL;
    }
  if (source.level > MOST_LEVELS)
    {
      kt_error_set (error, KT_ERROR_CONFIG, NULL, "let one of them extend a built-in profile (kastune profile list)",
                    "%s: [profile] extends: profiles extend each other in a circle, or more than %d deep", from->file,
                    MOST_LEVELS);
      return NULL;
    }
  g_autofree char *path = resolve (name, from);
  g_autofree char *text = NULL;
  source.file = path;
  return kt_file_read (path, &text, NULL, error) ? profile_parse (&source, text, error) : NULL;
}

KtProfile *
kt_profile_load (const char *name_or_path, GError **error)
{
  return profile_load (name_or_path, NULL, error);
}

KtProfile *
kt_profile_parse (const char *file, const char *text, GError **error)
{
  return profile_parse (&(Source){ .file = file }, text, error);
}
