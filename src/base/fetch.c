/* SPDX-License-Identifier: MIT */
#include "base/fetch.h"

#include "base/curl.h"
#include "base/error.h"

#define MOST_BYTES (4 * 1024 * 1024)

/* What is past the limit is refused, which ends the transfer. */
static size_t
take_bytes (char *bytes, size_t size, size_t count, void *data)
{
  GString *body = data;
  if (body->len + size * count > MOST_BYTES)
    return 0;
  g_string_append_len (body, bytes, (gssize) (size * count));
  return size * count;
}

static void
set_error (CURLcode code, const char *words, const char *url, GError **error)
{
  if (code == CURLE_OPERATION_TIMEDOUT)
    kt_error_set (error, KT_ERROR_TIMEOUT, words, NULL, "%s does not answer in time", url);
  else if (code == CURLE_WRITE_ERROR)
    kt_error_set (error, KT_ERROR_PARSE, NULL, NULL, "%s answers more than %d MiB", url, MOST_BYTES / (1024 * 1024));
  else if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL)
    kt_error_set (error, KT_ERROR_USAGE, words, "for example http://127.0.0.1:8500", "%s is not an address that can be asked", url);
  else
    kt_error_set (error, KT_ERROR_CONNECT, words, NULL, "nobody answers at %s", url);
}

char *
kt_fetch (const char *url, guint timeout_ms, guint *status, GError **error)
{
  const KtCurl *curl = kt_curl (error);
  if (curl == NULL)
    return NULL;
  g_autoptr (GString) body = g_string_new (NULL);
  CURL *easy = curl->easy_init ();
  long answered = 0;
  curl->easy_setopt (easy, CURLOPT_URL, url);
  curl->easy_setopt (easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl->easy_setopt (easy, CURLOPT_NOSIGNAL, 1L);
  curl->easy_setopt (easy, CURLOPT_PROXY, "");
  curl->easy_setopt (easy, CURLOPT_TIMEOUT_MS, (long) timeout_ms);
  curl->easy_setopt (easy, CURLOPT_WRITEFUNCTION, take_bytes);
  curl->easy_setopt (easy, CURLOPT_WRITEDATA, body);
  CURLcode code = curl->easy_perform (easy);
  curl->easy_getinfo (easy, CURLINFO_RESPONSE_CODE, &answered);
  curl->easy_cleanup (easy);
  if (code != CURLE_OK)
    {
      set_error (code, curl->easy_strerror (code), url, error);
      return NULL;
    }
  if (status != NULL)
    *status = (guint) answered;
  return g_string_free (g_steal_pointer (&body), FALSE);
}
