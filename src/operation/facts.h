/* SPDX-License-Identifier: MIT
 *
 * What an operation needs to know before it can do anything: machine, server, profile, advice, in one load.
 */
#pragma once

#include "operation/operation.h"
#include "platform/described.h"
#include "platform/probe.h"
#include "tuning/advise.h"

typedef enum {
  KT_FACTS_SERVER = 1 << 0,  /* a running server is required (otherwise it is asked if it is there) */
  KT_FACTS_ADVICE = 1 << 1,  /* make the advice, so a server or --pg-version is needed */
  KT_FACTS_MEASURE = 1 << 2, /* measure the disk when no measurement is remembered */
  KT_FACTS_AGAIN = 1 << 3,   /* measure it in any case */
  KT_FACTS_HOST = 1 << 4,    /* with advice for the kernel below a container, too */
} KtFactsNeeds;

typedef struct {
  KtSysroot *root;
  KtState *state;            /* NULL: the state folder cannot be used; state_error says why */
  GError *state_error;
  char *conninfo;            /* without a password; NULL: libpq's defaults */
  KtConnection *connection;  /* NULL when no server was asked or none answered */
  GError *server_error;      /* why none answered */
  KtServer *server;
  KtDescription machine;     /* memory 0: nobody described it, so it is looked at */
  KtPlatform *platform;
  KtProfile *profile;        /* NULL: picked by the advice */
  KtOptions options;
  KtAdvice *advice;
} KtFacts;

KtFacts *kt_facts_load (KtOperationContext *context, JsonObject *args, KtFactsNeeds needs, GError **error);
void kt_facts_free (KtFacts *facts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtFacts, kt_facts_free)

/* The state database or its error. */
KtState *kt_facts_state (KtFacts *facts, GError **error);

/* {version, name, data_directory, …} or NULL without a server: what answers say of the server. */
JsonObject *kt_facts_server_json (const KtFacts *facts);
