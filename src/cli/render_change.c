/* SPDX-License-Identifier: MIT */
#include "cli/renderers.h"

#include "base/size.h"

static const KtColumn step_columns[] = { { NULL, KT_COLUMN_RIGHT }, { NULL, KT_COLUMN_WRAP } };

static char *
time_text (gint64 milliseconds)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_local (milliseconds / 1000);
  return time != NULL ? g_date_time_format (time, "%Y-%m-%d %H:%M:%S") : g_strdup ("?");
}

/* About how an indexer is started, not about settings of a server. */
static gboolean
is_of_indexer (JsonObject *change)
{
  JsonArray *steps = kt_json_array (change, "steps");
  for (guint i = 0; steps != NULL && i < json_array_get_length (steps); i++)
    if (g_str_has_prefix (kt_json_string (json_array_get_object_element (steps, i), "kind", ""), "indexer-"))
      return TRUE;
  return FALSE;
}

/* "restart … (about 7 s, of which 6.5 s without service)" while it is a plan. Caller frees. */
static char *
with_times (JsonObject *step, const char *text)
{
  gint64 all = kt_json_int (step, "estimate_ms", 0), without_service = kt_json_int (step, "interruption_ms", 0);
  g_autofree char *time = kt_duration_format (all);
  g_autofree char *cut = kt_duration_format (without_service);
  if (all < 1000)
    return g_strdup (text);
  return without_service > 0 ? g_strdup_printf ("%s (about %s, of which %s without service)", text, time, cut)
                             : g_strdup_printf ("%s (about %s)", text, time);
}

static void
render_steps (JsonArray *steps, GString *out, guint width, gboolean with_state)
{
  g_autoptr (KtTable) table = kt_table_new (step_columns, G_N_ELEMENTS (step_columns));
  for (guint i = 0; i < json_array_get_length (steps); i++)
    {
      JsonObject *step = json_array_get_object_element (steps, i);
      g_autofree char *number = g_strdup_printf ("%u.", i + 1);
      g_autofree char *text = g_strdup_printf ("%s%s%s", kt_json_string (step, "description", ""), with_state ? ": " : "",
                                               with_state ? kt_json_string (step, "state", "") : "");
      g_autofree char *timed = with_times (step, text);
      kt_table_add (table, number, timed);
      if (kt_json_string (step, "error", NULL) != NULL)
        kt_table_add (table, "", kt_json_string (step, "error", NULL));
    }
  kt_table_print (table, out, width, 2);
}

/* As a diff: what runs, what is wanted. */
static void
render_settings (JsonObject *answer, GString *out, guint width)
{
  JsonArray *settings = kt_json_array (answer, "settings");
  for (guint i = 0; settings != NULL && i < json_array_get_length (settings); i++)
    {
      JsonObject *setting = json_array_get_object_element (settings, i);
      const char *name = kt_json_string (setting, "name", "");
      const char *running = kt_json_string (setting, "running", NULL);
      if (running != NULL)
        g_string_append_printf (out, "- %s = %s\n", name, *running != '\0' ? running : "''");
      g_string_append_printf (out, "+ %s = %s%s\n", name, kt_json_string (setting, "wanted", "?"),
                              g_str_equal (kt_json_string (setting, "apply", ""), "restart") ? "    # restart" : "");
    }
  JsonArray *tables = kt_json_array (answer, "tables");
  for (guint i = 0; tables != NULL && i < json_array_get_length (tables); i++)
    g_string_append_printf (out, "+ %s\n", kt_json_string (json_array_get_object_element (tables, i), "statement", ""));
}

/* The same for the machine, and what is left out. */
static void
render_host (JsonObject *answer, GString *out, guint width)
{
  JsonArray *rows = kt_json_array (answer, "host");
  JsonArray *left = kt_json_array (answer, "host_left");
  for (guint i = 0; rows != NULL && i < json_array_get_length (rows); i++)
    {
      JsonObject *row = json_array_get_object_element (rows, i);
      const char *name = kt_json_string (row, "name", "");
      g_string_append_printf (out, "- %s: %s\n+ %s: %s\n", name, kt_json_string (row, "running", "?"), name, kt_json_string (row, "wanted", "?"));
    }
  for (guint i = 0; left != NULL && i < json_array_get_length (left); i++)
    {
      JsonObject *row = json_array_get_object_element (left, i);
      kt_render_line (out, width, "Left out: %s: %s.", kt_json_string (row, "name", ""), kt_json_string (row, "because", ""));
    }
}

static void
render_interruption (JsonObject *answer, GString *out, guint width)
{
  gint64 estimate = kt_json_int (answer, "interruption_ms", 0);
  g_autofree char *time = kt_duration_format (estimate);
  const char *window = kt_json_string (answer, "restart_window", NULL);
  if (kt_json_bool (answer, "restart", FALSE))
    {
      if (window != NULL)
        kt_render_line (out, width, "What a reload can do is done at once, without interruption; what is marked “restart” follows %s.", window);
      kt_render_line (out, width, "PostgreSQL is restarted once: connections are ended, for about %s.", time);
      if (kt_json_string (answer, "restart_command", NULL) != NULL)
        kt_text_wrap (out, kt_json_string (answer, "restart_command", ""), width, 4);
    }
  else if (kt_json_bool (answer, "restart_by_operator", FALSE))
    kt_render_line (out, width, "PostgreSQL is not interrupted. What is marked “restart” waits until you have restarted it; kastune status "
                                "tells what still waits.");
  else
    kt_render_line (out, width, "PostgreSQL is not interrupted.");
  if (json_object_has_member (answer, "recovery_seconds"))
    {
      g_autofree char *recovery = kt_duration_format ((gint64) (kt_json_double (answer, "recovery_seconds", 0) * 1000));
      kt_render_line (out, width, "After a crash, recovery takes at most about %s with these settings.", recovery);
    }
}

void
kt_render_plan (JsonObject *answer, GString *out, guint width)
{
  if (kt_json_bool (answer, "undo", FALSE))
    {
      JsonObject *change = kt_json_object (answer, "change");
      kt_render_line (out, width, "Undo change set %" G_GINT64_FORMAT " (%s), newest step first:", kt_json_int (change, "id", 0), kt_json_string (change, "title", ""));
      render_steps (kt_json_array (change, "steps"), out, width, FALSE);
      return;
    }
  if (kt_json_bool (answer, "resume", FALSE))
    {
      JsonObject *change = kt_json_object (answer, "change");
      kt_render_line (out, width, "Carry out change set %" G_GINT64_FORMAT " (%s) to its end:", kt_json_int (change, "id", 0), kt_json_string (change, "title", ""));
      render_steps (kt_json_array (change, "steps"), out, width, TRUE);
      return;
    }
  JsonObject *plan = kt_json_object (answer, "plan");
  JsonArray *steps = kt_json_array (plan, "steps");
  if (json_array_get_length (steps) == 0)
    {
      kt_render_findings (answer, out, width);
      kt_render_line (out, width, "Nothing to do: the server already runs as advised.");
      return;
    }
  kt_render_line (out, width, "%s, on %s", kt_json_string (plan, "title", ""), kt_json_string (plan, "server_name", ""));
  g_string_append_c (out, '\n');
  render_settings (answer, out, width);
  render_host (answer, out, width);
  g_string_append_c (out, '\n');
  render_steps (steps, out, width, FALSE);
  g_string_append_c (out, '\n');
  JsonObject *trial = kt_json_object (answer, "trial");
  if (trial != NULL)
    kt_render_line (out, width, kt_json_string (trial, "container", NULL) != NULL
                    ? "Tried: a scratch server in a container of the same image and limits started with these settings."
                    : "Tried: a scratch server of the same binaries started with these settings.");
  if (kt_json_string (answer, "untried", NULL) != NULL)
    kt_render_line (out, width, "Note: %s; %" G_GINT64_FORMAT " of them were set in a session for a moment, and the server took them.",
                    kt_json_string (answer, "untried", ""), kt_json_int (answer, "taken_by_session", 0));
  render_interruption (answer, out, width);
  kt_render_findings (answer, out, width);
}

/* "shared_buffers, max_wal_size"; NULL: none. Caller frees. */
static char *
pending_names (JsonObject *answer)
{
  JsonArray *pending = kt_json_array (answer, "pending_restart");
  g_autoptr (GString) names = g_string_new (NULL);
  for (guint i = 0; pending != NULL && i < json_array_get_length (pending); i++)
    g_string_append_printf (names, "%s%s", i > 0 ? ", " : "", kt_json_string (json_array_get_object_element (pending, i), "name", ""));
  return names->len > 0 ? g_string_free (g_steal_pointer (&names), FALSE) : NULL;
}

static void
render_pending (JsonObject *answer, GString *out, guint width)
{
  g_autofree char *names = pending_names (answer);
  if (names != NULL)
    kt_render_line (out, width, "Waiting for a restart of PostgreSQL: %s.", names);
}

static void
render_waiting (JsonObject *change, GString *out, guint width)
{
  gint64 id = kt_json_int (change, "id", 0);
  g_autofree char *left = kt_duration_format (kt_json_int (change, "confirm_left_ms", 0));
  kt_render_line (out, width, "Change set %" G_GINT64_FORMAT " is applied and verified, and waits to be confirmed: kastune confirm %" G_GINT64_FORMAT
                  " within %s, else it is undone. kastune undo %" G_GINT64_FORMAT " goes back now.", id, id, left, id);
}

void
kt_render_confirm (JsonObject *answer, GString *out, guint width)
{
  JsonObject *change = kt_json_object (answer, "change");
  kt_render_line (out, width, "Change set %" G_GINT64_FORMAT " is confirmed and stays. kastune undo goes back at any time.",
                  kt_json_int (change, "id", 0));
}

/* Who wakes what waits, and for how long that is true. */
static void
render_waiter (JsonObject *answer, GString *out, guint width)
{
  static const struct {
    const char *waiter, *words;
  } known[] = {
    { "daemon", "The daemon looks after it." },
    { "background", "A kastune in the background looks after it until the next reboot; systemctl enable --now kastune (kastune daemon) also after that." },
    { "nobody", "NOBODY wakes it: no daemon runs, and no kastune in the background could be started. systemctl enable --now kastune (kastune daemon),"
                " or stay with it: kastune wait." },
  };
  const char *waiter = kt_json_string (answer, "waiter", "");
  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    if (g_str_equal (known[i].waiter, waiter))
      kt_render_line (out, width, "%s", known[i].words);
}

static void
render_scheduled (JsonObject *answer, JsonObject *change, GString *out, guint width)
{
  gint64 id = kt_json_int (change, "id", 0);
  if (g_str_equal (kt_json_string (change, "state", ""), "scheduled"))
    {
      kt_render_line (out, width, "Change set %" G_GINT64_FORMAT " restarts PostgreSQL %s. kastune undo %" G_GINT64_FORMAT
                      " takes it off the schedule.", id, kt_json_string (change, "window", ""), id);
      render_waiter (answer, out, width);
    }
  else
    kt_render_line (out, width, "Change set %" G_GINT64_FORMAT ", which needed a restart, is %s.", id, kt_json_string (change, "state", ""));
}

void
kt_render_apply (JsonObject *answer, GString *out, guint width)
{
  JsonObject *change = kt_json_object (answer, "change");
  JsonObject *scheduled = kt_json_object (answer, "scheduled");
  if (scheduled != NULL)
    {
      if (change != NULL)
        kt_render_line (out, width, "Change set %" G_GINT64_FORMAT " is applied and verified: what a reload can do.", kt_json_int (change, "id", 0));
      render_scheduled (answer, scheduled, out, width);
      return;
    }
  if (change == NULL)
    {
      kt_render_plan (answer, out, width);
      if (kt_json_bool (answer, "dry_run", FALSE))
        g_string_append (out, "\nOnly shown; nothing was changed.\n");
      return;
    }
  if (g_str_equal (kt_json_string (change, "state", ""), "waiting"))
    {
      render_waiting (change, out, width);
      return;
    }
  JsonArray *settings = kt_json_array (answer, "settings");
  g_autofree char *waiting = pending_names (answer);
  kt_render_line (out, width, "Change set %" G_GINT64_FORMAT " is applied and verified: %u settings %s.", kt_json_int (change, "id", 0),
                  settings != NULL ? json_array_get_length (settings) : 0, waiting != NULL ? "are written and read" : "run as planned");
  render_pending (answer, out, width);
  kt_render_line (out, width, "kastune status checks it again at any time, kastune undo goes back.");
}

void
kt_render_undo (JsonObject *answer, GString *out, guint width)
{
  JsonObject *change = kt_json_object (answer, "change");
  gboolean undone = g_str_equal (kt_json_string (change, "state", ""), "undone");
  g_autofree char *waiting = pending_names (answer);
  if (undone && is_of_indexer (change))
    kt_render_line (out, width, "Change set %" G_GINT64_FORMAT " is undone: the indexer is started as before it.", kt_json_int (change, "id", 0));
  else if (undone && waiting != NULL)
    {
      kt_render_line (out, width, "Change set %" G_GINT64_FORMAT " is undone: the settings are as before it.", kt_json_int (change, "id", 0));
      render_pending (answer, out, width);
    }
  else if (undone)
    kt_render_line (out, width, "Change set %" G_GINT64_FORMAT " is undone: the server runs as before it.", kt_json_int (change, "id", 0));
  else
    {
      kt_render_plan (answer, out, width);
      g_string_append (out, "\nOnly shown; nothing was changed.\n");
    }
}

static void
render_change_head (JsonObject *change, GString *out, guint width)
{
  g_autofree char *created = time_text (kt_json_int (change, "created_at_ms", 0));
  kt_render_line (out, width, "Change set %" G_GINT64_FORMAT ": %s (%s)", kt_json_int (change, "id", 0), kt_json_string (change, "title", ""),
                  kt_json_string (change, "state", ""));
  g_autofree char *where = g_strdup_printf ("on %s, %s, by %s", kt_json_string (change, "server_name", ""), created,
                                            kt_json_string (change, "actor", ""));
  kt_text_wrap (out, where, width, 2);
  if (kt_json_string (change, "reason", NULL) != NULL)
    kt_text_wrap (out, kt_json_string (change, "reason", ""), width, 2);
}

static void
render_others (JsonObject *answer, GString *out, guint width)
{
  JsonArray *others = kt_json_array (answer, "others");
  for (guint i = 0; others != NULL && i < json_array_get_length (others); i++)
    {
      JsonObject *other = json_array_get_object_element (others, i);
      gint64 id = kt_json_int (other, "id", 0);
      kt_render_line (out, width, "Also in force: change set %" G_GINT64_FORMAT " (%s, on %s): kastune history %" G_GINT64_FORMAT ".", id,
                      kt_json_string (other, "title", ""), kt_json_string (other, "server_name", ""), id);
    }
}

void
kt_render_status (JsonObject *answer, GString *out, guint width)
{
  JsonObject *unfinished = kt_json_object (answer, "unfinished");
  JsonObject *scheduled = kt_json_object (answer, "scheduled");
  if (scheduled != NULL)
    render_scheduled (answer, scheduled, out, width);
  JsonObject *change = kt_json_object (answer, "change");
  if (unfinished != NULL && g_str_equal (kt_json_string (unfinished, "state", ""), "waiting"))
    {
      render_waiting (unfinished, out, width);
      render_waiter (answer, out, width);
    }
  else if (unfinished != NULL)
    {
      render_change_head (unfinished, out, width);
      gboolean stuck = g_str_equal (kt_json_string (unfinished, "state", ""), "stuck");
      kt_render_line (out, width, "%s, so it is neither as before nor as planned. kastune undo %" G_GINT64_FORMAT " takes it back%s%s.",
                      stuck ? "Going back failed" : "It was ended in the middle", kt_json_int (unfinished, "id", 0),
                      stuck ? " once the cause is gone" : " to what was before",
                      stuck ? "" : ", kastune resume carries it out to its end");
    }
  if (change == NULL)
    {
      if (unfinished == NULL)
        g_string_append (out, "No change set of kastune is in force here. kastune advise says what it would change.\n");
      render_pending (answer, out, width);
      return;
    }
  render_change_head (change, out, width);
  static const KtColumn columns[] = { { NULL, KT_COLUMN_LEFT }, { NULL, KT_COLUMN_WRAP } };
  g_autoptr (KtTable) table = kt_table_new (columns, G_N_ELEMENTS (columns));
  JsonArray *steps = kt_json_array (answer, "steps");
  guint different = 0;
  for (guint i = 0; i < json_array_get_length (steps); i++)
    {
      JsonObject *step = json_array_get_object_element (steps, i);
      gboolean good = kt_json_bool (step, "as_planned", FALSE);
      different += !good;
      kt_table_add (table, good ? "as planned" : "DIFFERENT", kt_json_string (step, "description", ""));
      if (!good)
        kt_table_add (table, "", kt_json_string (step, "difference", ""));
      if (!good && kt_json_string (step, "detail", NULL) != NULL)
        kt_table_add (table, "", kt_json_string (step, "detail", ""));
    }
  kt_table_print (table, out, width, 2);
  if (different > 0)
    kt_render_line (out, width, is_of_indexer (change) ? "Somebody changed it since, or it cannot be looked at. kastune indexer configure --dry-run shows what would bring it back."
                                                      : "Somebody changed it since, or the server cannot be asked. kastune plan shows what would bring it back.");
  render_others (answer, out, width);
  render_pending (answer, out, width);
}

void
kt_render_resume (JsonObject *answer, GString *out, guint width)
{
  JsonObject *change = kt_json_object (answer, "change");
  if (g_str_equal (kt_json_string (change, "state", ""), "running"))
    {
      kt_render_plan (answer, out, width);
      g_string_append (out, "\nOnly shown; nothing was changed.\n");
      return;
    }
  kt_render_line (out, width, "Change set %" G_GINT64_FORMAT " is carried out to its end: %s and verified.", kt_json_int (change, "id", 0),
                  kt_json_string (change, "state", ""));
  render_pending (answer, out, width);
}

void
kt_render_history (JsonObject *answer, GString *out, guint width)
{
  JsonObject *change = kt_json_object (answer, "change");
  if (change != NULL)
    {
      render_change_head (change, out, width);
      render_steps (kt_json_array (change, "steps"), out, width, TRUE);
      JsonArray *events = kt_json_array (answer, "events");
      for (guint i = 0; events != NULL && i < json_array_get_length (events); i++)
        {
          JsonObject *event = json_array_get_object_element (events, i);
          g_autofree char *time = time_text (kt_json_int (event, "at_ms", 0));
          gint64 step = kt_json_int (event, "step", 0);
          g_autofree char *which = step > 0 ? g_strdup_printf ("step %" G_GINT64_FORMAT " ", step) : g_strdup ("");
          g_string_append_printf (out, "%s  %s%s\n", time, which, kt_json_string (event, "event", ""));
          if (kt_json_string (event, "text", NULL) != NULL)
            kt_text_wrap (out, kt_json_string (event, "text", ""), width, 4);
        }
      return;
    }
  static const KtColumn columns[] = { { "ID", KT_COLUMN_RIGHT }, { "WHEN", KT_COLUMN_LEFT }, { "STATE", KT_COLUMN_LEFT }, { "WHAT", KT_COLUMN_WRAP } };
  JsonArray *changes = kt_json_array (answer, "changes");
  if (json_array_get_length (changes) == 0)
    {
      g_string_append (out, "kastune has changed nothing yet.\n");
      return;
    }
  g_autoptr (KtTable) table = kt_table_new (columns, G_N_ELEMENTS (columns));
  for (guint i = 0; i < json_array_get_length (changes); i++)
    {
      JsonObject *row = json_array_get_object_element (changes, i);
      g_autofree char *id = g_strdup_printf ("%" G_GINT64_FORMAT, kt_json_int (row, "id", 0));
      g_autofree char *time = time_text (kt_json_int (row, "created_at_ms", 0));
      g_autofree char *what = g_strdup_printf ("%s, on %s", kt_json_string (row, "title", ""), kt_json_string (row, "server_name", ""));
      kt_table_add (table, id, time, kt_json_string (row, "state", ""), what);
    }
  kt_table_print (table, out, width, 0);
}
