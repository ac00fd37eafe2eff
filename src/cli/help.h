/* SPDX-License-Identifier: MIT
 *
 * Help from the rows of the operations: nothing about a command is written twice.
 */
#pragma once

#include "operation/operation.h"

/* All commands by group; @topic: only those whose name begins with it. */
void kt_help_overview (GString *out, const char *topic, guint width);
void kt_help_operation (GString *out, const KtOperation *operation, guint width);
