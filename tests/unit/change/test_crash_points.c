/* SPDX-License-Identifier: MIT
 *
 * kill -9 at every crash point of an apply, of an undo and of a recovery, one after the other. This program starts
 * itself as the kastune that is killed: `test_crash_points apply|undo|recover FOLDER`.
 */
#include "base/run.h"
#include "edit_step.h"

#include <signal.h>
#include <stdlib.h>

#define KILLED (128 + SIGKILL)
#define MOST_POINTS 400

/* --- the kastune that is killed ----------------------------------------------------------------------------------- */

static gboolean
work (const char *verb, const char *folder, GError **error)
{
  g_autofree char *files = g_build_filename (folder, "files", NULL);
  g_autofree char *place = g_build_filename (folder, "state", NULL);
  g_autoptr (KtState) state = kt_state_open (place, error);
  if (state == NULL)
    return FALSE;
  KtRunner runner = { .state = state, .kinds = edit_kinds, .actor = "test" };
  guint changed;
  if (g_str_equal (verb, "recover"))
    return kt_runner_recover (&runner, &changed, error);
  if (g_str_equal (verb, "undo"))
    return kt_runner_undo (&runner, 1, error);
  g_autoptr (KtPlan) plan = edit_plan (files, "7001", "planned");
  if (g_str_equal (verb, "fail"))
    edit_control.fail_call = "verify c";
  return kt_runner_apply (&runner, plan, NULL, error);
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
  const char *expected = says == KT_CHANGE_APPLIED ? EDIT_PLANNED : EDIT_BEFORE;
  if (g_strcmp0 (found, expected) != 0 || (says != KT_CHANGE_APPLIED && says != KT_CHANGE_UNDONE))
    g_test_message ("killed at point %u: the journal says %s, the files are %s", point, kt_change_state_name (says), found);
  g_assert_cmpstr (found, ==, expected);
  g_assert_true (says == KT_CHANGE_APPLIED || says == KT_CHANGE_UNDONE);
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
} CrashRow;

static const CrashRow rows[] = {
  { "/change/crash-points/apply", NULL, "apply", 0, EXIT_SUCCESS },
  { "/change/crash-points/apply-that-fails-and-goes-back", NULL, "fail", 0, EXIT_FAILURE },
  { "/change/crash-points/undo", "apply", "undo", 0, EXIT_SUCCESS },
  { "/change/crash-points/recovery-after-a-crash", "apply", "recover", 30, EXIT_SUCCESS },
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
  g_test_message ("%s: killed at %u points; afterwards %u as planned, %u as before (the last one was not killed)", row->verb,
                  killed, outcomes[KT_CHANGE_APPLIED], outcomes[KT_CHANGE_UNDONE]);
  g_assert_cmpuint (killed, ==, points);
  g_assert_cmpuint (outcomes[KT_CHANGE_UNDONE], >, 0);
  g_assert_cmpuint (points, >=, 20);
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
