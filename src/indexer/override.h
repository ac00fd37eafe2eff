/* SPDX-License-Identifier: MIT
 *
 * The compose file of kastune's own that is laid over the user's, who keeps theirs as they wrote it: image and command of one service.
 * Reading what the user's files say is here too; writing and starting is steps_compose.c.
 */
#pragma once

#include "docker/compose.h"
#include "indexer/choice.h"

#define KT_OVERRIDE_NAME "compose.kastune.yaml"

/* What is wanted. Nothing in it is secret: it stands in the journal. */
typedef struct {
  const char *service;
  const KtReleaseRow *release;
  gboolean set_image;      /* name the release's tag in it */
  KtChoice choice;         /* empty: what it stores stays */
} KtOverrideWish;

typedef struct {
  char *text;        /* the file, with whatever secrets the user's own files hold literally */
  char *digest;      /* of the text with every password masked */
  char *image;       /* NULL: left as it is */
  GStrv before;      /* options as they are, filled in: with secrets */
  GStrv after;       /* options as they will be, as written in the file: variables stand */
  GPtrArray *notes;  /* char *: what was said in other words, or left out */
} KtOverride;

void kt_override_free (KtOverride *override);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtOverride, kt_override_free)

/* From the two readings of the user's files by kt_compose_config.
 * Errors: KT_ERROR_NOT_FOUND (no such service), KT_ERROR_UNSUPPORTED (started through a shell, options in its entrypoint, several
 * options in one variable). */
KtOverride *kt_override_new (const KtOverrideWish *wish, JsonNode *filled, JsonNode *as_written, GError **error);

/* The options alone, in the release's words and with the choice; no text yet. @before is taken; @options are as written.
 * Errors: those of kt_choice_apply. */
KtOverride *kt_override_of_options (const KtOverrideWish *wish, GStrv before, const char *const *options, GError **error);

/* Values of these options are only passed on, whatever they are: their variables may stay. */
gboolean kt_override_passes_on (const char *option);

/* Of a file that is there. Caller frees. */
char *kt_override_digest (const char *text);

/* Was @text written by kastune for that service? Another's must not be written over: it holds what somebody else wants. */
gboolean kt_override_is_of (const char *text, const char *service);
