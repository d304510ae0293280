/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "transferctl/table.h"

#include "transferctl/text.h"

#define GAP 2

struct _BtsTable
{
  guint n_columns;
  GPtrArray *rows; /* (owned) (element-type GStrv): the titles first */
};

BtsTable *
bts_table_new (const char *const *titles)
{
  BtsTable *self = g_new0 (BtsTable, 1);

  self->n_columns = g_strv_length ((char **) titles);
  self->rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  g_ptr_array_add (self->rows, g_strdupv ((char **) titles));
  return self;
}

void
bts_table_free (BtsTable *self)
{
  g_ptr_array_unref (self->rows);
  g_free (self);
}

void
bts_table_take_row (BtsTable *self, char **row)
{
  g_assert (g_strv_length (row) == self->n_columns);

  for (guint i = 0; i < self->n_columns; i++)
    {
      char *printable = bts_text_make_printable (row[i]);

      g_free (row[i]);
      row[i] = printable;
    }
  g_ptr_array_add (self->rows, row);
}

static int
get_column_width (BtsTable *self, guint column, guint first)
{
  int width = 0;

  for (guint i = first; i < self->rows->len; i++)
    {
      char **row = g_ptr_array_index (self->rows, i);

      width = MAX (width, bts_text_get_width (row[column]));
    }
  return width;
}

char *
bts_table_to_string (BtsTable *self, gboolean has_titles)
{
  const guint first = has_titles ? 0 : 1;
  GString *text = g_string_new (NULL);

  for (guint i = first; i < self->rows->len; i++)
    {
      char **row = g_ptr_array_index (self->rows, i);

      for (guint column = 0; column < self->n_columns; column++)
        {
          const int width = get_column_width (self, column, first);

          g_string_append (text, row[column]);
          if (column + 1 < self->n_columns)
            g_string_append_printf (text, "%*s", width - bts_text_get_width (row[column]) + GAP,
                                    "");
        }
      while (text->len > 0 && text->str[text->len - 1] == ' ')
        g_string_truncate (text, text->len - 1);
      g_string_append_c (text, '\n');
    }
  return g_string_free (text, FALSE);
}
