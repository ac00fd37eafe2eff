/* SPDX-License-Identifier: MIT
 *
 * The measurement. One file without a name, written with data that neither compresses nor repeats (ZFS and btrfs would
 * measure themselves otherwise), then read at random alone and by sixteen threads, then overwritten with a flush each
 * time.
 */
#include "platform/probe.h"

#include "base/error.h"
#include "base/size.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#define BLOCK ((gsize) 8192) /* PostgreSQL's page */
#define CHUNK ((gsize) 1024 * 1024)
#define MAX_BYTES (256 * KT_MIB)
#define MIN_FREE (64 * KT_MIB)
#define DEPTH 16

/* Shares of the 5 s; the rest is for opening and the flush at the end of writing. */
#define WRITE_US (1800 * 1000)
#define READ_US (700 * 1000)
#define SYNC_US (900 * 1000)
#define ENOUGH_SYNCS 400

#define ZFS_MAGIC 0x2fc12fc1

typedef struct {
  const char *folder;
  GCancellable *cancellable;
  int fd;
  gboolean direct;
  gint64 bytes; /* of the file, a multiple of CHUNK */
  void *buffer; /* CHUNK bytes, aligned for O_DIRECT */
} Probe;

static void
probe_clear (Probe *probe)
{
  if (probe->fd >= 0)
    close (probe->fd);
  free (probe->buffer);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Probe, probe_clear)

static gboolean
io_error (const Probe *probe, int saved_errno, const char *what, GError **error)
{
  kt_error_set_errno (error, saved_errno, "go by the flags with --no-probe", "the I/O probe cannot %s in %s", what,
                      probe->folder);
  return FALSE;
}

static gboolean
is_interrupted (const Probe *probe, GError **error)
{
  if (!g_cancellable_is_cancelled (probe->cancellable))
    return FALSE;
  kt_error_set (error, KT_ERROR_INTERRUPTED, NULL, NULL, "the I/O probe in %s was interrupted", probe->folder);
  return TRUE;
}

/* splitmix64: fast, and good enough that nothing compresses it. */
static guint64
next_random (guint64 *state)
{
  guint64 z = (*state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

static void
fill (void *buffer, gsize length, guint64 *state)
{
  guint64 *words = buffer;
  for (gsize i = 0; i < length / sizeof *words; i++)
    words[i] = next_random (state);
}

static off_t
random_block (gint64 bytes, guint64 *state)
{
  return (off_t) (next_random (state) % ((guint64) bytes / BLOCK) * BLOCK);
}

/* A file that has no name where the file system can do that, else one that loses it at once. */
static int
open_nameless (const char *folder, int flags)
{
  int fd = open (folder, O_TMPFILE | O_RDWR | O_CLOEXEC | flags, 0600);
  if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT))
    return fd;
  g_autofree char *path = g_build_filename (folder, ".kastune-probe-XXXXXX", NULL);
  fd = g_mkstemp_full (path, O_RDWR | O_CLOEXEC | flags, 0600);
  if (fd >= 0)
    unlink (path);
  return fd;
}

/* ZFS takes O_DIRECT and ignores it before 2.3, which brought this parameter. */
static gboolean
honours_direct (int fd)
{
  struct statfs fs;
  return fstatfs (fd, &fs) != 0 || fs.f_type != ZFS_MAGIC
         || g_file_test ("/sys/module/zfs/parameters/zfs_dio_enabled", G_FILE_TEST_EXISTS);
}

static gboolean
open_file (Probe *probe, GError **error)
{
  probe->fd = open_nameless (probe->folder, O_DIRECT);
  probe->direct = probe->fd >= 0;
  if (probe->fd < 0 && errno == EINVAL)
    probe->fd = open_nameless (probe->folder, 0);
  if (probe->fd < 0)
    return io_error (probe, errno, "create its file", error);
  probe->direct = probe->direct && honours_direct (probe->fd);
  return TRUE;
}

static gboolean
choose_size (Probe *probe, GError **error)
{
  struct statvfs fs;
  if (statvfs (probe->folder, &fs) != 0)
    return io_error (probe, errno, "look at the free space", error);
  gint64 free_bytes = (gint64) (fs.f_bavail * fs.f_frsize);
  if (free_bytes < MIN_FREE)
    {
      g_autofree char *detail = kt_size_format (free_bytes);
      kt_error_set (error, KT_ERROR_NO_SPACE, detail, "go by the flags with --no-probe",
                    "there is too little room in %s for the I/O probe, which wants 64 MB free", probe->folder);
      return FALSE;
    }
  probe->bytes = MIN (MAX_BYTES, free_bytes / 8) / (gint64) CHUNK * (gint64) CHUNK;
  return TRUE;
}

/* Some file systems refuse direct I/O only when it is done. */
static gboolean
fall_back (Probe *probe, int saved_errno)
{
  int flags = saved_errno == EINVAL ? fcntl (probe->fd, F_GETFL) : 0;
  if (!(flags & O_DIRECT) || fcntl (probe->fd, F_SETFL, flags & ~O_DIRECT) != 0)
    return FALSE;
  probe->direct = FALSE;
  return TRUE;
}

static gboolean
write_whole (Probe *probe, gsize length, off_t at, GError **error)
{
  for (gsize done = 0; done < length;)
    {
      ssize_t n = pwrite (probe->fd, (char *) probe->buffer + done, length - done, at + (off_t) done);
      if (n > 0)
        done += (gsize) n;
      else if (n == 0 || (errno != EINTR && !fall_back (probe, errno)))
        return io_error (probe, n == 0 ? ENOSPC : errno, "write", error);
    }
  return TRUE;
}

/* Writes until the time is over; what is written by then is the file that the other phases use. */
static gboolean
measure_write (Probe *probe, KtProbe *result, GError **error)
{
  guint64 state = (guint64) g_get_monotonic_time ();
  gint64 spent = 0, done = 0;
  while (done < probe->bytes && (spent < WRITE_US || done < 4 * (gint64) CHUNK))
    {
      fill (probe->buffer, CHUNK, &state);
      gint64 begin = g_get_monotonic_time ();
      if (is_interrupted (probe, error) || !write_whole (probe, CHUNK, (off_t) done, error))
        return FALSE;
      spent += g_get_monotonic_time () - begin;
      done += (gint64) CHUNK;
    }
  gint64 begin = g_get_monotonic_time ();
  if (fdatasync (probe->fd) != 0)
    return io_error (probe, errno, "flush", error);
  spent += g_get_monotonic_time () - begin;
  probe->bytes = result->bytes = done;
  result->write_mb_s = (double) done / (double) MAX (spent, 1);
  /* Where O_DIRECT does not work, at least the page cache is asked to forget. */
  posix_fadvise (probe->fd, 0, 0, POSIX_FADV_DONTNEED);
  posix_fadvise (probe->fd, 0, 0, POSIX_FADV_RANDOM);
  return TRUE;
}

typedef struct {
  const Probe *probe;
  guint64 state;
  gint64 until;
  guint64 reads;
  gint64 spent_us;
  int saved_errno;
} Reader;

static gpointer
read_at_random (gpointer data)
{
  Reader *reader = data;
  void *buffer = aligned_alloc (4096, BLOCK);
  gint64 begin = g_get_monotonic_time (), now = begin;
  while (buffer != NULL && reader->saved_errno == 0 && now < reader->until
         && !g_cancellable_is_cancelled (reader->probe->cancellable))
    {
      ssize_t n = pread (reader->probe->fd, buffer, BLOCK, random_block (reader->probe->bytes, &reader->state));
      now = g_get_monotonic_time ();
      if (n == (ssize_t) BLOCK)
        reader->reads++;
      else if (n >= 0 || errno != EINTR)
        reader->saved_errno = n >= 0 ? EIO : errno;
    }
  reader->spent_us = now - begin;
  free (buffer);
  return NULL;
}

/* @depth threads, each with one read under way. */
static gboolean
measure_reads (const Probe *probe, guint depth, double *reads_per_s, double *latency_us, GError **error)
{
  Reader readers[DEPTH] = { 0 };
  g_autoptr (GPtrArray) threads = g_ptr_array_new ();
  gint64 begin = g_get_monotonic_time ();
  for (guint i = 0; i < depth; i++)
    {
      readers[i] = (Reader){ .probe = probe, .state = (guint64) begin + i * 977, .until = begin + READ_US };
      if (depth > 1)
        g_ptr_array_add (threads, g_thread_new ("probe", read_at_random, &readers[i]));
      else
        read_at_random (&readers[i]);
    }
  for (guint i = 0; i < threads->len; i++)
    g_thread_join (threads->pdata[i]);
  gint64 elapsed = MAX (g_get_monotonic_time () - begin, 1);
  guint64 reads = 0;
  gint64 spent = 0;
  for (guint i = 0; i < depth; i++)
    {
      if (readers[i].saved_errno != 0)
        return io_error (probe, readers[i].saved_errno, "read", error);
      reads += readers[i].reads;
      spent += readers[i].spent_us;
    }
  if (is_interrupted (probe, error))
    return FALSE;
  *reads_per_s = (double) reads * 1e6 / (double) elapsed;
  *latency_us = reads > 0 ? (double) spent / (double) reads : 0;
  return TRUE;
}

/* Reads and writes that the device has completed since the machine started; -1 where the file system has no device of
 * its own (ZFS, overlay, tmpfs). */
static gint64
completed_requests (int fd)
{
  struct stat status;
  if (fstat (fd, &status) != 0)
    return -1;
  g_autofree char *path
    = g_strdup_printf ("/sys/dev/block/%u:%u/stat", major (status.st_dev), minor (status.st_dev));
  g_autofree char *text = NULL;
  gint64 reads = 0, writes = 0;
  if (!g_file_get_contents (path, &text, NULL, NULL)
      || sscanf (text, "%" G_GINT64_FORMAT " %*d %*d %*d %" G_GINT64_FORMAT, &reads, &writes) != 2)
    return -1;
  return reads + writes;
}

/* One read at a time, and how much others asked of the device meanwhile. */
static gboolean
measure_reads_alone (const Probe *probe, KtProbe *result, GError **error)
{
  gint64 before = completed_requests (probe->fd), begin = g_get_monotonic_time ();
  if (!measure_reads (probe, 1, &result->read_iops_1, &result->read_latency_1_us, error))
    return FALSE;
  gint64 after = completed_requests (probe->fd);
  double seconds = (double) MAX (g_get_monotonic_time () - begin, 1) / 1e6;
  if (before >= 0 && after >= before)
    result->other_iops = MAX (round ((double) (after - before) / seconds - result->read_iops_1), 0);
  return TRUE;
}

static int
compare_times (gconstpointer a, gconstpointer b)
{
  gint64 left = *(const gint64 *) a, right = *(const gint64 *) b;
  return left < right ? -1 : left > right;
}

static gboolean
measure_flush (Probe *probe, KtProbe *result, GError **error)
{
  g_autoptr (GArray) times = g_array_new (FALSE, FALSE, sizeof (gint64));
  guint64 state = (guint64) g_get_monotonic_time ();
  gint64 until = g_get_monotonic_time () + SYNC_US;
  gint64 now = 0;
  while (times->len < ENOUGH_SYNCS && (now < until || times->len == 0))
    {
      fill (probe->buffer, BLOCK, &state);
      gint64 begin = g_get_monotonic_time ();
      if (is_interrupted (probe, error) || !write_whole (probe, BLOCK, random_block (probe->bytes, &state), error))
        return FALSE;
      if (fdatasync (probe->fd) != 0)
        return io_error (probe, errno, "flush", error);
      now = g_get_monotonic_time ();
      gint64 took = now - begin;
      g_array_append_val (times, took);
    }
  g_array_sort (times, compare_times);
  result->fdatasync_us = (double) g_array_index (times, gint64, times->len / 2);
  return TRUE;
}

KtProbe *
kt_probe_run (const char *folder, GCancellable *cancellable, GError **error)
{
  g_autoptr (KtProbe) result = g_new0 (KtProbe, 1);
  g_auto (Probe) probe = { .folder = folder, .cancellable = cancellable, .fd = -1 };
  gint64 begin = g_get_monotonic_time ();
  probe.buffer = aligned_alloc (4096, CHUNK);
  if (probe.buffer == NULL)
    {
      io_error (&probe, ENOMEM, "get memory", error);
      return NULL;
    }
  if (!choose_size (&probe, error) || !open_file (&probe, error) || !measure_write (&probe, result, error)
      || !measure_reads_alone (&probe, result, error)
      || !measure_reads (&probe, DEPTH, &result->read_iops_16, &result->read_latency_16_us, error)
      || !measure_flush (&probe, result, error))
    return NULL;
  result->direct = probe.direct;
  result->elapsed_ms = (g_get_monotonic_time () - begin) / 1000;
  result->taken_at = g_get_real_time () / G_USEC_PER_SEC;
  result->class = kt_probe_classify (result);
  return g_steal_pointer (&result);
}
