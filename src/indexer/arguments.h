/* SPDX-License-Identifier: MIT
 *
 * The indexer's command line, release by release: THE option table, read as its own parser (clap) reads it. Pure.
 */
#pragma once

#include "indexer/features.h"
#include "indexer/retention.h"

#include <json-glib/json-glib.h>

typedef struct {
  KtRelease release;
  KtFeatures features;
  char *database_url;
  char *listen;
  char *base_path;
  char *prune_cron;    /* NULL: no pruning */
  gint64 retention_ms; /* of all that have none of their own; -1: none */
  KtPruneRules prune;  /* as given; kt_arguments_prune_rules has the defaults filled in */
  double batch_scale;
  guint batch_concurrency;
  guint vcp_interval_ms;
  gboolean upgrade_db;
  gboolean initialize_db;
  gboolean help;
  gboolean version;
  GHashTable *given; /* option -> its text, lists joined with commas */
} KtArguments;

void kt_arguments_clear (KtArguments *arguments);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (KtArguments, kt_arguments_clear)

/* @words without the program's name. What the release rejects is KT_ERROR_USAGE (exit status 2) in its parser's words.
 */
gboolean kt_arguments_parse (KtArguments *arguments, KtRelease release, const char *const *words, GError **error);

void kt_arguments_prune_rules (const KtArguments *arguments, KtPruneRules *rules);

/* NULL, or what the release says as it panics at start: "Invalid batch-scale". */
const char *kt_arguments_panic (const KtArguments *arguments);

/* As the metrics show them: camelCase members, values of lists in PascalCase, addresses hidden. */
JsonObject *kt_arguments_to_json (const KtArguments *arguments);

/* One option of a command line, by whichever release knows it. */
typedef struct {
  const char *name; /* "database-url"; NULL: @value is a word that no release knows */
  char *value;      /* NULL: a flag, or an option without the value it may have */
} KtGivenOption;

/* Options in the order of @words, without judging them. KtGivenOption; free with g_ptr_array_unref. */
GPtrArray *kt_arguments_split (const char *const *words);
/* The value of the last option @name ("listen") in @words, or NULL. Caller frees. */
char *kt_arguments_find (const char *const *words, const char *name);
gboolean kt_arguments_knows (KtRelease release, const char *name);

/* Help text of a release. Caller frees. */
char *kt_arguments_help (KtRelease release);
