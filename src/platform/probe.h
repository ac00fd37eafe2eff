/* SPDX-License-Identifier: MIT
 *
 * The bounded I/O probe: at most 5 s and 256 MiB in the file system of a folder, removed afterwards, also on Ctrl-C
 * (the file is unlinked as soon as it is open). It measures what flags lie about.
 */
#pragma once

#include "base/state.h"
#include "platform/platform.h"

/* Measures in @folder. Uses less than 256 MiB when the volume has less than 2 GiB free; KT_ERROR_NO_SPACE under 64 MiB.
 * Errors: KT_ERROR_PRIVILEGE, KT_ERROR_NO_SPACE, KT_ERROR_INTERRUPTED, KT_ERROR_IO. */
KtProbe *kt_probe_run (const char *folder, GCancellable *cancellable, GError **error);
void kt_probe_free (KtProbe *probe);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KtProbe, kt_probe_free)

/* Pure: the class that these figures show; KT_STORAGE_UNKNOWN when a cache answered instead of the device. */
KtStorageClass kt_probe_classify (const KtProbe *probe);

/* Pure: others kept the device busy meanwhile (more than a tenth of what was measured), so it may be faster. */
gboolean kt_probe_was_disturbed (const KtProbe *probe);

/* The cache in the state database, keyed by device and mount point; older than 30 days, or than a day when it was
 * disturbed, counts as absent (NULL, no error). */
KtProbe *kt_probe_load (KtState *state, const KtVolume *volume);
gboolean kt_probe_save (KtState *state, const KtVolume *volume, const KtProbe *probe, GError **error);

/* Groups "probe MOUNTPOINT" of a recording's machine.ini. NULL when the group holds no figures. */
KtProbe *kt_probe_from_key_file (GKeyFile *file, const char *group);
void kt_probe_to_key_file (const KtProbe *probe, GKeyFile *file, const char *group);

/* Gives @volume its probe (taken over), class and class_reason. NULL: by flags. */
void kt_volume_take_probe (KtVolume *volume, KtProbe *probe);
