/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <string.h>

#include "common/bgt-error.h"
#include "common/bgt-web-error.h"
#include "model/request.h"

#define URI "'https://example.org/file'"
#define SHA256 "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef"

/* Floating. */
static GVariant *
parse (const char *text)
{
  return g_variant_new_parsed (text);
}

/* A download with one more option. */
static BtsRequest *
request_with_option (const char *key, const char *text, GError **error)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  g_variant_dict_insert (&dict, "uri", "s", "https://example.org/file");
  g_variant_dict_insert (&dict, "destination", "s", "/home/user/file");
  g_variant_dict_insert_value (&dict, key, parse (text));

  return bts_request_new (BGT_OPERATION_KIND_DOWNLOAD, g_variant_dict_end (&dict), error);
}

typedef struct
{
  const char *key;
  const char *text;
} Option;

static const Option good_options[] = {
  { "uri", "'http://example.org'" },
  { "uri", "'HTTP://EXAMPLE.org:8080/a%20b?c=d#e'" },
  { "uri", "'https://[2001:db8::1]:443/'" },
  { "uri", "'http://192.0.2.1/'" },
  { "uri", "'http://user-content.example.org/@name/x'" },
  { "method", "'POST'" },
  { "method", "'x-my+method'" },
  { "headers", "@a{ss} {}" },
  { "headers", "{'Authorization': 'Bearer a.b', 'X-Empty': '', 'Host': 'other', 'X-T': 'a\\tb'}" },
  { "server-credential", "('user', 'pass:word')" },
  { "cost-policy", "'unrestricted-only'" },
  { "cost-policy", "'always'" },
  { "priority", "'low'" },
  { "recoverable-errors", "@as []" },
  { "recoverable-errors", "['http-403', 'timeout']" },
  { "checksum", "'sha256:" SHA256 "'" },
  { "checksum", "'md5:d41d8cd98f00b204e9800998ecf8427e'" },
  { "checksum", "'sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709'" },
  { "overwrite", "'unique'" },
  { "max-rate", "uint64 0" },
  { "max-rate", "uint64 18446744073709551615" },
  { "metadata", "{'a': <1>, 'b': <{'c': <@ay []>}>}" },
  { "application-id", "'org.example.App'" },
  { "not-before", "int64 0" },
  { "deadline", "int64 1" },
  { "destination", "'/a'" },
  { "destination", "'/a/../b'" },
  { "destination", "'/tmp/line\\nbreak'" },
  { "destination", "'file:///tmp/%ff%fe'" },
  { "destination", "'file://localhost/tmp/x'" },
  { "proxy", "'default'" },
  { "proxy", "'none'" },
  { "proxy", "'http://proxy.example.org:3128'" },
  { "proxy", "'https://proxy.example.org/'" },
  { "proxy", "'socks5://proxy.example.org'" },
  { "proxy-credential", "('user', 'password')" },
  { "random-access", "false" },
  { "cookies", "@a{ss} {}" },
  { "cookies", "{'a': 'b'}" },
  { "body", "'text'" },
  { "success-notification", "@a{sv} {}" },
  { "kind", "'download'" },
};

static void
test_right_values_are_taken (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (good_options); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (BtsRequest) request =
                     request_with_option (good_options[i].key, good_options[i].text, &error);

      g_test_message ("%s %s", good_options[i].key, good_options[i].text);
      g_assert_no_error (error);
      g_assert_nonnull (bts_request_lookup (request, good_options[i].key));
    }
}

static const Option bad_options[] = {
  { "uri", "''" },
  { "uri", "'example.org/file'" },
  { "uri", "'/file'" },
  { "uri", "'http:'" },
  { "uri", "'http:///file'" },
  { "uri", "'http://:80/'" },
  { "uri", "'http://example.org:0/'" },
  { "uri", "'http://example.org:65536/'" },
  { "uri", "'http://example.org:-1/'" },
  { "uri", "'http://example.org:8a/'" },
  { "uri", "'http://example.org/a b'" },
  { "uri", "'http://example.org/a\\nHost: b'" },
  { "uri", "'http://example.org/\\u007f'" },
  { "uri", "'http://exa mple.org/'" },
  { "uri", "'http://exa%20mple.org/'" },
  { "uri", "'http://exa%00mple.org/'" },
  { "uri", "'http://[::1/'" },
  { "uri", "'http://user:password@example.org/'" },
  { "uri", "'http://user@example.org/'" },
  { "uri", "'http://example.org/%zz'" },
  { "uri", "'file:///etc/passwd'" },
  { "uri", "'gopher://example.org/'" },
  { "uri", "'javascript:alert(1)'" },
  { "uri", "b'http://example.org/'" },
  { "uri", "5" },
  { "destination", "''" },
  { "destination", "'file'" },
  { "destination", "'./file'" },
  { "destination", "'/'" },
  { "destination", "'/folder/'" },
  { "destination", "'/folder/.'" },
  { "destination", "'/folder/..'" },
  { "destination", "'file://host/tmp/x'" },
  { "destination", "'file:tmp/x'" },
  { "destination", "'file:///tmp/a%00b'" },
  { "destination", "'file:///tmp/a%2Fb'" },
  { "destination", "'file:///tmp/'" },
  { "destination", "'file:///'" },
  { "destination", "'file:///tmp/%2'" },
  { "destination", "'http://example.org/'" },
  { "destination", "'~/file'" },
  { "destination", "@ay b'/tmp/x'" },
  { "method", "''" },
  { "method", "'GET /'" },
  { "method", "'GE\\r\\nT'" },
  { "method", "'CONNECT'" },
  { "method", "'connect'" },
  { "method", "1" },
  { "headers", "{'': 'x'}" },
  { "headers", "{'a b': 'x'}" },
  { "headers", "{'a:': 'x'}" },
  { "headers", "{'ä': 'x'}" },
  { "headers", "{'a': 'x\\r\\nb: y'}" },
  { "headers", "{'a': 'x\\ny'}" },
  { "headers", "{'a': 'x\\u0001y'}" },
  { "headers", "{'a': 'x', 'A': 'y'}" },
  { "headers", "{'Range': 'bytes=0-'}" },
  { "headers", "{'if-range': 'x'}" },
  { "headers", "{'CONTENT-LENGTH': '5'}" },
  { "headers", "{'Transfer-Encoding': 'chunked'}" },
  { "headers", "{'Connection': 'close'}" },
  { "headers", "{'TE': 'trailers'}" },
  { "headers", "{'Upgrade': 'h2c'}" },
  { "headers", "{'Expect': '100-continue'}" },
  { "headers", "{'Accept-Encoding': 'gzip'}" },
  { "headers", "{'Proxy-Authorization': 'Basic x'}" },
  { "headers", "{'a': <'x'>}" },
  { "headers", "['a']" },
  { "server-credential", "('user',)" },
  { "server-credential", "('us\\ner', 'x')" },
  { "server-credential", "('user', 'x\\u0000')" },
  { "server-credential", "'user:x'" },
  { "proxy-credential", "('a\\u0001', '')" },
  { "cookies", "{'a b': 'x'}" },
  { "cookies", "{'a': 'x;y'}" },
  { "proxy", "''" },
  { "proxy", "'auto'" },
  { "proxy", "'ftp://proxy/'" },
  { "proxy", "'http://'" },
  { "proxy", "'http://user:password@proxy.example.org'" },
  { "body", "5" },
  { "group", "''" },
  { "group", "'a\\nb'" },
  { "completion-group", "'/a'" },
  { "cost-policy", "'cheap'" },
  { "cost-policy", "''" },
  { "cost-policy", "true" },
  { "priority", "'urgent'" },
  { "priority", "1" },
  { "random-access", "'yes'" },
  { "recoverable-errors", "['no-such-thing']" },
  { "recoverable-errors", "['http-200']" },
  { "recoverable-errors", "['http-403', '']" },
  { "recoverable-errors", "'http-403'" },
  { "checksum", "''" },
  { "checksum", "'sha256:'" },
  { "checksum", "'sha256:abc'" },
  { "checksum", "'crc32:00000000'" },
  { "checksum", "'" SHA256 "'" },
  { "checksum", "'md5:d41d8cd98f00b204e9800998ecf8427g'" },
  { "overwrite", "'yes'" },
  { "overwrite", "true" },
  { "max-rate", "5" },
  { "max-rate", "int64 -1" },
  { "success-notification", "{'title': <5>}" },
  { "success-notification", "{'sound': <'x'>}" },
  { "failure-notification", "'x'" },
  { "metadata", "{'a': 'b'}" },
  { "metadata", "{'a': <handle 0>}" },
  { "metadata", "{'a': <[<handle 0>]>}" },
  { "application-id", "''" },
  { "application-id", "'a\\nb'" },
  { "not-before", "int64 -1" },
  { "not-before", "uint64 5" },
  { "deadline", "int64 -1" },
  { "deadline", "5" },
  { "kind", "'upload'" },
  { "kind", "'both'" },
  { "source", "'/tmp/x'" },
  { "parts", "@aa{sv} []" },
  { "offset", "uint64 0" },
  { "length", "uint64 0" },
  { "resumable", "'auto'" },
  { "allow-restart", "false" },
  { "multipart-subtype", "'form-data'" },
  { "boundary", "'x'" },
  { "destination-file", "@a{sv} {}" },
  { "source-file", "@a{sv} {}" },
  { "body-file", "@a{sv} {}" },
  { "no-such-option", "5" },
  { "Method", "'GET'" },
  { "", "''" },
};

static void
test_wrong_values_are_named (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (bad_options); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) value = NULL;
      g_autoptr (BtsRequest) request = NULL;
      g_autofree char *named = g_strdup_printf ("“%s”", bad_options[i].key);

      g_test_message ("%s %s", bad_options[i].key, bad_options[i].text);
      value = g_variant_parse (NULL, bad_options[i].text, NULL, NULL, NULL);
      if (value == NULL) /* what a GVariant cannot hold at all */
        continue;

      request = request_with_option (bad_options[i].key, bad_options[i].text, &error);
      g_assert_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT);
      g_assert_null (request);
      g_assert_nonnull (strstr (error->message, named));
      g_assert_null (strstr (error->message, "password@"));
    }
}

/* The text of a dictionary with one value in it, all in all @depth containers within each other. */
static char *
make_deep_text (guint depth, gboolean in_type)
{
  g_autofree char *open = g_strnfill (depth - 3, in_type ? '[' : '<');
  g_autofree char *close = g_strnfill (depth - 3, in_type ? ']' : '>');

  return g_strdup_printf ("{'deep': <%s'x'%s>}", open, close);
}

static void
test_metadata_is_not_too_deep (void)
{
  const guint max_depth = 32;

  for (int in_type = FALSE; in_type <= TRUE; in_type++)
    {
      g_autofree char *good = make_deep_text (max_depth, in_type);
      g_autofree char *bad = make_deep_text (max_depth + 1, in_type);
      g_autoptr (GError) error = NULL;
      g_autoptr (BtsRequest) request = request_with_option ("metadata", good, &error);

      g_assert_no_error (error);
      g_assert_nonnull (request);
      g_assert_null (request_with_option ("metadata", bad, &error));
      g_assert_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT);
      g_assert_nonnull (strstr (error->message, "“metadata”"));
    }
}

static const Option unsupported_options[] = {
  { "body", "handle 0" },
  { "completion-group", "objectpath '/a'" },
  { "success-notification", "{'title': <'x'>}" },
  { "failure-notification", "{'body': <'x'>, 'icon': <'y'>}" },
};

static void
test_later_options_are_not_supported (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (unsupported_options); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (BtsRequest) request = NULL;
      g_autofree char *named = g_strdup_printf ("“%s”", unsupported_options[i].key);

      g_test_message ("%s %s", unsupported_options[i].key, unsupported_options[i].text);
      request =
          request_with_option (unsupported_options[i].key, unsupported_options[i].text, &error);
      g_assert_error (error, BGT_ERROR, BGT_ERROR_NOT_SUPPORTED);
      g_assert_null (request);
      g_assert_nonnull (strstr (error->message, named));
    }
}

static void
test_uploads_have_a_source_and_are_put (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (BtsRequest) request = bts_request_new (
      BGT_OPERATION_KIND_UPLOAD, parse ("{'uri': <" URI ">, 'source': <'/tmp/x'>}"), &error);

  g_assert_no_error (error);
  g_assert_cmpstr (bts_request_get_source (request), ==, "/tmp/x");
  g_assert_cmpstr (bts_request_get_method (request), ==, "PUT");
}

static void
test_download_options_are_not_for_uploads (void)
{
  static const Option options[] = {
    { "random-access", "true" }, { "checksum", "'md5:d41d8cd98f00b204e9800998ecf8427e'" },
    { "overwrite", "'fail'" },   { "recoverable-errors", "['timeout']" },
    { "destination", "'/x'" },   { "body", "'x'" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (options); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *text =
          g_strdup_printf ("{'uri': <" URI ">, '%s': <%s>}", options[i].key, options[i].text);
      g_autoptr (BtsRequest) request =
                     bts_request_new (BGT_OPERATION_KIND_UPLOAD, parse (text), &error);

      g_assert_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT);
      g_assert_nonnull (strstr (error->message, options[i].key));
    }
}

static void
test_a_uri_is_needed (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (bts_request_new (BGT_OPERATION_KIND_DOWNLOAD, parse ("@a{sv} {}"), &error));
  g_assert_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);

  g_assert_null (bts_request_new (BGT_OPERATION_KIND_DOWNLOAD, parse ("{'uri': 'x'}"), &error));
  g_assert_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT);
}

static void
test_an_option_twice_is_refused (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (BtsRequest) request = bts_request_new (
      BGT_OPERATION_KIND_DOWNLOAD, parse ("{'uri': <" URI ">, 'uri': <'http://other/'>}"), &error);

  g_assert_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT);
  g_assert_null (request);
}

static void
test_the_largest_option_is_named (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *large = g_strnfill (70000, 'x');
  g_autofree char *text = g_strdup_printf ("{'a': <'%s'>}", large);
  g_autoptr (BtsRequest) request = request_with_option ("metadata", text, &error);

  g_assert_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "“metadata”"));
}

static void
test_long_uris_are_refused (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *large = g_strnfill (8192, 'x');
  g_autofree char *text = g_strdup_printf ("'http://example.org/%s'", large);
  g_autoptr (BtsRequest) request = request_with_option ("uri", text, &error);

  g_assert_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT);
  g_assert_cmpuint (strlen (error->message), <, 300);
}

static void
test_getters_read_the_options (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (BtsRequest) request = bts_request_new (
      BGT_OPERATION_KIND_DOWNLOAD,
      parse ("{'uri': <'HTTPS://Example.ORG/x'>, 'destination': <'file:///tmp/%ff'>,"
             " 'priority': <'high'>, 'cost-policy': <'always'>, 'max-rate': <uint64 7>,"
             " 'not-before': <int64 8>, 'deadline': <int64 9>, 'checksum': <'SHA256:" SHA256
             "'>, 'recoverable-errors': <['http-403', 'timeout']>}"),
      &error);

  g_assert_no_error (error);
  g_assert_cmpstr (bts_request_get_uri (request), ==, "HTTPS://Example.ORG/x");
  g_assert_cmpstr (bts_request_get_host (request), ==, "https://example.org:443");
  g_assert_cmpstr (bts_request_get_method (request), ==, "GET");
  g_assert_cmpstr (bts_request_get_destination (request), ==, "file:///tmp/%ff");
  g_assert_null (bts_request_get_source (request));
  g_assert_cmpint (bts_request_get_priority (request), ==, BGT_PRIORITY_HIGH);
  g_assert_cmpint (bts_request_get_cost_policy (request), ==, BGT_COST_POLICY_ALWAYS);
  g_assert_cmpuint (bts_request_get_max_rate (request), ==, 7);
  g_assert_cmpint (bts_request_get_not_before (request), ==, 8);
  g_assert_cmpint (bts_request_get_deadline (request), ==, 9);
  g_assert_true (bts_request_is_recoverable (request, 403));
  g_assert_true (bts_request_is_recoverable (request, BGT_WEB_ERROR_TIMEOUT));
  g_assert_false (bts_request_is_recoverable (request, 404));
  g_assert_cmpstr (g_variant_get_string (bts_request_lookup (request, "checksum"), NULL), ==,
                   "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
  g_assert_cmpstr (g_variant_get_string (bts_request_lookup (request, "kind"), NULL), ==,
                   "download");
}

static void
test_one_key_can_be_changed (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (BtsRequest) request = request_with_option ("max-rate", "uint64 7", &error);
  g_autoptr (BtsRequest) changed = NULL;
  g_autoptr (BtsRequest) removed = NULL;
  g_autoptr (BtsRequest) found = NULL;

  changed = bts_request_with (request, "max-rate", g_variant_new_uint64 (8), &error);
  g_assert_no_error (error);
  g_assert_cmpuint (bts_request_get_max_rate (changed), ==, 8);
  g_assert_cmpuint (bts_request_get_max_rate (request), ==, 7);

  removed = bts_request_with (changed, "max-rate", NULL, &error);
  g_assert_no_error (error);
  g_assert_null (bts_request_lookup (removed, "max-rate"));

  found = bts_request_with (request, "destination-file", parse ("{'inode': <uint64 5>}"), &error);
  g_assert_no_error (error);
  g_assert_nonnull (bts_request_lookup (found, "destination-file"));

  g_assert_null (bts_request_with (request, "max-rate", g_variant_new_int32 (8), &error));
  g_assert_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_null (bts_request_with (request, "uri", NULL, &error));
  g_assert_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_null (bts_request_with (request, "body", parse ("handle 0"), &error));
  g_assert_error (error, BGT_ERROR, BGT_ERROR_NOT_SUPPORTED);
}

static BtsRequest *
ftp_request (const char *key, const char *text, GError **error)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  g_variant_dict_insert (&dict, "uri", "s", "FTP://example.org/file");
  g_variant_dict_insert (&dict, "destination", "s", "/home/user/file");
  g_variant_dict_insert_value (&dict, key, parse (text));
  return bts_request_new (BGT_OPERATION_KIND_DOWNLOAD, g_variant_dict_end (&dict), error);
}

static const struct
{
  const char *key;
  const char *text;
  gboolean is_usual; /* what happens with ftp anyway */
} http_options[] = {
  { "method", "'GET'", TRUE },      { "method", "'POST'", FALSE },
  { "headers", "@a{ss} {}", TRUE }, { "headers", "{'X-A': 'b'}", FALSE },
  { "cookies", "@a{ss} {}", TRUE }, { "cookies", "{'a': 'b'}", FALSE },
  { "body", "'text'", FALSE },      { "server-credential", "('user', 'password')", TRUE },
  { "max-rate", "uint64 5", TRUE },
};

static void
test_options_of_http_are_not_for_ftp (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (http_options); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (BtsRequest) request =
                     ftp_request (http_options[i].key, http_options[i].text, &error);
      g_autofree char *named = g_strdup_printf ("“%s”", http_options[i].key);

      g_test_message ("%s %s", http_options[i].key, http_options[i].text);
      g_assert_cmpint (request != NULL, ==, http_options[i].is_usual);
      if (request != NULL)
        continue;
      g_assert_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT);
      g_assert_nonnull (strstr (error->message, named));
    }
}

static void
test_options_of_http_do_not_come_to_ftp (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (BtsRequest) ftp = ftp_request ("max-rate", "uint64 5", NULL);
  g_autoptr (BtsRequest) http = request_with_option ("headers", "{'X-A': 'b'}", NULL);
  g_autoptr (BtsRequest) earlier = bts_request_new_from_record (
      BGT_OPERATION_KIND_DOWNLOAD,
      parse ("{'uri': <'ftp://example.org/x'>, 'headers': <{'X-A': 'b'}>}"), NULL);
  g_autoptr (BtsRequest) changed = NULL;

  g_assert_null (bts_request_with (ftp, "headers", parse ("{'X-A': 'b'}"), &error));
  g_assert_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_null (bts_request_with (ftp, "body-file", parse ("@a{sv} {}"), &error));
  g_assert_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "“body”"));
  g_clear_error (&error);
  g_assert_null (bts_request_with (http, "uri", parse ("'ftp://example.org/x'"), &error));
  g_assert_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT);

  changed = bts_request_with (earlier, "max-rate", g_variant_new_uint64 (5), NULL);
  g_assert_nonnull (changed);
}

static void
test_records_keep_what_is_unknown_or_too_much (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (BtsRequest) request = bts_request_new_from_record (
      BGT_OPERATION_KIND_DOWNLOAD,
      parse ("{'uri': <'ftp://example.org/x'>, 'group': <'g'>, 'from-the-future': <5>,"
             " 'body': <handle 3>}"),
      &error);

  g_assert_no_error (error);
  g_assert_nonnull (bts_request_lookup (request, "group"));
  g_assert_null (bts_request_lookup (request, "from-the-future"));
  g_assert_null (bts_request_lookup (request, "body"));
  g_assert_cmpstr (bts_request_get_host (request), ==, "ftp://example.org:21");

  g_assert_null (bts_request_new_from_record (
      BGT_OPERATION_KIND_DOWNLOAD, parse ("{'uri': <" URI ">, 'max-rate': <5>}"), &error));
  g_assert_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/model/request/right-values-are-taken", test_right_values_are_taken);
  g_test_add_func ("/model/request/metadata-is-not-too-deep", test_metadata_is_not_too_deep);
  g_test_add_func ("/model/request/wrong-values-are-named", test_wrong_values_are_named);
  g_test_add_func ("/model/request/options-of-http-are-not-for-ftp",
                   test_options_of_http_are_not_for_ftp);
  g_test_add_func ("/model/request/options-of-http-do-not-come-to-ftp",
                   test_options_of_http_do_not_come_to_ftp);
  g_test_add_func ("/model/request/later-options-are-not-supported",
                   test_later_options_are_not_supported);
  g_test_add_func ("/model/request/uploads-have-a-source-and-are-put",
                   test_uploads_have_a_source_and_are_put);
  g_test_add_func ("/model/request/download-options-are-not-for-uploads",
                   test_download_options_are_not_for_uploads);
  g_test_add_func ("/model/request/a-uri-is-needed", test_a_uri_is_needed);
  g_test_add_func ("/model/request/an-option-twice-is-refused", test_an_option_twice_is_refused);
  g_test_add_func ("/model/request/the-largest-option-is-named", test_the_largest_option_is_named);
  g_test_add_func ("/model/request/long-uris-are-refused", test_long_uris_are_refused);
  g_test_add_func ("/model/request/getters-read-the-options", test_getters_read_the_options);
  g_test_add_func ("/model/request/one-key-can-be-changed", test_one_key_can_be_changed);
  g_test_add_func ("/model/request/records-keep-what-is-unknown-or-too-much",
                   test_records_keep_what_is_unknown_or_too_much);

  return g_test_run ();
}
