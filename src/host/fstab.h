/* SPDX-License-Identifier: MIT
 *
 * /etc/fstab, one field of one line changed and every other byte left as it is. Pure.
 */
#pragma once

#include <glib.h>

/* The line of the entry that is mounted on @target ("/srv/my data", which stands there as /srv/my\040data), with its newline if it
 * has one. NULL without error: there is none. Errors: KT_ERROR_REFUSED when there are several, or it has a quote that is
 * not closed. Caller frees. */
char *kt_fstab_line (const char *text, const char *target, GError **error);

/* The options of such a line, never NULL; "defaults" when it names none. Commas in quotes do not part them. */
GStrv kt_fstab_options (const char *line);

/* @line without the options in @remove and with those in @add, in this order behind the others; when it has them already, as it is.
 * "defaults" stands when nothing else is left. Caller frees. */
char *kt_fstab_line_with (const char *line, const char *const *remove, const char *const *add);

/* @text with @now in the place of the line @was. NULL: there is no such line. Caller frees. */
char *kt_fstab_replace (const char *text, const char *was, const char *now);

/* "/srv/my\040data" is "/srv/my data". Caller frees. */
char *kt_fstab_unescape (const char *word);
