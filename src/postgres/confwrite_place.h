/* SPDX-License-Identifier: MIT
 *
 * Where settings go: which of the two modes of confwrite.h wins over everything that the files set now.
 */
#pragma once

#include "postgres/confwrite.h"

/* Sets mode, file and reason from the files as they are. */
gboolean kt_conf_write_choose (KtConfWrite *write, GError **error);
/* Path of postgresql.auto.conf. Caller frees. */
char *kt_conf_write_auto_conf (const KtConfWrite *write);
/* Is a canonical name among the settings? */
gboolean kt_conf_write_sets (const KtConfWrite *write, const char *canonical);
