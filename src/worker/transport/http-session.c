/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/transport/http-session.h"

#include <libsoup/soup.h>

struct _BtsHttpSession
{
  GObject parent;

  SoupSession *soup; /* (owned) */
};

G_DEFINE_FINAL_TYPE (BtsHttpSession, bts_http_session, G_TYPE_OBJECT)

static void
bts_http_session_dispose (GObject *object)
{
  BtsHttpSession *self = BTS_HTTP_SESSION (object);

  g_clear_object (&self->soup);
  G_OBJECT_CLASS (bts_http_session_parent_class)->dispose (object);
}

static void
bts_http_session_class_init (BtsHttpSessionClass *class)
{
  G_OBJECT_CLASS (class)->dispose = bts_http_session_dispose;
}

static void
bts_http_session_init (BtsHttpSession *self)
{
  self->soup = soup_session_new_with_options ("max-conns", 1024, "max-conns-per-host", 1024, NULL);
  soup_session_remove_feature_by_type (self->soup, SOUP_TYPE_AUTH_MANAGER);
  soup_session_remove_feature_by_type (self->soup, SOUP_TYPE_CONTENT_DECODER);
}

BtsHttpSession *
bts_http_session_new (void)
{
  return g_object_new (BTS_TYPE_HTTP_SESSION, NULL);
}

SoupSession *
bts_http_session_get_soup (BtsHttpSession *self)
{
  return self->soup;
}

gboolean
bts_http_session_configure (BtsHttpSession *self, const BtsHttpSettings *settings, GError **error)
{
  return TRUE;
}

void
bts_http_session_drop_connections (BtsHttpSession *self)
{
}
