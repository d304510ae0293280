/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "store/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/bgt-error.h"
#include "common/object-path.h"
#include "store/atomic-file.h"

/* About what is read at a start, and held in memory, at most: enough for some ten thousand small
 * downloads to be over before their files are written. What is still needed of it is written anew
 * once that is less than the half. */
#define LARGE_BYTES (24 * 1024 * 1024)
#define REWRITE_BYTES (LARGE_BYTES / 2)

/* Of one checkpoint, and one file more: what is to be saved meanwhile waits for it. */
#define CHECKPOINT_BYTES (1024 * 1024)

/* Room that is asked for in advance, so that operations can be removed from a full disk. */
#define RESERVED_BYTES (16 * 1024)

/* A group: the magic, the length of what follows the head and its SHA-256; then the changes, as a
 * GVariant, whose form is the same everywhere. */
#define MAGIC "BtsJrnl1"
#define MAGIC_BYTES 8
#define DIGEST_BYTES 32
#define CHANGES_TYPE G_VARIANT_TYPE ("a(smay)")

typedef struct
{
  guint8 magic[MAGIC_BYTES];
  guint64 length; /* little-endian */
  guint8 digest[DIGEST_BYTES];
} Head;
G_STATIC_ASSERT (sizeof (Head) == MAGIC_BYTES + 8 + DIGEST_BYTES);

struct _BtsJournal
{
  int folder;          /* (unowned) */
  int file;            /* (owned): -1 without one that can be appended to */
  gsize size;          /* of the file */
  GHashTable *changes; /* (owned) (element-type utf8 GBytes): that may be missing in the files */
  gsize changes_size;  /* about what they take in a journal */
};

static void
compute_digest (const guint8 *data, gsize length, guint8 *digest)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  gsize digest_length = DIGEST_BYTES;

  g_checksum_update (checksum, data, (gssize) length);
  g_checksum_get_digest (checksum, digest, &digest_length);
}

static void
unref_text (gpointer text)
{
  g_clear_pointer ((GBytes **) &text, g_bytes_unref);
}

static GHashTable *
changes_new (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, unref_text);
}

/* Reading */

static gboolean
parse_group (const guint8 *data, gsize length, GHashTable *changes)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, length);
  g_autoptr (GVariant) group = g_variant_new_from_bytes (CHANGES_TYPE, bytes, FALSE);
  GVariantIter iter;
  const char *name;
  GVariant *text;

  g_variant_ref_sink (group);
  if (!g_variant_is_normal_form (group))
    return FALSE;

  g_variant_iter_init (&iter, group);
  while (g_variant_iter_next (&iter, "(&sm@ay)", &name, &text))
    {
      g_autoptr (GVariant) owned = text;

      if (bts_guid_is_valid (name))
        g_hash_table_insert (
            changes, g_strdup (name),
            text != NULL ? g_bytes_new (g_variant_get_data (text), g_variant_get_size (text))
                         : NULL);
    }

  return TRUE;
}

static gboolean
has_digest (const guint8 *data, gsize length, const guint8 *digest)
{
  guint8 found[DIGEST_BYTES];

  compute_digest (data, length, found);
  return memcmp (found, digest, DIGEST_BYTES) == 0;
}

gsize
bts_journal_parse (const guint8 *data, gsize length, GHashTable *changes)
{
  gsize n_damaged = 0;

  while (length > 0)
    {
      Head head;
      guint64 group_length;

      if (length < sizeof head)
        return n_damaged + length;
      memcpy (&head, data, sizeof head);
      group_length = GUINT64_FROM_LE (head.length);
      if (memcmp (head.magic, MAGIC, MAGIC_BYTES) != 0 || group_length > length - sizeof head)
        return n_damaged + length;

      data += sizeof head;
      length -= sizeof head;
      /* What comes after a damaged group is a newer state all the same. */
      if (!has_digest (data, group_length, head.digest) ||
          !parse_group (data, group_length, changes))
        n_damaged += sizeof head + group_length;
      data += group_length;
      length -= group_length;
    }

  return n_damaged;
}

static gboolean
read_journal (BtsJournal *self, GError **error)
{
  int file =
      openat (self->folder, BTS_JOURNAL_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  g_autoptr (GMappedFile) content = NULL;
  g_autoptr (GError) map_error = NULL;
  gsize n_damaged;

  if (file < 0 && errno == ENOENT)
    return TRUE;
  if (file < 0)
    {
      g_set_error (error, BGT_ERROR, BGT_ERROR_FAILED, "the state folder's %s cannot be opened: %s",
                   BTS_JOURNAL_NAME, g_strerror (errno));
      return FALSE;
    }

  content = g_mapped_file_new_from_fd (file, FALSE, &map_error);
  close (file);
  if (content == NULL)
    {
      g_set_error (error, BGT_ERROR, BGT_ERROR_FAILED, "the state folder's %s cannot be read: %s",
                   BTS_JOURNAL_NAME, map_error->message);
      return FALSE;
    }

  n_damaged = bts_journal_parse ((const guint8 *) g_mapped_file_get_contents (content),
                                 g_mapped_file_get_length (content), self->changes);
  if (n_damaged > 0)
    g_message ("%" G_GSIZE_FORMAT " bytes of the state folder's %s are not whole and left out",
               n_damaged, BTS_JOURNAL_NAME);
  return TRUE;
}

/* Writing */

static gsize
get_size (const char *name, GBytes *text)
{
  return strlen (name) + (text != NULL ? g_bytes_get_size (text) : 0) + 16;
}

static void
forget_change (BtsJournal *self, const char *name)
{
  gpointer text;

  if (!g_hash_table_lookup_extended (self->changes, name, NULL, &text))
    return;
  self->changes_size -= get_size (name, text);
  g_hash_table_remove (self->changes, name);
}

static void
remember_change (BtsJournal *self, const char *name, GBytes *text)
{
  forget_change (self, name);
  self->changes_size += get_size (name, text);
  g_hash_table_insert (self->changes, g_strdup (name), text != NULL ? g_bytes_ref (text) : NULL);
}

static void
add_change (GVariantBuilder *builder, const char *name, GBytes *text)
{
  g_variant_builder_add (
      builder, "(sm@ay)", name,
      text != NULL ? g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, text, TRUE) : NULL);
}

static GByteArray *
print_group (GVariantBuilder *builder)
{
  g_autoptr (GVariant) group = g_variant_ref_sink (g_variant_builder_end (builder));
  gsize length = g_variant_get_size (group);
  GByteArray *text = g_byte_array_sized_new ((guint) (sizeof (Head) + length));
  Head head = { .length = GUINT64_TO_LE (length) };

  memcpy (head.magic, MAGIC, MAGIC_BYTES);
  compute_digest (g_variant_get_data (group), length, head.digest);
  g_byte_array_append (text, (const guint8 *) &head, sizeof head);
  g_byte_array_append (text, g_variant_get_data (group), (guint) length);

  return text;
}

static GByteArray *
print_jobs (GPtrArray *jobs)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (CHANGES_TYPE);

  for (guint i = 0; i < jobs->len; i++)
    {
      BtsFileJob *job = g_ptr_array_index (jobs, i);

      add_change (&builder, job->name, job->text);
    }

  return print_group (&builder);
}

/* All that counts, with @jobs over it. */
static GByteArray *
print_all (BtsJournal *self, GPtrArray *jobs)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (CHANGES_TYPE);
  GHashTableIter iter;
  gpointer name, text;

  g_hash_table_iter_init (&iter, self->changes);
  while (g_hash_table_iter_next (&iter, &name, &text))
    add_change (&builder, name, text);
  for (guint i = 0; i < jobs->len; i++)
    {
      BtsFileJob *job = g_ptr_array_index (jobs, i);

      add_change (&builder, job->name, job->text);
    }

  return print_group (&builder);
}

static void
close_file (BtsJournal *self)
{
  if (self->file >= 0)
    close (self->file);
  self->file = -1;
  self->size = 0;
}

/* A new file, with nothing but @text in it, takes the journal's name. */
static gboolean
replace (BtsJournal *self, const guint8 *text, gsize length, GError **error)
{
  int file;

  close_file (self);
  file = bts_atomic_file_write (self->folder, BTS_JOURNAL_NAME, (const char *) text, length, error);
  if (file < 0)
    return FALSE;

  /* Without it the journal is as good, but on a full disk. */
  fallocate (file, FALLOC_FL_KEEP_SIZE, 0, (off_t) (length + RESERVED_BYTES));
  if (!bts_atomic_file_sync (file, BTS_JOURNAL_NAME, error) ||
      !bts_atomic_file_publish (self->folder, BTS_JOURNAL_NAME, error) ||
      !bts_atomic_file_sync_folder (self->folder, error))
    {
      bts_atomic_file_discard (self->folder, BTS_JOURNAL_NAME);
      close (file);
      return FALSE;
    }

  bts_atomic_file_discard (self->folder, BTS_JOURNAL_NAME);
  self->file = file;
  self->size = length;
  return TRUE;
}

gboolean
bts_journal_append (BtsJournal *self, GPtrArray *jobs, GError **error)
{
  g_autoptr (GByteArray) text = NULL;
  gboolean is_done = FALSE;

  if (self->file >= 0 && !(bts_journal_is_large (self) && self->changes_size <= REWRITE_BYTES))
    {
      text = print_jobs (jobs);
      is_done = bts_atomic_file_append (self->file, BTS_JOURNAL_NAME, (const char *) text->data,
                                        text->len, NULL) &&
                bts_atomic_file_sync (self->file, BTS_JOURNAL_NAME, NULL);
      self->size += text->len;
      g_clear_pointer (&text, g_byte_array_unref);
    }
  if (!is_done)
    {
      /* After a failure nobody knows which bytes are on disk, and another sync would not tell:
       * the old file is not used any more. */
      text = print_all (self, jobs);
      if (!replace (self, text->data, text->len, error))
        return FALSE;
    }

  for (guint i = 0; i < jobs->len; i++)
    {
      BtsFileJob *job = g_ptr_array_index (jobs, i);

      remember_change (self, job->name, job->text);
    }
  return TRUE;
}

gboolean
bts_journal_is_large (BtsJournal *self)
{
  return self->size > LARGE_BYTES;
}

static GPtrArray *
make_file_jobs (BtsJournal *self)
{
  GPtrArray *jobs = g_ptr_array_new_with_free_func ((GDestroyNotify) bts_file_job_free);
  GHashTableIter iter;
  gpointer name, text;
  gsize n_bytes = 0;

  g_hash_table_iter_init (&iter, self->changes);
  while (jobs->len < BTS_FILE_JOBS_MAX && n_bytes < CHECKPOINT_BYTES &&
         g_hash_table_iter_next (&iter, &name, &text))
    {
      g_ptr_array_add (jobs, bts_file_job_new (name, text != NULL ? g_bytes_ref (text) : NULL, 0));
      n_bytes += get_size (name, text);
    }

  return jobs;
}

gboolean
bts_journal_checkpoint (BtsJournal *self, GError **error)
{
  g_autoptr (GPtrArray) jobs = make_file_jobs (self);
  GError *first_error = NULL;

  bts_file_jobs_run (jobs, self->folder);
  for (guint i = 0; i < jobs->len; i++)
    {
      BtsFileJob *job = g_ptr_array_index (jobs, i);

      if (job->error == NULL)
        forget_change (self, job->name);
      else if (first_error == NULL)
        first_error = g_error_copy (job->error);
    }
  if (first_error != NULL)
    {
      g_propagate_error (error, first_error);
      return FALSE;
    }

  return !bts_journal_is_empty (self) || replace (self, NULL, 0, error);
}

GHashTable *
bts_journal_dup_changes (BtsJournal *self)
{
  GHashTable *changes = changes_new ();
  GHashTableIter iter;
  gpointer name, text;

  g_hash_table_iter_init (&iter, self->changes);
  while (g_hash_table_iter_next (&iter, &name, &text))
    g_hash_table_insert (changes, g_strdup (name), text != NULL ? g_bytes_ref (text) : NULL);

  return changes;
}

gboolean
bts_journal_is_empty (BtsJournal *self)
{
  return g_hash_table_size (self->changes) == 0;
}

BtsJournal *
bts_journal_open (int folder, GError **error)
{
  g_autoptr (BtsJournal) self = g_new0 (BtsJournal, 1);
  GHashTableIter iter;
  gpointer name, text;

  self->folder = folder;
  self->file = -1;
  self->changes = changes_new ();
  if (!read_journal (self, error))
    return NULL;

  g_hash_table_iter_init (&iter, self->changes);
  while (g_hash_table_iter_next (&iter, &name, &text))
    self->changes_size += get_size (name, text);

  return g_steal_pointer (&self);
}

void
bts_journal_free (BtsJournal *self)
{
  close_file (self);
  g_hash_table_unref (self->changes);
  g_free (self);
}
