/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/transport/http-wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include <glib/gstdio.h>

#include "worker/transport/http-setup.h"

#define READ_AHEAD_BYTES (64 * 1024)
#define LOW_WATER_BYTES (128 * 1024)

/* A slow server's bytes are taken at least this often, however few they are. */
#define MAX_GATHER_MS 250

struct _BtsHttpWire
{
  BtsHttpStream parent;

  int fd;                    /* (owned): -1 once closed */
  BtsHttpPool *pool;         /* (owned) */
  BtsHttpExchange *exchange; /* (owned) (nullable): under the pool's lock */
  gint64 idle_since_us;      /* under the pool's lock */
  gboolean is_stale;         /* under the pool's lock: not to be used again */
  int low_water;
  guint8 *ahead; /* (owned) (nullable) */
  gsize ahead_start;
  gsize ahead_end;
};

struct _BtsHttpPool
{
  gatomicrefcount ref_count;
  GMutex mutex;
  GHashTable *wires; /* (owned) (element-type BtsHttpWire): unowned, each removes itself */
};

G_DEFINE_FINAL_TYPE (BtsHttpWire, bts_http_wire, BTS_TYPE_HTTP_STREAM)

BtsHttpPool *
bts_http_pool_new (void)
{
  BtsHttpPool *self = g_new0 (BtsHttpPool, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  self->wires = g_hash_table_new (NULL, NULL);
  return self;
}

BtsHttpPool *
bts_http_pool_ref (BtsHttpPool *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
bts_http_pool_unref (BtsHttpPool *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_mutex_clear (&self->mutex);
  g_hash_table_unref (self->wires);
  g_free (self);
}

void
bts_http_pool_drop_idle (BtsHttpPool *self, gint64 idle_us)
{
  gint64 latest_us = g_get_monotonic_time () - idle_us;
  GHashTableIter iter;
  gpointer key;

  g_mutex_lock (&self->mutex);
  g_hash_table_iter_init (&iter, self->wires);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    {
      BtsHttpWire *wire = key;

      if (wire->exchange != NULL)
        wire->is_stale = wire->is_stale || idle_us == 0;
      else if (wire->idle_since_us <= latest_us)
        shutdown (wire->fd, SHUT_RDWR);
    }
  g_mutex_unlock (&self->mutex);
}

/* When waiting ends, in monotonic time. */
static gint64
get_end_us (BtsHttpWire *self)
{
  gint64 now_us = g_get_monotonic_time ();
  const BtsHttpExchangeNotes *notes;
  guint timeout_ms;
  gint64 end_us;

  if (self->exchange == NULL)
    return now_us;
  notes = bts_http_exchange_get_notes (self->exchange);
  timeout_ms = notes->timeout_ms;
  if (timeout_ms == 0)
    timeout_ms = bts_http_exchange_get_setup (self->exchange)->response_timeout_ms;

  end_us = now_us + (gint64) timeout_ms * 1000;
  return notes->deadline_us > 0 ? MIN (end_us, notes->deadline_us) : end_us;
}

static void
set_low_water (BtsHttpWire *self, gsize size)
{
  int low_water = (int) CLAMP (size, 1, LOW_WATER_BYTES);

  /* Only saves wake-ups, so it may fail. */
  if (low_water != self->low_water &&
      setsockopt (self->fd, SOL_SOCKET, SO_RCVLOWAT, &low_water, sizeof low_water) == 0)
    self->low_water = low_water;
}

/* Waits until the socket is ready for @events, it is woken, or @end_us. */
static void
wait_for (BtsHttpWire *self, short events, gint64 end_us, int at_most_ms)
{
  gint64 left_ms = (end_us - g_get_monotonic_time () + 999) / 1000;
  struct pollfd pollfd = { .fd = self->fd, .events = events };

  /* Interrupted or failed, the call that follows says so. */
  poll (&pollfd, 1, (int) CLAMP (left_ms, 0, at_most_ms));
}

static gssize
fail (BtsHttpWire *self, int error_number, GError **error)
{
  if (self->exchange != NULL)
    bts_http_exchange_get_notes (self->exchange)->last_errno = error_number;
  g_set_error_literal (error, G_IO_ERROR, (int) g_io_error_from_errno (error_number),
                       g_strerror (error_number));
  return -1;
}

static gboolean
check_cancelled (BtsHttpWire *self, GError **error)
{
  if (self->exchange == NULL || !bts_http_exchange_is_cancelled (self->exchange))
    return TRUE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "The transfer was stopped");
  return FALSE;
}

static gssize
time_out (BtsHttpWire *self, GError **error)
{
  if (self->exchange != NULL)
    bts_http_exchange_get_notes (self->exchange)->has_timed_out = TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                       "The server has not sent anything for too long");
  return -1;
}

/* How many bytes are worth waiting for together: some of what must still come, never more. */
static gsize
get_gather_size (BtsHttpWire *self, gsize size)
{
  guint64 left;

  /* Under TLS it is not known how much of it has been read ahead. */
  if (self->exchange == NULL || self->ahead != NULL)
    return 1;
  left = bts_http_exchange_get_notes (self->exchange)->body_left;
  return (gsize) MIN (left, size);
}

static gssize
receive (BtsHttpWire *self, gpointer buffer, gsize size, GError **error)
{
  gint64 end_us = get_end_us (self);
  gsize gather_size = get_gather_size (self, size);

  for (;;)
    {
      gssize n;

      set_low_water (self, gather_size);
      wait_for (self, POLLIN, end_us, gather_size > 1 ? MAX_GATHER_MS : G_MAXINT);
      n = recv (self->fd, buffer, size, MSG_DONTWAIT);
      if (!check_cancelled (self, error))
        return -1;
      if (n == 0 && self->exchange != NULL)
        bts_http_exchange_get_notes (self->exchange)->has_ended = TRUE;
      if (n >= 0)
        return n;
      if (errno != EAGAIN && errno != EINTR)
        return fail (self, errno, error);
      if (g_get_monotonic_time () >= end_us)
        return time_out (self, error);
      gather_size = 1;
    }
}

static gssize
bts_http_wire_read (
    BtsHttpStream *stream, gpointer buffer, gsize size, GCancellable *cancellable, GError **error)
{
  BtsHttpWire *self = BTS_HTTP_WIRE (stream);
  gssize n;

  if (self->ahead == NULL || (self->ahead_start == self->ahead_end && size >= READ_AHEAD_BYTES))
    return receive (self, buffer, size, error);

  if (self->ahead_start == self->ahead_end)
    {
      n = receive (self, self->ahead, READ_AHEAD_BYTES, error);
      if (n <= 0)
        return n;
      self->ahead_start = 0;
      self->ahead_end = (gsize) n;
    }
  n = (gssize) MIN (size, self->ahead_end - self->ahead_start);
  memcpy (buffer, self->ahead + self->ahead_start, (gsize) n);
  self->ahead_start += (gsize) n;
  return n;
}

static gssize
bts_http_wire_write (BtsHttpStream *stream,
                     gconstpointer buffer,
                     gsize size,
                     GCancellable *cancellable,
                     GError **error)
{
  BtsHttpWire *self = BTS_HTTP_WIRE (stream);
  gint64 end_us = get_end_us (self);

  for (;;)
    {
      gssize n = send (self->fd, buffer, size, MSG_DONTWAIT | MSG_NOSIGNAL);

      if (!check_cancelled (self, error))
        return -1;
      if (n >= 0)
        return n;
      if (errno != EAGAIN && errno != EINTR)
        return fail (self, errno, error);
      if (g_get_monotonic_time () >= end_us)
        return time_out (self, error);
      wait_for (self, POLLOUT, end_us, G_MAXINT);
    }
}

gssize
bts_http_wire_send_file (BtsHttpWire *self, int fd, guint64 offset, gsize size, GError **error)
{
  gint64 end_us = get_end_us (self);

  for (;;)
    {
      off_t position = (off_t) offset;
      gssize n = sendfile (self->fd, fd, &position, size);
      int error_number = errno;

      if (!check_cancelled (self, error))
        return -1;
      if (n >= 0)
        return n;
      if (error_number != EAGAIN && error_number != EINTR)
        return fail (self, error_number, error);
      if (g_get_monotonic_time () >= end_us)
        return time_out (self, error);
      wait_for (self, POLLOUT, end_us, G_MAXINT);
    }
}

guint64
bts_http_wire_get_queue_bytes (BtsHttpWire *self)
{
  int size = 0;
  socklen_t length = sizeof size;

  return getsockopt (self->fd, SOL_SOCKET, SO_SNDBUF, &size, &length) == 0 ? (guint64) size : 0;
}

/* An interim answer (RFC 9110 §15.2) is left where it is. */
gboolean
bts_http_wire_has_answer (BtsHttpWire *self)
{
  static const char interim[] = "HTTP/1.1 1";
  char start[sizeof interim - 1];
  gssize n = recv (self->fd, start, sizeof start, MSG_DONTWAIT | MSG_PEEK);

  if (n == 0)
    return TRUE;
  return n == (gssize) sizeof start && start[n - 1] != interim[n - 1];
}

static gboolean
bts_http_wire_is_readable (BtsHttpStream *stream)
{
  BtsHttpWire *self = BTS_HTTP_WIRE (stream);
  struct pollfd pollfd = { .fd = self->fd, .events = POLLIN };

  if (self->ahead_start < self->ahead_end)
    return TRUE;
  set_low_water (self, 1);
  return poll (&pollfd, 1, 0) != 0;
}

void
bts_http_wire_detach (BtsHttpWire *self, BtsHttpExchange *exchange)
{
  g_autoptr (BtsHttpExchange) former = NULL;

  g_mutex_lock (&self->pool->mutex);
  if (self->exchange == exchange)
    {
      former = g_steal_pointer (&self->exchange);
      self->idle_since_us = g_get_monotonic_time ();
      if (self->is_stale && self->fd >= 0)
        shutdown (self->fd, SHUT_RDWR);
    }
  g_mutex_unlock (&self->pool->mutex);

  if (former != NULL)
    bts_http_exchange_detach (former, G_IO_STREAM (self));
}

void
bts_http_wire_attach (BtsHttpWire *self, BtsHttpExchange *exchange)
{
  g_autoptr (BtsHttpExchange) former = NULL;

  g_mutex_lock (&self->pool->mutex);
  former = g_steal_pointer (&self->exchange);
  self->exchange = bts_http_exchange_ref (exchange);
  g_mutex_unlock (&self->pool->mutex);

  if (former != NULL && former != exchange)
    bts_http_exchange_detach (former, G_IO_STREAM (self));
  bts_http_exchange_attach (exchange, G_IO_STREAM (self), self->fd);
}

static gboolean
bts_http_wire_shut (BtsHttpStream *stream, GError **error)
{
  BtsHttpWire *self = BTS_HTTP_WIRE (stream);
  gboolean is_closed;

  if (self->fd < 0)
    return TRUE;

  if (self->exchange != NULL)
    bts_http_wire_detach (self, self->exchange);
  g_mutex_lock (&self->pool->mutex);
  g_hash_table_remove (self->pool->wires, self);
  is_closed = g_close (g_steal_fd (&self->fd), error);
  g_mutex_unlock (&self->pool->mutex);
  return is_closed;
}

static void
bts_http_wire_finalize (GObject *object)
{
  BtsHttpWire *self = BTS_HTTP_WIRE (object);

  g_clear_pointer (&self->ahead, g_free);
  g_clear_pointer (&self->pool, bts_http_pool_unref);
  G_OBJECT_CLASS (bts_http_wire_parent_class)->finalize (object);
}

static void
bts_http_wire_class_init (BtsHttpWireClass *class)
{
  G_OBJECT_CLASS (class)->finalize = bts_http_wire_finalize;
  BTS_HTTP_STREAM_CLASS (class)->read = bts_http_wire_read;
  BTS_HTTP_STREAM_CLASS (class)->write = bts_http_wire_write;
  BTS_HTTP_STREAM_CLASS (class)->is_readable = bts_http_wire_is_readable;
  BTS_HTTP_STREAM_CLASS (class)->shut = bts_http_wire_shut;
}

static void
bts_http_wire_init (BtsHttpWire *self)
{
  self->fd = -1;
  self->low_water = 1;
}

BtsHttpWire *
bts_http_wire_new (GIOStream *connection,
                   BtsHttpPool *pool,
                   gboolean is_reading_ahead,
                   GError **error)
{
  GSocket *socket = g_socket_connection_get_socket (G_SOCKET_CONNECTION (connection));
  int fd = fcntl (g_socket_get_fd (socket), F_DUPFD_CLOEXEC, 0);
  BtsHttpWire *self;

  if (fd < 0)
    {
      g_set_error_literal (error, G_IO_ERROR, (int) g_io_error_from_errno (errno),
                           g_strerror (errno));
      return NULL;
    }

  self = g_object_new (BTS_TYPE_HTTP_WIRE, NULL);
  self->fd = fd;
  self->pool = bts_http_pool_ref (pool);
  if (is_reading_ahead)
    self->ahead = g_malloc (READ_AHEAD_BYTES);
  /* Until it is attached, another thread that drops old ones must not take it for one. */
  self->idle_since_us = g_get_monotonic_time ();

  g_mutex_lock (&pool->mutex);
  g_hash_table_add (pool->wires, self);
  g_mutex_unlock (&pool->mutex);
  return self;
}
