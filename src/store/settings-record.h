/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "model/data-plans.h"

/* Data plans and the background restriction as the text of a key file: a group a plan. Pure. A plan
 * that makes no sense is left out. */

#define BTS_SETTINGS_RECORD_NAME "settings"

char *bts_settings_record_print (BtsDataPlans *plans);

/* Adds what @text holds to @plans. BGT_ERROR_FAILED where it is none at all, or a newer one. */
gboolean
bts_settings_record_parse (BtsDataPlans *plans, const char *text, gsize length, GError **error);
