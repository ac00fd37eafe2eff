/* SPDX-License-Identifier: MIT
 *
 * The folder in which measuring happens: data sets that are filled once and kept, private servers that are not. One
 * measurement at a time; what a killed one left is removed when the next begins.
 */
#pragma once

#include "base/folder.h"
#include "base/run.h"

typedef struct KtBenchPlace KtBenchPlace;

/* @folder NULL: /var/cache/kastune/bench for root, else $XDG_CACHE_HOME/kastune/bench. Not the state folder: that is
 * closed to the user that runs PostgreSQL. Errors: KT_ERROR_PRIVILEGE, KT_ERROR_REFUSED (another measurement uses it; everybody may
 * write in it). */
KtBenchPlace *kt_bench_place_open (const char *folder, GError **error);
void kt_bench_place_free (KtBenchPlace *place);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtBenchPlace, kt_bench_place_free)

const char *kt_bench_place_folder (const KtBenchPlace *place);

/* Bytes that an unprivileged user may still write there; -1 unknown. */
gint64 kt_bench_place_free_bytes (const KtBenchPlace *place);

/* An exact copy, sharing blocks with the original where the file system can. Errors: KT_ERROR_NO_SPACE,
 * KT_ERROR_PROGRAM. */
gboolean kt_folder_copy (const char *from, const char *to, GCancellable *cancellable, GError **error);
/* Writes everything below @folder to the disk and out of the page cache, so that all runs begin with the same cache.
 * Without effect where the file system has a cache of its own (ZFS). */
void kt_folder_evict (const char *folder);
