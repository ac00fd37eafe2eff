/* SPDX-License-Identifier: MIT
 *
 * Which configurations to measure next, when each measurement takes minutes and is noisy. Pure: the same results always
 * give the same next round.
 *
 * A space has dimensions with levels; level 0 of each is where the search starts. Everything is judged by ratios to the
 * start measured in the same round, so that a machine that gets slower or faster meets all alike.
 *
 *   screening   every single deviation from the start, then the better half of them again (successive halving)
 *   final       the start, all that helped together, and the best single one, again and again, until the interval of the
 *               leader no longer holds 1 or the time is over
 *
 * The verdict comes from final rounds alone: who was chosen for having looked good must show it again.
 */
#pragma once

#include "bench/statistics.h"

#define KT_SEARCH_DIMENSIONS 8

typedef struct {
  guint n_dimensions;
  guint n_levels[KT_SEARCH_DIMENSIONS]; /* at least 1 */
} KtSearchSpace;

typedef struct {
  guint8 level[KT_SEARCH_DIMENSIONS];
} KtSearchPoint;

gboolean kt_search_point_equal (const KtSearchPoint *a, const KtSearchPoint *b);
guint kt_search_deviations (const KtSearchPoint *point);

typedef struct {
  KtSearchPoint point;
  guint round;    /* from 1 */
  gboolean final; /* of a final round */
  double score;   /* more is better; NAN: it could not be measured, or the run did not count */
} KtSearchResult;

/* The points of the next round, the start first; NULL: the search is over. @runs_left: how many runs the time still
 * lets. @results: KtSearchResult, of whole rounds. *final: what kind of round it is. Elements KtSearchPoint. */
GArray *kt_search_next_round (const KtSearchSpace *space, const GArray *results, guint runs_left, gboolean *final);

/* Ratio of @point to the start: of all rounds in which both were measured, or only of final ones. */
KtEstimate kt_search_ratio (const GArray *results, const KtSearchPoint *point, gboolean final_only);

/* The point that final rounds show to be better than the start; the start itself when none is. */
KtSearchPoint kt_search_verdict (const GArray *results);
