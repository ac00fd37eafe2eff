/* SPDX-License-Identifier: MIT */
#include "operation/settings.h"

#include "base/error.h"

#include <stddef.h>

typedef struct {
  const char *group; /* a group whose name goes on ("server NAME") ends with a blank */
  const char *key;
  gsize offset;      /* of a char * in the struct the group fills */
} KeyRow;

static const KeyRow keys[] = {
  { "kastune", "state", offsetof (KtSettings, state) },
  { "kastune", "backups", offsetof (KtSettings, backups) },
  { "server ", "conninfo", offsetof (KtServerSettings, conninfo) },
  { "server ", "profile", offsetof (KtServerSettings, profile) },
  { "server ", "reserve", offsetof (KtServerSettings, reserve) },
  { "server ", "container", offsetof (KtServerSettings, container) },
  { "server ", "memory", offsetof (KtServerSettings, memory) },
  { "server ", "cpus", offsetof (KtServerSettings, cpus) },
  { "server ", "storage", offsetof (KtServerSettings, storage) },
};

static void
server_free (gpointer data)
{
  KtServerSettings *server = data;
  g_free (server->name);
  g_free (server->conninfo);
  g_free (server->profile);
  g_free (server->reserve);
  g_free (server->container);
  g_free (server->memory);
  g_free (server->cpus);
  g_free (server->storage);
  g_free (server);
}

void
kt_settings_free (KtSettings *settings)
{
  if (settings == NULL)
    return;
  g_free (settings->path);
  g_free (settings->state);
  g_free (settings->backups);
  g_clear_pointer (&settings->servers, g_ptr_array_unref);
  g_free (settings);
}

static gboolean
group_matches (const KeyRow *row, const char *group)
{
  return g_str_has_suffix (row->group, " ") ? g_str_has_prefix (group, row->group) && group[strlen (row->group)] != '\0'
                                            : g_str_equal (group, row->group);
}

static gboolean
take_group (GKeyFile *file, const char *group, KtSettings *settings, GError **error)
{
  gpointer target = NULL;
  for (gsize i = 0; i < G_N_ELEMENTS (keys) && target == NULL; i++)
    if (group_matches (&keys[i], group))
      target = settings;
  if (target == NULL)
    {
      kt_error_set (error, KT_ERROR_CONFIG, "known are [kastune] and [server NAME]", NULL, "%s: unknown group [%s]", settings->path, group);
      return FALSE;
    }
  if (g_str_has_prefix (group, "server "))
    {
      KtServerSettings *server = g_new0 (KtServerSettings, 1);
      server->name = g_strstrip (g_strdup (group + strlen ("server ")));
      g_ptr_array_add (settings->servers, server);
      target = server;
    }
  g_auto (GStrv) names = g_key_file_get_keys (file, group, NULL, NULL);
  for (guint n = 0; names != NULL && names[n] != NULL; n++)
    {
      const KeyRow *row = NULL;
      for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
        if (group_matches (&keys[i], group) && g_str_equal (keys[i].key, names[n]))
          row = &keys[i];
      if (row == NULL)
        {
          kt_error_set (error, KT_ERROR_CONFIG, NULL, NULL, "%s: unknown key %s in [%s]", settings->path, names[n], group);
          return FALSE;
        }
      g_autofree char *value = g_key_file_get_string (file, group, names[n], error);
      if (value == NULL)
        {
          g_prefix_error (error, "%s: [%s] %s: ", settings->path, group, names[n]);
          return FALSE;
        }
      G_STRUCT_MEMBER (char *, target, row->offset) = g_steal_pointer (&value);
    }
  return TRUE;
}

static gboolean
load_file (KtSettings *settings, const char *path, gboolean may_be_absent, gboolean *found, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError) local = NULL;
  *found = g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, &local);
  if (!*found && may_be_absent && g_error_matches (local, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    return TRUE;
  if (!*found)
    {
      kt_error_set (error, KT_ERROR_CONFIG, local->message, NULL, "cannot read %s", path);
      return FALSE;
    }
  settings->path = g_strdup (path);
  g_auto (GStrv) groups = g_key_file_get_groups (file, NULL);
  for (guint i = 0; groups[i] != NULL; i++)
    if (!take_group (file, groups[i], settings, error))
      return FALSE;
  return TRUE;
}

KtSettings *
kt_settings_load (const char *path, GError **error)
{
  g_autoptr (KtSettings) settings = g_new0 (KtSettings, 1);
  settings->servers = g_ptr_array_new_with_free_func (server_free);
  g_autofree char *own = g_build_filename (g_get_user_config_dir (), "kastune", "kastune.conf", NULL);
  const char *const places[] = { path != NULL ? path : "/etc/kastune/kastune.conf", path != NULL ? NULL : own, NULL };
  gboolean found = FALSE;
  for (guint i = 0; places[i] != NULL && !found; i++)
    if (!load_file (settings, places[i], path == NULL, &found, error))
      return NULL;
  return g_steal_pointer (&settings);
}

gboolean
kt_settings_server (const KtSettings *settings, const char *name, const KtServerSettings **server, GError **error)
{
  *server = NULL;
  g_autoptr (GString) known = g_string_new (NULL);
  for (guint i = 0; i < settings->servers->len; i++)
    {
      const KtServerSettings *candidate = settings->servers->pdata[i];
      if (name == NULL ? settings->servers->len == 1 : g_str_equal (candidate->name, name))
        *server = candidate;
      g_string_append_printf (known, "%s%s", known->len > 0 ? ", " : "", candidate->name);
    }
  if (*server != NULL || (name == NULL && settings->servers->len == 0))
    return TRUE;
  if (name == NULL)
    kt_error_set (error, KT_ERROR_USAGE, known->str, "choose one with --server NAME", "%s has several servers", settings->path);
  else
    kt_error_set (error, KT_ERROR_USAGE, known->len > 0 ? known->str : "no server is configured",
                  "add a group [server NAME] with conninfo= to kastune.conf, or use --dsn", "there is no server “%s”", name);
  return FALSE;
}
