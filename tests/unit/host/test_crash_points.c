/* SPDX-License-Identifier: MIT
 *
 * kill -9 at every crash point of an apply and an undo of settings of the machine. This program starts itself as the kastune that is
 * killed: `test_crash_points VERB FOLDER`.
 */
#include "base/run.h"
#include "made_host.h"

#include <signal.h>
#include <stdlib.h>

#define KILLED (128 + SIGKILL)
#define MOST_POINTS 400

static int
work (const char *verb, const char *root)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *place = g_build_filename (root, "state", NULL);
  g_autoptr (KtState) state = kt_state_open (place, &error);
  g_assert_no_error (error);
  KtRunner runner = { .state = state, .kinds = host_kinds, .actor = "test" };
  g_autoptr (KtPlan) plan = made_plan (root);
  guint changed;
  gboolean good = g_str_equal (verb, "apply")    ? kt_runner_apply (&runner, plan, NULL, &error)
                  : g_str_equal (verb, "undo")   ? kt_runner_undo (&runner, 1, &error)
                  : g_str_equal (verb, "resume") ? kt_runner_resume (&runner, 1, &error)
                                                 : kt_runner_recover (&runner, &changed, &error);
  if (!good)
    g_printerr ("%s\n", error->message);
  return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Runs @verb in its own process; @point 0: to its end. Returns the exit status. */
static int
run_self (const char *verb, const char *root, guint point)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *self = g_file_read_link ("/proc/self/exe", &error);
  g_autofree char *at = g_strdup_printf ("KASTUNE_CRASH_AT=%u", point);
  g_auto (KtRunResult) result = { 0 };
  kt_run (&(KtRun){ .argv = (const char *[]){ self, verb, root, NULL },
                    .env = (const char *[]){ at, NULL },
                    .deadline_ms = KT_RUN_NO_DEADLINE,
                    .any_status = TRUE },
          &result, NULL, &error);
  g_assert_no_error (error);
  if (result.status != 0 && result.status != KILLED)
    g_test_message ("%s: status %d: %s", verb, result.status, result.diagnosis);
  return result.status;
}

static KtChangeState
state_of (const char *root)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *place = g_build_filename (root, "state", NULL);
  g_autoptr (KtState) state = kt_state_open (place, &error);
  g_assert_true (kt_journal_init (state, &error));
  g_autoptr (KtChange) change = kt_journal_newest (state, NULL, 0, &error);
  g_assert_no_error (error);
  return change != NULL ? change->state : KT_CHANGE_UNDONE;
}

typedef struct {
  const char *path;
  const char *prepare;  /* runs before; NULL: nothing does */
  guint prepared_until; /* the point at which it is killed; 0: its end */
  const char *verb;     /* is killed at each of its points */
  const char *after;    /* the next kastune */
  gboolean mixed;       /* both ends come up, else only the planned one */
} CrashRow;

static const CrashRow rows[] = {
  { "/host/crash-points/apply", NULL, 0, "apply", "recover", TRUE },
  { "/host/crash-points/undo", "apply", 0, "undo", "recover", TRUE },
  { "/host/crash-points/recovery-after-a-crash", "apply", 30, "recover", "recover", FALSE },
  { "/host/crash-points/resume-after-a-crash", "apply", 30, "resume", "recover", TRUE },
};

/* FALSE when @point lies behind the last one. */
static gboolean
crash_at (const CrashRow *row, guint point, guint *ends)
{
  g_autofree char *root = made_host ();
  if (row->prepare != NULL)
    g_assert_cmpint (run_self (row->prepare, root, row->prepared_until), ==, row->prepared_until != 0 ? KILLED : 0);
  int status = run_self (row->verb, root, point);
  g_assert_true (status == KILLED || status == EXIT_SUCCESS);
  g_assert_cmpint (run_self (row->after, root, 0), ==, EXIT_SUCCESS);
  KtChangeState says = state_of (root);
  g_assert_true (says == KT_CHANGE_UNDONE || says == KT_CHANGE_APPLIED);
  const char *other = made_other (root, says == KT_CHANGE_APPLIED);
  if (other != NULL)
    g_test_message ("killed at point %u, the journal says %s", point, kt_change_state_name (says));
  g_assert_cmpstr (other, ==, NULL);
  ends[says == KT_CHANGE_APPLIED]++;
  made_host_remove (root);
  return status == KILLED;
}

static void
test_points (gconstpointer data)
{
  const CrashRow *row = data;
  guint ends[2] = { 0 }, killed = 0;
  while (killed < MOST_POINTS && crash_at (row, killed + 1, ends))
    killed++;
  g_test_message ("| %s | %u | %u | %u |", row->path, killed, ends[0], ends[1]);
  g_assert_cmpuint (killed, >=, 15);
  g_assert_cmpuint (killed, <, MOST_POINTS);
  g_assert_cmpuint (ends[0], >, 0);
  g_assert_cmpint (ends[1] > 0, ==, row->mixed);
}

int
main (int argc, char **argv)
{
  if (argc == 3 && argv[1][0] != '-')
    return work (argv[1], argv[2]);
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    g_test_add_data_func (rows[i].path, &rows[i], test_points);
  return g_test_run ();
}
