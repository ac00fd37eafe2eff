/* SPDX-License-Identifier: MIT */
#include "operation/operation.h"

#include "base/error.h"
#include "base/size.h"

#include <string.h>

static const char *const phases[] = { "steady", "initial-sync", NULL };

static const char *const storage[] = { "hdd", "ssd", "nvme", NULL };

static const KtArg server_args[] = {
  { .name = "dsn", .letter = 'd', .type = KT_ARG_STRING, .value = "CONNINFO", .help = "how to reach PostgreSQL (URI or key=value); default: libpq's environment (PGHOST, PGSERVICE, ~/.pgpass …)" },
  { .name = "container", .type = KT_ARG_STRING, .value = "NAME", .help = "the Docker container that the server runs in; default: the one that publishes its port" },
  { .name = "server", .letter = 's', .type = KT_ARG_STRING, .value = "NAME", .help = "a server of kastune.conf" },
  { NULL },
};

static const KtArg machine_args[] = {
  { .name = "profile", .letter = 'p', .type = KT_ARG_STRING, .value = "NAME|FILE", .help = "profile to use instead of the picked one" },
  { .name = "phase", .type = KT_ARG_STRING, .value = "PHASE", .help = "what the indexer is doing: steady (default) or initial-sync", .choices = phases },
  { .name = "reserve", .type = KT_ARG_SIZE, .value = "SIZE", .help = "memory to leave to other programs, instead of what was found" },
  { .name = "connections", .type = KT_ARG_COUNT, .value = "N", .help = "client connections to plan for, instead of what was found" },
  { .name = "timescaledb", .type = KT_ARG_FLAG, .help = "advise for TimescaleDB although it is not preloaded yet" },
  { .name = "indexer-role", .type = KT_ARG_STRING, .value = "ROLE", .help = "the role that the indexer logs in with, for offers that concern it alone" },
  { .name = "no-probe", .type = KT_ARG_FLAG, .help = "do not measure the disk; believe its flags" },
  { .name = "root", .type = KT_ARG_STRING, .value = "DIR", .help = "use a recorded machine instead of this one (no server is asked)" },
  { .name = "memory", .type = KT_ARG_SIZE, .value = "SIZE", .help = "memory of a machine that cannot be seen from here (a server reached only by SQL), instead of this one" },
  { .name = "cpus", .type = KT_ARG_COUNT, .value = "N", .help = "with --memory: its CPUs" },
  { .name = "storage", .type = KT_ARG_STRING, .value = "KIND", .help = "with --memory: what its data directory lies on", .choices = storage },
  { .name = "pg-version", .type = KT_ARG_COUNT, .value = "MAJOR", .help = "advise for this PostgreSQL without asking a server" },
  { NULL },
};

static const KtArg change_args[] = {
  { .name = "yes", .letter = 'y', .type = KT_ARG_FLAG, .help = "do not ask" },
  { .name = "dry-run", .letter = 'n', .type = KT_ARG_FLAG, .help = "show what would be done, change nothing" },
  { NULL },
};

const KtOperation *
kt_operation_find (const char *name)
{
  for (const KtOperation *row = kt_operations; row->name != NULL; row++)
    if (g_str_equal (row->name, name))
      return row;
  return NULL;
}

static void
add_args (GPtrArray *all, const KtArg *args)
{
  for (; args != NULL && args->name != NULL; args++)
    g_ptr_array_add (all, (gpointer) args);
}

GPtrArray *
kt_operation_args (const KtOperation *operation)
{
  GPtrArray *all = g_ptr_array_new ();
  add_args (all, operation->args);
  if (operation->flags & KT_OPERATION_CHANGES)
    add_args (all, change_args);
  if (operation->flags & KT_OPERATION_SERVER)
    add_args (all, server_args);
  if (operation->flags & KT_OPERATION_MACHINE)
    add_args (all, machine_args);
  return all;
}

char *
kt_arg_member (const KtArg *arg)
{
  return g_strdelimit (g_strdup (arg->name), "-", '_');
}

static gboolean
take_strings (JsonObject *args, const char *member, const char *text)
{
  JsonArray *array = kt_json_array (args, member);
  if (array == NULL)
    {
      array = json_array_new ();
      json_object_set_array_member (args, member, array);
    }
  json_array_add_string_element (array, text);
  return TRUE;
}

/* "250k", "5M": counts have decimal multiples. */
static gboolean
parse_count (const char *text, gint64 *number, GError **error)
{
  gsize length = strlen (text);
  char last = length > 1 ? g_ascii_tolower (text[length - 1]) : '\0';
  guint64 times = last == 'k' ? 1000 : last == 'm' ? 1000000 : 1, count;
  g_autofree char *digits = g_strndup (text, times > 1 ? length - 1 : length);
  if (!g_ascii_string_to_unsigned (digits, 10, 0, G_MAXINT32 / times, &count, error))
    return FALSE;
  *number = (gint64) (count * times);
  return TRUE;
}

static gboolean
check_choice (const KtArg *arg, const char *text, GError **error)
{
  if (arg->choices == NULL || g_strv_contains (arg->choices, text))
    return TRUE;
  g_autofree char *known = g_strjoinv (", ", (char **) arg->choices);
  kt_error_set (error, KT_ERROR_USAGE, NULL, NULL, "“%s” is no %s; known are %s", text, arg->name, known);
  return FALSE;
}

gboolean
kt_operation_take_arg (JsonObject *args, const KtArg *arg, const char *text, GError **error)
{
  g_autofree char *member = kt_arg_member (arg);
  g_autoptr (GError) local = NULL;
  gint64 number = 0;
  gboolean good = TRUE;
  switch (arg->type)
    {
    case KT_ARG_FLAG:
      json_object_set_boolean_member (args, member, TRUE);
      return TRUE;
    case KT_ARG_STRINGS:
      return take_strings (args, member, text);
    case KT_ARG_STRING:
      if (!check_choice (arg, text, error))
        return FALSE;
      json_object_set_string_member (args, member, text);
      return TRUE;
    case KT_ARG_SIZE:
      good = kt_size_parse (text, &number, &local);
      break;
    case KT_ARG_DURATION:
      good = kt_duration_parse (text, &number, &local);
      break;
    case KT_ARG_COUNT:
      good = parse_count (text, &number, &local);
      break;
    }
  if (!good)
    {
      kt_error_set (error, KT_ERROR_USAGE, local->message, NULL, "%s%s: “%s” cannot be used", arg->positional ? "" : "--", arg->name, text);
      return FALSE;
    }
  json_object_set_int_member (args, member, number);
  return TRUE;
}

gboolean
kt_operation_check_args (const KtOperation *operation, JsonObject *args, GError **error)
{
  for (const KtArg *arg = operation->args; arg != NULL && arg->name != NULL; arg++)
    {
      g_autofree char *member = kt_arg_member (arg);
      if (!arg->required || json_object_has_member (args, member))
        continue;
      g_autofree char *hint = g_strdup_printf ("kastune %s --help", operation->name);
      kt_error_set (error, KT_ERROR_USAGE, NULL, hint, "%s needs %s", operation->name, arg->value != NULL ? arg->value : arg->name);
      return FALSE;
    }
  return TRUE;
}
