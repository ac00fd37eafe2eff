/* SPDX-License-Identifier: MIT */
#include "change/journal.h"

#include "base/error.h"

static const char *const change_states[KT_N_CHANGE_STATES] = {
  [KT_CHANGE_RUNNING] = "running", [KT_CHANGE_WAITING] = "waiting", [KT_CHANGE_APPLIED] = "applied",
  [KT_CHANGE_UNDOING] = "undoing", [KT_CHANGE_UNDONE] = "undone",   [KT_CHANGE_STUCK] = "stuck",
  [KT_CHANGE_SCHEDULED] = "scheduled",
};

static const char *const step_states[KT_N_STEP_STATES] = {
  [KT_STEP_PLANNED] = "planned", [KT_STEP_APPLYING] = "applying", [KT_STEP_APPLIED] = "applied",
  [KT_STEP_UNDOING] = "undoing", [KT_STEP_UNDONE] = "undone",
};

static const char *const tables[] = {
  "CREATE TABLE change_set ("
  "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
  "  title TEXT NOT NULL, server TEXT NOT NULL, server_name TEXT NOT NULL, actor TEXT NOT NULL,"
  "  state TEXT NOT NULL, created_at INTEGER NOT NULL, ended_at INTEGER NOT NULL DEFAULT 0, reason TEXT) STRICT;"
  "CREATE TABLE step ("
  "  change_set INTEGER NOT NULL REFERENCES change_set, position INTEGER NOT NULL,"
  "  kind TEXT NOT NULL, description TEXT NOT NULL,"
  "  args TEXT NOT NULL, args_sha256 TEXT NOT NULL, before TEXT, before_sha256 TEXT,"
  "  interrupts INTEGER NOT NULL, interruption_ms INTEGER NOT NULL,"
  "  state TEXT NOT NULL, started_at INTEGER NOT NULL DEFAULT 0, ended_at INTEGER NOT NULL DEFAULT 0, error TEXT,"
  "  UNIQUE (change_set, position)) STRICT;"
  "CREATE TABLE event ("
  "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
  "  change_set INTEGER NOT NULL REFERENCES change_set, position INTEGER,"
  "  at INTEGER NOT NULL, event TEXT NOT NULL, actor TEXT NOT NULL, text TEXT) STRICT;"
  "CREATE INDEX event_of_change_set ON event (change_set)",
  "ALTER TABLE change_set ADD COLUMN confirm_within INTEGER NOT NULL DEFAULT 0;"
  "ALTER TABLE change_set ADD COLUMN waiting_since INTEGER NOT NULL DEFAULT 0;"
  "ALTER TABLE change_set ADD COLUMN waiting_since_boot INTEGER NOT NULL DEFAULT 0;"
  "ALTER TABLE change_set ADD COLUMN waiting_boot TEXT NOT NULL DEFAULT ''",
  "ALTER TABLE change_set ADD COLUMN start_window TEXT",
  NULL,
};

const char *
kt_change_state_name (KtChangeState state)
{
  g_return_val_if_fail (state < KT_N_CHANGE_STATES, NULL);
  return change_states[state];
}

const char *
kt_step_state_name (KtStepState state)
{
  g_return_val_if_fail (state < KT_N_STEP_STATES, NULL);
  return step_states[state];
}

void
kt_change_step_free (KtChangeStep *step)
{
  if (step == NULL)
    return;
  g_free (step->kind);
  g_free (step->description);
  g_clear_pointer (&step->args, json_object_unref);
  g_clear_pointer (&step->before, json_object_unref);
  g_free (step->error);
  g_free (step);
}

void
kt_change_free (KtChange *change)
{
  if (change == NULL)
    return;
  g_free (change->title);
  g_free (change->server);
  g_free (change->server_name);
  g_free (change->actor);
  g_free (change->reason);
  g_free (change->window);
  g_clear_pointer (&change->steps, g_ptr_array_unref);
  g_free (change);
}

static void
set_time (JsonObject *object, const char *name, gint64 time)
{
  if (time != 0)
    json_object_set_int_member (object, name, time);
}

static JsonObject *
step_to_json (const KtChangeStep *step)
{
  JsonObject *object = json_object_new ();
  json_object_set_int_member (object, "position", step->id);
  json_object_set_string_member (object, "kind", step->kind);
  json_object_set_string_member (object, "description", step->description);
  json_object_set_string_member (object, "state", kt_step_state_name (step->state));
  json_object_set_object_member (object, "args", json_object_ref (step->args));
  if (step->before != NULL)
    json_object_set_object_member (object, "before", json_object_ref (step->before));
  json_object_set_boolean_member (object, "interrupts", step->interrupts);
  json_object_set_int_member (object, "interruption_ms", step->interruption_ms);
  set_time (object, "started_at_ms", step->started_at);
  set_time (object, "ended_at_ms", step->ended_at);
  kt_json_set_string (object, "error", step->error);
  return object;
}

gint64
kt_change_left (const KtChange *change)
{
  KtMoment now = kt_moment_now ();
  return kt_moment_left (&change->waiting_since, change->confirm_within, &now);
}

gboolean
kt_change_is_overdue (const KtChange *change)
{
  return change->state == KT_CHANGE_WAITING && kt_change_left (change) == 0;
}

static void
set_window (const KtChange *change, JsonObject *object)
{
  if (change->window == NULL)
    return;
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *words = kt_window_describe (change->window);
  json_object_set_string_member (object, "window", words);
  if (change->state == KT_CHANGE_SCHEDULED)
    json_object_set_int_member (object, "window_left_ms", kt_window_left (change->window, now));
}

JsonObject *
kt_change_to_json (const KtChange *change)
{
  JsonObject *object = json_object_new ();
  json_object_set_int_member (object, "id", change->id);
  json_object_set_string_member (object, "title", change->title);
  json_object_set_string_member (object, "server", change->server);
  json_object_set_string_member (object, "server_name", change->server_name);
  json_object_set_string_member (object, "actor", change->actor);
  json_object_set_string_member (object, "state", kt_change_state_name (change->state));
  set_time (object, "created_at_ms", change->created_at);
  set_time (object, "ended_at_ms", change->ended_at);
  set_time (object, "confirm_within_ms", change->confirm_within);
  if (change->state == KT_CHANGE_WAITING)
    json_object_set_int_member (object, "confirm_left_ms", kt_change_left (change));
  set_window (change, object);
  kt_json_set_string (object, "reason", change->reason);
  JsonArray *steps = json_array_new ();
  for (guint i = 0; i < change->steps->len; i++)
    json_array_add_object_element (steps, step_to_json (g_ptr_array_index (change->steps, i)));
  json_object_set_array_member (object, "steps", steps);
  return object;
}

gboolean
kt_journal_init (KtState *state, GError **error)
{
  return kt_state_migrate (state, "change", tables, error);
}

gboolean
kt_journal_check (KtState *state, GError **error)
{
  return kt_state_check_table (state, "change_set", error) && kt_state_check_table (state, "step", error)
         && kt_state_check_table (state, "event", error);
}

/* --- reading ---------------------------------------------------------------------------------------------------- */

static void
set_damaged (KtState *state, const char *what, const char *value, GError **error)
{
  g_autofree char *hint = kt_state_damage_hint (state);
  kt_error_set (error, KT_ERROR_STATE, value, hint, "the journal in %s/state.db cannot be understood: %s",
                kt_state_directory (state), what);
}

static const char *
text_of (sqlite3_stmt *row, int column)
{
  return (const char *) sqlite3_column_text (row, column);
}

static gboolean
find_state (KtState *state, const char *const *names, guint n_names, const char *name, guint *found, GError **error)
{
  for (guint i = 0; i < n_names; i++)
    if (g_strcmp0 (names[i], name) == 0)
      {
        *found = i;
        return TRUE;
      }
  set_damaged (state, "unknown state", name, error);
  return FALSE;
}

/* What undo writes back into somebody's files must be what was journaled, to the byte. */
static JsonObject *
parse_sealed (KtState *state, const char *text, const char *sha256, GError **error)
{
  g_autofree char *found = g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
  if (g_strcmp0 (found, sha256) != 0)
    {
      set_damaged (state, "a step does not match its checksum", NULL, error);
      return NULL;
    }
  g_autoptr (JsonNode) node = kt_json_parse (text, NULL);
  if (node != NULL && JSON_NODE_HOLDS_OBJECT (node))
    return json_node_dup_object (node);
  set_damaged (state, "not a JSON object", text, error);
  return NULL;
}

static KtChangeStep *
read_step (KtState *state, sqlite3_stmt *row, GError **error)
{
  guint step_state;
  if (!find_state (state, step_states, KT_N_STEP_STATES, text_of (row, 7), &step_state, error))
    return NULL;
  g_autoptr (KtChangeStep) step = g_new0 (KtChangeStep, 1);
  step->id = sqlite3_column_int64 (row, 0);
  step->kind = g_strdup (text_of (row, 1));
  step->description = g_strdup (text_of (row, 2));
  step->interrupts = sqlite3_column_int (row, 5) != 0;
  step->interruption_ms = sqlite3_column_int64 (row, 6);
  step->state = step_state;
  step->started_at = sqlite3_column_int64 (row, 8);
  step->ended_at = sqlite3_column_int64 (row, 9);
  step->error = g_strdup (text_of (row, 10));
  step->args = parse_sealed (state, text_of (row, 3), text_of (row, 11), error);
  if (step->args == NULL)
    return NULL;
  if (text_of (row, 4) != NULL)
    {
      step->before = parse_sealed (state, text_of (row, 4), text_of (row, 12), error);
      if (step->before == NULL)
        return NULL;
    }
  return g_steal_pointer (&step);
}

static gboolean
read_steps (KtState *state, KtChange *change, GError **error)
{
  g_autoptr (sqlite3_stmt) rows = kt_state_prepare (
    state, error,
    "SELECT position, kind, description, args, before, interrupts, interruption_ms, state, started_at, ended_at, error,"
    " args_sha256, before_sha256 FROM step WHERE change_set = ? ORDER BY position", "i", change->id);
  gboolean row = rows != NULL;
  while (row)
    {
      if (!kt_state_step (state, rows, &row, error))
        return FALSE;
      KtChangeStep *step = row ? read_step (state, rows, error) : NULL;
      if (row && step == NULL)
        return FALSE;
      if (row)
        g_ptr_array_add (change->steps, step);
    }
  return rows != NULL;
}

static KtChange *
read_change (KtState *state, sqlite3_stmt *row, GError **error)
{
  guint change_state;
  if (!find_state (state, change_states, KT_N_CHANGE_STATES, text_of (row, 5), &change_state, error))
    return NULL;
  g_autoptr (KtChange) change = g_new0 (KtChange, 1);
  change->id = sqlite3_column_int64 (row, 0);
  change->title = g_strdup (text_of (row, 1));
  change->server = g_strdup (text_of (row, 2));
  change->server_name = g_strdup (text_of (row, 3));
  change->actor = g_strdup (text_of (row, 4));
  change->state = change_state;
  change->created_at = sqlite3_column_int64 (row, 6);
  change->ended_at = sqlite3_column_int64 (row, 7);
  change->reason = g_strdup (text_of (row, 8));
  change->confirm_within = sqlite3_column_int64 (row, 9);
  change->waiting_since = (KtMoment){ .boot = g_intern_string (text_of (row, 12)),
                                      .since_boot_ms = sqlite3_column_int64 (row, 11),
                                      .wall_ms = sqlite3_column_int64 (row, 10) };
  change->steps = g_ptr_array_new_with_free_func ((GDestroyNotify) kt_change_step_free);
  if (text_of (row, 13) != NULL && !kt_window_from_text (text_of (row, 13), change->window = g_new0 (KtWindow, 1)))
    {
      set_damaged (state, "unknown window", text_of (row, 13), error);
      return NULL;
    }
  return read_steps (state, change, error) ? g_steal_pointer (&change) : NULL;
}

/* "|running|stuck|", the states that are not asked for: what is in a state of no known name is never passed over. */
static char *
names_outside (guint states)
{
  GString *names = g_string_new ("|");
  for (guint i = 0; i < KT_N_CHANGE_STATES; i++)
    if (states != 0 && (states & 1u << i) == 0)
      g_string_append_printf (names, "%s|", change_states[i]);
  return g_string_free (names, FALSE);
}

static GPtrArray *
select_changes (KtState *state, gint64 id, const char *server, guint states, gint64 limit, GError **error)
{
  g_autofree char *unwanted = names_outside (states);
  g_autoptr (sqlite3_stmt) rows = kt_state_prepare (
    state, error,
    "SELECT id, title, server, server_name, actor, state, created_at, ended_at, reason, confirm_within, waiting_since,"
    " waiting_since_boot, waiting_boot, start_window FROM change_set"
    " WHERE (?1 = 0 OR id = ?1) AND (?2 IS NULL OR server = ?2) AND instr(?3, '|' || state || '|') = 0"
    " ORDER BY id DESC LIMIT ?4", "issi", id, server, unwanted, limit);
  g_autoptr (GPtrArray) changes = g_ptr_array_new_with_free_func ((GDestroyNotify) kt_change_free);
  gboolean row = rows != NULL;
  while (row)
    {
      if (!kt_state_step (state, rows, &row, error))
        return NULL;
      KtChange *change = row ? read_change (state, rows, error) : NULL;
      if (row && change == NULL)
        return NULL;
      if (row)
        g_ptr_array_add (changes, change);
    }
  return rows != NULL ? g_steal_pointer (&changes) : NULL;
}

GPtrArray *
kt_journal_list (KtState *state, const char *server, GError **error)
{
  return select_changes (state, 0, server, 0, -1, error);
}

GPtrArray *
kt_journal_unfinished (KtState *state, const char *server, GError **error)
{
  return select_changes (state, 0, server, KT_CHANGE_OPEN, -1, error);
}

static KtChange *
steal_first (GPtrArray *changes)
{
  return changes != NULL && changes->len > 0 ? g_ptr_array_steal_index (changes, 0) : NULL;
}

KtChange *
kt_journal_load (KtState *state, gint64 id, GError **error)
{
  g_autoptr (GPtrArray) changes = id > 0 ? select_changes (state, id, NULL, 0, 1, error) : g_ptr_array_new ();
  KtChange *change = steal_first (changes);
  if (changes != NULL && change == NULL)
    kt_error_set (error, KT_ERROR_NOT_FOUND, NULL, "kastune history", "there is no change set %" G_GINT64_FORMAT, id);
  return change;
}

KtChange *
kt_journal_newest (KtState *state, const char *server, guint states, GError **error)
{
  g_autoptr (GPtrArray) changes = select_changes (state, 0, server, states, 1, error);
  return steal_first (changes);
}

static JsonObject *
read_event (sqlite3_stmt *row)
{
  JsonObject *event = json_object_new ();
  json_object_set_int_member (event, "at_ms", sqlite3_column_int64 (row, 0));
  if (sqlite3_column_type (row, 1) != SQLITE_NULL)
    json_object_set_int_member (event, "step", sqlite3_column_int64 (row, 1));
  kt_json_set_string (event, "description", text_of (row, 2));
  json_object_set_string_member (event, "event", text_of (row, 3));
  json_object_set_string_member (event, "actor", text_of (row, 4));
  kt_json_set_string (event, "text", text_of (row, 5));
  return event;
}

/* @change 0: of all. *last (may be NULL) becomes the number of the newest. */
static JsonArray *
select_events (KtState *state, gint64 change, gint64 after, gint64 *last, GError **error)
{
  g_autoptr (sqlite3_stmt) rows = kt_state_prepare (
    state, error,
    "SELECT event.at, event.position, step.description, event.event, event.actor, event.text, event.id, event.change_set FROM event"
    " LEFT JOIN step ON step.change_set = event.change_set AND step.position = event.position"
    " WHERE (?1 = 0 OR event.change_set = ?1) AND event.id > ?2 ORDER BY event.id", "ii", change, after);
  g_autoptr (JsonArray) events = json_array_new ();
  gboolean row = rows != NULL;
  while (row)
    {
      if (!kt_state_step (state, rows, &row, error))
        return NULL;
      if (!row)
        break;
      JsonObject *event = read_event (rows);
      if (change == 0)
        json_object_set_int_member (event, "change", sqlite3_column_int64 (rows, 7));
      if (last != NULL)
        *last = sqlite3_column_int64 (rows, 6);
      json_array_add_object_element (events, event);
    }
  return rows != NULL ? g_steal_pointer (&events) : NULL;
}

JsonArray *
kt_journal_events (KtState *state, gint64 id, GError **error)
{
  return select_events (state, id, 0, NULL, error);
}

JsonArray *
kt_journal_events_after (KtState *state, gint64 *after, GError **error)
{
  if (*after >= 0)
    return select_events (state, 0, *after, after, error);
  g_autoptr (sqlite3_stmt) newest = kt_state_prepare (state, error, "SELECT coalesce(max(id), 0) FROM event", NULL);
  gboolean row = FALSE;
  if (newest == NULL || !kt_state_step (state, newest, &row, error))
    return NULL;
  *after = sqlite3_column_int64 (newest, 0);
  return json_array_new ();
}
