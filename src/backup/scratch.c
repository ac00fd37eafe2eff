/* SPDX-License-Identifier: MIT */
#include "backup/scratch.h"

#include "backup/catalogue.h"
#include "base/error.h"
#include "base/file.h"
#include "base/user.h"
#include "postgres/client.h"
#include "postgres/scratch_log.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEADLINE_MS (7 * 24 * 3600 * 1000) /* only a safety net: a large backup takes its time */

/* Nobody else can get at the socket, and the data is thrown away. */
static const char conf[]
  = "shared_buffers = 128MB\nfsync = off\nfull_page_writes = off\nautovacuum = off\narchive_mode = off\nhot_standby = off\n"
    "max_prepared_transactions = 64\nmax_wal_size = 4GB\n";

static const char hba[] = "local all all trust\n";

KtBackupScratch *
kt_backup_scratch_new (KtBackup *backup, const char *folder, const KtBackupWatch *watch, GError **error)
{
  JsonObject *server = kt_backup_server (backup);
  int major = kt_backup_major (backup), found = 0;
  g_autoptr (KtBackupScratch) scratch = g_new0 (KtBackupScratch, 1);
  scratch->bin_directory = kt_client_find (kt_json_string (server, "bin_directory", NULL), major, "postgres", &found);
  if (scratch->bin_directory == NULL || found != major)
    {
      g_autofree char *hint = g_strdup_printf ("apt-get install postgresql-%d", major);
      kt_error_set (error, KT_ERROR_UNSUPPORTED, NULL, hint, "there is no PostgreSQL %d on this machine to start the backup with", major);
      return NULL;
    }
  const char *owner = kt_json_string (server, "owner", NULL);
  scratch->libraries = g_strdup (kt_json_string (server, "libraries", ""));
  uid_t uid;
  scratch->scratch = (KtScratch){
    .bin_directory = scratch->bin_directory,
    .owner = kt_user_find (owner, &uid, NULL) && uid != 0 ? owner : NULL,
    .folder = folder,
  };
  scratch->site = kt_scratch_site_new (&scratch->scratch, DEADLINE_MS, watch->cancellable, error);
  return scratch->site != NULL ? g_steal_pointer (&scratch) : NULL;
}

void
kt_backup_scratch_free (KtBackupScratch *scratch)
{
  if (scratch == NULL)
    return;
  g_clear_pointer (&scratch->server, kt_scratch_server_free);
  g_clear_pointer (&scratch->site, kt_scratch_site_free);
  g_free (scratch->bin_directory);
  g_free (scratch->libraries);
  g_free (scratch->recovery);
  g_free (scratch->conninfo);
  g_free (scratch);
}

static gboolean
write_file (const KtScratchSite *site, const char *path, const char *text, GError **error)
{
  struct stat like;
  if (stat (site->folder, &like) != 0)
    {
      kt_error_set_errno (error, errno, NULL, "cannot read %s", site->folder);
      return FALSE;
    }
  like.st_mode = S_IFREG | 0600;
  return kt_file_write (path, text, -1, &like, error);
}

/* What the restored server was told by ALTER SYSTEM (archive, standbys, memory) is not for here, nor whom it followed. */
static gboolean
calm_down (const KtScratchSite *site, gboolean recovers, GError **error)
{
  static const char *const signals[] = { "recovery.signal", "standby.signal" };
  for (gsize i = 0; i < G_N_ELEMENTS (signals); i++)
    {
      g_autofree char *path = g_build_filename (site->data, signals[i], NULL);
      gboolean wanted = recovers && g_str_equal (signals[i], "recovery.signal");
      if (!wanted && !kt_file_remove (path, error))
        return FALSE;
    }
  g_autofree char *path = g_build_filename (site->data, "postgresql.auto.conf", NULL);
  return write_file (site, path, "", error);
}

static gboolean
write_configuration (const KtBackupScratch *scratch, GError **error)
{
  const KtScratchSite *site = scratch->site;
  g_autofree char *hba_file = g_build_filename (site->folder, "pg_hba.conf", NULL);
  g_autofree char *ident_file = g_build_filename (site->folder, "pg_ident.conf", NULL);
  g_autofree char *libraries = kt_guc_quote (scratch->libraries);
  g_autofree char *text = g_strdup_printf ("%s%shba_file = '%s'\nident_file = '%s'\nshared_preload_libraries = %s\n", conf,
                                           scratch->recovery != NULL ? scratch->recovery : "", hba_file, ident_file, libraries);
  return write_file (site, hba_file, hba, error) && write_file (site, ident_file, "", error)
         && kt_scratch_site_write_conf (site, text, error);
}

static void
set_start_error (const KtBackupScratch *scratch, GError **error)
{
  const char *log = scratch->server->result.diagnosis != NULL ? scratch->server->result.diagnosis : "";
  g_autoptr (GPtrArray) faults = kt_scratch_log_faults (log, scratch->site->conf);
  const KtScratchFault *first = faults->len > 0 ? faults->pdata[0] : NULL;
  if (g_cancellable_is_cancelled (scratch->site->cancellable))
    kt_error_set (error, KT_ERROR_INTERRUPTED, NULL, NULL, "interrupted while the restored server started");
  else
    kt_error_set (error, KT_ERROR_VERIFY, first != NULL ? first->text : log, first != NULL ? first->hint : NULL,
                  "PostgreSQL does not start on the restored files");
}

gboolean
kt_backup_scratch_start (KtBackupScratch *scratch, const char *role, GError **error)
{
  if (!calm_down (scratch->site, scratch->recovery != NULL, error) || !write_configuration (scratch, error))
    return FALSE;
  scratch->server = kt_scratch_server_start (scratch->site, NULL, error);
  if (scratch->server == NULL)
    return FALSE;
  if (!kt_scratch_server_wait (scratch->server))
    {
      kt_scratch_server_stop (scratch->server, TRUE);
      set_start_error (scratch, error);
      return FALSE;
    }
  g_autoptr (GString) words = g_string_new ("port=5432");
  kt_conninfo_append (words, "host", scratch->site->sockets);
  kt_conninfo_append (words, "user", role);
  scratch->conninfo = g_string_free (g_steal_pointer (&words), FALSE);
  return TRUE;
}
