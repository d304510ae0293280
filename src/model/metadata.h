/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* Values of any type, which are kept and given back. */

/* No descriptors, and not more levels than a message can have that gives it back.
 * BGT_ERROR_INVALID_ARGUMENT. */
gboolean bts_check_metadata (GVariant *value, GError **error);

/* Whether @value or anything in it is a descriptor (`h`), which outlives no message. */
gboolean bts_variant_has_handle (GVariant *value);
