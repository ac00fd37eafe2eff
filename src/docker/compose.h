/* SPDX-License-Identifier: MIT
 *
 * Docker Compose through its own program: what files mean once they are merged and filled in, and bringing one service to
 * what they say. No YAML is read here.
 */
#pragma once

#include "base/json.h"
#include <gio/gio.h>

typedef struct {
  GStrv program;  /* "docker" "compose", or "docker-compose" */
  char *version;  /* "2.26.1" */
  guint major;
} KtCompose;

/* Errors: KT_ERROR_UNSUPPORTED when there is none. */
KtCompose *kt_compose_find (GError **error);
void kt_compose_free (KtCompose *compose);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtCompose, kt_compose_free)

typedef struct {
  const char *const *files;  /* absolute, first the user's own, then what is laid over it */
  const char *project;       /* NULL: as the files or their folder say */
  const char *directory;     /* of the project: where .env is; NULL: that of the first file */
  const char *const *env_files; /* read instead of .env, as --env-file names them; NULL: .env */
} KtComposeProject;

/* The whole as JSON, services of all profiles. @as_written: variables stand as in the files, ${DB_PASSWORD}; otherwise they are
 * filled in, and a dollar sign is doubled. It may hold secrets either way.
 * Errors: KT_ERROR_UNSUPPORTED (Compose 1 has no JSON), KT_ERROR_PROGRAM with Compose's words, KT_ERROR_PARSE. */
JsonNode *kt_compose_config (const KtCompose *compose, const KtComposeProject *project, gboolean as_written, GError **error);

/* Does Compose accept the files together, and have their variables values? Those of somebody's shell are not known here, and a container
 * made without them would be another one. Errors: KT_ERROR_PROGRAM with its words, KT_ERROR_REFUSED naming the variable. */
gboolean kt_compose_check (const KtCompose *compose, const KtComposeProject *project, GError **error);

/* Creates @service anew where it is not what the files say, and starts it; no other service is touched, and no image is
 * pulled that is there. Errors: KT_ERROR_PROGRAM, KT_ERROR_TIMEOUT. */
gboolean kt_compose_up (const KtCompose *compose, const KtComposeProject *project, const char *service, GCancellable *cancellable,
                        GError **error);

/* The same for a person to type: "docker compose -f a.yaml -f b.yaml up -d --no-deps indexer". Caller frees. */
char *kt_compose_words (const KtComposeProject *project, const char *service);
