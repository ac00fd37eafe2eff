/* SPDX-License-Identifier: MIT
 *
 * What `postgres -C` does not notice: settings that contradict each other, the server or the machine.
 */
#include "tuning/proposal.h"

#include "base/size.h"

#include <string.h>

static gint64
whole (const KtCheck *check, const char *name, gint64 fallback)
{
  return (gint64) kt_check_number (check, name, (double) fallback);
}

static gboolean
is (const KtCheck *check, const char *name, const char *value)
{
  g_autofree char *text = kt_check_text (check, name);
  const KtParam *param = kt_param_find (name);
  return text != NULL && kt_guc_equal (param != NULL ? param->type : KT_GUC_STRING, NULL, text, value);
}

/* Values that can lose data or in the end the server. */
static const struct {
  const char *name, *value, *sentence;
} dangers[] = {
  { "fsync", "off", "a crash or power cut leaves a database that cannot be repaired" },
  { "data_sync_retry", "on", "after a failed flush the server would go on although changes may be gone" },
  { "zero_damaged_pages", "on", "damaged pages are emptied, with every row on them" },
  { "ignore_checksum_failure", "on", "damage is passed on instead of reported" },
  { "autovacuum", "off", "tables bloat and the server stops writing when transaction ids run out" },
};

static void
check_dangers (KtCheck *check)
{
  for (gsize i = 0; i < G_N_ELEMENTS (dangers); i++)
    if (is (check, dangers[i].name, dangers[i].value))
      kt_findings_add (check->findings, kt_check_severity (check, dangers[i].name), dangers[i].name,
                       "go back to the default", "%s = %s: %s", dangers[i].name, dangers[i].value, dangers[i].sentence);
}

static gboolean
all_volumes_are_zfs (const KtInputs *in)
{
  const GPtrArray *volumes = in->platform->volumes;
  for (guint i = 0; volumes != NULL && i < volumes->len; i++)
    if (g_strcmp0 (((KtVolume *) volumes->pdata[i])->fs_type, "zfs") != 0)
      return FALSE;
  return volumes != NULL && volumes->len > 0;
}

static void
check_full_page_writes (KtCheck *check)
{
  if (!is (check, "full_page_writes", "off"))
    return;
  if (all_volumes_are_zfs (check->in))
    kt_findings_add (check->findings, KT_SEVERITY_WARNING, "full_page_writes",
                     "turn it on before copying the data to other storage, and for pg_rewind",
                     "full_page_writes = off: redundant on ZFS as long as every record is at least 8 kB and the data "
                     "stay there");
  else
    kt_findings_add (check->findings, kt_check_severity (check, "full_page_writes"), "full_page_writes",
                     "go back to on",
                     "full_page_writes = off: a page torn by a crash is silent corruption, and not every volume here "
                     "is ZFS");
}

static void
check_synchronous_commit (KtCheck *check)
{
  if (is (check, "synchronous_commit", "off"))
    kt_findings_add (check->findings, KT_SEVERITY_WARNING, "synchronous_commit",
                     "set it for the indexer's role alone: ALTER ROLE … SET synchronous_commit = off",
                     "synchronous_commit = off for the whole server: the last commits before a crash are lost, for "
                     "every database in it");
}

static void
check_wal_level (KtCheck *check)
{
  if (!is (check, "wal_level", "minimal"))
    return;
  KtSeverity severity = kt_check_severity (check, "wal_level");
  if (whole (check, "max_wal_senders", 10) > 0)
    kt_findings_add (check->findings, severity, "wal_level", "leave wal_level at replica",
                     "wal_level = minimal with max_wal_senders above 0: the server does not start");
  else if (!is (check, "archive_mode", "off"))
    kt_findings_add (check->findings, severity, "wal_level", "leave wal_level at replica",
                     "wal_level = minimal with archive_mode: the server does not start");
  else
    kt_findings_add (check->findings, KT_SEVERITY_WARNING, "wal_level", "leave wal_level at replica",
                     "wal_level = minimal: no base backup, no recovery to a point in time, no standby");
}

static void
check_reserved_connections (KtCheck *check)
{
  gint64 reserved = whole (check, "superuser_reserved_connections", 3) + whole (check, "reserved_connections", 0);
  gint64 connections = whole (check, "max_connections", 100);
  if (reserved >= connections)
    kt_findings_add (check->findings, KT_SEVERITY_REFUSE, "max_connections", "raise max_connections",
                     "%d reserved connections and max_connections %d: the server does not start", (int) reserved,
                     (int) connections);
}

static void
check_enough_connections (KtCheck *check)
{
  const KtInputs *in = check->in;
  gint64 connections = whole (check, "max_connections", 100);
  gint64 needed = in->pool + in->api_connections + in->other_connections + in->reserved_connections;
  guint in_use = in->server != NULL ? in->server->connections : 0;
  if (connections < in_use + in->reserved_connections)
    kt_findings_add (check->findings, KT_SEVERITY_REFUSE, "max_connections", "choose more",
                     "max_connections %" G_GINT64_FORMAT " is less than the %u that are open and the %u that are "
                                                         "reserved",
                     connections, in_use, in->reserved_connections);
  else if (connections < needed)
    kt_findings_add (check->findings, KT_SEVERITY_WARNING, "max_connections", "raise it, or lower the pools",
                     "max_connections %d is less than the %d that the indexer (%u), API servers (%u), others (%u) and "
                     "reserved ones (%u) can need together; the indexer stops after waiting 30 s",
                     (int) connections, (int) needed, in->pool, in->api_connections, in->other_connections,
                     in->reserved_connections);
}

/* A standby must have at least the primary's value; on a primary something may be using what is there. */
static void
report_lowered (KtCheck *check, const char *name, double now, double then)
{
  const KtServer *server = check->in->server;
  if (server->in_recovery)
    kt_findings_add (check->findings, KT_SEVERITY_REFUSE, name, "lower it on the primary first",
                     "%s from %g down to %g: this is a standby, which needs at least the primary's value", name, now,
                     then);
  else
    kt_findings_add (check->findings, KT_SEVERITY_WARNING, name, "make sure that nothing needs the running value",
                     "%s from %g down to %g%s", name, now, then,
                     server->standbys > 0 ? ": standbys must follow after the primary" : "");
}

static void
check_lowered (KtCheck *check)
{
  guint n = 0;
  const KtParam *params = kt_params (&n);
  KtCheck running = { .in = check->in };
  for (guint i = 0; check->in->server != NULL && i < n; i++)
    {
      const char *name = params[i].name;
      double now = kt_check_number (&running, name, 0);
      if (!params[i].floor || kt_check_proposed (check, name) == NULL)
        continue;
      double then = kt_check_number (check, name, now);
      if (then < now)
        report_lowered (check, name, now, then);
    }
}

static void
check_wal_sizes (KtCheck *check)
{
  gint64 segment = check->in->wal_segment;
  gint64 min = whole (check, "min_wal_size", 80 * KT_MIB);
  gint64 max = whole (check, "max_wal_size", KT_GIB);
  static const char *const names[] = { "min_wal_size", "max_wal_size" };
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    if (whole (check, names[i], KT_GIB) < 2 * segment)
      {
        g_autofree char *two = kt_size_format (2 * segment);
        kt_findings_add (check->findings, KT_SEVERITY_REFUSE, names[i], "raise it",
                         "%s is below two WAL segments (%s): the server does not start", names[i], two);
      }
  if (min > max)
    kt_findings_add (check->findings, KT_SEVERITY_WARNING, "min_wal_size", "lower min_wal_size or raise max_wal_size",
                     "min_wal_size is larger than max_wal_size; the server accepts that silently");
}

static void
check_wal_space (KtCheck *check)
{
  KtCheck running = { .in = check->in };
  gint64 max = whole (check, "max_wal_size", KT_GIB);
  gint64 now = check->in->server != NULL ? whole (&running, "max_wal_size", 0) : 0;
  gint64 room = check->in->wal.free + MIN (now, max);
  if (check->in->wal.free < 0 || max <= room / 2)
    return;
  g_autofree char *size = kt_size_format (max);
  g_autofree char *free_space = kt_size_format (check->in->wal.free);
  gboolean proposed = kt_check_proposed (check, "max_wal_size") != NULL;
  kt_findings_add (check->findings, max > room && proposed ? KT_SEVERITY_REFUSE : KT_SEVERITY_WARNING, "max_wal_size",
                   "choose at most a quarter of the free space, or make room",
                   "max_wal_size %s, and %s are free for pg_wal: the server stops when WAL cannot be written", size,
                   free_space);
}

/* Where most of it goes. */
static const KtBudgetLine *
largest_line (const KtWorstCase *worst)
{
  const KtBudgetLine *largest = worst->lines->pdata[0];
  for (guint i = 1; i < worst->lines->len; i++)
    if (((KtBudgetLine *) worst->lines->pdata[i])->bytes > largest->bytes)
      largest = worst->lines->pdata[i];
  return largest;
}

/* What needs less than the running settings is never refused: it can only help. */
static KtSeverity
memory_severity (const KtCheck *check, const KtWorstCase *worst)
{
  KtMemoryUse running = kt_memory_use_of (check->in, NULL, 0);
  gboolean grows = check->n > 0 && worst->total > kt_worst_case_total (&running);
  return grows && worst->verdict == KT_MEMORY_TOO_MUCH ? KT_SEVERITY_REFUSE : KT_SEVERITY_WARNING;
}

static void
check_memory (KtCheck *check)
{
  KtMemoryUse use = kt_memory_use_of (check->in, check->set, check->n);
  g_autoptr (KtWorstCase) worst = kt_worst_case_new (&use, check->in->memory);
  g_autofree char *total = kt_size_format (worst->total);
  g_autofree char *memory = kt_size_format (check->in->memory);
  if (use.shared_buffers >= check->in->memory)
    kt_findings_add (check->findings, kt_check_severity (check, "shared_buffers"), "shared_buffers", "choose less",
                     "shared_buffers alone take all of the %s that PostgreSQL may use: it does not start or is killed "
                     "later", memory);
  else if (worst->verdict != KT_MEMORY_FITS)
    {
      const KtBudgetLine *largest = largest_line (worst);
      g_autofree char *part = kt_size_format (largest->bytes);
      kt_findings_add (check->findings, memory_severity (check, worst), NULL,
                       "lower work_mem, max_connections or shared_buffers",
                       "at worst these settings use %s, %.0f %% of the %s that PostgreSQL may use; most of it is %s (%s)",
                       total, worst->share * 100, memory, largest->name, part);
    }
}

static void
check_huge_pages (KtCheck *check)
{
  const KtMemory *memory = &check->in->platform->memory;
  KtMemoryUse use = kt_memory_use_of (check->in, check->set, check->n);
  gint64 needed = kt_shared_memory (&use);
  gint64 pages = memory->huge_page_size > 0 ? (needed + memory->huge_page_size - 1) / memory->huge_page_size : 0;
  if (is (check, "huge_pages", "off"))
    return;
  if (check->in->hugetlb_limit < needed && memory->huge_pages_total > 0)
    kt_findings_add (check->findings, kt_check_severity (check, "huge_pages"), "huge_pages",
                     "set huge_pages = off, or raise the limit",
                     "the control group does not allow the huge pages that the machine has: the server would be killed "
                     "by SIGBUS");
  else if (is (check, "huge_pages", "on") && memory->huge_pages_total < pages)
    kt_findings_add (check->findings, kt_check_severity (check, "huge_pages"), "huge_pages",
                     "set vm.nr_hugepages first, or use try",
                     "huge_pages = on needs %" G_GINT64_FORMAT " pages and %" G_GINT64_FORMAT
                     " are reserved: the server does not start",
                     pages, MAX (memory->huge_pages_total, 0));
  else if (is (check, "huge_pages", "on") && memory->huge_pages_free < pages)
    kt_findings_add (check->findings, KT_SEVERITY_WARNING, "huge_pages", "try with huge_pages = try",
                     "huge_pages = on needs %" G_GINT64_FORMAT " pages and %" G_GINT64_FORMAT
                     " are free; enough only if the running server holds the others", pages, memory->huge_pages_free);
}

/* Libraries whose presence the server's catalogue tells. */
static const char *const known_libraries[] = { "pg_stat_statements", "timescaledb", NULL };

static void
check_libraries (KtCheck *check)
{
  const KtProposal *proposal = kt_check_proposed (check, "shared_preload_libraries");
  if (proposal == NULL)
    return;
  g_auto (GStrv) names = g_strsplit (proposal->value, ",", -1);
  for (gsize i = 0; names[i] != NULL; i++)
    {
      const char *name = g_strdelimit (g_strstrip (names[i]), "\"'", ' ');
      name = g_strstrip ((char *) name);
      if (*name == '\0' || kt_inputs_preloads (check->in, name) || kt_inputs_has_library (check->in, name))
        continue;
      gboolean known = check->in->server != NULL && g_strv_contains (known_libraries, name);
      kt_findings_add (check->findings, known ? KT_SEVERITY_REFUSE : KT_SEVERITY_WARNING, "shared_preload_libraries",
                       known ? "install it first" : "try the set in a scratch cluster",
                       "the library %s is %s; a missing one prevents the start", name,
                       known ? "not installed in this server" : "not known to be installed");
    }
}

static void
check_timescale_order (KtCheck *check)
{
  const KtProposal *proposal = kt_check_proposed (check, "shared_preload_libraries");
  const char *place = proposal != NULL ? strstr (proposal->value, "timescaledb") : NULL;
  if (place != NULL && place > proposal->value + 1)
    kt_findings_add (check->findings, KT_SEVERITY_NOTE, "shared_preload_libraries", "put it first",
                     "timescaledb wants to be the first of the preloaded libraries");
}

static void
check_workers (KtCheck *check)
{
  gint64 slots = whole (check, "autovacuum_worker_slots", G_MAXINT32);
  gint64 workers = whole (check, "autovacuum_max_workers", 3);
  gint64 pool = whole (check, "max_worker_processes", 8);
  if (workers > slots)
    kt_findings_add (check->findings, KT_SEVERITY_WARNING, "autovacuum_max_workers",
                     "raise autovacuum_worker_slots as well (restart)",
                     "%d autovacuum workers and only %d slots: the others never start", (int) workers, (int) slots);
  if (check->in->timescaledb && whole (check, "timescaledb.max_background_workers", 16) + 3 > pool)
    kt_findings_add (check->findings, KT_SEVERITY_WARNING, "max_worker_processes", "raise it",
                     "max_worker_processes %" G_GINT64_FORMAT " is too small for TimescaleDB's workers: jobs fail",
                     pool);
}

static void
check_io_uring (KtCheck *check)
{
  const KtKernel *kernel = &check->in->platform->kernel;
  if (!is (check, "io_method", "io_uring"))
    return;
  if (kernel->io_uring_disabled == 2)
    kt_findings_add (check->findings, KT_SEVERITY_REFUSE, "io_method", "use worker",
                     "io_method = io_uring and kernel.io_uring_disabled is 2: the server does not start");
  else if (check->in->server_container)
    kt_findings_add (check->findings, KT_SEVERITY_REFUSE, "io_method", "use worker",
                     "io_method = io_uring in a container: its system calls are forbidden by default and the server "
                     "does not start");
  else if (kernel->io_uring_disabled == 1)
    kt_findings_add (check->findings, KT_SEVERITY_WARNING, "io_method", "use worker",
                     "io_method = io_uring and kernel.io_uring_disabled is 1: only privileged processes may use it");
}

static void
check_shared_memory_folder (KtCheck *check)
{
  gint64 size = check->in->shm_size;
  gint64 needed = whole (check, "maintenance_work_mem", 64 * KT_MIB) + 256 * KT_MIB;
  if (!check->in->server_container || size < 0 || size >= needed)
    return;
  g_autofree char *have = kt_size_format (size);
  g_autofree char *need = kt_size_format (needed);
  kt_findings_add (check->findings, KT_SEVERITY_WARNING, "maintenance_work_mem",
                   "start the container with a larger shm_size",
                   "/dev/shm has %s and parallel index builds can take %s: “could not resize shared memory segment”",
                   have, need);
}

void
kt_check_rules (KtCheck *check)
{
  static void (*const rules[]) (KtCheck *) = {
    check_dangers,       check_full_page_writes, check_synchronous_commit, check_wal_level,
    check_reserved_connections, check_enough_connections, check_lowered,  check_wal_sizes,
    check_wal_space,     check_memory,           check_huge_pages,         check_libraries,
    check_timescale_order, check_workers,        check_io_uring,           check_shared_memory_folder,
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rules); i++)
    rules[i](check);
}
