/* SPDX-License-Identifier: MIT */
#include "support/target.h"

#include "base/error.h"

#include <glib/gstdio.h>

void
kt_test_target_find (KtTestTarget *target, const char *more)
{
  g_autoptr (GError) error = NULL;
  g_clear_pointer (&target->instance, kt_instance_free);
  g_clear_pointer (&target->server, kt_server_free);
  g_autofree char *conninfo = kt_test_cluster_conninfo (target->cluster, "postgres", NULL, more);
  g_autoptr (KtConnection) connection = kt_connection_open (conninfo, &error);
  g_assert_no_error (error);
  target->server = kt_server_load (connection, &error);
  g_assert_no_error (error);
  target->instance = kt_instance_find (target->server, conninfo, &error);
  g_assert_no_error (error);
}

void
kt_test_target_set_up (KtTestTarget *target, gconstpointer data)
{
  gboolean include = GPOINTER_TO_INT (data);
  target->cluster = kt_test_cluster_new (&(KtTestClusterOptions){ .stopped = TRUE, .without_sync = TRUE,
                                                                   .conf = "work_mem = 3MB\n" });
  if (include)
    {
      g_autofree char *conf_d = g_build_filename (target->cluster->data_directory, "conf.d", NULL);
      g_assert_cmpint (g_mkdir (conf_d, 0755), ==, 0);
      kt_test_cluster_append_conf (target->cluster, "include_dir = 'conf.d'");
    }
  kt_test_cluster_start (target->cluster);
  kt_test_target_find (target, NULL);
}

void
kt_test_target_tear_down (KtTestTarget *target, gconstpointer data)
{
  kt_instance_free (target->instance);
  kt_server_free (target->server);
  kt_test_cluster_free (target->cluster);
}

static void
assert_done (const GError *error)
{
  if (error != NULL)
    g_error ("%s (%s)", error->message, kt_error_detail (error) != NULL ? kt_error_detail (error) : "");
}

JsonObject *
kt_test_settings_args (const KtTestTarget *target, KtActivation activation, ...)
{
  g_autoptr (GError) error = NULL;
  GPtrArray *settings = kt_conf_write_settings ();
  va_list pairs;
  va_start (pairs, activation);
  for (const char *name = va_arg (pairs, const char *); name != NULL; name = va_arg (pairs, const char *))
    kt_conf_write_settings_add (settings, name, va_arg (pairs, const char *), "a test wants it");
  va_end (pairs);
  JsonObject *args = kt_step_settings_args (target->server, target->instance, "a test", settings, activation, &error);
  assert_done (error);
  return args;
}

JsonObject *
kt_test_through_journal (JsonObject *object)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = kt_json_node_take (object);
  g_autofree char *text = kt_json_to_line (node);
  g_autoptr (JsonNode) again = kt_json_parse (text, &error);
  assert_done (error);
  return json_node_dup_object (again);
}

JsonObject *
kt_test_prepared (const KtStepKind *kind, JsonObject *args)
{
  KtStepContext context = { 0 };
  g_autoptr (GError) error = NULL;
  kind->check (&context, args, &error);
  assert_done (error);
  JsonObject *before = kind->prepare (&context, args, &error);
  assert_done (error);
  return kt_test_through_journal (before);
}

JsonObject *
kt_test_applied (const KtStepKind *kind, JsonObject *args)
{
  KtStepContext context = { 0 };
  g_autoptr (GError) error = NULL;
  JsonObject *before = kt_test_prepared (kind, args);
  kind->apply (&context, args, before, &error);
  assert_done (error);
  kind->verify (&context, args, before, &error);
  assert_done (error);
  return before;
}

void
kt_test_undo (const KtStepKind *kind, JsonObject *args, JsonObject *before)
{
  KtStepContext context = { 0 };
  g_autoptr (GError) error = NULL;
  kind->can_undo (&context, args, before, &error);
  assert_done (error);
  kind->undo (&context, args, before, &error);
  assert_done (error);
}

void
kt_test_undo_refused (const KtStepKind *kind, JsonObject *args, JsonObject *before)
{
  KtStepContext context = { 0 };
  g_autoptr (GError) error = NULL;
  g_assert_false (kind->can_undo (&context, args, before, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_CHANGED);
  g_clear_error (&error);
  g_assert_false (kind->undo (&context, args, before, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_CHANGED);
}

void
kt_test_target_sql_gives (const KtTestTarget *target, const char *sql, const char *expected)
{
  g_autofree char *value = kt_test_cluster_sql (target->cluster, NULL, sql);
  g_assert_cmpstr (value, ==, expected);
}

void
kt_test_target_as_before (const KtTestTarget *target)
{
  kt_test_target_sql_gives (target, "SHOW work_mem", "3MB");
  kt_test_target_sql_gives (target, "SHOW shared_buffers", "16MB");
  kt_test_target_sql_gives (target, "SELECT count(*) FROM pg_settings WHERE pending_restart", "0");
  kt_test_target_sql_gives (target, "SELECT count(*) FROM pg_file_settings WHERE sourcefile ~ 'kastune|auto.conf'",
                            "0");
}
