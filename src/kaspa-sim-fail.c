/* SPDX-License-Identifier: MIT */
#include "kaspa-sim.h"

#include "base/error.h"
#include "base/json.h"

#include <stdio.h>

static void
print_json (const GError *error)
{
  g_autoptr (JsonObject) object = json_object_new ();
  JsonObject *inner = json_object_new ();
  kt_json_set_string (inner, "code", kt_error_name (error));
  kt_json_set_string (inner, "message", error->message);
  kt_json_set_string (inner, "detail", kt_error_detail (error));
  kt_json_set_string (inner, "hint", kt_error_hint (error));
  json_object_set_object_member (object, "error", inner);
  g_autoptr (JsonNode) node = kt_json_node_take (g_steal_pointer (&object));
  g_autofree char *text = kt_json_to_text (node);
  fputs (text, stdout);
}

int
kt_sim_fail (const GError *error, gboolean json)
{
  if (json)
    print_json (error);
  else
    {
      fprintf (stderr, "kaspa-sim: %s\n", error->message);
      if (kt_error_detail (error) != NULL)
        fprintf (stderr, "  %s\n", kt_error_detail (error));
      if (kt_error_hint (error) != NULL)
        fprintf (stderr, "  hint: %s\n", kt_error_hint (error));
    }
  return kt_error_exit_status (error);
}
