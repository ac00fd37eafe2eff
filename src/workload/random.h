/* SPDX-License-Identifier: MIT
 *
 * Counter-based random numbers: any position of any sequence in a few nanoseconds, without state. The mixer is a
 * bijection of 64 bits (Stafford's variant 13 of the MurmurHash3 finaliser), so a hash gives back what it was made
 * from.
 */
#pragma once

#include <glib.h>

static inline guint64
kt_mix (guint64 x)
{
  x = (x ^ (x >> 30)) * G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
  x = (x ^ (x >> 27)) * G_GUINT64_CONSTANT (0x94d049bb133111eb);
  return x ^ (x >> 31);
}

/* The inverse of kt_mix. The factors are the inverses of its factors modulo 2^64. */
static inline guint64
kt_unmix (guint64 x)
{
  x = (x ^ (x >> 31) ^ (x >> 62)) * G_GUINT64_CONSTANT (0x319642b2d24d8ec3);
  x = (x ^ (x >> 27) ^ (x >> 54)) * G_GUINT64_CONSTANT (0x96de1b173f119089);
  return x ^ (x >> 30) ^ (x >> 60);
}

/* A number below @limit from 32 random bits. */
static inline guint32
kt_below (guint32 random, guint32 limit)
{
  return (guint32) (((guint64) random * limit) >> 32);
}
