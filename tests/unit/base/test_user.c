/* SPDX-License-Identifier: MIT */
#include "base/user.h"

#define THREADS 4
#define ROUNDS 2000

static void
test_known (void)
{
  uid_t uid = 1;
  gid_t gid = 1;
  g_assert_true (kt_user_find ("root", &uid, &gid));
  g_assert_cmpuint (uid, ==, 0);
  g_assert_cmpuint (gid, ==, 0);
  g_assert_true (kt_user_find ("root", NULL, NULL));
  g_autofree char *name = kt_user_name (0);
  g_assert_cmpstr (name, ==, "root");
}

static void
test_unknown (void)
{
  uid_t uid = 7;
  g_assert_false (kt_user_find ("kastune-no-such-user", &uid, NULL));
  g_assert_false (kt_user_find (NULL, &uid, NULL));
  g_assert_cmpuint (uid, ==, 7);
  g_assert_null (kt_user_name ((uid_t) -2 - 4711));
}

/* Each asks for its own; with one entry for the whole process they would get each other's. */
static gpointer
ask (gpointer data)
{
  const char *name = data;
  uid_t first = 0;
  g_assert_true (kt_user_find (name, &first, NULL));
  for (guint i = 0; i < ROUNDS; i++)
    {
      uid_t uid = (uid_t) -1;
      g_assert_true (kt_user_find (name, &uid, NULL));
      g_assert_cmpuint (uid, ==, first);
      g_autofree char *back = kt_user_name (uid);
      g_assert_cmpstr (back, ==, name);
    }
  return NULL;
}

static void
test_threads (void)
{
  static const char *const names[THREADS] = { "root", "nobody", "daemon", "root" };
  GThread *threads[THREADS];
  for (guint i = 0; i < THREADS; i++)
    threads[i] = g_thread_new ("ask", ask, (gpointer) names[i]);
  for (guint i = 0; i < THREADS; i++)
    g_thread_join (threads[i]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/user/known-one-has-its-numbers", test_known);
  g_test_add_func ("/base/user/unknown-one-is-none", test_unknown);
  g_test_add_func ("/base/user/threads-get-their-own", test_threads);
  return g_test_run ();
}
