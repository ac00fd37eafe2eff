/* SPDX-License-Identifier: MIT */
#include "base/curl.h"

#include "base/library.h"

#include <stddef.h>

const KtCurl *
kt_curl (GError **error)
{
  static const KtLibraryFunction names[] = {
    { "curl_easy_init", offsetof (KtCurl, easy_init) },         { "curl_easy_setopt", offsetof (KtCurl, easy_setopt) },
    { "curl_easy_perform", offsetof (KtCurl, easy_perform) },   { "curl_easy_getinfo", offsetof (KtCurl, easy_getinfo) },
    { "curl_easy_strerror", offsetof (KtCurl, easy_strerror) }, { "curl_easy_cleanup", offsetof (KtCurl, easy_cleanup) },
    { "curl_slist_append", offsetof (KtCurl, slist_append) },   { "curl_slist_free_all", offsetof (KtCurl, slist_free_all) },
  };
  static KtCurl curl;
  static KtLibrary library = { "libcurl.so.4", "libcurl4", names, G_N_ELEMENTS (names), &curl, 0 };
  return kt_library_load (&library, error) ? &curl : NULL;
}
