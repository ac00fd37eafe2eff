/* SPDX-License-Identifier: MIT */
#include "postgres/scratch_container.h"

#include "base/error.h"
#include "docker/throwaway.h"
#include "postgres/guc.h"
#include "postgres/scratch_settings.h"
#include "postgres/scratch_verdict.h"

#include <string.h>

#define DEADLINE_MS 120000
#define CONF KT_THROWAWAY_FOLDER "/scratch.conf"
#define DEFAULT_SEGMENT (16 * 1024 * 1024)

/* Exit statuses of the script; a shell's own for a program that is missing is 127. */
#define STATUS_PROVED 0
#define STATUS_NO_CLUSTER 3
#define STATUS_NOT_PROVED 4
#define STATUS_NO_PROGRAM 127

/* What it says, each on a line of its own. */
#define SAYS_MEMORY "kastune:memory|"
#define SAYS_STATUS "kastune:status "
#define SAYS_PROOF "kastune:proof\n"
#define SAYS_LOG "kastune:log\n"

/* $1: where the programs are, $2: size of a WAL segment in MB. psql ends with 2 when it finds no server. */
static const char script[]
  = "PATH=\"$PATH:$1\" LC_ALL=C\n"
    "export PATH LC_ALL\n"
    "cd " KT_THROWAWAY_FOLDER " || exit 127\n"
    "for program in initdb postgres psql; do\n"
    "  command -v $program >program || { echo \"there is no $program in the image\"; exit 127; }\n"
    "done\n"
    "initdb -D data -U postgres -A trust --no-sync --no-locale -E UTF8 --wal-segsize=$2 >initdb 2>&1 || { cat initdb; exit 3; }\n"
    "postgres -D data -c config_file=" CONF " >log 2>&1 &\n"
    "server=$!\n"
    "answer=2\n"
    "while kill -0 $server 2>program && [ $answer = 2 ]; do\n"
    "  psql -XAtq -h " KT_THROWAWAY_FOLDER " -U postgres -d postgres -v ON_ERROR_STOP=1 -f proof.sql >proof 2>&1\n"
    "  answer=$?\n"
    "  if [ $answer = 2 ]; then sleep 1; fi\n"
    "done\n"
    "kill -INT $server 2>program\n"
    "wait $server\n"
    "status=$?\n"
    "echo; echo kastune:proof; cat proof\n"
    "echo; echo \"kastune:status $status\"\n"
    "echo; echo kastune:log; cat log\n"
    "if [ $answer = 0 ]; then exit 0; fi\n"
    "exit 4\n";

/* What the trial needs comes last, where it beats the same names above. */
static char *
conf_of (const KtScratch *scratch, GPtrArray *notes)
{
  g_autofree char *settings = kt_scratch_settings_filter (scratch->conf_text, TRUE, notes);
  g_autoptr (GString) conf = g_string_new (settings);
  g_autoptr (GStrvBuilder) words = g_strv_builder_new ();
  kt_scratch_settings_force (words, KT_THROWAWAY_FOLDER "/data", KT_THROWAWAY_FOLDER);
  g_auto (GStrv) forced = g_strv_builder_end (words);
  for (guint i = 1; forced[i - 1] != NULL && forced[i] != NULL; i += 2)
    {
      g_auto (GStrv) pair = g_strsplit (forced[i], "=", 2);
      g_autofree char *quoted = kt_guc_quote (pair[1]);
      g_string_append_printf (conf, "\n%s = %s", pair[0], quoted);
    }
  /* Everything goes with the container, so that the size of its /dev/shm may be what is tried. */
  g_string_append (conf, "\ndynamic_shared_memory_type = posix\n");
  return g_string_free (g_steal_pointer (&conf), FALSE);
}

static char *
proof_of (void)
{
  g_autoptr (GString) sql = g_string_new (NULL);
  for (const char *const *statement = kt_scratch_proof; *statement != NULL; statement++)
    g_string_append_printf (sql, "%s;\n", *statement);
  g_string_append (sql, "SELECT 'kastune:memory', memory.* FROM (" KT_SCRATCH_MEMORY ") memory;\n");
  return g_string_free (g_steal_pointer (&sql), FALSE);
}

/* What follows @mark, until the next line of ours when @end. Caller frees; NULL: it was never said. */
static char *
part_after (const char *output, const char *mark, gboolean whole)
{
  const char *from = strstr (output, mark);
  if (from == NULL)
    return NULL;
  from += strlen (mark);
  const char *to = whole ? NULL : strstr (from, "\nkastune:");
  return g_strstrip (to != NULL ? g_strndup (from, (gsize) (to - from)) : g_strdup (from));
}

static void
take_memory (const char *output, KtScratchResult *result)
{
  const char *row = strstr (output, SAYS_MEMORY);
  char *rest = NULL;
  if (row == NULL)
    return;
  result->shared_memory_bytes = g_ascii_strtoll (row + strlen (SAYS_MEMORY), &rest, 10);
  if (*rest == '|')
    result->huge_pages = g_ascii_strtoll (rest + 1, NULL, 10);
}

/* What is wrong with the attempt, not with the settings. */
static gboolean
attempt_stands (const KtThrowawayResult *ran, const KtScratchContainer *place, GError **error)
{
  g_autofree char *words = g_strstrip (g_strdup (ran->output));
  if (ran->status == STATUS_PROVED || ran->status == STATUS_NOT_PROVED || ran->out_of_memory)
    return TRUE;
  if (strstr (words, "No space left on device") != NULL)
    kt_error_set (error, KT_ERROR_NO_SPACE, words, NULL, "there is no room for a scratch cluster where the Docker Engine keeps its containers");
  else if (ran->status == STATUS_NO_PROGRAM)
    kt_error_set (error, KT_ERROR_UNSUPPORTED, words, "go on without a trial: --no-try",
                  "settings cannot be tried in the image of container %s", place->container);
  else
    kt_error_set (error, KT_ERROR_PROGRAM, words, "go on without a trial: --no-try",
                  "cannot make a scratch cluster in the image of container %s", place->container);
  return FALSE;
}

/* What the Engine refuses it says in its own words; the way on is ours to say. */
static gboolean
run (const KtEngine *engine, const KtThrowaway *throwaway, const KtScratchContainer *place, KtThrowawayResult *ran, GCancellable *cancellable,
     GError **error)
{
  g_autoptr (GError) local = NULL;
  if (kt_throwaway_run (engine, throwaway, ran, cancellable, &local))
    return TRUE;
  if (g_error_matches (local, KT_ERROR, KT_ERROR_NOT_FOUND) || g_error_matches (local, KT_ERROR, KT_ERROR_PROGRAM))
    {
      const char *detail = kt_error_detail (local);
      g_autofree char *words = g_strconcat (local->message, detail != NULL ? ": " : "", detail, NULL);
      kt_error_set (error, local->code, words, "go on without a trial: --no-try", "settings cannot be tried in a container like %s",
                    place->container);
    }
  else
    g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

static void
judge (const KtScratch *scratch, const KtThrowawayResult *ran, GPtrArray *notes, KtScratchResult *result)
{
  g_autofree char *log = part_after (ran->output, SAYS_LOG, TRUE);
  g_autofree char *proof = part_after (ran->output, SAYS_PROOF, FALSE);
  g_autofree char *status = part_after (ran->output, SAYS_STATUS, FALSE);
  KtScratch limited = *scratch;
  limited.memory_limit = ran->memory_limit;
  result->limited = ran->memory_limit > 0;
  take_memory (ran->output, result);
  kt_scratch_keep_warnings (notes, log, result);
  const KtScratchEnd end = { .log = log, .conf = CONF, .problem = proof, .ran_out_of_memory = ran->out_of_memory,
                             .status = status != NULL ? (int) g_ascii_strtoll (status, NULL, 10) : ran->status };
  if (ran->status == STATUS_PROVED)
    result->started = kt_scratch_fits_limit (&limited, result);
  else
    kt_scratch_explain (&limited, &end, result);
}

gboolean
kt_scratch_try_in_container (const KtScratch *scratch, const KtScratchContainer *place, KtScratchResult *result, GCancellable *cancellable,
                             GError **error)
{
  gint64 began = g_get_monotonic_time ();
  g_autoptr (KtEngine) engine = kt_engine_open (place->engine, error);
  if (engine == NULL)
    return FALSE;
  g_autoptr (GPtrArray) notes = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *conf = conf_of (scratch, notes);
  g_autofree char *proof = proof_of ();
  gint64 segment = scratch->wal_segment_bytes != 0 ? scratch->wal_segment_bytes : DEFAULT_SEGMENT;
  g_autofree char *segment_mb = g_strdup_printf ("%d", (int) (segment / (1024 * 1024)));
  const char *const command[] = { "sh", "-c", script, "sh", scratch->bin_directory != NULL ? scratch->bin_directory : "", segment_mb, NULL };
  const KtThrowawayFile files[] = { { "scratch.conf", conf }, { "proof.sql", proof }, { NULL } };
  const KtThrowaway throwaway = { .like = place->container, .uid = place->uid, .gid = place->gid, .command = command, .files = files,
                                  .deadline_ms = DEADLINE_MS };
  g_auto (KtThrowawayResult) ran = { 0 };
  if (!run (engine, &throwaway, place, &ran, cancellable, error) || !attempt_stands (&ran, place, error))
    return FALSE;
  g_auto (KtScratchResult) local = { .shared_memory_bytes = -1, .huge_pages = -1 };
  judge (scratch, &ran, notes, &local);
  local.elapsed_ms = (g_get_monotonic_time () - began) / 1000;
  *result = local;
  local = (KtScratchResult){ 0 };
  return TRUE;
}
