/* SPDX-License-Identifier: MIT */
#include "daemon/notify.h"

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <unistd.h>

static GSocket *
listen_at (const char *name, GUnixSocketAddressType type)
{
  g_autoptr (GError) error = NULL;
  GSocket *socket = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_DEFAULT, &error);
  g_assert_no_error (error);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new_with_type (name, -1, type);
  g_assert_true (g_socket_bind (socket, address, FALSE, &error));
  g_assert_no_error (error);
  return socket;
}

static void
assert_hears (GSocket *socket, const char *wanted)
{
  char heard[100] = "";
  g_assert_true (kt_notify (wanted));
  g_assert_cmpint (g_socket_receive (socket, heard, sizeof heard - 1, NULL, NULL), >, 0);
  g_assert_cmpstr (heard, ==, wanted);
}

static void
test_file (void)
{
  g_autofree char *folder = g_dir_make_tmp ("kastune-notify-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "socket", NULL);
  g_autoptr (GSocket) socket = listen_at (path, G_UNIX_SOCKET_ADDRESS_PATH);
  g_setenv ("NOTIFY_SOCKET", path, TRUE);
  assert_hears (socket, "READY=1");
  assert_hears (socket, "RELOADING=1\nMONOTONIC_USEC=5");
  g_unlink (path);
  g_assert_false (kt_notify ("READY=1"));
  g_rmdir (folder);
}

static void
test_name_without_a_file (void)
{
  g_autofree char *name = g_strdup_printf ("kastune-test-%d", (int) getpid ());
  g_autofree char *given = g_strconcat ("@", name, NULL);
  g_autoptr (GSocket) socket = listen_at (name, G_UNIX_SOCKET_ADDRESS_ABSTRACT);
  g_setenv ("NOTIFY_SOCKET", given, TRUE);
  assert_hears (socket, "STOPPING=1");
}

static void
test_nobody_listens (void)
{
  g_autofree char *too_long = g_strdup_printf ("/%0*d", 200, 0);
  const char *const useless[] = { NULL, "", "@", "relative", too_long };
  for (gsize i = 0; i < G_N_ELEMENTS (useless); i++)
    {
      if (useless[i] != NULL)
        g_setenv ("NOTIFY_SOCKET", useless[i], TRUE);
      else
        g_unsetenv ("NOTIFY_SOCKET");
      g_assert_false (kt_notify ("READY=1"));
    }
}

static void
test_watchdog_is_fed_at_half_its_time (void)
{
  g_autofree char *own = g_strdup_printf ("%d", (int) getpid ());
  const struct {
    const char *within, *pid;
    guint wanted_ms;
  } cases[] = {
    { NULL, NULL, 0 }, { "60000000", NULL, 30000 }, { "60000000", own, 30000 }, { "60000000", "1", 0 }, { "soon", own, 0 }, { "0", own, 0 },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_unsetenv ("WATCHDOG_USEC");
      g_unsetenv ("WATCHDOG_PID");
      if (cases[i].within != NULL)
        g_setenv ("WATCHDOG_USEC", cases[i].within, TRUE);
      if (cases[i].pid != NULL)
        g_setenv ("WATCHDOG_PID", cases[i].pid, TRUE);
      g_assert_cmpuint (kt_notify_watchdog_ms (), ==, cases[i].wanted_ms);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/daemon/notify/file", test_file);
  g_test_add_func ("/daemon/notify/name-without-a-file", test_name_without_a_file);
  g_test_add_func ("/daemon/notify/nobody-listens", test_nobody_listens);
  g_test_add_func ("/daemon/notify/watchdog-is-fed-at-half-its-time", test_watchdog_is_fed_at_half_its_time);
  return g_test_run ();
}
