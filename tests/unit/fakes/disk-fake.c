/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "tests/unit/fakes/disk-fake.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define FULL_CALLS 4
#define LONG_CALLS 5
#define CUT_AFTER_CALLS 7

typedef struct
{
  int file;     /* (owned): a descriptor of our own */
  off_t synced; /* bytes that a sync has made sure of */
  off_t lost;   /* from there on a failed sync has lost them; -1 */
} File;

typedef struct
{
  char *old_name; /* (owned) */
  char *new_name; /* (owned) (nullable): NULL where it was removed */
  char *kept;     /* (owned) (nullable): where what was there before is kept */
  gboolean is_exchange;
} Naming;

static struct
{
  int folder;
  DiskTrouble trouble;
  guint at;
  guint n_calls;
  gboolean is_on;
  GHashTable *files; /* (element-type ino_t File) */
  GQueue namings;    /* (element-type Naming): since the folder was synced, the newest first */
} disk;

int __real_fdatasync (int file);
int __real_fsync (int file);
gssize __real_write (int file, const void *data, gsize length);
int __real_renameat (int old_folder, const char *old_name, int new_folder, const char *new_name);
int __real_renameat2 (
    int old_folder, const char *old_name, int new_folder, const char *new_name, unsigned int flags);
int __real_unlinkat (int folder, const char *name, int flags);

int __wrap_fdatasync (int file);
int __wrap_fsync (int file);
gssize __wrap_write (int file, const void *data, gsize length);
int __wrap_renameat (int old_folder, const char *old_name, int new_folder, const char *new_name);
int __wrap_renameat2 (
    int old_folder, const char *old_name, int new_folder, const char *new_name, unsigned int flags);
int __wrap_unlinkat (int folder, const char *name, int flags);

static File *
get_file (int descriptor)
{
  struct stat status;
  File *file;

  g_assert_no_errno (fstat (descriptor, &status));
  file = g_hash_table_lookup (disk.files, GSIZE_TO_POINTER (status.st_ino));
  if (file == NULL)
    {
      file = g_new0 (File, 1);
      file->file = dup (descriptor);
      file->lost = -1;
      g_hash_table_insert (disk.files, GSIZE_TO_POINTER (status.st_ino), file);
    }
  if (status.st_size == 0)
    {
      file->synced = 0;
      file->lost = -1;
    }
  return file;
}

static off_t
get_size (int descriptor)
{
  struct stat status;

  g_assert_no_errno (fstat (descriptor, &status));
  return status.st_size;
}

static void
undo (const Naming *naming)
{
  if (naming->new_name == NULL)
    __real_renameat (disk.folder, naming->kept, disk.folder, naming->old_name);
  else if (naming->is_exchange)
    __real_renameat2 (disk.folder, naming->old_name, disk.folder, naming->new_name,
                      RENAME_EXCHANGE);
  else
    __real_renameat (disk.folder, naming->new_name, disk.folder, naming->old_name);
}

static void
cut_power (void)
{
  GHashTableIter iter;
  gpointer value;
  Naming *naming;

  g_hash_table_iter_init (&iter, disk.files);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      File *file = value;
      off_t size = get_size (file->file);

      if (file->lost >= 0)
        size = MIN (size, file->lost);
      else if (size > file->synced)
        size = file->synced + (size - file->synced) / 2;
      g_assert_no_errno (ftruncate (file->file, size));
    }
  while ((naming = g_queue_pop_head (&disk.namings)) != NULL)
    undo (naming);
}

static gboolean
is_past_trouble (void)
{
  return disk.n_calls >= disk.at;
}

/* Whether this call is to fail. */
static gboolean
count_call (void)
{
  if (!disk.is_on)
    return FALSE;

  disk.n_calls++;
  switch (disk.trouble)
    {
    case DISK_TROUBLE_KILL:
      if (is_past_trouble ())
        _exit (DISK_FAKE_HAD_TROUBLE);
      return FALSE;
    case DISK_TROUBLE_POWER_CUT:
      if (is_past_trouble ())
        disk_fake_end ();
      return FALSE;
    case DISK_TROUBLE_FAIL_ONCE:
      return disk.n_calls == disk.at;
    case DISK_TROUBLE_FAIL_CUT:
      if (disk.n_calls >= disk.at + CUT_AFTER_CALLS)
        disk_fake_end ();
      return disk.n_calls == disk.at;
    case DISK_TROUBLE_FAIL_LONG:
      return is_past_trouble () && disk.n_calls < disk.at + LONG_CALLS;
    case DISK_TROUBLE_FULL:
      return FALSE;
    }
  g_assert_not_reached ();
}

int
__wrap_fdatasync (int descriptor)
{
  File *file;

  if (!disk.is_on)
    return __real_fdatasync (descriptor);

  file = get_file (descriptor);
  if (count_call ())
    {
      /* The kernel forgets what it could not write. */
      if (file->lost < 0)
        file->lost = file->synced;
      errno = EIO;
      return -1;
    }
  file->synced = get_size (descriptor);
  return 0;
}

static void
naming_free (gpointer data)
{
  Naming *naming = data;

  if (naming->kept != NULL)
    __real_unlinkat (disk.folder, naming->kept, 0);
  g_free (naming->old_name);
  g_free (naming->new_name);
  g_free (naming->kept);
  g_free (naming);
}

int
__wrap_fsync (int descriptor)
{
  if (!disk.is_on)
    return __real_fsync (descriptor);
  if (count_call ())
    {
      errno = EIO;
      return -1;
    }

  g_queue_clear_full (&disk.namings, naming_free);
  return 0;
}

gssize
__wrap_write (int descriptor, const void *data, gsize length)
{
  if (!disk.is_on)
    return __real_write (descriptor, data, length);

  get_file (descriptor);
  if (count_call ())
    {
      errno = EIO;
      return -1;
    }
  if (disk.trouble != DISK_TROUBLE_FULL || !is_past_trouble () ||
      disk.n_calls >= disk.at + FULL_CALLS)
    return __real_write (descriptor, data, length);

  if (disk.n_calls == disk.at)
    return __real_write (descriptor, data, length / 2);
  errno = ENOSPC;
  return -1;
}

static void
remember (const char *old_name, const char *new_name, char *kept, gboolean is_exchange)
{
  Naming *naming = g_new0 (Naming, 1);

  naming->old_name = g_strdup (old_name);
  naming->new_name = g_strdup (new_name);
  naming->kept = kept;
  naming->is_exchange = is_exchange;
  g_queue_push_head (&disk.namings, naming);
}

int
__wrap_renameat (int old_folder, const char *old_name, int new_folder, const char *new_name)
{
  if (count_call ())
    {
      errno = EIO;
      return -1;
    }
  if (disk.is_on)
    remember (old_name, new_name, NULL, FALSE);
  return __real_renameat (old_folder, old_name, new_folder, new_name);
}

int
__wrap_renameat2 (
    int old_folder, const char *old_name, int new_folder, const char *new_name, unsigned int flags)
{
  int result;

  if (count_call ())
    {
      errno = EIO;
      return -1;
    }
  result = __real_renameat2 (old_folder, old_name, new_folder, new_name, flags);
  if (disk.is_on && result == 0)
    remember (old_name, new_name, NULL, TRUE);
  return result;
}

int
__wrap_unlinkat (int folder, const char *name, int flags)
{
  char *kept;

  if (count_call ())
    {
      errno = EIO;
      return -1;
    }
  if (!disk.is_on)
    return __real_unlinkat (folder, name, flags);

  kept = g_strdup_printf ("kept-%u", disk.n_calls);
  if (__real_renameat (folder, name, folder, kept) < 0)
    {
      g_free (kept);
      return -1;
    }
  remember (name, NULL, kept, FALSE);
  return 0;
}

void
disk_fake_start (int folder, DiskTrouble trouble, guint at)
{
  disk.folder = folder;
  disk.trouble = trouble;
  disk.at = at;
  disk.files = g_hash_table_new (NULL, NULL);
  disk.is_on = TRUE;
}

void
disk_fake_end (void)
{
  disk.is_on = FALSE;
  cut_power ();
  _exit (is_past_trouble () ? DISK_FAKE_HAD_TROUBLE : 0);
}

gssize
disk_fake_say (int file, const void *data, gsize length)
{
  return __real_write (file, data, length);
}
