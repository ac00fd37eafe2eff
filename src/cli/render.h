/* SPDX-License-Identifier: MIT
 *
 * An operation's JSON answer as text for people. One function a command; the table of them is in render.c.
 * A renderer shows what is in the document and computes nothing that --json would not show.
 */
#pragma once

#include "base/json.h"
#include "base/table.h"

typedef void (*KtRender) (JsonObject *answer, GString *out, guint width);

/* The renderer of an operation's answer; every operation has one. */
KtRender kt_render_find (const char *operation);
/* The renderer of what an operation is about to do, before it asks. */
KtRender kt_render_find_question (const char *operation);
