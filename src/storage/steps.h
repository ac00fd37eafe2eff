/* SPDX-License-Identifier: MIT
 *
 * The step kinds of storage: datasets made, properties set. They need root and the ZFS tools, and no server.
 *
 * What a change set makes is marked as made by it (KT_ZFS_MADE_BY, a user property with a word of its own), so that after a
 * crash at any instant, and for whoever made a dataset of the same name meanwhile, it is known what may be destroyed.
 */
#pragma once

#include "change/step.h"
#include "storage/properties.h"

#define KT_ZFS_MADE_BY "kastune:made-by"

/* Creates one dataset. Undo destroys it while it holds nothing but what this change set made, else refuses; the folders that
 * were made for its mount point go as well.
 * args {dataset, mount_point, owner, mode, properties: {name: value}, mark, parent_planned, filled} */
extern const KtStepKind kt_step_zfs_dataset;

typedef struct {
  const char *name;        /* "tank/kaspa/data" */
  const char *mount_point; /* absolute; NULL: is never mounted itself, only holds others */
  const char *owner;       /* user that gets the root folder, 0700; NULL: root's, 0755 */
  const char *mark;        /* one for all datasets of a plan: kt_zfs_mark_new */
  gboolean parent_planned; /* an earlier step of the plan makes its parent */
  gboolean filled;         /* a later step of the plan puts files into it, and takes them out when it is undone */
} KtNewDataset;

/* Caller frees. */
char *kt_zfs_mark_new (void);
/* @properties: kt_zfs_new_properties; taken. */
JsonObject *kt_step_zfs_dataset_args (const KtNewDataset *dataset, JsonObject *properties);

/* Sets properties of a dataset or a pool that is there. Undo gives each its value back, or has it inherited again.
 * args {object: "dataset" or "pool", name, guid, wanted: {name: value}, running: {name: value}} */
extern const KtStepKind kt_step_zfs_properties;

/* The rows of THE table that differ (KT_ZFS_CHANGE) and can be changed. NULL: none. @pool for features, as in kt_zfs_judge. */
JsonObject *kt_step_zfs_properties_args (const KtZfsObject *object, int role, const KtZfsObject *pool, JsonObject *wishes);

/* {name: value} that a step of this kind gave @dataset, borrowed; NULL: it is another kind, or of another dataset. */
JsonObject *kt_step_zfs_values (const char *kind, JsonObject *args, const KtZfsObject *dataset);
