/* SPDX-License-Identifier: MIT */
#include "made_root.h"
#include "platform/parts.h"
#include "platform/probe.h"

static KtProbe
example (gint64 age_s)
{
  KtProbe probe = { .read_iops_1 = 13600, .read_latency_1_us = 73, .read_iops_16 = 90000, .read_latency_16_us = 170,
    .write_mb_s = 900,
                    .fdatasync_us = 123, .direct = TRUE, .bytes = 1 << 28, .elapsed_ms = 4000,
                    .taken_at = g_get_real_time () / G_USEC_PER_SEC - age_s };
  probe.class = kt_probe_classify (&probe);
  return probe;
}

/* Not as memory: what lies between the members is nobody's. */
static void
assert_same (const KtProbe *a, const KtProbe *b)
{
  g_assert_cmpfloat (a->read_iops_1, ==, b->read_iops_1);
  g_assert_cmpfloat (a->read_latency_1_us, ==, b->read_latency_1_us);
  g_assert_cmpfloat (a->read_iops_16, ==, b->read_iops_16);
  g_assert_cmpfloat (a->read_latency_16_us, ==, b->read_latency_16_us);
  g_assert_cmpfloat (a->write_mb_s, ==, b->write_mb_s);
  g_assert_cmpfloat (a->fdatasync_us, ==, b->fdatasync_us);
  g_assert_cmpfloat (a->other_iops, ==, b->other_iops);
  g_assert_cmpint (a->direct, ==, b->direct);
  g_assert_cmpint (a->bytes, ==, b->bytes);
  g_assert_cmpint (a->elapsed_ms, ==, b->elapsed_ms);
  g_assert_cmpint (a->taken_at, ==, b->taken_at);
  g_assert_cmpint (a->class, ==, b->class);
}

static void
test_state (void)
{
  g_autofree char *dir = g_dir_make_tmp ("kastune-state-XXXXXX", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (KtState) state = kt_state_open (dir, &error);
  g_assert_no_error (error);
  KtVolume volume = { .source = (char *) "/dev/vda", .mount_point = (char *) "/" };
  KtVolume other = { .source = (char *) "/dev/vda", .mount_point = (char *) "/other" };
  KtVolume nowhere = { .source = NULL };
  g_assert_null (kt_probe_load (state, &volume));

  KtProbe probe = example (60);
  g_assert_true (kt_probe_save (state, &volume, &probe, &error));
  probe.fdatasync_us = 124;
  g_assert_true (kt_probe_save (state, &volume, &probe, &error));
  g_assert_true (kt_probe_save (state, &nowhere, &probe, &error));
  g_assert_no_error (error);
  g_autoptr (KtProbe) found = kt_probe_load (state, &volume);
  g_assert_nonnull (found);
  assert_same (found, &probe);
  g_assert_null (kt_probe_load (state, &other));
  g_assert_null (kt_probe_load (state, &nowhere));

  KtProbe old = example (31 * 24 * 3600);
  g_assert_true (kt_probe_save (state, &volume, &old, &error));
  g_assert_null (kt_probe_load (state, &volume));
  KtProbe disturbed = example (23 * 3600);
  disturbed.other_iops = 5000;
  g_assert_true (kt_probe_save (state, &volume, &disturbed, &error));
  g_autoptr (KtProbe) fresh = kt_probe_load (state, &volume);
  assert_same (fresh, &disturbed);
  disturbed.taken_at -= 2 * 3600;
  g_assert_true (kt_probe_save (state, &volume, &disturbed, &error));
  g_assert_null (kt_probe_load (state, &volume));
  KtProbe future = example (-3600);
  g_assert_true (kt_probe_save (state, &volume, &future, &error));
  g_assert_null (kt_probe_load (state, &volume));
  g_clear_pointer (&state, kt_state_free);
  made_remove_tree (dir);
}

static void
test_key_file (void)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  KtProbe probe = example (0);
  kt_probe_to_key_file (&probe, file, "probe /");
  g_autoptr (KtProbe) back = kt_probe_from_key_file (file, "probe /");
  g_assert_nonnull (back);
  assert_same (back, &probe);
  g_assert_null (kt_probe_from_key_file (file, "probe /other"));
  g_key_file_set_string (file, "probe /", "read_latency_1_us", "-1");
  g_assert_null (kt_probe_from_key_file (file, "probe /"));
  g_key_file_set_string (file, "probe /", "read_latency_1_us", "nan");
  g_assert_null (kt_probe_from_key_file (file, "probe /"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/platform/probe-store/state-keeps-the-last-for-thirty-days", test_state);
  g_test_add_func ("/platform/probe-store/recording-keeps-figures", test_key_file);
  return g_test_run ();
}
