/* SPDX-License-Identifier: MIT */
#include "postgres/control.h"

static void
assert_argv (const KtInstance *instance, const char *verb, gboolean systemd, const char *wanted)
{
  g_auto (GStrv) argv = kt_control_argv (instance, verb, systemd);
  g_autofree char *got = argv != NULL ? g_strjoinv (" ", argv) : NULL;
  g_assert_cmpstr (got, ==, wanted);
}

static void
test_debian (void)
{
  const KtInstance instance = { .control = KT_CONTROL_DEBIAN, .cluster = (char *) "15/main" };
  assert_argv (&instance, "restart", TRUE, "pg_ctlcluster 15 main restart");
  assert_argv (&instance, "start", FALSE, "pg_ctlcluster 15 main start -- -t 600");
}

static void
test_systemd (void)
{
  const KtInstance instance = { .control = KT_CONTROL_SYSTEMD, .cluster = (char *) "postgresql-17.service" };
  assert_argv (&instance, "restart", TRUE, "systemctl restart postgresql-17.service");
  assert_argv (&instance, "start", TRUE, "systemctl start postgresql-17.service");
}

static void
test_pg_ctl (void)
{
  KtInstance instance = {
    .control = KT_CONTROL_PG_CTL,
    .bin_directory = (char *) "/opt/pg/bin",
    .data_directory = (char *) "/srv/data",
    .config_file = (char *) "/srv/data/postgresql.conf",
  };
  assert_argv (&instance, "start", FALSE, "/opt/pg/bin/pg_ctl -D /srv/data -s -w -t 600 -l /dev/null start");
  instance.start_log = (char *) "/var/log/pg";
  instance.start_options = (char *) "'-p' '5433'";
  assert_argv (&instance, "restart", FALSE, "/opt/pg/bin/pg_ctl -D /srv/data -s -w -t 600 -m fast -l /var/log/pg -o '-p' '5433' restart");
  assert_argv (&instance, "stop", FALSE, "/opt/pg/bin/pg_ctl -D /srv/data -s -w -t 600 -m fast stop");
}

/* The folder that the server was started with holds the configuration, or the words name the file. */
static void
test_pg_ctl_configuration_elsewhere (void)
{
  KtInstance instance = {
    .control = KT_CONTROL_PG_CTL,
    .bin_directory = (char *) "/opt/pg/bin",
    .data_directory = (char *) "/srv/data",
    .config_file = (char *) "/etc/pg/postgresql.conf",
  };
  assert_argv (&instance, "start", FALSE, "/opt/pg/bin/pg_ctl -D /etc/pg -s -w -t 600 -l /dev/null start");
  instance.start_options = (char *) "'-c' 'config_file=/etc/pg/postgresql.conf'";
  assert_argv (&instance, "start", FALSE, "/opt/pg/bin/pg_ctl -D /srv/data -s -w -t 600 -l /dev/null "
                                          "-o '-c' 'config_file=/etc/pg/postgresql.conf' start");
}

static void
test_none (void)
{
  const KtInstance instance = { .control = KT_CONTROL_NONE };
  assert_argv (&instance, "start", TRUE, NULL);
  const KtInstance remote = { .control = KT_CONTROL_REMOTE };
  assert_argv (&remote, "restart", TRUE, NULL);
}

static void
test_docker (void)
{
  const KtInstance instance = { .control = KT_CONTROL_DOCKER, .cluster = (char *) "kaspa-db" };
  assert_argv (&instance, "restart", TRUE, "docker restart --time 600 kaspa-db");
  assert_argv (&instance, "start", TRUE, "docker start kaspa-db");
}

static void
test_names (void)
{
  for (KtControl control = KT_CONTROL_NONE; control <= KT_CONTROL_DOCKER; control++)
    {
      KtControl back;
      g_assert_true (kt_control_from_string (kt_control_to_string (control), &back));
      g_assert_cmpint (back, ==, control);
    }
  KtControl control;
  g_assert_false (kt_control_from_string ("podman", &control));
  g_assert_false (kt_control_from_string (NULL, &control));
}

static void
test_debian_cluster (void)
{
  static const char *const rows[][2] = {
    { "/etc/postgresql/15/main/postgresql.conf", "15/main" },
    { "/etc/postgresql/9.6/kaspa-db/postgresql.conf", "9.6/kaspa-db" },
    { "/var/lib/postgresql/15/main/postgresql.conf", NULL },
    { "/etc/postgresql/postgresql.conf", NULL },
    { "/etc/postgresql/15/main/conf.d/postgresql.conf", NULL },
    { NULL, NULL },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *cluster = kt_control_debian_cluster (rows[i][0]);
      g_assert_cmpstr (cluster, ==, rows[i][1]);
    }
}

static void
test_unit (void)
{
  static const char *const rows[][2] = {
    { "0::/system.slice/postgresql-17.service\n", "postgresql-17.service" },
    { "0::/system.slice/system-postgresql.slice/postgresql@15-main.service\n", "postgresql@15-main.service" },
    { "12:memory:/other\n1:name=systemd:/system.slice/postgresql.service\n0::/\n", "postgresql.service" },
    { "0::/user.slice/user-1000.slice/session-3.scope\n", NULL },
    { "0::/user.slice/user-1000.slice/user@1000.service/app.slice/pg.service\n", NULL },
    { "0::/system.slice/docker-0123456789.scope\n", NULL },
    { "11:cpu:/system.slice/cron.service\n", NULL },
    { "", NULL },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *unit = kt_control_systemd_unit (rows[i][0]);
      g_assert_cmpstr (unit, ==, rows[i][1]);
    }
}

static void
test_start_options (void)
{
  static const char *const rows[][8] = {
    { "'-p' '5433' '-c' 'log_line_prefix=%m it'\\''s '", "/bin/postgres", "-D", "/srv", "-p", "5433", "-c", "log_line_prefix=%m it's " },
    { NULL, "/bin/postgres", "-D", "/srv" },
    { "'-k' '/tmp'", "/bin/postgres", "-D/srv", "-k", "/tmp" },
    { NULL, "/bin/postgres" },
    { NULL },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GPtrArray) words = g_ptr_array_new ();
      for (gsize j = 1; j < G_N_ELEMENTS (rows[i]) && rows[i][j] != NULL; j++)
        g_ptr_array_add (words, (gpointer) rows[i][j]);
      g_ptr_array_add (words, NULL);
      g_autofree char *options = kt_control_start_options ((const char *const *) words->pdata);
      g_assert_cmpstr (options, ==, rows[i][0]);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/postgres/control/debian-goes-through-systemd-where-it-runs", test_debian);
  g_test_add_func ("/postgres/control/systemd-gets-the-unit", test_systemd);
  g_test_add_func ("/postgres/control/pg_ctl-waits-and-keeps-options", test_pg_ctl);
  g_test_add_func ("/postgres/control/pg_ctl-with-configuration-elsewhere", test_pg_ctl_configuration_elsewhere);
  g_test_add_func ("/postgres/control/docker-gets-time-to-stop", test_docker);
  g_test_add_func ("/postgres/control/none-has-no-command", test_none);
  g_test_add_func ("/postgres/control/names-round-trip", test_names);
  g_test_add_func ("/postgres/control/debian-cluster-from-path", test_debian_cluster);
  g_test_add_func ("/postgres/control/unit-from-cgroup", test_unit);
  g_test_add_func ("/postgres/control/start-options-are-kept-and-quoted", test_start_options);
  return g_test_run ();
}
