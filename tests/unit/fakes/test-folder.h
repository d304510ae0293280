/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* A folder of its own for a test that writes files, and what such tests ask of it. */

typedef struct
{
  char *path; /* (owned) */
} TestFolder;

/* In @base, an existing folder; NULL where nothing may be written there. */
TestFolder *test_folder_new (const char *base);

/* Removes it with all that is in it. */
void test_folder_free (TestFolder *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestFolder, test_folder_free)

char *test_folder_get_path (TestFolder *self, const char *name);
void test_folder_remove_all (const char *path);

/* How many names there are, hidden ones too. */
guint test_folder_count (TestFolder *self);

void test_folder_write (TestFolder *self, const char *name, const char *text);
void test_folder_assert_text (TestFolder *self, const char *name, const char *text);

/* Bytes of a test file: no stretch of it looks like another. */
guint8 test_pattern_get_byte (guint64 offset);
void test_folder_assert_pattern (TestFolder *self, const char *name, guint64 size);
