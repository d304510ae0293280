/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/transport/http-session.h"

#include "worker/transport/http-setup.h"

#define DEFAULT_CONNECT_TIMEOUT_SECONDS 300
#define DEFAULT_RESPONSE_TIMEOUT_SECONDS 120

/* Servers keep connections for a minute or so. */
#define MAX_IDLE_US (30 * G_USEC_PER_SEC)

struct _BtsHttpSession
{
  GObject parent;

  BtsHttpPool *pool; /* (owned) */
  GMutex mutex;      /* for setups */
  GPtrArray *setups; /* (owned) (element-type BtsHttpSetup): the last is in force; libsoup's
                        sessions must end in the thread they began in, so the others wait here */
};

G_DEFINE_FINAL_TYPE (BtsHttpSession, bts_http_session, G_TYPE_OBJECT)

static void
bts_http_session_finalize (GObject *object)
{
  BtsHttpSession *self = BTS_HTTP_SESSION (object);

  g_clear_pointer (&self->setups, g_ptr_array_unref);
  g_clear_pointer (&self->pool, bts_http_pool_unref);
  g_mutex_clear (&self->mutex);
  G_OBJECT_CLASS (bts_http_session_parent_class)->finalize (object);
}

static void
bts_http_session_class_init (BtsHttpSessionClass *class)
{
  G_OBJECT_CLASS (class)->finalize = bts_http_session_finalize;
}

static void
bts_http_session_init (BtsHttpSession *self)
{
  const BtsHttpSettings defaults = {
    .connect_timeout_seconds = DEFAULT_CONNECT_TIMEOUT_SECONDS,
    .response_timeout_seconds = DEFAULT_RESPONSE_TIMEOUT_SECONDS,
    .allow_plain_http = TRUE,
  };

  g_mutex_init (&self->mutex);
  self->pool = bts_http_pool_new ();
  self->setups = g_ptr_array_new_with_free_func ((GDestroyNotify) bts_http_setup_unref);
  g_ptr_array_add (self->setups, bts_http_setup_new (&defaults, self->pool, NULL));
}

BtsHttpSession *
bts_http_session_new (void)
{
  return g_object_new (BTS_TYPE_HTTP_SESSION, NULL);
}

gboolean
bts_http_session_configure (BtsHttpSession *self, const BtsHttpSettings *settings, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  BtsHttpSetup *setup = bts_http_setup_new (settings, self->pool, &local_error);

  g_mutex_lock (&self->mutex);
  g_ptr_array_add (self->setups, setup);
  g_mutex_unlock (&self->mutex);

  if (local_error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

void
bts_http_session_drop_connections (BtsHttpSession *self)
{
  bts_http_pool_drop_idle (self->pool, 0);
}

BtsHttpSetup *
bts_http_session_ref_setup (BtsHttpSession *self)
{
  BtsHttpSetup *setup;

  bts_http_pool_drop_idle (self->pool, MAX_IDLE_US);
  g_mutex_lock (&self->mutex);
  setup = bts_http_setup_ref (g_ptr_array_index (self->setups, self->setups->len - 1));
  g_mutex_unlock (&self->mutex);
  return setup;
}
