/* SPDX-License-Identifier: MIT */
#include "backup/move_parts.h"

#include "backup/control_data.h"
#include "backup/move.h"
#include "backup/place.h"
#include "base/error.h"
#include "postgres/locate.h"

#include <string.h>

#define GROUP "moved"

GStrv
kt_move_touches (JsonObject *args)
{
  static const char *const all[] = { "data directory", NULL };
  return g_strdupv ((char **) all);
}

void
kt_move_pass_progress (gpointer context, const char *what, gint64 done, gint64 total)
{
  kt_step_progress (context, what, done, total);
}

/* ------------------------------------------------------------------------------------------------------------ the note */

char *
kt_move_note (const char *to, const KtFollowed *followed, gint64 interruption_ms)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *at = g_date_time_format (now, "%Y-%m-%dT%H:%M:%SZ");
  g_autofree char *checkpoint = kt_lsn_to_text (followed->checkpoint);
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_key_file_set_string (file, GROUP, "to", to);
  g_key_file_set_string (file, GROUP, "at", at);
  g_key_file_set_string (file, GROUP, "checkpoint", checkpoint);
  g_key_file_set_int64 (file, GROUP, "caught-up-bytes", followed->caught_up_bytes);
  if (interruption_ms >= 0)
    g_key_file_set_int64 (file, GROUP, "interruption-ms", interruption_ms);
  g_autofree char *entries = g_key_file_to_data (file, NULL, NULL);
  return g_strconcat ("# PostgreSQL does not start here. The cluster that lay here goes on in the folder named below; this copy ends at the\n"
                      "# position of the log named below, and its control file is called " KT_PLACE_ASLEEP ". kastune undo moves it back with\n"
                      "# every row written since. Remove this folder when nobody wants that any more.\n",
                      entries, NULL);
}

JsonObject *
kt_move_read_note (const char *left)
{
  g_autofree char *path = g_build_filename (left, KT_PLACE_NOTE, NULL);
  g_autoptr (GKeyFile) file = g_key_file_new ();
  if (!g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, NULL))
    return NULL;
  static const char *const words[] = { "to", "at", "checkpoint" };
  JsonObject *note = json_object_new ();
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    {
      g_autofree char *value = g_key_file_get_string (file, GROUP, words[i], NULL);
      kt_json_set_string (note, words[i], value);
    }
  json_object_set_int_member (note, "caught_up_bytes", g_key_file_get_int64 (file, GROUP, "caught-up-bytes", NULL));
  json_object_set_int_member (note, "interruption_ms", g_key_file_get_int64 (file, GROUP, "interruption-ms", NULL));
  return note;
}

/* ------------------------------------------------------------------------------------------------------------ to sleep */

/* @state NULL: any that a server leaves which has not taken writes. */
static gboolean
is_at_rest (const KtInstance *instance, const char *data, const char *state, guint64 checkpoint, GError **error)
{
  KtPostmasterFile file;
  g_autoptr (KtControlData) now = kt_control_data_read (instance->bin_directory, data, error);
  if (now == NULL)
    return FALSE;
  gboolean runs = kt_postmaster_file_read (data, &file) && kt_postmaster_is_alive (file.pid, data);
  gboolean same = now->checkpoint == checkpoint
                  && (state != NULL ? g_str_equal (now->state, state) : !g_str_equal (now->state, "in production"));
  if (!runs && same)
    return TRUE;
  kt_error_set (error, KT_ERROR_CHANGED, runs ? "it runs" : "it has written since it was stopped",
                "find out who starts it (cron, a watchdog, configuration management), hold that up, then try again",
                "somebody else started PostgreSQL in %s while it was to be down", data);
  return FALSE;
}

gboolean
kt_move_put_to_sleep (const KtInstance *instance, const char *data, const char *note, const char *state, guint64 checkpoint,
                      GError **error)
{
  if (!is_at_rest (instance, data, state, checkpoint, error) || !kt_place_put_to_sleep (data, note, error))
    return FALSE;
  /* Who read the control file before it had another name is seen here; who comes later finds none. */
  if (is_at_rest (instance, data, state, checkpoint, error))
    return TRUE;
  kt_place_wake (data, NULL);
  return FALSE;
}
