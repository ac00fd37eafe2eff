/* SPDX-License-Identifier: MIT
 *
 * backup/: copies that restore. This file: what a backup and a kind of backup is. A kind orchestrates PostgreSQL's own
 * programs (or pgBackRest's); nothing here reads or writes a page of a database itself.
 *
 * A backup is a folder of a catalogue (catalogue.h) that explains itself by its manifest.json:
 *   {format, id, kind, state, reason, created_at_ms, ended_at_ms, size_bytes, source_bytes, elapsed_ms,
 *    server: {name, version, version_num, system_identifier, id, data_directory, bin_directory, owner, role,
 *             libraries},
 *    tables: [{database, schema, name, low, high, exact}],
 *    verified_at_ms, tested_at_ms, and what the kind adds}
 */
#pragma once

#include "base/json.h"
#include "postgres/instance.h"
#include <gio/gio.h>

typedef struct KtBackupKind KtBackupKind;

typedef enum {
  KT_BACKUP_RUNNING,     /* its kastune is alive */
  KT_BACKUP_COMPLETE,
  KT_BACKUP_FAILED,      /* the manifest says why; its content is gone */
  KT_BACKUP_INTERRUPTED, /* its kastune died: the next create or prune makes it a failed one */
} KtBackupState;

const char *kt_backup_state_name (KtBackupState state);

typedef struct {
  char *id, *folder;
  const KtBackupKind *kind; /* NULL: of a kind that this kastune does not know */
  KtBackupState state;
  JsonObject *manifest;
  int lock;                 /* -1: none */
} KtBackup;

/* Who looks on. Sizes are bytes; @total 0: nothing to count. */
typedef struct {
  GCancellable *cancellable;
  void (*progress) (gpointer user, const char *what, gint64 done, gint64 total); /* may be NULL */
  gpointer user;
} KtBackupWatch;

/* The server as it is now. All borrowed. */
typedef struct {
  KtConnection *connection;
  const KtServer *server;
  const KtInstance *instance; /* NULL: not on this machine, or its files cannot be seen */
  const char *conninfo;       /* as for kt_connection_open, for its other databases; NULL: libpq's defaults */
} KtBackupSource;

typedef struct {
  const char *compress;    /* "zstd:3", "gzip", "none"; NULL: the best that server and programs know */
  guint jobs;              /* of pg_dump, pgBackRest; 0: as many as there are CPUs, at most 8 */
  gboolean count;          /* count every row instead of recording estimates */
  gboolean spread;         /* let the server take its time for the checkpoint at the beginning */
  gboolean any_space;      /* do not refuse for want of space */
} KtBackupOptions;

typedef struct {
  const char *target;           /* directory, absent or empty; NULL: what the kind restores into without one */
  const char *database;         /* logical: new or empty */
  const KtBackupSource *source; /* the server to restore into; NULL: none is needed */
  const char *owner;            /* of restored files; NULL: as recorded */
  guint jobs;
  gboolean globals;             /* logical: the roles first */
} KtBackupRestore;

struct KtBackupKind {
  const char *name;     /* stands in manifests: never change it */
  const char *summary;
  gboolean whole;       /* brings data back, not only settings */
  gboolean needs_server_to_restore;
  gboolean test_verifies; /* test begins with all that verify does */
  gboolean by_programs;   /* programs that run as the server's user write into the folder, which is theirs then */
  /* Can it be made here? Errors say why not, with the command that helps. NULL: always. */
  gboolean (*check) (const KtBackupSource *source, const KtBackupOptions *options, GError **error);
  /* Bytes that it copies, uncompressed, and bytes it takes beyond them (its log); 0 when it takes no room in the catalogue. */
  gboolean (*estimate) (const KtBackupSource *source, gint64 *bytes, gint64 *extra, GError **error);
  /* Fills the folder and the kind's own members of the manifest. */
  gboolean (*create) (KtBackup *backup, const KtBackupSource *source, const KtBackupOptions *options,
                      const KtBackupWatch *watch, GError **error);
  /* Is it whole and as written? @scratch: a folder for temporary files. Errors: KT_ERROR_VERIFY. */
  gboolean (*verify) (KtBackup *backup, const char *scratch, const KtBackupWatch *watch, GError **error);
  /* What was there is not overwritten: KT_ERROR_REFUSED instead, unless a safety copy is part of the kind. @report gets what
   * was restored where. */
  gboolean (*restore) (KtBackup *backup, const KtBackupRestore *restore, const KtBackupWatch *watch, JsonObject *report,
                       GError **error);
  /* Starts it in a scratch server and compares; @report gets {tables: [{…, counted, verdict}], rows}. */
  gboolean (*test) (KtBackup *backup, const char *scratch, const KtBackupWatch *watch, JsonObject *report, GError **error);
  /* What lies outside of the folder, also of one that was ended in the middle, and what of it is gone already is success. NULL:
   * nothing does. Errors: KT_ERROR_REFUSED (others build on it). */
  gboolean (*remove) (KtBackup *backup, const KtBackupWatch *watch, GError **error);
  /* Bytes that lie outside of the folder now: they may grow; -1 when it cannot be told. NULL: as recorded. */
  gint64 (*elsewhere) (KtBackup *backup);
};

/* THE table of kinds, NULL-terminated. */
extern const KtBackupKind *const kt_backup_kinds[];
extern const KtBackupKind kt_backup_configuration, kt_backup_physical, kt_backup_logical, kt_backup_pgbackrest, kt_backup_zfs;

const KtBackupKind *kt_backup_kind_find (const char *name);

void kt_backup_free (KtBackup *backup);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtBackup, kt_backup_free)

/* What is refused, and what is said, before anything is written. */
typedef struct {
  gint64 source_bytes, needed_bytes;
  gint64 free_bytes; /* -1 unknown */
} KtBackupRoom;

/* Looks at the last one of the same kind and server for how well its data compresses. @catalogue_folder need not exist.
 * Errors: those of the kind. */
gboolean kt_backup_room (const KtBackupKind *kind, const char *catalogue_folder, const KtBackupSource *source,
                         KtBackupRoom *room, GError **error);
/* Errors: KT_ERROR_NO_SPACE with the numbers. */
gboolean kt_backup_fits (const KtBackupRoom *room, const char *catalogue_folder, GError **error);

/* check, room, then the backup itself; when anything fails it is marked, emptied and never offered. @id NULL: a free one.
 * Errors: KT_ERROR_NO_SPACE, KT_ERROR_INTERRUPTED, those of the kind. */
KtBackup *kt_backup_create (const KtBackupKind *kind, const char *catalogue_folder, const char *id, const KtBackupSource *source,
                            const KtBackupOptions *options, const KtBackupWatch *watch, GError **error);

/* Is it as it was written? And with @test: does it start, and hold what was recorded? The manifest remembers when it last did.
 * @scratch NULL: in the catalogue's own folder. @report gets what the kind says.
 * Errors: KT_ERROR_VERIFY, KT_ERROR_REFUSED (not complete, in use), KT_ERROR_NO_SPACE. */
gboolean kt_backup_verify (KtBackup *backup, gboolean test, const char *scratch, const KtBackupWatch *watch, JsonObject *report,
                           GError **error);

/* Errors: KT_ERROR_REFUSED (not complete, in use, not free), those of the kind. */
gboolean kt_backup_restore (KtBackup *backup, const KtBackupRestore *restore, const KtBackupWatch *watch, JsonObject *report,
                            GError **error);

/* What a manifest says of the server. Caller frees. */
JsonObject *kt_backup_describe_server (const KtBackupSource *source);

static inline void
kt_backup_say (const KtBackupWatch *watch, const char *what, gint64 done, gint64 total)
{
  if (watch->progress != NULL)
    watch->progress (watch->user, what, done, total);
}
