/* SPDX-License-Identifier: MIT */
#include "operation/facts.h"

#include "base/error.h"
#include "base/size.h"
#include "postgres/container_site.h"

#define DEFAULT_DATA_FOLDER "/var/lib/postgresql"
#define MOST_CPUS 65536

void
kt_facts_free (KtFacts *facts)
{
  if (facts == NULL)
    return;
  g_clear_pointer (&facts->advice, kt_advice_free);
  g_clear_pointer (&facts->profile, kt_profile_free);
  g_clear_pointer (&facts->platform, kt_platform_free);
  g_clear_pointer (&facts->server, kt_server_free);
  g_clear_pointer (&facts->connection, kt_connection_free);
  g_clear_error (&facts->server_error);
  g_clear_pointer (&facts->state, kt_state_free);
  g_clear_error (&facts->state_error);
  g_clear_pointer (&facts->root, kt_sysroot_free);
  g_free (facts->conninfo);
  g_free (facts);
}

KtState *
kt_facts_state (KtFacts *facts, GError **error)
{
  if (facts->state == NULL && error != NULL && facts->state_error != NULL)
    *error = g_error_copy (facts->state_error);
  return facts->state;
}

/* A password in --dsn goes to libpq through the environment, so that nothing kastune writes down can hold it. */
static gboolean
take_conninfo (KtFacts *facts, const char *conninfo, GError **error)
{
  g_autofree char *message = NULL;
  PQconninfoOption *options = PQconninfoParse (conninfo, &message);
  if (options == NULL)
    {
      kt_error_set (error, KT_ERROR_USAGE, message != NULL ? g_strchomp (message) : NULL, "for example --dsn 'host=/var/run/postgresql dbname=kaspa user=postgres'",
                    "the connection string cannot be understood");
      PQfreemem (g_steal_pointer (&message));
      return FALSE;
    }
  g_autoptr (GString) text = g_string_new (NULL);
  for (const PQconninfoOption *option = options; option->keyword != NULL; option++)
    {
      if (option->val == NULL)
        continue;
      if (g_str_equal (option->keyword, "password"))
        {
          g_setenv ("PGPASSWORD", option->val, TRUE);
          continue;
        }
      kt_conninfo_append (text, option->keyword, option->val);
    }
  PQconninfoFree (options);
  facts->conninfo = g_string_free (g_steal_pointer (&text), FALSE);
  return TRUE;
}

static gboolean
take_server_choice (KtFacts *facts, KtOperationContext *context, JsonObject *args, const KtServerSettings **configured,
                    GError **error)
{
  const char *dsn = kt_json_string (args, "dsn", NULL);
  *configured = NULL;
  if (dsn == NULL && !kt_settings_server (context->settings, kt_json_string (args, "server", NULL), configured, error))
    return FALSE;
  if (dsn == NULL && *configured != NULL)
    dsn = (*configured)->conninfo;
  return dsn == NULL || take_conninfo (facts, dsn, error);
}

/* A recorded machine or a named version means: no server, unless one is named too. */
static gboolean
wants_server (JsonObject *args)
{
  return json_object_has_member (args, "dsn") || json_object_has_member (args, "server")
         || !(json_object_has_member (args, "root") || json_object_has_member (args, "pg_version"));
}

static gboolean
load_server (KtFacts *facts, KtFactsNeeds needs, const char *container, GError **error)
{
  facts->connection = kt_connection_open (facts->conninfo, &facts->server_error);
  if (facts->connection != NULL)
    facts->server = kt_server_load (facts->connection, &facts->server_error);
  if (facts->server != NULL && !facts->server->local
      && !kt_server_enter_container (facts->server, facts->connection, container, error))
    return FALSE;
  if (facts->server != NULL || !(needs & (KT_FACTS_SERVER | KT_FACTS_ADVICE)))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&facts->server_error));
  return FALSE;
}

/* Which folders matter: the server's, or the one that was named, or where Debian keeps clusters. */
static KtPlatformPath *
paths_of (const KtFacts *facts, JsonObject *args)
{
  GArray *paths = g_array_new (TRUE, TRUE, sizeof (KtPlatformPath));
  const KtServer *server = facts->server;
  const char *named = kt_json_string (args, "path", NULL);
  if (named != NULL)
    g_array_append_val (paths, ((KtPlatformPath){ "path", named }));
  else if (server != NULL && server->local && server->data_directory != NULL)
    {
      g_array_append_val (paths, ((KtPlatformPath){ "data", server->data_directory }));
      if (server->wal_directory != NULL)
        g_array_append_val (paths, ((KtPlatformPath){ "wal", server->wal_directory }));
      for (guint i = 0; i < server->tablespaces->len; i++)
        {
          const KtTablespace *space = server->tablespaces->pdata[i];
          g_array_append_val (paths, ((KtPlatformPath){ space->name, space->location }));
        }
    }
  else if (g_file_test (DEFAULT_DATA_FOLDER, G_FILE_TEST_IS_DIR))
    g_array_append_val (paths, ((KtPlatformPath){ "data", DEFAULT_DATA_FOLDER }));
  else
    g_array_append_val (paths, ((KtPlatformPath){ "data", "/" }));
  return (KtPlatformPath *) g_array_free (paths, FALSE);
}

/* Where a probe file may be written: the folder itself is the server's, so root or its owner it is; the nearest folder
 * that exists otherwise. */
static gboolean
measure (KtFacts *facts, KtOperationContext *context, KtVolume *volume, KtFactsNeeds needs, GError **error)
{
  KtProbe *remembered = facts->state != NULL && !(needs & KT_FACTS_AGAIN) ? kt_probe_load (facts->state, volume) : NULL;
  if (remembered != NULL || !(needs & (KT_FACTS_MEASURE | KT_FACTS_AGAIN)) || volume->network
      || volume->flags_class == KT_STORAGE_MEMORY)
    {
      if (remembered != NULL)
        kt_volume_take_probe (volume, remembered);
      return TRUE;
    }
  g_autofree char *what = g_strdup_printf ("measuring the disk below %s (at most 5 s)", volume->path);
  if (context->progress != NULL)
    context->progress (context->user, what, 0, 0);
  g_autoptr (GError) local = NULL;
  g_autoptr (KtProbe) probe = kt_probe_run (volume->path, context->cancellable, &local);
  if (probe == NULL)
    {
      if (g_error_matches (local, KT_ERROR, KT_ERROR_INTERRUPTED))
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
      const char *detail = kt_error_detail (local);
      g_ptr_array_add (facts->platform->notes, g_strdup_printf ("the disk below %s was not measured: %s%s%s", volume->path,
                                                                local->message, detail != NULL ? ": " : "",
                                                                detail != NULL ? detail : ""));
      return TRUE;
    }
  if (facts->state != NULL && !kt_probe_save (facts->state, volume, probe, &local))
    g_ptr_array_add (facts->platform->notes, g_strdup_printf ("the measurement could not be remembered: %s", local->message));
  kt_volume_take_probe (volume, g_steal_pointer (&probe));
  return TRUE;
}

/* --memory, --cpus and --storage, or the keys of the server in kastune.conf. */
static gboolean
take_description (KtFacts *facts, JsonObject *args, const KtServerSettings *configured, GError **error)
{
  const KtServerSettings none = { 0 };
  const KtServerSettings *keys = configured != NULL ? configured : &none;
  const char *storage = kt_json_string (args, "storage", keys->storage);
  KtDescription *machine = &facts->machine;
  machine->memory = kt_json_int (args, "memory", 0);
  if (machine->memory <= 0 && keys->memory != NULL && !kt_size_parse (keys->memory, &machine->memory, error))
    {
      g_prefix_error (error, "memory of server %s: ", keys->name);
      return FALSE;
    }
  guint64 cpus = 0;
  gboolean whole = keys->cpus == NULL || g_ascii_string_to_unsigned (keys->cpus, 10, 1, MOST_CPUS, &cpus, NULL);
  machine->cpus = (guint) CLAMP (kt_json_int (args, "cpus", (gint64) cpus), 0, MOST_CPUS);
  machine->storage = kt_storage_from_word (storage);
  const char *wrong = storage != NULL && machine->storage == KT_STORAGE_UNKNOWN ? "storage is hdd, ssd or nvme"
                      : !whole                                                 ? "cpus is a whole number"
                      : machine->memory <= 0 && (machine->cpus > 0 || storage != NULL)
                        ? "cpus and storage describe a machine only together with its memory"
                        : NULL;
  if (wrong != NULL)
    kt_error_set (error, KT_ERROR_USAGE, wrong, "for example --memory 16G --cpus 8 --storage nvme",
                  "the description of the machine cannot be used");
  return wrong == NULL;
}

static gboolean
load_platform (KtFacts *facts, KtOperationContext *context, JsonObject *args, KtFactsNeeds needs, GError **error)
{
  if (facts->machine.memory > 0)
    {
      facts->platform = kt_platform_described (&facts->machine);
      return TRUE;
    }
  gboolean live = kt_sysroot_is_live (facts->root);
  g_autofree KtPlatformPath *paths = live ? paths_of (facts, args) : NULL;
  gint64 pid = live && facts->server != NULL && facts->server->local ? facts->server->postmaster_pid : 0;
  facts->platform = kt_platform_load (facts->root, paths, pid, error);
  if (facts->platform == NULL)
    return FALSE;
  /* The same device is measured once, however many roles lie on it: the cache is keyed by device. */
  for (guint i = 0; live && !kt_json_bool (args, "no_probe", FALSE) && i < facts->platform->volumes->len; i++)
    if (!measure (facts, context, facts->platform->volumes->pdata[i], i == 0 ? needs : needs & ~(guint) KT_FACTS_AGAIN, error))
      return FALSE;
  return TRUE;
}

static gboolean
load_profile (KtFacts *facts, JsonObject *args, const KtServerSettings *configured, GError **error)
{
  const char *name = kt_json_string (args, "profile", configured != NULL ? configured->profile : NULL);
  if (name != NULL && (facts->profile = kt_profile_load (name, error)) == NULL)
    return FALSE;
  facts->options = (KtOptions) KT_OPTIONS_DEFAULT;
  facts->options.reserve = kt_json_int (args, "reserve", -1);
  if (facts->options.reserve < 0 && configured != NULL && configured->reserve != NULL
      && !kt_size_parse (configured->reserve, &facts->options.reserve, error))
    {
      g_prefix_error (error, "reserve of server %s: ", configured->name);
      return FALSE;
    }
  const char *phase = kt_json_string (args, "phase", NULL);
  KtPhase parsed;
  if (phase != NULL && kt_phase_from_string (phase, &parsed))
    facts->options.phase = (int) parsed;
  facts->options.timescaledb = kt_json_bool (args, "timescaledb", FALSE);
  facts->options.indexer_role = kt_json_string (args, "indexer_role", NULL);
  facts->options.connections = (guint) kt_json_int (args, "connections", 0);
  facts->options.major = (int) kt_json_int (args, "pg_version", KT_MAJOR_LAST);
  return TRUE;
}

static gboolean
check_same_machine (const KtFacts *facts, GError **error)
{
  if (facts->server == NULL || facts->server->local || facts->machine.memory > 0 || !kt_sysroot_is_live (facts->root))
    return TRUE;
  kt_error_set (error, KT_ERROR_UNSUPPORTED, "its memory and disks cannot be seen from here",
                "say what it has (--memory 16G --cpus 8 --storage nvme), or record it there (kastune host --record DIR) and name "
                "that here with --root DIR; or run kastune there as root",
                "the server is not on this machine, or its files cannot be seen by this user");
  return FALSE;
}

static const char *
container_of (JsonObject *args, const KtServerSettings *configured)
{
  return kt_json_string (args, "container", configured != NULL ? configured->container : NULL);
}

KtFacts *
kt_facts_load (KtOperationContext *context, JsonObject *args, KtFactsNeeds needs, GError **error)
{
  g_autoptr (KtFacts) facts = g_new0 (KtFacts, 1);
  const KtServerSettings *configured = NULL;
  facts->root = kt_sysroot_open (kt_json_string (args, "root", NULL), error);
  if (facts->root == NULL)
    return NULL;
  facts->state = kt_state_open (context->state_directory, &facts->state_error);
  gboolean ask = wants_server (args);
  if ((ask && !take_server_choice (facts, context, args, &configured, error))
      || !take_description (facts, args, configured, error) || !load_profile (facts, args, configured, error) || (ask && !load_server (facts, needs, container_of (args, configured), error)))
    return NULL;
  if ((needs & KT_FACTS_ADVICE && !check_same_machine (facts, error)) || !load_platform (facts, context, args, needs, error))
    return NULL;
  facts->options.host_of_container = (needs & KT_FACTS_HOST) != 0;
  if (needs & KT_FACTS_ADVICE)
    facts->advice = kt_advise (facts->platform, facts->server, facts->profile, &facts->options, error);
  return needs & KT_FACTS_ADVICE && facts->advice == NULL ? NULL : g_steal_pointer (&facts);
}

JsonObject *
kt_facts_server_json (const KtFacts *facts)
{
  const KtServer *server = facts->server;
  if (server == NULL)
    return NULL;
  g_autofree char *name = kt_connection_describe (facts->connection);
  JsonObject *object = json_object_new ();
  json_object_set_string_member (object, "name", name);
  json_object_set_string_member (object, "version", server->version);
  json_object_set_int_member (object, "version_num", server->version_num);
  json_object_set_boolean_member (object, "local", server->local);
  json_object_set_boolean_member (object, "in_recovery", server->in_recovery);
  kt_json_set_string (object, "data_directory", server->data_directory);
  kt_json_set_string (object, "config_file", server->config_file);
  json_object_set_int_member (object, "database_bytes", server->database_bytes);
  json_object_set_int_member (object, "indexer_schema", server->indexer_schema);
  JsonArray *notes = json_array_new ();
  for (guint i = 0; i < server->notes->len; i++)
    json_array_add_string_element (notes, server->notes->pdata[i]);
  json_object_set_array_member (object, "notes", notes);
  return object;
}
