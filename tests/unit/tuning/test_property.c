/* SPDX-License-Identifier: MIT
 *
 * What must hold everywhere: every machine from 1 GB to 1 TB, 1 to 128 CPUs, every class of storage, every version,
 * phase and profile.
 */
#include "base/size.h"
#include "support/facts.h"
#include "tuning/advise.h"
#include "tuning/check.h"

static const double memory_gb[] = { 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 128, 256, 512, 1024 };
static const double cpus[] = { 1, 1.5, 2, 4, 8, 16, 64, 128 };
static const KtStorageClass classes[] = { KT_STORAGE_HDD, KT_STORAGE_SSD, KT_STORAGE_NVME };
static const char *const fs_types[] = { "ext4", "zfs" };

static char *
describe (const KtTestMachine *machine, const KtInputs *in)
{
  return g_strdup_printf ("%g GB, %g CPUs, %s on %s, PostgreSQL %d, %s, %s", machine->memory_gb, machine->cpus,
                          kt_storage_class_name (machine->class), machine->fs_type, in->major, in->profile->name,
                          kt_phase_name (in->phase));
}

static void
values_are_inside_their_limits (const KtAdvice *advice, const char *where)
{
  for (guint i = 0; i < advice->rows->len; i++)
    {
      const KtAdviceRow *row = advice->rows->pdata[i];
      g_auto (KtValue) value = { 0 };
      g_autoptr (GError) error = NULL;
      if (row->wanted != NULL && !kt_param_parse (row->param, advice->in->major, row->wanted, &value, &error))
        g_error ("%s: %s = %s: %s", where, row->param->name, row->wanted, error->message);
      if (row->because == NULL || *row->because == '\0')
        g_error ("%s: %s has no reason", where, row->param->name);
    }
}

static void
memory_fits (const KtAdvice *advice, const char *where)
{
  if (advice->worst_case->verdict != KT_MEMORY_FITS)
    g_error ("%s: worst case %.1f %% of memory", where, advice->worst_case->share * 100);
}

static void
wal_fits (const KtAdvice *advice, const char *where)
{
  gint64 max = kt_wanted_int (advice->in, "max_wal_size");
  gint64 min = kt_wanted_int (advice->in, "min_wal_size");
  if (max > advice->in->wal.free / 4)
    g_error ("%s: max_wal_size is more than a quarter of the free space", where);
  if (min > max || min < 2 * advice->in->wal_segment)
    g_error ("%s: min_wal_size %" G_GINT64_FORMAT " and max_wal_size %" G_GINT64_FORMAT, where, min, max);
}

static void
nothing_is_refused (const KtAdvice *advice, const char *where)
{
  const KtFinding *first = advice->findings->len > 0 ? advice->findings->pdata[0] : NULL;
  if (first != NULL && first->severity == KT_SEVERITY_REFUSE)
    g_error ("%s: %s", where, first->sentence);
}

static void
check_machine (const KtTestMachine *machine, const KtProfile *profile, int major, KtPhase phase)
{
  KtOptions options = KT_OPTIONS_DEFAULT;
  g_autoptr (KtPlatform) platform = kt_test_platform (machine);
  options.major = major;
  options.phase = (int) phase;
  g_autoptr (GError) error = NULL;
  g_autoptr (KtAdvice) advice = kt_advise (platform, NULL, profile, &options, &error);
  g_assert_no_error (error);
  g_autofree char *where = describe (machine, advice->in);
  values_are_inside_their_limits (advice, where);
  memory_fits (advice, where);
  wal_fits (advice, where);
  nothing_is_refused (advice, where);
}

/* The full grid for the profile that would be picked, in the version that the rules differ least from. */
static void
test_every_machine (void)
{
  for (gsize m = 0; m < G_N_ELEMENTS (memory_gb); m++)
    for (gsize c = 0; c < G_N_ELEMENTS (cpus); c++)
      for (gsize s = 0; s < G_N_ELEMENTS (classes); s++)
        for (gsize f = 0; f < G_N_ELEMENTS (fs_types); f++)
          {
            KtTestMachine machine = { .memory_gb = memory_gb[m], .cpus = cpus[c], .class = classes[s],
                                      .fs_type = fs_types[f],
                                      .free_gb = 10 * memory_gb[m] };
            check_machine (&machine, NULL, 15, KT_PHASE_STEADY);
          }
}

/* Versions, phases and profiles, on machines of every size. */
static void
test_every_version_phase_and_profile (void)
{
  guint n = 0;
  const KtProfileRow *rows = kt_profile_rows (&n);
  for (guint p = 0; p < n; p++)
    {
      g_autoptr (KtProfile) profile = kt_profile_load (rows[p].name, NULL);
      for (int major = KT_MAJOR_FIRST; major <= KT_MAJOR_LAST + 1; major++)
        for (int phase = KT_PHASE_STEADY; phase <= KT_PHASE_INITIAL_SYNC; phase++)
          for (gsize m = 0; m < G_N_ELEMENTS (memory_gb); m++)
            {
              KtTestMachine machine = { .memory_gb = memory_gb[m], .cpus = cpus[m % G_N_ELEMENTS (cpus)],
                                        .class = classes[m % G_N_ELEMENTS (classes)], .fs_type = fs_types[m % 2] };
              check_machine (&machine, profile, major, (KtPhase) phase);
            }
    }
}

/* Room for WAL from nothing to plenty: never more than a quarter of it, and no advice where nothing sensible fits. */
static void
test_every_amount_of_free_space (void)
{
  for (double free_gb = 0.01; free_gb < 4096; free_gb *= 1.7)
    {
      KtTestMachine machine = { .free_gb = free_gb, .fs_type = "ext4" };
      KtOptions options = KT_OPTIONS_DEFAULT;
      options.major = 15;
      g_autoptr (KtPlatform) platform = kt_test_platform (&machine);
      g_autoptr (KtAdvice) advice = kt_advise (platform, NULL, NULL, &options, NULL);
      const KtAdviceRow *row = kt_advice_find (advice, "max_wal_size");
      if (row->wanted != NULL)
        g_assert_cmpint (kt_wanted_int (advice->in, "max_wal_size"), <=, advice->in->wal.free / 4);
      else
        g_assert_cmpfloat (free_gb, <, 1);
    }
}

/* Advice that was followed is as wanted: nothing changes on the second look. */
static void
follow (KtServer *server, const KtAdvice *advice)
{
  for (guint i = 0; i < advice->rows->len; i++)
    {
      const KtAdviceRow *row = advice->rows->pdata[i];
      if (row->verdict == KT_VERDICT_CHANGE)
        kt_test_server_set (server, row->param->name, row->wanted, NULL, NULL);
    }
}

/* Texts with units go in, as a file holds them; the server's own figures have none. */
static void
to_base_units (KtServer *server)
{
  GHashTableIter iter;
  gpointer value = NULL;
  g_hash_table_iter_init (&iter, server->settings);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      KtSetting *setting = value;
      double base = 0;
      if ((setting->type == KT_GUC_INTEGER || setting->type == KT_GUC_REAL) &&
          kt_guc_parse_number (setting->type, setting->value, setting->unit, &base, NULL))
        {
          g_free (setting->value);
          setting->value = g_strdup_printf ("%.10g", base);
        }
    }
}

static void
test_followed_advice_is_as_wanted (void)
{
  for (int major = KT_MAJOR_FIRST; major <= KT_MAJOR_LAST; major++)
    for (gsize m = 0; m < G_N_ELEMENTS (memory_gb); m++)
      {
        KtTestMachine machine = { .memory_gb = memory_gb[m], .class = classes[m % 3], .fs_type = fs_types[m % 2] };
        g_autoptr (KtPlatform) platform = kt_test_platform (&machine);
        g_autoptr (KtServer) server = kt_test_server (major);
        g_autoptr (KtAdvice) first = kt_advise (platform, server, NULL, NULL, NULL);
        follow (server, first);
        to_base_units (server);
        /* the WAL that is now kept takes its space */
        KtVolume *volume = platform->volumes->pdata[0];
        volume->available -= kt_wanted_int (first->in, "max_wal_size");
        g_autoptr (KtAdvice) second = kt_advise (platform, server, NULL, NULL, NULL);
        for (guint i = 0; i < second->rows->len; i++)
          {
            const KtAdviceRow *row = second->rows->pdata[i];
            if (row->verdict == KT_VERDICT_CHANGE)
              g_error ("%g GB, PostgreSQL %d: %s is %s and should now be %s", memory_gb[m], major, row->param->name,
                       row->running,
                       row->wanted);
          }
      }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tuning/property/every-machine", test_every_machine);
  g_test_add_func ("/tuning/property/every-version-phase-and-profile", test_every_version_phase_and_profile);
  g_test_add_func ("/tuning/property/every-amount-of-free-space", test_every_amount_of_free_space);
  g_test_add_func ("/tuning/property/followed-advice-is-as-wanted", test_followed_advice_is_as_wanted);
  return g_test_run ();
}
