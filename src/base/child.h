/* SPDX-License-Identifier: MIT
 *
 * This very program once more, with other words, as a child that is looked after: in a process group of its own, so that a Ctrl-C in a
 * terminal reaches it only through us. Its end is told in the main context. It outlives us when we are killed.
 */
#pragma once

#include <glib.h>

typedef struct KtChild KtChild;

/* @status: exit status, 128 + n when ended by signal n. @words: the end of its standard error, "" for none. The child is gone after it. */
typedef void (*KtChildEnded) (gpointer user, int status, const char *words);

/* @args without a program name; @env the whole environment. Both NULL-terminated. Errors: KT_ERROR_PROGRAM. */
KtChild *kt_child_start (const char *const *args, char **env, KtChildEnded ended, gpointer user, GError **error);

/* Asks it to end; its end is told as always. Asking twice would end it in the middle of what it does. */
void kt_child_ask_to_end (KtChild *child);
