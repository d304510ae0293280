/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <string.h>

#include "common/bgt-error.h"
#include "common/options.h"

static gboolean
check_is_even (GVariant *value, GError **error)
{
  if (g_variant_get_uint32 (value) % 2 == 0)
    return TRUE;

  g_set_error_literal (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT, "must be even");
  return FALSE;
}

static gboolean
check_is_never_there (GVariant *value, GError **error)
{
  g_set_error_literal (error, BGT_ERROR, BGT_ERROR_NOT_SUPPORTED, "“later” comes later");
  return FALSE;
}

static gboolean
check_with_foreign_error (GVariant *value, GError **error)
{
  g_set_error_literal (error, G_CONVERT_ERROR, G_CONVERT_ERROR_FAILED, "of another domain");
  return FALSE;
}

static const BtsOptionRow rows[] = {
  { "even", "u", check_is_even },
  { "body", "h|s", NULL },
  { "headers", "a{ss}", NULL },
  { "later", "s", check_is_never_there },
  { "foreign", "s", check_with_foreign_error },
};

typedef struct
{
  const char *name;
  const char *options;
  int code;            /* BgtError, or -1: accepted */
  const char *message; /* (nullable) */
} OptionsCase;

static const OptionsCase cases[] = {
  { "nothing-is-fine", "@a{sv} {}", -1, NULL },
  { "right-types-are-fine", "{'even': <uint32 2>, 'body': <'x'>}", -1, NULL },
  { "alternative-types-are-fine", "{'body': <handle 0>}", -1, NULL },
  { "empty-containers-are-fine", "{'headers': <@a{ss} {}>}", -1, NULL },
  { "a-wrong-type-is-named", "{'even': <'two'>}", BGT_ERROR_INVALID_ARGUMENT,
    "option “even” must be of type u, not s" },
  { "both-alternatives-are-named", "{'body': <uint32 1>}", BGT_ERROR_INVALID_ARGUMENT,
    "option “body” must be of type h or s, not u" },
  { "a-variant-in-a-variant-is-a-wrong-type", "{'body': <<'x'>>}", BGT_ERROR_INVALID_ARGUMENT,
    "option “body” must be of type h or s, not v" },
  { "an-unknown-key-is-named", "{'evn': <uint32 2>}", BGT_ERROR_INVALID_ARGUMENT,
    "there is no option “evn” here" },
  { "a-failed-check-names-the-option", "{'even': <uint32 3>}", BGT_ERROR_INVALID_ARGUMENT,
    "option “even”: must be even" },
  { "a-check-keeps-its-code", "{'later': <''>}", BGT_ERROR_NOT_SUPPORTED, "“later” comes later" },
  { "a-foreign-error-becomes-ours", "{'foreign': <''>}", BGT_ERROR_INVALID_ARGUMENT,
    "option “foreign”: of another domain" },
  { "a-duplicate-is-refused", "[{'even', <uint32 2>}, {'even', <uint32 4>}]",
    BGT_ERROR_INVALID_ARGUMENT, "option “even” is there twice" },
  { "other-dictionaries-are-refused", "{'even': 'x'}", BGT_ERROR_INVALID_ARGUMENT,
    "options must be of type a{sv}, not a{ss}" },
};

static void
test_case (gconstpointer data)
{
  const OptionsCase *test = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) options = g_variant_parse (NULL, test->options, NULL, NULL, &error);
  gboolean is_accepted;

  g_assert_no_error (error);
  is_accepted = bts_options_check (options, rows, G_N_ELEMENTS (rows), &error);

  if (test->code == -1)
    {
      g_assert_no_error (error);
      g_assert_true (is_accepted);
    }
  else
    {
      g_assert_error (error, BGT_ERROR, test->code);
      g_assert_cmpstr (error->message, ==, test->message);
      g_assert_false (is_accepted);
    }
}

static void
test_one_key_is_checked_alike (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) even = g_variant_ref_sink (g_variant_new_uint32 (2));

  g_assert_true (bts_options_check_one ("even", even, rows, G_N_ELEMENTS (rows), &error));
  g_assert_no_error (error);
  g_assert_false (bts_options_check_one ("body", even, rows, G_N_ELEMENTS (rows), &error));
  g_assert_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/common/options/", cases[i].name, NULL);

      g_test_add_data_func (path, &cases[i], test_case);
    }
  g_test_add_func ("/common/options/one-key-is-checked-alike", test_one_key_is_checked_alike);

  return g_test_run ();
}
