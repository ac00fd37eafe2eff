/* SPDX-License-Identifier: MIT */
#include "storage/zfs.h"

#include "base/error.h"
#include "base/json.h"
#include "storage/command.h"
#include "storage/properties.h"

#include <string.h>

static const char *const versions[] = { "2.1.11", "2.3.2" };

/* The @n'th recorded output of commands that begin so. */
static char *
recorded (const char *version, const char *command, guint n)
{
  g_autofree char *name = g_strdup_printf ("openzfs-%s.json", version);
  g_autofree char *path
    = g_build_filename (g_getenv ("KT_SOURCE_ROOT"), "tests", "unit", "storage", "data", name, NULL);
  g_autofree char *text = NULL;
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_autoptr (JsonNode) node = kt_json_parse (text, NULL);
  JsonArray *entries = json_node_get_array (node);
  for (guint i = 0; i < json_array_get_length (entries); i++)
    {
      JsonObject *entry = json_array_get_object_element (entries, i);
      if (g_str_has_prefix (kt_json_string (entry, "command", ""), command) && n-- == 0)
        return g_strdup (kt_json_string (entry, "output", NULL));
    }
  g_error ("no output of %s is recorded", command);
}

static KtZfsObject *
object_of (const char *version, const char *command)
{
  g_autofree char *text = recorded (version, command, 0);
  g_autoptr (GPtrArray) objects = kt_zfs_parse_objects (text);
  g_assert_cmpuint (objects->len, ==, 1);
  return g_ptr_array_steal_index (objects, 0);
}

static void
test_a_dataset (gconstpointer version)
{
  g_autoptr (KtZfsObject) pg = object_of (version, "zfs get -Hp all tank/pg");
  g_assert_cmpstr (pg->name, ==, "tank/pg");
  g_assert_cmpint (kt_zfs_number (pg, "recordsize"), ==, 16384);
  g_assert_cmpstr (kt_zfs_value (pg, "compression"), ==, "zstd-5");
  g_assert_cmpstr (kt_zfs_source (pg, "compression"), ==, "local");
  g_assert_cmpstr (kt_zfs_source (pg, "atime"), ==, "inherited from tank");
  g_assert_cmpfloat (kt_zfs_ratio (pg, "compressratio"), >, 1.5);
  g_assert_cmpint (kt_zfs_number (pg, "logicalused"), >, kt_zfs_number (pg, "used"));
  g_assert_null (kt_zfs_value (pg, "no such property"));
  g_assert_cmpint (kt_zfs_number (pg, "compression"), ==, -1);
}

static void
test_a_pool (gconstpointer version)
{
  g_autoptr (KtZfsObject) tank = object_of (version, "zpool get -Hp all tank");
  g_assert_cmpint (kt_zfs_number (tank, "ashift"), ==, 12);
  g_assert_cmpint (kt_zfs_number (tank, "capacity"), ==, 0);
  g_assert_cmpstr (kt_zfs_value (tank, "health"), ==, "ONLINE");
  g_assert_cmpstr (kt_zfs_value (tank, "feature@zstd_compress"), ==, "active");
  g_assert_null (kt_zfs_value (tank, "checkpoint")); /* "-" */
}

static void
test_several_datasets_and_blanks_in_names (gconstpointer version)
{
  g_autofree char *text = recorded (version, "zfs get -Hp mounted,mountpoint,canmount", 0);
  g_autoptr (GPtrArray) objects = kt_zfs_parse_objects (text);
  gboolean found = FALSE;
  g_assert_cmpuint (objects->len, ==, 4);
  for (guint i = 0; i < objects->len; i++)
    found |= g_str_equal (((KtZfsObject *) objects->pdata[i])->name, "tank/with space");
  g_assert_true (found);
}

static void
test_a_pool_that_is_well (gconstpointer version)
{
  g_autofree char *text = recorded (version, "zpool status -p m", 0);
  g_autoptr (KtPoolStatus) status = kt_pool_status_parse (text);
  g_assert_cmpstr (status->state, ==, "ONLINE");
  g_assert_null (status->status);
  g_assert_null (status->action);
  g_assert_null (status->scan);
  g_assert_cmpstr (status->errors, ==, "No known data errors");
  g_assert_true (status->has_log);
  g_assert_false (status->has_special);
  g_assert_cmpuint (status->checksum_errors, ==, 0);
}

static void
test_a_pool_that_lost_a_device (gconstpointer version)
{
  g_autofree char *text = recorded (version, "zpool status -p m", 1);
  g_autoptr (KtPoolStatus) status = kt_pool_status_parse (text);
  g_assert_cmpstr (status->state, ==, "DEGRADED");
  g_assert_true (g_str_has_prefix (status->status, "One or more devices has been taken offline by the administrator. "));
  g_assert_true (g_str_has_suffix (status->status, "in a degraded state."));
  g_assert_true (g_str_has_prefix (status->action, "Online the device using 'zpool online'"));
}

static void
test_errors_of_devices_are_counted_once (gconstpointer version)
{
  g_autofree char *text = recorded (version, "zpool status -p m", 3);
  g_autoptr (KtPoolStatus) status = kt_pool_status_parse (text);
  g_assert_cmpuint (status->checksum_errors, >, 0);
  g_assert_cmpuint (status->read_errors, ==, 0);
  g_assert_true (g_str_has_prefix (status->scan, "scrub repaired "));
  g_autofree char *was = recorded (version, "zpool status -p m", 4);
  g_autoptr (KtPoolStatus) gone = kt_pool_status_parse (was); /* a line with words behind the counts */
  g_assert_cmpstr (gone->state, ==, "DEGRADED");
  g_assert_cmpuint (gone->checksum_errors, ==, 0);
}

static void
test_special_devices (void)
{
  g_autoptr (KtPoolStatus) status = kt_pool_status_parse (
    "  pool: t\n state: ONLINE\nconfig:\n\n\tNAME        STATE     READ WRITE CKSUM\n\tt           ONLINE       0     0     0\n"
    "\t  sda       ONLINE       1     2     3\n\tspecial\t\n\t  mirror-1  ONLINE       0     0     9\n\t    sdb     ONLINE       0     0     4\n"
    "\t    sdc     ONLINE       0     0     5\n\nerrors: List of errors unavailable: permission denied\n");
  g_assert_true (status->has_special);
  g_assert_cmpuint (status->read_errors, ==, 1);
  g_assert_cmpuint (status->write_errors, ==, 2);
  g_assert_cmpuint (status->checksum_errors, ==, 12);
}

/* Whatever comes, nothing breaks and nothing is invented. */
static void
test_damaged_output (gconstpointer version)
{
  static const char *const commands[] = { "zfs get -Hp all tank/pg", "zpool status -p m" };
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  for (guint i = 0; i < 2000; i++)
    {
      g_autofree char *text = recorded (version, commands[i % 2], 0);
      gsize length = strlen (text);
      for (guint k = 0; k < 1 + i % 5; k++)
        text[g_rand_int_range (rand, 0, (gint32) length)] = "\t\n -:%9x\0"[g_rand_int_range (rand, 0, 9)];
      g_autoptr (GPtrArray) objects = kt_zfs_parse_objects (text);
      g_autoptr (KtPoolStatus) status = kt_pool_status_parse (text);
      g_assert_cmpuint (objects->len, <=, length);
      g_assert_cmpuint (strlen (status->state != NULL ? status->state : ""), <=, length);
    }
}

/* ---- what they should be ---- */

static JsonObject *
row_of (JsonArray *rows, const char *property)
{
  for (guint i = 0; i < json_array_get_length (rows); i++)
    {
      JsonObject *row = json_array_get_object_element (rows, i);
      if (g_str_equal (kt_json_string (row, "property", ""), property))
        return row;
    }
  g_error ("no row of %s", property);
}

static void
assert_verdict (JsonArray *rows, const char *property, const char *verdict)
{
  const char *said = kt_json_string (row_of (rows, property), "verdict", NULL);
  g_test_message ("%s", property);
  g_assert_cmpstr (said, ==, verdict);
}

/* tank/pg as it was recorded: tuned by hand, with two of the old guides' mistakes. */
static void
test_advice_for_data (gconstpointer version)
{
  g_autoptr (KtZfsObject) pg = object_of (version, "zfs get -Hp all tank/pg");
  g_autoptr (KtZfsObject) tank = object_of (version, "zpool get -Hp all tank");
  g_autoptr (JsonArray) rows = kt_zfs_advice_json (pg, KT_DATASET_DATA, tank);
  assert_verdict (rows, "recordsize", "as wanted");
  assert_verdict (rows, "compression", "as wanted");
  assert_verdict (rows, "primarycache", "change");
  assert_verdict (rows, "logbias", "change");
  assert_verdict (rows, "redundant_metadata", "change");
  assert_verdict (rows, "dnodesize", "good enough");
  assert_verdict (rows, "sync", "as wanted");
  g_assert_cmpstr (kt_json_string (row_of (rows, "logbias"), "command", NULL), ==, "zfs set logbias=latency tank/pg");
  g_assert_null (kt_json_string (row_of (rows, "recordsize"), "command", NULL));
}

static void
test_advice_for_the_wal_differs (gconstpointer version)
{
  g_autoptr (KtZfsObject) pg = object_of (version, "zfs get -Hp all tank/pg");
  g_autoptr (JsonArray) rows = kt_zfs_advice_json (pg, KT_DATASET_WAL, NULL);
  assert_verdict (rows, "recordsize", "change");
  g_assert_cmpstr (kt_json_string (row_of (rows, "recordsize"), "wanted", NULL), ==, "131072");
  g_assert_cmpstr (kt_json_string (row_of (rows, "compression"), "wanted", NULL), ==, "lz4");
}

static void
test_advice_for_the_pool (gconstpointer version)
{
  g_autoptr (KtZfsObject) tank = object_of (version, "zpool get -Hp all tank");
  g_autoptr (JsonArray) rows = kt_zfs_advice_json (tank, KT_POOL, tank);
  assert_verdict (rows, "ashift", "as wanted");
  assert_verdict (rows, "autotrim", "as wanted");
  g_autoptr (GPtrArray) other = kt_zfs_parse_objects ("t\tashift\t9\tlocal\nu\tashift\t13\tlocal\nv w\tfailmode\tpanic\tlocal\n");
  g_autoptr (JsonArray) nine = kt_zfs_advice_json (other->pdata[0], KT_POOL, NULL);
  assert_verdict (nine, "ashift", "change");
  assert_verdict (nine, "autotrim", "not here");
  g_assert_null (kt_json_string (row_of (nine, "ashift"), "command", NULL)); /* no command can */
  g_autoptr (JsonArray) thirteen = kt_zfs_advice_json (other->pdata[1], KT_POOL, NULL);
  assert_verdict (thirteen, "ashift", "good enough");
  g_autoptr (JsonArray) blank = kt_zfs_advice_json (other->pdata[2], KT_POOL, NULL);
  g_assert_cmpstr (kt_json_string (row_of (blank, "failmode"), "command", NULL), ==, "zpool set failmode=wait 'v w'");
}

/* An old pool cannot take zstd: nobody is told to set it. */
static void
test_missing_features (void)
{
  g_autoptr (GPtrArray) dataset = kt_zfs_parse_objects ("old/pg\tcompression\tlz4\tlocal\n");
  g_autoptr (GPtrArray) pools = kt_zfs_parse_objects ("a\tfeature@zstd_compress\tdisabled\tlocal\nb\tfeature@zstd_compress\tenabled\tlocal\nc\tsize\t1\t-\n");
  static const char *const verdicts[] = { "good enough", "change", "good enough" };
  for (guint i = 0; i < pools->len; i++)
    {
      g_autoptr (JsonArray) rows = kt_zfs_advice_json (dataset->pdata[0], KT_DATASET_DATA, pools->pdata[i]);
      assert_verdict (rows, "compression", verdicts[i]);
    }
}

/* ---- what to set ---- */

static void
test_new_datasets_get_every_row (gconstpointer version)
{
  g_autoptr (KtZfsObject) tank = object_of (version, "zpool get -Hp all tank");
  g_autoptr (JsonObject) wishes = json_object_new ();
  g_assert_true (kt_zfs_wish (wishes, "recordsize", "8192", NULL));
  g_autoptr (JsonObject) data = kt_zfs_new_properties (KT_DATASET_DATA, tank, wishes);
  g_autoptr (JsonObject) wal = kt_zfs_new_properties (KT_DATASET_WAL, tank, NULL);
  g_assert_cmpstr (kt_json_string (data, "recordsize", NULL), ==, "8192");
  g_assert_cmpstr (kt_json_string (data, "compression", NULL), ==, "zstd-5");
  g_assert_cmpstr (kt_json_string (wal, "recordsize", NULL), ==, "131072");
  g_assert_cmpstr (kt_json_string (wal, "compression", NULL), ==, "lz4");
  g_assert_false (json_object_has_member (data, "ashift"));
  g_assert_cmpuint (json_object_get_size (data), ==, json_object_get_size (wal));
}

/* The values that this pool does not know are not asked of it. */
static void
test_new_datasets_of_an_old_pool (void)
{
  g_autoptr (GPtrArray) pools
    = kt_zfs_parse_objects ("old\tfeature@zstd_compress\tdisabled\tlocal\nold\tfeature@large_dnode\tdisabled\tlocal\n");
  g_autoptr (JsonObject) values = kt_zfs_new_properties (KT_DATASET_DATA, pools->pdata[0], NULL);
  g_assert_cmpstr (kt_json_string (values, "compression", NULL), ==, "lz4");
  g_assert_cmpstr (kt_json_string (values, "dnodesize", NULL), ==, "legacy");
  guint n = 0;
  const KtZfsProperty *table = kt_zfs_properties (&n);
  for (guint i = 0; i < n; i++)
    g_assert_true (table[i].feature == NULL || table[i].without_feature != NULL);
}

static void
test_wishes (void)
{
  static const struct {
    const char *name, *value;
    gboolean fine;
  } rows[] = {
    { "recordsize", "16384", TRUE }, { "recordsize", "8192", TRUE }, { "recordsize", "131072", TRUE }, { "recordsize", "4096", FALSE },
    { "recordsize", "1048576", FALSE }, { "compression", "zstd-5", TRUE }, { "compression", "zstd-12", TRUE }, { "compression", "lz4", TRUE },
    { "compression", "zstd-19", FALSE }, { "compression", "gzip", FALSE }, { "compression", "", FALSE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (JsonObject) wishes = json_object_new ();
      g_autoptr (GError) error = NULL;
      g_test_message ("%s=%s", rows[i].name, rows[i].value);
      g_assert_cmpint (kt_zfs_wish (wishes, rows[i].name, rows[i].value, &error), ==, rows[i].fine);
      g_assert_cmpint (error != NULL && g_error_matches (error, KT_ERROR, KT_ERROR_USAGE), ==, !rows[i].fine);
      g_assert_cmpstr (kt_json_string (wishes, rows[i].name, NULL), ==, rows[i].fine ? rows[i].value : NULL);
    }
}

/* Only what differs, and what a command can change. */
static void
test_changes_of_what_is_there (gconstpointer version)
{
  g_autoptr (KtZfsObject) pg = object_of (version, "zfs get -Hp all tank/pg");
  g_autoptr (KtZfsObject) tank = object_of (version, "zpool get -Hp all tank");
  g_autoptr (JsonObject) changes = kt_zfs_property_changes (pg, KT_DATASET_DATA, tank, NULL);
  g_assert_cmpstr (kt_json_string (changes, "logbias", NULL), ==, "latency");
  g_assert_cmpstr (kt_json_string (changes, "primarycache", NULL), ==, "all");
  g_assert_false (json_object_has_member (changes, "recordsize"));
  g_autoptr (JsonObject) wishes = json_object_new ();
  g_assert_true (kt_zfs_wish (wishes, "recordsize", "32768", NULL) && kt_zfs_wish (wishes, "compression", "zstd-5", NULL));
  g_autoptr (JsonObject) wished = kt_zfs_property_changes (pg, KT_DATASET_DATA, tank, wishes);
  g_assert_cmpstr (kt_json_string (wished, "recordsize", NULL), ==, "32768");
  g_assert_false (json_object_has_member (wished, "compression")); /* it is that already */
  g_autoptr (GPtrArray) pools = kt_zfs_parse_objects ("t\tashift\t9\tlocal\nt\tfailmode\tpanic\tlocal\n");
  g_autoptr (JsonObject) pool = kt_zfs_property_changes (pools->pdata[0], KT_POOL, pools->pdata[0], NULL);
  g_assert_cmpstr (kt_json_string (pool, "failmode", NULL), ==, "wait");
  g_assert_cmpuint (json_object_get_size (pool), ==, 1);
}

static void
test_names (void)
{
  static const struct {
    const char *name;
    gboolean fine;
    const char *pool, *parent;
  } rows[] = {
    { "tank/kaspa", TRUE, "tank", "tank" }, { "tank/a/b-c_d:e.f", TRUE, "tank", "tank/a" }, { "tank", TRUE, "tank", NULL },
    { "", FALSE }, { "-o", FALSE }, { "9a/b", FALSE }, { "tank/", FALSE }, { "/tank", FALSE }, { "tank//a", FALSE }, { "tank/..", FALSE },
    { "tank/a@b", FALSE }, { "tank/a#b", FALSE }, { "tank/with space", FALSE }, { "tank/a;b", FALSE }, { "tank/ä", FALSE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_test_message ("%s", rows[i].name);
      g_assert_cmpint (kt_zfs_name_check (rows[i].name, &error), ==, rows[i].fine);
      if (!rows[i].fine)
        continue;
      g_autofree char *pool = kt_zfs_pool_of (rows[i].name);
      g_autofree char *parent = kt_zfs_parent_of (rows[i].name);
      g_assert_cmpstr (pool, ==, rows[i].pool);
      g_assert_cmpstr (parent, ==, rows[i].parent);
    }
}

static void
test_the_table_is_whole (void)
{
  guint n = 0;
  const KtZfsProperty *table = kt_zfs_properties (&n);
  for (guint i = 0; i < n; i++)
    {
      g_test_message ("%s", table[i].name);
      g_assert_nonnull (table[i].wanted);
      g_assert_nonnull (table[i].because);
      g_assert_nonnull (table[i].source);
      g_assert_true (g_utf8_validate (table[i].because, -1, NULL));
      for (guint k = 0; k < i; k++)
        g_assert_cmpstr (table[i].name, !=, table[k].name);
    }
}

#define BOTH(name, function) \
  for (guint i = 0; i < G_N_ELEMENTS (versions); i++) \
    { \
      g_autofree char *path = g_strdup_printf ("/storage/zfs/%s/%s", name, versions[i]); \
      g_test_add_data_func (path, versions[i], function); \
    }

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  BOTH ("a-dataset", test_a_dataset)
  BOTH ("a-pool", test_a_pool)
  BOTH ("several-datasets-and-blanks-in-names", test_several_datasets_and_blanks_in_names)
  BOTH ("a-pool-that-is-well", test_a_pool_that_is_well)
  BOTH ("a-pool-that-lost-a-device", test_a_pool_that_lost_a_device)
  BOTH ("errors-of-devices-are-counted-once", test_errors_of_devices_are_counted_once)
  BOTH ("damaged-output", test_damaged_output)
  BOTH ("advice-for-data", test_advice_for_data)
  BOTH ("advice-for-the-wal-differs", test_advice_for_the_wal_differs)
  BOTH ("advice-for-the-pool", test_advice_for_the_pool)
  g_test_add_func ("/storage/zfs/special-devices", test_special_devices);
  g_test_add_func ("/storage/zfs/missing-features", test_missing_features);
  BOTH ("new-datasets-get-every-row", test_new_datasets_get_every_row)
  BOTH ("changes-of-what-is-there", test_changes_of_what_is_there)
  g_test_add_func ("/storage/zfs/new-datasets-of-an-old-pool", test_new_datasets_of_an_old_pool);
  g_test_add_func ("/storage/zfs/wishes", test_wishes);
  g_test_add_func ("/storage/zfs/names", test_names);
  g_test_add_func ("/storage/zfs/the-table-is-whole", test_the_table_is_whole);
  return g_test_run ();
}
