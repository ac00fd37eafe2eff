/* SPDX-License-Identifier: MIT
 *
 * Runs a libFuzzer entry point without libFuzzer, so that every test run with any compiler fuzzes for a few seconds:
 *
 *   fuzz_NAME [--runs N] [--seed S] [--first RUN] FILE-OR-FOLDER...
 *
 * First every file as it is, then N random mutations. Run R of seed S is always the same input. When the program dies
 * the input is left in the file crash-NAME, which can be given as FILE; add it to the corpus once the fault is mended.
 */
#include <glib.h>

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define MAX_INPUT_SIZE 65536

int LLVMFuzzerTestOneInput (const guint8 *data, size_t size);

/* The sanitizers end a program without a signal; absent in a build without them. */
extern void __sanitizer_set_death_callback (void (*callback) (void)) __attribute__ ((weak));

static GByteArray *current;
static char *crash_file;

static void
keep_input (void)
{
  int fd = open (crash_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  gsize done = 0;
  ssize_t put = 1;
  while (fd >= 0 && done < current->len && put > 0)
    {
      put = write (fd, current->data + done, current->len - done);
      done += (gsize) MAX (put, 0);
    }
  static const char note[] = "fuzz: the input is kept in ";
  if (write (2, note, strlen (note)) > 0 && write (2, crash_file, strlen (crash_file)) > 0)
    put = write (2, "\n", 1);
}

static void
on_signal (int number)
{
  signal (number, SIG_DFL);
  keep_input ();
  raise (number);
}

static void
load (GPtrArray *corpus, const char *path)
{
  if (!g_file_test (path, G_FILE_TEST_IS_DIR))
    {
      g_autoptr (GError) error = NULL;
      char *text = NULL;
      gsize size = 0;
      if (!g_file_get_contents (path, &text, &size, &error))
        g_error ("%s", error->message);
      g_ptr_array_add (corpus, g_byte_array_new_take ((guint8 *) text, size));
      return;
    }
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  const char *name;
  while ((name = g_dir_read_name (dir)) != NULL)
    if (name[0] != '.')
      g_ptr_array_add (names, g_build_filename (path, name, NULL));
  g_ptr_array_sort_with_data (names, (GCompareDataFunc) (void (*) (void)) g_strcmp0, NULL);
  for (guint i = 0; i < names->len; i++)
    load (corpus, names->pdata[i]);
}

static guint
below (GRand *random, guint limit)
{
  return limit > 0 ? (guint) g_rand_int_range (random, 0, (gint32) limit) : 0;
}

static void
insert (GByteArray *input, guint at, const guint8 *data, guint size)
{
  g_autofree guint8 *copy = g_memdup2 (data, size); /* it may be a part of @input */
  guint tail = input->len - at;
  g_byte_array_set_size (input, input->len + size);
  memmove (input->data + at + size, input->data + at, tail);
  memcpy (input->data + at, copy, size);
}

static void
change_byte (GRand *random, GByteArray *input, GPtrArray *corpus)
{
  if (input->len > 0)
    input->data[below (random, input->len)] = (guint8) below (random, 256);
}

static void
flip_bit (GRand *random, GByteArray *input, GPtrArray *corpus)
{
  if (input->len > 0)
    input->data[below (random, input->len)] ^= (guint8) (1 << below (random, 8));
}

static void
insert_byte (GRand *random, GByteArray *input, GPtrArray *corpus)
{
  static const guint8 likely[] = "'\"\\#=\n\r\t ,.:;/-+0019aZ[]{}<>\x7f\x80\xff";
  guint8 byte = likely[below (random, sizeof likely)]; /* the last one is NUL */
  insert (input, below (random, input->len + 1), &byte, 1);
}

static void
remove_range (GRand *random, GByteArray *input, GPtrArray *corpus)
{
  if (input->len == 0)
    return;
  guint at = below (random, input->len);
  g_byte_array_remove_range (input, at, 1 + below (random, MIN (input->len - at, 32)));
}

static void
repeat_range (GRand *random, GByteArray *input, GPtrArray *corpus)
{
  if (input->len == 0)
    return;
  guint at = below (random, input->len);
  guint size = 1 + below (random, MIN (input->len - at, 64));
  insert (input, below (random, input->len + 1), input->data + at, size);
}

static void
insert_of_other (GRand *random, GByteArray *input, GPtrArray *corpus)
{
  const GByteArray *other = corpus->pdata[below (random, corpus->len)];
  if (other->len == 0)
    return;
  guint at = below (random, other->len);
  insert (input, below (random, input->len + 1), other->data + at, 1 + below (random, MIN (other->len - at, 64)));
}

static void
cut_end (GRand *random, GByteArray *input, GPtrArray *corpus)
{
  g_byte_array_set_size (input, below (random, input->len + 1));
}

static void
mutate (GRand *random, GByteArray *input, GPtrArray *corpus)
{
  static void (*const mutations[]) (GRand *, GByteArray *, GPtrArray *)
    = { change_byte, flip_bit, insert_byte, insert_byte, remove_range, repeat_range, insert_of_other, insert_of_other };
  for (guint n = 1 + below (random, 8); n > 0 && input->len < MAX_INPUT_SIZE; n--)
    mutations[below (random, G_N_ELEMENTS (mutations))](random, input, corpus);
  if (below (random, 16) == 0)
    cut_end (random, input, corpus);
}

/* An own allocation of the exact size: a byte too far is found. */
static void
run_one (void)
{
  g_autofree guint8 *exact = g_memdup2 (current->data, current->len);
  LLVMFuzzerTestOneInput (exact, current->len);
}

static void
run_mutation (GPtrArray *corpus, guint32 seed, guint32 run)
{
  const guint32 seeds[] = { seed, run };
  g_autoptr (GRand) random = g_rand_new_with_seed_array (seeds, G_N_ELEMENTS (seeds));
  const GByteArray *base = corpus->pdata[below (random, corpus->len)];
  g_byte_array_set_size (current, 0);
  g_byte_array_append (current, base->data, base->len);
  mutate (random, current, corpus);
  run_one ();
}

static void
watch_for_death (const char *program)
{
  g_autofree char *name = g_path_get_basename (program);
  crash_file = g_strconcat ("crash-", name, NULL);
  static const int signals[] = { SIGABRT, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGILL };
  gboolean sanitized = __sanitizer_set_death_callback != NULL;
  for (gsize i = 0; i < (sanitized ? 2 : G_N_ELEMENTS (signals)); i++)
    signal (signals[i], on_signal);
  if (sanitized)
    __sanitizer_set_death_callback (keep_input);
}

int
main (int argc, char **argv)
{
  gint64 runs = 0;
  gint64 seed = 1;
  gint64 first = 0;
  g_auto (GStrv) paths = NULL;
  const GOptionEntry entries[] = {
    { "runs", 0, 0, G_OPTION_ARG_INT64, &runs, "Random mutations after the corpus itself", "N" },
    { "seed", 0, 0, G_OPTION_ARG_INT64, &seed, "Other mutations", "S" },
    { "first", 0, 0, G_OPTION_ARG_INT64, &first, "Number of the first mutation", "RUN" },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &paths, NULL, "FILE-OR-FOLDER..." },
    { NULL },
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || paths == NULL)
    {
      g_printerr ("%s\n", error != NULL ? error->message : "name the corpus");
      return 2;
    }
  g_autoptr (GPtrArray) corpus = g_ptr_array_new_with_free_func ((GDestroyNotify) g_byte_array_unref);
  for (guint i = 0; paths[i] != NULL; i++)
    load (corpus, paths[i]);
  if (corpus->len == 0)
    g_error ("the corpus is empty");

  current = g_byte_array_new ();
  watch_for_death (argv[0]);
  for (guint i = 0; i < corpus->len; i++)
    {
      const GByteArray *input = corpus->pdata[i];
      g_byte_array_set_size (current, 0);
      g_byte_array_append (current, input->data, input->len);
      run_one ();
    }
  for (gint64 run = first; run < first + runs; run++)
    run_mutation (corpus, (guint32) seed, (guint32) run);
  g_print ("%u files, %" G_GINT64_FORMAT " mutations\n", corpus->len, runs);
  g_byte_array_unref (current);
  g_free (crash_file);
  return 0;
}
