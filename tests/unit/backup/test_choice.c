/* SPDX-License-Identifier: MIT */
#include "backup/choice.h"
#include "base/error.h"
#include "base/size.h"

#include <string.h>

static const char *const data[] = { "parameter work_mem", "data directory", NULL };
static const char *const settings[] = { "parameter work_mem", "fillfactor of table public.blocks", "work_mem of role kaspa", NULL };

static void
test_what_is_touched_says_what_is_needed (void)
{
  static const char *const nothing[] = { NULL };
  g_assert_cmpint (kt_backup_need (nothing), ==, KT_BACKUP_NEED_NONE);
  g_assert_cmpint (kt_backup_need (settings), ==, KT_BACKUP_NEED_CONFIGURATION);
  g_assert_cmpint (kt_backup_need (data), ==, KT_BACKUP_NEED_WHOLE);
}

static const KtBackupKind *
choose (KtBackupNeed need, gboolean skip, const KtBackupCandidate *candidates, guint n, GError **error)
{
  const KtBackupKind *kind = NULL;
  gboolean allowed = kt_backup_choose (need, skip, candidates, n, &kind, error);
  g_assert_true (allowed || kind == NULL);
  return kind;
}

static const KtBackupCandidate plenty[] = {
  { &kt_backup_configuration, NULL, { 0, 10, 1000 } },
  { &kt_backup_pgbackrest, "no stanza", { 0, 0, 0 } },
  { &kt_backup_physical, NULL, { 500, 600, 1000 } },
  { &kt_backup_logical, NULL, { 300, 300, 1000 } },
};

static void
test_settings_need_the_configuration_and_data_the_first_whole_one (void)
{
  g_autoptr (GError) error = NULL;
  g_assert_true (choose (KT_BACKUP_NEED_NONE, FALSE, plenty, 4, &error) == NULL);
  g_assert_true (choose (KT_BACKUP_NEED_CONFIGURATION, FALSE, plenty, 4, &error) == &kt_backup_configuration);
  g_assert_true (choose (KT_BACKUP_NEED_WHOLE, FALSE, plenty, 4, &error) == &kt_backup_physical);
  g_assert_no_error (error);
}

static void
test_smaller_kind_is_taken_where_the_larger_does_not_fit (void)
{
  KtBackupCandidate candidates[4];
  g_autoptr (GError) error = NULL;
  memcpy (candidates, plenty, sizeof candidates);
  candidates[2].room.free_bytes = candidates[3].room.free_bytes = 400;
  g_assert_true (choose (KT_BACKUP_NEED_WHOLE, FALSE, candidates, 4, &error) == &kt_backup_logical);
  g_assert_no_error (error);
}

static void
test_data_is_not_touched_without_room_for_a_backup (void)
{
  KtBackupCandidate candidates[] = { { &kt_backup_pgbackrest, "no stanza", { 0, 0, 0 } },
                                     { &kt_backup_physical, NULL, { 500 * KT_GIB, 600 * KT_GIB, 80 * KT_GIB } } };
  g_autoptr (GError) error = NULL;
  g_assert_true (choose (KT_BACKUP_NEED_WHOLE, FALSE, candidates, 2, &error) == NULL);
  g_assert_error (error, KT_ERROR, KT_ERROR_NO_SPACE);
  g_assert_nonnull (strstr (kt_error_detail (error), "600 GB"));
  g_assert_nonnull (strstr (kt_error_detail (error), "80 GB"));
  g_assert_nonnull (strstr (kt_error_detail (error), "no stanza"));
  g_clear_error (&error);
  g_assert_true (choose (KT_BACKUP_NEED_WHOLE, TRUE, candidates, 2, &error) == NULL);
  g_assert_no_error (error);
}

static void
test_data_is_not_touched_where_no_kind_is_possible (void)
{
  const KtBackupCandidate candidates[] = { { &kt_backup_physical, "wal_level is minimal", { 0, 0, 0 } } };
  g_autoptr (GError) error = NULL;
  g_assert_true (choose (KT_BACKUP_NEED_WHOLE, FALSE, candidates, 1, &error) == NULL);
  g_assert_error (error, KT_ERROR, KT_ERROR_REFUSED);
}

/* Each value stands in the journal; of files that nobody here can read there is no copy. */
static void
test_settings_may_change_where_files_cannot_be_read (void)
{
  const KtBackupCandidate candidates[] = { { &kt_backup_configuration, "its files cannot be seen", { 0, 0, 0 } } };
  g_autoptr (GError) error = NULL;
  g_assert_true (choose (KT_BACKUP_NEED_CONFIGURATION, FALSE, candidates, 1, &error) == NULL);
  g_assert_no_error (error);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/backup/choice/what-is-touched-says-what-is-needed", test_what_is_touched_says_what_is_needed);
  g_test_add_func ("/backup/choice/settings-need-the-configuration-and-data-the-first-whole-one",
                   test_settings_need_the_configuration_and_data_the_first_whole_one);
  g_test_add_func ("/backup/choice/smaller-kind-is-taken-where-the-larger-does-not-fit", test_smaller_kind_is_taken_where_the_larger_does_not_fit);
  g_test_add_func ("/backup/choice/data-is-not-touched-without-room-for-a-backup", test_data_is_not_touched_without_room_for_a_backup);
  g_test_add_func ("/backup/choice/data-is-not-touched-where-no-kind-is-possible", test_data_is_not_touched_where_no_kind_is_possible);
  g_test_add_func ("/backup/choice/settings-may-change-where-files-cannot-be-read", test_settings_may_change_where_files_cannot_be_read);
  return g_test_run ();
}
