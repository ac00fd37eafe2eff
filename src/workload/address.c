/* SPDX-License-Identifier: MIT */
#include "workload/address.h"

#define PAYLOAD_SYMBOLS 53
#define CHECKSUM_SYMBOLS 8
#define LOW_30_BITS G_GUINT64_CONSTANT (0x3fffffff)

static const char symbols[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/* One symbol of five bits into the remainder: the definition, used to build the table. */
static guint64
step (guint64 remainder, guint symbol)
{
  static const guint64 generator[] = { 0x98f2bc8e61, 0x79b76d99e2, 0xf33e5fb3c4, 0xae2eabe2a8, 0x1e4f43e470 };
  guint top = (guint) (remainder >> 35);
  remainder = ((remainder & G_GUINT64_CONSTANT (0x07ffffffff)) << 5) ^ symbol;
  for (guint i = 0; i < G_N_ELEMENTS (generator); i++)
    if (top & (1u << i))
      remainder ^= generator[i];
  return remainder;
}

typedef struct {
  guint64 two_steps[1024]; /* what the top ten bits of a remainder become after two symbols */
  guint64 start;           /* remainder of the prefix and its separator */
} Checksum;

static const Checksum *
checksum_table (void)
{
  static Checksum table;
  static gsize ready = 0;
  if (g_once_init_enter (&ready))
    {
      static const char prefix[] = "kaspa";
      for (guint64 top = 0; top < G_N_ELEMENTS (table.two_steps); top++)
        table.two_steps[top] = step (step (top << 30, 0), 0);
      table.start = 1;
      for (const char *c = prefix; *c != '\0'; c++)
        table.start = step (table.start, *c & 0x1f);
      table.start = step (table.start, 0);
      g_once_init_leave (&ready, 1);
    }
  return &table;
}

static inline guint64
two_steps (const Checksum *table, guint64 remainder, guint pair)
{
  return ((remainder & LOW_30_BITS) << 10) ^ pair ^ table->two_steps[remainder >> 30];
}

/* The version byte (0: Schnorr public key), then the key, most significant bit first, padded to 265 bits. */
static void
split_payload (const guint8 key[32], guint8 *payload)
{
  guint bits = 8, held = 0;
  gsize next = 0;
  for (gsize i = 0; i < PAYLOAD_SYMBOLS; i++)
    {
      if (bits < 5)
        {
          held = (held << 8) | (next < 32 ? key[next] : 0);
          next++;
          bits += 8;
        }
      bits -= 5;
      payload[i] = (held >> bits) & 0x1f;
    }
}

void
kt_address_of_public_key (const guint8 public_key[32], char *address)
{
  const Checksum *table = checksum_table ();
  guint8 payload[PAYLOAD_SYMBOLS];
  split_payload (public_key, payload);
  guint64 remainder = step (table->start, payload[0]);
  for (gsize i = 1; i < PAYLOAD_SYMBOLS; i += 2)
    remainder = two_steps (table, remainder, (guint) payload[i] << 5 | payload[i + 1]);
  for (gsize i = 0; i < CHECKSUM_SYMBOLS; i += 2)
    remainder = two_steps (table, remainder, 0);
  remainder ^= 1;
  for (gsize i = 0; i < PAYLOAD_SYMBOLS; i++)
    address[i] = symbols[payload[i]];
  for (gsize i = 0; i < CHECKSUM_SYMBOLS; i++)
    address[PAYLOAD_SYMBOLS + i] = symbols[(remainder >> (5 * (CHECKSUM_SYMBOLS - 1 - i))) & 0x1f];
}
