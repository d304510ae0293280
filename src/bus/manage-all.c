/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/manage-all.h"

#include "bus/authority.h"
#include "common/names.h"

static void
on_authorised (GObject *source, GAsyncResult *result, gpointer user_data)
{
  BtsInvocation *call = user_data;
  GError *error = NULL;

  if (!bts_authority_check_finish (result, &error))
    {
      bts_invocation_return_error (call, error);
      return;
    }
  g_message ("A program of user %u manages the transfers of all users",
             bts_owner_get_uid (call->caller->owner));
  bts_caller_cache_let_manage_all (call->bus->callers, bts_invocation_get_sender (call));
  bts_invocation_return (call, NULL);
}

void
bts_manage_all_handle (BtsInvocation *call, GVariant *parameters)
{
  bts_authority_check_async (call, BGT_ACTION_MANAGE_ALL, on_authorised, call);
}
