/* SPDX-License-Identifier: MIT
 *
 * The functions behind the rows of the operation table, a file a subject.
 */
#pragma once

#include "operation/operation.h"

#define KT_HANDLER(name) JsonObject *name (KtOperationContext *context, JsonObject *args, GError **error)

KT_HANDLER (kt_handle_host);           /* op_host.c */
KT_HANDLER (kt_handle_host_advise);    /* op_host_advise.c */
KT_HANDLER (kt_handle_doctor);         /* op_doctor.c */
KT_HANDLER (kt_handle_profile_list);   /* op_profile.c */
KT_HANDLER (kt_handle_profile_show);
KT_HANDLER (kt_handle_profile_pick);
KT_HANDLER (kt_handle_profile_check);
KT_HANDLER (kt_handle_advise);         /* op_advise.c */
KT_HANDLER (kt_handle_explain);
KT_HANDLER (kt_handle_config_write);   /* op_config.c */
KT_HANDLER (kt_handle_config_diff);
KT_HANDLER (kt_handle_config_check);
KT_HANDLER (kt_handle_config_try);
KT_HANDLER (kt_handle_plan);           /* op_change.c */
KT_HANDLER (kt_handle_apply);
KT_HANDLER (kt_handle_undo);
KT_HANDLER (kt_handle_resume);
KT_HANDLER (kt_handle_confirm);        /* op_confirm.c */
KT_HANDLER (kt_handle_wait);
KT_HANDLER (kt_handle_status);         /* op_change.c */
KT_HANDLER (kt_handle_history);
KT_HANDLER (kt_handle_backup_create);  /* op_backup.c */
KT_HANDLER (kt_handle_backup_list);
KT_HANDLER (kt_handle_backup_verify);
KT_HANDLER (kt_handle_backup_prune);
KT_HANDLER (kt_handle_backup_restore); /* op_restore.c */
KT_HANDLER (kt_handle_bench_run);      /* op_bench.c */
KT_HANDLER (kt_handle_bench_compare);
KT_HANDLER (kt_handle_bench_list);
KT_HANDLER (kt_handle_bench_show);
KT_HANDLER (kt_handle_bench_size);
KT_HANDLER (kt_handle_bench_tune);     /* op_tune.c */
KT_HANDLER (kt_handle_indexer_releases); /* op_indexer.c */
KT_HANDLER (kt_handle_indexer_check);
KT_HANDLER (kt_handle_indexer_features); /* op_indexer_features.c */
KT_HANDLER (kt_handle_indexer_show);   /* op_indexer_show.c */
KT_HANDLER (kt_handle_indexer_configure); /* op_indexer_configure.c */
KT_HANDLER (kt_handle_storage_show);   /* op_storage_show.c */
KT_HANDLER (kt_handle_storage_adopt); /* op_storage_adopt.c */
KT_HANDLER (kt_handle_storage_prepare); /* op_storage_prepare.c */
KT_HANDLER (kt_handle_storage_estimate); /* op_storage.c */
KT_HANDLER (kt_handle_storage_move);   /* op_move.c */
KT_HANDLER (kt_handle_reference);      /* op_reference.c */
