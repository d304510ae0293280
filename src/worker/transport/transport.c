/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/transport/transport.h"

G_DEFINE_INTERFACE (BtsTransport, bts_transport, G_TYPE_OBJECT)

static void
bts_transport_default_init (BtsTransportInterface *interface)
{
}

void
bts_transport_head_clear (BtsTransportHead *head)
{
  g_clear_pointer (&head->actual_uri, g_free);
  g_clear_pointer (&head->headers, g_variant_unref);
  g_clear_pointer (&head->validator, g_free);
  g_clear_pointer (&head->last_modified, g_free);
}

gboolean
bts_transport_run (BtsTransport *self,
                   const BtsTransportRequest *request,
                   const BtsTransportSink *sink,
                   gpointer user_data,
                   GError **error)
{
  return BTS_TRANSPORT_GET_IFACE (self)->run (self, request, sink, user_data, error);
}

void
bts_transport_cancel (BtsTransport *self)
{
  BTS_TRANSPORT_GET_IFACE (self)->cancel (self);
}
