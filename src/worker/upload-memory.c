/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/upload-memory.h"

/* A server whose answer has been forgotten is asked again. */
#define MAX_ORIGINS 1000

/* How soon a job that waits for another one's question notices that it is to stop. */
#define WAIT_US (100 * G_TIME_SPAN_MILLISECOND)

typedef struct
{
  const char *protocol; /* (unowned): interned */
  gint64 until;         /* monotonic time */
} Answer;

struct _BtsUploadMemory
{
  gint64 passing_us;
  BtsUploadMemoryLearned learned;
  gpointer user_data; /* (unowned) */

  GMutex lock; /* of everything below */
  GCond answered;
  GHashTable *answers;   /* (owned) (element-type utf8 Answer): by origin */
  GHashTable *confirmed; /* (owned) (element-type utf8): origins that have done what they said */
  GHashTable *asked;     /* (owned) (element-type utf8): origins being asked now */
};

BtsUploadMemory *
bts_upload_memory_new (gint64 passing_us, BtsUploadMemoryLearned learned, gpointer user_data)
{
  BtsUploadMemory *self = g_new0 (BtsUploadMemory, 1);

  self->passing_us = passing_us;
  self->learned = learned;
  self->user_data = user_data;
  g_mutex_init (&self->lock);
  g_cond_init (&self->answered);
  self->answers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->confirmed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->asked = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

void
bts_upload_memory_free (BtsUploadMemory *self)
{
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->answered);
  g_hash_table_unref (self->answers);
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
store (BtsUploadMemory *self, const char *origin, const char *protocol, gint64 until)
{
  const Answer answer = { g_intern_string (protocol), until };

  if (g_hash_table_size (self->answers) >= MAX_ORIGINS)
    {
      g_hash_table_remove_all (self->answers);
      g_hash_table_remove_all (self->confirmed);
    }
  g_hash_table_insert (self->answers, g_strdup (origin), g_memdup2 (&answer, sizeof answer));
}

/* NULL where it has to be asked for. */
static const char *
look_up (BtsUploadMemory *self, const char *origin)
{
  const Answer *answer = g_hash_table_lookup (self->answers, origin);

  return answer != NULL && answer->until > g_get_monotonic_time () ? answer->protocol : NULL;
}

void
bts_upload_memory_load (BtsUploadMemory *self, GVariant *protocols)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  const char *origin, *protocol;
  GVariantIter iter;

  g_variant_iter_init (&iter, protocols);
  while (g_variant_iter_next (&iter, "{&s&s}", &origin, &protocol))
    store (self, origin, protocol, G_MAXINT64);
}

const char *
bts_upload_memory_begin_question (BtsUploadMemory *self, const char *uri, GCancellable *cancellable)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  g_autofree char *origin = make_origin (uri);

  for (;;)
    {
      const char *protocol = look_up (self, origin);

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
  if (term == BTS_UPLOAD_MEMORY_FOR_GOOD)
    store (self, origin, protocol, G_MAXINT64);
  else if (term == BTS_UPLOAD_MEMORY_FOR_NOW)
    store (self, origin, protocol, g_get_monotonic_time () + self->passing_us);
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

  if (look_up (self, origin) != NULL)
    g_hash_table_add (self->confirmed, g_steal_pointer (&origin));
}

void
bts_upload_memory_correct (BtsUploadMemory *self, const char *uri)
{
  g_autofree char *origin = make_origin (uri);
  const char *protocol;
  gboolean is_wrong;

  g_mutex_lock (&self->lock);
  protocol = look_up (self, origin);
  is_wrong =
      protocol != NULL && *protocol != '\0' && !g_hash_table_contains (self->confirmed, origin);
  if (is_wrong)
    store (self, origin, "", G_MAXINT64);
  g_mutex_unlock (&self->lock);

  if (is_wrong)
    self->learned (origin, "", self->user_data);
}
