/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/forgetting.h"
#include "bus/group-interface.h"
#include "bus/interfaces.h"
#include "bus/settle.h"
#include "common/bgt-error.h"
#include "common/bgt-web-error.h"
#include "introspection/bus-interface-info.h"

/* Answers with @error where there is one, else when the change has settled. */
static void
settle_unless (BtsInvocation *call, GError *error)
{
  if (error != NULL)
    bts_invocation_return_error (call, error);
  else
    bts_settle_and_return (call);
}

static gint64
get_now (BtsInvocation *call)
{
  return bts_clock_get_wall_time (call->bus->service.clock);
}

static void
handle_start (BtsInvocation *call, GVariant *parameters)
{
  GError *error = NULL;

  bts_operation_start (call->operation, get_now (call), &error);
  settle_unless (call, error);
}

static void
handle_pause (BtsInvocation *call, GVariant *parameters)
{
  GError *error = NULL;

  bts_operation_pause (call->operation, &error);
  settle_unless (call, error);
}

static void
handle_resume (BtsInvocation *call, GVariant *parameters)
{
  GError *error = NULL;

  bts_operation_resume (call->operation, get_now (call), &error);
  settle_unless (call, error);
}

static void
handle_cancel (BtsInvocation *call, GVariant *parameters)
{
  GError *error = NULL;

  bts_operation_cancel (call->operation, &error);
  settle_unless (call, error);
}

static void
handle_attach (BtsInvocation *call, GVariant *parameters)
{
  bts_caller_cache_attach (call->bus->callers, bts_invocation_get_sender (call),
                           bts_operation_get_guid (call->operation));
  bts_invocation_return (call, NULL);
}

static void
on_forgotten (GObject *source, GAsyncResult *result, gpointer user_data)
{
  BtsInvocation *call = user_data;
  GError *error = NULL;

  if (bts_forget_finish (result, &error))
    bts_invocation_return (call, NULL);
  else
    bts_invocation_return_error (call, error);
}

static void
handle_acknowledge (BtsInvocation *call, GVariant *parameters)
{
  BtsServiceContext *service = &call->bus->service;

  bts_forget_async (service->registry, service->store, service->engine, call->operation,
                    on_forgotten, call);
}

static void
handle_set_request_header (BtsInvocation *call, GVariant *parameters)
{
  const char *name, *value;
  GError *error = NULL;

  g_variant_get (parameters, "(&s&s)", &name, &value);
  if (bts_usage_check_room (bts_registry_get_usage (call->bus->service.registry),
                            bts_operation_get_owner (call->operation), &error))
    bts_operation_set_header (call->operation, name, value, &error);
  settle_unless (call, error);
}

static void
handle_remove_request_header (BtsInvocation *call, GVariant *parameters)
{
  const char *name;
  GError *error = NULL;

  g_variant_get (parameters, "(&s)", &name);
  bts_operation_set_header (call->operation, name, NULL, &error);
  settle_unless (call, error);
}

static void
set_credential (BtsInvocation *call, const char *option, GVariant *parameters)
{
  GError *error = NULL;

  if (bts_usage_check_room (bts_registry_get_usage (call->bus->service.registry),
                            bts_operation_get_owner (call->operation), &error))
    bts_operation_set_option (call->operation, option, parameters, &error);
  settle_unless (call, error);
}

static void
handle_set_server_credential (BtsInvocation *call, GVariant *parameters)
{
  set_credential (call, "server-credential", parameters);
}

static void
handle_set_proxy_credential (BtsInvocation *call, GVariant *parameters)
{
  set_credential (call, "proxy-credential", parameters);
}

static void
handle_get_response_information (BtsInvocation *call, GVariant *parameters)
{
  GVariant *response = bts_operation_get_response (call->operation);

  if (response == NULL)
    bts_invocation_return_new_error (call, BGT_ERROR, BGT_ERROR_NOT_YET_AVAILABLE,
                                     "The server has not answered yet");
  else
    bts_invocation_return (call, g_variant_new ("(@a{sv})", response));
}

static void
on_result_opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  BtsInvocation *call = user_data;
  GError *error = NULL;
  int fd = bts_engine_open_result_finish (BTS_ENGINE (source), result, &error);

  if (fd < 0)
    bts_invocation_return_error (call, error);
  else
    bts_invocation_return_fd (call, fd);
}

static void
handle_open_result (BtsInvocation *call, GVariant *parameters)
{
  BtsOwner *owner = bts_operation_get_owner (call->operation);
  guint64 position;
  GError *error = NULL;

  if (!bts_caller_check_reach (call->caller, owner, &error))
    {
      bts_invocation_return_error (call, error);
      return;
    }
  g_variant_get (parameters, "(t)", &position);
  bts_engine_open_result_async (call->bus->service.engine, call->operation, position, NULL,
                                on_result_opened, call);
}

static const BtsMethodRow methods[] = {
  { "Start", handle_start, .is_change = TRUE },
  { "Pause", handle_pause },
  { "Resume", handle_resume, .is_change = TRUE },
  { "Cancel", handle_cancel },
  { "Attach", handle_attach },
  { "Acknowledge", handle_acknowledge },
  { "SetRequestHeader", handle_set_request_header, .is_change = TRUE },
  { "RemoveRequestHeader", handle_remove_request_header, .is_change = TRUE },
  { "SetServerCredential", handle_set_server_credential, .is_change = TRUE },
  { "SetProxyCredential", handle_set_proxy_credential, .is_change = TRUE },
  { "MakeCurrentInTransferGroup", bts_group_handle_make_current, .is_change = TRUE },
  { "GetResponseInformation", handle_get_response_information },
  { "OpenResult", handle_open_result },
};

/* A property that is read by one call and wrapped in one type. */
#define READER(function, type, expression)                                                         \
  static GVariant *function (const BtsBus *bus, const BtsOperationView *view)                      \
  {                                                                                                \
    return g_variant_new_##type (expression);                                                      \
  }

READER (read_guid, string, bts_operation_get_guid (view->operation))
READER (read_kind, string, bgt_operation_kind_to_string (bts_request_get_kind (view->request)))
READER (read_status, string, bgt_operation_status_to_string (view->status))
READER (read_requested_uri, string, bts_request_get_uri (view->request))
READER (read_method, string, bts_request_get_method (view->request))
READER (read_cost_policy,
        string,
        bgt_cost_policy_to_string (bts_request_get_cost_policy (view->request)))
READER (read_priority, string, bgt_priority_to_string (bts_request_get_priority (view->request)))
READER (read_max_rate, uint64, bts_request_get_max_rate (view->request))
READER (read_next_attempt, int64, view->next_attempt)
READER (read_no_object, object_path, "/")
READER (read_application_id,
        string,
        bts_owner_get_application (bts_operation_get_owner (view->operation)))
READER (read_uid, uint32, bts_owner_get_uid (bts_operation_get_owner (view->operation)))
READER (read_created, int64, bts_operation_get_created (view->operation))
READER (read_finished, int64, view->finished)
READER (read_bytes_received, uint64, view->bytes_received)
READER (read_total_bytes_to_receive, uint64, view->total_to_receive)
READER (read_bytes_sent, uint64, view->bytes_sent)
READER (read_total_bytes_to_send, uint64, view->total_to_send)
READER (read_has_restarted, boolean, view->has_restarted)
READER (read_has_response_changed, boolean, view->has_response_changed)
READER (read_web_error_status, string, bgt_web_error_to_string (view->web_error))
READER (read_error_message, string, view->error_message != NULL ? view->error_message : "")

#undef READER

static GVariant *
read_blocked_by (const BtsBus *bus, const BtsOperationView *view)
{
  return bts_blockers_to_variant (bgt_operation_status_is_final (view->status) ? 0
                                                                               : view->blockers);
}

static GVariant *
read_group (const BtsBus *bus, const BtsOperationView *view)
{
  BtsGroup *group = bts_groups_find_of (bus->service.groups, view->operation);
  g_autofree char *path = group != NULL ? bts_group_dup_path (group, view->viewpoint) : NULL;

  return g_variant_new_object_path (path != NULL ? path : "/");
}

static GVariant *
read_metadata (const BtsBus *bus, const BtsOperationView *view)
{
  GVariant *metadata = bts_request_lookup (view->request, "metadata");

  if (metadata == NULL)
    return g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0);

  return g_variant_ref (metadata);
}

static const BtsPropertyRow properties[] = {
  { "Guid", read_guid },
  { "Kind", read_kind },
  { "Status", read_status },
  { "RequestedUri", read_requested_uri, "uri" },
  { "Method", read_method },
  { "CostPolicy", read_cost_policy, "cost-policy" },
  { "Priority", read_priority, "priority" },
  { "MaxRate", read_max_rate, "max-rate" },
  { "BlockedBy", read_blocked_by },
  { "NextAttempt", read_next_attempt },
  { "Group", read_group },
  { "CompletionGroup", read_no_object },
  { "ApplicationId", read_application_id },
  { "Uid", read_uid },
  { "Created", read_created },
  { "Finished", read_finished },
  { "BytesReceived", read_bytes_received },
  { "TotalBytesToReceive", read_total_bytes_to_receive },
  { "BytesSent", read_bytes_sent },
  { "TotalBytesToSend", read_total_bytes_to_send },
  { "HasRestarted", read_has_restarted },
  { "HasResponseChanged", read_has_response_changed },
  { "WebErrorStatus", read_web_error_status },
  { "ErrorMessage", read_error_message },
  { "Metadata", read_metadata },
};

const BtsInterface bts_operation_interface = {
  .info = &bts_dbus_operation_interface,
  .methods = methods,
  .n_methods = G_N_ELEMENTS (methods),
  .properties = properties,
  .n_properties = G_N_ELEMENTS (properties),
};
