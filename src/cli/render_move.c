/* SPDX-License-Identifier: MIT */
#include "cli/renderers.h"

#include "base/size.h"

static void
render_moved (JsonObject *answer, JsonObject *moved, GString *out, guint width)
{
  const char *to = kt_json_string (answer, "to", NULL), *kept = kt_json_string (answer, "kept", "");
  g_autofree char *away = kt_duration_format (kt_json_int (moved, "interruption_ms", 0));
  g_autofree char *bytes = kt_render_size_member (moved, "caught_up_bytes");
  if (to == NULL)
    {
      kt_render_line (out, width, "The log lies in %s now. The server was away for %s at most; kastune undo moves it back.",
                      kt_json_string (answer, "wal_to", ""), away);
      return;
    }
  kt_render_line (out, width, "The cluster lies in %s now, and %s leads there. It was away for %s, in which the last %s of its log were caught up.",
                  to, kt_json_string (answer, "path", ""), away, bytes);
  kt_render_line (out, width, "%s is what lay there before. kastune undo moves back with every row written since; remove it when nobody wants that.",
                  kept);
}

/* The plan before it is asked, then what came of it. */
void
kt_render_storage_move (JsonObject *answer, GString *out, guint width)
{
  const char *to = kt_json_string (answer, "to", NULL), *wal = kt_json_string (answer, "wal_to", NULL);
  JsonObject *moved = kt_json_object (answer, "moved");
  if (moved != NULL)
    {
      render_moved (answer, moved, out, width);
      return;
    }
  g_autofree char *bytes = kt_render_size_member (answer, "bytes");
  g_autofree char *room = kt_render_size_member (answer, "free_bytes");
  const char *from = kt_json_string (answer, "from", "");
  if (to == NULL)
    kt_render_line (out, width, "Stop the server, copy its log %s (%s) to %s (%s free), and start it: it is away for as long as that takes.", from,
                    bytes, wal, room);
  else
    {
      kt_render_line (out, width, "Copy %s (%s) to %s (%s free)%s%s while the server runs, verify it, and let it follow.", from, bytes, to, room,
                      wal != NULL ? ", its log to " : "", wal != NULL ? wal : "");
      kt_render_line (out, width, "Then stop the server for the last of its log, let %s lead to the copy, and start the server.",
                      kt_json_string (answer, "path", ""));
      kt_render_line (out, width, "What lies there now is kept as %s.", kt_json_string (answer, "kept", ""));
    }
  if (kt_json_bool (answer, "dry_run", FALSE))
    g_string_append (out, "Only shown; nothing was moved.\n");
}
