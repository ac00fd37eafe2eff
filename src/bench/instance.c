/* SPDX-License-Identifier: MIT */
#include "bench/instance.h"

#include "base/error.h"
#include "postgres/scratch_log.h"
#include "postgres/scratch_server.h"
#include "postgres/scratch_settings.h"

#include <signal.h>
#include <unistd.h>

#define DEADLINE_MS (48 * 3600 * 1000)

struct KtBenchInstance {
  KtScratch scratch;
  KtScratchSite *site;
  KtEmulation *emulation;
  KtScratchServer *server;
  char *conninfo;
  GPtrArray *left_out;
};

/* The server's own reason, or its whole log. */
static void
set_start_error (const KtBenchInstance *instance, const char *what, GError **error)
{
  const char *log = instance->server->result.diagnosis != NULL ? instance->server->result.diagnosis : "";
  g_autoptr (GPtrArray) faults = kt_scratch_log_faults (log, instance->site->conf);
  const KtScratchFault *first = faults->len > 0 ? g_ptr_array_index (faults, 0) : NULL;
  if (g_cancellable_is_cancelled (instance->site->cancellable))
    kt_error_set (error, KT_ERROR_INTERRUPTED, NULL, NULL, "the measurement was interrupted");
  else if (kt_emulation_ran_out_of_memory (instance->emulation))
    kt_error_set (error, KT_ERROR_VERIFY, "the kernel ended it: the memory limit was reached",
                  "give it less memory, or emulate a larger machine", "%s", what);
  else
    kt_error_set (error, KT_ERROR_VERIFY, first != NULL ? first->text : log, first != NULL ? first->hint : NULL, "%s",
                  what);
}

/* FALSE without @error: it ended, and says why. */
static gboolean
start_once (KtBenchInstance *instance, GError **error)
{
  g_clear_pointer (&instance->server, kt_scratch_server_free);
  instance->server = kt_scratch_server_start (instance->site, kt_emulation_procs (instance->emulation), error);
  if (instance->server == NULL)
    return FALSE;
  if (kt_scratch_server_wait (instance->server))
    return TRUE;
  kt_scratch_server_stop (instance->server, TRUE);
  return FALSE;
}

static gboolean
start (KtBenchInstance *instance, const char *what, GError **error)
{
  if (start_once (instance, error))
    return TRUE;
  if (instance->server != NULL)
    set_start_error (instance, what, error);
  return FALSE;
}

/* The lines that the server that ended did not know made blank, so that the others keep their numbers; NULL when it
 * knew all. */
static char *
without_unknown (const KtBenchInstance *instance, const char *settings)
{
  const char *log = instance->server->result.diagnosis != NULL ? instance->server->result.diagnosis : "";
  g_autoptr (GPtrArray) faults = kt_scratch_log_faults (log, instance->site->conf);
  g_auto (GStrv) lines = g_strsplit (settings, "\n", -1);
  guint n = g_strv_length (lines), found = 0;
  for (guint i = 0; i < faults->len; i++)
    {
      const KtScratchFault *fault = faults->pdata[i];
      if (!g_str_has_prefix (fault->text, "unrecognized configuration parameter") || fault->line == 0
          || fault->line > n)
        continue;
      g_free (lines[fault->line - 1]);
      lines[fault->line - 1] = g_strdup ("");
      g_ptr_array_add (instance->left_out,
                       g_strdup_printf ("%s is not known to this version of PostgreSQL", fault->name));
      found++;
    }
  return found > 0 ? g_strjoinv ("\n", lines) : NULL;
}

/* What the server does not know it says at its start: then once more without. */
static gboolean
start_with (KtBenchInstance *instance, const char *settings, GError **error)
{
  static const char what[] = "the server does not start with these settings";
  if (!kt_scratch_site_write_conf (instance->site, settings, error))
    return FALSE;
  if (start_once (instance, error))
    return TRUE;
  g_autofree char *known = instance->server != NULL ? without_unknown (instance, settings) : NULL;
  if (known != NULL)
    return kt_scratch_site_write_conf (instance->site, known, error) && start (instance, what, error);
  if (instance->server != NULL)
    set_start_error (instance, what, error);
  return FALSE;
}

static gboolean
set_up (KtBenchInstance *instance, const KtBenchInstanceOptions *options, const KtBenchWatch *watch, GError **error)
{
  instance->left_out = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *settings = kt_scratch_settings_filter (options->conf_text, TRUE, instance->left_out);
  instance->scratch = (KtScratch){ .bin_directory = options->bin_directory, .owner = options->owner,
                                   .folder = kt_bench_place_folder (options->place) };
  instance->site = kt_scratch_site_new (&instance->scratch, DEADLINE_MS, watch->cancellable, error);
  if (instance->site == NULL)
    return FALSE;
  instance->conninfo = g_strdup_printf ("host='%s' port=5432 user=postgres dbname=postgres", instance->site->sockets);
  if (!kt_folder_copy (options->set->folder, instance->site->data, watch->cancellable, error))
    return FALSE;
  kt_folder_evict (instance->site->data);
  instance->emulation = kt_emulation_new (options->host, instance->site->folder, error);
  return instance->emulation != NULL && start_with (instance, settings, error);
}

KtBenchInstance *
kt_bench_instance_new (const KtBenchInstanceOptions *options, const KtBenchWatch *watch, GError **error)
{
  g_autoptr (KtBenchInstance) instance = g_new0 (KtBenchInstance, 1);
  return set_up (instance, options, watch, error) ? g_steal_pointer (&instance) : NULL;
}

void
kt_bench_instance_free (KtBenchInstance *instance)
{
  if (instance == NULL)
    return;
  kt_scratch_server_free (instance->server);
  kt_emulation_free (instance->emulation);
  kt_scratch_site_free (instance->site);
  g_clear_pointer (&instance->left_out, g_ptr_array_unref);
  g_free (instance->conninfo);
  g_free (instance);
}

const char *
kt_bench_instance_conninfo (const KtBenchInstance *instance)
{
  return instance->conninfo;
}

const KtEmulation *
kt_bench_instance_emulation (const KtBenchInstance *instance)
{
  return instance->emulation;
}

const GPtrArray *
kt_bench_instance_left_out (const KtBenchInstance *instance)
{
  return instance->left_out;
}

const char *
kt_bench_instance_data (const KtBenchInstance *instance)
{
  return instance->site->data;
}

gint64
kt_bench_instance_pid (const KtBenchInstance *instance)
{
  g_autofree char *path = g_build_filename (instance->site->data, "postmaster.pid", NULL);
  g_autofree char *text = NULL;
  if (g_atomic_int_get (&instance->server->ended) != 0 || !g_file_get_contents (path, &text, NULL, NULL))
    return 0;
  return g_ascii_strtoll (text, NULL, 10);
}

char *
kt_bench_instance_end_reason (KtBenchInstance *instance)
{
  if (g_atomic_int_get (&instance->server->ended) == 0 && !kt_emulation_ran_out_of_memory (instance->emulation))
    return NULL;
  kt_scratch_server_stop (instance->server, TRUE);
  g_autoptr (GError) error = NULL;
  set_start_error (instance, "the server ended", &error);
  return g_strdup (kt_error_detail (error) != NULL ? kt_error_detail (error) : error->message);
}

/* Everything at once where a control group holds all; otherwise the postmaster, whose death its children notice. */
static void
kill_all (KtBenchInstance *instance)
{
  gint64 pid = kt_bench_instance_pid (instance);
  if (pid > 1)
    kill ((pid_t) pid, SIGKILL);
  if (instance->emulation->group != NULL)
    kt_control_group_end (instance->emulation->group);
}

gboolean
kt_bench_instance_crash (KtBenchInstance *instance, gint64 *recovery_ms, GError **error)
{
  g_autofree char *pid_file = g_build_filename (instance->site->data, "postmaster.pid", NULL);
  kill_all (instance);
  g_clear_pointer (&instance->server, kt_scratch_server_free);
  /* It says "ready" until the new server writes its own. */
  unlink (pid_file);
  kt_folder_evict (instance->site->data);
  gint64 began = g_get_monotonic_time ();
  if (!start (instance, "the server does not come back after a crash", error))
    return FALSE;
  *recovery_ms = (g_get_monotonic_time () - began) / 1000;
  return TRUE;
}
