/* SPDX-License-Identifier: MIT
 *
 * What datasets are now against what kastune left them as: the journal's applied change sets, newest word first.
 */
#pragma once

#include "base/finding.h"
#include "base/state.h"
#include "storage/zfs.h"

/* A finding for each property of @dataset that somebody else changed since. A journal that cannot be read says nothing. */
void kt_find_zfs_drift (GPtrArray *findings, KtState *state, const KtZfsObject *dataset);
