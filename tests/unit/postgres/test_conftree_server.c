/* SPDX-License-Identifier: MIT
 *
 * The judge is the server: whatever it makes of a tree of files (pg_file_settings reads them anew at each query,
 * `postgres -C` as a start would) must be what we make of it, values and refusals alike.
 */
#include "base/autoptr.h"
#include "base/error.h"
#include "base/run.h"
#include "postgres/conffile.h"
#include "postgres/guc.h"
#include "support/cluster.h"

#include <glib/gstdio.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#define N_TREES 80    /* for each version */
#define START_EVERY 2 /* of them, how many are also given to `postgres -C`: with the version of Debian only */
#define N_LINES 2000
#define LINES_IN_TREE 100
#define UNLIKELY(random, n) (g_rand_int_range (random, 0, n) == 0)
#define PICK(random, array) (array)[g_rand_int_range (random, 0, (gint32) G_N_ELEMENTS (array))]

/* Settings that a running server takes over, one of each type, with values that it accepts as they stand in a file. */
typedef struct {
  const char *name;
  KtGucType type;
  const char *unit;
  double min;
  double max;
  const char *values[8]; /* of an enum: all of them */
} Setting;

static const Setting settings[] = {
  { "work_mem", KT_GUC_INTEGER, "kB", 64, INT_MAX, { "4MB", "'1.5GB'", "0x1000", "010000", "' 64 MB '", "'1e3'", "+4096", "65536 # kB" } },
  { "effective_cache_size", KT_GUC_INTEGER, "8kB", 1, INT_MAX, { "1GB", "131072", "'0.3TB'", "'100000B'", "8kB", "07", "1TB", "5" } },
  { "statement_timeout", KT_GUC_INTEGER, "ms", 0, INT_MAX, { "0", "1min", "'2.5 h'", "500us", "1d", "'1500us'", "90s", "'0.1min'" } },
  { "vacuum_cost_delay", KT_GUC_REAL, "ms", 0, 100, { "2", "0.5", "'500us'", "1.5e1", "010", "'1.25ms'", "0", ".5" } },
  { "enable_sort", KT_GUC_BOOL, NULL, 0, 0, { "on", "of", "FALSE", "'t'", "1", "0", "no", "Y" } },
  { "synchronous_commit", KT_GUC_ENUM, NULL, 0, 0, { "on", "off", "LOCAL", "Remote_Write", "'remote_apply'", "true", "0", "no" } },
  { "log_line_prefix", KT_GUC_STRING, NULL, 0, 0, { "'%m [%p] '", "''", "'it''s'", "'a\\101\\n\\\\b'", "a-b:c/d", "'# no comment'", "'x\\000y'", "'caf\xe9'" } },
  { "kaspa.note", KT_GUC_STRING, NULL, 0, 0, { "'a, b'", "1", "on", "'\\''", "'\\8\\1234'", "en_US.UTF-8", "-.5", "'\t'" } },
};

/* Refused, or refused by some types. */
static const char *const odd_values[] = {
  "1gb", "1.5GB", "1e3", "b.c", "a, b", "'x", "\"x\"", "/x", "99999999999", "-1", "'-1'", "o", "'o'", "nan", "'inf'", "'a' 'b'", "''",
  "' on'", "'on '", "= 1", "", "12x", "'12 x'", "enable", "\x01", "1_000", "'x\\'", "sofort", "*", "'1MB", "5.", ".", "0x", "08",
};

static const char *const separators[] = { " = ", "=", " ", "\t", " =", "= ", "\r=\r", "  \t = " };
static const char *const indents[] = { "", "", "", "", "  ", "\t", "\r" };
static const char *const endings[] = { "\n", "\n", "\n", "\r\n", " # comment\n", "#it's\n", "\t\r\n" };
static const char *const extra_lines[] = { "\n", "# x = 1\n", "   \r\n", "#\n", "#include 'missing.conf'\n" };
static const char *const broken_lines[] = {
  "no_such_setting = 1\n", "work_mem\n", "= 4MB\n", "a.b.c = 1\n", "work-mem = 4MB\n", "\xef\xbb\xbf# a byte order mark\n", "\f\n", "Kaspa.note.x = 1\n",
};

/* A file includes only those after it, so that cycles are rare. The first two are the server's own. */
static const char *const tree_files[] = {
  "postgresql.conf", "postgresql.auto.conf", "sub/two.conf", "one.conf", "sub/three.conf", "conf.d/10-a.conf", "conf.d/B.conf",
  "conf.d/a.conf", "conf.d/.hidden.conf", "conf.d/note.conf.bak", "conf.d/.conf", "conf.d/ä.conf",
};

static KtTestCluster *shared;

static const Setting *
find_setting (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (settings); i++)
    if (g_str_equal (settings[i].name, name))
      return &settings[i];
  return NULL;
}

static gboolean
is_valid (const KtConfEntry *entry)
{
  const Setting *setting = find_setting (entry->name);
  double number = 0;
  gboolean flag = FALSE;
  if (setting == NULL)
    return FALSE;
  if (setting->type == KT_GUC_STRING)
    return TRUE;
  if (setting->type == KT_GUC_BOOL)
    return kt_guc_parse_bool (entry->value, &flag);
  if (setting->type == KT_GUC_ENUM)
    {
      static const char *const words[] = { "on", "off", "true", "false", "yes", "no", "1", "0", "local", "remote_write", "remote_apply" };
      for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
        if (g_ascii_strcasecmp (words[i], entry->value) == 0)
          return TRUE;
      return FALSE;
    }
  return kt_guc_parse_number (setting->type, entry->value, setting->unit, &number, NULL) && number >= setting->min
         && number <= setting->max;
}

static void
write_file (const char *folder, const char *name, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *parent = g_path_get_dirname (path);
  g_assert_cmpint (g_mkdir_with_parents (parent, 0755), ==, 0);
  g_unlink (path); /* GLib would not shorten an old file */
  g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_NONE, 0644, &error);
  g_assert_no_error (error);
}

static void
add_setting_line (GRand *random, GString *text)
{
  const Setting *setting = &PICK (random, settings);
  const char *name = g_str_equal (setting->name, "work_mem") && UNLIKELY (random, 4) ? "sort_mem" : setting->name;
  g_autofree char *upper = g_ascii_strup (name, -1);
  const char *value = UNLIKELY (random, 40) ? PICK (random, odd_values) : PICK (random, setting->values);
  g_string_append_printf (text, "%s%s%s%s%s", PICK (random, indents), UNLIKELY (random, 5) ? upper : name,
                          PICK (random, separators), value, PICK (random, endings));
}

static char *
include_target (GRand *random, const char *folder, gsize file)
{
  static const char *const odd[] = { "missing.conf", "conf.d", "", " ", "one.conf/x", "postgresql.conf" };
  const char *target = UNLIKELY (random, 15)               ? PICK (random, odd)
                       : file + 1 < G_N_ELEMENTS (tree_files) ? tree_files[g_rand_int_range (random, (gint32) MAX (file + 1, 2),
                                                                                             G_N_ELEMENTS (tree_files))]
                                                              : "missing.conf";
  if (strspn (target, " ") == strlen (target))
    return g_strdup (target);
  if (UNLIKELY (random, 3))
    return g_build_filename (folder, target, NULL);
  return g_strconcat (strchr (tree_files[file], '/') != NULL ? "../" : "./", target, NULL);
}

static void
add_include_line (GRand *random, GString *text, const char *folder, gsize file)
{
  static const char *const words[] = { "include", "include_if_exists", "Include" };
  gboolean in_folder = strchr (tree_files[file], '/') != NULL;
  if (!in_folder && UNLIKELY (random, 3))
    {
      g_string_append (text, UNLIKELY (random, 15) ? "include_dir = 'none.d'\n" : "include_dir 'conf.d'\n");
      return;
    }
  g_autofree char *target = include_target (random, folder, file);
  g_string_append_printf (text, "%s%s'%s'%s", PICK (random, words), PICK (random, separators), target, PICK (random, endings));
}

static char *
random_file (GRand *random, const char *folder, gsize file)
{
  GString *text = g_string_new (NULL);
  int n_lines = g_rand_int_range (random, 0, 7);
  for (int i = 0; i < n_lines; i++)
    if (UNLIKELY (random, 100))
      g_string_append (text, PICK (random, broken_lines));
    else if (UNLIKELY (random, 6))
      g_string_append (text, PICK (random, extra_lines));
    else if (UNLIKELY (random, 5))
      add_include_line (random, text, folder, file);
    else
      add_setting_line (random, text);
  if (text->len > 0 && UNLIKELY (random, 4))
    g_string_truncate (text, text->len - 1);
  return g_string_free (text, FALSE);
}

static void
random_tree (GRand *random, const char *folder)
{
  g_autofree char *dangling = g_build_filename (folder, "conf.d", "zz.conf", NULL);
  g_autofree char *nested = g_build_filename (folder, "conf.d", "folder.conf", NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (tree_files); i++)
    {
      g_autofree char *text = random_file (random, folder, i);
      write_file (folder, tree_files[i], text);
    }
  g_mkdir_with_parents (nested, 0755);
  unlink (dangling);
  if (UNLIKELY (random, 15))
    g_assert_cmpint (symlink ("nowhere", dangling), ==, 0);
}

static gboolean
we_accept (const KtConfTree *tree)
{
  for (guint i = 0; i < tree->entries->len; i++)
    {
      const KtConfEntry *entry = tree->entries->pdata[i];
      if (find_setting (entry->name) == NULL || (entry->checked && !is_valid (entry)))
        return FALSE;
    }
  return tree->problems->len == 0;
}

/* Without the lines (of no file) about what initdb had written and our trees leave out. */
static PGresult *
ask_file_settings (PGconn *connection)
{
  PGresult *rows = PQexec (connection,
                           "SELECT sourcefile, sourceline, lower(name), setting, applied, error FROM pg_file_settings"
                           " WHERE sourcefile IS NOT NULL OR error NOT LIKE '%without restarting%' ORDER BY seqno");
  if (PQresultStatus (rows) != PGRES_TUPLES_OK)
    g_error ("%s", PQerrorMessage (connection));
  return rows;
}

static gboolean
server_accepts (PGresult *rows)
{
  for (int i = 0; i < PQntuples (rows); i++)
    if (!PQgetisnull (rows, i, 5))
      return FALSE;
  return TRUE;
}

/* 13 and 14 leave folder/../ in names. */
static char *
source_file (PGresult *rows, int row)
{
  return g_canonicalize_filename (PQgetvalue (rows, row, 0), NULL);
}

/* Every line the server read, in its order. */
static void
compare_lines (const KtConfTree *tree, PGresult *rows)
{
  g_assert_cmpint ((int) tree->entries->len, ==, PQntuples (rows));
  for (guint i = 0; i < tree->entries->len; i++)
    {
      const KtConfEntry *entry = tree->entries->pdata[i];
      g_autofree char *line = g_strdup_printf ("%u", entry->line);
      g_autofree char *name = kt_conf_canonical_name (PQgetvalue (rows, (int) i, 2));
      g_autofree char *path = source_file (rows, (int) i);
      g_assert_cmpstr (entry->path, ==, path);
      g_assert_cmpstr (line, ==, PQgetvalue (rows, (int) i, 1));
      g_assert_cmpstr (entry->name, ==, name);
      g_assert_cmpstr (entry->value, ==, PQgetvalue (rows, (int) i, 3));
    }
}

/* The server applies all lines that it checks, one after the other: so the last of them wins. */
static void
compare_checked (const KtConfTree *tree, PGresult *rows)
{
  for (guint i = 0; i < tree->entries->len; i++)
    {
      const KtConfEntry *entry = tree->entries->pdata[i];
      if (strchr (entry->name, '.') == NULL)
        g_assert_cmpint (entry->checked, ==, PQgetvalue (rows, (int) i, 4)[0] == 't');
    }
}

static gboolean
has_unknown_name (const KtConfTree *tree)
{
  for (guint i = 0; i < tree->entries->len; i++)
    if (find_setting (((const KtConfEntry *) tree->entries->pdata[i])->name) == NULL)
      return TRUE;
  return FALSE;
}

/* Names are judged before any value is. */
static void
compare_bad_lines (const KtConfTree *tree, PGresult *rows)
{
  gboolean unknown = has_unknown_name (tree);
  for (guint i = 0; i < tree->entries->len; i++)
    {
      const KtConfEntry *entry = tree->entries->pdata[i];
      gboolean bad = unknown ? find_setting (entry->name) == NULL : entry->checked && !is_valid (entry);
      g_assert_cmpint (bad, ==, !PQgetisnull (rows, (int) i, 5));
    }
}

/* What the server stumbles over first is our first problem. It does not notice a cycle before the last level, names a
 * folder instead of the line that includes it, and the line before a name that ends the file without a newline. */
static void
compare_first_problem (const KtConfTree *tree, PGresult *rows)
{
  const KtConfProblem *problem = tree->problems->pdata[0];
  if (g_str_has_suffix (problem->text, "includes itself") || g_str_has_suffix (problem->text, "Is a directory"))
    return;
  int i = 0;
  while (i < PQntuples (rows) && (!PQgetisnull (rows, i, 2) || PQgetisnull (rows, i, 5)))
    i++;
  g_assert_cmpint (i, <, PQntuples (rows));
  g_autofree char *path = source_file (rows, i);
  guint line = (guint) g_ascii_strtoull (PQgetvalue (rows, i, 1), NULL, 10);
  g_assert_cmpstr (problem->path, ==, path);
  if (line != problem->line - 1 || !g_str_has_suffix (problem->text, "the value is missing"))
    g_assert_cmpuint (problem->line, ==, line);
}

/* A start would give this value, or refuse (NULL). */
static char *
ask_start (const KtTestCluster *cluster, const char *name)
{
  g_auto (KtRunResult) result = { 0 };
  g_autofree char *program = g_build_filename (cluster->bin_directory, "postgres", NULL);
  const char *const argv[] = { program, "-C", name, "-D", cluster->data_directory, NULL };
  g_assert_true (kt_run (&(KtRun){ .argv = argv, .user = cluster->user, .any_status = TRUE }, &result, NULL, NULL));
  return result.status == 0 ? g_strdup (result.output) : NULL;
}

static void
compare_start (const KtTestCluster *cluster, const KtConfTree *tree)
{
  if (!we_accept (tree))
    {
      g_autofree char *value = ask_start (cluster, "work_mem");
      g_assert_null (value);
      return;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (settings); i++)
    {
      const KtConfEntry *entry = kt_conf_tree_get (tree, settings[i].name);
      if (entry == NULL)
        continue;
      g_autofree char *server = ask_start (cluster, settings[i].name);
      g_autofree char *ours = g_strchomp (g_strdup (entry->value)); /* as kt_run does with what a program prints */
      if (server == NULL || !kt_guc_equal (settings[i].type, settings[i].unit, ours, server))
        g_error ("%s: we read “%s” in %s:%u, the server “%s”", entry->name, entry->value, entry->path, entry->line, server);
    }
}

static void
show_tree (const char *folder)
{
  for (gsize i = 0; i < G_N_ELEMENTS (tree_files); i++)
    {
      g_autofree char *path = g_build_filename (folder, tree_files[i], NULL);
      g_autofree char *text = NULL;
      g_file_get_contents (path, &text, NULL, NULL);
      g_autofree char *shown = g_strescape (text, "\n");
      g_test_message ("--- %s\n%s", tree_files[i], shown);
    }
}

static KtConfTree *
read_tree (const KtTestCluster *cluster)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (cluster->data_directory, "postgresql.conf", NULL);
  KtConfTree *tree = kt_conf_tree_read (path, NULL, &error);
  g_assert_no_error (error);
  return tree;
}

/* A running server whose files the tests overwrite, so it is never told to take them over. Borrowed, until another
 * version is wanted. */
static KtTestCluster *
own_cluster (int major)
{
  if (shared != NULL && shared->major != major)
    g_clear_pointer (&shared, kt_test_cluster_free);
  if (shared == NULL)
    shared = kt_test_cluster_new (&(KtTestClusterOptions){ .major = major, .without_sync = TRUE });
  write_file (shared->data_directory, "postgresql.auto.conf", "");
  return shared;
}

static void
test_random_trees (gconstpointer data)
{
  KtTestCluster *cluster = own_cluster (GPOINTER_TO_INT (data));
  g_autoptr (PGconn) connection = PQconnectdb (cluster->conninfo);
  guint n_accepted = 0;
  for (guint32 seed = 1; seed <= N_TREES; seed++)
    {
      g_autoptr (GRand) random = g_rand_new_with_seed (seed);
      random_tree (random, cluster->data_directory);
      g_autoptr (KtConfTree) tree = read_tree (cluster);
      g_autoptr (PGresult) rows = ask_file_settings (connection);
      gboolean ours = we_accept (tree);
      n_accepted += ours;
      if (ours != server_accepts (rows))
        {
          show_tree (cluster->data_directory);
          g_error ("tree %u: we %s, the server does not agree", seed, ours ? "accept" : "refuse");
        }
      if (tree->problems->len > 0)
        compare_first_problem (tree, rows);
      else
        {
          compare_lines (tree, rows);
          compare_bad_lines (tree, rows);
        }
      if (ours)
        compare_checked (tree, rows);
      if (cluster->major == KT_TEST_DEBIAN_MAJOR && seed % START_EVERY == 0)
        compare_start (cluster, tree);
    }
  g_assert_cmpuint (n_accepted, >, N_TREES / 4);
  g_assert_cmpuint (n_accepted, <, N_TREES - N_TREES / 4);
}

/* A line of pieces that mean something to the scanner, put together without sense. */
static char *
random_line (GRand *random)
{
  static const char *const pieces[] = {
    "a", "b", "x", "e", "E", "n", "_", "0", "1", "7", "8", "0x", ".", "-", "+", ":", "/", "'", "'", "'", "''", "\\", "\\1", "\\n",
    "#", "=", " ", " ", "\t", "\r", ",", "\f", "\xff", "\"", "\\000", "$", "GB",
  };
  static const char *const starts[] = { "kaspa.a = ", "kaspa.a ", "kaspa.a='", "kaspa.a", "", "\tk_1.B=" };
  GString *line = g_string_new (PICK (random, starts));
  for (int n = g_rand_int_range (random, 0, 9); n > 0; n--)
    g_string_append (line, PICK (random, pieces));
  return g_string_free (line, FALSE);
}

/* The row that the server has for each file. */
static GHashTable *
rows_by_file (PGresult *rows)
{
  GHashTable *table = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (int i = 0; i < PQntuples (rows); i++)
    g_hash_table_insert (table, source_file (rows, i), GINT_TO_POINTER (i + 1));
  return table;
}

static KtConfKind
compare_line (const char *text, PGresult *rows, int row)
{
  g_autoptr (KtConfFile) file = kt_conf_file_parse ("x", text);
  const KtConfLine *line = file->lines->len > 0 ? file->lines->pdata[0] : NULL;
  g_autofree char *name = row >= 0 && !PQgetisnull (rows, row, 2) ? kt_conf_canonical_name (PQgetvalue (rows, row, 2)) : NULL;
  const char *value = name != NULL ? PQgetvalue (rows, row, 3) : NULL;
  KtConfKind kind = row < 0 ? KT_CONF_BLANK : name != NULL ? KT_CONF_SETTING : KT_CONF_BROKEN;
  g_autofree char *shown = g_strescape (text, NULL);
  if ((line != NULL ? line->kind : KT_CONF_BLANK) != kind)
    g_error ("“%s”: we say kind %d, the server %d", shown, line != NULL ? line->kind : KT_CONF_BLANK, kind);
  if (line != NULL && (g_strcmp0 (line->name, name) != 0 || g_strcmp0 (line->value, value) != 0))
    g_error ("“%s”: we read “%s”, “%s”, the server “%s”, “%s”", shown, line->name, line->value, name, value);
  return kind;
}

/* The server leaves a file at the first error but goes on with the next one: so each line has a file of its own. */
static void
test_random_lines (void)
{
  KtTestCluster *cluster = own_cluster (KT_TEST_DEBIAN_MAJOR);
  g_autoptr (PGconn) connection = PQconnectdb (cluster->conninfo);
  g_autoptr (GRand) random = g_rand_new_with_seed (20);
  guint n_kinds[KT_CONF_BROKEN + 1] = { 0 };
  for (int round = 0; round < N_LINES / LINES_IN_TREE; round++)
    {
      g_autoptr (GString) main_file = g_string_new (NULL);
      g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);
      for (int i = 0; i < LINES_IN_TREE; i++)
        {
          g_autofree char *name = g_strdup_printf ("line-%d.conf", i);
          g_ptr_array_add (lines, random_line (random));
          write_file (cluster->data_directory, name, lines->pdata[i]);
          g_string_append_printf (main_file, "include '%s'\n", name);
        }
      write_file (cluster->data_directory, "postgresql.conf", main_file->str);
      g_autoptr (PGresult) rows = ask_file_settings (connection);
      g_autoptr (GHashTable) table = rows_by_file (rows);
      for (int i = 0; i < LINES_IN_TREE; i++)
        {
          g_autofree char *path = g_strdup_printf ("%s/line-%d.conf", cluster->data_directory, i);
          n_kinds[compare_line (lines->pdata[i], rows, GPOINTER_TO_INT (g_hash_table_lookup (table, path)) - 1)]++;
        }
    }
  g_assert_cmpuint (n_kinds[KT_CONF_SETTING], >, N_LINES / 15);
  g_assert_cmpuint (n_kinds[KT_CONF_BROKEN], >, N_LINES / 10);
}

/* Ten levels below postgresql.conf, as the server. */
static void
test_depth (void)
{
  KtTestCluster *cluster = own_cluster (KT_TEST_DEBIAN_MAJOR);
  g_autoptr (PGconn) connection = PQconnectdb (cluster->conninfo);
  for (int depth = 10; depth <= 11; depth++)
    {
      for (int i = 0; i <= depth; i++)
        {
          g_autofree char *name = i == 0 ? g_strdup ("postgresql.conf") : g_strdup_printf ("level-%d.conf", i);
          g_autofree char *text = g_strdup_printf (i < depth ? "include 'level-%d.conf'\n" : "kaspa.note = %d\n", i + 1);
          write_file (cluster->data_directory, name, text);
        }
      g_autoptr (KtConfTree) tree = read_tree (cluster);
      g_autoptr (PGresult) rows = ask_file_settings (connection);
      g_assert_cmpuint (tree->problems->len, ==, depth == 10 ? 0 : 1);
      g_assert_cmpint (server_accepts (rows), ==, depth == 10);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/postgres/conftree/ten-levels-and-no-more", test_depth);
  g_test_add_func ("/postgres/conftree/random-lines-as-the-server-cuts-them", test_random_lines);
  kt_test_add_versions ("/postgres/conftree/random-trees-as-the-server-reads-them", test_random_trees);
  int status = g_test_run ();
  g_clear_pointer (&shared, kt_test_cluster_free);
  return status;
}
