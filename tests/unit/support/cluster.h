/* SPDX-License-Identifier: MIT
 *
 * A real PostgreSQL server for a test: its own folder directly below /tmp (socket paths are short), unix socket only, run
 * as `postgres` when the test runs as root. Whatever happens to the test (failed assertion, kill -9), a guardian process
 * stops the server that was started here and removes the folder. Anything unexpected ends the test with the server's words.
 */
#pragma once

#include <glib.h>
#include <libpq-fe.h>

#define KT_TEST_DEBIAN_MAJOR 15

typedef struct {
  int major;             /* 0: Debian's 15 */
  const char *conf;      /* lines for the end of postgresql.conf, or NULL */
  const char *hba;       /* the whole pg_hba.conf, or NULL: everyone on the socket is trusted */
  gboolean without_sync; /* fsync = off: for tests that only read facts */
  gboolean stopped;      /* do not start it yet */
} KtTestClusterOptions;

typedef struct {
  int major;
  char *bin_directory;
  char *user;             /* who runs it; also the name of the superuser role is `postgres` */
  char *folder;           /* holds everything below and the socket */
  char *data_directory;
  char *log_file;
  char *conninfo;         /* as superuser, database postgres */
  int guardian_input;
  GPid guardian;
} KtTestCluster;

/* Folder of the binaries of one major version: Debian's or those that scripts/postgres-matrix keeps. NULL when absent.
 * Caller frees. */
char *kt_test_binaries (int major);

/* Registers @test as PATH/15 and so on, once for each version present; its data is GINT_TO_POINTER (major). */
void kt_test_add_versions (const char *path, GTestDataFunc test);

/* All clusters of one version in one program have the same system identifier. */
KtTestCluster *kt_test_cluster_new (const KtTestClusterOptions *options);
void kt_test_cluster_free (KtTestCluster *cluster);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtTestCluster, kt_test_cluster_free)

/* One running server of that version for all tests of a program: they must not change its settings. Borrowed. */
KtTestCluster *kt_test_cluster_shared (int major);

void kt_test_cluster_start (KtTestCluster *cluster);
void kt_test_cluster_stop (KtTestCluster *cluster);
/* kill -9 of the postmaster; returns when its children are gone too, so it can be started again. */
void kt_test_cluster_kill (KtTestCluster *cluster);
/* 0 when it does not run. */
GPid kt_test_cluster_pid (const KtTestCluster *cluster);

/* Adds lines to the end of postgresql.conf. */
void kt_test_cluster_append_conf (KtTestCluster *cluster, const char *lines);
/* Runs SQL as superuser in @database (NULL: postgres); gives the first value of the first row, or NULL. Caller frees. */
char *kt_test_cluster_sql (KtTestCluster *cluster, const char *database, const char *sql);
/* SQL in database postgres whose result does not matter. */
void kt_test_cluster_do (KtTestCluster *cluster, const char *sql);
/* conninfo for another role; further words are "key=value" or NULL. Caller frees. */
char *kt_test_cluster_conninfo (const KtTestCluster *cluster, const char *role, const char *database, const char *more);
/* The whole log, for messages. Caller frees. */
char *kt_test_cluster_log (const KtTestCluster *cluster);
