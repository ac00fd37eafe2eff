/* SPDX-License-Identifier: MIT
 *
 * libcurl, loaded when something is first asked over HTTP (base/library.h): it brings a dozen libraries.
 */
#pragma once

#include <curl/curl.h>
#include <glib.h>

/* Functions of libcurl, by the names in its manual. */
typedef struct {
  CURL *(*easy_init) (void);
  CURLcode (*easy_setopt) (CURL *, CURLoption, ...);
  CURLcode (*easy_perform) (CURL *);
  CURLcode (*easy_getinfo) (CURL *, CURLINFO, ...);
  const char *(*easy_strerror) (CURLcode);
  void (*easy_cleanup) (CURL *);
  struct curl_slist *(*slist_append) (struct curl_slist *, const char *);
  void (*slist_free_all) (struct curl_slist *);
} KtCurl;

/* The same for the whole process. Errors: KT_ERROR_UNSUPPORTED (it is not installed). */
const KtCurl *kt_curl (GError **error);
