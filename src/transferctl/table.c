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

/* The width of each column, that is of its widest cell. */
static int *
measure (BtsTable *self, guint first)
{
  int *widths = g_new0 (int, self->n_columns);

  for (guint i = first; i < self->rows->len; i++)
    {
      char **row = g_ptr_array_index (self->rows, i);

      for (guint column = 0; column < self->n_columns; column++)
        widths[column] = MAX (widths[column], bts_text_get_width (row[column]));
    }
  return widths;
}

char *
bts_table_to_string (BtsTable *self, gboolean has_titles)
{
  const guint first = has_titles ? 0 : 1;
  g_autofree int *widths = measure (self, first);
  GString *text = g_string_new (NULL);

  for (guint i = first; i < self->rows->len; i++)
    {
      char **row = g_ptr_array_index (self->rows, i);

      for (guint column = 0; column < self->n_columns; column++)
        {
          g_string_append (text, row[column]);
          if (column + 1 < self->n_columns)
            g_string_append_printf (text, "%*s",
                                    widths[column] - bts_text_get_width (row[column]) + GAP, "");
        }
      while (text->len > 0 && text->str[text->len - 1] == ' ')
        g_string_truncate (text, text->len - 1);
      g_string_append_c (text, '\n');
    }
  return g_string_free (text, FALSE);
}
