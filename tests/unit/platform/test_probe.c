/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "base/size.h"
#include "made_root.h"
#include "platform/probe.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static void
test_measures_and_leaves_nothing (void)
{
  g_autofree char *dir = g_dir_make_tmp ("kastune-probe-XXXXXX", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (KtProbe) probe = kt_probe_run (dir, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpfloat (probe->read_iops_1, >, 0);
  g_assert_cmpfloat (probe->read_latency_1_us, >, 0);
  g_assert_cmpfloat (probe->read_iops_16, >, 0);
  g_assert_cmpfloat (probe->read_latency_16_us, >, 0);
  g_assert_cmpfloat (probe->write_mb_s, >, 0);
  g_assert_cmpfloat (probe->fdatasync_us, >, 0);
  g_assert_cmpint (probe->bytes, >=, 4 * KT_MIB);
  g_assert_cmpint (probe->bytes, <=, 256 * KT_MIB);
  g_assert_cmpint (probe->class, ==, kt_probe_classify (probe));
  /* Only an empty folder can be removed. */
  g_assert_cmpint (g_rmdir (dir), ==, 0);
}

/* Keeps the device busy until told to stop. */
static gpointer
write_and_flush (gpointer data)
{
  g_autofree char *dir = g_dir_make_tmp ("kastune-busy-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (dir, "file", NULL);
  int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  while (fd >= 0 && !g_atomic_int_get ((gint *) data) && pwrite (fd, path, 1, 0) == 1 && fdatasync (fd) == 0)
    ;
  close (fd);
  unlink (path);
  g_rmdir (dir);
  return NULL;
}

/* Only a file system with a device of its own shows what others do. */
static void
test_others_are_noticed (void)
{
  g_autofree char *dir = g_dir_make_tmp ("kastune-probe-XXXXXX", NULL);
  g_autoptr (GError) error = NULL;
  gint stop = 0;
  GThread *thread = g_thread_new ("busy", write_and_flush, &stop);
  g_autoptr (KtProbe) probe = kt_probe_run (dir, NULL, &error);
  g_atomic_int_set (&stop, 1);
  g_thread_join (thread);
  g_assert_no_error (error);
  struct stat status;
  g_assert_cmpint (stat (dir, &status), ==, 0);
  if (major (status.st_dev) == 0)
    g_assert_cmpfloat (probe->other_iops, ==, 0);
  else
    g_assert_cmpfloat (probe->other_iops, >, 1);
  g_assert_cmpint (g_rmdir (dir), ==, 0);
}

static void
test_interrupted (void)
{
  g_autofree char *dir = g_dir_make_tmp ("kastune-probe-XXXXXX", NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_cancellable_cancel (cancellable);
  g_autoptr (GError) error = NULL;
  g_assert_null (kt_probe_run (dir, cancellable, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_INTERRUPTED);
  g_assert_cmpint (g_rmdir (dir), ==, 0);
}

static void
test_no_folder (void)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (kt_probe_run ("/does/not/exist", NULL, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_NOT_FOUND);
  g_assert_nonnull (kt_error_hint (error));
}

/* /sys has no room at all: 0 bytes. */
static void
test_no_room (void)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (kt_probe_run ("/sys", NULL, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_NO_SPACE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/platform/probe/measures-and-leaves-nothing", test_measures_and_leaves_nothing);
  g_test_add_func ("/platform/probe/others-are-noticed", test_others_are_noticed);
  g_test_add_func ("/platform/probe/interrupted", test_interrupted);
  g_test_add_func ("/platform/probe/absent-folder", test_no_folder);
  g_test_add_func ("/platform/probe/no-room", test_no_room);
  return g_test_run ();
}
