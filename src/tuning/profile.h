/* SPDX-License-Identifier: MIT
 *
 * Profiles: what kind of machine this is for the rules. Three built-in rows; custom profiles are key files that extend
 * one and override values. A custom file is checked word by word: whatever is not understood is an error that names
 * file, group, key and reason.
 *
 *     [profile]
 *     # a built-in name, or another file, relative to this one
 *     extends=standard
 *     summary=Explorer with many readers
 *     # or initial-sync
 *     phase=steady
 *     # or full: do not even mention what synchronous_commit=off for the indexer's role would mean
 *     durability=async-commit-offered
 *     # memory for everything that is not PostgreSQL
 *     reserve=8GB
 *     # max_connections to plan for, and how many of them sort and hash at once
 *     connections=150
 *     busy-connections=40
 *     # of the indexer, whose pool is ten times that, and of the API servers
 *     batch-concurrency=4
 *     api-connections=60
 *     # the chain's load to model where nothing is measured
 *     transactions-per-second=200
 *
 *     [set]
 *     # beats the rule
 *     work_mem=32MB
 *
 *     [factor]
 *     # times the rule's result, inside the parameter's limits
 *     shared_buffers=1.2
 */
#pragma once

#include "tuning/budget.h"

typedef enum {
  KT_PHASE_STEADY,       /* at the tip of the chain: queries, pruning, autovacuum */
  KT_PHASE_INITIAL_SYNC, /* catching up as fast as the disk allows; nobody queries */
} KtPhase;

const char *kt_phase_name (KtPhase phase); /* "steady", "initial-sync" */
gboolean kt_phase_from_string (const char *text, KtPhase *phase);

/* A built-in profile: the policy that rules read. */
typedef struct {
  const char *name, *title, *summary;
  const char *hardware;            /* recommended for it */
  guint shared_buffers_percent;    /* where nothing is known of the data */
  guint shared_buffers_ceiling;    /* where the indexes are known not to fit */
  guint busy_connections;
  gint64 work_mem_max, maintenance_work_mem_max; /* bytes */
  guint checkpoint_timeout_s;      /* steady phase */
  guint recovery_limit_s;          /* crash recovery may take this long, steady phase */
} KtProfileRow;

const KtProfileRow *kt_profile_rows (guint *n);

/* Unset: NULL, -1, 0, as said. */
typedef struct {
  char *name, *summary;
  char *file;                /* NULL: built in */
  const KtProfileRow *row;   /* the built-in one it is or extends */
  KtPhase phase;
  gboolean async_commit_offered;
  gint64 reserve;            /* bytes; -1: what the platform found */
  guint connections;         /* 0: modelled */
  guint busy_connections;    /* 0: by memory */
  guint batch_concurrency;   /* 0: the indexer's default, 2 */
  int api_connections;       /* -1: by profile */
  double transactions_per_s; /* 0: modelled */
  GHashTable *set;           /* parameter -> text */
  GHashTable *factor;        /* parameter -> double * */
} KtProfile;

/* A built-in name, or the path of a key file (anything with a slash or ending in .conf).
 * Errors: KT_ERROR_NOT_FOUND, KT_ERROR_CONFIG. */
KtProfile *kt_profile_load (const char *name_or_path, GError **error);
/* @file is for messages and for relative `extends`. */
KtProfile *kt_profile_parse (const char *file, const char *text, GError **error);
void kt_profile_free (KtProfile *profile);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtProfile, kt_profile_free)

/* The built-in profile for this machine; @because (may be NULL) gets the reason. Never NULL. */
KtProfile *kt_profile_pick (const KtPlatform *platform, gint64 reserve, GString *because);
