/* SPDX-License-Identifier: MIT
 *
 * Made-up machines and servers for tests of pure code. What a test does not say is an ordinary dedicated machine with
 * NVMe and a server as installed.
 */
#pragma once

#include "platform/platform.h"
#include "postgres/server.h"

typedef struct {
  double memory_gb;       /* 0: 16 */
  double cpus;            /* 0: 8 */
  KtStorageClass class;   /* KT_STORAGE_UNKNOWN: NVMe */
  gboolean class_unknown; /* really unknown */
  double free_gb;         /* 0: 400; negative: unknown */
  const char *fs_type;    /* NULL: ext4; "zfs" and "btrfs" are copy-on-write */
  double reads_1, reads_16, fdatasync_us; /* a probe when reads_1 is not 0 */
  double neighbour_gb;    /* set aside for a neighbour */
  double limit_gb;        /* of the control group; 0: none */
  gboolean container;
  gint64 hugetlb_limit;   /* 0: none */
  gint64 huge_pages;      /* reserved, of 2 MB */
  const char *clock;      /* NULL: tsc */
} KtTestMachine;

/* Both are freed as real ones are: kt_platform_free, kt_server_free. */
KtPlatform *kt_test_platform (const KtTestMachine *machine);

/* A server of @major whose settings are the defaults of the parameter table; its enums offer every word. */
KtServer *kt_test_server (int major);

/* @value as pg_settings gives it: in base units. @source NULL: "configuration file". */
void kt_test_server_set (KtServer *server, const char *name, const char *value, const char *source,
                         const char *source_file);
void kt_test_server_offer (KtServer *server, const char *name, const char *const *words);
void kt_test_server_add_table (KtServer *server, const char *name, double rows, gint64 index_bytes, gint64 inserted,
                               gint64 deleted, const char *options);
/* What kastune wants for one parameter, as text; NULL: left as it is. @server NULL: offline for @wish->major.
 * @because may be NULL. Caller frees both. */
typedef struct {
  int major;              /* 0: 15 */
  int phase;              /* KtPhase */
  const char *profile;    /* a name, or the text of a key file; NULL: picked */
  double reserve_gb;      /* 0: what the machine says */
  gboolean timescaledb;
  double transactions_per_s;
  const char *const *features;
} KtTestWish;

char *kt_test_wanted (const KtTestMachine *machine, const KtServer *server, const KtTestWish *wish,
                      const char *parameter, char **because);

void kt_test_server_add_role_setting (KtServer *server, const char *role, const char *name, const char *value);
