/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/transport/http-trust.h"

#define BTS_TYPE_HTTP_TRUST (bts_http_trust_get_type ())
G_DECLARE_FINAL_TYPE (BtsHttpTrust, bts_http_trust, BTS, HTTP_TRUST, GTlsDatabase)

struct _BtsHttpTrust
{
  GTlsDatabase parent_instance;

  GTlsDatabase *judge; /* (owned) */
  GMutex mutex;        /* one at a time: each judgement reads all certificates anew */
};

G_DEFINE_FINAL_TYPE (BtsHttpTrust, bts_http_trust, G_TYPE_TLS_DATABASE)

static GTlsCertificateFlags
bts_http_trust_verify_chain (GTlsDatabase *database,
                             GTlsCertificate *chain,
                             const char *purpose,
                             GSocketConnectable *identity,
                             GTlsInteraction *interaction,
                             GTlsDatabaseVerifyFlags flags,
                             GCancellable *cancellable,
                             GError **error)
{
  BtsHttpTrust *self = BTS_HTTP_TRUST (database);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  return g_tls_database_verify_chain (self->judge, chain, purpose, identity, interaction, flags,
                                      cancellable, error);
}

static void
bts_http_trust_dispose (GObject *object)
{
  BtsHttpTrust *self = BTS_HTTP_TRUST (object);

  g_clear_object (&self->judge);
  G_OBJECT_CLASS (bts_http_trust_parent_class)->dispose (object);
}

static void
bts_http_trust_finalize (GObject *object)
{
  g_mutex_clear (&BTS_HTTP_TRUST (object)->mutex);
  G_OBJECT_CLASS (bts_http_trust_parent_class)->finalize (object);
}

static void
bts_http_trust_class_init (BtsHttpTrustClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = bts_http_trust_dispose;
  G_OBJECT_CLASS (klass)->finalize = bts_http_trust_finalize;
  G_TLS_DATABASE_CLASS (klass)->verify_chain = bts_http_trust_verify_chain;
}

static void
bts_http_trust_init (BtsHttpTrust *self)
{
  g_mutex_init (&self->mutex);
}

GTlsDatabase *
bts_http_trust_new (GTlsDatabase *judge)
{
  BtsHttpTrust *self = g_object_new (BTS_TYPE_HTTP_TRUST, NULL);

  self->judge = judge;
  return G_TLS_DATABASE (self);
}
