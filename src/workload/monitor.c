/* SPDX-License-Identifier: MIT */
#include "workload/monitor.h"

#include "workload/writer_parts.h"

struct KtMonitor {
  GMutex lock;
  KtWriterRun *run;
};

KtMonitor *
kt_monitor_new (void)
{
  KtMonitor *monitor = g_new0 (KtMonitor, 1);
  g_mutex_init (&monitor->lock);
  return monitor;
}

void
kt_monitor_free (KtMonitor *monitor)
{
  if (monitor == NULL)
    return;
  g_mutex_clear (&monitor->lock);
  g_free (monitor);
}

void
kt_monitor_attach (KtMonitor *monitor, gpointer run)
{
  if (monitor == NULL)
    return;
  g_mutex_lock (&monitor->lock);
  monitor->run = run;
  g_mutex_unlock (&monitor->lock);
}

/* The last block before @end. */
static KtBlockInfo
block_before (const KtChain *chain, guint64 end)
{
  KtBlockInfo info = { .known = end > 0 };
  KtLevel level;
  if (!info.known)
    return info;
  kt_chain_level_of_block (chain, end - 1, &level);
  kt_chain_hash (chain, KT_HASH_BLOCK, end - 1, &info.hash);
  info.timestamp_ms = kt_chain_timestamp_ms (chain, end - 1);
  info.daa_score = kt_chain_daa_score (&level);
  info.blue_score = kt_chain_blue_score (&level);
  return info;
}

static void
read_run (KtWriterRun *run, KtMonitorState *state)
{
  const KtSim *sim = run->sim;
  guint64 capacity = kt_writer_scaled (run, KT_WRITER_QUEUE_BLOCKS);
  guint64 end = kt_writer_available (run), fetched = MIN (end, sim->blocks + capacity);
  KtLevel accepting;
  kt_chain_level (run->chain, sim->levels, &accepting);
  state->running = TRUE;
  state->queue_capacity = capacity;
  state->queued_blocks = fetched > sim->blocks ? fetched - sim->blocks : 0;
  state->queued_transactions = fetched > sim->block_path ? MIN (fetched - sim->block_path, capacity) : 0;
  state->node = block_before (run->chain, end == G_MAXUINT64 ? fetched : end);
  state->fetched = block_before (run->chain, fetched);
  state->processed = block_before (run->chain, sim->blocks);
  state->path = block_before (run->chain, sim->block_path);
  state->accepting = block_before (run->chain, sim->levels > 0 ? accepting.chain_block + 1 : 0);
  state->checkpoint = block_before (run->chain, kt_sim_checkpoint_block (sim, run->chain) + 1);
  state->first_checkpoint = block_before (run->chain, run->first_checkpoint + 1);
  state->prune = run->prune;
}

void
kt_monitor_read (KtMonitor *monitor, KtMonitorState *state)
{
  *state = (KtMonitorState) { 0 };
  g_mutex_lock (&monitor->lock);
  if (monitor->run != NULL)
    {
      g_mutex_lock (&monitor->run->lock);
      read_run (monitor->run, state);
      g_mutex_unlock (&monitor->run->lock);
    }
  g_mutex_unlock (&monitor->lock);
}
