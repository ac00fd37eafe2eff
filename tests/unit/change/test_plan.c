/* SPDX-License-Identifier: MIT */
#include "edit_step.h"

static void
test_json (void)
{
  g_autoptr (KtPlan) plan = kt_plan_new ("tune for standard", "7001", "main");
  edit_add_step (plan, "/folder", "a", "text");
  KtPlanStep *restart = kt_plan_add (plan, &edit_kind, json_object_new ());
  restart->interrupts = TRUE;
  restart->interruption_ms = 2500;
  restart->estimate_ms = 3000;
  g_autoptr (JsonNode) node = kt_json_node_take (kt_plan_to_json (plan));
  g_autofree char *text = kt_json_to_line (node);
  g_assert_cmpstr (text, ==,
                   "{\"title\":\"tune for standard\",\"server\":\"7001\",\"server_name\":\"main\",\"steps\":["
                   "{\"kind\":\"edit\",\"description\":\"write a\",\"args\":{\"path\":\"/folder/a\",\"text\":\"text\"},"
                   "\"interrupts\":false,\"interruption_ms\":0,\"estimate_ms\":0},"
                   "{\"kind\":\"edit\",\"description\":\"write .\",\"args\":{},\"interrupts\":true,\"interruption_ms\":2500,"
                   "\"estimate_ms\":3000}]}");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/change/plan/json-has-every-step", test_json);
  return g_test_run ();
}
