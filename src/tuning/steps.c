/* SPDX-License-Identifier: MIT */
#include "tuning/steps.h"

const KtStepKind *const kt_tuning_steps[] = {
  &kt_step_postgres_settings, &kt_step_table_options, &kt_step_role_option, &kt_step_server_health, NULL,
};
