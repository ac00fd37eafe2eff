/* SPDX-License-Identifier: MIT */
#include "indexer/program.h"

#include "base/file.h"

static JsonNode *
document (const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  g_autofree char *path = g_build_filename (g_getenv ("KT_SOURCE_ROOT"), "tests/indexers", name, NULL);
  g_assert_true (kt_file_read (path, &text, NULL, &error));
  JsonNode *node = kt_json_parse (text, &error);
  g_assert_no_error (error);
  return node;
}

static void
test_programs_by_their_command_line (void)
{
  static const struct { const char *words; KtProgramKind kind; const char *api; } rows[] = {
    { "/usr/local/bin/simply-kaspa-indexer -u", KT_PROGRAM_INDEXER, "http://127.0.0.1:8500/" },
    { "simply-kaspa-indexer -ul 0.0.0.0:9000 --base-path=/k", KT_PROGRAM_INDEXER, "http://127.0.0.1:9000/k/" },
    { "kaspa-db-filler-ng --listen=10.1.2.3:8501", KT_PROGRAM_INDEXER, "http://10.1.2.3:8501/" },
    { "simply-kaspa-indexer -l localhost:0", KT_PROGRAM_INDEXER, NULL },
    { "./K-transaction-processor -U k", KT_PROGRAM_K_PROCESSOR, NULL },
    { "./K-webserver", KT_PROGRAM_K_WEBSERVER, NULL },
    { "K-database-cleaner -r 72", KT_PROGRAM_K_CLEANER, NULL },
    { "/app/kasia-indexer", KT_PROGRAM_KASIA, NULL },
    { "vi simply-kaspa-indexer.conf", KT_N_PROGRAMS, NULL },
    { "sh -c simply-kaspa-indexer", KT_N_PROGRAMS, NULL }, /* what it starts is a process of its own */
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_auto (GStrv) argv = g_strsplit (rows[i].words, " ", -1);
      g_autoptr (KtProgram) program = kt_program_of_argv ((const char *const *) argv);
      g_assert_cmpint (program != NULL ? program->kind : KT_N_PROGRAMS, ==, rows[i].kind);
      g_assert_cmpstr (program != NULL ? program->api : NULL, ==, rows[i].api);
    }
}

static void
test_container (void)
{
  g_autoptr (JsonNode) node = document ("container-light.json");
  g_autoptr (KtProgram) program = kt_program_of_container (json_node_get_object (node));
  g_assert_nonnull (program);
  g_assert_cmpint (program->kind, ==, KT_PROGRAM_INDEXER);
  g_assert_cmpstr (program->name, ==, "kaspa_indexer");
  g_assert_cmpstr (program->state, ==, "restarting");
  g_assert_false (program->runs);
  g_assert_null (program->api); /* it does not run */
  g_assert_cmpuint (program->restarts, ==, 17);
  g_assert_cmpint (program->exit_status, ==, 2);
  g_assert_cmpstr (program->said_by_image, ==, "v2.3.0");
  g_assert_cmpint (program->memory_limit, ==, 6442450944);
  g_assert_cmpfloat (program->cpus, ==, 1.5);
  g_assert_cmpstr (program->files[1], ==, "/opt/kaspa/compose.kastune.yaml");
  g_assert_cmpstr (program->words[0], ==, "-u");
  g_assert_true (program->publishes);
}

static KtProgram *
program_of (const char *json)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = kt_json_parse (json, &error);
  g_assert_no_error (error);
  return kt_program_of_container (json_node_get_object (node));
}

static void
test_env_files_of_a_project_are_known (void)
{
  g_autoptr (JsonNode) node = kt_json_parse (
    "{\"Name\":\"/x\",\"Path\":\"simply-kaspa-indexer\",\"Args\":[],\"Config\":{\"Image\":\"supertypo/simply-kaspa-indexer\",\"Labels\":{"
    "\"com.docker.compose.project\":\"p\",\"com.docker.compose.project.config_files\":\"/p/a.yaml\","
    "\"com.docker.compose.project.environment_file\":\"/p/one.env,/p/two.env\"}}}", NULL);
  g_autoptr (KtProgram) program = kt_program_of_container (json_node_get_object (node));
  g_assert_nonnull (program);
  g_assert_cmpuint (g_strv_length (program->env_files), ==, 2);
  g_assert_cmpstr (program->env_files[1], ==, "/p/two.env");
}

static void
test_where_a_container_is_asked (void)
{
  static const char *const rows[][3] = { /* mode, networks and ports, address */
    { "host", "{}", "http://127.0.0.1:8500/" },
    { "bridge", "{\"Ports\":{\"8500/tcp\":[{\"HostIp\":\"0.0.0.0\",\"HostPort\":\"3005\"}]}}", "http://127.0.0.1:3005/" },
    { "bridge", "{\"Ports\":{\"8500/tcp\":null},\"Networks\":{\"a\":{\"IPAddress\":\"172.18.0.3\"}}}", "http://172.18.0.3:8500/" },
    { "none", "{}", NULL },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *json = g_strdup_printf ("{\"Name\":\"/x\",\"Path\":\"simply-kaspa-indexer\",\"Args\":[],\"State\":{\"Status\":\"running\"},"
                                               "\"Config\":{\"Image\":\"x\"},\"HostConfig\":{\"NetworkMode\":\"%s\"},\"NetworkSettings\":%s}",
                                               rows[i][0], rows[i][1]);
      g_autoptr (KtProgram) program = program_of (json);
      g_assert_cmpstr (program->api, ==, rows[i][2]);
    }
}

static void
test_image_or_wrapper_tells_which_program (void)
{
  static const struct { const char *json; KtProgramKind kind; const char *first; } rows[] = {
    { "{\"Path\":\"/docker-entrypoint.sh\",\"Args\":[\"gunicorn\"],\"Config\":{\"Image\":\"kaspanet/kaspa-rest-server:v2.1.5\"}}", KT_PROGRAM_REST, NULL },
    { "{\"Path\":\"sh\",\"Args\":[\"-c\",\"exec simply-kaspa-indexer -u --retention 7d && echo x\"],\"Config\":{\"Image\":\"registry:5000/mine\"}}",
      KT_PROGRAM_INDEXER, "-u" },
    { "{\"Path\":\"/sbin/tini\",\"Args\":[\"--\",\"K-transaction-processor\",\"-n\"],\"Config\":{\"Image\":\"x@sha256:0\"}}", KT_PROGRAM_K_PROCESSOR, "-n" },
    { "{\"Path\":\"postgres\",\"Args\":[],\"Config\":{\"Image\":\"postgres:17\"}}", KT_N_PROGRAMS, NULL },
    { "{}", KT_N_PROGRAMS, NULL },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (KtProgram) program = program_of (rows[i].json);
      g_assert_cmpint (program != NULL ? program->kind : KT_N_PROGRAMS, ==, rows[i].kind);
      g_assert_cmpstr (program != NULL && program->words != NULL ? program->words[0] : NULL, ==, rows[i].first);
    }
}

static void
test_tags (void)
{
  static const char *const rows[][2] = {
    { "supertypo/simply-kaspa-indexer:v2.3.0", "v2.3.0" },  { "supertypo/simply-kaspa-indexer", "latest" },
    { "localhost:5000/simply-kaspa-indexer", "latest" },     { "localhost:5000/a/b:1@sha256:00", "1" },
    { "a@sha256:00", NULL },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *tag = kt_image_tag (rows[i][0]);
      g_assert_cmpstr (tag, ==, rows[i][1]);
    }
}

static void
test_unit_files (void)
{
  static const char *const texts[] = {
    "[Service]\nExecStart=/usr/bin/simply-kaspa-indexer -u \\\n  --prune-db='0 4 * * *'\nRestart=always\n",
    "[Service]\nExecStart=\nExecStart=-/usr/bin/simply-kaspa-indexer --retention=7d\n", NULL,
  };
  const char *const first[] = { texts[0], NULL };
  g_autofree char *one = kt_unit_exec (first);
  g_autofree char *both = kt_unit_exec (texts);
  g_autoptr (KtProgram) plain = kt_program_of_unit ("a.service", one);
  g_autoptr (KtProgram) changed = kt_program_of_unit ("a.service", both);
  g_assert_cmpstr (plain->words[1], ==, "--prune-db=0 4 * * *");
  g_assert_cmpstr (changed->words[0], ==, "--retention=7d");
  g_assert_cmpuint (g_strv_length (changed->words), ==, 1);
  g_assert_null (kt_program_of_unit ("b.service", "/usr/sbin/sshd -D"));
}

static void
test_no_password_is_shown (void)
{
  static const char *const rows[] = {
    "-d postgres://u:geheim@h/db", "-dpostgres://u:geheim@h/db", "--database-url=postgresql://u:geheim@h/db?sslmode=require",
    "--database-url postgres://u:ge@heim@h/db", "-d postgres://h/db?password=geheim", "-s ws://me:geheim@node:17110",
    "--db-password geheim", "--db-password=geheim", "-p geheim", "-pgeheim", "-d host=h\\ password=geheim",
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_auto (GStrv) words = NULL;
      g_assert_true (g_shell_parse_argv (rows[i], NULL, &words, NULL));
      g_auto (GStrv) masked = kt_words_masked ((const char *const *) words);
      g_autofree char *all = g_strjoinv (" ", masked);
      g_test_message ("%s", all);
      g_assert_null (g_strstr_len (all, -1, "heim"));
      g_assert_nonnull (g_strstr_len (all, -1, "***"));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/program/command-lines", test_programs_by_their_command_line);
  g_test_add_func ("/program/container", test_container);
  g_test_add_func ("/program/env-files", test_env_files_of_a_project_are_known);
  g_test_add_func ("/program/where-it-is-asked", test_where_a_container_is_asked);
  g_test_add_func ("/program/image-or-wrapper", test_image_or_wrapper_tells_which_program);
  g_test_add_func ("/program/tags", test_tags);
  g_test_add_func ("/program/units", test_unit_files);
  g_test_add_func ("/program/secrets", test_no_password_is_shown);
  return g_test_run ();
}
