/* SPDX-License-Identifier: MIT
 *
 * cli/: words of the command line to an operation and its arguments, its JSON answer to text. No logic of its own:
 * everything a command takes, and its help, comes from the operation's row.
 */
#pragma once

#include "operation/operation.h"

/* Carries out an operation without a function of its own (KtOperation.run NULL): it stays and answers nothing. */
typedef gboolean (*KtServe) (const KtOperationContext *context, GError **error);

/* @words: the arguments without the program's name, NULL-terminated. Returns the exit status. */
int kt_cli_main (const char *const *words, GCancellable *cancellable, KtServe serve);
