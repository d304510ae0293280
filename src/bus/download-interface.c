/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/interfaces.h"
#include "bus/property-notifier.h"
#include "common/bgt-error.h"
#include "introspection/bus-interface-info.h"

static void
handle_get_downloaded_ranges (BtsInvocation *call, GVariant *parameters)
{
  g_autoptr (BtsOperationView) view =
                 bts_property_notifier_dup_view (call->bus->notifier, call->operation);
  g_autoptr (GVariant) ranges = bts_byte_ranges_to_variant (view->ranges);

  bts_invocation_return (call, g_variant_new ("(@a(tt))", ranges));
}

static gboolean
has_random_access (BtsRequest *request)
{
  GVariant *value = bts_request_lookup (request, "random-access");

  return value != NULL && g_variant_get_boolean (value);
}

static void
handle_request_range (BtsInvocation *call, GVariant *parameters)
{
  guint64 offset, length;
  guint64 total = bts_operation_get_total_to_receive (call->operation);

  g_variant_get (parameters, "(tt)", &offset, &length);
  if (!has_random_access (bts_operation_get_request (call->operation)))
    {
      bts_invocation_return_new_error (call, BGT_ERROR, BGT_ERROR_NOT_SUPPORTED,
                                       "The download was not created with random-access");
      return;
    }
  if (bts_operation_is_finished (call->operation))
    {
      bts_invocation_return_new_error (call, BGT_ERROR, BGT_ERROR_INVALID_STATE,
                                       "The download is finished");
      return;
    }
  if (length == 0 || offset > G_MAXUINT64 - length || (total != 0 && offset >= total))
    {
      bts_invocation_return_new_error (call, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
                                       "The range must not be empty and must lie within the file");
      return;
    }

  bts_engine_request_range (call->bus->service.engine, call->operation, offset, length);
  bts_invocation_return (call, NULL);
}

static const BtsMethodRow methods[] = {
  { "GetDownloadedRanges", handle_get_downloaded_ranges },
  { "RequestRange", handle_request_range, .is_change = TRUE },
};

static GVariant *
read_destination (const BtsBus *bus, const BtsOperationView *view)
{
  return g_variant_new_string (view->destination != NULL ? view->destination : "");
}

static GVariant *
read_random_access (const BtsBus *bus, const BtsOperationView *view)
{
  return g_variant_new_boolean (has_random_access (view->request));
}

static GVariant *
read_recoverable_errors (const BtsBus *bus, const BtsOperationView *view)
{
  GVariant *value = bts_request_lookup (view->request, "recoverable-errors");

  return value != NULL ? g_variant_ref (value) : g_variant_new_strv (NULL, 0);
}

static GVariant *
read_checksum (const BtsBus *bus, const BtsOperationView *view)
{
  GVariant *value = bts_request_lookup (view->request, "checksum");

  return value != NULL ? g_variant_ref (value) : g_variant_new_string ("");
}

static const BtsPropertyRow properties[] = {
  { "Destination", read_destination },
  { "RandomAccess", read_random_access, "random-access" },
  { "RecoverableErrors", read_recoverable_errors, "recoverable-errors" },
  { "Checksum", read_checksum },
};

const BtsInterface bts_download_interface = {
  .info = &bts_dbus_download_interface,
  .methods = methods,
  .n_methods = G_N_ELEMENTS (methods),
  .properties = properties,
  .n_properties = G_N_ELEMENTS (properties),
};
