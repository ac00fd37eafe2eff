/* SPDX-License-Identifier: MIT
 *
 * The rows, grouped, and what can be asked of one. Figures called "measured" without a place come from runs of the
 * indexer's write pattern: 15.18, 2 CPUs, 4 GB, 6.3 GB of data with 1.6 GB of random-key indexes, disk held to 3,000 I/Os
 * and 125 MB a second unless said; defaults and limits were read from servers of 13 to 18.
 */
#include "tuning/params.h"

#include "base/error.h"
#include "base/size.h"
#include "tuning/rules.h"

#include <string.h>

#define INT_LARGEST 2147483647.0
#define KB 1024.0
#define MB (1024.0 * 1024)
#define PAGE 8192.0
#define SECOND 1000.0
#define MINUTE (60 * SECOND)
#define DAY (24 * 60 * MINUTE)
#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define CHANGES(...) ((const KtParamChange[]){ __VA_ARGS__, { 0 } })

#define SMALLDATUM "https://smalldatum.blogspot.com/2023/06/tuning-postgres-and-new-insert-benchmark.html"
#define DONT_GIVE "https://vondra.me/posts/dont-give-postgres-too-much-memory/"
#define TUNING_AIO "https://vondra.me/posts/tuning-aio-in-postgresql-18"
#define MEASURED_DISTANCE "measured: the same rows wrote 6.2, 3.5 and 1.0 GB of WAL with max_wal_size 256 MB, 1 GB and 8 GB"

static const KtParam params[] = {
  /* Memory */
  {
    .name = "shared_buffers", .group = KT_GROUP_MEMORY, .type = KT_GUC_INTEGER, .unit = "8kB",
    .min = 16 * PAGE, .max = 1073741823.0 * PAGE, .apply = KT_APPLY_RESTART, .boot = "128MB",
    .changes = CHANGES ({ .from = 15, .boot = "128MB" }),
    .rule = kt_rule_shared_buffers, .page = "runtime-config-resource",
    .summary = "memory for table and index pages that all sessions share",
    .why = "Every row lands on a random page of each index. A page that is still here is changed in memory; one that is not "
           "is read from the disk, and another changed one is written out to make room.",
    .source = "the indexer's own example uses 37 %; measured: 59 % against 25 % of 4 GB, 6,775 against 4,834 transactions/s",
    .hazard = "too large: the server does not start, or is killed when sessions need memory",
    .impact = { "fewer reads and fewer pages written by sessions themselves; throughput up where the indexes then fit",
                "measured: 128 MB to 1 GB gave two thirds more throughput on 2.8 GB of data", KT_CONFIDENCE_HIGH },
  },
  {
    .name = "effective_cache_size", .group = KT_GROUP_MEMORY, .type = KT_GUC_INTEGER, .unit = "8kB",
    .min = PAGE, .max = INT_LARGEST * PAGE, .apply = KT_APPLY_RELOAD, .boot = "4GB", .per_session = TRUE,
    .rule = kt_rule_effective_cache_size, .page = "runtime-config-query",
    .summary = "what the planner believes to be cached, in shared_buffers and by the operating system",
    .why = "Too small a value makes the planner shun index scans that would mostly hit the cache.",
    .impact = { "index scans are preferred where they should be", "documented; the indexer itself does not depend on it",
                KT_CONFIDENCE_LOW },
  },
  {
    .name = "work_mem", .group = KT_GROUP_MEMORY, .type = KT_GUC_INTEGER, .unit = "kB",
    .min = 64 * KB, .max = INT_LARGEST * KB, .apply = KT_APPLY_RELOAD, .boot = "4MB", .per_session = TRUE,
    .rule = kt_rule_work_mem, .page = "runtime-config-resource",
    .summary = "memory for each sort or hash of a query before it goes to temporary files",
    .why = "The indexer hardly sorts; API queries and the pruning joins do.",
    .hazard = "multiplied by sorts and hashes of a query, by sessions, by parallel workers and by hash_mem_multiplier",
    .impact = { "fewer temporary files in API queries and pruning", "reasoned; see log_temp_files", KT_CONFIDENCE_LOW },
  },
  {
    .name = "hash_mem_multiplier", .group = KT_GROUP_MEMORY, .type = KT_GUC_REAL, .min = 1, .max = 1000,
    .apply = KT_APPLY_RELOAD, .boot = "1", .per_session = TRUE, .changes = CHANGES ({ .from = 15, .boot = "2" }),
    .left = "the default fits; it counts in the worst case of memory", .page = "runtime-config-resource",
    .summary = "how many times work_mem a hash may use",
    .why = "Part of the memory budget: at 8 each hash may use eight times work_mem.",
    .hazard = "multiplies the worst case of memory",
  },
  {
    .name = "maintenance_work_mem", .group = KT_GROUP_MEMORY, .type = KT_GUC_INTEGER, .unit = "kB",
    .min = 1024 * KB, .max = INT_LARGEST * KB, .apply = KT_APPLY_RELOAD, .boot = "64MB", .per_session = TRUE,
    .changes = CHANGES ({ .from = 17, .min = 64 * KB }),
    .rule = kt_rule_maintenance_work_mem, .page = "runtime-config-resource",
    .summary = "memory for an index build, a manual vacuum or adding a foreign key",
    .why = "Index builds of schema migrations sort the largest tables.",
    .source = DONT_GIVE,
    .hazard = "parallel builds take it from /dev/shm, which is 64 MB in a container unless said otherwise",
    .impact = { "faster index builds at migrations and after the first sync", "published measurements, up to 1 GB",
                KT_CONFIDENCE_MEDIUM },
  },
  {
    .name = "autovacuum_work_mem", .group = KT_GROUP_MEMORY, .type = KT_GUC_INTEGER, .unit = "kB",
    .min = -1, .max = INT_LARGEST * KB, .apply = KT_APPLY_RELOAD, .boot = "-1",
    .rule = kt_rule_autovacuum_work_mem, .page = "runtime-config-resource",
    .summary = "memory of each autovacuum worker for its list of dead rows",
    .why = "Unset, every worker may use maintenance_work_mem.",
    .source = "release notes of 17",
    .hazard = "times autovacuum_max_workers",
    .impact = { "bounds memory; large prunings are vacuumed in one pass over the indexes", "documented", KT_CONFIDENCE_MEDIUM },
  },
  {
    .name = "huge_pages", .group = KT_GROUP_MEMORY, .type = KT_GUC_ENUM, .words = WORDS ("off", "on", "try"),
    .apply = KT_APPLY_RESTART, .boot = "try", .rule = kt_rule_huge_pages, .page = "runtime-config-resource",
    .summary = "whether shared memory uses huge pages",
    .why = "Without them every session's page table takes up to 1/512 of shared_buffers.",
    .source = "https://github.com/docker-library/postgres/issues/451",
    .hazard = "on without enough reserved pages prevents the start; try in a container with a zero limit ends in SIGBUS",
    .impact = { "saves page tables and TLB misses where vm.nr_hugepages is set", "modelled: connections times shared_buffers/512",
                KT_CONFIDENCE_MEDIUM },
  },
  {
    .name = "huge_page_size", .group = KT_GROUP_MEMORY, .since = 14, .type = KT_GUC_INTEGER, .unit = "kB",
    .min = 0, .max = INT_LARGEST * KB, .apply = KT_APPLY_RESTART, .boot = "0",
    .left = "the system's default size is right; 1 GB pages must be reserved at boot", .page = "runtime-config-resource",
    .summary = "size of the huge pages to use", .why = "Only for machines with reserved 1 GB pages.",
    .hazard = "a size that the kernel has no free pages of prevents the start with huge_pages = on",
  },
  {
    .name = "temp_file_limit", .group = KT_GROUP_MEMORY, .type = KT_GUC_INTEGER, .unit = "kB",
    .min = -1, .max = INT_LARGEST * KB, .apply = KT_APPLY_RELOAD, .boot = "-1", .per_session = TRUE,
    .left = "a limit cancels legitimate work as well; better given to the API's role alone", .page = "runtime-config-resource",
    .summary = "disk space for the temporary files of one session",
    .why = "A runaway query can fill the volume.", .hazard = "cancels queries that need more, pruning and migrations included",
  },

  /* Connections */
  {
    .name = "max_connections", .group = KT_GROUP_CONNECTIONS, .type = KT_GUC_INTEGER, .min = 1, .max = 262143,
    .apply = KT_APPLY_RESTART, .boot = "100", .floor = TRUE, .rule = kt_rule_max_connections,
    .page = "runtime-config-connection",
    .summary = "how many sessions can be open at once",
    .why = "The indexer's pool is ten connections for each concurrent batch, an API server runs 4 workers of 15. When there are "
           "too few, the indexer waits 30 seconds for a connection and then stops.",
    .source = "pool sizes of simply-kaspa-indexer and kaspa-rest-server",
    .hazard = "lowering it breaks clients; a standby needs at least the primary's value; 1000 cost 42 to 73 MB more",
    .impact = { "no refused connections", "pool sizes of the indexer and the API server", KT_CONFIDENCE_HIGH },
  },
  {
    .name = "superuser_reserved_connections", .group = KT_GROUP_CONNECTIONS, .type = KT_GUC_INTEGER, .min = 0, .max = 262143,
    .apply = KT_APPLY_RESTART, .boot = "3",
    .left = "the three that are reserved let an administrator in when everything is full", .page = "runtime-config-connection",
    .summary = "connections kept for superusers", .why = "Part of the sum that max_connections must exceed.",
    .hazard = "together with reserved_connections at or above max_connections the server does not start",
  },
  {
    .name = "reserved_connections", .group = KT_GROUP_CONNECTIONS, .since = 16, .type = KT_GUC_INTEGER, .min = 0, .max = 262143,
    .apply = KT_APPLY_RESTART, .boot = "0", .left = "nothing here needs it", .page = "runtime-config-connection",
    .summary = "connections kept for roles with pg_use_reserved_connections",
    .why = "Part of the sum that max_connections must exceed.",
    .hazard = "together with superuser_reserved_connections at or above max_connections the server does not start",
  },
  {
    .name = "max_prepared_transactions", .group = KT_GROUP_CONNECTIONS, .type = KT_GUC_INTEGER, .min = 0, .max = 262143,
    .apply = KT_APPLY_RESTART, .boot = "0", .floor = TRUE,
    .left = "neither indexer nor API uses two-phase commit", .page = "runtime-config-resource",
    .summary = "how many prepared transactions may exist",
    .why = "Only for two-phase commit.", .hazard = "lowering it below what exists prevents the start; a standby needs at least as many",
  },
  {
    .name = "max_locks_per_transaction", .group = KT_GROUP_CONNECTIONS, .type = KT_GUC_INTEGER, .min = 10, .max = INT_LARGEST,
    .apply = KT_APPLY_RESTART, .boot = "64", .floor = TRUE, .changes = CHANGES ({ .from = 19, .boot = "128" }),
    .rule = kt_rule_max_locks_per_transaction, .page = "runtime-config-locks",
    .summary = "average number of tables a transaction may lock",
    .why = "A statement on a TimescaleDB hypertable locks each chunk it touches.",
    .source = "timescaledb-tune", .hazard = "a standby needs at least the primary's value; 1024 cost about 50 MB",
    .impact = { "no “out of shared memory” on hypertables with many chunks", "timescaledb-tune's table", KT_CONFIDENCE_MEDIUM },
  },

  /* WAL and checkpoints */
  {
    .name = "max_wal_size", .group = KT_GROUP_WAL, .type = KT_GUC_INTEGER, .unit = "MB",
    .min = 2 * MB, .max = INT_LARGEST * MB, .apply = KT_APPLY_RELOAD, .boot = "1GB",
    .rule = kt_rule_max_wal_size, .page = "runtime-config-wal",
    .summary = "WAL between two checkpoints, beyond which one is forced",
    .why = "The first change of a page after a checkpoint logs the whole page, and random keys touch new pages all the time: the "
           "distance between checkpoints decides how much WAL the same rows write.",
    .source = "https://www.cybertec-postgresql.com/en/reduce-wal-by-increasing-checkpoint-distance/",
    .hazard = "a soft limit: slots, failed archiving and wal_keep_size go beyond it; crash recovery takes longer",
    .impact = { "far less WAL and fewer forced checkpoints", MEASURED_DISTANCE, KT_CONFIDENCE_HIGH },
  },
  {
    .name = "min_wal_size", .group = KT_GROUP_WAL, .type = KT_GUC_INTEGER, .unit = "MB",
    .min = 2 * MB, .max = INT_LARGEST * MB, .apply = KT_APPLY_RELOAD, .boot = "80MB",
    .rule = kt_rule_min_wal_size, .page = "runtime-config-wal",
    .summary = "WAL files that are kept for reuse even when they are not needed now",
    .why = "Creating a segment costs more than reusing one.",
    .hazard = "below two WAL segments the server does not start, and postgres -C does not notice; above max_wal_size it is accepted silently",
    .impact = { "no new files when the load comes back", "reasoned", KT_CONFIDENCE_LOW },
  },
  {
    .name = "checkpoint_timeout", .group = KT_GROUP_WAL, .type = KT_GUC_INTEGER, .unit = "s",
    .min = 30 * SECOND, .max = DAY, .apply = KT_APPLY_RELOAD, .boot = "5min",
    .rule = kt_rule_checkpoint_timeout, .page = "runtime-config-wal",
    .summary = "time after which a checkpoint starts",
    .why = "Fewer checkpoints write fewer full page images.",
    .source = "Pigsty and Autobase 15 minutes",
    .hazard = "crash recovery takes longer, bounded by max_wal_size",
    .impact = { "less WAL at the tip of the chain", MEASURED_DISTANCE, KT_CONFIDENCE_HIGH },
  },
  {
    .name = "checkpoint_completion_target", .group = KT_GROUP_WAL, .type = KT_GUC_REAL, .min = 0, .max = 1,
    .apply = KT_APPLY_RELOAD, .boot = "0.5", .changes = CHANGES ({ .from = 14, .boot = "0.9" }),
    .rule = kt_rule_checkpoint_completion_target, .page = "runtime-config-wal",
    .summary = "share of the checkpoint cycle over which its writes are spread",
    .why = "A spread checkpoint does not starve the indexer of the disk.",
    .impact = { "steadier writes on 13; the default elsewhere", "release notes of 14", KT_CONFIDENCE_MEDIUM },
  },
  {
    .name = "checkpoint_flush_after", .group = KT_GROUP_WAL, .type = KT_GUC_INTEGER, .unit = "8kB", .min = 0, .max = 256 * PAGE,
    .apply = KT_APPLY_RELOAD, .boot = "256kB", .left = "bounds what piles up in the kernel before a checkpoint's final flush",
    .page = "runtime-config-wal",
    .summary = "after how many written pages a checkpoint asks the kernel to start writing",
    .why = "Without it a checkpoint ends in one long flush.", .hazard = "0 on ext4 or disks that turn: stalls at the end of a checkpoint",
  },
  {
    .name = "checkpoint_warning", .group = KT_GROUP_WAL, .type = KT_GUC_INTEGER, .unit = "s", .min = 0, .max = INT_LARGEST * SECOND,
    .apply = KT_APPLY_RELOAD, .boot = "30s", .left = "its log line is the classic sign of a small max_wal_size",
    .page = "runtime-config-wal",
    .summary = "warn when checkpoints forced by WAL volume come closer than this", .why = "Tells when max_wal_size is too small.",
  },
  {
    .name = "wal_buffers", .group = KT_GROUP_WAL, .type = KT_GUC_INTEGER, .unit = "8kB", .min = -1, .max = 262143 * PAGE,
    .apply = KT_APPLY_RESTART, .boot = "-1", .rule = kt_rule_wal_buffers, .page = "runtime-config-wal",
    .summary = "memory for WAL that is not written yet",
    .why = "When it is full, sessions write WAL themselves and wait.",
    .source = "measured: 43,000 times full with 4 MB, never with 16 MB",
    .impact = { "no waiting for WAL buffers", "measured once; no difference above 16 MB seen so far", KT_CONFIDENCE_MEDIUM },
  },
  {
    .name = "wal_compression", .group = KT_GROUP_WAL, .type = KT_GUC_ENUM, .words = WORDS ("off", "on"),
    .apply = KT_APPLY_RELOAD, .boot = "off", .per_session = TRUE,
    .changes = CHANGES ({ .from = 15, .words = WORDS ("off", "on", "pglz", "lz4", "zstd") }),
    .rule = kt_rule_wal_compression, .page = "runtime-config-wal",
    .summary = "compress full page images in WAL",
    .why = "Hash data compress badly, so the gain is small; pglz costs more than it gives.",
    .source = "measured: pglz 10 %, lz4 12 %, zstd 19 % less WAL; pglz a quarter of the throughput, the others nothing visible",
    .hazard = "a method that is not built in prevents the start",
    .impact = { "12 to 19 % less WAL", "measured on the indexer's tables", KT_CONFIDENCE_HIGH },
  },
  {
    .name = "wal_init_zero", .group = KT_GROUP_WAL, .type = KT_GUC_BOOL, .apply = KT_APPLY_RELOAD, .boot = "on",
    .rule = kt_rule_wal_on_copy_on_write, .page = "runtime-config-wal", .per_session = TRUE,
    .summary = "fill new WAL files with zeroes before use",
    .why = "Reserves the blocks so that later writes change nothing else; copy-on-write file systems write elsewhere anyway.",
    .hazard = "off on ext4 or xfs: slower commits after each segment switch",
    .impact = { "less to write on ZFS and btrfs", "manual; published file system comparisons", KT_CONFIDENCE_MEDIUM },
  },
  {
    .name = "wal_recycle", .group = KT_GROUP_WAL, .type = KT_GUC_BOOL, .apply = KT_APPLY_RELOAD, .boot = "on",
    .rule = kt_rule_wal_on_copy_on_write, .page = "runtime-config-wal", .per_session = TRUE,
    .summary = "reuse old WAL files by renaming them",
    .why = "Saves creating files where overwriting is cheap; on copy-on-write a new file is cheaper.",
    .hazard = "off on ext4 or xfs: slower commits after each segment switch",
    .impact = { "less to read and write on ZFS and btrfs", "manual; published file system comparisons", KT_CONFIDENCE_MEDIUM },
  },
  {
    .name = "wal_keep_size", .group = KT_GROUP_WAL, .type = KT_GUC_INTEGER, .unit = "MB", .min = 0, .max = INT_LARGEST * MB,
    .apply = KT_APPLY_RELOAD, .boot = "0", .left = "belongs to replication, which kastune does not set up",
    .page = "runtime-config-replication",
    .summary = "WAL kept for standbys without a slot", .why = "Counts against the disk on top of max_wal_size.",
    .hazard = "takes its size of the disk for good",
  },
  {
    .name = "max_slot_wal_keep_size", .group = KT_GROUP_WAL, .type = KT_GUC_INTEGER, .unit = "MB", .min = -1, .max = INT_LARGEST * MB,
    .apply = KT_APPLY_RELOAD, .boot = "-1", .rule = kt_rule_max_slot_wal_keep_size,
    .left = "there are no replication slots, or the free space is unknown or too small to divide",
    .page = "runtime-config-replication",
    .summary = "most WAL that replication slots may keep",
    .why = "A slot whose reader died keeps WAL until the disk is full and the server stops.",
    .hazard = "a slot that falls further behind is lost and its standby must be built again",
    .impact = { "a dead slot cannot fill the disk", "documented", KT_CONFIDENCE_HIGH },
  },
  {
    .name = "wal_skip_threshold", .group = KT_GROUP_WAL, .type = KT_GUC_INTEGER, .unit = "kB", .min = 0, .max = INT_LARGEST * KB,
    .apply = KT_APPLY_RELOAD, .boot = "2MB", .per_session = TRUE, .left = "only matters with wal_level = minimal",
    .page = "runtime-config-wal", .summary = "from which size new tables are flushed instead of logged",
    .why = "Only with wal_level = minimal.",
  },

  /* Commit */
  {
    .name = "commit_delay", .group = KT_GROUP_COMMIT, .type = KT_GUC_INTEGER, .min = 0, .max = 100000,
    .apply = KT_APPLY_RELOAD, .boot = "0", .per_session = TRUE, .rule = kt_rule_commit_delay,
    .left = "adds latency to each commit, and flushes are not known to be slow here", .page = "runtime-config-wal",
    .summary = "microseconds a commit waits for others to share its flush",
    .why = "Sharing pays only where a flush is slow and many sessions commit.",
    .source = "manual, section 30.5 (WAL configuration)", .hazard = "adds latency to each commit",
    .impact = { "fewer flushes on slow disks with several writers", "manual; not measured here", KT_CONFIDENCE_LOW },
  },
  {
    .name = "commit_siblings", .group = KT_GROUP_COMMIT, .type = KT_GUC_INTEGER, .min = 0, .max = 1000, .apply = KT_APPLY_RELOAD,
    .boot = "5", .per_session = TRUE, .left = "5 other open transactions are a sensible condition for waiting",
    .page = "runtime-config-wal", .summary = "how many transactions must be open for commit_delay to apply",
    .why = "Keeps a lonely writer from waiting.",
  },
  {
    .name = "wal_writer_delay", .group = KT_GROUP_COMMIT, .type = KT_GUC_INTEGER, .unit = "ms", .min = 1, .max = 10000,
    .apply = KT_APPLY_RELOAD, .boot = "200ms", .left = "with asynchronous commit three times this is what a crash can lose",
    .page = "runtime-config-wal", .summary = "how often the WAL writer flushes",
    .why = "Decides the loss window of asynchronous commits.", .hazard = "longer: more commits are lost in a crash",
  },
  {
    .name = "wal_writer_flush_after", .group = KT_GROUP_COMMIT, .type = KT_GUC_INTEGER, .unit = "8kB", .min = 0,
    .max = INT_LARGEST * PAGE, .apply = KT_APPLY_RELOAD, .boot = "1MB", .left = "no gain is known for this load",
    .page = "runtime-config-wal", .summary = "WAL after which the WAL writer flushes early",
    .why = "Only matters with asynchronous commit.",
  },
  {
    .name = "wal_sync_method", .group = KT_GROUP_COMMIT, .type = KT_GUC_ENUM,
    .words = WORDS ("fsync", "fdatasync", "open_sync", "open_datasync"), .apply = KT_APPLY_RELOAD, .boot = "fdatasync",
    .left = "fdatasync is right on Linux", .page = "runtime-config-wal", .summary = "how WAL is forced to the disk",
    .why = "Others differ by file system and are rarely faster.", .hazard = "some methods are not safe on some file systems",
  },

  /* Background writer */
  {
    .name = "bgwriter_delay", .group = KT_GROUP_WRITER, .type = KT_GUC_INTEGER, .unit = "ms", .min = 10, .max = 10000,
    .apply = KT_APPLY_RELOAD, .boot = "200ms", .rule = kt_rule_bgwriter_delay, .page = "runtime-config-resource",
    .summary = "pause between rounds of the background writer",
    .why = "Sessions that find no clean page must write one themselves.",
    .source = "measured: with defaults sessions wrote 1.04 million pages themselves, the checkpointer 15 thousand",
    .hazard = "writes pages that will be dirtied again; on a limited disk that costs a quarter of the throughput",
    .impact = { "fewer pages written by sessions themselves", "measured on an unlimited disk", KT_CONFIDENCE_LOW },
  },
  {
    .name = "bgwriter_lru_maxpages", .group = KT_GROUP_WRITER, .type = KT_GUC_INTEGER, .min = 0, .max = 1073741823,
    .apply = KT_APPLY_RELOAD, .boot = "100", .rule = kt_rule_bgwriter_lru_maxpages, .page = "runtime-config-resource",
    .summary = "most pages the background writer writes in a round",
    .why = "100 pages every 200 ms are 4 MB/s at most.",
    .source = "measured: 3,158 transactions/s with 1,000 pages each 50 ms, 4,362 with none, disk held to 3,000 I/Os per second",
    .hazard = "writes pages that will be dirtied again; on a limited disk that costs a quarter of the throughput",
    .impact = { "fewer pages written by sessions themselves", "measured on an unlimited disk", KT_CONFIDENCE_LOW },
  },
  {
    .name = "bgwriter_lru_multiplier", .group = KT_GROUP_WRITER, .type = KT_GUC_REAL, .min = 0, .max = 10,
    .apply = KT_APPLY_RELOAD, .boot = "2", .rule = kt_rule_bgwriter_lru_multiplier, .page = "runtime-config-resource",
    .summary = "how far ahead of demand the background writer cleans", .why = "Demand comes in bursts, a batch at a time.",
    .hazard = "writes pages that will be dirtied again",
    .impact = { "fewer pages written by sessions themselves", "reasoned", KT_CONFIDENCE_LOW },
  },
  {
    .name = "bgwriter_flush_after", .group = KT_GROUP_WRITER, .type = KT_GUC_INTEGER, .unit = "8kB", .min = 0, .max = 256 * PAGE,
    .apply = KT_APPLY_RELOAD, .boot = "512kB", .left = "bounds what piles up in the kernel", .page = "runtime-config-resource",
    .summary = "after how many pages the background writer asks the kernel to write", .why = "Avoids long flushes later.",
  },
  {
    .name = "backend_flush_after", .group = KT_GROUP_WRITER, .type = KT_GUC_INTEGER, .unit = "8kB", .min = 0, .max = 256 * PAGE,
    .apply = KT_APPLY_RELOAD, .boot = "0", .per_session = TRUE, .left = "off is right: pages that sessions write are often written again",
    .page = "runtime-config-resource", .summary = "after how many pages a session asks the kernel to write",
    .why = "Only for loads whose sessions write more than the disk takes.",
  },

  /* Autovacuum */
  {
    .name = "autovacuum_max_workers", .group = KT_GROUP_AUTOVACUUM, .type = KT_GUC_INTEGER, .min = 1, .max = 262143,
    .apply = KT_APPLY_RESTART, .boot = "3", .changes = CHANGES ({ .from = 18, .apply = KT_APPLY_RELOAD }),
    .rule = kt_rule_autovacuum_max_workers, .page = "runtime-config-autovacuum",
    .summary = "how many tables are vacuumed at once",
    .why = "The indexer has few, very large tables.", .hazard = "times autovacuum_work_mem; they share one cost limit; 18: above "
                                                                "autovacuum_worker_slots it has no effect",
    .impact = { "the large tables do not wait for each other", "reasoned", KT_CONFIDENCE_LOW },
  },
  {
    .name = "autovacuum_worker_slots", .group = KT_GROUP_AUTOVACUUM, .since = 18, .type = KT_GUC_INTEGER, .min = 1, .max = 262143,
    .apply = KT_APPLY_RESTART, .boot = "16", .floor = TRUE, .left = "16 are more than this load needs",
    .page = "runtime-config-autovacuum", .summary = "how far autovacuum_max_workers can be raised without a restart",
    .why = "A limit for autovacuum_max_workers.",
  },
  {
    .name = "autovacuum_naptime", .group = KT_GROUP_AUTOVACUUM, .type = KT_GUC_INTEGER, .unit = "s", .min = SECOND,
    .max = 2147483 * SECOND, .apply = KT_APPLY_RELOAD, .boot = "1min", .rule = kt_rule_autovacuum_naptime,
    .page = "runtime-config-autovacuum", .summary = "how often each database is looked at",
    .why = "Tables that grow by millions of rows an hour reach their thresholds often.",
    .hazard = "a second burns CPU in clusters with many databases",
    .impact = { "vacuum and analyse start sooner", "reasoned", KT_CONFIDENCE_LOW },
  },
  {
    .name = "autovacuum_vacuum_cost_limit", .group = KT_GROUP_AUTOVACUUM, .type = KT_GUC_INTEGER, .min = -1, .max = 10000,
    .apply = KT_APPLY_RELOAD, .boot = "-1", .rule = kt_rule_autovacuum_vacuum_cost_limit, .page = "runtime-config-autovacuum",
    .summary = "work an autovacuum worker does between two pauses",
    .why = "At 200 each 2 ms it stops at 39 MB/s of dirtied pages: freezing a terabyte takes over seven hours at best.",
    .hazard = "takes I/O from the indexer on slow disks",
    .impact = { "vacuum keeps up with inserts and pruning", "modelled: limit times 500 rounds a second / 20 for each dirtied page",
                KT_CONFIDENCE_MEDIUM },
  },
  {
    .name = "autovacuum_vacuum_cost_delay", .group = KT_GROUP_AUTOVACUUM, .type = KT_GUC_REAL, .unit = "ms", .min = -1, .max = 100,
    .apply = KT_APPLY_RELOAD, .boot = "2", .rule = kt_rule_autovacuum_vacuum_cost_delay, .page = "runtime-config-autovacuum",
    .summary = "length of those pauses", .why = "Old advice pairs 20 ms with a limit of 2000, which is the default speed.",
    .impact = { "keeps the cost limit meaning what it says", "arithmetic", KT_CONFIDENCE_HIGH },
  },
  {
    .name = "vacuum_cost_limit", .group = KT_GROUP_AUTOVACUUM, .type = KT_GUC_INTEGER, .min = 1, .max = 10000,
    .apply = KT_APPLY_RELOAD, .boot = "200", .per_session = TRUE, .left = "manual vacuum is not throttled by default",
    .page = "runtime-config-resource", .summary = "the same for manual vacuum", .why = "Only with vacuum_cost_delay above 0.",
  },
  {
    .name = "vacuum_cost_delay", .group = KT_GROUP_AUTOVACUUM, .type = KT_GUC_REAL, .unit = "ms", .min = 0, .max = 100,
    .apply = KT_APPLY_RELOAD, .boot = "0", .per_session = TRUE, .left = "manual vacuum is not throttled by default",
    .page = "runtime-config-resource", .summary = "pauses of manual vacuum", .why = "An operator who vacuums wants it done.",
  },
  {
    .name = "autovacuum_vacuum_scale_factor", .group = KT_GROUP_AUTOVACUUM, .type = KT_GUC_REAL, .min = 0, .max = 100,
    .apply = KT_APPLY_RELOAD, .boot = "0.2", .rule = kt_rule_autovacuum_vacuum_scale_factor, .page = "runtime-config-autovacuum",
    .summary = "share of a table that must be dead before it is vacuumed",
    .why = "Pruning deletes 100,000 rows a statement; a fifth of a large table is too long to wait.",
    .impact = { "space of pruned rows is reused sooner", "reasoned", KT_CONFIDENCE_MEDIUM },
  },
  {
    .name = "autovacuum_vacuum_threshold", .group = KT_GROUP_AUTOVACUUM, .type = KT_GUC_INTEGER, .min = 0, .max = INT_LARGEST,
    .apply = KT_APPLY_RELOAD, .boot = "50", .left = "nothing compared with the scale factor on large tables",
    .page = "runtime-config-autovacuum", .summary = "dead rows in addition to the scale factor", .why = "Protects tiny tables.",
  },
  {
    .name = "autovacuum_vacuum_max_threshold", .group = KT_GROUP_AUTOVACUUM, .since = 18, .type = KT_GUC_INTEGER, .min = -1,
    .max = INT_LARGEST, .apply = KT_APPLY_RELOAD, .boot = "100000000", .left = "100 million dead rows are a good ceiling",
    .page = "runtime-config-autovacuum", .summary = "dead rows after which a table is vacuumed whatever its size",
    .why = "Caps the scale factor on very large tables.",
  },
  {
    .name = "autovacuum_analyze_scale_factor", .group = KT_GROUP_AUTOVACUUM, .type = KT_GUC_REAL, .min = 0, .max = 100,
    .apply = KT_APPLY_RELOAD, .boot = "0.1", .rule = kt_rule_autovacuum_analyze_scale_factor, .page = "runtime-config-autovacuum",
    .summary = "share of a table that must have changed before its statistics are renewed",
    .why = "The newest block times, which everybody asks for, are outside the histogram until then.",
    .impact = { "good plans for queries on recent blocks", "reasoned", KT_CONFIDENCE_MEDIUM },
  },
  {
    .name = "autovacuum_vacuum_insert_threshold", .group = KT_GROUP_AUTOVACUUM, .type = KT_GUC_INTEGER, .min = -1, .max = INT_LARGEST,
    .apply = KT_APPLY_RELOAD, .boot = "1000", .rule = kt_rule_autovacuum_vacuum_insert_threshold,
    .page = "runtime-config-autovacuum", .summary = "inserted rows that start a vacuum, in addition to the factor",
    .why = "Together with the factor it decides how often append-only tables are frozen.",
    .impact = { "no needless runs on small tables", "reasoned", KT_CONFIDENCE_LOW },
  },
  {
    .name = "autovacuum_vacuum_insert_scale_factor", .group = KT_GROUP_AUTOVACUUM, .type = KT_GUC_REAL, .min = 0, .max = 100,
    .apply = KT_APPLY_RELOAD, .boot = "0.2", .rule = kt_rule_autovacuum_vacuum_insert_scale_factor,
    .page = "runtime-config-autovacuum", .summary = "share of a table that must be new before it is vacuumed",
    .why = "Keeps the visibility map current and spreads freezing over time.",
    .source = SMALLDATUM, .hazard = "each run may scan some indexes completely; 18 counts only pages that are not frozen and fires more often",
    .impact = { "index-only scans work on recent rows; no huge anti-wraparound run", "published insert benchmark", KT_CONFIDENCE_MEDIUM },
  },
  {
    .name = "autovacuum_freeze_max_age", .group = KT_GROUP_AUTOVACUUM, .type = KT_GUC_INTEGER, .min = 100000, .max = 2000000000,
    .apply = KT_APPLY_RESTART, .boot = "200000000", .left = "the indexer's batches use few transaction ids: 50 a second reach the limit in 46 days",
    .page = "runtime-config-autovacuum", .summary = "age at which a table is vacuumed against wraparound in any case",
    .why = "Raising it postpones one huge scan instead of spreading it.", .hazard = "near two billion there is no reserve left before the server stops",
  },
  {
    .name = "vacuum_buffer_usage_limit", .group = KT_GROUP_AUTOVACUUM, .since = 16, .type = KT_GUC_INTEGER, .unit = "kB",
    .min = 0, .max = 16777216 * KB, .apply = KT_APPLY_RELOAD, .boot = "256kB", .per_session = TRUE,
    .changes = CHANGES ({ .from = 17, .boot = "2MB" }), .rule = kt_rule_vacuum_buffer_usage_limit, .page = "runtime-config-resource",
    .summary = "part of shared_buffers that vacuum may use",
    .why = "With a small ring vacuum must flush WAL before it can reuse a page.",
    .source = "release notes of 16 and 17", .hazard = "large: vacuum pushes hot pages out",
    .impact = { "faster vacuum", "release notes", KT_CONFIDENCE_MEDIUM },
  },

  /* I/O concurrency */
  {
    .name = "effective_io_concurrency", .group = KT_GROUP_IO, .type = KT_GUC_INTEGER, .min = 0, .max = 1000,
    .apply = KT_APPLY_RELOAD, .boot = "1", .per_session = TRUE, .changes = CHANGES ({ .from = 18, .boot = "16" }),
    .rule = kt_rule_effective_io_concurrency, .page = "runtime-config-resource",
    .summary = "reads a session keeps in flight", .why = "Flash answers many requests at once.",
    .source = "PostgreSQL commit ff79b5b", .hazard = "floods volumes that give few I/Os per second",
    .impact = { "faster bitmap scans (from 18: all scans) of API queries", "published; the indexer's inserts do not depend on it",
                KT_CONFIDENCE_LOW },
  },
  {
    .name = "maintenance_io_concurrency", .group = KT_GROUP_IO, .type = KT_GUC_INTEGER, .min = 0, .max = 1000,
    .apply = KT_APPLY_RELOAD, .boot = "10", .per_session = TRUE, .changes = CHANGES ({ .from = 18, .boot = "16" }),
    .rule = kt_rule_maintenance_io_concurrency, .page = "runtime-config-resource",
    .summary = "the same for vacuum and, from 15, crash recovery", .why = "Recovery of random-key WAL is bound by random reads.",
    .source = "PostgreSQL commit cc6be07", .hazard = "floods volumes with few I/Os per second, for each vacuum worker",
    .impact = { "faster vacuum and crash recovery", "release notes of 15", KT_CONFIDENCE_MEDIUM },
  },
  {
    .name = "io_method", .group = KT_GROUP_IO, .since = 18, .type = KT_GUC_ENUM, .words = WORDS ("sync", "worker", "io_uring"),
    .apply = KT_APPLY_RESTART, .boot = "worker", .left = "worker is the default and works everywhere; io_uring gains little",
    .page = "runtime-config-resource", .summary = "how asynchronous reads are done", .why = "Reads only; the indexer's bottleneck is elsewhere.",
    .source = TUNING_AIO,
    .hazard = "io_uring is not in every build, forbidden in most containers, and limited by locked memory",
  },
  {
    .name = "io_workers", .group = KT_GROUP_IO, .since = 18, .until = 18, .type = KT_GUC_INTEGER, .min = 1, .max = 32,
    .apply = KT_APPLY_RELOAD, .boot = "3", .rule = kt_rule_io_workers, .page = "runtime-config-resource",
    .summary = "processes that do asynchronous reads", .why = "About a quarter of the cores.", .source = TUNING_AIO,
    .hazard = "unknown to 19, which would not start with it",
    .impact = { "faster large scans on machines with many cores", "published measurements", KT_CONFIDENCE_MEDIUM },
  },
  {
    .name = "io_max_workers", .group = KT_GROUP_IO, .since = 19, .type = KT_GUC_INTEGER, .min = 1, .max = 32,
    .apply = KT_APPLY_RELOAD, .boot = "8", .rule = kt_rule_io_max_workers, .page = "runtime-config-resource",
    .summary = "most processes that do asynchronous reads", .why = "The pool grows by itself.",
    .impact = { "faster large scans on machines with many cores", "release notes of 19", KT_CONFIDENCE_LOW },
  },
  {
    .name = "io_combine_limit", .group = KT_GROUP_IO, .since = 17, .type = KT_GUC_INTEGER, .unit = "8kB", .min = PAGE, .max = 32 * PAGE,
    .apply = KT_APPLY_RELOAD, .boot = "128kB", .per_session = TRUE, .changes = CHANGES ({ .from = 18, .max = 128 * PAGE }),
    .left = "for sequential scans only", .page = "runtime-config-resource", .summary = "largest combined read",
    .why = "The indexer's reads are single pages.",
  },
  {
    .name = "io_max_combine_limit", .group = KT_GROUP_IO, .since = 18, .type = KT_GUC_INTEGER, .unit = "8kB", .min = PAGE, .max = 128 * PAGE,
    .apply = KT_APPLY_RESTART, .boot = "128kB", .left = "for sequential scans only", .page = "runtime-config-resource",
    .summary = "ceiling of io_combine_limit", .why = "The indexer's reads are single pages.",
  },
  {
    .name = "io_max_concurrency", .group = KT_GROUP_IO, .since = 18, .type = KT_GUC_INTEGER, .min = -1, .max = 1024,
    .apply = KT_APPLY_RESTART, .boot = "-1", .left = "the automatic value is 64 at usual sizes", .page = "runtime-config-resource",
    .summary = "reads in flight for each process", .why = "The automatic value follows shared_buffers.",
    .hazard = "with io_uring times connections of locked memory",
  },
  {
    .name = "recovery_init_sync_method", .group = KT_GROUP_IO, .since = 14, .type = KT_GUC_ENUM, .words = WORDS ("fsync", "syncfs"),
    .apply = KT_APPLY_RELOAD, .boot = "fsync", .left = "the indexer's tables are few, large files", .page = "runtime-config-error-handling",
    .summary = "how all files are flushed before crash recovery", .why = "syncfs helps data directories with very many files.",
    .hazard = "syncfs flushes the whole file system",
  },

  /* Workers */
  {
    .name = "max_worker_processes", .group = KT_GROUP_WORKERS, .type = KT_GUC_INTEGER, .min = 0, .max = 262143,
    .apply = KT_APPLY_RESTART, .boot = "8", .floor = TRUE, .rule = kt_rule_max_worker_processes, .page = "runtime-config-resource",
    .summary = "background processes for parallel queries and extensions",
    .why = "TimescaleDB's jobs, logical replication and parallel queries take from this pool.",
    .hazard = "too few: TimescaleDB jobs fail; a standby needs at least the primary's value",
    .impact = { "parallel work and extensions get their processes", "documented", KT_CONFIDENCE_MEDIUM },
  },
  {
    .name = "max_parallel_workers", .group = KT_GROUP_WORKERS, .type = KT_GUC_INTEGER, .min = 0, .max = 1024, .apply = KT_APPLY_RELOAD,
    .boot = "8", .per_session = TRUE, .rule = kt_rule_max_parallel_workers, .page = "runtime-config-resource",
    .summary = "how many of them parallel queries may use together", .why = "CPU for queries is taken from indexer and node.",
    .impact = { "queries do not starve the indexer of CPU", "reasoned", KT_CONFIDENCE_LOW },
  },
  {
    .name = "max_parallel_workers_per_gather", .group = KT_GROUP_WORKERS, .type = KT_GUC_INTEGER, .min = 0, .max = 1024,
    .apply = KT_APPLY_RELOAD, .boot = "2", .per_session = TRUE, .rule = kt_rule_max_parallel_workers_per_gather,
    .page = "runtime-config-resource", .summary = "helpers of one query", .why = "API queries are look-ups.",
    .hazard = "each helper may use work_mem again",
    .impact = { "steadier CPU for the indexer", "reasoned", KT_CONFIDENCE_LOW },
  },
  {
    .name = "max_parallel_maintenance_workers", .group = KT_GROUP_WORKERS, .type = KT_GUC_INTEGER, .min = 0, .max = 1024,
    .apply = KT_APPLY_RELOAD, .boot = "2", .per_session = TRUE, .rule = kt_rule_max_parallel_maintenance_workers,
    .page = "runtime-config-resource", .summary = "helpers of one index build", .why = "Schema migrations build the largest indexes again.",
    .hazard = "takes maintenance_work_mem from /dev/shm, which is small in containers",
    .impact = { "faster index builds at migrations", "documented", KT_CONFIDENCE_MEDIUM },
  },

  /* Planner */
  {
    .name = "random_page_cost", .group = KT_GROUP_PLANNER, .type = KT_GUC_REAL, .min = 0, .max = 1.79769e308, .apply = KT_APPLY_RELOAD,
    .boot = "4", .per_session = TRUE, .rule = kt_rule_random_page_cost, .page = "runtime-config-query",
    .summary = "cost of a random page read, a sequential one being 1", .why = "4 is the arithmetic of disks that turn.",
    .impact = { "index scans where they are faster", "common practice; the indexer's inserts do not depend on it", KT_CONFIDENCE_MEDIUM },
  },
  {
    .name = "seq_page_cost", .group = KT_GROUP_PLANNER, .type = KT_GUC_REAL, .min = 0, .max = 1.79769e308, .apply = KT_APPLY_RELOAD,
    .boot = "1", .per_session = TRUE, .left = "the unit in which the other costs are counted", .page = "runtime-config-query",
    .summary = "cost of a sequential page read", .why = "Only ratios matter.",
  },
  {
    .name = "default_statistics_target", .group = KT_GROUP_PLANNER, .type = KT_GUC_INTEGER, .min = 1, .max = 10000,
    .apply = KT_APPLY_RELOAD, .boot = "100", .per_session = TRUE, .left = "hashes are uniform: no histogram makes them better known",
    .page = "runtime-config-query", .summary = "detail of the planner's statistics", .why = "Matters for skewed data.",
    .hazard = "higher: slower analyse and planning",
  },
  {
    .name = "jit", .group = KT_GROUP_PLANNER, .type = KT_GUC_BOOL, .apply = KT_APPLY_RELOAD, .boot = "on", .per_session = TRUE,
    .changes = CHANGES ({ .from = 19, .boot = "off" }), .rule = kt_rule_jit, .page = "runtime-config-query",
    .summary = "compile expressions of expensive queries", .why = "Wrong estimates make it compile short statements.",
    .source = "release notes of 19",
    .impact = { "no surprise of hundreds of milliseconds in API queries", "19 made the same choice", KT_CONFIDENCE_MEDIUM },
  },
  {
    .name = "default_toast_compression", .group = KT_GROUP_PLANNER, .since = 14, .type = KT_GUC_ENUM, .words = WORDS ("pglz", "lz4"),
    .apply = KT_APPLY_RELOAD, .boot = "pglz", .per_session = TRUE, .changes = CHANGES ({ .from = 19, .boot = "lz4" }),
    .rule = kt_rule_default_toast_compression, .page = "runtime-config-client",
    .summary = "compression of values larger than 2 kB", .why = "Lists of inputs, outputs and transaction ids are stored this way.",
    .hazard = "a method that is not built in prevents the start",
    .impact = { "less CPU for large values", "release notes of 14 and 19", KT_CONFIDENCE_MEDIUM },
  },

  /* Observability */
  {
    .name = "shared_preload_libraries", .group = KT_GROUP_OBSERVE, .type = KT_GUC_STRING, .apply = KT_APPLY_RESTART, .boot = "",
    .rule = kt_rule_shared_preload_libraries, .page = "runtime-config-client",
    .summary = "libraries loaded at start", .why = "pg_stat_statements counts what each statement costs; it must be loaded at start.",
    .hazard = "a missing library prevents the start, and postgres -C does not notice",
    .impact = { "before/after comparison for each statement", "documented", KT_CONFIDENCE_HIGH },
  },
  {
    .name = "pg_stat_statements.max", .group = KT_GROUP_OBSERVE, .type = KT_GUC_INTEGER, .min = 100, .max = 1073741823,
    .apply = KT_APPLY_RESTART, .boot = "5000", .library = "pg_stat_statements", .rule = kt_rule_pg_stat_statements_max,
    .page = "pgstatstatements", .summary = "how many statements are counted apart",
    .why = "Too few: entries are thrown out and counted anew.", .source = "K-indexer sets 10,000",
    .impact = { "no eviction of statements that matter", "the indexer's statement shapes", KT_CONFIDENCE_MEDIUM },
  },
  {
    .name = "track_io_timing", .group = KT_GROUP_OBSERVE, .type = KT_GUC_BOOL, .apply = KT_APPLY_RELOAD, .boot = "off", .per_session = TRUE,
    .rule = kt_rule_io_timing, .page = "runtime-config-statistics", .summary = "measure the time of each read and write",
    .why = "Tells a slow disk from a busy one.", .hazard = "slow on machines whose clock needs a system call",
    .impact = { "I/O times in statistics and explain", "documented", KT_CONFIDENCE_HIGH },
  },
  {
    .name = "track_wal_io_timing", .group = KT_GROUP_OBSERVE, .since = 14, .type = KT_GUC_BOOL, .apply = KT_APPLY_RELOAD, .boot = "off",
    .per_session = TRUE, .rule = kt_rule_io_timing, .page = "runtime-config-statistics", .summary = "measure the time of WAL writes and flushes",
    .why = "Shows what commits wait for.", .hazard = "slow on machines whose clock needs a system call",
    .impact = { "WAL times in statistics", "documented", KT_CONFIDENCE_HIGH },
  },
  {
    .name = "log_checkpoints", .group = KT_GROUP_OBSERVE, .type = KT_GUC_BOOL, .apply = KT_APPLY_RELOAD, .boot = "off",
    .changes = CHANGES ({ .from = 15, .boot = "on" }), .rule = kt_rule_log_checkpoints, .page = "runtime-config-logging",
    .summary = "log each checkpoint", .why = "Says whether time or WAL volume started it.",
    .impact = { "evidence about checkpoints", "documented", KT_CONFIDENCE_HIGH },
  },
  {
    .name = "log_autovacuum_min_duration", .group = KT_GROUP_OBSERVE, .type = KT_GUC_INTEGER, .unit = "ms", .min = -1, .max = INT_LARGEST,
    .apply = KT_APPLY_RELOAD, .boot = "-1", .changes = CHANGES ({ .from = 15, .boot = "10min" }),
    .rule = kt_rule_log_autovacuum_min_duration, .page = "runtime-config-logging",
    .summary = "log autovacuum runs that take longer", .why = "Shows which tables need settings of their own.",
    .impact = { "evidence about vacuum", "documented", KT_CONFIDENCE_HIGH },
  },
  {
    .name = "log_temp_files", .group = KT_GROUP_OBSERVE, .type = KT_GUC_INTEGER, .unit = "kB", .min = -1, .max = INT_LARGEST * KB,
    .apply = KT_APPLY_RELOAD, .boot = "-1", .per_session = TRUE, .rule = kt_rule_log_temp_files, .page = "runtime-config-logging",
    .summary = "log temporary files from this size on", .why = "Shows where work_mem is too small.",
    .impact = { "evidence about sorts and hashes", "documented", KT_CONFIDENCE_HIGH },
  },
  {
    .name = "log_lock_waits", .group = KT_GROUP_OBSERVE, .type = KT_GUC_BOOL, .apply = KT_APPLY_RELOAD, .boot = "off", .per_session = TRUE,
    .changes = CHANGES ({ .from = 19, .boot = "on" }),
    .rule = kt_rule_log_lock_waits, .page = "runtime-config-logging", .summary = "log sessions that wait long for a lock",
    .why = "Concurrent batches can wait for each other's rows.",
    .impact = { "evidence about blocked writers", "documented", KT_CONFIDENCE_HIGH },
  },

  /* TimescaleDB */
  {
    .name = "timescaledb.max_background_workers", .group = KT_GROUP_TIMESCALE, .type = KT_GUC_INTEGER, .min = 0, .max = 1000,
    .apply = KT_APPLY_RESTART, .boot = "16", .library = "timescaledb", .floor = TRUE, .rule = kt_rule_timescaledb_max_background_workers,
    .summary = "background jobs that run at once", .why = "Every database with the extension needs one for its scheduler.",
    .source = "timescale/timescaledb: src/loader/bgw_counter.c", .hazard = "more than max_worker_processes allows: jobs fail",
    .impact = { "compression and retention jobs run on time", "documented", KT_CONFIDENCE_MEDIUM },
  },

  /* Never touched */
  {
    .name = "fsync", .group = KT_GROUP_SAFETY, .type = KT_GUC_BOOL, .apply = KT_APPLY_RELOAD, .boot = "on", .never = TRUE,
    .left = "off means an unrecoverable database after a crash", .page = "runtime-config-wal",
    .summary = "force changes to the disk", .why = "Everything PostgreSQL promises rests on it.",
    .hazard = "off: silent, unrecoverable damage after a crash or power cut",
  },
  {
    .name = "full_page_writes", .group = KT_GROUP_SAFETY, .type = KT_GUC_BOOL, .apply = KT_APPLY_RELOAD, .boot = "on",
    .left = "on guards against torn pages; only a profile of your own may turn it off, and only where every volume is ZFS",
    .page = "runtime-config-wal", .summary = "log the whole page at its first change after a checkpoint",
    .why = "A page torn by a crash is restored from its image. ZFS replaces records whole, so there it is redundant; a larger "
           "max_wal_size saves most of the same WAL without the risk.",
    .source = "measured: half of the WAL that is left after max_wal_size was raised",
    .hazard = "off elsewhere: torn pages are silent corruption; pg_rewind and copies to other storage need it on",
  },
  {
    .name = "synchronous_commit", .group = KT_GROUP_SAFETY, .type = KT_GUC_ENUM,
    .words = WORDS ("off", "local", "remote_write", "remote_apply", "on"), .apply = KT_APPLY_RELOAD, .boot = "on", .per_session = TRUE,
    .never = TRUE, .left = "a promise to everybody in this server; for the indexer's role alone it can be relaxed (see the offers)",
    .page = "runtime-config-wal", .summary = "whether a commit waits for its WAL to be on the disk",
    .why = "What is committed survives a crash. The indexer could fetch a lost tail again from the node, others could not.",
    .source = "measured: 2000 flushes became 560, throughput 9 to 37 % higher",
    .hazard = "off: commits of up to three times wal_writer_delay before a crash are lost, never out of order",
  },
  {
    .name = "data_sync_retry", .group = KT_GROUP_SAFETY, .type = KT_GUC_BOOL, .apply = KT_APPLY_RESTART, .boot = "off", .never = TRUE,
    .left = "on would go on after a failed flush, whose pages the kernel may have dropped", .page = "runtime-config-error-handling",
    .summary = "continue after a failed flush", .why = "Stopping and recovering from WAL is the safe answer.", .hazard = "on: silent loss of changes",
  },
  {
    .name = "zero_damaged_pages", .group = KT_GROUP_SAFETY, .type = KT_GUC_BOOL, .apply = KT_APPLY_RELOAD, .boot = "off", .per_session = TRUE,
    .never = TRUE, .left = "on destroys what a damaged page still holds", .page = "runtime-config-developer",
    .summary = "treat damaged pages as empty", .why = "Only for a rescue by hand.", .hazard = "on: rows disappear",
  },
  {
    .name = "ignore_checksum_failure", .group = KT_GROUP_SAFETY, .type = KT_GUC_BOOL, .apply = KT_APPLY_RELOAD, .boot = "off",
    .per_session = TRUE, .never = TRUE, .left = "on hides and spreads damage", .page = "runtime-config-developer",
    .summary = "go on after a checksum failure", .why = "Only for a rescue by hand.", .hazard = "on: damage spreads unnoticed",
  },
  {
    .name = "autovacuum", .group = KT_GROUP_SAFETY, .type = KT_GUC_BOOL, .apply = KT_APPLY_RELOAD, .boot = "on", .never = TRUE,
    .left = "must stay on: without it tables bloat and the server stops at transaction id wraparound", .page = "runtime-config-autovacuum",
    .summary = "vacuum and analyse by itself", .why = "Slow loads are helped by its settings, not by turning it off.",
    .hazard = "off: bloat, bad plans, in the end a server that refuses to write",
  },
  {
    .name = "wal_level", .group = KT_GROUP_SAFETY, .type = KT_GUC_ENUM, .words = WORDS ("minimal", "replica", "logical"),
    .apply = KT_APPLY_RESTART, .boot = "replica", .never = TRUE,
    .left = "minimal only helps loading into tables made in the same transaction, which the indexer never does", .page = "runtime-config-wal",
    .summary = "how much WAL says", .why = "Base backups, recovery to a point in time and standbys need replica.",
    .hazard = "minimal with max_wal_senders above 0 prevents the start, and postgres -C does not notice",
  },
  {
    .name = "max_wal_senders", .group = KT_GROUP_SAFETY, .type = KT_GUC_INTEGER, .min = 0, .max = 262143, .apply = KT_APPLY_RESTART,
    .boot = "10", .never = TRUE, .left = "base backups and standbys need them, and they cost nothing", .page = "runtime-config-replication",
    .summary = "connections for standbys and base backups", .why = "pg_basebackup uses two.", .hazard = "too few: backups fail",
  },
  {
    .name = "max_replication_slots", .group = KT_GROUP_SAFETY, .type = KT_GUC_INTEGER, .min = 0, .max = 262143, .apply = KT_APPLY_RESTART,
    .boot = "10", .never = TRUE, .left = "belongs to replication", .page = "runtime-config-replication",
    .summary = "how many replication slots can exist", .why = "Below the number that exist the server does not start.",
    .hazard = "too few for the existing slots: the server does not start",
  },
  {
    .name = "archive_mode", .group = KT_GROUP_SAFETY, .type = KT_GUC_ENUM, .words = WORDS ("off", "on", "always"), .apply = KT_APPLY_RESTART,
    .boot = "off", .never = TRUE, .left = "belongs to the backup", .page = "runtime-config-wal", .summary = "archive WAL",
    .why = "Recovery to a point in time.", .hazard = "changing it breaks the chain of backups",
  },
  {
    .name = "archive_command", .group = KT_GROUP_SAFETY, .type = KT_GUC_STRING, .apply = KT_APPLY_RELOAD, .boot = "", .never = TRUE,
    .left = "belongs to the backup", .page = "runtime-config-wal", .summary = "command that archives a WAL file",
    .why = "Recovery to a point in time.", .hazard = "a command that fails keeps WAL until the disk is full",
  },
  {
    .name = "listen_addresses", .group = KT_GROUP_SAFETY, .type = KT_GUC_STRING, .apply = KT_APPLY_RESTART, .boot = "localhost", .never = TRUE,
    .left = "tuning must not open the server to the network", .page = "runtime-config-connection",
    .summary = "addresses to listen on", .why = "A matter of security, not of speed.", .hazard = "'*' listens everywhere",
  },
  {
    .name = "port", .group = KT_GROUP_SAFETY, .type = KT_GUC_INTEGER, .min = 1, .max = 65535, .apply = KT_APPLY_RESTART, .boot = "5432",
    .never = TRUE, .left = "clients know it", .page = "runtime-config-connection", .summary = "TCP port", .why = "Clients would not find the server.",
    .hazard = "clients do not find the server",
  },
};

static const struct {
  const char *name, *title;
} groups[KT_N_GROUPS] = {
  [KT_GROUP_MEMORY] = { "memory", "Memory" },
  [KT_GROUP_CONNECTIONS] = { "connections", "Connections and locks" },
  [KT_GROUP_WAL] = { "wal", "WAL and checkpoints" },
  [KT_GROUP_COMMIT] = { "commit", "Commit" },
  [KT_GROUP_WRITER] = { "writer", "Background writer" },
  [KT_GROUP_AUTOVACUUM] = { "autovacuum", "Autovacuum" },
  [KT_GROUP_IO] = { "io", "I/O concurrency" },
  [KT_GROUP_WORKERS] = { "workers", "Parallel work" },
  [KT_GROUP_PLANNER] = { "planner", "Planner and storage of values" },
  [KT_GROUP_OBSERVE] = { "observe", "Observability" },
  [KT_GROUP_TIMESCALE] = { "timescaledb", "TimescaleDB" },
  [KT_GROUP_SAFETY] = { "safety", "Safety: never touched" },
};

const KtParam *
kt_params (guint *n)
{
  *n = G_N_ELEMENTS (params);
  return params;
}

const KtParam *
kt_param_find (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (params); i++)
    if (g_ascii_strcasecmp (params[i].name, name) == 0)
      return &params[i];
  return NULL;
}

const char *
kt_group_name (KtGroup group)
{
  return groups[group].name;
}

const char *
kt_group_title (KtGroup group)
{
  return groups[group].title;
}

const char *
kt_confidence_name (KtConfidence confidence)
{
  static const char *const names[] = { "none", "low", "medium", "high" };
  return names[confidence];
}
