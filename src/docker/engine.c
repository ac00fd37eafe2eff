/* SPDX-License-Identifier: MIT */
#include "docker/engine.h"

#include "base/curl.h"
#include "base/error.h"

#include <string.h>
#include <unistd.h>

#define DEFAULT_SOCKET "/var/run/docker.sock"
#define ANSWER_SECONDS 30
#define CONNECT_SECONDS 5
#define MOST_BYTES (16 * 1024 * 1024)

/* Output of a container without a terminal comes in frames: stream, three zeros, length (big endian), then so many bytes. */
#define FRAME_HEAD 8

struct KtEngine {
  char *socket;
};

KtEngine *
kt_engine_open (const char *socket, GError **error)
{
  const char *host = g_getenv ("DOCKER_HOST");
  if (socket == NULL && host != NULL && *host != '\0')
    {
      if (!g_str_has_prefix (host, "unix://"))
        {
          kt_error_set (error, KT_ERROR_UNSUPPORTED, host, "run kastune where that engine runs", "DOCKER_HOST does not lead to a unix socket");
          return NULL;
        }
      socket = host + strlen ("unix://");
    }
  if (socket == NULL)
    socket = DEFAULT_SOCKET;
  if (!g_file_test (socket, G_FILE_TEST_EXISTS))
    {
      kt_error_set (error, KT_ERROR_NOT_FOUND, NULL, "start docker, or name its socket: DOCKER_HOST=unix:///path", "there is no Docker Engine at %s",
                    socket);
      return NULL;
    }
  KtEngine *engine = g_new0 (KtEngine, 1);
  engine->socket = g_strdup (socket);
  return engine;
}

void
kt_engine_free (KtEngine *engine)
{
  if (engine == NULL)
    return;
  g_free (engine->socket);
  g_free (engine);
}

const char *
kt_engine_socket (const KtEngine *engine)
{
  return engine->socket;
}

/* --- requests ----------------------------------------------------------------------------------------------------- */

/* What is past the limit is refused, which ends the transfer. */
static size_t
take_bytes (char *bytes, size_t size, size_t count, void *data)
{
  GString *answer = data;
  if (answer->len + size * count > MOST_BYTES)
    return 0;
  g_string_append_len (answer, bytes, (gssize) (size * count));
  return size * count;
}

static void
set_unreachable (const KtEngine *engine, const char *words, CURLcode code, GError **error)
{
  if (code == CURLE_OPERATION_TIMEDOUT)
    kt_error_set (error, KT_ERROR_TIMEOUT, NULL, "docker ps", "the Docker Engine at %s does not answer in time", engine->socket);
  else if (code == CURLE_COULDNT_CONNECT && access (engine->socket, W_OK) != 0)
    kt_error_set (error, KT_ERROR_PRIVILEGE, NULL, "run kastune as root", "the Docker Engine at %s may not be asked", engine->socket);
  else
    kt_error_set (error, KT_ERROR_CONNECT, words, "is docker running? docker ps",
                  "the Docker Engine at %s cannot be reached", engine->socket);
}

/* {"message": "No such container: x"} */
static void
set_refused (const char *path, long status, const char *answer, GError **error)
{
  g_autoptr (JsonNode) node = kt_json_parse (answer, NULL);
  JsonObject *object = node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  const char *words = object != NULL ? kt_json_string (object, "message", answer) : answer;
  kt_error_set (error, status == 404 ? KT_ERROR_NOT_FOUND : KT_ERROR_PROGRAM, words, "docker ps -a",
                "the Docker Engine refused %s (status %ld)", path, status);
}

typedef struct {
  const char *method, *path;
  const char *type; /* of the body */
  const char *body; /* NULL: none */
  gsize length;
  guint timeout_s;
} Request;

static void
give_body (const KtCurl *curl, CURL *easy, const Request *asked, struct curl_slist *headers)
{
  curl->easy_setopt (easy, CURLOPT_CUSTOMREQUEST, asked->method);
  if (g_str_equal (asked->method, "GET") || g_str_equal (asked->method, "DELETE"))
    return;
  curl->easy_setopt (easy, CURLOPT_POSTFIELDS, asked->body != NULL ? asked->body : "");
  curl->easy_setopt (easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) asked->length);
  if (headers != NULL)
    curl->easy_setopt (easy, CURLOPT_HTTPHEADER, headers);
}

static GString *
request (const KtEngine *engine, Request asked, GError **error)
{
  g_autofree char *url = g_strconcat ("http://docker", asked.path, NULL);
  g_autofree char *type = g_strconcat ("Content-Type: ", asked.type, NULL);
  g_autoptr (GString) answer = g_string_new (NULL);
  const KtCurl *curl = kt_curl (error);
  if (curl == NULL)
    return NULL;
  CURL *easy = curl->easy_init ();
  struct curl_slist *headers = asked.type != NULL ? curl->slist_append (NULL, type) : NULL;
  long status = 0;
  curl->easy_setopt (easy, CURLOPT_UNIX_SOCKET_PATH, engine->socket);
  curl->easy_setopt (easy, CURLOPT_URL, url);
  curl->easy_setopt (easy, CURLOPT_NOSIGNAL, 1L);
  curl->easy_setopt (easy, CURLOPT_PROXY, "");
  curl->easy_setopt (easy, CURLOPT_CONNECTTIMEOUT, (long) CONNECT_SECONDS);
  curl->easy_setopt (easy, CURLOPT_TIMEOUT, (long) asked.timeout_s);
  curl->easy_setopt (easy, CURLOPT_WRITEFUNCTION, take_bytes);
  curl->easy_setopt (easy, CURLOPT_WRITEDATA, answer);
  give_body (curl, easy, &asked, headers);
  CURLcode code = curl->easy_perform (easy);
  curl->easy_getinfo (easy, CURLINFO_RESPONSE_CODE, &status);
  curl->easy_cleanup (easy);
  curl->slist_free_all (headers);
  if (code != CURLE_OK)
    {
      set_unreachable (engine, curl->easy_strerror (code), code, error);
      return NULL;
    }
  if (status >= 400)
    {
      set_refused (asked.path, status, answer->str, error);
      return NULL;
    }
  return g_steal_pointer (&answer);
}

JsonNode *
kt_engine_get (const KtEngine *engine, const char *path, GError **error)
{
  g_autoptr (GString) answer = request (engine, (Request){ "GET", path, .timeout_s = ANSWER_SECONDS }, error);
  return answer != NULL ? kt_json_parse (answer->str, error) : NULL;
}

char *
kt_engine_get_log (const KtEngine *engine, const char *path, GError **error)
{
  g_autoptr (GString) answer = request (engine, (Request){ "GET", path, .timeout_s = ANSWER_SECONDS }, error);
  if (answer == NULL)
    return NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  const guchar *bytes = (const guchar *) answer->str;
  gsize at = 0;
  while (at + FRAME_HEAD <= answer->len && bytes[at] <= 2 && bytes[at + 1] == 0 && bytes[at + 2] == 0 && bytes[at + 3] == 0)
    {
      gsize length = (gsize) bytes[at + 4] << 24 | (gsize) bytes[at + 5] << 16 | (gsize) bytes[at + 6] << 8 | bytes[at + 7];
      at += FRAME_HEAD;
      g_string_append_len (text, answer->str + at, (gssize) MIN (length, answer->len - at));
      at += MIN (length, answer->len - at);
    }
  /* A container with a terminal writes as it is. */
  if (at == 0)
    g_string_append_len (text, answer->str, (gssize) answer->len);
  g_autofree char *raw = g_string_free (g_steal_pointer (&text), FALSE);
  return g_utf8_make_valid (raw, -1);
}

gboolean
kt_engine_post (const KtEngine *engine, const char *path, guint timeout_s, GError **error)
{
  g_autoptr (GString) answer = request (engine, (Request){ "POST", path, .timeout_s = timeout_s }, error);
  return answer != NULL;
}

JsonNode *
kt_engine_post_json (const KtEngine *engine, const char *path, JsonObject *body, GError **error)
{
  g_autoptr (JsonNode) node = kt_json_node_take (json_object_ref (body));
  g_autofree char *text = kt_json_to_line (node);
  const Request asked = { "POST", path, "application/json", text, strlen (text), ANSWER_SECONDS };
  g_autoptr (GString) answer = request (engine, asked, error);
  return answer != NULL ? kt_json_parse (answer->str, error) : NULL;
}

gboolean
kt_engine_put_tar (const KtEngine *engine, const char *path, const GString *tar, GError **error)
{
  const Request asked = { "PUT", path, "application/x-tar", tar->str, tar->len, ANSWER_SECONDS };
  g_autoptr (GString) answer = request (engine, asked, error);
  return answer != NULL;
}

gboolean
kt_engine_delete (const KtEngine *engine, const char *path, GError **error)
{
  g_autoptr (GString) answer = request (engine, (Request){ "DELETE", path, .timeout_s = ANSWER_SECONDS }, error);
  return answer != NULL;
}
