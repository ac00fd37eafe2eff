/* SPDX-License-Identifier: MIT */
#include "postgres/conffile.h"

#include "base/error.h"
#include "base/file.h"
#include "postgres/guc.h"

#include <string.h>

/* A line is cut into tokens as the server's scanner (guc-file.l) does it: of all rules that match the longest match
 * wins, and of equally long ones the first rule. Details that surprise follow from that: an unquoted a.b or 1.5GB is
 * refused, `work_mem'4MB'` is not. */
typedef enum {
  TOKEN_ID,
  TOKEN_QUALIFIED_ID,
  TOKEN_STRING,
  TOKEN_UNQUOTED_STRING,
  TOKEN_INTEGER,
  TOKEN_REAL,
  TOKEN_EQUALS,
  TOKEN_ERROR,
  TOKEN_END, /* of the line, or a comment */
} TokenType;

typedef struct {
  TokenType type;
  gsize start;
  gsize length;
} Token;

typedef struct {
  KtConfKind kind;
  Token name;
  Token value;
  Token trouble; /* of a broken line: the first token that does not belong there */
} Scan;

/* Names that the server still takes for others. */
static const struct {
  const char *old;
  const char *present;
} aliases[] = {
  { "sort_mem", "work_mem" },
  { "vacuum_mem", "maintenance_work_mem" },
};

static const char *const includes[] = { "include", "include_dir", "include_if_exists", NULL };

static gboolean
is_letter (char c)
{
  return g_ascii_isalpha (c) || c == '_' || (c & 0x80) != 0;
}

static gsize
match_id (const char *p)
{
  gsize n = 0;
  if (is_letter (p[0]))
    while (is_letter (p[n]) || g_ascii_isdigit (p[n]))
      n++;
  return n;
}

static gsize
match_qualified_id (const char *p)
{
  gsize first = match_id (p);
  gsize second = first > 0 && p[first] == '.' ? match_id (p + first + 1) : 0;
  return second > 0 ? first + 1 + second : 0;
}

/* Ends at a quote that is not doubled. When a doubled one turns out to have no end, its first half is the end. */
static gsize
match_string (const char *p)
{
  gsize accepted = 0;
  if (p[0] != '\'')
    return 0;
  for (gsize n = 1; p[n] != '\0' && p[n] != '\n'; n++)
    if (p[n] == '\'')
      {
        accepted = n + 1;
        if (p[++n] != '\'')
          break;
      }
    else if (p[n] == '\\' && (p[n + 1] == '\0' || p[++n] == '\n'))
      break;
  return accepted;
}

static gsize
match_unquoted_string (const char *p)
{
  gsize n = 0;
  if (is_letter (p[0]))
    while (is_letter (p[n]) || g_ascii_isdigit (p[n]) || (p[n] != '\0' && strchr ("-._:/", p[n]) != NULL))
      n++;
  return n;
}

static gsize
match_digits (const char *p)
{
  return strspn (p, "0123456789");
}

static gsize
match_sign (const char *p)
{
  return p[0] == '-' || p[0] == '+';
}

static gsize
match_integer (const char *p)
{
  gsize n = match_sign (p);
  gsize digits = p[n] == '0' && p[n + 1] == 'x' ? strspn (p + n + 2, "0123456789abcdefABCDEF") : 0;
  digits = digits > 0 ? digits + 2 : match_digits (p + n);
  if (digits == 0)
    return 0;
  for (n += digits; g_ascii_isalpha (p[n]); n++)
    ;
  return n;
}

static gsize
match_real (const char *p)
{
  gsize n = match_sign (p);
  n += match_digits (p + n);
  if (p[n++] != '.')
    return 0;
  n += match_digits (p + n);
  if (p[n] != 'e' && p[n] != 'E')
    return n;
  gsize sign = match_sign (p + n + 1);
  gsize digits = match_digits (p + n + 1 + sign);
  return digits > 0 ? n + 1 + sign + digits : n;
}

static gsize
match_equals (const char *p)
{
  return p[0] == '=';
}

static Token
next_token (const char *raw, gsize start)
{
  static gsize (*const rules[]) (const char *) = {
    [TOKEN_ID] = match_id,
    [TOKEN_QUALIFIED_ID] = match_qualified_id,
    [TOKEN_STRING] = match_string,
    [TOKEN_UNQUOTED_STRING] = match_unquoted_string,
    [TOKEN_INTEGER] = match_integer,
    [TOKEN_REAL] = match_real,
    [TOKEN_EQUALS] = match_equals,
  };
  start += strspn (raw + start, " \t\r");
  if (raw[start] == '\0' || raw[start] == '\n' || raw[start] == '#')
    return (Token){ TOKEN_END, start, 0 };
  Token token = { TOKEN_ERROR, start, 0 };
  for (guint i = 0; i < G_N_ELEMENTS (rules); i++)
    {
      gsize length = rules[i] (raw + start);
      if (length > token.length)
        token = (Token){ (TokenType) i, start, length };
    }
  token.length = MAX (token.length, 1);
  return token;
}

static Scan
scan_line (const char *raw)
{
  Scan scan = { .kind = KT_CONF_BROKEN, .name = next_token (raw, 0) };
  if (scan.name.type == TOKEN_END)
    {
      scan.kind = KT_CONF_BLANK;
      return scan;
    }
  scan.trouble = scan.name;
  if (scan.name.type != TOKEN_ID && scan.name.type != TOKEN_QUALIFIED_ID)
    return scan;
  scan.value = next_token (raw, scan.name.start + scan.name.length);
  if (scan.value.type == TOKEN_EQUALS)
    scan.value = next_token (raw, scan.value.start + 1);
  scan.trouble = scan.value;
  if (scan.value.type == TOKEN_QUALIFIED_ID || scan.value.type >= TOKEN_EQUALS)
    return scan;
  scan.trouble = next_token (raw, scan.value.start + scan.value.length);
  if (scan.trouble.type == TOKEN_END)
    scan.kind = KT_CONF_SETTING;
  return scan;
}

char *
kt_conf_canonical_name (const char *name)
{
  g_autofree char *lower = g_ascii_strdown (name, -1);
  for (gsize i = 0; i < G_N_ELEMENTS (aliases); i++)
    if (g_str_equal (lower, aliases[i].old))
      return g_strdup (aliases[i].present);
  return g_steal_pointer (&lower);
}

/* \ooo, \n and so on; @p is behind the backslash. Gives how many characters were used. */
static gsize
unescape (const char *p, GString *out)
{
  static const char letters[] = "bfnrt";
  static const char meanings[] = "\b\f\n\r\t";
  gsize n = 0;
  guint octal = 0;
  for (; n < 3 && p[n] >= '0' && p[n] <= '7'; n++)
    octal = octal * 8 + (guint) (p[n] - '0');
  const char *letter = strchr (letters, *p);
  g_string_append_c (out, n > 0 ? (char) octal : letter != NULL ? meanings[letter - letters] : *p);
  return MAX (n, 1);
}

static char *
token_value (const char *raw, Token token)
{
  if (token.type != TOKEN_STRING)
    return g_strndup (raw + token.start, token.length);
  GString *value = g_string_sized_new (token.length);
  const char *end = raw + token.start + token.length - 1;
  for (const char *p = raw + token.start + 1; p < end; p++)
    if (*p == '\\')
      p += unescape (p + 1, value);
    else
      g_string_append_c (value, *(*p == '\'' ? ++p : p)); /* '' is one quote */
  /* \000 ends the value, here as in the server. */
  return g_string_free (value, FALSE);
}

static char *
describe_problem (const char *raw, const Scan *scan)
{
  g_autofree char *bytes = g_strndup (raw + scan->trouble.start, MIN (scan->trouble.length, 40));
  g_autofree char *word = g_utf8_make_valid (bytes, -1);
  for (char *p = word; *p != '\0'; p++)
    if (g_ascii_iscntrl (*p))
      *p = '?';
  if (scan->trouble.start == scan->name.start)
    return g_strdup_printf ("syntax error near “%s”: a line begins with the name of a setting", word);
  if (scan->trouble.type == TOKEN_END)
    return g_strdup ("syntax error: the value is missing");
  if (word[0] == '\'')
    return g_strdup_printf ("syntax error near “%s”: check the quotes; a quote inside a value is written ''", word);
  return g_strdup_printf ("syntax error near “%s”: put the whole value in quotes, name = 'value'", word);
}

static void
line_free (gpointer data)
{
  KtConfLine *line = data;
  g_free (line->raw);
  g_free (line->name);
  g_free (line->spelling);
  g_free (line->value);
  g_free (line->problem);
  g_free (line);
}

static KtConfLine *
line_new (char *raw, guint number)
{
  KtConfLine *line = g_new0 (KtConfLine, 1);
  Scan scan = scan_line (raw);
  line->kind = scan.kind;
  line->line = number;
  line->raw = raw;
  if (scan.kind == KT_CONF_BROKEN)
    line->problem = describe_problem (raw, &scan);
  if (scan.kind == KT_CONF_SETTING)
    {
      line->spelling = g_strndup (raw + scan.name.start, scan.name.length);
      line->name = kt_conf_canonical_name (line->spelling);
      line->value = token_value (raw, scan.value);
      if (g_strv_contains (includes, line->name))
        line->kind = KT_CONF_INCLUDE;
    }
  return line;
}

KtConfFile *
kt_conf_file_parse (const char *path, const char *text)
{
  KtConfFile *file = g_new0 (KtConfFile, 1);
  file->path = g_strdup (path);
  file->lines = g_ptr_array_new_with_free_func (line_free);
  while (*text != '\0')
    {
      const char *end = strchr (text, '\n');
      gsize length = end != NULL ? (gsize) (end - text) + 1 : strlen (text);
      g_ptr_array_add (file->lines, line_new (g_strndup (text, length), file->lines->len + 1));
      text += length;
    }
  return file;
}

static guint
line_at (const char *text, gsize offset)
{
  guint line = 1;
  for (gsize i = 0; i < offset; i++)
    line += text[i] == '\n';
  return line;
}

KtConfFile *
kt_conf_file_read (const char *path, GError **error)
{
  g_autofree char *text = NULL;
  gsize length = 0;
  struct stat st;
  if (stat (path, &st) == 0 && S_ISFIFO (st.st_mode))
    {
      kt_error_set (error, KT_ERROR_IO, "it is a pipe", "name a file", "cannot read %s", path);
      return NULL;
    }
  if (!kt_file_read (path, &text, &length, error))
    return NULL;
  if (strlen (text) != length)
    {
      g_autofree char *detail = g_strdup_printf ("line %u holds a NUL byte: the file is damaged or not plain text",
                                                 line_at (text, strlen (text)));
      kt_error_set (error, KT_ERROR_PARSE, detail, "restore the file from a backup, or save it as UTF-8",
                    "cannot read %s", path);
      return NULL;
    }
  return kt_conf_file_parse (path, text);
}

void
kt_conf_file_free (KtConfFile *file)
{
  if (file == NULL)
    return;
  g_free (file->path);
  g_ptr_array_unref (file->lines);
  g_free (file);
}

char *
kt_conf_file_to_text (const KtConfFile *file)
{
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < file->lines->len; i++)
    g_string_append (text, ((const KtConfLine *) file->lines->pdata[i])->raw);
  return g_string_free (text, FALSE);
}

static gboolean
line_sets (const KtConfLine *line, const char *canonical)
{
  return line->kind == KT_CONF_SETTING && g_str_equal (line->name, canonical);
}

static gboolean
find_winner (const KtConfFile *file, const char *name, guint *index)
{
  g_autofree char *canonical = kt_conf_canonical_name (name);
  for (guint i = file->lines->len; i-- > 0;)
    if (line_sets (file->lines->pdata[i], canonical))
      {
        *index = i;
        return TRUE;
      }
  return FALSE;
}

const KtConfLine *
kt_conf_file_get (const KtConfFile *file, const char *name)
{
  guint index = 0;
  return find_winner (file, name, &index) ? file->lines->pdata[index] : NULL;
}

static const char *
line_ending (const char *raw)
{
  gsize length = strlen (raw);
  if (g_str_has_suffix (raw, "\r\n"))
    return raw + length - 2;
  return raw + length - (length > 0 && raw[length - 1] == '\n');
}

static void
append_comment (GString *raw, const char *comment)
{
  g_autofree char *one_line = g_strdelimit (g_strdup (comment), "\r\n", ' ');
  g_string_append_printf (raw, "  # %s", one_line);
}

/* Everything but the value stays, and the comment unless there is a new one. */
static char *
replace_value (const char *old, const char *quoted, const char *comment)
{
  Scan scan = scan_line (old);
  GString *raw = g_string_new_len (old, (gssize) scan.value.start);
  if (scan.value.start == scan.name.start + scan.name.length) /* work_mem'4MB' */
    g_string_append (raw, " = ");
  g_string_append (raw, quoted);
  if (comment != NULL)
    {
      append_comment (raw, comment);
      g_string_append (raw, line_ending (old));
    }
  else
    g_string_append (raw, old + scan.value.start + scan.value.length);
  return g_string_free (raw, FALSE);
}

static void
append_setting (KtConfFile *file, const char *name, const char *quoted, const char *comment)
{
  guint n = file->lines->len;
  KtConfLine *last = n > 0 ? file->lines->pdata[n - 1] : NULL;
  const char *ending = n > 0 && g_str_has_suffix (((KtConfLine *) file->lines->pdata[0])->raw, "\r\n") ? "\r\n" : "\n";
  if (last != NULL && !g_str_has_suffix (last->raw, "\n"))
    {
      char *raw = g_strconcat (last->raw, ending, NULL);
      g_free (last->raw);
      last->raw = raw;
    }
  GString *raw = g_string_new (NULL);
  g_string_append_printf (raw, "%s = %s", name, quoted);
  if (comment != NULL)
    append_comment (raw, comment);
  g_string_append (raw, ending);
  g_ptr_array_add (file->lines, line_new (g_string_free (raw, FALSE), n + 1));
}

void
kt_conf_file_set (KtConfFile *file, const char *name, const char *value, const char *comment)
{
  g_return_if_fail (strlen (name) > 0 && MAX (match_id (name), match_qualified_id (name)) == strlen (name));
  g_autofree char *canonical = kt_conf_canonical_name (name);
  g_return_if_fail (!g_strv_contains (includes, canonical));
  g_autofree char *quoted = kt_guc_quote (value);
  guint index = 0;
  if (!find_winner (file, name, &index))
    {
      append_setting (file, name, quoted, comment);
      return;
    }
  KtConfLine *old = file->lines->pdata[index];
  file->lines->pdata[index] = line_new (replace_value (old->raw, quoted, comment), old->line);
  line_free (old);
}

guint
kt_conf_file_remove (KtConfFile *file, const char *name)
{
  g_autofree char *canonical = kt_conf_canonical_name (name);
  guint before = file->lines->len;
  for (guint i = before; i-- > 0;)
    if (line_sets (file->lines->pdata[i], canonical))
      g_ptr_array_remove_index (file->lines, i);
  for (guint i = 0; i < file->lines->len; i++)
    ((KtConfLine *) file->lines->pdata[i])->line = i + 1;
  return before - file->lines->len;
}
