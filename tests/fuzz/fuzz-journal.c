/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <string.h>

#include "common/object-path.h"
#include "store/journal.h"

#define HEAD_BYTES 48
#define DIGEST_AT 16
#define LENGTH_AT 8

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static void
unref_text (gpointer text)
{
  g_clear_pointer ((GBytes **) &text, g_bytes_unref);
}

static void
parse (const guint8 *data, gsize size)
{
  g_autoptr (GHashTable) changes =
                 g_hash_table_new_full (g_str_hash, g_str_equal, g_free, unref_text);
  GHashTableIter iter;
  gpointer name, text;

  g_assert_cmpuint (bts_journal_parse (data, size, changes), <=, size);
  g_hash_table_iter_init (&iter, changes);
  while (g_hash_table_iter_next (&iter, &name, &text))
    {
      g_assert_true (bts_guid_is_valid (name));
      g_assert_cmpuint (text != NULL ? g_bytes_get_size (text) : 0, <, size);
    }
}

/* As it is, and as a group with the right length and checksum, which no chance would hit. */
int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree guint8 *whole = NULL;
  g_autoptr (GChecksum) checksum = NULL;
  guint64 length;
  gsize digest_length = HEAD_BYTES - DIGEST_AT;

  parse (data, size);
  if (size < HEAD_BYTES)
    return 0;

  whole = g_memdup2 (data, size);
  length = GUINT64_TO_LE ((guint64) size - HEAD_BYTES);
  memcpy (whole, "BtsJrnl1", LENGTH_AT);
  memcpy (whole + LENGTH_AT, &length, sizeof length);
  checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_checksum_update (checksum, data + HEAD_BYTES, (gssize) (size - HEAD_BYTES));
  g_checksum_get_digest (checksum, whole + DIGEST_AT, &digest_length);
  parse (whole, size);

  return 0;
}
