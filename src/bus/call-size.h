/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* What an operation is made of is far less than this, and a thousand of them, too. Of as many bytes
 * the time that it takes to look at them depends on how many values they are. */
#define BTS_MAX_CALL_VALUES 32768
#define BTS_MAX_BATCH_VALUES 262144

/* Whether @body (nullable), the arguments of a call, consists of more than @maximum values: texts,
 * numbers and what holds them; a string of bytes is one. Looks at no more than that many. */
gboolean bts_call_has_more_values (GVariant *body, guint maximum);
