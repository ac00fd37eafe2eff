/* SPDX-License-Identifier: MIT
 *
 * The drop-in over a unit: its text, and the step against a systemctl that stands in and writes down what it was told.
 */
#include "indexer/dropin.h"

#include "base/error.h"
#include "base/file.h"
#include "base/folder.h"
#include "indexer/program.h"
#include "indexer/steps.h"

#include <glib/gstdio.h>
#include <string.h>

static char *folder;

static char *
at (const char *name)
{
  return g_build_filename (folder, name, NULL);
}

static void
write_file (const char *name, const char *text, int mode)
{
  g_autofree char *path = at (name);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  g_assert_cmpint (g_chmod (path, (mode_t) mode), ==, 0);
}

/* NULL: there is none. */
static char *
read_file (const char *name)
{
  g_autofree char *path = at (name);
  char *text = NULL;
  g_file_get_contents (path, &text, NULL, NULL);
  return text;
}

static KtOverride *
dropin_of (const char *exec, const KtChoice *choice, GError **error)
{
  const KtOverrideWish wish = { .service = "u.service", .release = kt_release_row ("v2.3.0"), .choice = *choice };
  return kt_dropin_new (&wish, exec, error);
}

/* --- text --------------------------------------------------------------------------------------------------------- */

static void
test_options_are_laid_over_and_what_starts_them_stays (void)
{
  static const struct { const char *exec, *lines; } rows[] = {
    { "/usr/bin/simply-kaspa-indexer", "ExecStart=\nExecStart=/usr/bin/simply-kaspa-indexer\n" },
    { "-/usr/bin/env RUST_LOG=info /opt/simply-kaspa-indexer -u --disable=blocks_transactions_table",
      "ExecStart=\nExecStart=-/usr/bin/env RUST_LOG=info /opt/simply-kaspa-indexer \\\n  \"--upgrade-db\" \\\n"
      "  \"--exclude-fields=block_transaction_ids,tx_block_hash\"\n" },
    { "/opt/simply-kaspa-indexer -d $DATABASE -s ${NODE} -n %i --prune-db='0 4 * * *' --retention 7d",
      "ExecStart=\nExecStart=/opt/simply-kaspa-indexer \\\n  \"--database-url=${DATABASE}\" \\\n  \"--rpc-url=${NODE}\" \\\n  \"--network=%i\" \\\n"
      "  \"--prune-db=0 4 * * *\" \\\n  \"--retention=7d\"\n" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (KtOverride) dropin = dropin_of (rows[i].exec, &(KtChoice){ 0 }, &error);
      g_assert_no_error (error);
      const char *service = strstr (dropin->text, "[Service]\n");
      g_assert_nonnull (service);
      g_assert_cmpstr (service + strlen ("[Service]\n"), ==, rows[i].lines);
    }
}

/* What systemd reads of it is what was meant: the same words once more. */
static void
test_what_is_written_is_read_back (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KtOverride) first = dropin_of ("/opt/simply-kaspa-indexer -d postgres://u:p@h/d -u", &(KtChoice){ .use = kt_use_find ("integrator") }, &error);
  g_assert_no_error (error);
  const char *const texts[] = { "[Service]\nExecStart=/opt/simply-kaspa-indexer\n", first->text, NULL };
  g_autofree char *exec = kt_unit_exec (texts);
  g_autoptr (KtOverride) again = dropin_of (exec, &(KtChoice){ 0 }, &error);
  g_assert_no_error (error);
  g_assert_true (g_strv_equal ((const char *const *) first->after, (const char *const *) again->after));
}

static void
test_what_cannot_be_laid_over_is_refused (void)
{
  static const char *const execs[] = {
    "/bin/sh -c 'exec simply-kaspa-indexer -u'", "/usr/bin/postgres -D /x", "/opt/simply-kaspa-indexer $OPTIONS", "/opt/simply-kaspa-indexer --disable=${OFF}",
    "@/opt/simply-kaspa-indexer ski -u", "/opt/simply-kaspa-indexer -d a\\x20b", "/opt/simply-kaspa-indexer -u ; /bin/true", "/opt/simply-kaspa-indexer 'open",
  };
  for (gsize i = 0; i < G_N_ELEMENTS (execs); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (KtOverride) dropin = dropin_of (execs[i], &(KtChoice){ 0 }, &error);
      g_test_message ("%s", execs[i]);
      g_assert_null (dropin);
      g_assert_error (error, KT_ERROR, KT_ERROR_UNSUPPORTED);
    }
}

static void
test_digest_does_not_know_the_password (void)
{
  g_autoptr (KtOverride) one = dropin_of ("/opt/simply-kaspa-indexer -d postgres://u:first@h/d -u", &(KtChoice){ 0 }, NULL);
  g_autoptr (KtOverride) other = dropin_of ("/opt/simply-kaspa-indexer -d postgres://u:second@h/d -u", &(KtChoice){ 0 }, NULL);
  g_autoptr (KtOverride) elsewhere = dropin_of ("/opt/simply-kaspa-indexer -d postgres://u:first@h/e -u", &(KtChoice){ 0 }, NULL);
  g_assert_cmpstr (one->digest, ==, other->digest);
  g_assert_cmpstr (one->digest, !=, elsewhere->digest);
}

/* --- step --------------------------------------------------------------------------------------------------------- */

#define UNIT "[Service]\nExecStart=/opt/simply-kaspa-indexer -d postgres://u:a-secret@h/d --disable=blocks_transactions_table\n"
#define OURS "u.service.d/" KT_DROPIN_NAME

/* A process with a number of its own each time where there is a file `restless`. */
static void
begin (void)
{
  g_autofree char *script = g_strdup_printf (
    "#!/bin/sh\n[ \"$1\" = show ] || echo \"$*\" >> %1$s/log\n[ \"$1\" = show ] || exit 0\n"
    "printf 'FragmentPath=%1$s/u.service\\nDropInPaths=%%s\\nActiveState=active\\nSubState=running\\n' \"$(ls %1$s/u.service.d/*.conf 2>/dev/null | tr '\\n' ' ')\"\n"
    "if [ -e %1$s/restless ]; then echo MainPID=$$; else echo MainPID=7; fi\n", folder);
  g_autofree char *drop_ins = at ("u.service.d"), *log = at ("log"), *restless = at ("restless");
  write_file ("systemctl", script, 0755);
  write_file ("u.service", UNIT, 0640);
  kt_folder_remove (drop_ins, NULL);
  g_remove (log);
  g_remove (restless);
}

static JsonObject *
args_for (gboolean up)
{
  g_autoptr (GError) error = NULL;
  struct stat like = { 0 };
  g_autofree char *ours = at (OURS), *exec = kt_unit_exec_without ("u.service", ours, &like, &error);
  g_assert_no_error (error);
  g_autoptr (KtOverride) dropin = dropin_of (exec, &(KtChoice){ .use = kt_use_find ("integrator") }, &error);
  g_assert_no_error (error);
  KtUnitStep step = { .wish = { .service = "u.service", .release = kt_release_row ("v2.3.0"), .choice = { .use = kt_use_find ("integrator") } },
                      .folder = folder, .digest = dropin->digest, .up = up };
  return kt_step_unit_args (&step);
}

static void
assert_no_secret (JsonObject *object)
{
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), object);
  g_autofree char *text = kt_json_to_line (node);
  g_assert_null (strstr (text, "a-secret"));
}

static void
test_step_writes_restarts_and_goes_back (void)
{
  const KtStepKind *kind = &kt_step_indexer_unit;
  KtStepContext context = { 0 };
  g_autoptr (GError) error = NULL;
  begin ();
  g_autoptr (JsonObject) args = args_for (TRUE);
  g_assert_true (kind->check (&context, args, &error));
  g_autoptr (JsonObject) before = kind->prepare (&context, args, &error);
  g_assert_true (kind->apply (&context, args, before, &error));
  g_assert_no_error (error);
  g_assert_true (kind->verify (&context, args, before, &error));
  assert_no_secret (args);
  assert_no_secret (before);
  g_autofree char *written = read_file (OURS), *told = read_file ("log"), *path = at (OURS);
  g_assert_nonnull (strstr (written, "\"--database-url=postgres://u:a-secret@h/d\""));
  g_assert_nonnull (strstr (written, "rejected_transactions"));
  g_assert_cmpstr (told, ==, "daemon-reload\nrestart u.service\n");
  struct stat mode;
  g_assert_cmpint (stat (path, &mode), ==, 0);
  g_assert_cmpint (mode.st_mode & 07777, ==, 0640);
  g_assert_true (kind->can_undo (&context, args, before, &error));
  for (guint i = 0; i < 2; i++)
    g_assert_true (kind->undo (&context, args, before, &error));
  g_autofree char *drop_ins = at ("u.service.d"), *unit = read_file ("u.service"), *told_then = read_file ("log");
  g_assert_false (g_file_test (drop_ins, G_FILE_TEST_EXISTS));
  g_assert_cmpstr (unit, ==, UNIT);
  g_assert_true (g_str_has_suffix (told_then, "daemon-reload\nrestart u.service\ndaemon-reload\nrestart u.service\n"));
}

/* One that does not run is not started; what was there before comes back. */
static void
test_step_over_what_was_there (void)
{
  const KtStepKind *kind = &kt_step_indexer_unit;
  KtStepContext context = { 0 };
  g_autoptr (GError) error = NULL;
  begin ();
  g_autofree char *drop_ins = at ("u.service.d");
  g_assert_cmpint (g_mkdir (drop_ins, 0755), ==, 0);
  write_file ("u.service.d/override.conf", "[Service]\nExecStart=\nExecStart=/opt/simply-kaspa-indexer --log-level=debug\n", 0600);
  write_file (OURS, "# what somebody wrote\n", 0600);
  g_autoptr (JsonObject) args = args_for (FALSE);
  g_autoptr (JsonObject) before = kind->prepare (&context, args, &error);
  for (guint i = 0; i < 2; i++)
    g_assert_true (kind->apply (&context, args, before, &error));
  g_autofree char *written = read_file (OURS), *told = read_file ("log");
  g_assert_nonnull (strstr (written, "\"--log-level=debug\""));
  g_assert_cmpstr (told, ==, "daemon-reload\ndaemon-reload\n");
  g_assert_true (kind->undo (&context, args, before, &error));
  g_autofree char *back = read_file (OURS);
  g_assert_cmpstr (back, ==, "# what somebody wrote\n");
  g_autoptr (GDir) left = g_dir_open (drop_ins, 0, NULL);
  guint n = 0;
  while (g_dir_read_name (left) != NULL)
    n++;
  g_assert_cmpuint (n, ==, 2);
}

static void
test_step_refuses_what_others_changed (void)
{
  const KtStepKind *kind = &kt_step_indexer_unit;
  KtStepContext context = { 0 };
  begin ();
  g_autoptr (JsonObject) args = args_for (FALSE);
  g_autoptr (JsonObject) before = kind->prepare (&context, args, NULL);
  g_autoptr (GError) changed = NULL, edited = NULL, behind = NULL, nowhere = NULL;
  write_file ("u.service", "[Service]\nExecStart=/opt/simply-kaspa-indexer --log-level=debug\n", 0644);
  g_assert_false (kind->apply (&context, args, before, &changed));
  g_assert_error (changed, KT_ERROR, KT_ERROR_CHANGED);
  write_file ("u.service", UNIT, 0644);
  g_assert_true (kind->apply (&context, args, before, NULL));
  write_file (OURS, "# mine now\n", 0644);
  g_assert_false (kind->can_undo (&context, args, before, &edited));
  g_assert_error (edited, KT_ERROR, KT_ERROR_CHANGED);
  write_file ("u.service.d/zzz.conf", "[Service]\nExecStart=\nExecStart=/opt/simply-kaspa-indexer\n", 0644);
  g_assert_false (kind->check (&context, args, &behind));
  g_assert_error (behind, KT_ERROR, KT_ERROR_REFUSED);
  json_object_set_string_member (args, "file", "/nowhere/at/all/u.service.d/x.conf");
  g_assert_false (kind->check (&context, args, &nowhere));
  g_assert_error (nowhere, KT_ERROR, KT_ERROR_PRIVILEGE);
}

static void
test_unit_that_does_not_stay_up_is_an_error (void)
{
  const KtStepKind *kind = &kt_step_indexer_unit;
  KtStepContext context = { 0 };
  g_autoptr (GError) error = NULL;
  begin ();
  g_autoptr (JsonObject) args = args_for (TRUE);
  g_autoptr (JsonObject) before = kind->prepare (&context, args, NULL);
  write_file ("restless", "", 0644);
  g_assert_false (kind->apply (&context, args, before, &error));
  g_assert_error (error, KT_ERROR, KT_ERROR_VERIFY);
  g_assert_true (kind->undo (&context, args, before, NULL));
  g_autofree char *ours = at (OURS);
  g_assert_false (g_file_test (ours, G_FILE_TEST_EXISTS));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("kt-dropin-XXXXXX", NULL);
  g_assert_nonnull (folder);
  g_autofree char *path = g_strdup_printf ("%s:%s", folder, g_getenv ("PATH"));
  g_setenv ("PATH", path, TRUE);
  g_test_add_func ("/dropin/options", test_options_are_laid_over_and_what_starts_them_stays);
  g_test_add_func ("/dropin/read-back", test_what_is_written_is_read_back);
  g_test_add_func ("/dropin/refused", test_what_cannot_be_laid_over_is_refused);
  g_test_add_func ("/dropin/digest", test_digest_does_not_know_the_password);
  g_test_add_func ("/dropin/step", test_step_writes_restarts_and_goes_back);
  g_test_add_func ("/dropin/before", test_step_over_what_was_there);
  g_test_add_func ("/dropin/changed", test_step_refuses_what_others_changed);
  g_test_add_func ("/dropin/restless", test_unit_that_does_not_stay_up_is_an_error);
  int status = g_test_run ();
  kt_folder_remove (folder, NULL);
  g_free (folder);
  return status;
}
