/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "common/redact.h"

#include <string.h>

#define ELLIPSIS "…"

/* A header whose name has one of these words in it may carry a secret. */
static const char *const secret_words[] = {
  "auth", "cookie", "credential", "key", "password", "secret", "session", "signature", "token",
};

/* Challenges are the server's own, and what one needs to see when a log-in fails. */
static const char *const harmless_headers[] = { "www-authenticate", "proxy-authenticate" };

/* These carry a URI. */
static const char *const uri_headers[] = { "location", "content-location", "referer", "origin" };

/* Valid UTF-8 on one line, so that no server can write log lines of its own. */
static char *
make_printable (const char *string)
{
  g_autofree char *valid = g_utf8_make_valid (string, -1);
  GString *printable = g_string_sized_new (strlen (valid));

  for (const char *c = valid; *c != '\0'; c = g_utf8_next_char (c))
    if (g_unichar_iscntrl (g_utf8_get_char (c)))
      g_string_append_printf (printable, "%%%02X", g_utf8_get_char (c));
    else
      g_string_append_len (printable, c, g_utf8_next_char (c) - c);

  return g_string_free (printable, FALSE);
}

/* Whether "host:port" has something else than digits for its port; then it is probably
 * "user:password", cut short by a character that had to be escaped. */
static gboolean
has_odd_port (const char *authority, gsize length)
{
  const char *bracket = memchr (authority, ']', length);
  const char *start = bracket != NULL ? bracket : authority;
  const char *colon = memchr (start, ':', length - (gsize) (start - authority));

  if (colon == NULL)
    return FALSE;

  for (const char *c = colon + 1; c < authority + length; c++)
    if (!g_ascii_isdigit (*c))
      return TRUE;

  return FALSE;
}

/* Where "//" ends that begins an authority; NULL in a URI without one. */
static const char *
find_authority (const char *uri)
{
  const char *slashes = strstr (uri, "//");
  const char *c;

  if (slashes == NULL)
    return NULL;

  for (c = uri; c < slashes; c++)
    if (!g_ascii_isalnum (*c) && strchr ("+-.:", *c) == NULL)
      return NULL;

  return slashes + 2;
}

char *
bts_redact_uri (const char *uri)
{
  g_autoptr (GString) redacted = NULL;
  gsize kept_length;
  const char *rest;
  const char *path;
  const char *at;

  if (uri == NULL)
    return g_strdup ("");

  redacted = g_string_new (NULL);
  kept_length = strcspn (uri, "?#");
  rest = find_authority (uri);
  if (rest == NULL || rest > uri + kept_length)
    rest = uri;
  g_string_append_len (redacted, uri, rest - uri);

  path = rest == uri ? uri + kept_length : rest + strcspn (rest, "/\\?#");
  at = memrchr (rest, '@', (gsize) (path - rest));
  if (at != NULL)
    rest = at + 1;
  else if (rest != uri && has_odd_port (rest, (gsize) (path - rest)))
    return g_strconcat (redacted->str, ELLIPSIS, NULL);

  g_string_append_len (redacted, rest, uri + kept_length - rest);
  if (uri[kept_length] == '?')
    g_string_append (redacted, "?" ELLIPSIS);

  return make_printable (redacted->str);
}

static gboolean
is_one_of (const char *name, const char *const *names, gsize n_names)
{
  for (gsize i = 0; i < n_names; i++)
    if (g_ascii_strcasecmp (name, names[i]) == 0)
      return TRUE;

  return FALSE;
}

static gboolean
is_secret (const char *name)
{
  g_autofree char *lower = g_ascii_strdown (name, -1);

  if (is_one_of (name, harmless_headers, G_N_ELEMENTS (harmless_headers)))
    return FALSE;

  for (gsize i = 0; i < G_N_ELEMENTS (secret_words); i++)
    if (strstr (lower, secret_words[i]) != NULL)
      return TRUE;

  return FALSE;
}

char *
bts_redact_header (const char *name, const char *value)
{
  g_autofree char *printable_name = make_printable (name != NULL ? name : "");
  g_autofree char *printable_value = NULL;

  if (is_secret (printable_name))
    printable_value = g_strdup (ELLIPSIS);
  else if (is_one_of (printable_name, uri_headers, G_N_ELEMENTS (uri_headers)))
    printable_value = bts_redact_uri (value);
  else
    printable_value = make_printable (value != NULL ? value : "");

  return g_strdup_printf ("%s: %s", printable_name, printable_value);
}
