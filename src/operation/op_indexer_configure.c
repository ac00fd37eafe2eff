/* SPDX-License-Identifier: MIT
 *
 * indexer configure: what an indexer stores, changed where it is started: in a compose file of kastune's own that is laid over the
 * user's, as a change set. For what no compose file starts, the new command line is shown.
 */
#include "operation/handlers.h"

#include "base/error.h"
#include "base/file.h"
#include "bench/footprint.h"
#include "indexer/check.h"
#include "indexer/dropin.h"
#include "indexer/steps.h"
#include "indexer/translate.h"
#include "operation/change_parts.h"
#include "operation/indexer_parts.h"
#include "postgres/control.h"

#include <math.h>

#define DAY_S 86400.0

typedef struct {
  KtIndexers *indexers;
  const KtIndexer *indexer;
  const KtReleaseRow *release;
  KtChoice choice;
  const char *unit;   /* of systemd, whose files can be laid over; NULL: none */
  gboolean set_image; /* its tag names a release, or the latest: others are of somebody's own */
  GStrv files;      /* of the project, without kastune's own; NULL: no compose files */
  char *file;       /* kastune's own */
  KtOverride *override;
  GStrv after;      /* the new options, for whoever only shows them */
  GPtrArray *notes, *findings;
} Configure;

static void
configure_clear (Configure *c)
{
  g_clear_pointer (&c->indexers, kt_indexers_free);
  g_strfreev (c->files);
  g_free (c->file);
  g_clear_pointer (&c->override, kt_override_free);
  g_strfreev (c->after);
  g_clear_pointer (&c->notes, g_ptr_array_unref);
  g_clear_pointer (&c->findings, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Configure, configure_clear)

/* --- which one, and to what --------------------------------------------------------------------------------------- */

/* Where files are named, only theirs. */
static gboolean
is_meant (const KtProgram *program, const char *name, char *const *files)
{
  if (*files != NULL && (program->files == NULL || !g_strv_contains ((const char *const *) program->files, *files)))
    return FALSE;
  g_autofree char *pid = g_strdup_printf ("%" G_GINT64_FORMAT, program->pid);
  return name == NULL || g_strcmp0 (program->service, name) == 0 || g_strcmp0 (program->name, name) == 0 || g_strcmp0 (program->unit, name) == 0
         || (program->pid > 0 && g_str_equal (pid, name));
}

static gboolean
choose (Configure *c, JsonObject *args, GError **error)
{
  const char *name = kt_json_string (args, "service", NULL);
  g_auto (GStrv) files = kt_indexer_files (args);
  g_autoptr (GString) found = g_string_new (NULL);
  guint n = 0;
  for (guint i = 0; i < c->indexers->all->len; i++)
    {
      const KtIndexer *indexer = c->indexers->all->pdata[i];
      g_autofree char *place = kt_indexer_place (indexer);
      if (indexer->program->kind != KT_PROGRAM_INDEXER || !is_meant (indexer->program, name, files))
        continue;
      c->indexer = indexer;
      n++;
      g_string_append_printf (found, "%s%s", found->len > 0 ? ", " : "", place);
    }
  if (n == 1)
    return TRUE;
  kt_error_set (error, n == 0 ? KT_ERROR_NOT_FOUND : KT_ERROR_USAGE, n > 1 ? found->str : NULL, "kastune indexer show, then --service NAME",
                n == 0 ? "there is no such simply-kaspa-indexer" : "it is not clear which indexer is meant");
  return FALSE;
}

static gboolean
choose_release (Configure *c, const char *tag, GError **error)
{
  const KtReleaseRow *now = c->indexer->release;
  c->release = tag != NULL ? kt_release_row (tag) : now;
  if (c->release == NULL)
    kt_error_set (error, KT_ERROR_USAGE, NULL, "name it: --release v2.3.0 (kastune indexer releases)", tag != NULL ? "there is no release %s" : "which release it is cannot be told%s",
                  tag != NULL ? tag : "");
  else if (c->release->flags == KT_N_RELEASES)
    {
      kt_error_set (error, KT_ERROR_UNSUPPORTED, NULL, "take one from v1.6.0 on (of v2.1, v2.1.1 on)", "the command line of %s is not known well enough", c->release->tag);
      return FALSE;
    }
  g_autofree char *image_tag = c->indexer->program->image != NULL ? kt_image_tag (c->indexer->program->image) : NULL;
  c->set_image = image_tag != NULL && (g_str_equal (image_tag, "latest") || kt_release_row (image_tag) != NULL);
  return c->release != NULL;
}

/* Another schema is an upgrade of the database, with no way back: not by the way. */
static gboolean
keeps_schema (const Configure *c, GError **error)
{
  const KtReleaseRow *now = c->indexer->release;
  guint stamp = c->indexers->database != NULL ? kt_indexer_database_stamp (c->indexers->database) : 0;
  if (stamp == 0 && now == NULL && c->indexer->program->seen == KT_SEEN_CONTAINER)
    {
      kt_error_set (error, KT_ERROR_REFUSED, NULL, "name its database: --dsn 'host=… dbname=…'",
                    "neither the release that runs nor the schema of its database can be told, so %s might upgrade it, which only a backup takes back", c->release->tag);
      return FALSE;
    }
  guint schema = stamp > 0 ? stamp : now != NULL && c->indexer->program->seen == KT_SEEN_CONTAINER ? now->schema : c->release->schema;
  if (schema == c->release->schema)
    return TRUE;
  kt_error_set (error, KT_ERROR_REFUSED, NULL, "take a release of that schema with --release (kastune indexer releases)",
                "%s has schema %u and the database %u: that is an upgrade, which only a backup takes back", c->release->tag, c->release->schema, schema);
  return FALSE;
}

/* --- what it will be ---------------------------------------------------------------------------------------------- */

/* Not somebody's own under that name, and not what kastune wrote for another service. */
static gboolean
is_free (const Configure *c, GError **error)
{
  g_autofree char *text = NULL;
  const char *service = c->indexer->program->service;
  if (!g_file_test (c->file, G_FILE_TEST_EXISTS) && !g_file_test (c->file, G_FILE_TEST_IS_SYMLINK))
    return TRUE;
  if (g_file_test (c->file, G_FILE_TEST_EXISTS) && !kt_file_read (c->file, &text, NULL, error))
    return FALSE;
  if (text != NULL && kt_override_is_of (text, service))
    return TRUE;
  g_autofree char *folder = g_path_get_dirname (c->file), *name = g_strdup_printf ("compose.kastune-%s.yaml", service);
  g_autofree char *hint = g_strdup_printf ("--file %s/%s", folder, name);
  kt_error_set (error, KT_ERROR_REFUSED, NULL, hint, "%s is there, and kastune did not write it for service %s", c->file, service);
  return FALSE;
}

static gboolean
find_files (Configure *c, JsonObject *args, GError **error)
{
  const KtProgram *program = c->indexer->program;
  const char *named = kt_json_string (args, "file", NULL);
  if (program->files == NULL)
    return TRUE;
  g_autofree char *folder = g_path_get_dirname (program->files[0]);
  c->file = named != NULL ? g_canonicalize_filename (named, NULL) : g_build_filename (folder, KT_OVERRIDE_NAME, NULL);
  g_autoptr (GStrvBuilder) files = g_strv_builder_new ();
  guint n = 0;
  for (char **path = program->files; *path != NULL; path++)
    if (!g_str_equal (*path, c->file))
      {
        g_strv_builder_add (files, *path);
        n++;
      }
  c->files = g_strv_builder_end (files);
  if (n > 0)
    return is_free (c, error);
  kt_error_set (error, KT_ERROR_USAGE, NULL, "choose another name with --file", "%s is the project's only compose file", c->file);
  return FALSE;
}

static KtComposeProject
project_of (const Configure *c)
{
  const KtProgram *program = c->indexer->program;
  return (KtComposeProject){ .files = (const char *const *) c->files, .project = program->project, .directory = program->directory,
                             .env_files = (const char *const *) program->env_files };
}

static gboolean
make_override (Configure *c, GError **error)
{
  KtComposeProject project = project_of (c);
  KtOverrideWish wish = { .service = c->indexer->program->service, .release = c->release, .set_image = c->set_image, .choice = c->choice };
  g_autoptr (KtCompose) compose = kt_compose_find (error);
  g_autoptr (JsonNode) filled = compose != NULL ? kt_compose_config (compose, &project, FALSE, error) : NULL;
  g_autoptr (JsonNode) written = filled != NULL ? kt_compose_config (compose, &project, TRUE, error) : NULL;
  c->override = written != NULL ? kt_override_new (&wish, filled, written, error) : NULL;
  if (c->override == NULL)
    return FALSE;
  c->after = g_strdupv (c->override->after);
  c->notes = g_ptr_array_ref (c->override->notes);
  return TRUE;
}

/* Where the process has a unit that starts it by its own ExecStart; else *made stays FALSE. */
static gboolean
make_dropin (Configure *c, gboolean *made, GError **error)
{
  const KtProgram *program = c->indexer->program;
  struct stat like = { 0 };
  *made = FALSE;
  if (program->unit == NULL || !kt_control_systemd_runs ())
    return TRUE;
  c->file = g_strdup_printf ("%s/%s.d/%s", KT_UNIT_FOLDER, program->unit, KT_DROPIN_NAME);
  g_autoptr (GError) local = NULL;
  g_autofree char *exec = kt_unit_exec_without (program->unit, c->file, &like, &local);
  g_autoptr (KtProgram) started = exec != NULL ? kt_program_of_unit (program->unit, exec) : NULL;
  if (started == NULL || started->kind != KT_PROGRAM_INDEXER)
    {
      /* Of a user's own manager, or what started it is another unit, perhaps one that only root may read: only its words are known. */
      g_clear_pointer (&c->file, g_free);
      if (local == NULL || g_error_matches (local, KT_ERROR, KT_ERROR_UNSUPPORTED) || g_error_matches (local, KT_ERROR, KT_ERROR_PRIVILEGE))
        return TRUE;
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  if (c->indexer->release != NULL && c->indexer->release->flags != c->release->flags)
    {
      kt_error_set (error, KT_ERROR_REFUSED, NULL, "install that release first, then configure", "unit %s runs %s, which does not take the options of %s",
                    program->unit, c->indexer->release->tag, c->release->tag);
      return FALSE;
    }
  KtOverrideWish wish = { .service = program->unit, .release = c->release, .choice = c->choice };
  c->override = kt_dropin_new (&wish, exec, error);
  if (c->override == NULL)
    return FALSE;
  c->unit = program->unit;
  c->after = g_strdupv (c->override->after);
  c->notes = g_ptr_array_ref (c->override->notes);
  *made = TRUE;
  return TRUE;
}

static gboolean
make_words (Configure *c, GError **error)
{
  if (c->indexer->program->words == NULL)
    {
      kt_error_set (error, KT_ERROR_UNSUPPORTED, NULL, "kastune indexer features writes options for a use", "its command line is not known");
      return FALSE;
    }
  c->notes = g_ptr_array_new_with_free_func (g_free);
  c->after = kt_translate ((const char *const *) c->indexer->program->words, c->release->flags, c->notes);
  if (!kt_choice_is_empty (&c->choice))
    {
      GStrv stored = kt_choice_apply (&c->choice, c->release, (const char *const *) c->after, c->notes, error);
      if (stored == NULL)
        return FALSE;
      g_strfreev (c->after);
      c->after = stored;
    }
  return TRUE;
}

static gboolean
make (Configure *c, GError **error)
{
  gboolean made = FALSE;
  if (c->files != NULL)
    return make_override (c, error);
  return make_dropin (c, &made, error) && (made || make_words (c, error));
}

static gboolean
is_fed (const KtIndexers *indexers)
{
  for (guint i = 0; i < indexers->all->len; i++)
    if (((KtIndexer *) indexers->all->pdata[i])->program->kind == KT_PROGRAM_K_PROCESSOR)
      return TRUE;
  return indexers->database != NULL && kt_indexer_database_has_k (indexers->database);
}

/* What the new options do, and whether the release takes them. */
static gboolean
judge (Configure *c, GError **error)
{
  g_auto (KtArguments) arguments = { 0 };
  c->findings = kt_findings_new ();
  if (!kt_arguments_parse (&arguments, c->release->flags, (const char *const *) c->after, error))
    return FALSE;
  const KtIndexerDatabase *database = c->indexers->database;
  KtIndexerUse use = { .release = c->release, .arguments = &arguments, .container = c->indexer->program->publishes, .feeds_k_indexer = is_fed (c->indexers),
                       .max_connections = database != NULL ? database->max_connections : -1,
                       .reserved_connections = database != NULL ? database->reserved_connections : 0 };
  kt_indexer_check (&use, c->findings);
  if (!kt_findings_refuse (c->findings))
    return TRUE;
  const KtFinding *first = c->findings->pdata[0];
  kt_error_set (error, KT_ERROR_REFUSED, first->sentence, first->remedy, "these options would not do");
  return FALSE;
}

/* --- what it costs ------------------------------------------------------------------------------------------------ */

/* As schema 23 stores it, whichever release it is. */
static void
footprint_of (const char *const *words, double tps, KtFootprint *footprint)
{
  g_autoptr (GPtrArray) notes = g_ptr_array_new_with_free_func (g_free);
  g_auto (GStrv) newest = kt_translate (words, KT_RELEASE_V2_3_0, notes);
  g_auto (KtArguments) arguments = { 0 };
  KtFootprintSpec spec = { .tps = tps, .checkpoint_ms = KT_INDEXER_CHECKPOINT_MS };
  if (kt_arguments_parse (&arguments, KT_RELEASE_V2_3_0, (const char *const *) newest, NULL))
    spec.features = arguments.features;
  kt_footprint (&spec, footprint);
}

static JsonObject *
cost_json (const char *const *words, double tps)
{
  KtFootprint footprint;
  footprint_of (words, tps, &footprint);
  JsonObject *object = json_object_new ();
  json_object_set_double_member (object, "disk_bytes_per_day", round (footprint.disk_per_day));
  json_object_set_double_member (object, "wal_bytes_per_transaction", round (footprint.wal_per_day / (tps * DAY_S)));
  return object;
}

static void
set_words (JsonObject *object, const char *name, GStrv words)
{
  g_auto (GStrv) masked = kt_words_masked ((const char *const *) words);
  kt_json_set_strings (object, name, (const char *const *) masked);
}

static JsonObject *
describe (const Configure *c, JsonObject *args)
{
  JsonObject *shown = json_object_new ();
  double tps = kt_indexer_rate (args);
  g_autofree char *place = kt_indexer_place (c->indexer);
  GStrv before = c->override != NULL ? c->override->before : c->indexer->program->words;
  JsonArray *notes = json_array_new ();
  for (guint i = 0; i < c->notes->len; i++)
    json_array_add_string_element (notes, c->notes->pdata[i]);
  kt_json_set_string (shown, "place", place);
  kt_json_set_string (shown, "release", c->release->tag);
  kt_json_set_string (shown, "use", c->choice.use != NULL ? c->choice.use->name : NULL);
  kt_json_set_string (shown, "loses", c->choice.use != NULL ? c->choice.use->loses : NULL);
  kt_json_set_string (shown, "image", c->override != NULL ? c->override->image : NULL);
  set_words (shown, "options_before", before);
  set_words (shown, "options", c->after);
  json_object_set_array_member (shown, "notes", notes);
  json_object_set_double_member (shown, "transactions_per_s", tps);
  json_object_set_object_member (shown, "before", cost_json ((const char *const *) before, tps));
  json_object_set_object_member (shown, "after", cost_json ((const char *const *) c->after, tps));
  json_object_set_array_member (shown, "findings", kt_findings_to_json (c->findings));
  return shown;
}

/* --- the change --------------------------------------------------------------------------------------------------- */

/* Already written, and the container was made with it. By its whole text: a digest does not see another password. */
static gboolean
is_done (const Configure *c)
{
  g_autofree char *text = NULL;
  if (!g_file_test (c->file, G_FILE_TEST_IS_REGULAR) || !kt_file_read (c->file, &text, NULL, NULL))
    return FALSE;
  if (!g_str_equal (text, c->override->text))
    return FALSE;
  return c->unit != NULL || (g_strv_contains ((const char *const *) c->indexer->program->files, c->file)
                             && c->indexer->program->seen == KT_SEEN_CONTAINER);
}

static char *
title_of (const Configure *c)
{
  return g_strdup_printf ("options of %s%s%s", c->release->tag, c->choice.use != NULL ? " for " : "", c->choice.use != NULL ? c->choice.use->name : "");
}

static KtPlan *
plan_of_unit (const Configure *c, JsonObject *shown)
{
  g_autofree char *name = g_strdup_printf ("unit %s", c->unit);
  g_autofree char *start = g_strdup_printf ("systemctl restart %s", c->unit);
  g_autofree char *title = title_of (c);
  KtPlan *plan = kt_plan_new (title, name, name);
  KtUnitStep step = { .wish = { .service = c->unit, .release = c->release, .choice = c->choice }, .digest = c->override->digest,
                      .up = c->indexer->program->runs };
  if (!is_done (c))
    kt_plan_add (plan, &kt_step_indexer_unit, kt_step_unit_args (&step));
  kt_json_set_string (shown, "unit", c->unit);
  kt_json_set_string (shown, "file", c->file);
  kt_json_set_string (shown, "start", start);
  json_object_set_object_member (shown, "plan", kt_plan_to_json (plan));
  return plan;
}

static KtPlan *
plan_of (const Configure *c, JsonObject *shown)
{
  if (c->unit != NULL)
    return plan_of_unit (c, shown);
  const KtProgram *program = c->indexer->program;
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_strv_builder_addv (builder, (const char **) c->files);
  g_strv_builder_add (builder, c->file);
  g_auto (GStrv) all = g_strv_builder_end (builder);
  KtComposeProject with = project_of (c);
  with.files = (const char *const *) all;
  g_autofree char *start = kt_compose_words (&with, program->service);
  g_autofree char *server = g_strdup_printf ("compose %s %s", program->project, c->files[0]);
  g_autofree char *name = g_strdup_printf ("service %s of %s", program->service, c->files[0]);
  g_autofree char *title = title_of (c);
  KtPlan *plan = kt_plan_new (title, server, name);
  KtComposeStep step = { .wish = { .service = program->service, .release = c->release, .set_image = c->set_image, .choice = c->choice },
                         .project = project_of (c), .file = c->file, .digest = c->override->digest, .up = program->seen == KT_SEEN_CONTAINER };
  if (!is_done (c))
    kt_plan_add (plan, &kt_step_indexer_compose, kt_step_compose_args (&step));
  kt_json_set_string (shown, "file", c->file);
  kt_json_set_string (shown, "start", start);
  json_object_set_object_member (shown, "plan", kt_plan_to_json (plan));
  return plan;
}

static JsonObject *
carry_out (KtOperationContext *context, JsonObject *args, const Configure *c, JsonObject *shown, GError **error)
{
  g_autoptr (KtPlan) plan = plan_of (c, shown);
  if (plan->steps->len == 0)
    return json_object_ref (shown);
  if (!kt_change_may_go_on (context, args, shown, error))
    return json_object_has_member (shown, "dry_run") ? json_object_ref (shown) : NULL;
  g_autoptr (KtState) state = kt_state_open (context->state_directory, error);
  if (state == NULL)
    return NULL;
  gint64 id = 0;
  KtRunner runner = kt_change_runner (context, state);
  if (!kt_change_finish (&runner, context, TRUE, error) || !kt_runner_apply (&runner, plan, &id, error))
    return NULL;
  return kt_change_answer (state, id, shown, error);
}

static gboolean
load (Configure *c, KtOperationContext *context, JsonObject *args, GError **error)
{
  g_autoptr (KtSysroot) root = kt_sysroot_open (NULL, error);
  g_auto (GStrv) files = kt_indexer_files (args);
  c->indexers = root != NULL ? kt_indexers_look (root, (const char *const *) files, error) : NULL;
  return c->indexers != NULL && kt_indexer_load_database (context, args, c->indexers, error);
}

JsonObject *
kt_handle_indexer_configure (KtOperationContext *context, JsonObject *args, GError **error)
{
  g_auto (Configure) c = { 0 };
  if (!kt_indexer_choice (args, "for", &c.choice, error) || !load (&c, context, args, error) || !choose (&c, args, error)
      || !choose_release (&c, kt_json_string (args, "release", NULL), error) || !keeps_schema (&c, error) || !find_files (&c, args, error)
      || !make (&c, error) || !judge (&c, error))
    return NULL;
  g_autoptr (JsonObject) shown = describe (&c, args);
  return c.override != NULL ? carry_out (context, args, &c, shown, error) : json_object_ref (shown);
}
