/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/range-connection.h"

#include "common/bgt-web-error.h"

/* While somebody waits for a part they are that much smaller, so that all connections bring it, its
 * beginning first. */
#define SERVING_DIVISOR 4

struct _BtsRangeConnection
{
  BtsRangeShared *shared; /* (unowned) */
  guint id;
  GThread *thread; /* (owned) */

  /* The thread's own. */
  BtsWriter *writer;        /* (unowned): the destination's, for this connection */
  BtsTransport *transport;  /* (owned) (nullable); made and dropped under the lock */
  guint64 chosen_size;      /* of the piece under way, had there been no other reasons */
  guint64 n_received;       /* of it */
  gint64 body_length;       /* of the answer to it; -1 unknown */
  gint64 piece_start;       /* when the one under way began */
  gboolean has_disk_failed; /* the last error was the disk's */

  /* Under the lock. */
  BtsByteRange asked;
  const BtsTransportHead *head; /* (unowned) (nullable): waits for _answer */
  gboolean is_fine;             /* the answer */
  GError *refusal;              /* (owned) (nullable): the answer */
  gboolean is_flowing;
  gint64 last_data;
  gboolean is_interrupted; /* the piece is to be left */
  gboolean is_ending;      /* and no other to be taken */
  gboolean has_ended;
  gboolean is_fatal;
  gboolean is_doubtful;
  GError *error; /* (owned) (nullable) */
};

void
bts_range_shared_init (BtsRangeShared *self, const BtsRangeFetchSpec *spec, BtsRangePlan *plan)
{
  self->spec = spec;
  self->plan = plan;
  self->n_wanted = 1;
  bts_piece_size_init (&self->piece_size);
  g_mutex_init (&self->lock);
  g_cond_init (&self->answered);
}

void
bts_range_shared_clear (BtsRangeShared *self)
{
  g_clear_pointer (&self->plan, bts_range_plan_free);
  g_clear_pointer (&self->validator, g_free);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->answered);
}

static void
set_left (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "The piece was left");
}

/* ---- where the bytes go ---- */

static gboolean
take_head (const BtsTransportHead *head, gpointer user_data, GError **error)
{
  BtsRangeConnection *self = user_data;
  BtsRangeShared *shared = self->shared;
  gboolean is_fine = FALSE;

  self->body_length = head->body_length;
  g_mutex_lock (&shared->lock);
  self->head = head;
  g_mutex_unlock (&shared->lock);
  bts_transfer_job_wake_up (shared->spec->job);

  g_mutex_lock (&shared->lock);
  while (self->head != NULL)
    g_cond_wait (&shared->answered, &shared->lock);
  is_fine = self->is_fine;
  if (is_fine && head->status_code != 206 && head->body_offset == 0)
    bts_range_plan_extend (shared->plan, self->id);
  if (self->refusal != NULL)
    g_propagate_error (error, g_steal_pointer (&self->refusal));
  else if (!is_fine)
    set_left (error);
  g_mutex_unlock (&shared->lock);
  return is_fine;
}

static gpointer
get_buffer (gsize *size, gpointer user_data)
{
  BtsRangeConnection *self = user_data;
  gpointer buffer = bts_writer_get_buffer (self->writer, size);
  guint64 left = 0;

  g_mutex_lock (&self->shared->lock);
  left = bts_range_plan_get_left (self->shared->plan, self->id);
  g_mutex_unlock (&self->shared->lock);
  *size = (gsize) CLAMP (left, 1, *size);
  return buffer;
}

static gboolean
take_data (gsize size, gpointer user_data, GError **error)
{
  BtsRangeConnection *self = user_data;
  BtsRangeShared *shared = self->shared;
  guint64 left = 0;
  gboolean is_left = FALSE;
  gboolean is_due = FALSE;

  self->n_received += size;
  self->has_disk_failed = !bts_writer_commit (self->writer, size, error);
  if (self->has_disk_failed)
    return FALSE;

  g_mutex_lock (&shared->lock);
  left = bts_range_plan_advance (shared->plan, self->id, size);
  bts_transfer_job_get_progress (shared->spec->job)->received =
      bts_range_plan_get_received (shared->plan);
  /* The first bytes begin the time until they are kept. */
  is_due = shared->n_unkept == 0 || (shared->n_unkept < shared->spec->checkpoint_bytes &&
                                     shared->n_unkept + size >= shared->spec->checkpoint_bytes);
  shared->n_unkept += size;
  self->is_flowing = TRUE;
  self->last_data = shared->last_data = g_get_monotonic_time ();
  is_left =
      self->is_interrupted ||
      (left == 0 && (self->body_length < 0 || self->n_received < (guint64) self->body_length));
  g_mutex_unlock (&shared->lock);

  if (is_due)
    bts_transfer_job_wake_up (shared->spec->job);
  if (is_left)
    {
      set_left (error);
      return FALSE;
    }
  return TRUE;
}

static const BtsTransportSink sink = { take_head, get_buffer, take_data };

/* ---- the thread ---- */

/* Returns the validator for the request in @validator. */
static gboolean
take_piece (BtsRangeConnection *self, char **validator)
{
  BtsRangeShared *shared = self->shared;
  gboolean is_taken = FALSE;
  gboolean is_wanted = FALSE;
  guint64 size = 0;

  g_mutex_lock (&shared->lock);
  size = self->chosen_size = bts_piece_size_choose (&shared->piece_size);
  if (bts_range_plan_is_serving (shared->plan))
    size /= SERVING_DIVISOR;
  /* One that was called away is wanted elsewhere, also where it is one too many. */
  is_wanted = self->is_interrupted || shared->n_running <= shared->n_wanted;
  self->is_interrupted = FALSE;
  if (!self->is_ending && is_wanted)
    is_taken = bts_range_plan_take (shared->plan, self->id, size, &self->asked);
  self->last_data = g_get_monotonic_time ();
  *validator = g_strdup (shared->validator);
  if (!is_taken)
    {
      bts_piece_size_take (&shared->piece_size, self->chosen_size, 0, 0);
      self->is_ending = TRUE;
      shared->n_running--;
    }
  g_mutex_unlock (&shared->lock);
  return is_taken;
}

static gboolean
make_transport (BtsRangeConnection *self, const char *uri, GError **error)
{
  const BtsRangeFetchSpec *spec = self->shared->spec;
  BtsTransport *transport =
      self->transport != NULL ? self->transport : spec->new_transport (uri, spec->factory_data);

  if (transport == NULL)
    {
      g_set_error_literal (error, BGT_WEB_ERROR, BGT_WEB_ERROR_CANNOT_CONNECT,
                           "Nothing here can fetch this kind of URI");
      return FALSE;
    }
  g_mutex_lock (&self->shared->lock);
  self->transport = transport;
  if (self->is_interrupted)
    bts_transport_cancel (transport);
  g_mutex_unlock (&self->shared->lock);
  return TRUE;
}

static gboolean
run_transport (BtsRangeConnection *self, const char *validator, GError **error)
{
  const BtsRangeFetchSpec *spec = self->shared->spec;
  g_autoptr (GVariant) values = bts_transfer_job_dup_request (spec->job);
  BtsTransportRequest request = { .request = values,
                                  .offset = self->asked.offset,
                                  .length = self->asked.length,
                                  .validator = validator,
                                  .body = spec->body,
                                  .cookies = spec->record->cookies };

  g_variant_lookup (values, "uri", "&s", &request.uri);
  self->has_disk_failed = !bts_writer_seek (self->writer, self->asked.offset, error);
  if (self->has_disk_failed)
    return FALSE;
  return make_transport (self, request.uri, error) &&
         bts_transfer_job_run_transport (spec->job, self->transport, &request, &sink, self, error);
}

/* Whether the piece has come, or was left for a reason that says nothing about the way. */
static gboolean
finish_piece (BtsRangeConnection *self, GError **error)
{
  BtsRangeShared *shared = self->shared;
  gboolean is_transport_good = *error == NULL;
  gint64 elapsed_us = g_get_monotonic_time () - self->piece_start;

  if (g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_clear_error (error);
  if (!self->has_disk_failed)
    self->has_disk_failed = !bts_writer_flush (self->writer, *error == NULL ? error : NULL);

  g_mutex_lock (&shared->lock);
  bts_piece_size_take (&shared->piece_size, self->chosen_size, self->n_received, elapsed_us);
  bts_range_plan_release (shared->plan, self->id);
  if (!is_transport_good)
    g_clear_object (&self->transport);
  g_mutex_unlock (&shared->lock);
  return *error == NULL;
}

static gpointer
run_thread (gpointer data)
{
  BtsRangeConnection *self = data;
  BtsRangeShared *shared = self->shared;
  GError *error = NULL;

  for (;;)
    {
      g_autofree char *validator = NULL;

      if (!take_piece (self, &validator))
        break;
      self->piece_start = g_get_monotonic_time ();
      self->n_received = 0;
      self->body_length = -1;
      if (!run_transport (self, validator, &error) && error == NULL)
        set_left (&error);
      if (finish_piece (self, &error))
        {
          bts_transfer_job_wake_up (shared->spec->job);
          continue;
        }
      g_mutex_lock (&shared->lock);
      shared->n_running--;
      g_mutex_unlock (&shared->lock);
      break;
    }

  g_mutex_lock (&shared->lock);
  self->error = error;
  self->is_fatal = self->has_disk_failed;
  self->is_doubtful = self->n_received > 0 &&
                      g_error_matches (error, BGT_WEB_ERROR, BGT_WEB_ERROR_INVALID_SERVER_RESPONSE);
  self->has_ended = TRUE;
  g_mutex_unlock (&shared->lock);
  bts_transfer_job_wake_up (shared->spec->job);
  return NULL;
}

/* ---- for the job's thread ---- */

BtsRangeConnection *
bts_range_connection_new (BtsRangeShared *shared, guint id, GError **error)
{
  BtsRangeConnection *self = g_new0 (BtsRangeConnection, 1);

  self->shared = shared;
  self->id = id;
  self->writer = bts_destination_add_writer (shared->spec->destination);
  g_mutex_lock (&shared->lock);
  shared->n_running++;
  g_mutex_unlock (&shared->lock);
  self->thread = g_thread_try_new ("connection", run_thread, self, error);
  if (self->thread != NULL)
    return self;

  g_mutex_lock (&shared->lock);
  shared->n_running--;
  g_mutex_unlock (&shared->lock);
  bts_range_connection_free (self);
  return NULL;
}

void
bts_range_connection_free (BtsRangeConnection *self)
{
  if (self->thread != NULL)
    g_thread_join (self->thread);
  bts_destination_drop_writer (self->shared->spec->destination, self->writer);
  g_clear_object (&self->transport);
  g_clear_error (&self->refusal);
  g_clear_error (&self->error);
  g_free (self);
}

const BtsTransportHead *
bts_range_connection_get_head (BtsRangeConnection *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->shared->lock);

  return self->head;
}

BtsByteRange
bts_range_connection_get_asked (BtsRangeConnection *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->shared->lock);

  return self->asked;
}

void
bts_range_connection_answer (BtsRangeConnection *self, gboolean is_fine, const GError *error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->shared->lock);

  self->head = NULL;
  self->is_fine = is_fine;
  g_clear_error (&self->refusal);
  if (error != NULL)
    self->refusal = g_error_copy (error);
  g_cond_broadcast (&self->shared->answered);
}

gboolean
bts_range_connection_is_flowing (BtsRangeConnection *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->shared->lock);

  return self->is_flowing;
}

gint64
bts_range_connection_get_last_data (BtsRangeConnection *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->shared->lock);

  return self->last_data;
}

static void
interrupt (BtsRangeConnection *self)
{
  self->is_interrupted = TRUE;
  if (self->transport != NULL)
    bts_transport_cancel (self->transport);
}

void
bts_range_connection_interrupt (BtsRangeConnection *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->shared->lock);

  self->is_ending = TRUE;
  interrupt (self);
}

void
bts_range_connection_reconnect (BtsRangeConnection *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->shared->lock);

  if (!self->is_interrupted)
    interrupt (self);
}

gboolean
bts_range_connection_interrupt_elsewhere (BtsRangeConnection *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->shared->lock);

  if (self->is_interrupted || self->has_ended ||
      !bts_range_plan_is_elsewhere (self->shared->plan, self->id))
    return FALSE;
  interrupt (self);
  return TRUE;
}

gboolean
bts_range_connection_has_ended (BtsRangeConnection *self, GError **error, gboolean *is_fatal)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->shared->lock);

  if (!self->has_ended)
    return FALSE;
  if (self->error != NULL)
    g_propagate_error (error, g_error_copy (self->error));
  *is_fatal = self->is_fatal;
  return TRUE;
}

gboolean
bts_range_connection_is_doubtful (BtsRangeConnection *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->shared->lock);

  return self->is_doubtful;
}
