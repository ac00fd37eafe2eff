/* SPDX-License-Identifier: MIT */
#include "postgres/scratch_settings.h"

#include "postgres/conffile.h"

/* Why a name is here is the last word of its group. A name ending in * stands for all with that beginning. */
static const char *const leading_out[] = {
  /* places of the real cluster */
  "data_directory", "config_file", "hba_file", "ident_file", "external_pid_file", "stats_temp_directory", "default_tablespace",
  "temp_tablespaces",
  /* the network and the neighbourhood */
  "listen_addresses", "port", "unix_socket_*", "bonjour*", "cluster_name", "ssl", "ssl_*", "krb_*", "db_user_namespace",
  "oauth_*", "gss_*",
  /* logs */
  "logging_collector", "log_destination", "log_directory", "log_filename", "log_line_prefix", "event_source", "syslog_*",
  /* archive, replication and recovery: commands that would act on real files, waits for standbys that are not there */
  "archive_command", "archive_library", "archive_cleanup_command", "restore_command", "recovery_*", "primary_*",
  "promote_trigger_file", "standby_mode", "synchronous_standby_names", "synchronized_standby_slots", "standby_slot_names",
  "sync_replication_slots",
  /* answers that the probe must understand and writes that it must be able to do */
  "lc_messages", "default_transaction_read_only", "search_path", "role", "session_authorization",
};

/* value NULL: the data directory or the socket directory, by name. */
static const struct {
  const char *name, *value;
} forced[] = {
  { "data_directory", NULL },
  { "unix_socket_directories", NULL },
  { "listen_addresses", "" },
  { "port", "5432" }, /* only the name of the socket file */
  { "unix_socket_permissions", "0700" },
  { "logging_collector", "off" },
  { "log_destination", "stderr" },
  { "log_line_prefix", "" },
  { "log_min_messages", "warning" },
  { "lc_messages", "C" },
  { "archive_command", "" },
  { "restart_after_crash", "off" },          /* a crash is an answer */
  { "dynamic_shared_memory_type", "mmap" },  /* its files are then in the folder and go with it, whatever happens */
};

gboolean
kt_scratch_setting_leads_out (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (leading_out); i++)
    if (g_pattern_match_simple (leading_out[i], name))
      return TRUE;
  return FALSE;
}

char *
kt_scratch_settings_filter (const char *conf_text, gboolean names, GPtrArray *left_out)
{
  g_autoptr (KtConfFile) file = kt_conf_file_parse ("postgresql.conf", conf_text);
  g_autoptr (GString) kept = g_string_new (NULL);
  for (guint i = 0; i < file->lines->len; i++)
    {
      const KtConfLine *line = g_ptr_array_index (file->lines, i);
      gboolean include = line->kind == KT_CONF_INCLUDE;
      if (include)
        g_ptr_array_add (left_out,
                         g_strdup_printf ("line %u: %s '%s' was not followed", line->line, line->name, line->value));
      if (include || (names && line->kind == KT_CONF_SETTING && kt_scratch_setting_leads_out (line->name)))
        g_string_append_c (kept, '\n');
      else
        g_string_append (kept, line->raw);
    }
  return g_string_free (g_steal_pointer (&kept), FALSE);
}

void
kt_scratch_settings_force (GStrvBuilder *argv, const char *data_directory, const char *socket_directory)
{
  for (gsize i = 0; i < G_N_ELEMENTS (forced); i++)
    {
      /* A list of directories is split at commas unless the name is quoted. */
      g_autofree char *socket = g_strdup_printf ("\"%s\"", socket_directory);
      const char *path = g_str_equal (forced[i].name, "data_directory") ? data_directory : socket;
      g_autofree char *option = g_strconcat (forced[i].name, "=", forced[i].value != NULL ? forced[i].value : path,
                                             NULL);
      g_strv_builder_add (argv, "-c");
      g_strv_builder_add (argv, option);
    }
}
