/* SPDX-License-Identifier: MIT
 *
 * What pg_controldata tells of a data directory, as far as two copies of a cluster are compared by it.
 */
#pragma once

#include <glib.h>

typedef struct {
  char *state;             /* "in production", "shut down", "shut down in recovery", … */
  char *system_identifier;
  guint64 checkpoint;      /* position of the latest one */
  guint64 next_xid;        /* with its epoch, as of that checkpoint */
  guint64 next_multixact;
  guint timeline;
  guint64 segment_bytes;   /* of its log */
} KtControlData;

/* @data may be asleep (place.h). Errors: KT_ERROR_UNSUPPORTED (no such program), KT_ERROR_PARSE, those of running it. */
KtControlData *kt_control_data_read (const char *bin_directory, const char *data, GError **error);
void kt_control_data_free (KtControlData *control);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtControlData, kt_control_data_free)

/* "0/3000110". Caller frees. */
char *kt_lsn_to_text (guint64 lsn);
