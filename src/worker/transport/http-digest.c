/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/transport/http-digest.h"

#include <string.h>

#include <libsoup/soup.h>

struct _BtsHttpDigest
{
  char *realm;  /* (owned) */
  char *nonce;  /* (owned) */
  char *opaque; /* (owned) (nullable) */
  gboolean is_session;
  gboolean has_qop;
  guint n_answers;
};

/* Up to where the next challenge begins: a scheme is a token that a space and not "=" follows. */
static char *
dup_parameters (const char *challenge)
{
  const char *start = challenge + strcspn (challenge, " \t");
  gboolean is_quoted = FALSE;

  for (const char *c = start; *c != '\0'; c++)
    {
      if (is_quoted && *c == '\\' && c[1] != '\0')
        c++;
      else if (*c == '"')
        is_quoted = !is_quoted;
      else if (!is_quoted && *c == ',')
        {
          const char *word = c + 1 + strspn (c + 1, " \t");
          const char *end = word + strcspn (word, " \t=,");
          const char *next = end + strspn (end, " \t");

          if (end > word && next > end && *next != '=' && *next != ',' && *next != '\0')
            return g_strndup (start, (gsize) (c - start));
        }
    }
  return g_strdup (start);
}

static gboolean
has_token (const char *list, const char *wanted)
{
  g_auto (GStrv) tokens = g_strsplit (list, ",", -1);

  for (char **token = tokens; *token != NULL; token++)
    if (g_ascii_strcasecmp (g_strstrip (*token), wanted) == 0)
      return TRUE;
  return FALSE;
}

BtsHttpDigest *
bts_http_digest_new (const char *challenge)
{
  g_autofree char *text = dup_parameters (challenge);
  GHashTable *parameters = soup_header_parse_param_list (text);
  const char *algorithm = g_hash_table_lookup (parameters, "algorithm");
  const char *realm = g_hash_table_lookup (parameters, "realm");
  const char *nonce = g_hash_table_lookup (parameters, "nonce");
  const char *qop = g_hash_table_lookup (parameters, "qop");
  gboolean is_session = algorithm != NULL && g_ascii_strcasecmp (algorithm, "SHA-256-sess") == 0;
  BtsHttpDigest *self = NULL;

  if (algorithm != NULL && (is_session || g_ascii_strcasecmp (algorithm, "SHA-256") == 0) &&
      realm != NULL && nonce != NULL && (qop == NULL || has_token (qop, "auth")))
    {
      self = g_new0 (BtsHttpDigest, 1);
      self->realm = g_strdup (realm);
      self->nonce = g_strdup (nonce);
      self->opaque = g_strdup (g_hash_table_lookup (parameters, "opaque"));
      self->is_session = is_session;
      self->has_qop = qop != NULL;
    }
  soup_header_free_param_list (parameters);
  return self;
}

void
bts_http_digest_free (BtsHttpDigest *self)
{
  g_free (self->realm);
  g_free (self->nonce);
  g_free (self->opaque);
  g_free (self);
}

/* The digest of the texts with colons between them. */
static char *digest (const char *first, ...) G_GNUC_NULL_TERMINATED;

static char *
digest (const char *first, ...)
{
  g_autoptr (GString) text = g_string_new (first);
  const char *next;
  va_list texts;

  va_start (texts, first);
  while ((next = va_arg (texts, const char *)) != NULL)
    g_string_append_printf (text, ":%s", next);
  va_end (texts);
  return g_compute_checksum_for_string (G_CHECKSUM_SHA256, text->str, (gssize) text->len);
}

static void
append_quoted (GString *header, const char *name, const char *value)
{
  g_string_append_printf (header, "%s%s=\"", header->len > strlen ("Digest ") ? ", " : "", name);
  for (const char *c = value; *c != '\0'; c++)
    {
      if (*c == '"' || *c == '\\')
        g_string_append_c (header, '\\');
      g_string_append_c (header, *c);
    }
  g_string_append_c (header, '"');
}

char *
bts_http_digest_answer (BtsHttpDigest *self,
                        const char *method,
                        const char *uri,
                        const char *user,
                        const char *password,
                        const char *client_nonce)
{
  g_autofree char *count = g_strdup_printf ("%08x", ++self->n_answers);
  g_autofree char *secret = digest (user, self->realm, password, NULL);
  g_autofree char *session = digest (secret, self->nonce, client_nonce, NULL);
  g_autofree char *request = digest (method, uri, NULL);
  const char *key = self->is_session ? session : secret;
  g_autofree char *response =
      self->has_qop ? digest (key, self->nonce, count, client_nonce, "auth", request, NULL)
                    : digest (key, self->nonce, request, NULL);
  g_autoptr (GString) header = g_string_new ("Digest ");

  append_quoted (header, "username", user);
  append_quoted (header, "realm", self->realm);
  append_quoted (header, "nonce", self->nonce);
  append_quoted (header, "uri", uri);
  append_quoted (header, "response", response);
  g_string_append_printf (header, ", algorithm=SHA-256%s", self->is_session ? "-sess" : "");
  if (self->has_qop)
    g_string_append_printf (header, ", qop=auth, nc=%s", count);
  if (self->has_qop || self->is_session)
    append_quoted (header, "cnonce", client_nonce);
  if (self->opaque != NULL)
    append_quoted (header, "opaque", self->opaque);
  return g_string_free (g_steal_pointer (&header), FALSE);
}
