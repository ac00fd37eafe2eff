/* SPDX-License-Identifier: MIT */
#include "indexer/program.h"

#include "indexer/arguments.h"
#include "postgres/connection.h"

#include <string.h>

#define DEFAULT_PORT "8500"

/* Programs and the last part of an image's name, in small letters. */
static const struct {
  const char *name;
  KtProgramKind kind;
} names[] = {
  { "simply-kaspa-indexer", KT_PROGRAM_INDEXER },
  { "kaspa-db-filler-ng", KT_PROGRAM_INDEXER },
  { "k-transaction-processor", KT_PROGRAM_K_PROCESSOR },
  { "k-webserver", KT_PROGRAM_K_WEBSERVER },
  { "k-indexer", KT_PROGRAM_K_WEBSERVER }, /* an image that holds no other program of K-indexer */
  { "k-database-cleaner", KT_PROGRAM_K_CLEANER },
  { "kaspa-rest-server", KT_PROGRAM_REST },
  { "kasia-indexer", KT_PROGRAM_KASIA },
};

static const char *const kind_names[KT_N_PROGRAMS] = {
  [KT_PROGRAM_INDEXER] = "simply-kaspa-indexer", [KT_PROGRAM_K_PROCESSOR] = "K-transaction-processor",
  [KT_PROGRAM_K_WEBSERVER] = "K-webserver",      [KT_PROGRAM_K_CLEANER] = "K-database-cleaner",
  [KT_PROGRAM_REST] = "kaspa-rest-server",       [KT_PROGRAM_KASIA] = "kasia-indexer",
};

const char *
kt_program_kind_name (KtProgramKind kind)
{
  return kind < KT_N_PROGRAMS ? kind_names[kind] : NULL;
}

void
kt_program_free (KtProgram *program)
{
  if (program == NULL)
    return;
  char *const texts[] = { program->name, program->executable, program->image, program->image_id, program->state, program->project,
                          program->service, program->directory, program->unit, program->said_by_binary, program->said_by_image,
                          program->api };
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    g_free (texts[i]);
  g_strfreev (program->words);
  g_strfreev (program->files);
  g_strfreev (program->env_files);
  g_free (program);
}

static KtProgramKind
kind_of_name (const char *path)
{
  g_autofree char *base = g_path_get_basename (path);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_ascii_strcasecmp (names[i].name, base) == 0)
      return names[i].kind;
  return KT_N_PROGRAMS;
}

/* --- command lines ------------------------------------------------------------------------------------------------ */

gboolean
kt_program_is_indexer (const char *path)
{
  return kind_of_name (path) == KT_PROGRAM_INDEXER;
}

gboolean
kt_program_is_shell (const char *path)
{
  static const char *const shells[] = { "sh", "bash", "ash", "dash", "busybox", NULL };
  g_autofree char *base = g_path_get_basename (path);
  return g_strv_contains (shells, base);
}

/* Up to what ends a command of a shell. */
static GStrv
until_operator (const char *const *words)
{
  static const char *const ends[] = { "&&", "||", ";", "|", "&", NULL };
  g_autoptr (GStrvBuilder) own = g_strv_builder_new ();
  for (; *words != NULL && !g_strv_contains (ends, *words); words++)
    g_strv_builder_add (own, *words);
  return g_strv_builder_end (own);
}

/* Finds a known program among @argv: the first word, what an init or a shell starts. *words: what follows it. */
static KtProgramKind
kind_of_argv (const char *const *argv, GStrv *words)
{
  for (const char *const *word = argv; word != NULL && *word != NULL; word++)
    {
      KtProgramKind kind = kind_of_name (*word);
      if (kind != KT_N_PROGRAMS)
        {
          *words = until_operator (word + 1);
          return kind;
        }
      g_auto (GStrv) inner = NULL;
      if (kt_program_is_shell (*word) && g_strcmp0 (word[1], "-c") == 0 && word[2] != NULL)
        return g_shell_parse_argv (word[2], NULL, &inner, NULL) ? kind_of_argv ((const char *const *) inner, words) : KT_N_PROGRAMS;
    }
  return KT_N_PROGRAMS;
}

/* Where a local reader finds what listens at @listen ("localhost:8500", "0.0.0.0:8500"). */
static char *
local_url (const char *listen, const char *base_path)
{
  const char *colon = listen != NULL ? strrchr (listen, ':') : NULL;
  const char *port = colon != NULL ? colon + 1 : DEFAULT_PORT;
  g_autofree char *host = colon != NULL ? g_strndup (listen, (gsize) (colon - listen)) : g_strdup ("localhost");
  gboolean anywhere = *host == '\0' || g_str_equal (host, "0.0.0.0") || g_str_equal (host, "[::]") || g_str_equal (host, "localhost");
  const char *inner = base_path != NULL ? base_path + strspn (base_path, "/") : "";
  if (*port == '\0' || g_str_equal (port, "0"))
    return NULL;
  return g_strdup_printf ("http://%s:%s/%s%s", anywhere ? "127.0.0.1" : host, port, inner,
                          *inner == '\0' || g_str_has_suffix (inner, "/") ? "" : "/");
}

static char *
url_for (const KtProgram *program, const char *listen)
{
  g_autofree char *base = kt_arguments_find ((const char *const *) program->words, "base-path");
  return program->kind == KT_PROGRAM_INDEXER ? local_url (listen, base) : NULL;
}

static char *
listen_of (const KtProgram *program)
{
  return kt_arguments_find ((const char *const *) program->words, "listen");
}

KtProgram *
kt_program_of_argv (const char *const *argv)
{
  KtProgramKind kind = argv != NULL && argv[0] != NULL ? kind_of_name (argv[0]) : KT_N_PROGRAMS;
  if (kind == KT_N_PROGRAMS)
    return NULL;
  KtProgram *program = g_new0 (KtProgram, 1);
  program->kind = kind;
  program->seen = KT_SEEN_PROCESS;
  program->runs = TRUE;
  program->name = g_path_get_basename (argv[0]);
  program->words = g_strdupv ((char **) (gpointer) (argv + 1));
  g_autofree char *listen = listen_of (program);
  program->api = url_for (program, listen);
  return program;
}

/* --- images ------------------------------------------------------------------------------------------------------- */

/* Past the last slash, so that the port of a registry is no tag. */
static const char *
image_name (const char *image)
{
  const char *slash = strrchr (image, '/');
  return slash != NULL ? slash + 1 : image;
}

char *
kt_image_tag (const char *image)
{
  g_autofree char *named = g_strndup (image, strcspn (image, "@"));
  const char *colon = strchr (image_name (named), ':');
  if (colon != NULL)
    return g_strdup (colon + 1);
  return strchr (image, '@') == NULL ? g_strdup ("latest") : NULL;
}

static KtProgramKind
kind_of_image (const char *image)
{
  const char *name = image_name (image);
  g_autofree char *bare = g_strndup (name, strcspn (name, ":@"));
  return *bare != '\0' ? kind_of_name (bare) : KT_N_PROGRAMS;
}

/* --- containers --------------------------------------------------------------------------------------------------- */

/* A list of strings, or a text as a shell reads it. */
static void
add_words (GStrvBuilder *builder, JsonObject *object, const char *member, gboolean undouble)
{
  JsonNode *node = object != NULL ? json_object_get_member (object, member) : NULL;
  g_auto (GStrv) parts = NULL;
  if (node != NULL && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING)
    g_shell_parse_argv (json_node_get_string (node), NULL, &parts, NULL);
  else if (node != NULL && JSON_NODE_HOLDS_ARRAY (node))
    {
      g_autoptr (GStrvBuilder) list = g_strv_builder_new ();
      JsonArray *array = json_node_get_array (node);
      for (guint i = 0; i < json_array_get_length (array); i++)
        {
          JsonNode *item = json_array_get_element (array, i);
          if (json_node_get_value_type (item) == G_TYPE_STRING)
            g_strv_builder_add (list, json_node_get_string (item));
        }
      parts = g_strv_builder_end (list);
    }
  for (char **part = parts; part != NULL && *part != NULL; part++)
    {
      g_autoptr (GString) word = g_string_new (*part);
      if (undouble)
        g_string_replace (word, "$$", "$", 0);
      g_strv_builder_add (builder, word->str);
    }
}

static GStrv
words_of (JsonObject *first_in, const char *first, JsonObject *second_in, const char *second, gboolean undouble)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  add_words (builder, first_in, first, undouble);
  add_words (builder, second_in, second, undouble);
  return g_strv_builder_end (builder);
}

/* By its image, or by what it starts. An image that starts the program itself gives words only. */
static KtProgram *
program_of_image (const char *image, const char *const *argv, gboolean entry_known)
{
  GStrv words = NULL;
  KtProgramKind started = kind_of_argv (argv, &words);
  KtProgramKind kind = started != KT_N_PROGRAMS ? started : kind_of_image (image);
  if (kind == KT_N_PROGRAMS)
    return NULL;
  KtProgram *program = g_new0 (KtProgram, 1);
  program->kind = kind;
  program->image = g_strdup (image);
  if (words == NULL && !entry_known)
    words = g_strdupv ((char **) (gpointer) argv);
  program->words = words;
  return program;
}

static JsonObject *
part (JsonObject *object, const char *name)
{
  return object != NULL ? kt_json_object (object, name) : NULL;
}

static const char *
text_of (JsonObject *object, const char *name)
{
  return object != NULL ? kt_json_string (object, name, NULL) : NULL;
}

static void
take_version (KtProgram *program, JsonObject *config)
{
  JsonArray *env = config != NULL ? kt_json_array (config, "Env") : NULL;
  for (guint i = 0; env != NULL && i < json_array_get_length (env); i++)
    {
      const char *pair = json_array_get_string_element (env, i);
      if (g_str_has_prefix (pair, "VERSION=") && pair[strlen ("VERSION=")] != '\0')
        program->said_by_image = g_strdup (pair + strlen ("VERSION="));
    }
  if (program->said_by_image == NULL)
    program->said_by_image = g_strdup (text_of (part (config, "Labels"), "org.opencontainers.image.version"));
}

/* "a.yaml,b.yaml" as the label writes it. */
static void
take_compose (KtProgram *program, JsonObject *labels)
{
  const char *files = text_of (labels, "com.docker.compose.project.config_files");
  const char *env_files = text_of (labels, "com.docker.compose.project.environment_file");
  program->project = g_strdup (text_of (labels, "com.docker.compose.project"));
  program->service = g_strdup (text_of (labels, "com.docker.compose.service"));
  program->directory = g_strdup (text_of (labels, "com.docker.compose.project.working_dir"));
  program->files = files != NULL ? g_strsplit (files, ",", -1) : NULL;
  program->env_files = env_files != NULL && *env_files != '\0' ? g_strsplit (env_files, ",", -1) : NULL;
}

/* The port published on this machine, else the container's own address. */
static char *
container_url (const KtProgram *program, JsonObject *inspected)
{
  g_autofree char *listen = listen_of (program);
  const char *mode = text_of (part (inspected, "HostConfig"), "NetworkMode");
  if (g_strcmp0 (mode, "host") == 0)
    return url_for (program, listen);
  const char *colon = listen != NULL ? strrchr (listen, ':') : NULL;
  const char *port = colon != NULL ? colon + 1 : DEFAULT_PORT;
  JsonObject *network = part (inspected, "NetworkSettings");
  g_autofree char *name = g_strconcat (port, "/tcp", NULL);
  JsonObject *ports = part (network, "Ports");
  JsonArray *published = ports != NULL ? kt_json_array (ports, name) : NULL;
  if (published != NULL && json_array_get_length (published) > 0)
    {
      JsonObject *first = json_array_get_object_element (published, 0);
      g_autofree char *at = g_strdup_printf ("%s:%s", kt_json_string (first, "HostIp", ""), kt_json_string (first, "HostPort", ""));
      return url_for (program, at);
    }
  JsonObject *networks = part (network, "Networks");
  g_autoptr (GList) all = networks != NULL ? json_object_get_members (networks) : NULL;
  for (GList *one = all; one != NULL; one = one->next)
    {
      const char *address = text_of (part (networks, one->data), "IPAddress");
      g_autofree char *at = address != NULL && *address != '\0' ? g_strdup_printf ("%s:%s", address, port) : NULL;
      if (at != NULL)
        return url_for (program, at);
    }
  return NULL;
}

KtProgram *
kt_program_of_container (JsonObject *inspected)
{
  JsonObject *config = part (inspected, "Config"), *host = part (inspected, "HostConfig"), *state = part (inspected, "State");
  const char *path = text_of (inspected, "Path"), *image = text_of (config, "Image"), *name = text_of (inspected, "Name");
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  if (path != NULL)
    g_strv_builder_add (builder, path);
  add_words (builder, inspected, "Args", FALSE);
  g_auto (GStrv) argv = g_strv_builder_end (builder);
  KtProgram *program = program_of_image (image != NULL ? image : "", (const char *const *) argv, TRUE);
  if (program == NULL)
    return NULL;
  program->seen = KT_SEEN_CONTAINER;
  program->name = g_strdup (name != NULL && *name == '/' ? name + 1 : name);
  program->image_id = g_strdup (text_of (inspected, "Image"));
  program->state = g_strdup (text_of (state, "Status"));
  program->runs = g_strcmp0 (program->state, "running") == 0;
  program->pid = state != NULL ? kt_json_int (state, "Pid", 0) : 0;
  program->exit_status = state != NULL ? (int) kt_json_int (state, "ExitCode", 0) : 0;
  program->restarts = (guint) kt_json_int (inspected, "RestartCount", 0);
  program->memory_limit = host != NULL ? kt_json_int (host, "Memory", 0) : 0;
  JsonObject *bindings = part (host, "PortBindings");
  program->publishes = bindings != NULL && json_object_get_size (bindings) > 0;
  program->cpus = host != NULL ? (double) kt_json_int (host, "NanoCpus", 0) / 1e9 : 0;
  take_version (program, config);
  take_compose (program, part (config, "Labels"));
  program->api = program->runs ? container_url (program, inspected) : NULL;
  return program;
}

KtProgram *
kt_program_of_service (const char *name, JsonObject *service, gboolean as_written)
{
  g_auto (GStrv) argv = words_of (service, "entrypoint", service, "command", !as_written);
  g_autoptr (GStrvBuilder) none = g_strv_builder_new ();
  add_words (none, service, "entrypoint", FALSE);
  g_auto (GStrv) entry = g_strv_builder_end (none);
  KtProgram *program = program_of_image (kt_json_string (service, "image", ""), (const char *const *) argv, entry[0] != NULL);
  if (program == NULL)
    return NULL;
  program->seen = KT_SEEN_COMPOSE;
  program->name = g_strdup (name);
  program->service = g_strdup (name);
  JsonArray *ports = kt_json_array (service, "ports");
  program->publishes = ports != NULL && json_array_get_length (ports) > 0;
  return program;
}

/* --- systemd ------------------------------------------------------------------------------------------------------ */

KtProgram *
kt_program_of_unit (const char *unit, const char *exec)
{
  g_auto (GStrv) argv = NULL;
  GStrv words = NULL;
  /* Prefixes of systemd.service(5) stand before the path. */
  if (!g_shell_parse_argv (exec + strspn (exec, "@-:+!|"), NULL, &argv, NULL))
    return NULL;
  KtProgramKind kind = kind_of_argv ((const char *const *) argv, &words);
  if (kind == KT_N_PROGRAMS)
    return NULL;
  KtProgram *program = g_new0 (KtProgram, 1);
  program->kind = kind;
  program->seen = KT_SEEN_UNIT;
  program->name = g_strdup (unit);
  program->unit = g_strdup (unit);
  program->words = words;
  program->executable = g_strdup (argv[0]);
  return program;
}

char *
kt_unit_exec (const char *const *texts)
{
  g_autofree char *found = NULL;
  for (; *texts != NULL; texts++)
    {
      g_autoptr (GString) joined = g_string_new (*texts);
      g_string_replace (joined, "\\\n", " ", 0);
      g_auto (GStrv) lines = g_strsplit (joined->str, "\n", -1);
      for (char **line = lines; *line != NULL; line++)
        {
          const char *text = g_strstrip (*line);
          if (!g_str_has_prefix (text, "ExecStart="))
            continue;
          const char *value = text + strlen ("ExecStart=");
          value += strspn (value, " \t");
          g_free (found);
          found = *value != '\0' ? g_strdup (value) : NULL;
        }
    }
  return g_steal_pointer (&found);
}

/* --- secrets ------------------------------------------------------------------------------------------------------ */

/* ws://user:PASSWORD@host: of any scheme. */
static char *
mask_url (const char *text)
{
  const char *user = strstr (text, "://");
  const char *at = user != NULL ? strrchr (user, '@') : NULL;
  const char *colon = at != NULL ? memchr (user + 3, ':', (gsize) (at - user - 3)) : NULL;
  return colon != NULL ? g_strdup_printf ("%.*s:***%s", (int) (colon - text), text, at) : g_strdup (text);
}

static char *
mask_value (const char *value)
{
  g_autofree char *lower = g_ascii_strdown (value, -1);
  gboolean conninfo = g_str_has_prefix (lower, "postgres") || strstr (lower, "password") != NULL;
  g_autofree char *masked = conninfo ? kt_conninfo_mask (value) : g_strdup (value);
  return mask_url (masked);
}

/* Where the value of "--name=value" and "-dvalue" begins; the word's own beginning otherwise. */
static gsize
value_at (const char *word)
{
  const char *equals = strchr (word, '=');
  if (g_str_has_prefix (word, "--") && equals != NULL)
    return (gsize) (equals + 1 - word);
  return g_str_has_prefix (word, "-d") && strlen (word) > 2 ? 2 : 0;
}

GStrv
kt_words_masked (const char *const *words)
{
  g_autoptr (GStrvBuilder) masked = g_strv_builder_new ();
  for (gboolean secret = FALSE; words != NULL && *words != NULL; words++)
    {
      gsize at = value_at (*words);
      g_autofree char *name = g_strndup (*words, strcspn (*words, "="));
      gboolean names_secret = strstr (name, "password") != NULL && *name == '-';
      /* -p is the password of K-indexer's programs, and the P2P address of old indexers. */
      gboolean glued = g_str_has_prefix (*words, "-p") && strlen (*words) > 2;
      g_autofree char *value = secret || glued || (names_secret && at > 0) ? g_strdup ("***") : mask_value (*words + at);
      g_autofree char *word = g_strdup_printf ("%.*s%s", glued ? 2 : (int) at, *words, value);
      g_strv_builder_add (masked, word);
      secret = (names_secret && at == 0) || g_str_equal (*words, "-p");
    }
  return g_strv_builder_end (masked);
}
