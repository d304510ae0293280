/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/network-interface.h"

#include "bus/authority.h"
#include "bus/interfaces.h"
#include "bus/root-notifier.h"
#include "common/bgt-error.h"
#include "common/names.h"
#include "common/options.h"
#include "introspection/bus-interface-info.h"
#include "policy/cost.h"
#include "store/settings-record.h"

/* Changes that need an authorisation */

/* What is to be done once the caller may; FALSE with @error where it cannot. */
typedef gboolean (*Change) (BtsInvocation *call, GVariant *parameters, GError **error);

typedef struct
{
  BtsInvocation *call;  /* (owned) */
  GVariant *parameters; /* (owned) */
  Change change;

  /* What was there before. */
  gboolean was_restricted;
  const char *uuid; /* (unowned) (nullable): of the plan that it is about */
  gboolean had_plan;
  BtsDataPlan plan;
} Changing;

static void
changing_free (Changing *changing)
{
  g_clear_pointer (&changing->call, bts_invocation_free);
  g_clear_pointer (&changing->parameters, g_variant_unref);
  g_free (changing);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Changing, changing_free)

static void
remember (Changing *changing)
{
  BtsDataPlans *plans = changing->call->bus->service.plans;
  const BtsDataPlan *plan = NULL;

  changing->was_restricted = bts_data_plans_is_restricted (plans);
  if (g_variant_is_of_type (changing->parameters, G_VARIANT_TYPE_TUPLE))
    {
      g_variant_get_child (changing->parameters, 0, "&s", &changing->uuid);
      plan = bts_data_plans_lookup (plans, changing->uuid);
    }
  changing->had_plan = plan != NULL;
  if (plan != NULL)
    changing->plan = *plan;
}

static void
save (Changing *changing, GAsyncReadyCallback callback, gpointer user_data)
{
  BtsServiceContext *service = &changing->call->bus->service;

  bts_state_files_save_async (service->files, BTS_SETTINGS_RECORD_NAME,
                              bts_settings_record_print (service->plans), NULL, callback,
                              user_data);
}

/* What the store does not have does not count. */
static void
undo (Changing *changing)
{
  BtsServiceContext *service = &changing->call->bus->service;
  BtsDataPlans *plans = service->plans;

  if (changing->uuid == NULL)
    bts_data_plans_set_restricted (plans, changing->was_restricted);
  else if (changing->had_plan)
    bts_data_plans_set (plans, changing->uuid, &changing->plan, NULL);
  else
    bts_data_plans_remove (plans, changing->uuid, NULL);
  /* What is about to be written may have it. */
  if (bts_state_files_is_saving (service->files, BTS_SETTINGS_RECORD_NAME))
    save (changing, NULL, NULL);
}

/* Takes @taken and @error (nullable). */
static void
answer (Changing *taken, GError *error)
{
  g_autoptr (Changing) changing = taken;

  if (error != NULL)
    bts_invocation_return_error (g_steal_pointer (&changing->call), error);
  else
    bts_invocation_return (g_steal_pointer (&changing->call), NULL);
}

static void
on_saved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Changing *changing = user_data;
  BtsBus *bus = changing->call->bus;
  g_autoptr (BtsChangeQueue) changes = bts_change_queue_ref (bus->changes);
  BtsDataPlans *plans = bus->service.plans;
  GError *error = NULL;

  if (bts_state_files_save_finish (BTS_STATE_FILES (source), result, &error))
    bts_root_notifier_update (bus->root_notifier);
  else
    undo (changing);
  answer (changing, error);
  bts_change_queue_end (changes, plans);
}

static gboolean
begin (gpointer user_data)
{
  Changing *changing = user_data;
  GError *error = NULL;

  remember (changing);
  if (!changing->change (changing->call, changing->parameters, &error))
    {
      answer (changing, error);
      return FALSE;
    }
  save (changing, on_saved, changing);
  return TRUE;
}

static void
on_authorised (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Changing) changing = user_data;
  BtsBus *bus = changing->call->bus;
  GError *error = NULL;

  if (!bts_authority_check_finish (result, &error))
    bts_invocation_return_error (g_steal_pointer (&changing->call), error);
  else
    bts_change_queue_push (bus->changes, bus->service.plans, begin, g_steal_pointer (&changing));
}

static void
change_if_authorised (BtsInvocation *call, Change change, GVariant *parameters)
{
  Changing *changing = g_new0 (Changing, 1);

  changing->call = call;
  changing->parameters = g_variant_ref (parameters);
  changing->change = change;
  bts_authority_check_async (call, BGT_ACTION_CONFIGURE, on_authorised, changing);
}

static gboolean
set_restricted (BtsInvocation *call, GVariant *value, GError **error)
{
  bts_data_plans_set_restricted (call->bus->service.plans, g_variant_get_boolean (value));
  return TRUE;
}

static void
write_background_data_restricted (BtsInvocation *call, GVariant *value)
{
  change_if_authorised (call, set_restricted, value);
}

/* Data plans */

static gboolean
refuse (GError **error, const char *message)
{
  g_set_error_literal (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT, message);
  return FALSE;
}

static gboolean
check_limit (GVariant *value, GError **error)
{
  return g_variant_get_uint64 (value) > 0 || refuse (error, "must be at least 1 byte");
}

static gboolean
check_reset_day (GVariant *value, GError **error)
{
  guint32 day = g_variant_get_uint32 (value);

  return (day >= 1 && day <= 31) || refuse (error, "must be a day from 1 to 31");
}

static gboolean
check_percent (GVariant *value, GError **error)
{
  guint32 percent = g_variant_get_uint32 (value);

  return (percent >= 1 && percent <= 100) || refuse (error, "must be from 1 to 100");
}

static const BtsOptionRow plan_options[] = {
  { "limit", "t", check_limit },
  { "used", "t" },
  { "reset-day", "u", check_reset_day },
  { "approaching-percent", "u", check_percent },
};

static gboolean
check_plan (const char *uuid, GVariant *options, GError **error)
{
  g_autoptr (GVariant) limit = NULL;

  if (!g_uuid_string_is_valid (uuid))
    return refuse (error, "“connection_uuid” must be the UUID of a NetworkManager connection");
  if (!bts_options_check (options, plan_options, G_N_ELEMENTS (plan_options), error))
    return FALSE;
  limit = g_variant_lookup_value (options, "limit", NULL);
  return limit != NULL || refuse (error, "Option “limit” must be there");
}

static gboolean
set_data_plan (BtsInvocation *call, GVariant *parameters, GError **error)
{
  BtsServiceContext *service = &call->bus->service;
  g_autoptr (GTimeZone) zone = g_time_zone_new_local ();
  g_autoptr (GVariant) options = NULL;
  const char *uuid;
  const BtsDataPlan *before;
  BtsDataPlan plan = { .reset_day = 1, .approaching_percent = 90 };

  g_variant_get (parameters, "(&s@a{sv})", &uuid, &options);
  if (!check_plan (uuid, options, error))
    return FALSE;
  before = bts_data_plans_lookup (service->plans, uuid);
  if (before != NULL)
    plan = *before;
  g_variant_lookup (options, "limit", "t", &plan.limit);
  g_variant_lookup (options, "used", "t", &plan.used);
  g_variant_lookup (options, "reset-day", "u", &plan.reset_day);
  g_variant_lookup (options, "approaching-percent", "u", &plan.approaching_percent);
  plan.since = bts_data_plan_get_period_start (plan.reset_day,
                                               bts_clock_get_wall_time (service->clock), zone);

  return bts_data_plans_set (service->plans, uuid, &plan, error);
}

void
bts_network_handle_set_data_plan (BtsInvocation *call, GVariant *parameters)
{
  change_if_authorised (call, set_data_plan, parameters);
}

static gboolean
remove_data_plan (BtsInvocation *call, GVariant *parameters, GError **error)
{
  const char *uuid;

  g_variant_get (parameters, "(&s)", &uuid);
  return bts_data_plans_remove (call->bus->service.plans, uuid, error);
}

void
bts_network_handle_remove_data_plan (BtsInvocation *call, GVariant *parameters)
{
  change_if_authorised (call, remove_data_plan, parameters);
}

/* Properties: the conditions that the scheduler decides by, read off one by one */

/* As an operation sees it that does not mind what the network costs. */
static GVariant *
read_available (const BtsBus *bus, const BtsOperationView *view)
{
  BtsBlockers blockers =
      bts_cost_get_blockers (bus->service.conditions, bus->service.limits, BGT_COST_POLICY_ALWAYS);

  return g_variant_new_boolean (
      (blockers & (BTS_BLOCKER_NO_NETWORK | BTS_BLOCKER_CAPTIVE_PORTAL)) == 0);
}

#define READER(function, type, expression)                                                         \
  static GVariant *function (const BtsBus *bus, const BtsOperationView *view)                      \
  {                                                                                                \
    const BtsConditions *conditions = bus->service.conditions;                                     \
                                                                                                   \
    return g_variant_new_##type (expression);                                                      \
  }

READER (read_connectivity, string, bgt_connectivity_to_string (conditions->connectivity))
READER (read_cost_type, string, bgt_cost_type_to_string (conditions->cost_type))
READER (read_roaming, boolean, conditions->is_roaming)
READER (read_approaching_data_limit, boolean, conditions->is_approaching_data_limit)
READER (read_over_data_limit, boolean, conditions->is_over_data_limit)
READER (read_background_data_restricted, boolean, conditions->is_background_data_restricted)
READER (read_connection_uuid, string, conditions->connection_uuid)

#undef READER

static GVariant *
describe_plan (const BtsDataPlan *plan)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  g_variant_builder_add (&builder, "{sv}", "limit", g_variant_new_uint64 (plan->limit));
  g_variant_builder_add (&builder, "{sv}", "used", g_variant_new_uint64 (plan->used));
  g_variant_builder_add (&builder, "{sv}", "reset-day", g_variant_new_uint32 (plan->reset_day));
  g_variant_builder_add (&builder, "{sv}", "approaching-percent",
                         g_variant_new_uint32 (plan->approaching_percent));
  g_variant_builder_add (&builder, "{sv}", "since", g_variant_new_int64 (plan->since));

  return g_variant_builder_end (&builder);
}

static GVariant *
read_data_plans (const BtsBus *bus, const BtsOperationView *view)
{
  g_autoptr (GList) uuids = bts_data_plans_list (bus->service.plans);
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{sa{sv}}"));

  for (GList *l = uuids; l != NULL; l = l->next)
    g_variant_builder_add (&builder, "{s@a{sv}}", l->data,
                           describe_plan (bts_data_plans_lookup (bus->service.plans, l->data)));

  return g_variant_builder_end (&builder);
}

static const BtsPropertyRow properties[] = {
  { "Available", read_available },
  { "Connectivity", read_connectivity },
  { "CostType", read_cost_type },
  { "Roaming", read_roaming },
  { "ApproachingDataLimit", read_approaching_data_limit },
  { "OverDataLimit", read_over_data_limit },
  { "BackgroundDataRestricted", read_background_data_restricted,
    .write = write_background_data_restricted },
  { "ConnectionUuid", read_connection_uuid },
  { "DataPlans", read_data_plans },
};

const BtsInterface bts_network_interface = {
  .info = &bts_dbus_network_interface,
  .properties = properties,
  .n_properties = G_N_ELEMENTS (properties),
};
