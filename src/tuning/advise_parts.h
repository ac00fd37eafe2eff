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
void kt_advise_disks (KtAdvice *advice);  /* advise_disks.c: queues of disks, options of mounts; called by the former */

/* advise_host.c: a row of the host about @setting of THE table there, "scheduler" of @subject "sda" (NULL: of the whole machine), left as it
 * is until something is set. */
KtKernelRow *kt_host_row_add (KtAdvice *advice, const char *setting, const char *subject, const char *format, ...) G_GNUC_PRINTF (4, 5);
/* What a row with KT_VERDICT_CHANGE would do, and the words for it. */
void kt_host_row_set (KtKernelRow *row, KtHostPlace place, const char *name, const char *value, const char *match);
void kt_host_row_set_mount (KtKernelRow *row, KtMountChange *change); /* takes @change */
void kt_host_row_free (KtKernelRow *row);

/* Adds findings about memory, storage and version. advise_machine.c */
void kt_find_about_machine (KtAdvice *advice);
void kt_find_about_container (KtAdvice *advice);

/* A name as SQL takes it: bare when it can be, else "quoted". Caller frees. */
char *kt_sql_identifier (const char *name);
