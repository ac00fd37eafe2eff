/* SPDX-License-Identifier: MIT */
#include "tuning/advise.h"

#include "base/error.h"
#include "base/size.h"
#include "tuning/advise_parts.h"
#include "tuning/check.h"

#include <math.h>
#include <string.h>

/* A few percent change nothing. What somebody has set already may lag further behind where it follows the memory that
 * other programs leave at the moment, or costs a restart: otherwise every look would find something to do. */
#define TOLERANCE 0.05
#define WIDE_TOLERANCE 0.15

const char *
kt_verdict_name (KtVerdict verdict)
{
  static const char *const names[] = { "change", "as wanted", "left", "overridden", "not offered" };
  return names[verdict];
}

static void
row_free (KtAdviceRow *row)
{
  g_free (row->running);
  g_free (row->origin);
  g_free (row->wanted);
  g_free (row->because);
  g_free (row->overridden_by);
  g_free (row);
}

static void
table_row_free (KtTableRow *row)
{
  g_free (row->schema);
  g_free (row->table);
  g_free (row->running);
  g_free (row->wanted);
  g_free (row->statement);
  g_free (row->undo);
  g_free (row->because);
  g_free (row);
}

static void
role_row_free (KtRoleRow *row)
{
  g_free (row->role);
  g_free (row->statement);
  g_free (row->undo);
  g_free (row->meaning);
  g_free (row);
}

void
kt_advice_free (KtAdvice *advice)
{
  if (advice == NULL)
    return;
  g_clear_pointer (&advice->rows, g_ptr_array_unref);
  g_clear_pointer (&advice->tables, g_ptr_array_unref);
  g_clear_pointer (&advice->roles, g_ptr_array_unref);
  g_clear_pointer (&advice->kernel, g_ptr_array_unref);
  g_clear_pointer (&advice->findings, g_ptr_array_unref);
  kt_worst_case_free (advice->worst_case);
  kt_inputs_free (advice->in);
  kt_profile_free (advice->picked);
  g_free (advice->profile_because);
  g_free (advice);
}

const KtAdviceRow *
kt_advice_find (const KtAdvice *advice, const char *parameter)
{
  for (guint i = 0; i < advice->rows->len; i++)
    {
      const KtAdviceRow *row = advice->rows->pdata[i];
      if (g_ascii_strcasecmp (row->param->name, parameter) == 0)
        return row;
    }
  return NULL;
}

/* One parameter. */

static const KtSetting *
setting_of (const KtInputs *in, const KtParam *param)
{
  return in->server != NULL ? kt_server_setting (in->server, param->name) : NULL;
}

static void
fill_running (KtAdviceRow *row, const KtInputs *in)
{
  const KtSetting *setting = setting_of (in, row->param);
  if (setting != NULL)
    {
      row->running = kt_setting_text (setting);
      row->origin = kt_setting_origin (setting);
      row->pending_restart = setting->pending_restart;
    }
  else if (in->server == NULL && kt_param_exists (row->param, in->major) && row->param->library == NULL)
    {
      row->running = g_strdup (kt_param_boot (row->param, in->major));
      row->origin = g_strdup_printf ("default of PostgreSQL %d", in->major);
    }
}

static gboolean
library_is_there (const KtParam *param, const KtInputs *in)
{
  if (param->library == NULL || kt_inputs_preloads (in, param->library))
    return TRUE;
  if (g_str_equal (param->library, "timescaledb"))
    return in->timescaledb;
  g_autofree char *wanted = kt_wanted_text (in, "shared_preload_libraries");
  return wanted != NULL && strstr (wanted, param->library) != NULL;
}

/* Says why the parameter cannot be had here; FALSE when it can. */
static gboolean
is_missing (KtAdviceRow *row, const KtInputs *in)
{
  const KtParam *param = row->param;
  if (in->major < param->since)
    row->because = g_strdup_printf ("came with PostgreSQL %d", param->since);
  else if (!kt_param_exists (param, in->major))
    row->because = g_strdup_printf ("the last to have it was PostgreSQL %d", param->until);
  else if (!library_is_there (param, in))
    row->because = g_strdup_printf ("only where %s is preloaded", param->library);
  else if (in->server != NULL && param->library == NULL && setting_of (in, param) == NULL)
    row->because = g_strdup ("this build does not have it");
  return row->because != NULL;
}

static gboolean
within_tolerance (const KtAdviceRow *row, const KtInputs *in, double running, double wanted)
{
  const KtSetting *setting = setting_of (in, row->param);
  gboolean set = setting != NULL && g_strcmp0 (setting->source, "default") != 0;
  gboolean wide = set && (row->apply == KT_APPLY_RESTART || row->param->group == KT_GROUP_MEMORY);
  if (running <= 0 || wanted <= 0)
    return running == wanted;
  return fabs (running - wanted) <= wanted * (wide ? WIDE_TOLERANCE : TOLERANCE);
}

/* Numbers that a rule computed have a tolerance, what a profile says by name has none. */
static gboolean
is_as_wanted (const KtAdviceRow *row, const KtInputs *in, const KtValue *wanted)
{
  g_auto (KtValue) running = { 0 };
  double now = 0, then = 0;
  const KtParam *param = row->param;
  if (row->running == NULL)
    return FALSE;
  if (!g_hash_table_contains (in->profile->set, param->name) && kt_value_number (wanted, &then) &&
      kt_value_parse (param->type, param->unit, row->running, &running, NULL) && kt_value_number (&running, &now))
    return within_tolerance (row, in, now, then);
  return kt_guc_equal (param->type, param->unit, row->running, row->wanted);
}

static gboolean
must_not_sink (const KtAdviceRow *row, const KtInputs *in, const KtValue *wanted)
{
  g_auto (KtValue) running = { 0 };
  return row->running != NULL && kt_value_parse (row->param->type, row->param->unit, row->running, &running, NULL)
         && kt_param_stays (row->param, in, &running, wanted);
}

static gboolean
comes_from (const KtAdviceRow *row, const KtInputs *in, const char *source)
{
  const KtSetting *setting = setting_of (in, row->param);
  return setting != NULL && g_strcmp0 (setting->source, source) == 0;
}

static gboolean
comes_from_alter_system (const KtAdviceRow *row, const KtInputs *in)
{
  const KtSetting *setting = setting_of (in, row->param);
  return setting != NULL && setting->source_file != NULL && g_str_has_suffix (setting->source_file,
                                                                              "postgresql.auto.conf");
}

/* "ALTER ROLE kaspa IN DATABASE kaspa: 64MB" for every such setting, or NULL. */
static char *
role_overrides (const KtAdviceRow *row, const KtInputs *in)
{
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; in->server != NULL && in->server->role_settings != NULL && i < in->server->role_settings->len; i++)
    {
      const KtRoleSetting *setting = in->server->role_settings->pdata[i];
      if (g_ascii_strcasecmp (setting->name, row->param->name) != 0)
        continue;
      g_string_append (text, text->len > 0 ? "; " : "");
      if (*setting->role != '\0')
        g_string_append_printf (text, "ALTER ROLE %s%s%s: %s", setting->role,
                                *setting->database != '\0' ? " IN DATABASE " : "",
                                setting->database, setting->value);
      else if (*setting->database != '\0')
        g_string_append_printf (text, "ALTER DATABASE %s: %s", setting->database, setting->value);
      else
        g_string_append_printf (text, "ALTER ROLE ALL: %s", setting->value);
    }
  return text->len > 0 ? g_string_free (g_steal_pointer (&text), FALSE) : NULL;
}

/* The command line and the environment beat every file and ALTER SYSTEM; roles and databases only concern their
 * sessions; an ALTER SYSTEM can be moved. */
static void
judge_change (KtAdviceRow *row, const KtInputs *in)
{
  row->overridden_by = role_overrides (row, in);
  if (row->verdict != KT_VERDICT_CHANGE)
    return;
  if (comes_from (row, in, "command line") || comes_from (row, in, "environment variable"))
    {
      row->verdict = KT_VERDICT_OVERRIDDEN;
      g_free (row->overridden_by);
      row->overridden_by = g_strdup (row->origin);
    }
  else if (row->overridden_by == NULL && comes_from_alter_system (row, in))
    row->overridden_by = g_strdup (row->origin);
}

static void
decide (KtAdviceRow *row, const KtInputs *in)
{
  g_autoptr (GString) because = g_string_new (NULL);
  g_auto (KtValue) wanted = { 0 };
  row->verdict = KT_VERDICT_LEFT;
  if (kt_param_wanted (row->param, in, &wanted, because))
    {
      row->wanted = kt_value_text (&wanted, row->param->unit);
      if (!kt_param_offered (row->param, in, row->wanted))
        row->verdict = KT_VERDICT_NOT_OFFERED;
      else if (is_as_wanted (row, in, &wanted))
        row->verdict = KT_VERDICT_AS_WANTED;
      else if (must_not_sink (row, in, &wanted))
        g_string_append_printf (because, "; %s would do, but something may need the running value", row->wanted);
      else
        row->verdict = KT_VERDICT_CHANGE;
    }
  if (row->verdict == KT_VERDICT_LEFT)
    g_clear_pointer (&row->wanted, g_free);
  row->because = g_strdup (because->str);
  judge_change (row, in);
}

static KtAdviceRow *
advise_parameter (const KtParam *param, const KtInputs *in)
{
  KtAdviceRow *row = g_new0 (KtAdviceRow, 1);
  row->param = param;
  row->apply = kt_param_apply (param, in->major);
  row->verdict = KT_VERDICT_NOT_OFFERED;
  fill_running (row, in);
  if (!is_missing (row, in))
    decide (row, in);
  return row;
}

static void
advise_parameters (KtAdvice *advice)
{
  guint n = 0;
  const KtParam *params = kt_params (&n);
  for (guint i = 0; i < n; i++)
    g_ptr_array_add (advice->rows, advise_parameter (&params[i], advice->in));
}

/* The whole. */

/* Caller frees. */
static char *
where_it_is_started (const KtInputs *in)
{
  const KtServerContainer *container = in->server != NULL ? in->server->container : NULL;
  return container != NULL ? g_strdup_printf ("take it out of the command of %s, then make the container anew", container->place)
                           : g_strdup ("change it where the server is started");
}

static void
find_overridden (KtAdvice *advice)
{
  g_autofree char *remedy = where_it_is_started (advice->in);
  for (guint i = 0; i < advice->rows->len; i++)
    {
      const KtAdviceRow *row = advice->rows->pdata[i];
      if (row->verdict == KT_VERDICT_OVERRIDDEN)
        kt_findings_add (advice->findings, KT_SEVERITY_WARNING, row->param->name,
                         remedy,
                         "%s should be %s, but %s is set on the %s, which no file and no ALTER SYSTEM can change",
                         row->param->name, row->wanted, row->running, row->overridden_by);
      else if (row->pending_restart)
        kt_findings_add (advice->findings, KT_SEVERITY_NOTE, row->param->name, "restart PostgreSQL",
                         "a changed %s is waiting for a restart", row->param->name);
    }
}

/* What holds for every session of a database, or of all, is seldom meant and easily forgotten; a role's own value is its
 * own business. */
static void
find_database_settings (KtAdvice *advice)
{
  const KtServer *server = advice->in->server;
  for (guint i = 0; server != NULL && server->role_settings != NULL && i < server->role_settings->len; i++)
    {
      const KtRoleSetting *setting = server->role_settings->pdata[i];
      const KtAdviceRow *row = *setting->role == '\0' ? kt_advice_find (advice, setting->name) : NULL;
      if (row == NULL || row->wanted == NULL
          || kt_guc_equal (row->param->type, row->param->unit, setting->value, row->wanted))
        continue;
      g_autofree char *database = kt_sql_identifier (setting->database);
      g_autofree char *who = *setting->database != '\0' ? g_strdup_printf ("ALTER DATABASE %s", database)
                                                        : g_strdup ("ALTER ROLE ALL");
      g_autofree char *remedy = g_strdup_printf ("%s RESET %s, unless it is meant", who, setting->name);
      kt_findings_add (advice->findings, KT_SEVERITY_NOTE, row->param->name, remedy,
                       "%s gives its sessions %s = %s, whatever the server's own value is", who, setting->name,
                       setting->value);
    }
}

static void
find_about_wal (KtAdvice *advice)
{
  const KtInputs *in = advice->in;
  double max = kt_wanted_number (in, "max_wal_size");
  double needed = in->wal_rate * kt_wanted_number (in, "checkpoint_timeout") / 1000.0 * 1.9 * 1.2;
  g_autofree char *need = kt_size_format ((gint64) needed);
  g_autofree char *rate = kt_size_format ((gint64) in->wal_rate);
  if (in->wal_rate_measured && needed > max)
    kt_findings_add (advice->findings, KT_SEVERITY_NOTE, "max_wal_size", "more free space for pg_wal, or a faster disk",
                     "at the measured %s/s of WAL checkpoints by time alone would need max_wal_size %s; volume will "
                     "force them earlier",
                     rate, need);
}

static void
find_all (KtAdvice *advice)
{
  advice->findings = kt_profile_check (advice->in);
  find_overridden (advice);
  find_database_settings (advice);
  kt_find_about_machine (advice);
  kt_find_about_container (advice);
  find_about_wal (advice);
}

/* Memory at worst when every change is made. */
static void
fill_worst_case (KtAdvice *advice)
{
  g_autoptr (GArray) set = g_array_new (FALSE, FALSE, sizeof (KtProposal));
  for (guint i = 0; i < advice->rows->len; i++)
    {
      const KtAdviceRow *row = advice->rows->pdata[i];
      KtProposal proposal = { .name = row->param->name, .value = row->wanted };
      if (row->verdict == KT_VERDICT_CHANGE)
        g_array_append_val (set, proposal);
    }
  KtMemoryUse use = kt_memory_use_of (advice->in, (const KtProposal *) (void *) set->data, set->len);
  advice->worst_case = kt_worst_case_new (&use, advice->in->memory);
}

static KtAdvice *
advice_new (void)
{
  KtAdvice *advice = g_new0 (KtAdvice, 1);
  advice->rows = g_ptr_array_new_with_free_func ((GDestroyNotify) row_free);
  advice->tables = g_ptr_array_new_with_free_func ((GDestroyNotify) table_row_free);
  advice->roles = g_ptr_array_new_with_free_func ((GDestroyNotify) role_row_free);
  advice->kernel = g_ptr_array_new_with_free_func ((GDestroyNotify) kt_host_row_free);
  return advice;
}

static const KtProfile *
choose_profile (KtAdvice *advice, const KtPlatform *platform, const KtProfile *profile, const KtOptions *options)
{
  g_autoptr (GString) because = g_string_new (NULL);
  if (profile == NULL)
    advice->picked = kt_profile_pick (platform, options->reserve, because);
  else
    g_string_assign (because, profile->file != NULL ? profile->file : "asked for");
  advice->profile_because = g_strdup (because->str);
  return profile != NULL ? profile : advice->picked;
}

static gboolean
check_version (int major, GError **error)
{
  if (major >= KT_MAJOR_FIRST && major <= KT_MAJOR_LAST + 1)
    return TRUE;
  kt_error_set (error, KT_ERROR_UNSUPPORTED, NULL,
                major < KT_MAJOR_FIRST ? "upgrade PostgreSQL: such old versions get no repairs any more"
                                       : "look for a newer kastune",
                "kastune knows PostgreSQL %d to %d, and %d from its release notes, but not %d", KT_MAJOR_FIRST,
                KT_MAJOR_LAST, KT_MAJOR_LAST + 1, major);
  return FALSE;
}

KtAdvice *
kt_advise (const KtPlatform *platform, const KtServer *server, const KtProfile *profile, const KtOptions *options,
           GError **error)
{
  static const KtOptions defaults = KT_OPTIONS_DEFAULT;
  const KtOptions *wishes = options != NULL ? options : &defaults;
  if (!check_version (server != NULL ? server->major : wishes->major, error))
    return NULL;
  KtAdvice *advice = advice_new ();
  advice->in = kt_inputs_new (platform, server, choose_profile (advice, platform, profile, wishes), wishes);
  advise_parameters (advice);
  fill_worst_case (advice);
  kt_advise_tables (advice);
  kt_advise_roles (advice);
  kt_advise_kernel (advice);
  advice->recovery_seconds = kt_recovery_seconds (advice->in, kt_wanted_int (advice->in, "max_wal_size"));
  find_all (advice);
  return advice;
}
