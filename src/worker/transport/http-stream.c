/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/transport/http-stream.h"

/* The two halves lend the whole, which forgets them before it goes. */

#define BTS_TYPE_HTTP_STREAM_INPUT (bts_http_stream_input_get_type ())
G_DECLARE_FINAL_TYPE (
    BtsHttpStreamInput, bts_http_stream_input, BTS, HTTP_STREAM_INPUT, GInputStream)

#define BTS_TYPE_HTTP_STREAM_OUTPUT (bts_http_stream_output_get_type ())
G_DECLARE_FINAL_TYPE (
    BtsHttpStreamOutput, bts_http_stream_output, BTS, HTTP_STREAM_OUTPUT, GOutputStream)

struct _BtsHttpStreamInput
{
  GInputStream parent;

  BtsHttpStream *whole; /* (unowned) (nullable) */
};

struct _BtsHttpStreamOutput
{
  GOutputStream parent;

  BtsHttpStream *whole; /* (unowned) (nullable) */
};

typedef struct
{
  BtsHttpStreamInput *input;   /* (owned) */
  BtsHttpStreamOutput *output; /* (owned) */
} BtsHttpStreamPrivate;

static void bts_http_stream_input_pollable_init (GPollableInputStreamInterface *interface);
static void bts_http_stream_output_pollable_init (GPollableOutputStreamInterface *interface);

G_DEFINE_FINAL_TYPE_WITH_CODE (BtsHttpStreamInput,
                               bts_http_stream_input,
                               G_TYPE_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
                                                      bts_http_stream_input_pollable_init))
G_DEFINE_FINAL_TYPE_WITH_CODE (BtsHttpStreamOutput,
                               bts_http_stream_output,
                               G_TYPE_OUTPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM,
                                                      bts_http_stream_output_pollable_init))
G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (BtsHttpStream, bts_http_stream, G_TYPE_IO_STREAM)

static gboolean
check_open (BtsHttpStream *whole, GError **error)
{
  if (whole != NULL)
    return TRUE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The connection is closed");
  return FALSE;
}

static gssize
bts_http_stream_input_read (
    GInputStream *stream, void *buffer, gsize size, GCancellable *cancellable, GError **error)
{
  BtsHttpStream *whole = BTS_HTTP_STREAM_INPUT (stream)->whole;

  if (!check_open (whole, error))
    return -1;
  return BTS_HTTP_STREAM_GET_CLASS (whole)->read (whole, buffer, size, cancellable, error);
}

static gboolean
bts_http_stream_input_is_readable (GPollableInputStream *stream)
{
  BtsHttpStream *whole = BTS_HTTP_STREAM_INPUT (stream)->whole;

  return whole == NULL || BTS_HTTP_STREAM_GET_CLASS (whole)->is_readable (whole);
}

/* Nothing here is ever waited for in a main loop; ready at once is always right. */
static GSource *
bts_http_stream_input_create_source (GPollableInputStream *stream, GCancellable *cancellable)
{
  g_autoptr (GSource) ready = g_timeout_source_new (0);

  return g_pollable_source_new_full (stream, ready, cancellable);
}

static GSource *
bts_http_stream_output_create_source (GPollableOutputStream *stream, GCancellable *cancellable)
{
  g_autoptr (GSource) ready = g_timeout_source_new (0);

  return g_pollable_source_new_full (stream, ready, cancellable);
}

static gboolean
bts_http_stream_output_is_writable (GPollableOutputStream *stream)
{
  return TRUE;
}

static gssize
bts_http_stream_output_write (GOutputStream *stream,
                              const void *buffer,
                              gsize size,
                              GCancellable *cancellable,
                              GError **error)
{
  BtsHttpStream *whole = BTS_HTTP_STREAM_OUTPUT (stream)->whole;

  if (!check_open (whole, error))
    return -1;
  return BTS_HTTP_STREAM_GET_CLASS (whole)->write (whole, buffer, size, cancellable, error);
}

static void
bts_http_stream_input_pollable_init (GPollableInputStreamInterface *interface)
{
  interface->is_readable = bts_http_stream_input_is_readable;
  interface->create_source = bts_http_stream_input_create_source;
}

static void
bts_http_stream_output_pollable_init (GPollableOutputStreamInterface *interface)
{
  interface->is_writable = bts_http_stream_output_is_writable;
  interface->create_source = bts_http_stream_output_create_source;
}

static void
bts_http_stream_input_class_init (BtsHttpStreamInputClass *class)
{
  G_INPUT_STREAM_CLASS (class)->read_fn = bts_http_stream_input_read;
}

static void
bts_http_stream_input_init (BtsHttpStreamInput *self)
{
}

static void
bts_http_stream_output_class_init (BtsHttpStreamOutputClass *class)
{
  G_OUTPUT_STREAM_CLASS (class)->write_fn = bts_http_stream_output_write;
}

static void
bts_http_stream_output_init (BtsHttpStreamOutput *self)
{
}

static GInputStream *
bts_http_stream_get_input (GIOStream *stream)
{
  BtsHttpStreamPrivate *priv = bts_http_stream_get_instance_private (BTS_HTTP_STREAM (stream));

  return G_INPUT_STREAM (priv->input);
}

static GOutputStream *
bts_http_stream_get_output (GIOStream *stream)
{
  BtsHttpStreamPrivate *priv = bts_http_stream_get_instance_private (BTS_HTTP_STREAM (stream));

  return G_OUTPUT_STREAM (priv->output);
}

static gboolean
bts_http_stream_close (GIOStream *stream, GCancellable *cancellable, GError **error)
{
  BtsHttpStream *self = BTS_HTTP_STREAM (stream);
  gboolean is_closed =
      G_IO_STREAM_CLASS (bts_http_stream_parent_class)->close_fn (stream, cancellable, error);

  return BTS_HTTP_STREAM_GET_CLASS (self)->shut (self, is_closed ? error : NULL) && is_closed;
}

static void
bts_http_stream_dispose (GObject *object)
{
  BtsHttpStreamPrivate *priv = bts_http_stream_get_instance_private (BTS_HTTP_STREAM (object));

  /* Closes, and for that needs the halves. */
  G_OBJECT_CLASS (bts_http_stream_parent_class)->dispose (object);

  if (priv->input != NULL)
    priv->input->whole = NULL;
  if (priv->output != NULL)
    priv->output->whole = NULL;
}

static void
bts_http_stream_finalize (GObject *object)
{
  BtsHttpStreamPrivate *priv = bts_http_stream_get_instance_private (BTS_HTTP_STREAM (object));

  g_clear_object (&priv->input);
  g_clear_object (&priv->output);
  G_OBJECT_CLASS (bts_http_stream_parent_class)->finalize (object);
}

static void
bts_http_stream_class_init (BtsHttpStreamClass *class)
{
  G_OBJECT_CLASS (class)->dispose = bts_http_stream_dispose;
  G_OBJECT_CLASS (class)->finalize = bts_http_stream_finalize;
  G_IO_STREAM_CLASS (class)->get_input_stream = bts_http_stream_get_input;
  G_IO_STREAM_CLASS (class)->get_output_stream = bts_http_stream_get_output;
  G_IO_STREAM_CLASS (class)->close_fn = bts_http_stream_close;
}

static void
bts_http_stream_init (BtsHttpStream *self)
{
  BtsHttpStreamPrivate *priv = bts_http_stream_get_instance_private (self);

  priv->input = g_object_new (BTS_TYPE_HTTP_STREAM_INPUT, NULL);
  priv->input->whole = self;
  priv->output = g_object_new (BTS_TYPE_HTTP_STREAM_OUTPUT, NULL);
  priv->output->whole = self;
}
