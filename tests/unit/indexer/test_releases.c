/* SPDX-License-Identifier: MIT */
#include "indexer/releases.h"

#include <string.h>

static void
test_rows (void)
{
  guint n = 0;
  const KtReleaseRow *rows = kt_releases (&n);
  g_assert_cmpuint (n, >, 50);
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GDateTime) day = NULL;
      g_autofree char *stamp = g_strconcat (rows[i].date, "T00:00:00Z", NULL);
      g_test_message ("%s", rows[i].tag);
      day = g_date_time_new_from_iso8601 (stamp, NULL);
      g_assert_nonnull (day);
      g_assert_cmpstr (rows[i].date, <=, KT_RELEASES_KNOWN_UNTIL);
      g_assert_true (kt_release_row (rows[i].tag) == &rows[i]);
      g_assert_true (kt_release_row (rows[i].tag + 1) == &rows[i]);
      if (rows[i].flags != KT_N_RELEASES)
        g_assert_cmpuint (rows[i].schema, ==, kt_release_schema (rows[i].flags));
    }
  g_assert_null (kt_release_row ("v9.9.9"));
  g_assert_null (kt_release_row (""));
}

/* Those whose command line is modelled stand in the table under their own names. */
static void
test_models_have_rows (void)
{
  for (KtRelease release = 0; release < KT_N_RELEASES; release++)
    g_assert_cmpint (kt_release_row (kt_release_name (release))->flags, ==, release);
}

static void
test_newest_stable (void)
{
  g_assert_cmpstr (kt_release_newest_stable ()->tag, ==, "v2.3.0");
  g_assert_false (kt_release_is_stable (kt_release_row ("v2.3.1-beta1")));
}

static void
test_migrations (void)
{
  static const struct {
    const char *tag;
    guint schema;
    const char *why; /* NULL: it can */
  } rows[] = {
    { "v1.6.3", 9, NULL },   { "v1.6.3", 10, NULL },  { "v1.6.3", 20, "newer" },        { "v2.0.0", 10, NULL },
    { "v2.0.0", 6, NULL },   { "v2.0.0", 21, "newer" }, { "v2.1.2", 10, "VACUUM" },     { "v2.1.2", 9, "VACUUM" },
    { "v2.1.2", 20, "commits" }, { "v2.1.2", 21, NULL }, { "v2.2.0", 10, "v2.0.0 for this step" }, { "v2.2.0", 20, "v2.2.1 or newer" },
    { "v2.2.0", 21, NULL },  { "v2.2.1", 10, NULL },  { "v2.2.1", 23, "newer" },        { "v2.3.0", 10, NULL },
    { "v2.3.0", 20, NULL },  { "v2.3.0", 22, NULL },  { "v2.3.0", 23, NULL },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *why = kt_release_cannot_migrate (kt_release_row (rows[i].tag), rows[i].schema);
      g_test_message ("%s from %u: %s", rows[i].tag, rows[i].schema, why != NULL ? why : "can");
      g_assert_cmpint (why != NULL, ==, rows[i].why != NULL);
      if (why != NULL)
        g_assert_nonnull (strstr (why, rows[i].why));
    }
}

static void
test_versions_that_programs_say (void)
{
  static const char *const rows[][2] = {
    { "v2.3.0", "v2.3.0" },        { "2.3.0", "v2.3.0" },       { "v2.3.0-3-gabcdef0", "v2.3.0" }, { "v2.3.0-3-gabcdef0-dirty", "v2.3.0" },
    { "v2.3.0-dirty", "v2.3.0" },  { "v2.0.0-beta1", "v2.0.0-beta1" }, { "v2.0.0-beta1-1-g00", "v2.0.0-beta1" },
    { "latest", NULL },            { "VERGEN_IDEMPOTENT_OUTPUT", NULL }, { "", NULL },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const KtReleaseRow *row = kt_release_of_version (rows[i][0]);
      g_assert_cmpstr (row != NULL ? row->tag : NULL, ==, rows[i][1]);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/indexer/releases/rows", test_rows);
  g_test_add_func ("/indexer/releases/models-have-rows", test_models_have_rows);
  g_test_add_func ("/indexer/releases/newest-stable", test_newest_stable);
  g_test_add_func ("/indexer/releases/migrations", test_migrations);
  g_test_add_func ("/indexer/releases/versions", test_versions_that_programs_say);
  return g_test_run ();
}
