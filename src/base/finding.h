/* SPDX-License-Identifier: MIT
 *
 * Something a person should know: how bad, about what, why, and what to do.
 */
#pragma once

#include "base/json.h"

typedef enum {
  KT_SEVERITY_NOTE,    /* worth knowing */
  KT_SEVERITY_WARNING, /* works, but will disappoint or is risky */
  KT_SEVERITY_REFUSE,  /* would not start, would be killed, or could lose data */
} KtSeverity;

typedef struct {
  KtSeverity severity;
  char *parameter; /* what it is about, by its name; NULL: nothing with a name */
  char *sentence;
  char *remedy;    /* NULL: nothing to do */
} KtFinding;

const char *kt_severity_name (KtSeverity severity); /* "note", "warning", "error" */
GPtrArray *kt_findings_new (void);
/* @remedy and @parameter may be NULL; the sentence is a format. */
void kt_findings_add (GPtrArray *findings, KtSeverity severity, const char *parameter, const char *remedy,
                      const char *format, ...) G_GNUC_PRINTF (5, 6);
gboolean kt_findings_refuse (const GPtrArray *findings); /* is any of them KT_SEVERITY_REFUSE? */
JsonArray *kt_findings_to_json (const GPtrArray *findings);
