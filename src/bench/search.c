/* SPDX-License-Identifier: MIT */
#include "bench/search.h"

#include <math.h>
#include <string.h>

#define SCREENING_ROUNDS 2
#define FINAL_ROUNDS 8   /* at most */
#define SETTLED_ROUNDS 3 /* at least, before an interval ends it */
#define FINAL_RESERVE 6  /* runs kept for the final while screening */

static const KtSearchPoint start;

gboolean
kt_search_point_equal (const KtSearchPoint *a, const KtSearchPoint *b)
{
  return memcmp (a->level, b->level, sizeof a->level) == 0;
}

guint
kt_search_deviations (const KtSearchPoint *point)
{
  guint n = 0;
  for (guint i = 0; i < KT_SEARCH_DIMENSIONS; i++)
    n += point->level[i] != 0;
  return n;
}

/* ---- reading results ---- */

static const KtSearchResult *
result_at (const GArray *results, guint i)
{
  return &g_array_index (results, KtSearchResult, i);
}

static const KtSearchResult *
find (const GArray *results, const KtSearchPoint *point, guint round)
{
  for (guint i = 0; i < results->len; i++)
    if (result_at (results, i)->round == round && kt_search_point_equal (&result_at (results, i)->point, point))
      return result_at (results, i);
  return NULL;
}

static guint
last_round (const GArray *results)
{
  guint last = 0;
  for (guint i = 0; i < results->len; i++)
    last = MAX (last, result_at (results, i)->round);
  return last;
}

/* Scores of the start and of @point in the rounds in which both were measured; room for all rounds in each. */
static guint
pairs (const GArray *results, const KtSearchPoint *point, gboolean final_only, double *base, double *other)
{
  guint n = 0;
  for (guint i = 0; i < results->len; i++)
    {
      const KtSearchResult *of_point = result_at (results, i);
      if (!kt_search_point_equal (&of_point->point, point) || !(of_point->score > 0)
          || (final_only && !of_point->final))
        continue;
      const KtSearchResult *of_start = find (results, &start, of_point->round);
      if (of_start == NULL || !(of_start->score > 0))
        continue;
      base[n] = of_start->score;
      other[n++] = of_point->score;
    }
  return n;
}

KtEstimate
kt_search_ratio (const GArray *results, const KtSearchPoint *point, gboolean final_only)
{
  g_autofree double *base = g_new (double, results->len + 1);
  g_autofree double *other = g_new (double, results->len + 1);
  return kt_estimate_ratio_of_pairs (base, other, pairs (results, point, final_only, base, other));
}

/* Its value alone, for ranking. */
static double
mean_ratio (const GArray *results, const KtSearchPoint *point)
{
  g_autofree double *base = g_new (double, results->len + 1);
  g_autofree double *other = g_new (double, results->len + 1);
  guint n = pairs (results, point, FALSE, base, other);
  double sum = 0;
  for (guint i = 0; i < n; i++)
    sum += log (other[i] / base[i]);
  return n > 0 ? exp (sum / n) : NAN;
}

/* ---- rounds ---- */

/* The start, then single deviations: the first of each dimension, the second of each, … */
static GArray *
first_round (const KtSearchSpace *space, guint runs_left)
{
  GArray *points = g_array_new (FALSE, FALSE, sizeof (KtSearchPoint));
  guint most = 0, room = runs_left > FINAL_RESERVE ? (runs_left - FINAL_RESERVE) * 2 / 3 : 0;
  g_array_append_val (points, start);
  for (guint i = 0; i < space->n_dimensions; i++)
    most = MAX (most, space->n_levels[i]);
  for (guint level = 1; level < most; level++)
    for (guint i = 0; i < space->n_dimensions; i++)
      {
        KtSearchPoint point = start;
        point.level[i] = (guint8) level;
        if (level < space->n_levels[i] && points->len < MAX (2, room))
          g_array_append_val (points, point);
      }
  return points;
}

typedef struct {
  KtSearchPoint point;
  double ratio;
} Ranked;

static int
compare_ranked (gconstpointer left, gconstpointer right)
{
  const Ranked *a = left, *b = right;
  return a->ratio != b->ratio ? (a->ratio < b->ratio ? 1 : -1) : memcmp (&a->point, &b->point, sizeof a->point);
}

/* The deviations of @round that could be compared with the start, the best first. */
static GArray *
ranked (const GArray *results, guint round)
{
  GArray *all = g_array_new (FALSE, FALSE, sizeof (Ranked));
  for (guint i = 0; i < results->len; i++)
    {
      const KtSearchResult *result = result_at (results, i);
      Ranked entry = { result->point, mean_ratio (results, &result->point) };
      if (result->round == round && kt_search_deviations (&result->point) > 0 && result->score > 0
          && isfinite (entry.ratio))
        g_array_append_val (all, entry);
    }
  g_array_sort (all, compare_ranked);
  return all;
}

static GArray *
with_start (const Ranked *others, guint n)
{
  GArray *points = g_array_new (FALSE, FALSE, sizeof (KtSearchPoint));
  g_array_append_val (points, start);
  for (guint i = 0; i < n; i++)
    g_array_append_val (points, others[i].point);
  return points;
}

/* The best level of each dimension, of those that looked better than the start. */
static KtSearchPoint
combination (const GArray *singles)
{
  KtSearchPoint together = start;
  for (guint i = 0; i < singles->len; i++)
    {
      const Ranked *single = &g_array_index (singles, Ranked, i);
      for (guint k = 0; k < KT_SEARCH_DIMENSIONS && single->ratio > 1; k++)
        if (single->point.level[k] != 0 && together.level[k] == 0)
          together.level[k] = single->point.level[k];
    }
  return together;
}

/* NULL: nothing looked better than the start. */
static GArray *
final_round (const GArray *singles)
{
  KtSearchPoint together = combination (singles);
  if (kt_search_deviations (&together) == 0)
    return NULL;
  GArray *points = with_start ((const Ranked *) (gpointer) singles->data, 1);
  if (kt_search_deviations (&together) > 1)
    g_array_append_val (points, together);
  return points;
}

static gboolean
is_final (const GArray *results, guint round)
{
  for (guint i = 0; i < results->len; i++)
    if (result_at (results, i)->round == round)
      return result_at (results, i)->final;
  return FALSE;
}

static guint
n_final_rounds (const GArray *results)
{
  guint n = 0;
  for (guint round = 1; round <= last_round (results); round++)
    n += is_final (results, round);
  return n;
}

/* The same again, until the leader is known to be better or the rounds are used up. */
static GArray *
another_final_round (const GArray *results, guint runs_left)
{
  g_autoptr (GArray) left = ranked (results, last_round (results));
  guint rounds = n_final_rounds (results);
  if (left->len == 0 || rounds >= FINAL_ROUNDS || runs_left < left->len + 1)
    return NULL;
  const KtSearchPoint leader = g_array_index (left, Ranked, 0).point;
  KtEstimate ratio = kt_search_ratio (results, &leader, TRUE);
  if (rounds >= SETTLED_ROUNDS && kt_estimate_direction (&ratio) == KT_DIFFERENCE_MORE)
    return NULL;
  return with_start ((const Ranked *) (gpointer) left->data, left->len);
}

GArray *
kt_search_next_round (const KtSearchSpace *space, const GArray *results, guint runs_left, gboolean *final)
{
  guint round = last_round (results);
  *final = round > 0;
  if (round == 0)
    return first_round (space, runs_left);
  if (is_final (results, round))
    return another_final_round (results, runs_left);
  g_autoptr (GArray) singles = ranked (results, round);
  guint half = (singles->len + 1) / 2;
  *final = round >= SCREENING_ROUNDS || half == 0 || runs_left <= half + FINAL_RESERVE;
  if (!*final)
    return with_start ((const Ranked *) (gpointer) singles->data, half);
  GArray *points = singles->len > 0 ? final_round (singles) : NULL;
  if (points != NULL && runs_left < points->len)
    g_clear_pointer (&points, g_array_unref);
  return points;
}

KtSearchPoint
kt_search_verdict (const GArray *results)
{
  KtSearchPoint best = start;
  double most = 1;
  for (guint i = 0; i < results->len; i++)
    {
      const KtSearchPoint *point = &result_at (results, i)->point;
      KtEstimate ratio = kt_search_ratio (results, point, TRUE);
      if (kt_estimate_direction (&ratio) == KT_DIFFERENCE_MORE && ratio.value > most)
        {
          best = *point;
          most = ratio.value;
        }
    }
  return best;
}
