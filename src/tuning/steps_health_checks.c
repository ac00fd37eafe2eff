/* SPDX-License-Identifier: MIT */
#include "tuning/steps_health_checks.h"

#include "base/error.h"
#include "tuning/steps_health_work.h"

static const char *const proof[] = {
  "CREATE TEMPORARY TABLE kastune_proof AS SELECT i FROM generate_series(1, 1000) AS i",
  "SELECT 1 / (count(*) = 1000)::int FROM pg_temp.kastune_proof",
  "DROP TABLE pg_temp.kastune_proof",
  "SELECT set_config('synchronous_commit', 'local', false)",
  "SELECT pg_catalog.pg_logical_emit_message(true, 'kastune', 'proof')",
};

gboolean
kt_health_prove (KtConnection *connection, GError **error)
{
  g_autoptr (PGresult) standby = kt_connection_query (connection, error,
                                                      "SELECT pg_catalog.pg_is_in_recovery() AS it_is", NULL);
  if (standby == NULL)
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (proof) && !kt_result_bool (standby, 0, "it_is"); i++)
    {
      g_autoptr (GError) local = NULL;
      g_autoptr (PGresult) done = kt_connection_query (connection, &local, proof[i], NULL);
      if (done == NULL && g_error_matches (local, KT_ERROR, KT_ERROR_PRIVILEGE))
        return TRUE;
      if (done == NULL)
        {
          g_propagate_prefixed_error (error, g_steal_pointer (&local),
                                      "the server runs, but a write and a read failed: ");
          return FALSE;
        }
    }
  return TRUE;
}

/* --- the checks --------------------------------------------------------------------------------------------------- */

typedef struct {
  KtStepContext *context;
  const KtInstance *instance;
  guint sessions;
  gint64 log_position;
} Patient;

static gboolean
connects_reads_writes (const Patient *patient, GError **error)
{
  g_autoptr (KtConnection) connection = kt_connection_open (patient->instance->conninfo, error);
  return connection != NULL && kt_health_prove (connection, error);
}

static gboolean
works (const Patient *patient, GError **error)
{
  return kt_health_work (patient->context, patient->instance, patient->sessions, error);
}

static gboolean
log_is_clean (const Patient *patient, GError **error)
{
  g_auto (GStrv) problems = patient->log_position > 0 ? kt_instance_log_problems (patient->instance, patient->log_position) : NULL;
  if (problems == NULL || *problems == NULL)
    return TRUE;
  g_autofree char *all = g_strjoinv ("\n", problems);
  kt_error_set (error, KT_ERROR_VERIFY, all, NULL, "the server's log tells of trouble since");
  return FALSE;
}

/* The log comes last: it tells also of what the checks before it brought about. */
static const struct {
  const char *name;
  guint occasions;
  gboolean (*passes) (const Patient *patient, GError **error);
} checks[] = {
  { "connect, read and write", KT_HEALTH_STATUS | KT_HEALTH_APPLIED | KT_HEALTH_CONFIRM, connects_reads_writes },
  { "work of several sessions", KT_HEALTH_APPLIED, works },
  { "connect, read and write after it", KT_HEALTH_APPLIED, connects_reads_writes },
  { "log", KT_HEALTH_APPLIED | KT_HEALTH_CONFIRM, log_is_clean },
};

gboolean
kt_health_check (KtStepContext *context, const KtInstance *instance, guint sessions, gint64 log_position,
                 KtHealthOccasion occasion, GError **error)
{
  const Patient patient = { context, instance, sessions, log_position };
  for (gsize i = 0; i < G_N_ELEMENTS (checks); i++)
    if ((checks[i].occasions & occasion) != 0 && !checks[i].passes (&patient, error))
      {
        g_prefix_error (error, "%s: ", checks[i].name);
        return FALSE;
      }
  return TRUE;
}
