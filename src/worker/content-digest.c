/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/content-digest.h"

#include <string.h>

/* The strongest first. */
static const struct
{
  const char *name; /* in a field */
  const char *prefix;
  gsize n_bytes;
} algorithms[] = {
  { "sha-512", "sha512:", 64 },
  { "sha-256", "sha256:", 32 },
  { "sha", "sha1:", 20 },
  { "md5", "md5:", 16 },
};

static const struct
{
  const char *name;
  gboolean has_colons; /* the value is a byte sequence of RFC 8941: between colons */
  gboolean is_of_content;
} fields[] = {
  { "Repr-Digest", TRUE, FALSE },
  { "Content-Digest", TRUE, TRUE },
  { "Digest", FALSE, FALSE },
};

/* Strict: GLib's decoder skips whatever is not Base64. */
static gboolean
is_base64 (const char *text)
{
  gsize n_digits =
      strspn (text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
  gsize n_pads = strspn (text + n_digits, "=");

  return text[n_digits + n_pads] == '\0' && n_pads <= 2 && (n_digits + n_pads) % 4 == 0;
}

/* NULL where @text is not the Base64 of @n_bytes. */
static char *
to_hex (const char *text, gsize n_bytes)
{
  g_autofree guchar *bytes = NULL;
  gsize n_decoded = 0;
  GString *hex;

  if (!is_base64 (text))
    return NULL;
  bytes = g_base64_decode (text, &n_decoded);
  if (n_decoded != n_bytes)
    return NULL;

  hex = g_string_sized_new (2 * n_bytes);
  for (gsize i = 0; i < n_bytes; i++)
    g_string_append_printf (hex, "%02x", bytes[i]);
  return g_string_free (hex, FALSE);
}

/* One member of a field, `sha-256=:…:`; its rank in the table, or -1. */
static int
parse_member (const char *member, gboolean has_colons, char **hex)
{
  const char *equals = strchr (member, '=');
  g_autofree char *name = equals != NULL ? g_strndup (member, (gsize) (equals - member)) : NULL;
  g_autofree char *value = equals != NULL ? g_strstrip (g_strdup (equals + 1)) : NULL;

  if (value == NULL)
    return -1;
  if (has_colons)
    {
      char *end = value[0] == ':' ? strchr (value + 1, ':') : NULL;

      /* Parameters may follow (RFC 8941 §3.1.2), and mean nothing here. */
      if (end == NULL || (end[1] != '\0' && end[1] != ';'))
        return -1;
      *end = '\0';
    }
  g_strstrip (name);
  for (gsize i = 0; i < G_N_ELEMENTS (algorithms); i++)
    if (g_ascii_strcasecmp (algorithms[i].name, name) == 0)
      {
        *hex = to_hex (value + (has_colons ? 1 : 0), algorithms[i].n_bytes);
        return *hex != NULL ? (int) i : -1;
      }
  return -1;
}

static void
take_field (const char *value, gboolean has_colons, int *rank, char **best)
{
  g_auto (GStrv) members = g_strsplit (value, ",", -1);

  for (gsize i = 0; members[i] != NULL; i++)
    {
      g_autofree char *hex = NULL;
      int found = parse_member (members[i], has_colons, &hex);

      if (found < 0 || (*rank >= 0 && found >= *rank))
        continue;
      *rank = found;
      g_free (*best);
      *best = g_strconcat (algorithms[found].prefix, hex, NULL);
    }
}

char *
bts_content_digest_find (GVariant *headers, gboolean is_whole)
{
  char *best = NULL;
  int rank = -1;

  if (headers == NULL)
    return NULL;
  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
    {
      GVariantIter iter;
      const char *name = NULL;
      const char *value = NULL;

      if (fields[i].is_of_content && !is_whole)
        continue;
      g_variant_iter_init (&iter, headers);
      while (g_variant_iter_next (&iter, "(&s&s)", &name, &value))
        if (g_ascii_strcasecmp (name, fields[i].name) == 0)
          take_field (value, fields[i].has_colons, &rank, &best);
    }
  return best;
}
