/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <string.h>

#include <glib.h>

/* Runs a fuzz target as an ordinary test, where there is no libFuzzer: every file of a folder as
 * it is, then a fixed number of changed copies, always the same ones.
 *
 *   replay FOLDER COUNT */

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

#define MAX_INPUT_BYTES 65536
#define SEED 20260101

static void
run (const GByteArray *input)
{
  /* Exactly as large as it says, so that a checked build sees the first byte read beyond. */
  g_autofree guint8 *copy = g_memdup2 (input->data, input->len);

  LLVMFuzzerTestOneInput (copy, input->len);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* By name, so that it is the same everywhere. */
static GPtrArray *
read_corpus (const char *path)
{
  GPtrArray *corpus = g_ptr_array_new_with_free_func ((GDestroyNotify) g_byte_array_unref);
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) folder = g_dir_open (path, 0, &error);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  const char *name;

  g_assert_no_error (error);
  while ((name = g_dir_read_name (folder)) != NULL)
    g_ptr_array_add (names, g_build_filename (path, name, NULL));
  g_ptr_array_sort (names, compare_names);

  for (guint i = 0; i < names->len; i++)
    {
      char *contents;
      gsize length;

      g_assert_true (g_file_get_contents (names->pdata[i], &contents, &length, NULL));
      g_ptr_array_add (corpus, g_byte_array_new_take ((guint8 *) contents, length));
    }

  return corpus;
}

static guint
pick (GRand *random, guint end)
{
  return end > 0 ? g_rand_int (random) % end : 0;
}

static void
change_byte (GRand *random, GByteArray *input)
{
  if (input->len > 0)
    input->data[pick (random, input->len)] = (guint8) g_rand_int (random);
}

static void
flip_bit (GRand *random, GByteArray *input)
{
  if (input->len > 0)
    input->data[pick (random, input->len)] ^= (guint8) (1u << pick (random, 8));
}

static void
remove_part (GRand *random, GByteArray *input)
{
  guint from = pick (random, input->len);

  if (input->len > 0)
    g_byte_array_remove_range (input, from, pick (random, MIN (input->len - from, 64)) + 1);
}

static void
insert_part (GRand *random, GByteArray *input, const GByteArray *source)
{
  guint from = pick (random, source->len);
  guint length = pick (random, MIN (source->len - from, 64) + 1);
  guint at = pick (random, input->len + 1);
  g_autoptr (GByteArray) tail = g_byte_array_new ();

  if (input->len + length > MAX_INPUT_BYTES)
    return;

  g_byte_array_append (tail, input->data + at, input->len - at);
  g_byte_array_set_size (input, at);
  g_byte_array_append (input, source->data + from, length);
  g_byte_array_append (input, tail->data, tail->len);
}

static void
change_number (GRand *random, GByteArray *input)
{
  static const char *const numbers[] = { "-1", "0", "18446744073709551615", "9223372036854775808",
                                         "4294967296" };
  const char *number = numbers[pick (random, G_N_ELEMENTS (numbers))];
  guint from = pick (random, input->len);
  g_autoptr (GByteArray) source = g_byte_array_new ();

  while (from < input->len && !g_ascii_isdigit (input->data[from]))
    from++;
  while (from < input->len && g_ascii_isdigit (input->data[from]))
    g_byte_array_remove_index (input, from);

  g_byte_array_append (source, input->data, from);
  g_byte_array_append (source, (const guint8 *) number, (guint) strlen (number));
  g_byte_array_append (source, input->data + from, input->len - from);
  g_byte_array_set_size (input, 0);
  g_byte_array_append (input, source->data, source->len);
}

static void
change (GRand *random, GByteArray *input, const GByteArray *source)
{
  switch (pick (random, 5))
    {
    case 0:
      change_byte (random, input);
      break;
    case 1:
      flip_bit (random, input);
      break;
    case 2:
      remove_part (random, input);
      break;
    case 3:
      change_number (random, input);
      break;
    default:
      insert_part (random, input, source);
      break;
    }
}

int
main (int argc, char *argv[])
{
  g_autoptr (GRand) random = g_rand_new_with_seed (SEED);
  g_autoptr (GPtrArray) corpus = NULL;
  guint64 count;

  if (argc < 3 || !g_ascii_string_to_unsigned (argv[2], 10, 0, G_MAXINT, &count, NULL))
    {
      g_printerr ("Usage: %s FOLDER COUNT\n", argv[0]);
      return 2;
    }

  corpus = read_corpus (argv[1]);
  g_assert_cmpuint (corpus->len, >, 0);
  for (guint i = 0; i < corpus->len; i++)
    run (corpus->pdata[i]);

  for (guint64 i = 0; i < count; i++)
    {
      const GByteArray *base = corpus->pdata[pick (random, corpus->len)];
      g_autoptr (GByteArray) input = g_byte_array_new ();

      g_byte_array_append (input, base->data, base->len);
      for (guint n = pick (random, 4) + 1; n > 0; n--)
        change (random, input, corpus->pdata[pick (random, corpus->len)]);
      run (input);
    }

  g_print ("%u inputs and %" G_GUINT64_FORMAT " changed ones\n", corpus->len, count);
  return 0;
}
