/* SPDX-License-Identifier: MIT
 *
 * Everything a rule may look at, gathered once from platform, server, profile and options. A rule that wants a fact
 * adds it here. Sizes are bytes; figures that nobody measured are modelled, and say so.
 */
#pragma once

#include "platform/platform.h"
#include "postgres/server.h"
#include "tuning/profile.h"

#define KT_MAJOR_FIRST 13
#define KT_MAJOR_LAST 18 /* newest version all rules are tested on; rows of 19 are known */

/* What the caller wants, beating the profile. Start from KT_OPTIONS_DEFAULT. */
typedef struct {
  gint64 reserve;             /* bytes for everything that is not PostgreSQL; -1: profile's, else what was found */
  int phase;                  /* KtPhase; -1: the profile's */
  guint connections;          /* max_connections to plan for; 0: profile's, else modelled */
  double transactions_per_s;  /* 0: profile's, else from the tables, else modelled */
  gboolean timescaledb;       /* wanted although not preloaded yet */
  int major;                  /* without a server: PostgreSQL's major version */
  const char *const *features; /* without a server: words known to be built in ("lz4", "zstd"); NULL: none */
  gboolean host_of_container; /* rows of the kernel also inside a container, for whoever owns it */
  const char *indexer_role;   /* role that the indexer logs in with; NULL: unknown */
} KtOptions;

#define KT_OPTIONS_DEFAULT { .reserve = -1, .phase = -1 }

/* The file system below the data directory or pg_wal. */
typedef struct {
  KtStorageClass class;
  gboolean measured;           /* class comes from the probe, not from flags */
  double reads_1, reads_16;    /* 8 kB random reads/s at depth 1 and 16; 0: not measured */
  double fdatasync_us;         /* 0: not measured */
  gint64 size, free;           /* -1: unknown */
  gboolean copy_on_write, zfs, network;
} KtDisk;

/* A figure by the class of the disk; an unknown one counts as SSD. */
double kt_disk_choose (const KtDisk *disk, double hdd, double ssd, double nvme);
gboolean kt_disk_is_flash (const KtDisk *disk);
/* "NVMe, measured", "HDD by its flags": for sentences. Caller frees. */
char *kt_disk_describe (const KtDisk *disk);

struct KtInputs {
  const KtPlatform *platform;  /* borrowed */
  const KtServer *server;      /* borrowed; NULL: advice without a server */
  const KtProfile *profile;    /* borrowed */
  const KtOptions *options;    /* borrowed */

  int major;
  KtPhase phase;

  KtBudget *budget;
  gint64 memory;               /* what PostgreSQL may use */
  guint cpus;                  /* whole CPUs, at least 1 */
  gboolean shared_host;        /* a quarter of the memory or more is set aside for others */
  gboolean container;          /* kastune itself runs in one */
  gboolean server_container;   /* the server does */
  gint64 shm_size;             /* bytes of the server's /dev/shm, -1: unknown */
  gint64 hugetlb_limit;        /* G_MAXINT64: none */
  gboolean clock_cheap;        /* reading the clock costs nanoseconds */

  KtDisk data, wal;
  gint64 arc_max;              /* bytes the ZFS cache may take when the data lie on ZFS, else 0 */

  gint64 wal_segment;
  double wal_rate;             /* bytes/s */
  gboolean wal_rate_measured;  /* over at least an hour; otherwise modelled */
  double replay_rate;          /* bytes/s of WAL that crash recovery gets through, modelled */
  double transactions_per_s;
  gboolean transactions_measured;
  double rate_seconds;         /* time that measured rates cover */

  guint pool, api_connections, other_connections, reserved_connections;
  guint connections;           /* all of them: what max_connections should allow */
  guint busy;                  /* how many sort and hash at once */

  gint64 index_bytes;          /* of the indexer's tables; 0: unknown */
  gint64 table_bytes;
  gboolean timescaledb;        /* preloaded or wanted */

  GHashTable *effective;       /* values that rules have found so far; only param.c looks into it */
};
typedef struct KtInputs KtInputs;

KtInputs *kt_inputs_new (const KtPlatform *platform, const KtServer *server, const KtProfile *profile,
                         const KtOptions *options);
void kt_inputs_free (KtInputs *in);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtInputs, kt_inputs_free)

/* "1 CPU", "8 CPUs". Caller frees. */
char *kt_inputs_cpus (const KtInputs *in);

/* Is the word in the server's list of enum values? Offline: is it among the caller's features. */
gboolean kt_inputs_offers (const KtInputs *in, const char *parameter, const char *word);
/* Is the library among the running shared_preload_libraries? */
gboolean kt_inputs_preloads (const KtInputs *in, const char *library);
/* Could it be preloaded: does the server have it? */
gboolean kt_inputs_has_library (const KtInputs *in, const char *library);

/* The longest that crash recovery takes with this max_wal_size, in seconds; a modelled upper estimate. */
double kt_recovery_seconds (const KtInputs *in, gint64 max_wal_size);
