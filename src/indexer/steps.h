/* SPDX-License-Identifier: MIT
 *
 * The step kinds of indexer/: what changes how an indexer runs. Like those of tuning/ they do I/O; their args and what `prepare` finds
 * hold no password.
 */
#pragma once

#include "change/step.h"
#include "indexer/override.h"

#include <sys/stat.h>

/* Image and command of a service in a compose file of kastune's own, and the container made anew where there is one.
 * args {files, project, directory, env_files, service, release, set_image, use, disable, exclude_fields, keep, mapping, retention, file, digest, up} */
extern const KtStepKind kt_step_indexer_compose;

typedef struct {
  KtOverrideWish wish;
  KtComposeProject project; /* the user's own files, without kastune's */
  const char *file;         /* absolute: kastune's own */
  const char *digest;       /* of what would be written now: something else later is refused */
  gboolean up;              /* it has a container, which is made anew */
} KtComposeStep;

JsonObject *kt_step_compose_args (const KtComposeStep *step);

/* ExecStart of a unit of systemd in a drop-in of kastune's own, and the unit started again where it runs. systemd is told by systemctl.
 * args {unit, release, use, disable, exclude_fields, keep, mapping, retention, file, digest, up} */
extern const KtStepKind kt_step_indexer_unit;

#define KT_UNIT_FOLDER "/etc/systemd/system"

typedef struct {
  KtOverrideWish wish;  /* its service is the unit */
  const char *folder;   /* NULL: KT_UNIT_FOLDER */
  const char *digest;   /* of what would be written now: something else later is refused */
  gboolean up;          /* it runs, and is started again */
} KtUnitStep;

JsonObject *kt_step_unit_args (const KtUnitStep *step);

/* The ExecStart of @unit that is in force without the drop-in @ours, from the files that systemd names; *like gets the rights that all of
 * them have. Caller frees. Errors: KT_ERROR_UNSUPPORTED (none in files), KT_ERROR_REFUSED (a drop-in behind ours has one), of systemctl. */
char *kt_unit_exec_without (const char *unit, const char *ours, struct stat *like, GError **error);

/* What is chosen, and for which release, as members of a step's args. Errors: KT_ERROR_UNSUPPORTED. */
void kt_step_choice_to_args (const KtChoice *choice, JsonObject *args);
gboolean kt_step_choice_of_args (JsonObject *args, const KtReleaseRow **release, KtChoice *choice, GError **error);
