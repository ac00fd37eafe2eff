/* SPDX-License-Identifier: MIT
 *
 * One function per computed value. A rule decides one parameter, sees nothing but KtInputs, and explains itself with
 * this machine's numbers. Which parameter uses which rule stands in params.c.
 */
#pragma once

#include "tuning/params.h"

#define KT_RULE(name) gboolean kt_rule_##name (const KtInputs *in, KtValue *out, GString *because)

/* rules_memory.c */
KT_RULE (shared_buffers);
KT_RULE (effective_cache_size);
KT_RULE (work_mem);
KT_RULE (maintenance_work_mem);
KT_RULE (autovacuum_work_mem);
KT_RULE (huge_pages);
KT_RULE (max_connections);

/* rules_wal.c */
KT_RULE (max_wal_size);
KT_RULE (min_wal_size);
KT_RULE (checkpoint_timeout);
KT_RULE (checkpoint_completion_target);
KT_RULE (wal_buffers);
KT_RULE (wal_compression);
KT_RULE (wal_on_copy_on_write);
KT_RULE (max_slot_wal_keep_size);

/* rules_writer.c */
KT_RULE (bgwriter_delay);
KT_RULE (bgwriter_lru_maxpages);
KT_RULE (bgwriter_lru_multiplier);

/* rules_autovacuum.c */
KT_RULE (autovacuum_max_workers);
KT_RULE (autovacuum_naptime);
KT_RULE (autovacuum_vacuum_cost_limit);
KT_RULE (autovacuum_vacuum_cost_delay);
KT_RULE (autovacuum_vacuum_scale_factor);
KT_RULE (autovacuum_analyze_scale_factor);
KT_RULE (autovacuum_vacuum_insert_threshold);
KT_RULE (autovacuum_vacuum_insert_scale_factor);
KT_RULE (vacuum_buffer_usage_limit);

/* rules_io.c */
KT_RULE (effective_io_concurrency);
KT_RULE (maintenance_io_concurrency);
KT_RULE (io_workers);
KT_RULE (io_max_workers);

/* rules_planner.c */
KT_RULE (max_worker_processes);
KT_RULE (max_parallel_workers);
KT_RULE (max_parallel_workers_per_gather);
KT_RULE (max_parallel_maintenance_workers);
KT_RULE (random_page_cost);
KT_RULE (jit);
KT_RULE (default_toast_compression);

/* rules_observe.c */
KT_RULE (io_timing);
KT_RULE (log_checkpoints);
KT_RULE (log_autovacuum_min_duration);
KT_RULE (log_temp_files);
KT_RULE (log_lock_waits);
KT_RULE (shared_preload_libraries);
KT_RULE (pg_stat_statements_max);

/* rules_timescale.c */
KT_RULE (timescaledb_max_background_workers);
KT_RULE (max_locks_per_transaction);
