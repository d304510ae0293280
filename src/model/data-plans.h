/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib-object.h>

#include "policy/data-plan.h"

/* What users have set about networks: data plans by the UUID of their connection, and whether
 * background data is restricted.
 *
 * Signals: changed ()   by a user, and to be saved
 *          counted ()   something has been used; saved now and then */

#define BTS_TYPE_DATA_PLANS (bts_data_plans_get_type ())
G_DECLARE_FINAL_TYPE (BtsDataPlans, bts_data_plans, BTS, DATA_PLANS, GObject)

#define BTS_DATA_PLANS_MAX 256

BtsDataPlans *bts_data_plans_new (void);

gboolean bts_data_plans_is_restricted (BtsDataPlans *self);
void bts_data_plans_set_restricted (BtsDataPlans *self, gboolean is_restricted);

/* (nullable), lent; a change is told by _touch. */
BtsDataPlan *bts_data_plans_lookup (BtsDataPlans *self, const char *uuid);

/* (element-type utf8), in order; the names are lent. */
GList *bts_data_plans_list (BtsDataPlans *self);

/* @plan is copied. LIMIT_EXCEEDED where there are too many. */
gboolean
bts_data_plans_set (BtsDataPlans *self, const char *uuid, const BtsDataPlan *plan, GError **error);

/* NOT_FOUND */
gboolean bts_data_plans_remove (BtsDataPlans *self, const char *uuid, GError **error);

/* A plan has been counted on. */
void bts_data_plans_touch (BtsDataPlans *self);
