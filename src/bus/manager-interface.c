/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/create-spec.h"
#include "bus/group-interface.h"
#include "bus/interfaces.h"
#include "bus/manage-all.h"
#include "bus/network-interface.h"
#include "bus/part-files.h"
#include "common/bgt-error.h"
#include "common/object-path.h"
#include "introspection/bus-interface-info.h"
#include "policy/cost.h"
#include "policy/power.h"

static char *
dup_path (BtsOperation *operation)
{
  return bts_object_path_for_operation (bts_operation_get_guid (operation));
}

static void
on_one_created (GObject *source, GAsyncResult *result, gpointer user_data)
{
  BtsInvocation *call = user_data;
  g_autoptr (GPtrArray) operations = NULL;
  g_autofree char *path = NULL;
  GError *error = NULL;

  operations = bts_create_operations_finish (result, &error);
  if (operations == NULL)
    {
      bts_invocation_return_error (call, error);
      return;
    }

  path = dup_path (operations->pdata[0]);
  bts_invocation_return (call, g_variant_new ("(o)", path));
}

/* Takes @spec, or answers with @error. */
static void
create_one (BtsInvocation *call, BtsCreateSpec *spec, GError *error)
{
  g_autoptr (GPtrArray) specs = NULL;

  if (spec == NULL || !bts_create_spec_take_body (spec, call, &error))
    {
      g_clear_pointer (&spec, bts_create_spec_free);
      bts_invocation_return_error (call, error);
      return;
    }

  specs = g_ptr_array_new_with_free_func ((GDestroyNotify) bts_create_spec_free);
  g_ptr_array_add (specs, spec);
  bts_create_operations_async (call->bus, call->caller, specs, FALSE, on_one_created, call);
}

static void
create_by_path (BtsInvocation *call, BgtOperationKind kind, GVariant *parameters)
{
  const char *uri, *file;
  g_autoptr (GVariant) options = NULL;
  BtsCreateSpec *spec;
  GError *error = NULL;

  g_variant_get (parameters, "(&s&s@a{sv})", &uri, &file, &options);
  spec = bts_create_spec_from_call (kind, uri, file, -1, options, &error);
  create_one (call, spec, error);
}

static void
handle_create_download (BtsInvocation *call, GVariant *parameters)
{
  create_by_path (call, BGT_OPERATION_KIND_DOWNLOAD, parameters);
}

static void
handle_create_upload (BtsInvocation *call, GVariant *parameters)
{
  create_by_path (call, BGT_OPERATION_KIND_UPLOAD, parameters);
}

static void
create_by_fd (BtsInvocation *call, BgtOperationKind kind, GVariant *parameters)
{
  const char *uri;
  gint32 handle;
  g_autoptr (GVariant) options = NULL;
  BtsCreateSpec *spec = NULL;
  GError *error = NULL;
  int fd;

  g_variant_get (parameters, "(&sh@a{sv})", &uri, &handle, &options);
  fd = bts_invocation_dup_fd (call, handle, &error);
  if (fd >= 0)
    spec = bts_create_spec_from_call (kind, uri, NULL, fd, options, &error);
  create_one (call, spec, error);
}

static void
handle_create_download_to_fd (BtsInvocation *call, GVariant *parameters)
{
  create_by_fd (call, BGT_OPERATION_KIND_DOWNLOAD, parameters);
}

static void
handle_create_upload_from_fd (BtsInvocation *call, GVariant *parameters)
{
  create_by_fd (call, BGT_OPERATION_KIND_UPLOAD, parameters);
}

static void
handle_create_multipart_upload (BtsInvocation *call, GVariant *parameters)
{
  const char *uri;
  g_autoptr (GVariant) given = NULL;
  g_autoptr (GVariant) options = NULL;
  g_autoptr (GVariant) parts = NULL;
  g_auto (BtsDescriptors) files = BTS_DESCRIPTORS_NONE;
  BtsCreateSpec *spec = NULL;
  GError *error = NULL;

  g_variant_get (parameters, "(&s@aa{sv}@a{sv})", &uri, &given, &options);
  parts = bts_part_files_take (call, given, &files, &error);
  if (parts != NULL)
    spec = bts_create_spec_from_parts (uri, parts, &files, options, &error);
  create_one (call, spec, error);
}

static void
on_all_created (GObject *source, GAsyncResult *result, gpointer user_data)
{
  BtsInvocation *call = user_data;
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_OBJECT_PATH_ARRAY);
  g_autoptr (GPtrArray) operations = NULL;
  GError *error = NULL;

  operations = bts_create_operations_finish (result, &error);
  if (operations == NULL)
    {
      bts_invocation_return_error (call, error);
      return;
    }

  for (guint i = 0; i < operations->len; i++)
    {
      g_autofree char *path = dup_path (operations->pdata[i]);

      g_variant_builder_add (&builder, "o", path);
    }
  bts_invocation_return (call, g_variant_new ("(ao)", &builder));
}

static void
handle_create_operations (BtsInvocation *call, GVariant *parameters)
{
  g_autoptr (GPtrArray) specs =
                 g_ptr_array_new_with_free_func ((GDestroyNotify) bts_create_spec_free);
  g_autoptr (GVariant) dictionaries = g_variant_get_child_value (parameters, 0);

  for (gsize i = 0; i < g_variant_n_children (dictionaries); i++)
    {
      g_autoptr (GVariant) dictionary = g_variant_get_child_value (dictionaries, i);
      GError *error = NULL;
      BtsCreateSpec *spec = bts_create_spec_from_dictionary (call, dictionary, &error);

      if (spec == NULL || !bts_create_spec_take_body (spec, call, &error))
        {
          g_clear_pointer (&spec, bts_create_spec_free);
          g_prefix_error (&error, "Operation %" G_GSIZE_FORMAT ": ", i);
          bts_invocation_return_error (call, error);
          return;
        }
      g_ptr_array_add (specs, spec);
    }

  bts_create_operations_async (call->bus, call->caller, specs, TRUE, on_all_created, call);
}

/* A request with @options that is otherwise complete, so that all of them are checked. */
static BtsRequest *
make_sample_request (BtsInvocation *call, GVariant *options, GError **error)
{
  g_autoptr (BtsCreateSpec) spec = bts_create_spec_from_call (
      BGT_OPERATION_KIND_DOWNLOAD, "https://localhost/", "/sample", -1, options, error);

  if (spec == NULL || !bts_create_spec_take_body (spec, call, error))
    return NULL;
  return bts_request_new (spec->kind, spec->options, error);
}

static void
handle_evaluate (BtsInvocation *call, GVariant *parameters)
{
  const BtsServiceContext *service = &call->bus->service;
  g_autoptr (GVariant) options = g_variant_get_child_value (parameters, 0);
  g_autoptr (BtsRequest) request = NULL;
  g_autoptr (GVariant) words = NULL;
  BtsBlockers blockers;
  GError *error = NULL;

  request = make_sample_request (call, options, &error);
  if (request == NULL)
    {
      bts_invocation_return_error (call, error);
      return;
    }

  blockers = bts_cost_get_blockers (service->conditions, service->limits,
                                    bts_request_get_cost_policy (request));
  blockers |= bts_power_get_blockers (service->conditions, service->limits,
                                      bts_request_get_priority (request));
  if (bts_request_get_not_before (request) > bts_clock_get_wall_time (service->clock))
    blockers |= BTS_BLOCKER_NOT_BEFORE;

  words = bts_blockers_to_variant (blockers);
  bts_invocation_return (call, g_variant_new ("(b@as)", blockers == 0, words));
}

static void
handle_not_supported (BtsInvocation *call, GVariant *parameters)
{
  bts_invocation_return_new_error (call, BGT_ERROR, BGT_ERROR_NOT_SUPPORTED,
                                   "This version of the service cannot do %s yet",
                                   g_dbus_method_invocation_get_method_name (call->invocation));
}

static const BtsMethodRow methods[] = {
  { "CreateDownload", handle_create_download },
  { "CreateDownloadToFd", handle_create_download_to_fd },
  { "CreateUpload", handle_create_upload },
  { "CreateUploadFromFd", handle_create_upload_from_fd },
  { "CreateMultipartUpload", handle_create_multipart_upload },
  { "CreateOperations", handle_create_operations },
  { "Evaluate", handle_evaluate },
  { "CreateGroup", bts_group_handle_create },
  { "CreateCompletionGroup", handle_not_supported },
  { "SetDataPlan", bts_network_handle_set_data_plan },
  { "RemoveDataPlan", bts_network_handle_remove_data_plan },
  { "ManageAll", bts_manage_all_handle },
  { "RegisterAgent", handle_not_supported },
  { "UnregisterAgent", handle_not_supported },
};

static GVariant *
read_version (const BtsBus *bus, const BtsOperationView *view)
{
  return g_variant_new_string (BTS_VERSION);
}

static GVariant *
read_operation_limit (const BtsBus *bus, const BtsOperationView *view)
{
  return g_variant_new_uint32 (bus->service.limits->max_operations_per_application);
}

static const BtsPropertyRow properties[] = {
  { "Version", read_version },
  { "OperationLimit", read_operation_limit },
};

const BtsInterface bts_manager_interface = {
  .info = &bts_dbus_manager_interface,
  .methods = methods,
  .n_methods = G_N_ELEMENTS (methods),
  .properties = properties,
  .n_properties = G_N_ELEMENTS (properties),
};
