/* SPDX-License-Identifier: MIT */
#include "bench/metric.h"

const KtBenchMetric kt_bench_metrics[] = {
  { "wal_bytes_per_tx", "WAL", "B/tx", KT_BETTER_LESS, TRUE, "write-ahead log a transaction" },
  { "full_page_images_per_tx", "page images", "1/tx", KT_BETTER_LESS, TRUE, "whole pages in the log a transaction" },
  { "blocks_read_per_tx", "pages read", "1/tx", KT_BETTER_LESS, TRUE,
    "pages that were not in shared buffers, a transaction" },
  { "blocks_written_per_tx", "pages written", "1/tx", KT_BETTER_LESS, TRUE,
    "pages written by checkpointer, background writer and sessions, a transaction" },
  { "cache_hit_percent", "cache hit", "%", KT_BETTER_MORE, TRUE,
    "pages found in shared buffers, of those asked for in the steady part" },
  { "cpu_us_per_tx", "server CPU", "us/tx", KT_BETTER_LESS, TRUE, "CPU time of all server processes a transaction" },
  { "disk_reads_per_tx", "disk reads", "1/tx", KT_BETTER_LESS, FALSE,
    "read requests that reached the disk, a transaction" },
  { "disk_writes_per_tx", "disk writes", "1/tx", KT_BETTER_LESS, FALSE,
    "write requests of the server that reached the disk, a transaction" },
  { "transactions_per_s", "rate", "tx/s", KT_BETTER_MORE, FALSE, "transactions stored a second" },
  { "blocks_per_s", "blocks", "1/s", KT_BETTER_MORE, FALSE, "blocks stored a second" },
  { "commit_p50_ms", "commit p50", "ms", KT_BETTER_LESS, FALSE, "half of the statements that commit took less" },
  { "commit_p95_ms", "commit p95", "ms", KT_BETTER_LESS, FALSE, "95 of 100 statements that commit took less" },
  { "commit_p99_ms", "commit p99", "ms", KT_BETTER_LESS, FALSE, "99 of 100 statements that commit took less" },
  { "recovery_ms", "recovery", "ms", KT_BETTER_LESS, FALSE,
    "from a start after kill -9 until connections are accepted" },
  { NULL },
};

JsonArray *
kt_bench_metrics_to_json (void)
{
  JsonArray *array = json_array_new ();
  for (const KtBenchMetric *metric = kt_bench_metrics; metric->name != NULL; metric++)
    {
      JsonObject *object = json_object_new ();
      json_object_set_string_member (object, "name", metric->name);
      json_object_set_string_member (object, "title", metric->title);
      json_object_set_string_member (object, "unit", metric->unit);
      json_object_set_string_member (object, "better", metric->better == KT_BETTER_LESS ? "less" : "more");
      json_object_set_boolean_member (object, "steady", metric->steady);
      json_object_set_string_member (object, "meaning", metric->meaning);
      json_array_add_object_element (array, object);
    }
  return array;
}
