/* SPDX-License-Identifier: MIT
 *
 * THE operation table.
 */
#include "operation/handlers.h"

static const KtArg host_args[] = {
  { .name = "path", .type = KT_ARG_STRING, .value = "DIR", .help = "look at the disk below this folder instead of the server's" },
  { .name = "probe", .type = KT_ARG_FLAG, .help = "measure the disk again, also when a measurement is remembered" },
  { .name = "record", .type = KT_ARG_STRING, .value = "DIR", .help = "write a recording of this machine that --root can replay" },
  { NULL },
};

static const KtArg advise_args[] = {
  { .name = "parameters", .type = KT_ARG_STRINGS, .positional = TRUE, .value = "PARAMETER...", .help = "only these parameters" },
  { .name = "all", .letter = 'a', .type = KT_ARG_FLAG, .help = "also show what is as wanted or left as it is" },
  { NULL },
};

static const KtArg explain_args[] = {
  { .name = "parameter", .type = KT_ARG_STRING, .positional = TRUE, .required = TRUE, .value = "PARAMETER", .help = "name of a PostgreSQL parameter" },
  { NULL },
};

static const KtArg profile_name_args[] = {
  { .name = "name", .type = KT_ARG_STRING, .positional = TRUE, .required = TRUE, .value = "NAME|FILE", .help = "a built-in profile or a key file" },
  { NULL },
};

static const KtArg config_write_args[] = {
  { .name = "file", .type = KT_ARG_STRING, .positional = TRUE, .value = "FILE", .help = "write here instead of to the terminal" },
  { NULL },
};

static const KtArg config_file_args[] = {
  { .name = "file", .type = KT_ARG_STRING, .positional = TRUE, .value = "FILE", .help = "a configuration file; without it, what kastune would write" },
  { NULL },
};

static const KtArg config_check_args[] = {
  { .name = "file", .type = KT_ARG_STRING, .positional = TRUE, .value = "FILE", .help = "a configuration file; without it, the server's own files" },
  { NULL },
};

#define PLAN_ARGS \
  { .name = "host-settings", .type = KT_ARG_FLAG, .help = "with the settings of this machine, too: kernel, queues of disks, options of mounts (kastune host advise)" }, \
  { .name = "no-tables", .type = KT_ARG_FLAG, .help = "leave the storage parameters of the indexer's tables alone" }, \
  { .name = "no-restart", .type = KT_ARG_FLAG, .help = "only what a reload can do" }, \
  { .name = "no-try", .type = KT_ARG_FLAG, .help = "do not start the settings in a scratch cluster first" }, \
  { .name = "no-backup", .type = KT_ARG_FLAG, .help = "do not begin with a backup of what is changed" }, \
  { .name = "restart-at", .type = KT_ARG_STRING, .value = "HH:MM[-HH:MM]", .help = "what a reload can do at once; what needs a restart in this window of the local clock (an hour unless it has an end), on the next day when it is missed" }, \
  { .name = "when-idle", .type = KT_ARG_FLAG, .help = "the same when nobody has been at work for some seconds; with --restart-at within its window" }

static const KtArg plan_args[] = { PLAN_ARGS, { NULL } };

static const KtArg apply_args[] = {
  PLAN_ARGS,
  { .name = "confirm-within", .type = KT_ARG_DURATION, .value = "TIME", .help = "undo it all unless kastune confirm says within this time (90s, 10min) that it is good" },
  { .name = "detach", .type = KT_ARG_FLAG, .help = "with --confirm-within, --restart-at or --when-idle: do not stay until then; a kastune in the background does" },
  { NULL },
};

static const KtArg confirm_args[] = {
  { .name = "id", .type = KT_ARG_COUNT, .positional = TRUE, .value = "ID", .help = "change set that waits to be confirmed; without it, the newest" },
  { NULL },
};

static const KtArg undo_args[] = {
  { .name = "id", .type = KT_ARG_COUNT, .positional = TRUE, .value = "ID", .help = "change set to undo (kastune history); without it, the newest" },
  { NULL },
};

static const KtArg resume_args[] = {
  { .name = "id", .type = KT_ARG_COUNT, .positional = TRUE, .value = "ID", .help = "change set that was ended in the middle; without it, the newest" },
  { NULL },
};

static const KtArg history_args[] = {
  { .name = "id", .type = KT_ARG_COUNT, .positional = TRUE, .value = "ID", .help = "show this change set wholly" },
  { NULL },
};

static const KtArg storage_show_args[] = {
  { .name = "seconds", .type = KT_ARG_COUNT, .value = "N", .help = "watch the devices for so long (1); 0: do not" },
  { NULL },
};

static const KtArg storage_estimate_args[] = {
  { .name = "compression", .type = KT_ARG_STRING, .value = "NAME", .help = "lz4, zstd or zstd-1 to zstd-19 (default zstd-5); others are shown beside it" },
  { .name = "record", .type = KT_ARG_SIZE, .value = "SIZE", .help = "recordsize, 8k to 128k (default 16k); others are shown beside it" },
  { .name = "sector", .type = KT_ARG_SIZE, .value = "SIZE", .help = "smallest piece that the pool writes: 2 to its ashift (default 4k, ashift 12)" },
  { .name = "sample", .type = KT_ARG_SIZE, .value = "SIZE", .help = "how much to look at (default 32M)" },
  { NULL },
};

#define WISH_ARGS \
  { .name = "recordsize", .type = KT_ARG_SIZE, .value = "SIZE", .help = "of the data: 8k, 16k (default), 32k, 64k or 128k; kastune storage estimate compares them" }, \
  { .name = "compression", .type = KT_ARG_STRING, .value = "NAME", .help = "of the data: zstd-5 (default), zstd-1 to zstd-12, lz4 or off" }

static const KtArg storage_prepare_args[] = {
  { .name = "dataset", .type = KT_ARG_STRING, .positional = TRUE, .required = TRUE, .value = "POOL/NAME", .help = "to be created, with data and wal below it" },
  { .name = "mount-point", .type = KT_ARG_STRING, .value = "DIR", .help = "data and wal are mounted below it (below the mount point of POOL)" },
  { .name = "owner", .type = KT_ARG_STRING, .value = "USER", .help = "to whom they belong (the user that PostgreSQL runs as, or postgres)" },
  WISH_ARGS,
  { NULL },
};

static const KtArg storage_adopt_args[] = {
  WISH_ARGS,
  { .name = "full-page-writes-off", .type = KT_ARG_FLAG, .help = "also turn full_page_writes off: only where everything lies on ZFS with records that hold whole pages" },
  { .name = "no-arc", .type = KT_ARG_FLAG, .help = "leave the limit of the ZFS cache alone" },
  { .name = "no-try", .type = KT_ARG_FLAG, .help = "do not start the settings in a scratch cluster first" },
  { .name = "no-backup", .type = KT_ARG_FLAG, .help = "do not begin with a backup of the configuration" },
  { .name = "confirm-within", .type = KT_ARG_DURATION, .value = "TIME", .help = "undo it all unless kastune confirm says within this time (90s, 10min) that it is good" },
  { .name = "detach", .type = KT_ARG_FLAG, .help = "with --confirm-within: do not stay until then; a kastune in the background does" },
  { NULL },
};

static const KtArg storage_move_args[] = {
  { .name = "to", .type = KT_ARG_STRING, .value = "DIR", .help = "where the cluster shall lie: an empty folder, or one that kastune makes in a folder that is there" },
  { .name = "wal-to", .type = KT_ARG_STRING, .value = "DIR", .help = "where its log (pg_wal) shall lie, likewise; with --to in one go, else the log alone, while the server is down" },
  { .name = "no-space-check", .type = KT_ARG_FLAG, .help = "begin also where the room may not be enough, since the file system compresses" },
  { .name = "confirm-within", .type = KT_ARG_DURATION, .value = "TIME", .help = "move back unless kastune confirm says within this time that it is good" },
  { NULL },
};

static const char *const backup_kinds[] = { "physical", "logical", "pgbackrest", "zfs", "configuration", NULL };

#define BACKUP_FROM \
  { .name = "from", .type = KT_ARG_STRING, .value = "DIR", .help = "folder of the backups (backups= of kastune.conf, or backups in the state folder)" }
#define BACKUP_JOBS \
  { .name = "jobs", .letter = 'j', .type = KT_ARG_COUNT, .value = "N", .help = "so many at once where the program can (as many as there are CPUs, at most 8)" }

static const KtArg backup_create_args[] = {
  { .name = "kind", .type = KT_ARG_STRING, .positional = TRUE, .value = "KIND", .help = "physical (default), logical, pgbackrest, zfs or configuration", .choices = backup_kinds },
  { .name = "to", .type = KT_ARG_STRING, .value = "DIR", .help = "folder of the backups (backups= of kastune.conf, or backups in the state folder)" },
  { .name = "compress", .type = KT_ARG_STRING, .value = "METHOD[:LEVEL]", .help = "zstd, lz4, gzip or none (the best that the server knows; gzip:1 for dumps)" },
  BACKUP_JOBS,
  { .name = "count", .type = KT_ARG_FLAG, .help = "count every row, so that a restore test compares exactly; else estimates are recorded" },
  { .name = "spread", .type = KT_ARG_FLAG, .help = "let the server take its time for the checkpoint that a physical backup begins with" },
  { .name = "no-space-check", .type = KT_ARG_FLAG, .help = "begin also where the room may not be enough" },
  { .name = "dry-run", .type = KT_ARG_FLAG, .help = "only say how much room it would need and how much there is" },
  { NULL },
};

static const KtArg backup_list_args[] = { BACKUP_FROM, { NULL } };

static const KtArg backup_verify_args[] = {
  { .name = "id", .type = KT_ARG_STRING, .positional = TRUE, .value = "ID", .help = "a backup, latest (default) or latest:KIND" },
  { .name = "restore-test", .type = KT_ARG_FLAG, .help = "also start it in a scratch server and count its rows" },
  { .name = "scratch", .type = KT_ARG_STRING, .value = "DIR", .help = "where it is unpacked for that (the folder of the backups)" },
  BACKUP_FROM,
  { NULL },
};

static const KtArg backup_prune_args[] = {
  { .name = "keep", .type = KT_ARG_COUNT, .value = "N", .help = "so many of each kind and server" },
  { .name = "older-than", .type = KT_ARG_DURATION, .value = "TIME", .help = "remove those older than this (30d)" },
  { .name = "larger-than", .type = KT_ARG_SIZE, .value = "SIZE", .help = "remove the oldest until all together take no more than this (500G)" },
  BACKUP_FROM,
  { NULL },
};

static const KtArg backup_restore_args[] = {
  { .name = "id", .type = KT_ARG_STRING, .positional = TRUE, .required = TRUE, .value = "ID", .help = "a backup, latest or latest:KIND" },
  { .name = "to", .type = KT_ARG_STRING, .value = "DIR", .help = "into this folder, absent or empty; no server is needed for it" },
  { .name = "in-place", .type = KT_ARG_FLAG, .help = "physical: in the place of the running server's data directory, which is kept; configuration: over the files, which are kept as a backup" },
  { .name = "database", .type = KT_ARG_STRING, .value = "NAME", .help = "logical: into this database, new or empty (the one it was made of)" },
  { .name = "globals", .type = KT_ARG_FLAG, .help = "logical: make the recorded roles first" },
  { .name = "owner", .type = KT_ARG_STRING, .value = "USER", .help = "to whom the restored files belong (as recorded)" },
  { .name = "confirm-within", .type = KT_ARG_DURATION, .value = "TIME", .help = "in place: go back unless kastune confirm says within this time that it is good" },
  BACKUP_JOBS,
  BACKUP_FROM,
  { NULL },
};

static const char *const indexer_mappings[] = { "addresses", "scripts", "none", NULL };

#define CHOICE_ARGS \
  { .name = "disable", .type = KT_ARG_STRING, .value = "TABLES", .help = "also leave out these, as --disable of any release names them, comma-separated" }, \
  { .name = "exclude-fields", .type = KT_ARG_STRING, .value = "FIELDS", .help = "also leave out these, as --exclude-fields of any release names them" }, \
  { .name = "keep", .type = KT_ARG_STRING, .value = "NAMES", .help = "tables and fields of either kind that are stored all the same" }, \
  { .name = "mapping", .type = KT_ARG_STRING, .value = "KIND", .help = "histories by addresses, by scripts, or none", .choices = indexer_mappings }
#define RELEASE_ARG { .name = "release", .type = KT_ARG_STRING, .value = "TAG", .help = "of simply-kaspa-indexer (default: the newest stable one)" }

static const KtArg indexer_configure_args[] = {
  { .name = "files", .type = KT_ARG_STRINGS, .positional = TRUE, .value = "FILE...", .help = "compose files of one project, where no container of it exists yet" },
  { .name = "for", .type = KT_ARG_STRING, .value = "USE", .help = "store what this use needs (kastune indexer features lists them); without it what is stored now is the beginning" },
  CHOICE_ARGS,
  { .name = "retention", .type = KT_ARG_STRING, .value = "TIME", .help = "keep so much instead of what the use, or the command line, says; '' keeps everything" },
  { .name = "release", .type = KT_ARG_STRING, .value = "TAG", .help = "in the words of this release, of the same schema; it is named in the image's tag (default: the release that it is)" },
  { .name = "service", .type = KT_ARG_STRING, .value = "NAME", .help = "where there are several indexers: service, container, unit, or number of the process" },
  { .name = "file", .type = KT_ARG_STRING, .value = "FILE", .help = "write here instead of into compose.kastune.yaml beside the first compose file" },
  { .name = "rate", .type = KT_ARG_COUNT, .value = "N", .help = "transactions a second for disk and WAL (default 100)" },
  { NULL },
};

static const KtArg indexer_show_args[] = {
  { .name = "files", .type = KT_ARG_STRINGS, .positional = TRUE, .value = "FILE...", .help = "compose files of one project, as docker compose -f takes them" },
  { .name = "api", .type = KT_ARG_STRING, .value = "URL", .help = "also ask an indexer there (http://host:8500)" },
  { .name = "document", .type = KT_ARG_STRING, .value = "FILE", .help = "also read a kept answer of /api/metrics or /api/health" },
  { NULL },
};

static const KtArg indexer_features_args[] = {
  { .name = "use", .type = KT_ARG_STRING, .positional = TRUE, .value = "USE", .help = "begin with this one: explorer (everything), explorer-scripts, integrator, wallet, k-social" },
  RELEASE_ARG,
  CHOICE_ARGS,
  { .name = "retention", .type = KT_ARG_STRING, .value = "TIME", .help = "how long rows are kept, as the indexer writes it (7d, 36h); '' for ever" },
  { .name = "start", .type = KT_ARG_STRING, .value = "WHERE", .help = "how it begins there: full, pruning-point, now, or the hash of a block" },
  { .name = "k-indexer", .type = KT_ARG_FLAG, .help = "K-indexer reads the same database" },
  { .name = "max-connections", .type = KT_ARG_COUNT, .value = "N", .help = "of its PostgreSQL" },
  { .name = "rate", .type = KT_ARG_COUNT, .value = "N", .help = "transactions a second, for disk and WAL (100)" },
  { NULL },
};

static const KtArg indexer_check_args[] = {
  { .name = "arguments", .type = KT_ARG_STRINGS, .positional = TRUE, .value = "-- OPTION...", .help = "the indexer's command line; one text with blanks is split as a shell does" },
  RELEASE_ARG,
  { .name = "schema", .type = KT_ARG_COUNT, .value = "N", .help = "schema of the database that it meets: can this release migrate it?" },
  { .name = "container", .type = KT_ARG_FLAG, .help = "it runs in a container" },
  { .name = "k-indexer", .type = KT_ARG_FLAG, .help = "K-indexer reads the same database" },
  { .name = "max-connections", .type = KT_ARG_COUNT, .value = "N", .help = "of its PostgreSQL" },
  { NULL },
};

static const char *const reference_tables[] = { "parameters", "commands", NULL };

static const KtArg reference_args[] = {
  { .name = "table", .type = KT_ARG_STRING, .positional = TRUE, .required = TRUE, .value = "TABLE", .help = "which table", .choices = reference_tables },
  { NULL },
};

static const char *const bench_regime_names[] = { "indexes-fit", "indexes-exceed", NULL };
static const char *const bench_phases[] = { "steady", "initial-sync", NULL };

static const char *const bench_features[] = { "full", "scripts", "light", NULL };

/* What several of them take, in the same words. */
#define BENCH_LOAD_ARGS \
  { .name = "duration", .type = KT_ARG_DURATION, .value = "TIME", .help = "of the steady part of a run, at most (5min)" }, \
  { .name = "transactions", .type = KT_ARG_COUNT, .value = "N", .help = "a run ends when so many are stored and its checkpoint cycles are over" }, \
  { .name = "warm-up", .type = KT_ARG_DURATION, .value = "TIME", .help = "before the part that counts (20s)" }, \
  { .name = "rate", .type = KT_ARG_COUNT, .value = "N", .help = "transactions a second to write (as many as the server takes)" }, \
  { .name = "batch-scale", .type = KT_ARG_STRING, .value = "X", .help = "of the indexer (1)" }, \
  { .name = "batch-concurrency", .type = KT_ARG_COUNT, .value = "N", .help = "of the indexer (2)" }, \
  { .name = "html", .type = KT_ARG_STRING, .value = "FILE", .help = "also write a report with charts, one self-contained file" }
#define BENCH_BASELINE_ARG \
  { .name = "baseline", .type = KT_ARG_COUNT, .value = "ID", .help = "also compare with an earlier result (bench list); exit status 3 when something got worse" }
#define BENCH_HOST_ARGS \
  { .name = "host", .type = KT_ARG_STRING, .value = "MACHINE", .help = "emulate a smaller machine, for example 4G,2cpu,cloud-volume; classes cloud-volume, sata-ssd, nvme, hdd, or iops=N,mbps=N" }, \
  { .name = "regime", .type = KT_ARG_STRING, .value = "NAME", .help = "size of the data set by the memory of --host: indexes-fit (the indexes with random keys begin with a tenth of it) or indexes-exceed (twice it)", .choices = bench_regime_names }, \
  { .name = "checkpoints", .type = KT_ARG_COUNT, .value = "N", .help = "whole checkpoint cycles that a run must hold to count (2); 0: a short look that proves nothing about checkpoints" }
#define BENCH_FEATURE_ARGS \
  { .name = "features", .type = KT_ARG_STRING, .value = "SET", .help = "full (default), scripts (no addresses) or light (the indexer's set for integrators)", .choices = bench_features }, \
  { .name = "disable", .type = KT_ARG_STRING, .value = "VALUES", .help = "what the indexer leaves out, as its own --disable of v2.3.0" }, \
  { .name = "exclude-fields", .type = KT_ARG_STRING, .value = "VALUES", .help = "and its --exclude-fields" }
#define BENCH_SET_ARGS \
  { .name = "fill", .type = KT_ARG_COUNT, .value = "N", .help = "transactions that the database holds before (1M); filled once and kept" }, \
  { .name = "seed", .type = KT_ARG_COUNT, .value = "N", .help = "of the data set (1)" }, \
  { .name = "density", .type = KT_ARG_COUNT, .value = "N", .help = "transactions a second of its chain (100)" }, \
  BENCH_FEATURE_ARGS, \
  { .name = "folder", .type = KT_ARG_STRING, .value = "DIR", .help = "where data sets and private servers lie, on the disk to measure (/var/cache/kastune/bench)" }, \
  { .name = "pg-bin", .type = KT_ARG_STRING, .value = "DIR", .help = "PostgreSQL's programs, instead of the running server's or the newest" }, \
  { .name = "profile", .letter = 'p', .type = KT_ARG_STRING, .value = "NAME|FILE", .help = "profile of kastune's advice instead of the picked one" }, \
  { .name = "phase", .type = KT_ARG_STRING, .value = "PHASE", .help = "what the advice is for: steady (default) or initial-sync", .choices = bench_phases }

static const KtArg bench_run_args[] = {
  { .name = "observe", .type = KT_ARG_FLAG, .help = "write nothing: watch what the running indexer does" },
  { .name = "rounds", .type = KT_ARG_COUNT, .value = "N", .help = "runs one after the other (1); an interval needs two, better four" },
  { .name = "checkpoints", .type = KT_ARG_COUNT, .value = "N", .help = "a run ends after so many whole checkpoint cycles, and does not count with fewer (0: only by time)" },
  BENCH_LOAD_ARGS,
  BENCH_BASELINE_ARG,
  { NULL },
};

static const KtArg bench_compare_args[] = {
  { .name = "configurations", .type = KT_ARG_STRINGS, .positional = TRUE, .value = "CONFIGURATION...", .help = "defaults, current, before (the last change set; before:ID another), kastune, kastune:PROFILE, a configuration file, or a folder of them (NAME-4gb.conf only for a machine of 4 GB); ratios are to the first (defaults kastune)" },
  BENCH_HOST_ARGS,
  { .name = "rounds", .type = KT_ARG_COUNT, .value = "N", .help = "how often each is measured, in turn (3)" },
  { .name = "within", .type = KT_ARG_DURATION, .value = "TIME", .help = "begin no further round that would not end in this time" },
  { .name = "resume", .type = KT_ARG_COUNT, .value = "ID", .help = "go on with a comparison that was interrupted (bench list), or add --rounds to a complete one" },
  { .name = "pruned", .type = KT_ARG_FLAG, .help = "prune as the indexer does, so that the database holds as long a history all the time" },
  { .name = "cold", .type = KT_ARG_FLAG, .help = "begin with empty caches, instead of reading the indexes first" },
  BENCH_LOAD_ARGS,
  BENCH_BASELINE_ARG,
  { .name = "recovery", .type = KT_ARG_FLAG, .help = "kill -9 after each run, and how long the server needs to come back" },
  BENCH_SET_ARGS,
  { NULL },
};

static const KtArg bench_tune_args[] = {
  BENCH_HOST_ARGS,
  { .name = "budget", .type = KT_ARG_DURATION, .value = "TIME", .help = "how long the whole search may take (2h)" },
  { .name = "write", .letter = 'w', .type = KT_ARG_STRING, .value = "FILE", .help = "where the profile goes when something is better than the advice" },
  { .name = "resume", .type = KT_ARG_COUNT, .value = "ID", .help = "go on with a search that was interrupted (bench list), or give a complete one more --budget" },
  BENCH_LOAD_ARGS,
  BENCH_SET_ARGS,
  { NULL },
};

static const KtArg bench_size_args[] = {
  { .name = "rate", .type = KT_ARG_COUNT, .value = "N", .help = "accepted transactions a second (100)" },
  { .name = "retention", .type = KT_ARG_DURATION, .value = "TIME", .help = "how long a history is kept, as the indexer's --retention (all of it)" },
  { .name = "checkpoint-every", .type = KT_ARG_DURATION, .value = "TIME", .help = "between checkpoints, for the page images in the WAL (15min)" },
  BENCH_FEATURE_ARGS,
  { NULL },
};

static const KtArg bench_list_args[] = {
  { .name = "limit", .type = KT_ARG_COUNT, .value = "N", .help = "at most so many (50)" },
  { NULL },
};

static const KtArg bench_show_args[] = {
  { .name = "id", .type = KT_ARG_COUNT, .positional = TRUE, .required = TRUE, .value = "ID", .help = "number of the result" },
  { .name = "baseline", .type = KT_ARG_COUNT, .value = "ID", .help = "compare it with an earlier one" },
  { .name = "html", .type = KT_ARG_STRING, .value = "FILE", .help = "write the report with charts" },
  { NULL },
};

#define LOOK "Look"
#define TUNE "Tune"
#define BACK "Change and go back"
#define PROVE "Prove"
#define KEEP "Back up and restore"

const KtOperation kt_operations[] = {
  { .name = "host", .group = LOOK, .summary = "Show what this machine is, with the limits that really apply",
    .help = "Memory, CPUs, limits of containers, and for the server's data, WAL and tablespaces the file system and the disks "
            "below it. Flags lie (virtual disks say they rotate), so the disk is measured once: at most 5 s and 256 MiB, in a "
            "file that is removed. The result is remembered; --probe measures again, --no-probe believes the flags.",
    .args = host_args, .flags = KT_OPERATION_SERVER | KT_OPERATION_MACHINE, .run = kt_handle_host },
  { .name = "host advise", .group = LOOK, .summary = "Compare the settings of this machine with what a database wants of them",
    .help = "Kernel settings, queues of the disks below the data, options of their mounts: what is now, what is wanted, why, and the "
            "hazard. Changes nothing. kastune apply --host-settings sets them now and for each boot, through files of kastune's own below "
            "/etc and one field of /etc/fstab, and kastune undo takes that back. Where kastune may not (no root, a container, a server "
            "elsewhere) it prints the commands and the files. Example: kastune host advise",
    .flags = KT_OPERATION_SERVER | KT_OPERATION_MACHINE, .run = kt_handle_host_advise },
  { .name = "doctor", .group = LOOK, .summary = "Check everything kastune needs and say how to get what is missing",
    .flags = KT_OPERATION_SERVER, .run = kt_handle_doctor },
  { .name = "profile list", .group = LOOK, .summary = "List the built-in profiles and the hardware they are for",
    .run = kt_handle_profile_list },
  { .name = "profile show", .group = LOOK, .summary = "Show what a profile asks for", .args = profile_name_args,
    .run = kt_handle_profile_show },
  { .name = "profile pick", .group = LOOK, .summary = "Say which profile fits this machine, and why",
    .flags = KT_OPERATION_SERVER | KT_OPERATION_MACHINE, .run = kt_handle_profile_pick },
  { .name = "profile check", .group = LOOK, .summary = "Check a profile against this machine and the server",
    .args = profile_name_args, .flags = KT_OPERATION_SERVER | KT_OPERATION_MACHINE, .run = kt_handle_profile_check },

  { .name = "advise", .group = TUNE, .summary = "Compare the running settings with what this machine should use, and say why",
    .help = "Changes nothing. Without a server (--pg-version, or --root with a recorded machine) it says what a new one should get.",
    .args = advise_args, .flags = KT_OPERATION_SERVER | KT_OPERATION_MACHINE, .run = kt_handle_advise },
  { .name = "explain", .group = TUNE, .summary = "Say everything known about one parameter on this machine",
    .args = explain_args, .flags = KT_OPERATION_SERVER | KT_OPERATION_MACHINE, .run = kt_handle_explain },
  { .name = "config write", .group = TUNE, .summary = "Write the advice as a configuration file",
    .args = config_write_args, .flags = KT_OPERATION_SERVER | KT_OPERATION_MACHINE, .run = kt_handle_config_write },
  { .name = "config diff", .group = TUNE, .summary = "Compare the running settings with a configuration file",
    .args = config_file_args, .flags = KT_OPERATION_SERVER | KT_OPERATION_MACHINE, .run = kt_handle_config_diff },
  { .name = "config check", .group = TUNE, .summary = "Check configuration files without starting anything",
    .help = "Names, types, limits and words against the server, then the rules between parameters that PostgreSQL notices only "
            "when it starts, and values that something stronger overrides. Exit status 3 when there are findings.",
    .args = config_check_args, .flags = KT_OPERATION_SERVER | KT_OPERATION_MACHINE, .run = kt_handle_config_check },
  { .name = "config try", .group = TUNE, .summary = "Start settings in an isolated scratch server",
    .help = "The same binaries, a new empty cluster in a temporary folder on a unix socket, the same memory limit. The real "
            "server and its data are not touched. Exit status 3 when it does not start.",
    .args = config_file_args, .flags = KT_OPERATION_SERVER | KT_OPERATION_MACHINE, .run = kt_handle_config_try },

  { .name = "plan", .group = BACK, .summary = "Show what apply would do, step by step",
    .args = plan_args, .flags = KT_OPERATION_SERVER | KT_OPERATION_MACHINE, .run = kt_handle_plan },
  { .name = "apply", .group = BACK, .summary = "Carry out the plan: back up, write, activate, verify; undo by itself if anything fails",
    .help = "With --confirm-within the change set goes back by itself unless it is confirmed in time: here (y and Enter), or by "
            "kastune confirm from anywhere, since it may be the way in that broke. Ctrl-C goes back at once. A second kastune in "
            "the background watches the time as well, so the end of this one or of its terminal changes nothing; after a reboot "
            "the daemon does what is due, or the next apply, confirm, wait, status or undo. With --restart-at 03:00 or --when-idle the change comes in two "
            "parts: kastune apply --yes --restart-at 03:00-05:00 --detach. Kernel and mounts are left alone unless --host-settings is "
            "given: kastune apply --host-settings.",
    .args = apply_args, .flags = KT_OPERATION_CHANGES | KT_OPERATION_SERVER | KT_OPERATION_MACHINE, .run = kt_handle_apply },
  { .name = "confirm", .group = BACK, .summary = "Keep a change set that was applied with --confirm-within",
    .help = "Every step is verified once more first. When one no longer is as planned nothing is confirmed, and the change set "
            "goes back when its time is over.",
    .args = confirm_args, .flags = KT_OPERATION_SERVER, .run = kt_handle_confirm },
  { .name = "wait", .group = BACK, .summary = "Stay until a change set has begun in its window, or is confirmed, or its time is over and it is undone",
    .help = "What apply --confirm-within does after its last step. Ctrl-C only stops the waiting.",
    .args = confirm_args, .flags = KT_OPERATION_SERVER, .run = kt_handle_wait },
  { .name = "undo", .group = BACK, .summary = "Go back to what was before a change set",
    .help = "The newest, or with ID an older one when no newer one changes the same; otherwise it is refused, saying which does.",
    .args = undo_args,
    .flags = KT_OPERATION_CHANGES | KT_OPERATION_SERVER, .run = kt_handle_undo },
  { .name = "resume", .group = BACK, .summary = "Carry out to its end a change set that a crash left in the middle",
    .help = "kastune status says which, and which step it was at. The steps that were begun are done once more with what the journal "
            "holds as before them, so that undo still leads all the way back; then the others. When somebody changed something "
            "meanwhile nothing is done. The other way is kastune undo; a new apply takes that one by itself. Example: kastune resume",
    .args = resume_args, .flags = KT_OPERATION_CHANGES | KT_OPERATION_SERVER, .run = kt_handle_resume },
  { .name = "status", .group = BACK, .summary = "Say which change set is in force and whether the server still is as it left it",
    .flags = KT_OPERATION_SERVER, .run = kt_handle_status },
  { .name = "history", .group = BACK, .summary = "List the change sets, newest first", .args = history_args,
    .run = kt_handle_history },
  { .name = "daemon", .group = BACK, .summary = "Stay, and wake scheduled and unconfirmed change sets, also after a crash or a reboot",
    .help = "The service behind kastune.service (systemctl enable --now kastune). It begins scheduled restarts in their window and takes "
            "back what nobody confirmed in time, and says what happens to change sets, a line an event, on standard error. One to a "
            "state folder. SIGTERM ends it, between two steps; SIGHUP rereads kastune.conf. Example: kastune daemon --state /var/lib/kastune" },

  { .name = "backup create", .group = KEEP, .summary = "Make a backup with PostgreSQL's own programs, and record what is in it",
    .help = "physical copies the whole cluster (pg_basebackup with its log and checksums), logical dumps the connected database "
            "(pg_dump, several jobs) with the roles, pgbackrest uses a stanza that is set up, zfs takes snapshots of the datasets that "
            "hold the cluster, at one instant, configuration copies the files. The room is checked before, with the numbers. What is interrupted is marked, emptied and never offered. "
            "Example: kastune backup create physical --to /srv/backups --compress zstd:3",
    .args = backup_create_args, .flags = KT_OPERATION_SERVER, .run = kt_handle_backup_create },
  { .name = "backup list", .group = KEEP, .summary = "List backups with their state, size and what is in them",
    .help = "The folder is what counts: backups are found without the state database, and without a server. "
            "Example: kastune backup list --from /srv/backups",
    .args = backup_list_args, .run = kt_handle_backup_list },
  { .name = "backup verify", .group = KEEP, .summary = "Read a backup back and compare it with its checksums, or start it and count its rows",
    .help = "physical is unpacked and read by pg_verifybackup, log included, so it needs room for the whole cluster; logical is "
            "compared with its checksums and its list of contents read; of zfs all snapshots must be there, of one instant. "
            "Example: kastune backup verify latest:physical --restore-test --scratch /mnt/scratch",
    .args = backup_verify_args, .run = kt_handle_backup_verify },
  { .name = "backup prune", .group = KEEP, .summary = "Remove backups that nobody needs any more",
    .help = "Failed and interrupted ones always go. Never the newest complete or the newest verified one of a kind, nor one that an "
            "open change set needs. Example: kastune backup prune --keep 7 --older-than 30d",
    .args = backup_prune_args, .flags = KT_OPERATION_CHANGES, .run = kt_handle_backup_prune },
  { .name = "backup restore", .group = KEEP, .summary = "Restore a backup into a folder, a database or its place",
    .help = "A physical one into a folder needs no running server. In place it is unpacked and verified beside the data directory "
            "while the server runs; then the server stops, the two change places, and the server starts: a change set, which "
            "kastune undo takes back, since the replaced directory is kept. A logical one goes into a new or empty database, of zfs "
            "the folder becomes a clone of the snapshots. "
            "Example: kastune backup restore latest:physical --to /var/lib/postgresql/15/restored",
    .args = backup_restore_args, .flags = KT_OPERATION_CHANGES | KT_OPERATION_SERVER, .run = kt_handle_backup_restore },

  { .name = "bench compare", .group = PROVE, .summary = "Measure configurations in turn on private servers, and say what the difference is",
    .help = "Each run starts a private server of the same programs on a fresh copy of one data set, with the same pages in its "
            "caches, inside the machine that --host names, and writes what the indexer writes. The running server is not "
            "touched. Figures that do not depend on the machine's mood stand first; a difference is only called one when its "
            "95 % interval says so. A run counts only when it holds two whole checkpoint cycles (--checkpoints) within "
            "--duration: a large max_wal_size looks free in a run that never reaches its checkpoint. Every run is kept when "
            "it ends; after Ctrl-C or a crash --resume goes on. Emulation needs root and control groups. Example: "
            "kastune bench compare defaults kastune other.conf --host 4G,2cpu,cloud-volume --regime indexes-fit --within 1h",
    .args = bench_compare_args, .flags = KT_OPERATION_SERVER, .run = kt_handle_bench_compare },
  { .name = "bench tune", .group = PROVE, .summary = "Search better settings than the advice by measuring, and write them as a profile",
    .help = "Starts from kastune's advice for the machine that --host names and varies what matters for this load: shared_buffers, "
            "max_wal_size, WAL compression and buffers, the background writer, and the indexer's batch-scale and "
            "batch-concurrency; never what guards the data. First every single deviation, then the better half again, then the "
            "best together against the advice until the 95 % interval decides or --budget is over. The profile holds the "
            "evidence for each deviation. Example: "
            "kastune bench tune --host 4G,2cpu,cloud-volume --regime indexes-fit --budget 3h --write measured.conf",
    .args = bench_tune_args, .flags = KT_OPERATION_SERVER, .run = kt_handle_bench_tune },
  { .name = "bench size", .group = PROVE, .summary = "Say what disk, WAL and memory an indexer needs, by features, rate and retention",
    .help = "Arithmetic with bytes a row that were measured (schema 23); nothing is started and no server asked. "
            "Example: kastune bench size --rate 200 --retention 7d --features scripts",
    .args = bench_size_args, .run = kt_handle_bench_size },
  { .name = "bench run", .group = PROVE, .summary = "Measure the running server under the indexer's load, or only watch",
    .help = "Writes into a database that kaspa-sim filled (never into an indexer's own), or with --observe watches the indexer "
            "that is running. Before and after a change: bench run; apply; bench run --baseline ID.",
    .args = bench_run_args, .flags = KT_OPERATION_SERVER, .run = kt_handle_bench_run },
  { .name = "bench list", .group = PROVE, .summary = "List results, newest first", .args = bench_list_args, .run = kt_handle_bench_list },
  { .name = "bench show", .group = PROVE, .summary = "Show a result again, as text, JSON or a report", .args = bench_show_args,
    .run = kt_handle_bench_show },

  { .name = "indexer show", .group = "Indexer", .summary = "Find the indexers of this machine: release, options, state, database, and what does not fit together",
    .help = "Looks at containers (through the Docker Engine), the compose files that they were made from and those that are named, processes, "
            "units of systemd, each indexer's own API (once), and the database. Passwords are never shown. Exit status 3 when something would "
            "not start, or the database is between two schemas. Examples: kastune indexer show; "
            "kastune indexer show docker-compose.yml --dsn 'dbname=kaspa'",
    .args = indexer_show_args, .flags = KT_OPERATION_SERVER, .run = kt_handle_indexer_show },
  { .name = "indexer configure", .group = "Indexer", .summary = "Change what an indexer stores, or say its options in the words of its release",
    .help = "Options that the release has renamed or no longer has are translated; with --for they become those of a use, with --disable, "
            "--exclude-fields, --keep and --mapping those of your choice (kastune indexer features says what it means). It goes into a compose "
            "file of kastune's own, laid over yours, which is never touched, and the container is made anew from both; for one that systemd "
            "runs, into a drop-in over its unit, which is restarted. kastune undo takes it back. Where neither starts the indexer, the new options are shown. Variables of your files stay variables. Examples: "
            "kastune indexer configure --for integrator --retention 14d; kastune indexer configure docker-compose.yml --release v2.3.0 --dry-run",
    .args = indexer_configure_args, .flags = KT_OPERATION_CHANGES | KT_OPERATION_SERVER, .run = kt_handle_indexer_configure },
  { .name = "indexer releases", .group = "Indexer", .summary = "List the releases of simply-kaspa-indexer: schema, what each can migrate, known defects",
    .run = kt_handle_indexer_releases },
  { .name = "indexer features", .group = "Indexer", .summary = "Say what leaving out tables and fields means for a release: valid or not, disk and WAL, what is lost",
    .help = "Without words the uses are listed. With a use, or with what is to be left out or kept, that combination is looked at: whether the "
            "release takes it and what its rules say, rows and disk of each table, WAL a transaction, what each choice saves and who misses it, and "
            "the words that set it. Names of other releases, and such as designs have, are translated, or refused with the real name. Nothing is "
            "changed. Exit status 3 when it would not work. Examples: kastune indexer features integrator --retention 14d; "
            "kastune indexer features explorer --mapping scripts --disable block_parent_table --exclude-fields tx_payload --release v2.2.1",
    .args = indexer_features_args, .run = kt_handle_indexer_features },
  { .name = "indexer check", .group = "Indexer", .summary = "Say what a command line of the indexer does, before it does it",
    .help = "Options and values are accepted or rejected exactly as the release does; then come the rules that its parser does not know: "
            "tables that stay empty, rows that are never pruned, queues that fill, a pool larger than the server. Exit status 3 when it "
            "would not start or would stop. Example: kastune indexer check --release v2.3.0 -- --prune-db --disable=block_parent_table",
    .args = indexer_check_args, .run = kt_handle_indexer_check },

  { .name = "storage show", .group = "Storage", .summary = "Show where the data lie, what ZFS makes of them, and what should be different",
    .help = "Properties of the datasets below the data directory, its WAL and its tablespaces against what they should be, with "
            "the reason and the command; health, space and last scrub of their pools. On every file system: space, inodes, and "
            "what the devices below do meanwhile: how busy they are, how long a read, a write and a flush take. It only reads. "
            "kastune host advise tells about mount options, kernel settings and the limit of the ZFS cache. Example: kastune storage "
            "show --seconds 10",
    .args = storage_show_args, .flags = KT_OPERATION_SERVER | KT_OPERATION_MACHINE, .run = kt_handle_storage_show },
  { .name = "storage estimate", .group = "Storage", .summary = "Say how much the data would shrink on ZFS, from a sample of them, without ZFS",
    .help = "Stretches of the real tables and indexes are read through SQL, cut into records and packed with lz4 and zstd as ZFS "
            "would: a record fills whole sectors, and one that shrinks by less than an eighth is stored as it is. Parity of "
            "RAID-Z and copies come on top. Needs a superuser or EXECUTE on pg_read_binary_file. Example: "
            "kastune storage estimate --compression zstd-5 --record 16k",
    .args = storage_estimate_args, .flags = KT_OPERATION_SERVER, .run = kt_handle_storage_estimate },

  { .name = "storage prepare", .group = "Storage", .summary = "Create datasets for a cluster's data and WAL in a ZFS pool",
    .help = "POOL/NAME, POOL/NAME/data and POOL/NAME/wal, with the properties that storage show wants, mounted and owned by "
            "PostgreSQL's user: as a change set. kastune undo destroys them again as long as they hold nothing else. Nothing is moved "
            "onto them. Needs root. Example: kastune storage prepare tank/kaspa --mount-point /srv/kaspa",
    .args = storage_prepare_args, .flags = KT_OPERATION_CHANGES | KT_OPERATION_SERVER, .run = kt_handle_storage_prepare },
  { .name = "storage adopt", .group = "Storage", .summary = "Give the datasets that the server lies on the properties they should have, and PostgreSQL the settings that follow",
    .help = "In one change set: properties that storage show wants changed, wal_init_zero and wal_recycle, and the limit of the ZFS "
            "cache beside shared_buffers (zfs_arc_max, at once and in /etc/modprobe.d). The plan says which properties concern new data "
            "only. kastune undo gives each property its value or its inheritance back. Needs root. "
            "Example: kastune storage adopt --recordsize 32k",
    .args = storage_adopt_args, .flags = KT_OPERATION_CHANGES | KT_OPERATION_SERVER | KT_OPERATION_MACHINE, .run = kt_handle_storage_adopt },
  { .name = "storage move", .group = "Storage", .summary = "Move the cluster onto another file system while it runs, and say how long it was away",
    .help = "A base backup goes there and is verified against its manifest, then it follows the running server. When it has all but a "
            "little, the server stops, the copy takes the rest of the log and its place, and the server starts: the interruption is "
            "that rest, however large the cluster. The path of the data directory stays and becomes a link. What lay there is kept, "
            "and cannot be started by mistake; kastune undo moves back with every row written since. "
            "--wal-to alone stops the server for as long as its log takes to copy. "
            "Example: kastune storage move --to /tank/pg/data --wal-to /tank/pg/wal",
    .args = storage_move_args, .flags = KT_OPERATION_CHANGES | KT_OPERATION_SERVER, .run = kt_handle_storage_move },

  { .name = "reference", .group = "Reference", .summary = "Print everything kastune knows of its parameters or commands, as Markdown",
    .args = reference_args, .run = kt_handle_reference },
  { NULL },
};
