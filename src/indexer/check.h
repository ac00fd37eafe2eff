/* SPDX-License-Identifier: MIT
 *
 * What a command line of the indexer does that its parser lets through: THE table of rules. What the parser itself rejects
 * is arguments.h. Pure.
 */
#pragma once

#include "base/finding.h"
#include "indexer/arguments.h"
#include "indexer/releases.h"

typedef struct {
  const KtReleaseRow *release;
  const KtArguments *arguments; /* as that release reads them */
  gboolean container;           /* it runs in one */
  gboolean feeds_k_indexer;     /* K-transaction-processor reads the same database */
  guint api_connections;        /* that API servers hold */
  int max_connections;          /* of the server; -1: unknown */
  int reserved_connections;     /* of these, for superusers */
} KtIndexerUse;

/* The parameter of a finding is the rule's name, "R7". */
void kt_indexer_check (const KtIndexerUse *use, GPtrArray *findings);
