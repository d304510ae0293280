/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include <glib-unix.h>
#include <glib/gi18n.h>

#include "transferctl/arguments.h"
#include "transferctl/commands.h"
#include "transferctl/reconnect.h"
#include "transferctl/resolve.h"

#define BUFFER_BYTES ((gsize) 256 * 1024)

/* So much of what comes in any order is asked for at once. */
#define REQUEST_BYTES ((guint64) 8 * 1024 * 1024)

typedef struct
{
  BtsContext *context;     /* (unowned) */
  BgtOperation *operation; /* (unowned) */
  GMainLoop *loop;         /* (owned) */
  guint64 position;        /* what is printed next */
  guint64 counted;         /* bytes received when it was asked last */
  guint64 requested;       /* what comes in any order was asked for up to here; 0: not */
  int fd;                  /* -1 until something has arrived there */
  gboolean is_asking;      /* a call runs */
  gboolean is_asked_again; /* something has changed meanwhile */
  BtsReconnect reconnect;
  BtsExitStatus status;
} Cat;

static void ask (Cat *self);

static void
stop (Cat *self, BtsExitStatus status)
{
  self->status = status;
  g_main_loop_quit (self->loop);
}

/* %FALSE with the reason said where the reader is gone or the file cannot be read. */
static gboolean
write_all (const char *buffer, gsize length)
{
  while (length > 0)
    {
      const ssize_t written = write (STDOUT_FILENO, buffer, length);

      if (written < 0 && errno == EINTR)
        continue;
      if (written < 0)
        {
          bts_context_complain (_ ("Standard output: %s"), g_strerror (errno));
          return FALSE;
        }
      buffer += written;
      length -= (gsize) written;
    }
  return TRUE;
}

/* Prints up to @end, or to the end of the file for G_MAXUINT64. */
static gboolean
copy (Cat *self, guint64 end)
{
  g_autofree char *buffer = g_malloc (BUFFER_BYTES);

  while (self->position < end)
    {
      const gsize wanted = (gsize) MIN (end - self->position, (guint64) BUFFER_BYTES);
      const ssize_t got = pread (self->fd, buffer, wanted, (off_t) self->position);

      if (got < 0 && errno == EINTR)
        continue;
      if (got < 0)
        {
          bts_context_complain (_ ("What has arrived cannot be read: %s"), g_strerror (errno));
          return FALSE;
        }
      if (got == 0)
        return TRUE;
      if (!write_all (buffer, (gsize) got))
        return FALSE;
      self->position += (guint64) got;
    }
  return TRUE;
}

/* The end of the range in @ranges, a(tt), that holds @position; @position if there is none. */
static guint64
get_end (GVariant *ranges, guint64 position)
{
  GVariantIter iter;
  guint64 offset;
  guint64 length;

  if (!g_variant_is_of_type (ranges, G_VARIANT_TYPE ("a(tt)")))
    return position;
  g_variant_iter_init (&iter, ranges);
  while (g_variant_iter_next (&iter, "(tt)", &offset, &length))
    if (offset <= position && position - offset < length)
      return offset + length;
  return position;
}

static void
say_failed (Cat *self)
{
  if (bgt_operation_is_finished (self->operation))
    bts_context_complain (
        "%s: %s %s", bgt_operation_status_to_string (bgt_operation_get_status (self->operation)),
        bgt_operation_get_web_error_status (self->operation),
        bgt_operation_get_error_message (self->operation));
  else
    bts_context_complain (_ ("The operation was removed"));
}

static void
on_information (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Cat *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) information = bgt_operation_get_response_information_finish (
      BGT_OPERATION (source), result, &error);
  gboolean is_truncated = FALSE;

  if (information != NULL)
    g_variant_lookup (information, "is-truncated", "b", &is_truncated);
  if (is_truncated)
    bts_context_complain (_ ("The server's answer goes on; no more of it was kept"));
  if (bgt_operation_get_status (self->operation) != BGT_OPERATION_STATUS_COMPLETED)
    say_failed (self);
  else if (!is_truncated)
    {
      stop (self, BTS_EXIT_DONE);
      return;
    }
  stop (self, BTS_EXIT_FAILED);
}

/* Of an upload there is the server's answer, once it has all come. */
static void
end_upload (Cat *self)
{
  bgt_operation_get_response_information_async (self->operation, NULL, on_information, self);
}

/* Ends an answer: asks again if there is a reason, and stops where there is nothing to wait for. */
static void
end_answer (Cat *self)
{
  self->is_asking = FALSE;
  if (self->is_asked_again)
    ask (self);
  else if (BGT_IS_UPLOAD (self->operation) && bgt_operation_is_finished (self->operation))
    end_upload (self);
  else if (bgt_operation_get_status (self->operation) == BGT_OPERATION_STATUS_COMPLETED)
    stop (self, BTS_EXIT_DONE);
  else if (bgt_operation_is_finished (self->operation) ||
           bgt_operation_is_removed (self->operation))
    {
      say_failed (self);
      stop (self, BTS_EXIT_FAILED);
    }
}

static gboolean
is_in_order (Cat *self)
{
  return BGT_IS_UPLOAD (self->operation) ||
         !bgt_download_get_random_access (BGT_DOWNLOAD (self->operation));
}

/* Asks for what is printed next, so that not all before it has to come first. */
static void
request_next (Cat *self)
{
  if (self->position < self->requested || self->position > G_MAXUINT64 - REQUEST_BYTES ||
      bgt_operation_is_finished (self->operation))
    return;
  self->requested = self->position + REQUEST_BYTES;
  /* Where that is not possible, it comes when it comes. */
  bgt_download_request_range_async (BGT_DOWNLOAD (self->operation), self->position, REQUEST_BYTES,
                                    NULL, NULL, NULL);
}

static void
finish_copy (Cat *self, guint64 end)
{
  if (BGT_IS_UPLOAD (self->operation) ||
      bgt_operation_get_status (self->operation) == BGT_OPERATION_STATUS_COMPLETED)
    end = G_MAXUINT64;
  if (!copy (self, end))
    stop (self, BTS_EXIT_FAILED);
  else
    end_answer (self);
}

static void
on_ranges (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Cat *self = user_data;
  g_autoptr (GVariant) ranges = NULL;
  g_autoptr (GError) error = NULL;
  guint64 end = self->position;

  ranges = bgt_download_get_downloaded_ranges_finish (BGT_DOWNLOAD (source), result, &error);
  if (ranges != NULL)
    end = get_end (ranges, self->position);
  if (end == self->position)
    request_next (self);
  finish_copy (self, end);
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Cat *self = user_data;
  g_autoptr (GError) error = NULL;

  if (self->fd >= 0)
    close (self->fd);
  self->fd = bgt_operation_open_result_finish (BGT_OPERATION (source), result, &error);
  if (self->fd >= 0 && is_in_order (self))
    finish_copy (self, self->counted);
  else if (self->fd >= 0)
    {
      self->is_asking = FALSE;
      ask (self);
    }
  else if (g_error_matches (error, BGT_ERROR, BGT_ERROR_NOT_YET_AVAILABLE) ||
           bts_context_is_unreachable (error))
    {
      if (!is_in_order (self))
        request_next (self);
      end_answer (self);
    }
  else
    stop (self, bts_context_report (self->context, NULL, error));
}

/* Opens what has arrived, and prints as far as it reaches: the file itself may be longer. What
 * arrives in order reaches as far as was counted before it was opened, and is opened again for what
 * comes after; of what comes in pieces the service knows the ranges. The answer to an upload is
 * only known to be the last one when that is finished. */
static void
ask (Cat *self)
{
  if (BGT_IS_UPLOAD (self->operation) && !bgt_operation_is_finished (self->operation) &&
      !bgt_operation_is_removed (self->operation))
    return;
  self->is_asked_again = self->is_asking;
  if (self->is_asking)
    return;
  self->is_asking = TRUE;
  self->counted = bgt_operation_get_bytes_received (self->operation);
  if (self->fd < 0 || BGT_IS_UPLOAD (self->operation) ||
      (is_in_order (self) && self->position < self->counted))
    bgt_operation_open_result_async (self->operation, self->position, NULL, on_opened, self);
  else
    bgt_download_get_downloaded_ranges_async (BGT_DOWNLOAD (self->operation), NULL, on_ranges,
                                              self);
}

static void
on_restarted (Cat *self)
{
  if (!bgt_operation_has_restarted (self->operation) || self->position == 0)
    return;
  bts_context_complain (_ ("The server has another file now, and the transfer started over"));
  stop (self, BTS_EXIT_FAILED);
}

static void
on_lost (gpointer user_data)
{
  Cat *self = user_data;

  stop (self, bts_context_report_lost (self->context));
}

static void
on_connected (Cat *self)
{
  if (!bts_reconnect_check (&self->reconnect))
    return;
  self->requested = 0;
  bgt_operation_attach_async (self->operation, NULL, NULL, NULL);
  ask (self);
}

static gboolean
on_interrupt (gpointer user_data)
{
  stop (user_data, BTS_EXIT_INTERRUPTED);
  return G_SOURCE_CONTINUE;
}

static BtsExitStatus
run (Cat *self)
{
  const guint interrupt = g_unix_signal_add (SIGINT, on_interrupt, self);

  g_signal_connect_swapped (self->operation, "notify::bytes-received", G_CALLBACK (ask), self);
  if (BGT_IS_DOWNLOAD (self->operation))
    g_signal_connect_swapped (self->operation, "ranges-downloaded", G_CALLBACK (ask), self);
  g_signal_connect_swapped (self->operation, "notify::status", G_CALLBACK (ask), self);
  g_signal_connect_swapped (self->operation, "notify::has-restarted", G_CALLBACK (on_restarted),
                            self);
  g_signal_connect_swapped (self->operation, "removed", G_CALLBACK (ask), self);
  g_signal_connect_swapped (self->context->manager, "notify::connected", G_CALLBACK (on_connected),
                            self);
  bgt_operation_attach_async (self->operation, NULL, NULL, NULL);
  ask (self);
  g_main_loop_run (self->loop);

  g_signal_handlers_disconnect_by_data (self->operation, self);
  g_signal_handlers_disconnect_by_data (self->context->manager, self);
  bts_reconnect_stop (&self->reconnect);
  g_source_remove (interrupt);
  return self->status;
}

BtsExitStatus
bts_cmd_cat (BtsContext *context, char **arguments)
{
  g_autofree char *from = NULL;
  const GOptionEntry entries[] = {
    { "from", 0, 0, G_OPTION_ARG_FILENAME, &from, N_ ("Start at this byte; k, M, G may follow"),
      N_ ("N") },
    { NULL },
  };
  g_autoptr (BgtOperation) operation = NULL;
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GError) error = NULL;
  Cat self = { .context = context, .loop = loop, .fd = -1 };
  BtsExitStatus status;

  if (!bts_context_parse (context, entries, arguments, 1, 1))
    return BTS_EXIT_USAGE;
  if (from != NULL && !bts_arguments_parse_size (from, &self.position, &error))
    return bts_context_usage_error (context, "--from: %s", error->message);
  status = bts_context_connect (context);
  if (status != BTS_EXIT_DONE)
    return status;
  operation = bts_resolve (context, context->arguments[0], &status);
  if (operation == NULL)
    return status;
  self.operation = operation;
  self.reconnect.manager = context->manager;
  self.reconnect.give_up = on_lost;
  self.reconnect.user_data = &self;
  status = run (&self);
  if (self.fd >= 0)
    close (self.fd);
  return status;
}
