/* SPDX-License-Identifier: MIT */
#include "operation/kept.h"

#include "base/error.h"

static const struct {
  const char *refusal, *hint;
} known[] = {
  [KT_KEPT_SETTINGS] = { "so nothing is set here",
                         "kastune config write FILE writes the values; put them into its configuration (patronictl edit-config)" },
  [KT_KEPT_BACK] = { "so nothing is taken back here",
                     "kastune history ID --json has each value before and after; set them with patronictl edit-config" },
  [KT_KEPT_FILES] = { "so none of its files is replaced here",
                      "restore into a folder with --to DIR; patronictl reinit makes a member anew" },
};

gboolean
kt_kept_refuse (const KtServer *server, KtKeptWhat what, GError **error)
{
  const char *keeper = kt_server_keeper (server);
  if (keeper != NULL)
    kt_error_set (error, KT_ERROR_UNSUPPORTED, "its parameters are given on the command line, as Patroni does", known[what].hint,
                  "the configuration of this server is kept by %s, %s", keeper, known[what].refusal);
  return keeper != NULL;
}

gboolean
kt_kept_refuse_change (KtOperationContext *context, JsonObject *args, const KtChange *change, GError **error)
{
  g_autoptr (KtFacts) facts = kt_facts_load (context, args, 0, NULL);
  g_autofree char *server = facts != NULL && facts->connection != NULL ? kt_connection_server_id (facts->connection) : NULL;
  return facts != NULL && facts->server != NULL && g_strcmp0 (server, change->server) == 0 && kt_kept_refuse (facts->server, KT_KEPT_BACK, error);
}
