/* SPDX-License-Identifier: MIT */
#include "postgres/guc.h"

#include "base/autoptr.h"
#include "base/error.h"
#include "base/run.h"
#include "support/cluster.h"

#include <math.h>

static void
test_types (void)
{
  KtGucType type = KT_GUC_BOOL;
  g_assert_true (kt_guc_type_from_string ("enum", &type));
  g_assert_cmpint (type, ==, KT_GUC_ENUM);
  g_assert_true (kt_guc_type_from_string ("real", &type));
  g_assert_cmpint (type, ==, KT_GUC_REAL);
  g_assert_false (kt_guc_type_from_string ("Integer", &type));
  g_assert_false (kt_guc_type_from_string (NULL, &type));
  g_assert_cmpint (type, ==, KT_GUC_REAL);
}

static void
test_units (void)
{
  g_assert_cmpint (kt_guc_unit_bytes ("B"), ==, 1);
  g_assert_cmpint (kt_guc_unit_bytes ("8kB"), ==, 8192);
  g_assert_cmpint (kt_guc_unit_bytes ("32kB"), ==, 32768);
  g_assert_cmpint (kt_guc_unit_bytes ("16MB"), ==, 16777216);
  static const char *const none[] = { NULL, "", "8", "kb", "8KB", "ms", "99999999999999999999TB" };
  for (gsize i = 0; i < G_N_ELEMENTS (none); i++)
    g_assert_cmpint (kt_guc_unit_bytes (none[i]), ==, 0);
  g_assert_cmpint (kt_guc_unit_us ("min"), ==, 60000000);
  g_assert_cmpint (kt_guc_unit_us ("8kB"), ==, 0);
  g_assert_cmpint (kt_guc_unit_us (NULL), ==, 0);
}

static void
test_format (void)
{
  static const struct {
    gint64 value;
    const char *unit;
    const char *text;
  } rows[] = {
    { 2048, "8kB", "16MB" }, { 1, "8kB", "8kB" },       { 131072, "8kB", "1GB" },  { 1536, "MB", "1536MB" },
    { 1024, "MB", "1GB" },   { 100, "B", "100B" },      { -1, "kB", "-1" },        { 0, "ms", "0" },
    { 90, "s", "90s" },      { 900, "s", "15min" },     { 1440, "min", "1d" },     { 250, "ms", "250ms" },
    { 300, NULL, "300" },    { G_MAXINT64, "8kB", "9223372036854775807" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *text = kt_guc_format (rows[i].value, rows[i].unit);
      g_assert_cmpstr (text, ==, rows[i].text);
    }
}

static void
test_equal (void)
{
  static const struct {
    KtGucType type;
    const char *unit;
    const char *a;
    const char *b;
    gboolean equal;
  } rows[] = {
    { KT_GUC_INTEGER, "8kB", "1GB", "131072", TRUE },
    { KT_GUC_INTEGER, "8kB", "1GB", "1024MB", TRUE },
    { KT_GUC_INTEGER, "8kB", "1GB", "1gb", FALSE },
    { KT_GUC_INTEGER, "8kB", "1gb", "1gb", TRUE },
    { KT_GUC_INTEGER, NULL, "16", "0x10", TRUE },
    { KT_GUC_REAL, "ms", "500us", "0.5", TRUE },
    { KT_GUC_REAL, NULL, "1.10", "1.1", TRUE },
    { KT_GUC_BOOL, NULL, "on", "TRUE", TRUE },
    { KT_GUC_BOOL, NULL, "of", "0", TRUE },
    { KT_GUC_BOOL, NULL, "on", "off", FALSE },
    { KT_GUC_ENUM, NULL, "Remote_Write", "remote_write", TRUE },
    { KT_GUC_ENUM, NULL, "true", "on", TRUE },
    { KT_GUC_ENUM, NULL, "tr", "true", FALSE },
    { KT_GUC_ENUM, NULL, "on", "try", FALSE },
    { KT_GUC_STRING, NULL, "pg_stat_statements, auto_explain", "pg_stat_statements,auto_explain", TRUE },
    { KT_GUC_STRING, NULL, "\"a b\" , c", "\"a b\",c", TRUE },
    { KT_GUC_STRING, NULL, "a, b", "b, a", FALSE },
    { KT_GUC_STRING, NULL, "%m, %p", "%m,%p", FALSE },
    { KT_GUC_STRING, NULL, " x", "x", FALSE },
    { KT_GUC_STRING, NULL, "x", "X", FALSE },
    { KT_GUC_STRING, NULL, NULL, "", FALSE },
    { KT_GUC_STRING, NULL, NULL, NULL, TRUE },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (kt_guc_equal (rows[i].type, rows[i].unit, rows[i].a, rows[i].b) != rows[i].equal
        || kt_guc_equal (rows[i].type, rows[i].unit, rows[i].b, rows[i].a) != rows[i].equal)
      g_error ("row %zu: “%s” and “%s”", i, rows[i].a, rows[i].b);
}

static void
test_quote (void)
{
  static const struct {
    const char *value;
    const char *quoted;
  } rows[] = {
    { "on", "on" },
    { "64MB", "64MB" },
    { "-1", "-1" },
    { "0.9", "0.9" },
    { "", "''" },
    { "1.5GB", "'1.5GB'" },
    { "1e3", "'1e3'" },
    { "0.", "'0.'" },
    { "a, b", "'a, b'" },
    { "it's", "'it''s'" },
    { "C:\\x\ny\r", "'C:\\\\x\\ny\\r'" },
    { "en_US.UTF8", "'en_US.UTF8'" },
    { "ä", "'ä'" },
    { "x#y", "'x#y'" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *quoted = kt_guc_quote (rows[i].value);
      g_assert_cmpstr (quoted, ==, rows[i].quoted);
    }
}

static void
test_errors_name_the_way_out (void)
{
  static const struct {
    KtGucType type;
    const char *unit;
    const char *text;
    const char *hint;
  } rows[] = {
    { KT_GUC_INTEGER, "8kB", "1gb", "kB" },    { KT_GUC_INTEGER, "ms", "1MB", "min" },  { KT_GUC_INTEGER, NULL, "1MB", "remove" },
    { KT_GUC_INTEGER, "kB", "many", "number" }, { KT_GUC_INTEGER, "kB", "9TB", "smaller" }, { KT_GUC_REAL, NULL, "inf", "smaller" },
    { KT_GUC_REAL, NULL, "nan", "number" },    { KT_GUC_INTEGER, "kB", "", "number" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      double value = -7;
      g_assert_false (kt_guc_parse_number (rows[i].type, rows[i].text, rows[i].unit, &value, &error));
      g_assert_error (error, KT_ERROR, KT_ERROR_PARSE);
      g_assert_cmpfloat (value, ==, -7);
      g_assert_nonnull (kt_error_detail (error));
      g_assert_nonnull (strstr (kt_error_hint (error), rows[i].hint));
    }
}

static const char *const number_texts[] = {
  "0", "-1", "+5", "7", "010", "08", "0x10", "0X1f", "0x", "0x1.8", "1e3", "1E2", "1e", "1.5", ".5", "5.", ".", "-.5", "2.5", "3.5", "0.4999",
  "", " ", " 12", "12 ", "1 2", "\t12\v", "1_000", "1,5", "inf", "nan", "e5", "on", "--1", "2147483647", "2147483648", "-2147483649",
  "99999999999999999999", "1e-400", "1e400", "0.1e1", "1.5e2",
};
static const char *const numbers_with_units[] = { "1", "3", "1.5", "0.3", "0.0006", "30.1", "0x10", "1e3", "100", "1000", "-1", "2.5", "0.000001" };
static const char *const unit_texts[] = {
  "B", "kB", "MB", "GB", "TB", "us", "ms", "s", "min", "h", "d", "KB", "kb", "gb", "K", "M", "mb", "Ms", "sec", "m", "GBx", "G B", "PB",
};

static GPtrArray *
all_texts (void)
{
  GPtrArray *texts = g_ptr_array_new_with_free_func (g_free);
  for (gsize i = 0; i < G_N_ELEMENTS (number_texts); i++)
    g_ptr_array_add (texts, g_strdup (number_texts[i]));
  for (gsize i = 0; i < G_N_ELEMENTS (numbers_with_units); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (unit_texts); j++)
      {
        static const char *const formats[] = { "%s%s", "%s %s", " %s%s ", "%s\t%s\n" };
        const char *format = formats[(i + j) % G_N_ELEMENTS (formats)];
        g_autofree char *text = g_strdup (format);
        g_auto (GStrv) parts = g_strsplit (text, "%s", 3);
        g_ptr_array_add (texts, g_strconcat (parts[0], numbers_with_units[i], parts[1], unit_texts[j], parts[2], NULL));
      }
  return texts;
}

typedef struct {
  char *name;
  char *unit;
  KtGucType type;
  double min;
  double max;
} Setting;

static void
setting_clear (Setting *setting)
{
  g_free (setting->name);
  g_free (setting->unit);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Setting, setting_clear)

static void
setting_load (PGconn *connection, const char *name, Setting *setting)
{
  g_autoptr (PGresult) rows = PQexecParams (
    connection, "SELECT unit, vartype, min_val, max_val FROM pg_settings WHERE name = $1", 1, NULL, &name, NULL, NULL, 0);
  g_assert_cmpint (PQntuples (rows), ==, 1);
  setting->name = g_strdup (name);
  setting->unit = PQgetisnull (rows, 0, 0) ? NULL : g_strdup (PQgetvalue (rows, 0, 0));
  g_assert_true (kt_guc_type_from_string (PQgetvalue (rows, 0, 1), &setting->type));
  setting->min = g_ascii_strtod (PQgetvalue (rows, 0, 2), NULL);
  setting->max = g_ascii_strtod (PQgetvalue (rows, 0, 3), NULL);
}

/* The server's own value in base units, or NULL when it refuses. */
static char *
ask_session (PGconn *connection, const char *name, const char *text)
{
  const char *const set[] = { name, text };
  g_autoptr (PGresult) done = PQexecParams (connection, "SELECT set_config($1, $2, false)", 2, NULL, set, NULL, NULL, 0);
  if (PQresultStatus (done) != PGRES_TUPLES_OK)
    return NULL;
  g_autoptr (PGresult) rows
    = PQexecParams (connection, "SELECT setting FROM pg_settings WHERE name = $1", 1, NULL, &name, NULL, NULL, 0);
  return g_strdup (PQgetvalue (rows, 0, 0));
}

static void
compare (const Setting *setting, const char *text, const char *server)
{
  double value = 0;
  gboolean ours = kt_guc_parse_number (setting->type, text, setting->unit, &value, NULL)
                  && value >= setting->min && value <= setting->max;
  if (ours != (server != NULL))
    g_error ("%s = “%s”: we %s, the server %s", setting->name, text, ours ? "accept" : "refuse", server != NULL ? server : "refuses");
  if (!ours)
    return;
  double theirs = g_ascii_strtod (server, NULL); /* reals are printed with six digits */
  if (fabs (value - theirs) > (setting->type == KT_GUC_REAL ? 1e-5 * fabs (theirs) : 0))
    g_error ("%s = “%s”: we read %.17g, the server %s", setting->name, text, value, server);
}

/* Units and rounding: every text for a setting of each base unit that a session can change. */
static void
test_numbers_as_the_server (gconstpointer data)
{
  KtTestCluster *cluster = kt_test_cluster_shared (GPOINTER_TO_INT (data));
  g_autoptr (PGconn) connection = PQconnectdb (cluster->conninfo);
  g_assert_cmpint (PQstatus (connection), ==, CONNECTION_OK);
  static const char *const names[] = {
    "wal_skip_threshold",    "effective_cache_size", "lock_timeout",        "log_min_duration_statement",
    "effective_io_concurrency", "vacuum_cost_delay",  "seq_page_cost",            "cursor_tuple_fraction",
  };
  g_autoptr (GPtrArray) texts = all_texts ();
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_auto (Setting) setting = { 0 };
      setting_load (connection, names[i], &setting);
      for (guint j = 0; j < texts->len; j++)
        {
          g_autofree char *server = ask_session (connection, names[i], texts->pdata[j]);
          compare (&setting, texts->pdata[j], server);
        }
    }
}

/* Base units that only settings of the whole server have. */
static void
test_server_units (void)
{
  KtTestCluster *cluster = kt_test_cluster_shared (KT_TEST_DEBIAN_MAJOR);
  g_autoptr (PGconn) connection = PQconnectdb (cluster->conninfo);
  g_autofree char *program = g_build_filename (cluster->bin_directory, "postgres", NULL);
  static const char *const names[] = { "max_wal_size", "log_rotation_age", "checkpoint_timeout", "track_activity_query_size" };
  static const char *const texts[] = { "1.5GB", "0.3TB", "65536kB", "1000000B", "1.5MB", "100.3d", "90s", "2.5min", "1e2", "0x100", "59999999us", "2h" };
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_auto (Setting) setting = { 0 };
      setting_load (connection, names[i], &setting);
      for (gsize j = 0; j < G_N_ELEMENTS (texts); j++)
        {
          g_auto (KtRunResult) result = { 0 };
          g_autofree char *assignment = g_strdup_printf ("%s=%s", names[i], texts[j]);
          const char *const argv[]
            = { program, "-C", names[i], "-D", cluster->data_directory, "-c", assignment, NULL };
          g_assert_true (kt_run (&(KtRun){ .argv = argv, .user = cluster->user, .any_status = TRUE }, &result, NULL, NULL));
          compare (&setting, texts[j], result.status == 0 ? result.output : NULL);
        }
    }
}

static void
test_booleans_as_the_server (void)
{
  KtTestCluster *cluster = kt_test_cluster_shared (KT_TEST_DEBIAN_MAJOR);
  g_autoptr (PGconn) connection = PQconnectdb (cluster->conninfo);
  static const char *const texts[] = {
    "on", "ON", "o", "of", "off", "offf", "ofx", "onn", "t", "T", "tr", "true", "truex", "f", "fal", "False", "y", "ye", "YES", "yess",
    "n", "no", "nop", "0", "1", "2", "00", "01", "", " on", "on ", "enable", "ö",
  };
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autofree char *server = ask_session (connection, "enable_sort", texts[i]);
      gboolean value = FALSE;
      gboolean ours = kt_guc_parse_bool (texts[i], &value);
      if (ours != (server != NULL) || (ours && value != g_str_equal (server, "on")))
        g_error ("“%s”: we %s, the server says %s", texts[i], ours ? (value ? "on" : "off") : "refuse", server);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/postgres/guc/types", test_types);
  g_test_add_func ("/postgres/guc/base-units", test_units);
  g_test_add_func ("/postgres/guc/largest-exact-unit", test_format);
  g_test_add_func ("/postgres/guc/equal-by-meaning", test_equal);
  g_test_add_func ("/postgres/guc/quotes-where-needed", test_quote);
  g_test_add_func ("/postgres/guc/errors-name-the-way-out", test_errors_name_the_way_out);
  kt_test_add_versions ("/postgres/guc/numbers-as-the-server-reads-them", test_numbers_as_the_server);
  g_test_add_func ("/postgres/guc/server-wide-units-as-the-server-reads-them", test_server_units);
  g_test_add_func ("/postgres/guc/booleans-as-the-server-reads-them", test_booleans_as_the_server);
  return g_test_run ();
}
