/* SPDX-License-Identifier: MIT
 *
 * WAL and checkpoints. The distance between checkpoints decides how much WAL an indexer writes: the first change of a
 * page after a checkpoint logs the whole page, and random keys touch new pages all the time. Measured for the same
 * rows: 6.2 GB of WAL with max_wal_size 256 MB, 3.5 GB with 1 GB, 1.0 GB with 8 GB. What limits the distance is the
 * disk, and the time that crash recovery may take.
 */
#include "tuning/rules.h"

#include "base/size.h"

#define LARGEST_WAL (64 * KT_GIB)
#define FREE_SHARE 4           /* a quarter of what is free */
#define LEAST_SEGMENTS 5       /* PostgreSQL's own default for min_wal_size */
#define SYNC_RECOVERY_FACTOR 4 /* nobody queries during the first sync */
#define COMPLETION_TARGET 0.9
#define SPREAD 1.2             /* rates vary */
#define KEEP_MOST (4 * KT_GIB)
#define KEEP_LEAST (256 * KT_MIB)
#define LARGE_BUFFERS (2 * KT_GIB)
#define SMALL_BUFFERS (512 * KT_MIB)

/* Steps of about a third, so that the advice does not change with every gigabyte that is written. */
static gint64
step_down (gint64 bytes)
{
  static const gint64 steps_mb[] = { 64,   96,   128,  192,  256,   384,   512,   768,   1024,  1536,
                                     2048, 3072, 4096, 6144, 8192, 12288, 16384, 24576, 32768, 49152, 65536 };
  gint64 step = 0;
  for (gsize i = 0; i < G_N_ELEMENTS (steps_mb); i++)
    if (steps_mb[i] * KT_MIB <= bytes)
      step = steps_mb[i] * KT_MIB;
  return step;
}

typedef struct {
  gint64 bytes;
  char *reason;
} Limit;

/* The smallest of: a quarter of the free space, what crash recovery gets through in time, the largest that still gains.
 * */
static void
wal_limit (const KtInputs *in, Limit *limit)
{
  gboolean sync = in->phase == KT_PHASE_INITIAL_SYNC;
  gint64 seconds = (gint64) in->profile->row->recovery_limit_s * (sync ? SYNC_RECOVERY_FACTOR : 1);
  gint64 by_recovery = (gint64) (in->replay_rate * (double) seconds);
  gint64 by_space = in->wal.free / FREE_SHARE;
  g_autofree char *free_space = kt_size_format (in->wal.free);
  limit->bytes = MIN (LARGEST_WAL, MIN (by_recovery, by_space));
  if (limit->bytes == by_space)
    limit->reason = g_strdup_printf ("at most a quarter of the %s that are free for pg_wal", free_space);
  else if (limit->bytes == by_recovery)
    limit->reason = g_strdup_printf ("what crash recovery gets through in %" G_GINT64_FORMAT
                                     " minutes on this storage; %s are free for pg_wal",
                                     seconds / 60, free_space);
  else
    limit->reason = g_strdup_printf ("room to catch up at full speed after a pause, more gains nothing; %s are free "
                                     "for pg_wal", free_space);
}

/* An estimate: whole minutes are as precise as it gets. */
static char *
recovery_text (const KtInputs *in, gint64 max_wal_size)
{
  double seconds = kt_recovery_seconds (in, max_wal_size);
  return seconds < 90 ? g_strdup ("a minute") : g_strdup_printf ("%.0f minutes", seconds / 60);
}

static void
say_rate (const KtInputs *in, gint64 max_wal_size, GString *because)
{
  double timeout_s = (double) kt_wanted_int (in, "checkpoint_timeout") / 1000.0;
  gint64 needed = (gint64) (in->wal_rate * timeout_s * (1 + COMPLETION_TARGET) * SPREAD);
  g_autofree char *rate = kt_size_format ((gint64) in->wal_rate);
  g_autofree char *need = kt_size_format (needed);
  g_autofree char *recovery = recovery_text (in, max_wal_size);
  g_string_append_printf (because,
                          "; at %s/s of WAL (%s) checkpoints by time alone need %s; crash recovery takes at most about "
                          "%s",
                          rate, in->wal_rate_measured ? "measured" : "modelled", need, recovery);
}

/* WAL that already lies on the disk was free space before: without this the advice would shrink as soon as it is
 * followed. */
static gboolean
running_still_fits (const KtInputs *in, gint64 wanted)
{
  if (in->server == NULL)
    return FALSE;
  gint64 running = kt_server_int (in->server, "max_wal_size", 0) * KT_MIB;
  return running > wanted && running <= LARGEST_WAL && running <= (in->wal.free + running) / FREE_SHARE &&
         running <= 2 * wanted;
}

gboolean
kt_rule_max_wal_size (const KtInputs *in, KtValue *out, GString *because)
{
  Limit limit = { 0 };
  if (in->wal.free < 0)
    {
      g_string_append (because, "the free space for pg_wal is unknown, and it must not fill the disk");
      return FALSE;
    }
  wal_limit (in, &limit);
  g_autofree char *reason = limit.reason;
  gint64 wanted = step_down (limit.bytes);
  if (wanted < LEAST_SEGMENTS * in->wal_segment)
    {
      g_autofree char *free_space = kt_size_format (in->wal.free);
      g_string_append_printf (because, "only %s are free for pg_wal: make room first", free_space);
      return FALSE;
    }
  if (running_still_fits (in, wanted))
    {
      wanted = kt_server_int (in->server, "max_wal_size", 0) * KT_MIB;
      g_string_append (because, "the running value still fits: the WAL it keeps is part of what is used; ");
    }
  kt_value_set_int (out, wanted);
  g_string_append (because, reason);
  say_rate (in, wanted, because);
  return TRUE;
}

gboolean
kt_rule_min_wal_size (const KtInputs *in, KtValue *out, GString *because)
{
  gint64 most = kt_wanted_int (in, "max_wal_size");
  gint64 least = MAX (KEEP_LEAST, LEAST_SEGMENTS * in->wal_segment);
  if (in->wal.copy_on_write)
    {
      g_string_append (because, "a copy-on-write file system gains nothing from recycled segments, keeping them costs "
                                "space");
      return FALSE;
    }
  if (in->wal.free >= 0 && in->wal.free < FREE_SHARE * least)
    {
      g_autofree char *free_space = kt_size_format (in->wal.free);
      g_string_append_printf (because, "%s free for pg_wal: files kept for reuse would take what is left", free_space);
      return FALSE;
    }
  gint64 wanted = MIN (CLAMP (most / 4, least, MAX (KEEP_MOST, least)), most / 2);
  wanted = wanted / in->wal_segment * in->wal_segment;
  if (wanted < 2 * in->wal_segment)
    {
      g_string_append (because, "max_wal_size leaves no room for more than the two segments that the server needs");
      return FALSE;
    }
  kt_value_set_int (out, wanted);
  g_string_append (because, "about a quarter of max_wal_size, at most 4 GB, stays as files to reuse instead of creating "
                            "new ones when the load comes back");
  return TRUE;
}

gboolean
kt_rule_checkpoint_timeout (const KtInputs *in, KtValue *out, GString *because)
{
  gboolean sync = in->phase == KT_PHASE_INITIAL_SYNC;
  guint seconds = sync ? MAX (30 * 60, in->profile->row->checkpoint_timeout_s) : in->profile->row->checkpoint_timeout_s;
  kt_value_set_int (out, (gint64) seconds * 1000);
  g_string_append_printf (because,
                          "%s: the default of 5 minutes writes the full image of each random page again every 5 "
                          "minutes; "
                          "max_wal_size bounds crash recovery",
                          sync ? "the first sync is written once and can be repeated" : in->profile->row->name);
  return TRUE;
}

gboolean
kt_rule_checkpoint_completion_target (const KtInputs *in, KtValue *out, GString *because)
{
  kt_value_set_real (out, COMPLETION_TARGET);
  g_string_append (because, in->major < 14 ? "the default of 13 (0.5) writes each checkpoint in half the time and then "
                                             "idles"
                                           : "spreads the writes of a checkpoint over nearly the whole cycle");
  return TRUE;
}

gboolean
kt_rule_wal_buffers (const KtInputs *in, KtValue *out, GString *because)
{
  gint64 buffers = kt_wanted_int (in, "shared_buffers");
  gint64 full = in->server != NULL ? in->server->wal_buffers_full : -1;
  if (buffers >= LARGE_BUFFERS || (full > 0 && buffers >= SMALL_BUFFERS))
    {
      kt_value_set_int (out, 64 * KT_MIB);
      g_string_append (because, "room for seven writers at once; ");
      if (full >= 0)
        g_string_append_printf (because,
                                "the buffers were full %" G_GINT64_FORMAT " times since the statistics were reset",
                                full);
      else
        g_string_append (because, "a fraction of shared_buffers and harmless");
      return TRUE;
    }
  if (buffers < SMALL_BUFFERS)
    {
      kt_value_set_int (out, 16 * KT_MIB);
      g_string_append (because, "the automatic 1/32 of small shared_buffers was full 43,000 times in the measured run");
      return TRUE;
    }
  g_string_append (because, "the automatic value is 16 MB here and was never full in the measured run");
  return FALSE;
}

gboolean
kt_rule_wal_compression (const KtInputs *in, KtValue *out, GString *because)
{
  static const char *const methods[] = { "lz4", "zstd" };
  static const char *const savings[] = { "12 %", "19 %" };
  if (in->major < 15)
    {
      kt_value_set_text (out, "off");
      g_string_append_printf (because, "%d only has pglz, which cost a quarter of the throughput and saved 10 %% of "
                                       "WAL",
                              in->major);
      return TRUE;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (methods); i++)
    if (kt_inputs_offers (in, "wal_compression", methods[i]))
      {
        kt_value_set_text (out, methods[i]);
        g_string_append_printf (because, "this build offers it; it saved %s of WAL at no visible cost (hashes hardly "
                                         "compress)",
                                savings[i]);
        return TRUE;
      }
  g_string_append (because, in->server != NULL ? "this build has neither lz4 nor zstd, and pglz costs a quarter of the "
                                                 "throughput"
                                               : "without a server nobody knows whether the build has lz4, and a "
                                                 "server "
                                                 "without it would not start");
  return FALSE;
}

gboolean
kt_rule_wal_on_copy_on_write (const KtInputs *in, KtValue *out, GString *because)
{
  kt_value_set_bool (out, !in->wal.copy_on_write);
  g_string_append (because, in->wal.copy_on_write
                              ? "pg_wal lies on a copy-on-write file system, where preparing or reusing a file in "
                                "place has no meaning"
                              : "pg_wal lies on a file system that overwrites in place, where prepared files make "
                                "commits faster");
  return TRUE;
}

gboolean
kt_rule_max_slot_wal_keep_size (const KtInputs *in, KtValue *out, GString *because)
{
  if (in->server == NULL || in->server->slots == 0 || in->wal.free < 4 * KT_GIB)
    return FALSE;
  g_autofree char *free_space = kt_size_format (in->wal.free);
  kt_value_set_int (out, step_down (MIN (in->wal.free / FREE_SHARE, LARGEST_WAL)));
  g_string_append_printf (because, "%u replication slots exist: a dead one would keep WAL until the disk (%s free) is "
                                   "full",
                          in->server->slots, free_space);
  return TRUE;
}
