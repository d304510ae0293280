/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* Checks an a{sv} against a table. Errors are BGT_ERROR_INVALID_ARGUMENT, name the key, and say
 * which type was wanted and which came. A check says what would be right, "must be even": the key
 * is put before it, unless it names “key” itself. */

typedef struct
{
  const char *key;
  const char *type;                                    /* GVariant type; alternatives as "h|s" */
  gboolean (*check) (GVariant *value, GError **error); /* (nullable): beyond the type */
} BtsOptionRow;

gboolean
bts_options_check (GVariant *options, const BtsOptionRow *rows, gsize n_rows, GError **error);

/* Checks one key; for a property that may be written and means the option of that name. */
gboolean bts_options_check_one (
    const char *key, GVariant *value, const BtsOptionRow *rows, gsize n_rows, GError **error);
