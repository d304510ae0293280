/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "store/record-folder.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/bgt-error.h"
#include "common/object-path.h"
#include "store/atomic-file.h"
#include "store/operation-record.h"

#define MAX_RECORD_BYTES (16 * 1024 * 1024)

/* A process that has just been killed may hold the folder for a moment longer. */
#define LOCK_TRIES 40
#define LOCK_WAIT_US (50 * 1000)

typedef struct
{
  int file;              /* (unowned) */
  const char *path;      /* (unowned) */
  GPtrArray *operations; /* (owned) (element-type BtsOperation) */
} Load;

static gboolean
fail_opening (GError **error, const char *folder, int number)
{
  g_set_error (error, BGT_ERROR, BGT_ERROR_FAILED, "the state folder %s cannot be used: %s", folder,
               g_strerror (number));
  return FALSE;
}

/* Two services on one folder would undo each other's changes, and hand the same partial file to two
 * workers. */
static gboolean
lock_folder (int folder, const char *path, GError **error)
{
  for (guint i = 0; i < LOCK_TRIES; i++)
    {
      if (flock (folder, LOCK_EX | LOCK_NB) == 0)
        return TRUE;
      if (errno != EWOULDBLOCK && errno != EINTR)
        return fail_opening (error, path, errno);
      g_usleep (LOCK_WAIT_US);
    }

  g_set_error (error, BGT_ERROR, BGT_ERROR_FAILED,
               "the state folder %s is in use by another service", path);
  return FALSE;
}

static gboolean
check_folder (int folder, const char *path, GError **error)
{
  struct stat status;

  if (fstat (folder, &status) < 0 || ((status.st_mode & 077) != 0 && fchmod (folder, 0700) < 0) ||
      faccessat (folder, ".", W_OK | X_OK, AT_EACCESS) < 0)
    return fail_opening (error, path, errno);

  return lock_folder (folder, path, error);
}

/* Left by a crash. */
static void
remove_temporary_files (int folder, const char *path)
{
  g_autoptr (GDir) names = g_dir_open (path, 0, NULL);
  const char *name;

  /* One that stays is in nobody's way. */
  while (names != NULL && (name = g_dir_read_name (names)) != NULL)
    if (g_str_has_prefix (name, BTS_ATOMIC_FILE_TEMPORARY))
      unlinkat (folder, name, 0);
}

int
bts_record_folder_open (const char *path, GError **error)
{
  int folder = -1;

  if (g_mkdir_with_parents (path, 0700) == 0)
    folder = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0)
    {
      fail_opening (error, path, errno);
      return -1;
    }
  if (!check_folder (folder, path, error))
    {
      close (folder);
      return -1;
    }

  remove_temporary_files (folder, path);
  return folder;
}

static gboolean
read_all (int file, GString *text)
{
  gssize n_read;

  do
    {
      char buffer[16384];

      n_read = read (file, buffer, sizeof buffer);
      if (n_read > 0)
        g_string_append_len (text, buffer, n_read);
    }
  while ((n_read > 0 && text->len <= MAX_RECORD_BYTES) || (n_read < 0 && errno == EINTR));

  if (n_read > 0)
    errno = EFBIG;

  return n_read == 0;
}

static gboolean
read_file (Load *self, const char *name, GString *text, GError **error)
{
  int file = openat (self->file, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  struct stat status;
  gboolean is_read;

  g_string_truncate (text, 0);
  is_read = file >= 0 && fstat (file, &status) == 0;
  if (is_read && !S_ISREG (status.st_mode))
    {
      is_read = FALSE;
      errno = EINVAL;
    }
  is_read = is_read && read_all (file, text);
  if (!is_read)
    g_set_error (error, BGT_ERROR, BGT_ERROR_FAILED, "it cannot be read: %s", g_strerror (errno));
  if (file >= 0)
    close (file);

  return is_read;
}

static gboolean
add (Load *self, const char *name, const char *text, gsize length, GError **error)
{
  BtsOperation *operation = bts_operation_record_parse (name, text, length, error);

  if (operation == NULL)
    return FALSE;

  g_ptr_array_add (self->operations, operation);
  return TRUE;
}

static void
load_file (Load *self, const char *name, GString *buffer)
{
  g_autoptr (GError) error = NULL;

  if (!read_file (self, name, buffer, &error) ||
      !add (self, name, buffer->str, buffer->len, &error))
    bts_atomic_file_set_aside (self->file, self->path, name, error);
}

static void
load_journaled (Load *self, const char *name, GBytes *text)
{
  g_autoptr (GError) error = NULL;

  /* It gets into its file all the same, and is set aside at the next start. */
  if (!add (self, name, g_bytes_get_data (text, NULL), g_bytes_get_size (text), &error))
    g_message ("%s/%s is left out: %s", self->path, name, error->message);
}

GPtrArray *
bts_record_folder_load (int folder, const char *path, GHashTable *journaled)
{
  Load self = { folder, path, g_ptr_array_new_with_free_func (g_object_unref) };
  g_autoptr (GString) buffer = g_string_sized_new (4096);
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) names = g_dir_open (path, 0, &error);
  const char *name;
  GHashTableIter iter;
  gpointer key, text;

  if (names == NULL)
    g_message ("%s cannot be read: %s", path, error->message);
  while (names != NULL && (name = g_dir_read_name (names)) != NULL)
    if (bts_guid_is_valid (name) && !g_hash_table_contains (journaled, name))
      load_file (&self, name, buffer);

  g_hash_table_iter_init (&iter, journaled);
  while (g_hash_table_iter_next (&iter, &key, &text))
    if (text != NULL)
      load_journaled (&self, key, text);

  return self.operations;
}
