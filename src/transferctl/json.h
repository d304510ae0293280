/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <json-glib/json-glib.h>

#include "lib/background-transfer.h"

/* JSON as scripts read it: the keys are the properties in snake_case. */

/* Everything about @operation. @information, a{sv} (nullable), is what the server has answered:
 * with it come `http_status`, `actual_uri`, `is_resumable`; its headers too if @has_headers. */
JsonObject *
bts_json_describe (BgtOperation *operation, GVariant *information, gboolean has_headers);

/* An a{sv} of properties as on the bus, the keys in snake_case. */
JsonNode *bts_json_describe_properties (GVariant *properties);

/* Prints @object, taken, in one line, at once. */
void bts_json_print_line (JsonObject *object);

/* Prints @node, taken, as a document. */
void bts_json_print_document (JsonNode *node);
