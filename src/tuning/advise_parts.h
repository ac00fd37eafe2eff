/* SPDX-License-Identifier: MIT
 *
 * The parts of advice that a configuration file cannot hold; each adds its rows. They come after the parameters and the
 * worst case of memory.
 */
#pragma once

#include "tuning/advise.h"

void kt_advise_tables (KtAdvice *advice); /* advise_tables.c */
void kt_advise_roles (KtAdvice *advice);  /* advise_roles.c */
void kt_advise_kernel (KtAdvice *advice); /* advise_kernel.c */

/* Adds findings about memory, storage and version. advise_machine.c */
void kt_find_about_machine (KtAdvice *advice);
void kt_find_about_container (KtAdvice *advice);

/* A name as SQL takes it: bare when it can be, else "quoted". Caller frees. */
char *kt_sql_identifier (const char *name);
