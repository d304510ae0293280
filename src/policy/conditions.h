/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "common/bgt-enums.h"

/* A UUID, and a D-Bus path of a device or a modem, with their final NUL. */
#define BTS_CONDITIONS_UUID_SIZE 64
#define BTS_CONDITIONS_PATH_SIZE 128

/* What is, all in one value: filled by the monitors, read by the policies. */
typedef struct
{
  BgtConnectivity connectivity;
  BgtCostType cost_type;
  gboolean is_cost_guessed; /* nobody has said what it costs: a data plan knows better */
  gboolean is_roaming;
  gboolean is_approaching_data_limit;
  gboolean is_over_data_limit;
  gboolean is_background_data_restricted;

  /* The primary connection; "" and 0 where none is known. */
  guint64 connection_serial; /* another number: what is open is made anew on another network */
  char connection_uuid[BTS_CONDITIONS_UUID_SIZE];
  char interface_name[BTS_CONDITIONS_UUID_SIZE];
  char device_path[BTS_CONDITIONS_PATH_SIZE]; /* NetworkManager's */
  char modem_path[BTS_CONDITIONS_PATH_SIZE];  /* ModemManager's, of that device */

  gboolean is_on_battery;
  double battery_percentage;  /* 100 where there is no battery */
  gboolean is_battery_warned; /* the system says that it is low */
  gboolean is_battery_low;    /* with its hysteresis already applied */
  gboolean is_battery_saver;

  gboolean is_suspending; /* about to sleep, or asleep */
} BtsConditions;

/* The state of a machine of which nothing is known: nothing keeps anybody from moving. */
void bts_conditions_init (BtsConditions *self);

gboolean bts_conditions_are_equal (const BtsConditions *a, const BtsConditions *b);
