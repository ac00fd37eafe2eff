/* SPDX-License-Identifier: MIT
 *
 * A server's log (stderr format, English, any line prefix) read for the reason why it did not start. Pure.
 */
#pragma once

#include <glib.h>

typedef struct {
  guint line;    /* of the configuration file, 0: the server named none */
  char *name;    /* the parameter it is about, NULL: none named */
  char *text;    /* the message, with its DETAIL */
  char *hint;    /* the server's HINT, or NULL */
} KtScratchFault;

void kt_scratch_fault_free (KtScratchFault *fault);

/* What stopped the server, most telling first: a refused configuration names each of its faults. Elements KtScratchFault.
 * @conf_file is cut out of messages: the reader knows his settings under another name. */
GPtrArray *kt_scratch_log_faults (const char *log, const char *conf_file);

/* Messages of WARNING lines. */
GStrv kt_scratch_log_warnings (const char *log);
