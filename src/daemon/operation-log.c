/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "daemon/operation-log.h"

void
bts_operation_log (BtsOperation *operation, const char *format, ...)
{
  const char *guid = bts_operation_get_guid (operation);
  const BtsOwner *owner = bts_operation_get_owner (operation);
  g_autofree char *uid = g_strdup_printf ("%u", bts_owner_get_uid (owner));
  g_autofree char *text = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_INFO, "GUID", guid, "UID", uid, "APP",
                    bts_owner_get_application (owner), "MESSAGE", "%s: %s", guid, text);
}
