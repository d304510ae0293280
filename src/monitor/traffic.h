/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib-object.h>

/* How many bytes have gone over a device, as NetworkManager counts them while it is asked to.
 *
 * Signal: counted (guint64 bytes)   both directions, since the device came */

#define BTS_TYPE_TRAFFIC (bts_traffic_get_type ())
G_DECLARE_FINAL_TYPE (BtsTraffic, bts_traffic, BTS, TRAFFIC, GObject)

BtsTraffic *bts_traffic_new (void);

/* Counts @device_path's; "" for none. */
void bts_traffic_watch (BtsTraffic *self, const char *device_path);
