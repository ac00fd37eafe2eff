/* SPDX-License-Identifier: MIT
 *
 * What was typed, understood: the operation, its arguments, and the options every command has.
 */
#pragma once

#include "operation/operation.h"

typedef struct {
  const KtOperation *operation; /* NULL: none was named */
  char *topic;                  /* words of a command group ("profile") when it needs another word; NULL otherwise */
  JsonObject *args;
  gboolean json, progress, quiet, help, version;
  char *config, *state;
} KtWords;

void kt_words_clear (KtWords *words);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (KtWords, kt_words_clear)

/* Options that every command has, for help. Ends with a NULL name. */
extern const KtArg kt_common_args[];

/* Errors: KT_ERROR_USAGE, with the nearest known word as hint. @words keeps what was understood so far (--json above all). */
gboolean kt_words_parse (KtWords *words, const char *const *typed, GError **error);
