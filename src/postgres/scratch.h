/* SPDX-License-Identifier: MIT
 *
 * A scratch cluster of the same binaries, in a temporary folder, on a unix socket only, as an unprivileged user:
 * the only proof that settings start. Removed afterwards in every case.
 *
 * It holds its memory beside the real server for a moment: with huge_pages = on, pages that the real server holds are
 * missing here, and a refusal for want of them says nothing.
 */
#pragma once

#include "base/json.h"
#include <gio/gio.h>

typedef struct {
  const char *bin_directory; /* of the server whose settings are tried */
  const char *owner;         /* user to run as when we are root (the data directory's owner); NULL: postgres or nobody */
  const char *conf_text;     /* the settings to try, in configuration file syntax; includes are not followed */
  gint64 wal_segment_bytes;  /* as the real cluster's; 0: default */
  gint64 memory_limit;       /* bytes: run it inside a cgroup with this limit when we may; 0: none */
  const char *folder;        /* where to build it (about 40 MB and one WAL segment); NULL: the temporary folder */
  const char *data;          /* a data directory that is there already and stays; NULL: one in the folder */
  const char *const *env;    /* "NAME=value" for the server; NULL: nothing more */
  guint stop_ms;             /* that a fast shutdown may take before it is made an immediate one; 0: 15 s */
} KtScratch;

typedef struct {
  gboolean started;      /* it started, was written to and read from, and its shared memory fits the limit */
  char *problem;         /* why not, for people; kt_scratch_check: a line for each fault. NULL when started */
  char *hint;            /* what to do about the (first) problem when the server says so or it is known, else NULL */
  GStrv warnings;        /* WARNING lines of the log and what was left out of the trial */
  gint64 shared_memory_bytes;   /* allocated by the server for these settings, -1: did not get that far */
  gint64 huge_pages;            /* shared_memory_size_in_huge_pages (15+), else -1 */
  gboolean limited;             /* the memory limit was really in force */
  gint64 elapsed_ms;
} KtScratchResult;

void kt_scratch_result_clear (KtScratchResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (KtScratchResult, kt_scratch_result_clear)

/* TRUE when the attempt could be made; @result says how it went. It is also written to and read from before it stops.
 * At most 60 s. Settings that lead out of the scratch folder (files, sockets, archive, standbys) are left out.
 * Errors: KT_ERROR_UNSUPPORTED (no initdb beside postgres, …), KT_ERROR_NO_SPACE, KT_ERROR_TIMEOUT,
 * KT_ERROR_INTERRUPTED. */
gboolean kt_scratch_try (const KtScratch *scratch, KtScratchResult *result, GCancellable *cancellable, GError **error);

/* `postgres -C` on the settings: names, types, ranges, enums of this build, without starting. Same result shape;
 * started means accepted. All faults are told, not only the first. */
gboolean kt_scratch_check (const KtScratch *scratch, KtScratchResult *result, GCancellable *cancellable,
                           GError **error);
