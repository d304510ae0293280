/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

/* A GIOStream made of a few functions, blocking. The base of what stands below libsoup. */

#define BTS_TYPE_HTTP_STREAM (bts_http_stream_get_type ())
G_DECLARE_DERIVABLE_TYPE (BtsHttpStream, bts_http_stream, BTS, HTTP_STREAM, GIOStream)

struct _BtsHttpStreamClass
{
  GIOStreamClass parent;

  gssize (*read) (
      BtsHttpStream *self, gpointer buffer, gsize size, GCancellable *cancellable, GError **error);
  gssize (*write) (BtsHttpStream *self,
                   gconstpointer buffer,
                   gsize size,
                   GCancellable *cancellable,
                   GError **error);
  /* A read would return at once, with bytes or with the end. */
  gboolean (*is_readable) (BtsHttpStream *self);
  gboolean (*shut) (BtsHttpStream *self, GError **error);
};
