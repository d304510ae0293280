/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "common/cut-text.h"

#include <string.h>

char *
bts_cut_text (const char *text, gsize max_bytes)
{
  gsize length = text != NULL ? strnlen (text, max_bytes + 1) : 0;

  if (length > max_bytes)
    {
      length = max_bytes;
      /* Not before a continuation byte. */
      while (length > 0 && ((guchar) text[length] & 0xc0) == 0x80)
        length--;
    }
  return g_strndup (text, length);
}
