/* SPDX-License-Identifier: MIT */
#include "indexer/override.h"

#include "base/error.h"
#include "indexer/program.h"
#include "indexer/translate.h"

#include <string.h>

#define WRITTEN_BY "# Written by kastune"

void
kt_override_free (KtOverride *override)
{
  if (override == NULL)
    return;
  g_free (override->text);
  g_free (override->digest);
  g_free (override->image);
  g_strfreev (override->before);
  g_strfreev (override->after);
  g_clear_pointer (&override->notes, g_ptr_array_unref);
  g_free (override);
}

/* --- what the user's files say ------------------------------------------------------------------------------------ */

static JsonObject *
service_of (JsonNode *config, const char *name)
{
  JsonObject *object = JSON_NODE_HOLDS_OBJECT (config) ? json_node_get_object (config) : NULL;
  JsonObject *services = object != NULL ? kt_json_object (object, "services") : NULL;
  return services != NULL ? kt_json_object (services, name) : NULL;
}

/* A list, or a text that is split as a shell does. NULL: it cannot be read. */
static GStrv
words_of (JsonObject *service, const char *member)
{
  g_autoptr (GStrvBuilder) words = g_strv_builder_new ();
  JsonNode *node = json_object_get_member (service, member);
  GStrv parts = NULL;
  if (node != NULL && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING)
    return *json_node_get_string (node) == '\0' ? g_strv_builder_end (words)
           : g_shell_parse_argv (json_node_get_string (node), NULL, &parts, NULL) ? parts : NULL;
  JsonArray *array = node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  for (guint i = 0; array != NULL && i < json_array_get_length (array); i++)
    {
      JsonNode *item = json_array_get_element (array, i);
      if (json_node_get_value_type (item) != G_TYPE_STRING)
        return NULL;
      g_strv_builder_add (words, json_node_get_string (item));
    }
  return g_strv_builder_end (words);
}

/* How many words of @command stand before the options: the program's own name, where the image does not start it itself. Behind the
 * first option nothing is a program: a database may be called like one. */
static gboolean
find_options (char **entry, char **command, guint *skip, GError **error)
{
  gboolean shell = FALSE;
  *skip = 0;
  for (guint i = 0; entry[i] != NULL; i++)
    {
      shell = shell || kt_program_is_shell (entry[i]);
      if (kt_program_is_indexer (entry[i]) && entry[i + 1] != NULL)
        {
          kt_error_set (error, KT_ERROR_UNSUPPORTED, NULL, "move the options to command:", "options of the indexer stand in its entrypoint");
          return FALSE;
        }
    }
  for (guint i = 0; command[i] != NULL && *command[i] != '-'; i++)
    {
      shell = shell || kt_program_is_shell (command[i]);
      if (kt_program_is_indexer (command[i]))
        *skip = i + 1;
    }
  if (!shell)
    return TRUE;
  kt_error_set (error, KT_ERROR_UNSUPPORTED, NULL, "write the options as a list in command:", "the indexer is started through a shell");
  return FALSE;
}

/* A dollar sign is doubled in what Compose filled in. */
static GStrv
undoubled (char *const *words)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  for (; *words != NULL; words++)
    {
      g_autoptr (GString) word = g_string_new (*words);
      g_string_replace (word, "$$", "$", 0);
      g_strv_builder_add (builder, word->str);
    }
  return g_strv_builder_end (builder);
}

/* Values whose words are changed must be known; those that are only passed on stay as they are written, with their variables. */
gboolean
kt_override_passes_on (const char *option)
{
  static const char *const names[] = { "database-url", "rpc-url", "p2p-url", "network", "listen", "base-path", "log-level", "ignore-checkpoint",
                                       "ignore-self-sends", "exclude-addresses", NULL };
  return g_strv_contains (names, option);
}

/* One command line of the two: filled in where it is to be understood, as written elsewhere. Dollar signs stay doubled. */
static GStrv
mixed_words (char **filled, char **written, GError **error)
{
  g_autoptr (GPtrArray) known = kt_arguments_split ((const char *const *) filled);
  g_autoptr (GPtrArray) raw = kt_arguments_split ((const char *const *) written);
  g_autoptr (GStrvBuilder) words = g_strv_builder_new ();
  if (g_strv_length (filled) != g_strv_length (written) || known->len != raw->len)
    {
      kt_error_set (error, KT_ERROR_UNSUPPORTED, NULL, "write each option in command: and only its value as a variable",
                    "a variable of the compose files holds options of the indexer, not a value");
      return NULL;
    }
  for (guint i = 0; i < known->len; i++)
    {
      const KtGivenOption *option = known->pdata[i];
      const KtGivenOption *source = option->name != NULL && kt_override_passes_on (option->name) ? raw->pdata[i] : option;
      g_autofree char *word = option->name == NULL    ? g_strdup (option->value)
                              : source->value != NULL ? g_strdup_printf ("--%s=%s", option->name, source->value)
                                                      : g_strconcat ("--", option->name, NULL);
      g_strv_builder_add (words, word);
    }
  return g_strv_builder_end (words);
}

/* --- the file ----------------------------------------------------------------------------------------------------- */

/* Double-quoted YAML, which takes what JSON takes. */
static void
append_quoted (GString *out, const char *text)
{
  g_autoptr (JsonNode) node = json_node_init_string (json_node_alloc (), text);
  g_autofree char *quoted = json_to_string (node, FALSE);
  g_string_append (out, quoted);
}

static char *
file_text (const KtOverrideWish *wish, const char *image, char **prefix, guint n_prefix, char **words)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_string_append_printf (text, WRITTEN_BY " (%s%s%s); Compose reads it after your own file, which stays as it is.\n"
                                "# Not to be edited: kastune undo takes it away.\nservices:\n  ",
                          wish->release->tag, wish->choice.use != NULL ? ", for " : "", wish->choice.use != NULL ? wish->choice.use->name : "");
  append_quoted (text, wish->service);
  g_string_append (text, ":\n");
  if (image != NULL)
    {
      g_string_append (text, "    image: ");
      append_quoted (text, image);
      g_string_append_c (text, '\n');
    }
  g_string_append (text, "    command:\n");
  for (guint i = 0; i < n_prefix + g_strv_length (words); i++)
    {
      g_string_append (text, "      - ");
      append_quoted (text, i < n_prefix ? prefix[i] : words[i - n_prefix]);
      g_string_append_c (text, '\n');
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

char *
kt_override_digest (const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_autoptr (GPtrArray) words = g_ptr_array_new (); /* borrowed: a quoted option without what stands before it */
  for (char **line = lines; *line != NULL; line++)
    {
      char *option = strstr (*line, "\"--");
      g_ptr_array_add (words, option != NULL ? option + 1 : *line);
    }
  g_ptr_array_add (words, NULL);
  g_auto (GStrv) masked = kt_words_masked ((const char *const *) words->pdata);
  g_autofree char *all = g_strjoinv ("\n", masked);
  return g_compute_checksum_for_string (G_CHECKSUM_SHA256, all, -1);
}

gboolean
kt_override_is_of (const char *text, const char *service)
{
  g_autoptr (GString) head = g_string_new ("\nservices:\n  ");
  append_quoted (head, service);
  g_string_append (head, ":\n");
  return g_str_has_prefix (text, WRITTEN_BY) && strstr (text, head->str) != NULL;
}

/* "repository:TAG" of the release. */
static char *
image_of (const char *image, const KtReleaseRow *release)
{
  g_autofree char *bare = g_strndup (image, strcspn (image, "@"));
  const char *slash = strrchr (bare, '/');
  char *colon = strchr (slash != NULL ? slash : bare, ':');
  if (colon != NULL)
    *colon = '\0';
  return g_strdup_printf ("%s:%s", bare, release->tag);
}

KtOverride *
kt_override_of_options (const KtOverrideWish *wish, GStrv before, const char *const *options, GError **error)
{
  g_autoptr (KtOverride) override = g_new0 (KtOverride, 1);
  override->notes = g_ptr_array_new_with_free_func (g_free);
  override->before = before;
  override->after = kt_translate (options, wish->release->flags, override->notes);
  if (kt_choice_is_empty (&wish->choice))
    return g_steal_pointer (&override);
  GStrv stored = kt_choice_apply (&wish->choice, wish->release, (const char *const *) override->after, override->notes, error);
  if (stored == NULL)
    return NULL;
  g_strfreev (override->after);
  override->after = stored;
  return g_steal_pointer (&override);
}

KtOverride *
kt_override_new (const KtOverrideWish *wish, JsonNode *filled, JsonNode *as_written, GError **error)
{
  JsonObject *service = service_of (filled, wish->service), *raw = service_of (as_written, wish->service);
  guint skip = 0;
  if (service == NULL || raw == NULL)
    {
      kt_error_set (error, KT_ERROR_NOT_FOUND, NULL, "kastune indexer show lists them", "the compose files have no service %s", wish->service);
      return NULL;
    }
  g_auto (GStrv) entry = words_of (service, "entrypoint"), command = words_of (service, "command"), written = words_of (raw, "command");
  if (entry == NULL || command == NULL || written == NULL)
    {
      kt_error_set (error, KT_ERROR_UNSUPPORTED, NULL, "write it as a list of strings", "the command of service %s cannot be read", wish->service);
      return NULL;
    }
  if (!find_options (entry, command, &skip, error))
    return NULL;
  g_auto (GStrv) mixed = mixed_words (command + skip, g_strv_length (written) >= skip ? written + skip : written, error);
  if (mixed == NULL)
    return NULL;
  g_autoptr (KtOverride) override = kt_override_of_options (wish, undoubled (command + skip), (const char *const *) mixed, error);
  if (override == NULL)
    return NULL;
  const char *image = kt_json_string (service, "image", NULL);
  override->image = wish->set_image && image != NULL ? image_of (image, wish->release) : NULL;
  override->text = file_text (wish, override->image, written, skip, override->after);
  override->digest = kt_override_digest (override->text);
  return g_steal_pointer (&override);
}
