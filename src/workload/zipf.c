/* SPDX-License-Identifier: MIT */
#include "workload/zipf.h"

#include "workload/random.h"

typedef struct {
  guint32 threshold; /* below it: this rank, else the alias */
  guint32 alias;
} Cell;

struct KtZipf {
  guint32 ranks;
  Cell *cells;
};

/* Pairs every cell that is less than full with one that is more than full. */
static void
fill_cells (KtZipf *zipf, double *share)
{
  g_autofree guint32 *small = g_new (guint32, zipf->ranks);
  g_autofree guint32 *large = g_new (guint32, zipf->ranks);
  guint32 n_small = 0, n_large = 0;
  for (guint32 i = 0; i < zipf->ranks; i++)
    if (share[i] < 1.0)
      small[n_small++] = i;
    else
      large[n_large++] = i;
  while (n_small > 0 && n_large > 0)
    {
      guint32 less = small[--n_small], more = large[n_large - 1];
      zipf->cells[less] = (Cell) { .threshold = (guint32) (share[less] * 4294967295.0), .alias = more };
      share[more] -= 1.0 - share[less];
      if (share[more] < 1.0)
        {
          n_large--;
          small[n_small++] = more;
        }
    }
  /* Whatever remains is full but for rounding. */
  while (n_small > 0)
    zipf->cells[small[--n_small]].threshold = G_MAXUINT32;
  while (n_large > 0)
    zipf->cells[large[--n_large]].threshold = G_MAXUINT32;
}

KtZipf *
kt_zipf_new (guint32 ranks)
{
  g_return_val_if_fail (ranks > 0, NULL);
  KtZipf *zipf = g_new0 (KtZipf, 1);
  zipf->ranks = ranks;
  zipf->cells = g_new (Cell, ranks);
  g_autofree double *share = g_new (double, ranks);
  double sum = 0;
  for (guint32 i = 0; i < ranks; i++)
    {
      zipf->cells[i].alias = i;
      sum += 1.0 / (i + 1);
    }
  for (guint32 i = 0; i < ranks; i++)
    share[i] = ranks / (sum * (i + 1));
  fill_cells (zipf, share);
  return zipf;
}

void
kt_zipf_free (KtZipf *zipf)
{
  if (zipf == NULL)
    return;
  g_free (zipf->cells);
  g_free (zipf);
}

guint32
kt_zipf_draw (const KtZipf *zipf, guint64 random)
{
  guint32 rank = kt_below ((guint32) (random >> 32), zipf->ranks);
  const Cell *cell = &zipf->cells[rank];
  return (guint32) random <= cell->threshold ? rank : cell->alias;
}
