/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/transport/http-setup.h"

#include "common/bgt-error.h"
#include "worker/transport/http-connector.h"
#include "worker/transport/http-trust.h"

/* How much runs at once is decided elsewhere. */
#define MAX_CONNECTIONS 4096

/* No time-out of libsoup's own but that for connecting: those of the connections are in
 * http-wire.c, and a timer of libsoup would go off in another thread than the connection's. */
static SoupSession *
new_soup_session (const BtsHttpProxy *proxy, gboolean is_tls, guint connect_timeout_seconds)
{
  g_autoptr (GProxyResolver) resolver = bts_http_connector_new_resolver (proxy, is_tls);
  SoupSession *session = soup_session_new_with_options (
      "proxy-resolver", resolver, "max-conns", MAX_CONNECTIONS, "max-conns-per-host",
      MAX_CONNECTIONS, "timeout", connect_timeout_seconds, "idle-timeout", 0, NULL);

  soup_session_remove_feature_by_type (session, SOUP_TYPE_CONTENT_DECODER);
  return session;
}

static GTlsDatabase *
load_database (const char *path, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  GTlsDatabase *database = NULL;

  if (g_path_is_absolute (path))
    database = g_tls_file_database_new (path, &local_error);
  if (database == NULL)
    g_set_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
                 "The CA file '%s' cannot be used: %s", path,
                 local_error != NULL ? local_error->message : "it must be an absolute path");
  return database;
}

BtsHttpSetup *
bts_http_setup_new (const BtsHttpSettings *settings, BtsHttpPool *pool, GError **error)
{
  BtsHttpSetup *self = g_new0 (BtsHttpSetup, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  self->proxied = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
  self->proxy_memory = bts_http_proxy_memory_new ();
  self->pool = bts_http_pool_ref (pool);
  self->plain = new_soup_session (NULL, FALSE, settings->connect_timeout_seconds);
  self->tls = new_soup_session (NULL, TRUE, settings->connect_timeout_seconds);
  self->connect_timeout_ms = settings->connect_timeout_seconds * 1000;
  self->response_timeout_ms = settings->response_timeout_seconds * 1000;
  self->allow_plain_http = settings->allow_plain_http;
  self->system_database =
      bts_http_trust_new (g_tls_backend_get_default_database (g_tls_backend_get_default ()));

  if (settings->tls_ca_file != NULL && *settings->tls_ca_file != '\0')
    self->extra_database = load_database (settings->tls_ca_file, error);
  return self;
}

BtsHttpSetup *
bts_http_setup_ref (BtsHttpSetup *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
bts_http_setup_unref (BtsHttpSetup *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_clear_object (&self->plain);
  g_clear_object (&self->tls);
  g_clear_pointer (&self->proxied, g_hash_table_unref);
  g_clear_pointer (&self->proxy_memory, bts_http_proxy_memory_free);
  g_mutex_clear (&self->mutex);
  g_clear_object (&self->system_database);
  g_clear_object (&self->extra_database);
  g_clear_pointer (&self->pool, bts_http_pool_unref);
  g_free (self);
}

static char *
dup_key (const BtsHttpProxy *proxy, gboolean is_tls)
{
  g_autofree char *proxy_key = proxy != NULL ? bts_http_proxy_dup_key (proxy) : NULL;

  return g_strconcat (is_tls ? "tls\n" : "plain\n", proxy_key, NULL);
}

SoupSession *
bts_http_setup_get_session (BtsHttpSetup *self, const BtsHttpProxy *proxy, gboolean is_tls)
{
  g_autofree char *key = NULL;
  SoupSession *session;

  if (proxy == NULL)
    return is_tls ? self->tls : self->plain;

  key = dup_key (proxy, is_tls);
  g_mutex_lock (&self->mutex);
  session = g_hash_table_lookup (self->proxied, key);
  if (session == NULL)
    {
      session = new_soup_session (proxy, is_tls, self->connect_timeout_ms / 1000);
      g_hash_table_insert (self->proxied, g_steal_pointer (&key), session);
    }
  g_mutex_unlock (&self->mutex);
  return session;
}

SoupSession *
bts_http_own_session_get (BtsHttpOwnSession *self,
                          BtsHttpSetup *setup,
                          const BtsHttpProxy *proxy,
                          gboolean is_tls)
{
  g_autofree char *key = dup_key (proxy, is_tls);

  if (g_strcmp0 (key, self->key) == 0)
    return self->session;

  bts_http_own_session_clear (self);
  self->session = new_soup_session (proxy, is_tls, setup->connect_timeout_ms / 1000);
  self->key = g_steal_pointer (&key);
  return self->session;
}

void
bts_http_own_session_clear (BtsHttpOwnSession *self)
{
  g_clear_object (&self->session);
  g_clear_pointer (&self->key, g_free);
}
