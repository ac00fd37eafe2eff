/* SPDX-License-Identifier: MIT
 *
 * The commands that control an instance, as argument vectors: pure, apart from asking whether
 * systemd runs, so that what it would be told can be tested where it does not.
 */
#pragma once

#include "postgres/instance.h"

/* Seconds a server gets to stop (its last checkpoint) and again to start (recovery). */
#define KT_CONTROL_TIMEOUT_S 600

/* "none", "debian", "systemd", "pg_ctl", "remote", "docker": stands in the journal. */
const char *kt_control_to_string (KtControl control);
gboolean kt_control_from_string (const char *text, KtControl *control);

gboolean kt_control_systemd_runs (void);

/* @verb start, restart or stop. @systemd: does systemd run this machine? NULL for KT_CONTROL_NONE and _REMOTE. Caller frees. */
GStrv kt_control_argv (const KtInstance *instance, const char *verb, gboolean systemd);

/* What reads the files as a start would, without starting: names, types and limits, not what only a start finds out. NULL
 * when the words of the start cannot be taken apart. Caller frees. */
GStrv kt_control_check_argv (const KtInstance *instance);

/* "15/main" from /etc/postgresql/15/main/postgresql.conf, or NULL. Caller frees. */
char *kt_control_debian_cluster (const char *config_file);

/* The unit from the text of /proc/PID/cgroup, or NULL: a session's scope, a container, a user's own manager. Caller frees. */
char *kt_control_systemd_unit (const char *cgroup_text);

/* What must follow when the server is started again, from its argument vector: without the program and -D, quoted
 * for a shell, as pg_ctl -o wants it. Caller frees; NULL when nothing follows. */
char *kt_control_start_options (const char *const *words);
