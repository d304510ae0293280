/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/upload-memory.h"

/* A server whose answer has been forgotten is asked again. */
#define MAX_ORIGINS 1000

struct _BtsUploadMemory
{
  GMutex lock;
  GHashTable *protocols; /* (owned) (element-type utf8 utf8): by origin */
};

BtsUploadMemory *
bts_upload_memory_new (void)
{
  BtsUploadMemory *self = g_new0 (BtsUploadMemory, 1);

  g_mutex_init (&self->lock);
  self->protocols = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

void
bts_upload_memory_free (BtsUploadMemory *self)
{
  g_mutex_clear (&self->lock);
  g_hash_table_unref (self->protocols);
  g_free (self);
}

static char *
make_origin (const char *text)
{
  g_autoptr (GUri) uri = g_uri_parse (text, G_URI_FLAGS_SCHEME_NORMALIZE, NULL);
  g_autofree char *host = NULL;

  if (uri == NULL || g_uri_get_host (uri) == NULL)
    return g_strdup ("");
  host = g_ascii_strdown (g_uri_get_host (uri), -1);
  return g_strdup_printf ("%s://%s:%d", g_uri_get_scheme (uri), host, g_uri_get_port (uri));
}

gboolean
bts_upload_is_same_origin (const char *uri, const char *other)
{
  g_autofree char *one = make_origin (uri);
  g_autofree char *two = make_origin (other);

  return one[0] != '\0' && g_str_equal (one, two);
}

const char *
bts_upload_memory_lookup (BtsUploadMemory *self, const char *uri)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  g_autofree char *origin = make_origin (uri);

  return g_hash_table_lookup (self->protocols, origin);
}

void
bts_upload_memory_store (BtsUploadMemory *self, const char *uri, const char *protocol)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (g_hash_table_size (self->protocols) >= MAX_ORIGINS)
    g_hash_table_remove_all (self->protocols);
  g_hash_table_insert (self->protocols, make_origin (uri), (gpointer) g_intern_string (protocol));
}
