/* SPDX-License-Identifier: MIT
 *
 * A choice and its release in the args of a step.
 */
#include "indexer/steps.h"

#include "base/error.h"

void
kt_step_choice_to_args (const KtChoice *choice, JsonObject *args)
{
  kt_json_set_string (args, "use", choice->use != NULL ? choice->use->name : NULL);
  kt_json_set_string (args, "disable", choice->disable);
  kt_json_set_string (args, "exclude_fields", choice->exclude);
  kt_json_set_string (args, "keep", choice->keep);
  kt_json_set_string (args, "mapping", choice->mapping);
  kt_json_set_string (args, "retention", choice->retention);
}

gboolean
kt_step_choice_of_args (JsonObject *args, const KtReleaseRow **release, KtChoice *choice, GError **error)
{
  const char *use = kt_json_string (args, "use", NULL);
  *release = kt_release_row (kt_json_string (args, "release", ""));
  *choice = (KtChoice){ .use = use != NULL ? kt_use_find (use) : NULL,
                        .disable = kt_json_string (args, "disable", NULL),
                        .exclude = kt_json_string (args, "exclude_fields", NULL),
                        .keep = kt_json_string (args, "keep", NULL),
                        .mapping = kt_json_string (args, "mapping", NULL),
                        .retention = kt_json_string (args, "retention", NULL) };
  if (*release != NULL && (*release)->flags != KT_N_RELEASES && (use == NULL || choice->use != NULL))
    return TRUE;
  kt_error_set (error, KT_ERROR_UNSUPPORTED, NULL, "make a new plan", "this kastune does not know the release or the use of the step");
  return FALSE;
}
