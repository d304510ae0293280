/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "lib/bgt-download.h"

#include "common/names.h"
#include "lib/operation-private.h"
#include "lib/remote.h"
#include "lib/wire-properties.h"

/**
 * BgtDownload:
 *
 * A #BgtOperation that brings a file here.
 *
 * Since: 1.0
 */

/**
 * BgtDownload::ranges-downloaded:
 * @self: the download
 * @was_restarted: whether what had arrived before counts no more
 * @added: what is new, a(tt): offset and length
 *
 * More of the file has arrived.
 *
 * Since: 1.0
 */

/**
 * BgtDownload:destination:
 *
 * Where the file is put, or was put under a name of its own: a path, a `file://` URI, or "" for
 * a descriptor.
 *
 * Since: 1.0
 */

/**
 * BgtDownload:random-access:
 *
 * Whether ranges may arrive out of order, over several connections.
 *
 * Since: 1.0
 */

/**
 * BgtDownload:recoverable-errors:
 *
 * Web error statuses that pause it instead of ending it.
 *
 * Since: 1.0
 */

/**
 * BgtDownload:checksum:
 *
 * What the file is checked against before it counts as completed, `sha256:…` for instance; ""
 * for no check.
 *
 * Since: 1.0
 */

struct _BgtDownload
{
  BgtOperation parent_instance;
};

G_DEFINE_FINAL_TYPE (BgtDownload, bgt_download, BGT_TYPE_OPERATION)

static GHashTable *
get_values (BgtDownload *self)
{
  return bts_lib_operation_get_values (BGT_OPERATION (self));
}

static void
bgt_download_init (BgtDownload *self)
{
}

static void
bgt_download_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  bts_lib_properties_get (get_values (BGT_DOWNLOAD (object)), id, value);
}

static void
bgt_download_class_init (BgtDownloadClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = bgt_download_get_property;
  bts_lib_properties_install (object_class, BTS_LIB_OWNER_DOWNLOAD);

  g_signal_new ("ranges-downloaded", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                NULL, G_TYPE_NONE, 2, G_TYPE_BOOLEAN, G_TYPE_VARIANT);
}

/**
 * bgt_download_get_destination:
 * @self: a download
 *
 * Where the file is put, or was put under a name of its own.
 *
 * Returns: (transfer none): a path, a `file://` URI, or "" for a descriptor
 *
 * Since: 1.0
 */
const char *
bgt_download_get_destination (BgtDownload *self)
{
  g_return_val_if_fail (BGT_IS_DOWNLOAD (self), NULL);

  return bts_lib_properties_get_string (get_values (self), "Destination");
}

/**
 * bgt_download_get_checksum:
 * @self: a download
 *
 * What the file is checked against before it counts as completed.
 *
 * Returns: (transfer none): `sha256:…` for instance, or "" for no check
 *
 * Since: 1.0
 */
const char *
bgt_download_get_checksum (BgtDownload *self)
{
  g_return_val_if_fail (BGT_IS_DOWNLOAD (self), NULL);

  return bts_lib_properties_get_string (get_values (self), "Checksum");
}

/**
 * bgt_download_get_random_access:
 * @self: a download
 *
 * Whether ranges may arrive out of order.
 *
 * Returns: %TRUE if so
 *
 * Since: 1.0
 */
gboolean
bgt_download_get_random_access (BgtDownload *self)
{
  g_return_val_if_fail (BGT_IS_DOWNLOAD (self), FALSE);

  return bts_lib_properties_get_boolean (get_values (self), "RandomAccess");
}

/**
 * bgt_download_get_downloaded_ranges_async:
 * @self: a download
 * @cancellable: (nullable): gives up waiting for the answer, not the call itself
 * @callback: (scope async): called when the service has answered
 * @user_data: data for @callback
 *
 * Asks which parts of the file have arrived.
 *
 * Since: 1.0
 */
void
bgt_download_get_downloaded_ranges_async (BgtDownload *self,
                                          GCancellable *cancellable,
                                          GAsyncReadyCallback callback,
                                          gpointer user_data)
{
  g_return_if_fail (BGT_IS_DOWNLOAD (self));

  bts_lib_remote_call_async (bts_lib_operation_get_connection (BGT_OPERATION (self)), self,
                             bgt_download_get_downloaded_ranges_async,
                             bgt_operation_get_object_path (BGT_OPERATION (self)),
                             BGT_INTERFACE_DOWNLOAD, "GetDownloadedRanges", NULL, "(a(tt))", NULL,
                             cancellable, callback, user_data);
}

/**
 * bgt_download_get_downloaded_ranges_finish:
 * @self: a download
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends bgt_download_get_downloaded_ranges_async().
 *
 * Returns: (transfer full): a(tt), offset and length, or %NULL with @error set
 *
 * Since: 1.0
 */
GVariant *
bgt_download_get_downloaded_ranges_finish (BgtDownload *self, GAsyncResult *result, GError **error)
{
  g_autoptr (GVariant) reply = NULL;

  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  reply = bts_lib_remote_call_finish (result, NULL, error);
  return reply != NULL ? g_variant_get_child_value (reply, 0) : NULL;
}

/**
 * bgt_download_request_range_async:
 * @self: a download
 * @offset: the first byte that is wanted
 * @length: how many are
 * @cancellable: (nullable): gives up waiting for the answer, not the call itself
 * @callback: (scope async): called when the service has answered
 * @user_data: data for @callback
 *
 * Asks for this part of the file next.
 *
 * Since: 1.0
 */
void
bgt_download_request_range_async (BgtDownload *self,
                                  guint64 offset,
                                  guint64 length,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  g_return_if_fail (BGT_IS_DOWNLOAD (self));

  bts_lib_remote_call_async (
      bts_lib_operation_get_connection (BGT_OPERATION (self)), self,
      bgt_download_request_range_async, bgt_operation_get_object_path (BGT_OPERATION (self)),
      BGT_INTERFACE_DOWNLOAD, "RequestRange", g_variant_new ("(tt)", offset, length), "()", NULL,
      cancellable, callback, user_data);
}

/**
 * bgt_download_request_range_finish:
 * @self: a download
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends bgt_download_request_range_async().
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
bgt_download_request_range_finish (BgtDownload *self, GAsyncResult *result, GError **error)
{
  g_autoptr (GVariant) reply = NULL;

  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  reply = bts_lib_remote_call_finish (result, NULL, error);
  return reply != NULL;
}
