/* SPDX-License-Identifier: MIT
 *
 * A data directory that is one of two copies of a cluster, as files: which of them may start, and what the log of the server
 * does not carry from one to the other. Every call is durable when it returns, and can be repeated.
 */
#pragma once

#include "base/json.h"

/* Where the control file of a directory that is asleep lies: as pg_upgrade does with the old cluster of linked files. */
#define KT_PLACE_ASLEEP "global/pg_control.old"
/* Says in a directory that is asleep why, for whoever finds it: a key file. */
#define KT_PLACE_NOTE "kastune-moved"

/* Nothing starts a server on it: its control file has another name. */
gboolean kt_place_is_asleep (const char *data);
gboolean kt_place_put_to_sleep (const char *data, const char *note, GError **error);
gboolean kt_place_wake (const char *data, GError **error);

/* A server that is started on it only ever follows another (standby.signal). */
gboolean kt_place_only_follows (const char *data);
gboolean kt_place_set_follows (const char *data, gboolean follows, GError **error);

/* What lies in @from outside of PostgreSQL's own files (configuration, certificates), the settings of ALTER SYSTEM, the statistics,
 * and which files of the log are archived and which wait for it: as it is in @from now. Files above 16 MiB and the folder of the server's
 * messages are left as they are. */
gboolean kt_place_carry_over (const char *from, const char *to, GError **error);

/* What a copy of the running server would lack, for people: unlogged tables with rows, replication slots, tablespaces. NULL: nothing. Caller frees. */
char *kt_place_uncopied (const char *data);

/* Whatever it is; a folder and no link to one. */
gboolean kt_place_is_there (const char *path);
gboolean kt_place_is_folder (const char *path);
gboolean kt_place_is_mount_point (const char *path);

/* Could something of the data directory @home come to lie in @target? Errors: KT_ERROR_REFUSED (not empty, within the other …). */
gboolean kt_place_check_target (const char *target, const char *home, GError **error);
/* {there, mount_point, mode, uid, gid}, for the journal. @path NULL: not there. */
JsonObject *kt_place_describe (const char *path);
/* After a boot that did not mount it the same path is a folder of another file system. @path NULL: it is. Errors: KT_ERROR_CHANGED. */
gboolean kt_place_is_still_mounted (const char *path, JsonObject *before, GError **error);
/* Makes it when it is absent, with owner and mode of @like: PostgreSQL wants its folders to be its owner's alone. */
gboolean kt_place_make_ready (const char *folder, const char *like, GError **error);
/* Removes our copy, known by its entry @known, and leaves the folder as @before (of kt_place_describe) says. Errors:
 * KT_ERROR_CHANGED when what lies there is not ours. */
gboolean kt_place_clear (const char *folder, const char *known, JsonObject *before, GError **error);

/* The rename is on disk. Errors by errno; EEXIST when @to is there. */
gboolean kt_place_rename (const char *from, const char *to, GError **error);
/* @path, absent or a link, leads to @target from one instant to the next. */
gboolean kt_place_point (const char *path, const char *target, GError **error);
gboolean kt_place_remove_link (const char *path, GError **error);
