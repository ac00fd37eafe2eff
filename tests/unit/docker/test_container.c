/* SPDX-License-Identifier: MIT */
#include "docker/container.h"

#include "base/error.h"

#include <unistd.h>

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void
test_id_of_cgroup (void)
{
  static const char *const rows[][2] = {
    { "12:memory:/docker/" ID "\n11:cpu:/docker/" ID "\n", ID },
    { "0::/system.slice/docker-" ID ".scope\n", ID },
    { "0::/kubepods/burstable/pod1/" ID "\n", ID },
    { "0::/system.slice/postgresql.service\n", NULL },
    { "0::/x/" ID "0\n", NULL },
    { "0::/x/" ID "g\n", ID },
    { "", NULL },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *id = kt_container_id_of_cgroup (rows[i][0]);
      g_assert_cmpstr (id, ==, rows[i][1]);
    }
}

static void
test_compose_files (void)
{
  static const struct {
    const char *files, *folder, *wanted;
  } rows[] = {
    { NULL, "/opt/kaspa", NULL },
    { "/opt/kaspa/compose.yml", "/opt/kaspa", "/opt/kaspa/compose.yml" },
    { "docker-compose.yml", "/opt/kaspa", "/opt/kaspa/docker-compose.yml" },
    { "docker-compose.yml,../shared/db.yml", "/opt/kaspa", "/opt/kaspa/docker-compose.yml and /opt/shared/db.yml" },
    { "docker-compose.yml", NULL, "docker-compose.yml" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *files = kt_container_compose_files (rows[i].files, rows[i].folder);
      g_assert_cmpstr (files, ==, rows[i].wanted);
    }
}

static KtContainer *
container_with (const char *const mounts[][2], gsize n)
{
  KtContainer *container = g_new0 (KtContainer, 1);
  container->mounts = g_ptr_array_new_with_free_func (g_free);
  for (gsize i = 0; i < n; i++)
    {
      KtContainerMount *mount = g_new0 (KtContainerMount, 1);
      *mount = (KtContainerMount){ (char *) mounts[i][0], (char *) mounts[i][1] };
      g_ptr_array_add (container->mounts, mount);
    }
  return container;
}

static void
test_path (void)
{
  static const char *const mounts[][2] = {
    { "/var/lib/postgresql", "/vol/outer" },
    { "/var/lib/postgresql/data", "/vol/data" },
    { "/etc/postgresql/postgresql.conf", "/opt/kaspa/postgresql.conf" },
  };
  static const char *const rows[][2] = {
    { "/var/lib/postgresql/data", "/vol/data" },
    { "/var/lib/postgresql/data/base/1", "/vol/data/base/1" },
    { "/var/lib/postgresql/database", "/vol/outer/database" },
    { "/etc/postgresql/postgresql.conf", "/opt/kaspa/postgresql.conf" },
    { "/etc/postgresql", NULL },
  };
  g_autoptr (KtContainer) container = container_with (mounts, G_N_ELEMENTS (mounts));
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *path = kt_container_path (container, rows[i][0]);
      g_assert_cmpstr (path, ==, rows[i][1]);
    }
  container->pid = 4711;
  g_autofree char *path = kt_container_path (container, "/etc/postgresql");
  g_assert_cmpstr (path, ==, "/proc/4711/root/etc/postgresql");
}

static void
test_place (void)
{
  g_autoptr (KtContainer) container = container_with (NULL, 0);
  container->name = g_strdup ("kaspa-db-1");
  g_autofree char *plain = kt_container_place (container);
  g_assert_cmpstr (plain, ==, "container kaspa-db-1");
  container->service = g_strdup ("db");
  container->compose_file = g_strdup ("/opt/kaspa/docker-compose.yml");
  g_autofree char *composed = kt_container_place (container);
  g_assert_cmpstr (composed, ==, "service db of /opt/kaspa/docker-compose.yml");
}

static void
test_no_engine (void)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (kt_engine_open ("/nonexistent/docker.sock", &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_setenv ("DOCKER_HOST", "tcp://example:2375", TRUE);
  g_assert_null (kt_engine_open (NULL, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_UNSUPPORTED);
  g_unsetenv ("DOCKER_HOST");
}

/* A file where the socket should be: nobody listens. */
static void
test_nobody_answers (void)
{
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp ("kt-engine-XXXXXX", &path, NULL);
  close (fd);
  g_autoptr (GError) error = NULL;
  g_autoptr (KtEngine) engine = kt_engine_open (path, &error);
  g_assert_no_error (error);
  g_assert_null (kt_engine_get (engine, "/containers/json", &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_CONNECT);
  unlink (path);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/docker/container/compose-files", test_compose_files);
  g_test_add_func ("/docker/container/id-stands-in-the-cgroup-of-its-processes", test_id_of_cgroup);
  g_test_add_func ("/docker/container/paths-lead-into-the-innermost-mount", test_path);
  g_test_add_func ("/docker/container/compose-service-is-where-a-person-changes-it", test_place);
  g_test_add_func ("/docker/engine/absent-or-elsewhere-is-said", test_no_engine);
  g_test_add_func ("/docker/engine/silence-is-no-connection", test_nobody_answers);
  return g_test_run ();
}
