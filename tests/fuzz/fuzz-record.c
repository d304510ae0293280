/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <string.h>

#include "store/operation-record.h"

#define GUID "01234567_89ab_4def_8123_456789abcdef"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

/* What is taken as a record is written as one that says the same. */
int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (BtsOperation) operation =
                 bts_operation_record_parse (GUID, (const char *) data, size, &error);
  g_autoptr (BtsOperation) copy = NULL;
  g_autofree char *text = NULL;
  g_autofree char *second_text = NULL;
  gsize length;
  gsize second_length;

  g_assert_true ((operation == NULL) == (error != NULL));
  if (operation == NULL)
    return 0;

  text = bts_operation_record_print (operation, &length);
  copy = bts_operation_record_parse (GUID, text, length, &error);
  g_assert_no_error (error);
  second_text = bts_operation_record_print (copy, &second_length);
  g_assert_cmpmem (text, length, second_text, second_length);

  return 0;
}
