/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/transport/http-proxy-memory.h"

#define MAX_AGE_US G_USEC_PER_SEC
#define MAX_ANSWERS 64

typedef struct
{
  char **proxies; /* (owned) */
  gint64 end;     /* monotonic time */
} Answer;

struct _BtsHttpProxyMemory
{
  GMutex mutex;
  GHashTable *answers; /* (owned) (element-type utf8 Answer): by URI */
};

static void
answer_free (gpointer data)
{
  Answer *answer = data;

  g_strfreev (answer->proxies);
  g_free (answer);
}

BtsHttpProxyMemory *
bts_http_proxy_memory_new (void)
{
  BtsHttpProxyMemory *self = g_new0 (BtsHttpProxyMemory, 1);

  g_mutex_init (&self->mutex);
  self->answers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, answer_free);
  return self;
}

void
bts_http_proxy_memory_free (BtsHttpProxyMemory *self)
{
  g_hash_table_unref (self->answers);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

static char **
recall (BtsHttpProxyMemory *self, const char *uri)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  const Answer *answer = g_hash_table_lookup (self->answers, uri);

  return answer != NULL && g_get_monotonic_time () < answer->end ? g_strdupv (answer->proxies)
                                                                 : NULL;
}

static void
remember (BtsHttpProxyMemory *self, const char *uri, char **proxies)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);
  Answer *answer = g_new0 (Answer, 1);

  answer->proxies = g_strdupv (proxies);
  answer->end = g_get_monotonic_time () + MAX_AGE_US;
  if (g_hash_table_size (self->answers) >= MAX_ANSWERS)
    g_hash_table_remove_all (self->answers);
  g_hash_table_replace (self->answers, g_strdup (uri), answer);
}

char **
bts_http_proxy_memory_lookup (BtsHttpProxyMemory *self,
                              const char *uri,
                              GCancellable *cancellable,
                              GError **error)
{
  char **proxies = recall (self, uri);

  if (proxies != NULL)
    return proxies;
  proxies = g_proxy_resolver_lookup (g_proxy_resolver_get_default (), uri, cancellable, error);
  if (proxies != NULL)
    remember (self, uri, proxies);
  return proxies;
}
