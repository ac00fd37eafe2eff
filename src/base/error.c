/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>

typedef struct {
  char *detail;
  char *hint;
} KtErrorPrivate;

static void
kt_error_private_init (KtErrorPrivate *priv)
{
}

static void
kt_error_private_copy (const KtErrorPrivate *src, KtErrorPrivate *dest)
{
  dest->detail = g_strdup (src->detail);
  dest->hint = g_strdup (src->hint);
}

static void
kt_error_private_clear (KtErrorPrivate *priv)
{
  g_free (priv->detail);
  g_free (priv->hint);
}

G_DEFINE_EXTENDED_ERROR (KtError, kt_error)

typedef struct {
  const char *name;
  int exit_status;
  const char *hint;
} ErrorRow;

static const ErrorRow rows[KT_N_ERRORS] = {
  [KT_ERROR_FAILED] = { "failed", KT_EXIT_FAILED, NULL },
  [KT_ERROR_IO] = { "io", KT_EXIT_FAILED, NULL },
  [KT_ERROR_NO_SPACE] = { "no-space", KT_EXIT_FAILED, "df -h" },
  [KT_ERROR_NOT_FOUND] = { "not-found", KT_EXIT_FAILED, NULL },
  [KT_ERROR_PARSE] = { "parse", KT_EXIT_FAILED, NULL },
  [KT_ERROR_PROGRAM] = { "program", KT_EXIT_FAILED, "kastune doctor" },
  [KT_ERROR_TIMEOUT] = { "timeout", KT_EXIT_FAILED, NULL },
  [KT_ERROR_CONNECT] = { "connect", KT_EXIT_FAILED, "kastune doctor" },
  [KT_ERROR_AUTH] = { "auth", KT_EXIT_FAILED, "put the password into ~/.pgpass, or name a role that may log in with --dsn" },
  [KT_ERROR_PRIVILEGE] = { "privilege", KT_EXIT_FAILED, "kastune doctor" },
  [KT_ERROR_QUERY] = { "query", KT_EXIT_FAILED, NULL },
  [KT_ERROR_STATE] = { "state", KT_EXIT_FAILED, "kastune doctor" },
  [KT_ERROR_VERIFY] = { "verify", KT_EXIT_FAILED, "kastune status" },
  [KT_ERROR_USAGE] = { "usage", KT_EXIT_USAGE, "kastune --help" },
  [KT_ERROR_CONFIG] = { "config", KT_EXIT_USAGE, NULL },
  [KT_ERROR_REFUSED] = { "refused", KT_EXIT_REFUSED, NULL },
  [KT_ERROR_CHANGED] = { "changed", KT_EXIT_REFUSED, "kastune plan" },
  [KT_ERROR_UNSUPPORTED] = { "unsupported", KT_EXIT_UNSUPPORTED, NULL },
  [KT_ERROR_INTERRUPTED] = { "interrupted", KT_EXIT_INTERRUPTED, "kastune status" },
};

static const ErrorRow *
row_of (const GError *error)
{
  if (error->domain == KT_ERROR && error->code >= 0 && error->code < KT_N_ERRORS)
    return &rows[error->code];
  return &rows[KT_ERROR_FAILED];
}

static void set_valist (GError **error, KtErrorCode code, const char *detail, const char *hint, const char *format,
                        va_list args) G_GNUC_PRINTF (5, 0);

static void
set_valist (GError **error, KtErrorCode code, const char *detail, const char *hint, const char *format, va_list args)
{
  if (error == NULL)
    return;
  *error = g_error_new_valist (KT_ERROR, (int) code, format, args);
  KtErrorPrivate *priv = kt_error_get_private (*error);
  priv->detail = g_strdup (detail);
  priv->hint = g_strdup (hint);
}

void
kt_error_set (GError **error, KtErrorCode code, const char *detail, const char *hint, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  set_valist (error, code, detail, hint, format, args);
  va_end (args);
}

void
kt_error_set_errno (GError **error, int saved_errno, const char *hint, const char *format, ...)
{
  KtErrorCode code = KT_ERROR_IO;
  if (saved_errno == ENOSPC || saved_errno == EDQUOT)
    code = KT_ERROR_NO_SPACE;
  else if (saved_errno == EACCES || saved_errno == EPERM || saved_errno == EROFS)
    code = KT_ERROR_PRIVILEGE;
  else if (saved_errno == ENOENT)
    code = KT_ERROR_NOT_FOUND;
  va_list args;
  va_start (args, format);
  set_valist (error, code, g_strerror (saved_errno), hint, format, args);
  va_end (args);
}

const char *
kt_error_detail (const GError *error)
{
  g_return_val_if_fail (error != NULL, NULL);
  return error->domain == KT_ERROR ? kt_error_get_private (error)->detail : NULL;
}

const char *
kt_error_hint (const GError *error)
{
  g_return_val_if_fail (error != NULL, NULL);
  const char *own = error->domain == KT_ERROR ? kt_error_get_private (error)->hint : NULL;
  return own != NULL ? own : row_of (error)->hint;
}

const char *
kt_error_name (const GError *error)
{
  g_return_val_if_fail (error != NULL, NULL);
  return row_of (error)->name;
}

int
kt_error_exit_status (const GError *error)
{
  g_return_val_if_fail (error != NULL, KT_EXIT_FAILED);
  return row_of (error)->exit_status;
}
