/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/transfer-job.h"

#include "common/bgt-error.h"
#include "common/bgt-web-error.h"

/* Of what was asked for and not yet looked at, the newest count. */
#define MAX_RANGES 64

struct _BtsTransferJob
{
  char *guid;                         /* (owned) */
  const BtsTransferJobEvents *events; /* (unowned) */
  gpointer user_data;                 /* (unowned) */
  BtsProgress progress;
  GCancellable *stopped; /* (owned) */

  BtsTransferJobMain thread_main;
  gpointer thread_data; /* (owned) (nullable) */
  GDestroyNotify free_data;

  GMutex lock; /* of everything below */
  GCond changed;
  GVariant *request;           /* (owned) a{sv} */
  BtsDestination *destination; /* (owned) (nullable) */
  GVariant *checkpoint;        /* (owned) (nullable) a{sv} */
  GPtrArray *transports;       /* (owned) (element-type BtsTransport): those that run */
  GArray *ranges;              /* (owned) (element-type BtsByteRange): asked for, not yet taken */
  gboolean is_woken;
  BtsRateLimiter *limiter; /* (owned) */
  guint64 own_rate;        /* that the request asks for; 0 for any */
  gboolean is_stopping;
  gboolean keeps_connection;
  guint n_unanswered;
  GError *answer; /* (owned) (nullable): of the last checkpoint */
};

/* What the thread says to the main loop. */
typedef struct
{
  BtsTransferJob *job; /* (owned) */
  GVariant *update;    /* (owned) (nullable) */
  gboolean is_end;
} Message;

static const struct
{
  const char *key;
  const char *type;
} changeable_keys[] = {
  { "max-rate", "t" },
  { "server-credential", "(ss)" },
  { "proxy-credential", "(ss)" },
  { "headers", "a{ss}" },
};

static void
read_rate (BtsTransferJob *self)
{
  self->own_rate = 0;
  g_variant_lookup (self->request, "max-rate", "t", &self->own_rate);
}

BtsTransferJob *
bts_transfer_job_new (const char *guid,
                      GVariant *request,
                      const BtsTransferJobEvents *events,
                      gpointer user_data)
{
  BtsTransferJob *self = g_atomic_rc_box_new0 (BtsTransferJob);

  self->guid = g_strdup (guid);
  self->request = g_variant_ref_sink (request);
  self->events = events;
  self->user_data = user_data;
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  self->stopped = g_cancellable_new ();
  self->transports = g_ptr_array_new_with_free_func (g_object_unref);
  self->ranges = g_array_new (FALSE, FALSE, sizeof (BtsByteRange));
  self->limiter = bts_rate_limiter_new ();
  read_rate (self);
  bts_transfer_job_set_max_rate (self, self->own_rate);
  return self;
}

BtsTransferJob *
bts_transfer_job_ref (BtsTransferJob *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear_job (gpointer data)
{
  BtsTransferJob *self = data;

  g_free (self->guid);
  g_object_unref (self->stopped);
  g_variant_unref (self->request);
  g_clear_pointer (&self->checkpoint, g_variant_unref);
  g_clear_object (&self->destination);
  g_ptr_array_unref (self->transports);
  g_array_unref (self->ranges);
  bts_rate_limiter_unref (self->limiter);
  g_clear_error (&self->answer);
  g_cond_clear (&self->changed);
  g_mutex_clear (&self->lock);
}

void
bts_transfer_job_unref (BtsTransferJob *self)
{
  g_atomic_rc_box_release_full (self, clear_job);
}

const char *
bts_transfer_job_get_guid (BtsTransferJob *self)
{
  return self->guid;
}

BtsProgress *
bts_transfer_job_get_progress (BtsTransferJob *self)
{
  return &self->progress;
}

static void
message_free (gpointer data)
{
  Message *message = data;

  bts_transfer_job_unref (message->job);
  g_clear_pointer (&message->update, g_variant_unref);
  g_free (message);
}

static gboolean
on_message (gpointer data)
{
  Message *message = data;
  BtsTransferJob *self = message->job;

  if (message->is_end)
    self->events->ended (self, message->update, self->user_data);
  else
    self->events->send_checkpoint (self, message->update, self->user_data);
  return G_SOURCE_REMOVE;
}

/* Not g_main_context_invoke(): that may call right here. Sources of one priority keep their
 * order. */
static void
post (BtsTransferJob *self, GVariant *update, gboolean is_end)
{
  Message *message = g_new0 (Message, 1);

  message->job = bts_transfer_job_ref (self);
  message->update = update != NULL ? g_variant_ref (update) : NULL;
  message->is_end = is_end;
  g_idle_add_full (G_PRIORITY_DEFAULT, on_message, message, message_free);
}

static int
get_web_error (const GError *error)
{
  if (error->domain == BGT_WEB_ERROR)
    return error->code;
  return error->domain == BGT_ERROR ? BGT_WEB_ERROR_FILE_ERROR : BGT_WEB_ERROR_CONNECTION_ABORTED;
}

void
bts_transfer_job_add_error (GVariantDict *update, const GError *error)
{
  g_autofree char *message = g_utf8_make_valid (error->message, -1);

  g_variant_dict_insert (update, "error-message", "s", message);
  g_variant_dict_insert (update, "web-error-status", "s",
                         bgt_web_error_to_string (get_web_error (error)));
}

/* Too many threads for this user: a failure like others, tried again later. */
static void
post_no_thread (BtsTransferJob *self, const GError *error)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  g_autoptr (GVariant) update = NULL;

  g_warning ("Cannot start a thread for %s: %s", self->guid, error->message);
  bts_transfer_job_add_error (&dict, error);
  update = g_variant_ref_sink (g_variant_dict_end (&dict));
  post (self, update, TRUE);
}

static gpointer
run_thread (gpointer data)
{
  BtsTransferJob *self = data;
  g_autoptr (GVariant) update = self->thread_main (self, self->thread_data);

  if (self->free_data != NULL)
    self->free_data (g_steal_pointer (&self->thread_data));
  post (self, update, TRUE);
  bts_transfer_job_unref (self);
  return NULL;
}

void
bts_transfer_job_start (BtsTransferJob *self,
                        BtsTransferJobMain thread_main,
                        gpointer data,
                        GDestroyNotify free_data)
{
  g_autoptr (GError) error = NULL;
  GThread *thread = NULL;

  self->thread_main = thread_main;
  self->thread_data = data;
  self->free_data = free_data;
  thread = g_thread_try_new ("job", run_thread, bts_transfer_job_ref (self), &error);
  if (thread != NULL)
    {
      g_thread_unref (thread);
      return;
    }

  bts_transfer_job_unref (self);
  if (free_data != NULL)
    free_data (g_steal_pointer (&self->thread_data));
  post_no_thread (self, error);
}

static void
cancel_transports (BtsTransferJob *self)
{
  for (guint i = 0; i < self->transports->len; i++)
    bts_transport_cancel (g_ptr_array_index (self->transports, i));
}

void
bts_transfer_job_stop (BtsTransferJob *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->is_stopping = TRUE;
  self->is_woken = TRUE;
  g_cancellable_cancel (self->stopped);
  cancel_transports (self);
  g_cond_broadcast (&self->changed);
}

void
bts_transfer_job_reconnect (BtsTransferJob *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  /* Where nothing runs, the next connection is a new one anyway. */
  if (!self->keeps_connection)
    cancel_transports (self);
}

void
bts_transfer_job_change (BtsTransferJob *self, GVariant *changes)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  g_auto (GVariantDict) request = G_VARIANT_DICT_INIT (self->request);

  for (gsize i = 0; i < G_N_ELEMENTS (changeable_keys); i++)
    {
      g_autoptr (GVariant) value = g_variant_lookup_value (
          changes, changeable_keys[i].key, G_VARIANT_TYPE (changeable_keys[i].type));

      if (value != NULL)
        g_variant_dict_insert_value (&request, changeable_keys[i].key, value);
    }
  g_variant_unref (self->request);
  self->request = g_variant_ref_sink (g_variant_dict_end (&request));
  read_rate (self);
}

guint64
bts_transfer_job_get_own_rate (BtsTransferJob *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->own_rate;
}

void
bts_transfer_job_set_max_rate (BtsTransferJob *self, guint64 bytes_per_second)
{
  bts_rate_limiter_set_rate (self->limiter, bytes_per_second, g_get_monotonic_time ());
}

void
bts_transfer_job_take_answer (BtsTransferJob *self, const GError *error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  g_assert (self->n_unanswered > 0);
  self->n_unanswered--;
  g_clear_error (&self->answer);
  if (error != NULL)
    self->answer = g_error_copy (error);
  self->is_woken = TRUE;
  g_cond_broadcast (&self->changed);
}

GVariant *
bts_transfer_job_dup_checkpoint (BtsTransferJob *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->checkpoint != NULL ? g_variant_ref (self->checkpoint) : NULL;
}

void
bts_transfer_job_set_destination (BtsTransferJob *self, BtsDestination *destination)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  g_set_object (&self->destination, destination);
}

BtsDestination *
bts_transfer_job_dup_destination (BtsTransferJob *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->destination != NULL ? g_object_ref (self->destination) : NULL;
}

GVariant *
bts_transfer_job_dup_request (BtsTransferJob *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return g_variant_ref (self->request);
}

gboolean
bts_transfer_job_is_stopping (BtsTransferJob *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->is_stopping;
}

GCancellable *
bts_transfer_job_get_cancellable (BtsTransferJob *self)
{
  return self->stopped;
}

gboolean
bts_transfer_job_run_transport (BtsTransferJob *self,
                                BtsTransport *transport,
                                const BtsTransportRequest *request,
                                const BtsTransportSink *sink,
                                gpointer user_data,
                                GError **error)
{
  BtsTransportRequest limited = *request;
  gboolean is_done;

  limited.limiter = self->limiter;
  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->transports, g_object_ref (transport));
  if (self->is_stopping)
    bts_transport_cancel (transport);
  g_mutex_unlock (&self->lock);

  is_done = bts_transport_run (transport, &limited, sink, user_data, error);

  g_mutex_lock (&self->lock);
  g_ptr_array_remove_fast (self->transports, transport);
  g_mutex_unlock (&self->lock);
  return is_done;
}

void
bts_transfer_job_post_checkpoint (BtsTransferJob *self, GVariant *update, GVariant *checkpoint)
{
  g_mutex_lock (&self->lock);
  g_clear_pointer (&self->checkpoint, g_variant_unref);
  self->checkpoint = g_variant_ref (checkpoint);
  self->n_unanswered++;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  post (self, update, FALSE);
}

gboolean
bts_transfer_job_is_checkpoint_pending (BtsTransferJob *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->n_unanswered > 0;
}

gboolean
bts_transfer_job_wait_for_answers (BtsTransferJob *self, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  while (self->n_unanswered > 0)
    g_cond_wait (&self->changed, &self->lock);
  if (self->answer == NULL)
    return TRUE;
  g_propagate_error (error, g_error_copy (self->answer));
  return FALSE;
}

void
bts_transfer_job_sleep (BtsTransferJob *self, gint64 duration_us)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  gint64 end = g_get_monotonic_time () + duration_us;

  while (!self->is_stopping)
    if (!g_cond_wait_until (&self->changed, &self->lock, end))
      return;
}

/* ---- several threads ---- */

void
bts_transfer_job_set_keeps_connection (BtsTransferJob *self, gboolean keeps_connection)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->keeps_connection = keeps_connection;
}

void
bts_transfer_job_wait (BtsTransferJob *self, gint64 end)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  while (!self->is_woken)
    if (!g_cond_wait_until (&self->changed, &self->lock, end))
      break;
  self->is_woken = FALSE;
}

void
bts_transfer_job_wake_up (BtsTransferJob *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->is_woken = TRUE;
  g_cond_broadcast (&self->changed);
}

void
bts_transfer_job_request_range (BtsTransferJob *self, guint64 offset, guint64 length)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  BtsByteRange range = { offset, length };

  if (self->ranges->len == MAX_RANGES)
    g_array_remove_index (self->ranges, 0);
  g_array_append_val (self->ranges, range);
  self->is_woken = TRUE;
  g_cond_broadcast (&self->changed);
}

gboolean
bts_transfer_job_take_range (BtsTransferJob *self, BtsByteRange *range)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (self->ranges->len == 0)
    return FALSE;
  *range = g_array_index (self->ranges, BtsByteRange, 0);
  g_array_remove_index (self->ranges, 0);
  return TRUE;
}

guint64
bts_transfer_job_get_max_rate (BtsTransferJob *self)
{
  return bts_rate_limiter_get_rate (self->limiter);
}
