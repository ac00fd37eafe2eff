/* SPDX-License-Identifier: MIT
 *
 * A shared library that is loaded when it is first needed. Loading is most of what a short command costs, so what only
 * some commands use does not stand among the libraries of the program.
 */
#pragma once

#include <glib.h>

typedef struct {
  const char *symbol;
  gsize offset; /* of the pointer to it in KtLibrary.functions */
} KtLibraryFunction;

typedef struct {
  const char *file;    /* "libcurl.so.4" */
  const char *package; /* Debian's, for the hint */
  const KtLibraryFunction *names;
  guint n;
  gpointer functions; /* a struct of pointers, filled by kt_library_load */
  gsize state;        /* 0 before the first call */
} KtLibrary;

/* Once for the whole process, from any thread. Errors: KT_ERROR_UNSUPPORTED (it is not installed). */
gboolean kt_library_load (KtLibrary *library, GError **error);
