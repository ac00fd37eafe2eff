/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "host/fstab.h"

#include <string.h>

#define FSTAB                                                                                                     \
  "# /etc/fstab: static file system information.\n"                                                               \
  "\n"                                                                                                            \
  "UUID=0a1b\t/               ext4\terrors=remount-ro 0       1\n"                                                \
  "  LABEL=pg  /srv/pg  xfs   defaults,discard\t0\t2   \n"                                                        \
  "/dev/vg/my  /srv/my\\040data ext4 rw,context=\"system_u:object_r:x_t:s0:c1,c2\",relatime 0 2\r\n"              \
  "#UUID=old /srv/pg ext4 defaults 0 2\n"                                                                         \
  "tmpfs /tmp tmpfs\n"                                                                                            \
  "PARTUUID=77 /srv/last ext4 defaults 0 0"

static char *
change (const char *text, const char *target, const char *const *remove, const char *const *add)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *line = kt_fstab_line (text, target, &error);
  g_assert_no_error (error);
  g_assert_nonnull (line);
  g_autofree char *now = kt_fstab_line_with (line, remove, add);
  return kt_fstab_replace (text, line, now);
}

static void
test_one_field_of_one_line_changes (void)
{
  static const struct {
    const char *target, *remove[3], *add[3], *was, *now;
  } rows[] = {
    { "/", { NULL }, { "noatime" }, "errors=remount-ro 0", "errors=remount-ro,noatime 0" },
    { "/srv/pg", { "discard" }, { "noatime" }, "defaults,discard\t0\t2   \n", "defaults,noatime\t0\t2   \n" },
    { "/srv/pg/", { "defaults", "discard" }, { NULL }, "defaults,discard", "defaults" },
    { "/srv/my data", { "relatime" }, { "noatime" }, "c1,c2\",relatime 0 2\r\n", "c1,c2\",noatime 0 2\r\n" },
    { "/tmp", { NULL }, { "noatime" }, "tmpfs /tmp tmpfs\n", "tmpfs /tmp tmpfs defaults,noatime\n" },
    { "/srv/last", { "relatime" }, { "noatime" }, "ext4 defaults 0 0", "ext4 defaults,noatime 0 0" },
    /* What is so already stays as it is, in its order. */
    { "/srv/pg", { "relatime" }, { "discard", "defaults" }, "defaults,discard", "defaults,discard" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *now = change (FSTAB, rows[i].target, rows[i].remove, rows[i].add);
      g_autofree char *back = NULL;
      const char *at = g_strrstr (FSTAB, rows[i].was);
      g_autofree char *head = g_strndup (FSTAB, strlen (FSTAB) - strlen (at));
      g_autofree char *expected = g_strconcat (head, rows[i].now, at + strlen (rows[i].was), NULL);
      g_assert_cmpstr (now, ==, expected);
      g_autofree char *old_line = kt_fstab_line (FSTAB, rows[i].target, NULL);
      g_autofree char *new_line = kt_fstab_line (now, rows[i].target, NULL);
      back = kt_fstab_replace (now, new_line, old_line);
      g_assert_cmpstr (back, ==, FSTAB);
    }
}

static void
test_what_is_not_there_is_not_found (void)
{
  static const char *const targets[] = { "/srv", "/srv/m", "/srv/my\\040data", "", "/etc/fstab: static file system information." };
  for (gsize i = 0; i < G_N_ELEMENTS (targets); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_null (kt_fstab_line (FSTAB, targets[i], &error));
      g_assert_no_error (error);
    }
  g_assert_null (kt_fstab_replace (FSTAB, "a line that nobody wrote\n", "x\n"));
}

static void
test_unclear_entries_are_refused (void)
{
  static const char *const texts[] = { "/dev/a /x ext4 ro 0 0\n/dev/b /x/ ext4 rw 0 0\n", "/dev/a /x ext4 ro,context=\"a,b 0 0\n" };
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_null (kt_fstab_line (texts[i], "/x", &error));
      g_assert_error (error, KT_ERROR, KT_ERROR_REFUSED);
    }
}

static void
test_escapes (void)
{
  static const char *const rows[][2] = {
    { "/a\\040b", "/a b" }, { "/a\\011b\\134c", "/a\tb\\c" }, { "/a\\04", "/a\\04" }, { "/\\000", "/\\000" }, { "\\", "\\" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *text = kt_fstab_unescape (rows[i][0]);
      g_assert_cmpstr (text, ==, rows[i][1]);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/host/fstab/one-field-of-one-line-changes", test_one_field_of_one_line_changes);
  g_test_add_func ("/host/fstab/what-is-not-there-is-not-found", test_what_is_not_there_is_not_found);
  g_test_add_func ("/host/fstab/unclear-entries-are-refused", test_unclear_entries_are_refused);
  g_test_add_func ("/host/fstab/escapes", test_escapes);
  return g_test_run ();
}
