/* SPDX-License-Identifier: MIT */
#include "base/size.h"
#include "base/error.h"

static void
test_parse (void)
{
  static const struct { const char *text; gint64 bytes; } good[] = {
    { "0", 0 }, { "512", 512 }, { "64k", 65536 }, { "1.5G", 1610612736 }, { " 2 GiB ", 2147483648 }, { "300mb", 314572800 }, { "1T", 1099511627776 },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autoptr (GError) error = NULL;
      gint64 bytes = -1;
      g_assert_true (kt_size_parse (good[i].text, &bytes, &error));
      g_assert_cmpint (bytes, ==, good[i].bytes);
    }
  static const char *const bad[] = { "", "G", "-1M", "1X", "1e400G", "nan", "0x10", "12 34" };
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;
      gint64 bytes = -1;
      if (kt_size_parse (bad[i], &bytes, &error))
        g_error ("accepted “%s” as %" G_GINT64_FORMAT, bad[i], bytes);
      g_assert_error (error, KT_ERROR, KT_ERROR_PARSE);
      g_assert_cmpint (bytes, ==, -1);
    }
}

static void
test_format (void)
{
  static const struct { gint64 bytes; const char *text; } rows[] = {
    { 0, "0 B" }, { 1023, "1023 B" }, { 1024, "1 kB" }, { 1536, "1.5 kB" }, { 1047527424, "999 MB" }, { 1610612736, "1.5 GB" },
    { 25275039744, "23.5 GB" }, { G_GINT64_CONSTANT (1125899906842624), "1 PB" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *text = kt_size_format (rows[i].bytes);
      g_assert_cmpstr (text, ==, rows[i].text);
    }
}

static void
test_duration (void)
{
  gint64 ms = 0;
  g_assert_true (kt_duration_parse ("15min", &ms, NULL));
  g_assert_cmpint (ms, ==, 900000);
  g_assert_true (kt_duration_parse ("7d", &ms, NULL));
  g_assert_cmpint (ms, ==, 604800000);
  g_assert_true (kt_duration_parse ("10", &ms, NULL));
  g_assert_cmpint (ms, ==, 10000);
  g_assert_false (kt_duration_parse ("soon", &ms, NULL));
  static const struct { gint64 ms; const char *text; } rows[] = {
    { 250, "250 ms" }, { 12000, "12 s" }, { 60000, "1 min" }, { 250000, "4 min 10 s" }, { 7500000, "2 h 5 min" }, { 273600000, "3 d 4 h" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *text = kt_duration_format (rows[i].ms);
      g_assert_cmpstr (text, ==, rows[i].text);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/size/parse", test_parse);
  g_test_add_func ("/base/size/format", test_format);
  g_test_add_func ("/base/size/duration", test_duration);
  return g_test_run ();
}
