/* SPDX-License-Identifier: MIT */
#include "base/curl.h"

#include "base/error.h"

#include <gmodule.h>
#include <stddef.h>

#define LIBRARY "libcurl.so.4"

static const struct {
  const char *symbol;
  gsize offset;
} functions[] = {
  { "curl_easy_init", offsetof (KtCurl, easy_init) },         { "curl_easy_setopt", offsetof (KtCurl, easy_setopt) },
  { "curl_easy_perform", offsetof (KtCurl, easy_perform) },   { "curl_easy_getinfo", offsetof (KtCurl, easy_getinfo) },
  { "curl_easy_strerror", offsetof (KtCurl, easy_strerror) }, { "curl_easy_cleanup", offsetof (KtCurl, easy_cleanup) },
};

static gboolean
load (KtCurl *curl)
{
  GModule *module = g_module_open (LIBRARY, G_MODULE_BIND_LAZY | G_MODULE_BIND_LOCAL);
  if (module == NULL)
    return FALSE;
  g_module_make_resident (module);
  for (guint i = 0; i < G_N_ELEMENTS (functions); i++)
    if (!g_module_symbol (module, functions[i].symbol, (gpointer *) ((char *) curl + functions[i].offset)))
      return FALSE;
  return TRUE;
}

const KtCurl *
kt_curl (GError **error)
{
  static KtCurl curl;
  static gsize state; /* 1: loaded, 2: not to be had */
  if (g_once_init_enter (&state))
    g_once_init_leave (&state, load (&curl) ? 1 : 2);
  if (state == 1)
    return &curl;
  kt_error_set (error, KT_ERROR_UNSUPPORTED, g_module_error (), "apt install libcurl4", "the library %s is missing", LIBRARY);
  return NULL;
}
