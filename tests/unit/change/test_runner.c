/* SPDX-License-Identifier: MIT */
#include "change/lock.h"
#include "edit_step.h"

#include <unistd.h>

typedef struct {
  char *root, *files;
  KtState *state;
  KtPlan *plan;
  KtRunner runner;
  GString *told;
  GCancellable *cancellable;
  const char *cancel_at; /* "applying 2" */
} Fixture;

static void
note_event (gpointer watcher, const KtChange *change, const KtChangeStep *step, const char *event)
{
  Fixture *fixture = watcher;
  g_autofree char *word = step != NULL ? g_strdup_printf ("%s %d", event, (int) step->id) : g_strdup (event);
  g_string_append_printf (fixture->told, "%s%s", fixture->told->len > 0 ? ", " : "", word);
  if (g_strcmp0 (word, fixture->cancel_at) == 0)
    g_cancellable_cancel (fixture->cancellable);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  fixture->root = g_dir_make_tmp ("kastune-runner-XXXXXX", &error);
  g_assert_no_error (error);
  fixture->files = g_build_filename (fixture->root, "files", NULL);
  edit_make_files (fixture->files);
  g_autofree char *folder = g_build_filename (fixture->root, "state", NULL);
  fixture->state = kt_state_open (folder, &error);
  g_assert_no_error (error);
  g_assert_true (kt_journal_init (fixture->state, &error));
  fixture->plan = edit_plan (fixture->files, "7001", "planned");
  fixture->told = g_string_new (NULL);
  fixture->cancellable = g_cancellable_new ();
  fixture->runner = (KtRunner){ .state = fixture->state,
                                .kinds = edit_kinds,
                                .actor = "tester",
                                .cancellable = fixture->cancellable,
                                .watch = note_event,
                                .watcher = fixture };
  edit_control = (EditControl){ .calls = g_string_new (NULL) };
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_string_free (edit_control.calls, TRUE);
  edit_control = (EditControl){ 0 };
  kt_plan_free (fixture->plan);
  kt_state_free (fixture->state);
  edit_remove_tree (fixture->root);
  g_free (fixture->root);
  g_free (fixture->files);
  g_string_free (fixture->told, TRUE);
  g_object_unref (fixture->cancellable);
}

static void
assert_files (Fixture *fixture, const char *expected)
{
  g_autofree char *found = edit_look (fixture->files);
  g_assert_cmpstr (found, ==, expected);
}

static void
assert_state (Fixture *fixture, gint64 id, KtChangeState expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KtChange) change = kt_journal_load (fixture->state, id, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (kt_change_state_name (change->state), ==, kt_change_state_name (expected));
}

static void
assert_says (const GError *error, KtErrorCode code, const char *words)
{
  g_assert_error (error, KT_ERROR, (int) code);
  if (strstr (error->message, words) == NULL)
    g_test_message ("'%s' does not say '%s'", error->message, words);
  g_assert_nonnull (strstr (error->message, words));
}

static gint64
apply (Fixture *fixture, KtPlan *plan)
{
  g_autoptr (GError) error = NULL;
  gint64 id = 0;
  g_assert_true (kt_runner_apply (&fixture->runner, plan, &id, &error));
  g_assert_no_error (error);
  g_assert_cmpint (id, >, 0);
  return id;
}

static void
test_order (Fixture *fixture, gconstpointer data)
{
  gint64 id = apply (fixture, fixture->plan);
  g_assert_cmpstr (edit_control.calls->str, ==,
                   "check a, check b, check c, prepare a, apply a, verify a, prepare b, apply b, verify b, prepare c, apply c, verify c");
  g_assert_cmpstr (fixture->told->str, ==,
                   "running, applying 1, verifying 1, applied 1, applying 2, verifying 2, applied 2, applying 3, verifying 3, applied 3, applied");
  assert_files (fixture, EDIT_PLANNED);
  assert_state (fixture, id, KT_CHANGE_APPLIED);

  g_string_truncate (edit_control.calls, 0);
  g_string_truncate (fixture->told, 0);
  g_autoptr (GError) error = NULL;
  g_assert_true (kt_runner_undo (&fixture->runner, id, &error));
  g_assert_cmpstr (edit_control.calls->str, ==, "can_undo c, can_undo b, can_undo a, undo c, undo b, undo a");
  g_assert_cmpstr (fixture->told->str, ==, "undoing, undoing 3, undone 3, undoing 2, undone 2, undoing 1, undone 1, undone");
  assert_files (fixture, EDIT_BEFORE);
  assert_state (fixture, id, KT_CHANGE_UNDONE);
  g_assert_false (kt_runner_undo (&fixture->runner, id, &error));
  assert_says (error, KT_ERROR_REFUSED, "already undone");
}

/* One step fails in one of its functions; the rest of the row says where things stand after it. */
typedef struct {
  const char *function;
  gboolean journaled;
  const char *first_says; /* what the error says when it is the first step */
  const char *later_says;
} FailureRow;

static const FailureRow failures[] = {
  { "check", FALSE, "nothing was changed: step 1 of 3 (write a): check a fails", "nothing was changed: step" },
  { "prepare", TRUE, "nothing was changed: step 1 of 3 (write a): prepare a fails", "undone, the system is as before: step" },
  { "apply", TRUE, "undone, the system is as before: step 1 of 3 (write a): apply a fails", "undone, the system is as before: step" },
  { "verify", TRUE, "undone, the system is as before: step 1 of 3 (write a): verify a fails", "undone, the system is as before: step" },
};

static void
fail_once (Fixture *fixture, const FailureRow *row, char file)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *call = g_strdup_printf ("%s %c", row->function, file);
  edit_control.fail_call = call;
  gint64 id = 0;
  g_assert_false (kt_runner_apply (&fixture->runner, fixture->plan, &id, &error));
  edit_control.fail_call = NULL;
  assert_says (error, KT_ERROR_TIMEOUT, file == 'a' ? row->first_says : row->later_says);
  assert_says (error, KT_ERROR_TIMEOUT, call);
  g_assert_cmpstr (kt_error_detail (error), ==, "told to");
  assert_files (fixture, EDIT_BEFORE);
  g_assert_cmpint (id != 0, ==, row->journaled);
  if (!row->journaled)
    return;
  g_clear_error (&error);
  g_autoptr (KtChange) change = kt_journal_load (fixture->state, id, &error);
  g_assert_no_error (error);
  g_assert_cmpint (change->state, ==, KT_CHANGE_UNDONE);
  g_assert_nonnull (strstr (change->reason, call));
}

static void
test_failures (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (failures); i++)
    for (char file = 'a'; file <= 'c'; file++)
      fail_once (fixture, &failures[i], file);
  apply (fixture, fixture->plan);
  assert_files (fixture, EDIT_PLANNED);
}

static void
test_can_undo_refuses (Fixture *fixture, gconstpointer data)
{
  gint64 id = apply (fixture, fixture->plan);
  for (char file = 'a'; file <= 'c'; file++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *call = g_strdup_printf ("can_undo %c", file);
      edit_control.fail_call = call;
      g_assert_false (kt_runner_undo (&fixture->runner, id, &error));
      assert_says (error, KT_ERROR_TIMEOUT, "nothing was changed: step");
      assert_files (fixture, EDIT_PLANNED);
      assert_state (fixture, id, KT_CHANGE_APPLIED);
    }
}

static void
test_changed_by_somebody (Fixture *fixture, gconstpointer data)
{
  gint64 id = apply (fixture, fixture->plan);
  g_autofree char *path = g_build_filename (fixture->files, "b", NULL);
  g_assert_true (g_file_set_contents (path, "mine", -1, NULL));
  g_autoptr (GError) error = NULL;
  g_assert_false (kt_runner_undo (&fixture->runner, id, &error));
  assert_says (error, KT_ERROR_CHANGED, "somebody changed");
  assert_files (fixture, "a.twin=planned a=planned b.twin=planned b=mine c.twin=planned c=planned");
  assert_state (fixture, id, KT_CHANGE_APPLIED);
}

/* Step c fails, then the undo of @file as well: stuck, nothing else may begin, and later it is finished. */
static void
stick (Fixture *fixture, const char *undo_call, gboolean by_undo)
{
  g_autoptr (GError) error = NULL;
  gint64 id = 0;
  edit_control.fail_call = "apply c";
  edit_control.fail_too = undo_call;
  g_assert_false (kt_runner_apply (&fixture->runner, fixture->plan, &id, &error));
  assert_says (error, KT_ERROR_TIMEOUT, "is stuck between before and after: step");
  assert_says (error, KT_ERROR_TIMEOUT, "apply c fails");
  assert_says (error, KT_ERROR_TIMEOUT, undo_call);
  g_autofree char *command = g_strdup_printf ("do it by hand; remove the cause, then: kastune undo %d", (int) id);
  g_assert_cmpstr (kt_error_hint (error), ==, command);
  assert_state (fixture, id, KT_CHANGE_STUCK);

  g_clear_error (&error);
  edit_control.fail_call = NULL;
  g_assert_false (kt_runner_apply (&fixture->runner, fixture->plan, NULL, &error));
  assert_says (error, KT_ERROR_REFUSED, "is not finished: stuck");
  g_clear_error (&error);
  guint changed;
  g_assert_false (kt_runner_recover (&fixture->runner, &changed, &error));
  assert_says (error, KT_ERROR_TIMEOUT, undo_call);
  g_assert_cmpuint (changed, ==, 0);

  g_clear_error (&error);
  edit_control.fail_too = NULL;
  if (by_undo)
    g_assert_true (kt_runner_undo (&fixture->runner, id, &error));
  else
    g_assert_true (kt_runner_recover (&fixture->runner, &changed, &error) && changed == 1);
  assert_state (fixture, id, KT_CHANGE_UNDONE);
  assert_files (fixture, EDIT_BEFORE);
}

static void
test_stuck (Fixture *fixture, gconstpointer data)
{
  stick (fixture, "undo a", TRUE);
  stick (fixture, "undo b", FALSE);
  stick (fixture, "undo c", TRUE);
}

static void
test_stuck_undo (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  gint64 id = apply (fixture, fixture->plan);
  edit_control.fail_call = "undo b";
  g_assert_false (kt_runner_undo (&fixture->runner, id, &error));
  assert_says (error, KT_ERROR_TIMEOUT, "could not be undone: undo b fails");
  assert_state (fixture, id, KT_CHANGE_STUCK);
  edit_control.fail_call = NULL;
  g_clear_error (&error);
  g_assert_true (kt_runner_undo (&fixture->runner, id, &error));
  assert_state (fixture, id, KT_CHANGE_UNDONE);
  assert_files (fixture, EDIT_BEFORE);
}

/* Each place where a cancel may arrive, and what had been told by then. */
static const struct {
  const char *cancel_at, *not_told;
} cancels[] = {
  { "running", "applying 1" }, { "applying 2", "applied 2" }, { "applied 2", "applying 3" }, { "applying 3", "applied 3" },
};

static void
test_cancel (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (cancels); i++)
    {
      g_autoptr (GError) error = NULL;
      gint64 id = 0;
      fixture->cancel_at = cancels[i].cancel_at;
      g_assert_false (kt_runner_apply (&fixture->runner, fixture->plan, &id, &error));
      assert_says (error, KT_ERROR_INTERRUPTED, ": interrupted");
      g_assert_nonnull (strstr (fixture->told->str, cancels[i].cancel_at));
      g_assert_null (strstr (fixture->told->str, cancels[i].not_told));
      assert_files (fixture, EDIT_BEFORE);
      assert_state (fixture, id, KT_CHANGE_UNDONE);
      g_cancellable_reset (fixture->cancellable);
      g_string_truncate (fixture->told, 0);
    }
}

static void
test_cancelled_undo_is_finished (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  gint64 id = apply (fixture, fixture->plan);
  fixture->cancel_at = "undone 3";
  g_assert_true (kt_runner_undo (&fixture->runner, id, &error));
  g_assert_true (g_cancellable_is_cancelled (fixture->cancellable));
  assert_files (fixture, EDIT_BEFORE);
}

static void
test_older (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KtPlan) second = edit_plan (fixture->files, "7001", "newer");
  g_autoptr (KtPlan) elsewhere = kt_plan_new ("another server", "7002", "another");
  edit_add_step (elsewhere, fixture->root, "elsewhere", "planned");
  gint64 older = apply (fixture, fixture->plan), newer = apply (fixture, second);
  apply (fixture, elsewhere);

  /* A clock that jumped: the older one claims to be from the far future. */
  g_assert_true (kt_state_run (fixture->state, &error, "UPDATE change_set SET created_at = created_at * 2 WHERE id = ?", "i", older));
  g_assert_false (kt_runner_undo (&fixture->runner, older, &error));
  g_autofree char *words = g_strdup_printf ("before the newer change set %d (edit three files, applied)", (int) newer);
  g_autofree char *command = g_strdup_printf ("kastune undo %d", (int) newer);
  assert_says (error, KT_ERROR_REFUSED, words);
  g_assert_cmpstr (kt_error_hint (error), ==, command);
  g_assert_cmpstr (kt_error_detail (error), ==, "both change file a, file b, file c");
  g_clear_error (&error);

  g_assert_true (kt_runner_undo (&fixture->runner, newer, &error));
  assert_files (fixture, EDIT_PLANNED);
  g_assert_true (kt_runner_undo (&fixture->runner, older, &error));
  assert_files (fixture, EDIT_BEFORE);
}

static KtPlan *
plan_of_one (Fixture *fixture, const char *file, const char *text)
{
  KtPlan *plan = kt_plan_new ("edit one file", "7001", "server in test");
  edit_add_step (plan, fixture->files, file, text);
  return plan;
}

/* a, then b, then a again: b may go at any time, the first a only after the second. */
static void
test_older_that_nothing_depends_on (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KtPlan) a = plan_of_one (fixture, "a", "one"), b = plan_of_one (fixture, "b", "two"),
                     again = plan_of_one (fixture, "a", "three");
  gint64 first = apply (fixture, a), second = apply (fixture, b), third = apply (fixture, again);
  g_assert_false (kt_runner_undo (&fixture->runner, first, &error));
  assert_says (error, KT_ERROR_REFUSED, "before the newer change set 3 (edit one file, applied)");
  g_assert_cmpstr (kt_error_detail (error), ==, "both change file a");
  g_clear_error (&error);
  g_assert_true (kt_runner_undo (&fixture->runner, second, &error));
  assert_files (fixture, "a.twin=three a=three b=before");
  g_assert_true (kt_runner_undo (&fixture->runner, third, &error));
  g_assert_true (kt_runner_undo (&fixture->runner, first, &error));
  assert_files (fixture, EDIT_BEFORE);
}

static void
test_older_waits_for_an_unfinished_one (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KtPlan) a = plan_of_one (fixture, "a", "one"), b = plan_of_one (fixture, "b", "two");
  gint64 first = apply (fixture, a);
  b->confirm_within_ms = 3600000;
  gint64 second = apply (fixture, b);
  g_assert_false (kt_runner_undo (&fixture->runner, first, &error));
  assert_says (error, KT_ERROR_REFUSED, "before the newer change set 2 (edit one file, waiting)");
  g_clear_error (&error);
  g_assert_true (kt_runner_confirm (&fixture->runner, second, &error));
  g_assert_true (kt_runner_undo (&fixture->runner, first, &error));
  assert_state (fixture, second, KT_CHANGE_APPLIED);
}

static void
test_two_at_once (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  gint64 id = apply (fixture, fixture->plan);
  g_assert_true (kt_state_run (fixture->state, &error, "UPDATE change_set SET state = 'running'", NULL));
  g_autoptr (KtLock) held = kt_lock_take (kt_state_directory (fixture->state), "7001", &error);
  g_assert_no_error (error);

  g_autofree char *holder = g_strdup_printf ("(process %d, since 2", (int) getpid ());
  g_assert_false (kt_runner_apply (&fixture->runner, fixture->plan, NULL, &error));
  assert_says (error, KT_ERROR_REFUSED, holder);
  g_clear_error (&error);
  g_assert_false (kt_runner_undo (&fixture->runner, id, &error));
  assert_says (error, KT_ERROR_REFUSED, holder);
  g_clear_error (&error);
  guint changed = 1;
  g_assert_true (kt_runner_recover (&fixture->runner, &changed, &error));
  g_assert_cmpuint (changed, ==, 0);
  assert_files (fixture, EDIT_PLANNED);

  g_clear_pointer (&held, kt_lock_release);
  g_assert_true (kt_runner_recover (&fixture->runner, &changed, &error));
  g_assert_cmpuint (changed, ==, 1);
  assert_files (fixture, EDIT_BEFORE);
}

static void
say_in_journal (Fixture *fixture, const char *sql)
{
  g_autoptr (GError) error = NULL;
  g_assert_true (kt_state_run (fixture->state, &error, sql, NULL));
  g_assert_no_error (error);
}

/* As a full disk leaves it: gone back, and the journal knows nothing of that. */
static void
test_resume_does_again_what_only_the_journal_calls_applied (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  gint64 id = apply (fixture, fixture->plan);
  say_in_journal (fixture, "UPDATE change_set SET state = 'running'");
  say_in_journal (fixture, "UPDATE step SET state = 'applying' WHERE position = 3");
  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *path = g_build_filename (fixture->files, edit_files[i], NULL);
      g_assert_true (g_file_set_contents (path, "before", -1, NULL));
    }
  g_assert_true (kt_runner_resume (&fixture->runner, id, &error));
  g_assert_no_error (error);
  assert_files (fixture, EDIT_PLANNED);
  assert_state (fixture, id, KT_CHANGE_APPLIED);
  g_assert_true (kt_runner_undo (&fixture->runner, id, &error));
  assert_files (fixture, EDIT_BEFORE);
}

static void
test_scheduled_does_not_begin_on_top_of_a_stuck_one (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KtPlan) later = edit_plan (fixture->files, "7001", "later");
  apply (fixture, fixture->plan);
  later->window = g_memdup2 (&(KtWindow){ .idle = TRUE }, sizeof (KtWindow));
  gint64 id = apply (fixture, later);
  say_in_journal (fixture, "UPDATE change_set SET state = 'stuck' WHERE state = 'applied'");
  g_assert_false (kt_runner_begin (&fixture->runner, id, &error));
  assert_says (error, KT_ERROR_REFUSED, "change set 1 is stuck");
  assert_files (fixture, EDIT_PLANNED);
  assert_state (fixture, id, KT_CHANGE_SCHEDULED);
}

static void
test_unknown_kind (Fixture *fixture, gconstpointer data)
{
  static const KtStepKind *const none[] = { NULL };
  g_autoptr (GError) error = NULL;
  fixture->runner.kinds = none;
  g_assert_false (kt_runner_apply (&fixture->runner, fixture->plan, NULL, &error));
  assert_says (error, KT_ERROR_UNSUPPORTED, "of the kind edit");
  g_clear_error (&error);

  fixture->runner.kinds = edit_kinds;
  gint64 id = apply (fixture, fixture->plan);
  fixture->runner.kinds = none;
  g_assert_false (kt_runner_undo (&fixture->runner, id, &error));
  assert_says (error, KT_ERROR_UNSUPPORTED, "nothing was changed");
  assert_state (fixture, id, KT_CHANGE_APPLIED);
}

static void
test_refusals (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KtPlan) empty = kt_plan_new ("nothing", "7001", "server");
  g_assert_false (kt_runner_apply (&fixture->runner, empty, NULL, &error));
  assert_says (error, KT_ERROR_REFUSED, "no steps");
  g_clear_error (&error);
  g_assert_false (kt_runner_undo (&fixture->runner, 99, &error));
  assert_says (error, KT_ERROR_NOT_FOUND, "no change set 99");
  g_clear_error (&error);
  guint changed = 1;
  g_assert_true (kt_runner_recover (&fixture->runner, &changed, &error));
  g_assert_cmpuint (changed, ==, 0);
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *path;
    void (*test) (Fixture *fixture, gconstpointer data);
  } rows[] = {
    { "/change/runner/steps-run-in-order-and-back-in-reverse", test_order },
    { "/change/runner/any-function-failing-at-any-step-leaves-it-as-before", test_failures },
    { "/change/runner/can-undo-is-asked-before-anything-is-undone", test_can_undo_refuses },
    { "/change/runner/what-somebody-else-changed-is-not-undone", test_changed_by_somebody },
    { "/change/runner/failed-undo-is-stuck-until-repaired", test_stuck },
    { "/change/runner/asked-undo-can-be-stuck-and-repaired", test_stuck_undo },
    { "/change/runner/cancel-undoes", test_cancel },
    { "/change/runner/undo-cannot-be-cancelled", test_cancelled_undo_is_finished },
    { "/change/runner/older-is-refused-naming-the-newer", test_older },
    { "/change/runner/older-goes-when-nothing-depends-on-it", test_older_that_nothing_depends_on },
    { "/change/runner/older-waits-for-an-unfinished-newer", test_older_waits_for_an_unfinished_one },
    { "/change/runner/second-kastune-is-refused-naming-the-first", test_two_at_once },
    { "/change/runner/resume-does-again-what-only-the-journal-calls-applied", test_resume_does_again_what_only_the_journal_calls_applied },
    { "/change/runner/scheduled-does-not-begin-on-top-of-a-stuck-one", test_scheduled_does_not_begin_on_top_of_a_stuck_one },
    { "/change/runner/unknown-kind-changes-nothing", test_unknown_kind },
    { "/change/runner/refusals", test_refusals },
  };
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    g_test_add (rows[i].path, Fixture, NULL, set_up, rows[i].test, tear_down);
  return g_test_run ();
}
