/* SPDX-License-Identifier: MIT
 *
 * Confirm or go back. Time is made to pass by editing the journal, not by waiting for it.
 */
#include "change/lock.h"
#include "edit_step.h"

typedef struct {
  char *root, *files;
  KtState *state;
  KtPlan *plan;
  KtRunner runner;
  KtAnswer answer;
  guint asked;
  GString *told;
  const char *during; /* done to the journal by somebody else while it waits: SQL */
} Fixture;

static void
note_event (gpointer watcher, const KtChange *change, const KtChangeStep *step, const char *event)
{
  Fixture *fixture = watcher;
  if (step == NULL)
    g_string_append_printf (fixture->told, "%s%s", fixture->told->len > 0 ? ", " : "", event);
}

static KtAnswer
give_answer (gpointer watcher)
{
  Fixture *fixture = watcher;
  fixture->asked++;
  if (fixture->during != NULL)
    g_assert_true (kt_state_run (fixture->state, NULL, fixture->during, NULL));
  if (fixture->answer == KT_ANSWER_NONE && fixture->during == NULL)
    g_cancellable_cancel (fixture->runner.cancellable);
  return fixture->answer;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  fixture->root = g_dir_make_tmp ("kastune-wait-XXXXXX", &error);
  g_assert_no_error (error);
  fixture->files = g_build_filename (fixture->root, "files", NULL);
  edit_make_files (fixture->files);
  g_autofree char *folder = g_build_filename (fixture->root, "state", NULL);
  fixture->state = kt_state_open (folder, &error);
  g_assert_no_error (error);
  fixture->plan = edit_plan (fixture->files, "7001", "planned");
  fixture->plan->confirm_within_ms = 3600000;
  fixture->told = g_string_new (NULL);
  fixture->runner = (KtRunner){ .state = fixture->state,
                                .kinds = edit_kinds,
                                .actor = "tester",
                                .cancellable = g_cancellable_new (),
                                .watch = note_event,
                                .answer = give_answer,
                                .watcher = fixture };
  edit_control = (EditControl){ 0 };
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  edit_control = (EditControl){ 0 };
  g_object_unref (fixture->runner.cancellable);
  g_string_free (fixture->told, TRUE);
  kt_plan_free (fixture->plan);
  kt_state_free (fixture->state);
  edit_remove_tree (fixture->root);
  g_free (fixture->root);
  g_free (fixture->files);
}

#define OVER "UPDATE change_set SET confirm_within = 1, waiting_boot = '', waiting_since = 1"

static gint64
apply (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  gint64 id = 0;
  g_assert_true (kt_runner_apply (&fixture->runner, fixture->plan, &id, &error));
  g_assert_no_error (error);
  return id;
}

static void
let_time_pass (Fixture *fixture)
{
  g_assert_true (kt_state_run (fixture->state, NULL, OVER, NULL));
}

static void
assert_stands (Fixture *fixture, gint64 id, KtChangeState expected, const char *files)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KtChange) change = kt_journal_load (fixture->state, id, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (kt_change_state_name (change->state), ==, kt_change_state_name (expected));
  g_autofree char *found = edit_look (fixture->files);
  g_assert_cmpstr (found, ==, files);
}

static void
assert_says (const GError *error, KtErrorCode code, const char *words)
{
  g_assert_error (error, KT_ERROR, (int) code);
  if (strstr (error->message, words) == NULL)
    g_test_message ("'%s' does not say '%s'", error->message, words);
  g_assert_nonnull (strstr (error->message, words));
}

static void
test_confirmed (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  gint64 id = apply (fixture);
  g_assert_cmpstr (fixture->told->str, ==, "running, waiting");
  assert_stands (fixture, id, KT_CHANGE_WAITING, EDIT_PLANNED);
  g_autoptr (KtChange) change = kt_journal_load (fixture->state, id, &error);
  g_autoptr (JsonObject) object = kt_change_to_json (change);
  g_assert_cmpint (kt_json_int (object, "confirm_within_ms", 0), ==, 3600000);
  g_assert_cmpint (kt_json_int (object, "confirm_left_ms", 0), >, 0);
  g_assert_cmpint (change->ended_at, ==, 0);

  edit_control.calls = g_string_new (NULL);
  g_assert_true (kt_runner_confirm (&fixture->runner, id, &error));
  g_assert_cmpstr (edit_control.calls->str, ==, "verify a, verify b, verify c");
  g_string_free (g_steal_pointer (&edit_control.calls), TRUE);
  assert_stands (fixture, id, KT_CHANGE_APPLIED, EDIT_PLANNED);
  g_assert_false (kt_runner_confirm (&fixture->runner, id, &error));
  assert_says (error, KT_ERROR_REFUSED, "does not wait to be confirmed: it is applied");
}

static void
test_not_confirmed_when_a_step_does_not_verify (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  gint64 id = apply (fixture);
  edit_control.fail_call = "verify b";
  g_assert_false (kt_runner_confirm (&fixture->runner, id, &error));
  assert_says (error, KT_ERROR_TIMEOUT, "not confirmed, it goes back when its time is over: step 2 of 3 (write b): verify b fails");
  edit_control.fail_call = NULL;
  assert_stands (fixture, id, KT_CHANGE_WAITING, EDIT_PLANNED);
  g_clear_error (&error);
  g_assert_true (kt_runner_confirm (&fixture->runner, id, &error));
  assert_stands (fixture, id, KT_CHANGE_APPLIED, EDIT_PLANNED);
}

static void
test_too_late (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  gint64 id = apply (fixture);
  let_time_pass (fixture);
  g_assert_false (kt_runner_confirm (&fixture->runner, id, &error));
  assert_says (error, KT_ERROR_TIMEOUT, "was not confirmed within 1 ms: undone");
  assert_stands (fixture, id, KT_CHANGE_UNDONE, EDIT_BEFORE);
}

static void
test_nothing_else_begins (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  gint64 id = apply (fixture);
  g_assert_false (kt_runner_apply (&fixture->runner, fixture->plan, NULL, &error));
  assert_says (error, KT_ERROR_REFUSED, "is not finished: waiting");
  g_assert_cmpstr (kt_error_hint (error), ==, "kastune confirm 1 keeps it, kastune undo 1 goes back");
  assert_stands (fixture, id, KT_CHANGE_WAITING, EDIT_PLANNED);
}

static void
test_recover_respects_the_time (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  guint changed = 1;
  gint64 id = apply (fixture);
  g_assert_true (kt_runner_recover (&fixture->runner, &changed, &error) && changed == 0);
  g_assert_true (kt_runner_expire (&fixture->runner, &changed, &error) && changed == 0);
  assert_stands (fixture, id, KT_CHANGE_WAITING, EDIT_PLANNED);
  let_time_pass (fixture);
  g_assert_true (kt_runner_expire (&fixture->runner, &changed, &error) && changed == 1);
  assert_stands (fixture, id, KT_CHANGE_UNDONE, EDIT_BEFORE);
  g_autoptr (KtChange) change = kt_journal_load (fixture->state, id, &error);
  g_assert_cmpstr (change->reason, ==, "not confirmed within 1 ms");
}

static void
test_expire_leaves_a_crash_alone (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  guint changed = 1;
  gint64 id = apply (fixture);
  let_time_pass (fixture);
  g_assert_true (kt_state_run (fixture->state, &error, "UPDATE change_set SET state = 'running'", NULL));
  g_assert_true (kt_runner_expire (&fixture->runner, &changed, &error) && changed == 0);
  assert_stands (fixture, id, KT_CHANGE_RUNNING, EDIT_PLANNED);
}

static void
test_undo_before_its_time (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  gint64 id = apply (fixture);
  g_assert_true (kt_runner_undo (&fixture->runner, id, &error));
  assert_stands (fixture, id, KT_CHANGE_UNDONE, EDIT_BEFORE);
  g_autoptr (KtChange) change = kt_journal_load (fixture->state, id, &error);
  g_assert_cmpstr (change->reason, ==, "undone by tester");
}

/* --- waiting -------------------------------------------------------------------------------------------------------- */

static void
test_wait_goes_back (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  gint64 id = apply (fixture);
  fixture->during = OVER;
  g_assert_false (kt_runner_wait (&fixture->runner, id, &error));
  assert_says (error, KT_ERROR_TIMEOUT, "was not kept: undone, the system is as before");
  g_assert_cmpstr (kt_error_detail (error), ==, "not confirmed within 1 ms");
  assert_stands (fixture, id, KT_CHANGE_UNDONE, EDIT_BEFORE);
  g_assert_cmpuint (fixture->asked, ==, 1);
}

static void
test_wait_sees_the_confirmation_of_another (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  gint64 id = apply (fixture);
  fixture->during = "UPDATE change_set SET state = 'applied'";
  g_assert_true (kt_runner_wait (&fixture->runner, id, &error));
  assert_stands (fixture, id, KT_CHANGE_APPLIED, EDIT_PLANNED);
}

static void
test_wait_takes_yes (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  gint64 id = apply (fixture);
  fixture->answer = KT_ANSWER_KEEP;
  g_assert_true (kt_runner_wait (&fixture->runner, id, &error));
  assert_stands (fixture, id, KT_CHANGE_APPLIED, EDIT_PLANNED);
}

static void
test_wait_takes_no (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  gint64 id = apply (fixture);
  fixture->answer = KT_ANSWER_BACK;
  g_assert_false (kt_runner_wait (&fixture->runner, id, &error));
  assert_says (error, KT_ERROR_FAILED, "was not kept: undone");
  assert_stands (fixture, id, KT_CHANGE_UNDONE, EDIT_BEFORE);
}

static void
test_cancelled_wait_changes_nothing (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  gint64 id = apply (fixture);
  g_assert_false (kt_runner_wait (&fixture->runner, id, &error));
  assert_says (error, KT_ERROR_INTERRUPTED, "interrupted");
  assert_stands (fixture, id, KT_CHANGE_WAITING, EDIT_PLANNED);
}

static void
test_wait_says_when_it_is_stuck (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  gint64 id = apply (fixture);
  let_time_pass (fixture);
  edit_control.fail_call = "undo b";
  g_assert_false (kt_runner_wait (&fixture->runner, id, &error));
  assert_says (error, KT_ERROR_TIMEOUT, "is stuck between before and after");
  g_clear_error (&error);
  g_assert_false (kt_runner_wait (&fixture->runner, id, &error));
  assert_says (error, KT_ERROR_TIMEOUT, "was not kept: it is stuck");
}

/* The one who holds the lock may be confirming right now: then it is not undone below him. */
static void
test_holder_of_the_lock_is_left_alone (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  gint64 id = apply (fixture);
  let_time_pass (fixture);
  g_autoptr (KtLock) held = kt_lock_take (kt_state_directory (fixture->state), "7001", &error);
  g_assert_nonnull (held);
  guint changed = 0;
  g_assert_true (kt_runner_finish (&fixture->runner, id, &changed, &error));
  g_assert_cmpuint (changed, ==, 0);
  assert_stands (fixture, id, KT_CHANGE_WAITING, EDIT_PLANNED);
}

static gint64
schedule (Fixture *fixture, const KtWindow *window)
{
  fixture->plan->confirm_within_ms = 0;
  fixture->plan->window = g_memdup2 (window, sizeof *window);
  return apply (fixture);
}

static gboolean
note_asked (gpointer watcher, const KtChange *change)
{
  Fixture *fixture = watcher;
  return ++fixture->asked > 1;
}

static void
test_scheduled_begins_when_nobody_is_at_work (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  fixture->runner.idle = note_asked;
  gint64 id = schedule (fixture, &(KtWindow){ .idle = TRUE });
  assert_stands (fixture, id, KT_CHANGE_SCHEDULED, EDIT_BEFORE);
  guint changed = 0;
  g_assert_true (kt_runner_recover (&fixture->runner, &changed, &error));
  g_assert_cmpuint (changed, ==, 0);
  assert_stands (fixture, id, KT_CHANGE_SCHEDULED, EDIT_BEFORE);
  g_assert_true (kt_runner_wait (&fixture->runner, id, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (fixture->asked, ==, 6);
  assert_stands (fixture, id, KT_CHANGE_APPLIED, EDIT_PLANNED);
  g_assert_cmpstr (fixture->told->str, ==, "scheduled, running, applied");
}

static void
test_scheduled_is_in_the_way_until_it_is_undone (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  gint64 id = schedule (fixture, &(KtWindow){ .idle = TRUE });
  g_assert_false (kt_runner_apply (&fixture->runner, fixture->plan, NULL, &error));
  assert_says (error, KT_ERROR_REFUSED, "is not finished: scheduled");
  g_clear_error (&error);
  g_assert_true (kt_runner_undo (&fixture->runner, id, &error));
  assert_stands (fixture, id, KT_CHANGE_UNDONE, EDIT_BEFORE);
  g_assert_false (kt_runner_wait (&fixture->runner, id, &error));
  assert_says (error, KT_ERROR_FAILED, "was not kept");
}

static void
test_scheduled_that_cannot_be_done_any_more_is_off (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  gint64 id = schedule (fixture, &(KtWindow){ .idle = TRUE });
  edit_control.fail_call = "check b";
  g_assert_false (kt_runner_begin (&fixture->runner, id, &error));
  g_assert_nonnull (error);
  assert_stands (fixture, id, KT_CHANGE_UNDONE, EDIT_BEFORE);
}

static void
test_older_journal_is_upgraded (Fixture *fixture, gconstpointer data)
{
  static const char *const back[] = {
    "ALTER TABLE change_set DROP COLUMN confirm_within",     "ALTER TABLE change_set DROP COLUMN waiting_since",
    "ALTER TABLE change_set DROP COLUMN waiting_since_boot", "ALTER TABLE change_set DROP COLUMN waiting_boot",
    "ALTER TABLE change_set DROP COLUMN start_window",
    "UPDATE schema_step SET step = 1 WHERE room = 'change'",
  };
  g_autoptr (GError) error = NULL;
  fixture->plan->confirm_within_ms = 0;
  gint64 id = apply (fixture);
  for (guint i = 0; i < G_N_ELEMENTS (back); i++)
    g_assert_true (kt_state_run (fixture->state, &error, back[i], NULL));
  g_assert_true (kt_journal_init (fixture->state, &error));
  assert_stands (fixture, id, KT_CHANGE_APPLIED, EDIT_PLANNED);
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *path;
    void (*test) (Fixture *fixture, gconstpointer data);
  } rows[] = {
    { "/change/wait/confirmed-in-time-stays", test_confirmed },
    { "/change/wait/what-does-not-verify-is-not-confirmed", test_not_confirmed_when_a_step_does_not_verify },
    { "/change/wait/confirmation-too-late-undoes", test_too_late },
    { "/change/wait/nothing-else-begins-meanwhile", test_nothing_else_begins },
    { "/change/wait/recover-undoes-only-when-the-time-is-over", test_recover_respects_the_time },
    { "/change/wait/expire-leaves-a-crash-alone", test_expire_leaves_a_crash_alone },
    { "/change/wait/can-be-undone-before-its-time", test_undo_before_its_time },
    { "/change/wait/goes-back-at-the-end", test_wait_goes_back },
    { "/change/wait/sees-the-confirmation-of-another", test_wait_sees_the_confirmation_of_another },
    { "/change/wait/takes-yes", test_wait_takes_yes },
    { "/change/wait/takes-no", test_wait_takes_no },
    { "/change/wait/cancelled-changes-nothing", test_cancelled_wait_changes_nothing },
    { "/change/wait/says-when-it-is-stuck", test_wait_says_when_it_is_stuck },
    { "/change/wait/holder-of-the-lock-is-left-alone", test_holder_of_the_lock_is_left_alone },
    { "/change/wait/scheduled-begins-when-nobody-is-at-work", test_scheduled_begins_when_nobody_is_at_work },
    { "/change/wait/scheduled-is-in-the-way-until-it-is-undone", test_scheduled_is_in_the_way_until_it_is_undone },
    { "/change/wait/scheduled-that-cannot-be-done-any-more-is-off", test_scheduled_that_cannot_be_done_any_more_is_off },
    { "/change/wait/journal-of-an-older-kastune-is-upgraded", test_older_journal_is_upgraded },
  };
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    g_test_add (rows[i].path, Fixture, NULL, set_up, rows[i].test, tear_down);
  return g_test_run ();
}
