/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/transport/http-auth.h"

#include <string.h>

#include "worker/transport/http-digest.h"
#include "worker/transport/http-proxy.h"

struct _BtsHttpAuth
{
  const char *challenge_header;     /* (unowned): static */
  const char *authorization_header; /* (unowned): static */
  char *user;                       /* (owned) (nullable) */
  char *password;                   /* (owned) (nullable) */
  BtsHttpDigest *digest;            /* (owned) (nullable): with SHA-256; goes before @auth */
  SoupAuth *auth;                   /* (owned) (nullable): the challenge as it was met */
  gboolean is_used;                 /* the last request had it */
};

/* The stronger one first. */
static const struct
{
  const char *scheme;
  GType (*get_type) (void);
} schemes[] = {
  { "Digest", soup_auth_digest_get_type },
  { "Basic", soup_auth_basic_get_type },
};

BtsHttpAuth *
bts_http_auth_new (gboolean is_for_proxy)
{
  BtsHttpAuth *self = g_new0 (BtsHttpAuth, 1);

  self->challenge_header = is_for_proxy ? "Proxy-Authenticate" : "WWW-Authenticate";
  self->authorization_header = is_for_proxy ? "Proxy-Authorization" : "Authorization";
  return self;
}

static void
forget (BtsHttpAuth *self)
{
  g_clear_pointer (&self->digest, bts_http_digest_free);
  g_clear_object (&self->auth);
}

void
bts_http_auth_free (BtsHttpAuth *self)
{
  forget (self);
  g_free (self->user);
  g_free (self->password);
  g_free (self);
}

void
bts_http_auth_set_credential (BtsHttpAuth *self, const char *user, const char *password)
{
  if (g_strcmp0 (user, self->user) == 0 && g_strcmp0 (password, self->password) == 0)
    return;

  forget (self);
  g_free (self->user);
  self->user = g_strdup (user);
  g_free (self->password);
  self->password = g_strdup (password);
}

/* The challenge of @scheme in @field, which may have several (RFC 9110 §11.6.1). What follows it is
 * no harm: the parameters of another challenge come with its scheme before their name. */
static const char *
find_challenge (const char *field, const char *scheme)
{
  gsize length = strlen (scheme);
  gboolean is_quoted = FALSE;

  for (const char *c = field; *c != '\0'; c++)
    {
      gboolean is_word = c == field || strchr (", \t", c[-1]) != NULL;

      if (is_quoted && *c == '\\' && c[1] != '\0')
        c++;
      else if (*c == '"')
        is_quoted = !is_quoted;
      else if (!is_quoted && is_word && g_ascii_strncasecmp (c, scheme, length) == 0 &&
               (c[length] == ' ' || c[length] == '\t'))
        return c;
    }
  return NULL;
}

/* The first challenge with SHA-256; NULL where there is none. */
static BtsHttpDigest *
choose_digest (BtsHttpAuth *self, SoupMessageHeaders *headers)
{
  SoupMessageHeadersIter iter;
  const char *name, *value;

  soup_message_headers_iter_init (&iter, headers);
  while (soup_message_headers_iter_next (&iter, &name, &value))
    {
      const char *challenge = NULL;

      if (g_ascii_strcasecmp (name, self->challenge_header) == 0)
        challenge = find_challenge (value, "Digest");
      while (challenge != NULL)
        {
          BtsHttpDigest *digest = bts_http_digest_new (challenge);

          if (digest != NULL)
            return digest;
          challenge = find_challenge (challenge + strlen ("Digest"), "Digest");
        }
    }
  return NULL;
}

static SoupAuth *
choose (BtsHttpAuth *self, SoupMessage *message, SoupMessageHeaders *headers)
{
  /* libsoup looks for the proxy of a message with a 407, and knows of none: see http-connector.h.
   */
  g_autoptr (SoupMessage) fresh = soup_message_new_from_uri (soup_message_get_method (message),
                                                             soup_message_get_uri (message));

  for (gsize i = 0; i < G_N_ELEMENTS (schemes); i++)
    {
      SoupMessageHeadersIter iter;
      const char *name, *value;

      soup_message_headers_iter_init (&iter, headers);
      while (soup_message_headers_iter_next (&iter, &name, &value))
        {
          const char *challenge = NULL;
          SoupAuth *auth = NULL;

          if (g_ascii_strcasecmp (name, self->challenge_header) == 0)
            challenge = find_challenge (value, schemes[i].scheme);
          if (challenge != NULL)
            auth = soup_auth_new (schemes[i].get_type (), fresh, challenge);
          if (auth != NULL)
            return auth;
        }
    }
  return NULL;
}

static gboolean
is_stale (BtsHttpAuth *self, SoupMessageHeaders *headers)
{
  const char *value = soup_message_headers_get_list (headers, self->challenge_header);
  g_autofree char *lower = value != NULL ? g_ascii_strdown (value, -1) : NULL;

  return lower != NULL &&
         (strstr (lower, "stale=true") != NULL || strstr (lower, "stale=\"true\"") != NULL);
}

gboolean
bts_http_auth_take_challenge (BtsHttpAuth *self, SoupMessage *message, SoupMessageHeaders *headers)
{
  if (self->user == NULL)
    return FALSE;
  /* Refused with the credential in hand: it is wrong, or only the nonce is too old. */
  if (self->is_used && !is_stale (self, headers))
    return FALSE;

  forget (self);
  self->digest = choose_digest (self, headers);
  if (self->digest != NULL)
    return TRUE;
  self->auth = choose (self, message, headers);
  if (self->auth == NULL)
    return FALSE;
  soup_auth_authenticate (self->auth, self->user, self->password != NULL ? self->password : "");
  return soup_auth_is_authenticated (self->auth);
}

/* What is asked for, as it stands in the request. */
static char *
dup_asked (SoupMessage *message)
{
  GUri *uri = soup_message_get_uri (message);
  const char *path = *g_uri_get_path (uri) != '\0' ? g_uri_get_path (uri) : "/";
  const char *query = g_uri_get_query (uri);

  if (g_str_equal (soup_message_get_method (message), "CONNECT"))
    return bts_http_proxy_format_address (g_uri_get_host (uri), (guint16) g_uri_get_port (uri));
  return g_strconcat (path, query != NULL ? "?" : NULL, query, NULL);
}

static char *
answer_digest (BtsHttpAuth *self, SoupMessage *message)
{
  g_autofree char *asked = dup_asked (message);
  g_autofree char *client_nonce = g_uuid_string_random ();

  return bts_http_digest_answer (self->digest, soup_message_get_method (message), asked, self->user,
                                 self->password != NULL ? self->password : "", client_nonce);
}

void
bts_http_auth_apply (BtsHttpAuth *self, SoupMessage *message)
{
  g_autofree char *authorization = NULL;

  self->is_used = FALSE;
  if (self->digest != NULL)
    authorization = answer_digest (self, message);
  else if (self->auth != NULL && soup_auth_is_authenticated (self->auth))
    authorization = soup_auth_get_authorization (self->auth, message);
  if (authorization == NULL)
    return;
  soup_message_headers_replace (soup_message_get_request_headers (message),
                                self->authorization_header, authorization);
  self->is_used = TRUE;
}
