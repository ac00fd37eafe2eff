/* SPDX-License-Identifier: MIT */
#include "indexer/translate.h"

#include "indexer/program.h"

#include <string.h>

#define LEAST_INTERVAL_MS 100 /* less was meant as seconds, by releases before v1.6.0 */

static const char *const list_names[KT_N_VALUES] = {
  [KT_VALUES_ENABLE] = "enable", [KT_VALUES_DISABLE] = "disable", [KT_VALUES_EXCLUDE_FIELDS] = "exclude-fields",
};

/* What went with a table, and where it went. */
static const struct {
  KtValues from;
  const char *value;
  KtValues to;
  const char *const becomes[3];
} moved[] = {
  { KT_VALUES_DISABLE, "blocks_transactions_table", KT_VALUES_EXCLUDE_FIELDS, { "block_transaction_ids", "tx_block_hash", NULL } },
  { KT_VALUES_EXCLUDE_FIELDS, "block_transaction_ids", KT_VALUES_DISABLE, { "blocks_transactions_table", NULL } },
};

typedef struct {
  KtRelease target;
  GPtrArray *notes;
  GPtrArray *lists[KT_N_VALUES]; /* of char *, each once */
} Translation;

static void
note (Translation *t, const char *format, ...) G_GNUC_PRINTF (2, 3);

static void
note (Translation *t, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_ptr_array_add (t->notes, g_strdup_vprintf (format, args));
  va_end (args);
}

static void
add_once (GPtrArray *list, const char *name)
{
  if (!g_ptr_array_find_with_equal_func (list, name, g_str_equal, NULL))
    g_ptr_array_add (list, g_strdup (name));
}

static gboolean
move (Translation *t, KtValues kind, const char *value)
{
  for (gsize i = 0; i < G_N_ELEMENTS (moved); i++)
    {
      if (moved[i].from != kind || !g_str_equal (moved[i].value, value)
          || kt_features_name_in (t->target, moved[i].to, moved[i].becomes[0]) == NULL)
        continue;
      g_autofree char *all = g_strjoinv (",", (char **) (gpointer) moved[i].becomes);
      for (guint k = 0; moved[i].becomes[k] != NULL; k++)
        add_once (t->lists[moved[i].to], moved[i].becomes[k]);
      note (t, "--%s=%s is --%s=%s in %s", list_names[kind], value, list_names[moved[i].to], all, kt_release_name (t->target));
      return TRUE;
    }
  return FALSE;
}

static void
take_value (Translation *t, KtValues kind, const char *value)
{
  const char *name = kt_features_name_in (t->target, kind, value);
  if (name != NULL)
    {
      add_once (t->lists[kind], name);
      if (!g_str_equal (name, value))
        note (t, "--%s=%s is called %s in %s", list_names[kind], value, name, kt_release_name (t->target));
    }
  else if (!move (t, kind, value))
    note (t, "--%s=%s is left out: %s has nothing of that name", list_names[kind], value, kt_release_name (t->target));
}

/* TRUE: it was one of the lists. */
static gboolean
take_list (Translation *t, const KtGivenOption *option)
{
  for (guint kind = 0; kind < KT_N_VALUES; kind++)
    {
      if (!g_str_equal (option->name, list_names[kind]))
        continue;
      g_auto (GStrv) values = g_strsplit (option->value != NULL ? option->value : "", ",", -1);
      for (char **value = values; *value != NULL; value++)
        if (**value != '\0')
          take_value (t, kind, *value);
      return TRUE;
    }
  return FALSE;
}

static void
add_word (GStrvBuilder *words, const char *name, const char *value)
{
  g_autofree char *word = value != NULL ? g_strdup_printf ("--%s=%s", name, value) : g_strconcat ("--", name, NULL);
  g_strv_builder_add (words, word);
}

static void
take_option (Translation *t, GStrvBuilder *words, const KtGivenOption *option)
{
  if (option->name == NULL)
    {
      const char *const unknown[] = { option->value, NULL };
      g_auto (GStrv) masked = kt_words_masked (unknown);
      note (t, "%s is left out: no release knows it", masked[0]);
    }
  else if (take_list (t, option))
    return;
  else if (!kt_arguments_knows (t->target, option->name))
    note (t, "--%s is left out: %s does not know it", option->name, kt_release_name (t->target));
  else if (g_str_equal (option->name, "vcp-interval") && option->value != NULL && g_ascii_strtoull (option->value, NULL, 10) < LEAST_INTERVAL_MS)
    {
      g_autofree char *milliseconds = g_strdup_printf ("%" G_GUINT64_FORMAT, g_ascii_strtoull (option->value, NULL, 10) * 1000);
      note (t, "--vcp-interval=%s was seconds and is %s milliseconds in %s", option->value, milliseconds, kt_release_name (t->target));
      add_word (words, option->name, milliseconds);
    }
  else
    add_word (words, option->name, option->value);
}

GStrv
kt_translate (const char *const *words, KtRelease target, GPtrArray *notes)
{
  Translation t = { .target = target, .notes = notes };
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autoptr (GPtrArray) given = kt_arguments_split (words);
  for (guint kind = 0; kind < KT_N_VALUES; kind++)
    t.lists[kind] = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < given->len; i++)
    take_option (&t, builder, given->pdata[i]);
  for (guint kind = 0; kind < KT_N_VALUES; kind++)
    {
      g_autoptr (GPtrArray) list = t.lists[kind];
      guint n = list->len;
      g_ptr_array_add (list, NULL);
      g_autofree char *value = n > 0 ? g_strjoinv (",", (char **) list->pdata) : NULL;
      if (value != NULL)
        add_word (builder, list_names[kind], value);
    }
  return g_strv_builder_end (builder);
}

KtFeatures
kt_translate_features (const KtFeatures *features, KtRelease from, KtRelease to)
{
  g_autoptr (GPtrArray) unsaid = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (KtArguments) arguments = { 0 };
  for (guint kind = KT_VALUES_DISABLE; kind < KT_N_VALUES; kind++)
    {
      g_autofree char *values = kt_features_to_words (features, from, kind);
      if (values != NULL)
        add_word (builder, list_names[kind], values);
    }
  g_auto (GStrv) words = g_strv_builder_end (builder);
  g_auto (GStrv) translated = kt_translate ((const char *const *) words, to, unsaid);
  return kt_arguments_parse (&arguments, to, (const char *const *) translated, NULL) ? arguments.features : (KtFeatures){ 0 };
}
