/* SPDX-License-Identifier: MIT */
#include "postgres/server_log.h"

#include <glib/gstdio.h>
#include <string.h>

static void
assert_problems (const char *text, const char *wanted)
{
  g_auto (GStrv) problems = kt_log_problems (text);
  g_autofree char *got = g_strjoinv ("\n", problems);
  g_assert_cmpstr (got, ==, wanted);
}

static void
test_prefixes (void)
{
  static const char wanted[] = "FATAL: could not map anonymous shared memory: Cannot allocate memory; HINT: reduce it";
  assert_problems ("2026-11-22 11:08:36.105 UTC [9504] FATAL:  could not map anonymous shared memory: Cannot allocate memory\n"
                   "2026-11-22 11:08:36.105 UTC [9504] HINT:  reduce it\n", wanted);
  assert_problems ("FATAL:  could not map anonymous shared memory: Cannot allocate memory\nHINT:  reduce it\n", wanted);
  assert_problems ("<9504>user@dbFATAL:  could not map anonymous shared memory: Cannot allocate memory\n<9504>user@dbHINT:  reduce it", wanted);
}

static void
test_clients (void)
{
  assert_problems (
    "2026 [1] FATAL:  password authentication failed for user \"a\"\n"
    "2026 [1] DETAIL:  Connection matched pg_hba.conf line 1: \"local all all scram-sha-256\"\n"
    "2026 [1] FATAL:  role \"root\" does not exist\n"
    "2026 [1] FATAL:  database \"root\" does not exist\n"
    "2026 [1] FATAL:  terminating connection due to administrator command\n"
    "2026 [1] FATAL:  the database system is starting up\n"
    "2026 [1] FATAL:  sorry, too many clients already\n"
    "2026 [1] ERROR:  relation \"vars\" does not exist at character 15\n"
    "2026 [1] STATEMENT:  SELECT 'FATAL:  not one'\n"
    "\tFROM vars\n"
    "2026 [1] ERROR:  canceling autovacuum task\n"
    "2026 [1] LOG:  background worker \"logical replication launcher\" (PID 7) exited with exit code 1\n"
    "2026 [1] LOG:  checkpoint complete\n", "");
}

static void
test_own_trouble (void)
{
  assert_problems (
    "[1] ERROR:  could not extend file \"base/5/16390\": No space left on device\n"
    "[1] HINT:  Check free disk space.\n"
    "[1] STATEMENT:  INSERT INTO blocks\n"
    "[2] LOG:  server process (PID 77) was terminated by signal 9: Killed\n"
    "[2] DETAIL:  Failed process was running: SELECT 1\n"
    "[2] LOG:  configuration file \"/etc/x.conf\" contains errors; unaffected changes were applied\n"
    "[3] PANIC:  could not locate a valid checkpoint record\n"
    "[4] ERROR:  something of a background worker\n",
    "ERROR: could not extend file \"base/5/16390\": No space left on device; HINT: Check free disk space.\n"
    "LOG: server process (PID 77) was terminated by signal 9: Killed (Failed process was running: SELECT 1)\n"
    "LOG: configuration file \"/etc/x.conf\" contains errors; unaffected changes were applied\n"
    "PANIC: could not locate a valid checkpoint record\n"
    "ERROR: something of a background worker");
}

static void
test_other_formats (void)
{
  g_auto (GStrv) csv = kt_log_problems (
    "2026-11-22 11:08:36.105 UTC,,,9504,,6,1,,2026,,0,FATAL,XX000,\"could not map\",,,,,,,,,\"\",\"postmaster\",,0\n"
    "2026-11-22 11:08:36.105 UTC,\"a\",\"b\",9505,,6,1,,2026,,0,ERROR,42P01,\"relation missing\",,,,,,,,,\"\",\"client backend\",,0\n");
  g_assert_cmpuint (g_strv_length (csv), ==, 1);
  g_assert_nonnull (strstr (csv[0], "could not map"));
  g_auto (GStrv) json = kt_log_problems ("{\"pid\":9504,\"error_severity\":\"PANIC\",\"message\":\"no checkpoint\"}\n");
  g_assert_cmpuint (g_strv_length (json), ==, 1);
  g_assert_nonnull (strstr (json[0], "no checkpoint"));
}

static void
test_failure (void)
{
  g_autofree char *configuration = kt_log_failure (
    "2026 [1] LOG:  database system is shut down\n"
    "2026 [9] LOG:  invalid value for parameter \"work_mem\": \"1gb\"\n"
    "2026 [9] HINT:  Valid units for this parameter are \"B\", \"kB\", \"MB\", \"GB\", and \"TB\".\n"
    "2026 [9] FATAL:  configuration file \"/srv/postgresql.conf\" contains errors\n");
  g_assert_cmpstr (configuration, ==, "LOG: invalid value for parameter \"work_mem\": \"1gb\"; HINT: Valid units for this parameter "
                                      "are \"B\", \"kB\", \"MB\", \"GB\", and \"TB\".\n"
                                      "FATAL: configuration file \"/srv/postgresql.conf\" contains errors");
  g_autofree char *library = kt_log_failure ("2026 [1] LOG:  starting PostgreSQL\n2026 [1] FATAL:  could not access file \"nope\"\n"
                                             "2026 [1] LOG:  database system is shut down\n");
  g_assert_cmpstr (library, ==, "FATAL: could not access file \"nope\"");
  g_autofree char *asked_meanwhile = kt_log_failure ("2026 [1] FATAL:  could not access file \"nope\"\n"
                                                     "2026 [2] FATAL:  the database system is starting up\n");
  g_assert_cmpstr (asked_meanwhile, ==, "FATAL: could not access file \"nope\"");
  g_autofree char *port = kt_log_failure ("2026 [1] LOG:  starting PostgreSQL\n2026 [1] LOG:  could not bind Unix address \"/tmp/x\"\n"
                                          "2026 [1] HINT:  Is another postmaster running?\n"
                                          "2026 [1] WARNING:  could not create Unix-domain socket in directory \"/tmp\"\n"
                                          "2026 [1] FATAL:  could not create any Unix-domain sockets\n");
  g_assert_cmpstr (port, ==, "LOG: could not bind Unix address \"/tmp/x\"; HINT: Is another postmaster running?\n"
                             "WARNING: could not create Unix-domain socket in directory \"/tmp\"\n"
                             "FATAL: could not create any Unix-domain sockets");
  g_autofree char *foreign = kt_log_failure ("one\ntwo\nthree\nfour\n");
  g_assert_cmpstr (foreign, ==, "two\nthree\nfour");
  g_assert_null (kt_log_failure ("\n"));
}

static void
test_collector (void)
{
  g_autofree char *both = kt_log_of_collector ("csvlog log/a.csv\nstderr log/a.log\n", "/srv/data");
  g_autofree char *csv = kt_log_of_collector ("csvlog /var/log/a.csv\n", "/srv/data");
  g_assert_cmpstr (both, ==, "/srv/data/log/a.log");
  g_assert_cmpstr (csv, ==, "/var/log/a.csv");
  g_assert_null (kt_log_of_collector ("", "/srv/data"));
}

static void
test_read (void)
{
  g_autofree char *path = g_strdup ("/tmp/kt-log-XXXXXX");
  g_assert_true (g_close (g_mkstemp (path), NULL));
  g_assert_true (g_file_set_contents (path, "first\nsecond\xff\n", -1, NULL));
  g_autofree char *rest = kt_log_read (path, 6);
  g_autofree char *rotated = kt_log_read (path, 1000);
  g_autofree char *absent = kt_log_read ("/no/such/file", 0);
  g_autofree char *device = kt_log_read ("/dev/null", 0);
  g_autofree char *nothing = kt_log_read (NULL, 0);
  g_assert_cmpstr (rest, ==, "second\xef\xbf\xbd\n");
  g_assert_true (g_str_has_prefix (rotated, "first\n"));
  g_assert_cmpstr (absent, ==, "");
  g_assert_cmpstr (device, ==, "");
  g_assert_cmpstr (nothing, ==, "");
  g_assert_cmpint (g_unlink (path), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/postgres/server-log/any-prefix", test_prefixes);
  g_test_add_func ("/postgres/server-log/mistakes-of-clients-are-left-out", test_clients);
  g_test_add_func ("/postgres/server-log/trouble-of-the-server-is-kept", test_own_trouble);
  g_test_add_func ("/postgres/server-log/csvlog-and-jsonlog", test_other_formats);
  g_test_add_func ("/postgres/server-log/reason-of-a-failed-start", test_failure);
  g_test_add_func ("/postgres/server-log/file-of-the-collector", test_collector);
  g_test_add_func ("/postgres/server-log/read-from-a-position", test_read);
  return g_test_run ();
}
