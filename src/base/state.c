/* SPDX-License-Identifier: MIT */
#include "base/state.h"

#include "base/crash.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUSY_TIMEOUT_MS 5000
#define RESERVE_BYTES (4 * 1024 * 1024)
#define BUSY_POLL_US 5000
#define FOLDER_HINT "name a folder you may write with --state DIR"

struct KtState {
  char *directory;
  sqlite3 *db;
};

static KtErrorCode
error_code_of (KtState *state, int code)
{
  int system = sqlite3_system_errno (state->db);
  gboolean by_system = code == SQLITE_IOERR || code == SQLITE_CANTOPEN;
  if (code == SQLITE_FULL || (by_system && (system == ENOSPC || system == EDQUOT)))
    return KT_ERROR_NO_SPACE;
  if (code == SQLITE_READONLY || code == SQLITE_CANTOPEN || code == SQLITE_PERM)
    return KT_ERROR_PRIVILEGE;
  return KT_ERROR_STATE;
}

/* With its whole folder: the write-ahead log must never meet a new database. */
char *
kt_state_damage_hint (const KtState *state)
{
  return g_strdup_printf ("set it aside with: mv %s %s.damaged (kastune begins a new one, "
                          "which does not know the change sets of the old)",
                          state->directory, state->directory);
}

static char *
hint_of (KtState *state, int code)
{
  switch (code)
    {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return kt_state_damage_hint (state);
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return g_strdup ("another kastune is writing to it: try again when it is done");
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM: return g_strdup (FOLDER_HINT);
    default: return NULL;
    }
}

static void
set_sqlite_error (KtState *state, const char *what, GError **error)
{
  int code = sqlite3_errcode (state->db) & 0xff;
  g_autofree char *hint = hint_of (state, code);
  kt_error_set (error, error_code_of (state, code), sqlite3_errmsg (state->db), hint, "%s in %s/state.db", what,
                state->directory);
}

static gboolean
execute (KtState *state, const char *sql, const char *what, GError **error)
{
  if (sqlite3_exec (state->db, sql, NULL, NULL, NULL) == SQLITE_OK)
    return TRUE;
  set_sqlite_error (state, what, error);
  return FALSE;
}

/* Two that begin a database at once: SQLite answers the change of mode with "busy" at once, whatever the timeout is. */
static gboolean
use_write_ahead_log (KtState *state, GError **error)
{
  gint64 deadline = g_get_monotonic_time () + BUSY_TIMEOUT_MS * 1000;
  while (sqlite3_exec (state->db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL) == SQLITE_BUSY
         && g_get_monotonic_time () < deadline)
    g_usleep (BUSY_POLL_US);
  if (sqlite3_errcode (state->db) == SQLITE_OK)
    return TRUE;
  set_sqlite_error (state, "cannot use the state database", error);
  return FALSE;
}

/* Old configuration files stand in the journal: for the owner's eyes only. SQLite gives its other files the same mode.
 * Made without being opened: closing a descriptor would drop the locks that other connections of this process hold. */
static gboolean
make_private (const char *path, GError **error)
{
  if (mknod (path, S_IFREG | 0600, 0) == 0 || errno == EEXIST)
    return TRUE;
  kt_error_set_errno (error, errno, FOLDER_HINT, "cannot write the state database %s", path);
  return FALSE;
}

char *
kt_state_path (const char *directory)
{
  if (directory != NULL)
    return g_canonicalize_filename (directory, NULL);
  return geteuid () == 0 ? g_strdup ("/var/lib/kastune") : g_build_filename (g_get_user_state_dir (), "kastune", NULL);
}

KtState *
kt_state_open (const char *directory, GError **error)
{
  g_autoptr (KtState) state = g_new0 (KtState, 1);
  state->directory = kt_state_path (directory);
  /* What lies in it is private by itself; backups in a folder of it belong to the server's user, who must get there. */
  if (g_mkdir_with_parents (state->directory, 0711) != 0)
    {
      kt_error_set_errno (error, errno, FOLDER_HINT, "cannot create the state folder %s", state->directory);
      return NULL;
    }
  g_autofree char *path = g_build_filename (state->directory, "state.db", NULL);
  if (!make_private (path, error))
    return NULL;
  if (sqlite3_open_v2 (path, &state->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) != SQLITE_OK)
    {
      set_sqlite_error (state, "cannot open the state database", error);
      return NULL;
    }
  sqlite3_busy_timeout (state->db, BUSY_TIMEOUT_MS);
  sqlite3_extended_result_codes (state->db, 0);
  if (!use_write_ahead_log (state, error)
      || !execute (state, "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
                          "CREATE TABLE IF NOT EXISTS schema_step (room TEXT PRIMARY KEY, step INTEGER NOT NULL) WITHOUT ROWID",
                   "cannot use the state database", error))
    return NULL;
  return g_steal_pointer (&state);
}

void
kt_state_free (KtState *state)
{
  if (state == NULL)
    return;
  g_clear_pointer (&state->db, sqlite3_close_v2);
  g_free (state->directory);
  g_free (state);
}

const char *
kt_state_directory (const KtState *state)
{
  return state->directory;
}

static sqlite3_stmt *
prepare_valist (KtState *state, GError **error, const char *sql, const char *format, va_list args)
{
  g_autoptr (sqlite3_stmt) statement = NULL;
  if (sqlite3_prepare_v2 (state->db, sql, -1, &statement, NULL) != SQLITE_OK)
    {
      set_sqlite_error (state, "cannot prepare a statement", error);
      return NULL;
    }
  int n = 1;
  for (const char *letter = format; letter != NULL && *letter != '\0'; letter++, n++)
    switch (*letter)
      {
      case 's': sqlite3_bind_text (statement, n, va_arg (args, const char *), -1, SQLITE_TRANSIENT); break;
      case 'i': sqlite3_bind_int64 (statement, n, va_arg (args, gint64)); break;
      case 'd': sqlite3_bind_double (statement, n, va_arg (args, double)); break;
      default: g_assert_not_reached ();
      }
  return g_steal_pointer (&statement);
}

sqlite3_stmt *
kt_state_prepare (KtState *state, GError **error, const char *sql, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  sqlite3_stmt *statement = prepare_valist (state, error, sql, format, args);
  va_end (args);
  return statement;
}

gboolean
kt_state_step (KtState *state, sqlite3_stmt *statement, gboolean *row, GError **error)
{
  int code = sqlite3_step (statement);
  *row = code == SQLITE_ROW;
  if (code == SQLITE_ROW || code == SQLITE_DONE)
    return TRUE;
  set_sqlite_error (state, "cannot run a statement", error);
  return FALSE;
}

gboolean
kt_state_run (KtState *state, GError **error, const char *sql, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autoptr (sqlite3_stmt) statement = prepare_valist (state, error, sql, format, args);
  va_end (args);
  gboolean row = statement != NULL;
  while (row)
    if (!kt_state_step (state, statement, &row, error))
      return FALSE;
  return statement != NULL;
}

gboolean
kt_state_begin (KtState *state, GError **error)
{
  return execute (state, "BEGIN IMMEDIATE", "cannot begin a transaction", error);
}

gboolean
kt_state_commit (KtState *state, GError **error)
{
  kt_crash_point ("state: before commit");
  if (!execute (state, "COMMIT", "cannot commit", error))
    return FALSE;
  kt_crash_point ("state: committed");
  return TRUE;
}

void
kt_state_rollback (KtState *state)
{
  sqlite3_exec (state->db, "ROLLBACK", NULL, NULL, NULL);
}

static char *
reserve_path (const KtState *state)
{
  return g_build_filename (state->directory, "reserve", NULL);
}

gboolean
kt_state_reserve (KtState *state, GError **error)
{
  g_autofree char *path = reserve_path (state);
  int fd = open (path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  int failed = fd < 0 ? errno : posix_fallocate (fd, 0, RESERVE_BYTES);
  if (fd >= 0)
    close (fd);
  if (failed == 0)
    return TRUE;
  if (fd >= 0)
    unlink (path);
  kt_error_set_errno (error, failed, NULL, "cannot set %d MiB aside for the journal in %s", RESERVE_BYTES >> 20,
                      state->directory);
  return FALSE;
}

gboolean
kt_state_spend_reserve (KtState *state)
{
  g_autofree char *path = reserve_path (state);
  return unlink (path) == 0;
}

gboolean
kt_state_check_table (KtState *state, const char *table, GError **error)
{
  g_autofree char *sql = g_strdup_printf ("PRAGMA quick_check('%s')", table);
  g_autoptr (sqlite3_stmt) statement = kt_state_prepare (state, error, sql, NULL);
  gboolean row;
  if (statement == NULL || !kt_state_step (state, statement, &row, error))
    return FALSE;
  const char *answer = row ? (const char *) sqlite3_column_text (statement, 0) : "no answer";
  if (g_strcmp0 (answer, "ok") == 0)
    return TRUE;
  g_autofree char *hint = kt_state_damage_hint (state);
  kt_error_set (error, KT_ERROR_STATE, answer, hint, "the state database %s/state.db is damaged", state->directory);
  return FALSE;
}

gint64
kt_state_last_id (KtState *state)
{
  return sqlite3_last_insert_rowid (state->db);
}

static gboolean
current_step (KtState *state, const char *room, gint64 *step, GError **error)
{
  g_autoptr (sqlite3_stmt) statement = kt_state_prepare (state, error, "SELECT step FROM schema_step WHERE room = ?", "s", room);
  gboolean row;
  if (statement == NULL || !kt_state_step (state, statement, &row, error))
    return FALSE;
  *step = row ? sqlite3_column_int64 (statement, 0) : 0;
  return TRUE;
}

static gboolean
run_steps (KtState *state, const char *room, const char *const *steps, gint64 from, gint64 to, GError **error)
{
  for (gint64 i = from; i < to; i++)
    if (!execute (state, steps[i], "cannot bring the tables up to date", error))
      return FALSE;
  return kt_state_run (state, error, "INSERT INTO schema_step VALUES (?, ?) ON CONFLICT (room) DO UPDATE SET step = excluded.step",
                       "si", room, to);
}

gboolean
kt_state_migrate (KtState *state, const char *room, const char *const *steps, GError **error)
{
  gint64 wanted = g_strv_length ((char **) steps);
  gint64 present;
  if (!current_step (state, room, &present, error))
    return FALSE;
  if (present == wanted)
    return TRUE;
  if (!kt_state_begin (state, error))
    return FALSE;
  /* Read again inside the transaction: another kastune may have done it meanwhile. */
  if (current_step (state, room, &present, error))
    {
      if (present > wanted)
        kt_error_set (error, KT_ERROR_STATE, NULL, "install the kastune that wrote it, or name another folder with --state DIR",
                      "the state in %s was written by a newer kastune (%s %" G_GINT64_FORMAT ", this one knows %" G_GINT64_FORMAT ")",
                      state->directory, room, present, wanted);
      else if (run_steps (state, room, steps, present, wanted, error) && kt_state_commit (state, error))
        return TRUE;
    }
  kt_state_rollback (state);
  return FALSE;
}
