/* SPDX-License-Identifier: MIT
 *
 * What a connection is made of, for the files that open one (connection.c) and ask it (query.c).
 */
#pragma once

#include "postgres/connection.h"

struct KtConnection {
  PGconn *pq;
  char *conninfo; /* as it was opened, "" for libpq's defaults; may hold a password */
  char *server_id;
  char *os_user;
  gboolean silent; /* it did not answer in time: nothing more is asked of it */
};
