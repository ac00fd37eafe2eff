/* SPDX-License-Identifier: MIT */
#include "bench/prepare.h"

#include "base/error.h"
#include "bench/counters.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK_PAGES 4096
#define SHARE_OF_MEMORY 0.75
#define BEGIN_WITHIN_MS 3000
#define LOOK_EVERY_MS 50
#define PAGE_BYTES 8192
#define VERSION_OF_BACKUP_START 15 /* pg_start_backup before */

static gboolean
read_pages (KtConnection *connection, const char *oid, gint64 first, gint64 last, GError **error)
{
  g_autofree char *from = g_strdup_printf ("%" G_GINT64_FORMAT, first);
  g_autofree char *to = g_strdup_printf ("%" G_GINT64_FORMAT, last);
  g_autoptr (PGresult)
    done = kt_connection_query (connection, error,
                                "SELECT pg_prewarm($1::oid::regclass, 'buffer', 'main', $2::bigint, $3::bigint)", oid,
                                from, to, NULL);
  return done != NULL;
}

static gboolean
read_index (KtConnection *connection, const char *oid, gint64 pages, const KtBenchWatch *watch, gint64 *done,
            gint64 total, GError **error)
{
  for (gint64 first = 0; first < pages; first += CHUNK_PAGES)
    {
      gint64 last = MIN (first + CHUNK_PAGES, pages) - 1;
      if (g_cancellable_is_cancelled (watch->cancellable))
        {
          kt_error_set (error, KT_ERROR_INTERRUPTED, NULL, NULL, "the measurement was interrupted");
          return FALSE;
        }
      kt_bench_say (watch, "reading the indexes into the caches", *done, total);
      if (!read_pages (connection, oid, first, last, error))
        return FALSE;
      *done += last - first + 1;
    }
  return TRUE;
}

static double
share_to_read (const PGresult *indexes, gint64 memory_bytes)
{
  double all = 0;
  for (int i = 0; i < PQntuples (indexes); i++)
    all += (double) kt_result_int (indexes, i, "pages");
  double room = SHARE_OF_MEMORY * (double) memory_bytes / PAGE_BYTES;
  return memory_bytes <= 0 || all <= room ? 1 : room / all;
}

gboolean
kt_bench_warm_caches (const char *conninfo, gint64 memory_bytes, const KtBenchWatch *watch, gint64 *pages,
                      GError **error)
{
  g_autoptr (KtConnection) connection = kt_connection_open (conninfo, error);
  if (connection == NULL)
    return FALSE;
  g_autoptr (PGresult) extension = kt_connection_query (connection, NULL, "CREATE EXTENSION IF NOT EXISTS pg_prewarm",
                                                        NULL);
  *pages = extension != NULL ? 0 : -1;
  if (extension == NULL)
    return TRUE;
  g_autoptr (PGresult) indexes = kt_connection_query_file (connection, error, "bench_indexes", NULL);
  if (indexes == NULL)
    return FALSE;
  double share = share_to_read (indexes, memory_bytes);
  gint64 total = 0;
  for (int i = 0; i < PQntuples (indexes); i++)
    total += (gint64) (share * (double) kt_result_int (indexes, i, "pages"));
  for (int i = 0; i < PQntuples (indexes); i++)
    {
      gint64 wanted = (gint64) (share * (double) kt_result_int (indexes, i, "pages"));
      if (!read_index (connection, kt_result_get (indexes, i, "oid"), wanted, watch, pages, total, error))
        return FALSE;
    }
  return TRUE;
}

/* ---- log files ---- */

#define SHARE_OF_FREE 4
#define ZEROS_BYTES (1024 * 1024)

/* The @n-th log file after @name: timeline, then the number in two parts. Caller frees. */
static char *
later_wal_file (const char *name, gint64 segment_bytes, guint64 n)
{
  guint64 in_one = G_GUINT64_CONSTANT (0x100000000) / (guint64) segment_bytes;
  g_autofree char *timeline = g_strndup (name, 8);
  g_autofree char *high = g_strndup (name + 8, 8);
  guint64 number = g_ascii_strtoull (high, NULL, 16) * in_one + g_ascii_strtoull (name + 16, NULL, 16) + n;
  return g_strdup_printf ("%s%08" G_GINT64_MODIFIER "X%08" G_GINT64_MODIFIER "X", timeline, number / in_one,
                          number % in_one);
}

static gboolean
write_zeros (int fd, gint64 bytes)
{
  g_autofree char *zeros = g_malloc0 (ZEROS_BYTES);
  for (gint64 done = 0; done < bytes;)
    {
      gssize n = write (fd, zeros, (gsize) MIN (ZEROS_BYTES, bytes - done));
      if (n <= 0)
        return FALSE;
      done += n;
    }
  return fdatasync (fd) == 0 && posix_fadvise (fd, 0, 0, POSIX_FADV_DONTNEED) == 0;
}

/* Whole files only: the server would take a part of one for damage. */
static gboolean
make_wal_file (const char *folder, const char *name, gint64 bytes, GError **error)
{
  struct stat of_folder;
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *unfinished = g_build_filename (folder, "kastune-unfinished", NULL);
  if (g_file_test (path, G_FILE_TEST_EXISTS))
    return TRUE;
  int fd = g_open (unfinished, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  gboolean made = fd >= 0 && stat (folder, &of_folder) == 0 && fchown (fd, of_folder.st_uid, of_folder.st_gid) == 0
                  && write_zeros (fd, bytes) && rename (unfinished, path) == 0;
  if (!made)
    {
      kt_error_set_errno (error, errno, NULL, "the log file %s of the private server could not be made", path);
      unlink (unfinished);
    }
  if (fd >= 0)
    close (fd);
  return made;
}

gboolean
kt_bench_prepare_wal (const char *conninfo, const char *data_directory, const KtBenchWatch *watch, gint64 *bytes,
                      GError **error)
{
  g_autofree char *folder = g_build_filename (data_directory, "pg_wal", NULL);
  g_autoptr (KtConnection) connection = kt_connection_open (conninfo, error);
  if (connection == NULL)
    return FALSE;
  g_autoptr (PGresult) wal = kt_connection_query_file (connection, error, "bench_wal", NULL);
  if (wal == NULL)
    return FALSE;
  gint64 segment = kt_result_int (wal, 0, "segment_bytes");
  gint64 room = MIN (kt_result_int (wal, 0, "max_bytes"), kt_folder_free_bytes (folder) / SHARE_OF_FREE);
  *bytes = 0;
  for (guint64 n = 1; kt_result_bool (wal, 0, "reused") && *bytes + segment <= room; n++)
    {
      g_autofree char *name = later_wal_file (kt_result_get (wal, 0, "file"), segment, n);
      if (g_cancellable_is_cancelled (watch->cancellable))
        {
          kt_error_set (error, KT_ERROR_INTERRUPTED, NULL, NULL, "the measurement was interrupted");
          return FALSE;
        }
      kt_bench_say (watch, "making log files to reuse", *bytes, room);
      if (!make_wal_file (folder, name, segment, error))
        return FALSE;
      *bytes += segment;
    }
  return TRUE;
}

/* ---- checkpoints ---- */

static gint64
checkpoints_so_far (KtConnection *connection)
{
  KtBenchCounts counts;
  return kt_bench_counts_read (connection, &counts, NULL)
           ? counts.of[KT_COUNT_CHECKPOINTS_TIMED] + counts.of[KT_COUNT_CHECKPOINTS_REQUESTED]
           : -1;
}

/* The only wish for a spread checkpoint that servers before 19 take is the beginning of a base backup. The answer comes
 * when the checkpoint is complete, so nobody waits for it. */
static gboolean
send_wish (KtConnection *connection)
{
  gboolean new_name = kt_connection_major (connection) >= VERSION_OF_BACKUP_START;
  return PQsendQuery (kt_connection_pq (connection), new_name ? "SELECT pg_backup_start('kastune bench', false)"
                                                              : "SELECT pg_start_backup('kastune bench', false, false)")
         == 1;
}

/* As long as a backup is under way the server logs whole pages, whatever full_page_writes says. The checkpoint goes on. */
static void
withdraw_wish (KtConnection *connection)
{
  if (kt_connection_cancel (connection))
    kt_connection_drain (connection);
}

/* A backend that ends takes its backup back; only then nobody is in one any more. */
static void
wait_for_end (KtConnection *looking, int backend)
{
  g_autofree char *pid = g_strdup_printf ("%d", backend);
  for (guint waited_ms = 0; waited_ms < BEGIN_WITHIN_MS; waited_ms += LOOK_EVERY_MS)
    {
      g_autoptr (PGresult) there
        = kt_connection_query (looking, NULL, "SELECT 1 FROM pg_catalog.pg_stat_activity WHERE pid = $1::int", pid, NULL);
      if (there == NULL || PQntuples (there) == 0)
        return;
      g_usleep (LOOK_EVERY_MS * 1000);
    }
}

gboolean
kt_bench_begin_checkpoint (const char *conninfo)
{
  g_autoptr (KtConnection) looking = kt_connection_open (conninfo, NULL);
  g_autoptr (KtConnection) asking = looking != NULL ? kt_connection_open (conninfo, NULL) : NULL;
  gint64 before = looking != NULL ? checkpoints_so_far (looking) : -1;
  gboolean begun = FALSE;
  if (asking == NULL || before < 0 || !send_wish (asking))
    return FALSE;
  for (guint waited_ms = 0; waited_ms < BEGIN_WITHIN_MS && !begun; waited_ms += LOOK_EVERY_MS)
    {
      begun = checkpoints_so_far (looking) > before;
      if (!begun)
        g_usleep (LOOK_EVERY_MS * 1000);
    }
  withdraw_wish (asking);
  int backend = PQbackendPID (kt_connection_pq (asking));
  g_clear_pointer (&asking, kt_connection_free);
  wait_for_end (looking, backend);
  return begun;
}
