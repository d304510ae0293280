/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <signal.h>
#include <stdio.h>

#include <glib-unix.h>
#include <glib/gi18n.h>

#include "transferctl/commands.h"
#include "transferctl/json.h"
#include "transferctl/text.h"

#define PROGRESS_INTERVAL_US G_TIME_SPAN_SECOND

typedef struct
{
  BtsContext *context; /* (unowned) */
  GMainLoop *loop;     /* (owned) */
  GHashTable *shown;   /* (owned) (element-type BgtOperation gint64): when progress was printed */
  BtsExitStatus status;
} Monitor;

static void
print_json (const char *event, BgtOperation *operation)
{
  JsonObject *object =
      operation != NULL ? bts_json_describe (operation, NULL, FALSE) : json_object_new ();

  json_object_set_string_member (object, "event", event);
  json_object_set_int_member (object, "time", g_get_real_time ());
  bts_json_print_line (object);
}

/* @operation may be NULL for what happens to the service. */
static void
print_event (Monitor *self, const char *event, BgtOperation *operation, const char *details)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *time = g_date_time_format (now, "%H:%M:%S");
  g_autofree char *printable = bts_text_make_printable (details);

  if (self->context->is_json)
    {
      print_json (event, operation);
      return;
    }
  printf ("%s  %-8.8s  %-8s  %s\n", time,
          operation != NULL ? bgt_operation_get_guid (operation) : "-", event, printable);
  fflush (stdout);
}

static void
on_status (BgtOperation *operation, GParamSpec *pspec, Monitor *self)
{
  const char *status = bgt_operation_status_to_string (bgt_operation_get_status (operation));
  const char *reason = bgt_operation_get_web_error_status (operation);
  g_autofree char *details =
      g_strdup_printf ("%s%s%s", status, reason[0] != '\0' ? ": " : "", reason);

  print_event (self, "status", operation, details);
}

static void
on_blocked (BgtOperation *operation, GParamSpec *pspec, Monitor *self)
{
  g_auto (GStrv) words = bgt_operation_dup_blocked_by (operation);
  g_autofree char *phrase =
      bts_text_describe_blockers (words, bgt_operation_get_web_error_status (operation));

  print_event (self, "waits", operation, phrase[0] != '\0' ? phrase : _ ("for nothing"));
}

static void
on_bytes (BgtOperation *operation, GParamSpec *pspec, Monitor *self)
{
  const gint64 now = g_get_monotonic_time ();
  const gint64 *shown = g_hash_table_lookup (self->shown, operation);
  const guint64 total = bgt_operation_get_total_bytes_to_receive (operation) +
                        bgt_operation_get_total_bytes_to_send (operation);
  g_autofree char *bytes_text = bts_text_format_size (bgt_operation_get_bytes_received (operation) +
                                                      bgt_operation_get_bytes_sent (operation));
  g_autofree char *total_text = bts_text_format_size (total);
  g_autofree char *details = NULL;

  if (shown != NULL && now - *shown < PROGRESS_INTERVAL_US)
    return;
  g_hash_table_insert (self->shown, operation, g_memdup2 (&now, sizeof now));
  details = total > 0 ? g_strdup_printf (_ ("%s of %s"), bytes_text, total_text)
                      : g_steal_pointer (&bytes_text);
  print_event (self, "bytes", operation, details);
}

static void
on_finished (BgtOperation *operation, Monitor *self)
{
  print_event (self, "finished", operation, bgt_operation_get_error_message (operation));
}

static void
watch (Monitor *self, BgtOperation *operation)
{
  g_signal_connect (operation, "notify::status", G_CALLBACK (on_status), self);
  g_signal_connect (operation, "notify::blocked-by", G_CALLBACK (on_blocked), self);
  g_signal_connect (operation, "notify::bytes-received", G_CALLBACK (on_bytes), self);
  g_signal_connect (operation, "notify::bytes-sent", G_CALLBACK (on_bytes), self);
  g_signal_connect (operation, "finished", G_CALLBACK (on_finished), self);
}

static void
on_added (BgtManager *manager, BgtOperation *operation, Monitor *self)
{
  print_event (self, "added", operation, bgt_operation_get_requested_uri (operation));
  watch (self, operation);
}

static void
on_removed (BgtManager *manager, BgtOperation *operation, Monitor *self)
{
  g_signal_handlers_disconnect_by_data (operation, self);
  g_hash_table_remove (self->shown, operation);
  print_event (self, "removed", operation, "");
}

static void
on_connected (BgtManager *manager, GParamSpec *pspec, Monitor *self)
{
  print_event (self, bgt_manager_is_connected (manager) ? "appeared" : "vanished", NULL,
               _ ("the service"));
}

/* To a bus that is gone there is no way back. */
static void
on_closed (Monitor *self)
{
  self->status = bts_context_report_lost (self->context);
  g_main_loop_quit (self->loop);
}

static gboolean
on_interrupt (gpointer user_data)
{
  Monitor *self = user_data;

  g_main_loop_quit (self->loop);
  return G_SOURCE_CONTINUE;
}

static void
run (Monitor *self)
{
  BgtManager *manager = self->context->manager;
  g_autolist (BgtOperation) operations = bgt_manager_list_operations (manager);
  const guint interrupt = g_unix_signal_add (SIGINT, on_interrupt, self);

  for (GList *l = operations; l != NULL; l = l->next)
    on_added (manager, l->data, self);
  g_signal_connect (manager, "operation-added", G_CALLBACK (on_added), self);
  g_signal_connect (manager, "operation-removed", G_CALLBACK (on_removed), self);
  g_signal_connect (manager, "notify::connected", G_CALLBACK (on_connected), self);
  g_signal_connect_swapped (bgt_manager_get_connection (manager), "closed", G_CALLBACK (on_closed),
                            self);
  g_main_loop_run (self->loop);

  g_signal_handlers_disconnect_by_data (bgt_manager_get_connection (manager), self);
  g_signal_handlers_disconnect_by_data (manager, self);
  g_source_remove (interrupt);
}

static void
unwatch_all (Monitor *self)
{
  g_autolist (BgtOperation) operations = bgt_manager_list_operations (self->context->manager);

  for (GList *l = operations; l != NULL; l = l->next)
    g_signal_handlers_disconnect_by_data (l->data, self);
}

BtsExitStatus
bts_cmd_monitor (BtsContext *context, char **arguments)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GHashTable) shown = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  Monitor self = {
    .context = context, .loop = loop, .shown = shown, .status = BTS_EXIT_INTERRUPTED
  };
  BtsExitStatus status;

  if (!bts_context_parse (context, NULL, arguments, 0, 0))
    return BTS_EXIT_USAGE;
  status = bts_context_connect (context);
  if (status != BTS_EXIT_DONE)
    return status;
  run (&self);
  unwatch_all (&self);
  return self.status;
}
