/* SPDX-License-Identifier: MIT */
#include "indexer/own_file.h"

#include "base/error.h"
#include "base/file.h"
#include "indexer/override.h"

static const char *
path_of (JsonObject *args)
{
  return kt_json_string (args, "file", "");
}

static const char *
digest_of (JsonObject *object)
{
  return kt_json_string (object, "digest", NULL);
}

gboolean
kt_own_file_digest (JsonObject *args, char **digest, GError **error)
{
  g_autofree char *text = NULL;
  *digest = NULL;
  if (!g_file_test (path_of (args), G_FILE_TEST_EXISTS))
    return TRUE;
  if (!kt_file_read (path_of (args), &text, NULL, error))
    return FALSE;
  *digest = kt_override_digest (text);
  return TRUE;
}

JsonObject *
kt_own_file_before (JsonObject *args, GError **error)
{
  g_autofree char *digest = NULL;
  if (!kt_own_file_digest (args, &digest, error))
    return NULL;
  JsonObject *before = json_object_new ();
  kt_json_set_string (before, "digest", digest);
  return before;
}

gboolean
kt_own_file_is_ours (JsonObject *args, JsonObject *before, GError **error)
{
  g_autofree char *now = NULL;
  if (!kt_own_file_digest (args, &now, error))
    return FALSE;
  if (g_strcmp0 (now, digest_of (before)) == 0 || g_strcmp0 (now, digest_of (args)) == 0)
    return TRUE;
  kt_error_set (error, KT_ERROR_CHANGED, NULL, "look at it, then put back what kastune wrote or make a new plan", "somebody else changed %s meanwhile",
                path_of (args));
  return FALSE;
}

/* Another one for another content, so that changes over changes can all be taken back. NULL: there was nothing to keep. */
static char *
kept_path (JsonObject *args, JsonObject *before)
{
  const char *old = digest_of (before);
  return old != NULL ? g_strdup_printf ("%s.before-%.12s", path_of (args), old) : NULL;
}

static gboolean
keep_old (JsonObject *args, JsonObject *before, GError **error)
{
  g_autofree char *now = NULL, *text = NULL, *kept = kept_path (args, before);
  struct stat like;
  if (kept == NULL)
    return TRUE;
  if (!kt_own_file_digest (args, &now, error))
    return FALSE;
  /* The new one is there already: an apply that is done again. */
  if (g_strcmp0 (now, digest_of (before)) != 0 || g_file_test (kept, G_FILE_TEST_IS_REGULAR))
    return TRUE;
  return kt_file_read (path_of (args), &text, NULL, error) && stat (path_of (args), &like) == 0 && kt_file_replace (kept, text, &like, error);
}

gboolean
kt_own_file_write (JsonObject *args, JsonObject *before, const char *text, const struct stat *like, GError **error)
{
  return kt_own_file_is_ours (args, before, error) && keep_old (args, before, error) && kt_file_replace (path_of (args), text, like, error);
}

gboolean
kt_own_file_verify (JsonObject *args, GError **error)
{
  g_autofree char *now = NULL;
  if (!kt_own_file_digest (args, &now, error))
    return FALSE;
  if (g_strcmp0 (now, digest_of (args)) == 0)
    return TRUE;
  kt_error_set (error, KT_ERROR_VERIFY, NULL, NULL, "%s is not as planned", path_of (args));
  return FALSE;
}

gboolean
kt_own_file_can_undo (JsonObject *args, JsonObject *before, GError **error)
{
  g_autofree char *now = NULL, *kept = kept_path (args, before);
  if (!kt_own_file_is_ours (args, before, error) || !kt_own_file_digest (args, &now, error))
    return FALSE;
  if (kept == NULL || g_strcmp0 (now, digest_of (before)) == 0 || g_file_test (kept, G_FILE_TEST_IS_REGULAR))
    return TRUE;
  kt_error_set (error, KT_ERROR_CHANGED, NULL, NULL, "%s, which holds what was before, is not there any more", kept);
  return FALSE;
}

gboolean
kt_own_file_put_back (JsonObject *args, JsonObject *before, GError **error)
{
  g_autofree char *kept = kept_path (args, before), *text = NULL;
  struct stat like;
  if (!kt_own_file_is_ours (args, before, error))
    return FALSE;
  if (kept == NULL)
    return kt_file_remove (path_of (args), error);
  if (stat (kept, &like) != 0)
    return TRUE; /* nothing was written, or all is back */
  return kt_file_read (kept, &text, NULL, error) && kt_file_replace (path_of (args), text, &like, error);
}

gboolean
kt_own_file_forget (JsonObject *args, JsonObject *before, GError **error)
{
  g_autofree char *kept = kept_path (args, before);
  return kept == NULL || kt_file_remove (kept, error);
}
