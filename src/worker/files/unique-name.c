/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/files/unique-name.h"

#include <string.h>

#define MAX_EXTENSION_BYTES 16
#define MAX_TAG_BYTES 16

/* Where the extension begins: its dot, or the end. A leading dot begins none, and what has a
 * space in it or is long is no extension but a part of a title. */
static gsize
find_extension (const char *name)
{
  gsize length = strlen (name);
  const char *dot = strrchr (name, '.');
  gsize start;

  if (dot == NULL || dot == name || dot[1] == '\0' || strlen (dot) > MAX_EXTENSION_BYTES ||
      strchr (dot, ' ') != NULL)
    return length;

  start = (gsize) (dot - name);
  if (start > strlen (".tar") && strncmp (dot - strlen (".tar"), ".tar", strlen (".tar")) == 0)
    start -= strlen (".tar");

  return start;
}

/* At most @max_bytes of @name's first @length, not cutting a UTF-8 character apart. */
static gsize
cut (const char *name, gsize length, gsize max_bytes)
{
  gsize cut_length = max_bytes;

  if (length <= max_bytes)
    return length;
  if (!g_utf8_validate (name, -1, NULL))
    return max_bytes;

  while (cut_length > 0 && ((guchar) name[cut_length] & 0xc0) == 0x80)
    cut_length--;

  return cut_length;
}

char *
bts_unique_name_get_nth (const char *name, guint n, gsize max_bytes)
{
  g_autofree char *suffix = NULL;
  gsize extension = find_extension (name);
  gsize suffix_length;
  gsize stem_length;

  if (n == 0)
    return g_strdup (name);

  suffix = g_strdup_printf (" (%u)%s", n, name + extension);
  suffix_length = strlen (suffix);
  stem_length = cut (name, extension, max_bytes > suffix_length ? max_bytes - suffix_length : 1);

  return g_strdup_printf ("%.*s%s", (int) stem_length, name, suffix);
}

gboolean
bts_unique_name_matches (const char *name, const char *candidate, gsize max_bytes)
{
  g_autofree char *expected = NULL;
  const char *bracket = NULL;
  guint64 n;

  if (strcmp (name, candidate) == 0)
    return TRUE;

  for (const char *p = strstr (candidate, " ("); p != NULL; p = strstr (p + 1, " ("))
    bracket = p;
  if (bracket == NULL || !g_ascii_isdigit (bracket[2]))
    return FALSE;

  n = g_ascii_strtoull (bracket + 2, NULL, 10);
  if (n == 0 || n > G_MAXUINT)
    return FALSE;

  expected = bts_unique_name_get_nth (name, (guint) n, max_bytes);
  return strcmp (expected, candidate) == 0;
}

/* The letters and digits of @guid, as many as make it unmistakable. */
static char *
make_tag (const char *guid)
{
  GString *tag = g_string_new (NULL);

  for (const char *p = guid; *p != '\0' && tag->len < MAX_TAG_BYTES; p++)
    {
      if (g_ascii_isalnum (*p))
        g_string_append_c (tag, *p);
    }

  return g_string_free (tag, FALSE);
}

static char *
make_suffix (const char *guid)
{
  g_autofree char *tag = make_tag (guid);

  return g_strdup_printf (".%s.part", tag);
}

char *
bts_partial_name_new (const char *name, const char *guid, gsize max_bytes)
{
  g_autofree char *suffix = make_suffix (guid);
  gsize used = strlen (".") + strlen (suffix);
  gsize name_length = cut (name, strlen (name), max_bytes > used ? max_bytes - used : 1);

  return g_strdup_printf (".%.*s%s", (int) name_length, name, suffix);
}

gboolean
bts_partial_name_is_of (const char *candidate, const char *guid)
{
  g_autofree char *suffix = make_suffix (guid);

  return candidate[0] == '.' && strchr (candidate, '/') == NULL &&
         strlen (candidate) > strlen (suffix) && g_str_has_suffix (candidate, suffix);
}
