/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/interfaces.h"
#include "introspection/bus-interface-info.h"

static GVariant *
read_source (const BtsBus *bus, const BtsOperationView *view)
{
  const char *source = bts_request_get_source (view->request);

  return g_variant_new_string (source != NULL ? source : "");
}

static const BtsPropertyRow properties[] = {
  { "Source", read_source },
};

const BtsInterface bts_upload_interface = {
  .info = &bts_dbus_upload_interface,
  .properties = properties,
  .n_properties = G_N_ELEMENTS (properties),
};
