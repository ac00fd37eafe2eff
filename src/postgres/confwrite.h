/* SPDX-License-Identifier: MIT
 *
 * Writing settings into a server so that they win and can be taken out again: into an own include file where that takes
 * effect, else by ALTER SYSTEM. Values in postgresql.auto.conf, which beat an include file, are moved out of the way and
 * remembered. What was there before goes into one JSON object, with which everything is put back, also with the server
 * down. Where the server's files cannot be seen postgresql.auto.conf is read and written by SQL alone. Each call is idempotent. Nothing here reloads or restarts: postgres/instance.h does.
 */
#pragma once

#include "base/json.h"
#include "postgres/connection.h"

#define KT_CONF_WRITE_FILE "90-kastune.conf"

typedef enum {
  KT_CONF_WRITE_INCLUDE,      /* own file in the active include_dir */
  KT_CONF_WRITE_ALTER_SYSTEM, /* postgresql.auto.conf, written by the server */
} KtConfWriteMode;

typedef struct {
  char *name, *value;
  char *because; /* stands above the setting in an own file; NULL: nothing */
} KtConfWriteSetting;

typedef struct {
  KtConfWriteMode mode;
  char *file;           /* where the settings go, as the server names it: the include file or postgresql.auto.conf */
  char *reason;         /* why not an own file, for the plan; NULL with KT_CONF_WRITE_INCLUDE */
  char *config_file;    /* NULL: only postgresql.auto.conf is ours to read and write */
  char *data_directory; /* NULL: its files cannot be seen, only SQL is left */
  char *title;          /* names the change in the file's head; no time, so that files can be compared */
  GPtrArray *settings;  /* KtConfWriteSetting */
} KtConfWrite;

/* Decides the mode by the files as they are: an own file only when no later line of another file sets one of the names.
 * @settings: KtConfWriteSetting, taken over. Changes nothing.
 * Errors: those of kt_file_read for @config_file; KT_ERROR_REFUSED when the server could not start on the files as they
 * are. */
KtConfWrite *kt_conf_write_new (const char *config_file, const char *data_directory, const char *title,
                                GPtrArray *settings,
                                GError **error);
/* By ALTER SYSTEM in any case: the files cannot be read as the server reads them. @data_directory: where kastune finds it,
 * NULL: nowhere. @server_directory: as the server names it, NULL unknown. @reason for the plan. */
KtConfWrite *kt_conf_write_new_by_server (const char *data_directory, const char *server_directory, const char *title,
                                          const char *reason, GPtrArray *settings);
void kt_conf_write_free (KtConfWrite *write);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtConfWrite, kt_conf_write_free)

/* An empty list for kt_conf_write_new, and what goes into it. Value and reason are copied. */
GPtrArray *kt_conf_write_settings (void);
void kt_conf_write_settings_add (GPtrArray *settings, const char *name, const char *value, const char *because);

JsonObject *kt_conf_write_to_json (const KtConfWrite *write);
/* Errors: KT_ERROR_PARSE. */
KtConfWrite *kt_conf_write_from_json (JsonObject *object, GError **error);

/* The own file as it will be, given its text now (NULL: absent): settings of earlier changes stay. Caller frees. */
char *kt_conf_write_text (const KtConfWrite *write, const char *old_text);

/* May it be written, as far as can be known without writing? Errors: KT_ERROR_PRIVILEGE (file rights, role's rights),
 * KT_ERROR_REFUSED (allow_alter_system is off), KT_ERROR_CHANGED (the files would decide for another mode now). */
gboolean kt_conf_write_check (const KtConfWrite *write, KtConnection *connection, GError **error);

/* In all of these @connection is needed where @write has no data directory, and may be NULL otherwise.
 * What undo needs: {file_text, auto_exists, auto: {name: value or null}}; of other names nothing. */
JsonObject *kt_conf_write_capture (const KtConfWrite *write, KtConnection *connection, GError **error);

/* Writes. When it fails everything is as before, as far as the disk allows. @connection may be NULL with
 * KT_CONF_WRITE_INCLUDE. */
gboolean kt_conf_write_apply (const KtConfWrite *write, JsonObject *before, KtConnection *connection, GError **error);

typedef enum {
  KT_CONF_AS_BEFORE,
  KT_CONF_AS_WRITTEN,
  KT_CONF_HALF_WRITTEN, /* a crash between two of our own writes */
  KT_CONF_CHANGED,      /* somebody else was there */
} KtConfState;

/* Which of these are the files now? @what, may be NULL: for KT_CONF_CHANGED what was changed, "work_mem in …". */
gboolean kt_conf_write_compare (const KtConfWrite *write, JsonObject *before, KtConnection *connection, KtConfState *state,
                                char **what, GError **error);

/* Back to @before, with the server up or down: of both files only the names of @write are touched, and where nobody else was
 * the own file is as before to the byte. Overwrites these whatever they are: ask kt_conf_write_compare first. */
gboolean kt_conf_write_restore (const KtConfWrite *write, JsonObject *before, KtConnection *connection, GError **error);
