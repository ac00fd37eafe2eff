/* SPDX-License-Identifier: MIT */
#include "postgres/scratch_log.h"

#include <string.h>

typedef enum {
  LEVEL_NONE, /* a continuation, or a line of the program before its log is up */
  LEVEL_LOG,
  LEVEL_WARNING,
  LEVEL_FAULT,
  LEVEL_DETAIL,
  LEVEL_HINT,
} Level;

static const struct {
  const char *mark;
  Level level;
} marks[] = {
  { "FATAL:  ", LEVEL_FAULT }, { "PANIC:  ", LEVEL_FAULT },     { "ERROR:  ", LEVEL_FAULT },
  { "LOG:  ", LEVEL_LOG },     { "WARNING:  ", LEVEL_WARNING }, { "DETAIL:  ", LEVEL_DETAIL },
  { "HINT:  ", LEVEL_HINT },   { "postgres: ", LEVEL_FAULT },
};

void
kt_scratch_fault_free (KtScratchFault *fault)
{
  g_free (fault->name);
  g_free (fault->text);
  g_free (fault->hint);
  g_free (fault);
}

/* The mark that stands first wins: a message may quote another one. */
static Level
split_line (const char *line, const char **message)
{
  Level level = LEVEL_NONE;
  const char *first = NULL;
  for (gsize i = 0; i < G_N_ELEMENTS (marks); i++)
    {
      const char *at = strstr (line, marks[i].mark);
      if (at == NULL || (first != NULL && at >= first) || (*marks[i].mark == 'p' && at != line))
        continue;
      first = at;
      level = marks[i].level;
      *message = at + strlen (marks[i].mark);
    }
  return level;
}

/* `… in file "/tmp/…/postgresql.conf" line 7` becomes `… in line 7`. */
static char *
without_file (const char *message, const char *conf_file, guint *line)
{
  g_autofree char *place = g_strdup_printf ("file \"%s\" line ", conf_file);
  const char *at = strstr (message, place);
  if (at == NULL)
    return g_strdup (message);
  const char *number = at + strlen (place);
  *line = (guint) g_ascii_strtoull (number, NULL, 10);
  return g_strdup_printf ("%.*sline %s", (int) (at - message), message, number);
}

static char *
parameter_of (const char *message)
{
  const char *at = strstr (message, "parameter \"");
  if (at == NULL)
    return NULL;
  const char *name = at + strlen ("parameter \"");
  return g_strndup (name, strcspn (name, "\""));
}

static KtScratchFault *
fault_new (const char *message, const char *conf_file)
{
  KtScratchFault *fault = g_new0 (KtScratchFault, 1);
  fault->text = without_file (message, conf_file, &fault->line);
  fault->name = parameter_of (message);
  return fault;
}

static gboolean
is_refused_file (const char *message)
{
  return g_str_has_prefix (message, "configuration file ") && g_str_has_suffix (message, "contains errors");
}

static void
add_detail (KtScratchFault *fault, Level level, const char *message)
{
  if (level == LEVEL_HINT)
    {
      g_free (fault->hint);
      fault->hint = g_strdup (message);
      return;
    }
  char *text = g_strdup_printf ("%s: %s", fault->text, message);
  g_free (fault->text);
  fault->text = text;
}

/* A refused configuration tells its faults as LOG lines before the FATAL that counts them all; every other reason is in
 * the FATAL itself, and LOG lines are talk. */
GPtrArray *
kt_scratch_log_faults (const char *log, const char *conf_file)
{
  g_autoptr (GPtrArray) faults = g_ptr_array_new_with_free_func ((GDestroyNotify) kt_scratch_fault_free);
  g_autoptr (GPtrArray) talk = g_ptr_array_new_with_free_func ((GDestroyNotify) kt_scratch_fault_free);
  g_auto (GStrv) lines = g_strsplit (log, "\n", -1);
  KtScratchFault *last = NULL;
  for (char **line = lines; *line != NULL; line++)
    {
      const char *message = *line;
      Level level = split_line (*line, &message);
      if (level == LEVEL_FAULT && is_refused_file (message) && talk->len > 0)
        return g_steal_pointer (&talk);
      if ((level == LEVEL_DETAIL || level == LEVEL_HINT) && last != NULL)
        add_detail (last, level, message);
      else if (level == LEVEL_FAULT || (level == LEVEL_LOG && !g_str_has_prefix (message, "skipping missing ")))
        g_ptr_array_add (level == LEVEL_FAULT ? faults : talk, last = fault_new (message, conf_file));
      else
        last = NULL;
    }
  return g_steal_pointer (&faults);
}

GStrv
kt_scratch_log_warnings (const char *log)
{
  g_autoptr (GStrvBuilder) warnings = g_strv_builder_new ();
  g_auto (GStrv) lines = g_strsplit (log, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    {
      const char *message = *line;
      if (split_line (*line, &message) == LEVEL_WARNING)
        g_strv_builder_add (warnings, message);
    }
  return g_strv_builder_end (warnings);
}
