/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <libsoup/soup.h>

#include "worker/transport/http-session.h"
#include "worker/transport/http-wire.h"

/* The settings in force and the libsoup sessions that go with them. Shared by the threads of all
 * runs that started under them. */

struct _BtsHttpSetup
{
  gatomicrefcount ref_count;
  BtsHttpPool *pool;                /* (owned) */
  SoupSession *plain;               /* (owned): for http */
  SoupSession *tls;                 /* (owned): for https; see http-connector.h */
  GMutex mutex;                     /* for the next */
  GHashTable *proxied;              /* (owned) (element-type utf8 SoupSession): by proxy */
  BtsHttpProxyMemory *proxy_memory; /* (owned) */
  GTlsDatabase *system_database;    /* (owned) */
  GTlsDatabase *extra_database;     /* (owned) (nullable): TlsCaFile */
  guint connect_timeout_ms;
  guint response_timeout_ms;
  gboolean allow_plain_http;
};

/* Never NULL: where the CA file cannot be used, @error is set and the rest is in force. */
BtsHttpSetup *
bts_http_setup_new (const BtsHttpSettings *settings, BtsHttpPool *pool, GError **error);
BtsHttpSetup *bts_http_setup_ref (BtsHttpSetup *self);
void bts_http_setup_unref (BtsHttpSetup *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsHttpSetup, bts_http_setup_unref)

/* The session whose connections go to https or to http, over @proxy (nullable). Lends. */
SoupSession *
bts_http_setup_get_session (BtsHttpSetup *self, const BtsHttpProxy *proxy, gboolean is_tls);

/* A session that nobody else gets, so that its connections are its client's alone. */
typedef struct
{
  SoupSession *session; /* (owned) (nullable) */
  char *key;            /* (owned) (nullable): where its connections go */
} BtsHttpOwnSession;

/* The one whose connections go there: that of before, or a new one instead of it. Lends. */
SoupSession *bts_http_own_session_get (BtsHttpOwnSession *self,
                                       BtsHttpSetup *setup,
                                       const BtsHttpProxy *proxy,
                                       gboolean is_tls);

/* In the thread it began in. */
void bts_http_own_session_clear (BtsHttpOwnSession *self);

/* The setup for a run that starts now. */
BtsHttpSetup *bts_http_session_ref_setup (BtsHttpSession *self);
