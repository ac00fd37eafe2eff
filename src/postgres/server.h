/* SPDX-License-Identifier: MIT
 *
 * Everything kastune wants to know of a running server, read in a few statements: settings with their source, files,
 * who overrides whom, WAL counters, connections, and the indexer's tables. Plain data: rules and checks read it, nothing
 * writes it. Rights decide how much is there; what is missing becomes a note with the grant that would help.
 */
#pragma once

#include "postgres/connection.h"
#include "postgres/guc.h"

/* Its texts are the server's. */
typedef struct {
  char *name, *unit, *context;  /* context: "postmaster", "sighup", "superuser", "user", "backend", "internal" … */
  KtGucType type;
  char *value;                  /* running value in base units, as pg_settings.setting; where ALTER ROLE or ALTER DATABASE
                                 * overrides it for kastune's session, the server's own (with rights to read the files) */
  char *boot_value, *reset_value, *min, *max;
  GStrv enum_values;            /* NULL unless an enum */
  char *source, *source_file;   /* source_file NULL without rights */
  guint source_line;
  gboolean pending_restart;
} KtSetting;

/* pg_file_settings: what the files on disk say now. */
typedef struct {
  char *path, *name, *value, *error;
  guint line;
  gboolean applied;
} KtFileSetting;

/* pg_db_role_setting: beats every file for sessions of that role or database. */
typedef struct {
  char *role, *database; /* "" for all */
  char *name, *value;
} KtRoleSetting;

typedef struct {
  char *schema, *name;
  double rows;                    /* reltuples; -1: never analysed */
  gint64 heap_bytes, index_bytes, total_bytes;
  GStrv options;                  /* reloptions, "name=value" */
  gint64 inserted, updated, deleted, dead; /* since stats_reset */
} KtRelation;

typedef struct {
  char *name, *location;
} KtTablespace;

/* The container of this machine that the server runs in. */
typedef struct {
  char *name, *socket;  /* socket: of its engine */
  char *place;          /* where a person changes it: "service db of /opt/kaspa/docker-compose.yml" */
  char *stop_signal;    /* "SIGINT" */
  char *data_directory; /* as the server names it */
  int stop_timeout_s;   /* before it is killed when it is stopped */
  gboolean restarts_itself; /* its restart policy is not "no" */
  gint64 memory_limit;  /* bytes, 0: none */
  gint64 shm_size;      /* bytes of /dev/shm */
} KtServerContainer;

typedef struct {
  int version_num, major;
  char *version;              /* "15.18 (Debian 15.18-0+deb12u1)" */
  char *system_identifier;    /* "" without rights */
  char *data_directory, *config_file, *hba_file, *ident_file; /* NULL without rights */
  char *wal_directory;        /* where pg_wal really lies; NULL when not local */
  char *socket_directory;
  char *reached_by;           /* the words that lead there again, without any secret */
  int port;
  gint64 postmaster_pid;      /* 0 unless local and visible */
  gboolean local;             /* its data directory is on this machine and is this server's */
  gboolean superuser, in_recovery;
  gint64 started_at;          /* Unix seconds */
  gint64 wal_segment_bytes, block_bytes;
  GHashTable *settings;       /* name -> KtSetting */
  GStringChunk *texts;        /* what the settings say: some 3,000 short texts */
  GPtrArray *file_settings;   /* KtFileSetting */
  GPtrArray *role_settings;   /* KtRoleSetting */
  GPtrArray *tablespaces;     /* KtTablespace outside the data directory */
  GPtrArray *tables;          /* KtRelation: the indexer's tables in the connected database, largest first */
  GPtrArray *extensions;      /* char *: installed in the connected database */
  GPtrArray *available_libraries; /* char *: of pg_stat_statements, timescaledb … those that pg_available_extensions knows */
  int indexer_schema;         /* vars.schema_version; 0: none found */
  gint64 database_bytes;
  guint connections;          /* client backends now */
  guint standbys, slots, prepared_transactions;
  double wal_bytes_per_s;     /* mean since stats_reset or start, -1 unknown: see wal_seconds */
  double wal_seconds;         /* time the mean covers */
  gint64 wal_buffers_full;    /* -1 before 14 */
  gint64 checkpoints_timed, checkpoints_requested;
  gint64 buffers_backend;     /* written by backends themselves; -1 unknown */
  double hit_ratio;           /* lifetime of the connected database, -1 unknown */
  KtServerContainer *container; /* NULL: in none that is known */
  GPtrArray *notes;           /* char *: what could not be read and the grant that would help */
} KtServer;

KtServer *kt_server_load (KtConnection *connection, GError **error);
void kt_server_free (KtServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtServer, kt_server_free)

/* The first line of the files that the server would not take at a start, as far as it can tell while it runs (what waits for
 * a restart it cannot), or NULL. */
const KtFileSetting *kt_server_broken_line (const KtServer *server);

/* "Patroni" when something keeps the configuration of this server itself, so that what is written behind its back would not
 * last; NULL: nothing known. */
const char *kt_server_keeper (const KtServer *server);

/* Running value in base units, or NULL when the server has no such parameter. */
const KtSetting *kt_server_setting (const KtServer *server, const char *name);
gint64 kt_server_int (const KtServer *server, const char *name, gint64 fallback);
/* "16MB" for 2048 pages: value with unit for people. Caller frees. */
char *kt_setting_text (const KtSetting *setting);
/* Where the running value comes from: "default", "postgresql.conf line 12", "ALTER SYSTEM (postgresql.auto.conf line 3)",
 * "command line", "environment variable". Caller frees. */
char *kt_setting_origin (const KtSetting *setting);
