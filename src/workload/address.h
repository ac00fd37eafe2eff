/* SPDX-License-Identifier: MIT
 *
 * Kaspa addresses of public keys, without the prefix, as an indexer stores them: 53 symbols of payload and 8 of
 * checksum (the polynomial of CashAddr over the prefix "kaspa"). Fast enough to make one for every row written.
 */
#pragma once

#include <glib.h>

#define KT_ADDRESS_LENGTH 61

/* @address gets KT_ADDRESS_LENGTH characters and no NUL. */
void kt_address_of_public_key (const guint8 public_key[32], char *address);
