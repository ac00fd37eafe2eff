/* SPDX-License-Identifier: MIT */
#include "bench/host.h"

#include "base/error.h"
#include "base/size.h"
#include "postgres/scratch_limit.h"

#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define GROUP_PREFIX "kastune-bench"

static const struct {
  const char *name;
  gint64 iops, bytes_per_s;
} classes[] = {
  { "cloud-volume", 3000, 125000000 },  /* what most rented servers have */
  { "sata-ssd", 30000, 500000000 },
  { "nvme", 0, 0 },
  { "hdd", 150, 150000000 },
};

/* Files of the controllers by version; each pair is read, write. */
static const struct {
  const char *cpus, *mems;
} cpuset_files[] = { [1] = { "cpuset.cpus", "cpuset.mems" }, [2] = { "cpuset.cpus", NULL } };

/* ---- words ---- */

static gboolean
take_class (const char *word, KtBenchHost *host)
{
  for (gsize i = 0; i < G_N_ELEMENTS (classes); i++)
    if (g_str_equal (classes[i].name, word))
      {
        host->class = classes[i].name;
        host->iops = classes[i].iops;
        host->bytes_per_s = classes[i].bytes_per_s;
        return TRUE;
      }
  return FALSE;
}

/* "2cpu", "2cpus" */
static gboolean
take_cpus (const char *word, KtBenchHost *host)
{
  char *end;
  guint64 cpus = g_ascii_strtoull (word, &end, 10);
  if (end == word || cpus == 0 || cpus > 4096 || !(g_str_equal (end, "cpu") || g_str_equal (end, "cpus")))
    return FALSE;
  host->cpus = (guint) cpus;
  return TRUE;
}

/* "iops=3000", "mbps=125" */
static gboolean
take_rate (const char *word, KtBenchHost *host)
{
  gboolean iops = g_str_has_prefix (word, "iops=");
  guint64 number;
  if ((!iops && !g_str_has_prefix (word, "mbps="))
      || !g_ascii_string_to_unsigned (word + 5, 10, 1, 1000000000, &number, NULL))
    return FALSE;
  if (iops)
    host->iops = (gint64) number;
  else
    host->bytes_per_s = (gint64) number * 1000000;
  host->class = "custom";
  return TRUE;
}

static gboolean
take_memory (const char *word, KtBenchHost *host)
{
  gint64 bytes;
  if (!g_ascii_isdigit (*word) || !kt_size_parse (word, &bytes, NULL) || bytes < 64 * KT_MIB)
    return FALSE;
  host->memory_bytes = bytes;
  return TRUE;
}

gboolean
kt_bench_host_parse (const char *text, KtBenchHost *host, GError **error)
{
  g_auto (GStrv) words = g_strsplit (*text != '\0' ? text : " ", ",", -1);
  *host = (KtBenchHost){ 0 };
  for (char **word = words; *word != NULL; word++)
    {
      g_strstrip (*word);
      if (take_class (*word, host) || take_cpus (*word, host) || take_rate (*word, host) || take_memory (*word, host))
        continue;
      kt_error_set (error, KT_ERROR_USAGE, NULL,
                    "for example 4G,2cpu,cloud-volume; classes are cloud-volume, sata-ssd, nvme, hdd, or iops=N,mbps=N",
                    "“%s” does not describe a machine (memory is at least 64M)", *word);
      return FALSE;
    }
  return TRUE;
}

gboolean
kt_bench_host_is_limited (const KtBenchHost *host)
{
  return host->memory_bytes > 0 || host->cpus > 0 || host->iops > 0 || host->bytes_per_s > 0;
}

char *
kt_bench_host_describe (const KtBenchHost *host)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *memory = kt_size_format (host->memory_bytes);
  if (host->memory_bytes > 0)
    g_string_append_printf (text, ", %s", memory);
  if (host->cpus > 0)
    g_string_append_printf (text, ", %u CPU%s", host->cpus, host->cpus == 1 ? "" : "s");
  if (host->class != NULL)
    g_string_append_printf (text, ", %s", host->class);
  if (host->iops > 0)
    g_string_append_printf (text, " (%" G_GINT64_FORMAT " requests/s", host->iops);
  if (host->bytes_per_s > 0)
    g_string_append_printf (text, "%s%" G_GINT64_FORMAT " MB/s", host->iops > 0 ? ", " : " (",
                            host->bytes_per_s / 1000000);
  if (host->iops > 0 || host->bytes_per_s > 0)
    g_string_append_c (text, ')');
  return g_strdup (text->len > 0 ? text->str + 2 : "this machine");
}

JsonObject *
kt_bench_host_to_json (const KtBenchHost *host)
{
  JsonObject *object = json_object_new ();
  g_autofree char *text = kt_bench_host_describe (host);
  json_object_set_string_member (object, "description", text);
  kt_json_set_string (object, "class", host->class);
  if (host->memory_bytes > 0)
    json_object_set_int_member (object, "memory_bytes", host->memory_bytes);
  if (host->cpus > 0)
    json_object_set_int_member (object, "cpus", host->cpus);
  if (host->iops > 0)
    json_object_set_int_member (object, "iops", host->iops);
  if (host->bytes_per_s > 0)
    json_object_set_int_member (object, "bytes_per_s", host->bytes_per_s);
  return object;
}

/* ---- the disk ---- */

char *
kt_disk_device (const char *path)
{
  struct stat st;
  g_autofree char *at = g_canonicalize_filename (path, NULL);
  while (stat (at, &st) != 0 && strlen (at) > 1)
    {
      g_autofree char *child = g_steal_pointer (&at);
      at = g_path_get_dirname (child);
    }
  /* Major 0: the file system has no device of its own. */
  if (major (st.st_dev) == 0)
    return NULL;
  g_autofree char *folder = g_strdup_printf ("/sys/dev/block/%u:%u", major (st.st_dev), minor (st.st_dev));
  g_autofree char *partition = g_build_filename (folder, "partition", NULL);
  /* Limits are of whole disks. */
  g_autofree char *number = g_build_filename (folder, g_file_test (partition, G_FILE_TEST_EXISTS) ? "../dev" : "dev",
                                              NULL);
  char *text = NULL;
  return g_file_get_contents (number, &text, NULL, NULL) ? g_strchomp (text) : NULL;
}

static gboolean
put_rate (const KtEmulation *emulation, const char *file, gint64 value)
{
  g_autofree char *line = g_strdup_printf ("%s %" G_GINT64_FORMAT, emulation->device, value);
  return value == 0 || kt_control_group_put (emulation->group, KT_CONTROLLER_IO, file, line);
}

static gboolean
limit_disk (const KtEmulation *emulation, const KtBenchHost *host)
{
  if (emulation->device == NULL || !kt_control_group_has (emulation->group, KT_CONTROLLER_IO))
    return FALSE;
  if (kt_control_group_version (emulation->group) == 1)
    return put_rate (emulation, "blkio.throttle.read_iops_device", host->iops)
           && put_rate (emulation, "blkio.throttle.write_iops_device", host->iops)
           && put_rate (emulation, "blkio.throttle.read_bps_device", host->bytes_per_s)
           && put_rate (emulation, "blkio.throttle.write_bps_device", host->bytes_per_s);
  g_autoptr (GString) line = g_string_new (emulation->device);
  if (host->iops > 0)
    g_string_append_printf (line, " riops=%" G_GINT64_FORMAT " wiops=%" G_GINT64_FORMAT, host->iops, host->iops);
  if (host->bytes_per_s > 0)
    g_string_append_printf (line, " rbps=%" G_GINT64_FORMAT " wbps=%" G_GINT64_FORMAT, host->bytes_per_s,
                            host->bytes_per_s);
  return kt_control_group_put (emulation->group, KT_CONTROLLER_IO, "io.max", line->str);
}

/* ---- CPUs ---- */

/* The first @wanted CPUs that this process may use, "0,1"; fewer when there are fewer. Caller frees. */
static char *
choose_cpus (guint wanted, guint *found)
{
  cpu_set_t set;
  g_autoptr (GString) list = g_string_new (NULL);
  *found = 0;
  CPU_ZERO (&set);
  sched_getaffinity (0, sizeof set, &set);
  for (int cpu = 0; cpu < CPU_SETSIZE && *found < wanted; cpu++)
    if (CPU_ISSET (cpu, &set))
      {
        g_string_append_printf (list, "%s%d", list->len > 0 ? "," : "", cpu);
        (*found)++;
      }
  return g_string_free (g_steal_pointer (&list), FALSE);
}

/* Version 1 wants the memory nodes named before a process may enter. */
static char *
allowed_nodes (void)
{
  g_autofree char *text = NULL;
  if (!g_file_get_contents ("/proc/self/status", &text, NULL, NULL))
    return NULL;
  const char *line = strstr (text, "Mems_allowed_list:");
  if (line == NULL)
    return NULL;
  line += strlen ("Mems_allowed_list:");
  return g_strstrip (g_strndup (line, strcspn (line, "\n")));
}

static void
note (KtEmulation *emulation, const char *format, ...) G_GNUC_PRINTF (2, 3);

static void
note (KtEmulation *emulation, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_ptr_array_add (emulation->notes, g_strdup_vprintf (format, args));
  va_end (args);
}

/* Without a wish all CPUs: a version 1 group takes nobody in before it is told. */
static gboolean
limit_cpus (KtEmulation *emulation, guint wanted)
{
  const KtControlGroup *group = emulation->group;
  guint found;
  if (!kt_control_group_has (group, KT_CONTROLLER_CPUSET))
    return FALSE;
  g_autofree char *cpus = choose_cpus (wanted > 0 ? wanted : CPU_SETSIZE, &found);
  g_autofree char *nodes = allowed_nodes ();
  int version = kt_control_group_version (group);
  if (wanted > found)
    note (emulation, "the machine has only %u of the %u CPUs", found, wanted);
  return (cpuset_files[version].mems == NULL
          || (nodes != NULL && kt_control_group_put (group, KT_CONTROLLER_CPUSET, cpuset_files[version].mems, nodes)))
         && kt_control_group_put (group, KT_CONTROLLER_CPUSET, cpuset_files[version].cpus, cpus) && wanted <= found;
}

/* ---- the whole ---- */

static void
say_what_is_missing (KtEmulation *emulation, const KtBenchHost *host)
{
  gboolean disk_wanted = host->iops > 0 || host->bytes_per_s > 0;
  if (!emulation->memory)
    note (emulation, "memory is not limited: no memory controller could be used; run as root, or under systemd-run "
                     "-p Delegate=yes");
  if (!emulation->cpus && host->cpus > 0)
    note (emulation, "CPUs are not limited to %u", host->cpus);
  if (!emulation->disk && emulation->device == NULL)
    note (emulation,
          "the disk is not limited: its file system has no block device of its own (ZFS, btrfs, network or memory)");
  else if (!emulation->disk)
    note (emulation, "the disk is not limited: no I/O controller could be used; run as root, or under systemd-run -p "
                     "Delegate=yes");
  else if (disk_wanted && kt_control_group_version (emulation->group) == 1)
    note (emulation,
          "reads and synced writes are held to the disk's limit, each for itself; what the kernel writes back"
          " by itself is not (control groups version 1)");
  else if (disk_wanted)
    note (emulation, "reads and writes are held to the disk's limit, each for itself");
}

KtEmulation *
kt_emulation_new (const KtBenchHost *host, const char *folder, GError **error)
{
  g_autoptr (KtEmulation) emulation = g_new0 (KtEmulation, 1);
  gboolean disk_wanted = host->iops > 0 || host->bytes_per_s > 0;
  emulation->notes = g_ptr_array_new_with_free_func (g_free);
  emulation->device = kt_disk_device (folder);
  emulation->group = kt_control_group_new (GROUP_PREFIX, 1 << KT_CONTROLLER_MEMORY | 1 << KT_CONTROLLER_CPUSET
                                                           | 1 << KT_CONTROLLER_IO);
  emulation->memory = host->memory_bytes == 0
                      || (emulation->group != NULL && kt_control_group_has (emulation->group, KT_CONTROLLER_MEMORY)
                          && kt_memory_limit_set (emulation->group, host->memory_bytes));
  emulation->cpus = emulation->group != NULL ? limit_cpus (emulation, host->cpus) : host->cpus == 0;
  emulation->disk = !disk_wanted || (emulation->group != NULL && limit_disk (emulation, host));
  gboolean any = (host->memory_bytes > 0 && emulation->memory) || (host->cpus > 0 && emulation->cpus)
                 || (disk_wanted && emulation->disk);
  if (kt_bench_host_is_limited (host) && !any)
    {
      g_autofree char *text = kt_bench_host_describe (host);
      kt_error_set (error, KT_ERROR_UNSUPPORTED, "no control group with these limits can be made",
                    "run as root (not inside an unprivileged container), or leave out --host",
                    "a machine of %s cannot be emulated here", text);
      return NULL;
    }
  say_what_is_missing (emulation, host);
  return g_steal_pointer (&emulation);
}

void
kt_emulation_free (KtEmulation *emulation)
{
  if (emulation == NULL)
    return;
  kt_control_group_free (emulation->group);
  g_ptr_array_unref (emulation->notes);
  g_free (emulation->device);
  g_free (emulation);
}

const char *const *
kt_emulation_procs (const KtEmulation *emulation)
{
  return emulation->group != NULL ? kt_control_group_procs (emulation->group) : NULL;
}

gboolean
kt_emulation_ran_out_of_memory (const KtEmulation *emulation)
{
  return emulation->group != NULL && kt_control_group_has (emulation->group, KT_CONTROLLER_MEMORY)
         && kt_scratch_limit_was_hit (emulation->group);
}

void
kt_emulation_sweep (void)
{
  kt_control_group_sweep (GROUP_PREFIX);
}

/* ---- what the device served ---- */

static gint64
number_after (const char *text, const char *device, const char *word)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_autofree char *start = g_strdup_printf ("%s %s ", device, word);
  for (char **line = lines; *line != NULL; line++)
    if (g_str_has_prefix (*line, start))
      return g_ascii_strtoll (*line + strlen (start), NULL, 10);
  return 0; /* a device without requests has no line */
}

void
kt_disk_counts_parse_v1 (const char *served, const char *bytes, const char *device, KtDiskCounts *counts)
{
  counts->reads = number_after (served, device, "Read");
  counts->writes = number_after (served, device, "Write");
  counts->read_bytes = number_after (bytes, device, "Read");
  counts->write_bytes = number_after (bytes, device, "Write");
}

void
kt_disk_counts_parse_v2 (const char *stat, const char *device, KtDiskCounts *counts)
{
  const struct {
    const char *word;
    gint64 *value;
  } rows[] = { { "rios=", &counts->reads },
               { "wios=", &counts->writes },
               { "rbytes=", &counts->read_bytes },
               { "wbytes=", &counts->write_bytes } };
  g_auto (GStrv) lines = g_strsplit (stat, "\n", -1);
  *counts = (KtDiskCounts){ 0 };
  for (char **line = lines; *line != NULL; line++)
    {
      g_auto (GStrv) words = g_strsplit (*line, " ", -1);
      if (g_strcmp0 (words[0], device) != 0)
        continue;
      for (char **word = words + 1; *word != NULL; word++)
        for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
          if (g_str_has_prefix (*word, rows[i].word))
            *rows[i].value = g_ascii_strtoll (*word + strlen (rows[i].word), NULL, 10);
    }
}

void
kt_emulation_disk (const KtEmulation *emulation, KtDiskCounts *counts)
{
  *counts = (KtDiskCounts){ -1, -1, -1, -1 };
  if (emulation->group == NULL || emulation->device == NULL
      || !kt_control_group_has (emulation->group, KT_CONTROLLER_IO))
    return;
  gboolean v1 = kt_control_group_version (emulation->group) == 1;
  g_autofree char *first = kt_control_group_get (emulation->group, KT_CONTROLLER_IO,
                                                 v1 ? "blkio.throttle.io_serviced" : "io.stat");
  g_autofree char *second = v1 ? kt_control_group_get (emulation->group, KT_CONTROLLER_IO,
                                                       "blkio.throttle.io_service_bytes")
                               : NULL;
  if (first != NULL && v1 && second != NULL)
    kt_disk_counts_parse_v1 (first, second, emulation->device, counts);
  else if (first != NULL && !v1)
    kt_disk_counts_parse_v2 (first, emulation->device, counts);
}
