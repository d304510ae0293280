/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "common/bgt-web-error.h"
#include "policy/retry.h"

#define SECOND ((gint64) G_USEC_PER_SEC)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define LAST (-1)

/* In the middle: no jitter */
#define MIDDLE 0x80000000

static const BtsLimits limits = { .max_retries = 3, .retry_delay_seconds = 5 };
static const BtsLimits patient = { .max_retries = 100, .retry_delay_seconds = 5 };
static const BtsLimits slow = { .max_retries = 100, .retry_delay_seconds = 4000000000 };
static const BtsLimits hasty = { .max_retries = 3, .retry_delay_seconds = 0 };
static const BtsLimits hopeless = { .max_retries = 0, .retry_delay_seconds = 5 };

static const struct
{
  const char *name;
  const BtsLimits *limits;
  BtsFailure failure;
  gint64 delay_us; /* LAST: no other try */
} cases[] = {
  { "first-delay-is-configured", &limits, { 503, 1, -1, MIDDLE }, 5 * SECOND },
  { "second-delay-is-doubled", &limits, { 503, 2, -1, MIDDLE }, 10 * SECOND },
  { "third-delay-is-doubled-again", &limits, { 503, 3, -1, MIDDLE }, 20 * SECOND },
  { "the-fourth-failure-is-the-last", &limits, { 503, 4, -1, MIDDLE }, LAST },
  { "delays-end-at-ten-minutes", &patient, { 503, 50, -1, MIDDLE }, 10 * MINUTE },
  { "a-long-first-delay-ends-there-too", &slow, { 503, 1, -1, MIDDLE }, 10 * MINUTE },
  { "no-delay-stays-none", &hasty, { 503, 3, -1, MIDDLE }, 0 },
  { "no-retries-are-none", &hopeless, { 503, 1, -1, MIDDLE }, LAST },
  { "jitter-takes-a-quarter", &limits, { 503, 2, -1, 0 }, 7500000 },
  { "jitter-adds-a-quarter", &limits, { 503, 2, -1, G_MAXUINT32 }, 12500000 },
  { "retry-after-wins", &limits, { 429, 1, 90 * SECOND, 0 }, 90 * SECOND },
  { "retry-after-now-is-now", &limits, { 503, 1, 0, 0 }, 0 },
  { "retry-after-is-obeyed-for-hours", &limits, { 503, 1, 23 * HOUR, 0 }, 23 * HOUR },
  { "retry-after-ends-at-a-day", &limits, { 503, 1, G_MAXINT64, 0 }, DAY },
  { "retry-after-adds-no-try", &limits, { 503, 4, SECOND, 0 }, LAST },
  { "retry-after-mends-nothing", &limits, { 404, 1, SECOND, 0 }, LAST },
  { "a-lie-stays-a-lie", &limits, { BGT_WEB_ERROR_INVALID_SERVER_RESPONSE, 1, -1, 0 }, LAST },
  { "a-full-disk-stays-full", &limits, { BGT_WEB_ERROR_NO_SPACE, 1, -1, 0 }, LAST },
  { "a-cut-is-tried-again", &limits, { BGT_WEB_ERROR_DISCONNECTED, 1, -1, MIDDLE }, 5 * SECOND },
  { "no-error-is-no-reason", &limits, { BGT_WEB_ERROR_NONE, 1, -1, 0 }, LAST },
};

static void
test_case (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  gint64 delay_us = 77;

  if (cases[i].delay_us == LAST)
    g_assert_false (bts_retry_decide (&cases[i].failure, cases[i].limits, &delay_us));
  else
    {
      g_assert_true (bts_retry_decide (&cases[i].failure, cases[i].limits, &delay_us));
      g_assert_cmpint (delay_us, >=, cases[i].delay_us - 1);
      g_assert_cmpint (delay_us, <=, cases[i].delay_us + 1);
    }
}

static void
test_what_is_left_of_a_delay (void)
{
  g_assert_cmpint (bts_retry_get_remainder (0, 5 * SECOND), ==, 0);
  g_assert_cmpint (bts_retry_get_remainder (5 * SECOND, 5 * SECOND), ==, 0);
  g_assert_cmpint (bts_retry_get_remainder (7 * SECOND, 5 * SECOND), ==, 2 * SECOND);
  /* The clock was set back. */
  g_assert_cmpint (bts_retry_get_remainder (400 * DAY, 5 * SECOND), ==, DAY);
  g_assert_cmpint (bts_retry_get_remainder (G_MAXINT64, 0), ==, DAY);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/policy/retry/", cases[i].name, NULL);

      g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_case);
    }

  g_test_add_func ("/policy/retry/what-is-left-of-a-delay", test_what_is_left_of_a_delay);
  return g_test_run ();
}
