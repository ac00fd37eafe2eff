/* SPDX-License-Identifier: MIT
 *
 * The machine as the JSON document that `kastune host --json` prints and docs/reference describes.
 */
#pragma once

#include "base/json.h"
#include "platform/platform.h"

JsonObject *kt_platform_to_json (const KtPlatform *platform);
