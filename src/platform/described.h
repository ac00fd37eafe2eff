/* SPDX-License-Identifier: MIT
 *
 * A machine that cannot be looked at, in a few words of whoever knows it.
 */
#pragma once

#include "platform/platform.h"

typedef struct {
  gint64 memory;           /* bytes, more than 0 */
  guint cpus;              /* 0: not said */
  KtStorageClass storage;  /* UNKNOWN: not said */
} KtDescription;

/* "hdd", "ssd", "nvme": what --storage takes; NULL-terminated. */
extern const char *const kt_storage_words[];
KtStorageClass kt_storage_from_word (const char *word);

/* Everything else is unknown. What was not said is assumed, which a note tells. */
KtPlatform *kt_platform_described (const KtDescription *description);
