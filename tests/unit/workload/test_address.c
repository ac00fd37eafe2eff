/* SPDX-License-Identifier: MIT */
#include "workload/address.h"

#include <string.h>

/* Vectors of rusty-kaspa's own tests. */
static void
test_known_addresses (void)
{
  static const struct { guint8 key[32]; const char *address; } rows[] = {
    { { 0 }, "qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqkx9awp4e" },
    { { 0x5f, 0xff, 0x3c, 0x4d, 0xa1, 0x8f, 0x45, 0xad, 0xcd, 0xd4, 0x99, 0xe4, 0x46, 0x11, 0xe9, 0xff,
        0xf1, 0x48, 0xba, 0x69, 0xdb, 0x3c, 0x4e, 0xa2, 0xdd, 0xd9, 0x55, 0xfc, 0x46, 0xa5, 0x95, 0x22 },
      "qp0l70zd5x85ttwd6jv7g3s3a8llzj96d8dncn4zmhv4tlzx5k2jyqh70xmfj" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      char address[KT_ADDRESS_LENGTH];
      kt_address_of_public_key (rows[i].key, address);
      g_assert_cmpuint (strlen (rows[i].address), ==, KT_ADDRESS_LENGTH);
      g_assert_cmpmem (address, sizeof address, rows[i].address, KT_ADDRESS_LENGTH);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/workload/address/known-keys-give-their-addresses", test_known_addresses);
  return g_test_run ();
}
