/* SPDX-License-Identifier: MIT */
#include "storage/record.h"

#include "base/error.h"

#include <string.h>

#define RECORD 16384

static gint64
allocated (const char *name, const guint8 *data, gsize length, gsize sector)
{
  KtCompression compression;
  g_assert_true (kt_compression_parse (name, &compression, NULL));
  g_autoptr (KtPacker) packer = kt_packer_new (compression, RECORD, NULL);
  return kt_packer_allocated (packer, data, length, sector);
}

/* The first @noise bytes of every 1,000 do not compress, the rest does. */
static void
fill (guint8 *data, gsize length, guint noise)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);
  for (gsize i = 0; i < length; i++)
    data[i] = i % 1000 < noise ? (guint8) g_rand_int_range (rand, 0, 256) : 'k';
}

static void
test_names (void)
{
  static const struct {
    const char *text, *name;
  } rows[] = { { "off", "off" }, { "lz4", "lz4" }, { "zstd", "zstd-3" }, { "zstd-1", "zstd-1" }, { "zstd-19", "zstd-19" },
               { "zstd-0", NULL }, { "zstd-20", NULL }, { "zstd-", NULL }, { "zstd-5 ", NULL }, { "gzip", NULL }, { "", NULL } };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      KtCompression compression;
      g_autoptr (GError) error = NULL;
      g_assert_cmpint (kt_compression_parse (rows[i].text, &compression, &error), ==, rows[i].name != NULL);
      g_autofree char *name = kt_compression_name (&compression);
      if (rows[i].name != NULL)
        g_assert_cmpstr (name, ==, rows[i].name);
      else
        g_assert_error (error, KT_ERROR, KT_ERROR_USAGE);
    }
}

static void
test_zeros_are_a_hole_only_under_compression (void)
{
  static const guint8 zeros[RECORD];
  g_assert_cmpint (allocated ("lz4", zeros, RECORD, 4096), ==, 0);
  g_assert_cmpint (allocated ("zstd-5", zeros, RECORD, 4096), ==, 0);
  g_assert_cmpint (allocated ("off", zeros, RECORD, 4096), ==, RECORD);
}

static void
test_noise_is_stored_as_it_is (void)
{
  guint8 data[RECORD];
  fill (data, RECORD, 1000);
  g_assert_cmpint (allocated ("lz4", data, RECORD, 4096), ==, RECORD);
  g_assert_cmpint (allocated ("zstd-9", data, RECORD, 4096), ==, RECORD);
}

/* One that shrinks by less than an eighth is not worth it: 900 of 1,000 bytes of noise keep more than 7/8. */
static void
test_a_little_is_not_enough (void)
{
  guint8 data[RECORD];
  fill (data, RECORD, 900);
  g_assert_cmpint (allocated ("zstd-5", data, RECORD, 512), ==, RECORD);
  fill (data, RECORD, 800);
  g_assert_cmpint (allocated ("zstd-5", data, RECORD, 512), <, RECORD);
}

/* The same 70 % need 12 kB of 16 kB in sectors of 4 kB, and all of a record of 8 kB. */
static void
test_whole_sectors (void)
{
  guint8 data[RECORD];
  fill (data, RECORD, 700);
  gint64 fine = allocated ("zstd-5", data, RECORD, 512);
  g_assert_cmpint (fine % 512, ==, 0);
  g_assert_cmpint (fine, <, 12288);
  g_assert_cmpint (fine, >, 10000);
  g_assert_cmpint (allocated ("zstd-5", data, RECORD, 4096), ==, 12288);
  g_assert_cmpint (allocated ("zstd-5", data, 8192, 4096), ==, 8192);
}

static void
test_next_to_nothing_lies_in_the_block_pointer (void)
{
  guint8 data[RECORD];
  memset (data, 'k', RECORD);
  g_assert_cmpint (allocated ("zstd-5", data, RECORD, 4096), ==, 0);
}

/* The last record of a file. */
static void
test_a_short_record (void)
{
  guint8 data[RECORD];
  fill (data, RECORD, 1000);
  g_assert_cmpint (allocated ("lz4", data, 5000, 4096), ==, 8192);
  g_assert_cmpint (allocated ("off", data, 1, 512), ==, 512);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/storage/record/names", test_names);
  g_test_add_func ("/storage/record/zeros-are-a-hole-only-under-compression", test_zeros_are_a_hole_only_under_compression);
  g_test_add_func ("/storage/record/noise-is-stored-as-it-is", test_noise_is_stored_as_it_is);
  g_test_add_func ("/storage/record/a-little-is-not-enough", test_a_little_is_not_enough);
  g_test_add_func ("/storage/record/whole-sectors", test_whole_sectors);
  g_test_add_func ("/storage/record/next-to-nothing-lies-in-the-block-pointer", test_next_to_nothing_lies_in_the_block_pointer);
  g_test_add_func ("/storage/record/a-short-record", test_a_short_record);
  return g_test_run ();
}
