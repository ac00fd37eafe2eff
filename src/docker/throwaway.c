/* SPDX-License-Identifier: MIT */
#include "docker/throwaway.h"

#include "base/error.h"
#include "docker/container.h"

#include <string.h>
#include <unistd.h>

#define LABEL "io.github.kastune.scratch"
#define LOOK_US 100000
#define TAR_BLOCK 512

void
kt_throwaway_result_clear (KtThrowawayResult *result)
{
  g_clear_pointer (&result->output, g_free);
}

/* --- whose is it -------------------------------------------------------------------------------------------------- */

/* When a process began, in ticks of this boot: a number is used again, a number and this are not. NULL: it is gone. Caller frees. */
static char *
beginning_of (const char *pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%s/stat", pid);
  g_autofree char *text = NULL;
  /* The name in parentheses may hold anything; field 22 is the 20th behind it. */
  const char *rest = g_file_get_contents (path, &text, NULL, NULL) ? strrchr (text, ')') : NULL;
  g_auto (GStrv) fields = rest != NULL ? g_strsplit (rest, " ", 22) : NULL;
  return fields != NULL && g_strv_length (fields) > 20 ? g_strdup (fields[20]) : NULL;
}

static char *
boot_id (void)
{
  g_autofree char *text = NULL;
  return g_file_get_contents ("/proc/sys/kernel/random/boot_id", &text, NULL, NULL) ? g_strdup (g_strstrip (text)) : g_strdup ("");
}

char *
kt_throwaway_mark (void)
{
  g_autofree char *pid = g_strdup_printf ("%d", (int) getpid ());
  g_autofree char *boot = boot_id ();
  g_autofree char *began = beginning_of (pid);
  return g_strdup_printf ("%s/%s/%s", boot, pid, began != NULL ? began : "");
}

gboolean
kt_throwaway_is_left (const char *mark)
{
  g_auto (GStrv) words = g_strsplit (mark, "/", -1);
  g_autofree char *boot = boot_id ();
  if (g_strv_length (words) != 3 || *words[1] == '\0' || strspn (words[1], "0123456789") != strlen (words[1]))
    return FALSE;
  g_autofree char *began = g_str_equal (words[0], boot) ? beginning_of (words[1]) : NULL;
  return g_strcmp0 (began, words[2]) != 0;
}

static void
remove_container (const KtEngine *engine, const char *id)
{
  g_autofree char *path = g_strdup_printf ("/containers/%s?force=1&v=1", id);
  g_autoptr (GError) error = NULL;
  if (!kt_engine_delete (engine, path, &error))
    g_debug ("a container is left: %s", error->message);
}

static void
remove_leftovers (const KtEngine *engine)
{
  g_autofree char *filter = g_uri_escape_string ("{\"label\":[\"" LABEL "\"]}", NULL, FALSE);
  g_autofree char *path = g_strconcat ("/containers/json?all=1&filters=", filter, NULL);
  g_autoptr (JsonNode) node = kt_engine_get (engine, path, NULL);
  JsonArray *rows = node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  for (guint i = 0; rows != NULL && i < json_array_get_length (rows); i++)
    {
      JsonObject *row = json_array_get_object_element (rows, i);
      JsonObject *labels = kt_json_object (row, "Labels");
      if (labels != NULL && kt_throwaway_is_left (kt_json_string (labels, LABEL, "")))
        remove_container (engine, kt_json_string (row, "Id", ""));
    }
}

/* --- what it gets ------------------------------------------------------------------------------------------------- */

static void
put_number (char *field, gsize size, guint64 number)
{
  g_snprintf (field, (gulong) size, "%0*" G_GINT64_MODIFIER "o", (int) size - 1, number);
}

/* The old format (ustar): names are short and files small. */
static void
add_entry (GString *tar, const KtThrowaway *throwaway, const char *name, char type, const char *text)
{
  char head[TAR_BLOCK] = { 0 };
  gsize length = text != NULL ? strlen (text) : 0;
  guint sum = 0;
  g_strlcpy (head, name, 100);
  put_number (head + 100, 8, type == '5' ? 0700 : 0600);
  put_number (head + 108, 8, throwaway->uid);
  put_number (head + 116, 8, throwaway->gid);
  put_number (head + 124, 12, length);
  put_number (head + 136, 12, 0);
  memset (head + 148, ' ', 8);
  head[156] = type;
  memcpy (head + 257, "ustar\00000", 8);
  for (gsize i = 0; i < TAR_BLOCK; i++)
    sum += (guchar) head[i];
  put_number (head + 148, 7, sum);
  g_string_append_len (tar, head, TAR_BLOCK);
  g_string_append_len (tar, text != NULL ? text : "", (gssize) length);
  while (tar->len % TAR_BLOCK != 0)
    g_string_append_c (tar, '\0');
}

GString *
kt_throwaway_tar (const KtThrowaway *throwaway)
{
  GString *tar = g_string_new (NULL);
  add_entry (tar, throwaway, KT_THROWAWAY_NAME, '5', NULL);
  for (const KtThrowawayFile *file = throwaway->files; file->name != NULL; file++)
    {
      g_autofree char *name = g_strconcat (KT_THROWAWAY_NAME, "/", file->name, NULL);
      add_entry (tar, throwaway, name, '0', file->text);
    }
  g_string_set_size (tar, tar->len + 2 * TAR_BLOCK);
  memset (tar->str + tar->len - 2 * TAR_BLOCK, 0, 2 * TAR_BLOCK);
  return tar;
}

/* Limits that decide whether a program fits, by their names in the Engine's API. */
static const char *const limits[] = { "Memory", "MemorySwap", "ShmSize", "NanoCpus", "CpuQuota", "CpuPeriod", "CpusetCpus", "PidsLimit",
                                      "Ulimits", "Runtime", "SecurityOpt", "CgroupParent", "Sysctls", NULL };

static JsonObject *
host_config (JsonObject *like)
{
  JsonObject *host = json_object_new (), *log = json_object_new ();
  for (const char *const *name = limits; *name != NULL; name++)
    {
      JsonNode *value = like != NULL ? json_object_get_member (like, *name) : NULL;
      if (value != NULL && !JSON_NODE_HOLDS_NULL (value))
        json_object_set_member (host, *name, json_node_copy (value));
    }
  json_object_set_string_member (host, "NetworkMode", "none");
  /* Whatever the daemon does with logs, this one is read. */
  json_object_set_string_member (log, "Type", "json-file");
  json_object_set_object_member (host, "LogConfig", log);
  return host;
}

static JsonObject *
body_of (const KtThrowaway *throwaway, JsonObject *like)
{
  JsonObject *body = json_object_new (), *labels = json_object_new (), *health = json_object_new ();
  JsonArray *nothing = json_array_new (), *command = json_array_new ();
  g_autofree char *mark = kt_throwaway_mark ();
  g_autofree char *user = g_strdup_printf ("%u:%u", throwaway->uid, throwaway->gid);
  for (const char *const *word = throwaway->command; *word != NULL; word++)
    json_array_add_string_element (command, *word);
  json_array_add_string_element (nothing, "NONE");
  json_object_set_array_member (health, "Test", nothing);
  json_object_set_string_member (labels, LABEL, mark);
  json_object_set_string_member (body, "Image", kt_json_string (like, "Image", ""));
  json_object_set_string_member (body, "User", user);
  json_object_set_array_member (body, "Entrypoint", command);
  json_object_set_array_member (body, "Cmd", json_array_new ());
  json_object_set_object_member (body, "Healthcheck", health);
  json_object_set_object_member (body, "Labels", labels);
  json_object_set_object_member (body, "HostConfig", host_config (kt_json_object (like, "HostConfig")));
  return body;
}

/* --- making, running, removing ------------------------------------------------------------------------------------ */

static char *
create (const KtEngine *engine, const KtThrowaway *throwaway, gint64 *memory_limit, GError **error)
{
  g_autofree char *name = g_uri_escape_string (throwaway->like, NULL, FALSE);
  g_autofree char *path = g_strdup_printf ("/containers/%s/json", name);
  g_autoptr (JsonNode) like = kt_engine_get (engine, path, error);
  if (like == NULL || !JSON_NODE_HOLDS_OBJECT (like))
    return NULL;
  JsonObject *host = kt_json_object (json_node_get_object (like), "HostConfig");
  *memory_limit = host != NULL ? kt_json_int (host, "Memory", 0) : 0;
  g_autoptr (JsonObject) body = body_of (throwaway, json_node_get_object (like));
  g_autoptr (JsonNode) made = kt_engine_post_json (engine, "/containers/create", body, error);
  return made != NULL && JSON_NODE_HOLDS_OBJECT (made) ? g_strdup (kt_json_string (json_node_get_object (made), "Id", NULL)) : NULL;
}

static gboolean
start (const KtEngine *engine, const KtThrowaway *throwaway, const char *id, GError **error)
{
  g_autofree char *archive = g_strdup_printf ("/containers/%s/archive?path=%%2F", id);
  g_autoptr (GString) tar = kt_throwaway_tar (throwaway);
  return kt_engine_put_tar (engine, archive, tar, error) && kt_container_control (engine, id, "start", 0, error);
}

/* Until it has ended by itself. */
static KtContainer *
wait_for_end (const KtEngine *engine, const KtThrowaway *throwaway, const char *id, GCancellable *cancellable, GError **error)
{
  gint64 deadline = g_get_monotonic_time () + (gint64) throwaway->deadline_ms * 1000;
  for (;;)
    {
      g_autoptr (KtContainer) container = kt_container_inspect (engine, id, error);
      if (container == NULL)
        return NULL;
      if (g_str_equal (container->state, "exited") || g_str_equal (container->state, "dead"))
        return g_steal_pointer (&container);
      if (g_cancellable_is_cancelled (cancellable))
        kt_error_set (error, KT_ERROR_INTERRUPTED, NULL, NULL, "the trial was interrupted");
      else if (g_get_monotonic_time () > deadline)
        kt_error_set (error, KT_ERROR_TIMEOUT, NULL, "a memory limit that is nearly too small makes a server this slow",
                      "the trial in a container was not done within %u s", throwaway->deadline_ms / 1000);
      else
        {
          g_usleep (LOOK_US);
          continue;
        }
      return NULL;
    }
}

static gboolean
run_made (const KtEngine *engine, const KtThrowaway *throwaway, const char *id, KtThrowawayResult *result, GCancellable *cancellable,
          GError **error)
{
  if (!start (engine, throwaway, id, error))
    {
      g_prefix_error (error, "cannot run a container to try in: ");
      return FALSE;
    }
  g_autoptr (KtContainer) ended = wait_for_end (engine, throwaway, id, cancellable, error);
  if (ended == NULL)
    return FALSE;
  result->status = ended->exit_status;
  result->out_of_memory = ended->out_of_memory;
  result->output = kt_container_log (engine, id, 0, error);
  return result->output != NULL;
}

gboolean
kt_throwaway_run (const KtEngine *engine, const KtThrowaway *throwaway, KtThrowawayResult *result, GCancellable *cancellable,
                  GError **error)
{
  g_auto (KtThrowawayResult) local = { 0 };
  remove_leftovers (engine);
  g_autofree char *id = create (engine, throwaway, &local.memory_limit, error);
  if (id == NULL)
    {
      g_prefix_error (error, "cannot make a container to try in: ");
      return FALSE;
    }
  gboolean ran = run_made (engine, throwaway, id, &local, cancellable, error);
  remove_container (engine, id);
  if (!ran)
    return FALSE;
  *result = local;
  local = (KtThrowawayResult){ 0 };
  return TRUE;
}
