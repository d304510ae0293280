/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "tests/unit/fakes/test-folder.h"

#include <glib/gstdio.h>
#include <string.h>

TestFolder *
test_folder_new (const char *base)
{
  g_autofree char *path = g_build_filename (base, "files-test-XXXXXX", NULL);
  TestFolder *self;

  if (g_mkdtemp (path) == NULL)
    return NULL;

  self = g_new0 (TestFolder, 1);
  self->path = g_steal_pointer (&path);
  return self;
}

void
test_folder_remove_all (const char *path)
{
  g_autoptr (GDir) folder = NULL;
  const char *name;

  if (!g_file_test (path, G_FILE_TEST_IS_SYMLINK))
    folder = g_dir_open (path, 0, NULL);
  while (folder != NULL && (name = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      test_folder_remove_all (child);
    }
  g_remove (path);
}

void
test_folder_free (TestFolder *self)
{
  test_folder_remove_all (self->path);
  g_free (self->path);
  g_free (self);
}

char *
test_folder_get_path (TestFolder *self, const char *name)
{
  return g_build_filename (self->path, name, NULL);
}

guint
test_folder_count (TestFolder *self)
{
  g_autoptr (GDir) folder = g_dir_open (self->path, 0, NULL);
  guint n_names = 0;

  g_assert_nonnull (folder);
  while (g_dir_read_name (folder) != NULL)
    n_names++;

  return n_names;
}

void
test_folder_write (TestFolder *self, const char *name, const char *text)
{
  g_autofree char *path = test_folder_get_path (self, name);
  g_autoptr (GError) error = NULL;

  g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_NONE, 0666, &error);
  g_assert_no_error (error);
}

void
test_folder_assert_text (TestFolder *self, const char *name, const char *text)
{
  g_autofree char *path = test_folder_get_path (self, name);
  g_autofree char *contents = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &contents, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (contents, ==, text);
}

guint8
test_pattern_get_byte (guint64 offset)
{
  return (guint8) (offset * 31 + (offset >> 8) * 7 + (offset >> 16) * 3);
}

void
test_folder_assert_pattern (TestFolder *self, const char *name, guint64 size)
{
  g_autofree char *path = test_folder_get_path (self, name);
  g_autofree char *contents = NULL;
  g_autoptr (GError) error = NULL;
  gsize length = 0;

  g_file_get_contents (path, &contents, &length, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (length, ==, size);
  for (guint64 i = 0; i < size; i++)
    {
      if ((guint8) contents[i] != test_pattern_get_byte (i))
        g_error ("%s differs at %" G_GUINT64_FORMAT, name, i);
    }
}
