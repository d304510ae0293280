/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "lib/bgt-operation.h"

#include "common/names.h"
#include "lib/bgt-download.h"
#include "lib/bgt-enum-types.h"
#include "lib/bgt-upload.h"
#include "lib/operation-private.h"
#include "lib/remote.h"
#include "lib/wire-properties.h"

/**
 * BgtOperation:
 *
 * A transfer that the service keeps. Its properties follow those on the bus as long as the
 * #BgtManager it comes from lives; they are notified in the thread-default main context in which
 * the manager was made.
 *
 * The object outlives a restart of the service: it goes on to show the same transfer.
 *
 * Since: 1.0
 */

/**
 * BgtOperation::finished:
 * @self: the operation
 *
 * The operation is completed, canceled or ended with an error, and all its properties say so.
 * Emitted once; again only after an operation that ended in an error was resumed.
 *
 * Since: 1.0
 */

/**
 * BgtOperation::removed:
 * @self: the operation
 *
 * The service does not know the operation any more; it was acknowledged.
 *
 * Since: 1.0
 */

/**
 * BgtOperation:guid:
 *
 * The name by which it is known: a UUID with `_` for `-`.
 *
 * Since: 1.0
 */

/**
 * BgtOperation:kind:
 *
 * Whether it is a download or an upload.
 *
 * Since: 1.0
 */

/**
 * BgtOperation:status:
 *
 * How it is.
 *
 * Since: 1.0
 */

/**
 * BgtOperation:requested-uri:
 *
 * What was asked for, before redirects.
 *
 * Since: 1.0
 */

/**
 * BgtOperation:method:
 *
 * The method of its requests, `GET` for instance.
 *
 * Since: 1.0
 */

/**
 * BgtOperation:cost-policy:
 *
 * On which networks it may move.
 *
 * Since: 1.0
 */

/**
 * BgtOperation:priority:
 *
 * How urgent it is.
 *
 * Since: 1.0
 */

/**
 * BgtOperation:max-rate:
 *
 * The limit of its rate in bytes per second, 0 for no limit.
 *
 * Since: 1.0
 */

/**
 * BgtOperation:blocked-by:
 *
 * Every reason that now keeps it from moving, `no-network` for instance; none while bytes may
 * flow.
 *
 * Since: 1.0
 */

/**
 * BgtOperation:next-attempt:
 *
 * When the clock lets it go on: Unix time in microseconds, or 0.
 *
 * Since: 1.0
 */

/**
 * BgtOperation:group:
 *
 * The object path of its group, `/` for none.
 *
 * Since: 1.0
 */

/**
 * BgtOperation:completion-group:
 *
 * The object path of its completion group, `/` for none.
 *
 * Since: 1.0
 */

/**
 * BgtOperation:application-id:
 *
 * Which application's it is.
 *
 * Since: 1.0
 */

/**
 * BgtOperation:uid:
 *
 * Which user's it is.
 *
 * Since: 1.0
 */

/**
 * BgtOperation:created-time:
 *
 * When it was created: Unix time in microseconds.
 *
 * Since: 1.0
 */

/**
 * BgtOperation:finished-time:
 *
 * When it came to its end: Unix time in microseconds, 0 before.
 *
 * Since: 1.0
 */

/**
 * BgtOperation:bytes-received:
 *
 * How many bytes have arrived.
 *
 * Since: 1.0
 */

/**
 * BgtOperation:total-bytes-to-receive:
 *
 * How many bytes there are to receive, 0 where unknown.
 *
 * Since: 1.0
 */

/**
 * BgtOperation:bytes-sent:
 *
 * How many bytes have been sent.
 *
 * Since: 1.0
 */

/**
 * BgtOperation:total-bytes-to-send:
 *
 * How many bytes there are to send, 0 where unknown.
 *
 * Since: 1.0
 */

/**
 * BgtOperation:has-restarted:
 *
 * Whether what had arrived once had to be thrown away.
 *
 * Since: 1.0
 */

/**
 * BgtOperation:has-response-changed:
 *
 * Whether the server has answered differently than before.
 *
 * Since: 1.0
 */

/**
 * BgtOperation:web-error-status:
 *
 * Why it failed or is paused, or, until its next try, why the last one failed: a word of
 * #BgtWebError or `http-` and the status code; "" while there is no error.
 *
 * Since: 1.0
 */

/**
 * BgtOperation:error-message:
 *
 * The same as #BgtOperation:web-error-status, for people; "" while there is no error.
 *
 * Since: 1.0
 */

/**
 * BgtOperation:metadata:
 *
 * The application's own data, a{sv}, as it was given.
 *
 * Since: 1.0
 */

typedef struct
{
  GDBusConnection *connection; /* (owned) */
  char *path;                  /* (owned) */
  GHashTable *values;          /* (owned) (element-type utf8 GVariant) */
  GCancellable *cancellable;   /* (owned): ends what runs when the object goes */
  gboolean has_finished;       /* `finished` was emitted, or is about to be */
  gboolean is_removed;
} BgtOperationPrivate;

G_DEFINE_TYPE_WITH_PRIVATE (BgtOperation, bgt_operation, G_TYPE_OBJECT)

enum
{
  SIGNAL_FINISHED,
  SIGNAL_REMOVED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static BgtOperationPrivate *
get_private (BgtOperation *self)
{
  return bgt_operation_get_instance_private (self);
}

static void
bgt_operation_init (BgtOperation *self)
{
  BgtOperationPrivate *priv = get_private (self);

  priv->values =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_variant_unref);
  priv->cancellable = g_cancellable_new ();
}

static void
bgt_operation_dispose (GObject *object)
{
  BgtOperationPrivate *priv = get_private (BGT_OPERATION (object));

  g_cancellable_cancel (priv->cancellable);
  g_clear_object (&priv->connection);
  G_OBJECT_CLASS (bgt_operation_parent_class)->dispose (object);
}

static void
bgt_operation_finalize (GObject *object)
{
  BgtOperationPrivate *priv = get_private (BGT_OPERATION (object));

  g_clear_object (&priv->cancellable);
  g_clear_pointer (&priv->values, g_hash_table_unref);
  g_clear_pointer (&priv->path, g_free);
  G_OBJECT_CLASS (bgt_operation_parent_class)->finalize (object);
}

static void
bgt_operation_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  bts_lib_properties_get (get_private (BGT_OPERATION (object))->values, id, value);
}

static void
bgt_operation_class_init (BgtOperationClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = bgt_operation_dispose;
  object_class->finalize = bgt_operation_finalize;
  object_class->get_property = bgt_operation_get_property;
  bts_lib_properties_install (object_class, BTS_LIB_OWNER_OPERATION);

  signals[SIGNAL_FINISHED] = g_signal_new ("finished", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                           0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_REMOVED] = g_signal_new ("removed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                          0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

BgtOperation *
bts_lib_operation_new (GDBusConnection *connection, const char *path, BgtOperationKind kind)
{
  const GType type = kind == BGT_OPERATION_KIND_DOWNLOAD ? BGT_TYPE_DOWNLOAD : BGT_TYPE_UPLOAD;
  BgtOperation *self = g_object_new (type, NULL);
  BgtOperationPrivate *priv = get_private (self);

  priv->connection = g_object_ref (connection);
  priv->path = g_strdup (path);
  return self;
}

/* The last values may still be on their way when the end is known: what the service says now
 * counts. Where it does not answer, the object has been acknowledged and what is known stands. */
static void
on_final_values (GObject *source, GAsyncResult *result, gpointer user_data)
{
  BgtOperation *self = BGT_OPERATION (source);
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GVariant) properties = NULL;
  g_autoptr (GError) error = NULL;

  reply = bts_lib_remote_call_finish (result, NULL, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (reply != NULL)
    {
      g_variant_get (reply, "(@a{sv})", &properties);
      bts_lib_operation_update (self, properties);
    }
  if (bgt_operation_is_finished (self))
    g_signal_emit (self, signals[SIGNAL_FINISHED], 0);
}

static void
begin_finished (BgtOperation *self)
{
  BgtOperationPrivate *priv = get_private (self);

  if (priv->has_finished)
    return;
  priv->has_finished = TRUE;
  bts_lib_remote_call_async (priv->connection, self, begin_finished, priv->path,
                             "org.freedesktop.DBus.Properties", "GetAll",
                             g_variant_new ("(s)", BGT_INTERFACE_OPERATION), "(a{sv})", NULL,
                             priv->cancellable, on_final_values, NULL);
}

void
bts_lib_operation_update (BgtOperation *self, GVariant *properties)
{
  BgtOperationPrivate *priv = get_private (self);
  const gboolean is_new = g_hash_table_size (priv->values) == 0;

  bts_lib_properties_update (priv->values, properties, G_OBJECT (self));
  if (is_new)
    priv->has_finished = bgt_operation_is_finished (self);
  else if (bgt_operation_is_finished (self))
    begin_finished (self);
  else
    priv->has_finished = FALSE;
}

void
bts_lib_operation_handle_signal (BgtOperation *self, const char *signal, GVariant *parameters)
{
  if (BGT_IS_DOWNLOAD (self) && g_str_equal (signal, "RangesDownloaded") &&
      g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(ba(tt))")))
    {
      g_autoptr (GVariant) added = NULL;
      gboolean was_restarted;

      g_variant_get (parameters, "(b@a(tt))", &was_restarted, &added);
      g_signal_emit_by_name (self, "ranges-downloaded", was_restarted, added);
    }
}

void
bts_lib_operation_set_removed (BgtOperation *self)
{
  BgtOperationPrivate *priv = get_private (self);

  if (priv->is_removed)
    return;
  priv->is_removed = TRUE;
  g_signal_emit (self, signals[SIGNAL_REMOVED], 0);
}

GDBusConnection *
bts_lib_operation_get_connection (BgtOperation *self)
{
  return get_private (self)->connection;
}

GHashTable *
bts_lib_operation_get_values (BgtOperation *self)
{
  return get_private (self)->values;
}

/**
 * bgt_operation_get_object_path:
 * @self: an operation
 *
 * Its place on the bus.
 *
 * Returns: (transfer none): an object path
 *
 * Since: 1.0
 */
const char *
bgt_operation_get_object_path (BgtOperation *self)
{
  g_return_val_if_fail (BGT_IS_OPERATION (self), NULL);

  return get_private (self)->path;
}

/**
 * bgt_operation_get_guid:
 * @self: an operation
 *
 * The name by which it is known.
 *
 * Returns: (transfer none): a UUID with `_` for `-`
 *
 * Since: 1.0
 */
const char *
bgt_operation_get_guid (BgtOperation *self)
{
  g_return_val_if_fail (BGT_IS_OPERATION (self), NULL);

  return bts_lib_properties_get_string (get_private (self)->values, "Guid");
}

/**
 * bgt_operation_get_requested_uri:
 * @self: an operation
 *
 * What was asked for, before redirects.
 *
 * Returns: (transfer none): a URI
 *
 * Since: 1.0
 */
const char *
bgt_operation_get_requested_uri (BgtOperation *self)
{
  g_return_val_if_fail (BGT_IS_OPERATION (self), NULL);

  return bts_lib_properties_get_string (get_private (self)->values, "RequestedUri");
}

/**
 * bgt_operation_get_method:
 * @self: an operation
 *
 * The method of its requests.
 *
 * Returns: (transfer none): `GET` for instance
 *
 * Since: 1.0
 */
const char *
bgt_operation_get_method (BgtOperation *self)
{
  g_return_val_if_fail (BGT_IS_OPERATION (self), NULL);

  return bts_lib_properties_get_string (get_private (self)->values, "Method");
}

/**
 * bgt_operation_get_max_rate:
 * @self: an operation
 *
 * The limit of its rate.
 *
 * Returns: bytes per second, 0 for no limit
 *
 * Since: 1.0
 */
guint64
bgt_operation_get_max_rate (BgtOperation *self)
{
  g_return_val_if_fail (BGT_IS_OPERATION (self), 0);

  return bts_lib_properties_get_uint64 (get_private (self)->values, "MaxRate");
}

/**
 * bgt_operation_get_next_attempt:
 * @self: an operation
 *
 * When it will be tried again, where the clock decides that.
 *
 * Returns: Unix time in microseconds, or 0
 *
 * Since: 1.0
 */
gint64
bgt_operation_get_next_attempt (BgtOperation *self)
{
  g_return_val_if_fail (BGT_IS_OPERATION (self), 0);

  return bts_lib_properties_get_int64 (get_private (self)->values, "NextAttempt");
}

/**
 * bgt_operation_get_application_id:
 * @self: an operation
 *
 * Whose it is.
 *
 * Returns: (transfer none): an application ID
 *
 * Since: 1.0
 */
const char *
bgt_operation_get_application_id (BgtOperation *self)
{
  g_return_val_if_fail (BGT_IS_OPERATION (self), NULL);

  return bts_lib_properties_get_string (get_private (self)->values, "ApplicationId");
}

/**
 * bgt_operation_get_created_time:
 * @self: an operation
 *
 * When it was created.
 *
 * Returns: Unix time in microseconds
 *
 * Since: 1.0
 */
gint64
bgt_operation_get_created_time (BgtOperation *self)
{
  g_return_val_if_fail (BGT_IS_OPERATION (self), 0);

  return bts_lib_properties_get_int64 (get_private (self)->values, "Created");
}

/**
 * bgt_operation_get_finished_time:
 * @self: an operation
 *
 * When it came to its end.
 *
 * Returns: Unix time in microseconds, 0 before
 *
 * Since: 1.0
 */
gint64
bgt_operation_get_finished_time (BgtOperation *self)
{
  g_return_val_if_fail (BGT_IS_OPERATION (self), 0);

  return bts_lib_properties_get_int64 (get_private (self)->values, "Finished");
}

/**
 * bgt_operation_get_bytes_received:
 * @self: an operation
 *
 * How much has arrived.
 *
 * Returns: bytes
 *
 * Since: 1.0
 */
guint64
bgt_operation_get_bytes_received (BgtOperation *self)
{
  g_return_val_if_fail (BGT_IS_OPERATION (self), 0);

  return bts_lib_properties_get_uint64 (get_private (self)->values, "BytesReceived");
}

/**
 * bgt_operation_get_total_bytes_to_receive:
 * @self: an operation
 *
 * How much there is to receive.
 *
 * Returns: bytes, 0 where unknown
 *
 * Since: 1.0
 */
guint64
bgt_operation_get_total_bytes_to_receive (BgtOperation *self)
{
  g_return_val_if_fail (BGT_IS_OPERATION (self), 0);

  return bts_lib_properties_get_uint64 (get_private (self)->values, "TotalBytesToReceive");
}

/**
 * bgt_operation_get_bytes_sent:
 * @self: an operation
 *
 * How much has been sent.
 *
 * Returns: bytes
 *
 * Since: 1.0
 */
guint64
bgt_operation_get_bytes_sent (BgtOperation *self)
{
  g_return_val_if_fail (BGT_IS_OPERATION (self), 0);

  return bts_lib_properties_get_uint64 (get_private (self)->values, "BytesSent");
}

/**
 * bgt_operation_get_total_bytes_to_send:
 * @self: an operation
 *
 * How much there is to send.
 *
 * Returns: bytes, 0 where unknown
 *
 * Since: 1.0
 */
guint64
bgt_operation_get_total_bytes_to_send (BgtOperation *self)
{
  g_return_val_if_fail (BGT_IS_OPERATION (self), 0);

  return bts_lib_properties_get_uint64 (get_private (self)->values, "TotalBytesToSend");
}

/**
 * bgt_operation_get_web_error_status:
 * @self: an operation
 *
 * Why it failed or is paused, or, until its next try, why the last one failed: a word of
 * #BgtWebError or `http-` and the status code.
 *
 * Returns: (transfer none): "" while there is no error
 *
 * Since: 1.0
 */
const char *
bgt_operation_get_web_error_status (BgtOperation *self)
{
  g_return_val_if_fail (BGT_IS_OPERATION (self), NULL);

  return bts_lib_properties_get_string (get_private (self)->values, "WebErrorStatus");
}

/**
 * bgt_operation_get_error_message:
 * @self: an operation
 *
 * The same as bgt_operation_get_web_error_status(), for people.
 *
 * Returns: (transfer none): "" while there is no error
 *
 * Since: 1.0
 */
const char *
bgt_operation_get_error_message (BgtOperation *self)
{
  g_return_val_if_fail (BGT_IS_OPERATION (self), NULL);

  return bts_lib_properties_get_string (get_private (self)->values, "ErrorMessage");
}

/**
 * bgt_operation_get_kind:
 * @self: an operation
 *
 * Whether it is a download or an upload.
 *
 * Returns: a #BgtOperationKind
 *
 * Since: 1.0
 */
BgtOperationKind
bgt_operation_get_kind (BgtOperation *self)
{
  BgtOperationKind value = BGT_OPERATION_KIND_DOWNLOAD;

  g_return_val_if_fail (BGT_IS_OPERATION (self), value);

  bgt_operation_kind_from_string (
      bts_lib_properties_get_string (get_private (self)->values, "Kind"), &value);
  return value;
}

/**
 * bgt_operation_get_status:
 * @self: an operation
 *
 * How it is.
 *
 * Returns: a #BgtOperationStatus
 *
 * Since: 1.0
 */
BgtOperationStatus
bgt_operation_get_status (BgtOperation *self)
{
  BgtOperationStatus value = BGT_OPERATION_STATUS_IDLE;

  g_return_val_if_fail (BGT_IS_OPERATION (self), value);

  bgt_operation_status_from_string (
      bts_lib_properties_get_string (get_private (self)->values, "Status"), &value);
  return value;
}

/**
 * bgt_operation_get_cost_policy:
 * @self: an operation
 *
 * On which networks it may move.
 *
 * Returns: a #BgtCostPolicy
 *
 * Since: 1.0
 */
BgtCostPolicy
bgt_operation_get_cost_policy (BgtOperation *self)
{
  BgtCostPolicy value = BGT_COST_POLICY_DEFAULT;

  g_return_val_if_fail (BGT_IS_OPERATION (self), value);

  bgt_cost_policy_from_string (
      bts_lib_properties_get_string (get_private (self)->values, "CostPolicy"), &value);
  return value;
}

/**
 * bgt_operation_get_priority:
 * @self: an operation
 *
 * How urgent it is.
 *
 * Returns: a #BgtPriority
 *
 * Since: 1.0
 */
BgtPriority
bgt_operation_get_priority (BgtOperation *self)
{
  BgtPriority value = BGT_PRIORITY_DEFAULT;

  g_return_val_if_fail (BGT_IS_OPERATION (self), value);

  bgt_priority_from_string (bts_lib_properties_get_string (get_private (self)->values, "Priority"),
                            &value);
  return value;
}

/**
 * bgt_operation_dup_blocked_by:
 * @self: an operation
 *
 * Every reason that now keeps an unfinished operation from moving, `no-network` for instance.
 *
 * Returns: (transfer full) (array zero-terminated=1): the reasons, none while bytes may flow
 *
 * Since: 1.0
 */
char **
bgt_operation_dup_blocked_by (BgtOperation *self)
{
  g_return_val_if_fail (BGT_IS_OPERATION (self), NULL);

  return bts_lib_properties_dup_strv (get_private (self)->values, "BlockedBy");
}

/**
 * bgt_operation_is_finished:
 * @self: an operation
 *
 * Whether it is completed, canceled or ended with an error.
 *
 * Returns: %TRUE once the status is final
 *
 * Since: 1.0
 */
gboolean
bgt_operation_is_finished (BgtOperation *self)
{
  return bgt_operation_status_is_final (bgt_operation_get_status (self));
}

/**
 * bgt_operation_is_removed:
 * @self: an operation
 *
 * Whether the service has forgotten the operation, so that every call would fail.
 *
 * Returns: %TRUE after #BgtOperation::removed
 *
 * Since: 1.0
 */
gboolean
bgt_operation_is_removed (BgtOperation *self)
{
  g_return_val_if_fail (BGT_IS_OPERATION (self), TRUE);

  return get_private (self)->is_removed;
}

/**
 * bgt_operation_has_restarted:
 * @self: an operation
 *
 * Whether what had arrived once had to be thrown away.
 *
 * Returns: %TRUE if the transfer has started over
 *
 * Since: 1.0
 */
gboolean
bgt_operation_has_restarted (BgtOperation *self)
{
  g_return_val_if_fail (BGT_IS_OPERATION (self), FALSE);

  return bts_lib_properties_get_boolean (get_private (self)->values, "HasRestarted");
}

/**
 * bgt_operation_has_response_changed:
 * @self: an operation
 *
 * Whether the server has answered differently than before.
 *
 * Returns: %TRUE if bgt_operation_get_response_information_async() tells something new
 *
 * Since: 1.0
 */
gboolean
bgt_operation_has_response_changed (BgtOperation *self)
{
  g_return_val_if_fail (BGT_IS_OPERATION (self), FALSE);

  return bts_lib_properties_get_boolean (get_private (self)->values, "HasResponseChanged");
}
