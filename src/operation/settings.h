/* SPDX-License-Identifier: MIT
 *
 * kastune.conf: a key file, wholly optional. A group or key that kastune does not know is an error naming file, group and key.
 *
 *   [kastune]        state=/var/lib/kastune   backups=/srv/backups
 *   [server main]    conninfo=service=kaspa   profile=standard   reserve=4G   container=simply-kaspa-db
 *                    memory=16G   cpus=8   storage=nvme   (of a machine that cannot be seen from here)
 *
 * Passwords do not belong here: ~/.pgpass and service files hold them.
 */
#pragma once

#include <glib.h>

typedef struct {
  char *name;
  char *conninfo;
  char *profile; /* NULL: picked */
  char *reserve; /* as written; NULL: detected */
  char *container; /* name of the container that it runs in; NULL: found by its port */
  char *memory, *cpus, *storage; /* of a machine that cannot be seen from here, as written; NULL: not said */
} KtServerSettings;

typedef struct {
  char *path;         /* NULL when there is no file */
  char *state;        /* NULL: default */
  char *backups;      /* folder of the catalogue; NULL: "backups" in the state folder */
  GPtrArray *servers; /* KtServerSettings */
} KtSettings;

/* @path NULL: /etc/kastune/kastune.conf, then $XDG_CONFIG_HOME/kastune/kastune.conf; none of them is no error.
 * A named file that is absent is. Errors: KT_ERROR_CONFIG, KT_ERROR_NOT_FOUND. */
KtSettings *kt_settings_load (const char *path, GError **error);
void kt_settings_free (KtSettings *settings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtSettings, kt_settings_free)

/* @name NULL: the only server, or NULL when there is none. Errors: KT_ERROR_USAGE (unknown name, or several and none named). */
gboolean kt_settings_server (const KtSettings *settings, const char *name, const KtServerSettings **server, GError **error);
