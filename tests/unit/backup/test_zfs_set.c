/* SPDX-License-Identifier: MIT
 *
 * What goes wrong with snapshots, by a zfs that answers as told. What goes right is tried on a real one: tests/guest/test_zfs_backup.py.
 */
#include "backup/zfs_set.h"
#include "base/error.h"
#include "base/folder.h"

#include <glib/gstdio.h>
#include <string.h>

#define NAME "kastune-20261122-140530-zfs"

typedef struct {
  char *folder, *log, *path;
} Stand;

/* The first rule whose words the command line begins with says what comes: its output, or a failure with these words. */
static const char script[] = "#!/bin/sh\n"
                             "here=${0%/*}\n"
                             "echo \"$*\" >>\"$here/log\"\n"
                             "while IFS='|' read -r words status text; do\n"
                             "  case \"$*\" in \"$words\"*)\n"
                             "    if [ \"$status\" = 0 ]; then printf '%b' \"$text\"; else printf '%b\\n' \"$text\" >&2; fi\n"
                             "    exit \"$status\";;\n"
                             "  esac\n"
                             "done <\"$here/rules\"\n"
                             "exit 0\n";

static void
set_up (Stand *stand, gconstpointer rules)
{
  stand->folder = g_dir_make_tmp ("kt-zfs-XXXXXX", NULL);
  stand->log = g_build_filename (stand->folder, "log", NULL);
  stand->path = g_strdup (g_getenv ("PATH"));
  g_autofree char *program = g_build_filename (stand->folder, "zfs", NULL);
  g_autofree char *file = g_build_filename (stand->folder, "rules", NULL);
  g_autofree char *path = g_strconcat (stand->folder, ":", stand->path, NULL);
  g_assert_true (g_file_set_contents (program, script, -1, NULL) && g_file_set_contents (file, rules, -1, NULL));
  g_assert_cmpint (g_chmod (program, 0755), ==, 0);
  g_setenv ("PATH", path, TRUE);
}

static void
tear_down (Stand *stand, gconstpointer rules)
{
  g_setenv ("PATH", stand->path, TRUE);
  g_assert_true (kt_folder_remove (stand->folder, NULL));
  g_free (stand->folder);
  g_free (stand->log);
  g_free (stand->path);
}

static char *
asked (const Stand *stand)
{
  char *text = NULL;
  return g_file_get_contents (stand->log, &text, NULL, NULL) ? text : g_strdup ("");
}

/* Data and log in datasets of their own, a tablespace beside the log. */
static JsonArray *
set_with (const char *dataset, const char *guid)
{
  g_autofree char *text = g_strdup_printf ("{\"set\": [{\"role\": \"data\", \"dataset\": \"%s\", \"below\": \"main\", \"guid\": \"%s\"},"
                                           " {\"role\": \"wal\", \"dataset\": \"tank/wal\", \"below\": \"15\", \"guid\": \"%s\"},"
                                           " {\"role\": \"16400\", \"dataset\": \"tank/wal\", \"below\": \"space\", \"guid\": \"%s\"}]}",
                                           dataset, guid, guid, guid);
  g_autoptr (JsonNode) node = kt_json_parse (text, NULL);
  return json_array_ref (kt_json_array (json_node_get_object (node), "set"));
}

static void
test_one_command_snapshots_all_and_each_dataset_once (Stand *stand, gconstpointer rules)
{
  g_autoptr (JsonArray) set = set_with ("tank/pg", "");
  g_autoptr (GError) error = NULL;
  gboolean made = kt_zfs_set_snapshot (set, NAME, &error);
  g_assert_no_error (error);
  g_assert_true (made);
  g_autofree char *log = asked (stand);
  g_assert_true (g_str_has_prefix (log, "snapshot tank/pg@" NAME " tank/wal@" NAME "\nhold kastune tank/pg@" NAME " tank/wal@" NAME "\n"));
  g_assert_cmpstr (kt_json_string (json_array_get_object_element (set, 2), "guid", ""), ==, "42");
}

static void
test_what_zfs_says_is_told (Stand *stand, gconstpointer rules)
{
  g_autoptr (JsonArray) set = set_with ("tank/pg", "");
  g_autoptr (GError) error = NULL;
  g_assert_false (kt_zfs_set_snapshot (set, NAME, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_NO_SPACE);
  g_assert_nonnull (strstr (kt_error_detail (error), "out of space"));
}

static void
test_missing_rights_are_told_as_such (Stand *stand, gconstpointer rules)
{
  g_autoptr (JsonArray) set = set_with ("tank/pg", "");
  g_autoptr (GError) error = NULL;
  g_assert_false (kt_zfs_set_snapshot (set, NAME, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_PRIVILEGE);
}

static void
test_what_is_restored_from_it_keeps_a_snapshot_and_its_hold (Stand *stand, gconstpointer rules)
{
  g_autoptr (JsonArray) set = set_with ("tank/pg", "42");
  g_autoptr (GError) error = NULL;
  g_assert_false (kt_zfs_set_destroy (set, NAME, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_REFUSED);
  g_assert_nonnull (strstr (error->message, "needed by tank/mine"));
  g_autofree char *log = asked (stand);
  g_assert_null (strstr (log, "release"));
  g_assert_null (strstr (log, "destroy"));
}

static void
test_another_snapshot_of_the_same_name_is_left_alone (Stand *stand, gconstpointer rules)
{
  g_autoptr (JsonArray) set = set_with ("tank/pg", "42"); /* there it has another guid */
  g_autoptr (GError) error = NULL;
  g_assert_true (kt_zfs_set_destroy (set, NAME, &error));
  g_assert_no_error (error);
  g_autofree char *log = asked (stand);
  g_assert_null (strstr (log, "destroy"));
  g_assert_false (kt_zfs_set_verify (set, NAME, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_VERIFY);
}

static void
test_pool_that_does_not_answer_is_not_taken_for_an_empty_one (Stand *stand, gconstpointer rules)
{
  g_autoptr (JsonArray) set = set_with ("tank/pg", "42");
  g_autoptr (GError) error = NULL;
  g_assert_false (kt_zfs_set_destroy (set, NAME, &error));
  g_assert_nonnull (error);
  g_assert_cmpint (kt_zfs_set_used (set, NAME), ==, -1);
}

/* The record may come from anywhere: it must not reach zfs's arguments as anything but a dataset and a snapshot of ours. */
static void
test_names_of_a_forged_record_do_not_reach_zfs (Stand *stand, gconstpointer rules)
{
  static const char *const datasets[] = { "-r", "tank@x", "tank/../x@y", "", "/tank", "tank//pg", "tank/pg\\n" };
  for (gsize i = 0; i < G_N_ELEMENTS (datasets); i++)
    {
      g_autoptr (JsonArray) set = set_with (datasets[i], "");
      g_autoptr (GError) error = NULL;
      g_assert_false (kt_zfs_set_destroy (set, NAME, &error));
      g_assert_error (error, KT_ERROR, KT_ERROR_VERIFY);
    }
  g_autoptr (JsonArray) set = set_with ("tank/pg", "");
  g_autoptr (GError) error = NULL;
  g_assert_false (kt_zfs_set_destroy (set, "daily", &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_VERIFY);
  g_autofree char *log = asked (stand);
  g_assert_cmpstr (log, ==, "");
}

static void
test_folder_that_is_in_no_dataset_is_refused (Stand *stand, gconstpointer rules)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (kt_zfs_set_find (stand->folder, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, "is not in a ZFS dataset"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, rules, test) g_test_add ("/backup/zfs-set/" path, Stand, rules, set_up, test, tear_down)
  ADD ("one-command-snapshots-all-and-each-dataset-once", "get|0|x\\tguid\\t42\\t-\\n\n", test_one_command_snapshots_all_and_each_dataset_once);
  ADD ("what-zfs-says-is-told", "snapshot|1|cannot create snapshots : out of space\n", test_what_zfs_says_is_told);
  ADD ("missing-rights-are-told-as-such", "snapshot|1|cannot create snapshots : permission denied\n", test_missing_rights_are_told_as_such);
  ADD ("what-is-restored-from-it-keeps-a-snapshot-and-its-hold",
       "list|0|tank/pg@" NAME "\\t42\\ntank/wal@" NAME "\\t42\\n\nget|0|x\\tclones\\ttank/mine\\t-\\n\n",
       test_what_is_restored_from_it_keeps_a_snapshot_and_its_hold);
  ADD ("another-snapshot-of-the-same-name-is-left-alone", "list|0|tank/pg@" NAME "\\t43\\ntank/wal@" NAME "\\t44\\n\n",
       test_another_snapshot_of_the_same_name_is_left_alone);
  ADD ("pool-that-does-not-answer-is-not-taken-for-an-empty-one", "list|1|cannot open 'tank': dataset does not exist\n",
       test_pool_that_does_not_answer_is_not_taken_for_an_empty_one);
  ADD ("names-of-a-forged-record-do-not-reach-zfs", "", test_names_of_a_forged_record_do_not_reach_zfs);
  ADD ("folder-that-is-in-no-dataset-is-refused", "list|1|cannot open '/tmp': not a ZFS filesystem\n", test_folder_that_is_in_no_dataset_is_refused);
#undef ADD
  return g_test_run ();
}
