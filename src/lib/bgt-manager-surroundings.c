/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "lib/bgt-manager.h"

#include "common/names.h"
#include "lib/remote.h"

/* What the service knows of the machine, and what users set about it. */

#define PROPERTIES_INTERFACE "org.freedesktop.DBus.Properties"
#define OBJECT_MANAGER_INTERFACE "org.freedesktop.DBus.ObjectManager"

static GVariant *
get_all (BgtManager *self, const char *interface, GCancellable *cancellable, GError **error)
{
  g_autoptr (GVariant) reply = bts_lib_remote_call_sync (
      bgt_manager_get_connection (self), BGT_OBJECT_PATH, PROPERTIES_INTERFACE, "GetAll",
      g_variant_new ("(s)", interface), "(a{sv})", NULL, NULL, cancellable, error);

  return reply != NULL ? g_variant_get_child_value (reply, 0) : NULL;
}

/**
 * bgt_manager_get_network_sync:
 * @self: a manager
 * @cancellable: (nullable): gives up
 * @error: return location
 *
 * What the service knows of the network: the properties of its interface
 * `org.example.BackgroundTransfer.Network`. Blocks.
 *
 * Returns: (transfer full): an `a{sv}`
 * Since: 1.0
 */
GVariant *
bgt_manager_get_network_sync (BgtManager *self, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (BGT_IS_MANAGER (self), NULL);

  return get_all (self, BGT_INTERFACE_NETWORK, cancellable, error);
}

/**
 * bgt_manager_get_power_sync:
 * @self: a manager
 * @cancellable: (nullable): gives up
 * @error: return location
 *
 * What the service knows of the power supply: the properties of its interface
 * `org.example.BackgroundTransfer.Power`. Blocks.
 *
 * Returns: (transfer full): an `a{sv}`
 * Since: 1.0
 */
GVariant *
bgt_manager_get_power_sync (BgtManager *self, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (BGT_IS_MANAGER (self), NULL);

  return get_all (self, BGT_INTERFACE_POWER, cancellable, error);
}

/**
 * bgt_manager_list_groups_sync:
 * @self: a manager
 * @cancellable: (nullable): gives up
 * @error: return location
 *
 * All groups that the caller may see, by object path, with the properties of
 * `org.example.BackgroundTransfer.Group`. Blocks.
 *
 * Returns: (transfer full): an `a{oa{sv}}`
 * Since: 1.0
 */
GVariant *
bgt_manager_list_groups_sync (BgtManager *self, GCancellable *cancellable, GError **error)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{oa{sv}}"));
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GVariantIter) objects = NULL;
  const char *path;
  GVariant *interfaces;

  g_return_val_if_fail (BGT_IS_MANAGER (self), NULL);

  reply = bts_lib_remote_call_sync (bgt_manager_get_connection (self), BGT_OBJECT_PATH,
                                    OBJECT_MANAGER_INTERFACE, "GetManagedObjects", NULL,
                                    "(a{oa{sa{sv}}})", NULL, NULL, cancellable, error);
  if (reply == NULL)
    {
      g_variant_builder_clear (&builder);
      return NULL;
    }

  g_variant_get (reply, "(a{oa{sa{sv}}})", &objects);
  while (g_variant_iter_next (objects, "{&o@a{sa{sv}}}", &path, &interfaces))
    {
      g_autoptr (GVariant) owned = interfaces;
      g_autoptr (GVariant) group =
                     g_variant_lookup_value (owned, BGT_INTERFACE_GROUP, G_VARIANT_TYPE_VARDICT);

      if (group != NULL)
        g_variant_builder_add (&builder, "{o@a{sv}}", path, group);
    }

  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

/* A call whose answer says nothing. */
static gboolean
call (BgtManager *self,
      const char *interface,
      const char *method,
      GVariant *parameters,
      GCancellable *cancellable,
      GError **error)
{
  g_autoptr (GVariant) reply = bts_lib_remote_call_sync (
      bgt_manager_get_connection (self), BGT_OBJECT_PATH, interface, method, parameters, "()", NULL,
      NULL, cancellable, error);

  return reply != NULL;
}

/**
 * bgt_manager_set_data_plan_sync:
 * @self: a manager
 * @connection_uuid: the UUID of a NetworkManager connection
 * @plan: an `a{sv}`, see `SetDataPlan`; a floating reference is taken
 * @cancellable: (nullable): gives up waiting
 * @error: return location
 *
 * Says what may be used over a connection. %BGT_ERROR_ACCESS_DENIED without the polkit action
 * `org.example.BackgroundTransfer.configure`. Blocks.
 *
 * Returns: whether it is set
 * Since: 1.0
 */
gboolean
bgt_manager_set_data_plan_sync (BgtManager *self,
                                const char *connection_uuid,
                                GVariant *plan,
                                GCancellable *cancellable,
                                GError **error)
{
  g_return_val_if_fail (BGT_IS_MANAGER (self), FALSE);
  g_return_val_if_fail (connection_uuid != NULL, FALSE);
  g_return_val_if_fail (plan != NULL, FALSE);

  return call (self, BGT_INTERFACE_MANAGER, "SetDataPlan",
               g_variant_new ("(s@a{sv})", connection_uuid, plan), cancellable, error);
}

/**
 * bgt_manager_remove_data_plan_sync:
 * @self: a manager
 * @connection_uuid: the UUID of a NetworkManager connection
 * @cancellable: (nullable): gives up waiting
 * @error: return location
 *
 * Forgets the data plan of a connection. %BGT_ERROR_NOT_FOUND where there is none,
 * %BGT_ERROR_ACCESS_DENIED as for bgt_manager_set_data_plan_sync(). Blocks.
 *
 * Returns: whether it is gone
 * Since: 1.0
 */
gboolean
bgt_manager_remove_data_plan_sync (BgtManager *self,
                                   const char *connection_uuid,
                                   GCancellable *cancellable,
                                   GError **error)
{
  g_return_val_if_fail (BGT_IS_MANAGER (self), FALSE);
  g_return_val_if_fail (connection_uuid != NULL, FALSE);

  return call (self, BGT_INTERFACE_MANAGER, "RemoveDataPlan",
               g_variant_new ("(s)", connection_uuid), cancellable, error);
}

/**
 * bgt_manager_set_background_data_restricted_sync:
 * @self: a manager
 * @is_restricted: whether nothing is to be transferred over networks that cost
 * @cancellable: (nullable): gives up waiting
 * @error: return location
 *
 * %BGT_ERROR_ACCESS_DENIED as for bgt_manager_set_data_plan_sync(). Blocks.
 *
 * Returns: whether it is set
 * Since: 1.0
 */
gboolean
bgt_manager_set_background_data_restricted_sync (BgtManager *self,
                                                 gboolean is_restricted,
                                                 GCancellable *cancellable,
                                                 GError **error)
{
  g_return_val_if_fail (BGT_IS_MANAGER (self), FALSE);

  return call (self, PROPERTIES_INTERFACE, "Set",
               g_variant_new ("(ssv)", BGT_INTERFACE_NETWORK, "BackgroundDataRestricted",
                              g_variant_new_boolean (is_restricted)),
               cancellable, error);
}
