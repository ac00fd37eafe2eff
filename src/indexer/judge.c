/* SPDX-License-Identifier: MIT
 *
 * What runs against what it should be: image, API, command line, compose files and database of each indexer. Pure.
 */
#include "indexer/indexer.h"

#include "indexer/check.h"

#include <string.h>

#define API_CONNECTIONS 60 /* of kaspa-rest-server: 4 workers with 15 each */
#define MANY_RESTARTS 3
#define EXIT_REJECTED 2
#define EXIT_PANIC 134
#define LAG_WARNING_S 600

typedef struct {
  const KtIndexers *all;
  const KtIndexer *indexer;
  const KtProgram *program;
  const char *place;
  GPtrArray *findings;
} Case;

#define SAY(case, severity, remedy, format, ...) \
  kt_findings_add ((case)->findings, KT_SEVERITY_##severity, (case)->place, remedy, "%s: " format, (case)->program->name, ##__VA_ARGS__)

/* --- release ------------------------------------------------------------------------------------------------------ */

static gboolean
is_floating (const char *tag)
{
  return tag != NULL && kt_release_of_version (tag) == NULL;
}

/* Two that name different releases; what names none (latest, a branch) says nothing. */
static void
versions_agree (const Case *c)
{
  const KtIndexerFact *first = NULL;
  const KtReleaseRow *release = NULL;
  for (guint i = 0; i < c->indexer->versions->len; i++)
    {
      const KtIndexerFact *fact = c->indexer->versions->pdata[i];
      const KtReleaseRow *row = kt_release_of_version (fact->value);
      if (row == NULL)
        continue;
      if (release != NULL && row != release)
        SAY (c, WARNING,
             g_str_equal (fact->source, "its --version") ? "its file was replaced since it started: restart it"
                                                          : "pull the image again and create the container anew, or build it from that release",
             "%s says that it is %s, but %s says %s", first->source, first->value, fact->source, fact->value);
      if (release == NULL)
        {
          release = row;
          first = fact;
        }
    }
}

static void
tag_is_fixed (const Case *c)
{
  g_autofree char *tag = c->program->image != NULL ? kt_image_tag (c->program->image) : NULL;
  if (!is_floating (tag))
    return;
  const KtReleaseRow *row = c->indexer->release != NULL ? c->indexer->release : kt_release_newest_stable ();
  g_autofree char *remedy = g_strdup_printf ("image: supertypo/simply-kaspa-indexer:%s", row->tag);
  SAY (c, WARNING, remedy, "its image is named %s, which means another release after any pull, and with it another schema and other options", tag);
}

static void
release_is_known (const Case *c)
{
  const KtReleaseRow *row = c->indexer->release, *newest = kt_release_newest_stable ();
  if (row == NULL)
    {
      SAY (c, NOTE, "name the release in the image's tag; kastune indexer releases lists them", "which release it is cannot be told, so its options were not checked");
      return;
    }
  if (strcmp (row->date, newest->date) < 0)
    SAY (c, NOTE, "kastune indexer releases", "%s of %s is not the newest: %s of %s is", row->tag, row->date, newest->tag, newest->date);
}

/* --- command line ------------------------------------------------------------------------------------------------- */

static void
options_are_taken (const Case *c)
{
  if (c->indexer->rejected)
    SAY (c, REFUSE, "kastune indexer configure says them in the words of the release",
         "%s does not start with its options (exit status 2)%s: %s", c->indexer->release->tag,
         c->program->seen == KT_SEEN_CONTAINER ? " and is started again for ever" : "", c->indexer->why_rejected);
}

/* One that runs, or that files say should. */
static gboolean
is_near (const KtIndexers *all, KtProgramKind kind)
{
  for (guint i = 0; i < all->all->len; i++)
    if (((KtIndexer *) all->all->pdata[i])->program->kind == kind)
      return TRUE;
  return FALSE;
}

static gboolean
is_k_near (const KtIndexers *all)
{
  return is_near (all, KT_PROGRAM_K_PROCESSOR) || (all->database != NULL && kt_indexer_database_has_k (all->database));
}

static void
options_do_what_is_meant (const Case *c)
{
  const KtIndexerDatabase *database = c->all->database;
  if (c->indexer->arguments.given == NULL)
    return;
  KtIndexerUse use = { .release = c->indexer->release, .arguments = &c->indexer->arguments,
                       .container = c->program->publishes,
                       .feeds_k_indexer = is_k_near (c->all),
                       .api_connections = is_near (c->all, KT_PROGRAM_REST) ? API_CONNECTIONS : 0,
                       .max_connections = database != NULL ? database->max_connections : -1,
                       .reserved_connections = database != NULL ? database->reserved_connections : 0 };
  g_autoptr (GPtrArray) found = kt_findings_new ();
  kt_indexer_check (&use, found);
  for (guint i = 0; i < found->len; i++)
    {
      const KtFinding *finding = found->pdata[i];
      /* The node is judged by what it says of itself, where that is known. */
      if (g_strcmp0 (finding->parameter, "R20") != 0)
        kt_findings_add (c->findings, finding->severity, c->place, finding->remedy, "%s: %s%s%s", c->program->name,
                         finding->parameter != NULL ? finding->parameter : "", finding->parameter != NULL ? ": " : "", finding->sentence);
    }
}

/* --- container and compose files ---------------------------------------------------------------------------------- */

static void
container_stays_up (const Case *c)
{
  gboolean restarting = g_strcmp0 (c->program->state, "restarting") == 0;
  if (c->program->seen != KT_SEEN_CONTAINER || (!restarting && c->program->restarts < MANY_RESTARTS && c->program->runs))
    return;
  const char *why = c->program->exit_status == EXIT_REJECTED ? ": it rejects its options"
                    : c->program->exit_status == EXIT_PANIC  ? ": it panics, which an older or newer schema without -u and a lost server do"
                                                             : "";
  g_autofree char *remedy = g_strdup_printf ("docker logs --tail 50 %s", c->program->name);
  if (!c->program->runs && !restarting)
    SAY (c, WARNING, remedy, "it does not run (%s, exit status %d)%s", c->program->state, c->program->exit_status, why);
  else
    SAY (c, WARNING, remedy, "it was started again %u times; the last exit status was %d%s", c->program->restarts, c->program->exit_status, why);
}

static gboolean
same_words (GStrv one, GStrv other)
{
  return one == NULL || other == NULL || g_strv_equal ((const char *const *) one, (const char *const *) other);
}

static void
files_are_carried_out (const Case *c)
{
  const KtProgram *wanted = c->indexer->declared;
  if (wanted == NULL)
    return;
  gboolean image = g_strcmp0 (wanted->image, c->program->image) != 0, words = !same_words (wanted->words, c->program->words);
  if (!image && !words)
    return;
  g_autofree char *what = image ? g_strdup_printf ("image %s instead of %s", wanted->image, c->program->image) : g_strdup ("other options");
  g_autofree char *remedy = g_strdup_printf ("docker compose up -d %s carries the files out", c->program->service);
  SAY (c, NOTE, remedy, "its compose files were changed since it was created: they say %s", what);
}

/* --- what it says of itself --------------------------------------------------------------------------------------- */

static void
api_is_content (const Case *c)
{
  const KtIndexerStatus *status = c->indexer->status;
  if (status == NULL)
    return;
  if (!status->answered)
    {
      SAY (c, NOTE, "it answers once the database and the node do, and no migration runs", "its API at %s was not reached: %s", c->program->api,
           status->why_not);
      return;
    }
  for (guint i = 0; i < status->troubles->len; i++)
    SAY (c, WARNING, NULL, "it says: %s", (const char *) status->troubles->pdata[i]);
  if (status->lag_s >= LAG_WARNING_S)
    SAY (c, NOTE, "kastune advise --phase initial", "it is %" G_GINT64_FORMAT " minutes behind the node", status->lag_s / 60);
}

/* Numbers of "1.1.0-rc.1" up to what is none; -1, 0, 1. */
static int
compare_versions (const char *one, const char *other)
{
  for (guint i = 0; i < 3; i++)
    {
      char *one_end = NULL, *other_end = NULL;
      guint64 a = g_ascii_strtoull (one, &one_end, 10), b = g_ascii_strtoull (other, &other_end, 10);
      if (a != b)
        return a < b ? -1 : 1;
      one = *one_end == '.' ? one_end + 1 : one_end;
      other = *other_end == '.' ? other_end + 1 : other_end;
    }
  return 0;
}

static void
node_is_new_enough (const Case *c)
{
  const KtReleaseRow *row = c->indexer->release;
  const char *node = c->indexer->status != NULL ? c->indexer->status->node_version : NULL;
  if (row == NULL || row->node == NULL || node == NULL)
    return;
  if (compare_versions (node + (*node == 'v'), row->node + 1) < 0)
    SAY (c, WARNING, "upgrade the node first", "R20: its node is kaspad %s, and %s needs %s or newer: the virtual chain fails every few seconds", node,
         row->tag, row->node);
}

/* --- database ----------------------------------------------------------------------------------------------------- */

static void
schema_fits (const Case *c)
{
  const KtReleaseRow *row = c->indexer->release;
  guint stamp = c->all->database != NULL ? kt_indexer_database_stamp (c->all->database) : 0;
  if (row == NULL || stamp == 0 || stamp == row->schema)
    return;
  g_autofree char *cannot = kt_release_cannot_migrate (row, stamp);
  gboolean upgrades = c->indexer->arguments.given != NULL && c->indexer->arguments.upgrade_db;
  if (stamp > row->schema)
    SAY (c, REFUSE, "take a release of that schema; there is no way back but a backup",
         "%s knows schema %u and refuses this database of schema %u at its next start", row->tag, row->schema, stamp);
  else if (c->all->database->migrating)
    SAY (c, NOTE, "wait for it; do not stop it", "it is bringing the database from schema %u to %u", stamp, row->schema);
  else if (cannot != NULL)
    SAY (c, REFUSE, "kastune indexer releases says what each can migrate", "the database has schema %u: %s", stamp, cannot);
  else if (upgrades)
    SAY (c, WARNING, "make a backup first: kastune backup create", "the database has schema %u: at its next start %s rewrites it to %u, with no way back",
         stamp, row->tag, row->schema);
  else
    SAY (c, REFUSE, "make a backup, then start it with --upgrade-db; or go back to the release of that schema",
         "the database has schema %u, and %s wants %u: without --upgrade-db it panics at every start", stamp, row->tag, row->schema);
}

static void
database_is_the_one (const Case *c)
{
  const char *written = c->indexer->status != NULL ? c->indexer->status->database : NULL;
  if (written != NULL && c->all->database != NULL && g_strcmp0 (written, c->all->database->name) != 0)
    SAY (c, NOTE, "name its database: --dsn 'dbname=…'", "it writes into the database %s; what is said of the database here is of %s", written,
         c->all->database->name);
}

static void
mapping_is_written (const Case *c)
{
  gboolean both = FALSE;
  if (c->all->database == NULL || c->indexer->arguments.given == NULL || !c->program->runs)
    return;
  KtMapping wanted = kt_features_mapping (&c->indexer->arguments.features);
  KtMapping filled = kt_indexer_database_mapping (c->all->database, &both);
  if (!both && wanted != KT_MAPPING_NONE && filled != KT_MAPPING_NONE && wanted != filled)
    SAY (c, WARNING, "histories before the switch are missing: fill the table from the old one, or switch back",
         "it maps by %s, but all rows are in %s", wanted == KT_MAPPING_SCRIPTS ? "script" : "address",
         filled == KT_MAPPING_SCRIPTS ? "scripts_transactions" : "addresses_transactions");
}

static gboolean
prunes_by_mapping_time (const KtIndexer *indexer)
{
  const KtArguments *arguments = &indexer->arguments;
  KtPruneRules rules;
  if (arguments->given == NULL || arguments->prune_cron == NULL)
    return FALSE;
  kt_arguments_prune_rules (arguments, &rules);
  return rules.retention_ms[KT_RETENTION_ADDRESSES_TRANSACTIONS] >= 0;
}

static void
pruning_has_its_index (const Case *c)
{
  static const char *const names[] = { [KT_MAPPING_ADDRESSES] = "addresses_transactions", [KT_MAPPING_SCRIPTS] = "scripts_transactions" };
  if (c->all->database == NULL || !prunes_by_mapping_time (c->indexer))
    return;
  KtMapping mapping = kt_features_mapping (&c->indexer->arguments.features);
  const KtIndexerObject *table = mapping != KT_MAPPING_NONE ? kt_indexer_database_table (c->all->database, names[mapping]) : NULL;
  if (table == NULL || kt_indexer_object_is_indexed (table, "block_time"))
    return;
  g_autofree char *remedy = g_strdup_printf ("CREATE INDEX CONCURRENTLY ON %s (block_time DESC)", table->name);
  SAY (c, WARNING, remedy, "it prunes %s by time, which has no index: each 100,000 rows cost a scan of the whole table", table->name);
}

/* --- others ------------------------------------------------------------------------------------------------------- */

/* Which schema the releases of kaspa-rest-server read. */
static const struct {
  const char *from;
  guint low, high;
} rest_releases[] = { { "2.1.0", 21, 21 }, { "2.0.0", 20, 20 }, { "0.0.0", 1, 10 } };

static void
rest_reads_the_schema (const Case *c)
{
  g_autofree char *tag = c->program->image != NULL ? kt_image_tag (c->program->image) : NULL;
  guint stamp = c->all->database != NULL ? kt_indexer_database_stamp (c->all->database) : 0;
  const char *number = tag != NULL ? tag + (*tag == 'v') : "";
  if (!g_ascii_isdigit (*number) || stamp == 0)
    return;
  for (gsize i = 0; i < G_N_ELEMENTS (rest_releases); i++)
    {
      if (compare_versions (number, rest_releases[i].from) < 0)
        continue;
      if (stamp < rest_releases[i].low || stamp > rest_releases[i].high)
        SAY (c, WARNING, "upgrade the indexer and its API server together", "kaspa-rest-server %s reads schema %u, and the database has %u", tag,
             rest_releases[i].high, stamp);
      return;
    }
}

static void
kasia_is_none_of_it (const Case *c)
{
  SAY (c, NOTE, NULL, "Kasia's indexer keeps its data in a store of its own, not in PostgreSQL: nothing that kastune tunes there reaches it");
}

static void
processor_hears (const Case *c)
{
  if (!is_near (c->all, KT_PROGRAM_INDEXER))
    SAY (c, WARNING, "start simply-kaspa-indexer on the same database: kastune indexer features k-social",
         "no indexer that would feed it is on this machine: it is told of transactions by the table that simply-kaspa-indexer fills");
}

static void
webserver_has_a_processor (const Case *c)
{
  if (!is_near (c->all, KT_PROGRAM_K_PROCESSOR))
    SAY (c, WARNING, "run K-transaction-processor on its database", "no K-transaction-processor is on this machine: nothing fills what K-webserver shows");
}

static void
only_one_writes (const KtIndexers *all, GPtrArray *findings)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  for (guint i = 0; i < all->all->len; i++)
    {
      const KtIndexer *indexer = all->all->pdata[i];
      g_autofree char *url = kt_indexer_runs (indexer, KT_PROGRAM_INDEXER)
                               ? kt_arguments_find ((const char *const *) indexer->program->words, "database-url") : NULL;
      g_autofree char *place = kt_indexer_place (indexer);
      if (url == NULL)
        continue;
      const char *other = g_hash_table_lookup (seen, url);
      if (other != NULL)
        kt_findings_add (findings, KT_SEVERITY_WARNING, place, "stop one of them", "%s: it writes into the same database as %s: both do all the work", indexer->program->name, other);
      else
        g_hash_table_insert (seen, g_strdup (url), g_strdup (place));
    }
}

static const struct {
  KtProgramKind kind;
  void (*judge) (const Case *);
} rules[] = {
  { KT_PROGRAM_INDEXER, container_stays_up },    { KT_PROGRAM_INDEXER, options_are_taken },
  { KT_PROGRAM_INDEXER, schema_fits },           { KT_PROGRAM_INDEXER, versions_agree },
  { KT_PROGRAM_INDEXER, tag_is_fixed },          { KT_PROGRAM_INDEXER, options_do_what_is_meant },
  { KT_PROGRAM_INDEXER, node_is_new_enough },    { KT_PROGRAM_INDEXER, api_is_content },
  { KT_PROGRAM_INDEXER, files_are_carried_out }, { KT_PROGRAM_INDEXER, mapping_is_written },
  { KT_PROGRAM_INDEXER, pruning_has_its_index }, { KT_PROGRAM_INDEXER, database_is_the_one },
  { KT_PROGRAM_INDEXER, release_is_known },      { KT_PROGRAM_K_PROCESSOR, container_stays_up },
  { KT_PROGRAM_K_PROCESSOR, processor_hears },   { KT_PROGRAM_K_WEBSERVER, webserver_has_a_processor },
  { KT_PROGRAM_REST, rest_reads_the_schema },    { KT_PROGRAM_KASIA, kasia_is_none_of_it },
};

void
kt_indexers_judge (const KtIndexers *indexers, GPtrArray *findings)
{
  for (guint i = 0; i < indexers->all->len; i++)
    {
      const KtIndexer *indexer = indexers->all->pdata[i];
      g_autofree char *place = kt_indexer_place (indexer);
      const Case c = { indexers, indexer, indexer->program, place, findings };
      for (gsize k = 0; k < G_N_ELEMENTS (rules); k++)
        if (rules[k].kind == indexer->program->kind)
          rules[k].judge (&c);
    }
  only_one_writes (indexers, findings);
  if (indexers->database != NULL)
    kt_indexer_database_judge (indexers, findings);
}
