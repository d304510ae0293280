/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "policy/blockers.h"

/* Every word of BlockedBy, in the order of the enum, and the status it makes alone. */
static const struct
{
  const char *word;
  BgtOperationStatus status;
} rows[] = {
  { "not-started", BGT_OPERATION_STATUS_IDLE },
  { "paused", BGT_OPERATION_STATUS_PAUSED_BY_APPLICATION },
  { "no-network", BGT_OPERATION_STATUS_PAUSED_NO_NETWORK },
  { "captive-portal", BGT_OPERATION_STATUS_PAUSED_NO_NETWORK },
  { "metered", BGT_OPERATION_STATUS_PAUSED_COSTED_NETWORK },
  { "roaming", BGT_OPERATION_STATUS_PAUSED_COSTED_NETWORK },
  { "approaching-data-limit", BGT_OPERATION_STATUS_PAUSED_COSTED_NETWORK },
  { "over-data-limit", BGT_OPERATION_STATUS_PAUSED_COSTED_NETWORK },
  { "background-data-restricted", BGT_OPERATION_STATUS_PAUSED_COSTED_NETWORK },
  { "battery-low", BGT_OPERATION_STATUS_PAUSED_SYSTEM_POLICY },
  { "battery-saver", BGT_OPERATION_STATUS_PAUSED_SYSTEM_POLICY },
  { "suspended", BGT_OPERATION_STATUS_PAUSED_SYSTEM_POLICY },
  { "recoverable-error", BGT_OPERATION_STATUS_PAUSED_RECOVERABLE_ERROR },
  { "not-before", BGT_OPERATION_STATUS_IDLE },
  { "retry-delay", BGT_OPERATION_STATUS_RUNNING },
  { "machine-limit", BGT_OPERATION_STATUS_IDLE },
  { "user-limit", BGT_OPERATION_STATUS_IDLE },
  { "application-limit", BGT_OPERATION_STATUS_IDLE },
  { "host-limit", BGT_OPERATION_STATUS_IDLE },
  { "group-order", BGT_OPERATION_STATUS_IDLE },
};

static void
test_each_has_its_word_and_status (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      BtsBlockers blockers = (BtsBlockers) 1 << i;
      g_autoptr (GVariant) variant = bts_blockers_to_variant (blockers);
      g_autofree const char **words = g_variant_get_strv (variant, NULL);

      g_assert_false (g_variant_is_floating (variant));
      g_assert_cmpuint (g_strv_length ((char **) words), ==, 1);
      g_assert_cmpstr (words[0], ==, rows[i].word);
      g_assert_cmpuint (bts_blockers_to_status (blockers), ==, rows[i].status);
    }

  g_assert_cmphex ((BtsBlockers) 1 << (G_N_ELEMENTS (rows) - 1), ==, BTS_BLOCKER_GROUP_ORDER);
}

static void
test_none_is_running (void)
{
  g_autoptr (GVariant) variant = bts_blockers_to_variant (0);

  g_assert_cmpuint (g_variant_n_children (variant), ==, 0);
  g_assert_true (g_variant_is_of_type (variant, G_VARIANT_TYPE_STRING_ARRAY));
  g_assert_cmpuint (bts_blockers_to_status (0), ==, BGT_OPERATION_STATUS_RUNNING);
}

static void
test_several_come_in_order (void)
{
  g_autoptr (GVariant) variant = bts_blockers_to_variant (BTS_BLOCKER_GROUP_ORDER |
                                                          BTS_BLOCKER_METERED | BTS_BLOCKER_PAUSED);
  g_autofree char *printed = g_variant_print (variant, FALSE);

  g_assert_cmpstr (printed, ==, "['paused', 'metered', 'group-order']");
}

/* From the strongest to the weakest */
static const struct
{
  BtsBlockers blocker;
  BgtOperationStatus status;
} by_strength[] = {
  { BTS_BLOCKER_PAUSED, BGT_OPERATION_STATUS_PAUSED_BY_APPLICATION },
  { BTS_BLOCKER_RECOVERABLE_ERROR, BGT_OPERATION_STATUS_PAUSED_RECOVERABLE_ERROR },
  { BTS_BLOCKER_NOT_STARTED, BGT_OPERATION_STATUS_IDLE },
  { BTS_BLOCKER_NO_NETWORK, BGT_OPERATION_STATUS_PAUSED_NO_NETWORK },
  { BTS_BLOCKER_METERED, BGT_OPERATION_STATUS_PAUSED_COSTED_NETWORK },
  { BTS_BLOCKER_BATTERY_LOW, BGT_OPERATION_STATUS_PAUSED_SYSTEM_POLICY },
  { BTS_BLOCKER_HOST_LIMIT, BGT_OPERATION_STATUS_IDLE },
  { BTS_BLOCKER_RETRY_DELAY, BGT_OPERATION_STATUS_RUNNING },
};

static void
test_the_strongest_makes_the_status (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (by_strength); i++)
    for (gsize j = i; j < G_N_ELEMENTS (by_strength); j++)
      g_assert_cmpuint (bts_blockers_to_status (by_strength[i].blocker | by_strength[j].blocker),
                        ==, by_strength[i].status);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/policy/blockers/each-has-its-word-and-status",
                   test_each_has_its_word_and_status);
  g_test_add_func ("/policy/blockers/none-is-running", test_none_is_running);
  g_test_add_func ("/policy/blockers/several-come-in-order", test_several_come_in_order);
  g_test_add_func ("/policy/blockers/the-strongest-makes-the-status",
                   test_the_strongest_makes_the_status);

  return g_test_run ();
}
