/* SPDX-License-Identifier: MIT */
#include "change/transition.h"
#include "edit_step.h"

typedef struct {
  char *root, *files;
  KtState *state;
  KtRunner runner;
} Fixture;

static void
open_state (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  fixture->state = kt_state_open (fixture->root, &error);
  g_assert_no_error (error);
  g_assert_true (kt_journal_init (fixture->state, &error));
  fixture->runner = (KtRunner){ .state = fixture->state, .kinds = edit_kinds, .actor = "tester" };
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  fixture->root = g_dir_make_tmp ("kastune-journal-XXXXXX", &error);
  g_assert_no_error (error);
  fixture->files = g_build_filename (fixture->root, "files", NULL);
  edit_make_files (fixture->files);
  open_state (fixture);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  kt_state_free (fixture->state);
  edit_remove_tree (fixture->root);
  g_free (fixture->root);
  g_free (fixture->files);
}

static gint64
apply (Fixture *fixture, const char *server, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KtPlan) plan = edit_plan (fixture->files, server, text);
  ((KtPlanStep *) g_ptr_array_index (plan->steps, 2))->interrupts = TRUE;
  ((KtPlanStep *) g_ptr_array_index (plan->steps, 2))->interruption_ms = 900;
  gint64 id = 0;
  g_assert_true (kt_runner_apply (&fixture->runner, plan, &id, &error));
  g_assert_no_error (error);
  return id;
}

static void
run_sql (Fixture *fixture, const char *sql)
{
  g_autoptr (GError) error = NULL;
  g_assert_true (kt_state_run (fixture->state, &error, sql, NULL));
  g_assert_no_error (error);
}

static void
test_json (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  gint64 id = apply (fixture, "7001", "planned");
  g_autoptr (KtChange) change = kt_journal_load (fixture->state, id, &error);
  g_assert_no_error (error);
  g_autoptr (JsonObject) object = kt_change_to_json (change);
  g_assert_cmpint (kt_json_int (object, "id", 0), ==, id);
  g_assert_cmpstr (kt_json_string (object, "title", ""), ==, "edit three files");
  g_assert_cmpstr (kt_json_string (object, "server", ""), ==, "7001");
  g_assert_cmpstr (kt_json_string (object, "server_name", ""), ==, "server in test");
  g_assert_cmpstr (kt_json_string (object, "actor", ""), ==, "tester");
  g_assert_cmpstr (kt_json_string (object, "state", ""), ==, "applied");
  g_assert_cmpint (kt_json_int (object, "created_at_ms", 0), >, G_GINT64_CONSTANT (1500000000000));
  g_assert_true (json_object_has_member (object, "ended_at_ms"));
  g_assert_false (json_object_has_member (object, "reason"));

  JsonArray *steps = kt_json_array (object, "steps");
  g_assert_cmpuint (json_array_get_length (steps), ==, 3);
  JsonObject *third = json_array_get_object_element (steps, 2);
  g_assert_cmpint (kt_json_int (third, "position", 0), ==, 3);
  g_assert_cmpstr (kt_json_string (third, "kind", ""), ==, "edit");
  g_assert_cmpstr (kt_json_string (third, "description", ""), ==, "write c");
  g_assert_cmpstr (kt_json_string (third, "state", ""), ==, "applied");
  g_assert_cmpstr (kt_json_string (kt_json_object (third, "args"), "text", ""), ==, "planned");
  g_assert_true (kt_json_bool (third, "interrupts", FALSE));
  g_assert_cmpint (kt_json_int (third, "interruption_ms", 0), ==, 900);
  JsonObject *first = json_array_get_object_element (steps, 0);
  g_assert_cmpstr (kt_json_string (kt_json_object (first, "before"), "text", ""), ==, "before");
}

static void
test_failed_step_says_why (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KtPlan) plan = edit_plan (fixture->files, "7001", "planned");
  gint64 id = 0;
  edit_control.fail_call = "verify b";
  g_assert_false (kt_runner_apply (&fixture->runner, plan, &id, NULL));
  edit_control.fail_call = NULL;
  g_autoptr (KtChange) change = kt_journal_load (fixture->state, id, &error);
  g_assert_cmpstr (change->reason, ==, "step 2 of 3 (write b): verify b fails: told to");
  const KtChangeStep *steps[3];
  for (guint i = 0; i < 3; i++)
    steps[i] = g_ptr_array_index (change->steps, i);
  g_assert_null (steps[0]->error);
  g_assert_cmpstr (steps[1]->error, ==, change->reason);
  g_assert_cmpint (steps[0]->state, ==, KT_STEP_UNDONE);
  g_assert_cmpint (steps[1]->state, ==, KT_STEP_UNDONE);
  g_assert_cmpint (steps[2]->state, ==, KT_STEP_PLANNED);
}

static void
test_events (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  gint64 id = apply (fixture, "7001", "planned");
  g_assert_true (kt_runner_undo (&fixture->runner, id, &error));
  g_autoptr (JsonArray) events = kt_journal_events (fixture->state, id, &error);
  g_assert_no_error (error);
  g_autoptr (GString) story = g_string_new (NULL);
  for (guint i = 0; i < json_array_get_length (events); i++)
    {
      JsonObject *event = json_array_get_object_element (events, i);
      g_string_append_printf (story, "%s%d ", kt_json_string (event, "event", ""), (int) kt_json_int (event, "step", 0));
    }
  g_assert_cmpstr (story->str, ==,
                   "running0 applying1 applied1 applying2 applied2 applying3 applied3 applied0 "
                   "undoing0 undoing3 undone3 undoing2 undone2 undoing1 undone1 undone0 ");
  JsonObject *asked = json_array_get_object_element (events, 8);
  g_assert_cmpstr (kt_json_string (asked, "text", ""), ==, "undone by tester");
  g_assert_cmpstr (kt_json_string (asked, "actor", ""), ==, "tester");
}

/* What was there before is passed over; then each event comes once, of whatever change set it is. */
static void
test_events_after (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  apply (fixture, "7001", "before");
  gint64 after = -1;
  g_autoptr (JsonArray) old = kt_journal_events_after (fixture->state, &after, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (json_array_get_length (old), ==, 0);
  gint64 id = apply (fixture, "7002", "planned");
  g_autoptr (JsonArray) news = kt_journal_events_after (fixture->state, &after, &error);
  g_autoptr (JsonArray) all = kt_journal_events (fixture->state, id, &error);
  g_assert_cmpuint (json_array_get_length (news), ==, json_array_get_length (all));
  g_assert_cmpint (kt_json_int (json_array_get_object_element (news, 0), "change", 0), ==, id);
  g_autoptr (JsonArray) none = kt_journal_events_after (fixture->state, &after, &error);
  g_assert_cmpuint (json_array_get_length (none), ==, 0);
}

static void
test_list (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  gint64 first = apply (fixture, "7001", "one"), other = apply (fixture, "7002", "two"), last = apply (fixture, "7001", "three");
  g_assert_true (kt_runner_undo (&fixture->runner, last, &error));
  g_autoptr (GPtrArray) all = kt_journal_list (fixture->state, NULL, &error);
  g_autoptr (GPtrArray) mine = kt_journal_list (fixture->state, "7001", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (all->len, ==, 3);
  g_assert_cmpuint (mine->len, ==, 2);
  g_assert_cmpint (((KtChange *) g_ptr_array_index (all, 0))->id, ==, last);
  g_assert_cmpint (((KtChange *) g_ptr_array_index (all, 1))->id, ==, other);
  g_assert_cmpint (((KtChange *) g_ptr_array_index (mine, 1))->id, ==, first);

  g_autoptr (KtChange) applied = kt_journal_newest (fixture->state, "7001", 1u << KT_CHANGE_APPLIED, &error);
  g_assert_cmpint (applied->id, ==, first);
  g_assert_null (kt_journal_newest (fixture->state, "7001", 1u << KT_CHANGE_STUCK, &error));
  g_assert_no_error (error);
  g_assert_null (kt_journal_load (fixture->state, 99, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_null (kt_journal_load (fixture->state, 0, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_NOT_FOUND);
}

static void
test_newer_version (Fixture *fixture, gconstpointer data)
{
  run_sql (fixture, "UPDATE schema_step SET step = 99 WHERE room = 'change'");
  g_autoptr (GError) error = NULL;
  g_autoptr (KtPlan) plan = edit_plan (fixture->files, "7001", "planned");
  guint changed;
  g_assert_false (kt_runner_apply (&fixture->runner, plan, NULL, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_STATE);
  g_assert_nonnull (strstr (error->message, "newer kastune"));
  g_clear_error (&error);
  g_assert_false (kt_runner_recover (&fixture->runner, &changed, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_STATE);
  g_autofree char *found = edit_look (fixture->files);
  g_assert_cmpstr (found, ==, EDIT_BEFORE);
}

/* What somebody or something altered in the journal is not written into files. */
static const char *const alterations[] = {
  "UPDATE step SET before = replace(before, 'before', 'forged') WHERE position = 1",
  "UPDATE step SET args = replace(args, '/a', '/z') WHERE position = 1",
  "UPDATE step SET state = 'half' WHERE position = 2",
  "UPDATE change_set SET state = 'half'",
};

static void
test_altered (Fixture *fixture, gconstpointer data)
{
  gint64 id = apply (fixture, "7001", "planned");
  for (guint i = 0; i < G_N_ELEMENTS (alterations); i++)
    {
      g_autoptr (GError) error = NULL;
      run_sql (fixture, "SAVEPOINT whole");
      run_sql (fixture, alterations[i]);
      g_assert_false (kt_runner_undo (&fixture->runner, id, &error));
      g_assert_error (error, KT_ERROR, KT_ERROR_STATE);
      g_assert_nonnull (strstr (kt_error_hint (error), ".damaged"));
      run_sql (fixture, "ROLLBACK TO whole");
      run_sql (fixture, "RELEASE whole");
    }
  g_autofree char *found = edit_look (fixture->files);
  g_assert_cmpstr (found, ==, EDIT_PLANNED);
  g_assert_true (kt_runner_undo (&fixture->runner, id, NULL));
}

/* A record that SQLite refuses for whatever reason ends the apply, and what follows is recorded all the same. */
static void
test_refused_record (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KtPlan) plan = edit_plan (fixture->files, "7001", "planned");
  run_sql (fixture, "CREATE TRIGGER refuse BEFORE INSERT ON event WHEN new.event = 'applied' AND new.position = 2"
                    " BEGIN SELECT RAISE(ABORT, 'refused'); END");
  gint64 id = 0;
  g_assert_false (kt_runner_apply (&fixture->runner, plan, &id, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_STATE);
  g_assert_true (g_str_has_prefix (error->message, "undone, the system is as before: step 2 of 3"));
  g_clear_error (&error);
  g_autoptr (KtChange) change = kt_journal_load (fixture->state, id, &error);
  g_assert_no_error (error);
  g_assert_cmpint (change->state, ==, KT_CHANGE_UNDONE);
  g_autofree char *found = edit_look (fixture->files);
  g_assert_cmpstr (found, ==, EDIT_BEFORE);
}

/* Overwrites every page of the file but the first, one after the other: always found, also where the apply never looks. */
static void
test_damaged_file (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < 12; i++)
    apply (fixture, "7001", "planned");
  g_autofree char *path = g_build_filename (fixture->root, "state.db", NULL);
  g_autofree char *whole = NULL;
  gsize length;
  guint refused = 0;
  g_clear_pointer (&fixture->state, kt_state_free);
  g_assert_true (g_file_get_contents (path, &whole, &length, NULL));
  g_assert_cmpuint (length, >, 5 * 4096);
  for (gsize page = 4096; page < length; page += 4096)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *damaged = g_memdup2 (whole, length);
      memset (damaged + page, 0x5a, 4096);
      g_assert_true (g_file_set_contents (path, damaged, (gssize) length, NULL));
      fixture->state = kt_state_open (fixture->root, &error);
      fixture->runner.state = fixture->state;
      g_autoptr (KtPlan) plan = edit_plan (fixture->files, "7003", "damaged");
      g_autofree char *before = edit_look (fixture->files);
      if (fixture->state == NULL || !kt_runner_apply (&fixture->runner, plan, NULL, &error))
        {
          g_autofree char *after = edit_look (fixture->files);
          g_assert_cmpstr (after, ==, before);
          g_assert_error (error, KT_ERROR, KT_ERROR_STATE);
          refused++;
        }
      g_clear_pointer (&fixture->state, kt_state_free);
    }
  g_test_message ("%u of %u damaged pages were found", refused, (guint) (length / 4096 - 1));
  g_assert_cmpuint (refused, ==, length / 4096 - 1);
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *path;
    void (*test) (Fixture *fixture, gconstpointer data);
  } rows[] = {
    { "/change/journal/json-holds-everything", test_json },
    { "/change/journal/failed-step-says-why", test_failed_step_says_why },
    { "/change/journal/events-tell-the-story-in-order", test_events },
    { "/change/journal/events-after-one-come-once", test_events_after },
    { "/change/journal/list-is-newest-first", test_list },
    { "/change/journal/newer-version-is-refused", test_newer_version },
    { "/change/journal/altered-rows-are-refused", test_altered },
    { "/change/journal/refused-record-undoes", test_refused_record },
    { "/change/journal/damaged-pages-are-found-before-anything-is-changed", test_damaged_file },
  };
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    g_test_add (rows[i].path, Fixture, NULL, set_up, rows[i].test, tear_down);
  return g_test_run ();
}
