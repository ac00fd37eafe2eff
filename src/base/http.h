/* SPDX-License-Identifier: MIT
 *
 * A small HTTP server for documents that are made when they are asked for: GET and HEAD, one request after the other on
 * a thread of its own. It knows nothing of what it serves.
 */
#pragma once

#include <glib.h>

typedef struct {
  guint status;             /* 200 when the handler is called */
  const char *content_type; /* lives on */
  const char *cache;        /* Cache-Control, or NULL */
  gboolean any_origin;      /* pages of other sites may read it */
  char *body;               /* the server frees it; NULL: empty */
} KtHttpReply;

/* @path as asked for, without the query, decoded. Called on the server's thread. */
typedef void (*KtHttpHandler) (const char *path, KtHttpReply *reply, gpointer data);

typedef struct KtHttp KtHttp;

/* @listen "localhost:8500", "0.0.0.0:8500", "[::1]:8500"; port 0 takes a free one. Errors: KT_ERROR_USAGE (no such
 * address), KT_ERROR_REFUSED (in use, not allowed). */
KtHttp *kt_http_start (const char *listen, KtHttpHandler handler, gpointer data, GError **error);
/* After what it is at. */
void kt_http_stop (KtHttp *http);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtHttp, kt_http_stop)

guint kt_http_port (const KtHttp *http);
