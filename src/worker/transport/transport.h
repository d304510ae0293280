/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

#include "worker/transport/http-cookies.h"
#include "worker/transport/rate-limiter.h"

/* One request over the network, blocking, in the caller's thread: a small interface with the
 * protocols behind it. What goes wrong is a BGT_WEB_ERROR, or G_IO_ERROR_CANCELLED. */

/* A part of a request's body: bytes in memory, or of a file. */
typedef struct
{
  gconstpointer bytes; /* (nullable): else of @fd */
  int fd;
  guint64 offset; /* in the file */
  guint64 length;
} BtsTransportPiece;

/* The body of a request. It may be sent several times in one run: after a redirection, after a
 * challenge. The functions are called in the thread of the run. */
typedef struct
{
  const BtsTransportPiece *pieces;
  guint n_pieces;
  guint64 length;           /* of all pieces */
  const char *content_type; /* (nullable): where the application gave none */

  /* The first byte goes out now. FALSE breaks the connection off, and the run ends with that. */
  gboolean (*begin) (gpointer user_data, GError **error);

  /* So many bytes have been handed to the connection since _begin. */
  void (*sent) (guint64 n_bytes, gpointer user_data);

  /* All but the last bytes have been sent, and those have been read. FALSE as above, so that the
   * server never takes what has changed meanwhile for whole. */
  gboolean (*verify) (gpointer user_data, GError **error);

  gpointer user_data;
} BtsTransportBody;

/* Which redirections are followed; any other is the final answer. */
typedef enum
{
  BTS_TRANSPORT_REDIRECTIONS_ALL,
  BTS_TRANSPORT_REDIRECTIONS_REPEATING, /* those that ask for the same again elsewhere: 307, 308 */
  BTS_TRANSPORT_REDIRECTIONS_NONE,
} BtsTransportRedirections;

/* What to fetch. All members are lent for the duration of the run. */
typedef struct
{
  const char *uri;
  GVariant *request;     /* the operation's a{sv}: method, headers, cookies, credentials, ... */
  guint64 offset;        /* first byte wanted; asks with Range where not 0 */
  guint64 length;        /* how many; G_MAXUINT64: to the end. Asks with Range where given */
  const char *validator; /* (nullable): for If-Range, where offset or length is given */
  const BtsTransportBody *body; /* (nullable): what is sent */
  gboolean wants_any_answer;    /* the sink takes the bodies of errors, too, and what ends with its
                                 connection */
  BtsTransportRedirections redirections;
  BtsRateLimiter *limiter; /* (nullable): of what comes and goes */
  BtsHttpCookies *cookies; /* (nullable): taken from and added to; NULL: for the transport's
                              life only */
} BtsTransportRequest;

/* The final answer's head, redirects already followed; also that of an error. */
typedef struct
{
  char *actual_uri;      /* without credentials */
  guint status_code;     /* 200 for a protocol without codes */
  GVariant *headers;     /* a(ss) in the order received */
  guint64 body_offset;   /* where the body's first byte belongs in the file: 0 unless partial */
  gint64 body_length;    /* -1 unknown */
  gint64 total_length;   /* of the whole file; -1 unknown */
  char *validator;       /* (nullable): strong ETag as sent, else Last-Modified if it is strong
                            enough to resume with (RFC 9110 §8.8.2.2) */
  char *last_modified;   /* (nullable) as sent */
  gboolean has_ranges;   /* the server can be asked for a part again (206, Accept-Ranges) */
  gint64 retry_after_us; /* from now; -1 where the server did not say */
} BtsTransportHead;

void bts_transport_head_clear (BtsTransportHead *head);

/* Where the answer goes. Called in the thread of the run. */
typedef struct
{
  /* The head has come. FALSE breaks the connection off, and the run ends with that error. */
  gboolean (*take_head) (const BtsTransportHead *head, gpointer user_data, GError **error);

  /* Room for the next bytes of the body: at least 1, as large as possible. The transport reads
   * right into it, at most @size. */
  gpointer (*get_buffer) (gsize *size, gpointer user_data);

  /* @size bytes have been put there. Not one byte more than body_length is ever passed. */
  gboolean (*take_data) (gsize size, gpointer user_data, GError **error);
} BtsTransportSink;

#define BTS_TYPE_TRANSPORT (bts_transport_get_type ())
G_DECLARE_INTERFACE (BtsTransport, bts_transport, BTS, TRANSPORT, GObject)

struct _BtsTransportInterface
{
  GTypeInterface parent;

  gboolean (*run) (BtsTransport *self,
                   const BtsTransportRequest *request,
                   const BtsTransportSink *sink,
                   gpointer user_data,
                   GError **error);
  void (*cancel) (BtsTransport *self);
};

/* TRUE only if the whole body has been passed on and its end has been proven (length counted, or
 * the last chunk seen). May be called again after it has returned: the connection is kept. */
gboolean bts_transport_run (BtsTransport *self,
                            const BtsTransportRequest *request,
                            const BtsTransportSink *sink,
                            gpointer user_data,
                            GError **error);

/* From any thread: a run under way, and every later one, ends soon with G_IO_ERROR_CANCELLED. */
void bts_transport_cancel (BtsTransport *self);
