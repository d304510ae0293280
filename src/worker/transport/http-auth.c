/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/transport/http-auth.h"

#include <string.h>
#include <sys/random.h>

#include "common/bgt-web-error.h"
#include "worker/transport/http-digest.h"
#include "worker/transport/http-negotiate.h"
#include "worker/transport/http-ntlm.h"
#include "worker/transport/http-proxy.h"

struct _BtsHttpAuth
{
  int status_code;                  /* of its challenges */
  const char *challenge_header;     /* (unowned): static */
  const char *authorization_header; /* (unowned): static */
  char *host;                       /* (owned) (nullable): who asks */
  char *user;                       /* (owned) (nullable) */
  char *password;                   /* (owned) (nullable) */
  gboolean is_used;                 /* the last request had it */

  /* The challenge as it was met: one of these. */
  BtsHttpDigest *digest;       /* (owned) (nullable): with SHA-256 */
  SoupAuth *auth;              /* (owned) (nullable): Digest with MD5, or Basic */
  BtsHttpNegotiate *negotiate; /* (owned) (nullable): bound to its connection */
  gboolean is_ntlm;            /* the same */

  /* Of those that are bound. */
  char *answer; /* (owned) (nullable): for the next request, and only for that */
  guint n_answers;

  GError *problem; /* (owned) (nullable): why Negotiate, which was offered, could not be met */
};

BtsHttpAuth *
bts_http_auth_new (gboolean is_for_proxy)
{
  BtsHttpAuth *self = g_new0 (BtsHttpAuth, 1);

  self->status_code = is_for_proxy ? SOUP_STATUS_PROXY_UNAUTHORIZED : SOUP_STATUS_UNAUTHORIZED;
  self->challenge_header = is_for_proxy ? "Proxy-Authenticate" : "WWW-Authenticate";
  self->authorization_header = is_for_proxy ? "Proxy-Authorization" : "Authorization";
  return self;
}

static void
forget (BtsHttpAuth *self)
{
  g_clear_pointer (&self->digest, bts_http_digest_free);
  g_clear_object (&self->auth);
  g_clear_pointer (&self->negotiate, bts_http_negotiate_unref);
  g_clear_pointer (&self->answer, g_free);
  self->is_ntlm = FALSE;
  self->n_answers = 0;
}

void
bts_http_auth_free (BtsHttpAuth *self)
{
  forget (self);
  g_free (self->host);
  g_free (self->user);
  g_free (self->password);
  g_clear_error (&self->problem);
  g_free (self);
}

void
bts_http_auth_set_credential (BtsHttpAuth *self,
                              const char *host,
                              const char *user,
                              const char *password)
{
  if (user != NULL && password == NULL)
    password = "";
  if (g_strcmp0 (host, self->host) == 0 && g_strcmp0 (user, self->user) == 0 &&
      g_strcmp0 (password, self->password) == 0)
    return;

  forget (self);
  g_clear_error (&self->problem);
  g_free (self->host);
  self->host = g_strdup (host);
  g_free (self->user);
  self->user = g_strdup (user);
  g_free (self->password);
  self->password = g_strdup (password);
}

gboolean
bts_http_auth_is_bound (const BtsHttpAuth *self)
{
  return self != NULL && (self->negotiate != NULL || self->is_ntlm);
}

gboolean
bts_http_auth_is_opening (const BtsHttpAuth *self)
{
  return self != NULL && self->is_ntlm && self->answer != NULL && self->n_answers == 1;
}

gboolean
bts_http_auth_is_under_way (const BtsHttpAuth *self)
{
  return self != NULL && self->answer != NULL && self->n_answers > 1;
}

void
bts_http_auth_leave_connection (BtsHttpAuth *self)
{
  if (bts_http_auth_is_bound (self))
    forget (self);
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
               (c[length] == '\0' || strchr (" \t,", c[length]) != NULL))
        return c;
    }
  return NULL;
}

/* What follows the name of a scheme without parameters; NULL where nothing does. */
static char *
dup_token (const char *challenge)
{
  const char *start = challenge + strcspn (challenge, " \t,");
  gsize length;

  start += strspn (start, " \t");
  length = strcspn (start, " \t,");
  return length > 0 ? g_strndup (start, length) : NULL;
}

static gboolean
meet_negotiate (BtsHttpAuth *self, const char *challenge, SoupMessage *fresh, GCancellable *stopped)
{
  g_clear_error (&self->problem);
  self->negotiate = bts_http_negotiate_new (self->host, self->user, self->password);
  self->answer = bts_http_negotiate_answer (self->negotiate, NULL, stopped, &self->problem);
  return self->answer != NULL;
}

static gboolean
meet_ntlm (BtsHttpAuth *self, const char *challenge, SoupMessage *fresh, GCancellable *stopped)
{
  if (*self->user == '\0')
    return FALSE;
  self->is_ntlm = TRUE;
  self->answer = bts_http_ntlm_open ();
  return TRUE;
}

static gboolean
meet_sha256 (BtsHttpAuth *self, const char *challenge, SoupMessage *fresh, GCancellable *stopped)
{
  self->digest = bts_http_digest_new (challenge);
  return self->digest != NULL;
}

static gboolean
meet_by_soup (BtsHttpAuth *self, GType type, const char *challenge, SoupMessage *fresh)
{
  self->auth = soup_auth_new (type, fresh, challenge);
  if (self->auth == NULL)
    return FALSE;
  soup_auth_authenticate (self->auth, self->user, self->password);
  return soup_auth_is_authenticated (self->auth);
}

static gboolean
meet_digest (BtsHttpAuth *self, const char *challenge, SoupMessage *fresh, GCancellable *stopped)
{
  return meet_by_soup (self, SOUP_TYPE_AUTH_DIGEST, challenge, fresh);
}

static gboolean
meet_basic (BtsHttpAuth *self, const char *challenge, SoupMessage *fresh, GCancellable *stopped)
{
  return meet_by_soup (self, SOUP_TYPE_AUTH_BASIC, challenge, fresh);
}

/* The stronger one first; what cannot be met leaves it to the next. NTLM takes two more requests
 * than Digest and proves no more. */
static const struct
{
  const char *scheme;
  gboolean (*meet) (BtsHttpAuth *self,
                    const char *challenge,
                    SoupMessage *fresh,
                    GCancellable *stopped);
} schemes[] = {
  { "Negotiate", meet_negotiate }, { "Digest", meet_sha256 }, { "Digest", meet_digest },
  { "NTLM", meet_ntlm },           { "Basic", meet_basic },
};

/* The challenge of @scheme after @previous, or the first; NULL where there is none. */
static const char *
find_next (BtsHttpAuth *self,
           SoupMessageHeadersIter *iter,
           const char *scheme,
           const char *previous)
{
  const char *found = NULL;
  const char *name, *value;

  if (previous != NULL)
    found = find_challenge (previous + strlen (scheme), scheme);
  while (found == NULL && soup_message_headers_iter_next (iter, &name, &value))
    if (g_ascii_strcasecmp (name, self->challenge_header) == 0)
      found = find_challenge (value, scheme);
  return found;
}

static gboolean
choose (BtsHttpAuth *self, SoupMessage *message, SoupMessageHeaders *headers, GCancellable *stopped)
{
  /* libsoup looks for the proxy of a message with a 407, and knows of none: see http-connector.h.
   */
  g_autoptr (SoupMessage) fresh = soup_message_new_from_uri (soup_message_get_method (message),
                                                             soup_message_get_uri (message));

  for (gsize i = 0; i < G_N_ELEMENTS (schemes); i++)
    {
      SoupMessageHeadersIter iter;
      const char *challenge = NULL;

      soup_message_headers_iter_init (&iter, headers);
      while ((challenge = find_next (self, &iter, schemes[i].scheme, challenge)) != NULL)
        {
          forget (self);
          self->n_answers = 1;
          if (!schemes[i].meet (self, challenge, fresh, stopped))
            continue;
          if (self->negotiate == NULL)
            g_clear_error (&self->problem);
          return TRUE;
        }
    }
  forget (self);
  return FALSE;
}

/* The answer to what the server said to the last one. */
static gboolean
go_on (BtsHttpAuth *self, SoupMessageHeaders *headers, GCancellable *stopped)
{
  SoupMessageHeadersIter iter;
  const char *challenge;
  g_autofree char *token = NULL;
  guint8 nonce[BTS_HTTP_NTLM_NONCE_BYTES];

  soup_message_headers_iter_init (&iter, headers);
  challenge = find_next (self, &iter, self->is_ntlm ? "NTLM" : "Negotiate", NULL);
  token = challenge != NULL ? dup_token (challenge) : NULL;
  if (token == NULL || (self->is_ntlm && self->n_answers > 1))
    return FALSE;

  /* So few bytes are always had at once. */
  if (getrandom (nonce, sizeof nonce, 0) != (ssize_t) sizeof nonce)
    return FALSE;
  g_clear_error (&self->problem);
  self->answer =
      self->is_ntlm
          ? bts_http_ntlm_answer (token, self->user, self->password, nonce, g_get_real_time ())
          : bts_http_negotiate_answer (self->negotiate, token, stopped, &self->problem);
  self->n_answers++;
  return self->answer != NULL;
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
bts_http_auth_take_challenge (BtsHttpAuth *self,
                              SoupMessage *message,
                              SoupMessageHeaders *headers,
                              gboolean is_same_connection,
                              GCancellable *cancellable)
{
  if (self->user == NULL)
    return FALSE;
  /* The connection was closed in the middle, and nobody has judged anything. */
  if (bts_http_auth_is_bound (self) && self->n_answers > 1 && !is_same_connection)
    self->is_used = FALSE;
  if (self->is_used && bts_http_auth_is_bound (self))
    return go_on (self, headers, cancellable);
  /* Refused with the credential in hand: it is wrong, or only the nonce is too old. */
  if (self->is_used && !is_stale (self, headers))
    return FALSE;
  return choose (self, message, headers, cancellable);
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
                                 self->password, client_nonce);
}

void
bts_http_auth_apply (BtsHttpAuth *self, SoupMessage *message)
{
  g_autofree char *authorization = NULL;

  if (self == NULL)
    return;

  self->is_used = FALSE;
  if (self->answer != NULL)
    authorization = g_strconcat (self->is_ntlm ? "NTLM " : "Negotiate ", self->answer, NULL);
  else if (self->digest != NULL)
    authorization = answer_digest (self, message);
  else if (self->auth != NULL && soup_auth_is_authenticated (self->auth))
    authorization = soup_auth_get_authorization (self->auth, message);
  g_clear_pointer (&self->answer, g_free);
  if (authorization == NULL)
    return;
  soup_message_headers_replace (soup_message_get_request_headers (message),
                                self->authorization_header, authorization);
  self->is_used = TRUE;
}

void
bts_http_auth_explain (const BtsHttpAuth *self, GError *error)
{
  g_autofree char *message = NULL;

  if (self->problem == NULL || !g_error_matches (error, BGT_WEB_ERROR, self->status_code))
    return;
  message = g_steal_pointer (&error->message);
  error->message =
      g_strdup_printf ("%s; no Kerberos ticket could be used: %s", message, self->problem->message);
}
