/* SPDX-License-Identifier: MIT */
#include "tuning/check.h"

#include "base/size.h"
#include "tuning/proposal.h"

const KtProposal *
kt_check_proposed (const KtCheck *check, const char *name)
{
  for (guint i = check->n; i > 0; i--)
    if (kt_guc_name_equal (check->set[i - 1].name, name))
      return &check->set[i - 1];
  return NULL;
}

/* pg_settings gives base units and no unit, so the text needs none. */
char *
kt_check_text (const KtCheck *check, const char *name)
{
  const KtProposal *proposal = kt_check_proposed (check, name);
  const KtSetting *setting = check->in->server != NULL ? kt_server_setting (check->in->server, name) : NULL;
  const KtParam *param = kt_param_find (name);
  if (proposal != NULL)
    return g_strdup (proposal->value);
  if (setting != NULL)
    return g_strdup (setting->value);
  if (param == NULL || !kt_param_exists (param, check->in->major))
    return NULL;
  return g_strdup (kt_param_boot (param, check->in->major));
}

double
kt_check_number (const KtCheck *check, const char *name, double fallback)
{
  const KtParam *param = kt_param_find (name);
  g_autofree char *text = kt_check_text (check, name);
  g_auto (KtValue) value = { 0 };
  double number = 0;
  if (param == NULL || text == NULL || !kt_value_parse (param->type, param->unit, text, &value, NULL))
    return fallback;
  return kt_value_number (&value, &number) ? number : (double) value.integer;
}

KtSeverity
kt_check_severity (const KtCheck *check, const char *name)
{
  return kt_check_proposed (check, name) != NULL ? KT_SEVERITY_REFUSE : KT_SEVERITY_WARNING;
}

GPtrArray *
kt_check (const KtInputs *in, const KtProposal *set, guint n)
{
  KtCheck check = { .in = in, .set = set, .n = n, .findings = kt_findings_new () };
  kt_check_values (&check);
  kt_check_rules (&check);
  return check.findings;
}

/* Reserved huge pages that cover everything: then page tables do not count. */
static gboolean
huge_pages_certain (const KtCheck *check, const KtMemoryUse *use)
{
  const KtMemory *memory = &check->in->platform->memory;
  g_autofree char *huge_pages = kt_check_text (check, "huge_pages");
  if (g_strcmp0 (huge_pages, "off") == 0 || memory->huge_pages_total <= 0 || memory->huge_page_size <= 0)
    return FALSE;
  return memory->huge_pages_total * memory->huge_page_size >= kt_shared_memory (use);
}

KtMemoryUse
kt_memory_use_of (const KtInputs *in, const KtProposal *set, guint n)
{
  KtCheck check = { .in = in, .set = set, .n = n };
  KtMemoryUse use = {
    .shared_buffers = (gint64) kt_check_number (&check, "shared_buffers", 0),
    .wal_buffers = (gint64) kt_check_number (&check, "wal_buffers", -1),
    .work_mem = (gint64) kt_check_number (&check, "work_mem", 0),
    .maintenance_work_mem = (gint64) kt_check_number (&check, "maintenance_work_mem", 0),
    .autovacuum_work_mem = (gint64) kt_check_number (&check, "autovacuum_work_mem", -1),
    .hash_mem_multiplier = kt_check_number (&check, "hash_mem_multiplier", 1),
    .connections = (gint64) kt_check_number (&check, "max_connections", 100),
    .busy = in->busy,
    .autovacuum_workers = (gint64) kt_check_number (&check, "autovacuum_max_workers", 3),
  };
  use.huge_pages = huge_pages_certain (&check, &use);
  return use;
}

/* A profile: the values that it gives by name, then the whole set that comes out. */

static void
check_named_values (const KtInputs *in, GPtrArray *findings)
{
  GHashTableIter iter;
  gpointer name = NULL, text = NULL;
  g_hash_table_iter_init (&iter, in->profile->set);
  while (g_hash_table_iter_next (&iter, &name, &text))
    {
      const KtParam *param = kt_param_find (name);
      g_auto (KtValue) value = { 0 };
      g_autoptr (GError) error = NULL;
      if (!kt_param_exists (param, in->major))
        kt_findings_add (findings, KT_SEVERITY_REFUSE, param->name, "remove it from the profile's [set]",
                         "%s: [set] %s: PostgreSQL %d does not have it", in->profile->file, param->name, in->major);
      else if (!kt_param_parse (param, in->major, text, &value, &error))
        kt_findings_add (findings, KT_SEVERITY_REFUSE, param->name, "correct the value in the profile's [set]",
                         "%s: [set] %s: %s", in->profile->file, param->name, error->message);
    }
}

static void
check_factors (const KtInputs *in, GPtrArray *findings)
{
  GHashTableIter iter;
  gpointer name = NULL;
  g_hash_table_iter_init (&iter, in->profile->factor);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    if (!kt_param_exists (kt_param_find (name), in->major))
      kt_findings_add (findings, KT_SEVERITY_NOTE, name, NULL, "%s: [factor] %s: PostgreSQL %d does not have it, "
                                                               "nothing happens",
                       in->profile->file, (const char *) name, in->major);
}

/* Values that rules or the profile decide, with what must not be lowered left where it is. */
static GArray *
wanted_set (const KtInputs *in, GPtrArray *texts)
{
  guint n = 0;
  const KtParam *params = kt_params (&n);
  GArray *set = g_array_new (FALSE, FALSE, sizeof (KtProposal));
  for (guint i = 0; i < n; i++)
    {
      g_auto (KtValue) value = { 0 };
      g_autoptr (GString) because = g_string_new (NULL);
      const KtParam *param = &params[i];
      if (param->library != NULL || !kt_param_exists (param, in->major) || !kt_param_wanted (param, in, &value,
                                                                                             because))
        continue;
      KtProposal proposal = { .name = param->name, .value = kt_wanted_text (in, param->name) };
      g_ptr_array_add (texts, (gpointer) proposal.value);
      g_array_append_val (set, proposal);
    }
  return set;
}

static void
move_findings (GPtrArray *from, GPtrArray *to)
{
  for (guint i = 0; i < from->len; i++)
    {
      const KtFinding *finding = from->pdata[i];
      kt_findings_add (to, finding->severity, finding->parameter, finding->remedy, "%s", finding->sentence);
    }
}

/* A share that was asked for can be wrong; what was found can only be too much. */
static void
check_share_of_memory (const KtInputs *in, GPtrArray *findings)
{
  gboolean asked = in->options->reserve >= 0 || in->profile->reserve >= 0;
  g_autofree char *reserved = kt_size_format (in->budget->reserved);
  g_autofree char *total = kt_size_format (in->budget->total);
  g_autofree char *left = kt_size_format (in->memory);
  if (!in->budget->short_of_memory)
    return;
  if (asked && in->budget->reserved >= in->budget->total)
    kt_findings_add (findings, KT_SEVERITY_REFUSE, NULL, "choose a smaller reserve",
                     "a reserve of %s leaves nothing of %s to PostgreSQL", reserved, total);
  else
    kt_findings_add (findings, KT_SEVERITY_WARNING, NULL,
                     asked ? "choose a smaller reserve"
                           : "move something else away, or say what it needs with --reserve",
                     "other programs need %s of %s; the advice assumes that %s are left for PostgreSQL",
                     reserved, total, left);
}

GPtrArray *
kt_profile_check (const KtInputs *in)
{
  GPtrArray *findings = kt_findings_new ();
  check_share_of_memory (in, findings);
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GArray) set = wanted_set (in, texts);
  check_named_values (in, findings);
  check_factors (in, findings);
  g_autoptr (GPtrArray) rest = kt_check (in, (const KtProposal *) (void *) set->data, set->len);
  move_findings (rest, findings);
  return findings;
}
