/* SPDX-License-Identifier: MIT */
#include "postgres/connection.h"

#include <string.h>

#define MASK "***"

/* Every keyword of libpq (up to 18) whose value is a secret. */
static gboolean
is_secret (const char *name, gsize length)
{
  static const char *const secrets[] = { "password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key" };
  for (gsize i = 0; i < G_N_ELEMENTS (secrets); i++)
    if (strlen (secrets[i]) == length && g_ascii_strncasecmp (name, secrets[i], length) == 0)
      return TRUE;
  return FALSE;
}

/* user:PASSWORD@host and ?password=PASSWORD. A password with an unescaped @ is wrong and still a secret: the last @ counts. */
static char *
mask_uri (const char *uri)
{
  g_autoptr (GString) out = g_string_new (NULL);
  const char *user = strstr (uri, "://") + 3;
  const char *at = strrchr (user, '@');
  const char *colon = at != NULL ? memchr (user, ':', (gsize) (at - user)) : NULL;
  const char *rest = uri;
  if (colon != NULL)
    {
      g_string_append_len (out, uri, colon + 1 - uri);
      g_string_append (out, MASK);
      rest = at;
    }
  const char *query = strchr (rest, '?');
  if (query == NULL)
    return g_string_free (g_string_append (g_steal_pointer (&out), rest), FALSE);
  g_string_append_len (out, rest, query - rest);
  g_auto (GStrv) pairs = g_strsplit (query + 1, "&", -1);
  for (guint i = 0; pairs[i] != NULL; i++)
    {
      gsize length = strcspn (pairs[i], "=");
      g_autofree char *name = g_uri_unescape_segment (pairs[i], pairs[i] + length, NULL);
      gboolean secret = name == NULL || is_secret (name, strlen (name));
      g_string_append_c (out, i == 0 ? '?' : '&');
      g_string_append_len (out, pairs[i], secret ? (gssize) length : -1);
      if (secret)
        g_string_append (out, "=" MASK);
    }
  return g_string_free (g_steal_pointer (&out), FALSE);
}

/* Past the value that starts at @p, as libpq's conninfo_parse reads it. */
static const char *
skip_value (const char *p)
{
  gboolean quoted = *p == '\'';
  if (quoted)
    p++;
  for (; *p != '\0' && (quoted ? *p != '\'' : !g_ascii_isspace (*p)); p++)
    if (*p == '\\' && p[1] != '\0')
      p++;
  return quoted && *p == '\'' ? p + 1 : p;
}

static char *
mask_pairs (const char *conninfo)
{
  g_autoptr (GString) out = g_string_new (NULL);
  const char *p = conninfo;
  while (*p != '\0')
    {
      gsize blank = strspn (p, " \t\r\n\f\v");
      gsize length = strcspn (p + blank, "= \t\r\n\f\v");
      const char *name = p + blank;
      const char *value = name + length + strspn (name + length, " \t\r\n\f\v");
      if (*value != '=')
        {
          /* No pair: libpq refuses it. After a secret it may belong to that (an unquoted blank). */
          gboolean hidden = strstr (out->str, MASK) != NULL && length > 0;
          g_string_append_len (out, p, (gssize) (hidden ? blank : blank + length));
          g_string_append (out, hidden ? MASK : "");
          p = name + length;
          continue;
        }
      value += 1 + strspn (value + 1, " \t\r\n\f\v");
      const char *end = skip_value (value);
      g_string_append_len (out, p, (is_secret (name, length) ? value : end) - p);
      if (is_secret (name, length))
        g_string_append (out, MASK);
      p = end;
    }
  return g_string_free (g_steal_pointer (&out), FALSE);
}

char *
kt_conninfo_mask (const char *conninfo)
{
  if (conninfo == NULL)
    return g_strdup ("");
  gboolean uri = g_str_has_prefix (conninfo, "postgresql://") || g_str_has_prefix (conninfo, "postgres://");
  return uri ? mask_uri (conninfo) : mask_pairs (conninfo);
}

void
kt_conninfo_append (GString *words, const char *keyword, const char *value)
{
  g_string_append_printf (words, "%s%s='", words->len > 0 ? " " : "", keyword);
  for (const char *p = value; *p != '\0'; p++)
    {
      if (*p == '\'' || *p == '\\')
        g_string_append_c (words, '\\');
      g_string_append_c (words, *p);
    }
  g_string_append_c (words, '\'');
}

char *
kt_conninfo_without_secrets (const char *conninfo)
{
  g_autoptr (GString) out = g_string_new (NULL);
  PQconninfoOption *options = PQconninfoParse (conninfo != NULL ? conninfo : "", NULL);
  for (PQconninfoOption *option = options; option != NULL && option->keyword != NULL; option++)
    if (option->val != NULL && !is_secret (option->keyword, strlen (option->keyword)))
      kt_conninfo_append (out, option->keyword, option->val);
  PQconninfoFree (options);
  return g_string_free (g_steal_pointer (&out), FALSE);
}
