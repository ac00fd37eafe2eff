/* SPDX-License-Identifier: MIT */
#include "base/library.h"

#include "base/error.h"

#include <stddef.h>
#include <string.h>

typedef struct {
  size_t (*length) (const char *);
  int (*compare) (const char *, const char *);
} Functions;

static const KtLibraryFunction names[] = {
  { "strlen", offsetof (Functions, length) },
  { "strcmp", offsetof (Functions, compare) },
};

static void
test_functions_are_found_once (void)
{
  Functions functions = { 0 };
  KtLibrary library = { "libc.so.6", "libc6", names, G_N_ELEMENTS (names), &functions, 0 };
  for (int i = 0; i < 2; i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_true (kt_library_load (&library, &error));
      g_assert_no_error (error);
    }
  g_assert_cmpuint (functions.length ("kaspa"), ==, 5);
  g_assert_cmpint (functions.compare ("a", "b"), <, 0);
}

static void
test_a_missing_library_names_its_package (void)
{
  Functions functions = { 0 };
  KtLibrary library = { "libnosuch.so.1", "libnosuch1", names, G_N_ELEMENTS (names), &functions, 0 };
  for (int i = 0; i < 2; i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_false (kt_library_load (&library, &error));
      g_assert_error (error, KT_ERROR, KT_ERROR_UNSUPPORTED);
      g_assert_nonnull (strstr (error->message, "libnosuch.so.1"));
      g_assert_cmpstr (kt_error_hint (error), ==, "apt install libnosuch1");
    }
}

static void
test_a_library_without_the_function_is_refused (void)
{
  static const KtLibraryFunction unknown[] = { { "no_such_function", offsetof (Functions, length) } };
  Functions functions = { 0 };
  KtLibrary library = { "libc.so.6", "libc6", unknown, G_N_ELEMENTS (unknown), &functions, 0 };
  g_autoptr (GError) error = NULL;
  g_assert_false (kt_library_load (&library, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_UNSUPPORTED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/library/functions-are-found-once", test_functions_are_found_once);
  g_test_add_func ("/library/a-missing-library-names-its-package", test_a_missing_library_names_its_package);
  g_test_add_func ("/library/a-library-without-the-function-is-refused", test_a_library_without_the_function_is_refused);
  return g_test_run ();
}
