/* SPDX-License-Identifier: MIT
 *
 * A restored data directory takes the place of the server's own: two renames between a stop and a start. Which of them were
 * done is read from the disk each time, so that a crash between any two instants is carried on or taken back.
 */
#include "backup/step.h"

#include "backup/move_parts.h"
#include "backup/place.h"
#include "base/error.h"

#include <errno.h>
#include <sys/stat.h>

typedef struct {
  KtInstance *instance;
  const char *data, *restored, *replaced;
} Places;

static void
places_clear (Places *places)
{
  g_clear_pointer (&places->instance, kt_instance_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Places, places_clear)

static gboolean
places_of (JsonObject *args, Places *places, GError **error)
{
  JsonObject *instance = kt_json_object (args, "instance");
  places->instance = kt_instance_from_json (instance, error);
  if (places->instance == NULL)
    return FALSE;
  places->data = places->instance->data_directory;
  places->restored = kt_json_string (args, "restored", "");
  places->replaced = kt_json_string (args, "replaced", "");
  return TRUE;
}

/* The data directory of before keeps its inode, whatever it is called meanwhile. What was recorded without is told by its name. */
static gboolean
is_former (const char *path, JsonObject *before, gboolean by_name)
{
  struct stat st;
  gint64 inode = kt_json_int (before, "inode", 0);
  return inode != 0 ? lstat (path, &st) == 0 && (gint64) st.st_ino == inode : by_name;
}

static void
set_gone (const char *replaced, GError **error)
{
  kt_error_set (error, KT_ERROR_CHANGED, NULL, "put it back there if it was moved; the server runs on the restored data",
                "the data directory as it was before is gone: there is no %s", replaced);
}

/* -------------------------------------------------------------------------------------------------------- checking */

static gboolean
is_elsewhere (const char *data, const char *name)
{
  g_autofree char *path = g_build_filename (data, name, NULL);
  return g_file_test (path, G_FILE_TEST_IS_SYMLINK);
}

static gboolean
has_tablespaces (const char *data)
{
  g_autofree char *path = g_build_filename (data, "pg_tblspc", NULL);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  return dir != NULL && g_dir_read_name (dir) != NULL;
}

gboolean
kt_step_replace_data_check (const KtInstance *instance, GError **error)
{
  const char *data = instance->data_directory;
  const char *why = instance->control == KT_CONTROL_NONE ? "kastune does not know how this server is stopped and started"
                    : kt_place_is_mount_point (data) || !kt_place_is_folder (data) ? "the data directory is a mount point or a link, so it cannot be renamed"
                    : is_elsewhere (data, "pg_wal") ? "its log (pg_wal) lies elsewhere, behind a link"
                    : has_tablespaces (data) ? "it has tablespaces in other places"
                                             : NULL;
  if (why == NULL)
    return TRUE;
  kt_error_set (error, KT_ERROR_UNSUPPORTED, why, "restore into another directory with --to DIR, then start the server on it as docs/backups.md says",
                "the data directory %s cannot be replaced in place", data);
  return FALSE;
}

static gboolean
check (KtStepContext *context, JsonObject *args, GError **error)
{
  g_auto (Places) places = { 0 };
  if (!places_of (args, &places, error) || !kt_step_replace_data_check (places.instance, error))
    return FALSE;
  if (kt_place_is_there (places.restored) && !kt_place_is_there (places.replaced))
    return TRUE;
  kt_error_set (error, KT_ERROR_REFUSED, NULL, NULL, "%s", kt_place_is_there (places.replaced) ? "there is an older safety copy in the way"
                                                                                    : "the restored directory is gone");
  return FALSE;
}

/* ----------------------------------------------------------------------------------------------------------- verbs */

static char *
describe (JsonObject *args)
{
  JsonObject *instance = kt_json_object (args, "instance");
  return g_strdup_printf ("stop PostgreSQL, put %s in the place of %s (kept as %s), start PostgreSQL",
                          kt_json_string (args, "restored", "?"),
                          instance != NULL ? kt_json_string (instance, "data_directory", "?") : "?",
                          kt_json_string (args, "replaced", "?"));
}

static JsonObject *
prepare (KtStepContext *context, JsonObject *args, GError **error)
{
  struct stat st;
  g_auto (Places) places = { 0 };
  if (!places_of (args, &places, error))
    return NULL;
  if (lstat (places.data, &st) != 0)
    {
      kt_error_set_errno (error, errno, NULL, "cannot look at %s", places.data);
      return NULL;
    }
  JsonObject *before = json_object_new ();
  json_object_set_int_member (before, "inode", (gint64) st.st_ino);
  return before;
}

/* What a crash left to be done of it. A stop is not broken off: it would go on all the same, and nobody could start again. */
static gboolean
change_places (KtStepContext *context, const Places *places, GError **error)
{
  if (!kt_place_is_there (places->restored))
    return TRUE;
  kt_step_progress (context, "stopping PostgreSQL", 0, 0);
  return !g_cancellable_set_error_if_cancelled (context->cancellable, error) && kt_instance_stop (places->instance, NULL, error)
         && (kt_place_is_there (places->replaced) || kt_place_rename (places->data, places->replaced, error))
         && kt_place_rename (places->restored, places->data, error);
}

static gboolean
apply (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  g_auto (Places) places = { 0 };
  if (!places_of (args, &places, error) || !change_places (context, &places, error))
    return FALSE;
  kt_step_progress (context, "starting PostgreSQL on the restored data", 0, 0);
  return kt_instance_start (places.instance, context->cancellable, error);
}

static gboolean
verify (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  g_auto (Places) places = { 0 };
  g_autoptr (KtConnection) connection
    = places_of (args, &places, error) ? kt_connection_open (places.instance->conninfo, error) : NULL;
  g_autoptr (PGresult) row = connection != NULL ? kt_connection_query_file (connection, error, "identity", NULL) : NULL;
  if (row == NULL)
    return FALSE;
  const char *wanted = kt_json_string (args, "system_identifier", ""), *found = kt_result_get (row, 0, "system_identifier");
  if (*wanted == '\0' || g_str_equal (wanted, found))
    return TRUE;
  kt_error_set (error, KT_ERROR_VERIFY, NULL, NULL, "the server that runs now has system identifier %s, the backup's is %s", found, wanted);
  return FALSE;
}

/* The data that was there before comes back whole; what was restored, and perhaps written to since, is set aside. */
static gboolean
undo (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  g_auto (Places) places = { 0 };
  if (!places_of (args, &places, error))
    return FALSE;
  g_autofree char *aside = g_strconcat (places.replaced, ".undone", NULL);
  gboolean set_aside = is_former (places.replaced, before, kt_place_is_there (places.replaced));
  if (!set_aside && !is_former (places.data, before, TRUE))
    {
      set_gone (places.replaced, error);
      return FALSE;
    }
  if (set_aside
      && (!kt_instance_stop (places.instance, NULL, error) || (kt_place_is_there (places.data) && !kt_place_rename (places.data, aside, error))
          || !kt_place_rename (places.replaced, places.data, error)))
    return FALSE;
  return kt_instance_start (places.instance, NULL, error);
}

static gboolean
can_undo (KtStepContext *context, JsonObject *args, JsonObject *before, GError **error)
{
  g_auto (Places) places = { 0 };
  if (!places_of (args, &places, error))
    return FALSE;
  if (is_former (places.replaced, before, kt_place_is_there (places.replaced)) || is_former (places.data, before, FALSE))
    return TRUE;
  set_gone (places.replaced, error);
  return FALSE;
}

JsonObject *
kt_step_replace_data_args (const KtInstance *instance, const char *system_identifier, const char *restored, const char *replaced)
{
  JsonObject *args = json_object_new ();
  json_object_set_object_member (args, "instance", kt_instance_to_json (instance));
  kt_json_set_string (args, "system_identifier", system_identifier);
  json_object_set_string_member (args, "restored", restored);
  json_object_set_string_member (args, "replaced", replaced);
  return args;
}

const KtStepKind kt_step_replace_data = {
  .name = "replace-data-directory",
  .describe = describe,
  .check = check,
  .prepare = prepare,
  .apply = apply,
  .verify = verify,
  .can_undo = can_undo,
  .undo = undo,
  .touches = kt_move_touches,
};
