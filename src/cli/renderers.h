/* SPDX-License-Identifier: MIT
 *
 * The renderers, a file a subject, and the small words they share.
 */
#pragma once

#include "cli/render.h"

#define KT_RENDERER(name) void name (JsonObject *answer, GString *out, guint width)

KT_RENDERER (kt_render_host);         /* render_host.c */
KT_RENDERER (kt_render_doctor);
KT_RENDERER (kt_render_profile_list); /* render_profile.c */
KT_RENDERER (kt_render_profile);
KT_RENDERER (kt_render_advise);       /* render_advise.c */
KT_RENDERER (kt_render_explain);
KT_RENDERER (kt_render_config_write); /* render_config.c */
KT_RENDERER (kt_render_config_diff);
KT_RENDERER (kt_render_config_check);
KT_RENDERER (kt_render_config_try);
KT_RENDERER (kt_render_host_advise);  /* render_host_advise.c */
KT_RENDERER (kt_render_plan);         /* render_change.c */
KT_RENDERER (kt_render_apply);
KT_RENDERER (kt_render_undo);
KT_RENDERER (kt_render_resume);
KT_RENDERER (kt_render_confirm);
KT_RENDERER (kt_render_status);
KT_RENDERER (kt_render_history);
KT_RENDERER (kt_render_backup_create); /* render_backup.c */
KT_RENDERER (kt_render_backup_list);
KT_RENDERER (kt_render_backup_verify);
KT_RENDERER (kt_render_backup_prune);
KT_RENDERER (kt_render_backup_restore);
KT_RENDERER (kt_render_bench);        /* render_bench.c */
KT_RENDERER (kt_render_bench_list);
KT_RENDERER (kt_render_bench_tune);   /* render_tune.c */
KT_RENDERER (kt_render_bench_size);
KT_RENDERER (kt_render_indexer_releases); /* render_indexer.c */
KT_RENDERER (kt_render_indexer_features);
KT_RENDERER (kt_render_indexer_check);
KT_RENDERER (kt_render_indexer_show); /* render_indexer_show.c */
KT_RENDERER (kt_render_storage_devices); /* render_storage_devices.c: a part of storage show */
KT_RENDERER (kt_render_indexer_configure);
KT_RENDERER (kt_render_storage_show);
KT_RENDERER (kt_render_storage_estimate); /* render_storage.c */
KT_RENDERER (kt_render_storage_plan); /* render_storage_change.c */
KT_RENDERER (kt_render_storage_change);
KT_RENDERER (kt_render_storage_move); /* render_move.c */
KT_RENDERER (kt_render_reference);    /* render_reference.c */

/* A paragraph, wrapped. */
void kt_render_line (GString *out, guint width, const char *format, ...) G_GNUC_PRINTF (3, 4);
void kt_render_size (GString *out, gint64 bytes);
/* "512 MB", or "?" when absent or negative. Caller frees. */
char *kt_render_size_member (JsonObject *object, const char *name);
/* The member `findings`: severity, sentence, remedy. Nothing when there are none. */
void kt_render_findings (JsonObject *answer, GString *out, guint width);
