/* SPDX-License-Identifier: MIT */
#include "backup/catalogue.h"
#include "backup/choice.h"
#include "backup/step.h"
#include "base/error.h"
#include "base/folder.h"
#include "support/cluster.h"

#include <glib/gstdio.h>
#include <string.h>

typedef struct {
  KtTestCluster *cluster;
  KtConnection *connection;
  KtServer *server;
  KtInstance *instance;
  KtBackupSource source;
  char *folder;
} Bench;

static void
set_up (Bench *bench, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  bench->cluster = kt_test_cluster_shared (KT_TEST_DEBIAN_MAJOR);
  bench->folder = g_dir_make_tmp ("kt-step-XXXXXX", NULL);
  g_assert_cmpint (g_chmod (bench->folder, 0711), ==, 0);
  bench->connection = kt_connection_open (bench->cluster->conninfo, &error);
  g_assert_no_error (error);
  bench->server = kt_server_load (bench->connection, &error);
  g_assert_no_error (error);
  bench->instance = kt_instance_find (bench->server, bench->cluster->conninfo, NULL);
  bench->source = (KtBackupSource){ bench->connection, bench->server, bench->instance, bench->cluster->conninfo };
}

static void
tear_down (Bench *bench, gconstpointer data)
{
  kt_instance_free (bench->instance);
  kt_server_free (bench->server);
  kt_connection_free (bench->connection);
  g_assert_true (kt_folder_remove (bench->folder, NULL));
  g_free (bench->folder);
}

static guint
count_backups (const Bench *bench)
{
  g_autoptr (GPtrArray) all = kt_catalogue_list (bench->folder, NULL);
  return all->len;
}

static void
test_data_are_backed_up_by_what_is_there (Bench *bench, gconstpointer data)
{
  const KtBackupKind *kind = NULL;
  g_autoptr (GError) error = NULL;
  /* No ZFS below the test's cluster, no stanza. */
  g_assert_true (kt_backup_consider (KT_BACKUP_NEED_DATA, FALSE, bench->folder, &bench->source, &kind, &error));
  g_assert_no_error (error);
  g_assert_true (kind == &kt_backup_physical);
  g_assert_true (kt_backup_consider (KT_BACKUP_NEED_DATA, TRUE, bench->folder, &bench->source, &kind, &error));
  g_assert_null (kind);
  g_assert_true (kt_backup_consider (KT_BACKUP_NEED_CONFIGURATION, FALSE, bench->folder, &bench->source, &kind, &error));
  g_assert_true (kind == &kt_backup_configuration);
}

static void
test_step_makes_it_once_and_undo_keeps_it (Bench *bench, gconstpointer data)
{
  const KtStepKind *step = &kt_step_whole_backup;
  KtStepContext context = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) args = kt_step_whole_backup_args (&kt_backup_physical, &bench->source, bench->folder);
  g_autoptr (JsonObject) before = step->prepare (&context, args, &error);
  g_assert_false (step->verify (&context, args, before, NULL));
  g_assert_true (step->apply (&context, args, before, &error));
  g_assert_no_error (error);
  g_assert_true (step->verify (&context, args, before, &error));
  g_assert_true (step->apply (&context, args, before, &error)); /* as after a crash */
  g_assert_cmpuint (count_backups (bench), ==, 1);
  g_assert_true (step->undo (&context, args, before, &error));
  g_assert_true (step->verify (&context, args, before, &error));
  g_autoptr (KtBackup) made = kt_catalogue_find (bench->folder, "latest:physical", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (made->folder, ==, kt_json_string (args, "folder", ""));
}

static void
test_step_says_when_its_backup_is_gone (Bench *bench, gconstpointer data)
{
  KtStepContext context = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) args = kt_step_whole_backup_args (&kt_backup_logical, &bench->source, bench->folder);
  g_autoptr (JsonObject) before = kt_step_whole_backup.prepare (&context, args, &error);
  g_assert_true (kt_step_whole_backup.apply (&context, args, before, &error));
  g_assert_true (kt_folder_remove (kt_json_string (args, "folder", ""), NULL));
  g_assert_false (kt_step_whole_backup.verify (&context, args, before, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_VERIFY);
}

static void
test_another_server_is_not_backed_up_instead (Bench *bench, gconstpointer data)
{
  KtStepContext context = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) args = kt_step_whole_backup_args (&kt_backup_physical, &bench->source, bench->folder);
  g_autoptr (JsonObject) before = kt_step_whole_backup.prepare (&context, args, &error);
  json_object_set_string_member (kt_json_object (args, "server"), "id", "7000000000000000001-00000000");
  g_assert_false (kt_step_whole_backup.apply (&context, args, before, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_CHANGED);
  g_assert_cmpuint (count_backups (bench), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, test) g_test_add ("/backup/step-whole/" path, Bench, NULL, set_up, test, tear_down)
  ADD ("data-are-backed-up-by-what-is-there", test_data_are_backed_up_by_what_is_there);
  ADD ("step-makes-it-once-and-undo-keeps-it", test_step_makes_it_once_and_undo_keeps_it);
  ADD ("step-says-when-its-backup-is-gone", test_step_says_when_its_backup_is_gone);
  ADD ("another-server-is-not-backed-up-instead", test_another_server_is_not_backed_up_instead);
#undef ADD
  return g_test_run ();
}
