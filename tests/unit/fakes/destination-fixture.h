/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "tests/unit/fakes/test-folder.h"
#include "worker/files/destination.h"

/* A destination as a job uses it, for tests that link the files of the worker. */

#define TEST_GUID "0f1e2d3c_4b5a_6978_8796_a5b4c3d2e1f0"
#define MIB (1024 * 1024)

static inline GVariant *
make_request (const char *destination, const char *overwrite)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  g_variant_dict_insert (&dict, "destination", "s", destination);
  if (overwrite != NULL)
    g_variant_dict_insert (&dict, "overwrite", "s", overwrite);

  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

static inline GVariant *
make_request_in (TestFolder *folder, const char *name, const char *overwrite)
{
  g_autofree char *path = test_folder_get_path (folder, name);

  return make_request (path, overwrite);
}

static inline BtsDestination *
open_destination (GVariant *request, GVariant *checkpoint)
{
  g_autoptr (GError) error = NULL;
  BtsDestination *destination = bts_destination_open (request, TEST_GUID, checkpoint, -1, &error);

  g_assert_no_error (error);
  g_assert_nonnull (destination);
  return destination;
}

/* The bytes of the pattern that belong to [@start, @end). */
static inline gboolean
try_put (BtsDestination *destination, guint64 start, guint64 end, GError **error)
{
  if (!bts_destination_seek (destination, start, error))
    return FALSE;

  for (guint64 offset = start; offset < end;)
    {
      gsize room = 0;
      guint8 *buffer = bts_destination_get_buffer (destination, &room);
      gsize size = (gsize) MIN (room, end - offset);

      g_assert_cmpuint (room, >=, 1);
      for (gsize i = 0; i < size; i++)
        buffer[i] = test_pattern_get_byte (offset + i);
      if (!bts_destination_commit (destination, size, error))
        return FALSE;
      offset += size;
    }

  return TRUE;
}

static inline void
put (BtsDestination *destination, guint64 start, guint64 end)
{
  g_autoptr (GError) error = NULL;
  gboolean is_put = try_put (destination, start, end, &error);

  g_assert_no_error (error);
  g_assert_true (is_put);
}

static inline void
sync_now (BtsDestination *destination)
{
  g_autoptr (GError) error = NULL;
  gboolean is_synced = bts_destination_sync (destination, &error);

  g_assert_no_error (error);
  g_assert_true (is_synced);
}

static inline guint64
get_held_from_start (BtsDestination *destination)
{
  g_autoptr (BtsByteRanges) held = bts_destination_dup_held (destination);

  return bts_byte_ranges_get_held_from (held, 0);
}

static inline char *
publish (BtsDestination *destination, guint64 total)
{
  g_autoptr (GError) error = NULL;
  char *path =
      bts_destination_publish (destination, total, "https://u:p@example.org/f?q=1#x", NULL, &error);

  g_assert_no_error (error);
  g_assert_nonnull (path);
  return path;
}
