/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/upload-memory.h"

/* A server whose answer has been forgotten is asked again. */
#define MAX_ORIGINS 1000

/* How soon a job that waits for another one's question notices that it is to stop. */
#define WAIT_US (100 * G_TIME_SPAN_MILLISECOND)

struct _BtsUploadMemory
{
  BtsUploadMemoryLearned learned;
  gpointer user_data; /* (unowned) */

  GMutex lock; /* of everything below */
  GCond answered;
  GHashTable *protocols; /* (owned) (element-type utf8 utf8): by origin */
  GHashTable *confirmed; /* (owned) (element-type utf8): origins that have done what they said */
  GHashTable *asked;     /* (owned) (element-type utf8): origins being asked now */
};

BtsUploadMemory *
bts_upload_memory_new (BtsUploadMemoryLearned learned, gpointer user_data)
{
  BtsUploadMemory *self = g_new0 (BtsUploadMemory, 1);

  self->learned = learned;
  self->user_data = user_data;
  g_mutex_init (&self->lock);
  g_cond_init (&self->answered);
  self->protocols = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->confirmed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->asked = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

void
bts_upload_memory_free (BtsUploadMemory *self)
{
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->answered);
  g_hash_table_unref (self->protocols);
  g_hash_table_unref (self->confirmed);
  g_hash_table_unref (self->asked);
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

static void
store (BtsUploadMemory *self, const char *origin, const char *protocol)
{
  if (g_hash_table_size (self->protocols) >= MAX_ORIGINS)
    {
      g_hash_table_remove_all (self->protocols);
      g_hash_table_remove_all (self->confirmed);
    }
  g_hash_table_insert (self->protocols, g_strdup (origin), (gpointer) g_intern_string (protocol));
}

void
bts_upload_memory_load (BtsUploadMemory *self, GVariant *protocols)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  const char *origin, *protocol;
  GVariantIter iter;

  g_variant_iter_init (&iter, protocols);
  while (g_variant_iter_next (&iter, "{&s&s}", &origin, &protocol))
    store (self, origin, protocol);
}

const char *
bts_upload_memory_begin_question (BtsUploadMemory *self, const char *uri, GCancellable *cancellable)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  g_autofree char *origin = make_origin (uri);

  for (;;)
    {
      const char *protocol = g_hash_table_lookup (self->protocols, origin);

      if (protocol != NULL)
        return protocol;
      if (g_cancellable_is_cancelled (cancellable))
        return "";
      if (g_hash_table_add (self->asked, g_strdup (origin)))
        return NULL;
      g_cond_wait_until (&self->answered, &self->lock, g_get_monotonic_time () + WAIT_US);
    }
}

void
bts_upload_memory_end_question (BtsUploadMemory *self,
                                const char *uri,
                                const char *protocol,
                                BtsUploadMemoryTerm term)
{
  g_autofree char *origin = make_origin (uri);

  g_mutex_lock (&self->lock);
  g_hash_table_remove (self->asked, origin);
  if (term != BTS_UPLOAD_MEMORY_NOTHING)
    store (self, origin, protocol);
  g_cond_broadcast (&self->answered);
  g_mutex_unlock (&self->lock);

  if (term == BTS_UPLOAD_MEMORY_FOR_GOOD)
    self->learned (origin, protocol, self->user_data);
}

void
bts_upload_memory_confirm (BtsUploadMemory *self, const char *uri)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  g_autofree char *origin = make_origin (uri);

  if (g_hash_table_contains (self->protocols, origin))
    g_hash_table_add (self->confirmed, g_steal_pointer (&origin));
}

void
bts_upload_memory_correct (BtsUploadMemory *self, const char *uri)
{
  g_autofree char *origin = make_origin (uri);
  const char *protocol;
  gboolean is_wrong;

  g_mutex_lock (&self->lock);
  protocol = g_hash_table_lookup (self->protocols, origin);
  is_wrong =
      protocol != NULL && *protocol != '\0' && !g_hash_table_contains (self->confirmed, origin);
  if (is_wrong)
    store (self, origin, "");
  g_mutex_unlock (&self->lock);

  if (is_wrong)
    self->learned (origin, "", self->user_data);
}
