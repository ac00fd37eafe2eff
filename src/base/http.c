/* SPDX-License-Identifier: MIT */
#include "base/http.h"

#include "base/error.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <string.h>

#define IDLE_SECONDS 30u
#define CONNECTIONS 64u

struct KtHttp {
  struct MHD_Daemon *daemon;
  KtHttpHandler handler;
  gpointer data;
};

static enum MHD_Result
send_reply (struct MHD_Connection *connection, KtHttpReply *reply)
{
  gsize length = reply->body != NULL ? strlen (reply->body) : 0;
  /* The response frees the body, whatever becomes of the connection. */
  struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback (length, reply->body, g_free);
  if (response == NULL)
    {
      g_free (reply->body);
      return MHD_NO;
    }
  if (reply->content_type != NULL)
    MHD_add_response_header (response, MHD_HTTP_HEADER_CONTENT_TYPE, reply->content_type);
  if (reply->cache != NULL)
    MHD_add_response_header (response, MHD_HTTP_HEADER_CACHE_CONTROL, reply->cache);
  if (reply->any_origin)
    MHD_add_response_header (response, MHD_HTTP_HEADER_ACCESS_CONTROL_ALLOW_ORIGIN, "*");
  if (reply->status == MHD_HTTP_METHOD_NOT_ALLOWED)
    MHD_add_response_header (response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
  enum MHD_Result result = MHD_queue_response (connection, reply->status, response);
  MHD_destroy_response (response);
  return result;
}

static enum MHD_Result
answer (void *data, struct MHD_Connection *connection, const char *path, const char *method, const char *version,
        const char *upload, size_t *upload_size, void **state)
{
  static int seen;
  KtHttp *http = data;
  KtHttpReply reply = { .status = MHD_HTTP_OK, .content_type = "text/plain; charset=utf-8" };
  /* The first call of a request has its headers only; the reply to a body must wait until it is read. */
  if (*state == NULL)
    {
      *state = &seen;
      return MHD_YES;
    }
  if (*upload_size > 0)
    {
      *upload_size = 0;
      return MHD_YES;
    }
  if (g_str_equal (method, MHD_HTTP_METHOD_GET) || g_str_equal (method, MHD_HTTP_METHOD_HEAD))
    http->handler (path, &reply, http->data);
  else
    {
      reply.status = MHD_HTTP_METHOD_NOT_ALLOWED;
      reply.body = g_strdup ("Only GET and HEAD are known here.\n");
    }
  return send_reply (connection, &reply);
}

/* "host:port", "[address]:port". */
static gboolean
split (const char *listen, char **host, char **port)
{
  const char *colon = strrchr (listen, ':');
  guint64 number;
  if (colon == NULL || colon == listen || !g_ascii_string_to_unsigned (colon + 1, 10, 0, 65535, &number, NULL))
    return FALSE;
  gboolean brackets = listen[0] == '[' && colon[-1] == ']' && colon - listen > 2;
  *host = brackets ? g_strndup (listen + 1, (gsize) (colon - listen) - 2) : g_strndup (listen, (gsize) (colon - listen));
  *port = g_strdup (colon + 1);
  return brackets || strchr (*host, ':') == NULL;
}

static struct MHD_Daemon *
start_on (KtHttp *http, const struct addrinfo *address)
{
  guint flags = MHD_USE_INTERNAL_POLLING_THREAD | (address->ai_family == AF_INET6 ? MHD_USE_IPv6 : 0u);
  return MHD_start_daemon (flags, 0, NULL, NULL, answer, http, MHD_OPTION_SOCK_ADDR, address->ai_addr,
                           MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS,
                           MHD_OPTION_END);
}

KtHttp *
kt_http_start (const char *listen, KtHttpHandler handler, gpointer data, GError **error)
{
  const struct addrinfo wanted = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE };
  struct addrinfo *addresses = NULL;
  g_autofree char *host = NULL, *port = NULL;
  g_autoptr (KtHttp) http = g_new0 (KtHttp, 1);
  http->handler = handler;
  http->data = data;
  int failed = split (listen, &host, &port) ? getaddrinfo (host, port, &wanted, &addresses) : EAI_NONAME;
  if (failed != 0)
    {
      kt_error_set (error, KT_ERROR_USAGE, gai_strerror (failed), "Write host:port, for example localhost:8500.",
                    "“%s” is no address to listen on", listen);
      return NULL;
    }
  int number = 0;
  for (const struct addrinfo *address = addresses; address != NULL && http->daemon == NULL; address = address->ai_next)
    {
      errno = 0;
      http->daemon = start_on (http, address);
      number = errno;
    }
  freeaddrinfo (addresses);
  if (http->daemon != NULL)
    return g_steal_pointer (&http);
  g_autofree char *hint = g_strdup_printf ("See who has it (ss -ltnp 'sport = :%s'), or choose another port.", port);
  kt_error_set (error, KT_ERROR_REFUSED, number != 0 ? g_strerror (number) : NULL, hint, "cannot listen on %s", listen);
  return NULL;
}

void
kt_http_stop (KtHttp *http)
{
  if (http == NULL)
    return;
  if (http->daemon != NULL)
    MHD_stop_daemon (http->daemon);
  g_free (http);
}

guint
kt_http_port (const KtHttp *http)
{
  return MHD_get_daemon_info (http->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}
