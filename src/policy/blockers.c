/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "policy/blockers.h"

/* Whose status wins where there are several, from the weakest. */
typedef enum
{
  STRENGTH_NONE,
  STRENGTH_RETRY,
  STRENGTH_TURN,
  STRENGTH_POWER,
  STRENGTH_COST,
  STRENGTH_NETWORK,
  STRENGTH_NOT_STARTED,
  STRENGTH_ERROR,
  STRENGTH_PAUSED,
} Strength;

typedef struct
{
  BtsBlocker blocker;
  const char *word;
  BgtOperationStatus status;
  Strength strength;
} BlockerRow;

#define ROW(name, word, status, strength)                                                          \
  {                                                                                                \
    BTS_BLOCKER_##name, word, BGT_OPERATION_STATUS_##status, STRENGTH_##strength                   \
  }

static const BlockerRow blocker_rows[] = {
  ROW (NOT_STARTED, "not-started", IDLE, NOT_STARTED),
  ROW (PAUSED, "paused", PAUSED_BY_APPLICATION, PAUSED),
  ROW (NO_NETWORK, "no-network", PAUSED_NO_NETWORK, NETWORK),
  ROW (CAPTIVE_PORTAL, "captive-portal", PAUSED_NO_NETWORK, NETWORK),
  ROW (METERED, "metered", PAUSED_COSTED_NETWORK, COST),
  ROW (ROAMING, "roaming", PAUSED_COSTED_NETWORK, COST),
  ROW (APPROACHING_DATA_LIMIT, "approaching-data-limit", PAUSED_COSTED_NETWORK, COST),
  ROW (OVER_DATA_LIMIT, "over-data-limit", PAUSED_COSTED_NETWORK, COST),
  ROW (BACKGROUND_DATA_RESTRICTED, "background-data-restricted", PAUSED_COSTED_NETWORK, COST),
  ROW (BATTERY_LOW, "battery-low", PAUSED_SYSTEM_POLICY, POWER),
  ROW (BATTERY_SAVER, "battery-saver", PAUSED_SYSTEM_POLICY, POWER),
  ROW (SUSPENDED, "suspended", PAUSED_SYSTEM_POLICY, POWER),
  ROW (RECOVERABLE_ERROR, "recoverable-error", PAUSED_RECOVERABLE_ERROR, ERROR),
  ROW (NOT_BEFORE, "not-before", IDLE, TURN),
  ROW (RETRY_DELAY, "retry-delay", RUNNING, RETRY),
  ROW (MACHINE_LIMIT, "machine-limit", IDLE, TURN),
  ROW (USER_LIMIT, "user-limit", IDLE, TURN),
  ROW (APPLICATION_LIMIT, "application-limit", IDLE, TURN),
  ROW (HOST_LIMIT, "host-limit", IDLE, TURN),
  ROW (GROUP_ORDER, "group-order", IDLE, TURN),
};

GVariant *
bts_blockers_to_variant (BtsBlockers blockers)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_STRING_ARRAY);
  for (gsize i = 0; i < G_N_ELEMENTS (blocker_rows); i++)
    if (blockers & blocker_rows[i].blocker)
      g_variant_builder_add (&builder, "s", blocker_rows[i].word);

  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

BgtOperationStatus
bts_blockers_to_status (BtsBlockers blockers)
{
  BgtOperationStatus status = BGT_OPERATION_STATUS_RUNNING;
  Strength strongest = STRENGTH_NONE;

  for (gsize i = 0; i < G_N_ELEMENTS (blocker_rows); i++)
    if ((blockers & blocker_rows[i].blocker) && blocker_rows[i].strength > strongest)
      {
        status = blocker_rows[i].status;
        strongest = blocker_rows[i].strength;
      }

  return status;
}
