/* SPDX-License-Identifier: MIT */
#include "postgres/control.h"

#include <string.h>

static const char *const control_names[] = {
  [KT_CONTROL_NONE] = "none",
  [KT_CONTROL_DEBIAN] = "debian",
  [KT_CONTROL_SYSTEMD] = "systemd",
  [KT_CONTROL_PG_CTL] = "pg_ctl",
  [KT_CONTROL_REMOTE] = "remote",
  [KT_CONTROL_DOCKER] = "docker",
};

const char *
kt_control_to_string (KtControl control)
{
  return control_names[control];
}

gboolean
kt_control_from_string (const char *text, KtControl *control)
{
  for (gsize i = 0; i < G_N_ELEMENTS (control_names); i++)
    if (g_strcmp0 (text, control_names[i]) == 0)
      {
        *control = (KtControl) i;
        return TRUE;
      }
  return FALSE;
}

gboolean
kt_control_systemd_runs (void)
{
  return g_file_test ("/run/systemd/system", G_FILE_TEST_IS_DIR);
}

static void
add_words (GStrvBuilder *argv, const char *const *words)
{
  for (; *words != NULL; words++)
    g_strv_builder_add (argv, *words);
}

/* Options after -- would make pg_ctlcluster go past systemd, so the longer timeout is only given where none runs. */
static void
add_debian (GStrvBuilder *argv, const KtInstance *instance, const char *verb, gboolean systemd)
{
  g_auto (GStrv) cluster = g_strsplit (instance->cluster, "/", 2);
  add_words (argv, (const char *const[]){ "pg_ctlcluster", cluster[0], cluster[1], verb, NULL });
  g_autofree char *seconds = g_strdup_printf ("%d", KT_CONTROL_TIMEOUT_S);
  if (!systemd)
    add_words (argv, (const char *const[]){ "--", "-t", seconds, NULL });
}

/* pg_ctl must get the folder that the server was given: where the configuration lies, unless the words name the file. */
static char *
start_directory (const KtInstance *instance)
{
  gboolean named = instance->start_options != NULL && strstr (instance->start_options, "config_file") != NULL;
  return instance->config_file == NULL || named ? g_strdup (instance->data_directory)
                                                : g_path_get_dirname (instance->config_file);
}

static void
add_pg_ctl (GStrvBuilder *argv, const KtInstance *instance, const char *verb)
{
  g_autofree char *program = g_build_filename (instance->bin_directory, "pg_ctl", NULL);
  g_autofree char *directory = start_directory (instance);
  g_autofree char *seconds = g_strdup_printf ("%d", KT_CONTROL_TIMEOUT_S);
  add_words (argv, (const char *const[]){ program, "-D", directory, "-s", "-w", "-t", seconds, NULL });
  if (!g_str_equal (verb, "start"))
    add_words (argv, (const char *const[]){ "-m", "fast", NULL });
  if (!g_str_equal (verb, "stop"))
    {
      /* Without a file the server would keep our pipe open. */
      add_words (argv, (const char *const[]){ "-l", instance->start_log != NULL ? instance->start_log : "/dev/null", NULL });
      if (instance->start_options != NULL)
        add_words (argv, (const char *const[]){ "-o", instance->start_options, NULL });
    }
  g_strv_builder_add (argv, verb);
}

/* What the Engine is asked for, in the words of its command. */
static void
add_docker (GStrvBuilder *argv, const KtInstance *instance, const char *verb)
{
  g_autofree char *seconds = g_strdup_printf ("%d", KT_CONTROL_TIMEOUT_S);
  add_words (argv, (const char *const[]){ "docker", verb, NULL });
  if (!g_str_equal (verb, "start"))
    add_words (argv, (const char *const[]){ "--time", seconds, NULL });
  g_strv_builder_add (argv, instance->cluster);
}

GStrv
kt_control_argv (const KtInstance *instance, const char *verb, gboolean systemd)
{
  g_autoptr (GStrvBuilder) argv = g_strv_builder_new ();
  switch (instance->control)
    {
    case KT_CONTROL_NONE:
    case KT_CONTROL_REMOTE:
      return NULL;
    case KT_CONTROL_DEBIAN:
      add_debian (argv, instance, verb, systemd);
      break;
    case KT_CONTROL_DOCKER:
      add_docker (argv, instance, verb);
      break;
    case KT_CONTROL_SYSTEMD:
      add_words (argv, (const char *const[]){ "systemctl", verb, instance->cluster, NULL });
      break;
    case KT_CONTROL_PG_CTL:
      add_pg_ctl (argv, instance, verb);
      break;
    }
  return g_strv_builder_end (argv);
}

GStrv
kt_control_check_argv (const KtInstance *instance)
{
  g_autoptr (GStrvBuilder) argv = g_strv_builder_new ();
  g_autofree char *program = g_build_filename (instance->bin_directory, "postgres", NULL);
  g_autofree char *directory = start_directory (instance);
  g_auto (GStrv) options = NULL;
  if (instance->start_options != NULL && !g_shell_parse_argv (instance->start_options, NULL, &options, NULL))
    return NULL;
  add_words (argv, (const char *const[]){ program, "-D", directory, NULL });
  if (options != NULL)
    add_words (argv, (const char *const *) options);
  add_words (argv, (const char *const[]){ "-C", "config_file", NULL });
  return g_strv_builder_end (argv);
}

char *
kt_control_debian_cluster (const char *config_file)
{
  g_autoptr (GRegex) regex = g_regex_new ("^/etc/postgresql/([0-9.]+)/([^/]+)/postgresql\\.conf$", 0, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  if (config_file == NULL || !g_regex_match (regex, config_file, 0, &match))
    return NULL;
  g_autofree char *version = g_match_info_fetch (match, 1);
  g_autofree char *name = g_match_info_fetch (match, 2);
  return g_strdup_printf ("%s/%s", version, name);
}

/* Lines "0::/system.slice/postgresql-15.service" (v2) or "1:name=systemd:/system.slice/…" (v1). */
char *
kt_control_systemd_unit (const char *cgroup_text)
{
  g_auto (GStrv) lines = g_strsplit (cgroup_text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_auto (GStrv) fields = g_strsplit (lines[i], ":", 3);
      if (g_strv_length (fields) < 3 || (*fields[1] != '\0' && !g_str_equal (fields[1], "name=systemd")))
        continue;
      gboolean of_the_system = g_str_has_prefix (fields[2], "/system.slice/");
      g_autofree char *last = g_path_get_basename (fields[2]);
      if (of_the_system && g_str_has_suffix (last, ".service"))
        return g_steal_pointer (&last);
    }
  return NULL;
}

char *
kt_control_start_options (const char *const *words)
{
  g_autoptr (GString) out = g_string_new (NULL);
  for (guint i = 1; words[0] != NULL && words[i] != NULL; i++)
    {
      if (g_str_equal (words[i], "-D") && words[i + 1] != NULL)
        {
          i++;
          continue;
        }
      if (g_str_has_prefix (words[i], "-D"))
        continue;
      g_autofree char *quoted = g_shell_quote (words[i]);
      g_string_append_printf (out, "%s%s", out->len > 0 ? " " : "", quoted);
    }
  return out->len > 0 ? g_string_free (g_steal_pointer (&out), FALSE) : NULL;
}
