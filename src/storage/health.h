/* SPDX-License-Identifier: MIT
 *
 * Whether a pool is well and a dataset does what it is there for: findings. Pure.
 */
#pragma once

#include "base/finding.h"
#include "storage/zfs.h"

/* @now: Unix seconds, for the age of the last scrub. */
void kt_find_about_pool (GPtrArray *findings, const KtZfsObject *pool, const KtPoolStatus *status, gint64 now);

/* @data, @wal: the datasets, NULL where they do not lie on ZFS; the same for both where WAL has none of its own. */
void kt_find_about_datasets (GPtrArray *findings, const KtZfsObject *data, const KtZfsObject *wal);

/* Is the pool well enough to be worked on? @grows: more will be written to it, so it must not be nearly full either.
 * Errors: KT_ERROR_REFUSED: degraded or worse, read-only, full. */
gboolean kt_pool_is_fit (const KtZfsObject *pool, gboolean grows, GError **error);

/* Seconds since 1970 of "… on Sun Nov 22 10:18:25 2026" at the end of a scan that ended, in this machine's time zone; -1
 * when it says nothing like it. */
gint64 kt_scan_time (const char *scan);
