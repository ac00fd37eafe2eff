/* SPDX-License-Identifier: MIT */
#include "backup/choice.h"
#include "base/error.h"
#include "base/size.h"

#include <string.h>

static const char *const data[] = { "parameter work_mem", "schema of database kaspa", "data directory", NULL };
static const char *const schema[] = { "parameter work_mem", "schema of database kaspa", "dataset tank/pg", NULL };
static const char *const settings[] = { "parameter work_mem", "fillfactor of table public.blocks", "work_mem of role kaspa", NULL };

static void
test_what_is_touched_says_what_is_needed (void)
{
  static const char *const nothing[] = { NULL };
  static const char *const storage[] = { "dataset tank/pg", "properties of dataset tank/pg", "properties of pool tank",
                                         "host setting vm.swappiness", "mount options of /srv",
                                         "service indexer in /opt/kaspa/kastune.compose.yaml", NULL };
  static const char *const unknown[] = { "something new", NULL };
  g_assert_cmpint (kt_backup_need (nothing), ==, KT_BACKUP_NEED_NONE);
  g_assert_cmpint (kt_backup_need (storage), ==, KT_BACKUP_NEED_NONE);
  g_assert_cmpint (kt_backup_need (schema), ==, KT_BACKUP_NEED_SCHEMA);
  g_assert_cmpint (kt_backup_need (unknown), ==, KT_BACKUP_NEED_DATA);
  g_assert_cmpint (kt_backup_need (settings), ==, KT_BACKUP_NEED_CONFIGURATION);
  g_assert_cmpint (kt_backup_need (data), ==, KT_BACKUP_NEED_DATA);
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
  g_assert_true (choose (KT_BACKUP_NEED_DATA, FALSE, plenty, 4, &error) == &kt_backup_physical);
  g_assert_no_error (error);
}

static void
test_smaller_kind_is_taken_where_the_larger_does_not_fit (void)
{
  KtBackupCandidate candidates[4];
  g_autoptr (GError) error = NULL;
  memcpy (candidates, plenty, sizeof candidates);
  candidates[2].room.free_bytes = candidates[3].room.free_bytes = 400;
  g_assert_true (choose (KT_BACKUP_NEED_SCHEMA, FALSE, candidates, 4, &error) == &kt_backup_logical);
  g_assert_no_error (error);
}

static void
test_data_is_not_touched_without_room_for_a_backup (void)
{
  KtBackupCandidate candidates[] = { { &kt_backup_pgbackrest, "no stanza", { 0, 0, 0 } },
                                     { &kt_backup_physical, NULL, { 500 * KT_GIB, 600 * KT_GIB, 80 * KT_GIB } } };
  g_autoptr (GError) error = NULL;
  g_assert_true (choose (KT_BACKUP_NEED_DATA, FALSE, candidates, 2, &error) == NULL);
  g_assert_error (error, KT_ERROR, KT_ERROR_NO_SPACE);
  g_assert_nonnull (strstr (kt_error_detail (error), "600 GB"));
  g_assert_nonnull (strstr (kt_error_detail (error), "80 GB"));
  g_assert_nonnull (strstr (kt_error_detail (error), "no stanza"));
  g_clear_error (&error);
  g_assert_true (choose (KT_BACKUP_NEED_DATA, TRUE, candidates, 2, &error) == NULL);
  g_assert_no_error (error);
}

static void
test_data_is_not_touched_where_no_kind_is_possible (void)
{
  const KtBackupCandidate candidates[] = { { &kt_backup_physical, "wal_level is minimal", { 0, 0, 0 } } };
  g_autoptr (GError) error = NULL;
  g_assert_true (choose (KT_BACKUP_NEED_DATA, FALSE, candidates, 1, &error) == NULL);
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

/* ------------------------------------------------------------------------------------------------- every combination */

enum { ABSENT, POSSIBLE, TOO_LARGE, IMPOSSIBLE, N_STATES };

/* What docs/backups.md promises, in its own words: first the one that takes no time. */
static const struct {
  KtBackupNeed need;
  const char *order[5];
} promised[] = {
  { KT_BACKUP_NEED_NONE, { NULL } },
  { KT_BACKUP_NEED_CONFIGURATION, { "configuration", NULL } },
  { KT_BACKUP_NEED_SCHEMA, { "zfs", "pgbackrest", "physical", "logical", NULL } },
  { KT_BACKUP_NEED_DATA, { "zfs", "pgbackrest", "physical", NULL } },
};

static guint
count_kinds (void)
{
  guint n = 0;
  while (kt_backup_kinds[n] != NULL)
    n++;
  return n;
}

/* What each kind of @states is, the last digit that of the first kind. */
static guint
build (guint states, KtBackupCandidate *candidates, guint *state_of)
{
  guint n = 0;
  for (guint i = 0; kt_backup_kinds[i] != NULL; i++, states /= N_STATES)
    {
      state_of[i] = states % N_STATES;
      if (state_of[i] != ABSENT)
        candidates[n++] = (KtBackupCandidate){ kt_backup_kinds[i], state_of[i] == IMPOSSIBLE ? "it is not there" : NULL,
                                               { 100 * KT_GIB, 70 * KT_GIB, (state_of[i] == TOO_LARGE ? 69 : 70) * KT_GIB } };
    }
  return n;
}

static guint
state_named (const char *name, const guint *state_of)
{
  guint i = 0;
  while (!g_str_equal (kt_backup_kinds[i]->name, name))
    i++;
  return state_of[i];
}

static void
check_combination (gsize row, gboolean skip, guint states)
{
  KtBackupCandidate candidates[8];
  guint state_of[8], n = build (states, candidates, state_of);
  gboolean too_large = FALSE;
  const char *expected = NULL;
  g_autoptr (GError) error = NULL;
  for (guint i = 0; !skip && expected == NULL && promised[row].order[i] != NULL; i++)
    {
      guint state = state_named (promised[row].order[i], state_of);
      expected = state == POSSIBLE ? promised[row].order[i] : NULL;
      too_large |= state == TOO_LARGE;
    }
  const KtBackupKind *kind = choose (promised[row].need, skip, candidates, n, &error);
  g_assert_cmpstr (kind != NULL ? kind->name : NULL, ==, expected);
  gboolean may_go_without = skip || promised[row].need == KT_BACKUP_NEED_NONE
                            || (promised[row].need == KT_BACKUP_NEED_CONFIGURATION && !too_large);
  if (expected != NULL || may_go_without)
    g_assert_no_error (error);
  else
    g_assert_true (g_error_matches (error, KT_ERROR, KT_ERROR_NO_SPACE) == too_large && g_error_matches (error, KT_ERROR, KT_ERROR_REFUSED) != too_large);
  if (error != NULL && too_large)
    g_assert_nonnull (strstr (kt_error_detail (error), "it needs up to 70 GB, there are 69 GB"));
}

static void
test_every_combination_gives_what_is_promised (void)
{
  guint combinations = 1;
  for (guint i = count_kinds (); i > 0; i--)
    combinations *= N_STATES;
  g_assert_cmpuint (combinations, ==, 1024);
  for (gsize row = 0; row < G_N_ELEMENTS (promised); row++)
    for (guint states = 0; states < combinations; states++)
      {
        check_combination (row, FALSE, states);
        check_combination (row, TRUE, states);
      }
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
  g_test_add_func ("/backup/choice/every-combination-gives-what-is-promised", test_every_combination_gives_what_is_promised);
  return g_test_run ();
}
