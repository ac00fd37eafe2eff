/* SPDX-License-Identifier: MIT
 *
 * A control group of our own, for the time of one server that kastune started: limits of memory, CPUs and disk.
 * Version 1 below our own group of each controller, version 2 below the nearest group that hands the controllers down.
 * It knows files of the kernel by name, not what limits mean.
 */
#pragma once

#include <glib.h>

typedef enum {
  KT_CONTROLLER_MEMORY,
  KT_CONTROLLER_CPUSET,
  KT_CONTROLLER_IO,
  KT_N_CONTROLLERS
} KtController;

typedef struct KtControlGroup KtControlGroup;

/* @wanted: bits 1 << controller. Named @prefix, our process id and a random word. NULL when none of them can be had
 * here (no rights, no controller): not an error, the caller says "not limited". Ask kt_control_group_has which there
 * are. */
KtControlGroup *kt_control_group_new (const char *prefix, guint wanted);
/* Ends whatever still runs inside and removes the group. */
void kt_control_group_free (KtControlGroup *group);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtControlGroup, kt_control_group_free)

gboolean kt_control_group_has (const KtControlGroup *group, KtController controller);
int kt_control_group_version (const KtControlGroup *group); /* 1 or 2 */

/* One write of @value into a file of the controller, one read; FALSE and NULL when the kernel refuses. Caller frees. */
gboolean kt_control_group_put (const KtControlGroup *group, KtController controller, const char *file,
                               const char *value);
char *kt_control_group_get (const KtControlGroup *group, KtController controller, const char *file);

/* The number after @word in a file of "word number" lines; @fallback when it is not there. */
gint64 kt_control_group_number (const KtControlGroup *group, KtController controller, const char *file,
                                const char *word, gint64 fallback);

/* cgroup.procs files for KtRun.cgroups, NULL-terminated. Borrowed. */
const char *const *kt_control_group_procs (const KtControlGroup *group);

/* SIGKILL to everything inside; returns when nothing is left, FALSE when something is after 10 s. */
gboolean kt_control_group_end (const KtControlGroup *group);

/* Removes groups of this @prefix whose kastune is no longer there, with what runs inside: left by one that was killed. */
void kt_control_group_sweep (const char *prefix);
