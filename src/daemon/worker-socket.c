/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "daemon/worker-socket.h"

#include <errno.h>
#include <sys/stat.h>

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>

#include "common/bgt-error.h"

#define SOCKET_NAME "worker.socket"
#define BACKLOG 64

struct _BtsWorkerSocket
{
  char *path; /* (owned) */
  BtsWorkerSocketConnected connected;
  gpointer user_data;
  GSocket *listener; /* (owned) (nullable): while open */
  guint source_id;
};

BtsWorkerSocket *
bts_worker_socket_new (const char *folder, BtsWorkerSocketConnected connected, gpointer user_data)
{
  BtsWorkerSocket *self = g_new0 (BtsWorkerSocket, 1);

  self->path = g_build_filename (folder, SOCKET_NAME, NULL);
  self->connected = connected;
  self->user_data = user_data;
  return self;
}

void
bts_worker_socket_free (BtsWorkerSocket *self)
{
  bts_worker_socket_close (self);
  g_free (self->path);
  g_free (self);
}

static gboolean
on_connection (GSocket *listener, GIOCondition condition, gpointer user_data)
{
  BtsWorkerSocket *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = g_socket_accept (listener, NULL, &error);
  g_autoptr (GCredentials) credentials =
                 socket != NULL ? g_socket_get_credentials (socket, &error) : NULL;

  if (credentials == NULL)
    g_debug ("A connection that came to nothing: %s", error->message);
  else
    self->connected (socket, g_credentials_get_unix_user (credentials, NULL),
                     g_credentials_get_unix_pid (credentials, NULL), self->user_data);
  return G_SOURCE_CONTINUE;
}

static gboolean
listen_at (GSocket *listener, const char *path, GError **error)
{
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);

  /* Left behind by a daemon that was killed. */
  g_unlink (path);
  if (!g_socket_bind (listener, address, FALSE, error))
    return FALSE;
  /* Who may connect is decided by who it is. */
  if (chmod (path, 0666) != 0)
    {
      g_set_error (error, BGT_ERROR, BGT_ERROR_FAILED, "%s cannot be made accessible: %s", path,
                   g_strerror (errno));
      return FALSE;
    }
  g_socket_set_listen_backlog (listener, BACKLOG);
  g_socket_set_blocking (listener, FALSE);
  return g_socket_listen (listener, error);
}

gboolean
bts_worker_socket_open (BtsWorkerSocket *self, GError **error)
{
  g_autoptr (GSocket) listener = NULL;
  g_autoptr (GSource) source = NULL;

  if (self->listener != NULL)
    return TRUE;
  listener =
      g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, error);
  if (listener == NULL || !listen_at (listener, self->path, error))
    return FALSE;

  source = g_socket_create_source (listener, G_IO_IN, NULL);
  g_source_set_callback (source, G_SOURCE_FUNC (on_connection), self, NULL);
  self->source_id = g_source_attach (source, NULL);
  self->listener = g_steal_pointer (&listener);
  return TRUE;
}

void
bts_worker_socket_close (BtsWorkerSocket *self)
{
  g_clear_handle_id (&self->source_id, g_source_remove);
  if (self->listener == NULL)
    return;
  /* One that stays behind is removed when it is opened next. */
  g_unlink (self->path);
  g_clear_object (&self->listener);
}
