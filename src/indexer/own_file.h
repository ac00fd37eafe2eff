/* SPDX-License-Identifier: MIT
 *
 * The file of kastune's own that a step lays over the user's, by a digest that knows no password: what was there is kept beside it for the
 * undo. Used by step kinds whose args have {file, digest} and whose before has {digest}.
 */
#pragma once

#include "base/json.h"
#include <sys/stat.h>

/* *digest of the file as it is; NULL: there is none. */
gboolean kt_own_file_digest (JsonObject *args, char **digest, GError **error);
/* {digest}, for a step's before. */
JsonObject *kt_own_file_before (JsonObject *args, GError **error);
/* As before, or as planned; KT_ERROR_CHANGED: somebody else wrote it. */
gboolean kt_own_file_is_ours (JsonObject *args, JsonObject *before, GError **error);
/* Keeps what is there and writes @text, with owner and rights of @like. */
gboolean kt_own_file_write (JsonObject *args, JsonObject *before, const char *text, const struct stat *like, GError **error);
/* Is it as planned? KT_ERROR_VERIFY. */
gboolean kt_own_file_verify (JsonObject *args, GError **error);
/* Is all there that an undo needs? */
gboolean kt_own_file_can_undo (JsonObject *args, JsonObject *before, GError **error);
/* The file as it was; what was kept stays until kt_own_file_forget. */
gboolean kt_own_file_put_back (JsonObject *args, JsonObject *before, GError **error);
gboolean kt_own_file_forget (JsonObject *args, JsonObject *before, GError **error);
