/* SPDX-License-Identifier: MIT
 *
 * base/: what every room stands on. Errors, files, programs, text tables, JSON, sizes, the state database.
 * It knows nothing of PostgreSQL, of this machine or of indexers, and prints nothing by itself.
 *
 * An error has three parts: what failed (the message), the detail (what the system said) and the hint
 * (the next command to try). Codes come from one table, which also gives the exit status.
 */
#pragma once

#include <glib.h>

typedef enum {
  KT_ERROR_FAILED,      /* anything without a code of its own */
  KT_ERROR_IO,          /* a file could not be read or written */
  KT_ERROR_NO_SPACE,    /* the file system is full */
  KT_ERROR_NOT_FOUND,   /* a named thing does not exist */
  KT_ERROR_PARSE,       /* text of someone else could not be understood */
  KT_ERROR_PROGRAM,     /* a program that kastune started failed */
  KT_ERROR_TIMEOUT,     /* something took longer than its deadline */
  KT_ERROR_CONNECT,     /* the server cannot be reached */
  KT_ERROR_AUTH,        /* the server refused the login */
  KT_ERROR_PRIVILEGE,   /* the role or the user may not do this */
  KT_ERROR_QUERY,       /* the server refused a statement */
  KT_ERROR_STATE,       /* the state database is unusable */
  KT_ERROR_VERIFY,      /* the result is not what was planned */
  KT_ERROR_USAGE,       /* wrong words on the command line */
  KT_ERROR_CONFIG,      /* kastune.conf or a profile is wrong */
  KT_ERROR_REFUSED,     /* refused for safety */
  KT_ERROR_CHANGED,     /* somebody else changed it meanwhile: refused for safety */
  KT_ERROR_UNSUPPORTED, /* cannot be done on this machine or server */
  KT_ERROR_INTERRUPTED, /* Ctrl-C or a termination signal */
  KT_N_ERRORS
} KtErrorCode;

/* Exit statuses that scripts can rely on. */
enum {
  KT_EXIT_DONE = 0,
  KT_EXIT_FAILED = 1,
  KT_EXIT_USAGE = 2,
  KT_EXIT_FINDINGS = 3,
  KT_EXIT_REFUSED = 4,
  KT_EXIT_UNSUPPORTED = 5,
  KT_EXIT_INTERRUPTED = 130,
};

#define KT_ERROR (kt_error_quark ())
GQuark kt_error_quark (void);

/* Sets @error. @detail and @hint may be NULL; the code's own hint stands in for a missing one. */
void kt_error_set (GError **error, KtErrorCode code, const char *detail, const char *hint,
                   const char *format, ...) G_GNUC_PRINTF (5, 6);

/* The same, saying what errno says as detail. ENOSPC becomes KT_ERROR_NO_SPACE, EACCES and EPERM KT_ERROR_PRIVILEGE. */
void kt_error_set_errno (GError **error, int saved_errno, const char *hint, const char *format, ...)
  G_GNUC_PRINTF (4, 5);

/* Work with any GError; a foreign domain counts as KT_ERROR_FAILED. Borrowed, NULL when there is none. */
const char *kt_error_detail (const GError *error);
const char *kt_error_hint (const GError *error);
const char *kt_error_name (const GError *error);
int kt_error_exit_status (const GError *error);
