/* SPDX-License-Identifier: MIT */
#include "base/nearest.h"

#include <string.h>

#define MOST_MISTAKES 2
#define LONGEST_WORD 200 /* nobody types a longer one by mistake */

/* Number of letters to insert, delete or replace. */
static guint
distance (const char *a, const char *b)
{
  gsize n = strlen (b);
  g_autofree guint *row = g_new (guint, n + 1);
  for (gsize j = 0; j <= n; j++)
    row[j] = (guint) j;
  for (gsize i = 1; a[i - 1] != '\0'; i++)
    {
      guint diagonal = row[0];
      row[0] = (guint) i;
      for (gsize j = 1; j <= n; j++)
        {
          guint replaced = diagonal + (a[i - 1] != b[j - 1]);
          diagonal = row[j];
          row[j] = MIN (MIN (row[j], row[j - 1]) + 1, replaced);
        }
    }
  return row[n];
}

const char *
kt_nearest_word (const char *typed, const GPtrArray *known)
{
  const char *best = NULL;
  guint best_distance = MOST_MISTAKES + 1;
  for (guint i = 0; strlen (typed) <= LONGEST_WORD && i < known->len; i++)
    {
      guint d = distance (typed, known->pdata[i]);
      if (d < best_distance)
        {
          best_distance = d;
          best = known->pdata[i];
        }
    }
  return best;
}
