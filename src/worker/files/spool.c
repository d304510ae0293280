/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/files/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "worker/files/file-error.h"

/* Of the SHA-256 of the application's ID, which can have any characters. */
#define TAG_LENGTH 32

static const char *const suffixes[] = {
  [BTS_SPOOL_STREAM] = "stream",
  [BTS_SPOOL_UNFINISHED] = "unfinished",
  [BTS_SPOOL_ANSWER] = "answer",
};

static char *
get_folder (void)
{
  return g_build_filename (g_get_user_state_dir (), "background-transfer", "uploads", NULL);
}

gboolean
bts_spool_visit (BtsSpoolVisit visit, gpointer user_data)
{
  g_autofree char *folder = get_folder ();
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      if (!visit (path, name, user_data))
        return FALSE;
    }
  return TRUE;
}

/* Names: GUID@APPLICATION.NUMBER.KIND, where earlier versions have left out @APPLICATION. */

char *
bts_spool_dup_application_tag (const char *application)
{
  char *tag = g_compute_checksum_for_string (G_CHECKSUM_SHA256, application, -1);

  tag[TAG_LENGTH] = '\0';
  return tag;
}

gboolean
bts_spool_name_has_tag (const char *name, const char *tag)
{
  const char *at = strchr (name, '@');

  return at != NULL && strncmp (at + 1, tag, TAG_LENGTH) == 0 && at[1 + TAG_LENGTH] == '.';
}

static gboolean
is_of (const char *name, const char *guid)
{
  gsize length = strlen (guid);

  return strncmp (name, guid, length) == 0 && (name[length] == '.' || name[length] == '@');
}

typedef struct
{
  const char *guid;
  char *ending; /* (owned) */
  char *path;   /* (owned) (nullable): what has been found */
} Search;

static gboolean
compare (const char *path, const char *name, gpointer user_data)
{
  Search *self = user_data;

  if (!is_of (name, self->guid) || g_strcmp0 (strchr (name, '.'), self->ending) != 0)
    return TRUE;
  self->path = g_strdup (path);
  return FALSE;
}

/* (nullable) */
static char *
find_path (BtsSpoolKind kind, const char *guid, guint number)
{
  g_autofree char *ending = g_strdup_printf (".%u.%s", number, suffixes[kind]);
  Search search = { .guid = guid, .ending = ending };

  bts_spool_visit (compare, &search);
  return search.path;
}

int
bts_spool_create (
    BtsSpoolKind kind, const char *guid, guint number, const char *tag, GError **error)
{
  g_autofree char *folder = get_folder ();
  g_autofree char *path = find_path (kind, guid, number);
  int fd = -1;

  if (path == NULL)
    path = g_strdup_printf ("%s/%s@%s.%u.%s", folder, guid, tag, number, suffixes[kind]);
  if (g_mkdir_with_parents (folder, 0700) == 0)
    fd = open (path, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0)
    bts_file_error_set (error, errno, "Cannot make “%s”", path);
  return fd;
}

int
bts_spool_open (BtsSpoolKind kind, const char *guid, guint number, GError **error)
{
  g_autofree char *path = find_path (kind, guid, number);
  int fd = path != NULL ? open (path, O_RDWR | O_NOFOLLOW | O_CLOEXEC) : -1;

  if (path == NULL)
    bts_file_error_set (error, ENOENT, "Cannot open what is kept for %s", guid);
  else if (fd < 0)
    bts_file_error_set (error, errno, "Cannot open “%s”", path);
  return fd;
}

gboolean
bts_spool_exists (BtsSpoolKind kind, const char *guid, guint number)
{
  g_autofree char *path = find_path (kind, guid, number);

  return path != NULL;
}

static gboolean
sync_folder (void)
{
  g_autofree char *folder = get_folder ();
  int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  gboolean is_synced = fd >= 0 && fsync (fd) == 0;
  int saved_errno = errno;

  if (fd >= 0)
    close (fd);
  errno = saved_errno;
  return is_synced;
}

gboolean
bts_spool_finish (const char *guid, guint number, int fd, GError **error)
{
  g_autofree char *unfinished = find_path (BTS_SPOOL_UNFINISHED, guid, number);
  g_autoptr (GString) path = g_string_new (unfinished);

  errno = ENOENT;
  g_string_truncate (path, path->len - MIN (path->len, strlen (suffixes[BTS_SPOOL_UNFINISHED])));
  g_string_append (path, suffixes[BTS_SPOOL_STREAM]);
  if (unfinished != NULL && fsync (fd) == 0 && rename (unfinished, path->str) == 0 &&
      sync_folder ())
    return TRUE;
  bts_file_error_set (error, errno, "Cannot keep the stream");
  return FALSE;
}

/* All that is kept */

typedef struct
{
  const char *guid;
  gboolean keeps_answer;
  GError **error;
} Removal;

static gboolean
remove_one (const char *path, const char *name, gpointer user_data)
{
  Removal *self = user_data;

  if (!is_of (name, self->guid) ||
      (self->keeps_answer && g_str_has_suffix (name, suffixes[BTS_SPOOL_ANSWER])) ||
      unlink (path) == 0 || errno == ENOENT)
    return TRUE;
  bts_file_error_set (self->error, errno, "Cannot remove “%s”", path);
  return FALSE;
}

gboolean
bts_spool_remove_streams (const char *guid, GError **error)
{
  return bts_spool_visit (remove_one, &(Removal){ guid, TRUE, error });
}

void
bts_spool_remove_answer (const char *guid)
{
  g_autofree char *path = find_path (BTS_SPOOL_ANSWER, guid, 0);

  if (path != NULL)
    unlink (path);
}

gboolean
bts_spool_remove_all (const char *guid, GError **error)
{
  return bts_spool_visit (remove_one, &(Removal){ guid, FALSE, error });
}

static gboolean
add_guid (const char *path, const char *name, gpointer user_data)
{
  gsize length = strcspn (name, "@.");

  if (name[length] != '\0')
    g_hash_table_add (user_data, g_strndup (name, length));
  return TRUE;
}

GStrv
bts_spool_list (void)
{
  g_autoptr (GHashTable) guids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  GHashTableIter iter;
  gpointer guid;

  bts_spool_visit (add_guid, guids);
  g_hash_table_iter_init (&iter, guids);
  while (g_hash_table_iter_next (&iter, &guid, NULL))
    g_strv_builder_add (builder, guid);
  return g_strv_builder_end (builder);
}
