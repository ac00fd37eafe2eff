/* SPDX-License-Identifier: MIT
 *
 * Against the real Compose of scripts/compose-plugin; `config` needs no Engine.
 */
#include "docker/compose.h"

#include "base/error.h"
#include "base/folder.h"
#include "base/run.h"

#include <string.h>

static char *folder;

static char *
written (const char *name, const char *text)
{
  g_autoptr (GError) error = NULL;
  char *path = g_build_filename (folder, name, NULL);
  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
  return path;
}

static KtCompose *
real_compose (void)
{
  g_autoptr (GError) error = NULL;
  g_auto (KtRunResult) result = { 0 };
  g_autofree char *script = g_build_filename (g_getenv ("KT_SOURCE_ROOT"), "scripts/compose-plugin", NULL);
  const char *const argv[] = { script, NULL };
  kt_run (&(KtRun){ .argv = argv, .deadline_ms = 300000 }, &result, NULL, &error);
  g_assert_no_error (error);
  g_setenv ("DOCKER_CONFIG", result.output, TRUE);
  KtCompose *compose = kt_compose_find (&error);
  g_assert_no_error (error);
  g_assert_cmpuint (compose->major, ==, 2);
  return compose;
}

static const char *
command_word (JsonNode *config, guint i)
{
  JsonObject *services = kt_json_object (json_node_get_object (config), "services");
  return json_array_get_string_element (kt_json_array (kt_json_object (services, "indexer"), "command"), i);
}

static void
test_variables_are_filled_in_or_left (void)
{
  g_autoptr (GError) error = NULL;
  G_GNUC_UNUSED g_autofree char *env = written (".env", "PASSWORD=secret\n");
  g_autofree char *base = written ("base.yaml", "services:\n  indexer:\n    image: a:1\n    profiles: [p]\n    command: [\"-d\", \"${PASSWORD}\"]\n");
  g_autofree char *over = written ("over.yaml", "services:\n  indexer:\n    image: a:2\n");
  const char *const files[] = { base, over, NULL };
  KtComposeProject project = { .files = files };
  g_autoptr (KtCompose) compose = real_compose ();
  g_autoptr (JsonNode) filled = kt_compose_config (compose, &project, FALSE, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (command_word (filled, 1), ==, "secret");
  g_autoptr (JsonNode) left = kt_compose_config (compose, &project, TRUE, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (command_word (left, 1), ==, "${PASSWORD}");
  JsonObject *services = kt_json_object (json_node_get_object (left), "services");
  g_assert_cmpstr (kt_json_string (kt_json_object (services, "indexer"), "image", ""), ==, "a:2");
  g_assert_true (kt_compose_check (compose, &project, &error));
}

static void
test_what_compose_refuses_is_said_in_its_words (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *bad = written ("bad.yaml", "services:\n  indexer:\n    imagine: a:1\n");
  const char *const files[] = { bad, NULL };
  KtComposeProject project = { .files = files };
  g_autoptr (KtCompose) compose = real_compose ();
  g_assert_false (kt_compose_check (compose, &project, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_PROGRAM);
  g_assert_nonnull (g_strstr_len (kt_error_detail (error), -1, "imagine"));
}

static void
test_variable_without_a_value_is_refused (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *base = written ("unset.yaml", "services:\n  indexer:\n    image: a:1\n    command: [\"-d\", \"${KT_NOWHERE_SET}\"]\n");
  const char *const files[] = { base, NULL };
  g_autoptr (KtCompose) compose = real_compose ();
  g_assert_false (kt_compose_check (compose, &(KtComposeProject){ .files = files }, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_REFUSED);
  g_assert_nonnull (g_strstr_len (kt_error_detail (error), -1, "KT_NOWHERE_SET"));
}

/* One that the project was started with holds other passwords than .env. */
static void
test_env_file_in_place_of_the_usual_one_is_read (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *base = written ("with-env.yaml", "services:\n  indexer:\n    image: a:1\n    command: [\"-d\", \"${KT_OF_A_FILE}\"]\n");
  g_autofree char *env = written ("prod.env", "KT_OF_A_FILE=from-prod\n");
  const char *const files[] = { base, NULL }, *const env_files[] = { env, NULL };
  KtComposeProject project = { .files = files, .env_files = env_files };
  g_autoptr (KtCompose) compose = real_compose ();
  g_assert_true (kt_compose_check (compose, &project, &error));
  g_autoptr (JsonNode) filled = kt_compose_config (compose, &project, FALSE, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (command_word (filled, 1), ==, "from-prod");
  g_autofree char *words = kt_compose_words (&project, "indexer");
  g_assert_nonnull (strstr (words, "/prod.env up -d"));
}

static void
test_compose_1_has_no_json (void)
{
  g_autoptr (GError) error = NULL;
  const char *const files[] = { "/a.yaml", NULL };
  KtCompose compose = { .version = (char *) "1.29.2", .major = 1 };
  g_assert_null (kt_compose_config (&compose, &(KtComposeProject){ .files = files }, FALSE, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_UNSUPPORTED);
}

static void
test_words_for_people_can_be_typed (void)
{
  const char *const files[] = { "/opt/kaspa/compose.yaml", "/opt/my kaspa/compose.kastune.yaml", NULL };
  g_autofree char *words = kt_compose_words (&(KtComposeProject){ .files = files, .project = "kaspa" }, "indexer");
  g_assert_cmpstr (words, ==, "docker compose -f /opt/kaspa/compose.yaml -f '/opt/my kaspa/compose.kastune.yaml' -p kaspa up -d --no-deps indexer");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_autoptr (GError) error = NULL;
  folder = g_dir_make_tmp ("kt-compose-XXXXXX", &error);
  g_assert_no_error (error);
  g_test_add_func ("/compose/variables", test_variables_are_filled_in_or_left);
  g_test_add_func ("/compose/refused", test_what_compose_refuses_is_said_in_its_words);
  g_test_add_func ("/compose/unset", test_variable_without_a_value_is_refused);
  g_test_add_func ("/compose/env-file", test_env_file_in_place_of_the_usual_one_is_read);
  g_test_add_func ("/compose/version-1", test_compose_1_has_no_json);
  g_test_add_func ("/compose/words", test_words_for_people_can_be_typed);
  int status = g_test_run ();
  kt_folder_remove (folder, NULL);
  g_free (folder);
  return status;
}
