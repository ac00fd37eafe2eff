/* SPDX-License-Identifier: MIT
 *
 * The search on made-up response surfaces with noise. Noise comes from a counter: every test gives the same each time.
 */
#include "bench/search.h"

#include "workload/random.h"

#include <math.h>
#include <string.h>

typedef double (*Surface) (const KtSearchPoint *point);

static const KtSearchSpace space = { 6, { 6, 4, 4, 3, 4, 3 } };

typedef struct {
  GArray *results;
  guint runs;
  KtSearchPoint verdict;
} Outcome;

/* About normal with the given spread, in logarithms. */
static double
noise (guint64 *sequence, double spread)
{
  double sum = 0;
  for (guint i = 0; i < 12; i++)
    sum += (double) kt_below ((guint32) kt_mix ((*sequence)++), 1000000) / 1e6;
  return exp (spread * (sum - 6));
}

static Outcome
search (Surface surface, guint budget, double spread, guint64 seed)
{
  Outcome outcome = { g_array_new (FALSE, FALSE, sizeof (KtSearchResult)), 0, { { 0 } } };
  guint64 sequence = kt_mix (seed);
  for (guint round = 1;; round++)
    {
      gboolean final = FALSE;
      g_autoptr (GArray) points = kt_search_next_round (&space, outcome.results, budget - outcome.runs, &final);
      if (points == NULL)
        break;
      double mood = noise (&sequence, 0.2); /* of the machine, in this round */
      for (guint i = 0; i < points->len; i++)
        {
          KtSearchPoint point = g_array_index (points, KtSearchPoint, i);
          KtSearchResult result = { point, round, final, surface (&point) * mood * noise (&sequence, spread) };
          g_array_append_val (outcome.results, result);
        }
      outcome.runs += points->len;
    }
  outcome.verdict = kt_search_verdict (outcome.results);
  return outcome;
}

/* ---- surfaces ---- */

static double
flat (const KtSearchPoint *point)
{
  return 1000;
}

/* Two dimensions matter, one level of each most; another level hurts badly. */
static double
two_help (const KtSearchPoint *point)
{
  static const double first[] = { 1, 1.1, 1.3, 1.15, 0.7, 0.5 }, third[] = { 1, 1.2, 0.9, 1 };
  return 1000 * first[point->level[0]] * third[point->level[2]];
}

/* Each alone helps, both together are too much: the memory is used up. */
static double
not_together (const KtSearchPoint *point)
{
  gboolean one = point->level[0] == 1, other = point->level[3] == 1;
  return 1000 * (one && other ? 0.6 : one ? 1.4 : other ? 1.2 : 1);
}

/* What looks best does not start. */
static double
best_fails (const KtSearchPoint *point)
{
  if (point->level[1] != 0)
    return NAN;
  return 1000 * (point->level[4] == 2 ? 1.25 : 1);
}

static double
start_fails (const KtSearchPoint *point)
{
  return kt_search_deviations (point) == 0 ? NAN : 1000;
}

/* ---- statements ---- */

static void
test_what_helps_is_found_together (void)
{
  guint found = 0;
  for (guint64 seed = 1; seed <= 20; seed++)
    {
      Outcome outcome = search (two_help, 50, 0.03, seed);
      const KtSearchPoint wanted = { { 2, 0, 1 } };
      double gain = two_help (&outcome.verdict) / 1000;
      found += outcome.verdict.level[0] == wanted.level[0] && outcome.verdict.level[2] == wanted.level[2];
      g_assert_cmpfloat (gain, >, 1.3);
      g_array_unref (outcome.results);
    }
  g_assert_cmpuint (found, >=, 18);
}

/* Of many searches in which nothing helps, about one in twenty may claim something. */
static void
test_nothing_is_claimed_where_nothing_helps (void)
{
  guint claimed = 0;
  for (guint64 seed = 1; seed <= 100; seed++)
    {
      Outcome outcome = search (flat, 50, 0.05, seed);
      claimed += kt_search_deviations (&outcome.verdict) > 0;
      g_array_unref (outcome.results);
    }
  g_assert_cmpuint (claimed, <=, 12);
}

static void
test_what_does_not_go_together_is_not_combined (void)
{
  for (guint64 seed = 1; seed <= 10; seed++)
    {
      Outcome outcome = search (not_together, 50, 0.03, seed);
      g_assert_cmpuint (outcome.verdict.level[0], ==, 1);
      g_assert_cmpuint (outcome.verdict.level[3], ==, 0);
      g_array_unref (outcome.results);
    }
}

static void
test_failures_are_never_chosen (void)
{
  Outcome outcome = search (best_fails, 60, 0.02, 7);
  g_assert_cmpuint (outcome.verdict.level[1], ==, 0);
  g_assert_cmpuint (outcome.verdict.level[4], ==, 2);
  g_array_unref (outcome.results);
  outcome = search (start_fails, 60, 0.02, 7); /* nothing to compare with */
  g_assert_cmpuint (kt_search_deviations (&outcome.verdict), ==, 0);
  g_array_unref (outcome.results);
}

static void
test_the_budget_is_kept (void)
{
  static const Surface surfaces[] = { flat, two_help, not_together, best_fails };
  for (guint budget = 2; budget <= 80; budget += budget < 20 ? 1 : 12)
    for (gsize i = 0; i < G_N_ELEMENTS (surfaces); i++)
      {
        Outcome outcome = search (surfaces[i], budget, 0.05, budget);
        g_assert_cmpuint (outcome.runs, <=, budget);
        g_array_unref (outcome.results);
      }
}

static void
test_rounds_begin_with_the_start (void)
{
  Outcome outcome = search (two_help, 50, 0.03, 3);
  guint round = 0;
  for (guint i = 0; i < outcome.results->len; i++)
    {
      const KtSearchResult *result = &g_array_index (outcome.results, KtSearchResult, i);
      if (result->round == round)
        continue;
      round = result->round;
      g_assert_cmpuint (kt_search_deviations (&result->point), ==, 0);
    }
  g_assert_cmpuint (round, >=, 5);
  g_array_unref (outcome.results);
}

/* Also after an interruption: what comes next depends on nothing but the results. */
static void
test_the_same_results_give_the_same_round (void)
{
  gboolean final, again_final;
  Outcome outcome = search (two_help, 50, 0.03, 5);
  for (guint n = 0; n <= outcome.results->len; n++)
    {
      g_autoptr (GArray) some = g_array_new (FALSE, FALSE, sizeof (KtSearchResult));
      if (n > 0)
        g_array_append_vals (some, outcome.results->data, n);
      g_autoptr (GArray) one = kt_search_next_round (&space, some, 30, &final);
      g_autoptr (GArray) other = kt_search_next_round (&space, some, 30, &again_final);
      g_assert_true (final == again_final);
      g_assert_true ((one == NULL) == (other == NULL));
      if (one != NULL)
        g_assert_cmpmem (one->data, one->len * sizeof (KtSearchPoint), other->data, other->len * sizeof (KtSearchPoint));
    }
  g_array_unref (outcome.results);
}

/* Whoever was lucky while screening must show it again: the verdict does not know those rounds. */
static void
test_luck_in_screening_proves_nothing (void)
{
  const KtSearchPoint start = { { 0 } }, lucky = { { 1 } };
  g_autoptr (GArray) results = g_array_new (FALSE, FALSE, sizeof (KtSearchResult));
  for (guint round = 1; round <= 4; round++)
    {
      KtSearchResult base = { start, round, FALSE, 1000 + round }, better = { lucky, round, FALSE, 2000 + round };
      g_array_append_val (results, base);
      g_array_append_val (results, better);
    }
  KtSearchPoint verdict = kt_search_verdict (results);
  g_assert_cmpuint (kt_search_deviations (&verdict), ==, 0);
  KtEstimate all = kt_search_ratio (results, &lucky, FALSE), final = kt_search_ratio (results, &lucky, TRUE);
  g_assert_cmpfloat (all.low, >, 1.5);
  g_assert_cmpuint (final.n, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/bench/search/what-helps-is-found-together", test_what_helps_is_found_together);
  g_test_add_func ("/bench/search/nothing-is-claimed-where-nothing-helps", test_nothing_is_claimed_where_nothing_helps);
  g_test_add_func ("/bench/search/what-does-not-go-together-is-not-combined",
                   test_what_does_not_go_together_is_not_combined);
  g_test_add_func ("/bench/search/failures-are-never-chosen", test_failures_are_never_chosen);
  g_test_add_func ("/bench/search/the-budget-is-kept", test_the_budget_is_kept);
  g_test_add_func ("/bench/search/rounds-begin-with-the-start", test_rounds_begin_with_the_start);
  g_test_add_func ("/bench/search/the-same-results-give-the-same-round", test_the_same_results_give_the_same_round);
  g_test_add_func ("/bench/search/luck-in-screening-proves-nothing", test_luck_in_screening_proves_nothing);
  return g_test_run ();
}
