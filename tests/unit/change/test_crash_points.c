/* SPDX-License-Identifier: MIT
 *
 * kill -9 at every crash point of an apply, an undo, a confirmation, a wait and a recovery, one after the other. This
 * program starts itself as the kastune that is killed: `test_crash_points VERB FOLDER`.
 */
#include "base/run.h"
#include "edit_step.h"

#include <signal.h>
#include <stdlib.h>

#define KILLED (128 + SIGKILL)
#define MOST_POINTS 400

/* --- the kastune that is killed ----------------------------------------------------------------------------------- */

static gboolean
work_on_journal (const char *verb, const KtRunner *runner, GError **error)
{
  guint changed;
  if (g_str_equal (verb, "recover"))
    return kt_runner_recover (runner, &changed, error);
  if (g_str_equal (verb, "resume"))
    return kt_runner_resume (runner, 1, error);
  if (g_str_equal (verb, "undo"))
    return kt_runner_undo (runner, 1, error);
  if (g_str_equal (verb, "confirm"))
    return kt_runner_confirm (runner, 1, error);
  return kt_runner_wait (runner, 1, error);
}

/* Time is not waited for: "apply-overdue" leaves a change set that nobody can confirm any more. */
static const struct {
  const char *verb;
  gint64 confirm_within_ms;
  gboolean overdue;
  const char *fail_call;
  gboolean scheduled; /* for when nobody is at work, which is now */
} applies[] = {
  { "apply" }, { "fail", .fail_call = "verify c" }, { "apply-waiting", 3600000 }, { "apply-overdue", 3600000, TRUE },
  { "schedule", .scheduled = TRUE },
};

static gboolean
work_apply (guint row, KtRunner *runner, const char *files, GError **error)
{
  g_autoptr (KtPlan) plan = edit_plan (files, "7001", "planned");
  plan->confirm_within_ms = applies[row].confirm_within_ms;
  edit_control.fail_call = applies[row].fail_call;
  if (applies[row].scheduled)
    plan->window = g_memdup2 (&(KtWindow){ .idle = TRUE }, sizeof (KtWindow));
  return kt_runner_apply (runner, plan, NULL, error)
         && (!applies[row].overdue || kt_state_run (runner->state, error, "UPDATE change_set SET confirm_within = 1,"
                                                    " waiting_boot = '', waiting_since = 1", NULL));
}

static gboolean
work (const char *verb, const char *folder, GError **error)
{
  g_autofree char *files = g_build_filename (folder, "files", NULL);
  g_autofree char *place = g_build_filename (folder, "state", NULL);
  g_autoptr (KtState) state = kt_state_open (place, error);
  if (state == NULL)
    return FALSE;
  KtRunner runner = { .state = state, .kinds = edit_kinds, .actor = "test" };
  for (guint i = 0; i < G_N_ELEMENTS (applies); i++)
    if (g_str_equal (verb, applies[i].verb))
      return work_apply (i, &runner, files, error);
  return work_on_journal (verb, &runner, error);
}

static int
work_main (const char *verb, const char *folder)
{
  g_autoptr (GError) error = NULL;
  if (work (verb, folder, &error))
    return EXIT_SUCCESS;
  g_printerr ("%s\n", error->message);
  return EXIT_FAILURE;
}

/* --- the test ----------------------------------------------------------------------------------------------------- */

/* Runs @verb in its own process; @point 0: to its end. Returns the exit status. */
static int
run_self (const char *verb, const char *folder, guint point, const char *list)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *self = g_file_read_link ("/proc/self/exe", &error);
  g_assert_no_error (error);
  g_autofree char *at = g_strdup_printf ("KASTUNE_CRASH_AT=%u", point);
  g_autofree char *file = list != NULL ? g_strdup_printf ("KASTUNE_CRASH_LIST=%s", list) : NULL;
  g_auto (KtRunResult) result = { 0 };
  kt_run (&(KtRun){ .argv = (const char *[]){ self, verb, folder, NULL },
                    .env = (const char *[]){ at, file, NULL },
                    .deadline_ms = 60000,
                    .any_status = TRUE },
          &result, NULL, &error);
  g_assert_no_error (error);
  if (result.status != 0 && result.status != KILLED)
    g_test_message ("%s: status %d: %s", verb, result.status, result.diagnosis);
  return result.status;
}

static char *
make_case (void)
{
  g_autoptr (GError) error = NULL;
  char *folder = g_dir_make_tmp ("kastune-crash-XXXXXX", &error);
  g_assert_no_error (error);
  g_autofree char *files = g_build_filename (folder, "files", NULL);
  edit_make_files (files);
  return folder;
}

/* The files are wholly before or wholly planned, nothing else lies beside them, and the journal says which. */
static KtChangeState
assert_whole (const char *folder, guint point)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *files = g_build_filename (folder, "files", NULL);
  g_autofree char *place = g_build_filename (folder, "state", NULL);
  g_autofree char *found = edit_look (files);
  g_autoptr (KtState) state = kt_state_open (place, &error);
  g_assert_no_error (error);
  g_assert_true (kt_journal_init (state, &error));
  g_autoptr (KtChange) change = kt_journal_newest (state, NULL, 0, &error);
  g_assert_no_error (error);
  KtChangeState says = change != NULL ? change->state : KT_CHANGE_UNDONE;
  gboolean begun = says != KT_CHANGE_SCHEDULED;
  gboolean planned = says == KT_CHANGE_APPLIED || says == KT_CHANGE_WAITING;
  const char *expected = planned ? EDIT_PLANNED : EDIT_BEFORE;
  if (g_strcmp0 (found, expected) != 0 || (!planned && begun && says != KT_CHANGE_UNDONE))
    g_test_message ("killed at point %u: the journal says %s, the files are %s", point, kt_change_state_name (says), found);
  g_assert_cmpstr (found, ==, expected);
  g_assert_true (planned || !begun || says == KT_CHANGE_UNDONE);
  if (change != NULL && says == KT_CHANGE_UNDONE)
    g_assert_nonnull (change->reason);
  return says;
}

typedef struct {
  const char *path;
  const char *prepare; /* runs to its end before; NULL: nothing */
  const char *verb;    /* is killed at each of its points */
  guint crash_prepare; /* the point at which `prepare` is killed, 0: not */
  int status;          /* of `verb` when nobody kills it */
  guint ends;          /* states it may end in after the next start: 1 << KT_CHANGE_…, each of them must come up */
  guint least;         /* points there are at least */
} CrashRow;

#define AS_BEFORE (1 << KT_CHANGE_UNDONE)
#define AS_PLANNED (1 << KT_CHANGE_APPLIED)
#define WAITS (1 << KT_CHANGE_WAITING)
#define ON_SCHEDULE (1 << KT_CHANGE_SCHEDULED)

static const CrashRow rows[] = {
  { "/change/crash-points/apply", NULL, "apply", 0, EXIT_SUCCESS, AS_BEFORE | AS_PLANNED, 20 },
  { "/change/crash-points/apply-that-fails-and-goes-back", NULL, "fail", 0, EXIT_FAILURE, AS_BEFORE, 20 },
  { "/change/crash-points/undo", "apply", "undo", 0, EXIT_SUCCESS, AS_BEFORE | AS_PLANNED, 20 },
  { "/change/crash-points/recovery-after-a-crash", "apply", "recover", 30, EXIT_SUCCESS, AS_BEFORE, 20 },
  { "/change/crash-points/apply-to-be-confirmed", NULL, "apply-waiting", 0, EXIT_SUCCESS, AS_BEFORE | WAITS, 20 },
  { "/change/crash-points/confirmation", "apply-waiting", "confirm", 0, EXIT_SUCCESS, AS_PLANNED | WAITS, 1 },
  { "/change/crash-points/confirmation-that-comes-too-late", "apply-overdue", "confirm", 0, EXIT_FAILURE, AS_BEFORE, 20 },
  { "/change/crash-points/end-of-the-wait", "apply-overdue", "wait", 0, EXIT_FAILURE, AS_BEFORE, 20 },
  { "/change/crash-points/next-start-after-the-wait", "apply-overdue", "recover", 0, EXIT_SUCCESS, AS_BEFORE, 20 },
  { "/change/crash-points/undo-of-what-waits", "apply-waiting", "undo", 0, EXIT_SUCCESS, AS_BEFORE | WAITS, 20 },
  { "/change/crash-points/resume-after-a-crash", "apply", "resume", 30, EXIT_SUCCESS, AS_BEFORE | AS_PLANNED, 10 },
  { "/change/crash-points/schedule", NULL, "schedule", 0, EXIT_SUCCESS, AS_BEFORE | ON_SCHEDULE, 2 },
  { "/change/crash-points/begin-of-what-is-scheduled", "schedule", "wait", 0, EXIT_SUCCESS, AS_BEFORE | AS_PLANNED | ON_SCHEDULE, 20 },
  { "/change/crash-points/undo-of-what-is-scheduled", "schedule", "undo", 0, EXIT_SUCCESS, AS_BEFORE | ON_SCHEDULE, 2 },
};

/* One case from its beginning: FALSE when @point lies behind the last one. */
static gboolean
crash_at (const CrashRow *row, guint point, guint *outcomes)
{
  g_autofree char *folder = make_case ();
  if (row->prepare != NULL)
    g_assert_cmpint (run_self (row->prepare, folder, row->crash_prepare, NULL), ==, row->crash_prepare != 0 ? KILLED : 0);
  int status = run_self (row->verb, folder, point, NULL);
  g_assert_cmpint (status, ==, status == KILLED ? KILLED : row->status);
  g_assert_cmpint (run_self ("recover", folder, 0, NULL), ==, EXIT_SUCCESS);
  outcomes[assert_whole (folder, point)]++;
  edit_remove_tree (folder);
  return status == KILLED;
}

static guint
count_points (const CrashRow *row)
{
  g_autofree char *folder = make_case ();
  g_autofree char *list = g_build_filename (folder, "points", NULL);
  g_autofree char *text = NULL;
  if (row->prepare != NULL)
    run_self (row->prepare, folder, row->crash_prepare, NULL);
  g_assert_cmpint (run_self (row->verb, folder, 0, list), ==, row->status);
  g_assert_true (g_file_get_contents (list, &text, NULL, NULL));
  guint lines = 0;
  for (const char *c = text; *c != '\0'; c++)
    lines += *c == '\n';
  edit_remove_tree (folder);
  return lines;
}

static void
test_points (gconstpointer data)
{
  const CrashRow *row = data;
  guint outcomes[KT_N_CHANGE_STATES] = { 0 };
  guint points = count_points (row), killed = 0;
  while (killed < MOST_POINTS && crash_at (row, killed + 1, outcomes))
    killed++;
  g_test_message ("| %s%s%s | %u | %u | %u | %u | %u |", row->prepare != NULL ? row->prepare : "", row->prepare != NULL ? ", then " : "",
                  row->verb, killed, outcomes[KT_CHANGE_UNDONE], outcomes[KT_CHANGE_APPLIED], outcomes[KT_CHANGE_WAITING], outcomes[KT_CHANGE_SCHEDULED]);
  g_assert_cmpuint (killed, ==, points);
  g_assert_cmpuint (points, >=, row->least);
  for (guint state = 0; state < KT_N_CHANGE_STATES; state++)
    g_assert_cmpint (outcomes[state] > 0, ==, (row->ends & 1u << state) != 0);
}

int
main (int argc, char **argv)
{
  if (argc == 3 && argv[1][0] != '-')
    return work_main (argv[1], argv[2]);
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    g_test_add_data_func (rows[i].path, &rows[i], test_points);
  return g_test_run ();
}
