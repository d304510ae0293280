/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* Where an HTTP/1 answer ends, found from the bytes themselves (RFC 9112 §6): what libsoup takes
 * for the end is not always one. Pure; told every byte in the order received. */

typedef enum
{
  BTS_HTTP_FRAMING_UNKNOWN, /* the head has not ended yet */
  BTS_HTTP_FRAMING_NONE,    /* no body can follow */
  BTS_HTTP_FRAMING_LENGTH,  /* Content-Length */
  BTS_HTTP_FRAMING_CHUNKED,
  BTS_HTTP_FRAMING_UNTIL_CLOSE, /* neither: the end cannot be seen here */
} BtsHttpFramingKind;

typedef struct _BtsHttpFraming BtsHttpFraming;

/* @is_head: of the answer to a HEAD request. */
BtsHttpFraming *bts_http_framing_new (gboolean is_head);
BtsHttpFraming *bts_http_framing_ref (BtsHttpFraming *self);
void bts_http_framing_unref (BtsHttpFraming *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsHttpFraming, bts_http_framing_unref)

void bts_http_framing_feed (BtsHttpFraming *self, gconstpointer data, gsize size);

/* Whether any byte has come. */
gboolean bts_http_framing_has_started (const BtsHttpFraming *self);
BtsHttpFramingKind bts_http_framing_get_kind (const BtsHttpFraming *self);

/* Content-Length, or -1. */
gint64 bts_http_framing_get_length (const BtsHttpFraming *self);

/* What breaks the rules, as a sentence; NULL while nothing does. Nothing is to be believed from
 * there on. */
const char *bts_http_framing_get_problem (const BtsHttpFraming *self);

/* Bytes of the body so far, without what frames them. */
guint64 bts_http_framing_get_body_bytes (const BtsHttpFraming *self);

/* The whole answer has come; never TRUE for UNTIL_CLOSE. */
gboolean bts_http_framing_is_complete (const BtsHttpFraming *self);

/* The Location as it came, which libsoup changes where it is not UTF-8; NULL where there is none,
 * or several that differ. */
const char *bts_http_framing_get_location (const BtsHttpFraming *self);

/* The first Content-Disposition, likewise. */
const char *bts_http_framing_get_disposition (const BtsHttpFraming *self);

/* The last chunk has come, and not yet the line that ends the answer. */
gboolean bts_http_framing_is_within_trailers (const BtsHttpFraming *self);

/* Bytes have come that belong to no answer. */
gboolean bts_http_framing_has_excess (const BtsHttpFraming *self);
