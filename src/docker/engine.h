/* SPDX-License-Identifier: MIT
 *
 * docker/: containers as the Docker Engine tells of them, over its unix socket. It knows nothing of PostgreSQL and decides
 * nothing. This file: requests and answers of the Engine's HTTP API (1.24 and later).
 */
#pragma once

#include "base/json.h"
#include <gio/gio.h>

typedef struct KtEngine KtEngine;

/* @socket NULL: that of DOCKER_HOST (unix:// only), else /var/run/docker.sock. Asks nothing yet.
 * Errors: KT_ERROR_NOT_FOUND (no such socket), KT_ERROR_UNSUPPORTED (DOCKER_HOST leads to another machine). */
KtEngine *kt_engine_open (const char *socket, GError **error);
void kt_engine_free (KtEngine *engine);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtEngine, kt_engine_free)
const char *kt_engine_socket (const KtEngine *engine);

/* GET @path. Errors: KT_ERROR_CONNECT (nobody answers), KT_ERROR_PRIVILEGE (not allowed at the socket), KT_ERROR_NOT_FOUND (404),
 * KT_ERROR_PROGRAM with the Engine's own words, KT_ERROR_PARSE. */
JsonNode *kt_engine_get (const KtEngine *engine, const char *path, GError **error);

/* Output of a container (…/logs): both streams in the order they came. Caller frees. */
char *kt_engine_get_log (const KtEngine *engine, const char *path, GError **error);

/* POST @path without a body. "Already so" (304) is success. Errors: as above, KT_ERROR_TIMEOUT. */
gboolean kt_engine_post (const KtEngine *engine, const char *path, guint timeout_s, GError **error);

/* The same with @body, which may be answered. NULL on error. */
JsonNode *kt_engine_post_json (const KtEngine *engine, const char *path, JsonObject *body, GError **error);

/* PUT a tar archive to @path. Errors: as above. */
gboolean kt_engine_put_tar (const KtEngine *engine, const char *path, const GString *tar, GError **error);

/* Errors: as above. */
gboolean kt_engine_delete (const KtEngine *engine, const char *path, GError **error);
