/* SPDX-License-Identifier: MIT */
#include "host/mount.h"
#include "host/setting.h"

static const struct {
  KtHostPlace place;
  const char *name, *value, *match, *file, *line, *live, *command;
} rows[] = {
  { KT_HOST_SYSCTL, "vm.swappiness", "10", NULL, "/etc/sysctl.d/99-zz-kastune.conf", "vm.swappiness = 10", "/proc/sys/vm/swappiness",
    "sysctl -w vm.swappiness=10" },
  { KT_HOST_SYSFS, "/sys/kernel/mm/transparent_hugepage/enabled", "madvise", NULL, "/etc/tmpfiles.d/90-kastune.conf",
    "w /sys/kernel/mm/transparent_hugepage/enabled - - - - madvise", "/sys/kernel/mm/transparent_hugepage/enabled",
    "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled" },
  { KT_HOST_QUEUE, "sda/scheduler", "none", NULL, "/etc/udev/rules.d/90-kastune.rules",
    "ACTION==\"add|change\", SUBSYSTEM==\"block\", KERNEL==\"sda\", ATTR{queue/scheduler}=\"none\"", "/sys/block/sda/queue/scheduler",
    "echo none > /sys/block/sda/queue/scheduler" },
  { KT_HOST_QUEUE, "dm-0/read_ahead_kb", "1024", "ATTR{dm/uuid}==\"LVM-x\"", "/etc/udev/rules.d/90-kastune.rules",
    "ACTION==\"add|change\", SUBSYSTEM==\"block\", ATTR{dm/uuid}==\"LVM-x\", ATTR{queue/read_ahead_kb}=\"1024\"",
    "/sys/block/dm-0/queue/read_ahead_kb", "echo 1024 > /sys/block/dm-0/queue/read_ahead_kb" },
  { KT_HOST_MODULE, "zfs/zfs_arc_max", "1073741824", NULL, "/etc/modprobe.d/90-kastune.conf", "options zfs zfs_arc_max=1073741824",
    "/sys/module/zfs/parameters/zfs_arc_max", "echo 1073741824 > /sys/module/zfs/parameters/zfs_arc_max" },
};

static void
test_each_place_has_its_words (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (KtHostSetting) setting = kt_host_setting_new (rows[i].place, rows[i].name, rows[i].value, rows[i].match);
      g_autoptr (JsonObject) object = kt_host_setting_to_json (setting);
      g_autoptr (KtHostSetting) again = kt_host_setting_from_json (object);
      g_autofree char *line = kt_host_setting_line (again);
      g_autofree char *live = kt_host_setting_live (again);
      g_autofree char *command = kt_host_setting_command (again);
      g_assert_cmpstr (kt_host_setting_file (again), ==, rows[i].file);
      g_assert_cmpstr (line, ==, rows[i].line);
      g_assert_cmpstr (live, ==, rows[i].live);
      g_assert_cmpstr (command, ==, rows[i].command);
    }
}

static void
test_a_line_is_found_set_and_taken_out (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (KtHostSetting) setting = kt_host_setting_new (rows[i].place, rows[i].name, rows[i].value, rows[i].match);
      g_autoptr (KtHostSetting) other = kt_host_setting_new (rows[i].place, rows[i].name, "7", rows[i].match);
      g_autofree char *line = kt_host_setting_line (setting);
      g_autofree char *other_line = kt_host_setting_line (other);
      g_autofree char *created = kt_host_file_with (NULL, setting, line);
      g_autofree char *emptied = kt_host_file_with (created, setting, NULL);
      g_assert_true (kt_host_file_is_bare (emptied));
      g_assert_false (kt_host_file_is_bare (created));

      g_autofree char *theirs = g_strdup_printf ("# mine\n%s\nsomething else", other_line);
      g_autofree char *found = kt_host_file_line (theirs, setting);
      g_autofree char *set = kt_host_file_with (theirs, setting, line);
      g_autofree char *back = kt_host_file_with (set, setting, found);
      g_autofree char *without = kt_host_file_with (set, setting, NULL);
      g_assert_cmpstr (found, ==, other_line);
      g_assert_nonnull (g_strstr_len (set, -1, line));
      g_assert_cmpstr (back, ==, theirs);
      g_assert_cmpstr (without, ==, "# mine\nsomething else");
      g_autofree char *appended = kt_host_file_with ("something else", setting, line);
      g_autofree char *expected = g_strconcat ("something else\n", line, "\n", NULL);
      g_assert_cmpstr (appended, ==, expected);
    }
}

static void
test_a_name_that_begins_alike_is_another (void)
{
  g_autoptr (KtHostSetting) setting = kt_host_setting_new (KT_HOST_SYSCTL, "vm.dirty_bytes", "1", NULL);
  g_assert_null (kt_host_file_line ("vm.dirty_bytes_too = 3\n# vm.dirty_bytes = 2\nvm.dirty = 1\n", setting));
  g_autofree char *line = kt_host_file_line ("vm.dirty_bytes=3\n  vm.dirty_bytes  =  4", setting);
  g_assert_cmpstr (line, ==, "  vm.dirty_bytes  =  4");
}

static void
test_only_plain_values_identify_a_device (void)
{
  static const char *const never[] = { "", "a*", "a?", "a[b", "a\"b", "a\\b", "a|b", "\xc3\xa4" };
  for (gsize i = 0; i < G_N_ELEMENTS (never); i++)
    g_assert_null (kt_host_match ("wwid", never[i]));
  g_assert_null (kt_host_match ("wwid", NULL));
  g_autofree char *match = kt_host_match ("wwid", "eui.0025385b");
  g_assert_cmpstr (match, ==, "ATTR{wwid}==\"eui.0025385b\"");
}

static void
test_words_that_lead_back_to_the_options_in_force (void)
{
  static const struct {
    const char *options[4], *words;
  } mounts[] = {
    { { "rw", "relatime", "discard" }, "atime,relatime,discard,barrier" },
    { { "rw", "noatime" }, "noatime,nodiscard,barrier" },
    { { "rw", "nobarrier" }, "strictatime,nodiscard,nobarrier" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (mounts); i++)
    {
      g_autofree char *words = kt_mount_in_force ("noatime,nodiscard,barrier", mounts[i].options);
      g_assert_cmpstr (words, ==, mounts[i].words);
    }
}

static void
test_the_active_word (void)
{
  static const char *const words[][2] = { { "none [mq-deadline] bfq\n", "mq-deadline" }, { "[none]", "none" }, { "10\n", "10" }, { "[x", "[x" } };
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    {
      g_autofree char *active = kt_host_active (words[i][0]);
      g_assert_cmpstr (active, ==, words[i][1]);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/host/setting/each-place-has-its-words", test_each_place_has_its_words);
  g_test_add_func ("/host/setting/a-line-is-found-set-and-taken-out", test_a_line_is_found_set_and_taken_out);
  g_test_add_func ("/host/setting/a-name-that-begins-alike-is-another", test_a_name_that_begins_alike_is_another);
  g_test_add_func ("/host/setting/only-plain-values-identify-a-device", test_only_plain_values_identify_a_device);
  g_test_add_func ("/host/setting/the-active-word", test_the_active_word);
  g_test_add_func ("/host/mount/words-that-lead-back-to-the-options-in-force", test_words_that_lead_back_to_the_options_in_force);
  return g_test_run ();
}
