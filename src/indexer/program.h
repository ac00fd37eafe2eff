/* SPDX-License-Identifier: MIT
 *
 * A program that belongs to an indexer: which one it is, how it was started, what says its version. Read from what others tell
 * (a command line, the Engine, Compose, systemd); nothing is asked here. Pure.
 */
#pragma once

#include "base/json.h"

typedef enum {
  KT_PROGRAM_INDEXER,     /* simply-kaspa-indexer */
  KT_PROGRAM_K_PROCESSOR, /* K-transaction-processor */
  KT_PROGRAM_K_WEBSERVER,
  KT_PROGRAM_K_CLEANER,   /* K-database-cleaner */
  KT_PROGRAM_REST,        /* kaspa-rest-server: reads what the indexer writes */
  KT_PROGRAM_KASIA,       /* keeps its data itself, not in PostgreSQL */
  KT_N_PROGRAMS           /* none of these */
} KtProgramKind;

const char *kt_program_kind_name (KtProgramKind kind);

typedef enum {
  KT_SEEN_CONTAINER,
  KT_SEEN_PROCESS,
  KT_SEEN_UNIT,    /* of systemd, not running */
  KT_SEEN_COMPOSE, /* a service of compose files */
  KT_SEEN_API,     /* somewhere; only what it says is known */
} KtSeen;

typedef struct {
  KtProgramKind kind;
  KtSeen seen;
  char *name;       /* of the container, unit or service; of the program for a process */
  gboolean runs;
  gint64 pid;       /* 0: unknown */
  char *executable; /* of a process: what it was started as when that is the same file, else /proc/PID/exe */
  GStrv words;      /* after the program's name, with secrets: never shown as they are; NULL: unknown */
  char *image;      /* "supertypo/simply-kaspa-indexer:v2.3.0" */
  char *image_id;   /* "sha256:…" of the image that runs */
  char *state;      /* of a container: "running", "restarting", "exited" … */
  guint restarts;
  int exit_status;
  gint64 memory_limit; /* bytes, 0: none */
  double cpus;         /* 0: no limit */
  gboolean publishes;  /* a port of the container is published */
  char *project, *service, *directory; /* of Compose, with the folder of the project; NULL: not made by it */
  GStrv files;      /* of Compose, absolute, in order; NULL: unknown */
  GStrv env_files;  /* of Compose, where it was told others than .env; NULL: none */
  char *unit;       /* of systemd; NULL: none */
  char *said_by_binary; /* --version; NULL: not asked */
  char *said_by_image;  /* environment VERSION of the image, else its label */
  char *api;        /* "http://127.0.0.1:8500/": where its API is reached from this machine; NULL: nowhere known */
} KtProgram;

void kt_program_free (KtProgram *program);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtProgram, kt_program_free)

/* By the name of a file: simply-kaspa-indexer; a shell. */
gboolean kt_program_is_indexer (const char *path);
gboolean kt_program_is_shell (const char *path);

/* Each is NULL when it is none of ours. */

/* @argv of a process, the program itself first. */
KtProgram *kt_program_of_argv (const char *const *argv);
/* /containers/ID/json of the Engine. */
KtProgram *kt_program_of_container (JsonObject *inspected);
/* A service of `docker compose config`, in which a dollar sign is doubled unless it is @as_written. */
KtProgram *kt_program_of_service (const char *name, JsonObject *service, gboolean as_written);
/* @exec the words of ExecStart as the unit's file writes them. */
KtProgram *kt_program_of_unit (const char *unit, const char *exec);

/* The last ExecStart of the texts of a unit's files, in the order in which systemd reads them; an empty one takes back those before.
 * NULL: none. Caller frees. */
char *kt_unit_exec (const char *const *texts);

/* The tag of an image: "latest" when it has none, NULL when it is named by a digest alone. Caller frees. */
char *kt_image_tag (const char *image);

/* @words with every password as ***. Caller frees. */
GStrv kt_words_masked (const char *const *words);
