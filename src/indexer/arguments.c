/* SPDX-License-Identifier: MIT */
#include "indexer/arguments.h"

#include "base/error.h"
#include "indexer/humantime.h"

#include <string.h>

enum {
  V1 = 1 << KT_RELEASE_V1_6_3,
  V20 = 1 << KT_RELEASE_V2_0_0_BETA1 | 1 << KT_RELEASE_V2_0_0,
  V22 = 1 << KT_RELEASE_V2_1_2 | 1 << KT_RELEASE_V2_2_0 | 1 << KT_RELEASE_V2_2_1, /* v2.1.2, too */
  V23 = 1 << KT_RELEASE_V2_3_0,
  ALL = V1 | V20 | V22 | V23,
};

typedef enum { FLAG, TEXT, NUMBER, FRACTION, DURATION, VALUES, OPTIONAL } Kind;

typedef struct {
  char letter;
  const char *name;
  Kind kind;
  guint releases;
  gssize offset;        /* into KtArguments, or -1: checked, not used here */
  double low, high;     /* numbers; 0, 0: any */
  const char *fallback; /* for the help text */
} Option;

#define AT(member) G_STRUCT_OFFSET (KtArguments, member)
#define KEEP (-1)
#define RETENTION(name) AT (prune.retention_ms[KT_RETENTION_##name])

static const Option options[] = {
  { 's', "rpc-url", TEXT, ALL, KEEP },
  { 'p', "p2p-url", TEXT, V1 | V20, KEEP },
  { 'n', "network", TEXT, ALL, KEEP, .fallback = "mainnet" },
  { 'd', "database-url", TEXT, ALL, AT (database_url),
    .fallback = "postgres://postgres:postgres@localhost:5432/postgres" },
  { 'l', "listen", TEXT, ALL, AT (listen), .fallback = "localhost:8500" },
  { 0, "base-path", TEXT, ALL, AT (base_path), .fallback = "/" },
  { 0, "log-level", TEXT, ALL, KEEP, .fallback = "info" },
  { 0, "log-no-color", FLAG, ALL, KEEP },
  { 'b', "batch-scale", FRACTION, ALL, AT (batch_scale), .fallback = "1.0" },
  { 0, "batch-concurrency", NUMBER, ALL, AT (batch_concurrency), 0, 255, "2" },
  { 't', "cache-ttl", NUMBER, ALL, KEEP, 0, 18446744073709551615.0, "60" },
  { 0, "block-interval", NUMBER, ALL, KEEP, 100, 10000, "1000" },
  { 0, "vcp-interval", NUMBER, ALL, AT (vcp_interval_ms), 100, 10000, "1000" },
  { 0, "vcp-window", NUMBER, ALL, KEEP, 10, 86400, "600" },
  { 'i', "ignore-checkpoint", TEXT, ALL, KEEP },
  { 'u', "upgrade-db", FLAG, ALL, AT (upgrade_db) },
  { 'c', "initialize-db", FLAG, ALL, AT (initialize_db) },
  { 0, "prune-db", OPTIONAL, ALL, AT (prune_cron) },
  { 0, "prune-batch-size", NUMBER, ALL, AT (prune.batch_rows), 0, 4294967295.0, "100000" },
  { 0, "retention", DURATION, ALL, AT (retention_ms) },
  { 0, "retention-block-parent", DURATION, ALL, RETENTION (BLOCK_PARENT) },
  { 0, "retention-blocks", DURATION, ALL, RETENTION (BLOCKS) },
  { 0, "retention-transactions", DURATION, ALL, RETENTION (TRANSACTIONS) },
  { 0, "retention-addresses-transactions", DURATION, ALL, RETENTION (ADDRESSES_TRANSACTIONS) },
  { 0, "retention-blocks-transactions", DURATION, V1 | V20 | V22, RETENTION (BLOCKS_TRANSACTIONS) },
  { 0, "retention-transactions-acceptances", DURATION, V22 | V23, RETENTION (TRANSACTIONS_ACCEPTANCES) },
  { 0, "exclude-addresses", TEXT, V22, KEEP },
  { 0, "ignore-self-sends", TEXT, V23, KEEP },
  { 0, "enable", VALUES, ALL, KT_VALUES_ENABLE },
  { 0, "disable", VALUES, ALL, KT_VALUES_DISABLE },
  { 0, "exclude-fields", VALUES, ALL, KT_VALUES_EXCLUDE_FIELDS },
  { 'h', "help", FLAG, ALL, AT (help) },
  { 'V', "version", FLAG, ALL, AT (version) },
};

void
kt_arguments_clear (KtArguments *arguments)
{
  g_free (arguments->database_url);
  g_free (arguments->listen);
  g_free (arguments->base_path);
  g_free (arguments->prune_cron);
  g_clear_pointer (&arguments->given, g_hash_table_unref);
  *arguments = (KtArguments) { 0 };
}

static gboolean
reject (GError **error, const char *detail, const char *format, ...) G_GNUC_PRINTF (3, 4);

static gboolean
reject (GError **error, const char *detail, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *message = g_strdup_vprintf (format, args);
  va_end (args);
  kt_error_set (error, KT_ERROR_USAGE, detail, "For more information, try '--help'.", "%s", message);
  return FALSE;
}

static const Option *
find_option (KtRelease release, const char *name, gsize length, char letter)
{
  for (gsize i = 0; i < G_N_ELEMENTS (options); i++)
    {
      const Option *option = &options[i];
      gboolean same = name != NULL ? strlen (option->name) == length && strncmp (option->name, name, length) == 0
                                   : option->letter == letter;
      if (same && (option->releases >> release & 1) != 0)
        return option;
    }
  return NULL;
}

static gboolean
set_number (KtArguments *arguments, const Option *option, const char *value, GError **error)
{
  guint64 number;
  if (*value == '\0' || strspn (value, "0123456789") != strlen (value)
      || !g_ascii_string_to_unsigned (value, 10, 0, G_MAXUINT64, &number, NULL))
    return reject (error, NULL, "invalid value '%s' for '--%s': invalid digit found in string", value, option->name);
  if ((double) number < option->low || (double) number > option->high)
    return reject (error, NULL, "invalid value '%s' for '--%s': %s is not in %.0f..=%.0f", value, option->name, value,
                   option->low, option->high);
  if (option->offset >= 0)
    G_STRUCT_MEMBER (guint, arguments, option->offset) = (guint) number;
  return TRUE;
}

static gboolean
set_fraction (KtArguments *arguments, const Option *option, const char *value, GError **error)
{
  char *end = NULL;
  double number = g_ascii_strtod (value, &end);
  if (*value == '\0' || *end != '\0')
    return reject (error, NULL, "invalid value '%s' for '--%s': invalid float literal", value, option->name);
  G_STRUCT_MEMBER (double, arguments, option->offset) = number;
  return TRUE;
}

static void
set_text (KtArguments *arguments, const Option *option, const char *value)
{
  if (option->offset < 0)
    return;
  char **text = &G_STRUCT_MEMBER (char *, arguments, option->offset);
  g_free (*text);
  *text = g_strdup (value);
}

static void
note (KtArguments *arguments, const Option *option, const char *value)
{
  const char *before = option->kind == VALUES ? g_hash_table_lookup (arguments->given, option->name) : NULL;
  char *text = before != NULL ? g_strconcat (before, ",", value, NULL) : g_strdup (value);
  g_hash_table_replace (arguments->given, (gpointer) option->name, text);
}

static gboolean
set_value (KtArguments *arguments, const Option *option, const char *value, GError **error)
{
  note (arguments, option, value);
  switch (option->kind)
    {
    case NUMBER:
      return set_number (arguments, option, value, error);
    case FRACTION:
      return set_fraction (arguments, option, value, error);
    case VALUES:
      return kt_features_add (&arguments->features, arguments->release, (KtValues) option->offset, value, error);
    case DURATION:
      if (kt_humantime_parse (value, &G_STRUCT_MEMBER (gint64, arguments, option->offset)))
        return TRUE;
      return reject (error, NULL, "invalid value '%s' for '--%s': expected a duration such as 7d or 36h", value,
                     option->name);
    default:
      set_text (arguments, option, value);
      return TRUE;
    }
}

/* "--prune-db" alone: once a day, from v2.1.0 on once an hour. */
static const char *
prune_default (KtRelease release)
{
  return (1 << release & (V1 | V20)) != 0 ? "0 4 * * *" : "0 * * * *";
}

/* @value: what was glued to the option, or NULL. *used: the next word was taken. */
static gboolean
apply (KtArguments *arguments, const Option *option, const char *value, const char *next, gboolean *used,
       GError **error)
{
  *used = FALSE;
  if (option->kind == OPTIONAL)
    {
      note (arguments, option, value != NULL ? value : prune_default (arguments->release));
      set_text (arguments, option, value != NULL ? value : prune_default (arguments->release));
      return TRUE;
    }
  if (option->kind == FLAG)
    {
      if (value != NULL)
        return reject (error, NULL, "unexpected value '%s' for '--%s' found; no more were expected", value,
                       option->name);
      note (arguments, option, "true");
      if (option->offset >= 0)
        G_STRUCT_MEMBER (gboolean, arguments, option->offset) = TRUE;
      return TRUE;
    }
  if (value == NULL)
    {
      if (next == NULL || (next[0] == '-' && next[1] != '\0'))
        return reject (error, NULL, "a value is required for '--%s' but none was supplied", option->name);
      value = next;
      *used = TRUE;
    }
  return set_value (arguments, option, value, error);
}

static gboolean
parse_long (KtArguments *arguments, const char *word, const char *next, gboolean *used, GError **error)
{
  gsize length = strcspn (word + 2, "=");
  const Option *option = find_option (arguments->release, word + 2, length, 0);
  if (option == NULL)
    return reject (error, NULL, "unexpected argument '%.*s' found", (int) length + 2, word);
  return apply (arguments, option, word[2 + length] == '=' ? word + 3 + length : NULL, next, used, error);
}

/* "-u", "-us", "-b2", "-b=2", "-b 2". */
static gboolean
parse_short (KtArguments *arguments, const char *word, const char *next, gboolean *used, GError **error)
{
  *used = FALSE;
  for (const char *at = word + 1; *at != '\0'; at++)
    {
      const Option *option = find_option (arguments->release, NULL, 0, *at);
      if (option == NULL)
        return reject (error, NULL, "unexpected argument '-%c' found", *at);
      if (option->kind != FLAG)
        {
          const char *glued = at[1] == '=' ? at + 2 : at[1] != '\0' ? at + 1 : NULL;
          return apply (arguments, option, glued, next, used, error);
        }
      if (!apply (arguments, option, NULL, NULL, used, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
kt_arguments_parse (KtArguments *arguments, KtRelease release, const char *const *words, GError **error)
{
  *arguments = (KtArguments) {
    .release = release, .batch_scale = 1.0, .batch_concurrency = 2, .vcp_interval_ms = 1000, .retention_ms = -1,
  };
  kt_prune_rules_init (&arguments->prune, -1);
  arguments->given = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  for (; *words != NULL; words++)
    {
      const char *word = *words;
      gboolean used = FALSE;
      if (word[0] != '-' || word[1] == '\0')
        return reject (error, NULL, "unexpected argument '%s' found", word);
      if (word[1] == '-' ? !parse_long (arguments, word, words[1], &used, error)
                         : !parse_short (arguments, word, words[1], &used, error))
        return FALSE;
      words += used;
      /* As clap does: the first of them ends the parsing. */
      if (arguments->help || arguments->version)
        break;
    }
  return TRUE;
}

/* ---- any release ---- */

static void
given_free (gpointer data)
{
  KtGivenOption *given = data;
  g_free (given->value);
  g_free (given);
}

static void
add_given (GPtrArray *all, const char *name, const char *value)
{
  KtGivenOption *given = g_new0 (KtGivenOption, 1);
  given->name = name;
  given->value = g_strdup (value);
  g_ptr_array_add (all, given);
}

static const Option *
find_in_any (const char *name, gsize length, char letter)
{
  const Option *option = NULL;
  for (guint release = KT_N_RELEASES; release-- > 0 && option == NULL;)
    option = find_option (release, name, length, letter);
  return option;
}

/* One word, or two. Gives how many further words were taken. */
static guint
split_word (GPtrArray *all, const char *word, const char *next)
{
  gboolean is_long = g_str_has_prefix (word, "--");
  gsize length = is_long ? strcspn (word + 2, "=") : 0;
  const Option *option = is_long ? find_in_any (word + 2, length, 0) : NULL;
  if (is_long && option != NULL)
    {
      const char *value = word[2 + length] == '=' ? word + 3 + length : NULL;
      gboolean takes = value == NULL && option->kind != FLAG && option->kind != OPTIONAL && next != NULL;
      add_given (all, option->name, takes ? next : value);
      return takes;
    }
  for (const char *at = word + 1; !is_long && *word == '-' && *at != '\0'; at++)
    {
      option = find_in_any (NULL, 0, *at);
      if (option == NULL)
        break;
      if (option->kind != FLAG)
        {
          const char *glued = at[1] == '=' ? at + 2 : at[1] != '\0' ? at + 1 : NULL;
          add_given (all, option->name, glued != NULL ? glued : next);
          return glued == NULL && next != NULL;
        }
      add_given (all, option->name, NULL);
      if (at[1] == '\0')
        return 0;
    }
  add_given (all, NULL, word);
  return 0;
}

GPtrArray *
kt_arguments_split (const char *const *words)
{
  GPtrArray *all = g_ptr_array_new_with_free_func (given_free);
  for (; words != NULL && *words != NULL; words++)
    words += split_word (all, *words, words[1]);
  return all;
}

char *
kt_arguments_find (const char *const *words, const char *name)
{
  g_autoptr (GPtrArray) all = kt_arguments_split (words);
  for (guint i = all->len; i-- > 0;)
    {
      const KtGivenOption *given = all->pdata[i];
      if (g_strcmp0 (given->name, name) == 0)
        return g_strdup (given->value);
    }
  return NULL;
}

gboolean
kt_arguments_knows (KtRelease release, const char *name)
{
  return find_option (release, name, strlen (name), 0) != NULL;
}

void
kt_arguments_prune_rules (const KtArguments *arguments, KtPruneRules *rules)
{
  *rules = arguments->prune;
  for (guint i = 0; i < KT_N_RETENTIONS; i++)
    if (rules->retention_ms[i] < 0)
      rules->retention_ms[i] = arguments->retention_ms;
}

const char *
kt_arguments_panic (const KtArguments *arguments)
{
  if (arguments->batch_scale < 0.1 || arguments->batch_scale > 10)
    return "Invalid batch-scale";
  if (arguments->batch_concurrency < 1 || arguments->batch_concurrency > 10)
    return "Invalid batch-concurrency";
  return NULL;
}

char *
kt_arguments_help (KtRelease release)
{
  GString *text = g_string_new ("Usage: simply-kaspa-indexer [OPTIONS]\n\nOptions:\n");
  for (gsize i = 0; i < G_N_ELEMENTS (options); i++)
    {
      const Option *option = &options[i];
      if ((option->releases >> release & 1) == 0)
        continue;
      if (option->letter != 0)
        g_string_append_printf (text, "  -%c, ", option->letter);
      else
        g_string_append (text, "      ");
      g_string_append_printf (text, "--%s%s", option->name,
                              option->kind == FLAG ? "" : option->kind == OPTIONAL ? "[=<VALUE>]" : " <VALUE>");
      if (option->fallback != NULL)
        g_string_append_printf (text, " [default: %s]", option->fallback);
      g_string_append_c (text, '\n');
      if (option->kind == VALUES)
        {
          g_autofree char *known = kt_features_known (release, (KtValues) option->offset);
          g_string_append_printf (text, "          [possible values: %s]\n", known);
        }
    }
  return g_string_free (text, FALSE);
}

/* "batch-scale" as batchScale, "blocks_table" as BlocksTable. */
static char *
in_capitals (const char *name, gboolean first)
{
  GString *text = g_string_new (NULL);
  gboolean capital = first;
  for (; *name != '\0'; name++)
    {
      if (*name != '-' && *name != '_')
        g_string_append_c (text, capital ? g_ascii_toupper (*name) : *name);
      capital = *name == '-' || *name == '_';
    }
  return g_string_free (text, FALSE);
}

static JsonNode *
list_node (const char *text)
{
  g_auto (GStrv) names = g_strsplit (text != NULL ? text : "", ",", -1);
  JsonArray *array = json_array_new ();
  for (char **name = names; *name != NULL; name++)
    {
      g_autofree char *value = in_capitals (*name, TRUE);
      json_array_add_string_element (array, value);
    }
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);
  json_node_take_array (node, array);
  return node;
}

static JsonNode *
duration_node (const char *text)
{
  gint64 ms;
  JsonNode *node = json_node_new (JSON_NODE_NULL);
  if (text == NULL || !kt_humantime_parse (text, &ms))
    return node;
  g_autofree char *normal = kt_humantime_format (ms);
  return json_node_init_string (node, normal);
}

static JsonNode *
option_node (const KtArguments *arguments, const Option *option)
{
  const char *given = g_hash_table_lookup (arguments->given, option->name);
  const char *text = given != NULL ? given : option->fallback;
  JsonNode *node = json_node_alloc ();
  switch (option->kind)
    {
    case VALUES:
      json_node_free (node);
      return list_node (given);
    case DURATION:
      json_node_free (node);
      return duration_node (given);
    case FLAG:
      return json_node_init_boolean (node, given != NULL);
    case NUMBER:
      return json_node_init_int (node, (gint64) g_ascii_strtoull (text, NULL, 10));
    case FRACTION:
      return json_node_init_double (node, g_ascii_strtod (text, NULL));
    default:
      if (g_str_has_suffix (option->name, "-url"))
        return json_node_init_string (node, "**hidden**");
      return text != NULL ? json_node_init_string (node, text) : json_node_init_null (node);
    }
}

JsonObject *
kt_arguments_to_json (const KtArguments *arguments)
{
  JsonObject *object = json_object_new (), *pruning = json_object_new ();
  for (gsize i = 0; i < G_N_ELEMENTS (options); i++)
    {
      const Option *option = &options[i];
      gboolean prunes = g_str_has_prefix (option->name, "prune") || g_str_has_prefix (option->name, "retention");
      gboolean asks = g_str_equal (option->name, "help") || g_str_equal (option->name, "version");
      g_autofree char *name = in_capitals (option->name, FALSE);
      if ((option->releases >> arguments->release & 1) != 0 && !asks)
        json_object_set_member (prunes ? pruning : object, name, option_node (arguments, option));
    }
  json_object_set_object_member (object, "pruning", pruning);
  return object;
}
