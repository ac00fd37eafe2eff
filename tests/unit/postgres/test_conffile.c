/* SPDX-License-Identifier: MIT */
#include "postgres/conffile.h"

#include "base/error.h"
#include "base/file.h"
#include "postgres/guc.h"
#include "support/cluster.h"

#include <glib/gstdio.h>
#include <string.h>

static char *
sample_path (int major)
{
  if (major == KT_TEST_DEBIAN_MAJOR)
    return g_strdup_printf ("/usr/share/postgresql/%d/postgresql.conf.sample", major);
  g_autofree char *binaries = kt_test_binaries (major);
  return g_build_filename (binaries, "..", "share", "postgresql", "postgresql.conf.sample", NULL);
}

/* Uncomments every setting: "#work_mem = 4MB   # min 64kB". Prose comments have a blank after the sign. */
static char *
uncomment (const char *text)
{
  g_autoptr (GRegex) regex = g_regex_new ("^#([a-z_]+ = )", G_REGEX_MULTILINE, 0, NULL);
  return g_regex_replace (regex, text, -1, 0, "\\1", 0, NULL);
}

static guint
count_kind (const KtConfFile *file, KtConfKind kind)
{
  guint n = 0;
  for (guint i = 0; i < file->lines->len; i++)
    n += ((const KtConfLine *) file->lines->pdata[i])->kind == kind;
  return n;
}

static char *
without_quotes (const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, "'", -1);
  return g_strjoinv ("", parts);
}

/* Columns, comment and value are as before; only quotes around the value may come or go. */
static void
change_and_restore (KtConfFile *file, guint index)
{
  const KtConfLine *line = file->lines->pdata[index];
  g_autofree char *name = g_strdup (line->name);
  g_autofree char *value = g_strdup (line->value);
  g_autofree char *raw = g_strdup (line->raw);
  kt_conf_file_set (file, name, "it's changed", NULL);
  g_assert_cmpstr (kt_conf_file_get (file, name)->value, ==, "it's changed");
  kt_conf_file_set (file, name, value, NULL);
  line = file->lines->pdata[index];
  g_assert_cmpstr (line->value, ==, value);
  g_autofree char *before = without_quotes (raw);
  g_autofree char *after = without_quotes (line->raw);
  g_assert_cmpstr (after, ==, before);
}

static void
test_samples (gconstpointer data)
{
  g_autofree char *path = sample_path (GPOINTER_TO_INT (data));
  g_autofree char *text = NULL;
  g_assert_true (kt_file_read (path, &text, NULL, NULL));
  g_autofree char *active = uncomment (text);
  g_autoptr (KtConfFile) file = kt_conf_file_parse (path, active);
  g_assert_cmpuint (count_kind (file, KT_CONF_BROKEN), ==, 0);
  g_assert_cmpuint (count_kind (file, KT_CONF_SETTING), >, 250);
  g_assert_cmpuint (count_kind (file, KT_CONF_INCLUDE), ==, 3);
  g_assert_cmpstr (kt_conf_file_get (file, "max_wal_size")->value, ==, "1GB");
  g_assert_cmpstr (kt_conf_file_get (file, "log_filename")->value, ==, "postgresql-%Y-%m-%d_%H%M%S.log");
  g_autofree char *back = kt_conf_file_to_text (file);
  g_assert_cmpstr (back, ==, active);

  for (guint i = 0; i < file->lines->len; i++)
    if (((const KtConfLine *) file->lines->pdata[i])->kind == KT_CONF_SETTING)
      change_and_restore (file, i);
}

static void
test_lossless (void)
{
  static const char *const texts[] = {
    "", "\n", "a=1", "a=1\n", "\r\n", "a = 1\r\nb = 2\r\n", "a = 1\rb = 2", ("\xef\xbb\xbf" "a = 1\n"), "\t a 'x''y\\n' # c", "caf\xe9 = \xff\n",
    "broken ' line\n\n\n#\n", "#only a comment", " \t ", "a='\\", "a='x''",
  };
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (KtConfFile) file = kt_conf_file_parse ("x", texts[i]);
      g_autofree char *back = kt_conf_file_to_text (file);
      g_assert_cmpstr (back, ==, texts[i]);
    }
}

static void
test_lines (void)
{
  static const struct {
    const char *text;
    KtConfKind kind;
    const char *name;
    const char *value;
  } rows[] = {
    { "work_mem = 4MB", KT_CONF_SETTING, "work_mem", "4MB" },
    { "Work_MEM 4MB#x", KT_CONF_SETTING, "work_mem", "4MB" },
    { "work_mem'4MB'", KT_CONF_SETTING, "work_mem", "4MB" },
    { "work_mem=-1", KT_CONF_SETTING, "work_mem", "-1" },
    { "work_mem+5", KT_CONF_SETTING, "work_mem", "+5" },
    { "sort_mem = 1", KT_CONF_SETTING, "work_mem", "1" },
    { "VACUUM_MEM = 1", KT_CONF_SETTING, "maintenance_work_mem", "1" },
    { "a.b = on", KT_CONF_SETTING, "a.b", "on" },
    { "a\r=\r1\r\n", KT_CONF_SETTING, "a", "1" },
    { "a = en_US.UTF-8", KT_CONF_SETTING, "a", "en_US.UTF-8" },
    { "a = 'it''s'", KT_CONF_SETTING, "a", "it's" },
    { "a = ''", KT_CONF_SETTING, "a", "" },
    { "a = ''''", KT_CONF_SETTING, "a", "'" },
    { "a = '\\'\\\\\\101\\n\\q\\8'", KT_CONF_SETTING, "a", "'\\A\nq8" },
    { "a = '\\1012\\7'", KT_CONF_SETTING, "a", "A2\a" },
    { "a = 'x\\000y'", KT_CONF_SETTING, "a", "x" },
    { "a = 'x # y' # z", KT_CONF_SETTING, "a", "x # y" },
    { "a = 0x1F", KT_CONF_SETTING, "a", "0x1F" },
    { "a = 1.5e+3", KT_CONF_SETTING, "a", "1.5e+3" },
    { "a = .", KT_CONF_SETTING, "a", "." },
    { "INCLUDE 'x y.conf'", KT_CONF_INCLUDE, "include", "x y.conf" },
    { "include_dir=conf.d", KT_CONF_BROKEN, NULL, NULL },
    { "include_dir='conf.d'", KT_CONF_INCLUDE, "include_dir", "conf.d" },
    { "include_if_exists = x", KT_CONF_INCLUDE, "include_if_exists", "x" },
    { "  # a = 1", KT_CONF_BLANK, NULL, NULL },
    { "work_mem = 1.5GB", KT_CONF_BROKEN, NULL, NULL },
    { "a = 1e3", KT_CONF_BROKEN, NULL, NULL },
    { "a = b.c", KT_CONF_BROKEN, NULL, NULL },
    { "a.b.c = 1", KT_CONF_BROKEN, NULL, NULL },
    { "a-b = 1", KT_CONF_BROKEN, NULL, NULL },
    { "a = b, c", KT_CONF_BROKEN, NULL, NULL },
    { "a = 'x' 'y'", KT_CONF_BROKEN, NULL, NULL },
    { "a = 'x", KT_CONF_BROKEN, NULL, NULL },
    { "a = 'x''", KT_CONF_BROKEN, NULL, NULL },
    { "a = 'x\\'", KT_CONF_BROKEN, NULL, NULL },
    { "a = \"x\"", KT_CONF_BROKEN, NULL, NULL },
    { "a = /x", KT_CONF_BROKEN, NULL, NULL },
    { "a = = 1", KT_CONF_BROKEN, NULL, NULL },
    { "a =", KT_CONF_BROKEN, NULL, NULL },
    { "a", KT_CONF_BROKEN, NULL, NULL },
    { "1a = 1", KT_CONF_BROKEN, NULL, NULL },
    { "= 1", KT_CONF_BROKEN, NULL, NULL },
    { "a\f= 1", KT_CONF_BROKEN, NULL, NULL },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (KtConfFile) file = kt_conf_file_parse ("x", rows[i].text);
      g_assert_cmpuint (file->lines->len, ==, 1);
      const KtConfLine *line = file->lines->pdata[0];
      if (line->kind != rows[i].kind || g_strcmp0 (line->name, rows[i].name) != 0 || g_strcmp0 (line->value, rows[i].value) != 0)
        g_error ("“%s” is kind %d, “%s”, “%s”", rows[i].text, line->kind, line->name, line->value);
      g_assert_true ((line->problem != NULL) == (line->kind == KT_CONF_BROKEN));
    }
}

static void
test_problems_say_what_to_write (void)
{
  static const struct {
    const char *text;
    const char *problem;
  } rows[] = {
    { "work_mem = 1.5GB", "syntax error near “GB”: put the whole value in quotes, name = 'value'" },
    { "a = 'x", "syntax error near “'”: check the quotes; a quote inside a value is written ''" },
    { "a =", "syntax error: the value is missing" },
    { "= 1", "syntax error near “=”: a line begins with the name of a setting" },
    { "a = \f", "syntax error near “?”: put the whole value in quotes, name = 'value'" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (KtConfFile) file = kt_conf_file_parse ("x", rows[i].text);
      g_assert_cmpstr (((KtConfLine *) file->lines->pdata[0])->problem, ==, rows[i].problem);
    }
  /* Bytes that are no UTF-8 must not reach a terminal or JSON. */
  g_autoptr (KtConfFile) file = kt_conf_file_parse ("x", "a b \xff\xfe\n");
  g_assert_true (g_utf8_validate (((KtConfLine *) file->lines->pdata[0])->problem, -1, NULL));
}

static void
test_edit (void)
{
  static const struct {
    const char *before;
    const char *name;
    const char *value;
    const char *comment;
    const char *after;
  } rows[] = {
    { "  work_mem = 4MB\t\t# min 64kB\n", "work_mem", "64MB", NULL, "  work_mem = 64MB\t\t# min 64kB\n" },
    { "work_mem = 4MB # old\r\nx=1\r\n", "work_mem", "1.5GB", "new\nline", "work_mem = '1.5GB'  # new line\r\nx=1\r\n" },
    { "work_mem'4MB'", "WORK_MEM", "8MB", NULL, "work_mem = 8MB" },
    { "work_mem 4MB", "work_mem", "", NULL, "work_mem ''" },
    { "work_mem = 1\nwork_mem = 2\n#end", "work_mem", "3", NULL, "work_mem = 1\nwork_mem = 3\n#end" },
    { "sort_mem = 1\n", "work_mem", "3", NULL, "sort_mem = 3\n" },
    { "", "a.b", "x y", NULL, "a.b = 'x y'\n" },
    { "x=1", "work_mem", "3", "why", "x=1\nwork_mem = 3  # why\n" },
    { "x=1\r\ny=2", "work_mem", "3", NULL, "x=1\r\ny=2\r\nwork_mem = 3\r\n" },
    { "#work_mem = 4MB\n", "work_mem", "3", NULL, "#work_mem = 4MB\nwork_mem = 3\n" },
    { "work_mem = 1.5GB\n", "work_mem", "3", NULL, "work_mem = 1.5GB\nwork_mem = 3\n" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (KtConfFile) file = kt_conf_file_parse ("x", rows[i].before);
      kt_conf_file_set (file, rows[i].name, rows[i].value, rows[i].comment);
      g_autofree char *after = kt_conf_file_to_text (file);
      g_assert_cmpstr (after, ==, rows[i].after);
      g_assert_cmpstr (kt_conf_file_get (file, rows[i].name)->value, ==, rows[i].value);
    }
}

static void
test_remove (void)
{
  g_autoptr (KtConfFile) file
    = kt_conf_file_parse ("x", "# top\nWork_Mem=1\nx=1 # work_mem = 5\nsort_mem 2\ninclude 'y'\nwork_mem=3");
  g_assert_cmpuint (kt_conf_file_remove (file, "work_mem"), ==, 3);
  g_assert_cmpuint (kt_conf_file_remove (file, "work_mem"), ==, 0);
  g_assert_cmpuint (kt_conf_file_remove (file, "include"), ==, 0);
  g_assert_null (kt_conf_file_get (file, "work_mem"));
  g_autofree char *text = kt_conf_file_to_text (file);
  g_assert_cmpstr (text, ==, "# top\nx=1 # work_mem = 5\ninclude 'y'\n");
  g_assert_cmpuint (kt_conf_file_get (file, "X")->line, ==, 2);
}

static void
test_unreadable (void)
{
  g_autofree char *folder = g_dir_make_tmp ("kt-conf-XXXXXX", NULL);
  g_autofree char *nul = g_build_filename (folder, "nul.conf", NULL);
  g_autofree char *fifo = g_build_filename (folder, "fifo.conf", NULL);
  g_autofree char *absent = g_build_filename (folder, "absent.conf", NULL);
  g_assert_true (g_file_set_contents (nul, "a = 1\nb = \0\n", 12, NULL));
  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  const struct {
    const char *path;
    KtErrorCode code;
    const char *detail;
  } rows[] = {
    { nul, KT_ERROR_PARSE, "line 2 holds a NUL byte: the file is damaged or not plain text" },
    { fifo, KT_ERROR_IO, "it is a pipe" },
    { absent, KT_ERROR_NOT_FOUND, "No such file or directory" },
    { folder, KT_ERROR_IO, "Is a directory" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_null (kt_conf_file_read (rows[i].path, &error));
      g_assert_error (error, KT_ERROR, (int) rows[i].code);
      g_assert_cmpstr (kt_error_detail (error), ==, rows[i].detail);
    }
  g_remove (nul);
  g_remove (fifo);
  g_rmdir (folder);
}

static void
test_long_line (void)
{
  g_autofree char *value = g_strnfill (3 * 1024 * 1024, 'x');
  g_autofree char *text = g_strconcat ("a = '", value, "'\nb = 1\n", NULL);
  g_autoptr (KtConfFile) file = kt_conf_file_parse ("x", text);
  g_assert_cmpstr (kt_conf_file_get (file, "a")->value, ==, value);
  g_assert_cmpuint (kt_conf_file_get (file, "b")->line, ==, 2);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  kt_test_add_versions ("/postgres/conffile/sample-of-the-server-read-and-changed", test_samples);
  g_test_add_func ("/postgres/conffile/unchanged-text-comes-back", test_lossless);
  g_test_add_func ("/postgres/conffile/lines-as-the-server-cuts-them", test_lines);
  g_test_add_func ("/postgres/conffile/problems-say-what-to-write", test_problems_say_what_to_write);
  g_test_add_func ("/postgres/conffile/set-changes-only-the-value", test_edit);
  g_test_add_func ("/postgres/conffile/remove-leaves-the-rest", test_remove);
  g_test_add_func ("/postgres/conffile/unreadable-files-say-why", test_unreadable);
  g_test_add_func ("/postgres/conffile/long-line", test_long_line);
  return g_test_run ();
}
