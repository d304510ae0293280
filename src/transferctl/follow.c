/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "transferctl/follow.h"

#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <glib-unix.h>
#include <glib/gi18n.h>

#include "transferctl/arguments.h"
#include "transferctl/json.h"
#include "transferctl/progress.h"
#include "transferctl/reconnect.h"
#include "transferctl/served-name.h"
#include "transferctl/text.h"

#define BAR_INTERVAL_MS 250
#define LINE_INTERVAL_MS 1000
#define DEFAULT_WIDTH 80

typedef struct
{
  BtsContext *context;   /* (unowned) */
  GPtrArray *operations; /* (unowned) (element-type BgtOperation) */
  BtsFollowFlags flags;
  GMainLoop *loop;           /* (owned) */
  GCancellable *cancellable; /* (owned): ends the calls that run */
  BtsRate rate;
  gboolean is_terminal;
  gboolean has_bar;    /* a bar stands on the current line */
  gboolean is_changed; /* since the last drawing */
  char *last_line;     /* (owned) (nullable) */
  gint64 start_us;
  BtsReconnect reconnect;
  guint draw_timer;
  BtsExitStatus status;
} Follow;

static void
clear_bar (Follow *self)
{
  if (self->has_bar)
    fputs ("\r\033[K", stderr);
  self->has_bar = FALSE;
}

static gboolean
is_done (BgtOperation *operation)
{
  return bgt_operation_is_finished (operation) || bgt_operation_is_removed (operation);
}

/* What to call an operation: the file it becomes, else what it comes from. */
static char *
dup_name (BgtOperation *operation)
{
  const char *destination =
      BGT_IS_DOWNLOAD (operation) ? bgt_download_get_destination (BGT_DOWNLOAD (operation)) : "";

  if (destination[0] == '\0')
    return g_strdup (bgt_operation_get_requested_uri (operation));
  return g_path_get_basename (destination);
}

static char *
dup_waiting (Follow *self, BgtOperation *operation)
{
  g_auto (GStrv) words = NULL;

  if (self->reconnect.lost_us != 0)
    return g_strdup (_ ("the service is being started again"));
  words = bgt_operation_dup_blocked_by (operation);
  return bts_text_describe_blockers (words, bgt_operation_get_web_error_status (operation));
}

/* One operation as it is; several as their sums. */
static void
get_progress (Follow *self, BtsProgress *progress, char **name, char **waiting)
{
  guint n_done = 0;
  gboolean is_total_known = TRUE;

  for (guint i = 0; i < self->operations->len; i++)
    {
      BgtOperation *operation = g_ptr_array_index (self->operations, i);
      const guint64 total = bgt_operation_get_total_bytes_to_receive (operation) +
                            bgt_operation_get_total_bytes_to_send (operation);

      progress->bytes +=
          bgt_operation_get_bytes_received (operation) + bgt_operation_get_bytes_sent (operation);
      progress->total += total;
      is_total_known = is_total_known && (total > 0 || is_done (operation));
      n_done += is_done (operation);
    }
  if (!is_total_known)
    progress->total = 0;
  if (self->operations->len == 1)
    {
      *name = dup_name (g_ptr_array_index (self->operations, 0));
      *waiting = dup_waiting (self, g_ptr_array_index (self->operations, 0));
    }
  else
    {
      *name = g_strdup_printf (_ ("%u of %u finished"), n_done, self->operations->len);
      *waiting =
          g_strdup (self->reconnect.lost_us != 0 ? _ ("the service is being started again") : "");
    }
  progress->name = *name;
  progress->waiting = *waiting;
}

static int
get_terminal_width (void)
{
  struct winsize size;

  if (ioctl (STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
    return DEFAULT_WIDTH;
  return size.ws_col;
}

static void
draw_json (Follow *self)
{
  for (guint i = 0; i < self->operations->len; i++)
    {
      BgtOperation *operation = g_ptr_array_index (self->operations, i);

      if (!is_done (operation))
        bts_json_print_line (bts_json_describe (operation, NULL, FALSE));
    }
}

static void
draw (Follow *self)
{
  BtsProgress progress = { NULL };
  g_autofree char *name = NULL;
  g_autofree char *waiting = NULL;
  g_autofree char *line = NULL;
  const gint64 now = g_get_monotonic_time ();

  get_progress (self, &progress, &name, &waiting);
  bts_rate_add (&self->rate, now, progress.bytes);
  progress.rate = bts_rate_get (&self->rate, now);

  if (self->is_terminal)
    {
      line = bts_progress_make_bar (&progress, get_terminal_width ());
      fprintf (stderr, "\r%s\033[K", line);
      self->has_bar = TRUE;
      return;
    }
  line = bts_progress_make_line (&progress);
  if (g_strcmp0 (line, self->last_line) == 0)
    return;
  fprintf (stderr, "%s\n", line);
  g_free (self->last_line);
  self->last_line = g_steal_pointer (&line);
}

/* A bar is drawn anew even if nothing has changed: the rate has. */
static gboolean
on_draw_timer (gpointer user_data)
{
  Follow *self = user_data;

  if (self->context->is_json && self->is_changed)
    draw_json (self);
  else if (!self->context->is_json && !self->context->is_quiet)
    draw (self);
  self->is_changed = FALSE;
  return G_SOURCE_CONTINUE;
}

static void
on_changed (Follow *self)
{
  self->is_changed = TRUE;
}

static void
check_done (Follow *self)
{
  for (guint i = 0; i < self->operations->len; i++)
    if (!is_done (g_ptr_array_index (self->operations, i)))
      return;
  g_main_loop_quit (self->loop);
}

static void
give_up (Follow *self, BtsExitStatus status)
{
  self->status = status;
  g_main_loop_quit (self->loop);
}

BtsExitStatus
bts_follow_refuse_start (BtsContext *context, BgtOperation *operation, const GError *error)
{
  JsonObject *object;

  if (context->is_json)
    {
      object = bts_json_describe (operation, NULL, FALSE);
      json_object_set_string_member (object, "error_message", error->message);
      bts_json_print_line (object);
    }
  return bts_context_report (context, bgt_operation_get_guid (operation), error);
}

static void
on_started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Follow *self = user_data;
  g_autoptr (GError) error = NULL;

  if (bgt_operation_start_finish (BGT_OPERATION (source), result, &error) ||
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  /* The service died over the call: started or not, it is asked again when it is back. And what
   * is started already need not be. */
  if (bts_context_is_unreachable (error) ||
      g_error_matches (error, BGT_ERROR, BGT_ERROR_INVALID_STATE))
    return;
  clear_bar (self);
  give_up (self, bts_follow_refuse_start (self->context, BGT_OPERATION (source), error));
}

static gboolean
needs_start (Follow *self, BgtOperation *operation)
{
  g_auto (GStrv) blockers = bgt_operation_dup_blocked_by (operation);

  return (self->flags & BTS_FOLLOW_START) != 0 &&
         bgt_operation_get_status (operation) == BGT_OPERATION_STATUS_IDLE &&
         g_strv_contains ((const char *const *) blockers, "not-started");
}

/* Tells the service that we are there, on each connection anew. */
static void
attach (Follow *self)
{
  for (guint i = 0; i < self->operations->len; i++)
    {
      BgtOperation *operation = g_ptr_array_index (self->operations, i);

      if (is_done (operation))
        continue;
      /* Where it fails, the operation is gone, which is heard of in another way. */
      bgt_operation_attach_async (operation, self->cancellable, NULL, NULL);
      if (needs_start (self, operation))
        bgt_operation_start_async (operation, self->cancellable, on_started, self);
    }
}

static void
on_lost (gpointer user_data)
{
  Follow *self = user_data;

  clear_bar (self);
  give_up (self, bts_context_report_lost (self->context));
}

static void
on_connected (Follow *self)
{
  if (!bts_reconnect_check (&self->reconnect))
    return;
  attach (self);
  check_done (self);
}

static gboolean
on_interrupt (gpointer user_data)
{
  Follow *self = user_data;

  give_up (self, BTS_EXIT_INTERRUPTED);
  return G_SOURCE_CONTINUE;
}

static void
say_how_to_come_back (Follow *self)
{
  const char *bus = self->context->use_session ? "--session " : "";

  fputs (self->has_bar ? "\n" : "", stderr);
  self->has_bar = FALSE;
  if (self->context->is_quiet)
    return;
  for (guint i = 0; i < self->operations->len; i++)
    {
      BgtOperation *operation = g_ptr_array_index (self->operations, i);

      if (!is_done (operation))
        fprintf (stderr,
                 _ ("The transfer goes on. To follow it: transferctl %swait %.8s; to see how it "
                    "is: transferctl %sshow %.8s\n"),
                 bus, bgt_operation_get_guid (operation), bus, bgt_operation_get_guid (operation));
    }
}

static void
say_completed (Follow *self, BgtOperation *operation, const char *destination)
{
  const guint64 bytes = BGT_IS_UPLOAD (operation) ? bgt_operation_get_bytes_sent (operation)
                                                  : bgt_operation_get_bytes_received (operation);
  g_autofree char *size = bts_text_format_size (bytes);
  g_autofree char *time =
      bts_text_format_seconds ((g_get_monotonic_time () - self->start_us) / G_USEC_PER_SEC);
  g_autofree char *name = bts_text_make_printable (
      destination[0] != '\0' ? destination : bgt_operation_get_requested_uri (operation));

  fprintf (stderr, _ ("%s: done, %s in %s\n"), name, size, time);
}

static gboolean
has_failed (BgtOperation *operation)
{
  return bgt_operation_get_status (operation) != BGT_OPERATION_STATUS_COMPLETED;
}

static void
say_failed (BgtOperation *operation)
{
  const char *status = bgt_operation_status_to_string (bgt_operation_get_status (operation));
  const char *reason = bgt_operation_get_web_error_status (operation);

  if (!bgt_operation_is_finished (operation))
    bts_context_complain (_ ("%s: the operation was removed"),
                          bgt_operation_get_requested_uri (operation));
  else if (reason[0] == '\0')
    bts_context_complain ("%s: %s", bgt_operation_get_requested_uri (operation), status);
  else
    bts_context_complain ("%s: %s: %s", bgt_operation_get_requested_uri (operation), reason,
                          bgt_operation_get_error_message (operation));
}

static char *
dup_destination (Follow *self, BgtOperation *operation, GVariant *information)
{
  const char *destination =
      BGT_IS_DOWNLOAD (operation) ? bgt_download_get_destination (BGT_DOWNLOAD (operation)) : "";
  g_autofree char *replaced = NULL;
  char *given = NULL;

  if ((self->flags & BTS_FOLLOW_REPLACE) != 0)
    replaced =
        bts_arguments_make_destination (NULL, bgt_operation_get_requested_uri (operation), NULL);
  if ((self->flags & BTS_FOLLOW_SERVED_NAME) != 0 && !has_failed (operation))
    given = bts_served_name_give (destination, replaced, information);
  return given != NULL ? given : g_strdup (destination);
}

static void
print_json (BgtOperation *operation, GVariant *information, const char *destination)
{
  JsonObject *object = bts_json_describe (operation, information, FALSE);

  if (g_utf8_validate (destination, -1, NULL))
    json_object_set_string_member (object, "destination", destination);
  bts_json_print_line (object);
}

static void
conclude (Follow *self, BgtOperation *operation)
{
  g_autoptr (GVariant) information = NULL;
  g_autofree char *destination = NULL;
  g_autoptr (GError) error = NULL;

  if (has_failed (operation))
    self->status = BTS_EXIT_FAILED;
  /* Without an answer of the server there is no information, which is no error here. */
  if ((self->context->is_json || (self->flags & BTS_FOLLOW_SERVED_NAME) != 0) &&
      !bgt_operation_is_removed (operation))
    information = bgt_operation_get_response_information_sync (operation, NULL, NULL);
  destination = dup_destination (self, operation, information);

  if ((self->flags & BTS_FOLLOW_ACKNOWLEDGE) != 0 && bgt_operation_is_finished (operation) &&
      !bgt_operation_is_removed (operation) &&
      !bgt_operation_acknowledge_sync (operation, NULL, &error) &&
      !g_error_matches (error, BGT_ERROR, BGT_ERROR_NOT_FOUND))
    bts_context_complain (_ ("The operation could not be acknowledged: %s"), error->message);

  if (self->context->is_json)
    print_json (operation, information, destination);
  if (has_failed (operation))
    say_failed (operation);
  else if (!self->context->is_json && !self->context->is_quiet)
    say_completed (self, operation, destination);
}

static void
conclude_all (Follow *self)
{
  clear_bar (self);
  for (guint i = 0; i < self->operations->len; i++)
    if (!has_failed (g_ptr_array_index (self->operations, i)))
      conclude (self, g_ptr_array_index (self->operations, i));
  /* What failed comes last, so that the last line says why the exit status is what it is. */
  for (guint i = 0; i < self->operations->len; i++)
    if (has_failed (g_ptr_array_index (self->operations, i)))
      conclude (self, g_ptr_array_index (self->operations, i));
}

static void
connect_signals (Follow *self)
{
  for (guint i = 0; i < self->operations->len; i++)
    {
      BgtOperation *operation = g_ptr_array_index (self->operations, i);

      g_signal_connect_swapped (operation, "notify", G_CALLBACK (on_changed), self);
      g_signal_connect_swapped (operation, "finished", G_CALLBACK (check_done), self);
      g_signal_connect_swapped (operation, "removed", G_CALLBACK (check_done), self);
    }
  g_signal_connect_swapped (self->context->manager, "notify::connected", G_CALLBACK (on_connected),
                            self);
}

static void
disconnect_signals (Follow *self)
{
  for (guint i = 0; i < self->operations->len; i++)
    g_signal_handlers_disconnect_by_data (g_ptr_array_index (self->operations, i), self);
  g_signal_handlers_disconnect_by_data (self->context->manager, self);
}

static void
run (Follow *self)
{
  const guint interval_ms =
      self->is_terminal || self->context->is_json ? BAR_INTERVAL_MS : LINE_INTERVAL_MS;
  const guint interrupt = g_unix_signal_add (SIGINT, on_interrupt, self);

  self->draw_timer = g_timeout_add (interval_ms, on_draw_timer, self);
  connect_signals (self);
  attach (self);
  g_main_loop_run (self->loop);
  disconnect_signals (self);
  g_cancellable_cancel (self->cancellable);
  g_clear_handle_id (&self->draw_timer, g_source_remove);
  bts_reconnect_stop (&self->reconnect);
  g_source_remove (interrupt);
}

BtsExitStatus
bts_follow (BtsContext *context, GPtrArray *operations, BtsFollowFlags flags)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Follow self = {
    .context = context,
    .operations = operations,
    .flags = flags,
    .loop = loop,
    .cancellable = cancellable,
    .is_terminal = isatty (STDERR_FILENO),
    .is_changed = TRUE,
    .start_us = g_get_monotonic_time (),
    .reconnect = { .manager = context->manager, .give_up = on_lost, .user_data = &self },
    .status = BTS_EXIT_DONE,
  };
  gboolean is_over = TRUE;

  for (guint i = 0; i < operations->len; i++)
    is_over = is_over && is_done (g_ptr_array_index (operations, i));
  if (!is_over)
    run (&self);

  if (self.status == BTS_EXIT_DONE)
    conclude_all (&self);
  else if (self.status == BTS_EXIT_INTERRUPTED)
    say_how_to_come_back (&self);
  g_free (self.last_line);
  /* Callbacks of calls that were given up on still hold a pointer to this. */
  while (g_main_context_iteration (NULL, FALSE))
    ;
  return self.status;
}
