/* SPDX-License-Identifier: MIT
 *
 * A container that is made for one command and removed afterwards: the image and the limits of another one, no network, none of its
 * folders. One whose kastune was killed is removed by the next.
 */
#pragma once

#include "docker/engine.h"

typedef struct {
  const char *name, *text; /* below KT_THROWAWAY_FOLDER */
} KtThrowawayFile;

/* Belongs to the user of the command, like the files in it. */
#define KT_THROWAWAY_NAME "kastune-scratch"
#define KT_THROWAWAY_FOLDER "/" KT_THROWAWAY_NAME

typedef struct {
  const char *like;            /* container whose image (by its checksum), memory, /dev/shm and processors it gets */
  guint uid, gid;              /* who runs the command */
  const char *const *command;  /* NULL-terminated; in place of the image's own */
  const KtThrowawayFile *files; /* ends with a NULL name */
  guint deadline_ms;
} KtThrowaway;

typedef struct {
  int status;             /* exit status of the command */
  gboolean out_of_memory; /* the kernel ended it */
  char *output;           /* both streams */
  gint64 memory_limit;    /* bytes that were in force, 0: none */
} KtThrowawayResult;

void kt_throwaway_result_clear (KtThrowawayResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (KtThrowawayResult, kt_throwaway_result_clear)

/* Errors: those of kt_engine_get, with "cannot make a container to try in"; KT_ERROR_TIMEOUT, KT_ERROR_INTERRUPTED. Nothing is left. */
gboolean kt_throwaway_run (const KtEngine *engine, const KtThrowaway *throwaway, KtThrowawayResult *result, GCancellable *cancellable,
                           GError **error);

/* A tar archive of KT_THROWAWAY_FOLDER with @files. Caller frees. */
GString *kt_throwaway_tar (const KtThrowaway *throwaway);

/* Is the process of @mark, as a container of this boot has it, gone? One that cannot be understood is not. */
gboolean kt_throwaway_is_left (const char *mark);
/* The mark of this process. Caller frees. */
char *kt_throwaway_mark (void);
