/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <gio/gio.h>

#include "common/bgt-enums.h"
#include "common/bgt-error.h"
#include "common/bgt-web-error.h"
#include "common/names.h"

#define N_WEB_ERRORS (BGT_WEB_ERROR_FILE_ERROR + 1)

static void
test_status_words_come_back (void)
{
  for (guint i = BGT_OPERATION_STATUS_IDLE; i <= BGT_OPERATION_STATUS_ERROR; i++)
    {
      BgtOperationStatus found = BGT_OPERATION_STATUS_IDLE;

      g_assert_true (bgt_operation_status_from_string (
          bgt_operation_status_to_string ((BgtOperationStatus) i), &found));
      g_assert_cmpuint (found, ==, i);
    }
}

static void
test_words_are_those_of_the_reference (void)
{
  g_assert_cmpstr (bgt_operation_kind_to_string (BGT_OPERATION_KIND_UPLOAD), ==, "upload");
  g_assert_cmpstr (bgt_operation_status_to_string (BGT_OPERATION_STATUS_PAUSED_SYSTEM_POLICY), ==,
                   "paused-system-policy");
  g_assert_cmpstr (bgt_cost_policy_to_string (BGT_COST_POLICY_UNRESTRICTED_ONLY), ==,
                   "unrestricted-only");
  g_assert_cmpstr (bgt_priority_to_string (BGT_PRIORITY_HIGH), ==, "high");
  g_assert_cmpstr (bgt_overwrite_to_string (BGT_OVERWRITE_UNIQUE), ==, "unique");
  g_assert_cmpstr (bgt_connectivity_to_string (BGT_CONNECTIVITY_PORTAL), ==, "portal");
  g_assert_cmpstr (bgt_cost_type_to_string (BGT_COST_TYPE_VARIABLE), ==, "variable");
}

static void
test_unknown_words_leave_the_value_alone (void)
{
  static const char *const words[] = { "", "High", "high ", "defaul", "0", NULL };
  BgtPriority priority = BGT_PRIORITY_HIGH;

  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    {
      g_assert_false (bgt_priority_from_string (words[i], &priority));
      g_assert_cmpuint (priority, ==, BGT_PRIORITY_HIGH);
    }
}

static void
test_numbers_outside_have_no_word (void)
{
  g_assert_cmpstr (bgt_priority_to_string ((BgtPriority) 99), ==, "");
  g_assert_cmpstr (bgt_priority_to_string ((BgtPriority) -1), ==, "");
}

static void
test_three_statuses_are_final (void)
{
  for (guint i = BGT_OPERATION_STATUS_IDLE; i <= BGT_OPERATION_STATUS_ERROR; i++)
    g_assert_cmpint (bgt_operation_status_is_final ((BgtOperationStatus) i), ==,
                     i >= BGT_OPERATION_STATUS_COMPLETED);
}

static void
test_priorities_are_ordered (void)
{
  g_assert_cmpint (BGT_PRIORITY_LOW, <, BGT_PRIORITY_DEFAULT);
  g_assert_cmpint (BGT_PRIORITY_DEFAULT, <, BGT_PRIORITY_HIGH);
}

static void
test_errors_have_their_bus_names (void)
{
  for (int code = BGT_ERROR_FAILED; code <= BGT_ERROR_NOT_SUPPORTED; code++)
    {
      g_autoptr (GError) error = g_error_new_literal (BGT_ERROR, code, "message");
      g_autofree char *name = g_dbus_error_encode_gerror (error);
      g_autoptr (GError) decoded = g_dbus_error_new_for_dbus_error (name, "message");

      g_assert_true (g_str_has_prefix (name, BGT_ERROR_NAME_PREFIX));
      g_assert_error (decoded, BGT_ERROR, code);
    }
}

static void
test_error_names_are_those_of_the_reference (void)
{
  g_autoptr (GError) error = g_error_new_literal (BGT_ERROR, BGT_ERROR_NOT_YET_AVAILABLE, "x");
  g_autofree char *name = g_dbus_error_encode_gerror (error);

  g_assert_cmpstr (name, ==, "org.example.BackgroundTransfer.Error.NotYetAvailable");
}

static void
test_web_errors_come_back (void)
{
  int found;

  for (int i = 1; i < N_WEB_ERRORS; i++)
    {
      g_assert_true (bgt_web_error_from_string (bgt_web_error_to_string (i), &found));
      g_assert_cmpint (found, ==, i);
    }

  for (int i = 300; i <= 999; i++)
    {
      g_assert_true (bgt_web_error_from_string (bgt_web_error_to_string (i), &found));
      g_assert_cmpint (found, ==, i);
    }
}

static void
test_http_codes_have_words (void)
{
  g_assert_cmpstr (bgt_web_error_to_string (404), ==, "http-404");
  g_assert_cmpstr (bgt_web_error_to_string (BGT_WEB_ERROR_NONE), ==, "");
}

static void
test_error_domains_have_their_names (void)
{
  g_assert_cmpstr (g_quark_to_string (BGT_ERROR), ==, "bgt-error-quark");
  g_assert_cmpstr (g_quark_to_string (BGT_WEB_ERROR), ==, "bgt-web-error-quark");
}

static void
test_numbers_that_are_nothing_read_as_an_error (void)
{
  static const int numbers[] = { -1, 200, 299, 1000, G_MAXINT, G_MININT, N_WEB_ERRORS };

  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      g_assert_cmpstr (bgt_web_error_to_string (numbers[i]), ==, "invalid-server-response");
      g_assert_false (bgt_web_error_is_worth_a_retry (numbers[i]));
    }
}

static void
test_web_errors_refuse_other_words (void)
{
  static const char *const words[] = { NULL,        "",         "http-",     "http-4",
                                       "http-4044", "http-299", "http-000",  "http-+40",
                                       "http-4 4",  "HTTP-404", "http-40a",  " http-404",
                                       "timeout ",  "time-out", "http--404", "http-1000" };
  int found = 77;

  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    {
      g_assert_false (bgt_web_error_from_string (words[i], &found));
      g_assert_cmpint (found, ==, 77);
    }
}

static void
test_only_what_may_pass_is_worth_a_retry (void)
{
  static const int worth[] = {
    BGT_WEB_ERROR_SERVER_UNREACHABLE,
    BGT_WEB_ERROR_TIMEOUT,
    BGT_WEB_ERROR_CONNECTION_ABORTED,
    BGT_WEB_ERROR_CONNECTION_RESET,
    BGT_WEB_ERROR_DISCONNECTED,
    BGT_WEB_ERROR_CANNOT_CONNECT,
    BGT_WEB_ERROR_HOST_NAME_NOT_RESOLVED,
    408,
    423,
    425,
    429,
    500,
    502,
    503,
    504,
  };

  for (int i = 0; i <= 999; i++)
    {
      gboolean is_worth = FALSE;

      for (gsize j = 0; j < G_N_ELEMENTS (worth); j++)
        is_worth |= worth[j] == i;

      g_assert_cmpint (bgt_web_error_is_worth_a_retry (i), ==, is_worth);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/common/enums/status-words-come-back", test_status_words_come_back);
  g_test_add_func ("/common/enums/words-are-those-of-the-reference",
                   test_words_are_those_of_the_reference);
  g_test_add_func ("/common/enums/unknown-words-leave-the-value-alone",
                   test_unknown_words_leave_the_value_alone);
  g_test_add_func ("/common/enums/numbers-outside-have-no-word", test_numbers_outside_have_no_word);
  g_test_add_func ("/common/enums/three-statuses-are-final", test_three_statuses_are_final);
  g_test_add_func ("/common/enums/priorities-are-ordered", test_priorities_are_ordered);
  g_test_add_func ("/common/error/errors-have-their-bus-names", test_errors_have_their_bus_names);
  g_test_add_func ("/common/error/names-are-those-of-the-reference",
                   test_error_names_are_those_of_the_reference);
  g_test_add_func ("/common/web-error/words-come-back", test_web_errors_come_back);
  g_test_add_func ("/common/web-error/http-codes-have-words", test_http_codes_have_words);
  g_test_add_func ("/common/error/domains-have-their-names", test_error_domains_have_their_names);
  g_test_add_func ("/common/web-error/other-numbers-read-as-an-error",
                   test_numbers_that_are_nothing_read_as_an_error);
  g_test_add_func ("/common/web-error/other-words-are-refused", test_web_errors_refuse_other_words);
  g_test_add_func ("/common/web-error/only-what-may-pass-is-worth-a-retry",
                   test_only_what_may_pass_is_worth_a_retry);

  return g_test_run ();
}
