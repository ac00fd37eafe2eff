/* SPDX-License-Identifier: MIT */
#include "indexer/choice.h"

#include "base/error.h"
#include "indexer/translate.h"

#include <string.h>

#define BIT(number) (G_GUINT64_CONSTANT (1) << (number))
#define MAPPING_TABLE BIT (KT_DISABLE_ADDRESSES_TRANSACTIONS_TABLE)
#define ADDRESS BIT (KT_FIELD_TX_OUT_SCRIPT_PUBLIC_KEY_ADDRESS)
#define SCRIPT BIT (KT_FIELD_TX_OUT_SCRIPT_PUBLIC_KEY)

static const char *const list_names[KT_N_VALUES] = { [KT_VALUES_DISABLE] = "disable", [KT_VALUES_EXCLUDE_FIELDS] = "exclude-fields" };

/* Names that people know from tables, designs and other tools, and that no release takes. */
static const struct {
  KtValues kind;
  const char *name;
  const char *real;    /* NULL: there is no such thing to leave out */
  const char *because;
} names[] = {
  { KT_VALUES_DISABLE, "blocks", "blocks_table", NULL },
  { KT_VALUES_DISABLE, "block_parent", "block_parent_table", NULL },
  { KT_VALUES_DISABLE, "block_parents", "block_parent_table", NULL },
  { KT_VALUES_DISABLE, "block_transactions", "blocks_transactions_table", NULL },
  { KT_VALUES_DISABLE, "blocks_transactions", "blocks_transactions_table", NULL },
  { KT_VALUES_DISABLE, "transactions", "transactions_table", NULL },
  { KT_VALUES_DISABLE, "transaction_inputs", "transactions_inputs", NULL },
  { KT_VALUES_DISABLE, "transaction_outputs", "transactions_outputs", NULL },
  { KT_VALUES_DISABLE, "transactions_acceptances", "transaction_acceptance", NULL },
  { KT_VALUES_DISABLE, "address_transactions", "addresses_transactions_table", NULL },
  { KT_VALUES_DISABLE, "addresses_transactions", "addresses_transactions_table", NULL },
  { KT_VALUES_DISABLE, "scripts_transactions", "addresses_transactions_table", NULL },
  { KT_VALUES_DISABLE, "subnetworks", NULL, "it is always written up to schema 20, and a column from schema 21 on" },
  { KT_VALUES_EXCLUDE_FIELDS, "block_hash", NULL,
    "the hash is the key of blocks and always stored; tx_block_hash (from v2.3.0 on) leaves out which block a transaction is in" },
  { KT_VALUES_EXCLUDE_FIELDS, "transaction_hash", NULL,
    "transaction_id is the key and always stored; tx_hash is the other hash, which few need" },
  { KT_VALUES_EXCLUDE_FIELDS, "transaction_id", NULL, "it is the key and always stored; tx_hash is the other hash, which few need" },
  { KT_VALUES_EXCLUDE_FIELDS, "tx_version", NULL, "no release leaves it out" },
};

gboolean
kt_choice_is_empty (const KtChoice *choice)
{
  return choice->use == NULL && choice->disable == NULL && choice->exclude == NULL && choice->keep == NULL && choice->mapping == NULL
         && choice->retention == NULL;
}

/* --- names -------------------------------------------------------------------------------------------------------- */

static gboolean
is_value (KtValues kind, const char *name)
{
  KtFeatures scratch = { 0 };
  return *name != '\0' && kt_features_read (&scratch, kind, name);
}

static gboolean
refuse_name (KtValues kind, const char *name, const char *because, const KtReleaseRow *release, GError **error)
{
  g_autofree char *known = kt_features_known (release->flags, kind);
  g_autofree char *detail = because != NULL ? g_strdup (because) : g_strdup_printf ("%s has: %s", release->tag, known);
  kt_error_set (error, KT_ERROR_USAGE, detail, "kastune indexer features explorer --disable … --exclude-fields … says what each does",
                "there is no %s “%s” to leave out", kind == KT_VALUES_DISABLE ? "table" : "field", name);
  return FALSE;
}

/* What some release calls @name; NULL with @error. Borrowed. */
static const char *
real_name (KtValues kind, const char *name, const KtReleaseRow *release, GPtrArray *notes, GError **error)
{
  if (is_value (kind, name))
    return name;
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      if (names[i].kind != kind || !g_str_equal (names[i].name, name))
        continue;
      if (names[i].real == NULL)
        {
          refuse_name (kind, name, names[i].because, release, error);
          return NULL;
        }
      g_ptr_array_add (notes, g_strdup_printf ("%s is --%s=%s", name, list_names[kind], names[i].real));
      return names[i].real;
    }
  refuse_name (kind, name, NULL, release, error);
  return NULL;
}

/* Adds what @release makes of one value of whichever release. */
static gboolean
add_value (const KtReleaseRow *release, KtValues kind, const char *name, KtFeatures *features, GPtrArray *notes, GError **error)
{
  const char *real = real_name (kind, name, release, notes, error);
  if (real == NULL)
    return FALSE;
  g_autofree char *word = g_strdup_printf ("--%s=%s", list_names[kind], real);
  const char *const words[] = { word, NULL };
  g_auto (GStrv) translated = kt_translate (words, release->flags, notes);
  g_auto (KtArguments) arguments = { 0 };
  if (!kt_arguments_parse (&arguments, release->flags, (const char *const *) translated, error))
    return FALSE;
  features->disabled |= arguments.features.disabled;
  features->excluded |= arguments.features.excluded;
  return TRUE;
}

static gboolean
add_values (const KtReleaseRow *release, KtValues kind, const char *text, KtFeatures *features, GPtrArray *notes, GError **error)
{
  g_auto (GStrv) all = g_strsplit (text != NULL ? text : "", ",", -1);
  for (char **name = all; *name != NULL; name++)
    if (*g_strstrip (*name) != '\0' && !add_value (release, kind, *name, features, notes, error))
      return FALSE;
  return TRUE;
}

/* Names of either kind, tables first: the two have no name in common. */
static gboolean
take_out (const KtReleaseRow *release, const char *text, KtFeatures *features, GPtrArray *notes, GError **error)
{
  g_auto (GStrv) all = g_strsplit (text != NULL ? text : "", ",", -1);
  KtFeatures kept = { 0 };
  for (char **name = all; *name != NULL; name++)
    {
      g_autoptr (GPtrArray) unsaid = g_ptr_array_new_with_free_func (g_free);
      g_autoptr (GError) no_table = NULL;
      if (*g_strstrip (*name) == '\0')
        continue;
      KtValues kind = is_value (KT_VALUES_EXCLUDE_FIELDS, *name) || real_name (KT_VALUES_DISABLE, *name, release, unsaid, &no_table) == NULL
                        ? KT_VALUES_EXCLUDE_FIELDS : KT_VALUES_DISABLE;
      if (!add_value (release, kind, *name, &kept, unsaid, error))
        return FALSE;
    }
  if ((kept.disabled & ~features->disabled) != 0 || (kept.excluded & ~features->excluded) != 0)
    g_ptr_array_add (notes, g_strdup ("some of what is to be kept was not left out before"));
  features->disabled &= ~kept.disabled;
  features->excluded &= ~kept.excluded;
  return TRUE;
}

/* --- the set ------------------------------------------------------------------------------------------------------ */

static gboolean
contradict (GError **error, const char *mapping, const char *what)
{
  kt_error_set (error, KT_ERROR_USAGE, NULL, "leave one of the two out", "--mapping %s needs %s, which is to be left out", mapping, what);
  return FALSE;
}

/* @asked: what was left out by name, which a mapping must not silently bring back. */
static gboolean
set_mapping (const char *mapping, const KtFeatures *asked, KtFeatures *features, GError **error)
{
  if (mapping == NULL)
    return TRUE;
  if (g_str_equal (mapping, "none"))
    {
      features->disabled |= MAPPING_TABLE;
      return TRUE;
    }
  gboolean scripts = g_str_equal (mapping, "scripts");
  if (!scripts && !g_str_equal (mapping, "addresses"))
    {
      kt_error_set (error, KT_ERROR_USAGE, NULL, "addresses, scripts or none", "there is no mapping “%s”", mapping);
      return FALSE;
    }
  if ((asked->disabled & MAPPING_TABLE) != 0)
    return contradict (error, mapping, "addresses_transactions_table");
  if ((asked->excluded & (scripts ? SCRIPT : ADDRESS)) != 0)
    return contradict (error, mapping, scripts ? "tx_out_script_public_key" : "tx_out_script_public_key_address");
  features->disabled &= ~MAPPING_TABLE;
  if (scripts)
    features->excluded = (features->excluded | ADDRESS) & ~SCRIPT;
  else
    features->excluded &= ~ADDRESS;
  return TRUE;
}

static gboolean
read_now (const char *const *words, const KtReleaseRow *release, KtFeatures *features, GError **error)
{
  g_autoptr (GPtrArray) given = kt_arguments_split (words);
  for (guint i = 0; i < given->len; i++)
    {
      const KtGivenOption *option = given->pdata[i];
      for (guint kind = KT_VALUES_DISABLE; kind < KT_N_VALUES; kind++)
        if (g_strcmp0 (option->name, list_names[kind]) == 0 && option->value != NULL
            && !kt_features_add (features, release->flags, kind, option->value, error))
          return FALSE;
    }
  return TRUE;
}

static gboolean
settle_features (const KtChoice *choice, const KtReleaseRow *release, const char *const *words, KtFeatures *features, GPtrArray *notes, GError **error)
{
  KtFeatures asked = { 0 };
  if (choice->use != NULL)
    *features = kt_use_features (choice->use, release);
  else if (!read_now (words, release, features, error))
    return FALSE;
  if (!take_out (release, choice->keep, features, notes, error)
      || !add_values (release, KT_VALUES_DISABLE, choice->disable, &asked, notes, error)
      || !add_values (release, KT_VALUES_EXCLUDE_FIELDS, choice->exclude, &asked, notes, error))
    return FALSE;
  features->disabled |= asked.disabled;
  features->excluded |= asked.excluded;
  return set_mapping (choice->mapping, &asked, features, error);
}

/* --- words -------------------------------------------------------------------------------------------------------- */

static gboolean
is_of_time (const char *name)
{
  return g_str_has_prefix (name, "retention") || g_str_equal (name, "prune-db");
}

static void
add_word (GStrvBuilder *words, const char *name, const char *value)
{
  g_autofree char *word = value != NULL ? g_strdup_printf ("--%s=%s", name, value) : g_strconcat ("--", name, NULL);
  g_strv_builder_add (words, word);
}

GStrv
kt_choice_apply (const KtChoice *choice, const KtReleaseRow *release, const char *const *words, GPtrArray *notes, GError **error)
{
  KtFeatures features = { 0 };
  if (!settle_features (choice, release, words, &features, notes, error))
    return NULL;
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autoptr (GPtrArray) given = kt_arguments_split (words);
  gboolean timed = choice->use != NULL || choice->retention != NULL;
  const char *kept = choice->retention != NULL ? choice->retention : choice->use != NULL ? choice->use->retention : NULL;
  for (guint i = 0; i < given->len; i++)
    {
      const KtGivenOption *option = given->pdata[i];
      gboolean replaced = option->name == NULL || g_str_equal (option->name, "disable") || g_str_equal (option->name, "exclude-fields")
                          || (timed && is_of_time (option->name));
      if (!replaced)
        add_word (builder, option->name, option->value);
    }
  if (timed && kept != NULL && *kept != '\0')
    {
      g_autofree char *cron = kt_arguments_find (words, "prune-db");
      add_word (builder, "prune-db", cron);
      add_word (builder, "retention", kept);
    }
  for (guint kind = KT_VALUES_DISABLE; kind < KT_N_VALUES; kind++)
    {
      g_autofree char *values = kt_features_to_words (&features, release->flags, kind);
      if (values != NULL)
        add_word (builder, list_names[kind], values);
    }
  return g_strv_builder_end (builder);
}

char *
kt_choice_words (const KtChoice *choice)
{
  const struct { const char *option, *value; } parts[] = {
    { "for", choice->use != NULL ? choice->use->name : NULL }, { "disable", choice->disable },     { "exclude-fields", choice->exclude },
    { "keep", choice->keep },                                  { "mapping", choice->mapping },     { "retention", choice->retention },
  };
  GString *text = g_string_new (NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      const char *value = parts[i].value;
      g_autofree char *quoted = value == NULL ? NULL
                                : *value == '\0' || strpbrk (value, " \t\"'$\\*?&;|<>()") != NULL ? g_shell_quote (value) : g_strdup (value);
      if (quoted != NULL)
        g_string_append_printf (text, "%s--%s %s", text->len > 0 ? " " : "", parts[i].option, quoted);
    }
  return g_string_free (text, FALSE);
}
