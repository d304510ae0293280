/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "daemon/worker-gate.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/bgt-error.h"
#include "common/closing.h"

/* Twice what the largest report has, or the answer about the most requests at once. */
#define MAX_MESSAGE_BYTES (2 * 1024 * 1024)
/* What comes before the first message: how the worker proves who it is. */
#define MAX_GREETING_BYTES 4096
#define GREETING_END "BEGIN\r\n"
/* The fixed part of a message. */
#define HEAD_BYTES 16
#define BUFFER_BYTES (64 * 1024)
/* As many as one message can have. */
#define MAX_DESCRIPTORS 253
/* Whoever reads nothing for so long, while more is there than its socket holds, never will. */
#define SEND_TIMEOUT_SECONDS 30

/* How much of what a worker says is read in a second, and at once: several times what one says that
 * has thousands of small files. Each message costs something beside its bytes, and a long one holds
 * up all others while it is taken apart. */
#define BYTES_PER_SECOND (8 * 1024 * 1024)
#define BYTES_AT_ONCE (16 * 1024 * 1024)
#define MESSAGE_COST 256
#define LONG_BYTES (16 * 1024)
/* One with a descriptor has some 100. It goes to GDBus in one piece, so that GDBus cannot have the
 * descriptor without all of the message, and close it itself. */
#define MAX_BYTES_WITH_DESCRIPTOR LONG_BYTES

/* Shared by both threads. */
typedef struct
{
  uid_t uid;
  int worker; /* (owned) */
  int inner;  /* (owned): GDBus has the other end */
} Gate;

static void
gate_clear (gpointer data)
{
  Gate *self = data;

  close (self->worker);
  close (self->inner);
}

/* Ends the other thread and whoever waits at both ends. */
static void
gate_shut (Gate *self)
{
  shutdown (self->worker, SHUT_RDWR);
  shutdown (self->inner, SHUT_RDWR);
  g_atomic_rc_box_release_full (self, gate_clear);
}

/* One piece of a stream, and the descriptors that came with it. */
typedef struct
{
  char *bytes;
  gsize size;
  int descriptors[MAX_DESCRIPTORS]; /* (owned) */
  gsize n_descriptors;
  gboolean is_refused; /* it is more than may be, or what may not be */
} Piece;

static void
close_descriptors (Piece *piece)
{
  for (gsize i = 0; i < piece->n_descriptors; i++)
    bts_close_elsewhere (piece->descriptors[i]);
  piece->n_descriptors = 0;
}

static void
take_descriptors (Piece *piece, struct msghdr *message)
{
  for (struct cmsghdr *c = CMSG_FIRSTHDR (message); c != NULL; c = CMSG_NXTHDR (message, c))
    {
      const int *received = (const int *) (gpointer) CMSG_DATA (c);
      gsize n = (c->cmsg_len - CMSG_LEN (0)) / sizeof (int);

      if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
        continue;
      for (gsize i = 0; i < n; i++)
        {
          if (piece->n_descriptors < MAX_DESCRIPTORS)
            piece->descriptors[piece->n_descriptors++] = received[i];
          else
            bts_close_elsewhere (received[i]);
        }
    }
}

/* Reads up to @size bytes to the end of @piece; 0 at the end of the stream, and on error. */
static gsize
receive (int fd, Piece *piece, gsize size)
{
  struct iovec bytes = { piece->bytes + piece->size, size };
  union
  {
    struct cmsghdr align;
    char room[CMSG_SPACE (MAX_DESCRIPTORS * sizeof (int))];
  } control;
  struct msghdr message = {
    .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
  };
  gssize n;

  do
    n = recvmsg (fd, &message, MSG_CMSG_CLOEXEC);
  while (n < 0 && errno == EINTR);
  if (n <= 0)
    return 0;
  take_descriptors (piece, &message);
  piece->size += (gsize) n;
  return (gsize) n;
}

/* Sends all of it, its descriptors with the first byte. */
static gboolean
pass (int fd, Piece *piece)
{
  union
  {
    struct cmsghdr header;
    char room[CMSG_SPACE (MAX_DESCRIPTORS * sizeof (int))];
  } control = { .room = { 0 } };
  gsize done = 0;

  while (done < piece->size)
    {
      struct iovec bytes = { piece->bytes + done, piece->size - done };
      struct msghdr message = { .msg_iov = &bytes, .msg_iovlen = 1 };
      gssize n;

      if (piece->n_descriptors > 0)
        {
          message.msg_control = &control;
          message.msg_controllen = CMSG_SPACE (piece->n_descriptors * sizeof (int));
          control.header.cmsg_level = SOL_SOCKET;
          control.header.cmsg_type = SCM_RIGHTS;
          control.header.cmsg_len = CMSG_LEN (piece->n_descriptors * sizeof (int));
          memcpy (CMSG_DATA (&control.header), piece->descriptors,
                  piece->n_descriptors * sizeof (int));
        }
      n = sendmsg (fd, &message, MSG_NOSIGNAL);
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return FALSE;
      close_descriptors (piece);
      done += (gsize) n;
    }
  return TRUE;
}

/* Whole messages, whose descriptors come with their bytes */

static gboolean
receive_all (int fd, Piece *piece, gsize size, gsize max_descriptors)
{
  while (piece->size < size)
    {
      if (receive (fd, piece, size - piece->size) == 0)
        return FALSE;
      piece->is_refused = piece->n_descriptors > max_descriptors;
      if (piece->is_refused)
        return FALSE;
    }
  return TRUE;
}

/* How long the message is that begins with @head, in all. */
static guint64
get_message_size (const char *head)
{
  guint32 n_body, n_fields;

  memcpy (&n_body, head + 4, sizeof n_body);
  memcpy (&n_fields, head + 12, sizeof n_fields);
  if (*head == 'B')
    {
      n_body = GUINT32_FROM_BE (n_body);
      n_fields = GUINT32_FROM_BE (n_fields);
    }
  else
    {
      n_body = GUINT32_FROM_LE (n_body);
      n_fields = GUINT32_FROM_LE (n_fields);
    }
  return HEAD_BYTES + (((guint64) n_fields + 7) & ~(guint64) 7) + n_body;
}

/* What a thread passes on. */
typedef struct
{
  int from;
  int to;
  gsize max_descriptors;
  guint64 max_size;
  gboolean (*may_pass) (const Piece *message); /* (nullable) */
} Way;

/* The message of which @piece, in a buffer of BUFFER_BYTES, may hold the first byte. Sets @size to
 * what it has in all; what is larger than may be is not read. */
static gboolean
pass_message (const Way *way, Piece *piece, guint64 *size)
{
  g_autofree char *allocated = NULL;
  char *buffer = piece->bytes;
  gboolean is_passed = FALSE;

  if (!receive_all (way->from, piece, HEAD_BYTES, way->max_descriptors))
    return FALSE;
  *size = get_message_size (piece->bytes);
  piece->is_refused = *size > way->max_size;
  if (piece->is_refused)
    return FALSE;
  if (*size > BUFFER_BYTES)
    {
      allocated = g_malloc (*size);
      memcpy (allocated, buffer, HEAD_BYTES);
      piece->bytes = allocated;
    }
  if (receive_all (way->from, piece, *size, way->max_descriptors))
    {
      piece->is_refused = way->may_pass != NULL && !way->may_pass (piece);
      is_passed = !piece->is_refused && pass (way->to, piece);
    }
  piece->bytes = buffer;
  piece->size = 0;
  return is_passed;
}

/* From the worker */

/* Byte by byte, so that nothing of the first message is among it. */
static gboolean
pass_greeting (const Way *way)
{
  char bytes[MAX_GREETING_BYTES];
  gsize end_length = strlen (GREETING_END);

  for (gsize size = 0; size < sizeof bytes; size++)
    {
      Piece piece = { .bytes = bytes + size };
      gboolean is_passed = receive_all (way->from, &piece, 1, 0) && pass (way->to, &piece);

      close_descriptors (&piece);
      if (!is_passed)
        return FALSE;
      if (size + 1 >= end_length &&
          memcmp (bytes + size + 1 - end_length, GREETING_END, end_length) == 0)
        return TRUE;
    }
  return FALSE;
}

/* What GDBus cannot read it writes to the log, byte by byte, and closes what came with it, in the
 * one thread for all. So where that would take long, it is tried here before. */
static gboolean
is_readable (const Piece *message)
{
  g_autoptr (GDBusMessage) read = NULL;

  if (message->n_descriptors == 0 && message->size <= LONG_BYTES)
    return TRUE;
  if (message->n_descriptors > 0 && message->size > MAX_BYTES_WITH_DESCRIPTOR)
    return FALSE;
  read = g_dbus_message_new_from_blob ((guchar *) message->bytes, message->size,
                                       G_DBUS_CAPABILITY_FLAGS_UNIX_FD_PASSING, NULL);
  return read != NULL;
}

/* Whoever does not read what it is told is not heard: GDBus keeps any number of answers. Also
 * returns where the connection is closed. */
static void
wait_for_reader (Gate *self)
{
  struct pollfd reader = { .fd = self->worker, .events = POLLOUT };
  int n;

  do
    n = poll (&reader, 1, -1);
  while (n < 0 && errno == EINTR);
}

/* How much has been said lately. */
typedef struct
{
  GTimer *timer; /* (owned): real time, for what waits is a thread */
  double cost;   /* what is not worn off yet */
} Account;

static void
account_clear (Account *account)
{
  g_timer_destroy (account->timer);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Account, account_clear)

static void
wait_for_cost (Gate *self, guint64 size, Account *account)
{
  struct pollfd closed = { .fd = self->worker };
  double worn_off = g_timer_elapsed (account->timer, NULL) * BYTES_PER_SECOND;

  g_timer_start (account->timer);
  account->cost = MAX (account->cost - worn_off, 0) + MESSAGE_COST + (double) size +
                  (double) size * (double) size / LONG_BYTES;
  /* Ends early where the connection is closed. */
  if (account->cost > BYTES_AT_ONCE)
    poll (&closed, 1, (int) ((account->cost - BYTES_AT_ONCE) * 1000 / BYTES_PER_SECOND) + 1);
}

static gpointer
run_in (gpointer data)
{
  Gate *self = data;
  /* OpenResult is the only call that is answered with a descriptor. */
  const Way way = { self->worker, self->inner, 1, MAX_MESSAGE_BYTES, is_readable };
  g_autofree char *buffer = g_malloc (BUFFER_BYTES);
  Piece piece = { .bytes = buffer };
  guint64 size = 0;
  g_auto (Account) account = { .timer = g_timer_new () };

  if (pass_greeting (&way))
    {
      while (pass_message (&way, &piece, &size))
        {
          wait_for_cost (self, size, &account);
          wait_for_reader (self);
        }
    }
  if (piece.is_refused)
    g_warning ("The worker of user %u sends what nobody asked for, and is ended", self->uid);
  close_descriptors (&piece);
  gate_shut (self);
  return NULL;
}

/* To the worker */

/* Lines, until the first message, whose first byte is in @piece then: no line begins so. */
static gboolean
pass_lines (const Way *way, Piece *piece)
{
  gboolean is_begin = TRUE;

  while (receive_all (way->from, piece, 1, 0))
    {
      char byte = *piece->bytes;

      if (is_begin && (byte == 'l' || byte == 'B'))
        return TRUE;
      if (!pass (way->to, piece))
        return FALSE;
      is_begin = byte == '\n';
      piece->size = 0;
    }
  return FALSE;
}

static gpointer
run_out (gpointer data)
{
  Gate *self = data;
  const Way way = { self->inner, self->worker, MAX_DESCRIPTORS, G_MAXUINT32, NULL };
  g_autofree char *buffer = g_malloc (BUFFER_BYTES);
  Piece piece = { .bytes = buffer };
  guint64 size = 0;

  if (pass_lines (&way, &piece))
    {
      while (pass_message (&way, &piece, &size))
        continue;
    }
  close_descriptors (&piece);
  gate_shut (self);
  return NULL;
}

static gboolean
start_thread (const char *name, GThreadFunc run, Gate *gate, GError **error)
{
  GThread *thread = g_thread_try_new (name, run, g_atomic_rc_box_acquire (gate), error);

  if (thread == NULL)
    gate_shut (gate);
  else
    g_thread_unref (thread);
  return thread != NULL;
}

static gboolean
check_peer (GSocket *worker, uid_t uid, GError **error)
{
  g_autoptr (GCredentials) credentials = g_socket_get_credentials (worker, error);
  uid_t peer;

  if (credentials == NULL)
    return FALSE;
  peer = g_credentials_get_unix_user (credentials, NULL);
  if (peer == uid || peer == geteuid ())
    return TRUE;
  g_set_error (error, BGT_ERROR, BGT_ERROR_ACCESS_DENIED, "It is user %u who has connected", peer);
  return FALSE;
}

/* NULL, as for its callers. */
static gpointer
set_errno (GError **error)
{
  g_set_error (error, BGT_ERROR, BGT_ERROR_FAILED, "No sockets for a worker: %s",
               g_strerror (errno));
  return NULL;
}

/* (nullable): NULL on error. GDBus's end of a new pair; the other is set. */
static GSocket *
new_pair (int *inner, GError **error)
{
  const int yes = 1;
  int pair[2];
  GSocket *socket;

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
    return set_errno (error);
  /* GDBus asks who has sent the first byte, which may be there before it does. */
  setsockopt (pair[0], SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes);
  socket = g_socket_new_from_fd (pair[0], error);
  if (socket == NULL)
    {
      close (pair[0]);
      close (pair[1]);
      return NULL;
    }
  *inner = pair[1];
  return socket;
}

GSocketConnection *
bts_worker_gate_new (GSocketConnection *worker, uid_t uid, GError **error)
{
  const struct timeval timeout = { .tv_sec = SEND_TIMEOUT_SECONDS };
  GSocket *outer = g_socket_connection_get_socket (worker);
  g_autoptr (GSocket) socket = NULL;
  int copy;
  int inner = -1;
  Gate *gate;

  if (!check_peer (outer, uid, error))
    return NULL;
  copy = fcntl (g_socket_get_fd (outer), F_DUPFD_CLOEXEC, 3);
  if (copy < 0)
    return set_errno (error);
  socket = new_pair (&inner, error);
  if (socket == NULL)
    {
      close (copy);
      return NULL;
    }
  gate = g_atomic_rc_box_new0 (Gate);
  gate->uid = uid;
  gate->worker = copy;
  gate->inner = inner;
  /* GIO has made it one that does not wait. */
  g_unix_set_fd_nonblocking (gate->worker, FALSE, NULL);
  setsockopt (gate->worker, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
  if (!start_thread ("worker-in", run_in, gate, error) ||
      !start_thread ("worker-out", run_out, gate, error))
    {
      gate_shut (gate);
      return NULL;
    }
  g_atomic_rc_box_release_full (gate, gate_clear);
  return g_socket_connection_factory_create_connection (socket);
}
