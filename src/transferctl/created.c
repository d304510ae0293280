/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "transferctl/created.h"

#include <stdio.h>

#include "transferctl/follow.h"
#include "transferctl/json.h"

BtsExitStatus
bts_created_detach (BtsContext *context, BgtOperation *operation)
{
  g_autoptr (GError) error = NULL;

  if (!bgt_operation_start_sync (operation, NULL, &error))
    return bts_follow_refuse_start (context, operation, error);
  if (context->is_json)
    bts_json_print_line (bts_json_describe (operation, NULL, FALSE));
  else
    printf ("%s\n", bgt_operation_get_guid (operation));
  return BTS_EXIT_DONE;
}

BtsExitStatus
bts_created_follow (BtsContext *context, BgtOperation *operation, gboolean keeps)
{
  g_autoptr (GPtrArray) operations = g_ptr_array_new_with_free_func (g_object_unref);

  g_ptr_array_add (operations, operation);
  return bts_follow (context, operations, BTS_FOLLOW_START | (keeps ? 0 : BTS_FOLLOW_ACKNOWLEDGE));
}

BtsExitStatus
bts_created_refuse (BtsContext *context,
                    const char *uri,
                    const char *destination,
                    const GError *error)
{
  JsonObject *object;

  if (!context->is_json)
    return bts_context_report (context, NULL, error);

  /* The last object says why, also where there is no operation that it could describe. */
  object = json_object_new ();
  json_object_set_string_member (object, "guid", "");
  json_object_set_string_member (object, "status", "error");
  json_object_set_string_member (object, "requested_uri", uri);
  json_object_set_string_member (object, "web_error_status", "");
  json_object_set_string_member (object, "error_message", error->message);
  json_object_set_int_member (object, "http_status", 0);
  json_object_set_int_member (object, "bytes_received", 0);
  json_object_set_int_member (object, "bytes_sent", 0);
  json_object_set_string_member (object, "destination", destination);
  bts_json_print_line (object);
  return bts_context_report (context, NULL, error);
}
