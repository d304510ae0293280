/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/files/source.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/bgt-error.h"
#include "common/bgt-web-error.h"
#include "worker/files/file-error.h"

void
bts_source_free (BtsSource *self)
{
  if (self->fd >= 0)
    close (self->fd);
  g_free (self->path);
  g_free (self);
}

static gboolean
fail_changed (const char *path, const char *how, GError **error)
{
  g_autofree char *name = path != NULL ? g_filename_display_name (path) : NULL;

  g_set_error (error, BGT_WEB_ERROR, BGT_WEB_ERROR_FILE_CHANGED, "%s %s",
               name != NULL ? name : "The file", how);
  return FALSE;
}

/* Files of the kernel, below /proc for instance, say that they are empty: then their end is not
 * known, and none of them would be sent. Nor would what cannot be read from its beginning. */
static gboolean
has_size (const BtsSource *self)
{
  char byte;

  return self->info.size > 0 || pread (self->fd, &byte, sizeof byte, 0) == 0;
}

/* Takes @fd. */
static BtsSource *
source_new (int fd, const char *path, GError **error)
{
  g_autoptr (BtsSource) self = g_new0 (BtsSource, 1);
  g_autofree char *name = g_filename_display_name (path != NULL ? path : "The source");

  self->fd = fd;
  self->path = g_strdup (path);
  if (!bts_file_info_read (fd, NULL, &self->info))
    {
      bts_file_error_set (error, errno, "Cannot read “%s”", name);
      return NULL;
    }
  if (!self->info.is_regular)
    {
      g_set_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT, "“%s” is not a regular file",
                   name);
      return NULL;
    }
  if (!has_size (self))
    {
      g_set_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
                   "“%s” does not say how large it is; pass a pipe that it is written to", name);
      return NULL;
    }
  return g_steal_pointer (&self);
}

static char *
to_path (const char *text, GError **error)
{
  g_autofree char *path = text[0] == '/' ? g_strdup (text) : g_filename_from_uri (text, NULL, NULL);

  if (path == NULL)
    g_set_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
                 "“%s” is neither an absolute path nor a file URI", text);
  return g_steal_pointer (&path);
}

BtsSource *
bts_source_open (const char *text, GError **error)
{
  g_autofree char *path = to_path (text, error);
  g_autofree char *name = path != NULL ? g_filename_display_name (path) : NULL;
  int fd;

  if (path == NULL)
    return NULL;
  /* Opening must not wait for who writes into a pipe. */
  fd = open (path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd < 0 && errno == ELOOP)
    {
      g_set_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
                   "“%s” is a symbolic link; give the file it leads to", name);
      return NULL;
    }
  if (fd < 0)
    {
      bts_file_error_set (error, errno, "Cannot open “%s”", name);
      return NULL;
    }
  return source_new (fd, path, error);
}

gboolean
bts_source_check_fd (int fd, GError **error)
{
  int flags = fcntl (fd, F_GETFL);

  if (flags < 0 || (flags & O_PATH) != 0)
    {
      g_set_error_literal (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
                           "the descriptor must be one of a file, a pipe or a connection");
      return FALSE;
    }
  if ((flags & O_ACCMODE) == O_WRONLY)
    {
      g_set_error_literal (error, BGT_ERROR, BGT_ERROR_ACCESS_DENIED,
                           "the descriptor must be open for reading");
      return FALSE;
    }
  return TRUE;
}

/* One that only takes connections, or has none, has no end either. */
static gboolean
is_connection (int fd)
{
  int type = 0;
  int is_listening = 0;
  socklen_t size = sizeof (int);

  return getsockopt (fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
         (type == SOCK_STREAM || type == SOCK_SEQPACKET) &&
         getsockopt (fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &size) == 0 && !is_listening;
}

gboolean
bts_source_is_stream (int fd)
{
  struct stat status;

  if (fstat (fd, &status) != 0)
    return FALSE;
  if (S_ISREG (status.st_mode))
    return status.st_nlink == 0;
  return S_ISFIFO (status.st_mode) || (S_ISSOCK (status.st_mode) && is_connection (fd));
}

BtsSource *
bts_source_open_fd (int fd, GError **error)
{
  int copy;

  if (!bts_source_check_fd (fd, error))
    return NULL;
  copy = fcntl (fd, F_DUPFD_CLOEXEC, 3);
  if (copy < 0)
    {
      bts_file_error_set (error, errno, "Cannot keep the descriptor");
      return NULL;
    }
  return source_new (copy, NULL, error);
}

BtsSource *
bts_source_open_found (GVariant *found, GError **error)
{
  BtsFileIdentity identity;
  const char *path = NULL;
  g_autoptr (BtsSource) self = NULL;
  int fd;

  bts_file_identity_take_from (&identity, found);
  if (!g_variant_lookup (found, "path", "^&ay", &path) || path[0] != '/')
    {
      g_set_error_literal (error, BGT_WEB_ERROR, BGT_WEB_ERROR_FILE_NOT_FOUND,
                           "The application's descriptor is gone, and its file has no name");
      return NULL;
    }
  fd = open (path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd < 0)
    {
      g_autofree char *name = g_filename_display_name (path);

      bts_file_error_set (error, errno, "Cannot open “%s” again", name);
      return NULL;
    }
  self = source_new (fd, path, error);
  if (self == NULL)
    return NULL;
  g_clear_pointer (&self->path, g_free);
  if (bts_file_identity_equal (&self->info.identity, &identity))
    return g_steal_pointer (&self);

  fail_changed (path, "is not the file any more that the application had opened", error);
  return NULL;
}

GVariant *
bts_source_describe_fd (int fd)
{
  g_auto (GVariantDict) found = G_VARIANT_DICT_INIT (NULL);
  g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", fd);
  g_autofree char *path = g_file_read_link (link, NULL);
  BtsFileInfo info;
  BtsFileInfo named;

  /* A file that has been removed has no path, only what looks like one. */
  if (path != NULL && path[0] == '/' && bts_file_info_read (fd, NULL, &info) &&
      bts_file_info_read_path (path, &named) &&
      bts_file_identity_equal (&info.identity, &named.identity))
    {
      g_variant_dict_insert (&found, "path", "^ay", path);
      bts_file_identity_add_to (&info.identity, &found);
    }
  return g_variant_ref_sink (g_variant_dict_end (&found));
}

gboolean
bts_source_verify (BtsSource *self, GError **error)
{
  BtsFileInfo now;

  if (!bts_file_info_read (self->fd, NULL, &now) || now.size != self->info.size ||
      now.changed_ns != self->info.changed_ns)
    return fail_changed (self->path, "has changed while it was sent", error);
  if (self->path == NULL)
    return TRUE;

  if (!bts_file_info_read (AT_FDCWD, self->path, &now))
    return fail_changed (self->path, "has gone while it was sent", error);
  if (now.identity.inode != self->info.identity.inode ||
      now.identity.birth_ns != self->info.identity.birth_ns)
    return fail_changed (self->path, "is another file now than when it was first sent", error);
  return TRUE;
}

GVariant *
bts_source_to_state (BtsSource *self)
{
  g_auto (GVariantDict) state = G_VARIANT_DICT_INIT (NULL);

  bts_file_identity_add_to (&self->info.identity, &state);
  g_variant_dict_insert (&state, "size", "t", self->info.size);
  g_variant_dict_insert (&state, "changed", "x", self->info.changed_ns);
  return g_variant_ref_sink (g_variant_dict_end (&state));
}

gboolean
bts_source_matches (BtsSource *self, GVariant *state, GError **error)
{
  BtsFileIdentity identity;
  guint64 size = 0;
  gint64 changed_ns = 0;

  bts_file_identity_take_from (&identity, state);
  g_variant_lookup (state, "size", "t", &size);
  g_variant_lookup (state, "changed", "x", &changed_ns);
  if (bts_file_identity_equal (&self->info.identity, &identity) && self->info.size == size &&
      self->info.changed_ns == changed_ns)
    return TRUE;
  return fail_changed (self->path, "is not what it was when it was first sent", error);
}
