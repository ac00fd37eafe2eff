/* SPDX-License-Identifier: MIT */
#include "workload/chain.h"
#include "workload/random.h"
#include "workload/zipf.h"

#include <math.h>
#include <string.h>

#define EPOCHS 2000
#define BLOCKS (EPOCHS * KT_CHAIN_EPOCH_BLOCKS)

static KtChain *
chain_of (guint64 seed, guint32 tps)
{
  KtChainSegment segment = { 0, tps };
  return kt_chain_new (seed, &segment, 1);
}

static void
test_mix_inverse (void)
{
  for (guint64 i = 0; i < 10000; i++)
    {
      guint64 x = i * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);
      g_assert_cmpuint (kt_unmix (kt_mix (x)), ==, x);
    }
}

static void
test_same_seed (void)
{
  g_autoptr (KtChain) one = chain_of (7, 100), same = chain_of (7, 100), other = chain_of (8, 100);
  guint differences = 0;
  for (guint64 block = 0; block < 2000; block++)
    {
      KtLevel a, b, c;
      KtTransaction ta, tb, tc;
      guint64 key = kt_chain_key (block, 0);
      kt_chain_level_of_block (one, block, &a);
      kt_chain_level_of_block (same, block, &b);
      kt_chain_level_of_block (other, block, &c);
      g_assert_cmpmem (&a, sizeof a, &b, sizeof b);
      memset (&ta, 0, sizeof ta);
      memset (&tb, 0, sizeof tb);
      memset (&tc, 0, sizeof tc);
      kt_chain_transaction (one, &a, key, &ta);
      kt_chain_transaction (same, &b, key, &tb);
      kt_chain_transaction (other, &c, key, &tc);
      g_assert_cmpmem (&ta, sizeof ta, &tb, sizeof tb);
      differences += memcmp (&ta, &tc, sizeof ta) != 0;
    }
  g_assert_cmpuint (differences, >, 1900);
}

/* Not as memory: what lies between the members is nobody's. */
static void
assert_same_level (const KtLevel *a, const KtLevel *b)
{
  g_assert_cmpuint (a->number, ==, b->number);
  g_assert_cmpuint (a->first, ==, b->first);
  g_assert_cmpuint (a->width, ==, b->width);
  g_assert_cmpuint (a->chain_block, ==, b->chain_block);
  g_assert_cmpuint (a->red, ==, b->red);
  g_assert_cmpuint (a->blues_before, ==, b->blues_before);
}

static void
test_levels_cover_blocks (void)
{
  g_autoptr (KtChain) chain = chain_of (1, 100);
  guint64 next = 0, blues = 0, reds = 0, parents = 0;
  guint previous = 1;
  for (guint64 number = 0; number < EPOCHS * KT_CHAIN_EPOCH_LEVELS; number++)
    {
      KtLevel level, again;
      kt_chain_level (chain, number, &level);
      g_assert_cmpuint (level.first, ==, next);
      g_assert_cmpuint (level.width, >=, 1);
      g_assert_cmpuint (level.width, <=, KT_CHAIN_MAX_WIDTH);
      g_assert_cmpuint (level.blues_before, ==, blues);
      g_assert_true (level.chain_block >= level.first && level.chain_block < level.first + level.width);
      g_assert_cmpuint (level.red, !=, level.chain_block);
      kt_chain_level_of_block (chain, level.first + level.width - 1, &again);
      assert_same_level (&level, &again);
      next += level.width;
      reds += level.red != KT_CHAIN_NONE;
      blues += level.width - (level.red != KT_CHAIN_NONE);
      parents += (guint64) level.width * previous;
      previous = level.width;
    }
  g_assert_cmpuint (next, ==, BLOCKS);
  g_assert_cmpfloat_with_epsilon ((double) reds / BLOCKS, 0.01, 0.0001);
  g_assert_cmpfloat_with_epsilon ((double) parents / BLOCKS, 4.0, 0.4);
}

static void
test_ten_blocks_a_second (void)
{
  g_autoptr (KtChain) chain = chain_of (1, 100);
  gint64 before = 0;
  for (guint64 block = 0; block < 10000; block++)
    {
      gint64 now = kt_chain_timestamp_ms (chain, block);
      g_assert_cmpint (now, >=, before);
      before = now;
    }
  g_assert_cmpint (kt_chain_timestamp_ms (chain, 36000) - kt_chain_timestamp_ms (chain, 0), >, 3599900);
  g_assert_cmpint (kt_chain_timestamp_ms (chain, 36000) - kt_chain_timestamp_ms (chain, 0), <, 3600100);
}

/* The rate is exact over time, uneven from block to block, and changes where a segment begins. */
static void
test_rates (void)
{
  const KtChainSegment segments[] = { { 0, 20 }, { 10000, 2000 }, { 12000, 125 } };
  g_autoptr (KtChain) chain = kt_chain_new (3, segments, G_N_ELEMENTS (segments));
  guint64 sum = 0, smallest = G_MAXUINT64, largest = 0;
  for (guint64 block = 0; block < 14000; block++)
    {
      guint slots = kt_chain_slots (chain, block);
      g_assert_cmpuint (kt_chain_transactions_before (chain, block), ==, sum);
      g_assert_cmpuint (slots, >=, 1);
      sum += slots - 1;
      if (block >= 10000 && block < 12000)
        {
          smallest = MIN (smallest, slots);
          largest = MAX (largest, slots);
        }
    }
  g_assert_cmpfloat_with_epsilon ((double) kt_chain_transactions_before (chain, 10000), 20000, 3);
  g_assert_cmpfloat_with_epsilon ((double) sum, 20000 + 400000 + 25000, 220);
  g_assert_cmpuint (smallest, <, 60);
  g_assert_cmpuint (largest, >, 340);
}

static double
entries_per_transaction (guint32 tps)
{
  g_autoptr (KtChain) chain = chain_of (5, tps);
  g_autoptr (GArray) keys = g_array_new (FALSE, FALSE, sizeof (guint64));
  guint64 blocks = tps > 1000 ? 1000 : 10000;
  for (guint64 block = 0; block < blocks; block++)
    {
      KtLevel level;
      kt_chain_level_of_block (chain, block, &level);
      kt_chain_block_entries (chain, &level, block, keys);
    }
  return (double) (keys->len - blocks) / (double) kt_chain_transactions_before (chain, blocks);
}

static void
test_duplicates (void)
{
  g_assert_cmpfloat_with_epsilon (entries_per_transaction (50), 1.2, 0.05);
  g_assert_cmpfloat_with_epsilon (entries_per_transaction (2000), 1.8, 0.1);
}

/* Entries of a block are distinct transactions of its own level. */
static void
test_entries_are_parallel (void)
{
  g_autoptr (KtChain) chain = chain_of (5, 500);
  for (guint64 block = 0; block < 200; block++)
    {
      g_autoptr (GArray) keys = g_array_new (FALSE, FALSE, sizeof (guint64));
      g_autoptr (GHashTable) seen = g_hash_table_new (g_int64_hash, g_int64_equal);
      KtLevel level;
      kt_chain_level_of_block (chain, block, &level);
      kt_chain_block_entries (chain, &level, block, keys);
      for (guint i = 0; i < keys->len; i++)
        {
          guint64 *key = &g_array_index (keys, guint64, i);
          g_assert_true (g_hash_table_add (seen, key));
          g_assert_cmpuint (kt_chain_key_block (*key) - level.first, <, level.width);
          g_assert_true ((*key & 0xffff) != 0 || kt_chain_key_block (*key) == block);
        }
    }
}

static double
chi_square (const guint64 counts[256], guint64 total)
{
  double sum = 0, expected = (double) total / 256;
  for (guint i = 0; i < 256; i++)
    sum += ((double) counts[i] - expected) * ((double) counts[i] - expected) / expected;
  return sum;
}

/* 255 degrees of freedom: mean 255, standard deviation 22.6. Six of them off happens once in hundreds of millions. */
static void
test_keys_are_uniform (void)
{
  g_autoptr (KtChain) chain = chain_of (1, 100);
  g_autofree guint64 *counts = g_new0 (guint64, 32 * 256);
  g_autofree guint64 *control = g_new0 (guint64, 256);
  for (guint64 i = 0; i < 100000; i++)
    {
      KtHash hash;
      kt_chain_hash (chain, KT_HASH_TRANSACTION, kt_chain_key (i / 10, i % 10), &hash);
      for (guint position = 0; position < 32; position++)
        counts[position * 256 + hash.bytes[position]]++;
      /* One key in 25 from half of the space: the test must see that. */
      control[i % 25 == 0 ? hash.bytes[0] & 0x7f : hash.bytes[0]]++;
    }
  for (guint position = 0; position < 32; position++)
    g_assert_cmpfloat (chi_square (counts + position * 256, 100000), <, 255 + 6 * 22.6);
  g_assert_cmpfloat (chi_square (control, 100000), >, 255 + 6 * 22.6);
}

static void
test_hashes_tell_their_number (void)
{
  g_autoptr (KtChain) chain = chain_of (11, 100), other = chain_of (12, 100);
  for (guint64 i = 0; i < 1000; i++)
    {
      KtHash hash;
      guint64 number = 0;
      kt_chain_hash (chain, KT_HASH_BLOCK, i * 977, &hash);
      g_assert_true (kt_chain_number_of (chain, KT_HASH_BLOCK, &hash, &number));
      g_assert_cmpuint (number, ==, i * 977);
      g_assert_false (kt_chain_number_of (chain, KT_HASH_TRANSACTION, &hash, &number));
      g_assert_false (kt_chain_number_of (other, KT_HASH_BLOCK, &hash, &number));
    }
}

static void
test_zipf (void)
{
  g_autoptr (KtZipf) zipf = kt_zipf_new (1000);
  g_autofree guint64 *counts = g_new0 (guint64, 1000);
  double harmonic = 0;
  for (guint64 i = 0; i < 2000000; i++)
    counts[kt_zipf_draw (zipf, kt_mix (i))]++;
  for (guint i = 1; i <= 1000; i++)
    harmonic += 1.0 / i;
  for (guint i = 0; i < 1000; i += i < 10 ? 1 : 90)
    {
      double expected = 2000000 / (harmonic * (i + 1));
      g_assert_cmpfloat (fabs ((double) counts[i] - expected), <, 6 * sqrt (expected));
    }
}

typedef struct {
  guint64 transactions, inputs, outputs, hot, top, change, versions, payloads;
  guint64 spent, spent_wrong, coinbases, pool_top;
} Survey;

/* Does the output that an input spends pay the script the input says? Coinbases pay by merge set: not looked up here.
 */
static gboolean
spends_what_is_there (const KtChain *chain, const KtInput *input)
{
  KtLevel level;
  KtTransaction previous;
  guint64 block = kt_chain_key_block (input->previous);
  kt_chain_level_of_block (chain, block, &level);
  kt_chain_transaction (chain, &level, input->previous, &previous);
  return input->index < previous.n_outputs && previous.outputs[input->index].script == input->script
         && previous.outputs[input->index].amount == input->amount;
}

static void
survey_transaction (const KtChain *chain, const KtTransaction *transaction, Survey *survey)
{
  survey->transactions++;
  survey->inputs += transaction->n_inputs;
  survey->outputs += transaction->n_outputs;
  survey->versions += transaction->version;
  survey->payloads += transaction->payload > 0;
  survey->change += transaction->n_outputs > 1 && transaction->outputs[1].script == transaction->inputs[0].script;
  for (guint i = 0; i < transaction->n_outputs; i++)
    {
      survey->hot += transaction->outputs[i].script < KT_CHAIN_HOT_SCRIPTS;
      survey->top += transaction->outputs[i].script == 0;
    }
  for (guint i = 0; i < transaction->n_inputs; i++)
    if (transaction->inputs[i].previous >> 63 == 0)
      {
        survey->spent++;
        survey->spent_wrong += !spends_what_is_there (chain, &transaction->inputs[i]);
        g_assert_cmpuint (kt_chain_key_block (transaction->inputs[i].previous), <,
                          kt_chain_key_block (transaction->key));
      }
}

static void
test_transactions (void)
{
  g_autoptr (KtChain) chain = chain_of (1, 100);
  Survey survey = { 0 };
  for (guint64 block = 50000; block < 52000; block++)
    {
      KtLevel level;
      guint slots = kt_chain_slots (chain, block);
      kt_chain_level_of_block (chain, block, &level);
      for (guint slot = 1; slot < slots; slot++)
        {
          KtTransaction transaction;
          kt_chain_transaction (chain, &level, kt_chain_key (block, slot), &transaction);
          survey_transaction (chain, &transaction, &survey);
        }
    }
  double n = (double) survey.transactions;
  g_assert_cmpfloat_with_epsilon (n, 20000, 200);
  g_assert_cmpfloat_with_epsilon ((double) survey.inputs / n, 1.06, 0.01);
  g_assert_cmpfloat_with_epsilon ((double) survey.outputs / n, 1.98, 0.02);
  g_assert_cmpfloat_with_epsilon ((double) survey.hot / (double) survey.outputs, 0.30, 0.02);
  g_assert_cmpfloat_with_epsilon ((double) survey.top / (double) survey.outputs, 0.30 / 11.4, 0.005);
  g_assert_cmpfloat_with_epsilon ((double) survey.change / n, 0.30, 0.02);
  g_assert_cmpfloat_with_epsilon ((double) survey.versions / n, 0.05, 0.01);
  g_assert_cmpfloat_with_epsilon ((double) survey.payloads / n, 0.10, 0.01);
  /* Doublings from 16 to 32,768 blocks are in reach here: half of 22. */
  g_assert_cmpfloat_with_epsilon ((double) survey.spent / (double) survey.inputs, 0.53, 0.05);
  g_assert_cmpuint (survey.spent_wrong, ==, 0);
}

static void
test_coinbases (void)
{
  g_autoptr (KtChain) chain = chain_of (1, 100);
  g_autofree guint64 *miners = g_new0 (guint64, KT_CHAIN_POOL_SCRIPTS);
  KtLevel previous = { 0 };
  guint accepted = 0;
  for (guint64 number = 0; number < 500; number++)
    {
      KtLevel level;
      kt_chain_level (chain, number, &level);
      for (guint64 block = level.first; number > 0 && block < level.first + level.width; block++)
        {
          KtTransaction coinbase;
          kt_chain_transaction (chain, &level, kt_chain_key (block, 0), &coinbase);
          g_assert_true (coinbase.coinbase);
          g_assert_cmpuint (coinbase.n_inputs, ==, 0);
          g_assert_cmpuint (coinbase.n_outputs, ==, previous.width - (previous.red != KT_CHAIN_NONE));
          accepted += kt_chain_is_accepted (chain, &level, coinbase.key);
          miners[coinbase.outputs[0].script & 0xffff]++;
        }
      previous = level;
    }
  g_assert_cmpuint (accepted, ==, 499);
  g_assert_cmpuint (miners[0], >, 2 * miners[3]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/workload/random/mixing-can-be-undone", test_mix_inverse);
  g_test_add_func ("/workload/chain/same-seed-same-chain", test_same_seed);
  g_test_add_func ("/workload/chain/levels-cover-all-blocks", test_levels_cover_blocks);
  g_test_add_func ("/workload/chain/ten-blocks-a-second", test_ten_blocks_a_second);
  g_test_add_func ("/workload/chain/rates-are-kept-and-change-with-segments", test_rates);
  g_test_add_func ("/workload/chain/transactions-are-in-several-blocks", test_duplicates);
  g_test_add_func ("/workload/chain/shared-transactions-are-of-the-same-level", test_entries_are_parallel);
  g_test_add_func ("/workload/chain/keys-are-uniform", test_keys_are_uniform);
  g_test_add_func ("/workload/chain/hashes-tell-their-number", test_hashes_tell_their_number);
  g_test_add_func ("/workload/zipf/ranks-have-their-share", test_zipf);
  g_test_add_func ("/workload/chain/transactions-have-the-shape-of-kaspa", test_transactions);
  g_test_add_func ("/workload/chain/coinbases-pay-the-merge-set", test_coinbases);
  return g_test_run ();
}
