/* SPDX-License-Identifier: MIT
 *
 * What of somebody's settings a scratch cluster may see: everything but the names that lead out of its folder, into the
 * real cluster's files, network, archive or standbys.
 */
#pragma once

#include <glib.h>

/* Is @name (lower case) one of those? */
gboolean kt_scratch_setting_leads_out (const char *name);

/* @conf_text with such lines made blank, so that line numbers stay. Include directives go as well: they name real files.
 * @names FALSE: only the include directives, for a check that starts nothing. @left_out gets a sentence an include. */
char *kt_scratch_settings_filter (const char *conf_text, gboolean names, GPtrArray *left_out);

/* "-c name=value" words that beat any file, for a server in @data_directory with its socket in @socket_directory. */
void kt_scratch_settings_force (GStrvBuilder *argv, const char *data_directory, const char *socket_directory);
