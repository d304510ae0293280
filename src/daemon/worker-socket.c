/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "daemon/worker-socket.h"

#include <errno.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <linux/xattr.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>

#include "common/bgt-error.h"

#define BACKLOG 64

struct _BtsWorkerSocket
{
  char *path; /* (owned) */
  uid_t uid;
  BtsWorkerSocketConnected connected;
  gpointer user_data;
  GSocket *listener; /* (owned) */
  guint source_id;
};

void
bts_worker_socket_free (BtsWorkerSocket *self)
{
  g_clear_handle_id (&self->source_id, g_source_remove);
  /* One that stays behind is removed when it is opened next. */
  g_unlink (self->path);
  g_clear_object (&self->listener);
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
  else if (g_credentials_get_unix_user (credentials, NULL) != self->uid)
    g_debug ("User %u connects uninvited and is sent away",
             g_credentials_get_unix_user (credentials, NULL));
  else
    self->connected (socket, g_credentials_get_unix_pid (credentials, NULL), self->user_data);
  return G_SOURCE_CONTINUE;
}

/* Others would be sent away, but enough of them could keep the worker from being heard. The owner
 * cannot give the file to the user, so it has an access control list (acl(5)). */
static gboolean
let_user_connect (const char *path, uid_t uid)
{
  const struct
  {
    struct posix_acl_xattr_header header;
    struct posix_acl_xattr_entry entries[5];
  } list = {
    { GUINT32_TO_LE (POSIX_ACL_XATTR_VERSION) },
    {
        { GUINT16_TO_LE (ACL_USER_OBJ), GUINT16_TO_LE (ACL_READ | ACL_WRITE), ACL_UNDEFINED_ID },
        { GUINT16_TO_LE (ACL_USER), GUINT16_TO_LE (ACL_READ | ACL_WRITE), GUINT32_TO_LE (uid) },
        { GUINT16_TO_LE (ACL_GROUP_OBJ), 0, ACL_UNDEFINED_ID },
        { GUINT16_TO_LE (ACL_MASK), GUINT16_TO_LE (ACL_READ | ACL_WRITE), ACL_UNDEFINED_ID },
        { GUINT16_TO_LE (ACL_OTHER), 0, ACL_UNDEFINED_ID },
    },
  };

  if (setxattr (path, XATTR_NAME_POSIX_ACL_ACCESS, &list, sizeof list, 0) == 0)
    return TRUE;
  /* A kernel that has no such lists: then everybody may connect, and is asked who they are. */
  return errno == EOPNOTSUPP && chmod (path, 0666) == 0;
}

static gboolean
listen_at (GSocket *listener, const char *path, uid_t uid, GError **error)
{
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);

  /* Left behind by a daemon that was killed. */
  g_unlink (path);
  if (!g_socket_bind (listener, address, FALSE, error))
    return FALSE;
  if (!let_user_connect (path, uid))
    {
      g_set_error (error, BGT_ERROR, BGT_ERROR_FAILED, "%s cannot be made accessible: %s", path,
                   g_strerror (errno));
      return FALSE;
    }
  g_socket_set_listen_backlog (listener, BACKLOG);
  g_socket_set_blocking (listener, FALSE);
  return g_socket_listen (listener, error);
}

BtsWorkerSocket *
bts_worker_socket_new (const char *folder,
                       uid_t uid,
                       BtsWorkerSocketConnected connected,
                       gpointer user_data,
                       GError **error)
{
  g_autoptr (BtsWorkerSocket) self = g_new0 (BtsWorkerSocket, 1);
  g_autofree char *name = g_strdup_printf ("worker-%u.socket", uid);
  g_autoptr (GSource) source = NULL;

  self->path = g_build_filename (folder, name, NULL);
  self->uid = uid;
  self->connected = connected;
  self->user_data = user_data;
  self->listener =
      g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, error);
  if (self->listener == NULL || !listen_at (self->listener, self->path, uid, error))
    return NULL;

  source = g_socket_create_source (self->listener, G_IO_IN, NULL);
  g_source_set_callback (source, G_SOURCE_FUNC (on_connection), self, NULL);
  self->source_id = g_source_attach (source, NULL);
  return g_steal_pointer (&self);
}
