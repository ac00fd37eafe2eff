/* SPDX-License-Identifier: MIT */
#include "indexer/indexer.h"

#include "base/error.h"
#include "indexer/humantime.h"

static void
fact_free (gpointer data)
{
  KtIndexerFact *fact = data;
  g_free (fact->value);
  g_free (fact->source);
  g_free (fact);
}

static void
indexer_free (gpointer data)
{
  KtIndexer *indexer = data;
  kt_program_free (indexer->program);
  kt_program_free (indexer->declared);
  kt_indexer_status_free (indexer->status);
  g_ptr_array_unref (indexer->versions);
  g_free (indexer->why_rejected);
  kt_arguments_clear (&indexer->arguments);
  g_free (indexer);
}

void
kt_indexers_free (KtIndexers *indexers)
{
  if (indexers == NULL)
    return;
  g_ptr_array_unref (indexers->all);
  g_ptr_array_unref (indexers->notes);
  kt_indexer_database_free (indexers->database);
  g_free (indexers);
}

/* --- release and options ------------------------------------------------------------------------------------------ */

static void
add_fact (GPtrArray *facts, const char *value, const char *source)
{
  if (value == NULL || *value == '\0')
    return;
  KtIndexerFact *fact = g_new0 (KtIndexerFact, 1);
  fact->value = g_strdup (value);
  fact->source = g_strdup (source);
  g_ptr_array_add (facts, fact);
}

static void
collect_versions (KtIndexer *indexer)
{
  const KtProgram *program = indexer->program;
  gboolean ours = program->kind == KT_PROGRAM_INDEXER;
  g_autofree char *tag = program->image != NULL ? kt_image_tag (program->image) : NULL;
  g_ptr_array_set_size (indexer->versions, 0);
  if (indexer->status != NULL)
    add_fact (indexer->versions, indexer->status->version, "its API");
  add_fact (indexer->versions, program->said_by_binary, "its --version");
  add_fact (indexer->versions, program->said_by_image, "its image");
  add_fact (indexer->versions, tag, "the image's tag");
  /* It is not there yet, or does not say: what a pull of it would bring. */
  if (ours && indexer->versions->len == 1 && g_strcmp0 (tag, "latest") == 0)
    add_fact (indexer->versions, kt_release_newest_stable ()->tag, "what latest was on " KT_RELEASES_KNOWN_UNTIL);
}

static void
settle_arguments (KtIndexer *indexer)
{
  kt_arguments_clear (&indexer->arguments);
  g_clear_pointer (&indexer->why_rejected, g_free);
  indexer->rejected = FALSE;
  if (indexer->release == NULL || indexer->release->flags == KT_N_RELEASES || indexer->program->words == NULL)
    return;
  g_autoptr (GError) error = NULL;
  /* What the parser rejects it quotes, and a word in the wrong place may be an address with its password. */
  g_auto (GStrv) masked = kt_words_masked ((const char *const *) indexer->program->words);
  if (kt_arguments_parse (&indexer->arguments, indexer->release->flags, (const char *const *) masked, &error))
    return;
  const char *detail = kt_error_detail (error);
  indexer->rejected = TRUE;
  indexer->why_rejected = detail != NULL ? g_strdup_printf ("%s %s", error->message, detail) : g_strdup (error->message);
  kt_arguments_clear (&indexer->arguments);
}

void
kt_indexer_settle (KtIndexer *indexer)
{
  collect_versions (indexer);
  indexer->release = NULL;
  if (indexer->program->kind != KT_PROGRAM_INDEXER)
    return;
  for (guint i = 0; i < indexer->versions->len && indexer->release == NULL; i++)
    indexer->release = kt_release_of_version (((KtIndexerFact *) indexer->versions->pdata[i])->value);
  settle_arguments (indexer);
}

gboolean
kt_indexer_runs (const KtIndexer *indexer, KtProgramKind kind)
{
  return indexer->program->kind == kind && indexer->program->runs;
}

char *
kt_indexer_place (const KtIndexer *indexer)
{
  const KtProgram *program = indexer->program;
  switch (program->seen)
    {
    case KT_SEEN_CONTAINER:
      return g_strdup_printf ("container %s", program->name);
    case KT_SEEN_COMPOSE:
      return g_strdup_printf ("service %s of %s", program->name, program->files != NULL ? program->files[0] : "its compose file");
    case KT_SEEN_API:
      return g_strdup (program->name);
    case KT_SEEN_UNIT:
      return g_strdup_printf ("unit %s", program->name);
    default:
      return program->unit != NULL ? g_strdup_printf ("unit %s (process %" G_GINT64_FORMAT ")", program->unit, program->pid)
                                   : g_strdup_printf ("process %" G_GINT64_FORMAT, program->pid);
    }
}

/* --- joining ------------------------------------------------------------------------------------------------------ */

static KtIndexer *
find_container_of (const GPtrArray *all, const KtProgram *service)
{
  for (guint i = 0; i < all->len; i++)
    {
      KtIndexer *indexer = all->pdata[i];
      const KtProgram *program = indexer->program;
      if (program->seen == KT_SEEN_CONTAINER && g_strcmp0 (program->service, service->service) == 0
          && g_strcmp0 (program->project, service->project) == 0 && service->project != NULL)
        return indexer;
    }
  return NULL;
}

static int
compare_kinds (gconstpointer a, gconstpointer b)
{
  const KtIndexer *one = *(KtIndexer *const *) a, *other = *(KtIndexer *const *) b;
  if (one->program->kind != other->program->kind)
    return (int) one->program->kind - (int) other->program->kind;
  return g_strcmp0 (one->program->name, other->program->name);
}

KtIndexers *
kt_indexers_new (GPtrArray *programs)
{
  KtIndexers *indexers = g_new0 (KtIndexers, 1);
  indexers->all = g_ptr_array_new_with_free_func (indexer_free);
  indexers->notes = g_ptr_array_new_with_free_func (g_free);
  /* Containers first: a service of a compose file is one of them, or one that was never started. */
  for (guint declared = 0; declared < 2; declared++)
    for (guint i = 0; i < programs->len; i++)
      {
        KtProgram *program = programs->pdata[i];
        if ((program->seen == KT_SEEN_COMPOSE) != (declared == 1))
          continue;
        KtIndexer *container = declared ? find_container_of (indexers->all, program) : NULL;
        if (container != NULL)
          {
            kt_program_free (container->declared);
            container->declared = program;
            continue;
          }
        KtIndexer *indexer = g_new0 (KtIndexer, 1);
        indexer->program = program;
        indexer->versions = g_ptr_array_new_with_free_func (fact_free);
        kt_indexer_settle (indexer);
        g_ptr_array_add (indexers->all, indexer);
      }
  g_ptr_array_sort (indexers->all, compare_kinds);
  g_ptr_array_set_free_func (programs, NULL);
  g_ptr_array_unref (programs);
  return indexers;
}

/* --- JSON --------------------------------------------------------------------------------------------------------- */

static JsonArray *
versions_json (const GPtrArray *versions)
{
  JsonArray *rows = json_array_new ();
  for (guint i = 0; i < versions->len; i++)
    {
      const KtIndexerFact *fact = versions->pdata[i];
      JsonObject *row = json_object_new ();
      json_object_set_string_member (row, "value", fact->value);
      json_object_set_string_member (row, "source", fact->source);
      json_array_add_object_element (rows, row);
    }
  return rows;
}

static const char *
mapping_name (KtMapping mapping)
{
  return mapping == KT_MAPPING_ADDRESSES ? "addresses_transactions" : mapping == KT_MAPPING_SCRIPTS ? "scripts_transactions" : "none";
}

/* The same members wherever they come from. */
static JsonObject *
settings_json (const KtIndexer *indexer)
{
  JsonObject *object = json_object_new ();
  const KtArguments *arguments = &indexer->arguments;
  const KtIndexerStatus *status = indexer->status;
  if (arguments->given != NULL)
    {
      g_autofree char *retention = arguments->retention_ms >= 0 ? kt_humantime_format (arguments->retention_ms) : NULL;
      json_object_set_string_member (object, "source", "its command line");
      kt_json_set_string (object, "disable", g_hash_table_lookup (arguments->given, "disable"));
      kt_json_set_string (object, "exclude_fields", g_hash_table_lookup (arguments->given, "exclude-fields"));
      kt_json_set_string (object, "prune_cron", arguments->prune_cron);
      kt_json_set_string (object, "retention", retention);
      json_object_set_string_member (object, "mapping", mapping_name (kt_features_mapping (&arguments->features)));
      json_object_set_boolean_member (object, "upgrade_db", arguments->upgrade_db);
    }
  else if (status != NULL && status->settings_known)
    {
      json_object_set_string_member (object, "source", "its API");
      kt_json_set_string (object, "disable", status->disabled);
      kt_json_set_string (object, "exclude_fields", status->excluded);
      kt_json_set_string (object, "prune_cron", status->prune_cron);
      kt_json_set_string (object, "retention", status->retention);
      json_object_set_string_member (object, "mapping", mapping_name (kt_features_mapping (&status->features)));
    }
  return object;
}

static void
set_status (JsonObject *object, const KtIndexerStatus *status)
{
  if (status == NULL)
    return;
  kt_json_set_string (object, "api_error", status->why_not);
  kt_json_set_string (object, "status", status->status);
  if (status->lag_s >= 0)
    json_object_set_int_member (object, "lag_s", status->lag_s);
  if (status->uptime_ms >= 0)
    json_object_set_int_member (object, "uptime_ms", status->uptime_ms);
  kt_json_set_string (object, "node_version", status->node_version);
  kt_json_set_string (object, "network", status->network);
  if (status->node_synced >= 0)
    json_object_set_boolean_member (object, "node_synced", status->node_synced);
  kt_json_set_string (object, "writes_database", status->database);
}

static void
set_container (JsonObject *object, const KtProgram *program)
{
  kt_json_set_string (object, "image", program->image);
  kt_json_set_string (object, "image_id", program->image_id);
  kt_json_set_string (object, "state", program->state);
  if (program->seen == KT_SEEN_CONTAINER)
    json_object_set_int_member (object, "restarts", program->restarts);
  if (program->memory_limit > 0)
    json_object_set_int_member (object, "memory_limit_bytes", program->memory_limit);
  if (program->cpus > 0)
    json_object_set_double_member (object, "cpus", program->cpus);
  kt_json_set_string (object, "project", program->project);
  kt_json_set_string (object, "service", program->service);
  kt_json_set_strings (object, "compose_files", (const char *const *) program->files);
}

static JsonObject *
indexer_json (const KtIndexer *indexer)
{
  const KtProgram *program = indexer->program;
  JsonObject *object = json_object_new ();
  g_autofree char *place = kt_indexer_place (indexer);
  g_auto (GStrv) words = program->words != NULL ? kt_words_masked ((const char *const *) program->words) : NULL;
  kt_json_set_string (object, "kind", kt_program_kind_name (program->kind));
  kt_json_set_string (object, "place", place);
  json_object_set_boolean_member (object, "runs", program->runs);
  if (indexer->release != NULL)
    {
      kt_json_set_string (object, "release", indexer->release->tag);
      json_object_set_int_member (object, "schema", indexer->release->schema);
    }
  json_object_set_array_member (object, "versions", versions_json (indexer->versions));
  set_container (object, program);
  kt_json_set_string (object, "unit", program->unit);
  if (program->pid > 0)
    json_object_set_int_member (object, "pid", program->pid);
  kt_json_set_strings (object, "arguments", (const char *const *) words);
  if (program->kind == KT_PROGRAM_INDEXER)
    json_object_set_object_member (object, "settings", settings_json (indexer));
  kt_json_set_string (object, "api", program->api);
  set_status (object, indexer->status);
  return object;
}

static JsonObject *
database_json (const KtIndexerDatabase *database)
{
  JsonObject *object = json_object_new ();
  g_autofree char *leftovers = kt_indexer_database_leftovers (database);
  guint stamp = kt_indexer_database_stamp (database), layout = kt_indexer_database_layout (database);
  kt_json_set_string (object, "name", database->name);
  if (stamp > 0)
    json_object_set_int_member (object, "schema_version", stamp);
  if (layout > 0)
    json_object_set_int_member (object, "schema_of_tables", layout);
  kt_json_set_string (object, "leftovers", leftovers);
  json_object_set_boolean_member (object, "migrating", database->migrating);
  json_object_set_string_member (object, "mapping", mapping_name (kt_indexer_database_mapping (database, NULL)));
  json_object_set_boolean_member (object, "k_indexer", kt_indexer_database_has_k (database));
  if (database->newest_ms > 0)
    json_object_set_int_member (object, "newest_transaction_ms", database->newest_ms);
  if (database->rate >= 0)
    json_object_set_double_member (object, "transactions_per_s", database->rate);
  JsonArray *tables = json_array_new ();
  for (guint i = 0; i < database->objects->len; i++)
    {
      const KtIndexerObject *table = database->objects->pdata[i];
      JsonObject *row = json_object_new ();
      if (!table->table)
        {
          json_object_unref (row);
          continue;
        }
      kt_json_set_string (row, "name", table->name);
      if (table->filled >= 0)
        json_object_set_boolean_member (row, "has_rows", table->filled);
      if (table->rows >= 0)
        json_object_set_double_member (row, "rows", table->rows);
      json_object_set_int_member (row, "heap_bytes", table->heap_bytes);
      json_array_add_object_element (tables, row);
    }
  json_object_set_array_member (object, "tables", tables);
  return object;
}

JsonObject *
kt_indexers_to_json (const KtIndexers *indexers)
{
  JsonObject *object = json_object_new ();
  JsonArray *all = json_array_new (), *notes = json_array_new ();
  for (guint i = 0; i < indexers->all->len; i++)
    json_array_add_object_element (all, indexer_json (indexers->all->pdata[i]));
  for (guint i = 0; i < indexers->notes->len; i++)
    json_array_add_string_element (notes, indexers->notes->pdata[i]);
  json_object_set_array_member (object, "indexers", all);
  if (indexers->database != NULL)
    json_object_set_object_member (object, "database", database_json (indexers->database));
  json_object_set_array_member (object, "notes", notes);
  return object;
}
