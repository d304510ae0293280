/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/transport/multipart-body.h"

#include <string.h>

#include "worker/transport/http-headers.h"

char *
bts_multipart_new_boundary (void)
{
  return g_strdup_printf ("------------------------%08x%08x%08x%08x", g_random_int (),
                          g_random_int (), g_random_int (), g_random_int ());
}

const char *
bts_multipart_get_type (GVariant *part, const char *filename)
{
  g_autoptr (GVariant) headers = g_variant_lookup_value (part, "headers", G_VARIANT_TYPE ("a{ss}"));
  const char *type = bts_http_headers_lookup (headers, "Content-Type");

  if (type == NULL && !g_variant_lookup (part, "content-type", "&s", &type) && filename != NULL)
    type = "application/octet-stream";
  return type;
}

/* Without its parameters. */
static char *
make_related (const char *boundary, const char *type)
{
  const char *root = type != NULL ? type : "text/plain";

  return g_strdup_printf ("multipart/related; boundary=\"%s\"; type=\"%.*s\"", boundary,
                          (int) strcspn (root, "; \t\"\\"), root);
}

char *
bts_multipart_make_content_type (const char *subtype, const char *boundary, const char *type)
{
  if (g_ascii_strcasecmp (subtype, "related") == 0)
    return make_related (boundary, type);
  /* Quotes are for what needs them: not every server takes them off. */
  if (strpbrk (boundary, "()<>@,;:\\\"/[]?= ") != NULL)
    return g_strdup_printf ("multipart/%s; boundary=\"%s\"", subtype, boundary);
  return g_strdup_printf ("multipart/%s; boundary=%s", subtype, boundary);
}

/* As browsers do (HTML §4.10.21.8): percent signs for what would end the value, nothing else. */
static void
append_escaped (GString *head, const char *parameter, const char *value)
{
  g_string_append_printf (head, "; %s=\"", parameter);
  for (; *value != '\0'; value++)
    {
      if (*value == '"' || *value == '\r' || *value == '\n')
        g_string_append_printf (head, "%%%02X", (guint) *value);
      else
        g_string_append_c (head, *value);
    }
  g_string_append_c (head, '"');
}

static void
append_headers (GString *head, GVariant *headers)
{
  GVariantIter iter;
  const char *name, *value;

  if (headers == NULL)
    return;
  g_variant_iter_init (&iter, headers);
  while (g_variant_iter_next (&iter, "{&s&s}", &name, &value))
    g_string_append_printf (head, "%s: %s\r\n", name, value);
}

static void
append_disposition (GString *head, const char *subtype, const char *name, const char *filename)
{
  gboolean is_form = g_ascii_strcasecmp (subtype, "form-data") == 0;

  /* Only a form has names; elsewhere it is a file or simply a part. */
  if (!is_form && filename == NULL)
    return;
  g_string_append_printf (head, "Content-Disposition: %s", is_form ? "form-data" : "attachment");
  if (is_form)
    append_escaped (head, "name", name);
  if (filename != NULL)
    append_escaped (head, "filename", filename);
  g_string_append (head, "\r\n");
}

char *
bts_multipart_make_head (GVariant *part,
                         const char *subtype,
                         const char *boundary,
                         const char *filename,
                         gboolean is_first)
{
  g_autoptr (GVariant) headers = g_variant_lookup_value (part, "headers", G_VARIANT_TYPE ("a{ss}"));
  GString *head = g_string_new (is_first ? "" : "\r\n");
  const char *name = "";
  const char *type = bts_multipart_get_type (part, filename);

  g_variant_lookup (part, "name", "&s", &name);
  g_variant_lookup (part, "filename", "&s", &filename);

  g_string_append_printf (head, "--%s\r\n", boundary);
  if (bts_http_headers_lookup (headers, "Content-Disposition") == NULL)
    append_disposition (head, subtype, name, filename);
  if (type != NULL && bts_http_headers_lookup (headers, "Content-Type") == NULL)
    g_string_append_printf (head, "Content-Type: %s\r\n", type);
  append_headers (head, headers);
  g_string_append (head, "\r\n");
  return g_string_free (head, FALSE);
}

char *
bts_multipart_make_end (const char *boundary)
{
  return g_strdup_printf ("\r\n--%s--\r\n", boundary);
}
