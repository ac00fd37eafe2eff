/* SPDX-License-Identifier: MIT */
#include "backup/catalogue.h"
#include "backup/retention.h"

#define DAY ((gint64) 24 * 3600 * 1000)
#define NOW (100 * DAY)

/* "physical" of server "a", so many days old; newest first in the list. */
static void
add (GPtrArray *backups, const char *id, const char *kind, const char *server, gint64 days, gint64 bytes)
{
  KtBackup *backup = g_new0 (KtBackup, 1);
  backup->lock = -1;
  backup->id = g_strdup (id);
  backup->folder = g_strdup (id);
  backup->kind = kt_backup_kind_find (kind);
  backup->state = KT_BACKUP_COMPLETE;
  backup->manifest = json_object_new ();
  json_object_set_string_member (backup->manifest, "kind", kind);
  json_object_set_int_member (backup->manifest, "created_at_ms", NOW - days * DAY);
  json_object_set_int_member (backup->manifest, "size_bytes", bytes);
  json_object_set_string_member (kt_backup_server (backup), "id", server);
  g_ptr_array_add (backups, backup);
}

static KtBackup *
at (const GPtrArray *backups, guint i)
{
  return backups->pdata[i];
}

static GPtrArray *
five_days (void)
{
  GPtrArray *backups = g_ptr_array_new_with_free_func ((GDestroyNotify) kt_backup_free);
  for (gint64 day = 0; day < 5; day++)
    {
      g_autofree char *id = g_strdup_printf ("p%d", (int) day);
      add (backups, id, "physical", "a", day, 100);
    }
  return backups;
}

/* Ids that go, with blanks between. */
static char *
gone (const GPtrArray *backups, const KtRetention *retention, const char *const *needed)
{
  g_autoptr (GArray) verdicts = kt_retention_judge (backups, retention, needed, NOW);
  g_autoptr (GString) ids = g_string_new (NULL);
  g_assert_cmpuint (verdicts->len, ==, backups->len);
  for (guint i = 0; i < verdicts->len; i++)
    {
      const KtRetentionVerdict *verdict = &g_array_index (verdicts, KtRetentionVerdict, i);
      g_assert_nonnull (verdict->why);
      if (verdict->remove)
        g_string_append_printf (ids, "%s%s", ids->len > 0 ? " " : "", at (backups, i)->id);
    }
  return g_string_free (g_steal_pointer (&ids), FALSE);
}

static void
gone_is (const GPtrArray *backups, const KtRetention *retention, const char *const *needed, const char *expected)
{
  g_autofree char *ids = gone (backups, retention, needed);
  g_assert_cmpstr (ids, ==, expected);
}

static void
test_without_limits_all_stay (void)
{
  g_autoptr (GPtrArray) backups = five_days ();
  gone_is (backups, &(KtRetention){ 0 }, NULL, "");
}

static void
test_count_age_and_space_take_the_oldest (void)
{
  g_autoptr (GPtrArray) backups = five_days ();
  gone_is (backups, &(KtRetention){ .keep = 2 }, NULL, "p2 p3 p4");
  gone_is (backups, &(KtRetention){ .max_age_ms = 3 * DAY }, NULL, "p4");
  gone_is (backups, &(KtRetention){ .max_bytes = 250 }, NULL, "p2 p3 p4");
}

static void
test_newest_complete_one_always_stays (void)
{
  g_autoptr (GPtrArray) backups = five_days ();
  at (backups, 0)->state = KT_BACKUP_FAILED;
  gone_is (backups, &(KtRetention){ .keep = 1, .max_age_ms = 1, .max_bytes = 1 }, NULL, "p0 p2 p3 p4");
}

static void
test_newest_verified_one_stays_too (void)
{
  g_autoptr (GPtrArray) backups = five_days ();
  json_object_set_int_member (at (backups, 3)->manifest, "verified_at_ms", NOW);
  gone_is (backups, &(KtRetention){ .keep = 1 }, NULL, "p1 p2 p4");
}

static void
test_a_change_sets_backup_stays (void)
{
  static const char *const needed[] = { "p4", NULL };
  g_autoptr (GPtrArray) backups = five_days ();
  gone_is (backups, &(KtRetention){ .keep = 1, .max_bytes = 1 }, needed, "p1 p2 p3");
}

static void
test_servers_and_kinds_are_told_apart (void)
{
  g_autoptr (GPtrArray) backups = five_days ();
  add (backups, "other", "physical", "b", 50, 100);
  add (backups, "dump", "logical", "a", 60, 100);
  gone_is (backups, &(KtRetention){ .keep = 1, .max_age_ms = DAY }, NULL, "p1 p2 p3 p4");
}

static void
test_safety_copy_takes_no_backups_place (void)
{
  g_autoptr (GPtrArray) backups = five_days ();
  json_object_set_string_member (at (backups, 0)->manifest, "note", "what stood there before");
  gone_is (backups, &(KtRetention){ .keep = 1 }, NULL, "p2 p3 p4");
}

static void
test_running_one_is_left_alone_and_failed_ones_go (void)
{
  g_autoptr (GPtrArray) backups = five_days ();
  at (backups, 0)->state = KT_BACKUP_RUNNING;
  at (backups, 2)->state = KT_BACKUP_INTERRUPTED;
  gone_is (backups, &(KtRetention){ 0 }, NULL, "p2");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/backup/retention/without-limits-all-stay", test_without_limits_all_stay);
  g_test_add_func ("/backup/retention/count-age-and-space-take-the-oldest", test_count_age_and_space_take_the_oldest);
  g_test_add_func ("/backup/retention/newest-complete-one-always-stays", test_newest_complete_one_always_stays);
  g_test_add_func ("/backup/retention/newest-verified-one-stays-too", test_newest_verified_one_stays_too);
  g_test_add_func ("/backup/retention/a-change-sets-backup-stays", test_a_change_sets_backup_stays);
  g_test_add_func ("/backup/retention/servers-and-kinds-are-told-apart", test_servers_and_kinds_are_told_apart);
  g_test_add_func ("/backup/retention/safety-copy-takes-no-backups-place", test_safety_copy_takes_no_backups_place);
  g_test_add_func ("/backup/retention/running-one-is-left-alone-and-failed-ones-go", test_running_one_is_left_alone_and_failed_ones_go);
  return g_test_run ();
}
