/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "postgres/conffile.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_DEPTH 10              /* the server's own limit */
#define MAX_PROBLEMS_IN_FILE 100  /* likewise: then it leaves the file */
#define MAX_FILES 10000           /* includes that double at each level must not keep us busy for hours */

/* Where a file is asked for: the line with the include. */
typedef struct {
  const char *path; /* NULL: the server itself asks */
  guint line;
} Place;

typedef struct {
  KtConfTree *tree;
  GPtrArray *chain;        /* paths of the files that are being read, the outermost first; borrowed */
  GHashTable *by_name;     /* name to the entry that wins so far */
  GHashTable *by_spelling; /* the same for names as written */
  GHashTable *reported;    /* problems: a file that is included twice is reported once */
} Reader;

static void read_file (Reader *reader, const char *path, Place from, gboolean must_exist);

static void
entry_free (gpointer data)
{
  KtConfEntry *entry = data;
  g_free (entry->name);
  g_free (entry->value);
  g_free (entry->path);
  g_free (entry);
}

static void
problem_free (gpointer data)
{
  KtConfProblem *problem = data;
  g_free (problem->path);
  g_free (problem->text);
  g_free (problem);
}

static void G_GNUC_PRINTF (4, 5)
add_problem (Reader *reader, const char *path, guint line, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  if (!g_hash_table_add (reader->reported, g_strdup_printf ("%s:%u: %s", path, line, text)))
    return;
  KtConfProblem *problem = g_new0 (KtConfProblem, 1);
  *problem = (KtConfProblem){ .path = g_strdup (path), .line = line, .text = g_steal_pointer (&text) };
  g_ptr_array_add (reader->tree->problems, problem);
}

static void
add_entry (Reader *reader, const char *path, const KtConfLine *line)
{
  KtConfEntry *entry = g_new0 (KtConfEntry, 1);
  *entry = (KtConfEntry){ .name = g_strdup (line->name), .value = g_strdup (line->value), .path = g_strdup (path),
                          .line = line->line, .wins = TRUE, .checked = TRUE };
  KtConfEntry *overridden = g_hash_table_lookup (reader->by_name, line->name);
  if (overridden != NULL)
    overridden->wins = FALSE;
  overridden = g_hash_table_lookup (reader->by_spelling, line->spelling);
  if (overridden != NULL)
    overridden->checked = FALSE;
  g_hash_table_replace (reader->by_name, g_strdup (line->name), entry);
  g_hash_table_replace (reader->by_spelling, g_strdup (line->spelling), entry);
  g_ptr_array_add (reader->tree->entries, entry);
}

/* A relative name counts from the folder of the file that has it. */
static char *
locate (const char *name, const char *from)
{
  if (g_path_is_absolute (name))
    return g_strdup (name);
  g_autofree char *folder = g_path_get_dirname (from);
  return g_canonicalize_filename (name, folder);
}

static gboolean
is_configuration_name (const char *name)
{
  return name[0] != '.' && strlen (name) > strlen (".conf") && g_str_has_suffix (name, ".conf");
}

static int
compare_paths (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* Folders are passed over whatever their name; a link that leads nowhere is an error. */
static GPtrArray *
list_folder (Reader *reader, const char *folder, GDir *dir, Place from)
{
  GPtrArray *paths = g_ptr_array_new_with_free_func (g_free);
  const char *name;
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      if (!is_configuration_name (name))
        continue;
      g_autofree char *path = g_build_filename (folder, name, NULL);
      struct stat st;
      if (stat (path, &st) != 0)
        add_problem (reader, from.path, from.line, "cannot read the included file %s: %s", path, g_strerror (errno));
      else if (!S_ISDIR (st.st_mode))
        g_ptr_array_add (paths, g_steal_pointer (&path));
    }
  g_ptr_array_sort (paths, compare_paths);
  return paths;
}

static void
read_folder (Reader *reader, const char *folder, Place from)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open (folder, 0, &error);
  if (dir == NULL)
    {
      add_problem (reader, from.path, from.line, "cannot read the included folder: %s", error->message);
      return;
    }
  g_free (reader->tree->include_dir);
  reader->tree->include_dir = g_strdup (folder);
  g_autoptr (GPtrArray) paths = list_folder (reader, folder, dir, from);
  for (guint i = 0; i < paths->len; i++)
    read_file (reader, paths->pdata[i], from, TRUE);
}

static void
read_include (Reader *reader, const char *path, const KtConfLine *line)
{
  Place from = { path, line->line };
  if (line->value[strspn (line->value, " \t\r\n")] == '\0')
    {
      add_problem (reader, path, line->line, "%s names nothing", line->name);
      return;
    }
  g_autofree char *target = locate (line->value, path);
  if (g_str_equal (line->name, "include_dir"))
    read_folder (reader, target, from);
  else
    read_file (reader, target, from, g_str_equal (line->name, "include"));
}

static void
read_lines (Reader *reader, const KtConfFile *file)
{
  guint n_broken = 0;
  for (guint i = 0; i < file->lines->len && n_broken < MAX_PROBLEMS_IN_FILE; i++)
    {
      const KtConfLine *line = file->lines->pdata[i];
      if (line->kind == KT_CONF_SETTING)
        add_entry (reader, file->path, line);
      else if (line->kind == KT_CONF_INCLUDE)
        read_include (reader, file->path, line);
      else if (line->kind == KT_CONF_BROKEN)
        {
          add_problem (reader, file->path, line->line, "%s", line->problem);
          n_broken++;
        }
    }
}

static gboolean
may_descend (Reader *reader, const char *path, Place from)
{
  if (g_ptr_array_find_with_equal_func (reader->chain, path, g_str_equal, NULL))
    add_problem (reader, from.path, from.line, "%s includes itself", path);
  else if (reader->chain->len > MAX_DEPTH)
    add_problem (reader, from.path, from.line, "%s is included more than %d levels deep", path, MAX_DEPTH);
  else if (reader->tree->files->len >= MAX_FILES)
    add_problem (reader, from.path, from.line, "more than %d files are included", MAX_FILES);
  else
    return TRUE;
  return FALSE;
}

static void
read_opened (Reader *reader, KtConfFile *file)
{
  g_ptr_array_add (reader->tree->files, file);
  g_ptr_array_add (reader->chain, file->path);
  read_lines (reader, file);
  g_ptr_array_set_size (reader->chain, (int) reader->chain->len - 1);
}

/* include_if_exists passes over every file that cannot be opened, for whatever reason, but not over one that opens and
 * then cannot be read, such as a folder. */
static void
read_file (Reader *reader, const char *path, Place from, gboolean must_exist)
{
  if (!may_descend (reader, path, from) || (!must_exist && eaccess (path, R_OK) != 0))
    return;
  g_autoptr (GError) error = NULL;
  KtConfFile *file = kt_conf_file_read (path, &error);
  if (file != NULL)
    read_opened (reader, file);
  else
    add_problem (reader, from.path != NULL ? from.path : path, from.line, "%s: %s", error->message,
                 kt_error_detail (error));
}

static void
read_auto_conf (Reader *reader, const char *config_file, const char *data_directory)
{
  g_autofree char *folder = g_path_get_dirname (config_file);
  const KtConfEntry *own = kt_conf_tree_get (reader->tree, "data_directory");
  if (data_directory == NULL && own != NULL && g_path_is_absolute (own->value))
    data_directory = own->value;
  g_autofree char *path = g_build_filename (data_directory != NULL ? data_directory : folder, "postgresql.auto.conf", NULL);
  read_file (reader, path, (Place){ NULL, 0 }, FALSE);
}

KtConfTree *
kt_conf_tree_read (const char *config_file, const char *data_directory, GError **error)
{
  g_autofree char *path = g_canonicalize_filename (config_file, NULL);
  KtConfFile *file = kt_conf_file_read (path, error);
  if (file == NULL)
    return NULL;
  KtConfTree *tree = g_new0 (KtConfTree, 1);
  tree->files = g_ptr_array_new_with_free_func ((GDestroyNotify) kt_conf_file_free);
  tree->entries = g_ptr_array_new_with_free_func (entry_free);
  tree->problems = g_ptr_array_new_with_free_func (problem_free);
  g_autoptr (GPtrArray) chain = g_ptr_array_new ();
  g_autoptr (GHashTable) by_name = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) by_spelling = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) reported = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Reader reader = { tree, chain, by_name, by_spelling, reported };
  read_opened (&reader, file);
  read_auto_conf (&reader, path, data_directory);
  return tree;
}

void
kt_conf_tree_free (KtConfTree *tree)
{
  if (tree == NULL)
    return;
  g_ptr_array_unref (tree->files);
  g_ptr_array_unref (tree->entries);
  g_ptr_array_unref (tree->problems);
  g_free (tree->include_dir);
  g_free (tree);
}

const KtConfEntry *
kt_conf_tree_get (const KtConfTree *tree, const char *name)
{
  g_autofree char *canonical = kt_conf_canonical_name (name);
  for (guint i = tree->entries->len; i-- > 0;)
    {
      const KtConfEntry *entry = tree->entries->pdata[i];
      if (entry->wins && g_str_equal (entry->name, canonical))
        return entry;
    }
  return NULL;
}
