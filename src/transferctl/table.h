/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* A table of text, its columns as wide as their widest cell. */

typedef struct _BtsTable BtsTable;

/* @titles ends with NULL. */
BtsTable *bts_table_new (const char *const *titles);
void bts_table_free (BtsTable *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsTable, bts_table_free)

/* Takes the cells of @row, as many as there are titles. */
void bts_table_take_row (BtsTable *self, char **row);

char *bts_table_to_string (BtsTable *self, gboolean has_titles);
