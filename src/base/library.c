/* SPDX-License-Identifier: MIT */
#include "base/library.h"

#include "base/error.h"

#include <dlfcn.h>

enum { LOADED = 1, MISSING };

static gboolean
load (const KtLibrary *library)
{
  void *handle = dlopen (library->file, RTLD_LAZY | RTLD_LOCAL);
  for (guint i = 0; handle != NULL && i < library->n; i++)
    {
      void *function = dlsym (handle, library->names[i].symbol);
      if (function == NULL)
        return FALSE;
      *(void **) ((char *) library->functions + library->names[i].offset) = function;
    }
  return handle != NULL;
}

gboolean
kt_library_load (KtLibrary *library, GError **error)
{
  if (g_once_init_enter (&library->state))
    g_once_init_leave (&library->state, load (library) ? LOADED : MISSING);
  if (library->state == LOADED)
    return TRUE;
  g_autofree char *hint = g_strdup_printf ("apt install %s", library->package);
  kt_error_set (error, KT_ERROR_UNSUPPORTED, dlerror (), hint, "the library %s is missing", library->file);
  return FALSE;
}
