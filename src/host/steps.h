/* SPDX-License-Identifier: MIT
 *
 * The step kinds of host/. Each changes the machine now and at its next start, and takes back both: the file as it was to the byte when
 * nobody else was at it since, else only what is ours in it, and the values that were in force.
 */
#pragma once

#include "change/step.h"
#include "host/mount.h"
#include "host/setting.h"

/* args {prefix, settings: [{place, name, value, match}]} */
extern const KtStepKind kt_step_kernel_settings;
/* args {prefix, target, add: […], remove: […], remount} */
extern const KtStepKind kt_step_mount_options;

/* @settings: of KtHostSetting. @prefix: "" (see live.h). */
JsonObject *kt_step_kernel_args (const char *prefix, const GPtrArray *settings);
JsonObject *kt_step_mount_args (const char *prefix, const KtMountChange *change);
