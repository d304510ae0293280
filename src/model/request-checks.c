/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "model/request-checks.h"

#include <limits.h>
#include <string.h>

#include "common/bgt-enums.h"
#include "common/bgt-error.h"
#include "common/bgt-web-error.h"

#define MAX_URI_BYTES 8192
#define MAX_NAME_BYTES 255
#define MAX_METHOD_BYTES 64

/* Header fields that frame the message or ask for a part of it: the service sets them itself. */
static const struct
{
  const char *name;
  const char *reason;
} engine_headers[] = {
  { "Range", "the service asks for the ranges it needs" },
  { "If-Range", "the service asks for the ranges it needs" },
  { "Content-Length", "the service knows the length of what it sends" },
  { "Transfer-Encoding", "the service frames its requests itself" },
  { "Trailer", "the service frames its requests itself" },
  { "Expect", "the service frames its requests itself" },
  { "Connection", "the service keeps its own connections" },
  { "Keep-Alive", "the service keeps its own connections" },
  { "Proxy-Connection", "the service keeps its own connections" },
  { "TE", "the service keeps its own connections" },
  { "Upgrade", "the service keeps its own connections" },
  { "Accept-Encoding", "files are fetched as the server keeps them" },
  { "Proxy-Authorization", "use the option `proxy-credential`, which only the proxy gets" },
};

/* Name of a digest and how many hexadecimal digits it has. */
static const struct
{
  const char *algorithm;
  gsize n_digits;
} checksum_algorithms[] = {
  { "sha256", 64 },
  { "sha512", 128 },
  { "sha1", 40 },
  { "md5", 32 },
};

static const char *const resumable_words[] = { "auto", "none", "tus", "ietf", NULL };
/* A text is kept with the request. */
#define MAX_BODY_BYTES (64 * 1024)

static const char *const notification_keys[] = { "title", "body", "icon", NULL };
static const char *const proxy_schemes[] = { "http", "https", "socks5", NULL };

G_GNUC_PRINTF (2, 3)
static gboolean
refuse (GError **error, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  if (error != NULL)
    *error = g_error_new_valist (BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT, format, arguments);
  va_end (arguments);

  return FALSE;
}

/* RFC 9110 §5.6.2 */
static gboolean
is_token (const char *string)
{
  if (*string == '\0')
    return FALSE;

  for (const char *c = string; *c != '\0'; c++)
    if (!g_ascii_isalnum (*c) && strchr ("!#$%&'*+-.^_`|~", *c) == NULL)
      return FALSE;

  return TRUE;
}

static gboolean
has_control_character (const char *string)
{
  for (const char *c = string; *c != '\0'; c++)
    if (g_ascii_iscntrl (*c))
      return TRUE;

  return FALSE;
}

/* RFC 9110 §5.5: a tab is the only control character that a field value may hold. */
static gboolean
is_field_value (const char *string)
{
  for (const char *c = string; *c != '\0'; c++)
    if (g_ascii_iscntrl (*c) && *c != '\t')
      return FALSE;

  return TRUE;
}

static gboolean
is_host (const char *host)
{
  gboolean is_ipv6 = strchr (host, ':') != NULL;

  for (const char *c = host; *c != '\0'; c++)
    if (g_ascii_iscntrl (*c) || strchr (" \"#/<>?@[\\]^`{|}", *c) != NULL ||
        (*c == '%' && !is_ipv6))
      return FALSE;

  return *host != '\0';
}

static gboolean
check_uri (const char *text, const char *const *schemes, const char *wanted, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (GUri) uri = NULL;

  if (strlen (text) > MAX_URI_BYTES)
    return refuse (error, "the URI has %zu bytes, at most %d are possible", strlen (text),
                   MAX_URI_BYTES);

  if (has_control_character (text) || strchr (text, ' ') != NULL)
    return refuse (error, "a URI has no spaces or control characters, they are written as %%20");

  uri = g_uri_parse (text, BTS_URI_FLAGS, &local_error);
  if (uri == NULL)
    return refuse (error, "not an absolute URI: %s", local_error->message);

  if (!g_strv_contains (schemes, g_uri_get_scheme (uri)))
    return refuse (error, "URIs of the scheme “%s” are not possible, only %s",
                   g_uri_get_scheme (uri), wanted);

  if (g_uri_get_host (uri) == NULL || !is_host (g_uri_get_host (uri)))
    return refuse (error, "the URI needs the name or address of a host");

  if (g_uri_get_port (uri) == 0 || g_uri_get_port (uri) > 65535)
    return refuse (error, "the port is a number from 1 to 65535");

  return TRUE;
}

gboolean
bts_check_uri (GVariant *value, GError **error)
{
  static const char *const schemes[] = { "http", "https", "ftp", "ftps", NULL };
  const char *text = g_variant_get_string (value, NULL);
  g_autoptr (GUri) uri = NULL;

  if (!check_uri (text, schemes, "http, https, ftp and ftps", error))
    return FALSE;

  uri = g_uri_parse (text, BTS_URI_FLAGS, NULL);
  if (g_uri_get_userinfo (uri) != NULL && g_str_has_prefix (g_uri_get_scheme (uri), "http"))
    return refuse (error, "a user name and password do not belong into the URI, where they show; "
                          "use the option `server-credential`");

  return TRUE;
}

gboolean
bts_check_proxy (GVariant *value, GError **error)
{
  const char *text = g_variant_get_string (value, NULL);
  g_autoptr (GUri) uri = NULL;

  if (g_str_equal (text, "default") || g_str_equal (text, "none"))
    return TRUE;
  if (!check_uri (text, proxy_schemes, "`default`, `none`, http, https and socks5", error))
    return FALSE;

  uri = g_uri_parse (text, BTS_URI_FLAGS, NULL);
  if (g_uri_get_userinfo (uri) != NULL)
    return refuse (error, "a user name and password do not belong into the URI, where they show; "
                          "use the option `proxy-credential`");
  return TRUE;
}

gboolean
bts_check_body (GVariant *value, GError **error)
{
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING) &&
      g_variant_get_size (value) > MAX_BODY_BYTES)
    return refuse (error, "a text has at most 64 KiB");
  return TRUE;
}

gboolean
bts_check_token (GVariant *value, GError **error)
{
  const char *text = g_variant_get_string (value, NULL);

  if (!is_token (text) || strlen (text) > MAX_METHOD_BYTES)
    return refuse (error, "wanted a word of at most %d letters, digits and !#$%%&'*+-.^_`|~",
                   MAX_METHOD_BYTES);

  return TRUE;
}

gboolean
bts_check_method (GVariant *value, GError **error)
{
  if (!bts_check_token (value, error))
    return FALSE;

  if (g_ascii_strcasecmp (g_variant_get_string (value, NULL), "CONNECT") == 0)
    return refuse (error, "CONNECT opens a tunnel and transfers no file");

  return TRUE;
}

static gboolean
check_header (const char *name, const char *value, GError **error)
{
  if (!is_token (name))
    return refuse (error, "a header's name is one or more letters, digits and !#$%%&'*+-.^_`|~");

  for (gsize i = 0; i < G_N_ELEMENTS (engine_headers); i++)
    if (g_ascii_strcasecmp (name, engine_headers[i].name) == 0)
      return refuse (error, "the header “%s” cannot be set: %s", name, engine_headers[i].reason);

  if (!is_field_value (value))
    return refuse (error, "the value of the header “%s” has a control character or a line break",
                   name);

  return TRUE;
}

gboolean
bts_check_headers (GVariant *value, GError **error)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GVariantIter iter;
  const char *name;
  const char *text;

  g_variant_iter_init (&iter, value);
  while (g_variant_iter_next (&iter, "{&s&s}", &name, &text))
    {
      if (!check_header (name, text, error))
        return FALSE;
      if (!g_hash_table_add (seen, g_ascii_strdown (name, -1)))
        return refuse (error, "the header “%s” is there twice, join its values with a comma", name);
    }

  return TRUE;
}

gboolean
bts_check_cookies (GVariant *value, GError **error)
{
  GVariantIter iter;
  const char *name;
  const char *text;

  g_variant_iter_init (&iter, value);
  while (g_variant_iter_next (&iter, "{&s&s}", &name, &text))
    if (!is_token (name) || has_control_character (text) || strchr (text, ';') != NULL)
      return refuse (error, "a cookie is a token, and a value without semicolon or line break");

  return TRUE;
}

gboolean
bts_check_credential (GVariant *value, GError **error)
{
  const char *user;
  const char *password;

  g_variant_get (value, "(&s&s)", &user, &password);
  if (has_control_character (user) || has_control_character (password))
    return refuse (error, "a user name or password has no control characters");

  return TRUE;
}

/* The file that an absolute path or a file:// URI names, as the kernel wants it: any bytes. */
static char *
path_from_wire (const char *path_or_uri, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autofree char *host = NULL;
  g_autofree char *path = NULL;

  if (*path_or_uri == '/')
    return g_strdup (path_or_uri);

  if (g_ascii_strncasecmp (path_or_uri, "file:///", 8) != 0 &&
      g_ascii_strncasecmp (path_or_uri, "file://localhost/", 17) != 0)
    {
      refuse (error, "wanted an absolute path, or a file:// URI of this machine");
      return NULL;
    }

  path = g_filename_from_uri (path_or_uri, &host, &local_error);
  if (path == NULL)
    refuse (error, "not a file:// URI: %s", local_error->message);

  return g_steal_pointer (&path);
}

gboolean
bts_check_path (GVariant *value, GError **error)
{
  g_autofree char *path = path_from_wire (g_variant_get_string (value, NULL), error);
  const char *name;

  if (path == NULL)
    return FALSE;

  if (strlen (path) >= PATH_MAX)
    return refuse (error, "the path has %zu bytes, at most %d are possible", strlen (path),
                   PATH_MAX - 1);

  name = strrchr (path, '/') + 1;
  if (*name == '\0')
    return refuse (error, "the path ends in a slash, the name of a file is wanted");
  if (g_str_equal (name, ".") || g_str_equal (name, ".."))
    return refuse (error, "the path ends in “%s”, the name of a file is wanted", name);

  return TRUE;
}

static gboolean
is_hexadecimal (const char *string)
{
  return string[strspn (string, "0123456789abcdefABCDEF")] == '\0';
}

gboolean
bts_check_checksum (GVariant *value, GError **error)
{
  const char *text = g_variant_get_string (value, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (checksum_algorithms); i++)
    {
      gsize length = strlen (checksum_algorithms[i].algorithm);

      if (g_ascii_strncasecmp (text, checksum_algorithms[i].algorithm, length) != 0 ||
          text[length] != ':')
        continue;

      text += length + 1;
      if (strlen (text) == checksum_algorithms[i].n_digits && is_hexadecimal (text))
        return TRUE;

      return refuse (error, "%s has %zu hexadecimal digits", checksum_algorithms[i].algorithm,
                     checksum_algorithms[i].n_digits);
    }

  return refuse (error, "wanted sha256:, sha512:, sha1: or md5: and hexadecimal digits");
}

GVariant *
bts_normalize_checksum (GVariant *value)
{
  g_autoptr (GVariant) taken = g_variant_ref_sink (value);

  return g_variant_new_take_string (g_ascii_strdown (g_variant_get_string (taken, NULL), -1));
}

gboolean
bts_check_web_errors (GVariant *value, GError **error)
{
  GVariantIter iter;
  const char *word;
  int web_error;

  g_variant_iter_init (&iter, value);
  while (g_variant_iter_next (&iter, "&s", &word))
    if (!bgt_web_error_from_string (word, &web_error))
      return refuse (
          error, "“%s” is no web error status; wanted words like `timeout` or `http-403`", word);

  return TRUE;
}

gboolean
bts_check_kind (GVariant *value, GError **error)
{
  BgtOperationKind kind;

  return bgt_operation_kind_from_string (g_variant_get_string (value, NULL), &kind) ||
         refuse (error, "wanted `download` or `upload`");
}

gboolean
bts_check_cost_policy (GVariant *value, GError **error)
{
  BgtCostPolicy policy;

  return bgt_cost_policy_from_string (g_variant_get_string (value, NULL), &policy) ||
         refuse (error, "wanted `default`, `unrestricted-only` or `always`");
}

gboolean
bts_check_priority (GVariant *value, GError **error)
{
  BgtPriority priority;

  return bgt_priority_from_string (g_variant_get_string (value, NULL), &priority) ||
         refuse (error, "wanted `high`, `default` or `low`");
}

gboolean
bts_check_overwrite (GVariant *value, GError **error)
{
  BgtOverwrite overwrite;

  return bgt_overwrite_from_string (g_variant_get_string (value, NULL), &overwrite) ||
         refuse (error, "wanted `fail`, `replace` or `unique`");
}

gboolean
bts_check_resumable (GVariant *value, GError **error)
{
  return g_strv_contains (resumable_words, g_variant_get_string (value, NULL)) ||
         refuse (error, "wanted `auto`, `none`, `tus` or `ietf`");
}

gboolean
bts_check_notification (GVariant *value, GError **error)
{
  GVariantIter iter;
  const char *key;
  GVariant *text;

  g_variant_iter_init (&iter, value);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &text))
    {
      gboolean is_known = g_strv_contains (notification_keys, key);

      if (is_known && g_variant_is_of_type (text, G_VARIANT_TYPE_STRING))
        continue;

      g_variant_unref (text);
      return refuse (error, "wanted `title`, `body` and `icon`, all of the type s");
    }

  return TRUE;
}

gboolean
bts_check_name (GVariant *value, GError **error)
{
  const char *name = g_variant_get_string (value, NULL);

  if (*name == '\0' || strlen (name) > MAX_NAME_BYTES || has_control_character (name))
    return refuse (error, "wanted a name of 1 to %d bytes without control characters",
                   MAX_NAME_BYTES);

  return TRUE;
}

gboolean
bts_check_application_id (GVariant *value, GError **error)
{
  if (!bts_check_name (value, error))
    return FALSE;

  return strchr (g_variant_get_string (value, NULL), '/') == NULL ||
         refuse (error, "the name of an application has no slashes");
}

/* RFC 2046 §5.1.1 */
gboolean
bts_check_boundary (GVariant *value, GError **error)
{
  const char *text = g_variant_get_string (value, NULL);
  gsize length = strlen (text);

  if (length < 1 || length > 70 || text[length - 1] == ' ')
    return refuse (error, "a boundary has 1 to 70 characters and does not end in a space");

  for (const char *c = text; *c != '\0'; c++)
    if (!g_ascii_isalnum (*c) && strchr ("'()+_,-./:=? ", *c) == NULL)
      return refuse (error, "a boundary has letters, digits, spaces and '()+_,-./:=? only");

  return TRUE;
}

gboolean
bts_check_time (GVariant *value, GError **error)
{
  return g_variant_get_int64 (value) >= 0 || refuse (error, "wanted microseconds since 1970, or 0");
}

gboolean
bts_check_found_file (GVariant *value, GError **error)
{
  static const struct
  {
    const char *key;
    const char *type;
  } rows[] = { { "path", "ay" }, { "device", "t" }, { "inode", "t" }, { "is-stream", "b" } };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GVariant) found = g_variant_lookup_value (value, rows[i].key, NULL);

      if (found != NULL && !g_variant_is_of_type (found, G_VARIANT_TYPE (rows[i].type)))
        return refuse (error, "`%s` is of the type %s", rows[i].key, rows[i].type);
    }

  return bts_check_metadata (value, error);
}
