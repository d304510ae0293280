/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "model/data-plans.h"

#include <string.h>

#include "common/bgt-error.h"

struct _BtsDataPlans
{
  GObject parent_instance;

  GHashTable *plans; /* (owned) (element-type utf8 BtsDataPlan) */
  gboolean is_restricted;
};

G_DEFINE_FINAL_TYPE (BtsDataPlans, bts_data_plans, G_TYPE_OBJECT)

typedef enum
{
  SIGNAL_CHANGED,
  SIGNAL_COUNTED,
  N_SIGNALS,
} Signal;

static guint signals[N_SIGNALS];

static void
bts_data_plans_finalize (GObject *object)
{
  g_hash_table_unref (BTS_DATA_PLANS (object)->plans);
  G_OBJECT_CLASS (bts_data_plans_parent_class)->finalize (object);
}

static void
bts_data_plans_class_init (BtsDataPlansClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bts_data_plans_finalize;
  signals[SIGNAL_CHANGED] = g_signal_new ("changed", BTS_TYPE_DATA_PLANS, G_SIGNAL_RUN_LAST, 0,
                                          NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_COUNTED] = g_signal_new ("counted", BTS_TYPE_DATA_PLANS, G_SIGNAL_RUN_LAST, 0,
                                          NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
bts_data_plans_init (BtsDataPlans *self)
{
  self->plans = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}

BtsDataPlans *
bts_data_plans_new (void)
{
  return g_object_new (BTS_TYPE_DATA_PLANS, NULL);
}

gboolean
bts_data_plans_is_restricted (BtsDataPlans *self)
{
  return self->is_restricted;
}

void
bts_data_plans_set_restricted (BtsDataPlans *self, gboolean is_restricted)
{
  if (!self->is_restricted == !is_restricted)
    return;
  self->is_restricted = is_restricted;
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

BtsDataPlan *
bts_data_plans_lookup (BtsDataPlans *self, const char *uuid)
{
  return g_hash_table_lookup (self->plans, uuid);
}

GList *
bts_data_plans_list (BtsDataPlans *self)
{
  return g_list_sort (g_hash_table_get_keys (self->plans), (GCompareFunc) strcmp);
}

gboolean
bts_data_plans_set (BtsDataPlans *self, const char *uuid, const BtsDataPlan *plan, GError **error)
{
  if (bts_data_plans_lookup (self, uuid) == NULL &&
      g_hash_table_size (self->plans) >= BTS_DATA_PLANS_MAX)
    {
      g_set_error (error, BGT_ERROR, BGT_ERROR_LIMIT_EXCEEDED,
                   "There may be %d data plans and there are as many", BTS_DATA_PLANS_MAX);
      return FALSE;
    }

  g_hash_table_insert (self->plans, g_strdup (uuid), g_memdup2 (plan, sizeof *plan));
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);

  return TRUE;
}

gboolean
bts_data_plans_remove (BtsDataPlans *self, const char *uuid, GError **error)
{
  if (!g_hash_table_remove (self->plans, uuid))
    {
      g_set_error (error, BGT_ERROR, BGT_ERROR_NOT_FOUND,
                   "There is no data plan for the connection “%s”", uuid);
      return FALSE;
    }
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);

  return TRUE;
}

void
bts_data_plans_touch (BtsDataPlans *self)
{
  g_signal_emit (self, signals[SIGNAL_COUNTED], 0);
}
